"""What `convenor check` finds about a bot, and what an installation may set."""

from __future__ import annotations

import asyncio

import pytest

from bot.platforms.telegram import _check
from chat.message import Message
from chat.people import Place
from chat.text import Reader
from scheduler.pacing import Pace

DM = Place("telegram", "123456", "7001")
CONFLICT = (409, "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running")


@pytest.fixture
def soon(monkeypatch):
    """Let the look for another poller be short."""
    monkeypatch.setattr(_check, "POLL_SECONDS", 0)


async def test_a_healthy_bot_has_no_findings(make, api, soon):
    assert await make().check() == []
    assert not api.of("getUpdates")
    assert await make().check(alone=True) == []
    polled = api.of("getUpdates")
    assert [(each["offset"], each["limit"]) for each in polled] == [("0", "1")]  # confirms nothing


@pytest.mark.parametrize(
    ("me", "hook", "options", "words"),
    [
        ({"can_read_all_group_messages": True}, {}, {}, "privacy mode is off"),
        ({"can_join_groups": False}, {}, {}, "cannot be added to groups"),
        ({}, {"url": "https://old.example.org/hook"}, {}, "a webhook at old.example.org"),
        ({}, {}, {"webhook_secret": "s", "public_url": "https://b.example.org"}, "webhook is not set to PUBLIC_URL"),
        (
            {}, {"url": "https://b.example.org/telegram/webhook", "last_error_message": "Connection refused"},
            {"webhook_secret": "s", "public_url": "https://b.example.org"}, "webhook fails: Connection refused",
        ),
    ],
)  # fmt: skip
async def test_a_check_names_what_is_wrong(make, api, soon, me, hook, options, words):
    api.me.update(me)
    api.webhook.update(hook)
    found = await make(**options).check(alone=True)
    assert len(found) == 1
    assert words in found[0]


async def test_a_check_names_somebody_else_who_polls(make, api, soon):
    api.will("getUpdates", CONFLICT)
    found = await make().check(alone=True)
    assert len(found) == 1
    assert "another process polls" in found[0]


async def test_a_check_names_a_wrong_token_and_a_silent_telegram(make):
    assert "token is refused" in (await make(token="123456:wrong").check())[0]
    assert "token is refused" in (await make(token="no token\nat all").check())[0]
    assert "no answer" in (await make(api_url="http://127.0.0.1:9").check())[0]


@pytest.mark.parametrize("garbage", [b"<html>", b'{"ok": true, "result": {"url": 5}}', b'{"ok": true, "result": []}'])
async def test_a_check_survives_answers_of_any_shape(make, api, garbage):
    api.will("getWebhookInfo", garbage)
    assert isinstance(await make().check(), list)


async def test_a_check_beside_a_running_bot_leaves_it_running(platform):
    assert await platform.check() == []
    await platform.send(DM, Message(("still here",)), Reader())


def test_the_pace_of_a_bot_is_telegrams_unless_told_otherwise(make):
    limits = make().limits
    assert (limits.per_second, limits.chat_interval, limits.group_per_minute, limits.lanes) == (30, 1.0, 20, 8)
    assert make(per_second=5.5, lanes=3).limits.per_second == 5.5
    assert make(per_second=5.5, lanes=3).limits.lanes == 3


def test_without_a_pace_nothing_waits(make):
    pace = Pace(make(per_second=0).limits, clock=lambda: 100.0)
    for _ in range(2000):
        assert pace.bot_wait() == pace.chat_wait("-5", group=True) == pace.edit_wait("-5", group=True) == 0
        pace.take("-5", group=True)
        pace.take_edit("-5", group=True)


async def test_a_bot_without_a_pace_edits_as_fast_as_it_is_pressed(make, api, listener):
    platform = make(per_second=0)
    await platform.start(listener)
    ref = await platform.send(DM, Message(("card",)), Reader())
    sender = platform._ready()[0]
    async with asyncio.timeout(2):
        for number in range(20):
            await sender.edit(ref, Message((str(number),)), Reader(), paced=True)
    assert len(api.of("editMessageText")) == 20
