"""Let messages go out again after a backup was restored."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from bot.commands._database import opened
from scheduler import cards
from scheduler.delivery import PROGRESS
from storage import installation
from storage.audit import AuditEntry
from storage.communities import Community
from storage.deliveries import Campaign, Delivery


async def resume(url: str, now: datetime) -> str:
    """Confirm that sending may go on; give one line about what that means. Doing it twice changes nothing."""
    async with opened(url) as database, database.write() as db:
        doubtful = await installation.in_doubt(db)
        if not await installation.resume(db, now):
            return "Nothing is paused."
        communities = list(await db.scalars(select(Community.id)))
        db.add_all(AuditEntry(community_id=each, at=now, act="sending_resumed") for each in communities)
        unknown = select(Delivery.campaign_id).where(Delivery.reason == installation.RESTORED)
        for key in await db.scalars(select(Campaign.key).where(Campaign.id.in_(unknown))):
            await cards.touch(db, [PROGRESS], key)
    if not doubtful:
        return "Messages go out again."
    return (
        f"Messages go out again. {doubtful} that may have been sent before the restore are listed as unknown; "
        "organisers can re-send them."
    )
