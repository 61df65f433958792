"""What we know of our own bots and workspaces: names, tokens' variables, how far we have read, who reads."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from storage import sharing
from storage.communities import Connection
from storage.database import Database, Session

NAME = "name"
"""Key in `Connection.variables` of the name the community file gives; the other keys name environment variables."""


async def described(db: Session) -> list[Connection]:
    """Give the connections that community files describe, in the order of their names."""
    found = [each for each in await db.scalars(select(Connection)) if each.variables]
    return sorted(found, key=lambda each: each.variables[NAME])


async def seen(db: Session, platform: str, workspace: str, name: str) -> str:
    """Note that a connection works and what it is called (a Telegram bot's user name makes its links).

    Give why it was dead until now, "" when it was not.
    """
    row = await sharing.connection(db, platform, workspace)
    dead, row.name, row.dead_reason = row.dead_reason, name or row.name, ""
    return dead


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
            (await sharing.connection(db, "telegram", workspace)).offset = offset


class Readers:
    """Let one process at a time ask Telegram for a bot's updates; `seconds` is how long the right lasts."""

    def __init__(self, database: Database, worker: str, seconds: float) -> None:
        self._database, self._worker, self._lease = database, worker, timedelta(seconds=seconds)

    async def may_read(self, workspace: str) -> bool:
        """Take or renew the right; false while another process has it. On SQLite there is only one process."""
        if self._database.sqlite:
            return True
        async with self._database.write() as db:
            return await sharing.hold_reader(db, "telegram", workspace, self._worker, self._lease)

    async def let_go(self, workspace: str) -> None:
        """Give the right back, so that another process need not wait until it ends."""
        if not self._database.sqlite:
            async with self._database.write() as db:
                await sharing.let_go_reader(db, "telegram", workspace, self._worker)
