"""Check-in: one tap online, the code in the room; who comes without a yes is recorded; codes cannot be guessed."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from chat.errors import UserError
from chat.message import LinkButton, Message, Press
from chat.outbound import Ask, Card, Edit, Invalid, Reply, Toast
from chat.people import Place
from handlers import features
from scheduler.contract import Skip
from storage import attendance
from storage.meetings import Attendance, Invitation, Meeting
from storage.members import Account, Member, RoleGrant
from tests.kinds import on_one

START = datetime(2026, 5, 20, 8, tzinfo=UTC)
END = START + timedelta(minutes=150)
CHANNEL = Place("slack", "T1", "C1", "group")


@pytest.fixture
async def meeting(town: Any) -> Meeting:
    """Give an online meeting that Tahmina said yes to and Claire has not answered; it is 10:02 in Brussels."""
    async with town.write() as db:
        made = Meeting(
            code="M6", title="Jobs and skills", format="online", starts_at=START, ends_at=END, zone="Europe/Brussels",
            state="live", revision=3, rsvp_deadline=datetime(2026, 5, 6, 16, tzinfo=UTC), checkin_code="4821",
            join_link="https://meet.example.org/secret",
        )  # fmt: skip
        db.add(made)
        await db.flush()
        for member, reply in ((town.tahmina, "yes"), (town.claire, "none")):
            db.add(Invitation(meeting_id=made.id, member_id=member.id, reply=reply, invited_at=START))
    town.clock.set(START + timedelta(minutes=2))
    return made


async def change(town: Any, meeting: Meeting, **values: Any) -> None:
    async with town.write() as db:
        await db.execute(update(Meeting).where(Meeting.id == meeting.id).values(**values))


async def records(town: Any) -> list[tuple[str, str, str, str]]:
    async with town.read() as db:
        found = await db.execute(
            select(Member.code, Attendance.state, Attendance.source, Attendance.mode)
            .join(Attendance, Attendance.member_id == Member.id)
            .order_by(Member.code)
        )
        return [tuple(each) for each in found]


def here(meeting: Meeting) -> Press:
    return Press("here", meeting.key, "3")


async def test_one_tap_checks_in_and_the_card_says_since_when(town: Any, meeting: Meeting, show: Any) -> None:
    card = await town.draw("checkin", meeting.key, town.tahmina)
    assert isinstance(card, Message)
    seen = show([Reply(card)], zone="Asia/Dhaka")
    assert "has started" in seen.text
    assert seen.labels == ["I am here", "Join the meeting"]
    assert [each.style for row in card.rows for each in row] == ["primary", "default"]
    answers = await town.click(town.tahmina, here(meeting))
    assert "You are checked in, 14:02 (Dhaka)." in show(answers, zone="Asia/Dhaka").text
    assert isinstance(answers[0], Edit)
    assert answers[0].card == Card("checkin", meeting.key)
    assert await records(town) == [("m15", "attended", "self", "")]
    again = await town.click(town.tahmina, here(meeting))
    assert "Already saved." in show(again).text
    assert await records(town) == [("m15", "attended", "self", "")]
    assert await town.draw("checkin", meeting.key, town.tahmina) == Skip("checked_in")


@on_one
async def test_in_a_channel_only_the_presser_is_told(town: Any, meeting: Meeting) -> None:
    answers = await town.click(town.claire, here(meeting), where=CHANNEL)
    assert [type(each) for each in answers] == [Toast]


@on_one
async def test_check_in_is_open_from_15_minutes_before_the_start_to_the_end(town: Any, meeting: Meeting) -> None:
    for moment in (START - timedelta(minutes=16), END):
        town.clock.set(moment)
        with pytest.raises(UserError):
            await town.click(town.tahmina, here(meeting))
    await change(town, meeting, state="cancelled")
    town.clock.set(START)
    with pytest.raises(UserError):
        await town.click(town.tahmina, here(meeting))
    assert await records(town) == []
    await change(town, meeting, state="closed")
    town.clock.set(START - timedelta(minutes=15))
    await town.click(town.tahmina, here(meeting))
    assert len(await records(town)) == 1


@on_one
async def test_who_comes_without_a_yes_is_a_walk_in(town: Any, meeting: Meeting, show: Any) -> None:
    answers = await town.click(town.claire, here(meeting))
    assert "We had no Yes from you" in show(answers).text
    assert not any(isinstance(each, LinkButton) for row in answers[0].message.rows for each in row)
    async with town.read() as db:
        made = await db.get_one(Meeting, meeting.id)
        assert [member.code for member, _ in await attendance.walk_ins(db, made)] == ["m05"]
        counts = await attendance.counts(db, made)
    assert (counts["attended"], counts["walk_in"], counts["coming"], counts["unknown"]) == (1, 1, 1, 1)


@on_one
async def test_who_was_never_invited_needs_the_code(town: Any, meeting: Meeting) -> None:
    async with town.write() as db:
        guest = Member(code="g1", name="Guest One", zone="UTC", joined_at=START)
        guest.accounts = [Account(platform="telegram", workspace="700", user="77", chat="77")]
        db.add(guest)
    with pytest.raises(UserError):
        await town.click(guest, here(meeting))
    await town.command(guest, "checkin 4821")
    assert await records(town) == [("g1", "attended", "self", "")]
    with pytest.raises(UserError):  # who runs the meeting is no participant
        await town.command(town.olivia, "checkin 4821")


@on_one
async def test_a_hybrid_meeting_asks_each_in_their_own_way(town: Any, meeting: Meeting, show: Any) -> None:
    await change(town, meeting, format="hybrid")
    async with town.write() as db:
        for member, mode in ((town.claire, "room"), (town.tahmina, "online")):
            mine = update(Invitation).where(Invitation.member_id == member.id)
            await db.execute(mine.values(reply="yes", mode=mode))
    labels = {
        each.code: show([Reply(await town.draw("checkin", meeting.key, each))]).labels
        for each in (town.claire, town.tahmina)
    }
    assert labels == {"m05": ["Enter the code", "I am here online"], "m15": ["I am here", "Join the meeting"]}
    assert await town.click(town.claire, here(meeting)) == [Ask("checkin", meeting.key)]
    assert await town.click(town.claire, Press("code", meeting.key)) == [Ask("checkin", meeting.key)]
    await town.submit(town.claire, "checkin", meeting.key, {"code": "4821"})
    await town.click(town.tahmina, here(meeting))
    assert await records(town) == [("m05", "attended", "self", "room"), ("m15", "attended", "self", "online")]


@on_one
async def test_who_has_a_seat_in_the_room_and_comes_online_needs_no_code(
    town: Any, meeting: Meeting, show: Any
) -> None:
    await change(town, meeting, format="hybrid")
    async with town.write() as db:
        await db.execute(update(Invitation).where(Invitation.member_id == town.claire.id).values(
            reply="yes", mode="room"
        ))  # fmt: skip
    seen = show([Reply(await town.draw("checkin", meeting.key, town.claire))])
    assert "If you came online instead, one tap is enough." in seen.text
    town.clock.set(START - timedelta(minutes=16))
    with pytest.raises(UserError):
        await town.click(town.claire, seen.button("I am here online"))
    town.clock.set(START)
    done = show(await town.click(town.claire, seen.button("I am here online")))
    assert "You are checked in, 10:00" in done.text
    assert "Join the meeting" in done.labels
    await town.submit(town.claire, "checkin", meeting.key, {"code": "4821"})
    assert await records(town) == [("m05", "attended", "self", "online")]  # counted once, as they came first
    async with town.read() as db:
        mine = await db.scalars(select(Invitation.mode).where(Invitation.member_id == town.claire.id))
        assert mine.one() == "room"  # the seat is theirs


@on_one
async def test_five_wrong_codes_lock_for_an_hour(town: Any, meeting: Meeting, show: Any) -> None:
    for left in (4, 3, 2, 1):
        answer = (await town.submit(town.tahmina, "checkin", meeting.key, {"code": "0000"}))[0]
        assert isinstance(answer, Invalid)
        assert dict(answer.errors["code"].args)["n"] == left  # type: ignore[union-attr]
    locked = await town.submit(town.tahmina, "checkin", meeting.key, {"code": "0000"})
    assert "wait one hour" in show(locked).text
    refused = await town.submit(town.tahmina, "checkin", meeting.key, {"code": "4821"})
    assert "wait one hour" in show(refused).text
    assert "wait one hour" in show(await town.command(town.tahmina, "checkin 4821")).text
    assert await records(town) == []
    assert "checked in" in show(await town.submit(town.claire, "checkin", meeting.key, {"code": "4821"})).text
    town.clock.set(town.clock.now() + timedelta(minutes=61))
    assert "checked in" in show(await town.command(town.tahmina, "checkin ٤٨٢١")).text


async def test_guesses_at_once_count_one_after_the_other(town: Any, meeting: Meeting) -> None:
    async def guess(number: int) -> attendance.Tried:
        async with town.write() as db:
            made, member = await db.get_one(Meeting, meeting.id), await db.get_one(Member, town.tahmina.id)
            return await attendance.try_code(db, [made], member, f"{number:04d}", town.clock.now())

    tried = await asyncio.gather(*(guess(number) for number in range(12)))
    assert sorted(each.left for each in tried if each.locked_until is None) == [1, 2, 3, 4]
    assert sum(each.locked_until is not None for each in tried) == 8
    assert not (await guess(4821)).right


async def test_one_person_with_two_accounts_at_once_counts_once(town: Any, meeting: Meeting) -> None:
    async def press() -> bool:
        async with town.write() as db:
            made, member = await db.get_one(Meeting, meeting.id), await db.get_one(Member, town.tahmina.id)
            return await attendance.check_in(db, made, member, "", town.clock.now())

    assert sorted(await asyncio.gather(*(press() for _ in range(6)))) == [False] * 5 + [True]
    assert len(await records(town)) == 1


@on_one
async def test_the_command_alone_shows_the_card_or_that_nothing_runs(town: Any, meeting: Meeting, show: Any) -> None:
    shown = await town.command(town.tahmina, "here")
    assert show(shown).labels == ["I am here", "Join the meeting"]
    assert "Please type the four digits" in await refusal(town.command(town.tahmina, "checkin soon"), show)
    town.clock.set(END)
    assert "No meeting is running" in show(await town.command(town.tahmina, "checkin")).text


async def refusal(call: Any, show: Any) -> str:
    with pytest.raises(UserError) as caught:
        await call
    return str(show([Toast(caught.value.text)]).text)


@on_one
async def test_a_code_fits_only_its_own_meeting(town: Any, meeting: Meeting, show: Any) -> None:
    async with town.write() as db:
        other = Meeting(
            code="M7", title="Another", format="in_person", starts_at=START, ends_at=END, zone="UTC", state="live",
            rsvp_deadline=START, checkin_code="1111",
        )  # fmt: skip
        db.add(other)
    assert "checked in" in show(await town.command(town.tahmina, "checkin 1111")).text
    async with town.read() as db:
        found = list(await db.scalars(select(Attendance.meeting_id)))
    assert found == [other.id]


@on_one
async def test_home_says_that_check_in_is_open_until_it_is_done(town: Any, meeting: Meeting) -> None:
    async with town.write() as db:
        db.add(RoleGrant(member_id=town.claire.id, role="moderator", meeting_id=meeting.id))

    async def verbs(member: Member) -> list[str]:
        async with town.read() as db:
            found = [each for feature in features() if feature.name == "checkin" for each in feature.waits]
            return [each.button.press.verb for each in await found[0](db, member, town.clock.now()) if each.button]

    assert await verbs(town.tahmina) == ["here"]
    assert await verbs(town.claire) == ["attend"]
    await town.click(town.tahmina, here(meeting))
    assert await verbs(town.tahmina) == []
