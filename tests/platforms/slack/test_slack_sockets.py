"""Sockets that fall silent, tokens that die while we run, and a Slack that is away for a moment at the start."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from bot.platforms.slack import SlackPlatform
from bot.platforms.slack._socket import PATIENCE
from chat.errors import NotSent
from sandbox.server import Sandbox

TOKENS = ("xoxb-111-very-secret", "xapp-1-very-secret", "signing-very-secret")


async def connected(scene: Any, number: int) -> None:
    async with asyncio.timeout(10):
        while await scene.platform.connections() != number:
            await asyncio.sleep(0.01)


def fault(box: Any, method: str, action: str, **more: Any) -> Any:
    return box.world.faults.add({"platform": "slack", "method": method, "action": action, **more})


async def test_silent_sockets_are_rebuilt_and_what_comes_then_arrives(playing: Any):
    async with playing(options={"socket_patience": 0.6}, ack_seconds=0.2) as scene:
        await connected(scene, 2)
        hole = fault(scene.box, "socket", "black_hole", count=None)
        result = await scene.do("say", "zofia", expect=0, text="into the hole")
        assert not result["acked"]
        await connected(scene, 0)
        scene.box.world.faults.drop(hole.id)
        await connected(scene, 2)
        await scene.do("say", "zofia", text="home")


async def test_new_sockets_that_stay_silent_do_not_hold_up_the_end(playing: Any):
    async with playing(options={"socket_patience": 0.6}) as scene:
        await connected(scene, 2)
        fault(scene.box, "socket", "black_hole", count=None)
        await connected(scene, 0)
        await asyncio.sleep(0.5)
        began = time.monotonic()
        await scene.platform.stop()
        assert time.monotonic() - began < 6


@pytest.mark.parametrize("wait", [0, -5, "soon", None, 86_400])
async def test_being_asked_to_wait_oddly_neither_turns_in_circles_nor_waits_for_a_day(playing: Any, wait: Any):
    async with playing(options={"socket_patience": 0.3}) as scene:
        await connected(scene, 2)
        before = len(scene.calls("apps.connections.open"))
        slow = fault(scene.box, "apps.connections.open", "429", retry_after=wait, count=None)
        await scene.box.side("slack").transport.disconnect(scene.box.side("slack").teams["T1"])
        await connected(scene, 0)
        await asyncio.sleep(0.5)
        assert len(scene.calls("apps.connections.open")) - before <= 6
        scene.box.world.faults.drop(slow.id)
        await connected(scene, 2)


def test_by_default_a_silent_socket_is_noticed_within_a_minute_and_a_half():
    ping = PATIENCE / 3
    assert ping * 1.5 + PATIENCE + PATIENCE / 6 <= 90


async def test_a_dead_app_token_is_told_once_and_so_is_its_return(playing: Any):
    told: list[tuple[str, str]] = []

    async def on_trouble(kind: str, reason: str) -> None:
        told.append((kind, reason))

    options = {"socket_patience": 0.3, "on_trouble": on_trouble}
    async with playing(options=options) as scene:
        await connected(scene, 2)
        refused = fault(scene.box, "apps.connections.open", "unauthorized", count=None)
        hole = fault(scene.box, "socket", "black_hole", count=None)
        async with asyncio.timeout(10):
            while not told:
                await asyncio.sleep(0.01)
        assert told == [("dead", "invalid_auth")]
        for each in (refused, hole):
            scene.box.world.faults.drop(each.id)
        async with asyncio.timeout(10):
            while len(told) < 2:
                await asyncio.sleep(0.01)
        assert told[1] == ("alive", "")


async def test_slack_may_be_away_for_a_moment_at_the_start(world: Any, inside: Any, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("bot.platforms.slack.TRY_AGAIN", 0.01)
    async with Sandbox(world(), sides=("slack",)) as box:
        fault(box, "auth.test", "5xx_before")
        fault(box, "apps.connections.open", "cut_before")
        platform = SlackPlatform(TOKENS[0], TOKENS[1], api_url=f"{box.url}/api/")
        await platform.start(inside)
        assert platform.reading
        await platform.stop()
        assert not platform.reading
    with pytest.raises(NotSent):
        await SlackPlatform(TOKENS[0], TOKENS[1], api_url="http://127.0.0.1:9/api/").start(inside)


async def test_when_it_last_heard_is_known(scene: Any):
    assert scene.platform.last_heard is None
    began = time.monotonic()
    await scene.do("say", "zofia", text="home")
    assert scene.platform.last_heard >= began


async def test_a_workspace_that_removes_the_app_is_told(playing: Any):
    told: list[tuple[str, str]] = []

    async def on_trouble(kind: str, reason: str) -> None:
        told.append((kind, reason))

    async with playing(options={"on_trouble": on_trouble}) as scene:
        scene.platform._intake._ignored({"event": {"type": "tokens_revoked"}})
        async with asyncio.timeout(2):
            while not told:
                await asyncio.sleep(0.01)
    assert told == [("dead", "tokens_revoked")]
