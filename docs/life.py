"""The acts of the tour in which a meeting lives: seats, delegates, a new date, the day itself, polls, series."""

from __future__ import annotations

import asyncio
import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from studio import Studio

START = datetime(2026, 4, 7, 13, 2, tzinfo=UTC)
MEMBERS = {"slack": "C0MEMBERS", "telegram": "-1001000000001"}
MEETING: tuple[dict[str, str], ...] = (
    {
        "format": "in_person",
        "theme": "Voluntary return from transit countries",
        "region:other": "Eastern Mediterranean",
        "start": "2026-06-16T09:30",
        "length": "240",
        "zone": "Europe/Istanbul",
    },
    {},
    {"place": "Istanbul, Example Hall", "seats": "6", "audience": "all"},
)
DETAILS = {"map_link": "https://example.org/map", "phone": "+90 212 000 00 00", "pack_link": "https://example.org/pack"}
SEATED = tuple(("slack", each) for each in ("m01", "m05", "m10")) + tuple(("telegram", each) for each in ("m15", "m12", "m18"))
WAITING = (("slack", "m24"), ("telegram", "m22"), ("slack", "m16"), ("telegram", "m23"))
DAY = datetime(2026, 6, 17, 6, 35, tzinfo=UTC)
"""Five minutes after the new start."""
LIST = """Name,Duration (Minutes)
Elin Exempel,235
Tahmina Udaharon,230
Awa Misaal,80
Sofia Exemplu,241
Musa M.,240
Guest of the hall,20
"""


async def live_on(studio: Studio) -> None:
    """Play a meeting in person with six seats, from the waiting list to the imported list; then polls and a series."""
    studio.cards = False
    await seats(studio)
    await delegates(studio)
    await schedule(studio)
    await move(studio)
    await calendar(studio)
    await meet(studio)
    await poll(studio)
    await repeat(studio)
    await stand_at_desk(studio)
    studio.cards = True


async def shown(studio: Studio, person: str) -> None:
    """Wait until a form is open in Slack."""
    deadline = time.monotonic() + 10
    while not (await studio.demo.ask("screen", person=person, platform="slack")).get("modal"):
        if time.monotonic() > deadline:
            raise RuntimeError(f"no form opened for {person}")
        await asyncio.sleep(0.02)


async def submit(studio: Studio, person: str, *pages: dict[str, Any]) -> None:
    """Fill in the form that is open in Slack, page by page. Raise `RuntimeError` if a page is refused."""
    for values in pages:
        await shown(studio, person)
        done = await studio.demo.control("submit", person=person, platform="slack", values=values)
        if done.get("errors"):
            raise RuntimeError(f"{person}: the form refuses {done['errors']}")
        await studio.demo.settle(cards=False)


async def reply(studio: Studio, choice: str, *people: tuple[str, str]) -> None:
    """Answer the invitation one after the other, a minute apart."""
    for platform, person in people:
        await studio.tap(person, platform, f"^rsvp:.*:{choice}$")
        now = datetime.fromisoformat((await studio.demo.ask("clock"))["now"])
        await studio.demo.move(now + timedelta(minutes=1), cards=False)
    await studio.demo.settle(cards=False)


async def later(studio: Studio, end: datetime) -> None:
    """Move the clock from one due moment to the next; edits of older cards may still wait for their pace."""
    due = await studio.demo.settle(cards=False)
    while due is not None and due <= end:
        due = await studio.demo.move(due, cards=False)
    await studio.demo.move(end, cards=False)


async def seats(studio: Studio) -> None:
    """Fill the room, let people wait, free two seats."""
    studio.section("Seats and the waiting list")
    await studio.say("o01", "slack", "/cop meeting new")
    await submit(studio, "o01", *MEETING)
    await studio.tap("o01", "slack", "^medit:[^:]+:[^:]*:d$")
    await submit(studio, "o01", DETAILS)
    await studio.say("o01", "slack", "/cop meeting invite M7")
    await studio.tap("o01", "slack", "^send:")
    await studio.demo.move(START + timedelta(minutes=3))
    await later(studio, START + timedelta(days=1))
    await studio.scene("x-invitation", "x", "m01", "m15")
    await studio.scene("x-invitation-fr-ar", "x", "m05", "m18")
    await reply(studio, "yes", *SEATED)
    await studio.scene("x-yes", "x", "m01", "m15")
    await studio.scene("x-yes-fr-ar", "x", "m05", "m18")
    await reply(studio, "yes", *WAITING)
    await studio.tap("m20", "slack", "^rsvp:.*:maybe$")
    await studio.tap("m06", "telegram", "^rsvp:.*:no$")
    await studio.scene("waiting-list", "The room is full: a Yes is a place on the waiting list.", "m24", "m22")
    await studio.scene("x-waiting-tr-ar", "x", "m16", "m23")
    await studio.scene("x-maybe-no", "x", "m20", "m06")
    await studio.scene("seats-channel", "The channels count seats and names nobody.", "m01", "m15", chat=MEMBERS)
    await studio.both("o01", "o04", "meeting status M7")
    await studio.scene("x-status", "x", "o01", "o04")
    await studio.both("o01", "o04", "meeting roster M7")
    await studio.scene("x-roster", "x", "o01", "o04")
    for person, platform in (("m10", "slack"), ("m18", "telegram")):
        await studio.tap(person, platform, "^change:")
        await studio.tap(person, platform, "^rsvp:.*:no$")
    await later(studio, START + timedelta(days=2))
    await studio.scene("offer", "Two seats are free: the next two on the list are asked, with a time limit.", "m24", "m22")
    await studio.scene("x-no", "x", "m10", "m18")
    await studio.tap("m24", "slack", "^takeseat:")
    await studio.tap("m22", "telegram", "^passseat:")
    await studio.scene("x-taken-passed", "x", "m24", "m22")
    await later(studio, START + timedelta(days=3))
    await studio.scene("x-offer-tr-ar", "x", "m16", "m23")
    await studio.tap("m16", "slack", "^takeseat:")


async def delegates(studio: Studio) -> None:
    """Send a delegate who is invited by a link, and tell needs."""
    studio.section("Delegates and needs")
    await studio.tap("m01", "slack", "^change:")
    await studio.tap("m01", "slack", "^deleg:")
    await studio.tap("m15", "telegram", "^change:")
    await studio.tap("m15", "telegram", "^deleg:")
    await studio.scene("x-delegate-form", "x", "m01", "m15")
    await submit(studio, "m01", {"who": "Eero Esimerkki", "told": "yes"})
    await studio.say("m15", "telegram", "Rafi Udaharon")
    await studio.scene("delegate", "A seat can be handed to a colleague.", "m01", "m15")
    await studio.tap("m15", "telegram", "I have told them")
    await studio.scene("x-delegate-2", "x", "m01", "m15")
    await studio.tap("m05", "slack", "^needs:")
    await studio.tap("m12", "telegram", "^needs:")
    await studio.scene("x-needs", "x", "m05", "m12")
    await studio.tap("m24", "slack", "^needs:")
    await studio.say("o04", "telegram", "/meeting_needs M7")
    await studio.scene("x-needs-2", "x", "m24", "o04")
    await submit(studio, "m24", {"consent": "y", "visa": "y", "diet": "v"})
    await submit(studio, "m05", {"consent": "y", "visa": "n", "diet": "h"})
    await studio.both("o01", "o04", "meeting needs M7")
    await studio.scene("x-needs-3", "x", "m24", "o04")


async def schedule(studio: Studio) -> None:
    """Show every message of the meeting, and those of one person."""
    studio.section("The schedule")
    await studio.both("o01", "o04", "meeting schedule M7")
    await studio.scene("schedule", "Every message of a meeting.", "o01", "o04")
    await studio.tap("o04", "telegram", "^schedone:")
    await studio.say("o04", "telegram", "Sofia")
    await studio.tap("o01", "slack", "^sched:")
    await studio.scene("x-schedule-2", "x", "o01", "o04")
    await studio.tap("o01", "slack", "^rowedit:")
    await studio.scene("x-schedule-3", "x", "o01", "o04")


async def move(studio: Studio) -> None:
    """Move the day; those who said yes are asked again."""
    studio.section("A change of date")
    await studio.say("o04", "telegram", "/meeting_reschedule M7")
    await studio.scene("x-move-tg", "x", "o01", "o04")
    await studio.say("o01", "slack", "/cop meeting reschedule M7")
    await studio.scene("x-move-form", "x", "o01", "o04")
    await submit(studio, "o01", {"start": "2026-06-17T09:30", "reason": "The hall is free a day later."})
    await studio.scene("move", "The preview.", "o01", "o04")
    await studio.tap("o01", "slack", "^msave:")
    await studio.demo.move(START + timedelta(days=3, minutes=3), cards=False)
    await later(studio, START + timedelta(days=6))
    await studio.scene("moved", "x", "m24", "m12")
    await studio.scene("x-moved-fr-ar", "x", "m05", "m18")
    await studio.scene("x-moved-tr-ar", "x", "m16", "m23")
    await reply(studio, "yes", ("slack", "m24"), ("slack", "m05"), ("telegram", "m12"), ("slack", "m16"))


async def calendar(studio: Studio) -> None:
    """Show calendar files and the personal link."""
    studio.section("Calendar")
    await studio.tap("m24", "slack", "^cal:")
    await studio.tap("m12", "telegram", "^cal:")
    await studio.scene("x-calendar", "x", "m24", "m12")
    await studio.both("m01", "m13", "calendar")
    await studio.scene("x-feed-1", "x", "m01", "m13")


async def meet(studio: Studio) -> None:
    """Check in, tick, import."""
    studio.section("In the room")
    await later(studio, DAY)
    await studio.scene("x-check-in", "x", "m24", "m12")
    await studio.scene("x-check-in-fr", "x", "m05", "m15")
    await studio.both("o01", "o04", "meeting attendance M7")
    await studio.scene("x-attendance", "x", "o01", "o04")
    code = await code_of_the_day(studio)
    await studio.say("m24", "slack", f"/cop checkin {(int(code) + 1) % 10000:04}")
    await studio.say("m24", "slack", f"/cop checkin {code}")
    await studio.tap("m12", "telegram", "^code:")
    await studio.scene("x-checkin-code", "x", "m24", "m12")
    await studio.say("m12", "telegram", code)
    await studio.tap("o01", "slack", "^tick:")
    await studio.tap("o01", "slack", "^attpage:.*:r$")
    await studio.scene("attendance", "x", "o01", "m12")
    await later(studio, DAY + timedelta(hours=5))
    await studio.tap("o04", "telegram", "^import:")
    await studio.scene("x-import-ask", "x", "o01", "o04")
    await studio.demo.control("upload", person="o04", platform="telegram", name="participants.csv", text=LIST)
    await studio.demo.settle(cards=False)
    await studio.both("o01", "o04", "meeting attendance M7")
    await studio.scene("import", "x", "o01", "o04")
    await later(studio, DAY + timedelta(days=2))
    await studio.scene("x-after", "x", "m24", "m12")
    await studio.scene("x-after-2", "x", "m16", "m15")


async def code_of_the_day(studio: Studio) -> str:
    """Read the code on the organiser's screen."""
    screen = await studio.demo.ask("screen", person="o01", platform="slack")
    texts = [message["text"] for chat in screen["chats"] for message in chat["messages"]]
    return str(re.findall(r"Code of the day: \D*(\d{4})", "\n".join(texts))[-1])


async def poll(studio: Studio) -> None:
    """Ask for a topic, a date, and one question in the channels."""
    studio.section("Polls")
    await studio.say("o01", "slack", "/cop poll topic")
    await shown(studio, "o01")
    await studio.say("o04", "telegram", "/polls")
    await studio.scene("x-poll-form", "x", "o01", "o04")
    topics = "Housing after return: municipal quotas\nSkills recognition\nReturn of families: schools"
    await submit(studio, "o01", {"question": "What should we talk about in autumn?", "options": topics})
    await studio.scene("x-poll-made", "x", "o01", "o04")
    await studio.tap("o01", "slack", "^psend:|^send:|^pgo:")
    await studio.scene("x-poll-sent", "x", "o01", "o04")


async def repeat(studio: Studio) -> None:
    """Repeat a meeting; show the programme."""
    studio.section("Series and programme")
    await studio.say("o01", "slack", "/cop series new M6")
    await shown(studio, "o01")
    await studio.scene("x-series-form", "x", "o01", "o04")
    await submit(studio, "o01", {"how": "month", "more": "3"})
    await studio.say("o04", "telegram", "/programme")
    await studio.scene("series", "x", "o01", "o04")


async def stand_at_desk(studio: Studio) -> None:
    """Show what waits for a member and for organisers."""
    studio.section("Home and desk")
    await studio.both("m24", "m12", "home")
    await studio.scene("x-home", "x", "m24", "m12")
    await studio.both("o01", "o04", "desk")
    await studio.scene("x-desk", "x", "o01", "o04")
