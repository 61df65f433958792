"""Copies of cards: which messages show what, and that they are out of date. The engine redraws them at its pace."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, case, select, update

from chat.people import MessageRef
from storage.communities import Channel
from storage.database import Session
from storage.deliveries import CardCopy
from storage.members import Member
from storage.sharing import add_once, real_now


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
    if await add_once(db, CardCopy, names | what | {"community_id": db.community_id, "shown": 0, "wanted": 0}):
        return
    # Both revisions rise: what waits still waits, and the engine knows that its own last drawing is not what is shown.
    change = update(CardCopy).where(*(getattr(CardCopy, name) == value for name, value in names.items()))
    await db.execute(change.values(**what, shown=CardCopy.shown + 1, wanted=CardCopy.wanted + 1))


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
