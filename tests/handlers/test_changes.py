"""Moving an announced meeting: preview, undo, and one message to each."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from chat.errors import UserError
from chat.message import Press
from chat.outbound import Ask, Invalid, Reply, Toast
from chat.text import Reader, plain
from handlers import _changing, features
from scheduler import delivery
from storage.audit import AuditEntry
from storage.communities import Community
from storage.deliveries import Campaign, CardCopy, Delivery
from storage.meetings import Invitation, Meeting
from storage.members import Account, Member
from storage.timers import Timer
from tests.handlers.changing import MOVE, START, announced, effect, moved, now_is, replies, sent
from tests.handlers.sending import people, second_organiser
from tests.kinds import on_one


@pytest.fixture
async def meeting(town: Any) -> Meeting:
    """Give an announced meeting on Wed, 20 May 2026, 10:00 in Brussels: Tahmina says yes, Claire maybe, Nora no."""
    return await announced(town)


@on_one
async def test_a_move_is_shown_before_anything_changes(town: Any, meeting: Meeting, show: Any) -> None:
    (ask,) = await town.command(town.olivia, "meeting reschedule")
    assert ask == Ask("move", meeting.key, {"length": "150", "ask": "yes", "place": "Hall 1"})
    await people(town)

    seen = show(await town.submit(town.olivia, "move", meeting.key, MOVE | {"place": "Hall 1"}))

    assert seen.text.splitlines()[:6] == [
        "New date for M6: Jobs and skills",
        "Before: Wed, 20 May 2026, 10:00–12:30 (Brussels)",
        "Now: Wed, 3 Jun 2026, 14:00–16:30 (Brussels)",
        "1 person who said Yes is asked again.",
        "3 people are told once: 2 Slack, 1 Telegram",
        "All at once, two minutes after you confirm.",
    ]
    assert "Reason: The hall is taken." in seen.text
    assert seen.labels == ["Edit", "Send to 3", "Cancel"]
    assert (await now_is(town, meeting)).starts_at == START
    assert await sent(town) == []


async def test_a_confirmed_move_takes_effect_when_undo_is_over(town: Any, meeting: Meeting, show: Any) -> None:
    answers = await moved(town, meeting, show)
    assert show(answers).labels[0] == "Undo"
    assert (await now_is(town, meeting)).starts_at == START

    await effect(town)

    now = await now_is(town, meeting)
    assert (now.starts_at, now.ends_at) == (
        datetime(2026, 6, 3, 12, tzinfo=UTC),
        datetime(2026, 6, 3, 14, 30, tzinfo=UTC),
    )
    assert (now.revision, now.state, now.changed_by) == (4, "inviting", town.olivia.id)
    assert now.rsvp_deadline == datetime(2026, 5, 20, 20, tzinfo=UTC)
    assert now.details["moved_from"] == START.isoformat()
    assert await replies(town) == {"m15": "reconfirm", "m05": "maybe", "m30": "no"}
    assert await sent(town) == [("reschedule", code, "queued") for code in ("m05", "m15", "m30")]
    async with town.read() as db:
        timers = {(each.kind, each.slot): each.due_at for each in await db.scalars(select(Timer))}
        lines = await db.scalars(select(Delivery.channel_id).join(Campaign).where(Campaign.kind == "meeting_line"))
        assert set(lines) == {1, 2}
        copies = await db.scalars(select(CardCopy).where(CardCopy.kind == "meeting_card"))
        assert all(each.wanted > each.shown for each in copies)
        acts = [each.act for each in await db.scalars(select(AuditEntry).order_by(AuditEntry.id))]
    assert timers["begin", ""] == now.starts_at
    assert timers["reconfirm", ""] == town.clock.now() + timedelta(days=3)
    assert acts == ["confirm_reschedule", "move_meeting"]


async def test_an_undone_move_leaves_no_trace(town: Any, meeting: Meeting, show: Any) -> None:
    answers = await moved(town, meeting, show)
    undone = show(await town.click(town.olivia, show(answers).button("Undo")))
    assert "Undone. Nothing was sent." in undone.text

    await effect(town)

    now = await now_is(town, meeting)
    assert (now.starts_at, now.revision, now.rsvp_deadline) == (START, 3, meeting.rsvp_deadline)
    assert await replies(town) == {"m15": "yes", "m05": "maybe", "m30": "no"}
    assert await sent(town) == []
    answers = await moved(town, meeting, show)  # it can be done again
    await effect(town)
    assert (await now_is(town, meeting)).revision == 4


@on_one
async def test_nobody_gets_two_messages_for_one_change(town: Any, meeting: Meeting, show: Any) -> None:
    now = town.clock.now()
    async with town.write() as db:
        late = Member(code="m40", name="Ida Invited", zone="Europe/Brussels")
        late.accounts = [Account(platform="slack", workspace="T1", user="U40", chat="DU40")]
        db.add(late)
        await db.flush()
        db.add(Invitation(meeting_id=meeting.id, member_id=late.id, invited_at=now))
        for kind, member in (("rsvp_nudge", town.claire), ("reminder_7d", town.tahmina), ("invitation", late)):
            due = now + timedelta(days=1)
            to = [delivery.To(member=member, due=due, expires=START)]
            await delivery.plan(db, kind=kind, subject=meeting.key, occurrence="x", to=to, now=now)

    await moved(town, meeting, show, place="Hall 2")
    await effect(town)

    open_rows = [(kind, code) for kind, code, state in await sent(town) if state == "queued"]
    assert sorted(open_rows) == [
        ("invitation", "m40"), ("reschedule", "m05"), ("reschedule", "m15"), ("reschedule", "m30"),
    ]  # fmt: skip
    assert (await now_is(town, meeting)).place == "Hall 2"
    card = show([Reply(await town.draw("reschedule", meeting.key, town.tahmina, change={"place": "Hall 2"}))])
    assert "Where: Hall 2" in card.text


@on_one
async def test_a_move_into_the_past_or_to_the_same_time_is_refused(town: Any, meeting: Meeting) -> None:
    for start, text in (
        ("2026-04-01T08:00:00+00:00", "That moment has passed."),
        (START.isoformat(), "That is the time"),
    ):
        (refused,) = await town.submit(town.olivia, "move", meeting.key, MOVE | {"start": start})
        assert isinstance(refused, Invalid)
        assert plain(refused.errors["start"], Reader()).startswith(text)


@on_one
async def test_a_preview_that_no_longer_holds_changes_nothing(town: Any, meeting: Meeting, show: Any) -> None:
    preview = show(await town.submit(town.olivia, "move", meeting.key, MOVE))
    async with town.write() as db:
        (await db.get_one(Meeting, meeting.id)).title = "Jobs, skills and more"
    assert (
        "Something changed since this preview." in show(await town.click(town.olivia, preview.button("Send to 3"))).text
    )

    preview = show(await town.submit(town.olivia, "move", meeting.key, MOVE))
    town.clock.advance(timedelta(minutes=11))
    assert (
        "Something changed since this preview." in show(await town.click(town.olivia, preview.button("Send to 3"))).text
    )
    assert await town.work("change") == 0


@on_one
async def test_from_fifty_people_the_number_is_typed(town: Any, meeting: Meeting, show: Any) -> None:
    await people(town, slack=50)
    async with town.write() as db:
        for each in list(await db.scalars(select(Member).where(Member.code.startswith("x")))):
            db.add(Invitation(meeting_id=meeting.id, member_id=each.id, invited_at=town.clock.now()))
    preview = show(await town.submit(town.olivia, "move", meeting.key, MOVE))
    (ask,) = await town.click(town.olivia, preview.button("Send to 53"))
    assert ask.form == "mcount"
    (refused,) = await town.submit(town.olivia, "mcount", ask.subject, {"count": "35"})
    assert plain(refused.errors["count"], Reader()) == "You typed 35; this goes to 53. Nothing was sent."
    (begun,) = await town.submit(town.olivia, "mcount", ask.subject, {"count": "53"})
    assert show([begun]).labels[0] == "Undo"


@on_one
async def test_while_one_change_can_be_undone_no_other_begins(town: Any, meeting: Meeting, show: Any) -> None:
    await second_organiser(town)
    await moved(town, meeting, show)
    with pytest.raises(UserError) as caught:
        await town.command(town.claire, "meeting cancel M6")
    assert plain(caught.value.text, Reader()).startswith("Olivia Organiser has just changed M6.")


async def test_of_two_organisers_who_confirm_at_once_one_is_first(town: Any, meeting: Meeting, show: Any) -> None:
    await second_organiser(town)
    hers = show(await town.submit(town.claire, "move", meeting.key, MOVE | {"start": "2026-06-10T12:00:00+00:00"}))
    mine = show(await town.submit(town.olivia, "move", meeting.key, MOVE))
    confirmed = await asyncio.gather(
        town.click(town.olivia, mine.button("Send to 3")),
        town.click(town.claire, hers.button("Send to 3")),
        return_exceptions=True,
    )
    assert sorted(isinstance(each, UserError) for each in confirmed) == [False, True]
    await effect(town)
    assert (await now_is(town, meeting)).revision == 4
    assert len(await sent(town, "reschedule")) == 3


@on_one
async def test_what_members_read_about_a_new_time(town: Any, meeting: Meeting, show: Any) -> None:
    await moved(town, meeting, show)
    await effect(town)

    card = show([Reply(await town.draw("reschedule", meeting.key, town.tahmina))], zone="Asia/Dhaka")
    assert card.text.splitlines()[:5] == [
        "New time for “Jobs and skills”.",
        "Before: Wed, 20 May 2026, 14:00 (Dhaka) · 10:00 Brussels",
        "Now: Wed, 3 Jun 2026, 18:00–20:30 (Dhaka) · 14:00 Brussels",
        "Reason: The hall is taken.",
        "Does the new time suit you? We are sorry for the change.",
    ]
    assert card.labels[:2] == ["The new time suits me", "Maybe"]
    yes = show(await town.click(town.tahmina, card.button("The new time suits me")))
    assert yes.text.startswith("You replied: Yes.")
    later = show([Reply(await town.draw("reschedule", meeting.key, town.tahmina, first=False))])
    assert later.text.startswith("You replied: Yes.")
    line = show([Reply(await town.draw("meeting_line", meeting.key))])
    assert line.text == "New time: Wed, 3 Jun 2026, 14:00–16:30 (Brussels). “Jobs and skills”"


@on_one
async def test_replies_are_taken_again_when_the_deadline_had_passed(town: Any, meeting: Meeting, show: Any) -> None:
    async with town.write() as db:
        row = await db.get_one(Meeting, meeting.id)
        row.state, row.rsvp_deadline = "closed", town.clock.now() - timedelta(hours=1)
    await moved(town, meeting, show)
    await effect(town)
    now = await now_is(town, meeting)
    assert now.state == "inviting"
    assert town.clock.now() < now.rsvp_deadline < now.starts_at


@on_one
async def test_replies_stand_if_nobody_is_asked_again(town: Any, meeting: Meeting, show: Any) -> None:
    await moved(town, meeting, show, ask="no")
    await effect(town)
    assert (await replies(town))["m15"] == "yes"
    card = show([Reply(await town.draw("reschedule", meeting.key, town.tahmina))])
    assert "Your reply stays as it is" in card.text
    assert "Does the new time suit you" not in card.text


@on_one
async def test_who_has_not_confirmed_is_reminded_once_after_three_days(town: Any, meeting: Meeting, show: Any) -> None:
    await moved(town, meeting, show)
    await effect(town)
    town.clock.advance(timedelta(days=3))
    assert await town.work("reconfirm") == 1
    assert await sent(town, "reconfirm_nudge") == [("reconfirm_nudge", "m15", "queued")]
    assert await town.work("reconfirm") == 0
    nudge = show([Reply(await town.draw("reconfirm_nudge", meeting.key, town.tahmina))])
    await town.click(town.tahmina, nudge.button("The new time suits me"))
    assert (await town.draw("reconfirm_nudge", meeting.key, town.tahmina)).reason == "replied"


@on_one
async def test_a_confirmation_is_named_among_what_waits(town: Any, meeting: Meeting, show: Any) -> None:
    await moved(town, meeting, show)
    await effect(town)
    finder = next(each.waits[0] for each in features() if each.name == "waiting")
    async with town.read() as db:
        (waiting,) = await finder(db, town.tahmina, town.clock.now())
        assert await finder(db, town.claire, town.clock.now()) == []
    assert plain(waiting.line, Reader()) == "New time to confirm: Jobs and skills"


@on_one
async def test_the_preview_hints_at_weekends_nights_and_days_without_messages(
    town: Any, meeting: Meeting, show: Any
) -> None:
    async with town.write() as db:
        (await db.get_one(Community, town.community.id)).settings = {"no_send": ["2026-05-22"]}
    friday = MOVE | {"start": "2026-05-22T17:00:00+00:00"}
    seen = show(await town.submit(town.olivia, "move", meeting.key, friday))
    assert "That day is one of your days without messages." in seen.text
    assert "For 1 person this is a weekend day." in seen.text
    assert "For 1 person it begins in their quiet hours." in seen.text


@on_one
async def test_near_the_start_everybody_is_told_at_once_also_at_night(town: Any, meeting: Meeting, show: Any) -> None:
    town.clock.set(START - timedelta(hours=11))  # 23:00 in Brussels, 03:00 in Dhaka
    await moved(town, meeting, show)
    await effect(town)
    async with town.read() as db:
        due = await db.scalars(select(Delivery.due_at).where(Delivery.member_id.is_not(None)))
        assert set(due) == {town.clock.now()}


def test_a_moved_deadline_keeps_its_distance_or_closes_soon() -> None:
    now = datetime(2026, 4, 22, 7, tzinfo=UTC)
    deadline, week = START - timedelta(days=14), timedelta(days=7)
    assert _changing.moved_deadline(deadline, START, START + week, now) == deadline + week
    soon = _changing.moved_deadline(deadline, START, now + timedelta(days=10), now)
    assert soon == now + timedelta(days=2)
    sooner = _changing.moved_deadline(deadline, START, now + timedelta(hours=4), now)
    assert sooner == now + timedelta(hours=2)


@on_one
async def test_members_change_nothing(town: Any, meeting: Meeting, show: Any) -> None:
    for press in (Press("move", meeting.key), Press("mcancel", meeting.key), Press("reopen", meeting.key)):
        assert show(await town.click(town.tahmina, press)).text == "Only organisers can do that."
    with pytest.raises(UserError):
        await town.click(town.olivia, Press("msave", "nosuchkey"))


@on_one
async def test_a_change_overtaken_by_another_is_dropped(town: Any, meeting: Meeting, show: Any) -> None:
    answers = await moved(town, meeting, show)
    async with town.write() as db:
        (await db.get_one(Meeting, meeting.id)).revision = 9
    await effect(town)
    assert (await now_is(town, meeting)).starts_at == START
    assert await sent(town) == []
    async with town.read() as db:
        campaign = (await db.scalars(select(Campaign).where(Campaign.key == answers[0].card.subject))).one()
        assert campaign.state == "cancelled"
    assert isinstance(answers[1], Toast)
