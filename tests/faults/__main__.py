"""`python -m tests.faults`: play the fault matrix of docs/reliability.md, and print what became of the messages."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from bench import postgres
from bot.log import set_up
from tests.faults.processes import nursery
from tests.faults.register import Fault, load
from tests.faults.stage import Tools, run
from tests.faults.town import Prepared
from tests.faults.verdict import Verdict

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
BEGIN, END = "<!-- faults: begin -->", "<!-- faults: end -->"


def main(argv: Sequence[str] | None = None) -> int:
    """Play and show; 0 when every row is as expected, 1 when one is not, 2 wrong usage."""
    rows = {each.number: each for each in load()}
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    parser.add_argument("--quick", action="store_true", help="few members and one seed, as in `make test`")
    parser.add_argument("--row", action="append", choices=sorted(rows), help="only this row; may be given again")
    parser.add_argument("--seeds", type=int, default=0, help="how many seeds each row is played with (2; quick: 1)")
    parser.add_argument("--n", type=int, default=0, help="members per platform; by default 1,000 for most rows")
    parser.add_argument("--jobs", type=int, default=2, help="rows at the same time (2); those that measure go alone")
    parser.add_argument("--write", action="store_true", help="write the rows into docs/reliability.md")
    given = parser.parse_args(argv)
    for name in [each for each in os.environ if each.lower() in ("http_proxy", "https_proxy", "all_proxy")]:
        del os.environ[name]  # everything is on loopback
    set_up("WARNING")
    console = Console(stderr=True)
    started = time.monotonic()
    wanted = [rows[each] for each in given.row] if given.row else list(rows.values())
    try:
        results = asyncio.run(_play(wanted, given, console))
    except (KeyboardInterrupt, asyncio.CancelledError):
        console.print("Stopped; everything that was started has ended.")
        return 1
    out = console if given.json else Console()
    out.width = max(out.width, 140)
    out.print(table(results))
    console.print(f"{time.monotonic() - started:.0f} s")
    if given.json:
        print(json.dumps({"faults": [view(*each) for each in results]}))
    return 0 if all(found is None or found.ok for _, found, _, _ in results) else 1


Result = tuple[Fault, Verdict | None, int, int]
"""A row, the sum of its runs (none if it cannot run here), members per platform, and how many seeds."""


async def _play(rows: Sequence[Fault], given: argparse.Namespace, console: Console) -> list[Result]:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="faults-")))
        tools = Tools(await stack.enter_async_context(nursery()), Prepared(folder), _server(stack))
        lanes = asyncio.Semaphore(max(1, given.jobs))

        async def one(fault: Fault) -> Result:
            async with lanes:
                result = await _row(fault, tools, given, console)
            if given.write:  # at once: an hour may be cut short
                write(result)
            return result

        found = {each.number: await one(each) for each in rows if each.alone}
        beside = [each for each in rows if not each.alone]
        for result in await asyncio.gather(*(one(each) for each in beside)):
            found[result[0].number] = result
    return [found[each.number] for each in rows]


async def _row(fault: Fault, tools: Tools, given: argparse.Namespace, console: Console) -> Result:
    """Play one row with all its seeds."""
    if fault.play is None:
        return fault, None, 0, 0
    n = given.n or (fault.n if given.quick else fault.full)
    seeds = given.seeds or (1 if given.quick else 2)
    seeds = min(seeds, fault.seeds) if fault.seeds else seeds
    total: Verdict | None = None
    for seed in range(1, seeds + 1):
        one = await _once(fault, tools, seed, n, quick=given.quick)
        said = "as expected" if one.ok else "NOT AS EXPECTED"
        notes = ", ".join(f"{name} {value:g}" for name, value in one.notes.items())
        console.print(f"{fault.number} {fault.what}, n {n}, seed {seed}: {said}; {notes}", markup=False, soft_wrap=True)
        if not one.ok:
            console.print(str(one), markup=False, soft_wrap=True)
        total = one if total is None else total + one
    return fault, total, n, seeds


async def _once(fault: Fault, tools: Tools, seed: int, n: int, *, quick: bool) -> Verdict:
    seconds = fault.seconds if quick else max(600.0, fault.seconds * 10)
    try:
        return await run(fault, tools, seed, n, seconds, full=not quick)
    except Exception as error:
        return Verdict(problems=[f"the row itself failed: {type(error).__name__}: {error}"])


def _server(stack: AsyncExitStack) -> Callable[[], Awaitable[str]]:
    """Give a way to the one PostgreSQL of this run, which starts when it is first asked for."""
    started: list[str] = []

    async def folder() -> str:
        if not started:
            started.append(await stack.enter_async_context(postgres.server()))
        return started[0]

    return folder


def view(fault: Fault, found: Verdict | None, n: int, seeds: int) -> dict[str, Any]:
    """Give a row as `--json` prints it (design §9)."""
    counts = {name: getattr(found, name, None) for name in ("lost", "duplicated", "unknown")}
    expected = fault.expected if found else f"cannot run here: {fault.cannot}"
    ok = None if found is None else found.ok
    return {"fault": fault.number, "n": n, "seeds": seeds, **counts, "expected": expected, "ok": ok}


def cells(fault: Fault, found: Verdict | None, n: int, seeds: int) -> list[str]:
    """Give a row as the tables show it."""
    if found is None:
        return [fault.number, fault.what, "-", "-", "-", "-", "-", f"cannot run here: {fault.cannot}", "-"]
    counts = [str(each) for each in (n, seeds, found.lost, found.duplicated, found.unknown)]
    return [fault.number, fault.what, *counts, fault.expected, "yes" if found.ok else "NO"]


HEADINGS = ("row", "fault", "n", "seeds", "lost", "duplicated", "unknown", "expected", "as expected")


def table(results: Sequence[Result]) -> Table:
    """Draw the rows for a person."""
    drawn = Table(title="Faults (docs/reliability.md)", box=SIMPLE_HEAD, pad_edge=False)
    for heading in HEADINGS:
        drawn.add_column(heading, justify="right" if heading in HEADINGS[2:7] else "left")
    for each in results:
        drawn.add_row(*cells(*each))
    return drawn


def write(result: Result) -> None:
    """Put one row into the table of the page, between its two marks; the others stay as they are."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    between, _, after = rest.partition(END)
    known = {line[2:5]: line for line in between.splitlines() if line.startswith("| F")}
    known[result[0].number] = f"| {' | '.join(each.replace('|', '/') for each in cells(*result))} |"
    lines = [f"| {' | '.join(HEADINGS)} |", "|---" * len(HEADINGS) + "|", *(known[each] for each in sorted(known))]
    text = "\n".join(lines)
    PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
