"""What a rule can say besides its action: how long, how often, of whom, and with which words."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from typing import Any

import aiohttp
import pytest
from telegram import Bot
from telegram.error import BadRequest, Forbidden, NetworkError, RetryAfter, TelegramError

from sandbox.errors import WrongCall
from sandbox.faults import Faults

USER, OTHER = 5006, 5015


def fates(faults: Faults, calls: int) -> list[str]:
    taken = [faults.take("telegram", "sendMessage", str(chat)) for chat in range(calls)]
    return [fault.action if fault else "" for fault in taken]


async def raw(control, method: str, **body: Any) -> tuple[int, str, dict[str, str]]:
    """Call the Bot API as a program without a library does; give status, text and headers."""
    from tests.sandbox.conftest import TOKEN

    async with control.session.post(f"{control.url}/bot{TOKEN}/{method}", json=body) as answer:
        return answer.status, await answer.text(), dict(answer.headers)


def test_a_share_of_the_calls_suffers_and_the_same_ones_for_the_same_seed() -> None:
    def of(seed: int) -> list[str]:
        faults = Faults()
        faults.add({"action": "cut_after", "count": None, "share": 0.3, "seed": seed})
        return fates(faults, 1000)

    assert 250 < of(1).count("cut_after") < 350
    assert of(1) == of(1)
    assert of(1) != of(2)


def test_what_one_rule_spares_another_may_take() -> None:
    faults = Faults()
    faults.add({"action": "5xx_after", "count": None, "share": 0.5})
    faults.add({"action": "429", "count": None})
    assert set(fates(faults, 100)) == {"5xx_after", "429"}


def test_a_rule_lives_from_its_first_hit() -> None:
    faults = Faults()
    fault = faults.add({"action": "429", "skip": 1, "seconds_long": 0.05})
    time.sleep(0.06)
    assert fates(faults, 4) == ["", "429", "429", "429"]
    time.sleep(0.06)
    assert (fates(faults, 2), fault.view()["alive"], fault.view()["hits"]) == (["", ""], False, 3)


def test_a_rule_lives_from_now() -> None:
    faults = Faults()
    faults.add({"action": "429", "seconds_long": 0.05, "begins": "now"})
    assert fates(faults, 1) == ["429"]
    time.sleep(0.06)
    assert fates(faults, 1) == [""]


def test_a_rule_of_one_workspace_leaves_the_other_alone() -> None:
    faults = Faults()
    faults.add({"action": "429", "count": None, "platform": "slack", "match": {"workspace": "T1"}})
    calls = [faults.take("slack", "chat.postMessage", workspace=each) for each in ("T1", "T2", "T1")]
    assert [bool(each) for each in calls] == [True, False, True]


@pytest.mark.parametrize(
    "wrong",
    [
        {"action": "slower"},
        {"action": "429", "share": 2},
        {"action": "429", "seconds_long": -1},
        {"action": "429", "begins": "later"},
        {"action": "429", "count": -1},
        {"action": "429", "body": 1, "bodies": 2},
        {"action": "error_before"},
        {"action": "kill"},
        {"action": "kill", "pid": 1},
        {"action": "answer_after", "status": 99},
        {"action": "answer_after", "headers": {"X": "a\r\nb"}},
        {"action": "answer_after", "headers": ["X"]},
        {"action": "429", "match": {"team": "T1"}},
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(WrongCall):
        Faults().add(wrong)


@pytest.mark.parametrize("body", ['{"ok": true, "result": {"messa', [], {"ok": True, "result": {}}, None, "", 7])
async def test_any_garbage_can_be_the_answer(control, body: Any) -> None:
    await control.post("faults", method="sendMessage", action="answer_after", body=body)
    status, text, _ = await raw(control, "sendMessage", chat_id=USER, text="x")
    assert (status, text) == (200, body if isinstance(body, str) else str(body).replace("None", "null").lower()) or (
        isinstance(body, dict) and '"result": {}' in text
    )
    assert (await control.ledger())[-1]["status"] == 200


async def test_an_answer_made_up_before_it_was_done_is_not_in_the_ledger_as_done(control) -> None:
    body = {"ok": True, "result": {"message_id": 999}}
    await control.post("faults", method="sendMessage", action="answer_before", body=body, headers={"X-Odd": "1"})
    status, text, headers = await raw(control, "sendMessage", chat_id=USER, text="x")
    assert (status, "999" in text, headers["X-Odd"]) == (200, True, "1")
    assert (await control.ledger())[-1]["status"] == 0
    assert (await control.chats("m06"))[0]["messages"] == []


@pytest.mark.parametrize("wait", [None, 0, -5, "soon", 86400, 0.5])
async def test_any_retry_after_can_be_asked_for(control, wait: object) -> None:
    await control.post("faults", method="sendMessage", action="429", retry_after=wait)
    status, text, headers = await raw(control, "sendMessage", chat_id=USER, text="x")
    assert (status, "retry_after" in text, "Retry-After" in headers) == (429, wait is not None, wait is not None)


async def test_a_429_that_asks_for_nothing_is_one_for_the_library_too(bot: Bot, control) -> None:
    await control.post("faults", method="sendMessage", action="429", retry_after=None)
    with pytest.raises(TelegramError) as refused:
        await bot.send_message(USER, "x")
    assert not isinstance(refused.value, RetryAfter)


async def test_a_refusal_in_any_words_before_or_after(bot: Bot, control) -> None:
    await control.post("faults", method="sendMessage", action="error_before", error="Bad Request: strange")
    with pytest.raises(BadRequest, match="Strange"):
        await bot.send_message(USER, "x")
    await control.post("faults", method="sendMessage", action="error_after", error="Odd", status=500)
    with pytest.raises(NetworkError):
        await bot.send_message(USER, "y")
    assert [row["status"] for row in await control.ledger()] == [200, 400, 200]  # getMe is the first
    assert [each["text"] for each in (await control.chats("m06"))[0]["messages"]] == ["y"]


async def test_another_5xx(control) -> None:
    await control.post("faults", action="5xx_before", status=503, headers={"Retry-After": "7"})
    status, _, headers = await raw(control, "sendMessage", chat_id=USER, text="x")
    assert (status, headers["Retry-After"]) == (503, "7")


async def test_a_token_is_revoked_until_the_rule_is_lifted(bot: Bot, control) -> None:
    rule = await control.post("faults", action="unauthorized", count=None)
    for _ in range(3):
        assert (await raw(control, "sendMessage", chat_id=USER, text="x"))[0] == 401
    async with control.session.delete(f"{control.url}/control/faults/{rule['id']}") as answer:
        assert answer.status == 200
    await bot.send_message(USER, "restored")


@pytest.mark.parametrize("answered", [False, True])
async def test_a_process_is_killed_right_after_a_call_was_accepted(control, answered: bool) -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as victim:
        seconds = 0.01 if answered else 0
        await control.post("faults", method="sendMessage", action="kill", pid=victim.pid, skip=1, seconds=seconds)
        assert (await raw(control, "sendMessage", chat_id=USER, text="one"))[0] == 200
        assert victim.poll() is None
        if answered:
            assert (await raw(control, "sendMessage", chat_id=OTHER, text="two"))[0] == 200
        else:
            with pytest.raises(aiohttp.ServerDisconnectedError):
                await raw(control, "sendMessage", chat_id=OTHER, text="two")
        assert await asyncio.to_thread(victim.wait, 5) == -9
    assert [row["status"] for row in await control.ledger()] == [200, 200]
    await control.post("faults", method="sendMessage", action="kill", pid=victim.pid, seconds=0.001)
    assert (await raw(control, "sendMessage", chat_id=OTHER, text="it is gone already"))[0] == 200


async def test_a_poll_that_is_open_falls_silent_in_a_black_hole(bot: Bot, control) -> None:
    waiting = asyncio.create_task(bot.get_updates(timeout=1, read_timeout=1))
    await asyncio.sleep(0.05)
    rule = await control.post("faults", platform="telegram", method="getUpdates", action="black_hole", count=None)
    await control.play("say", "m06", text="into the hole")
    with pytest.raises(NetworkError):
        await waiting
    async with control.session.delete(f"{control.url}/control/faults/{rule['id']}") as answer:
        assert answer.status == 200
    assert (await bot.get_updates(timeout=1))[0].message.text == "into the hole"


async def test_people_are_lost_without_a_word(bot: Bot, control) -> None:
    lost = await control.post("unreachable", platform="telegram", share=1, how=["blocked", "deactivated", "not_found"])
    errors = {"blocked": Forbidden, "deactivated": Forbidden, "not_found": BadRequest}
    assert await bot.get_updates() == ()
    assert set(lost["people"].values()) == set(errors)
    for person, user in (("m06", USER), ("m15", OTHER), ("m22", 5022)):
        with pytest.raises(errors[lost["people"][person]]):
            await bot.send_message(user, "are you there?")
        await control.play("unblock", person)


async def test_a_third_of_the_people_is_lost_and_the_same_for_the_same_seed(control) -> None:
    lost = [await control.post("unreachable", platform="telegram", share=0.34, seed=7) for _ in range(2)]
    assert len(lost[0]["people"]) == 1
    assert lost[0] == lost[1]
    for wrong in ({"share": 2}, {"how": ["asleep"]}, {"how": "blocked"}, {"platform": "post"}, {"seed": "x"}):
        status, _ = await control.try_post("unreachable", **{"platform": "telegram", **wrong})
        assert status == 400


async def test_a_door_of_its_own_can_be_shut_from_outside(bot: Bot, control) -> None:
    door = (await control.post("door", platform="telegram"))["url"]
    assert (await control.post("door", platform="telegram"))["url"] == door != control.url
    async with control.session.get(f"{door}/control/clock") as answer:
        assert answer.status == 200
    await control.post("outage", platform="telegram", down=True)
    with pytest.raises(OSError, match="onnect"):
        await control.session.get(f"{door}/control/clock")
    await control.post("outage", platform="telegram", down=False)
    async with control.session.get(f"{door}/control/clock") as answer:
        assert answer.status == 200
