"""The database: engine for SQLite and PostgreSQL, UTC type, sessions scoped to one community.

SQLite: one write connection, `BEGIN IMMEDIATE`, WAL, `synchronous=FULL`, `secure_delete=ON`; readers use their own
connections and never wait for the writer. Without this, concurrent RSVPs are silently lost (tech §6).
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, ForeignKey, MetaData, TypeDecorator, event, text
from sqlalchemy.engine import Dialect, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, ORMExecuteState, mapped_column, with_loader_criteria
from sqlalchemy.orm import Session as SyncSession

_BASE32 = "abcdefghjkmnpqrstvwxyz0123456789"


def new_key() -> str:
    """Make a public key for an object: ten random base-32 characters (conversation §4.1)."""
    return "".join(secrets.choice(_BASE32) for _ in range(10))


def where(condition: str) -> dict[str, Any]:
    """Give the arguments that make an index partial on both databases."""
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


class Instant(TypeDecorator[datetime]):
    """Keep aware UTC instants; naive ones are refused. SQLite would drop the offset without converting (tech §6)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Convert to UTC before storing. Raise `ValueError` for a naive time."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("only aware times are stored")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give back an aware UTC time."""
        return None if value is None else value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Be the root of all tables, with names for constraints so that migrations can find them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: Instant()}


class OfCommunity:
    """Mark a table whose rows belong to one community; scoped sessions see and write only that community's rows."""

    community_id: Mapped[int] = mapped_column(ForeignKey("community.id", ondelete="CASCADE"), index=True)


class Session(AsyncSession):
    """Be a transaction; `community_id` is set when it is scoped."""

    @property
    def community_id(self) -> int:
        """Give the community this session is scoped to. Raise `LookupError` for an unscoped one."""
        value: int | None = self.sync_session.info.get("community_id")
        if value is None:
            raise LookupError("this session is not scoped to a community")
        return value

    def scope(self, community_id: int) -> None:
        """Narrow an unscoped session to one community, for the rest of the transaction."""
        self.sync_session.info["community_id"] = community_id


class _Scoped(SyncSession):
    """Be the session whose questions are narrowed to `info["community_id"]`."""


@event.listens_for(_Scoped, "do_orm_execute")
def _narrow(state: ORMExecuteState) -> None:
    community = state.session.info.get("community_id")
    if community is None or state.is_column_load or state.is_relationship_load:
        return
    state.statement = state.statement.options(
        with_loader_criteria(OfCommunity, lambda cls: cls.community_id == community, include_aliases=True)
    )


@event.listens_for(_Scoped, "before_flush")
def _own(session: SyncSession, _context: Any, _instances: Any) -> None:
    community = session.info.get("community_id")
    for row in session.new:
        if not isinstance(row, OfCommunity) or community is None:
            continue
        own: int | None = row.community_id
        if own is None:
            row.community_id = community
        elif own != community:
            raise PermissionError("a row of another community")


class Database:
    """Be the way to the database: `write` transactions and `read` ones, each scoped to a community or to none.

    Values of statements never stand in error texts (`hide_parameters`), so that none reaches a log.
    """

    def __init__(self, url: str) -> None:
        self.url = normalise(url)
        self.sqlite = self.url.startswith("sqlite")
        if self.sqlite:
            self._writer = create_async_engine(self.url, pool_size=1, max_overflow=0, hide_parameters=True)
            self._reader = create_async_engine(self.url, pool_size=4, max_overflow=4, hide_parameters=True)
            for engine in (self._writer, self._reader):
                _prepare_sqlite(engine, reading=engine is self._reader)
        else:
            self._writer = create_async_engine(
                self.url, pool_size=10, max_overflow=10, pool_pre_ping=True, hide_parameters=True
            )
            self._reader = self._writer

    @property
    def engine(self) -> AsyncEngine:
        """Give the writing engine, for migrations and checks."""
        return self._writer

    @asynccontextmanager
    async def write(self, community_id: int | None = None) -> AsyncIterator[Session]:
        """Open a transaction that commits at the end of the block and rolls back on an exception."""
        async with Session(self._writer, expire_on_commit=False, sync_session_class=_Scoped) as session:
            if community_id is not None:
                session.scope(community_id)
            async with session.begin():
                yield session

    @asynccontextmanager
    async def read(self, community_id: int | None = None) -> AsyncIterator[Session]:
        """Open a transaction for reading only; it never waits for the writer."""
        async with Session(self._reader, expire_on_commit=False, sync_session_class=_Scoped) as session:
            if community_id is not None:
                session.scope(community_id)
            yield session

    async def close(self) -> None:
        """Close all connections."""
        await self._writer.dispose()
        if self._reader is not self._writer:
            await self._reader.dispose()


def normalise(url: str) -> str:
    """Complete a database address with the async driver: `sqlite:///x` and `postgresql://...` are understood."""
    parsed = make_url(url)
    drivers = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}
    name = drivers.get(parsed.drivername, parsed.drivername)
    if name not in drivers.values():
        raise ValueError(f"DATABASE_URL: {parsed.drivername} is not supported; use sqlite:/// or postgresql://")
    return parsed.set(drivername=name).render_as_string(hide_password=False)


def _prepare_sqlite(engine: AsyncEngine, *, reading: bool) -> None:
    pragmas = ["busy_timeout=10000", "foreign_keys=ON", "journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"]
    if reading:
        pragmas.append("query_only=ON")

    @event.listens_for(engine.sync_engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver must not begin by itself
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
