"""World files of the Slack side: several workspaces, what is wrong with one, and loading one anew."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp

from sandbox.errors import WrongCall
from sandbox.server import Sandbox
from tests.sandbox.slack_world import APP_TOKEN, SPEC, buttons, running


def second(spec: dict[str, Any]) -> None:
    channel = {"id": "C1", "name": "general", "members": ["m04"]}
    spec["people"].append({"id": "m04", "name": "Dilek", "slack": {"team": "T2", "user": "U01"}})
    spec["slack"]["teams"].append({"id": "T2", "token": "xoxb-2", "scopes": ["chat:write"], "channels": [channel]})


async def test_two_workspaces_share_nothing() -> None:
    async with running(second) as box:
        await box.client.chat_postMessage(channel="U01", text="first")
        await box.client.chat_postMessage(channel="C1", text="second", token="xoxb-2")
        assert [each["text"] for each in await box.messages("m01")] == ["first"]
        assert await box.messages("m01", "C1") == []
        assert [each["text"] for each in await box.messages("m04", "C1")] == ["second"]
        refused = await box.error(box.client.users_info(user="U01", token="xoxb-2"))
        assert refused["error"] == "missing_scope"


@pytest.mark.parametrize(
    ("part", "why"),
    [
        ({"teams": [{"id": "T1"}]}, 'needs "token"'),
        ({"teams": [{"id": "T1", "token": "x", "channels": [{"name": "a"}]}]}, 'a channel needs an "id"'),
        ({"teams": [{"id": "T1", "token": "x", "channels": [{"id": "C1", "members": ["m99"]}]}]}, "m99"),
        ({"teams": [{"id": "T9", "token": "x"}]}, "no Slack team 'T1'"),
    ],
)
def test_a_wrong_world_file_is_explained(part: dict[str, Any], why: str) -> None:
    with pytest.raises(WrongCall) as refused:
        Sandbox({**deepcopy(SPEC), "slack": part})
    assert why in refused.value.sentence


async def test_sockets_outlive_a_new_world() -> None:
    async with running() as box:
        app = AsyncApp(client=box.client, signing_secret="x")
        pressed = []

        @app.action("p:Yes")
        async def press(ack: Any) -> None:
            await ack()
            pressed.append(1)

        handler = AsyncSocketModeHandler(app, APP_TOKEN)
        await handler.connect_async()
        await box.client.chat_postMessage(channel="U01", text="gone")
        async with box.session.post(f"{box.sandbox.url}/control/load", json=SPEC) as response:
            assert response.status == 200
        assert await box.messages() == []
        await box.client.chat_postMessage(channel="U01", text="x", blocks=[buttons("Yes")])
        assert (await box.play("press", button="Yes"))["acked"] is True
        await handler.close_async()


async def test_replies_stay_when_what_they_answer_is_deleted() -> None:
    async with running() as box:
        first = await box.client.chat_postMessage(channel="U01", text="x")
        room, ts = first["channel"], first["ts"]
        reply = await box.client.chat_postMessage(channel=room, thread_ts=ts, text="reply")
        await box.client.chat_delete(channel=room, ts=ts)
        await box.client.chat_update(channel=room, ts=reply["ts"], text="still here")
        assert [each["text"] for each in await box.messages()] == ["still here"]
