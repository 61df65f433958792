"""What one installation knows of itself: its beat, and whether it stands still because a backup was restored.

Belongs to the installation, not to a community: ask in an unscoped session or a scoped one, both see it.
"""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from typing import cast

from sqlalchemy import ColumnElement, Table, func, select, text, update

from storage.communities import Installation
from storage.database import Session
from storage.deliveries import ALERT, Campaign, Delivery
from storage.members import Member
from storage.sharing import add_once

ROW = 1
RESTORED = "restored"
"""Why only alerts go out, and the reason of messages that may have been sent before the restore."""
# Tables, not classes: a session scoped to one community would narrow the classes to its rows.
_CAMPAIGN, _DELIVERY, _MEMBER = (cast(Table, each.__table__) for each in (Campaign, Delivery, Member))


async def get(db: Session, *, lock: bool = False) -> Installation:
    """Give the row, made on first sight; with `lock` nobody else changes it before this transaction ends."""
    found = await db.get(Installation, ROW, with_for_update=lock or None, populate_existing=lock)
    if found is None:
        await add_once(db, Installation, {"id": ROW, "beat": 0, "paused": ""})
        found = await db.get_one(Installation, ROW, with_for_update=lock or None)
    return found


async def paused(db: Session) -> str:
    """Give why only alerts may go out now; "" when everything may."""
    found = await db.get(Installation, ROW)
    return found.paused if found else ""


async def restored_until(db: Session) -> datetime | None:
    """Give the moment up to which due messages may have been sent before a backup was restored; mostly none."""
    found = await db.get(Installation, ROW)
    return found.restored_until if found else None


async def beat(db: Session, above: int = 0) -> tuple[int, int]:
    """Raise the beat, above a number at least; give what it was and what it is.

    On PostgreSQL this commit is kept even where the server is set to lose the last ones in a crash: the copy outside
    the database must never be ahead of it.
    """
    if db.get_bind().dialect.name == "postgresql":
        await db.execute(text("SET LOCAL synchronous_commit = on"))
    row = await get(db, lock=True)
    before, row.beat = row.beat, max(row.beat, above) + 1
    return before, row.beat


async def identity(db: Session) -> str:
    """Give what tells this database from another one and outlives backups; "" while nobody is in it."""
    key = await db.scalar(select(_MEMBER.c.key).order_by(_MEMBER.c.id).limit(1))
    return sha256(key.encode()).hexdigest()[:16] if key else ""


async def pause(db: Session, until: datetime) -> None:
    """Let nothing but alerts go out before somebody confirms; what is due up to `until` may have been sent before."""
    row = await get(db, lock=True)
    row.paused = RESTORED
    row.restored_until = max(until, row.restored_until) if row.restored_until else until


async def in_doubt(db: Session) -> int:
    """Count waiting messages, of all communities, that may have been sent before the restore."""
    until = await restored_until(db)
    query = select(func.count()).select_from(_DELIVERY).where(*_doubtful(until)) if until else None
    return int(await db.scalar(query) or 0) if query is not None else 0


async def resume(db: Session, now: datetime) -> bool:
    """Let everything go out again; false when it does already.

    What waits in any community and may have been sent before the restore becomes `unknown`, never sent by itself.
    """
    row = await get(db, lock=True)
    if not row.paused:
        return False
    doubtful = update(_DELIVERY).where(*_doubtful(row.restored_until or now))
    await db.execute(doubtful.values(state="unknown", reason=RESTORED, lease_until=None))
    row.paused = ""
    await db.flush()
    return True


def _doubtful(until: datetime) -> tuple[ColumnElement[bool], ...]:
    alerts = select(_CAMPAIGN.c.id).where(_CAMPAIGN.c.kind == ALERT)
    return (_DELIVERY.c.state == "queued", _DELIVERY.c.due_at <= until, _DELIVERY.c.campaign_id.not_in(alerts))
