from __future__ import annotations

import asyncio
import time
from datetime import timedelta

import pytest
from telegram import Bot
from telegram.error import InvalidToken, NetworkError, RetryAfter, TimedOut

USER, OTHER = 5006, 5015


async def texts(control, person: str = "m06") -> list[str]:
    return [message["text"] for message in (await control.chats(person))[0]["messages"]]


async def test_a_429_for_one_person_leaves_others_alone(bot: Bot, control) -> None:
    await control.post(
        "faults", platform="telegram", method="sendMessage", match={"person": "m06"}, action="429", retry_after=30
    )
    await bot.send_message(OTHER, "fine")
    with pytest.raises(RetryAfter) as refused:
        await bot.send_message(USER, "x")
    assert refused.value.retry_after == timedelta(seconds=30)
    await bot.send_message(USER, "the fault is used up")
    assert (await texts(control), [row["status"] for row in await control.ledger()][-3:]) == (
        ["the fault is used up"],
        [200, 429, 200],
    )
    assert (await control.get("faults"))[0]["hits"] == 1


@pytest.mark.parametrize(
    ("action", "error", "done", "status"),
    [
        ("5xx_before", NetworkError, False, 502),
        ("5xx_after", NetworkError, True, 200),
        ("cut_before", NetworkError, False, 0),
        ("cut_after", NetworkError, True, 200),
        ("garbage", NetworkError, True, 200),
        ("unauthorized", InvalidToken, False, 401),
    ],
)
async def test_what_is_done_under_a_fault(bot: Bot, control, action: str, error, done: bool, status: int) -> None:
    await control.post("faults", method="sendMessage", action=action)
    with pytest.raises(Exception) as raised:  # noqa: PT011  (the class is the parameter)
        await bot.send_message(USER, "x")
    assert type(raised.value).__name__ in {error.__name__, "TelegramError"}
    assert await texts(control) == (["x"] if done else [])
    assert (await control.ledger())[-1]["status"] == status
    await bot.send_message(USER, "after")
    assert (await texts(control))[-1] == "after"


async def test_a_late_answer_and_none_at_all_are_time_outs(bot: Bot, control) -> None:
    for action, done in (("delay", ["x"]), ("black_hole", ["x"])):
        await control.post("faults", method="sendMessage", action=action, seconds=5)
        with pytest.raises(TimedOut):
            await bot.send_message(USER, "x", read_timeout=0.1)
        assert await texts(control) == done


async def test_a_short_delay_is_only_late(bot: Bot, control) -> None:
    await control.post("faults", method="sendMessage", action="delay", seconds=0.2)
    began = time.monotonic()
    await bot.send_message(USER, "x")
    assert time.monotonic() - began >= 0.2


async def test_faults_can_begin_later_and_be_cleared(bot: Bot, control) -> None:
    await control.post("faults", action="429", skip=1, count=2)
    await bot.send_message(USER, "passes")
    for _ in range(2):
        with pytest.raises(RetryAfter):
            await bot.send_message(USER, "x")
    await bot.send_message(USER, "passes")
    await control.post("faults", action="429", count=9)
    async with control.session.delete(f"{control.url}/control/faults") as answer:
        assert answer.status == 200
    assert await control.get("faults") == []
    await bot.send_message(USER, "passes")


async def test_polling_suffers_too(bot: Bot, control) -> None:
    await control.post("faults", method="getUpdates", action="cut_before")
    with pytest.raises(NetworkError):
        await bot.get_updates()
    waiting = asyncio.create_task(bot.get_updates(timeout=5))
    await asyncio.sleep(0.05)
    await control.play("say", "m06", text="still alive")
    assert (await waiting)[0].message.text == "still alive"
