"""The version of the tables: bring a database up to date, and refuse one that this program does not understand.

A new revision is written from the difference between the models and the last one, then read and corrected by hand:

    .venv/bin/python -m storage.schema "what changes"

The migration engine is separate from the bot's: on SQLite with `foreign_keys=OFF` and one transaction around all steps,
so a failing migration leaves the database as it was (tech §6). Alembic is imported when it migrates or compares, not
before: every start asks for the version, few migrate.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from asyncpg import PostgresError
from sqlalchemy import Connection, event, inspect, pool, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from storage import Base
from storage.database import normalise

if TYPE_CHECKING:
    from alembic.config import Config

SCRIPTS = Path(__file__).parent / "migrations"
_MIGRATING = 0x436F6E76  # one migration at a time on PostgreSQL: "Conv"
T = TypeVar("T")


class SchemaError(Exception):
    """Say in one line why a database cannot be used; the program ends with exit code 2."""


def sqlite_file(url: str) -> Path | None:
    """Give the file of a SQLite address; None for another kind of database."""
    parsed = make_url(_address(url))
    return Path(parsed.database) if parsed.get_backend_name() == "sqlite" and parsed.database else None


def _address(url: str) -> str:
    try:
        return normalise(url)
    except (ValueError, ArgumentError) as error:
        said = str(error) if isinstance(error, ValueError) else "is no database address"
        raise SchemaError(f"DATABASE_URL: {said.removeprefix('DATABASE_URL: ')}") from None


def missing(url: str) -> bool:
    """Tell whether the address names a SQLite file that is not there (an empty file counts as missing)."""
    path = sqlite_file(url)
    return path is not None and not (path.exists() and path.stat().st_size)


def head() -> str:
    """Give the newest revision this program knows."""
    return revisions()[-1]


def revisions() -> list[str]:
    """Give all revisions this program knows, oldest first: the numbers their files begin with."""
    return sorted(each.name.partition("_")[0] for each in (SCRIPTS / "versions").glob("[0-9]*.py"))


async def current(url: str) -> str | None:
    """Give a database's revision, None for one without tables. Raise `SchemaError` if it cannot be read."""
    if missing(url):
        raise SchemaError(f"there is no database at {sqlite_file(url)}; `convenor init FILE` creates it")
    return await _on(_engine(url, reading=True), _revision)


async def newer(url: str) -> bool:
    """Tell whether a newer program has changed the database: its revision is none of ours."""
    found = await current(url)
    return found is not None and found not in revisions()


async def require(url: str, *, writing: bool = True) -> str:
    """Give the revision of a database that is fit for use. Raise `SchemaError` that says what to do if it is not."""
    found, wanted = await current(url), head()
    if found is None:
        raise SchemaError("the database has no tables yet; `convenor init FILE` creates them")
    if found not in revisions():
        raise SchemaError(f"the database is of a newer program (revision {found}, ours {wanted}); update Convenor")
    if found != wanted:
        raise SchemaError(f"the database is at revision {found}, this program needs {wanted}; run `convenor migrate`")
    path = sqlite_file(url)
    if writing and path is not None and not _writable(path):
        raise SchemaError(f"the database {path} cannot be written; check the rights of the file and its folder")
    return found


def _writable(path: Path) -> bool:
    """Tell whether we may write a file and its folder; root, who may always, keeps to the file's own marks."""
    marked = path.stat().st_mode & 0o222 == 0
    return not marked and os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)


async def upgrade(url: str, revision: str = "head", *, scripts: Path | None = None) -> str:
    """Bring a database to a revision and give it; a SQLite file is created. Raise `SchemaError`, nothing half done.

    `scripts` adds a folder of further revisions (tests of what a migration keeps).
    """
    path = sqlite_file(url)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
    if scripts is None and not missing(url) and await newer(url):
        raise SchemaError("the database is of a newer program than this one; update Convenor, nothing was changed")

    def run(connection: Connection) -> None:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": _MIGRATING})
        _migrate("upgrade", _config(connection, scripts), revision)

    await _on(_engine(url), run)
    found = await current(url)
    return found or ""


async def downgrade(url: str, revision: str) -> None:
    """Bring a database back to a revision, `base` for none; what the newer tables held is lost."""
    await _on(_engine(url), lambda connection: _migrate("downgrade", _config(connection), revision))


def compared(name: str | None, _kind: str, _parents: Any) -> bool:
    """Tell whether what a database holds under this name is compared: not the library's index, which is no table of
    ours (`storage/search.py`)."""
    return name is None or not (name.startswith("search_words") or name in ("vector", "ix_search_entry_vector"))


async def differences(url: str) -> list[Any]:
    """Give what separates a database from the models, as Alembic names it; empty when they agree."""
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    def compare(connection: Connection) -> list[Any]:
        opts = {"compare_type": True, "include_name": compared}
        context = MigrationContext.configure(connection, opts=opts)
        return list(compare_metadata(context, Base.metadata))

    return await _on(_engine(url), compare)


async def _on(engine: AsyncEngine, work: Callable[[Connection], T]) -> T:
    try:
        async with engine.begin() as connection:
            return await connection.run_sync(work)
    except (SQLAlchemyError, PostgresError, OSError, RuntimeError) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        raise SchemaError(f"the database cannot be used: {str(cause).splitlines()[0]}") from error
    finally:
        await engine.dispose()


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def _migrate(way: str, config: Config, revision: str) -> None:
    from alembic import command
    from alembic.util import CommandError

    try:
        getattr(command, way)(config, revision)
    except CommandError as error:
        raise RuntimeError(str(error)) from error


def _config(connection: Connection, scripts: Path | None = None) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    if scripts is not None:
        config.set_main_option("path_separator", "newline")
        config.set_main_option("version_locations", f"{SCRIPTS / 'versions'}\n{scripts}".replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _engine(url: str, *, reading: bool = False) -> AsyncEngine:
    """Make an engine of our own: not pooled, on SQLite without foreign keys and begun by hand."""
    path = sqlite_file(url)
    if path is not None and reading:
        url = f"sqlite+aiosqlite:///file:{quote(str(path.absolute()))}?mode=ro&uri=true"
    engine = create_async_engine(_address(url), poolclass=pool.NullPool)
    if path is not None:

        @event.listens_for(engine.sync_engine, "connect")
        def _connect(connection: Any, _record: Any) -> None:
            connection.isolation_level = None
            cursor = connection.cursor()
            cursor.execute("PRAGMA foreign_keys=OFF")
            cursor.execute("PRAGMA busy_timeout=10000")
            cursor.close()

        @event.listens_for(engine.sync_engine, "begin")
        def _begin(connection: Any) -> None:
            connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine


async def _draft(message: str) -> None:
    from alembic import command

    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/draft.sqlite3"
        known = revisions()
        if known:
            await upgrade(url)

        def write(connection: Connection) -> None:
            command.revision(_config(connection), message, autogenerate=True, rev_id=f"{len(known) + 1:04}")

        await _on(_engine(url), write)


if __name__ == "__main__":
    asyncio.run(_draft(" ".join(sys.argv[1:]) or "a change"))
