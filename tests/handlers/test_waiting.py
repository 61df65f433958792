"""The waiting list as people see it: place, offer, taken, passed on, lapsed; and what waits for whom."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from chat.message import Message, Press
from chat.outbound import Reply, Toast
from chat.people import MessageRef, Place
from chat.text import Reader, plain
from handlers import _asks, _waiting
from scheduler import cards
from scheduler.contract import Skip
from storage import invitations, seats
from storage.deliveries import Campaign, CardCopy, Delivery
from storage.meetings import Invitation, Meeting
from storage.members import Account, Member
from storage.timers import Timer
from tests.kinds import on_one

CHANNEL = Place("slack", "T1", "C1", "group")


@pytest.fixture
async def kwame(town: Any) -> Member:
    """Give a third member, on Telegram in Accra, of no organisation."""
    async with town.write() as db:
        member = Member(
            code="m22", name="Kwame Wartend", category="country_of_transit", country="GH", zone="Africa/Accra",
            joined_at=town.clock.now(),
        )  # fmt: skip
        member.accounts = [Account(platform="telegram", workspace="700", user="5022", chat="5022")]
        db.add(member)
    return member


@pytest.fixture
async def meeting(town: Any, kwame: Member) -> Meeting:
    """Give a meeting in Istanbul with one seat, six weeks ahead; three people are invited."""
    async with town.write() as db:
        start = datetime(2026, 6, 3, 7, tzinfo=UTC)
        made = Meeting(
            code="M4", title="Voluntary return", format="in_person", place="Istanbul", starts_at=start,
            ends_at=start + timedelta(hours=8), zone="Europe/Istanbul", state="inviting", revision=1, seats=1,
            rsvp_deadline=start - timedelta(days=14),
        )  # fmt: skip
        db.add(made)
        await db.flush()
        for member in (town.tahmina, town.claire, kwame):
            db.add(Invitation(meeting_id=made.id, member_id=member.id, invited_at=town.clock.now()))
    return made


def press(meeting: Meeting, verb: str, arg: str = "") -> Press:
    return Press(verb, meeting.key, "1", arg)


def toast_of(answers: Any) -> str:
    return plain(next(each.text for each in answers if isinstance(each, Toast)), Reader())


async def yes(town: Any, meeting: Meeting, *people: Member) -> None:
    for who in people:
        await town.click(who, press(meeting, "rsvp", "yes"))
        town.clock.advance(timedelta(minutes=1))


async def offers(town: Any) -> list[tuple[str, datetime, str]]:
    """Give whom offers were planned for, when they are due, and their state."""
    async with town.read() as db:
        found = await db.execute(
            select(Member.code, Delivery.due_at, Delivery.state)
            .join(Delivery, Delivery.member_id == Member.id)
            .join(Campaign, Campaign.id == Delivery.campaign_id)
            .where(Campaign.kind == "waitlist_offer")
            .order_by(Delivery.id)
        )
        return [tuple(each) for each in found]


async def reply_of(town: Any, meeting: Meeting, member: Member) -> Invitation:
    async with town.read() as db:
        asked = select(Invitation).where(Invitation.meeting_id == meeting.id, Invitation.member_id == member.id)
        return (await db.scalars(asked)).one()


async def test_the_scene_of_the_waiting_list(town: Any, meeting: Meeting, kwame: Member, show: Any) -> None:
    await yes(town, meeting, town.claire)
    full = show(await town.click(kwame, press(meeting, "rsvp", "yes")), zone="Africa/Accra", platform="telegram")
    assert full.text.startswith(
        "“Voluntary return” is full at the moment. Your place on the waiting list: 1. We will write as soon as a seat "
        "is free; you do not need to do anything."
    )
    assert full.labels == ["Leave the waiting list", "Send a delegate", "Details"]

    await town.click(town.claire, press(meeting, "cantcome"))  # 9:01 in Brussels, an hour of rest in Accra
    ((code, due, _),) = await offers(town)
    assert (code, due) == ("m22", datetime(2026, 4, 22, 9, tzinfo=UTC))
    town.clock.set(due)
    offer = await town.draw("waitlist_offer", meeting.key, kwame)
    seen = show([Reply(offer)], zone="Africa/Accra")
    assert seen.text.startswith("Good news, Kwame: a seat is free in “Voluntary return”")
    assert "Please confirm by: Fri, 24 Apr 2026, 09:00 (Accra)" in seen.text
    assert seen.labels == ["Take the seat", "Leave it to the next", "Details"]

    taken = await town.click(kwame, seen.button("Take the seat"))
    assert toast_of(taken) == "Your seat is confirmed."
    assert show(taken).text.startswith("You replied: Yes.")
    assert "Tell my needs" in show(taken).labels
    status = show(await town.command(town.olivia, "meeting status M4"))
    assert "1 of 1 seats" in status.text


@on_one
async def test_an_older_card_points_to_the_message_that_offers_the_seat(
    town: Any, meeting: Meeting, kwame: Member, show: Any
) -> None:
    async def older() -> Any:
        return show([Reply(await town.draw("invitation", meeting.key, kwame, first=False))], zone="Africa/Accra")

    await yes(town, meeting, town.claire, kwame)
    assert "Leave the waiting list" in (await older()).labels
    await town.click(town.claire, press(meeting, "rsvp", "no"))
    seen = await older()
    assert seen.labels == ["My replies"]
    assert seen.text.splitlines()[2] == (
        "A seat is free for you until Fri, 24 Apr 2026, 09:00 (Accra) · 12:00 Istanbul. The newest message here asks "
        "for your answer."
    )
    pressed = await town.click(kwame, press(meeting, "invited"))  # from the list of replies it is live
    assert "Take the seat" in show(pressed).labels
    await town.click(kwame, press(meeting, "takeseat"))
    assert (await older()).text.startswith("You replied: Yes.")


@on_one
async def test_an_offer_without_a_message_stands_on_the_older_card(
    town: Any, meeting: Meeting, kwame: Member, show: Any
) -> None:
    await yes(town, meeting, town.claire, kwame)
    await town.click(town.claire, press(meeting, "rsvp", "no"))
    async with town.write() as db:
        await db.execute(update(Delivery).values(state="dead"))
    seen = show([Reply(await town.draw("invitation", meeting.key, kwame, first=False))])
    assert seen.labels == ["Take the seat", "Leave it to the next", "Details"]


@on_one
async def test_silence_passes_the_offer_on_and_the_last_one_keeps_it(
    town: Any, meeting: Meeting, kwame: Member, show: Any
) -> None:
    await yes(town, meeting, town.claire, kwame, town.tahmina)
    await town.click(town.claire, press(meeting, "rsvp", "no"))
    first = await reply_of(town, meeting, kwame)
    town.clock.set(first.offer_until)
    assert await town.work("offer") == 1
    assert [each[0] for each in await offers(town)] == ["m22", "m15"]
    passed = show([Reply(await town.draw("waitlist_offer", meeting.key, kwame, first=False))], zone="Africa/Accra")
    assert passed.text.startswith("The offer passed on: Fri, 24 Apr 2026, 09:00 (Accra)")
    assert "You are at the end of the list." in passed.text
    assert passed.labels == ["Leave the waiting list", "Send a delegate", "Details"]

    await town.click(kwame, passed.button("Leave the waiting list"))
    for _ in range(3):  # nobody else waits: the seat stays offered, and nobody is written to again
        town.clock.set((await reply_of(town, meeting, town.tahmina)).offer_until)
        assert await town.work("offer") == 1
    assert [each[0] for each in await offers(town)] == ["m22", "m15"]
    assert toast_of(await town.click(town.tahmina, press(meeting, "takeseat"))) == "Your seat is confirmed."


@on_one
async def test_an_offer_is_left_to_the_next_one(town: Any, meeting: Meeting, kwame: Member, show: Any) -> None:
    await yes(town, meeting, town.claire, kwame, town.tahmina)
    await town.click(town.claire, press(meeting, "rsvp", "no"))
    left = await town.click(kwame, press(meeting, "passseat"))
    assert toast_of(left) == "Thank you. The seat goes to the next person."
    assert "Your place on the waiting list: 1" in show(left).text
    assert (await reply_of(town, meeting, town.tahmina)).offer_until is not None
    assert toast_of(await town.click(kwame, press(meeting, "passseat"))).startswith("This card was out of date.")


@on_one
async def test_somebody_was_quicker(town: Any, meeting: Meeting, kwame: Member, show: Any) -> None:
    await yes(town, meeting, town.claire, kwame, town.tahmina)
    await town.click(town.claire, press(meeting, "rsvp", "no"))
    town.clock.set((await reply_of(town, meeting, kwame)).offer_until)
    await town.work("offer")
    await town.click(town.tahmina, press(meeting, "takeseat"))
    late = await town.click(kwame, press(meeting, "takeseat"))
    assert toast_of(late) == "Someone was quicker; you are number 1 on the waiting list."
    await town.click(town.tahmina, press(meeting, "rsvp", "no"))
    town.clock.advance(timedelta(days=3))  # the timer has not run, but the seat is free
    assert toast_of(await town.click(kwame, press(meeting, "takeseat"))) == "Your seat is confirmed."


@on_one
async def test_the_seats_of_an_organisation_are_taken(town: Any, meeting: Meeting, show: Any) -> None:
    async with town.write() as db:
        row = await db.get_one(Meeting, meeting.id)
        row.seats, row.per_organisation = 10, 1
    await yes(town, meeting, town.claire)  # of the same organisation as Tahmina
    full = await town.click(town.tahmina, press(meeting, "rsvp", "yes"))
    assert (
        "The seats of your organisation are taken. You are on the waiting list; a colleague can hand" in show(full).text
    )
    assert "Send a delegate" in show(full).labels
    assert (await town.click(town.tahmina, press(meeting, "rsvp", "yes"), CHANNEL))[0].text.key == "w_organisation"


async def test_whatever_frees_a_seat_the_next_one_is_asked(town: Any, meeting: Meeting, kwame: Member) -> None:
    await yes(town, meeting, town.claire, kwame)
    async with town.write() as db:
        row = await db.get_one(Meeting, meeting.id)
        row.seats = 2
        await db.flush()
        await _waiting.settle(db, row, town.clock.now())
    assert [each[0] for each in await offers(town)] == ["m22"]
    async with town.read() as db:
        timer = (await db.scalars(select(Timer).where(Timer.kind == "offer"))).one()
    assert timer.due_at == (await reply_of(town, meeting, kwame)).offer_until


@on_one
async def test_all_seats_are_given_up_with_one_tap_or_by_leaving(
    town: Any, meeting: Meeting, kwame: Member, show: Any
) -> None:
    await yes(town, meeting, town.claire, kwame, town.tahmina)
    gone = show(await town.click(town.claire, Press("giveup", "all")))
    assert gone.text == "Your reply to 1 meeting is now No."
    assert [each[0] for each in await offers(town)] == ["m22"]
    async with town.write() as db:
        await _waiting.vacate(db, kwame, town.clock.now())
    assert [each[0] for each in await offers(town)] == ["m22", "m15"]


@on_one
async def test_near_the_start_an_offer_is_short_and_ends_with_it(town: Any, meeting: Meeting, kwame: Member) -> None:
    await yes(town, meeting, town.claire, kwame)
    town.clock.set(meeting.starts_at - timedelta(hours=3))  # four in the morning in Accra
    await town.click(town.claire, press(meeting, "rsvp", "no"))
    assert (await offers(town))[0][1] == town.clock.now()
    assert (await reply_of(town, meeting, kwame)).offer_until == meeting.starts_at
    town.clock.set(meeting.starts_at)
    over = await town.draw("waitlist_offer", meeting.key, kwame, first=False)
    assert isinstance(over, Message)
    assert "No seat became free. We are sorry." in "\n".join(plain(each, Reader()) for each in over.lines)


@on_one
async def test_an_offer_that_is_over_is_not_sent(town: Any, meeting: Meeting, kwame: Member) -> None:
    await yes(town, meeting, town.claire, kwame)
    await town.click(town.claire, press(meeting, "rsvp", "no"))
    await town.click(kwame, press(meeting, "rsvp", "no"))
    assert await town.draw("waitlist_offer", meeting.key, kwame) == Skip("offer_over")


@on_one
async def test_places_on_the_list_follow_silently(town: Any, meeting: Meeting, kwame: Member, show: Any) -> None:
    await yes(town, meeting, town.claire, kwame, town.tahmina)
    async with town.write() as db:
        for member, chat in ((town.tahmina, "5015"), (kwame, "5022"), (town.claire, "DU5")):
            ref = MessageRef("telegram", "700", chat, "m0")
            await cards.note(db, "invitation", meeting.key, ref, member=member)
    await town.click(kwame, press(meeting, "leavewl"))
    async with town.read() as db:
        wanted = {each.chat for each in await db.scalars(select(CardCopy)) if each.wanted > each.shown}
    assert wanted == {"5015", "5022"}  # not of those who have a seat
    now_first = show(await town.click(town.tahmina, press(meeting, "invited")))
    assert "Your place on the waiting list: 1" in now_first.text


@on_one
async def test_a_waiting_place_in_the_room_is_exchanged_for_one_online(town: Any, meeting: Meeting, show: Any) -> None:
    async with town.write() as db:
        row = await db.get_one(Meeting, meeting.id)
        row.format = "hybrid"
    await town.click(town.claire, press(meeting, "rsvp", "room"))
    full = show(await town.click(town.tahmina, press(meeting, "rsvp", "room")))
    assert full.labels[0] == "Yes, online"
    assert show(await town.click(town.tahmina, full.button("Yes, online"))).text.startswith("You replied: Yes, online.")
    channel = await town.draw("meeting_card", meeting.key)
    assert "Room: 0 of 1 seats free · Online: free" in "\n".join(plain(each, Reader()) for each in channel.lines)


@on_one
async def test_the_channel_card_counts_those_who_wait(town: Any, meeting: Meeting, kwame: Member) -> None:
    await yes(town, meeting, town.claire, kwame, town.tahmina)
    channel = await town.draw("meeting_card", meeting.key)
    text = "\n".join(plain(each, Reader()) for each in channel.lines)
    assert "Yes 1 · Maybe 0 · No 0 · waiting 2" in text
    assert "Kwame" not in text


@on_one
async def test_what_waits_for_a_member_and_for_organisers(town: Any, meeting: Meeting, kwame: Member) -> None:
    async def lines(member: Member) -> list[str]:
        async with town.read() as db:
            found = await _asks.waiting(db, member, town.clock.now())
            return [plain(each.line, Reader(zone=member.zone)) for each in found]

    assert await lines(kwame) == ["Reply by Wed, 20 May 2026, 07:00 (Accra) · 10:00 Istanbul: Voluntary return"]
    await yes(town, meeting, town.claire, kwame)
    assert await lines(kwame) == []
    await town.click(town.claire, press(meeting, "rsvp", "no"))
    assert (await lines(kwame))[0].startswith("A seat is free until Fri, 24 Apr 2026, 09:00 (Accra)")

    town.clock.set(meeting.rsvp_deadline + timedelta(hours=1))
    await town.click(town.tahmina, press(meeting, "rsvp", "yes"))
    async with town.read() as db:
        todo = await _asks.todo(db, town.clock.now())
    assert "1 person asks for a seat in M4" in [plain(each.line, Reader()) for each in todo]


async def test_presses_and_ends_of_offers_at_once_never_give_a_seat_twice(town: Any, meeting: Meeting) -> None:
    async with town.write() as db:
        people = [Member(code=f"z{n}", name=f"Person {n}", category="expert", zone="Europe/Paris") for n in range(8)]
        for each in people:
            each.accounts = [Account(platform="telegram", workspace="700", user=f"9{each.code}")]
        db.add_all(people)
        row = await db.get_one(Meeting, meeting.id)
        row.seats = 3
        await db.flush()
        await invitations.invite(db, row, [(each, town.clock.now()) for each in people])
    moves = ("rsvp:yes", "rsvp:yes", "takeseat:", "passseat:", "rsvp:no", "leavewl:", "rsvp:yes")
    for number in range(5):
        presses = (moves[(number * 3 + place) % len(moves)].split(":") for place in range(8))
        if number > 2:
            town.clock.advance(timedelta(hours=49))
        await asyncio.gather(
            *(town.click(who, press(meeting, *each)) for who, each in zip(people, presses, strict=True)),
            town.work("offer"),
        )
        town.clock.advance(timedelta(minutes=5))
        await town.work("offer")
        async with town.read() as db:
            row = await db.get_one(Meeting, meeting.id)
            now = town.clock.now()
            taken = await seats.taken(db, row, "", now)
            idle = [each for each, _ in await seats.waiting(db, row) if not seats.offered(each, now)]
        assert taken <= 3
        assert not idle or taken == 3


@on_one
async def test_of_two_offers_only_the_newest_asks(town: Any, meeting: Meeting, kwame: Member, show: Any) -> None:
    async def copies() -> list[tuple[str, str]]:
        async with town.read() as db:
            found = await db.scalars(select(CardCopy).where(CardCopy.member_id == kwame.id).order_by(CardCopy.id))
            return [(each.message, each.kind) for each in found]

    async def drawn(kind: str) -> Any:
        return show([Reply(await town.draw(kind, meeting.key, kwame, first=False))], zone="Africa/Accra")

    await yes(town, meeting, town.claire, kwame)
    for n in ("m1", "m2"):  # offered, taken, given back, and offered again
        await town.click(town.claire, press(meeting, "rsvp", "no"))
        async with town.write() as db:
            await cards.note(db, "waitlist_offer", meeting.key, MessageRef("telegram", "700", "5022", n), member=kwame)
        if n == "m1":
            await town.click(kwame, press(meeting, "rsvp", "no"))
            await yes(town, meeting, town.claire, kwame)
    assert [each[0] for each in await offers(town)] == ["m22", "m22"]
    assert await copies() == [("m1", "offer_before"), ("m2", "waitlist_offer")]
    assert (await drawn("offer_before")).labels == ["My replies"]
    assert "The newest message here asks for your answer." in (await drawn("offer_before")).text
    assert "Take the seat" in (await drawn("waitlist_offer")).labels
    await town.click(kwame, press(meeting, "takeseat"))
    assert (await drawn("offer_before")).text.startswith("You replied: Yes.")
