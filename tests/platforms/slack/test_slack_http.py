"""Signed HTTP: who may speak to us, what is done once, and that nothing unsigned is parsed or logged (S08-S10)."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from aiohttp import web
from starlette.applications import Starlette
from starlette.routing import Route

from bot.platforms.slack import SlackPlatform
from chat.inbound import AnyInbound, Command, Said, Submission
from chat.message import Message
from chat.outbound import Invalid, Reply
from chat.people import MessageRef
from chat.platform import Outcome
from chat.text import Reader, say

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
PAYLOADS = Path(__file__).parents[2] / "payloads" / "slack"
FORM_TYPE, JSON_TYPE = "application/x-www-form-urlencoded", "application/json"


@dataclass
class Inside:
    seen: set[str] = field(default_factory=set)
    taken: list[AnyInbound] = field(default_factory=list)

    async def accept(self, inbound: AnyInbound) -> bool:
        fresh = inbound.key not in self.seen
        self.seen.add(inbound.key)
        return fresh

    async def handle(self, inbound: AnyInbound) -> Outcome:
        self.taken.append(inbound)
        if isinstance(inbound, Submission):
            return Outcome((Invalid({"theme": say("f_required")}),), Reader())
        return Outcome((Reply(Message(("hello",))),), Reader())

    async def performed(self, inbound: AnyInbound, outcome: Outcome, refs: Sequence[MessageRef | None]) -> None:
        pass


@dataclass
class Scene:
    http: httpx.AsyncClient
    platform: SlackPlatform
    inside: Inside
    posts: list[dict[str, Any]]

    async def post(self, body: bytes, content_type: str = JSON_TYPE, **headers: str) -> httpx.Response:
        sent = {"content-type": content_type, **signature(body), **headers}
        return await self.http.post(
            "/slack/events", content=body, headers={name.replace("_", "-"): value for name, value in sent.items()}
        )


def signature(body: bytes, at: float | None = None, secret: str = SECRET) -> dict[str, str]:
    stamp = str(int(time.time() if at is None else at))
    made = hmac.new(secret.encode(), f"v0:{stamp}:".encode() + body, hashlib.sha256).hexdigest()
    return {"x_slack_request_timestamp": stamp, "x_slack_signature": f"v0={made}"}


def recorded(name: str) -> bytes:
    return (PAYLOADS / f"{name}.json").read_bytes()


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    posts: list[dict[str, Any]] = []

    async def api(request: web.Request) -> web.Response:
        if request.match_info["method"] == "auth.test":
            return web.json_response({"ok": True, "team_id": "T0COPRR", "user_id": "U0BOT", "bot_id": "B0CONV"})
        posts.append(await request.json())
        return web.json_response({"ok": True, "channel": "D0ZOFIA", "ts": "1.1"})

    app = web.Application()
    app.router.add_post("/api/{method}", api)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/api/"
    platform, inside = SlackPlatform("xoxb-1", signing_secret=SECRET, api_url=url), Inside()
    await platform.start(inside)
    routes = Starlette(routes=[Route("/slack/events", platform.events, methods=["POST"])])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(routes), base_url="http://bot") as http:
        yield Scene(http, platform, inside, posts)
    await platform.stop()
    await runner.cleanup()


def test_no_signing_secret_and_no_socket_is_refused():
    for secret in ("", "  "):
        with pytest.raises(ValueError, match="SLACK_SIGNING_SECRET"):
            SlackPlatform("xoxb-1", signing_secret=secret)


async def test_an_event_is_taken_in_acknowledged_and_answered(scene: Scene):
    answer = await scene.post(recorded("message_im"))
    assert (answer.status_code, answer.content) == (200, b"")
    await scene.platform.stop()
    assert isinstance(scene.inside.taken[0], Said)
    assert scene.posts[0]["channel"] == "D0ZOFIA"


async def test_a_slash_command_and_an_interaction_are_forms(scene: Scene):
    fields = json.loads(recorded("slash_command_dm")) | {"response_url": ""}
    assert (await scene.post(urlencode(fields).encode(), FORM_TYPE)).content == b""
    body = urlencode({"payload": recorded("view_submission").decode()}).encode()
    answer = await scene.post(body, FORM_TYPE)
    assert answer.json() == {"response_action": "errors", "errors": {"theme": "Please answer this question."}}
    assert [type(each) for each in scene.inside.taken] == [Command, Submission]


async def test_slacks_own_questions_are_answered(scene: Scene):
    challenge = {"type": "url_verification", "challenge": "abc", "token": "x"}
    assert (await scene.post(json.dumps(challenge).encode())).json() == {"challenge": "abc"}
    assert (await scene.post(b"ssl_check=1&token=x", FORM_TYPE)).status_code == 200


async def test_a_replayed_request_has_no_second_effect(scene: Scene):
    for _ in range(2):
        assert (await scene.post(recorded("message_im"))).status_code == 200
    await scene.platform.stop()
    assert len(scene.inside.taken) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"x_slack_signature": ""},
        {"x_slack_signature": "v0=" + "0" * 64},
        {"x_slack_signature": "v1=abc"},
        {"x_slack_request_timestamp": ""},
        {"x_slack_request_timestamp": "abc"},
        {"x_slack_request_timestamp": "1e9"},
        {"x_slack_request_timestamp": "-5"},
        {"x_slack_request_timestamp": "9" * 400},
        {"x_slack_request_timestamp": "٣٤٥"},
    ],
)
async def test_a_request_without_slacks_signature_is_refused(scene: Scene, change: dict[str, str]):
    body = recorded("message_im")
    headers = {"content-type": JSON_TYPE, **signature(body), **change}
    answer = await scene.http.post(
        "/slack/events",
        content=body,
        headers=[(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
    )
    assert (answer.status_code, answer.content) == (401, b"")
    assert not scene.inside.taken


@pytest.mark.parametrize(("offset", "status"), [(-301, 401), (301, 401), (-290, 200), (290, 200)])
async def test_a_signature_is_good_for_five_minutes(scene: Scene, offset: int, status: int):
    body = recorded("message_im")
    assert (await scene.post(body, **signature(body, time.time() + offset))).status_code == status


async def test_another_apps_secret_is_refused(scene: Scene):
    body = recorded("message_im")
    assert (await scene.post(body, **signature(body, secret="other"))).status_code == 401


@pytest.mark.parametrize("body", [b"{CANARY", b"[1]", b"[" * 200_000, b"payload=zzz", b"\xff\xfe", b"", b"null"])
async def test_nonsense_is_refused_unsigned_and_signed_without_being_logged(
    scene: Scene, body: bytes, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG)
    started = time.monotonic()
    unsigned = await scene.post(body, x_slack_signature="v0=0")
    assert unsigned.status_code == 401
    assert time.monotonic() - started < 0.5
    for kind in (JSON_TYPE, FORM_TYPE):
        assert (await scene.post(body, kind)).status_code in (200, 400)
    assert "CANARY" not in caplog.text
    assert "[[[" not in caplog.text
    assert not scene.inside.taken


async def test_a_body_over_a_megabyte_is_refused(scene: Scene):
    assert (await scene.post(b"x" * 1_000_001)).status_code == 413

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(30):
            yield b"y" * 100_000

    answer = await scene.http.post("/slack/events", content=endless(), headers={"content-type": JSON_TYPE})
    assert answer.status_code == 413


async def test_a_compressed_body_is_not_unpacked(scene: Scene):
    import gzip

    body = gzip.compress(b"x" * 10_000_000)
    answer = await scene.post(body, content_encoding="gzip")
    assert answer.status_code == 400


async def test_socket_mode_takes_no_http_and_a_stopped_adapter_asks_slack_to_come_again(scene: Scene):
    await scene.platform.stop()
    assert (await scene.post(recorded("message_im"))).status_code == 503
    other = SlackPlatform("xoxb-1", "xapp-1", SECRET)
    routes = Starlette(routes=[Route("/slack/events", other.events, methods=["POST"])])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(routes), base_url="http://bot") as http:
        assert (await http.post("/slack/events", content=b"x")).status_code == 404


async def test_a_revoked_token_is_noted(scene: Scene):
    assert (await scene.post(recorded("tokens_revoked"))).status_code == 200
    assert any("revoked" in each for each in await scene.platform.check())


async def test_a_form_of_another_app_is_acknowledged_and_left_alone(scene: Scene):
    body = json.loads(recorded("view_submission"))
    body["view"]["callback_id"] = "someone_else"
    answer = await scene.post(urlencode({"payload": json.dumps(body)}).encode(), FORM_TYPE)
    assert (answer.status_code, answer.content) == (200, b"")
    assert not scene.inside.taken
