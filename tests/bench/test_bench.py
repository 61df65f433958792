from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from bench import __main__ as program
from bench import ack_under_500_presses, rsvp_press, send_under_limits
from bench.report import Broken, Row, failed, percentile


def quiet(_text: str) -> None:
    pass


async def test_a_press_is_measured_on_both_platforms_with_exact_counts_on_both_sides() -> None:
    size = rsvp_press.Size(presses=24, runs=1, members=24, postgres=False)
    rows = await rsvp_press.measure(True, quiet, size)
    assert [each.row for each in rows] == ["rsvp_press.telegram.sqlite", "rsvp_press.slack.sqlite"]
    for each in rows:
        assert each.note == ""
        assert each.figure
        assert each.baseline
        assert each.ratio == pytest.approx(each.figure / each.baseline, rel=0.05)


async def test_acknowledgments_are_timed_on_the_sandbox_and_every_reply_counts() -> None:
    size = ack_under_500_presses.Size(presses=12, runs=1, within=0.2, platforms=("slack",))
    rows = await ack_under_500_presses.measure(True, quiet, size)
    assert [each.row for each in rows] == ["ack_under_500_presses.slack"]
    for each in rows:
        assert each.note == "12 presses only"
        assert each.figure
        assert 0 < each.figure < 30


async def test_everybody_gets_one_message_and_the_rate_is_compared_with_the_limit() -> None:
    [row] = await send_under_limits.measure(True, quiet, send_under_limits.Size(telegram=40, slack=0))
    assert row.row == "send_under_limits.telegram"
    assert row.baseline == 30
    assert "40 messages" in row.note
    assert row.figure


def test_the_share_of_a_percentile_is_counted_from_below() -> None:
    assert percentile([float(each) for each in range(1, 101)], 0.99) == 99
    assert percentile([1.0], 0.99) == 1
    assert percentile([2.0, 1.0], 0.5) == 1


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Row]]:
    """Give what the rows come out as, so that the program can be tried without measuring."""
    rows = {name: [Row(f"{name}.telegram", 8.0, "s", 10.0, 0.8, "ratio >= 0.7", met=True)] for name in program.ROWS}

    def taken(name: str) -> Any:
        async def measure(_quick: bool, _say: Any) -> list[Row]:
            if not rows[name]:
                raise Broken("nobody is there")
            return rows[name]

        return measure

    known = {name: (taken(name), unit, budget) for name, (_, unit, budget) in program.ROWS.items()}
    monkeypatch.setattr(program, "ROWS", known)
    monkeypatch.setattr(program, "set_up", lambda _level: None)
    return rows


def test_json_is_the_last_line_and_has_the_shape_of_the_design(
    measured: dict[str, list[Row]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert program.main(["--json"]) == 0
    body = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert set(body) == {"machine", "rows"}
    assert body["machine"]["python"]
    assert [each["row"].partition(".")[0] for each in body["rows"]] == list(measured)
    for each in body["rows"]:
        assert list(each) == ["row", "figure", "unit", "baseline", "ratio", "budget", "met"]


def test_a_missed_budget_is_no_failure_but_what_could_not_be_measured_is(
    measured: dict[str, list[Row]], capsys: pytest.CaptureFixture[str]
) -> None:
    measured["rsvp_press"] = [Row("rsvp_press.slack", 1.0, "s", 10.0, 0.1, "ratio >= 0.7", met=False)]
    assert program.main(["--row", "rsvp_press"]) == 0
    assert "no" in capsys.readouterr().out
    measured["rsvp_press"] = []
    assert program.main(["--row", "rsvp_press"]) == 1
    assert "nobody is there" in capsys.readouterr().out
    assert program.main(["--row", "ack_under_500_presses"]) == 0


def test_the_table_shows_what_is_missing_as_a_dash(tmp_path: Path) -> None:
    console = Console(width=120, record=True, quiet=False, file=(tmp_path / "out").open("w"))
    with console.file:
        console.print(program.table([failed("rsvp_press", "presses/s", "ratio >= 0.7", "no bot")]))
    assert "-" in (tmp_path / "out").read_text()
