"""The acts of the tour in which a meeting lives: seats, delegates, a new date, the day itself, polls, series."""

from __future__ import annotations

import asyncio
import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from playwright.async_api import Page
from studio import Studio
from trouble import until_seen

START = datetime(2026, 4, 7, 13, 2, tzinfo=UTC)
MEMBERS = {"slack": "C0MEMBERS", "telegram": "-1001000000001"}
MEETING: tuple[dict[str, str], ...] = (
    {
        "format": "in_person",
        "theme": "Voluntary return from transit countries",
        "region:other": "Eastern Mediterranean",
        "start": "2026-06-16T08:30",
        "length": "240",
        "zone": "Europe/Istanbul",
    },
    {},
    {"place": "Istanbul, Example Hall", "seats": "6", "audience": "all"},
)
DETAILS = {"map_link": "https://example.org/map", "phone": "+90 212 000 00 00", "pack_link": "https://example.org/pack"}
SEATED = tuple(("slack", each) for each in ("m01", "m05", "m10")) + tuple(
    ("telegram", each) for each in ("m15", "m12", "m18")
)
WAITING = (("slack", "m24"), ("telegram", "m22"), ("slack", "m16"), ("telegram", "m23"))
DAY = datetime(2026, 6, 17, 6, 35, tzinfo=UTC)
"""Five minutes after the new start."""
DATES = "2026-09-08 10:00\n2026-09-10 10:00\n2026-09-15 14:00"
LIST = """Name,Duration (Minutes)
Elin Exempel,235
Tahmina Udaharon,230
Awa Misaal,80
Sofia Exemplu,241
Musa M.,240
Guest of the hall,20
"""


async def live_on(studio: Studio) -> None:
    """Play a meeting in person with six seats, from the waiting list to the imported list."""
    studio.cards = False
    await seats(studio)
    await delegates(studio)
    await schedule(studio)
    await move(studio)
    await calendar(studio)
    await look_ahead(studio)
    await meet(studio)
    studio.cards = True


async def vote_on(studio: Studio) -> None:
    """Play polls, a series and the desk, in a demo where nothing else has been sent."""
    studio.cards = False
    await poll(studio)
    await repeat(studio)
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
    await later(studio, START + timedelta(minutes=3))
    await later(studio, START + timedelta(days=1))
    await reply(studio, "yes", *SEATED, *WAITING)
    await reply(studio, "maybe", ("slack", "m20"))
    await reply(studio, "no", ("telegram", "m06"))
    await studio.scene(
        "waiting-list", "The room is full: a Yes is a place on the waiting list, and the card says which.", "m24", "m22"
    )
    await studio.scene("waiting-list-turkish-arabic", "The same in Turkish and Arabic.", "m16", "m23")
    await studio.both("o01", "o04", "meeting status M7")
    await studio.scene("seats", "Organisers see the seats, who is missing, and whom to ask.", "o01", "o04")
    for person, platform in (("m10", "slack"), ("m18", "telegram")):
        await studio.tap(person, platform, "^change:")
        await reply(studio, "no", (platform, person))
    await later(studio, START + timedelta(days=2))
    await studio.scene(
        "offer", "Two seats are free: the next two are asked, with a time limit, then the seat goes on.", "m24", "m22"
    )
    await studio.tap("m24", "slack", "^takeseat:")
    await studio.tap("m22", "telegram", "^passseat:")
    await later(studio, START + timedelta(days=3))
    await studio.tap("m16", "slack", "^takeseat:")


async def delegates(studio: Studio) -> None:
    """Send a delegate who is invited by a link, and tell needs."""
    studio.section("Delegates and needs")
    for person, platform in (("m01", "slack"), ("m15", "telegram")):
        await studio.tap(person, platform, "^change:")
        await studio.tap(person, platform, "^deleg:")
    await submit(studio, "m01", {"who": "Eero Esimerkki", "told": "yes"})
    await studio.say("m15", "telegram", "Rafi Udaharon")
    await studio.scene(
        "delegate",
        "A colleague can come instead: named in Telegram, and in Slack the one-time link for somebody new.",
        "m01",
        "m15",
    )
    await studio.tap("m15", "telegram", "Cancel")
    await studio.tap("m05", "slack", "^needs:")
    await submit(studio, "m05", {"consent": "y", "visa": "n", "diet": "h", "access": "A seat near the door"})
    await studio.tap("m24", "slack", "^needs:")
    await submit(studio, "m24", {"consent": "y", "visa": "y", "diet": "v"})
    await studio.say("o04", "telegram", "/meeting_needs M7")

    async def again(page: Page) -> None:
        await page.locator("#pane-slack").get_by_role("button", name="Edit").last.click()
        await page.get_by_text("special diet").first.wait_for()

    await studio.scene(
        "needs",
        "What a guest needs is told with a consent of its own, seen by organisers alone and deleted on a day.",
        "m24",
        "o04",
        do=again,
    )
    await studio.demo.control("submit", person="m24", platform="slack", close=True)


async def schedule(studio: Studio) -> None:
    """Show every message of the meeting, and those of one person."""
    studio.section("The schedule")
    await studio.say("o01", "slack", "/cop meeting schedule M7")
    await studio.say("o04", "telegram", "/meeting_schedule M7")
    await studio.tap("o04", "telegram", "^schedone:")
    await studio.say("o04", "telegram", "Sofia")
    await studio.scene(
        "schedule",
        "Every message of a meeting before it is written; each can be moved or switched off. "
        "At the right all that one person gets.",
        "o01",
        "o04",
    )


async def move(studio: Studio) -> None:
    """Move the day; those who said yes are asked again."""
    studio.section("A change of date")
    await studio.say("o04", "telegram", "/meeting_reschedule M7")
    await studio.say("o01", "slack", "/cop meeting reschedule M7")
    await submit(studio, "o01", {"start": "2026-06-17T08:30", "reason": "The hall is free a day later."})
    await studio.scene(
        "move", "A new date is looked at first: who is asked again, who is told, and what they read.", "o01", "o04"
    )
    await studio.tap("o01", "slack", "^msave:")
    await later(studio, START + timedelta(days=3, minutes=3))
    await later(studio, START + timedelta(days=6))
    await studio.scene("moved", "Everybody is told once; a seat is kept until its owner has answered.", "m24", "m13")
    await studio.scene("moved-french-arabic", "The same in French and Arabic.", "m05", "m18")
    people = (("slack", "m24"), ("slack", "m05"), ("telegram", "m12"), ("slack", "m16"), ("telegram", "m15"))
    await reply(studio, "yes", *people)


async def calendar(studio: Studio) -> None:
    """Show calendar files and the personal link."""
    studio.section("Calendar")
    await studio.tap("m24", "slack", "^cal:")
    await studio.say("m13", "telegram", "/calendar")
    await studio.scene(
        "calendar", "A file for one meeting, or a link by which the own calendar follows by itself.", "m24", "m13"
    )


async def look_ahead(studio: Studio) -> None:
    """Show what waits for a member and for organisers."""
    studio.section("Home and desk")
    await studio.say("m15", "telegram", "/home")
    await studio.say("o01", "slack", "/cop desk")
    await studio.scene("home-and-desk", "What organisers have to do next, and what waits for a member.", "o01", "m15")


async def meet(studio: Studio) -> None:
    """Check in, tick, import."""
    studio.section("In the room")
    await later(studio, DAY)
    await studio.say("o01", "slack", "/cop meeting attendance M7")
    code = await code_of_the_day(studio)
    await studio.say("m24", "slack", f"/cop checkin {(int(code) + 1) % 10000:04}")
    await studio.say("m24", "slack", f"/cop checkin {code}")
    await studio.tap("m15", "telegram", "^code:")
    await studio.scene(
        "check-in", "The code shown in the room, typed in Slack and asked for in Telegram.", "m24", "m15"
    )
    await studio.say("m15", "telegram", code)
    await studio.say("m12", "telegram", f"/checkin {code}")
    await studio.tap("o01", "slack", "^tick:")
    await studio.tap("o01", "slack", "^attpage:.*:r$")
    await studio.scene(
        "attendance",
        "The moderator's list with the code of the day follows who checks in; one tap ticks.",
        "o01",
        "m15",
    )
    await later(studio, DAY + timedelta(hours=5))
    await studio.say("o04", "telegram", "/meeting_attendance M7")
    await studio.tap("o04", "telegram", "^import:")
    await until_seen(studio, "o04", "telegram", "Participant list")
    await studio.demo.control("upload", person="o04", platform="telegram", name="participants.csv", text=LIST)
    await studio.demo.settle(cards=False)
    await studio.tap("o01", "slack", "^attpage:.*:r$")
    await studio.scene(
        "import", "A participant list is compared with those invited; nothing is saved before a tap.", "o01", "o04"
    )
    await studio.tap("o04", "telegram", "^impsave:")


async def poll(studio: Studio) -> None:
    """Ask for a topic, a date, and one question in the channels."""
    studio.section("Polls")
    topics = "Housing after return: rooms, rents, rules\nSkills and their recognition\nFamilies: schools and language"
    for words, values in (
        ("topic", {"question": "What should we talk about in autumn?", "options": topics}),
        ("date", {"question": "Planning the autumn", "options": DATES, "closes": "2026-04-24T18:00"}),
        ("quick", {"question": "Shall we keep the room in Istanbul?", "options": "Yes\nNo\nOnline is enough"}),
    ):
        await studio.say("o01", "slack", f"/cop poll {words}")
        await submit(studio, "o01", values)
        await studio.tap("o01", "slack", "^psend:")
        await studio.demo.settle(cards=False)
    await later(studio, START + timedelta(minutes=3))
    await later(studio, START + timedelta(hours=23))
    for label in ("2 · Skills and their re…", "1 · Housing after return"):
        await studio.tap("m03", "slack", label)
    for label in ("1 · No answer", "2 · No answer", "2 · Yes"):
        await studio.tap("m13", "telegram", label)
    await studio.scene(
        "ballots", "Topics are put in order, dates are answered one by one; each tap is saved.", "m03", "m13"
    )
    await studio.tap("m03", "slack", "^pquick:", MEMBERS["slack"])
    await studio.tap("m13", "telegram", "^pquick:", MEMBERS["telegram"])
    for person, platform in (("m03", "slack"), ("m13", "telegram")):
        await until_seen(studio, person, platform, "2 people have voted", MEMBERS[platform])
    await studio.scene(
        "polls-channel",
        "A quick question is answered in the channel; totals come after the close.",
        "m03",
        "m13",
        chat=MEMBERS,
    )
    for person, platform in (("m03", "slack"), ("m13", "telegram")):
        await studio.tap(person, platform, "All suit me")
        await studio.tap(person, platform, "^pdone:")
    await later(studio, START + timedelta(days=20))
    await studio.say("m13", "telegram", "/polls")
    await studio.scene(
        "poll-result",
        "The organisers make the best date a meeting with one tap; everybody sees totals alone.",
        "o01",
        "m13",
    )


async def repeat(studio: Studio) -> None:
    """Repeat a meeting; show the programme."""
    studio.section("Series and programme")
    await studio.say("o01", "slack", "/cop series new M6")
    await submit(studio, "o01", {"how": "month", "more": "3"})
    await studio.say("o04", "telegram", "/programme")
    await studio.scene(
        "series", "A meeting that repeats at its own local hour; the programme against its targets.", "o01", "o04"
    )


async def code_of_the_day(studio: Studio) -> str:
    """Read the code on the organiser's screen."""
    await until_seen(studio, "o01", "slack", "Code of the day")
    screen = await studio.demo.ask("screen", person="o01", platform="slack")
    texts = [message["text"] for chat in screen["chats"] for message in chat["messages"]]
    return str(re.findall(r"Code of the day: \D*(\d{4})", "\n".join(texts))[-1])
