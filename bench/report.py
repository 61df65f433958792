"""What a measurement comes out as: one row of the budget table, and the machine it was taken on."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

Say = Callable[[str], None]
"""Tells the person at the terminal how far it is."""


class Broken(Exception):
    """Say why a row could not be measured, or that what was counted is wrong; the exit code is 1."""


@dataclass(frozen=True, slots=True)
class Row:
    """Be one line of the table (design §9). `ratio` is figure by baseline; None where nothing was measured."""

    row: str
    figure: float | None
    unit: str
    baseline: float | None
    ratio: float | None
    budget: str
    met: bool
    note: str = ""
    """What a reader should know besides; shown in the table only."""

    def view(self) -> dict[str, Any]:
        """Give the row as `--json` prints it."""
        shown = asdict(self)
        del shown["note"]
        return shown


Measure = Callable[[bool, Say], Awaitable[list[Row]]]
"""Takes one budget: whether it shall be quick, and where to say how far it is. Raises `Broken`."""


def failed(row: str, unit: str, budget: str, why: str) -> Row:
    """Make the row of what could not be measured."""
    return Row(row, None, unit, None, None, budget, met=False, note=why)


def middle(values: Sequence[float]) -> float:
    """Give the median, so that one disturbed run does not count."""
    return float(median(values))


def percentile(values: Sequence[float], share: float) -> float:
    """Give the smallest value that at least this share of all is not above."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -int(-share * len(ordered) // 1) - 1))]


def machine() -> dict[str, Any]:
    """Describe the machine without naming it."""
    return {
        "system": platform.system(),
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "load": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "implementation": sys.implementation.name,
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.machine())
