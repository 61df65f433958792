"""Kills, redeliveries and what the log says afterwards: nothing lost in silence, nothing twice (reliability §1)."""

from __future__ import annotations

import asyncio
import json
import re
import signal
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from bot.demo_world import TOKEN_TAIL
from chat.text import Reader, plain, say
from storage.deliveries import Campaign
from storage.inbox import InboxRow
from storage.invitations import Invitation
from storage.meetings import Meeting
from storage.members import Member

BEFORE = datetime(2026, 4, 7, 13, 2, tzinfo=UTC)
TELEGRAM = ("m06", "m08", "m12", "m13", "m14", "m15", "m18", "m22", "m23")
SLACK = tuple(f"m{n:02}" for n in range(1, 25) if f"m{n:02}" not in TELEGRAM)
CHOICE = {code: ("yes", "no", "maybe")[number % 3] for number, code in enumerate((*SLACK, *TELEGRAM))}
LANGUAGE = {"m05": "fr", "m06": "es", "m08": "fr", "m12": "fr", "m16": "tr", "m18": "ar", "m23": "ar"}
CHANNEL = {"slack": "C0MEMBERS", "telegram": "-1001000000001"}
SECRETS = ("quokkaword", "zebracomment", "lemurcomment", "wombatsay")
"""Words that people write in this module: they may stand in no log."""


@pytest.fixture(scope="module")
async def people(town: Any, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Any]:
    log = tmp_path_factory.mktemp("log") / "bot.log"
    short = {
        "CONVENOR_LEASE_SECONDS": "2", "CONVENOR_RECOVERY_SECONDS": "1", "CONVENOR_REQUEST_SECONDS": "1",
        "CONVENOR_SETTLE_SECONDS": "2",
    }  # fmt: skip
    async with town(clock=BEFORE, current=False, webhooks=True, log_level="DEBUG", log_to=log, extra=short) as found:
        yield found


def platform(code: str) -> str:
    return "telegram" if code in TELEGRAM else "slack"


async def replies(people: Any) -> dict[str, str]:
    found = await people.rows(
        select(Member.code, Invitation.reply)
        .join(Invitation, Invitation.member_id == Member.id)
        .join(Meeting, Meeting.id == Invitation.meeting_id)
        .where(Meeting.code == "M6")
    )
    return {str(code): str(reply) for code, reply in found}


async def test_a_kill_while_invitations_go_out_sends_nobody_two_and_names_every_doubt(people: Any) -> None:
    """All 24 are due at once; killed twice on the way, with answers of the platforms still outstanding."""
    await people.send_invitations("M6")
    seen = (await people.ledger())[-1]["n"]
    for method in ("sendMessage", "chat.postMessage"):
        await people.demo.control("faults", method=method, action="delay", seconds=0.3, count=30)
    await people.demo.control("clock", now="2026-04-08T12:00:00+00:00")
    for wanted in (4, 12):
        await arrived(people, seen, wanted)
        await people.demo.stop_bot(signal.SIGKILL)
        await people.demo.start_bot()
    async with people.demo.session.delete(f"{people.demo.sandbox}/control/faults") as answer:
        assert answer.status == 200
    await people.demo.settle(cards=False)
    code, out, err = await people.convenor("deliveries", "--json", "--rows", LOG_LEVEL="WARNING")
    assert code == 0, err
    listed = json.loads(out)
    (campaign,) = [each for each in listed["campaigns"] if each["kind"] == "invitation"]
    rows = [each for each in listed["rows"] if each["campaign"] == campaign["key"]]
    assert {each["member"] for each in rows} == set(CHOICE)
    assert {each["state"] for each in rows} <= {"sent", "unknown"}
    posts = invitations_in(await people.ledger(seen))
    got = Counter(row["person"] for row in posts)
    assert set(got.values()) == {1}, got
    at = {row["person"]: row["message"] for row in posts}
    for each in rows:
        if each["state"] == "sent":
            assert at[each["member"]] == each["message"], each
    unknown = [each["member"] for each in rows if each["state"] == "unknown"]
    assert set(CHOICE) - set(got) <= set(unknown)
    assert max(Counter(map(platform, unknown)).values(), default=0) <= 8 * 2  # lanes times kills
    numbers = Counter((each["platform"], each["state"]) for each in rows)
    assert numbers == {
        (name, state): campaign[name][state]
        for name in ("slack", "telegram")
        for state in ("sent", "unknown")
        if campaign[name][state]
    }
    await people.see("o01", "slack", "Sent ")  # the card that said "Planned" follows at its pace


async def arrived(people: Any, seen: int, wanted: int) -> None:
    async def look() -> bool | None:
        return True if len(invitations_in(await people.ledger(seen))) >= wanted else None

    await people.until(look, f"{wanted} invitations did not go out")


def invitations_in(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    methods = ("sendMessage", "chat.postMessage")
    return [row for row in rows if row["method"] in methods and row["status"] == 200 and row["person"] in CHOICE]


async def test_a_kill_while_people_press_applies_every_press_once(people: Any) -> None:
    """Telegram brings again what was not acknowledged; where Slack says it was not, the person presses again."""
    cards = {row["person"] for row in invitations_in(await people.ledger())}

    async def press(code: str) -> bool:
        """Press on the own card, or in the channel where none arrived; tell whether it is sure to count."""
        chat = "" if code in cards else CHANNEL[platform(code)]
        done = await people.press(code, platform(code), f"/^rsvp:.*:{CHOICE[code]}$/", chat=chat)
        return bool(done.get("acked", True))

    pressing = [asyncio.create_task(press(code)) for code in CHOICE]

    async def some() -> bool | None:
        return True if sum(each != "none" for each in (await replies(people)).values()) >= 4 else None

    await people.until(some, "nothing was pressed")
    await people.demo.stop_bot(signal.SIGKILL)
    sure = {code for code, each in zip(CHOICE, await asyncio.gather(*pressing), strict=True) if each}
    await people.demo.start_bot()

    async def applied() -> bool | None:
        found = await replies(people)
        return True if all(found[code] == CHOICE[code] for code in sure) else None

    await people.until(applied, "an acknowledged press was lost")
    for code in sorted(set(CHOICE) - sure):
        assert await press(code)
    for code in sorted(cards):
        replied = say("m_you_replied", reply=say(f"b_{CHOICE[code]}"))
        text = plain(replied, Reader(language=LANGUAGE.get(code, "en"))).translate(people.unseen)
        await people.see(code, platform(code), text)
    sure = set(CHOICE)
    await people.until(applied, "a second press was lost")
    for code, name in (("m01", "slack"), ("m15", "telegram")):  # cards whose sending is `unknown` follow once pressed
        await people.press(code, name, f"/^rsvp:.*:{CHOICE[code]}$/", chat=CHANNEL[name])
        await people.see(code, name, "Yes 8 · Maybe 8 · No 8", chat=CHANNEL[name])

    async def all_done() -> bool | None:
        inbox = await people.rows(select(InboxRow.state, InboxRow.attempts, func.count()).group_by("state", "attempts"))
        return True if {state for state, _, _ in inbox} == {"done"} and max(each[1] for each in inbox) <= 1 else None

    await people.until(all_done, "something taken in was not done, or given to more than one process after the kill")


async def test_an_update_that_comes_again_has_one_effect(people: Any) -> None:
    """A webhook brings "yes" twice at once, then once more after the person has changed it to "no"."""
    key, person = await people.key_of("M6"), "m13"
    await people.answer(person, "telegram", "/my", "Your replies")
    place, message, _ = await people.button(person, "telegram", "/^change:/")
    press = {
        "update_id": 990001,
        "callback_query": {
            "id": "990001",
            "from": {"id": 5000013, "is_bot": False, "first_name": "Musa"},
            "message": {
                "message_id": int(message),
                "date": 1775653200,
                "chat": {"id": int(place), "type": "private", "first_name": "Musa"},
            },
            "chat_instance": "1",
            "data": f"rsvp:{key}:0:yes",
        },
    }

    async def bring(secret: str = TOKEN_TAIL) -> int:
        headers = {"X-Telegram-Bot-Api-Secret-Token": secret}
        address = f"{people.demo.bot}/telegram/webhook"
        async with people.demo.session.post(address, json=press, headers=headers) as answer:
            return int(answer.status)

    assert await bring("somebody-elses-secret") in (401, 403)
    before = (await people.rows(select(func.count()).select_from(InboxRow)))[0][0]
    assert await asyncio.gather(bring(), bring(), bring()) == [200, 200, 200]

    async def stands(choice: str) -> None:
        async def look() -> bool | None:
            return True if (await replies(people))[person] == choice else None

        await people.until(look, f"the reply is not {choice}")

    await stands("yes")
    await people.press(person, "telegram", "Change reply")
    await people.press(person, "telegram", "/^rsvp:.*:no$/")
    await stands("no")
    assert await bring() == 200
    assert (await people.rows(select(func.count()).select_from(InboxRow)))[0][0] == before + 3
    await people.demo.settle(cards=False)
    assert (await replies(people))[person] == "no"


async def test_no_log_holds_a_token_or_what_people_wrote(people: Any) -> None:
    """At DEBUG, after kills, forms, comments and a bug: not a token, not a text, not an answer."""
    await people.say("o02", "slack", "please tell quokkaword to everybody")
    await people.say("m14", "telegram", "I say wombatsay")
    key = await people.key_of("M6")
    for person in ("m01", "m22"):
        await people.forge(person, platform(person), f"rsvp:{key}:0:yes")

    async def both() -> bool | None:
        found = await replies(people)
        return True if found["m01"] == found["m22"] == "yes" else None

    await people.until(both, "the replies were not taken")
    await people.demo.move(datetime(2026, 5, 20, 13, 0, tzinfo=UTC), cards=False)
    await people.press("m01", "slack", "Answer now")
    await people.modal("m01")
    values = {"F1": "5", "F2": "4", "F3": "4", "F4": "b", "F5": "5", "F6": "y", "F7": "4"}
    assert (await people.submit("m01", **values, F8="zebracomment for all"))["closed"]
    await people.press("m22", "telegram", "Answer now")
    so_far = ""
    for value in values.values():
        so_far += value
        await people.press("m22", "telegram", rf"/^qs:[^:]+:\d+:{so_far}$/")
    await people.press("m22", "telegram", "/^qs:[^:]+:send:/")
    await people.press("m22", "telegram", "Add a comment")
    await people.see("m22", "telegram", "One thing to keep")
    await people.say("m22", "telegram", "lemurcomment and more")
    await people.see("m22", "telegram", "Kept apart from your answers.")
    assert not [each for each in await people.messages("m22", "telegram") if "lemurcomment" in each["text"]]
    await people.demo.stop_bot()
    log = Path(people.demo.log_to).read_text(encoding="utf-8")
    assert log.count("event=") + log.count("[") > 20, "nothing was logged at DEBUG"
    for each in (TOKEN_TAIL, *SECRETS):
        assert each not in log, next(line for line in log.splitlines() if each in line)
    assert not re.search(r"qs:\w+:\w*:\d+", log)
    assert "Traceback" not in log
    kept = str(await people.rows(select(InboxRow.body))) + str(await people.rows(select(Campaign.details)))
    for each in SECRETS:
        assert each not in kept
