"""Cards that wait to be redrawn."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from storage.database import Session
from storage.deliveries._tables import CardCopy


def _waiting(platform: str, workspace: str) -> Any:
    return (
        CardCopy.wanted > CardCopy.shown,
        CardCopy.gone.is_(False),
        CardCopy.platform == platform,
        CardCopy.workspace == workspace,
    )


async def waiting_cards(db: Session, platform: str, workspace: str, limit: int = 50) -> list[CardCopy]:
    """Give cards that wait to be redrawn, the longest waiting first."""
    query = select(CardCopy).where(*_waiting(platform, workspace)).order_by(CardCopy.edit_at, CardCopy.id)
    return list((await db.scalars(query.limit(limit))).all())


async def card_waits(db: Session, platform: str, workspace: str) -> bool:
    """Tell whether any card of a connection waits to be redrawn."""
    return await db.scalar(select(CardCopy.id).where(*_waiting(platform, workspace)).limit(1)) is not None
