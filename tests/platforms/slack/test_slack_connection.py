"""The connection to Slack: starting, both sockets, sending, trouble, stopping, and what the logs never hold."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
from slack_bolt.app.async_app import AsyncApp
from starlette.requests import Request
from starlette.responses import Response

from bot.http import HttpServer, application
from bot.platforms.slack import SlackPlatform
from bot.platforms.slack._client import open_session, web_client
from bot.platforms.slack._socket import Sockets
from chat.errors import AccountDead, MessageGone, NotSent, Rejected, Unreachable
from chat.inbound import BotPlaced, Reachable, Said
from chat.message import Button, Message, Press
from chat.outbound import Reply, SendFile
from chat.people import Place
from chat.text import Bold, Reader
from sandbox.server import Sandbox

READER = Reader(zone="Europe/Warsaw", command_pattern="/cop {words}")
YES = Button("Yes", Press("rsvp", "m6", "1", "yes"))
CARD = Message((Bold("You are invited"), "to M6"), rows=((YES,),))
TOKENS = ("xoxb-111-very-secret", "xapp-1-very-secret", "signing-very-secret")


async def test_starting_learns_the_workspace_and_opens_two_connections(scene: Any):
    assert scene.platform.workspace == "T1"
    async with asyncio.timeout(5):
        while await scene.platform.connections() < 2:
            await asyncio.sleep(0.01)


async def test_a_wrong_token_is_a_dead_account(world: Any, inside: Any):
    async with Sandbox(world(), sides=("slack",)) as box:
        for bot, app in (("xoxb-wrong", TOKENS[1]), (TOKENS[0], "xapp-wrong")):
            platform = SlackPlatform(bot, app, api_url=f"{box.url}/api/")
            with pytest.raises(AccountDead):
                await platform.start(inside)


async def test_connections_come_back_after_slack_closes_them(scene: Any):
    team = scene.box.side("slack").teams["T1"]  # type: ignore[attr-defined]
    await scene.box.side("slack").transport.disconnect(team)  # type: ignore[attr-defined]
    async with asyncio.timeout(10):
        while await scene.platform.connections() < 2:
            await asyncio.sleep(0.02)
    await scene.do("say", "zofia", text="home")


async def test_a_redelivered_event_is_acknowledged_and_done_once(scene: Any):
    scene.inside.answers[Said] = [Reply(CARD)]
    scene.box.world.faults.add({"platform": "slack", "method": "socket", "action": "black_hole", "seconds": 0.05})
    await scene.do("say", "zofia", text="hello")
    await asyncio.sleep(0.05)
    assert len(scene.inside.taken) == 1


async def test_what_could_not_be_stored_comes_again(playing: Any, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    async with playing(ack_seconds=0.2) as scene:
        scene.inside.broken = True
        result = await scene.do("say", "zofia", expect=0, text="CANARY words")
        assert not result["acked"]
        scene.inside.broken = False
        async with asyncio.timeout(5):
            while not scene.inside.done:
                await asyncio.sleep(0.01)
    assert "CANARY" not in caplog.text


async def test_a_post_carries_its_delivery_and_no_previews(scene: Any):
    ref = await scene.platform.send(scene.place(), CARD, READER, "d-uuid")
    again = await scene.platform.send(scene.place(), CARD, READER)
    assert ref.chat == again.chat != "U0ZOFIA"
    first, second = scene.calls("chat.postMessage")
    assert first.body["metadata"] == {"event_type": "convenor_delivery", "event_payload": {"id": "d-uuid"}}
    assert str(first.body["unfurl_links"]).lower() in ("false", "0")
    assert str(first.body["unfurl_media"]).lower() in ("false", "0")
    assert second.body["channel"] == ref.chat
    assert "metadata" not in second.body


async def test_edits_and_deletions_of_what_is_gone_say_so(scene: Any):
    ref = await scene.platform.send(scene.place(), CARD, READER)
    await scene.platform.edit(ref, Message(("New",)), READER)
    await scene.platform.edit(ref, Message(("New",)), READER)
    assert scene.dm("zofia")[0]["text"] == "New"
    assert await scene.platform.delete(ref)
    assert not await scene.platform.delete(ref)
    with pytest.raises(MessageGone):
        await scene.platform.edit(ref, CARD, READER)


async def test_people_and_channels_that_cannot_be_reached(scene: Any):
    await scene.do("block", "olivia")
    gone = scene.inside.taken[0]
    assert isinstance(gone, Reachable)
    assert not gone.reachable
    for place in (scene.place("U0OLIVIA"), scene.place("U0NOBODY"), Place("slack", "T1", "C9", "group")):
        with pytest.raises(Unreachable):
            await scene.platform.send(place, CARD, READER)
    with pytest.raises(Rejected):
        await scene.platform.send(Place("slack", "T1", ""), CARD, READER)


async def test_a_failing_answer_does_not_hold_up_the_others(scene: Any):
    scene.box.world.faults.add({"platform": "slack", "method": "chat.postMessage", "action": "5xx_before"})
    scene.inside.answers[Said] = [Reply(Message(("lost",))), Reply(CARD)]
    await scene.do("say", "zofia", text="x")
    _, refs = scene.inside.done[0]
    assert refs[0] is None
    assert refs[1] is not None


async def test_a_rate_limit_on_an_answer_is_waited_out_once(scene: Any):
    scene.box.world.faults.add({"platform": "slack", "method": "chat.postMessage", "action": "429", "retry_after": 1})
    scene.inside.answers[Said] = [Reply(CARD)]
    await scene.do("say", "zofia", text="x")
    assert scene.inside.done[0][1][0] is not None


async def test_stopping_finishes_what_is_in_hand(playing: Any):
    async with playing() as scene:
        scene.inside.slow = 0.2
        scene.inside.answers[Said] = [Reply(CARD)]
        await scene.do("say", "zofia", expect=0, text="x")
        await scene.platform.stop()
        assert scene.dm("zofia")[-1]["text"] == "You are invited\nto M6"
        with pytest.raises(NotSent):
            await scene.platform.send(scene.place(), CARD, READER)


async def test_the_check_names_missing_scopes_and_dead_tokens(playing: Any):
    async with playing(scopes=["chat:write", "im:history"]) as scene:
        found = await scene.platform.check()
        assert len(found) == 1
        assert "commands" in found[0]
        assert "chat:write" not in found[0]
        wrong = SlackPlatform("xoxb-wrong", TOKENS[1], api_url=f"{scene.box.url}/api/")
        assert await wrong.check() == ["Slack: SLACK_BOT_TOKEN does not work (invalid_auth)"]
        wrong = SlackPlatform(TOKENS[0], "xapp-wrong", api_url=f"{scene.box.url}/api/")
        assert "SLACK_APP_TOKEN" in (await wrong.check())[-1]


async def test_all_is_well_with_the_scopes_of_the_manifest(scene: Any):
    assert await scene.platform.check() == []


async def test_no_secret_and_no_word_of_a_person_reaches_the_logs(playing: Any, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    async with playing() as scene:
        scene.inside.answers[Said] = [Reply(CARD), SendFile("a.ics", b"x")]
        await scene.do("say", "zofia", text="CANARY words")
        scene.box.world.faults.add({"platform": "slack", "action": "unauthorized"})
        with pytest.raises(AccountDead):
            await scene.platform.send(scene.place(), CARD, READER)
    for secret in (*TOKENS, "CANARY", "ticket="):
        assert secret not in caplog.text


async def test_joining_a_channel_is_noticed(scene: Any):
    side = scene.box.side("slack")
    team = side.teams["T1"]  # type: ignore[attr-defined]
    event = {"type": "member_joined_channel", "user": team.bot_user, "channel": "C1", "channel_type": "C", "team": "T1"}
    assert await side.events.tell(team, event)  # type: ignore[attr-defined]
    await asyncio.sleep(0.05)
    assert isinstance(scene.inside.taken[0], BotPlaced)


async def test_a_connection_that_stays_away_is_built_anew(world: Any):
    async with Sandbox(world(), sides=("slack",)) as box, open_session() as session:
        web = web_client(None, f"{box.url}/api/", session)
        sockets = Sockets(AsyncApp(client=web_client("xoxb-1", f"{box.url}/api/", session)), web, TOKENS[1],
                          patience=0.3, pause=0.02)  # fmt: skip
        await sockets.open()
        try:
            async with asyncio.timeout(5):
                while await sockets.connected() < 2:
                    await asyncio.sleep(0.01)
                lost = sockets.handlers[1]
                await lost.client.close()
                while sockets.handlers[1] is lost or await sockets.connected() < 2:
                    await asyncio.sleep(0.01)
        finally:
            await sockets.close()


async def test_signed_http_carries_the_same_conversation(world: Any, inside: Any):
    platforms: list[SlackPlatform] = []

    async def events(request: Request) -> Response:
        return await platforms[0].events(request)

    async def healthy() -> dict[str, Any]:
        return {"ok": True}

    server = HttpServer(application(healthy, [("/slack/events", events)]), "127.0.0.1", 0)
    port = await server.start()
    spec = world(request_url=f"http://127.0.0.1:{port}/slack/events")
    async with Sandbox(spec, sides=("slack",)) as box:
        platform = SlackPlatform(TOKENS[0], signing_secret=TOKENS[2], api_url=f"{box.url}/api/")
        platforms.append(platform)
        await platform.start(inside)
        inside.answers[Said] = [Reply(CARD)]
        side, zofia = box.side("slack"), box.world.people.named("zofia")
        assert (await side.say(zofia, {"person": "zofia", "text": "hello"}))["acked"]
        await platform.stop()
        assert (await side.say(zofia, {"person": "zofia", "text": "too late"}))["acked"] is False
        await box.close()
    await server.stop()
    assert [each.text for each in inside.taken] == ["hello"]
    assert inside.done[0][1][0] is not None
