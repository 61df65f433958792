"""The database: engine for SQLite and PostgreSQL, UTC type, sessions scoped to one community.

SQLite: one write connection, `BEGIN IMMEDIATE`, WAL, `synchronous=FULL`, `secure_delete=ON`; readers use their own
connections and never wait for the writer. Without this, concurrent RSVPs are silently lost (tech §6).
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar

from asyncpg import PostgresError
from sqlalchemy import DateTime, ForeignKey, MetaData, Select, TypeDecorator, bindparam, event, text
from sqlalchemy.engine import Dialect, make_url
from sqlalchemy.exc import DBAPIError, DisconnectionError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, ORMExecuteState, mapped_column, with_loader_criteria
from sqlalchemy.orm import Session as SyncSession

from storage import inline
from storage.batch import Batch

_BASE32 = "abcdefghjkmnpqrstvwxyz0123456789"
_OWN = "own"
_CONNECT_SECONDS = 10
_Q = TypeVar("_Q", bound="Select[*tuple[Any, ...]]")
_T = TypeVar("_T")


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
        value = self.scoped
        if value is None:
            raise LookupError("this session is not scoped to a community")
        return value

    @property
    def batch(self) -> Batch | None:
        """Give what is kept for questions that are asked again and again, in a transaction that draws for many."""
        found: Batch | None = self.sync_session.info.get("batch")
        return found

    def draw_for(self, members: Iterable[int]) -> None:
        """Say for whom, by id, this transaction, which only reads, will draw: what they share is asked once."""
        self.sync_session.info["batch"] = Batch(frozenset(members))

    @property
    def scoped(self) -> int | None:
        """Give the community this session is scoped to, None for all."""
        value: int | None = self.sync_session.info.get("community_id")
        return value

    def scope(self, community_id: int) -> None:
        """Narrow an unscoped session to one community, for the rest of the transaction."""
        self.sync_session.info["community_id"] = community_id

    def at_end(self, do: Callable[[Session, list[_T]], Awaitable[None]], item: _T) -> None:
        """Let `do` run once at the end of the transaction, with all items given to it; only in `Database.write`.

        For rows that many people change: their locks are held for a moment, and one statement serves all.
        """
        self.sync_session.info.setdefault("at_end", {}).setdefault(do, []).append(item)

    async def finish(self) -> None:
        """Do what was left for the end."""
        for do, items in self.sync_session.info.pop("at_end", {}).items():
            await do(self, items)


class _Scoped(SyncSession):
    """Be the session whose questions are narrowed to `info["community_id"]`."""


@event.listens_for(_Scoped, "do_orm_execute")
def _narrow(state: ORMExecuteState) -> None:
    community = state.session.info.get("community_id")
    if not state.is_orm_statement:  # criteria mean nothing to it, but would cost as much
        return
    if community is None or _OWN in state.execution_options or state.is_column_load or state.is_relationship_load:
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


class OutOfReach(Exception):
    """No connection to the database could be opened."""


def own(query: _Q, table: type[OfCommunity]) -> _Q:
    """Narrow a question that is built once and asked often; it is asked with `own=db.community_id`.

    What `_narrow` adds to every other question costs more than the question itself.
    """
    return query.where(table.community_id == bindparam(_OWN)).execution_options(**{_OWN: True})


def unusable(error: BaseException) -> bool:
    """Tell whether the database, not the work, is why it failed: locked, full, out of reach, being restarted.

    The same work done again later may succeed; nothing of it was committed, unless the line broke at the very commit.
    """
    if not isinstance(error, DBAPIError):
        return isinstance(error, OutOfReach | DisconnectionError | PoolTimeout)
    if isinstance(error, OperationalError | InterfaceError):
        return getattr(error.orig, "sqlite_errorcode", None) != sqlite3.SQLITE_ERROR  # which is a wrong statement
    state = str(getattr(error.orig, "sqlstate", None) or "")
    return error.connection_invalidated or state[:2] in ("08", "40", "53", "55", "57", "58")


def away(error: BaseException) -> bool:
    """Tell the same for work that asks nothing but the database: trouble with opening a connection comes raw, too."""
    return unusable(error) or isinstance(error, OSError)


def passing(error: BaseException) -> bool:
    """Tell whether an unusable database is worth a second try at once: the line broke, or two waited for each other."""
    if not isinstance(error, DBAPIError):
        return isinstance(error, DisconnectionError)
    return error.connection_invalidated or str(getattr(error.orig, "sqlstate", None) or "")[:2] == "40"


class Database:
    """Be the way to the database: `write` transactions and `read` ones, each scoped to a community or to none.

    Values of statements never stand in error texts (`hide_parameters`), so that none reaches a log.
    """

    def __init__(self, url: str) -> None:
        self.url = normalise(url)
        self.sqlite = self.url.startswith("sqlite")
        if self.sqlite:
            self._writer = create_async_engine(
                self.url,
                pool_size=1,
                max_overflow=0,
                hide_parameters=True,
                connect_args={"async_creator_fn": inline.connect},
            )
            self._reader = create_async_engine(
                self.url,
                pool_size=4,
                max_overflow=4,
                hide_parameters=True,
                connect_args={"async_creator_fn": inline.connect},
            )
            for engine in (self._writer, self._reader):
                _prepare_sqlite(engine, reading=engine is self._reader)
        else:
            self._writer = create_async_engine(
                self.url,
                pool_size=10,
                max_overflow=10,
                pool_recycle=1800,
                hide_parameters=True,
                connect_args={"timeout": _CONNECT_SECONDS},
            )
            event.listen(self._writer.sync_engine, "checkout", _alive)
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
                try:
                    await session.connection()
                except (OSError, PostgresError) as error:  # raw, because there is no connection yet to wrap them
                    raise OutOfReach(type(error).__name__) from error
                yield session
                await session.finish()

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


def _alive(_connection: Any, record: Any, _proxy: Any) -> None:
    """Give no connection out that the server has closed; the pool opens a new one instead.

    The driver knows it already (asyncio has read the end of the stream), so this asks nobody, unlike a ping.
    """
    if record.driver_connection.is_closed():
        raise DisconnectionError("closed by the server")


def _prepare_sqlite(engine: AsyncEngine, *, reading: bool) -> None:
    pragmas = [
        f"busy_timeout={inline.LOCK_WAIT}",
        "foreign_keys=ON",
        "journal_mode=WAL",
        "synchronous=FULL",
        "secure_delete=ON",
    ]
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
        connection.exec_driver_sql("BEGIN" if reading else inline.BEGIN)
