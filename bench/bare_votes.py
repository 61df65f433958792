"""The transaction of the baselines: one reply put in or changed, and the counts; SQLAlchemy and nothing of ours."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Column, DateTime, MetaData, String, Table, event, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import create_async_engine

METADATA = MetaData()
RSVP = Table(
    "rsvp",
    METADATA,
    Column("meeting", String(12), primary_key=True),
    Column("user", String(64), primary_key=True),
    Column("choice", String(12), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
)
_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=10000", "foreign_keys=ON")


class Votes:
    """Keep replies in a database of their own; on SQLite one write connection and BEGIN IMMEDIATE (tech §6)."""

    def __init__(self, url: str) -> None:
        self._sqlite = url.startswith("sqlite")
        if self._sqlite:
            self.engine = create_async_engine(url.replace("sqlite:", "sqlite+aiosqlite:"), pool_size=1, max_overflow=0)
            event.listen(self.engine.sync_engine, "connect", _connect)
            event.listen(self.engine.sync_engine, "begin", _begin)
        else:
            driver = url.replace("postgresql:", "postgresql+asyncpg:")
            self.engine = create_async_engine(driver, pool_size=10, max_overflow=10)

    async def create(self) -> None:
        """Make the table."""
        async with self.engine.begin() as connection:
            await connection.run_sync(METADATA.create_all)

    async def vote(self, meeting: str, user: str, choice: str) -> dict[str, int]:
        """Put a reply in or change it, and count, in one transaction."""
        insert = (sqlite if self._sqlite else postgresql).insert(RSVP)
        now = datetime.now(UTC)
        upsert = insert.values(meeting=meeting, user=user, choice=choice, at=now).on_conflict_do_update(
            index_elements=["meeting", "user"], set_={"choice": choice, "at": now}
        )
        async with self.engine.begin() as connection:
            await connection.execute(upsert)
            return await self._counts(connection, meeting)

    async def counts(self, meeting: str) -> dict[str, int]:
        """Count the replies."""
        async with self.engine.connect() as connection:
            return await self._counts(connection, meeting)

    async def _counts(self, connection: Any, meeting: str) -> dict[str, int]:
        query = select(RSVP.c.choice, func.count()).where(RSVP.c.meeting == meeting).group_by(RSVP.c.choice)
        return dict((await connection.execute(query)).all())

    async def close(self) -> None:
        """Close all connections."""
        await self.engine.dispose()


def text(choice: str, counts: dict[str, int]) -> str:
    """Write what the card says after a press."""
    shown = " · ".join(f"{name} {counts.get(name, 0)}" for name in ("yes", "maybe", "no"))
    return f"Thank you. You replied: {choice}. You can change it until the start.\n{shown}"


def _connect(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Any) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
