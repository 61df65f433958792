"""The figures in docs/benchmarks.md: what was measured takes the place of what stood there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.report import Row

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
BEGIN, END = "<!-- figures: written by `make bench ARGS=--write` -->\n", "<!-- end of figures -->\n"
HEAD = "| row | ours | baseline | ratio | budget | met |\n|---|---|---|---|---|---|\n"


def write(rows: Sequence[Row], machine: Mapping[str, Any], seconds: float, page: Path = PAGE) -> None:
    """Put these rows into the page; rows not measured this time stay. Raise `ValueError` without its marks."""
    text = page.read_text(encoding="utf-8")
    before, begun, rest = text.partition(BEGIN)
    old, ended, after = rest.partition(END)
    if not begun or not ended:
        raise ValueError(f"{page.name} has no place for figures")
    lines = {line.split("`")[1]: line for line in old.splitlines() if line.startswith("| `")}
    whole = len(rows) >= len(lines)
    lines = ({} if whole else lines) | {each.row: _line(each) for each in rows}
    table = "".join(f"{line}\n" for line in lines.values())
    story = _story(machine, seconds) if whole else "".join(f"{line}\n" for line in old.split("\n\n")[0].splitlines())
    page.write_text(f"{before}{BEGIN}{story}\n{HEAD}{table}{END}{after}", encoding="utf-8")


def _story(machine: Mapping[str, Any], seconds: float) -> str:
    today = datetime.now(UTC).date().isoformat()
    minutes = f"{int(seconds // 60)} min {int(seconds % 60)} s"
    return (
        f"{today}, {machine['cores']} cores ({machine['processor']}), Python {machine['python']}, "
        f"load {machine['load']} before the run, {minutes}.\n"
    )


def _line(row: Row) -> str:
    if row.figure is None:
        return f"| `{row.row}` | not measured: {row.note} | – | – | {row.budget} | no |"
    baseline = f"{_short(row.baseline)} {row.unit}" if row.baseline is not None else "–"
    ratio = _short(row.ratio) if row.ratio is not None else "–"
    met = "yes" if row.met else "no"
    return f"| `{row.row}` | {_short(row.figure)} {row.unit} | {baseline} | {ratio} | {row.budget} | {met} |"


def _short(value: float) -> str:
    """Give three figures that count."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
