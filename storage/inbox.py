"""What came in: stored before it is acknowledged, taken in once. Belongs to the installation, not to a community.

Asked for every act, so the statements are built once and take many rows at a time. Leases use real time: the
database's own on PostgreSQL, the machine's on SQLite, where one process holds the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from sqlalchemy import (
    JSON,
    Index,
    Interval,
    String,
    Table,
    UniqueConstraint,
    bindparam,
    delete,
    func,
    null,
    or_,
    select,
    update,
)  # fmt: skip
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Mapped, mapped_column

from storage.database import Base, Session, where

Key: TypeAlias = tuple[str, str, str]
"""Platform, workspace and the platform's own key: what is unique."""
CLAIMED = 100
"""Rows taken over at once."""
DEATHS_MAX = 3
"""How many processes may die over one row before it is given up."""


class InboxRow(Base):
    """One thing a person did; `body` is blanked once it is done. `state`: `new`, `done`, `failed`, `withheld`.

    `withheld`: the body was never stored (sensitive form); after a crash the person was not told "saved".
    """

    __tablename__ = "inbox"
    __table_args__ = (
        UniqueConstraint("platform", "workspace", "key"),
        Index("ix_inbox_new", "id", **where("state = 'new'")),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    platform: Mapped[str] = mapped_column(String(20))
    workspace: Mapped[str] = mapped_column(String(64))
    key: Mapped[str] = mapped_column(String(120))
    received_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(10), default="new")
    attempts: Mapped[int] = mapped_column(default=0)
    """How often another process had to take it over from one that was killed."""
    body: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    error_ref: Mapped[str] = mapped_column(String(12), default="")
    worker: Mapped[str] = mapped_column(String(40), default="")
    """The process that took it in and handles it; another one does when `lease_until` (real time) has passed."""
    lease_until: Mapped[datetime | None]


_ROW: Table = InboxRow.__table__  # type: ignore[assignment]
_OPEN = ("new", "withheld")
_KEY = (_ROW.c.platform, _ROW.c.workspace, _ROW.c.key)
_BODY = bindparam("body", type_=JSON(none_as_null=True))
_INSERT = {
    True: sqlite_insert(_ROW).values(body=_BODY).on_conflict_do_nothing().returning(_ROW.c.id, *_KEY),
    False: pg_insert(_ROW)
    .values(body=_BODY, lease_until=func.now() + bindparam("lease", type_=Interval()))
    .on_conflict_do_nothing()
    .returning(_ROW.c.id, *_KEY),
}
_DONE = (
    update(_ROW)
    .where(_ROW.c.worker == bindparam("mine"), _ROW.c.state.in_(_OPEN))
    .values(state=bindparam("becomes"), body=null(), error_ref=bindparam("reference"))
    .returning(_ROW.c.id)
)
_DONE_BY_ID = _DONE.where(_ROW.c.id.in_(bindparam("ids", expanding=True)))
_DONE_BY_KEY = _DONE.where(*(each == bindparam(f"of_{each.name}") for each in _KEY))


def _sqlite(db: Session) -> bool:
    return db.get_bind().dialect.name == "sqlite"


async def take_in(db: Session, rows: Sequence[tuple[Key, str, dict[str, Any] | None]], worker: str,
                  now: datetime, lease: timedelta) -> dict[Key, int]:  # fmt: skip
    """Store what came in, as key, state and body; give the ids of the new ones by key.

    A key that is missing in the answer was seen before: platforms send again, people press twice.
    """
    on_sqlite = _sqlite(db)
    real = {"lease_until": datetime.now(UTC) + lease} if on_sqlite else {"lease": lease}
    same = {"received_at": now, "attempts": 0, "error_ref": "", "worker": worker, **real}
    values = [
        {"platform": key[0], "workspace": key[1], "key": key[2], "state": state, "body": body, **same}
        for key, state, body in {row[0]: row for row in reversed(rows)}.values()
    ][::-1]
    found = await db.execute(_INSERT[on_sqlite], values)
    return {(platform, workspace, key): row for row, platform, workspace, key in found}


async def finish(db: Session, ids: Iterable[int], worker: str, *, error_ref: str = "") -> set[int]:
    """Mark rows done (or failed) and blank their bodies; give those that were still open and `worker`'s."""
    values = {"ids": list(ids), "mine": worker, "becomes": "failed" if error_ref else "done", "reference": error_ref}
    return set(await db.scalars(_DONE_BY_ID, values))


async def finish_by_key(db: Session, key: Key, worker: str, *, error_ref: str = "") -> bool:
    """Mark one row done (or failed) as `finish` does; false if it was not open or not `worker`'s."""
    values = {"mine": worker, "becomes": "failed" if error_ref else "done", "reference": error_ref}
    of = dict(zip(("of_platform", "of_workspace", "of_key"), key, strict=True))
    return (await db.scalar(_DONE_BY_KEY, values | of)) is not None


async def claim(
    db: Session, worker: str, lease: timedelta, but: Iterable[int], limit: int = CLAIMED
) -> tuple[list[InboxRow], list[InboxRow]]:
    """Take over rows nobody has in hand, oldest first; give them and those over which `DEATHS_MAX` processes died.

    Of other processes those whose lease has ended (on SQLite all: one process holds the file), of `worker` itself
    those it lost, which are all `but` the ones in hand. Call `fail` for those given up.
    """
    on_sqlite = _sqlite(db)
    now = datetime.now(UTC) if on_sqlite else func.now()
    theirs = InboxRow.worker != worker if on_sqlite else or_(InboxRow.lease_until.is_(None), InboxRow.lease_until < now)
    query = select(InboxRow).where(InboxRow.state == "new", or_(theirs, InboxRow.worker == worker))
    in_hand = set(but)
    if in_hand:
        query = query.where(InboxRow.id.not_in(in_hand))
    query = query.order_by(InboxRow.id).limit(limit).with_for_update(skip_locked=True)
    found: list[InboxRow] = []
    dead: list[InboxRow] = []
    for row in (await db.scalars(query)).all():
        if row.worker != worker and row.attempts + 1 >= DEATHS_MAX:
            dead.append(row)
            continue
        row.attempts += row.worker != worker
        row.worker = worker
        row.lease_until = now + lease
        found.append(row)
    await db.flush()
    return found, dead


def fail(row: InboxRow, error_ref: str) -> None:
    """Give a row up, with the reference that is in the log."""
    row.state, row.error_ref = "failed", error_ref
    row.body = null()


async def waiting(db: Session) -> int:
    """Count the rows taken in but not done."""
    return await db.scalar(select(func.count()).select_from(InboxRow).where(InboxRow.state == "new")) or 0


async def forget(db: Session, before: datetime) -> int:
    """Delete finished rows received before an instant; keys are kept seven days (reliability §2.3 point 9)."""
    done = delete(InboxRow).where(InboxRow.state != "new", InboxRow.received_at < before)
    result = await db.execute(done.execution_options(synchronize_session=False))
    return int(getattr(result, "rowcount", 0))
