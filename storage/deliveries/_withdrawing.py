"""Messages of campaigns that are taken back: which are still to be deleted."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from storage.database import Session
from storage.deliveries._tables import Campaign, Delivery

KEPT = "kept"
"""Reason of a `sent` row whose message could not be deleted when its campaign was taken back."""
TAKEN_BACK = "taken_back"
"""Reason of a `cancelled` row that was not sent, or whose message was deleted, because its campaign was taken back."""


def still_there(campaign: Any) -> Any:
    """Give the condition that a row's message is yet to be deleted; `campaign` is its campaign's column `id`."""
    return (Delivery.campaign_id == campaign, Delivery.state == "sent", Delivery.reason != KEPT)


async def to_take_back(db: Session, platform: str, workspace: str, limit: int = 1) -> list[Delivery]:
    """Give sent messages of a connection that are to be deleted, the last one sent first: it may be unread."""
    going = list(await db.scalars(select(Campaign.id).where(Campaign.state == "taking_back")))
    if not going:  # nearly always, and asked at every sweep
        return []
    query = (
        select(Delivery)
        .where(
            Delivery.campaign_id.in_(going),
            Delivery.state == "sent",
            Delivery.reason != KEPT,
            Delivery.platform == platform,
            Delivery.workspace == workspace,
        )
        .order_by(Delivery.id.desc())
    )
    return list((await db.scalars(query.limit(limit))).all())
