"""What we know of our own bots and workspaces: names, and how far we have read."""

from __future__ import annotations

from sqlalchemy import select

from storage.communities import Connection
from storage.database import Database, Session


async def connection(db: Session, platform: str, workspace: str) -> Connection:
    """Give the row of a bot or workspace, made on first sight."""
    found: Connection | None = await db.scalar(
        select(Connection).where(Connection.platform == platform, Connection.workspace == workspace)
    )
    if found is None:
        found = Connection(platform=platform, workspace=workspace)
        db.add(found)
        await db.flush()
    return found


async def seen(db: Session, platform: str, workspace: str, name: str) -> None:
    """Note that a connection works and what it is called (a Telegram bot's user name makes its links)."""
    row = await connection(db, platform, workspace)
    row.name, row.dead_reason = name or row.name, ""


class Offsets:
    """Keep how far Telegram's updates are read; saved only after they are stored (reliability L4)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self, workspace: str) -> int:
        """Give the next update to ask for; 0 at the very first start."""
        async with self._database.read() as db:
            value = await db.scalar(
                select(Connection.offset).where(Connection.platform == "telegram", Connection.workspace == workspace)
            )
            return value or 0

    async def save(self, workspace: str, offset: int) -> None:
        """Note that everything before `offset` is stored."""
        async with self._database.write() as db:
            (await connection(db, "telegram", workspace)).offset = offset
