"""What Block Kit takes and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.slack.blocks import check_blocks, check_view
from tests.sandbox.slack_world import buttons, modal, question, section


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def option(text: str, value: str | None = None) -> dict[str, Any]:
    return {"text": plain(text), "value": text if value is None else value}


def actions(**element: Any) -> dict[str, Any]:
    return {"type": "actions", "elements": [{"type": "button", "action_id": "a", "text": plain("x"), **element}]}


def radio(count: int, **more: Any) -> dict[str, Any]:
    return {"type": "radio_buttons", "options": [option(str(n)) for n in range(count)], **more}


def select(count: int, **more: Any) -> dict[str, Any]:
    return {"type": "static_select", "options": [option(str(n)) for n in range(count)], **more}


GOOD = [
    [section("*Hello* <!date^1796140800^{date_long_pretty} at {time}|20 May> <@U01> <https://x.org|there>")],
    [section("x" * 3000)],
    [{"type": "section", "fields": [{"type": "mrkdwn", "text": "y" * 2000}] * 10}],
    [{"type": "header", "text": plain("h" * 150)}, {"type": "divider"}],
    [{"type": "context", "elements": [plain("c")] * 10}],
    [buttons(*(str(n) for n in range(25)))],
    [actions(value="v" * 2000, url="https://x.org/" + "a" * 2900, style="danger")],
    [{**section("a"), "accessory": select(100)}],
    [question("q", "Question", radio(10, initial_option=option("3")))],
    [question("q", "When", {"type": "datetimepicker", "initial_date_time": 1796140800})],
    [section("x")] * 50,
    [{"type": "markdown", "text": "# x"}],
]


@pytest.mark.parametrize("blocks", GOOD, ids=range(len(GOOD)))
def test_sound_blocks_are_taken(blocks: list[dict[str, Any]]) -> None:
    assert check_blocks(blocks) == []


BAD: list[tuple[Any, str]] = [
    ("no list", "must provide an array"),
    ([section("x")] * 51, "no more than 50 items"),
    ([section("x" * 3001)], "must be less than 3001 characters [json-pointer:/blocks/0/text/text]"),
    ([section("")], "must be more than 0 characters"),
    ([{"type": "section"}], "must provide text or fields"),
    ([{"type": "section", "fields": [plain("y")] * 11}], "no more than 10 items"),
    ([{"type": "section", "fields": [plain("y" * 2001)]}], "less than 2001"),
    ([{"type": "header", "text": plain("h" * 151)}], "less than 151"),
    ([{"type": "header", "text": {"type": "mrkdwn", "text": "h"}}], "must be of type plain_text"),
    ([{"type": "context", "elements": [plain("c")] * 11}], "no more than 10 items"),
    ([buttons(*(str(n) for n in range(26)))], "no more than 25 items"),
    ([buttons("a", "a")], "already exists"),
    ([{**section("a"), "block_id": "b"}, {**section("c"), "block_id": "b"}], '`block_id` "b" already exists'),
    ([actions(text=plain("t" * 76))], "less than 76"),
    ([actions(text={"type": "mrkdwn", "text": "t"})], "must be of type plain_text"),
    ([actions(value="v" * 2001)], "less than 2001"),
    ([actions(url="https://x.org/" + "a" * 3000)], "less than 3001"),
    ([actions(url="javascript:alert(1)")], "expected pattern"),
    ([actions(style="default")], "must be one of primary, danger"),
    ([actions(action_id="i" * 256)], "less than 256"),
    ([actions(colour="red")], "invalid additional property: colour"),
    ([{"type": "actions", "elements": [{"type": "plain_text_input"}]}], "unsupported type: plain_text_input"),
    ([{"type": "carousel"}], "unsupported type: carousel"),
    ([{**section("a"), "accessory": {"type": "slider"}}], "unsupported type: slider"),
    ([{**section("a"), "accessory": select(101)}], "no more than 100 items"),
    ([{**section("a"), "accessory": radio(11)}], "no more than 10 items"),
    ([{**section("a"), "accessory": radio(2, initial_option=option("7"))}], "must match one of the options"),
    ([{**section("a"), "accessory": {"type": "static_select", "options": [option("o" * 76)]}}], "less than 76"),
    ([{**section("a"), "accessory": {"type": "static_select", "options": [option("o", "v" * 151)]}}], "less than 151"),
    ([{**section("a"), "accessory": {"type": "static_select"}}], "either options or option_groups"),
    ([question("q", "W", {"type": "datetimepicker", "initial_date_time": "2026-05-20"})], "must provide an integer"),
    ([question("q", "W", {"type": "datepicker", "initial_date": "20.05.2026"})], "expected pattern"),
    ([question("q", "l" * 2001, {"type": "plain_text_input"})], "less than 2001"),
    ([question("q", "L", {"type": "plain_text_input", "placeholder": plain("p" * 151)})], "less than 151"),
    ([question("q", "L", {"type": "plain_text_input", "max_length": 3001})], "between 1 and 3000"),
    ([question("q", "L", {"type": "plain_text_input", "max_length": 2, "initial_value": "abc"})], "exceed max_length"),
    ([section("<!date^1796140800|x>")], "invalid date token"),
    ([section("<!date^soon^{time}|x>")], "invalid date token"),
    ([section("<!date^1796140800^{clock}|x>")], "invalid date token"),
    ([section("<!date^1796140800^{time}>")], "invalid date token"),
    ([section("<!all>")], "unknown special mention"),
    ([{"type": "image", "alt_text": "x"}], "either image_url or slack_file"),
    ([{"type": "section", "text": "bare"}], "must be a text object"),
]


@pytest.mark.parametrize(("blocks", "why"), BAD, ids=range(len(BAD)))
def test_wrong_blocks_are_refused_and_the_reason_is_said(blocks: Any, why: str) -> None:
    assert why in " ".join(check_blocks(blocks))


def test_a_sound_modal_and_home_are_taken() -> None:
    inputs = [question(f"q{n}", "Q", {"type": "plain_text_input"}) for n in range(100)]
    assert check_view(modal(*inputs, private_metadata="m" * 3000, notify_on_close=True), "modal") == []
    assert check_view({"type": "home", "blocks": [section("x")] * 100}, "home") == []


@pytest.mark.parametrize(
    ("view", "why"),
    [
        (modal(title=plain("t" * 25)), "less than 25"),
        (modal(submit=plain("t" * 25)), "less than 25"),
        (modal(close={"type": "mrkdwn", "text": "x"}), "must be of type plain_text"),
        (modal(private_metadata="m" * 3001), "less than 3001"),
        (modal(*[section("x")] * 101), "no more than 100"),
        (modal({"type": "markdown", "text": "x"}), "unsupported type: markdown"),
        ({"type": "modal", "blocks": []}, "missing required field: title"),
        (modal(question("q", "Q", {"type": "plain_text_input"}), submit=None), "submit is required"),
        ({"type": "home", "blocks": []}, "must be a view of type modal"),
        (modal(colour="x"), "invalid additional property"),
        (
            modal(*(question(f"q{n}", "Q", {"type": "plain_text_input", "focus_on_load": True}) for n in range(2))),
            "only one element",
        ),
    ],
)
def test_wrong_modals_are_refused(view: dict[str, Any], why: str) -> None:
    assert why in " ".join(check_view(view, "modal"))
