"""The rows that were added for sending without limits, timers, planning and starting: with small counts, but whole."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from bench import planning_10k, send_lifted, start, timers_100k, writing
from bench.report import Broken, Row, failed
from bench.stall import Stall

MACHINE = {"cores": 2, "processor": "a processor", "python": "3.11.7", "load": 0.5}


def quiet(_text: str) -> None:
    pass


async def test_without_limits_everybody_gets_one_message_from_us_and_one_from_the_bare_loop() -> None:
    [row] = await send_lifted.measure(True, quiet, send_lifted.Size(messages=40, runs=1))
    assert (row.row, row.note) == ("send_lifted.telegram.sqlite", "40 messages, 8 at a time")
    assert row.figure
    assert row.baseline


async def test_sweeps_are_timed_with_and_without_waiting_timers_and_those_that_come_due_are_done() -> None:
    rows = await timers_100k.measure(True, quiet, timers_100k.Size(timers=300, sweeps=10, due=12, starts=0))
    assert [each.row for each in rows] == ["timers_100k.sweep", "timers_100k.stall"]
    assert all(each.figure and each.baseline for each in rows)


async def test_every_planned_member_has_a_row_and_memory_is_compared_over_the_runs() -> None:
    seconds, memory = await planning_10k.measure(True, quiet, planning_10k.Size(members=60, runs=1))
    assert (seconds.unit, memory.unit) == ("s", "MB")
    assert seconds.figure
    assert "resident" in memory.note


async def test_a_start_is_timed_until_the_program_is_ready() -> None:
    ready, memory = await start.measure(True, quiet, start.Size(members=2, starts=0))
    assert (ready.row, memory.row) == ("start.ready", "start.memory")
    assert ready.figure
    assert ready.baseline
    assert memory.figure
    assert memory.baseline
    assert memory.figure > memory.baseline


async def test_a_loop_that_is_held_is_seen() -> None:
    async with Stall() as stall:
        await asyncio.sleep(0.01)
        time.sleep(0.05)  # on purpose: nothing else can run
    assert stall.longest >= 0.045


@pytest.fixture
def page(tmp_path: Path) -> Path:
    page = tmp_path / "benchmarks.md"
    page.write_text(f"before\n{writing.BEGIN}nothing yet\n\n{writing.END}after\n")
    return page


def rows(figure: float) -> list[Row]:
    return [
        Row("a.b", figure, "ms", 10.0, 0.5, "<= 5 ms", met=True),
        Row("c", 1234.5, "MB", None, None, "<= 10 MB", met=False),
        failed("d", "s", "<= 2 s", "nobody is there"),
    ]


def test_figures_take_the_place_of_what_stood_there(page: Path) -> None:
    writing.write(rows(5), MACHINE, 83.2, page)
    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "2 cores (a processor), Python 3.11.7, load 0.5 before the run, 1 min 23 s." in text
    assert "| `a.b` | 5 ms | 10 ms | 0.5 | <= 5 ms | yes |" in text
    assert "| `c` | 1234 MB | – | – | <= 10 MB | no |" in text
    assert "| `d` | not measured: nobody is there | – | – | <= 2 s | no |" in text
    writing.write(rows(5), MACHINE, 83.2, page)
    assert page.read_text() == text


def test_a_row_measured_alone_leaves_the_others_and_what_is_said_about_the_run(page: Path) -> None:
    writing.write(rows(5), MACHINE, 83.2, page)
    writing.write(rows(7)[:1], {**MACHINE, "load": 9}, 5, page)
    text = page.read_text()
    assert "`a.b` | 7 ms" in text
    assert "1234 MB" in text
    assert "load 0.5" in text


def test_a_page_without_a_place_for_figures_is_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("nothing")
    with pytest.raises(ValueError, match=r"page\.md"):
        writing.write(rows(5), MACHINE, 1, page)
    assert page.read_text() == "nothing"


async def test_a_lost_message_is_never_a_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    async def lost(_number: int) -> tuple[float, float]:
        raise Broken("1 messages are missing, 0 came twice")

    monkeypatch.setattr(send_lifted, "_run", lost)
    [row] = await send_lifted.measure(True, quiet)
    assert (row.figure, row.met, row.note) == (None, False, "1 messages are missing, 0 came twice")
