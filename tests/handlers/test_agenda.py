"""Questions for the agenda: from people who may come, kept without a name."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from chat.errors import UserError
from chat.message import Press
from chat.outbound import Ask, Invalid, Reply
from chat.text import Reader, plain
from handlers._asks import todo
from scheduler.contract import Skip
from storage import questions
from storage.audit import AuditEntry
from storage.drafts import FormDraft
from storage.meetings import Invitation, Meeting
from storage.questions import AgendaQuestion
from tests.kinds import on_one


@pytest.fixture
async def meeting(town: Any) -> Meeting:
    """Give an announced meeting on Wed, 20 May 2026; Tahmina said yes, Claire has not replied."""
    async with town.write() as db:
        made = Meeting(
            code="M6", title="Jobs and skills", format="online", starts_at=datetime(2026, 5, 20, 8, tzinfo=UTC),
            ends_at=datetime(2026, 5, 20, 10, tzinfo=UTC), zone="Europe/Brussels", state="inviting", revision=3,
            rsvp_deadline=datetime(2026, 5, 6, 16, tzinfo=UTC),
        )  # fmt: skip
        db.add(made)
        await db.flush()
        db.add(Invitation(meeting_id=made.id, member_id=town.tahmina.id, reply="yes"))
        db.add(Invitation(meeting_id=made.id, member_id=town.claire.id, reply="none"))
    return made


async def suggest(town: Any, meeting: Meeting, text: str, who: Any = None) -> Any:
    return await town.submit(who or town.tahmina, "agendaq", meeting.key, {"question": text})


async def test_a_question_is_passed_on_without_a_name(town: Any, meeting: Meeting, show: Any) -> None:
    card = await town.draw("agenda_question", meeting.key, town.tahmina)
    seen = show([Reply(card)])
    assert "One question or example for the agenda? Passed on without your name." in seen.text
    assert seen.labels == ["Suggest a question", "No, thank you"]
    assert list(await town.click(town.tahmina, seen.button("Suggest a question"))) == [Ask("agendaq", meeting.key)]
    seen = show(await suggest(town, meeting, "What works for small firms?"))
    assert "Passed on without your name." in seen.text
    assert list(await town.click(town.tahmina, seen.button("One more question"))) == [Ask("agendaq", meeting.key)]
    async with town.read() as db:
        (row,) = (await db.scalars(select(AgendaQuestion))).all()
        assert (await db.scalars(select(FormDraft))).all() == []
        noted = [(each.act, each.member_id) for each in await db.scalars(select(AuditEntry))]
    assert town.tahmina.id not in {each for _, each in noted}
    assert row.body == "What works for small firms?"
    assert not {each.name for each in AgendaQuestion.__table__.columns} & {"member_id", "at", "created_at"}


@on_one
@pytest.mark.parametrize("text", ["Ask amina@example.org", "Why is file no 123456 closed?", "The migrant Karim waits"])
async def test_personal_data_is_refused_and_nothing_is_kept(town: Any, meeting: Meeting, text: str) -> None:
    (invalid,) = await suggest(town, meeting, text)
    assert isinstance(invalid, Invalid)
    assert "question" in invalid.errors
    async with town.read() as db:
        assert await questions.bodies(db, meeting) == []


@on_one
async def test_only_who_may_come_is_asked_until_the_start(town: Any, meeting: Meeting, show: Any) -> None:
    assert isinstance(await town.draw("agenda_question", meeting.key, town.claire), Skip)
    with pytest.raises(UserError) as refused:
        await town.click(town.claire, Press("agendaq", meeting.key))
    assert "reply Yes or Maybe" in plain(refused.value.text, Reader())
    with pytest.raises(UserError):
        await suggest(town, meeting, "Anything new?", town.claire)
    with pytest.raises(UserError) as refused:
        await town.click(town.olivia, Press("agendaq", meeting.key))
    assert "not on the list" in plain(refused.value.text, Reader())
    town.clock.set(meeting.starts_at)
    with pytest.raises(UserError) as refused:
        await suggest(town, meeting, "Too late?")
    assert "closed" in plain(refused.value.text, Reader())
    card = await town.draw("agenda_question", meeting.key, town.tahmina, first=False)
    assert "Questions for this agenda are closed." in show([Reply(card)]).text
    async with town.write() as db:
        (await db.get_one(Meeting, meeting.id)).state = "cancelled"
    card = await town.draw("agenda_question", meeting.key, town.tahmina, first=False)
    assert "This meeting was cancelled." in show([Reply(card)]).text
    with pytest.raises(UserError) as refused:
        await town.click(town.tahmina, Press("agendaq", meeting.key))
    assert "cancelled" in plain(refused.value.text, Reader())


@on_one
async def test_no_thanks_keeps_nothing(town: Any, meeting: Meeting, show: Any) -> None:
    seen = show(await town.click(town.tahmina, Press("noagenda", meeting.key)))
    assert "Thank you." in seen.text


async def test_organisers_read_them_in_an_order_that_tells_nothing(town: Any, meeting: Meeting, show: Any) -> None:
    assert "No questions yet." in show(await town.command(town.olivia, "meeting questions M6")).text
    sent = [f"Question number {each:02}" for each in range(12)]
    for each in sent:
        await suggest(town, meeting, each)
    async with town.read() as db:
        kept = await questions.bodies(db, meeting)
        waits = [each for each in await todo(db, town.clock.now()) if "question" in plain(each.line, Reader())]
    assert sorted(kept) == sent
    assert kept != sent
    (todo_line,) = waits
    assert plain(todo_line.line, Reader()) == "M6 · 12 questions"
    seen = show(await town.click(town.olivia, todo_line.button))
    read = [line[2:] for line in seen.text.split("\n") if line.startswith("– ")]
    assert seen.text.endswith("12 questions")
    assert "Tahmina" not in seen.text
    for _ in range(2):
        seen = show(await town.click(town.olivia, seen.button("Next")))
        read += [line[2:] for line in seen.text.split("\n") if line.startswith("– ")]
    assert read == kept
    assert show(await town.command(town.claire, "meeting questions M6"), "fr").labels


@on_one
async def test_a_meeting_takes_only_so_many(town: Any, meeting: Meeting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(questions, "OF_MEETING", 1)
    await suggest(town, meeting, "The first one")
    (invalid,) = await suggest(town, meeting, "One too many")
    assert isinstance(invalid, Invalid)
    assert "enough questions" in plain(invalid.errors["question"], Reader())
