"""Triggers, the stack of modals, hashes, and what a person fills in."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.slack import views
from tests.sandbox.slack_world import Box, modal, question, running, section


async def opened(box: Box, *blocks: dict[str, Any], **more: Any) -> Any:
    trigger = box.side.desks["T1"].trigger("U01")
    return (await box.client.views_open(trigger_id=trigger, view=modal(*blocks, **more)))["view"]


async def test_a_trigger_works_once_and_for_three_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running() as box:
        trigger, view = box.side.desks["T1"].trigger("U01"), modal(section("x"))
        await box.client.views_open(trigger_id=trigger, view=view)
        refused = await box.error(box.client.views_open(trigger_id=trigger, view=view))
        assert refused["error"] == "trigger_exchanged"
        late = box.side.desks["T1"].trigger("U01")
        monkeypatch.setattr(views, "TRIGGER_SECONDS", -1.0)
        assert (await box.error(box.client.views_open(trigger_id=late, view=view)))["error"] == "trigger_expired"
        assert (await box.error(box.client.views_open(trigger_id="x", view=view)))["error"] == "invalid_trigger_id"


async def test_three_modals_are_the_most() -> None:
    async with running() as box:
        desk = box.side.desks["T1"]
        await opened(box, section("1"))
        for n in "23":
            await box.client.views_push(trigger_id=desk.trigger("U01"), view=modal(section(n)))
        refused = await box.error(box.client.views_push(trigger_id=desk.trigger("U01"), view=modal(section("4"))))
        assert refused["error"] == "push_limit_reached"
        assert ((await box.screen())["depth"], (await box.screen())["modal"]["text"]) == (3, "3")


async def test_a_view_is_updated_in_place_unless_the_hash_is_old() -> None:
    async with running() as box:
        view = await opened(box, section("loading"), external_id="e1")
        newer = await box.client.views_update(view_id=view["id"], hash=view["hash"], view=modal(section("ready")))
        assert newer["view"]["id"] == view["id"]
        refused = await box.error(
            box.client.views_update(view_id=view["id"], hash=view["hash"], view=modal(section("late")))
        )
        assert refused["error"] == "hash_conflict"
        assert (await box.error(box.client.views_update(view_id="V9", view=modal(section("x")))))[
            "error"
        ] == "not_found"
        assert (await box.screen())["modal"]["text"] == "ready"


async def test_a_wrong_view_is_explained() -> None:
    async with running() as box:
        trigger = box.side.desks["T1"].trigger("U01")
        refused = await box.error(box.client.views_open(trigger_id=trigger, view={"type": "modal", "blocks": []}))
        assert refused["error"] == "invalid_arguments"
        assert "missing required field: title" in refused["response_metadata"]["messages"][0]
        refused = await box.error(box.client.views_publish(user_id="U77", view={"type": "home", "blocks": []}))
        assert refused["error"] == "user_not_found"


def option(text: str, value: str) -> dict[str, Any]:
    return {"text": {"type": "plain_text", "text": text}, "value": value}


async def test_every_kind_of_input_is_filled_as_slack_does() -> None:
    async with running() as box:
        options = [option("One", "1"), option("Two", "2"), option("Three", "3")]
        await opened(
            box,
            question("radio", "Radio", {"type": "radio_buttons", "options": options, "initial_option": options[0]}),
            question("select", "Select", {"type": "static_select", "options": options}),
            question("boxes", "Boxes", {"type": "checkboxes", "options": options}),
            question("many", "Many", {"type": "multi_static_select", "options": options, "max_selected_items": 1}),
            question("when", "When", {"type": "datetimepicker"}),
            question("day", "Day", {"type": "datepicker"}),
            question("who", "Who", {"type": "users_select"}),
            question("mail", "Mail", {"type": "email_text_input"}),
            question("n", "N", {"type": "number_input", "is_decimal_allowed": False, "max_value": "9"}),
            question("free", "Free", {"type": "plain_text_input"}, optional=True),
        )
        values = {
            "Select": "Two",
            "boxes": ["1", "Three"],
            "many": ["1", "2"],
            "when": "2026-05-20T10:00",
            "day": "2026-05-20",
            "who": "m02",
            "mail": "nobody",
            "n": "12",
        }
        wrong = await box.play("submit", values=values)
        assert wrong["error"] == "Many: at most 1; Mail: 'nobody' is not in the right form; N: between None and 9"
        shown = {each["block_id"]: each["value"] for each in (await box.screen())["modal"]["inputs"]}
        assert shown == {
            "radio": options[0],
            "select": options[1],
            "boxes": [options[0], options[2]],
            "many": options[:2],
            "when": 1779264000,
            "day": "2026-05-20",
            "who": "U02",
            "mail": "nobody",
            "n": "12",
            "free": None,
        }
        assert (await box.play("submit", values={"radio": "Seven"}))["status"] == 400


async def test_a_file_is_picked_by_name_and_content_and_its_ending_is_checked() -> None:
    element = {"type": "file_input", "filetypes": ["csv"], "max_files": 1}
    async with running() as box:
        await opened(box, question("f", "File", element))
        assert (await box.play("submit", values={}))["error"] == "File: required"
        two = [{"name": "a.csv", "text": "x"}, {"name": "b.csv", "text": "y"}]
        assert (await box.play("submit", values={"f": two}))["error"] == "File: at most 1 files"
        other = {"name": "a.pdf", "text": "x"}
        assert (await box.play("submit", values={"f": other}))["error"] == "File: a.pdf is not taken"
        assert (await box.play("submit", values={"f": {"text": "x"}}))["status"] == 400
        assert (await box.play("submit", values={"f": {"name": "a.csv", "base64": "%"}}))["status"] == 400
        await box.play("submit", values={"f": {"name": "a.csv", "text": "a,b"}})
        kept = (await box.screen())["modal"]["inputs"][0]["value"]
        assert [(each["name"], each["size"], each["filetype"]) for each in kept] == [("a.csv", 3, "csv")]
        info = (await box.client.files_info(file=kept[0]["id"]))["file"]
        async with box.session.get(info["url_private_download"]) as refused:
            assert refused.status == 403
        token = {"Authorization": f"Bearer {box.client.token}"}
        async with box.session.get(info["url_private_download"], headers=token) as given:
            assert await given.read() == b"a,b"
