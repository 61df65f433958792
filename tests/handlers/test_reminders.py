"""Reminders: to those who say yes, at a decent hour of their own, at most one after an outage, none after the start."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from chat.message import LinkButton, Message, Press
from chat.text import Reader, plain
from handlers import _reminding, features
from handlers._schedule import Calendar
from scheduler import timers
from scheduler.contract import Drawing, Skip
from storage.deliveries import Campaign, Delivery
from storage.meetings import Invitation, Meeting
from storage.members import Member
from tests.kinds import on_one

START = datetime(2026, 5, 20, 8, tzinfo=UTC)
"""Wed, 20 May 2026: 10:00 in Brussels and Paris, 14:00 in Dhaka."""


@pytest.fixture
async def meeting(town: Any) -> Meeting:
    """Give an announced online meeting with its timers; Tahmina and Claire are invited."""
    async with town.write() as db:
        made = Meeting(
            code="M6", title="Jobs and skills", format="online", zone="Europe/Brussels", state="inviting",
            starts_at=START, ends_at=START + timedelta(minutes=150), rsvp_deadline=START - timedelta(minutes=10),
            join_link="https://meet.example.org/secret", passcode="4821", agenda_link="https://example.org/agenda",
        )  # fmt: skip
        db.add(made)
        await db.flush()
        for member in (town.tahmina, town.claire):
            db.add(Invitation(meeting_id=made.id, member_id=member.id, invited_at=town.clock.now()))
        await _reminding.arm(db, made)
    return made


async def change(town: Any, meeting: Meeting, **values: Any) -> None:
    async with town.write() as db:
        row = await db.get_one(Meeting, meeting.id)
        for name, value in values.items():
            setattr(row, name, value)


async def press(town: Any, who: Member, meeting: Meeting, choice: str) -> None:
    await town.click(who, Press("rsvp", meeting.key, "0", choice))


async def reach(town: Any, moment: datetime) -> None:
    """Move the clock and do what is due on the way."""
    town.clock.set(moment)
    run = {kind: handler for each in features() for kind, handler in each.timers.items()}
    while await timers.run_due(town.database, moment, run, "test"):
        pass


async def planned(town: Any, kind: str) -> dict[str, tuple[datetime, datetime | None]]:
    async with town.read() as db:
        found = await db.execute(
            select(Member.code, Delivery.due_at, Delivery.expires_at)
            .join(Delivery, Delivery.member_id == Member.id)
            .join(Campaign, Campaign.id == Delivery.campaign_id)
            .where(Campaign.kind == kind)
        )
        return {code: (due, expires) for code, due, expires in found}


async def draw(town: Any, kind: str, meeting: Meeting, member: Member, *, first: bool = True) -> Message | Skip:
    composer = next(each.cards[kind] for each in features() if kind in each.cards)
    async with town.read() as db:
        reader = Reader(zone=member.zone)
        return await composer(db, Drawing(kind, meeting.key, member, None, reader, town.clock.now(), first))


def text_of(message: Message | Skip, zone: str = "Europe/Paris") -> str:
    assert isinstance(message, Message), message
    return "\n".join(plain(each, Reader(zone=zone)) for each in (*message.lines, *message.fine))


async def test_seven_days_before_only_those_who_said_yes_get_one_at_ten_of_their_own(
    town: Any, meeting: Meeting
) -> None:
    await press(town, town.tahmina, meeting, "yes")
    await press(town, town.claire, meeting, "maybe")

    await reach(town, START - timedelta(days=8))

    assert await planned(town, "reminder_7d") == {
        "m15": (datetime(2026, 5, 13, 4, tzinfo=UTC), datetime(2026, 5, 19, 4, tzinfo=UTC))
    }


async def test_each_reminder_expires_when_the_next_is_due_and_the_last_at_the_start(
    town: Any, meeting: Meeting
) -> None:
    await press(town, town.claire, meeting, "yes")
    for before in (timedelta(days=8), timedelta(days=5), timedelta(hours=6)):
        await reach(town, START - before)
    hour = START - timedelta(hours=1)
    assert (await planned(town, "reminder_7d"))["m05"][1] == datetime(2026, 5, 19, 8, tzinfo=UTC)
    assert (await planned(town, "reminder_1d"))["m05"][1] == hour
    assert (await planned(town, "reminder_1h"))["m05"] == (hour, START)


@on_one
async def test_a_weekend_moves_a_reminder_back_before_the_start(town: Any, meeting: Meeting) -> None:
    monday = datetime(2026, 5, 18, 8, tzinfo=UTC)
    await change(town, meeting, starts_at=monday, ends_at=monday + timedelta(hours=2))
    await press(town, town.claire, meeting, "yes")
    async with town.read() as db:
        row = await db.get_one(Meeting, meeting.id)
    dates = Calendar(row)
    slot = dates.slot(dates.row("reminder_1d"), town.claire)
    assert slot < datetime(2026, 5, 15, 18, tzinfo=UTC)
    assert slot.astimezone(UTC).weekday() == 4


async def test_who_says_yes_late_still_gets_what_is_still_ahead(town: Any, meeting: Meeting) -> None:
    await reach(town, START - timedelta(days=4))
    assert await planned(town, "reminder_1d") == {}
    await press(town, town.claire, meeting, "yes")
    assert list(await planned(town, "reminder_1d")) == ["m05"]
    assert await planned(town, "reminder_7d") == {}


@on_one
async def test_who_says_yes_in_the_last_hour_gets_the_way_in_at_once(town: Any, meeting: Meeting) -> None:
    now = START - timedelta(minutes=20)
    await reach(town, now)
    await press(town, town.claire, meeting, "yes")
    assert await planned(town, "reminder_1h") == {"m05": (now, START)}
    text = text_of(await draw(town, "reminder_1h", meeting, town.claire))
    assert "in one hour" not in text
    assert "starts at 10:00 (Paris)" in text


@on_one
async def test_after_an_outage_one_reminder_is_left_and_none_after_the_start(town: Any, meeting: Meeting) -> None:
    await press(town, town.claire, meeting, "yes")
    await reach(town, START - timedelta(minutes=30))
    found = {kind: (await planned(town, kind)).get("m05") for kind in ("reminder_7d", "reminder_1d", "reminder_1h")}
    alive = [kind for kind, row in found.items() if row and row[1] and row[1] > town.clock.now()]
    assert alive == ["reminder_1h"]

    town.clock.set(START)
    assert await draw(town, "reminder_1h", meeting, town.claire) == Skip("started")


@on_one
async def test_the_link_comes_the_day_before_and_only_to_yes(town: Any, meeting: Meeting) -> None:
    await press(town, town.claire, meeting, "yes")
    town.clock.set(datetime(2026, 5, 19, 8, tzinfo=UTC))
    card = await draw(town, "reminder_1d", meeting, town.claire)
    assert text_of(card) == (
        "Tomorrow: “Jobs and skills”, Wed, 20 May 2026, 10:00–12:30 (Paris).\n"
        "Where: online\n"
        "Access: https://meet.example.org/secret · passcode 4821\n"
        "Questions: coprr@example.org\n"
        "Please do not forward these details."
    )
    assert isinstance(card, Message)
    join, cannot = card.rows[0]
    assert isinstance(join, LinkButton)
    assert join.url == "https://meet.example.org/secret"
    assert plain(cannot.label, Reader()) == "I cannot come"
    assert await draw(town, "reminder_1d", meeting, town.tahmina) == Skip("not_coming")
    assert "secret" not in text_of(await draw(town, "reminder_7d", meeting, town.claire))


@on_one
async def test_tomorrow_is_said_only_when_it_is_true_for_the_reader(town: Any, meeting: Meeting) -> None:
    await press(town, town.claire, meeting, "yes")
    for moment, first_word in (
        (datetime(2026, 5, 20, 5, tzinfo=UTC), "Today"),
        (datetime(2026, 5, 19, 8, tzinfo=UTC), "Tomorrow"),
        (datetime(2026, 5, 16, 8, tzinfo=UTC), "Coming soon"),
    ):
        town.clock.set(moment)
        assert text_of(await draw(town, "reminder_1d", meeting, town.claire)).startswith(first_word)


@on_one
async def test_without_a_link_it_is_said_to_follow(town: Any, meeting: Meeting) -> None:
    await change(town, meeting, join_link="", passcode="")
    await press(town, town.claire, meeting, "yes")
    town.clock.set(START - timedelta(hours=1))
    text = text_of(await draw(town, "reminder_1h", meeting, town.claire))
    assert text == "“Jobs and skills” starts in one hour.\nAccess: The link follows.\nSee you soon, Claire."


@on_one
async def test_in_person_the_last_reminder_is_at_eight_of_the_host(town: Any, meeting: Meeting) -> None:
    await change(town, meeting, format="in_person", place="Hall 2, Brussels")
    async with town.write() as db:
        row = await db.get_one(Meeting, meeting.id)
        await _reminding.disarm(db, row)
        await _reminding.arm(db, row)
    await press(town, town.tahmina, meeting, "yes")
    await reach(town, START - timedelta(hours=20))
    assert (await planned(town, "reminder_day"))["m15"] == (datetime(2026, 5, 20, 6, tzinfo=UTC), START)
    assert await planned(town, "reminder_1h") == {}
    town.clock.set(datetime(2026, 5, 20, 6, tzinfo=UTC))
    text = text_of(await draw(town, "reminder_day", meeting, town.tahmina), "Asia/Dhaka")
    assert text.startswith("Today: “Jobs and skills”")
    assert "Hall 2, Brussels" in text


@on_one
async def test_i_cannot_come_turns_the_reminder_into_the_reply(town: Any, meeting: Meeting, show: Any) -> None:
    await press(town, town.claire, meeting, "yes")
    seen = show(await town.click(town.claire, Press("cantcome", meeting.key, "0")))
    assert seen.text.startswith("You replied: No.")
    town.clock.set(datetime(2026, 5, 19, 8, tzinfo=UTC))
    assert await draw(town, "reminder_1d", meeting, town.claire) == Skip("not_coming")
    redrawn = text_of(await draw(town, "reminder_7d", meeting, town.claire, first=False))
    assert redrawn.startswith("You replied: No.")


async def test_a_meeting_becomes_live_and_held_by_itself(town: Any, meeting: Meeting) -> None:
    async def state() -> str:
        async with town.read() as db:
            return (await db.get_one(Meeting, meeting.id)).state

    await reach(town, START)
    assert await state() == "live"
    await reach(town, meeting.ends_at)
    assert await state() == "held"


@on_one
async def test_a_cancelled_meeting_reminds_nobody(town: Any, meeting: Meeting) -> None:
    await press(town, town.claire, meeting, "yes")
    await change(town, meeting, state="cancelled")
    await reach(town, START - timedelta(days=8))
    assert await planned(town, "reminder_7d") == {}
    assert await draw(town, "reminder_7d", meeting, town.claire) == Skip("meeting_not_open")


@on_one
async def test_no_send_dates_of_the_community_are_kept(town: Any, meeting: Meeting) -> None:
    async with town.write() as db:
        from storage.communities import Community

        (await db.get_one(Community, town.community.id)).settings = {"no_send": ["2026-05-13"]}
    await press(town, town.claire, meeting, "yes")
    await reach(town, START - timedelta(days=8))
    assert (await planned(town, "reminder_7d"))["m05"][0] == datetime(2026, 5, 14, 7, tzinfo=UTC)
