"""Rows of the schedule: nudges, the deadline, reports, the weekly cap and its digest, changes of the date."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from bot import app
from chat.message import Message, Press
from chat.outbound import Ask, Reply
from chat.text import Reader, plain
from handlers import _quota, _reminding, features
from scheduler import delivery, timers
from scheduler.contract import Skip
from storage.communities import Channel, Community
from storage.deliveries import Campaign, Delivery
from storage.meetings import Invitation, Meeting
from storage.members import Account, Member
from storage.states import FOLLOWS, turn
from storage.timers import Timer
from tests.kinds import on_one

START = datetime(2026, 5, 20, 8, tzinfo=UTC)
"""Wed, 20 May 2026: 10:00 in Brussels and Paris, 14:00 in Dhaka."""
DEADLINE = datetime(2026, 5, 6, 16, tzinfo=UTC)


@pytest.fixture
async def meeting(town: Any) -> Meeting:
    """Give an announced online meeting with its timers; Tahmina and Claire are invited since this morning."""
    return await announced(town)


async def announced(town: Any, **values: Any) -> Meeting:
    async with town.write() as db:
        made = Meeting(
            **{
                "code": "M6", "title": "Jobs and skills", "format": "online", "zone": "Europe/Brussels",
                "state": "inviting", "starts_at": START, "ends_at": START + timedelta(minutes=150),
                "rsvp_deadline": DEADLINE, "schedule": {}, "details": {}, **values,
            }
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


async def configure(town: Any, **settings: Any) -> None:
    async with town.write() as db:
        (await db.get_one(Community, town.community.id)).settings = settings


async def press(town: Any, who: Member, meeting: Meeting, choice: str) -> None:
    await town.click(who, Press("rsvp", meeting.key, "0", choice))


async def reach(town: Any, moment: datetime) -> None:
    """Move the clock and do what is due on the way."""
    town.clock.set(moment)
    run = {kind: handler for each in features() for kind, handler in each.timers.items()}
    while await timers.run_due(town.database, moment, run, "test"):
        pass


async def planned(town: Any, kind: str, state: str = "queued") -> dict[str, datetime]:
    """Give when each member gets messages of a kind, by code."""
    async with town.read() as db:
        found = await db.execute(
            select(Member.code, Delivery.due_at)
            .join(Delivery, Delivery.member_id == Member.id)
            .join(Campaign, Campaign.id == Delivery.campaign_id)
            .where(Campaign.kind == kind, Delivery.state == state)
        )
        return {code: due for code, due in found}  # noqa: C416


async def reported(town: Any, kind: str) -> list[tuple[str | None, datetime]]:
    async with town.read() as db:
        found = await db.execute(
            select(Channel.chat, Delivery.due_at)
            .select_from(Delivery)
            .join(Campaign, Campaign.id == Delivery.campaign_id)
            .outerjoin(Channel, Channel.id == Delivery.channel_id)
            .where(Campaign.kind == kind)
        )
        return [(chat, due) for chat, due in found]


async def fill(town: Any, member: Member, *dues: datetime, kind: str = "topic_poll") -> None:
    """Let a member have got messages at these moments."""
    async with town.write() as db:
        for number, due in enumerate(dues):
            to = [delivery.To(member=member, due=due)]
            await delivery.plan(db, kind=kind, subject="p", occurrence=str(number), to=to, now=due)
        await db.execute(update(Delivery).where(Delivery.member_id == member.id).values(state="sent"))


def words(message: Message | Skip) -> str:
    assert isinstance(message, Message), message
    return "\n".join(plain(each, Reader(zone="Europe/Brussels")) for each in (*message.lines, *message.fine))


async def test_the_silent_are_nudged_and_maybe_is_asked_to_decide(town: Any, meeting: Meeting) -> None:
    await press(town, town.tahmina, meeting, "maybe")
    await reach(town, datetime(2026, 5, 2, 8, tzinfo=UTC))
    assert await planned(town, "rsvp_nudge") == {"m05": datetime(2026, 5, 4, 7, tzinfo=UTC)}  # out of the weekend
    assert await planned(town, "maybe_nudge") == {"m15": datetime(2026, 5, 3, 4, tzinfo=UTC)}
    seen = words(await town.draw("maybe_nudge", meeting.key, town.tahmina))
    assert "you replied Maybe to “Jobs and skills”" in seen
    await press(town, town.tahmina, meeting, "yes")
    assert await town.draw("maybe_nudge", meeting.key, town.tahmina) == Skip("replied")
    redrawn = await town.draw("maybe_nudge", meeting.key, town.tahmina, first=False)
    assert words(redrawn).startswith("You replied: Yes.")


@on_one
async def test_nobody_is_nudged_twice_within_three_days(town: Any, meeting: Meeting) -> None:
    async with town.write() as db:
        to = [delivery.To(member=town.claire, due=datetime(2026, 5, 2, 8, tzinfo=UTC))]
        await delivery.plan(db, kind="rsvp_nudge", subject=meeting.key, occurrence="r0-1", to=to, now=town.clock.now())
    await reach(town, datetime(2026, 5, 2, 8, tzinfo=UTC))
    assert await planned(town, "rsvp_nudge") == {
        "m05": datetime(2026, 5, 2, 8, tzinfo=UTC),  # by the organiser
        "m15": datetime(2026, 5, 3, 4, tzinfo=UTC),
    }


@on_one
async def test_a_deadline_that_was_moved_is_waited_for_again(town: Any, meeting: Meeting) -> None:
    later = DEADLINE + timedelta(days=2)
    await change(town, meeting, rsvp_deadline=later)
    await reach(town, DEADLINE)
    async with town.read() as db:
        assert (await db.get_one(Meeting, meeting.id)).state == "inviting"
        waiting = select(Timer.due_at).where(Timer.kind == "deadline", Timer.state == "waiting")
        assert await db.scalar(waiting) == later


async def test_the_fourth_message_of_a_week_becomes_one_digest(town: Any, meeting: Meeting) -> None:
    await press(town, town.claire, meeting, "yes")
    await press(town, town.tahmina, meeting, "yes")
    week = [datetime(2026, 5, day, 8, tzinfo=UTC) for day in (8, 11, 12)]
    await fill(town, town.claire, *week)
    await reach(town, START - timedelta(days=8))
    assert list(await planned(town, "reminder_7d")) == ["m15"]
    assert await planned(town, "digest") == {"m05": datetime(2026, 5, 13, 8, tzinfo=UTC)}
    town.clock.set(datetime(2026, 5, 13, 8, tzinfo=UTC))
    seen = words(await town.draw("digest", "digest", town.claire))
    assert "Coming: Jobs and skills, Wed, 20 May 2026" in seen
    await press(town, town.claire, meeting, "no")
    assert await town.draw("digest", "digest", town.claire) == Skip("nothing_waits")


@on_one
async def test_a_second_digest_comes_a_week_later_and_a_waiting_one_takes_more_in(town: Any, meeting: Meeting) -> None:
    now = town.clock.now()
    days = [datetime(2026, 4, 23, 8, tzinfo=UTC) + timedelta(days=each) for each in range(6)]
    async with town.write() as db:
        for number, due in enumerate(days):
            to = await _quota.spread(db, "topic_poll", [delivery.To(member=town.claire, due=due)], now)
            if to:
                await delivery.plan(db, kind="topic_poll", subject="p", occurrence=str(number), to=to, now=now)
    assert len(await planned(town, "topic_poll")) == 1  # of one member, three rows of which are in `days`
    async with town.read() as db:
        dues = list(await db.scalars(select(Delivery.due_at).join(Campaign).where(Campaign.kind == "topic_poll")))
        digests = list(await db.scalars(select(Delivery.due_at).join(Campaign).where(Campaign.kind == "digest")))
    assert sorted(dues) == days[:3]
    assert sorted(digests) == [datetime(2026, 4, 27, 8, tzinfo=UTC), datetime(2026, 5, 4, 8, tzinfo=UTC)]


@on_one
async def test_a_community_may_have_no_cap(town: Any, meeting: Meeting) -> None:
    await configure(town, weekly_cap=0)
    await press(town, town.claire, meeting, "yes")
    await fill(town, town.claire, *[datetime(2026, 5, day, 8, tzinfo=UTC) for day in (8, 11, 12)])
    await reach(town, START - timedelta(days=8))
    assert list(await planned(town, "reminder_7d")) == ["m05"]
    assert await planned(town, "digest") == {}


async def test_two_sends_at_once_keep_the_cap_together(town: Any, meeting: Meeting) -> None:
    due = datetime(2026, 5, 12, 8, tzinfo=UTC)

    async def send(number: int) -> None:
        async with town.write() as db:
            people = [town.claire, town.tahmina]
            to = [delivery.To(member=each, due=due + timedelta(hours=number)) for each in people]
            to = await _quota.spread(db, "topic_poll", to, town.clock.now())
            if to:
                await delivery.plan(
                    db, kind="topic_poll", subject="p", occurrence=str(number), to=to, now=town.clock.now()
                )

    await asyncio.gather(*(send(number) for number in range(6)))
    async with town.read() as db:
        counted = select(func.count()).select_from(Delivery).join(Campaign)
        polls = counted.where(Campaign.kind == "topic_poll").group_by(Delivery.member_id)
        assert list(await db.scalars(polls)) == [3, 3]
        digests = counted.where(Campaign.kind == "digest").group_by(Delivery.member_id)
        assert list(await db.scalars(digests)) == [1, 1]


@on_one
async def test_a_digest_numbers_what_waits(town: Any, meeting: Meeting, show: Any) -> None:
    await press(town, town.claire, meeting, "maybe")
    assert await town.draw("digest", "digest", town.claire) == Skip("nothing_waits")  # the deadline is far away
    town.clock.set(DEADLINE - timedelta(days=3))
    seen = show([Reply(await town.draw("digest", "digest", town.claire))])
    assert seen.text.splitlines()[:2] == [
        "1 thing waits for you",
        "1. Decide by Wed, 6 May 2026, 18:00 (Brussels): Jobs and skills (you replied Maybe)",
    ]
    answered = show(await town.click(town.claire, seen.button("1 · Reply")))
    assert answered.text.startswith("You replied: Maybe.")


@on_one
async def test_a_button_of_a_digest_answers_below_it(town: Any, meeting: Meeting, show: Any) -> None:
    (answer,) = await town.click(town.claire, Press("dgo", f"invited.{meeting.key}", "0", ""))
    assert answer.private
    assert "you are invited" in show([answer]).text
    strange = await town.click(town.claire, Press("dgo", "medit." + meeting.key, "", ""))
    assert "Only organisers can do that." in show(strange).text


@on_one
async def test_a_question_for_the_agenda_over_the_cap_is_asked_once_in_the_digest(
    town: Any, meeting: Meeting, show: Any
) -> None:
    for member in (town.claire, town.tahmina):
        await press(town, member, meeting, "yes")
    await fill(town, town.claire, *[datetime(2026, 4, day, 8, tzinfo=UTC) for day in (24, 27, 28)])
    asked = datetime(2026, 4, 29, 8, tzinfo=UTC)
    await reach(town, asked)
    assert list(await planned(town, "agenda_question")) == ["m15"]
    assert await planned(town, "digest") == {"m05": asked}
    seen = show([Reply(await town.draw("digest", "digest", town.claire))])
    assert seen.text.splitlines()[:2] == [
        "1 thing waits for you",
        "1. Your question or example for the agenda: Jobs and skills",
    ]
    (form,) = await town.click(town.claire, seen.button("1 · Suggest a question"))
    assert form == Ask("agendaq", meeting.key)
    assert await town.draw("digest", "digest", town.tahmina) == Skip("nothing_waits")  # she is asked in a message
    async with town.write() as db:
        mine = update(Delivery).where(Delivery.member_id == town.claire.id, Delivery.due_at == asked)
        await db.execute(mine.values(state="sent"))
    town.clock.set(asked + timedelta(days=7))
    assert await town.draw("digest", "digest", town.claire) == Skip("nothing_waits")


@on_one
async def test_an_invitation_in_a_digest_is_delivered_with_it(town: Any, meeting: Meeting) -> None:
    async def delivered() -> list[str]:
        async with town.read() as db:
            got = select(Member.code).join(Invitation, Invitation.member_id == Member.id).where(Invitation.delivered)
            return sorted(await db.scalars(got))

    async def accepted(at: datetime) -> None:
        async with town.write() as db:
            to = [delivery.To(member=town.claire, due=at)]
            campaign = await delivery.plan(db, kind="digest", subject="digest", occurrence=f"{at}", to=to, now=at)
            row = (await db.scalars(select(Delivery).where(Delivery.campaign_id == campaign.id))).one()
            row.state, row.sent_at = "sent", at
            await app._delivered(db, row, campaign)

    await accepted(town.clock.now() - timedelta(days=1))  # before she was invited
    assert await delivered() == []
    await accepted(town.clock.now())
    assert await delivered() == ["m05"]


@on_one
async def test_a_row_that_is_off_writes_nothing(town: Any) -> None:
    meeting = await announced(town, schedule={"reminder_7d": {"off": True}})
    await configure(town, schedule={"nudge_2": {"off": True}})
    await press(town, town.claire, meeting, "yes")
    async with town.write() as db:
        await _reminding.arm(db, await db.get_one(Meeting, meeting.id))
    async with town.read() as db:
        slots = set(await db.scalars(select(Timer.slot).where(Timer.kind == "reminder")))
    assert not slots & {"reminder_7d", "nudge_2"}
    await reach(town, START - timedelta(days=7))
    assert await planned(town, "reminder_7d") == await planned(town, "rsvp_nudge") == {}


async def test_a_new_date_rebuilds_what_waits_and_repeats_nothing(town: Any, meeting: Meeting) -> None:
    await press(town, town.claire, meeting, "yes")
    await reach(town, START - timedelta(days=8))
    assert await planned(town, "reminder_7d") == {"m05": datetime(2026, 5, 13, 8, tzinfo=UTC)}

    async def move(start: datetime) -> None:
        async with town.write() as db:
            row = await db.get_one(Meeting, meeting.id)
            await _reminding.disarm(db, row)
            row.starts_at, row.ends_at = start, start + timedelta(hours=2)
            await _reminding.arm(db, row)

    later = START + timedelta(days=7)
    await move(later)
    assert await planned(town, "reminder_7d") == {}
    await reach(town, later - timedelta(days=8))
    assert await planned(town, "reminder_7d") == {"m05": datetime(2026, 5, 20, 8, tzinfo=UTC)}
    async with town.write() as db:
        await db.execute(update(Delivery).where(Delivery.state == "queued").values(state="sent"))
    await move(later)
    await reach(town, later - timedelta(days=6))
    assert await planned(town, "reminder_7d") == {}
    assert list(await planned(town, "reminder_7d", "sent")) == ["m05"]


@on_one
async def test_a_row_that_was_off_for_a_while_is_written_again(town: Any, meeting: Meeting) -> None:
    await press(town, town.claire, meeting, "yes")
    await reach(town, START - timedelta(days=8))
    for switch, expected in (("off", []), ("usual", ["m05"])):
        await town.click(town.olivia, Press("rowoff", meeting.key, switch, "reminder_7d"))
        await reach(town, town.clock.now())
        assert list(await planned(town, "reminder_7d")) == expected


@on_one
async def test_a_nudge_that_was_missed_by_days_is_left_out(town: Any, meeting: Meeting) -> None:
    async with town.write() as db:
        await db.execute(update(Invitation).values(invited_at=START - timedelta(days=42)))
    await reach(town, town.clock.now())  # four days after the first nudge was due
    assert await planned(town, "rsvp_nudge") == {}


@on_one
async def test_late_invitees_get_no_nudge_that_had_passed(town: Any, meeting: Meeting) -> None:
    async with town.write() as db:
        late = Member(code="late", name="Late Guest", zone="Europe/Brussels", category="expert")
        late.accounts = [Account(platform="slack", workspace="T1", user="U99", chat="D99")]
        db.add(late)
        await db.flush()
        db.add(Invitation(meeting_id=meeting.id, member_id=late.id, invited_at=datetime(2026, 5, 1, 8, tzinfo=UTC)))
    await reach(town, datetime(2026, 5, 2, 8, tzinfo=UTC))
    assert set(await planned(town, "rsvp_nudge")) == {"m05", "m15"}  # the invitation of the day before counts


@on_one
async def test_after_the_meeting_the_unanswered_are_asked_twice_more(town: Any) -> None:
    start = datetime(2026, 5, 18, 8, tzinfo=UTC)  # Monday
    meeting = await announced(town, starts_at=start, ends_at=start + timedelta(hours=2))
    await press(town, town.claire, meeting, "yes")
    await reach(town, meeting.ends_at + timedelta(hours=2))
    async with town.write() as db:
        await db.execute(update(Delivery).where(Delivery.state == "queued").values(state="sent"))
    for days in (2, 5):
        await reach(town, start + timedelta(days=days))
    async with town.read() as db:
        query = select(Delivery.due_at).join(Campaign).where(Campaign.kind == "feedback_reminder")
        dues = sorted(await db.scalars(query.where(Delivery.state == "queued")))
    assert dues == [datetime(2026, 5, 21, 8, tzinfo=UTC), datetime(2026, 5, 25, 7, tzinfo=UTC)]
    assert [chat for chat, _ in await reported(town, "report_attendance")] == ["C9"]


@on_one
async def test_a_meeting_turns_only_as_the_glossary_says(town: Any, meeting: Meeting) -> None:
    async with town.write() as db:
        row = await db.get_one(Meeting, meeting.id)
        assert not await turn(db, row, "archived")
        assert row.state == "inviting"
        assert await turn(db, row, "live")
        assert not await turn(db, row, "cancelled")
        assert await turn(db, row, "held")
        with pytest.raises(ValueError, match="no state"):
            await turn(db, row, "nowhere")
    assert FOLLOWS["cancelled"] == ("scheduled",)


async def test_who_is_given_a_seat_late_gets_what_is_still_ahead(town: Any, meeting: Meeting) -> None:
    await reach(town, START - timedelta(days=4))
    async with town.write() as db:
        row = await db.get_one(Meeting, meeting.id)
        await db.execute(update(Invitation).values(reply="yes", replied_at=town.clock.now()))
        await _reminding.catch_up(db, row, town.claire, town.clock.now())
    assert list(await planned(town, "reminder_1d")) == ["m05"]
    assert await planned(town, "reminder_7d") == {}
