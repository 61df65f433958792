"""Rate limits and faults, as the app sees them; and an app that answers with an error or is not there."""

from __future__ import annotations

import asyncio
import time

import aiohttp
import pytest
from aiohttp import web

from tests.sandbox.slack_world import Box, buttons, running, until


async def fault(box: Box, action: str, **more: object) -> None:
    body = {"platform": "slack", "method": "chat.postMessage", "action": action, **more}
    async with box.session.post(f"{box.sandbox.url}/control/faults", json=body) as response:
        assert response.status == 200


async def test_a_channel_takes_a_small_burst_and_then_one_a_second() -> None:
    async with running() as box:
        for n in range(3):
            await box.client.chat_postMessage(channel="C1", text=str(n))
        refused = await box.error(box.client.chat_postMessage(channel="C1", text="4"))
        assert (refused.status_code, refused.headers["Retry-After"], refused["error"]) == (429, "1", "ratelimited")
        assert (await box.client.chat_postMessage(channel="U01", text="elsewhere"))["ok"]
        assert [row.status for row in box.rows("chat.postMessage")] == [200, 200, 200, 429, 200]


async def test_a_person_and_their_dm_are_one_channel() -> None:
    async with running() as box:
        room = (await box.client.chat_postMessage(channel="U01", text="1"))["channel"]
        await box.client.chat_postMessage(channel=room, text="2")
        await box.client.chat_postMessage(channel="U01", text="3")
        assert (await box.error(box.client.chat_postMessage(channel=room, text="4"))).status_code == 429


async def test_edits_are_limited_a_minute_and_only_they_wait() -> None:
    async with running() as box:
        ts = (await box.client.chat_postMessage(channel="C1", text="x"))["ts"]
        for n in range(50):
            await box.client.chat_update(channel="C1", ts=ts, text=str(n))
        refused = await box.error(box.client.chat_update(channel="C1", ts=ts, text="one more"))
        assert refused.status_code == 429
        assert 50 <= int(refused.headers["Retry-After"]) <= 60
        assert (await box.client.users_info(user="U01"))["ok"]


async def test_limits_can_be_lifted_and_posts_are_fast_then() -> None:
    async with running() as box:
        box.world.limits.enabled = False
        start = time.monotonic()
        for _ in range(10):
            await asyncio.gather(*(box.client.chat_postMessage(channel="C1", text="x") for _ in range(50)))
        assert time.monotonic() - start < 5
        assert len(box.rows("chat.postMessage")) == 500


async def test_faults_strike_by_room_person_and_method() -> None:
    async with running() as box:
        await fault(box, "429", match={"person": "m01"}, retry_after=7)
        assert (await box.client.chat_postMessage(channel="U02", text="x"))["ok"]
        refused = await box.error(box.client.chat_postMessage(channel="U01", text="x"))
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "7")
        await fault(box, "unauthorized", match={"chat": "C1"})
        assert (await box.error(box.client.chat_postMessage(channel="C1", text="x")))["error"] == "invalid_auth"
        assert (await box.client.chat_postMessage(channel="C1", text="x"))["ok"]


@pytest.mark.parametrize(("action", "done"), [("cut_before", 0), ("cut_after", 1), ("5xx_before", 0), ("5xx_after", 1)])
async def test_a_lost_answer_may_hide_a_post(action: str, done: int) -> None:
    async with running() as box:
        await fault(box, action)
        url = f"{box.sandbox.url}/api/chat.postMessage"
        sent = {"channel": "C1", "text": "x", "token": box.client.token}
        if action.startswith("cut"):
            with pytest.raises(aiohttp.ServerDisconnectedError):
                await box.session.post(url, json=sent)
        else:
            async with box.session.post(url, json=sent) as response:
                assert response.status == 502
        assert len(await box.messages(chat="C1")) == done
        assert len(box.rows("chat.postMessage")) == 1


async def test_a_black_hole_swallows_what_goes_to_the_app() -> None:
    async with running() as box:
        box.world.faults.add({"platform": "slack", "method": "socket", "action": "black_hole", "seconds": 0.01})
        assert (await box.play("open"))["acked"] is False


async def test_retries_over_http_carry_their_number_and_can_be_refused() -> None:
    async with running() as box:
        seen: list[tuple[str | None, str | None]] = []

        async def endpoint(request: web.Request) -> web.Response:
            seen.append((request.headers.get("X-Slack-Retry-Num"), request.headers.get("X-Slack-Retry-Reason")))
            return web.Response(status=500, headers={"X-Slack-No-Retry": "1"} if len(seen) == 3 else {})

        server = web.Application()
        server.router.add_post("/x", endpoint)
        runner = web.AppRunner(server, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        box.side.teams["T1"].request_url = f"http://127.0.0.1:{runner.addresses[0][1]}/x"
        assert (await box.play("open"))["acked"] is False
        await until(lambda: len(seen) == 3)
        await asyncio.sleep(0.3)
        assert seen == [(None, None), ("1", "http_error"), ("2", "http_error")]
        await runner.cleanup()


async def test_without_the_app_a_press_fails_at_once() -> None:
    async with running() as box:
        await box.client.chat_postMessage(channel="U01", text="x", blocks=[buttons("Yes")])
        assert (await box.play("press", button="Yes"))["acked"] is False
        assert (await box.screen())["notices"][0]["text"] == "dispatch_failed"
