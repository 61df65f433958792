from __future__ import annotations

import asyncio
import json

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

HEADER = "X-Telegram-Bot-Api-Secret-Token"
SECRET = "webhook-secret_0123456789"
GOOD = {HEADER: SECRET, "content-type": "application/json"}


@pytest.fixture
async def hook(make, listener):
    platform = make(webhook_secret=SECRET, public_url="https://bot.example.org/")
    await platform.start(listener)
    app = Starlette(routes=[Route("/telegram/webhook", platform.webhook, methods=["POST"])])
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://bot") as client:

        async def post(body, headers=GOOD):
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            answer = await client.post("/telegram/webhook", content=content, headers=headers)
            return answer.status_code

        post.platform = platform
        yield post


async def test_an_update_is_stored_before_it_is_acknowledged_and_handled_after(hook, listener, payload, wait_until):
    listener.gate = asyncio.Event()
    assert await hook(payload("command_in_dm")) == 200
    assert len(listener.accepted) == 1
    assert not listener.done
    listener.gate.set()
    await wait_until(lambda: listener.done)


async def test_the_webhook_is_set_with_secret_and_kinds(hook, api):
    call = api.of("setWebhook")[0]
    assert call["url"] == "https://bot.example.org/telegram/webhook"
    assert call["secret_token"] == SECRET
    assert "callback_query" in call["allowed_updates"]
    assert "drop_pending_updates" not in call
    assert not api.of("deleteWebhook", "getUpdates")


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "application/json"},
        {HEADER: "", "content-type": "application/json"},
        {HEADER: SECRET + "x", "content-type": "application/json"},
        [(HEADER, SECRET), (HEADER, SECRET), ("content-type", "application/json")],
        [(HEADER, SECRET), (HEADER, "other"), ("content-type", "application/json")],
        {HEADER: "sécret".encode(), "content-type": "application/json"},
        {HEADER: SECRET, "content-type": "text/plain"},
        {HEADER: SECRET},
    ],
)
async def test_without_exactly_the_secret_nothing_is_read(hook, listener, payload, headers):
    assert await hook(payload("command_in_dm"), headers) == 403
    assert not listener.accepted


async def test_a_charset_does_not_matter(hook, payload):
    assert await hook(payload("command_in_dm"), {**GOOD, "content-type": "application/json; charset=utf-8"}) == 200


async def test_too_large_a_body_is_refused_announced_or_not(hook, listener):
    assert await hook(b'"' + b"x" * 1_000_001 + b'"') == 413

    chunks = [{"type": "http.request", "body": b"x" * 600_000, "more_body": True}] * 3
    scope = {"type": "http", "method": "POST", "path": "/", "headers": [
        (HEADER.lower().encode(), SECRET.encode()), (b"content-type", b"application/json")]}  # fmt: skip

    async def receive():
        return chunks.pop()

    assert (await hook.platform.webhook(Request(scope, receive))).status_code == 413
    assert not listener.accepted


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b'"x"', b"[" * 200_000, b'{"message": {}}', b'{"update_id": "7"}',
     b'{"update_id": true}', b"\xff\xfe{}", b"payload=zzz"],
)  # fmt: skip
async def test_what_is_no_update_is_a_bad_request(hook, listener, body):
    assert await hook(body) == 400
    assert not listener.accepted


async def test_an_unknown_kind_is_acknowledged(hook, listener, payload):
    assert await hook(payload("unknown_kind")) == 200
    assert await hook({"update_id": 5, "message": {"chat": 1}}) == 200
    assert not listener.accepted


async def test_a_repeated_update_is_acknowledged_and_done_once(hook, listener, payload, wait_until):
    assert [await hook(payload("press_in_dm")) for _ in range(3)] == [200, 200, 200]
    await wait_until(lambda: listener.done)
    assert len(listener.handled) == 1


async def test_what_could_not_be_stored_is_not_acknowledged(hook, listener, payload):
    listener.failures = 1
    assert await hook(payload("command_in_dm")) == 503
    assert await hook(payload("command_in_dm")) == 200


async def test_before_the_start_and_after_the_end_telegram_is_asked_to_come_again(make, listener, hook, payload):
    async def receive():
        return {"type": "http.request", "body": b"{}", "more_body": False}

    request = Request({"type": "http", "method": "POST", "path": "/", "headers": []}, receive)
    waiting = make(webhook_secret=SECRET, public_url="https://bot.example.org")
    assert (await waiting.webhook(request)).status_code == 503
    assert (await make().webhook(request)).status_code == 404
    await hook.platform.stop()
    assert await hook(payload("command_in_dm")) == 503
    assert not listener.accepted


@pytest.mark.parametrize("secret", ["with space", "x" * 257, "ключ"])
def test_a_secret_telegram_would_refuse_is_refused_here(make, secret):
    with pytest.raises(ValueError, match="TELEGRAM_WEBHOOK_SECRET"):
        make(webhook_secret=secret, public_url="https://bot.example.org")


def test_a_webhook_needs_an_address(make):
    with pytest.raises(ValueError, match="PUBLIC_URL"):
        make(webhook_secret=SECRET)
