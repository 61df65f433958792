"""What waits to be done, for whoever watches: deliveries by connection, timers, the inbox. Unscoped sessions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import exists, func, literal_column, or_, select

from storage import installation
from storage.communities import Connection
from storage.database import Session
from storage.deliveries import Campaign, Delivery
from storage.inbox import InboxRow
from storage.sharing import real_now
from storage.timers import Timer

# States are written out, not bound: with a parameter neither database can prove that a partial index applies.


@dataclass(frozen=True, slots=True)
class Waiting:
    """Be what is due on one connection and may leave: how many, and since when the oldest is due."""

    platform: str
    workspace: str
    number: int
    oldest: datetime


async def due(db: Session, now: datetime) -> list[Waiting]:
    """Give what is due on each connection, in campaigns that go, without what a back-off or a chat's pause holds."""
    real = await real_now(db)
    going = exists().where(Campaign.id == Delivery.campaign_id, Campaign.state == "sending")
    query = (
        select(Delivery.platform, Delivery.workspace, func.count(), func.min(Delivery.due_at))
        .where(
            Delivery.state == literal_column("'queued'"),
            Delivery.due_at <= now,
            or_(Delivery.expires_at.is_(None), Delivery.expires_at > now),
            or_(Delivery.lease_until.is_(None), Delivery.lease_until <= real),
            going,
        )
        .group_by(Delivery.platform, Delivery.workspace)
        .order_by(Delivery.platform, Delivery.workspace)
    )
    return [Waiting(*row) for row in await db.execute(query)]


async def unexplained(db: Session, now: datetime, late: timedelta) -> list[Waiting]:
    """Give connections whose oldest due message is later than that, though nothing pauses it and nothing leaves."""
    if await installation.paused(db):
        return []
    real, found = await real_now(db), list[Waiting]()
    for each in await due(db, now):
        if now - each.oldest < late:
            continue
        here = (each.platform, each.workspace)
        row = await db.scalar(select(Connection).where(Connection.platform == here[0], Connection.workspace == here[1]))
        explained = row is not None and (row.dead_reason or (row.paused_until is not None and row.paused_until > real))
        leaving = select(Delivery.id).where(
            Delivery.platform == here[0],
            Delivery.workspace == here[1],
            or_(Delivery.sent_at > now - late / 2, Delivery.state == "sending"),
        )
        if not explained and await db.scalar(leaving.limit(1)) is None:
            found.append(each)
    return found


async def inbox_rows(db: Session) -> int:
    """Count what was taken in and is not done."""
    return int(
        await db.scalar(select(func.count()).select_from(InboxRow).where(InboxRow.state == literal_column("'new'")))
        or 0
    )


async def late_timers(db: Session, now: datetime) -> tuple[int, datetime | None]:
    """Count the timers that are due and not done, and give since when the oldest is due."""
    waiting = select(func.count(), func.min(Timer.due_at)).where(
        Timer.state == literal_column("'waiting'"), Timer.due_at <= now
    )
    number, oldest = (await db.execute(waiting)).one()
    return int(number), oldest


async def connections(db: Session) -> list[Connection]:
    """Give all bots and workspaces of the installation."""
    return list(await db.scalars(select(Connection).order_by(Connection.platform, Connection.workspace)))
