"""What one installation knows of itself: its beat, and whether it stands still because a backup was restored.

Belongs to the installation, not to a community: ask in an unscoped session or a scoped one, both see it.
"""

from __future__ import annotations

from datetime import datetime

from storage.communities import Installation
from storage.database import Session
from storage.sharing import add_once

ROW = 1


async def get(db: Session) -> Installation:
    """Give the row, made on first sight."""
    found = await db.get(Installation, ROW)
    if found is None:
        await add_once(db, Installation, {"id": ROW, "beat": 0, "paused": ""})
        found = await db.get_one(Installation, ROW)
    return found


async def paused(db: Session) -> str:
    """Give why only alerts may go out now; "" when everything may."""
    found = await db.get(Installation, ROW)
    return found.paused if found else ""


async def restored_until(db: Session) -> datetime | None:
    """Give the moment up to which due messages may have been sent before a backup was restored; mostly none."""
    found = await db.get(Installation, ROW)
    return found.restored_until if found else None
