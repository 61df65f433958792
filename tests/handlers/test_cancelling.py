"""Cancelling, reopening and copying a meeting."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from chat.outbound import Ask, Reply
from chat.people import MessageRef
from handlers import _reminding
from scheduler import cards, delivery
from storage.delegations import Delegation
from storage.deliveries import Campaign, CardCopy
from storage.meetings import Meeting
from storage.members import Member
from storage.timers import Timer
from tests.handlers.changing import START, announced, cancelled, effect, now_is, replies, sent
from tests.kinds import on_one


@pytest.fixture
async def meeting(town: Any) -> Meeting:
    """Give an announced meeting on Wed, 20 May 2026, 10:00 in Brussels: Tahmina says yes, Claire maybe, Nora no."""
    return await announced(town)


async def test_a_cancelled_meeting_tells_everybody_but_those_who_said_no(
    town: Any, meeting: Meeting, show: Any
) -> None:
    async with town.write() as db:
        now = town.clock.now()
        to = [delivery.To(member=town.tahmina, due=now + timedelta(days=1))]
        await delivery.plan(db, kind="reminder_7d", subject=meeting.key, occurrence="x", to=to, now=now)
        await _reminding.arm(db, await db.get_one(Meeting, meeting.id))
    kept = show(await cancelled(town, meeting, show, "Keep the meeting"))
    assert kept.text == "Nothing was changed and nothing was sent."

    await cancelled(town, meeting, show)
    await effect(town)

    now_is_ = await now_is(town, meeting)
    assert (now_is_.state, now_is_.revision) == ("cancelled", 4)
    assert [each for each in await sent(town) if each[2] == "queued"] == [
        ("cancellation", "m05", "queued"), ("cancellation", "m15", "queued"),
    ]  # fmt: skip
    async with town.read() as db:
        assert (
            list(await db.scalars(select(Timer.kind).where(Timer.state == "waiting", Timer.subject == meeting.key)))
            == []
        )
    card = show([Reply(await town.draw("cancellation", meeting.key, town.claire))])
    assert "Reason: The speaker is ill." in card.text
    assert card.labels[-1] == "My replies"
    line = show([Reply(await town.draw("meeting_line", meeting.key))])
    assert line.text == "Cancelled: “Jobs and skills”, Wed, 20 May 2026, 10:00–12:30 (Brussels)."


async def test_a_reopened_meeting_begins_anew_and_can_be_sent_again(town: Any, meeting: Meeting, show: Any) -> None:
    await cancelled(town, meeting, show)
    await effect(town)

    question = show(await town.command(town.olivia, "meeting reopen"))
    assert "2 replies are forgotten" not in question.text
    assert "Everybody is invited anew: 3 replies are forgotten." in question.text
    done = show(await town.click(town.olivia, question.button("Reopen")))

    assert done.text.startswith("M6 is planned again. Nothing has been sent.")
    now = await now_is(town, meeting)
    assert (now.state, now.revision) == ("scheduled", 5)
    assert await replies(town) == {}
    assert "Send to 3" in show(await town.command(town.olivia, "meeting invite M6")).labels
    again = show(await town.click(town.olivia, question.button("Reopen")))
    assert again.text == "That is not possible for M6 now; its state: planned."


@on_one
async def test_a_poll_for_a_new_date_begins_with_what_the_cancelled_meeting_was(
    town: Any, meeting: Meeting, show: Any
) -> None:
    async with town.write() as db:
        (await db.get_one(Meeting, meeting.id)).audience = {"categories": ["eu_member_state"]}
    held = show(await cancelled(town, meeting, show))
    assert "Poll for a new date" not in held.labels  # it can still be undone
    await effect(town)
    async with town.read() as db:
        campaign = (await db.scalars(select(Campaign).where(Campaign.kind == "cancellation"))).one()
    progress = show([Reply(await town.draw("progress", campaign.key, town.olivia))])
    status = show(await town.command(town.olivia, "meeting status M6"))
    (ask,) = await town.click(town.olivia, progress.button("Poll for a new date"))
    assert ask == Ask("poll_date", "", {"question": "Jobs and skills", "length": "150", "audience": "eu_member_state"})
    assert list(await town.click(town.olivia, status.button("Poll for a new date"))) == [ask]
    reopened = show(await town.command(town.olivia, "meeting reopen"))
    await town.click(town.olivia, reopened.button("Reopen"))
    late = show(await town.click(town.olivia, progress.button("Poll for a new date")))
    assert late.text == "That is not possible for M6 now; its state: planned."


@on_one
async def test_a_meeting_of_the_past_is_copied_not_reopened(town: Any, meeting: Meeting, show: Any) -> None:
    await cancelled(town, meeting, show)
    await effect(town)
    town.clock.set(START + timedelta(days=2))
    seen = show(await town.command(town.olivia, "meeting reopen M6"))
    (ask,) = await town.click(town.olivia, seen.button("Make a copy"))
    assert ask.form == "meeting"
    assert ask.subject == ""
    assert (ask.values["theme"], ask.values["place"], ask.values["length"]) == ("Jobs", "Hall 1", "150")
    assert not {"start", "deadline", "link", "passcode"} & set(ask.values)
    saved = show(await town.submit(town.olivia, "meeting", "", {**ask.values, "start": "2026-09-02T08:00:00+00:00"}))
    assert saved.text.startswith("M7 is saved.")
    async with town.read() as db:
        copy = (await db.scalars(select(Meeting).where(Meeting.code == "M7"))).one()
        assert (copy.details["phone"], copy.state, copy.revision) == ("+32 2 555 01 00", "scheduled", 0)


@on_one
async def test_what_nobody_has_heard_of_is_cancelled_at_once_without_a_message(
    town: Any, meeting: Meeting, show: Any
) -> None:
    async with town.write() as db:
        (await db.get_one(Meeting, meeting.id)).state = "scheduled"
    (ask,) = await town.command(town.olivia, "meeting move M6")
    assert ask.form == "meeting"
    seen = show(await cancelled(town, meeting, show))
    assert seen.text.startswith("M6 is cancelled.")
    assert await sent(town) == []


@on_one
async def test_who_pauses_messages_still_hears_that_what_they_come_to_is_cancelled(
    town: Any, meeting: Meeting, show: Any
) -> None:
    async with town.write() as db:
        for each in (town.tahmina, town.claire):
            (await db.get_one(Member, each.id)).state = "paused"
    await cancelled(town, meeting, show)
    await effect(town)
    assert [each for each in await sent(town) if each[0] == "cancellation"] == [
        ("cancellation", "m05", "skipped"), ("cancellation", "m15", "queued"),
    ]  # fmt: skip


@on_one
async def test_cards_of_delegates_follow_a_cancellation_at_once(town: Any, meeting: Meeting, show: Any) -> None:
    async with town.write() as db:
        until = town.clock.now() + timedelta(days=2)
        made = Delegation(
            meeting_id=meeting.id, member_id=town.tahmina.id, delegate_id=town.claire.id, name="Claire", until=until,
            created_at=town.clock.now(),
        )  # fmt: skip
        db.add(made)
        await db.flush()
        for n, (kind, who) in enumerate((("delegation", town.tahmina), ("delegate_ask", town.claire))):
            ref = MessageRef("telegram", "700", f"50{n}", "m0")
            await cards.note(db, kind, made.key, ref, member=who)
    await cancelled(town, meeting, show)
    await effect(town)
    async with town.read() as db:
        waiting = {each.kind for each in await db.scalars(select(CardCopy)) if each.wanted > each.shown}
    assert {"delegation", "delegate_ask"} <= waiting
    over = show([Reply(await town.draw("delegation", made.key, town.tahmina, first=False))])
    assert "This meeting was cancelled." in over.text
