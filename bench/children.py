"""Processes of their own, on this machine only; every one that is started here is ended here."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from bench.report import Broken

ROOT = Path(__file__).parent.parent
_OURS = ("TELEGRAM_", "SLACK_", "CONVENOR_", "DATABASE_", "PUBLIC_", "HTTP_HOST", "HTTP_PORT", "LOG_")
_PROXIES = ("http_proxy", "https_proxy", "all_proxy")


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Give an environment without settings of a real installation and without proxies."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.upper().startswith(_OURS) and name.lower() not in _PROXIES
    }
    return kept | {"PYTHONPATH": str(ROOT)} | dict(more or {})


@asynccontextmanager
async def child(
    module: str, *args: str, folder: Path, more: Mapping[str, str] | None = None, says: bool = True
) -> AsyncIterator[str]:
    """Run `python -m module` for the block; with `says`, wait for its first line and give it. Raise `Broken`."""
    async with running("-m", module, *args, name=module, folder=folder, more=more) as process:
        assert process.stdout is not None
        line = b""
        if says:
            with contextlib.suppress(TimeoutError):
                line = await asyncio.wait_for(process.stdout.readline(), 30)
            if not line.strip():
                raise Broken(f"{module} did not start: {complaints(folder / f'{module}.log')}")
        yield line.decode().strip()


@asynccontextmanager
async def running(
    *args: str, name: str, folder: Path, more: Mapping[str, str] | None = None
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run our Python with these arguments, such as `-m bot run`, for the block.

    It works in `folder`, where no settings file of ours is; what it complains about is kept there as `name`.log.
    """
    with (folder / f"{name}.log").open("ab") as errors:
        process = await asyncio.create_subprocess_exec(
            sys.executable, *args, cwd=folder, env=environment(more),
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=errors,
        )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), 15)
            except TimeoutError:
                process.kill()
                await process.wait()
        # communicate() closes the pipe, which else would be reported as left open
        await process.communicate()


def complaints(log: Path) -> str:
    """Give the last line a process wrote on standard error."""
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines() if log.exists() else []
    return lines[-1][:200] if lines else "it said nothing"
