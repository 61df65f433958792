"""People from outside on the day of a webinar: questions and feedback, answered by taps, kept without a trace."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from chat.inbound import Click, Said
from chat.people import MessageRef
from scheduler.clock import MovableClock
from storage import Database, feedback, webinars
from storage.drafts import FormDraft
from storage.inbox import InboxRow
from storage.members import Member
from storage.webinar_feedback import WebinarAnswer, WebinarComment
from storage.webinars import Registrant, Webinar, WebinarQuestion
from tests.bot.test_webinar_guests import STRANGER, Public
from tests.kinds import on_one


@pytest.fixture
async def held(database: Database, clock: MovableClock) -> Public:
    """Give a webinar that is live, with one guest who is registered."""
    public = await Public(database, clock).build()
    await public.answer_all(STRANGER)
    clock.set(public.webinar.starts_at + timedelta(minutes=5))
    async with database.write(2) as db:
        (await db.get_one(Webinar, public.webinar.id)).state = "live"
    return public


async def _press(public: Public, data: str) -> tuple[str, list[tuple[str, str]]]:
    return await public.act(STRANGER, Click, data=data, message=MessageRef("telegram", "700", STRANGER.user, "1"))


@on_one
async def test_a_guest_checks_in_and_asks_question_by_question(held: Public) -> None:
    key = held.webinar.key
    text, _ = await _press(held, f"webhere:{key}::")
    assert "You are checked in" in text
    text, _ = await _press(held, f"webask:{key}::")
    assert "Your question" in text
    text, buttons = await held.act(STRANGER, Said, text="What makes it last?")
    text, _ = await held.tap(STRANGER, buttons, "Yes, with my name")
    assert "with your name" in text
    [question] = await held.rows(WebinarQuestion)
    assert (question.text, question.name, question.community_id) == ("What makes it last?", "Ada Lovelace", 2)


@on_one
async def test_a_guests_feedback_leaves_no_body_behind(held: Public) -> None:
    key = held.webinar.key
    await _press(held, f"webhere:{key}::")
    held.clock.set(held.webinar.ends_at + timedelta(hours=1))
    async with held.database.write(2) as db:
        row = await db.get_one(Webinar, held.webinar.id)
        row.state = "over"
        [registrant] = await webinars.registered(db, row)
        await feedback.ask(db, row, await webinars.people(db, [registrant]))
    text, buttons = await _press(held, f"webfb:{key}::")
    assert "How useful was the webinar" in text
    for answer in ("4", "5"):
        text, buttons = await held.tap(STRANGER, buttons, answer)
    if any(label == "Send" for label, _ in buttons):
        text, buttons = await held.tap(STRANGER, buttons, "Send")
    assert "Thank you" in text
    text, buttons = await held.tap(STRANGER, buttons, "Add a comment")
    text, _ = await held.act(STRANGER, Said, text="Slower, please, SECRETWORD")
    assert "Kept apart" in text

    assert [each.answers for each in await held.rows(WebinarAnswer)] == [{"F1": "4", "F2": "5"}]
    assert [each.body for each in await held.rows(WebinarComment)] == ["Slower, please, SECRETWORD"]
    bodies = [repr(each.body) for each in await held.rows(InboxRow)]
    assert not any("SECRETWORD" in each for each in bodies)
    assert not any('"qs:' in each or "'qs:" in each for each in bodies)
    assert not any(each.values for each in await held.rows(FormDraft))
    async with held.database.read() as db:
        assert (
            await db.scalar(select(Member.name).join(Registrant, Registrant.member_id == Member.id)) == "Ada Lovelace"
        )
