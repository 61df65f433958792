"""What organisers are told by themselves, and what those who come are told: packs, and the ways of a hybrid meeting."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from handlers._schedule import RULES
from scheduler.contract import Skip
from storage import needs
from storage.communities import Channel
from storage.meetings import Invitation, Meeting
from storage.members import RoleGrant
from tests.handlers.test_schedule_rows import (
    DEADLINE,
    START,
    announced,
    change,
    on_one,
    planned,
    press,
    reach,
    reported,
    words,
)


@pytest.fixture
async def meeting(town: Any) -> Meeting:
    """Give an announced online meeting with its timers."""
    return await announced(town)


async def test_at_the_deadline_replies_close_and_organisers_get_the_numbers(town: Any, meeting: Meeting) -> None:
    await press(town, town.claire, meeting, "yes")
    await reach(town, DEADLINE)
    async with town.read() as db:
        assert (await db.get_one(Meeting, meeting.id)).state == "closed"
    assert await reported(town, "report_deadline") == [("C9", DEADLINE)]
    seen = words(await town.draw("report_deadline", meeting.key))
    assert "Yes 1 · Maybe 0 · No 0 · No reply 1" in seen
    assert "Claire" not in seen


@on_one
async def test_without_a_channel_each_organiser_gets_the_report(town: Any, meeting: Meeting) -> None:
    async with town.write() as db:
        await db.execute(update(Channel).where(Channel.purpose == "organisers").values(reachable=False))
    await reach(town, datetime(2026, 4, 22, 7, tzinfo=UTC))
    assert list(await planned(town, "report_balance")) == ["o01"]


@on_one
async def test_the_readiness_report_names_what_is_missing(town: Any) -> None:
    meeting = await announced(town, format="in_person", place="Hall 2", rsvp_deadline=START - timedelta(days=30))
    await reach(town, datetime(2026, 5, 15, 7, tzinfo=UTC))
    assert await reported(town, "report_readiness") == [("C9", datetime(2026, 5, 15, 7, tzinfo=UTC))]  # Friday
    seen = words(await town.draw("report_readiness", meeting.key))
    assert "2 things are missing:\n– Map, phone or information for travellers is missing." in seen
    assert "No moderator is named." in seen
    heads = words(await town.draw("report_headcount", meeting.key))
    assert "0 people in the room" in heads


@on_one
async def test_the_practical_pack_comes_only_with_something_in_it(town: Any) -> None:
    meeting = await announced(town, format="in_person", place="Hall 2", rsvp_deadline=START - timedelta(days=30))
    async with town.write() as db:
        await db.execute(update(Invitation).values(reply="yes", replied_at=town.clock.now()))
    await reach(town, START - timedelta(days=15))
    assert (await planned(town, "practical_pack"))["m05"] == datetime(2026, 5, 6, 8, tzinfo=UTC)
    assert await town.draw("practical_pack", meeting.key, town.claire) == Skip("nothing_known")
    await change(town, meeting, details={"map_link": "https://map.example.org/x", "phone": "+32 2 000 00 00"})
    seen = words(await town.draw("practical_pack", meeting.key, town.claire))
    assert "Where: Hall 2" in seen
    assert "Map: https://map.example.org/x" in seen
    assert "Phone on the spot: +32 2 000 00 00" in seen


@on_one
@pytest.mark.parametrize("form", ["online", "in_person", "hybrid"])
async def test_every_report_is_counts_only_with_a_next_step(town: Any, form: str) -> None:
    meeting = await announced(town, format=form, place="" if form == "online" else "Hall 2", join_link="")
    async with town.write() as db:
        await db.execute(update(Invitation).values(reply="yes", mode="room" if form == "hybrid" else "", guests=1))
    kinds = {each.kind for each in RULES if each.to == "organisers" and not each.draft}
    town.clock.set(START - timedelta(days=3))
    for kind in sorted(kinds):
        drawn = await town.draw(kind, meeting.key)
        if kind == "report_feedback":
            assert drawn == Skip("nobody")
            continue
        text = words(drawn)
        assert text.startswith("M6 · ")
        assert "Claire" not in text
        assert "Tahmina" not in text
        assert drawn.rows
    assert (
        "The link to join is missing." in words(await town.draw("report_readiness", meeting.key)) or form == "in_person"
    )
    assert "4 people in the room\n2 guests among them" in words(await town.draw("report_headcount", meeting.key))


@on_one
async def test_of_a_hybrid_meeting_each_way_gets_its_own_reminders(town: Any) -> None:
    meeting = await announced(
        town, format="hybrid", place="Hall 2", join_link="https://meet.example.org/secret",
        online_deadline=START - timedelta(days=7), details={"phone": "+32 2 000 00 00"},
    )  # fmt: skip
    for member, mode in ((town.claire, "room"), (town.tahmina, "online")):
        async with town.write() as db:
            mine = update(Invitation).where(Invitation.member_id == member.id)
            await db.execute(mine.values(reply="yes", mode=mode, replied_at=town.clock.now()))
    await reach(town, START - timedelta(days=15))
    await reach(town, START - timedelta(hours=5))
    assert set(await planned(town, "practical_pack")) == {"m05"}
    assert set(await planned(town, "reminder_day")) == {"m05"}
    assert set(await planned(town, "reminder_1h")) == {"m15"}
    town.clock.set(START - timedelta(days=1))
    room = words(await town.draw("reminder_1d", meeting.key, town.claire))
    online = words(await town.draw("reminder_1d", meeting.key, town.tahmina))
    assert "Access: check in with the code shown in the room" in room
    assert "secret" not in room
    assert "Access: https://meet.example.org/secret" in online


@on_one
async def test_who_asked_for_a_visa_letter_is_told_when_it_comes(town: Any) -> None:
    start = town.clock.now() + timedelta(days=57)
    meeting = await announced(
        town, format="in_person", place="Hall 2", starts_at=start, ends_at=start + timedelta(hours=2),
        rsvp_deadline=start - timedelta(days=30),
    )  # fmt: skip
    await press(town, town.claire, meeting, "yes")
    async with town.write() as db:
        await needs.save(db, meeting, town.claire, needs.Given(visa_letter=True), town.clock.now())
    await reach(town, start - timedelta(days=55) - timedelta(hours=24))
    assert set(await planned(town, "visa_letter")) == {"m05"}
    assert "You asked for a visa support letter" in words(await town.draw("visa_letter", meeting.key, town.claire))
    assert await town.draw("visa_letter", meeting.key, town.tahmina) == Skip("not_entitled")
    assert "1 person asked for a letter." in words(await town.draw("report_visa", meeting.key))


@on_one
async def test_who_moderates_hears_before_the_start_how_many_come_and_the_code(town: Any) -> None:
    meeting = await announced(town, format="in_person", place="Hall 2", rsvp_deadline=START - timedelta(days=30))
    async with town.write() as db:
        db.add(RoleGrant(member_id=town.claire.id, role="moderator", meeting_id=meeting.id))
    await reach(town, START - timedelta(hours=1))
    assert await planned(town, "moderate") == {"m05": START - timedelta(minutes=15)}
    async with town.read() as db:
        code = (await db.get_one(Meeting, meeting.id)).checkin_code
    seen = words(await town.draw("moderate", meeting.key, town.claire))
    assert "M6 starts at 10:00" in seen
    assert "Yes 0 · Maybe 0 · No 0 · No reply 2" in seen
    assert len(code) == 4
    assert f"Code of the day: {code}" in seen
