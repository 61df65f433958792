"""Copies of cards: which messages show what, and that they are out of date. The engine redraws them at its pace."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import and_, case, func, select, update

from chat.people import MessageRef
from storage.communities import Channel
from storage.database import Session
from storage.deliveries import CardCopy
from storage.members import Member
from storage.sharing import add_once, real_now

LATEST = timedelta(minutes=1)
"""How far back from the last change private cards are redrawn at a start."""


async def note(
    db: Session,
    kind: str,
    subject: str,
    ref: MessageRef,
    *,
    member: Member | None = None,
    channel: Channel | None = None,
) -> None:
    """Remember that a message shows a card, so that it follows the truth.

    A message that showed another card before shows this one from now on; changes it waits for still come.
    """
    names = {"platform": ref.platform, "workspace": ref.workspace, "chat": ref.chat, "message": ref.message}
    what = {
        "kind": kind,
        "subject": subject,
        "member_id": member.id if member else None,
        "channel_id": channel.id if channel else None,
        "gone": False,
    }
    real = await real_now(db)  # when it was noted, for `redraw_latest`
    fresh = {"community_id": db.community_id, "shown": 0, "wanted": 0, "edit_at": real}
    if await add_once(db, CardCopy, names | what | fresh):
        return
    # Both revisions rise: what waits still waits, and the engine knows that its own last drawing is not what is shown.
    change = update(CardCopy).where(*(getattr(CardCopy, name) == value for name, value in names.items()))
    waiting = and_(CardCopy.wanted > CardCopy.shown, CardCopy.edit_at.is_not(None))
    since = case((waiting, CardCopy.edit_at), else_=real)
    await db.execute(change.values(**what, shown=CardCopy.shown + 1, wanted=CardCopy.wanted + 1, edit_at=since))


async def redraw_latest(db: Session) -> int:
    """Redraw the private cards that changed last, in an unscoped session at the start; give how many.

    Whoever was killed between committing a press and answering it left the pressed card as it was (reliability P5).
    Presses end with the process, so the last minute of changes there is holds all of them.
    """
    mine = (CardCopy.member_id.is_not(None), CardCopy.gone.is_(False))
    last = await db.scalar(select(func.max(CardCopy.edit_at)).where(*mine))
    if last is None:
        return 0
    change = update(CardCopy).where(*mine, CardCopy.edit_at >= last - LATEST)
    change = change.values(wanted=CardCopy.wanted + 1, edit_at=await real_now(db))
    done = await db.execute(change.returning(CardCopy.id).execution_options(synchronize_session=False))
    return len(done.all())


async def adopt(db: Session, kind: str, subject: str, ref: MessageRef, channel: Channel) -> bool:
    """Follow a pressed channel card we did not know of, because its sending was never confirmed to us (`unknown`).

    It is redrawn at once; a card we know is left as it is. Give whether it was new to us.
    """
    names = {"platform": ref.platform, "workspace": ref.workspace, "chat": ref.chat, "message": ref.message}
    what = {"kind": kind, "subject": subject, "member_id": None, "channel_id": channel.id, "gone": False}
    row = names | what | {"community_id": db.community_id, "shown": 0, "wanted": 1, "edit_at": await real_now(db)}
    return await add_once(db, CardCopy, row)


async def touch(
    db: Session,
    kinds: Sequence[str],
    subject: str,
    *,
    member: Member | None = None,
    but: MessageRef | None = None,
) -> int:
    """Say that cards of these kinds about a subject are out of date; give how many copies will be redrawn.

    With `member` only that member's; `but` is left out: the pressed message, which the answer itself edits.
    """
    real = await real_now(db)
    change = update(CardCopy).where(
        CardCopy.kind.in_(list(kinds)), CardCopy.subject == subject, CardCopy.gone.is_(False)
    )
    if member is not None:
        change = change.where(CardCopy.member_id == member.id)
    if but is not None:
        same = and_(
            CardCopy.platform == but.platform,
            CardCopy.workspace == but.workspace,
            CardCopy.chat == but.chat,
            CardCopy.message == but.message,
        )
        change = change.where(~same)
    waiting = and_(CardCopy.wanted > CardCopy.shown, CardCopy.edit_at.is_not(None))
    change = change.values(wanted=CardCopy.wanted + 1, edit_at=case((waiting, CardCopy.edit_at), else_=real))
    done = await db.execute(change.returning(CardCopy.id).execution_options(synchronize_session=False))
    return len(done.all())


async def moved_since(db: Session, kinds: set[str], subjects: set[str], since: datetime) -> set[tuple[str, str]]:
    """Give which of these cards were touched since a real moment, among the copies there are."""
    query = select(CardCopy.kind, CardCopy.subject).where(
        CardCopy.kind.in_(kinds), CardCopy.subject.in_(subjects), CardCopy.edit_at >= since
    )
    return {(kind, subject) for kind, subject in await db.execute(query.distinct())}
