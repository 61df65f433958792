"""Organisers answer for somebody, decide about seats, take people off the list; the person is told each time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from chat.errors import UserError
from chat.form import Asking, ChoiceField, TextField
from chat.message import Message, Press
from chat.outbound import Ask, Edit, Invalid, Reply, Toast
from chat.people import Place
from chat.text import Reader, plain
from handlers import features
from scheduler.contract import Skip
from storage import invitations
from storage.audit import AuditEntry
from storage.communities import Channel
from storage.deliveries import Campaign, Delivery
from storage.meetings import Invitation, Meeting
from storage.members import Member
from tests.kinds import on_one

ORGANISERS = Place("slack", "T1", "C9", "group")


@pytest.fixture
async def meeting(town: Any) -> Meeting:
    """Give an online meeting with two seats whose reply deadline has passed; Tahmina and Claire are invited."""
    async with town.write() as db:
        start = datetime(2026, 5, 4, 8, tzinfo=UTC)
        made = Meeting(
            code="M6", title="Jobs and skills", starts_at=start, ends_at=start + timedelta(hours=2), seats=2,
            zone="Europe/Brussels", state="inviting", revision=1, rsvp_deadline=start - timedelta(days=14),
        )  # fmt: skip
        db.add(made)
        await db.flush()
        for member in (town.tahmina, town.claire):
            db.add(Invitation(meeting_id=made.id, member_id=member.id, invited_at=town.clock.now()))
    return made


def press(meeting: Meeting, verb: str, member: Member | None = None, rev: str = "") -> Press:
    return Press(verb, meeting.key, rev, member.key if member else "")


def rsvp(meeting: Meeting, choice: str) -> Press:
    return Press("rsvp", meeting.key, "1", choice)


def toast_of(answers: Any) -> str:
    return plain(next(each.text for each in answers if isinstance(each, Toast)), Reader())


async def planned(town: Any, kind: str) -> list[tuple[str | None, str | None]]:
    """Give member codes and channels a kind of message was planned for."""
    async with town.read() as db:
        found = await db.execute(
            select(Member.code, Channel.chat)
            .select_from(Delivery)
            .join(Campaign, Campaign.id == Delivery.campaign_id)
            .outerjoin(Member, Member.id == Delivery.member_id)
            .outerjoin(Channel, Channel.id == Delivery.channel_id)
            .where(Campaign.kind == kind)
            .order_by(Delivery.id)
        )
        return [tuple(each) for each in found]


async def replies(town: Any, meeting: Meeting) -> dict[str, str]:
    async with town.read() as db:
        return {member.code: row.reply for member, row in await invitations.who_replied(db, meeting)}


async def test_a_seat_asked_for_is_given_and_the_person_told(town: Any, meeting: Meeting, show: Any) -> None:
    await town.click(town.claire, rsvp(meeting, "yes"))
    town.clock.advance(timedelta(minutes=1))
    await town.click(town.tahmina, rsvp(meeting, "yes"))
    assert await planned(town, "seat_requests") == [(None, "C9")]  # one card, in the organisers' channel

    async with town.read() as db:
        channel = (await db.scalars(select(Channel).where(Channel.chat == "C9"))).one()
    public = show([Reply(await town.draw("seat_requests", meeting.key, channel))])
    assert "2 people ask for a seat after the deadline.\nFree: 2 seats" in public.text
    assert "Claire" not in public.text

    (names,) = await town.click(town.olivia, public.button("Decide"), ORGANISERS)
    assert names.private
    seen = show([names])
    assert "1. Claire Exemple, Secretariat\n2. Tahmina Udaharon, Secretariat" in seen.text
    given = await town.click(town.olivia, seen.button("1 · Give a seat"))
    assert toast_of(given) == "Claire Exemple has the seat."
    assert "1 person asks for a seat" in show(given).text
    assert await replies(town, meeting) == {"m05": "yes", "m15": "asked"}
    assert await planned(town, "seat_decision") == [("m05", None)]
    news = show([Reply(await town.draw("seat_decision", meeting.key, town.claire))])
    assert news.text.startswith("Your seat is confirmed.\nYou replied: Yes.")
    again = await town.click(town.olivia, seen.button("1 · Give a seat"))
    assert toast_of(again) == "This was decided already."


@on_one
async def test_a_seat_is_refused_with_a_reason_and_the_list_is_left(town: Any, meeting: Meeting, show: Any) -> None:
    await town.click(town.claire, rsvp(meeting, "yes"))
    (form,) = await town.click(town.olivia, press(meeting, "noseat", town.claire))
    assert isinstance(form, Ask)
    (wrong,) = await town.submit(town.olivia, form.form, form.subject, {"reason": "passport number 12345678"})
    assert isinstance(wrong, Invalid)
    done = await town.submit(town.olivia, form.form, form.subject, {"reason": "The room is full."})
    assert show(done).text.startswith("Claire Exemple has been told.")

    card = show([Reply(await town.draw("seat_decision", meeting.key, town.claire))])
    assert card.text.startswith("The organisers could not give you a seat: The room is full.")
    assert card.labels == ["Join the waiting list", "My replies"]
    with pytest.raises(UserError):
        await town.submit(town.olivia, form.form, form.subject, {"reason": "Twice."})
    waits = await town.click(town.claire, card.button("Join the waiting list"))
    assert show(waits).text.startswith("Good news, Claire: a seat is free")  # two seats are


@on_one
async def test_no_seat_is_given_beyond_the_number_of_seats(town: Any, meeting: Meeting) -> None:
    async with town.write() as db:
        (await db.get_one(Meeting, meeting.id)).seats = 0
    await town.click(town.claire, rsvp(meeting, "yes"))
    given = await town.click(town.olivia, press(meeting, "giveseat", town.claire))
    assert toast_of(given) == "No seat is free. More seats can be set with “Edit”."
    assert (await replies(town, meeting))["m05"] == "asked"


async def test_an_organiser_answers_for_somebody_who_can_correct_it(town: Any, meeting: Meeting, show: Any) -> None:
    (ask,) = await town.click(town.olivia, press(meeting, "ansfor"))
    assert (ask.form, ask.subject) == ("answer_for", meeting.key)
    values = {"who": town.claire.key, "reply": "yes"}
    noted = show(await town.submit(town.olivia, "answer_for", meeting.key, values))
    assert noted.text.startswith("Noted: Claire Exemple · Yes")
    assert "Noted by the organisers" in noted.text
    async with town.read() as db:
        row = (await db.scalars(select(Invitation).where(Invitation.member_id == town.claire.id))).one()
        assert row.replied_by == town.olivia.id
        assert "answer_for" in set(await db.scalars(select(AuditEntry.act)))

    assert await planned(town, "answered_for") == [("m05", None)]
    told = show([Reply(await town.draw("answered_for", meeting.key, town.claire))])
    assert "The organisers noted your reply: Yes. Not right?" in told.text
    town.clock.advance(timedelta(minutes=1))
    own = show(await town.click(town.claire, told.button("Change reply")))
    await town.click(town.claire, own.button("No"))
    later = show([Reply(await town.draw("answered_for", meeting.key, town.claire, first=False))])
    assert later.text.startswith("You replied: No.")


@on_one
async def test_people_are_meant_by_choice_code_or_a_part_of_the_name(town: Any, meeting: Meeting) -> None:
    feature = next(each for each in features() if "answer_for" in each.forms)

    async def who_field() -> Any:
        async with town.write() as db:
            ctx = await town._context(db, _Inbound(town))
            return (await feature.forms["answer_for"][1](ctx, meeting.key)).fields[0]

    assert isinstance(await who_field(), ChoiceField)
    await invite_many(town, meeting, 60)
    field = await who_field()
    assert isinstance(field, TextField)
    assert field.clean("m15", Asking(town.clock.now(), "UTC", "en", {})) == "m15"

    (several,) = await town.submit(town.olivia, "answer_for", meeting.key, {"who": "PERSON", "reply": "no"})
    assert plain(several.errors["who"], Reader()).startswith("Several people fit: Person 0, Person 1")
    (nobody,) = await town.submit(town.olivia, "answer_for", meeting.key, {"who": "%", "reply": "no"})
    assert plain(nobody.errors["who"], Reader()) == "I found nobody of that name who is invited."
    await town.submit(town.olivia, "answer_for", meeting.key, {"who": "tahmina", "reply": "no"})
    assert (await replies(town, meeting))["m15"] == "no"


@on_one
async def test_one_person_of_the_names_is_opened_and_answered_for(town: Any, meeting: Meeting, show: Any) -> None:
    seen = show(await town.command(town.olivia, "meeting roster"))
    one = show(await town.click(town.olivia, seen.button("1")))
    assert one.text.startswith("Claire Exemple\nSecretariat\nM6")
    assert one.labels == ["Yes", "Maybe", "No", "Take off the list", "Back"]
    assert toast_of(await town.click(town.olivia, one.button("Maybe"))) == "Noted: Claire Exemple · Maybe"
    assert show(await town.click(town.olivia, one.button("Back"))).text == seen.text.replace("no reply yet", "Maybe", 1)
    refused = await town.click(town.claire, press(meeting, "ansas", town.tahmina))
    assert "Only organisers" in show(refused).text


async def test_taking_somebody_off_the_list_frees_the_seat_and_tells_them(
    town: Any, meeting: Meeting, show: Any
) -> None:
    async with town.write() as db:
        row = await db.get_one(Meeting, meeting.id)
        row.seats, row.rsvp_deadline = 1, meeting.starts_at
    await town.click(town.claire, rsvp(meeting, "yes"))
    await town.click(town.tahmina, rsvp(meeting, "yes"))
    asks = show(await town.click(town.olivia, press(meeting, "rmseat", town.claire)))
    assert "The invitation is withdrawn and a seat becomes free." in asks.text
    assert asks.labels == ["Take off the list", "Keep on the list"]
    done = await town.click(town.olivia, asks.button("Take off the list"))
    assert toast_of(done) == "Claire Exemple is no longer invited."
    assert await planned(town, "waitlist_offer") == [("m15", None)]
    told = show([Reply(await town.draw("answered_for", meeting.key, town.claire))])
    assert "This invitation was withdrawn." in told.text
    (edit, toast) = await town.click(town.claire, rsvp(meeting, "yes"))
    assert isinstance(edit, Edit)
    assert plain(toast.text, Reader()) == "This invitation was withdrawn."
    assert toast_of(await town.click(town.olivia, press(meeting, "rmseat", town.claire, "go"))) == (
        "This was decided already."
    )


@on_one
async def test_requests_that_are_decided_are_not_sent(town: Any, meeting: Meeting) -> None:
    await town.click(town.claire, rsvp(meeting, "yes"))
    await town.click(town.claire, rsvp(meeting, "no"))
    assert await town.draw("seat_requests", meeting.key, town.olivia) == Skip("decided")


@on_one
async def test_two_hundred_long_names_fit(town: Any, meeting: Meeting, show: Any) -> None:
    await invite_many(town, meeting, 198, "N" * 108)
    seen, pages = show(await town.command(town.olivia, "meeting roster")), 1
    while "Next" in seen.labels:
        assert len(seen.text) < 2_800
        seen, pages = show(await town.click(town.olivia, seen.button("Next"))), pages + 1
    assert pages == 20
    status = show(await town.command(town.olivia, "meeting status"))
    assert "No reply 200" in status.text
    await invite_many(town, meeting, 1, "One more", 900)
    many = show(await town.command(town.olivia, "meeting roster"))
    assert "201 people. Too many to list here." in many.text
    assert "Answer for someone" in many.labels


@on_one
async def test_the_status_of_three_thousand_people_takes_few_questions(
    town: Any, meeting: Meeting, asked: list[str]
) -> None:
    await invite_many(town, meeting, 2_998)
    asked.clear()
    card = await town.draw("status", meeting.key)
    assert isinstance(card, Message)
    assert len(asked) <= 9


async def invite_many(town: Any, meeting: Meeting, number: int, name: str = "Person", first: int = 0) -> None:
    async with town.write() as db:
        people = [
            Member(code=f"x{n:04}", name=f"{name} {n}", category="expert", zone="Europe/Brussels")
            for n in range(first, first + number)
        ]
        db.add_all(people)
        await db.flush()
        await invitations.invite(db, meeting, [(each, town.clock.now()) for each in people])


class _Inbound:
    """A command of Olivia's, for a form that is built outside a dialogue."""

    def __init__(self, town: Any) -> None:
        self.by, self.where, self.at, self.kind = town.person(town.olivia), town.place(town.olivia), None, "command"
