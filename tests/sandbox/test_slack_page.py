"""What a page needs of the Slack stand-in: names, files, and elements pressed or picked exactly."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp

from tests.sandbox.slack_world import APP_TOKEN, Box, modal, question, running, until

WORDS = {"type": "plain_text", "text": "One"}
OPTIONS = [{"text": WORDS, "value": "1"}, {"text": {"type": "plain_text", "text": "Two"}, "value": "2"}]


def actions(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "actions", "block_id": "row", "elements": list(elements)}


@asynccontextmanager
async def listening(box: Box) -> AsyncIterator[list[dict[str, Any]]]:
    """Run an app that acknowledges everything and keeps what it heard; an options request gets two."""
    heard: list[dict[str, Any]] = []
    app = AsyncApp(client=box.client, signing_secret="x")

    @app.use
    async def keep(body: dict[str, Any], ack: Any, next_: Any) -> None:
        await next_()
        heard.append(body)

    @app.action({"action_id": re.compile("")})
    @app.view(re.compile(""))
    async def take(ack: Any) -> None:
        await ack()

    @app.options(re.compile(""))
    async def offer(ack: Any) -> None:
        await ack(options=OPTIONS)

    handler = AsyncSocketModeHandler(app, APP_TOKEN)
    await handler.connect_async()
    await until(lambda: box.side.transport.connections.get(APP_TOKEN))
    try:
        yield heard
    finally:
        await handler.close_async()


async def test_the_screen_names_the_workspace_its_rooms_and_authors() -> None:
    async with running() as box:
        await box.client.chat_postMessage(channel="C1", text="*Hello* <@U02>")
        screen = await box.screen()
        team = screen["team"]
        assert (team["name"], team["me"], team["bot_user"], team["commands"]) == ("COPRR", "U01", "U0BOT", ["/cop"])
        assert team["rooms"]["C1"] == "members"
        room = next(each for each in screen["chats"] if each["chat"] == "C1")
        message = room["messages"][0]
        assert (room["members"], room["archived"]) == (2, False)
        assert (message["mrkdwn"], message["user"], message["text"]) == ("*Hello* <@U02>", "U0BOT", "Hello @Can Demir")


async def test_a_page_reads_files_and_never_runs_them() -> None:
    async with running() as box:
        for name in ("note.pdf", "day.ics", "page.html"):
            await box.play("upload", name=name, text="<script>")
        files = [each["files"][0] for each in await box.messages()]
        assert [each["name"] for each in files] == ["note.pdf", "day.ics", "page.html"]
        found = []
        for each in files:
            async with box.session.get(f"{box.sandbox.url}{each['url']}") as answer:
                assert await answer.read() == b"<script>"
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
                found.append((answer.content_type, answer.headers["Content-Disposition"].split(";")[0]))
        assert found[:2] == [("application/pdf", "inline"), ("text/calendar", "inline")]
        assert found[2] == ("application/octet-stream", "attachment")
        async with box.session.get(f"{box.sandbox.url}/control/slack/file/T1/F9") as answer:
            assert answer.status == 404


async def test_every_element_of_a_message_can_be_picked_by_its_ids() -> None:
    async with running() as box, listening(box) as heard:
        row = actions(
            {"type": "button", "action_id": "b", "text": WORDS, "value": "v"},
            {"type": "static_select", "action_id": "s", "options": OPTIONS},
            {"type": "datepicker", "action_id": "d"},
            {"type": "overflow", "action_id": "o", "options": OPTIONS},
        )
        post = await box.client.chat_postMessage(channel="C1", text="x", blocks=[row])
        where = {"chat": "C1", "message": post["ts"], "block": "row"}
        assert (await box.play("press", **where, action="b"))["acked"]
        assert (await box.play("press", **where, action="s", value="2"))["acked"]
        assert (await box.play("press", **where, action="d", value="2026-05-20"))["acked"]
        assert (await box.play("press", **where, action="o", value="1"))["acked"]
        assert (await box.play("press", **where, action="gone"))["status"] == 409
        assert (await box.play("press", **where, action="o", value="7"))["status"] == 400
        pressed = [each["actions"][0] for each in heard if each["type"] == "block_actions"]
        assert pressed[0]["value"] == "v"
        assert pressed[1]["selected_option"]["value"] == "2"
        assert pressed[2]["selected_date"] == "2026-05-20"
        assert pressed[3]["selected_option"]["value"] == "1"
        states = [each["state"]["values"]["row"] for each in heard if each["type"] == "block_actions"]
        assert states[2]["d"]["selected_date"] == "2026-05-20"


async def test_a_press_in_a_modal_carries_what_is_typed_there() -> None:
    async with running() as box, listening(box) as heard:
        typed = question("why", "Why", {"type": "plain_text_input"})
        row = actions({"type": "button", "action_id": "b", "text": WORDS})
        trigger = box.side.desks["T1"].trigger("U01")
        view = (await box.client.views_open(trigger_id=trigger, view=modal(typed, row)))["view"]
        assert (await box.play("press", view=view["id"], action="b", values={"why": "because"}))["acked"]
        assert heard[-1]["view"]["state"]["values"]["why"]["a"]["value"] == "because"
        assert (await box.play("press", view=view["id"], action="a", value="x"))["status"] == 409
        await box.play("submit", close=True)
        assert (await box.play("press", view=view["id"], action="b"))["status"] == 409


async def test_an_external_select_offers_what_the_app_answers_and_takes_it() -> None:
    async with running() as box, listening(box) as heard:
        who = question("who", "Who", {"type": "external_select"})
        trigger = box.side.desks["T1"].trigger("U01")
        view = (await box.client.views_open(trigger_id=trigger, view=modal(who)))["view"]
        offered = await box.play("slack/options", view=view["id"], block="who", action="a", query="o")
        assert [each["value"] for each in offered["options"]] == ["1", "2"]
        assert heard[-1]["value"] == "o"
        assert (await box.play("submit", values={"who": offered["options"][1]}))["closed"]
        submitted = heard[-1]["view"]["state"]["values"]["who"]["a"]
        assert submitted["selected_option"]["value"] == "2"


async def test_an_error_of_slack_tells_which_message_it_stands_under() -> None:
    async with running() as box:
        post = await box.client.chat_postMessage(channel="C1", text="x")
        await box.play("say", chat="C1", text="/unknown")
        await box.client.chat_postMessage(channel="C1", text="y")
        room = next(each for each in (await box.screen())["chats"] if each["chat"] == "C1")
        assert [(each["text"], each["after"]) for each in room["toasts"]] == [
            ("/unknown is not a valid command", post["ts"])
        ]
