"""The acts of the tour about what is rarer: who is meant, two editors, both ways to take part, cancelling, later."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from life import later, reply, shown, submit
from studio import Studio
from trouble import until_seen

START = datetime(2026, 4, 7, 13, 2, tzinfo=UTC)
MEETING: tuple[dict[str, str], ...] = (
    {
        "format": "hybrid",
        "theme": "Return with children: schools and language",
        "region:other": "Western Balkans",
        "start": "2026-06-16T10:00",
        "length": "150",
        "zone": "Europe/Brussels",
    },
    {"guests": "1"},
    {"place": "Brussels, Example Hall", "link": "https://example.org/meet", "seats": "20", "seats_online": "40"},
)
HERS: tuple[dict[str, str], ...] = (
    {"title": "Children and school after return"},
    {},
    {"seats": "24", "place": "Brussels, Old Hall"},
)
MINE: tuple[dict[str, str], ...] = ({"title": "Return with children"}, {}, {"place": "Brussels, New Hall"})
AGENDA = datetime(2026, 5, 26, 12, tzinfo=UTC)
QUESTIONS = (
    "What helps children who have never been to school in that country?",
    "How do you find teachers who speak both languages?",
)
TOPICS = "Housing after return: rooms, rents, rules\nSkills and their recognition\nFamilies: schools and language"
DATES = "2026-09-08 10:00\n2026-09-10 10:00\n2026-09-15 14:00"
CAME = (("slack", "m01"), ("slack", "m24"), ("slack", "m05"), ("telegram", "m15"), ("telegram", "m13"))
LIST = """Name,Duration (Minutes)
Elin Exempel,150
Sofia Exemplu,140
Claire Exemple,150
Tahmina Udaharon,150
Musa Misali,120
"""
HELD = datetime(2026, 5, 20, 12, tzinfo=UTC)
LATER = datetime(2026, 7, 20, 13, tzinfo=UTC)
"""Ninety days would be after the last day of the project: the question comes two weeks before that day."""


async def take_part(studio: Studio) -> None:
    """Play a hybrid meeting from its audience to its end before it began."""
    studio.cards = False
    await choose(studio)
    await edit_at_once(studio)
    await both_ways(studio)
    await come_instead(studio)
    await suggest_questions(studio)
    await cancel(studio)
    studio.cards = True


async def ask_more(studio: Studio) -> None:
    """Play suggested topics, dates in other languages, and the question three months later."""
    studio.cards = False
    await suggest_topics(studio)
    await look_back(studio)
    studio.cards = True


async def choose(studio: Studio) -> None:
    """Say who is meant."""
    studio.section("Who is meant")
    await studio.say("o01", "slack", "/cop meeting new")
    await submit(studio, "o01", *MEETING)
    await studio.say("o01", "slack", "/cop meeting audience M7")
    await studio.tap("o01", "slack", "Categories")
    for category in ("EU Member States", "Countries of origin"):
        await studio.tap("o01", "slack", category)
    await studio.say("o01", "slack", "/cop meeting audience M7")
    await studio.tap("o01", "slack", "And not …")
    await studio.tap("o01", "slack", "Countries")
    await studio.tap("o01", "slack", "Germany")
    await studio.say("o04", "telegram", "/meeting_audience M7")
    await studio.tap("o04", "telegram", "Named people")
    await studio.tap("o04", "telegram", "Find people")
    await until_seen(studio, "o04", "telegram", "Part of a name")
    await studio.say("o04", "telegram", "Exem")
    await until_seen(studio, "o04", "telegram", "Who is meant?")
    await studio.scene(
        "audience",
        "Who a meeting is for is put together by taps: groups, countries, names, and who is not meant.",
        "o01",
        "o04",
    )
    await studio.say("o01", "slack", "/cop meeting audience M7")
    await studio.tap("o01", "slack", "All members")


async def edit_at_once(studio: Studio) -> None:
    """Edit the same meeting twice at once."""
    studio.section("Two organisers at once")
    await studio.say("o01", "slack", "/cop meeting edit M7")
    await shown(studio, "o01")
    await studio.say("o04", "telegram", "/meeting_edit M7")
    await studio.say("o04", "slack", "/cop meeting edit M7")
    await submit(studio, "o04", *HERS)
    await submit(studio, "o01", *MINE)
    await studio.tap("o04", "telegram", "^q:.*:edit:6$")
    await until_seen(studio, "o04", "telegram", "Without a title")
    await studio.say("o04", "telegram", "Back with children")
    await until_seen(studio, "o04", "telegram", "Title: Back with children")
    await studio.tap("o04", "telegram", "^q:.*:send")
    await studio.scene(
        "edit-conflict",
        "The second of two who edit sees what the other has changed meanwhile, and nobody's words are lost.",
        "o01",
        "o04",
    )
    await studio.tap("o01", "slack", "^msave:")


async def both_ways(studio: Studio) -> None:
    """Invite to a room and online."""
    studio.section("In the room or online")
    await studio.say("o01", "slack", "/cop meeting invite M7")
    await studio.tap("o01", "slack", "^send:")
    await later(studio, START + timedelta(minutes=3))
    await later(studio, START + timedelta(days=1))
    await reply(studio, "room", ("slack", "m01"))
    await studio.tap("m01", "slack", "^change:.*guests$")
    await studio.tap("m01", "slack", "^rsvp:.*:g1$")
    await studio.scene(
        "hybrid",
        "A hybrid meeting asks which way and counts both kinds of seats; a guest can come where that is allowed.",
        "m01",
        "m15",
    )
    await reply(studio, "online", ("telegram", "m15"), ("slack", "m24"))


async def come_instead(studio: Studio) -> None:
    """Let a colleague who is no member come instead."""
    studio.section("A colleague comes instead")
    await studio.tap("m07", "slack", "^deleg:")
    await submit(studio, "m07", {"who": "Eero Esimerkki", "mode": "online", "told": "yes"})
    visitor = {"zone": "Europe/Helsinki", "language": "en", "group": "Visitors", "about": "Visitor"}
    await studio.demo.control("person", id="v01", name="Eero Esimerkki", telegram={"user": 5900001}, **visitor)
    await studio.demo.control("start", person="v01", platform="telegram", payload=await link_of(studio, "m07"))
    await until_seen(studio, "v01", "telegram", "asks you to take part")
    await studio.tap("v01", "telegram", "^agree:")
    await until_seen(studio, "m07", "slack", "comes in your place")
    await studio.scene(
        "delegate-card",
        "One tap on the link of a colleague and one to agree: now the delegate has a card of their own.",
        "m07",
        "v01",
    )


async def link_of(studio: Studio, person: str) -> str:
    """Read what the one-time link on somebody's Slack card hands over."""
    screen = await studio.demo.ask("screen", person=person, platform="slack")
    texts = [message["text"] for chat in screen["chats"] for message in chat["messages"]]
    return str(re.findall(r"start=([A-Za-z0-9_-]+)", "\n".join(texts))[-1])


async def suggest_questions(studio: Studio) -> None:
    """Send questions for the agenda."""
    studio.section("Questions for the agenda")
    await later(studio, AGENDA)
    for person, question in (("m24", QUESTIONS[0]), ("m01", QUESTIONS[1])):
        await studio.tap(person, "slack", "^agendaq:")
        await submit(studio, person, {"question": question})
    await studio.tap("m15", "telegram", "^agendaq:")
    await until_seen(studio, "m15", "telegram", "Your question or example")
    await studio.say("o01", "slack", "/cop meeting questions M7")
    await studio.scene(
        "agenda",
        "Three weeks before, who comes may send a question; the organisers read it, and nothing tells whose it is.",
        "o01",
        "m15",
    )


async def cancel(studio: Studio) -> None:
    """Cancel the meeting."""
    studio.section("Cancelling")
    await studio.say("o04", "telegram", "/meeting_cancel M7")
    await studio.say("o01", "slack", "/cop meeting cancel M7")
    await submit(studio, "o01", {"reason": "The hall is closed."})
    await studio.say("o04", "telegram", "The hall is closed.")
    await studio.tap("o01", "slack", "^msave:")
    await studio.scene(
        "cancel", "What is told to whom is seen before; after confirming there are two minutes for Undo.", "o01", "o04"
    )
    await later(studio, AGENDA + timedelta(minutes=4))
    await later(studio, AGENDA + timedelta(hours=22))
    for person, platform in (("m01", "slack"), ("m15", "telegram")):
        await studio.tap(person, platform, "^caloff:")
    await studio.scene("cancelled", "Everybody is told once, with a file that clears the calendar.", "m01", "m15")
    await studio.both("o01", "o04", "meeting reopen M7")
    await studio.tap("o04", "telegram", "^reopen:")
    await studio.scene(
        "reopen", "A cancelled meeting can be planned again; nobody hears of it before new invitations.", "o01", "o04"
    )


async def suggest_topics(studio: Studio) -> None:
    """Let members suggest topics, and ask for dates."""
    studio.section("Suggested topics and dates")
    for words, values in (
        ("topic", {"question": "What should we talk about in autumn?", "options": TOPICS}),
        ("date", {"question": "Planning the autumn", "options": DATES, "closes": "2026-04-24T18:00"}),
    ):
        await studio.say("o01", "slack", f"/cop poll {words}")
        await submit(studio, "o01", values)
        await studio.tap("o01", "slack", "^psend:")
        await studio.demo.settle(cards=False)
    await later(studio, START + timedelta(minutes=3))
    await later(studio, START + timedelta(hours=23))
    await studio.tap("m15", "telegram", "^psug:")
    await until_seen(studio, "m15", "telegram", "Which topic do you suggest?")
    await studio.say("m15", "telegram", "Health care after return")
    await studio.tap("m01", "slack", "^psug:")
    await submit(studio, "m01", {"topic": "Small firms that hire returnees"})
    await until_seen(studio, "o01", "slack", "Small firms")
    await studio.tap("o01", "slack", "Add to the poll")
    await studio.scene(
        "suggestion",
        "Members suggest topics without their names; what an organiser adds stands on every ballot.",
        "o01",
        "m15",
    )
    await studio.tap("m05", "slack", "^pvote:.*\\.y")
    await studio.tap("m18", "telegram", "^pall:")
    await studio.scene(
        "dates-french-arabic", "Dates in French and Arabic, each in the reader's own time.", "m05", "m18"
    )


async def look_back(studio: Studio) -> None:
    """Hold a meeting and ask much later."""
    studio.section("Three months later")
    await studio.say("o01", "slack", "/cop meeting invite M6")
    await studio.tap("o01", "slack", "^send:")
    await later(studio, START + timedelta(days=6))
    await reply(studio, "yes", *CAME)
    await later(studio, HELD)
    await studio.say("o04", "telegram", "/meeting_attendance M6")
    await studio.tap("o04", "telegram", "^import:")
    await until_seen(studio, "o04", "telegram", "Participant list")
    await studio.demo.control("upload", person="o04", platform="telegram", name="participants.csv", text=LIST)
    await studio.demo.settle(cards=False)
    await studio.tap("o04", "telegram", "^impsave:")
    await later(studio, LATER)
    await studio.tap("m15", "telegram", "^used:.*:yes$")
    await studio.scene("three-months-later", "Was it of use? One tap, kept without a name.", "m01", "m15")
