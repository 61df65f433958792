"""Questions of one tap: totals without names, shown from five answers on; nothing links an answer to its mark."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from chat.errors import UserError
from chat.message import Message, Press
from chat.outbound import Card, Edit, Reply
from handlers import features
from handlers.feedback import summary
from scheduler.contract import Skip
from storage import one_tap
from storage.meetings import Attendance, Invitation, Meeting
from storage.members import Member
from storage.one_tap import OneTapAsk, OneTapTotal
from tests.kinds import on_one

END = datetime(2026, 5, 20, 10, 30, tzinfo=UTC)


@pytest.fixture
async def meeting(town: Any) -> Meeting:
    """Give a meeting of yesterday: Tahmina was absent without notice, Claire took part for a part."""
    async with town.write() as db:
        made = Meeting(
            code="M6", title="Jobs and skills", format="online", starts_at=END - timedelta(hours=2), ends_at=END,
            zone="Europe/Brussels", state="held", revision=3, rsvp_deadline=END,
        )  # fmt: skip
        db.add(made)
        await db.flush()
        for member, state in ((town.tahmina, "absent"), (town.claire, "partial")):
            db.add(Invitation(meeting_id=made.id, member_id=member.id, reply="yes"))
            db.add(Attendance(meeting_id=made.id, member_id=member.id, state=state, source="moderator"))
    town.clock.set(END + timedelta(days=1))
    return made


async def many(town: Any, meeting: Meeting, number: int, state: str) -> list[Member]:
    async with town.write() as db:
        people = [Member(code=f"x{n:02}", name=f"Extra {n}", zone="UTC") for n in range(number)]
        db.add_all(people)
        await db.flush()
        for each in people:
            db.add(Invitation(meeting_id=meeting.id, member_id=each.id, reply="yes"))
            db.add(Attendance(meeting_id=meeting.id, member_id=each.id, state=state, source="moderator"))
        await db.flush()
        await one_tap.ask(db, meeting, "absent" if state == "absent" else "used", people)
    return people


@on_one
async def test_the_cards_ask_those_they_are_for_and_thank(town: Any, meeting: Meeting, show: Any) -> None:
    card = await town.draw("absent", meeting.key, town.tahmina)
    seen = show([Reply(card)])
    assert "What got in the way?" in seen.text
    assert seen.labels == [
        "Time clash", "Not relevant for me", "Technical problem", "Travel or visa", "Other reason",
    ]  # fmt: skip
    answers = await town.click(town.tahmina, seen.button("Time clash"))
    assert "Kept without your name" in show(answers).text
    assert isinstance(answers[0], Edit)
    assert answers[0].card == Card("absent", meeting.key)
    again = await town.click(town.tahmina, seen.button("Other reason"))
    assert "answered before" in show(again).text
    assert await town.draw("absent", meeting.key, town.tahmina) == Skip("answered")
    assert isinstance(await town.draw("absent", meeting.key, town.tahmina, first=False), Message)
    assert await town.draw("absent", meeting.key, town.claire) == Skip("not_entitled")
    used = show([Reply(await town.draw("followup_90d", meeting.key, town.claire))])
    assert used.labels == ["Yes", "Not yet", "No"]
    await town.click(town.claire, used.button("Not yet"))
    with pytest.raises(UserError):  # who was absent is not asked whether they used it
        await town.click(town.tahmina, used.button("Yes"))
    async with town.read() as db:
        found = await db.execute(select(OneTapTotal.answer, OneTapTotal.number).where(OneTapTotal.number > 0))
        assert dict(found.all()) == {"clash": 1, "not_yet": 1}


async def test_answers_at_once_are_all_counted_and_each_once(town: Any, meeting: Meeting) -> None:
    people = await many(town, meeting, 6, "absent")

    async def answer(member: Member, choice: str) -> bool:
        async with town.write() as db:
            made = await db.get_one(Meeting, meeting.id)
            return await one_tap.answer(db, made, "absent", member, choice)

    tried = await asyncio.gather(*(answer(each, choice) for each in people for choice in ("tech", "tech", "other")))
    assert sum(tried) == 6
    async with town.read() as db:
        totals = await one_tap.totals(db, meeting, "absent")
        assert sum(totals.values()) == 6
        assert list(totals) == ["clash", "topic", "tech", "travel", "other"]
        assert len(list(await db.scalars(select(OneTapAsk.id).where(OneTapAsk.answered)))) == 6


async def test_marks_and_totals_are_written_anew_as_a_whole(town: Any, meeting: Meeting) -> None:
    """Row versions would tell which total changed together with whose mark (PostgreSQL keeps them per row)."""
    people = await many(town, meeting, 3, "absent")
    async with town.write() as db:
        await one_tap.answer(db, await db.get_one(Meeting, meeting.id), "absent", people[1], "travel")
    if town.database.sqlite:
        return
    async with town.read() as db:
        from sqlalchemy import text

        for table in ("one_tap_ask", "one_tap_total"):
            versions = set((await db.execute(text(f"SELECT xmin::text FROM {table}"))).scalars())
            assert len(versions) == 1, table


@on_one
async def test_organisers_see_totals_from_five_answers_on(town: Any, meeting: Meeting, show: Any) -> None:
    people = await many(town, meeting, 5, "absent")
    for number, each in enumerate(people, 1):
        async with town.write() as db:
            made = await db.get_one(Meeting, meeting.id)
            await one_tap.answer(db, made, "absent", each, "clash" if number < 4 else "travel")
            text = show([Reply(await summary(db, made, town.clock.now()))]).text
        assert ("What got in the way" in text) is (number == 5)
    assert "feedback questions" in text.partition("One-tap questions, counted apart:\n")[0]  # each says what it counts
    assert "apart:\nWhat got in the way (5 answers)\nTime clash: 3 · Travel or visa: 2" in text
    assert "Extra" not in text


@on_one
async def test_home_names_open_questions_while_their_time_lasts(town: Any, meeting: Meeting) -> None:
    async def verbs(member: Member, after: timedelta) -> list[str]:
        async with town.read() as db:
            waits = next(each for each in features() if each.name == "one_tap").waits
            return [each.button.press.verb for each in await waits[0](db, member, END + after) if each.button]

    assert await verbs(town.tahmina, timedelta(hours=1)) == []
    assert await verbs(town.tahmina, timedelta(days=1)) == ["absent"]
    assert await verbs(town.tahmina, timedelta(days=15)) == []
    assert await verbs(town.claire, timedelta(days=1)) == []
    assert await verbs(town.claire, timedelta(days=90)) == ["used"]
    await town.click(town.claire, Press("used", meeting.key, "", "yes"))
    assert await verbs(town.claire, timedelta(days=90)) == []


@on_one
async def test_a_press_without_an_answer_opens_the_question(town: Any, meeting: Meeting, show: Any) -> None:
    opened = await town.click(town.tahmina, Press("absent", meeting.key, "3"))
    assert "Time clash" in show(opened).labels
    with pytest.raises(UserError):
        await town.click(town.tahmina, Press("absent", meeting.key, "3", "forged"))
