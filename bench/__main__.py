"""`python -m bench`: measure the budgets of the design as ratios to baselines taken in the same run."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from bench import (
    ack_under_500_presses,
    files_memory,
    planning_10k,
    rsvp_press,
    send_lifted,
    send_under_limits,
    start,
    timers_100k,
    writing,
)
from bench.report import Broken, Measure, Row, failed, machine
from bot.log import set_up

MODULES = (
    rsvp_press, ack_under_500_presses, send_under_limits, send_lifted, timers_100k, planning_10k, files_memory, start,
)  # fmt: skip
ROWS: dict[str, tuple[Measure, str, str]] = {each.NAME: (each.measure, each.UNIT, each.BUDGET) for each in MODULES}


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and show; 0 when everything could be measured, 1 when not or when counts were wrong, 2 wrong usage."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    parser.add_argument(
        "--quick", action="store_true", help="small counts: a minute or two instead of seven, only a first look"
    )
    parser.add_argument("--row", action="append", choices=sorted(ROWS), help="only this row; may be given again")
    parser.add_argument("--write", action="store_true", help="put the figures into docs/benchmarks.md")
    given = parser.parse_args(argv)
    if given.write and given.quick:
        parser.error("small counts are not written down: --quick and --write exclude each other")
    for name in [each for each in os.environ if each.lower() in ("http_proxy", "https_proxy", "all_proxy")]:
        del os.environ[name]  # everything is on loopback
    set_up("WARNING")
    console = Console(stderr=True)
    started, described = time.monotonic(), machine()
    try:
        rows = asyncio.run(_measure(given.row or list(ROWS), given.quick, console))
    except (KeyboardInterrupt, asyncio.CancelledError):
        console.print("Stopped; everything that was started has ended.")
        return 1
    out = console if given.json else Console()
    out.width = max(out.width, 110)
    out.print(table(rows))
    for each in [each for each in rows if each.note]:
        out.print(f"{each.row}: {each.note}", markup=False, soft_wrap=True)
    seconds = time.monotonic() - started
    console.print(f"{seconds:.0f} s")
    if given.write:
        writing.write(rows, described, seconds)
    if given.json:
        print(json.dumps({"machine": described, "rows": [each.view() for each in rows]}))
    return 1 if any(each.figure is None for each in rows) else 0


async def _measure(names: Sequence[str], quick: bool, console: Console) -> list[Row]:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    rows: list[Row] = []
    for name in names:
        measure, unit, budget = ROWS[name]
        try:
            rows += await measure(quick, lambda text: console.print(f"[dim]measuring {text}[/dim]"))
        except Broken as error:
            rows.append(failed(name, unit, budget, str(error)))
        except Exception as error:
            console.print_exception()
            rows.append(failed(name, unit, budget, type(error).__name__))
    return rows


def table(rows: Sequence[Row]) -> Table:
    """Draw the rows for a person."""
    drawn = Table(title="Budgets (design, section 7)", box=SIMPLE_HEAD, pad_edge=False)
    for heading in ("row", "figure", "baseline", "unit", "ratio", "budget", "met"):
        right = heading in ("figure", "baseline", "ratio")
        drawn.add_column(heading, justify="right" if right else "left", no_wrap=True, overflow="fold")
    for each in rows:
        shown = [f"{value:g}" if value is not None else "-" for value in (each.figure, each.baseline, each.ratio)]
        met = "[green]yes[/green]" if each.met else "[red]no[/red]"
        drawn.add_row(each.row, shown[0], shown[1], each.unit, shown[2], each.budget, met)
    return drawn


if __name__ == "__main__":
    sys.exit(main())
