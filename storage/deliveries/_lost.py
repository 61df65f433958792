"""Rows whose answer was lost, or whose worker died: which are to be looked up, and when.

Such a row stays `sending` without a worker; `settle_at` says when its fate is looked into, `lost_at` since when.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import func, select

from storage.database import Session
from storage.deliveries._claims import SENDING
from storage.deliveries._tables import Delivery
from storage.sharing import real_now

CRASHES_MAX = 3
"""A row that was in hand in so many crashes is poison (reliability §2.3 point 7)."""
FORGOTTEN = timedelta(days=1)
"""How long a lost answer may wait for a connection that nobody serves any more; then it is `unknown`."""


async def recover(db: Session, settle: timedelta = timedelta(seconds=25), keep: Collection[int] = ()) -> list[Delivery]:
    """Settle rows whose worker died: back to the queue if the request had not left, else to be looked into.

    `settle` counts from the start of the attempt. A row in hand in three crashes becomes dead(`poison`). Rows with
    the ids `keep` are left: they are in hand of this very process, however long it took.
    """
    real = await real_now(db)
    query = select(Delivery).where(SENDING, Delivery.lease_until < real).with_for_update(skip_locked=True)
    rows = [row for row in await db.scalars(query) if row.id not in keep]
    for row in rows:
        row.worker, row.lease_until, row.crashes = "", None, row.crashes + 1
        if row.started_at is not None:
            row.lost_at, row.reason = row.lost_at or row.started_at, "crash"
            row.settle_at = row.started_at + settle
        elif row.crashes >= CRASHES_MAX:
            row.state, row.reason = "dead", "poison"
        else:
            row.state = "queued"
    forgotten = select(Delivery).where(SENDING, Delivery.settle_at < real - FORGOTTEN)
    for row in await db.scalars(forgotten.with_for_update(skip_locked=True)):
        row.state, row.settle_at = "unknown", None
        rows.append(row)
    await db.flush()
    return rows


async def settling(
    db: Session, platform: str, workspace: str, limit: int = 50, until: datetime | None = None
) -> list[Delivery]:
    """Give rows of a connection whose answer was lost and whose time has come, the longest waiting first.

    The time is `until`, by default now.
    """
    query = select(Delivery).where(
        SENDING,
        Delivery.settle_at <= (until or await real_now(db)),
        Delivery.worker == "",
        Delivery.platform == platform,
        Delivery.workspace == workspace,
    )
    return list((await db.scalars(query.order_by(Delivery.settle_at, Delivery.id).limit(limit))).all())


async def next_settling(db: Session, platform: str, workspace: str) -> tuple[int, datetime | None]:
    """Count the rows of a connection whose answer was lost, and give the real moment of the first look-up."""
    query = select(func.count(), func.min(Delivery.settle_at)).where(
        SENDING,
        Delivery.settle_at.is_not(None),
        Delivery.worker == "",
        Delivery.platform == platform,
        Delivery.workspace == workspace,
    )
    number, first = (await db.execute(query)).one()
    return number, first


async def still_settling(db: Session, ids: Collection[int]) -> dict[int, Delivery]:
    """Give those of these rows that still wait for their fate, locked, to write it."""
    query = select(Delivery).where(
        Delivery.id.in_(ids), SENDING, Delivery.worker == "", Delivery.settle_at.is_not(None)
    )
    found = await db.scalars(query.with_for_update().execution_options(populate_existing=True))
    return {row.id: row for row in found}
