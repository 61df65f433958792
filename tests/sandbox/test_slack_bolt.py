"""People and a real bolt app: Socket Mode and signed HTTP, acknowledgments, redelivery, triggers, response URLs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest

from tests.sandbox.slack_world import APP_TOKEN, SECRET, Box, buttons, modal, question, running, section, until

TEXT = {"type": "plain_text_input"}


@asynccontextmanager
async def bot(
    transport: str, change: Callable[[dict[str, Any]], None] | None = None
) -> AsyncIterator[tuple[Box, AsyncApp]]:
    """Run a sandbox with a bolt app on it, by Socket Mode or by signed HTTP."""
    logging.getLogger("slack_bolt").setLevel(logging.CRITICAL)
    async with running(change) as box:
        app = AsyncApp(client=box.client, signing_secret=SECRET, logger=logging.getLogger("slack_bolt.test"))
        if transport == "socket":
            handler = AsyncSocketModeHandler(app, APP_TOKEN)
            await handler.connect_async()
            try:
                yield box, app
            finally:
                await handler.close_async()
            return

        async def endpoint(request: web.Request) -> web.Response:
            headers = {name: [value] for name, value in request.headers.items()}
            asked = AsyncBoltRequest(body=(await request.read()).decode(), query=request.query_string, headers=headers)
            answer = await app.async_dispatch(asked)
            return web.Response(
                status=answer.status, text=answer.body, headers={"Content-Type": answer.headers["content-type"][0]}
            )

        server = web.Application()
        server.router.add_post("/slack/events", endpoint)
        runner = web.AppRunner(server, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        box.side.teams["T1"].request_url = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
        try:
            yield box, app
        finally:
            await runner.cleanup()


both = pytest.mark.parametrize("transport", ["socket", "http"])


@both
async def test_a_message_in_private_reaches_the_app_and_is_answered(transport: str) -> None:
    async with bot(transport) as (box, app):

        @app.event("message")
        async def heard(event: dict[str, Any], say: Any) -> None:
            await say(f"You said {event['text']} ({event['channel_type']})")

        assert (await box.play("say", text="R&D <x>"))["acked"] is True
        await until(lambda: box.rows("chat.postMessage"))
        assert [each["text"] for each in await box.messages()] == ["R&D <x>", "You said R&D <x> (im)"]


@both
async def test_a_mention_in_a_channel_reaches_the_app_and_other_talk_does_not(transport: str) -> None:
    async with bot(transport) as (box, app):
        heard: list[str] = []

        @app.event("app_mention")
        async def mentioned(event: dict[str, Any]) -> None:
            heard.append(event["text"])

        await box.play("say", chat="C1", text="just talking")
        assert (await box.play("say", chat="#members", text="@Convenor help"))["acked"] is True
        await until(lambda: heard)
        assert heard == ["<@U0BOT> help"]


@both
async def test_a_command_opens_a_modal_and_answers_with_its_acknowledgment(transport: str) -> None:
    async with bot(transport) as (box, app):

        @app.command("/cop")
        async def command(ack: Any, body: dict[str, Any], client: Any) -> None:
            await client.views_open(trigger_id=body["trigger_id"], view=modal(question("q", "Why", TEXT)))
            await ack(f"Opened for {body['text']}")

        done = await box.play("say", chat="C1", text="/cop meeting new")
        assert done["acked"] is True
        seen = await box.screen()
        assert seen["modal"]["inputs"][0]["label"] == "Why"
        shown = await box.messages(chat="C1")
        assert [(each["text"], each["ephemeral"]) for each in shown] == [("Opened for meeting new", True)]
        assert await box.messages("m02", "C1") == []


async def test_commands_are_not_for_threads_externals_or_other_words() -> None:
    async with running() as box:
        ts = (await box.client.chat_postMessage(channel="C1", text="x"))["ts"]
        assert "not supported in threads" in (await box.play("say", chat="C1", thread=ts, text="/cop help"))["error"]
        assert "not available" in (await box.play("say", "m03", text="/cop help"))["error"]
        assert "not a valid command" in (await box.play("say", text="/other help"))["error"]
        assert len((await box.screen("m03"))["notices"]) == 1


@both
async def test_a_press_carries_what_is_needed_to_answer_it(transport: str) -> None:
    async with bot(transport) as (box, app):

        @app.action("p:Yes")
        async def pressed(ack: Any, body: dict[str, Any], respond: Any, client: Any) -> None:
            await ack()
            action, place = body["actions"][0], body["container"]
            await client.chat_update(channel=place["channel_id"], ts=place["message_ts"], text=f"Got {action['value']}")
            await respond("Thank you")

        await box.client.chat_postMessage(
            channel="C1", text="Coming?", blocks=[section("Coming?"), buttons("Yes", "No")]
        )
        done = await box.play("press", button="Yes", chat="C1")
        assert done["acked"] is True
        await until(lambda: box.rows("response_url"))
        shown = await box.messages(chat="C1")
        assert [(each["text"], each["ephemeral"]) for each in shown] == [("Got v:Yes", False), ("Thank you", True)]
        assert (await box.play("press", button="Yes"))["status"] == 404


async def test_a_forged_press_reaches_the_app_from_its_newest_private_message() -> None:
    async with bot("socket") as (box, app):
        heard: list[dict[str, Any]] = []

        @app.action("admin:send:42")
        async def pressed(ack: Any, body: dict[str, Any]) -> None:
            await ack()
            heard.append(body)

        assert (await box.play("press", button="admin:send:42", forge=True))["status"] == 404
        shown = await box.client.chat_postMessage(channel="U01", text="x", blocks=[buttons("Yes")])
        assert (await box.play("press", button="admin:send:42", forge=True))["acked"] is True
        assert heard[0]["container"]["message_ts"] == shown["ts"]


async def test_a_response_url_replaces_deletes_and_works_five_times() -> None:
    async with bot("socket") as (box, app):
        urls: list[str] = []

        @app.action("p:Yes")
        async def pressed(ack: Any, body: dict[str, Any]) -> None:
            await ack()
            urls.append(body["response_url"])

        await box.client.chat_postMessage(channel="U01", text="x", blocks=[buttons("Yes")])
        await box.play("press", button="v:Yes")
        await until(lambda: urls)

        async def respond(**body: Any) -> int:
            async with box.session.post(urls[0], json=body) as response:
                return response.status

        assert await respond(replace_original=True, text="new", blocks=[section("new"), buttons("Yes")]) == 200
        assert [each["text"] for each in await box.messages()] == ["new"]
        assert await respond(text="x", blocks=[{"type": "nope"}]) == 400
        assert await respond(text="public", response_type="in_channel") == 200
        assert await respond(delete_original=True) == 200
        assert [(each["text"], each["ephemeral"]) for each in await box.messages()] == [("public", False)]
        assert [await respond(text="x") for _ in range(3)] == [200, 200, 404]


@both
async def test_a_modal_shows_errors_then_the_next_page_then_closes(transport: str) -> None:
    async with bot(transport) as (box, app):
        sent: list[dict[str, Any]] = []

        @app.view("")
        async def submitted(ack: Any, view: dict[str, Any]) -> None:
            sent.append(view["state"]["values"])
            value = view["state"]["values"]["q"]["a"]["value"]
            if value == "bad":
                await ack(response_action="errors", errors={"q": "Not like this"})
            elif value == "wrong":
                await ack(response_action="errors", errors={"nowhere": "x"})
            elif value == "broken":
                await ack(response_action="update", view={"type": "modal"})
            elif value == "next":
                await ack(response_action="update", view=modal(question("q", "Second", TEXT)))
            elif value == "push":
                await ack(response_action="push", view=modal(question("q", "Above", TEXT)))
            elif value == "clear":
                await ack(response_action="clear")
            else:
                await ack()

        desk = box.side.desks["T1"]
        first = modal(question("q", "First", {**TEXT, "min_length": 3, "max_length": 10}))
        await box.client.views_open(trigger_id=desk.trigger("U01"), view=first)
        assert (await box.play("submit", values={}))["error"] == "First: required"
        assert (await box.play("submit", values={"q": "ab"}))["status"] == 422
        assert (await box.play("submit", values={"Other": "ab"}))["status"] == 400
        assert sent == []
        assert (await box.play("submit", values={"q": "ab"}, force=True))["closed"] is True
        await box.client.views_open(trigger_id=desk.trigger("U01"), view=first)
        assert (await box.play("submit", values={"First": "bad"}))["errors"] == {"q": "Not like this"}
        assert "block_ids" in (await box.play("submit", values={"First": "wrong"}))["error"]
        assert "missing required field" in (await box.play("submit", values={"First": "broken"}))["error"]
        assert (await box.screen())["modal"]["inputs"][0]["value"] == "broken"
        assert (await box.play("submit", values={"a": "next"}))["view"]["blocks"][0]["label"]["text"] == "Second"
        assert (await box.play("submit", values={"q": "push"}))["view"]["blocks"][0]["label"]["text"] == "Above"
        assert (await box.screen())["depth"] == 2
        below = await box.play("submit", values={"q": "good"})
        assert (below["closed"], below["view"]["blocks"][0]["label"]["text"]) == (True, "Second")
        assert (await box.play("submit", values={"q": "clear"}))["view"] is None
        assert (await box.screen())["modal"] is None
        assert (await box.play("submit", values={}))["status"] == 409


async def test_closing_a_modal_is_told_if_the_app_asked_for_it() -> None:
    async with bot("socket") as (box, app):
        closed: list[str] = []

        @app.view_closed("form")
        async def left(ack: Any, body: dict[str, Any]) -> None:
            await ack()
            closed.append(body["view"]["callback_id"])

        view = modal(section("x"), callback_id="form", notify_on_close=True)
        await box.client.views_open(trigger_id=box.side.desks["T1"].trigger("U01"), view=view)
        await box.play("slack/close")
        assert closed == ["form"]


async def test_an_event_that_is_not_acknowledged_comes_again_three_times() -> None:
    def quick(spec: dict[str, Any]) -> None:
        spec["slack"]["ack_seconds"] = 0.05

    async with bot("socket", quick) as (box, app):
        attempts: list[Any] = []

        @app.middleware
        async def deaf(req: AsyncBoltRequest, next: Any) -> None:
            attempts.append((req.body["event_id"], req.headers.get("x-slack-retry-num")))
            if len(attempts) > 3:
                await next()
            else:
                await asyncio.sleep(0.1)

        @app.event("message")
        async def heard() -> None:
            return

        assert (await box.play("say", text="hello"))["acked"] is False
        await until(lambda: len(attempts) == 4)
        await asyncio.sleep(0.1)
        assert len({id for id, _ in attempts}) == 1
        assert [n and n[0] for _, n in attempts] == ["0", "1", "2", "3"]


async def test_an_unacknowledged_press_is_lost_and_the_person_sees_an_error() -> None:
    def quick(spec: dict[str, Any]) -> None:
        spec["slack"]["ack_seconds"] = 0.05

    async with bot("socket", quick) as (box, app):
        pressed = []

        @app.action("p:Yes")
        async def slow(ack: Any) -> None:
            pressed.append(1)
            await asyncio.sleep(0.1)
            await ack()

        await box.client.chat_postMessage(channel="U01", text="x", blocks=[buttons("Yes")])
        assert (await box.play("press", button="Yes"))["acked"] is False
        seen = await box.screen()
        assert seen["notices"][0]["text"] == "operation_timeout"
        assert seen["chats"][0]["toasts"][0]["text"] == "operation_timeout"
        await asyncio.sleep(0.2)
        assert pressed == [1]


async def test_a_wrong_signature_is_refused_by_the_app() -> None:
    async with bot("http") as (box, app):
        box.side.teams["T1"].signing_secret = "other"

        @app.event("message")
        async def heard() -> None:
            raise AssertionError("heard")

        assert (await box.play("say", text="hello"))["acked"] is False


async def test_sockets_share_the_payloads_and_reconnect_when_asked() -> None:
    async with bot("socket") as (box, app):
        second = AsyncSocketModeHandler(app, APP_TOKEN)
        await second.connect_async()
        group = box.side.transport.connections[APP_TOKEN]
        assert len(group) == 2
        used = []

        @app.action("p:Yes")
        async def pressed(ack: Any) -> None:
            used.append([len(each.waiting) for each in group])
            await ack()

        await box.client.chat_postMessage(channel="U01", text="x", blocks=[buttons("Yes")])
        for _ in range(4):
            await box.play("press", button="Yes")
        assert sorted(map(tuple, used)) == [(0, 1), (0, 1), (1, 0), (1, 0)]
        before = list(group)
        assert (await box.play("slack/socket", action="ping"))["sockets"] == 2
        assert (await box.play("slack/socket", action="disconnect"))["sockets"] == 2
        await until(lambda: len(group) == 2)
        assert not set(group) & set(before)
        assert (await box.play("press", button="Yes"))["acked"] is True
        await second.close_async()


async def test_the_home_tab_is_drawn_when_it_is_opened_and_its_buttons_work() -> None:
    async with bot("socket") as (box, app):
        pressed = []

        @app.event("app_home_opened")
        async def opened(event: dict[str, Any], client: Any) -> None:
            view = {"type": "home", "blocks": [section(f"Hello <@{event['user']}>"), buttons("My meetings")]}
            await client.views_publish(user_id=event["user"], view=view)

        @app.action("p:My meetings")
        async def press(ack: Any, body: dict[str, Any]) -> None:
            await ack()
            pressed.append(body["view"]["type"])

        assert (await box.play("open"))["acked"] is True
        await until(lambda: box.rows("views.publish"))
        assert (await box.screen())["home"]["text"] == "Hello @Ana Bell"
        await box.play("press", button="My meetings")
        assert pressed == ["home"]


async def test_coming_going_and_files_are_told() -> None:
    async with bot("socket") as (box, app):
        told: list[Any] = []

        @app.event("member_joined_channel")
        @app.event("member_left_channel")
        async def moved(event: dict[str, Any]) -> None:
            told.append((event["type"], event["user"], event["channel"]))

        @app.event("user_change")
        async def changed(event: dict[str, Any]) -> None:
            told.append(("user_change", event["user"]["deleted"]))

        @app.event({"type": "message", "subtype": "file_share"})
        async def shared(event: dict[str, Any]) -> None:
            told.append(("file", event["files"][0]["name"]))

        await box.play("leave", "m02", chat="C1")
        await box.play("slack/join", "m02", chat="C1")
        await box.play("block", "m02")
        await box.play("upload", name="list.csv", text="a,b")
        await until(lambda: len(told) == 4)
        assert told == [
            ("member_left_channel", "U02", "C1"),
            ("member_joined_channel", "U02", "C1"),
            ("user_change", True),
            ("file", "list.csv"),
        ]
