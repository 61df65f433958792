"""Due work: what must happen when, once per kind, subject and slot."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import JSON, Index, String, UniqueConstraint, literal_column, or_, select, update
from sqlalchemy.orm import Mapped, mapped_column

from storage.database import Base, OfCommunity, Session, where
from storage.sharing import real_now


class Timer(OfCommunity, Base):
    """One piece of due work; `state` is `waiting`, `running` (until `lease_until`), `done`, `dropped` or `failed`."""

    __tablename__ = "timer"
    __table_args__ = (
        UniqueConstraint("kind", "subject", "slot"),
        Index("ix_timer_due", "due_at", **where("state = 'waiting'")),
        Index("ix_timer_lease", "lease_until", **where("state = 'running'")),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(40))
    slot: Mapped[str] = mapped_column(String(40), default="")
    due_at: Mapped[datetime]
    not_after: Mapped[datetime | None]
    """Past this instant the work is pointless and dropped."""
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    attempts: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None]
    """Real time: the lease of a running one; the earliest next attempt of a waiting one."""
    worker: Mapped[str] = mapped_column(String(40), default="")
    error: Mapped[str] = mapped_column(String(200), default="")
    details: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)


# Written out, not bound: with a parameter neither database can prove that the partial index applies.
_WAITING = Timer.state == literal_column("'waiting'")
_RUNNING = Timer.state == literal_column("'running'")


async def due(db: Session, now: datetime) -> bool:
    """Tell whether any timer is due and not held by a back-off; a read."""
    real = await real_now(db)
    query = select(Timer.id).where(
        _WAITING, Timer.due_at <= now, or_(Timer.lease_until.is_(None), Timer.lease_until <= real)
    )
    return await db.scalar(query.limit(1)) is not None


async def retrying(db: Session, now: datetime) -> bool:
    """Tell whether any timer is due but waits for its next attempt, or is being run; a read."""
    # Two questions, one for each partial index: with `or` the whole table would be read.
    for query in (select(Timer.id).where(_RUNNING), select(Timer.id).where(_WAITING, Timer.due_at <= now)):
        if await db.scalar(query.limit(1)) is not None:
            return True
    return False


async def next_due(db: Session) -> datetime | None:
    """Give the earliest moment at which a waiting timer is due."""
    return await db.scalar(select(Timer.due_at).where(_WAITING).order_by(Timer.due_at).limit(1))


async def claim(db: Session, now: datetime, worker: str, lease: timedelta, limit: int = 50) -> list[Timer]:
    """Take due timers for one worker, oldest first; two workers never get the same."""
    real = await real_now(db)
    query = (
        select(Timer)
        .where(_WAITING, Timer.due_at <= now, or_(Timer.lease_until.is_(None), Timer.lease_until <= real))
        .order_by(Timer.due_at, Timer.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = list((await db.scalars(query)).all())
    for row in rows:
        row.state, row.worker, row.lease_until = "running", worker, real + lease
    await db.flush()
    return rows


async def in_hand(db: Session, timer_id: int, worker: str) -> Timer | None:
    """Give a claimed timer, locked, if this worker still holds it and nobody moved or cancelled it."""
    query = select(Timer).where(Timer.id == timer_id, _RUNNING, Timer.worker == worker)
    return (await db.scalars(query.with_for_update())).one_or_none()


async def finish(db: Session, timer: Timer, due_at: datetime, state: str, error: str = "") -> bool:
    """Close a timer that was run for `due_at`; false if its own work armed it anew or cancelled it."""
    await db.flush()
    query = (
        update(Timer)
        .where(Timer.id == timer.id, _RUNNING, Timer.due_at == due_at)
        .values(state=state, error=error[:200], lease_until=None)
        .returning(Timer.id)
        .execution_options(synchronize_session=False)
    )
    return (await db.scalars(query)).first() is not None


async def recover(db: Session) -> int:
    """Put timers whose worker died back to waiting; their transaction was rolled back, so nothing was done."""
    real = await real_now(db)
    query = (
        update(Timer)
        .where(_RUNNING, Timer.lease_until < real)
        .values(state="waiting", worker="", lease_until=None, attempts=Timer.attempts + 1)
        .returning(Timer.id)
        .execution_options(synchronize_session=False)
    )
    return len((await db.scalars(query)).all())
