"""Answers of any shape: one of our errors, one request, no crash, no circle; for every method we call."""

from __future__ import annotations

import asyncio
import json

import pytest
from aiohttp import web
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chat.errors import AccountDead, Ambiguous, ChatMoved, PlatformError, RateLimited, Rejected
from chat.message import Message
from chat.outbound import SendFile
from chat.people import MessageRef, Place
from chat.text import Reader
from tests.platforms.strange import BROKEN, GARBAGE, REFUSED, WAITS, Shape, of

DM = Place("telegram", "123456", "7001")
REF = MessageRef("telegram", "123456", "7001", "480")
TEXT = Message(("Hello",))
EN = Reader()
CALLS = {
    "sendMessage": lambda it: it.send(DM, TEXT, EN),
    "editMessageText": lambda it: it.edit(REF, TEXT, EN),
    "deleteMessage": lambda it: it.delete(REF),
    "sendDocument": lambda it: it.upload(DM, SendFile("a.ics", b"x"), EN),
    "answerCallbackQuery": lambda it: it._ready()[0].answer("c1", "Saved"),
    "setMyCommands": lambda it: it.set_menu("private", "en", [("my", "Mine")]),
    "getMe": lambda it: it._me(),
}


def response(shape: Shape) -> web.Response:
    status, body, headers = shape
    return web.Response(status=status, body=body, headers=headers)


async def outcome(platform, api, method: str, shape: Shape) -> object:
    """Call once under this answer; give the error or the result, and make sure that it was asked only once."""
    api.calls.clear()
    moved = {"Location": f"{api.url}/bot123456:x/{method}"} if 300 <= shape[0] < 400 else {}
    api.will(method, response((shape[0], shape[1], {**shape[2], **moved})))
    try:
        found: object = await CALLS[method](platform)
    except PlatformError as error:
        found = error
    assert api.names == [method], "asked more than once, or something else"
    return found


@pytest.mark.parametrize("method", CALLS)
async def test_what_nobody_can_read_is_ambiguous(platform, api, method, monkeypatch):
    monkeypatch.setattr("bot.platforms.telegram._aiohttp_request.BODY_MAX", 1_000_000)
    for name, shape in {**GARBAGE, **BROKEN}.items():
        error = await outcome(platform, api, method, shape)
        assert type(error) is Ambiguous, name
        assert not error.strange, name


@pytest.mark.parametrize("method", CALLS)
async def test_a_refusal_of_something_in_between_is_ambiguous_and_told_to_the_operator(platform, api, method):
    for name, shape in REFUSED.items():
        error = await outcome(platform, api, method, shape)
        assert type(error) is Ambiguous, name
        assert error.strange, name
        assert error.reason == f"http_{shape[0]}"


@pytest.mark.parametrize(
    "result",
    [None, 7, "x", [], {}, {"message_id": "x"}, {"message_id": 0}, {"message_id": True, "date": 0, "chat": {"id": 1}},
     {"message_id": "7", "date": 1, "chat": {"id": 1, "type": "private"}},
     {"message_id": [7], "date": 1, "chat": {"id": 1, "type": "private"}}],
)  # fmt: skip
@pytest.mark.parametrize("method", ["sendMessage", "sendDocument"])
async def test_without_a_message_to_point_at_it_is_not_called_sent(platform, api, method, result):
    assert type(await outcome(platform, api, method, of(200, {"ok": True, "result": result}))) is Ambiguous


async def test_a_deletion_that_is_not_confirmed_is_not_called_done(platform, api):
    for result in ("yes", 1, {}, None, False):
        assert type(await outcome(platform, api, "deleteMessage", of(200, {"ok": True, "result": result}))) is Ambiguous


@pytest.mark.parametrize("result", [None, [], {}, {"id": "x", "is_bot": True, "first_name": "x"}, {"id": None}])
async def test_a_bot_without_an_id_is_no_bot(platform, api, result):
    assert type(await outcome(platform, api, "getMe", of(200, {"ok": True, "result": result}))) is Ambiguous


@pytest.mark.parametrize(("asked", "after"), WAITS)
async def test_a_wait_is_a_number_of_seconds_whatever_was_asked(platform, api, asked, after):
    body = {"ok": False, "error_code": 429, "description": "Too Many Requests", "parameters": {"retry_after": asked}}
    error = await outcome(platform, api, "sendMessage", of(429, body))
    assert type(error) is RateLimited
    assert error.after == (after or 1)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", {"ok": False}, {"ok": False, "parameters": 5}])
async def test_too_many_requests_is_that_whoever_says_it(platform, api, body):
    error = await outcome(platform, api, "sendMessage", of(429, body))
    assert (type(error), error.after) == (RateLimited, 1)


@pytest.mark.parametrize("code", [402, 405, 406, 418, 420, 444, 499])
async def test_a_code_nobody_knows_is_ambiguous_and_told_to_the_operator(platform, api, code):
    body = {"ok": False, "error_code": code, "description": "I am a teapot"}
    error = await outcome(platform, api, "sendMessage", of(code, body))
    assert (type(error), error.reason, error.strange) == (Ambiguous, f"http_{code}", True)


@pytest.mark.parametrize("chat", ["-1009", None, 0, [], True, 1.5])
async def test_a_new_chat_id_that_is_no_number_is_not_followed(platform, api, chat):
    body = {"ok": False, "description": "upgraded", "parameters": {"migrate_to_chat_id": chat}}
    assert not isinstance(await outcome(platform, api, "sendMessage", of(400, body)), ChatMoved)


async def test_a_method_an_older_server_does_not_have_is_no_dead_token(platform, api):
    body = {"ok": False, "error_code": 404, "description": "Not Found: method not found"}
    assert type(await outcome(platform, api, "sendMessage", of(404, body))) is Rejected
    assert type(await outcome(platform, api, "sendMessage", of(404, {"ok": False, "description": 5}))) is AccountDead


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["ok", "result", "message_id", "chat", "date", "id", "document", "file_id", "parameters",
                         "retry_after", "migrate_to_chat_id", "description", "error_code", "x"]), inner, max_size=6),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    method=st.sampled_from(sorted(CALLS)),
    status=st.sampled_from([200, 201, 302, 400, 401, 403, 404, 409, 413, 418, 429, 500, 502]),
    body=st.binary(max_size=40) | VALUES.map(lambda value: json.dumps(value).encode()),
)
async def test_any_answer_at_all_is_a_result_or_one_of_our_errors(platform, api, method, status, body):
    found = await outcome(platform, api, method, (status, body, {"Content-Type": "application/json"}))
    assert isinstance(found, PlatformError) or status < 300 or (method, found) == ("deleteMessage", False)
    if isinstance(found, RateLimited):
        assert 1 <= found.after <= 86_400


UPDATES = {
    **GARBAGE, **BROKEN, **REFUSED,
    "not a list": of(200, {"ok": True, "result": {"update_id": 1}}),
    "numbers": of(200, {"ok": True, "result": [1, 2, 3]}),
    "without a number": of(200, {"ok": True, "result": [{"message": {}}]}),
    "a number too large": of(200, {"ok": True, "result": [{"update_id": 10**30}]}),
    "a number that is none": of(200, {"ok": True, "result": [{"update_id": "7"}, {"update_id": True}]}),
    "nothing, at once": of(200, {"ok": True, "result": []}),
}  # fmt: skip


async def test_strange_updates_neither_end_the_polling_nor_turn_it_in_circles(
    api, make, listener, payload, wait_until, monkeypatch
):
    monkeypatch.setattr("bot.platforms.telegram._aiohttp_request.BODY_MAX", 1_000_000)
    monkeypatch.setattr("bot.platforms.telegram._polling.BACK_OFF_MAX", 0.002)
    api.will("getUpdates", *(response(shape) for shape in UPDATES.values()))
    await make(back_off=0.001).start(listener)
    await wait_until(lambda: not api.scripted["getUpdates"], seconds=20)
    api.updates = [payload("command_in_dm")]
    await wait_until(lambda: listener.handled)


@pytest.mark.parametrize("result", [[], [{"update_id": 0, "message": {}}]])
async def test_what_comes_at_once_and_brings_nothing_new_is_not_asked_for_in_circles(api, make, listener, result):
    async def at_once(_body):
        return response(of(200, {"ok": True, "result": result}))

    api.will("getUpdates", *([at_once] * 1000))
    await make(back_off=0.05).start(listener)
    await asyncio.sleep(1)
    assert 3 <= len(api.of("getUpdates")) <= 9  # 0.05 + 0.1 + 0.2 + 0.4 + …


async def test_good_updates_beside_strange_ones_are_taken(api, make, listener, payload, wait_until):
    strange = [7, {"update_id": "x"}, payload("command_in_dm")]
    api.will("getUpdates", response(of(200, {"ok": True, "result": strange})))
    await make().start(listener)
    await wait_until(lambda: listener.handled)
