"""The list of faults: one async function per row of the matrix, registered with its number and its sizes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from tests.faults.stage import Stage
    from tests.faults.verdict import Verdict

Play: TypeAlias = "Callable[[Stage, int, int], Awaitable[Verdict]]"


@dataclass(frozen=True, slots=True)
class Fault:
    """Be one row: `play(stage, seed, n)` hurts the program and gives what became of the messages."""

    number: str
    what: str
    expected: str
    platforms: tuple[str, ...]
    n: int
    """Members per platform in `make test`; `full` in `make faults`."""
    full: int
    postgres: bool
    clock: bool
    """Whether the bot follows the sandbox's movable clock."""
    settings: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 100.0
    """Longest time of one short run; a full one may take ten times that, at least ten minutes."""
    seeds: int = 0
    """Most seeds of `make faults`; 0 = as many as are asked for."""
    alone: bool = False
    """Whether it measures time, so that `make faults` plays nothing beside it."""
    cannot: str = ""
    """Why the row cannot run here; shown in the table."""
    play: Play | None = None

    def __str__(self) -> str:
        return self.number


ROWS: dict[str, Fault] = {}


def row(
    number: str,
    what: str,
    *,
    expected: str,
    platforms: tuple[str, ...] = ("telegram", "slack"),
    n: int = 100,
    full: int = 1000,
    postgres: bool = False,
    clock: bool = False,
    settings: Mapping[str, str] | None = None,
    seconds: float = 100.0,
    seeds: int = 0,
    alone: bool = False,
) -> Callable[[Play], Play]:
    """Register a row of reliability §3. `expected` is what the table says must come out, in a few words."""

    def add(play: Play) -> Play:
        assert number not in ROWS, f"{number} is registered twice"
        ROWS[number] = Fault(
            number,
            what,
            expected,
            platforms,
            n,
            full,
            postgres,
            clock,
            settings or {},
            seconds,
            seeds,
            alone,
            play=play,
        )
        return play

    return add


def cannot(number: str, what: str, *, expected: str, why: str) -> None:
    """Name a row that cannot run on this machine, and why."""
    ROWS[number] = Fault(number, what, expected, (), 0, 0, False, False, cannot=why)


def load() -> list[Fault]:
    """Import every `rows_*.py` here and give all rows in the order of their numbers."""
    for each in sorted(Path(__file__).parent.glob("rows_*.py")):
        import_module(f"tests.faults.{each.stem}")
    return [ROWS[each] for each in sorted(ROWS, key=lambda number: (len(number), number))]
