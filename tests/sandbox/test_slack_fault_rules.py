"""Rules of the Slack side: its own words, one workspace, sockets that fall silent."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError

from tests.sandbox.slack_world import APP_TOKEN, Box, running, until


def second(spec: dict[str, Any]) -> None:
    spec["people"].append({"id": "m04", "name": "Dilek", "slack": {"team": "T2", "user": "U01"}})
    spec["slack"]["teams"].append({"id": "T2", "token": "xoxb-2", "app_token": "xapp-2"})


def texts(box: Box) -> list[str]:
    rows = box.rows("chat.postMessage")
    return [f"{row.workspace} {row.status} {row.body['text']}" for row in rows]


async def open_socket(box: Box, app_token: str = APP_TOKEN) -> aiohttp.ClientWebSocketResponse:
    url = (await box.client.apps_connections_open(app_token=app_token))["url"]
    socket = await box.session.ws_connect(url, autoping=False)
    assert (await socket.receive_json())["type"] == "hello"
    return socket


async def next_frame(socket: aiohttp.ClientWebSocketResponse, seconds: float = 0.2) -> Any:
    """Give the next frame, `None` if the line is silent."""
    try:
        return await asyncio.wait_for(socket.receive(), seconds)
    except TimeoutError:
        return None


@pytest.mark.parametrize("code", ["fatal_error", "internal_error", "never_heard_of_it"])
async def test_an_error_code_before_and_after_it_was_done(code: str) -> None:
    async with running() as box:
        for when, done in (("before", 400), ("after", 200)):
            box.world.faults.add({"method": "chat.postMessage", "action": f"error_{when}", "error": code})
            refused = await box.error(box.client.chat_postMessage(channel="U01", text=when))
            assert (refused["error"], box.rows("chat.postMessage")[-1].status) == (code, done)
        assert [each["text"] for each in await box.messages()] == ["after"]


async def test_a_revoked_token_names_its_error() -> None:
    async with running() as box:
        box.world.faults.add({"action": "unauthorized", "count": None, "error": "token_revoked"})
        for _ in range(2):
            assert (await box.error(box.client.auth_test()))["error"] == "token_revoked"
        box.world.faults.clear()
        await box.client.auth_test()


async def test_one_workspace_suffers_and_the_other_does_not() -> None:
    async with running(second) as box:
        box.world.faults.add({"action": "429", "count": None, "match": {"workspace": "T1"}, "retry_after": "soon"})
        with pytest.raises(SlackApiError) as refused:
            await box.client.chat_postMessage(channel="U01", text="a")
        assert (refused.value.response.status_code, refused.value.response.headers["Retry-After"]) == (429, "soon")
        await box.client.chat_postMessage(channel="U01", text="b", token="xoxb-2")
        assert texts(box) == ["T1 429 a", "T2 200 b"]
        assert [each["text"] for each in await box.messages("m04")] == ["b"]


async def test_one_workspace_has_its_own_limits() -> None:
    async with running(second) as box:
        box.world.limits.change({"slack.workspace@T2": {"count": 1, "seconds": 60}})
        for text in ("a", "b"):
            await box.client.chat_postMessage(channel="U01", text=text)
        await box.client.chat_postMessage(channel="U01", text="c", token="xoxb-2")
        with pytest.raises(SlackApiError):
            await box.client.chat_postMessage(channel="U01", text="d", token="xoxb-2")
        assert box.world.limits.breaches == {"slack.workspace@T2": 1}


async def test_the_address_for_answers_can_fail_too() -> None:
    async with running() as box:
        team = box.side.teams["T1"]
        url = box.side.responses.make(team, team.dm("U01"), "U01")
        box.world.faults.add({"method": "response_url", "action": "5xx_after", "status": 503})
        async with box.session.post(url, json={"text": "here"}) as answer:
            assert answer.status == 503
        assert [each["text"] for each in await box.messages()] == ["here"]


async def test_open_sockets_fall_silent_and_new_ones_hear_again() -> None:
    async with running() as box:
        socket = await open_socket(box)
        await socket.ping()
        assert (await next_frame(socket)).type is aiohttp.WSMsgType.PONG
        rule = box.world.faults.add({"platform": "slack", "method": "socket", "action": "black_hole", "count": None})
        await socket.ping()
        assert await next_frame(socket) is None
        url = (await box.client.apps_connections_open(app_token=APP_TOKEN))["url"]
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(box.session.ws_connect(url), 0.2)
        box.world.faults.drop(rule.id)
        await socket.ping()
        assert await next_frame(socket) is None  # this line is dead, whatever comes
        await socket.close()
        await until(lambda: not box.side.transport.connections[APP_TOKEN])
        again = await open_socket(box)
        saying = asyncio.create_task(box.play("say", text="hello again"))
        envelope = await again.receive_json()
        assert envelope["payload"]["event"]["text"] == "hello again"
        await again.send_json({"envelope_id": envelope["envelope_id"]})
        assert (await saying)["acked"]
        await again.close()


async def test_a_process_is_killed_when_it_has_acknowledged() -> None:
    async with running() as box:
        socket = await open_socket(box)
        with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as victim:
            box.world.faults.add({"method": "socket", "action": "kill", "pid": victim.pid})
            saying = asyncio.create_task(box.play("say", text="hello"))
            envelope = await socket.receive_json()
            assert victim.poll() is None
            await socket.send_json({"envelope_id": envelope["envelope_id"]})
            assert (await saying)["acked"]
            assert await asyncio.to_thread(victim.wait, 5) == -9
        await socket.close()


async def test_people_the_workspace_does_not_know_any_more() -> None:
    async with running() as box:
        box.world.limits.enabled = False
        await box.client.chat_postMessage(channel="U02", text="you were here")
        room = box.side.teams["T1"].direct["U02"].id
        box.side.lose(box.world.people.named("m02"), "not_found")
        for channel, error in (("U02", "user_not_found"), (room, "channel_not_found")):
            assert (await box.error(box.client.chat_postMessage(channel=channel, text="x")))["error"] == error
        box.side.lose(box.world.people.named("m01"), "deactivated")
        assert (await box.error(box.client.chat_postMessage(channel="U01", text="x")))["error"] == "user_disabled"
        await box.play("unblock", "m02")
        await box.client.chat_postMessage(channel="U02", text="welcome back")
