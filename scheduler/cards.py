"""Copies of cards: which messages show what, and that they are out of date. The engine redraws them at its pace."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Table, Update, and_, bindparam, case, func, not_, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from chat.people import MessageRef
from storage.communities import Channel
from storage.database import Session, own
from storage.deliveries import CardCopy
from storage.members import Member
from storage.sharing import add_once, real_now

LATEST = timedelta(minutes=1)
"""How far back from the last change private cards are redrawn at a start."""


_COPY: Table = CardCopy.__table__  # type: ignore[assignment]
_C = _COPY.c
_WAITING = and_(_C.wanted > _C.shown, _C.edit_at.is_not(None))
_REF = ("platform", "workspace", "chat", "message")


def _real(on_sqlite: bool) -> Any:
    """Give the real time in a statement: the database's own on PostgreSQL, else a value given with it."""
    return bindparam("real") if on_sqlite else func.now()


@cache
def _noting(on_sqlite: bool) -> Any:
    """Build the statement that notes a copy, once; many copies are noted by one call.

    Both revisions of a known copy rise: what waits still waits, and the engine knows that its own last drawing is
    not what is shown. A copy of another community stays as it is.
    """
    insert = (sqlite.insert if on_sqlite else postgresql.insert)(_COPY)
    insert = insert.values(shown=0, wanted=0, gone=False, edit_at=_real(on_sqlite))
    new = insert.excluded
    return insert.on_conflict_do_update(
        index_elements=[_C[name] for name in _REF],
        set_={
            "kind": new.kind, "subject": new.subject, "member_id": new.member_id, "channel_id": new.channel_id,
            "gone": False, "shown": _C.shown + 1, "wanted": _C.wanted + 1,
            "edit_at": case((_WAITING, _C.edit_at), else_=new.edit_at),
        },
        where=_C.community_id == new.community_id,
    )  # fmt: skip


@cache
def _touching(on_sqlite: bool, kinds: tuple[str, ...], community: bool, member: bool, but: bool) -> Update:
    """Build the statement that marks copies as out of date, once for each form of it."""
    of_kind = or_(*(_C.kind == each for each in kinds))  # IN would be written anew for every call
    change = update(_COPY).where(_C.subject == bindparam("of_subject"), of_kind, _C.gone.is_(False))
    if community:
        change = change.where(_C.community_id == bindparam("of_community"))
    if member:
        change = change.where(_C.member_id == bindparam("of_member"))
    if but:
        change = change.where(not_(and_(*(_C[name] == bindparam(f"but_{name}") for name in _REF))))
    return change.values(wanted=_C.wanted + 1, edit_at=case((_WAITING, _C.edit_at), else_=_real(on_sqlite)))


def _on_sqlite(db: Session) -> bool:
    return db.get_bind().dialect.name == "sqlite"


def _now(db: Session) -> dict[str, Any]:
    return {"real": datetime.now(UTC)} if _on_sqlite(db) else {}


def _named(ref: MessageRef) -> dict[str, str]:
    return {name: getattr(ref, name) for name in _REF}


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
    await _note_all(db, [_noted(db, kind, subject, ref, member, channel)])


def note_at_end(db: Session, kind: str, subject: str, ref: MessageRef, *, member: Member | None = None) -> None:
    """Do what `note` does at the end of the transaction, together with all others of it."""
    db.at_end(_note_all, _noted(db, kind, subject, ref, member, None))


def _noted(
    db: Session, kind: str, subject: str, ref: MessageRef, member: Member | None, channel: Channel | None
) -> dict[str, Any]:
    return _named(ref) | {
        "community_id": db.community_id, "kind": kind, "subject": subject,
        "member_id": member.id if member else None, "channel_id": channel.id if channel else None,
    }  # fmt: skip


async def _note_all(db: Session, rows: list[dict[str, Any]]) -> None:
    now = _now(db)
    await db.execute(_noting(_on_sqlite(db)), [each | now for each in rows])


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


@dataclass(frozen=True, slots=True)
class _Touch:
    """Be cards that are out of date; the same ones said twice in a transaction are one."""

    community: int | None
    """None for all, in an unscoped session."""
    kinds: tuple[str, ...]
    subject: str
    member: int | None
    but: MessageRef | None

    @property
    def form(self) -> tuple[tuple[str, ...], bool, bool, bool]:
        """Give what decides about the statement."""
        return self.kinds, self.community is not None, self.member is not None, self.but is not None

    def values(self) -> dict[str, Any]:
        """Give what the statement is asked with."""
        values: dict[str, Any] = {"of_subject": self.subject}
        if self.community is not None:
            values["of_community"] = self.community
        if self.member is not None:
            values["of_member"] = self.member
        if self.but is not None:
            values |= {f"but_{name}": value for name, value in _named(self.but).items()}
        return values


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
    meant = _Touch(db.scoped, tuple(kinds), subject, member.id if member else None, but)
    done = await db.execute(_touching(_on_sqlite(db), *meant.form), meant.values() | _now(db))
    return int(getattr(done, "rowcount", 0))


def touch_at_end(
    db: Session,
    kinds: Sequence[str],
    subject: str,
    *,
    member: Member | None = None,
    but: MessageRef | None = None,
) -> None:
    """Do what `touch` does at the end of the transaction: many people change a channel's card at the same time."""
    db.at_end(_touch_all, _Touch(db.scoped, tuple(kinds), subject, member.id if member else None, but))


async def _touch_all(db: Session, touches: list[_Touch]) -> None:
    now, forms = _now(db), dict[Any, list[dict[str, Any]]]()
    for each in dict.fromkeys(touches):
        forms.setdefault(each.form, []).append(each.values() | now)
    for form, values in forms.items():
        await db.execute(_touching(_on_sqlite(db), *form), values)


async def moved_since(db: Session, kinds: set[str], subjects: set[str], since: datetime) -> set[tuple[str, str]]:
    """Give which of these cards were touched since a real moment, among the copies there are."""
    asked = {"kinds": sorted(kinds), "subjects": sorted(subjects), "since": since, "own": db.community_id}
    return {(kind, subject) for kind, subject in await db.execute(_MOVED, asked)}


_MOVED = own(
    select(CardCopy.kind, CardCopy.subject)
    .where(
        CardCopy.kind.in_(bindparam("kinds", expanding=True)),
        CardCopy.subject.in_(bindparam("subjects", expanding=True)),
        CardCopy.edit_at >= bindparam("since"),
    )
    .distinct(),
    CardCopy,
)
