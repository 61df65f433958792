"""Scenario `meeting`: a meeting in person like M4 of the dataset, from the form to the question three months later.

Seventeen seats and eighteen people who say yes, so one waits and is promoted; one sends a delegate who is new; the day
is moved; needs are told; the room checks in by the code of the day. Expected is exact: who gets which message.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bot import demo_world
from bot.demo import running
from bot.play._counting import count, exact, per_member, same
from bot.play._player import UNPACED, Player

START = datetime(2025, 7, 24, 7, 0, tzinfo=UTC)
ANSWERS_AT = datetime(2025, 7, 28, 12, 0, tzinfo=UTC)
MOVE_AT = datetime(2025, 9, 1, 8, 0, tzinfo=UTC)
DECIDE_AT = datetime(2025, 9, 5, 15, 0, tzinfo=UTC)
DAY = datetime(2025, 10, 8, 6, 30, tzinfo=UTC)
"""The new start: Wed, 8 October 2025, 09:30 in Istanbul."""
OVER = datetime(2025, 10, 9, 9, 30, tzinfo=UTC)
ASKED = datetime(2025, 10, 13, 12, 0, tzinfo=UTC)
END = datetime(2026, 1, 9, 12, 0, tzinfo=UTC)
FORM: tuple[dict[str, str], ...] = (
    {
        "format": "in_person", "theme": "Voluntary return from transit countries",
        "region:other": "Eastern Mediterranean", "start": "2025-10-07T08:30", "length": "480",
        "zone": "Europe/Istanbul",
    },
    {},
    {"place": "Istanbul, Example Hall", "seats": "17", "audience": "all"},
)  # fmt: skip
DETAILS = {"map_link": "https://example.org/map", "phone": "+90 212 000 00 00"}
FIRST = (
    "m01", "m02", "m03", "m04", "m05", "m06", "m07", "m10", "m12", "m13", "m14", "m15", "m16", "m17", "m18", "m20",
    "m23",
)  # fmt: skip
WAITS = "m24"
NO = ("m09", "m19", "m22")
MAYBE = ("m11",)
SILENT = ("m08", "m21")
EERO: dict[str, Any] = {
    "id": "eero", "name": "Eero Esimerkki", "zone": "Europe/Helsinki", "language": "en", "group": "Guests",
    "about": "Colleague of Aino", "telegram": {"user": 5000707, "started": False},
}  # fmt: skip
ABSENT = "m18"
TICKED = "m05"
ANSWER = ("m01", "m02", "m03", "m04", "m05", "m13", "m14", "m15", "m16", "m17", "m20")
"""Who gives feedback at once; m10, m11, m12 and m24 are reminded."""


async def play_meeting(community: Path, say: Callable[[str], None]) -> dict[str, Any]:
    """Play scenario `meeting`; give its part of the result (design §9)."""
    file = demo_world.read_file(community)
    people = {each["id"]: each for each in (*file["staff"], *file["members"])}
    people["eero"] = {"accounts": {"telegram": {}}}
    async with running(community, clock=START, current=False, history=False, log_level="ERROR", extra=UNPACED) as demo:
        player = Player(demo, people, say)
        await demo.control("limits", enabled=False)
        say("Thu 24 Jul 2025: Olivia plans a meeting in Istanbul with 17 seats, and invites")
        await _plan(player)
        await player.run_until(ANSWERS_AT, cards=False)
        say("18 people say yes: the last one waits; three say no, one maybe, two are silent")
        for person in (*FIRST, WAITS):
            await player.press(person, r"^rsvp:[^:]+:[^:]*:yes$")
            await demo.settle(cards=False)
        for choice, members in (("no", NO), ("maybe", MAYBE)):
            for person in members:
                await player.press(person, rf"^rsvp:[^:]+:[^:]*:{choice}$")
        await _before(player)
        say("Mon 1 Sep: the day is moved; everybody is told once, those who said yes are asked again")
        await _move(player)
        say("Fri 5 Sep: the maybe decides and takes the seat that is free")
        await player.run_until(DECIDE_AT, cards=False)
        await player.press("m11", r"^rsvp:[^:]+:[^:]*:yes$")
        say("The clock runs to Wed 8 Oct: pack, reminders, then the code of the day in the room")
        await player.run_until(DAY, cards=False)
        await _check_in(player)
        say("Afterwards: feedback, who was absent, and three months later one question")
        await _after(player)
        await demo.stop_bot()
        result = await count(demo, END)
        good = same(await per_member(demo), _expected(), say)
        ended = next(each for each in result["meetings"] if each["key"] == "M7")
        if (ended["state"], ended["yes"], ended["attended"]) != ("held", 17, 16):
            say(f"NOT as expected: {ended}")
            return result | {"ok": False}
        return result | {"ok": good and exact(result["messages"])}


async def _plan(player: Player) -> None:
    demo = player.demo
    await demo.control("say", person="o01", platform="slack", text="/cop meeting new")
    await player.fill("o01", *FORM)
    await player.press("o01", r"^medit:[^:]+:[^:]*:d$")
    await player.fill("o01", DETAILS)
    await demo.control("say", person="o01", platform="slack", text="/cop meeting invite M7")
    await player.press("o01", r"^send:")
    await demo.settle(cards=False)
    await demo.move(START + timedelta(minutes=2, seconds=1), cards=False)


async def _before(player: Player) -> None:
    """Send a delegate, tell needs, free a seat."""
    demo = player.demo
    player.say("m07 sends Eero, who is new and joins in Telegram; m01 and m14 tell what they need")
    await player.press("m07", r"^change:")
    await player.press("m07", r"^deleg:")
    await player.fill("m07", {"who": EERO["name"], "told": "yes"})
    token = await player.find("m07", r"start=([A-Za-z0-9_-]+)")
    await demo.control("person", **EERO)
    await demo.control("start", person="eero", platform="telegram", payload=token)
    await player.press("eero", r"^agree:")
    await demo.settle(cards=False)
    await player.press("m01", r"^needs:")
    await player.fill("m01", {"consent": "y", "visa": "y", "diet": "v"})
    player.say("m06 cannot come any more: m24 is offered the seat and takes it")
    await player.press("m06", r"^change:")
    await player.press("m06", r"^rsvp:[^:]+:[^:]*:no$")
    await demo.settle(cards=False)
    await player.run_until(ANSWERS_AT + timedelta(hours=20), cards=False)
    await player.press(WAITS, r"^takeseat:")
    await player.run_until(MOVE_AT, cards=False)


async def _move(player: Player) -> None:
    demo = player.demo
    await demo.control("say", person="o01", platform="slack", text="/cop meeting reschedule M7")
    await player.fill("o01", {"start": "2025-10-08T08:30", "reason": "The hall is free a day later."})
    await player.press("o01", r"^msave:")
    await demo.settle(cards=False)
    await player.run_until(MOVE_AT + timedelta(days=1, hours=8), cards=False)
    for person in (*(each for each in FIRST if each not in ("m06", "m07", "m23")), WAITS, "eero"):
        await player.press(person, r"^rsvp:[^:]+:[^:]*:yes$")
    await player.press("m23", r"^rsvp:[^:]+:[^:]*:no$")
    await demo.settle(cards=False)


async def _check_in(player: Player) -> None:
    demo = player.demo
    await demo.control("say", person="o01", platform="slack", text="/cop meeting attendance M7")
    code = re.sub(r"\D", "", await player.find("o01", r"Code of the day: (\d{4})"))
    wrong = f"{(int(code) + 1) % 10000:04}"
    for person in (*FIRST, WAITS, "m11", "eero"):
        if person in ("m06", "m07", "m23", ABSENT, TICKED):
            continue
        words = "/checkin" if player.platform(person) == "telegram" else "/cop checkin"
        if person == "m02":
            await demo.control("say", person=person, platform="slack", text=f"{words} {wrong}")
        await demo.control("say", person=person, platform=player.platform(person), text=f"{words} {code}")
    await demo.settle(cards=False)


async def _after(player: Player) -> None:
    """Tick one who forgot the code, give feedback, answer with one tap."""
    demo = player.demo
    await player.press("o01", r"Claire")
    await player.run_until(OVER, cards=False)
    for person in (*ANSWER, "eero"):
        await player.give_feedback(person)
    await player.run_until(ASKED, cards=False)
    await player.press(ABSENT, r"^absent:[^:]+:[^:]*:travel$")
    await player.run_until(END, cards=False)
    await player.press("m01", r"^used:[^:]+:[^:]*:yes$")
    await demo.settle(cards=False)


def _expected() -> dict[str, dict[str, int]]:
    """Say which messages each person gets, by kind: exactly these, and nothing else."""
    told = dict.fromkeys(("invitation", "reschedule"), 1)
    way = dict.fromkeys(
        ("agenda_question", "practical_pack", "reminder_7d", "reminder_1d", "reminder_day", "checkin"), 1
    )
    after = dict.fromkeys(("feedback_request", "followup_90d"), 1)
    people: dict[str, dict[str, int]] = {each: told | way | after for each in FIRST}  # noqa: C420 - each gets a copy of its own
    people |= {each: dict(told) for each in ("m06", "m07", *NO)}
    people |= {each: told | {"rsvp_nudge": 2} for each in SILENT}
    people["m01"] |= {"visa_letter": 1}
    for each in ("m10", "m12"):
        people[each] |= {"feedback_reminder": 1}
    people["m11"] = told | way | after | {"maybe_nudge": 1, "feedback_reminder": 1}
    people["m23"] = told | {"agenda_question": 1}
    people[ABSENT] = told | way | {"absent": 1}
    people[WAITS] = told | way | after | {"waitlist_offer": 1, "feedback_reminder": 1}
    people["o01"], people["o02"] = {"memo_due": 1}, {"moderate": 1}
    people[EERO["name"]] = way | after | {"reschedule": 1}
    return {who: dict(sorted(kinds.items())) for who, kinds in sorted(people.items())}
