from __future__ import annotations

import socket
import warnings
from datetime import timedelta

import pytest
from telegram.error import BadRequest, NetworkError, RetryAfter, TelegramError

from bot.platforms.telegram._errors import classify
from chat.errors import (
    AccountDead,
    Ambiguous,
    ChatMoved,
    MessageGone,
    NotSent,
    RateLimited,
    Rejected,
    Unreachable,
)
from chat.message import Message
from chat.people import MessageRef, Place
from chat.text import Reader

DM = Place("telegram", "123456", "7001")
GROUP = Place("telegram", "123456", "-100123", "group")
REF = MessageRef("telegram", "123456", "7001", "480")
TEXT = Message(("Hello",))
EN = Reader()


async def send(platform, to=DM):
    return await platform.send(to, TEXT, EN)


@pytest.mark.parametrize(
    ("answer", "after"),
    [
        ((429, "Too Many Requests: retry after 7", {"retry_after": 7}), 7),
        ((429, "Too Many Requests: retry after 0", {"retry_after": 0}), 1),
        ((429, "Too Many Requests"), 1),
        ((429, "Too Many Requests", {"retry_after": "soon"}), 1),
    ],
)
async def test_a_rate_limit_says_how_long_and_for_which_chat(platform, api, answer, after):
    api.will("sendMessage", answer)
    with pytest.raises(RateLimited) as caught:
        await send(platform)
    assert (caught.value.after, caught.value.scope) == (after, "7001")


@pytest.mark.parametrize("switch", ["0", "1"])
def test_both_forms_of_the_librarys_own_rate_limit_are_understood(monkeypatch, switch):
    monkeypatch.setenv("PTB_TIMEDELTA", switch)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        errors = [RetryAfter(7), RetryAfter(timedelta(seconds=7)), RetryAfter(0)]
    assert [classify(each, "5").after for each in errors] == [7, 7, 1]


@pytest.mark.parametrize(
    ("status", "description", "reason"),
    [
        (403, "Forbidden: bot was blocked by the user", "blocked"),
        (403, "Forbidden: user is deactivated", "deactivated"),
        (403, "Forbidden: bot can't initiate conversation with a user", "not_started"),
        (400, "Bad Request: chat not found", "not_started"),
        (400, "Bad Request: PEER_ID_INVALID", "not_started"),
        (403, "Forbidden: bots can't send messages to bots", "Forbidden: bots can't send messages to bots"),
    ],
)
async def test_a_person_who_cannot_be_reached_is_told_with_the_reason(platform, api, status, description, reason):
    api.will("sendMessage", (status, description))
    with pytest.raises(Unreachable) as caught:
        await send(platform)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("status", "description", "reason"),
    [
        (403, "Forbidden: bot was kicked from the supergroup chat", "kicked"),
        (403, "Forbidden: bot is not a member of the channel chat", "kicked"),
        (400, "Bad Request: chat not found", "chat_not_found"),
    ],
)
async def test_a_group_without_us_cannot_be_reached(platform, api, status, description, reason):
    api.will("sendMessage", (status, description))
    with pytest.raises(Unreachable) as caught:
        await send(platform, GROUP)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    "answer",
    [
        (400, "Bad Request: not enough rights to send text messages to the chat"),
        (400, "Bad Request: CHAT_WRITE_FORBIDDEN"),
        (400, "Bad Request: can't parse entities"),
        (400, "Bad Request: message is too long"),
        (400, "Bad Request: wrong file identifier/HTTP URL specified"),
        (413, "Request Entity Too Large"),
    ],
)
async def test_refused_content_or_right_is_never_tried_again(platform, api, answer):
    api.will("sendMessage", answer)
    with pytest.raises(Rejected):
        await send(platform, GROUP)
    assert len(api.of("sendMessage")) == 1


async def test_a_group_that_became_a_supergroup_gives_its_new_id(platform, api):
    api.will(
        "sendMessage", (400, "Bad Request: group chat was upgraded to a supergroup", {"migrate_to_chat_id": -1009})
    )
    with pytest.raises(ChatMoved) as caught:
        await send(platform, GROUP)
    assert caught.value.chat == "-1009"


async def test_an_unchanged_edit_is_a_success(platform, api):
    api.will("editMessageText", (400, "Bad Request: message is not modified: specified new message content is ..."))
    await platform.edit(REF, TEXT, EN)


@pytest.mark.parametrize(
    "description",
    ["message to edit not found", "message can't be edited", "MESSAGE_ID_INVALID"],
)  # fmt: skip
async def test_a_message_that_cannot_be_edited_is_gone(platform, api, description):
    api.will("editMessageText", (400, f"Bad Request: {description}"))
    with pytest.raises(MessageGone):
        await platform.edit(REF, TEXT, EN)


@pytest.mark.parametrize(("status", "description"), [(401, "Unauthorized"), (404, "Not Found")])
async def test_a_dead_token_stops_the_account(platform, api, status, description):
    api.will("sendMessage", (status, description))
    with pytest.raises(AccountDead):
        await send(platform)


async def test_a_second_consumer_means_nothing_was_sent(platform, api):
    api.will("sendMessage", (409, "Conflict: terminated by other getUpdates request"))
    with pytest.raises(NotSent):
        await send(platform)


@pytest.mark.parametrize(
    "answer",
    [
        "cut", (502, "Bad Gateway"), (500, "Internal Server Error"), (504, "Gateway Timeout"),
        b"<html>all is well</html>", b'{"ok": true}', b"[1, 2]", b'{"ok": true, "result": 7}', b"\xff\xfe",
    ],
)  # fmt: skip
async def test_a_lost_or_garbled_answer_is_ambiguous_and_sent_once(platform, api, answer):
    api.will("sendMessage", answer)
    with pytest.raises(Ambiguous):
        await send(platform)
    assert len(api.of("sendMessage")) == 1


async def test_an_answer_that_does_not_come_in_time_is_ambiguous(platform, api):
    platform._request._read = 0.05
    api.will("sendMessage", "hang")
    with pytest.raises(Ambiguous) as caught:
        await send(platform)
    assert caught.value.reason == "timeout"


async def test_a_page_of_something_in_between_is_no_verdict_of_telegram(platform, api):
    async def page(_body):
        from aiohttp import web

        raise web.HTTPNotFound(text="<h1>nginx</h1>", content_type="text/html")

    api.will("sendMessage", page)
    with pytest.raises(Ambiguous):
        await send(platform)


async def test_a_refused_connection_means_nothing_was_sent(make, listener, api):
    platform = make()
    await platform.start(listener)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        platform._bot._base_url = f"http://127.0.0.1:{taken.getsockname()[1]}/bot1"
        with pytest.raises(NotSent) as caught:
            await send(platform)
    assert not isinstance(caught.value, RateLimited)
    assert caught.value.reason == "ClientConnectorError"


async def test_a_name_nobody_knows_means_nothing_was_sent(platform):
    platform._bot._base_url = "http://nobody.invalid:1/bot1"
    with pytest.raises(NotSent):
        await send(platform)


async def test_a_full_pool_means_nothing_was_sent(platform, api):
    platform._request._connect = 0.05
    connector = platform._request._session.connector
    connector._limit = 1  # the long poll holds it
    with pytest.raises(NotSent) as caught:
        await send(platform)
    assert caught.value.reason == "ConnectionTimeoutError"


async def test_a_closed_bot_sends_nothing(make, listener):
    platform = make()
    with pytest.raises(NotSent):
        await send(platform)
    await platform.start(listener)
    await platform.stop()
    with pytest.raises(NotSent):
        await send(platform)


def test_a_bad_request_is_never_taken_for_trouble_of_the_network():
    assert isinstance(classify(BadRequest("Button_data_invalid")), Rejected)
    assert isinstance(classify(NetworkError("Bad Gateway")), Ambiguous)
    assert isinstance(classify(TelegramError("Invalid server response")), Ambiguous)


async def test_errors_carry_neither_the_library_nor_the_token(platform, api, token):
    api.will("sendMessage", "cut")
    with pytest.raises(Ambiguous) as caught:
        await send(platform)
    seen, error = [], caught.value
    while error is not None:
        seen.append(repr(error))
        error = error.__cause__ or error.__context__
    assert len(seen) == 1
    assert token not in seen[0]
