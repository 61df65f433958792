"""Due work: armed by features in their own transaction, run once, at its time or as soon as we are back."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import delete, select

from scheduler.contract import RunTimer
from storage import timers as rows
from storage.database import Database, Session
from storage.sharing import add_once, real_now
from storage.timers import Timer

ATTEMPTS_MAX = 5
log = structlog.get_logger(__name__)


async def call_at(
    db: Session,
    kind: str,
    subject: str,
    due: datetime,
    *,
    slot: str = "",
    not_after: datetime | None = None,
    details: dict[str, Any] | None = None,
) -> None:
    """Have the work of this kind done at `due` (UTC); past `not_after` it is dropped.

    One per kind, subject and slot: a waiting one is moved; one that is over is armed again only for another moment.
    """
    query = select(Timer).where(Timer.kind == kind, Timer.subject == subject, Timer.slot == slot).with_for_update()
    found = (await db.scalars(query.execution_options(populate_existing=True))).one_or_none()
    if found is None:
        names = {"community_id": db.community_id, "kind": kind, "subject": subject, "slot": slot}
        new = {"due_at": due, "not_after": not_after, "state": "waiting", "attempts": 0, "worker": "", "error": ""}
        if await add_once(db, Timer, names | new | {"details": details or {}}):
            return
        found = (await db.scalars(query)).one()
    if found.state == "waiting" or found.due_at != due:
        found.state, found.due_at, found.not_after, found.details = "waiting", due, not_after, details or {}
        found.attempts, found.worker, found.lease_until, found.error = 0, "", None, ""
    await db.flush()


async def cancel(db: Session, kind: str, subject: str, slot: str | None = None) -> int:
    """Call off work that is not done yet, in one slot or in all; give how many were called off."""
    query = delete(Timer).where(Timer.kind == kind, Timer.subject == subject, Timer.state.in_(("waiting", "running")))
    if slot is not None:
        query = query.where(Timer.slot == slot)
    return len((await db.scalars(query.returning(Timer.id).execution_options(synchronize_session=False))).all())


async def run_due(
    database: Database,
    now: datetime,
    run: Mapping[str, RunTimer],
    worker: str,
    *,
    lease: float = 60.0,
    retry: float = 5.0,
) -> int:
    """Do up to 50 due timers, each in a transaction of its own; give how many were claimed.

    A failing one is tried again after a growing pause and holds up no other; after five attempts it is `failed`.
    `lease` and `retry` are seconds of real time.
    """
    async with database.read() as db:
        if not await rows.due(db, now):
            return 0
    async with database.write() as db:
        claimed = await rows.claim(db, now, worker, timedelta(seconds=lease))
    for timer in claimed:
        try:
            async with database.write(timer.community_id) as db:
                await _run(db, timer.id, now, run, worker)
        except Exception:
            await _failed(database, timer, worker, retry)
    return len(claimed)


async def _run(db: Session, timer_id: int, now: datetime, run: Mapping[str, RunTimer], worker: str) -> None:
    timer = await rows.in_hand(db, timer_id, worker)
    if timer is None:
        return  # moved or called off since it was claimed, or our lease is over
    due_at = timer.due_at
    work = run.get(timer.kind)
    if timer.not_after is not None and now > timer.not_after:
        await rows.finish(db, timer, due_at, "dropped")
        log.info("timer_dropped", timer=timer.id, kind=timer.kind, subject=timer.subject)
    elif work is None:
        await rows.finish(db, timer, due_at, "failed", "unknown kind")
        log.error("timer_of_unknown_kind", timer=timer.id, kind=timer.kind)
    else:
        await work(db, timer, now)
        await rows.finish(db, timer, due_at, "done")


async def _failed(database: Database, timer: Timer, worker: str, retry: float) -> None:
    reference = secrets.token_hex(3).upper()
    log.exception("timer_failed", reference=reference, timer=timer.id, kind=timer.kind, subject=timer.subject)
    async with database.write() as db:
        row = await rows.in_hand(db, timer.id, worker)
        if row is None:
            return
        row.attempts, row.worker, row.error = row.attempts + 1, "", f"ref {reference}"
        if row.attempts >= ATTEMPTS_MAX:
            row.state, row.lease_until = "failed", None
        else:
            row.state = "waiting"
            row.lease_until = await real_now(db) + timedelta(seconds=retry * 2 ** (row.attempts - 1))
