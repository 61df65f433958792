"""From the start of the process to ready, with a community of 24 members, and what it then takes of memory."""

from __future__ import annotations

import sys
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from bench import stage as stages
from bench import town
from bench.children import complaints, running
from bench.report import Broken, Row, Say, middle

NAME, UNIT, BUDGET = "start", "s", "<= 2 s, <= 150 MB"
READY_MOST, MEMORY_MOST = 2.0, 150.0
BARE = "import telegram, slack_bolt.async_app, aiohttp, sqlalchemy.ext.asyncio, aiosqlite"
"""What any bot on these libraries needs before its first line: the baseline imports it and ends."""
PEAK = "; print(next(line for line in open('/proc/self/status') if line.startswith('VmHWM')))"


@dataclass(frozen=True, slots=True)
class Size:
    """Say how many members there are on each platform, and how often is started; the first start does not count."""

    members: int = 12
    starts: int = 5


async def measure(quick: bool, say: Say, size: Size | None = None) -> list[Row]:
    """Take the time to ready and the memory; both platforms are on, over polling and Socket Mode."""
    if not sys.platform.startswith("linux"):
        raise Broken("memory is read from /proc, which is there on Linux only")
    size = size or (Size(starts=2) if quick else Size())
    people = [*town.crowd("telegram", size.members), *town.crowd("slack", size.members)]
    seconds: dict[str, list[float]] = {"ours": [], "bare": []}
    megabytes: dict[str, list[float]] = {"ours": [], "bare": []}
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        url = f"sqlite:///{folder}/convenor.sqlite3"
        await town.fill(url, people)
        stage = await stack.enter_async_context(stages.sandbox(folder, people))
        await stage.control("limits", enabled=False)
        for turn in range(size.starts + 1):
            say(f"{NAME}: {turn + 1} of {size.starts + 1}")
            for side, (took, memory) in (("bare", await _bare(folder)), ("ours", await _ours(folder, stage, url))):
                if turn or not size.starts:
                    seconds[side].append(took)
                    megabytes[side].append(memory)
    ready, resident = middle(seconds["ours"]), middle(megabytes["ours"])
    note = f"slowest {max(seconds['ours']):.2f} s; baseline: importing the libraries alone"
    return [
        _row("ready", UNIT, ready, middle(seconds["bare"]), "<= 2 s", ready <= READY_MOST, note),
        _row("memory", "MB", resident, middle(megabytes["bare"]), "<= 150 MB", resident <= MEMORY_MOST, "peak"),
    ]


def _row(name: str, unit: str, figure: float, baseline: float, budget: str, met: bool, note: str) -> Row:
    return Row(
        f"{NAME}.{name}", round(figure, 3), unit, round(baseline, 3), round(figure / baseline, 3), budget, met, note
    )


async def _ours(folder: Path, stage: stages.Stage, url: str) -> tuple[float, float]:
    """Give seconds to ready and the most memory resident until then, in MB."""
    started = time.monotonic()
    async with stages.convenor(folder, stage, url, ("telegram", "slack")) as process:
        took = time.monotonic() - started
        peak = _megabytes(_status(process.pid))
    return took, peak


async def _bare(folder: Path) -> tuple[float, float]:
    started = time.monotonic()
    async with running("-c", BARE + PEAK, name="bare", folder=folder) as process:
        said, _ = await process.communicate()
        took = time.monotonic() - started
    if process.returncode:
        raise Broken(f"the libraries alone do not start: {complaints(folder / 'bare.log')}")
    return took, _megabytes(said.decode())


def _status(pid: int) -> str:
    return Path(f"/proc/{pid}/status").read_text(encoding="ascii")


def _megabytes(status: str) -> float:
    """Read the peak of resident memory in what /proc tells about a process."""
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024
