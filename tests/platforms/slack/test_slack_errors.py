"""Each failure of Slack or of the network means one thing to us (platforms §6), and nothing is ever sent twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiohttp import web

from bot.platforms.slack._client import open_session, web_client
from bot.platforms.slack._errors import meaning
from bot.platforms.slack._files import file_name
from bot.platforms.slack._post import Poster
from chat.errors import (
    AccountDead,
    Ambiguous,
    MessageGone,
    NotSent,
    PlatformError,
    RateLimited,
    Rejected,
    Unreachable,
)
from chat.message import Message
from chat.people import Place
from chat.text import Reader

TO, HELLO, READER = Place("slack", "T1", "U1"), Message(("hello",)), Reader()
Serve = Callable[[Callable[[web.Request], Awaitable[web.StreamResponse]]], Awaitable[str]]


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("ratelimited", RateLimited),
        ("rate_limited", RateLimited),
        ("request_timeout", NotSent),
        ("user_not_found", Unreachable),
        ("users_not_found", Unreachable),
        ("user_disabled", Unreachable),
        ("user_not_visible", Unreachable),
        ("cannot_dm_bot", Unreachable),
        ("cant_dm_bot", Unreachable),
        ("not_in_channel", Unreachable),
        ("channel_not_found", Unreachable),
        ("is_archived", Unreachable),
        ("restricted_action", Rejected),
        ("restricted_action_thread_only_channel", Rejected),
        ("no_permission", Rejected),
        ("missing_scope", Rejected),
        ("ekm_access_denied", Rejected),
        ("org_login_required", Rejected),
        ("invalid_blocks", Rejected),
        ("msg_too_long", Rejected),
        ("no_text", Rejected),
        ("invalid_arguments", Rejected),
        ("too_many_attachments", Rejected),
        ("trigger_expired", Rejected),
        ("trigger_exchanged", Rejected),
        ("expired_url", Rejected),
        ("message_not_found", MessageGone),
        ("cant_update_message", MessageGone),
        ("edit_window_closed", MessageGone),
        ("invalid_auth", AccountDead),
        ("account_inactive", AccountDead),
        ("token_revoked", AccountDead),
        ("token_expired", AccountDead),
        ("not_authed", AccountDead),
        ("team_access_not_granted", AccountDead),
        ("fatal_error", Ambiguous),
        ("internal_error", Ambiguous),
        ("service_unavailable", Ambiguous),
        ("a_code_nobody_knows", Ambiguous),
        ("", Ambiguous),
    ],
)
def test_every_code_means_one_thing(code: str, kind: type[PlatformError]):
    assert type(meaning(code)) is kind


def test_a_rate_limit_says_how_long():
    error = meaning("", 429, "7")
    assert isinstance(error, RateLimited)
    assert error.after == 7


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    runners = []

    async def begin(handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> str:
        app = web.Application()
        app.router.add_route("*", "/api/{method}", handler)
        runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
        runners.append(runner)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{runner.addresses[0][1]}/api/"

    yield begin
    for each in runners:
        await each.cleanup()


async def fails(api_url: str, *, timeout: float = 5) -> PlatformError:
    async with open_session(timeout) as session:
        poster = Poster(web_client("xoxb-1", api_url, session), session, "T1")
        with pytest.raises(PlatformError) as caught:
            await poster.send(TO, HELLO, READER)
    return caught.value


async def test_a_refused_connection_is_surely_not_sent():
    assert type(await fails("http://127.0.0.1:1/api/")) is NotSent


async def test_a_lost_answer_is_ambiguous_and_the_post_left_once(serve: Serve):
    seen = []

    async def cut(request: web.Request) -> web.StreamResponse:
        seen.append(await request.read())
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    assert type(await fails(await serve(cut))) is Ambiguous
    assert len(seen) == 1


async def test_a_post_on_a_line_that_was_used_before_is_not_made_again_either(serve: Serve):
    seen = []

    async def cut_the_second(request: web.Request) -> web.StreamResponse:
        seen.append(await request.read())
        if len(seen) == 1:
            return web.json_response({"ok": True, "channel": "D1", "ts": "1.2"})
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async with open_session() as session:
        poster = Poster(web_client("xoxb-1", await serve(cut_the_second), session), session, "T1")
        await poster.send(TO, HELLO, READER)
        with pytest.raises(Ambiguous):
            await poster.send(TO, HELLO, READER)
    assert len(seen) == 2


async def test_a_late_answer_is_ambiguous(serve: Serve):
    async def slow(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(5)
        return web.Response()

    assert type(await fails(await serve(slow), timeout=0.2)) is Ambiguous


@pytest.mark.parametrize(
    ("status", "body", "content", "kind"),
    [
        (502, "Bad Gateway", "text/plain", Ambiguous),
        (503, "<html>", "text/html", Ambiguous),
        (500, "", "application/json", Ambiguous),
        (200, "<html>", "text/html", Ambiguous),
        (200, "{not json", "application/json", Ambiguous),
        (200, '{"ok": true}', "application/json", Ambiguous),
        (200, '{"ok": false, "error": "user_disabled"}', "application/json", Unreachable),
        (429, '{"ok": false, "error": "ratelimited"}', "application/json", RateLimited),
    ],
)
async def test_what_slack_answers_is_classified(
    serve: Serve, status: int, body: str, content: str, kind: type[PlatformError]
):
    async def answer(request: web.Request) -> web.StreamResponse:
        headers = {"Retry-After": "3"} if status == 429 else {}
        return web.Response(status=status, body=body.encode(), content_type=content, headers=headers)

    error = await fails(await serve(answer))
    assert type(error) is kind
    if isinstance(error, RateLimited):
        assert error.after == 3


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\M6.ics", "M6.ics"),
        ('a"\r\nX: y.pdf', "aX y.pdf"),
        ("...", "file"),
        ("x" * 300 + ".pdf", "x" * 116 + ".pdf"),
        ("a\x00b.ics", "ab.ics"),
    ],
)
def test_a_file_name_is_made_safe(given: str, expected: str):
    assert file_name(given) == expected
