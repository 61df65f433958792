"""One tap answers, in private and in channels; the answer can be changed until the start."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from chat.errors import UserError
from chat.message import Message, Press
from chat.outbound import Card, Edit, Reply, Toast
from chat.people import MessageRef, Place
from chat.text import Reader, plain
from handlers import features
from scheduler import cards
from scheduler.contract import Drawing, Skip
from storage.communities import Channel
from storage.delegations import Delegation
from storage.deliveries import CardCopy
from storage.meetings import Invitation, Meeting
from tests.kinds import on_one

CHANNEL = Place("slack", "T1", "C1", "group")


@pytest.fixture
async def meeting(town: Any) -> Meeting:
    """Give an announced meeting on Wed, 20 May 2026, 10:00 in Brussels; Tahmina and Claire are invited."""
    async with town.write() as db:
        made = Meeting(
            code="M6", title="Jobs and skills", format="online", starts_at=datetime(2026, 5, 20, 8, tzinfo=UTC),
            ends_at=datetime(2026, 5, 20, 10, 30, tzinfo=UTC), zone="Europe/Brussels", state="inviting", revision=3,
            rsvp_deadline=datetime(2026, 5, 6, 16, tzinfo=UTC), join_link="https://meet.example.org/secret",
        )  # fmt: skip
        db.add(made)
        await db.flush()
        for member in (town.tahmina, town.claire):
            db.add(Invitation(meeting_id=made.id, member_id=member.id, invited_at=town.clock.now()))
    return made


def rsvp(meeting: Meeting, choice: str, rev: str = "3") -> Press:
    return Press("rsvp", meeting.key, rev, choice)


async def draw(town: Any, kind: str, meeting: Meeting, member: Any = None, *, first: bool = False) -> Message | Skip:
    composer = next(each.cards[kind] for each in features() if kind in each.cards)
    reader = Reader(zone=member.zone) if member else Reader(zone="Europe/Brussels", public=True)
    async with town.read() as db:
        channel = None if member else (await db.scalars(select(Channel).limit(1))).one()
        drawing = Drawing(kind, meeting.key, member, channel, reader, town.clock.now(), first)
        return await composer(db, drawing)


def text_of(message: Message | Skip, reader: Reader | None = None) -> str:
    assert isinstance(message, Message), message
    return "\n".join(plain(each, reader or Reader()) for each in (*message.lines, *message.fine))


@on_one
async def test_an_invitation_says_when_where_by_when_and_the_rule(town: Any, meeting: Meeting, show: Any) -> None:
    card = await draw(town, "invitation", meeting, town.tahmina, first=True)
    seen = show([Reply(card)], zone="Asia/Dhaka")
    assert seen.text == (
        "Hello Tahmina, you are invited to “Jobs and skills” (COPRR).\n"
        "When: Wed, 20 May 2026, 14:00–16:30 (Dhaka) · 10:00 Brussels\n"
        "Where: online\n"
        "Please reply by: Wed, 6 May 2026, 22:00 (Dhaka) · 18:00 Brussels\n"
        "This meeting follows the Chatham House Rule: use what you hear, but do not say who said it or who was there."
    )
    assert seen.labels == ["Yes", "Maybe", "No", "Send a delegate", "Add to calendar", "Details"]
    assert seen.button("Yes").style == "primary"


async def test_a_yes_turns_the_card_into_the_reply(town: Any, meeting: Meeting, show: Any) -> None:
    edit, toast = await town.click(town.tahmina, rsvp(meeting, "yes"))

    assert isinstance(edit, Edit)
    assert edit.card == Card("invitation", meeting.key)
    seen = show([edit], zone="Asia/Dhaka", platform="telegram")
    assert seen.text.startswith("You replied: Yes.\nThank you, Tahmina. Your place is confirmed")
    assert "Your link comes the day before." in seen.text
    assert "/my" in seen.text
    assert "secret" not in seen.text
    assert seen.labels == ["Add to calendar", "Change reply", "Details"]
    assert plain(toast.text, Reader()) == "You replied: Yes."


@on_one
async def test_a_no_is_thanked_and_offers_a_delegate(town: Any, meeting: Meeting, show: Any) -> None:
    seen = show(await town.click(town.claire, rsvp(meeting, "no")))
    assert seen.text.startswith("You replied: No.\nJobs and skills")
    assert "A colleague of your organisation can come in your place." in seen.text
    assert seen.labels == ["Send a delegate", "Change reply", "Details"]


@on_one
async def test_maybe_offers_yes_and_no_and_a_date(town: Any, meeting: Meeting, show: Any) -> None:
    seen = show(await town.click(town.claire, rsvp(meeting, "maybe")))
    assert "You can decide until Wed, 6 May 2026, 18:00 (Brussels)." in seen.text
    assert seen.labels == ["Yes", "No", "Send a delegate", "Details"]


@on_one
async def test_a_press_in_a_channel_is_answered_to_the_presser_alone(town: Any, meeting: Meeting, show: Any) -> None:
    (toast,) = await town.click(town.claire, rsvp(meeting, "yes"), CHANNEL)
    assert isinstance(toast, Toast)
    assert plain(toast.text, Reader()) == "You replied: Yes. Only you see this."


async def test_a_channel_card_has_counts_and_no_names_no_place_no_link(town: Any, meeting: Meeting) -> None:
    await town.click(town.claire, rsvp(meeting, "yes"), CHANNEL)
    await town.click(town.tahmina, rsvp(meeting, "no"))
    card = await draw(town, "meeting_card", meeting)
    text = text_of(card)
    assert "Yes 1 · Maybe 0 · No 1" in text
    for private in ("Claire", "Tahmina", "secret"):
        assert private not in text
    assert [button.press.arg for button in card.rows[0]] == ["yes", "maybe", "no"]
    town.clock.set(meeting.starts_at)
    assert (await draw(town, "meeting_card", meeting)).rows == ()


async def test_all_other_copies_are_redrawn_but_not_the_pressed_one(town: Any, meeting: Meeting) -> None:
    pressed = MessageRef("telegram", "700", "5015", "m1")
    async with town.write() as db:
        await cards.note(db, "invitation", meeting.key, pressed, member=town.tahmina)
        other = MessageRef("telegram", "700", "5015", "m0")
        await cards.note(db, "rsvp_nudge", meeting.key, other, member=town.tahmina)
        await cards.note(db, "invitation", meeting.key, MessageRef("slack", "T1", "DU5", "1"), member=town.claire)
        await cards.note(db, "meeting_card", meeting.key, MessageRef("slack", "T1", "C1", "2"))
        await cards.note(db, "status", meeting.key, MessageRef("slack", "T1", "DU1", "3"), member=town.olivia)

    await town.click(town.tahmina, rsvp(meeting, "yes"))

    async with town.read() as db:
        wanted = {(each.kind, each.chat) for each in await db.scalars(select(CardCopy)) if each.wanted > each.shown}
    assert wanted == {("rsvp_nudge", "5015"), ("meeting_card", "C1"), ("status", "DU1")}


@on_one
async def test_the_same_answer_again_is_already_saved(town: Any, meeting: Meeting) -> None:
    await town.click(town.claire, rsvp(meeting, "yes"))
    _, toast = await town.click(town.claire, rsvp(meeting, "yes"))
    assert plain(toast.text, Reader()) == "Already saved."


@on_one
async def test_a_stale_card_is_applied_and_said_to_be_old(town: Any, meeting: Meeting) -> None:
    edit, toast = await town.click(town.claire, rsvp(meeting, "yes", rev="1"))
    assert plain(edit.message.lines[0], Reader()) == "You replied: Yes."
    assert plain(toast.text, Reader()) == "This card was out of date. Here is the current one."


async def test_changing_a_reply_brings_the_answers_back(town: Any, meeting: Meeting, show: Any) -> None:
    seen = show(await town.click(town.claire, rsvp(meeting, "yes")))
    again = show(await town.click(town.claire, seen.button("Change reply")))
    assert again.text.startswith("You replied: Yes.")
    assert again.labels == ["Maybe", "No", "Send a delegate", "Details"]
    done = show(await town.click(town.claire, again.button("No")))
    assert done.text.startswith("You replied: No.")


@on_one
async def test_after_the_start_replies_are_closed(town: Any, meeting: Meeting, show: Any) -> None:
    await town.click(town.claire, rsvp(meeting, "yes"))
    town.clock.set(meeting.starts_at + timedelta(minutes=1))
    edit, toast = await town.click(town.claire, rsvp(meeting, "no"))
    assert plain(toast.text, Reader()) == "This meeting has started; replies are closed."
    assert show([edit]).text.startswith("You replied: Yes.")
    assert show([edit]).labels == ["My replies"]


@on_one
async def test_somebody_not_invited_learns_whom_to_ask(town: Any, meeting: Meeting) -> None:
    (toast,) = await town.click(town.olivia, rsvp(meeting, "yes"), CHANNEL)
    assert plain(toast.text, Reader()).startswith("You are not on the list of this meeting.")


@on_one
@pytest.mark.parametrize("arg", ["perhaps", "", "YES"])
async def test_made_up_button_data_changes_nothing(town: Any, meeting: Meeting, arg: str) -> None:
    with pytest.raises(UserError):
        await town.click(town.claire, rsvp(meeting, arg))
    async with town.read() as db:
        assert set(await db.scalars(select(Invitation.reply))) == {"none"}


@on_one
async def test_details_never_hold_the_join_link(town: Any, meeting: Meeting, show: Any) -> None:
    await town.click(town.claire, rsvp(meeting, "yes"))
    seen = show(await town.click(town.claire, Press("details", meeting.key, "3")))
    assert "Questions: coprr@example.org" in seen.text
    assert "secret" not in seen.text
    back = show(await town.click(town.claire, seen.button("Back")))
    assert back.text.startswith("You replied: Yes.")


@on_one
async def test_details_from_a_channel_come_in_private(town: Any, meeting: Meeting) -> None:
    (answer,) = await town.click(town.claire, Press("details", meeting.key, "3"), CHANNEL)
    assert isinstance(answer, Reply)
    assert answer.private


@on_one
async def test_a_late_press_is_saved_and_said_to_be_late(town: Any, meeting: Meeting) -> None:
    from chat.inbound import Click

    click = Click(
        data=str(rsvp(meeting, "yes")), message=None, key="late", by=town.person(town.claire),
        where=town.place(town.claire), at=town.clock.now() - timedelta(minutes=30),
    )  # fmt: skip
    handler = next(each.clicks["rsvp"][1] for each in features() if "rsvp" in each.clicks)
    async with town.write() as db:
        _, toast = await handler(await town._context(db, click), rsvp(meeting, "yes"))
    assert plain(toast.text, Reader()) == "Your tap reached me late. It is saved: Yes."


@on_one
async def test_an_invitation_that_was_answered_elsewhere_is_sent_as_the_reply(town: Any, meeting: Meeting) -> None:
    await town.click(town.claire, rsvp(meeting, "yes"), CHANNEL)
    card = await draw(town, "invitation", meeting, town.claire, first=True)
    assert text_of(card).startswith("You replied: Yes.")
    assert await draw(town, "rsvp_nudge", meeting, town.claire, first=True) == Skip("replied")


@on_one
async def test_in_person_nobody_plans_with_a_maybe_near_the_date(town: Any, meeting: Meeting) -> None:
    async with town.write() as db:
        (await db.get_one(Meeting, meeting.id)).format = "in_person"
    card = await draw(town, "invitation", meeting, town.claire, first=True)
    assert isinstance(card, Message)
    assert [each.press.arg for each in card.rows[0]] == ["yes", "no"]


@on_one
async def test_markup_in_a_title_stays_text(town: Any, meeting: Meeting) -> None:
    async with town.write() as db:
        (await db.get_one(Meeting, meeting.id)).title = "<!channel> <b>now</b>"
    card = await draw(town, "meeting_card", meeting)
    assert text_of(card).startswith("<!channel> <b>now</b>")


async def reshape(town: Any, meeting: Meeting, **columns: Any) -> None:
    async with town.write() as db:
        row = await db.get_one(Meeting, meeting.id)
        for name, value in columns.items():
            setattr(row, name, value)


@on_one
async def test_after_the_deadline_a_yes_asks_the_organisers(town: Any, meeting: Meeting, show: Any) -> None:
    town.clock.set(meeting.rsvp_deadline + timedelta(hours=1))
    card = show([Reply(await draw(town, "invitation", meeting, town.claire))])
    assert card.labels[:3] == ["Ask for a seat", "Maybe", "No"]
    asked = show(await town.click(town.claire, card.button("Ask for a seat")))
    assert asked.text.startswith("You asked for a seat.\nJobs and skills")
    assert "The deadline has passed. The organisers decide about your seat." in asked.text
    assert asked.labels == ["No", "My replies"]
    assert show(await town.click(town.claire, asked.button("No"))).text.startswith("You replied: No.")


@on_one
async def test_a_hybrid_meeting_asks_how_somebody_comes(town: Any, meeting: Meeting, show: Any) -> None:
    await reshape(town, meeting, format="hybrid", place="Istanbul", seats=10)
    card = show([Reply(await draw(town, "invitation", meeting, town.claire))])
    assert card.labels[:4] == ["Yes, in the room", "Yes, online", "No", "Maybe"]
    assert "Room: 10 of 10 seats free · Online: free" in card.text
    yes = show(await town.click(town.claire, card.button("Yes, in the room")))
    assert yes.text.startswith("You replied: Yes, in the room.")
    assert "Where: Istanbul" in yes.text
    assert "Tell my needs" in yes.labels
    public = text_of(await draw(town, "meeting_card", meeting))
    assert "Yes 1 · Maybe 0 · No 0" in public
    assert "Room: 9 of 10 seats free · Online: free" in public
    again = show(await town.click(town.claire, yes.button("Change reply")))
    assert again.labels[:3] == ["Yes, online", "No", "Maybe"]
    other = show(await town.click(town.claire, again.button("Yes, online")))
    assert other.text.startswith("You replied: Yes, online.")
    assert "Tell my needs" not in other.labels
    assert "Room: 10 of 10 seats free" in text_of(await draw(town, "meeting_card", meeting))


@on_one
async def test_guests_are_chosen_with_one_tap_and_take_seats(town: Any, meeting: Meeting, show: Any) -> None:
    await reshape(town, meeting, seats=2, guests=2)
    yes = show(await town.click(town.claire, rsvp(meeting, "yes")))
    asked = show(await town.click(town.claire, yes.button("Guests")))
    assert asked.labels == ["0", "1", "2", "Back"]
    with_one = show(await town.click(town.claire, asked.button("1")))
    assert "You bring 1 guest." in with_one.text
    edit, toast = await town.click(town.claire, asked.button("2"))
    assert plain(toast.text, Reader()) == "There is no free seat for another guest. Your own reply stays as it is."
    assert "You bring 1 guest." in text_of(edit.message)


@on_one
async def test_no_more_guests_are_offered_than_the_organisation_has_seats(
    town: Any, meeting: Meeting, show: Any
) -> None:
    await reshape(town, meeting, guests=2, per_organisation=2)
    yes = show(await town.click(town.claire, rsvp(meeting, "yes")))
    assert show(await town.click(town.claire, yes.button("Guests"))).labels == ["0", "1", "Back"]
    await reshape(town, meeting, per_organisation=1)
    assert "Guests" not in show([Reply(await draw(town, "invitation", meeting, town.claire))]).labels


@on_one
async def test_a_member_without_invitation_may_ask_from_a_channel_card(town: Any, meeting: Meeting, show: Any) -> None:
    async with town.write() as db:
        mine = select(Invitation).where(Invitation.member_id == town.claire.id)
        await db.delete((await db.scalars(mine)).one())
    _, private = await town.click(town.claire, rsvp(meeting, "yes"), CHANNEL)
    assert isinstance(private, Reply)
    assert private.private
    asked = show(await town.click(town.claire, show([private]).button("Ask for a seat")))
    assert asked.text.startswith("You asked for a seat.")
    with pytest.raises(UserError):
        await town.click(town.olivia, rsvp(meeting, "ask"))


@on_one
async def test_a_changed_time_is_confirmed_and_keeps_the_seat(town: Any, meeting: Meeting, show: Any) -> None:
    await reshape(town, meeting, seats=1)
    await town.click(town.claire, rsvp(meeting, "yes"))
    async with town.write() as db:
        row = (await db.scalars(select(Invitation).where(Invitation.member_id == town.claire.id))).one()
        row.reply = "reconfirm"
    card = show([Reply(await draw(town, "invitation", meeting, town.claire))])
    assert card.text.startswith("This meeting has a new time.")
    assert card.labels == [
        "The new time suits me", "Maybe", "No", "Send a delegate", "Add to calendar", "Details",
    ]  # fmt: skip
    full = show(await town.click(town.tahmina, rsvp(meeting, "yes")), platform="telegram")
    assert "Your place on the waiting list: 1" in full.text
    town.clock.set(meeting.rsvp_deadline + timedelta(days=1))  # the seat is theirs also after the deadline
    kept = show(await town.click(town.claire, card.button("The new time suits me")))
    assert kept.text.startswith("You replied: Yes.")


@on_one
async def test_a_delegate_who_declines_gives_the_reply_back(town: Any, meeting: Meeting, show: Any) -> None:
    await delegated(town, meeting)
    card = show([Reply(await draw(town, "invitation", meeting, town.claire))])
    assert card.text.startswith("Tahmina Udaharon comes in your place.")
    assert "Yes 1 · Maybe 0 · No 0" in text_of(await draw(town, "meeting_card", meeting))

    town.clock.advance(timedelta(minutes=1))
    await town.click(town.tahmina, rsvp(meeting, "no"))

    assert text_of(await draw(town, "invitation", meeting, town.claire)).startswith("You replied: Yes.")
    assert "Yes 1 · Maybe 0 · No 0" in text_of(await draw(town, "meeting_card", meeting))


@on_one
async def test_who_answers_again_takes_the_seat_back_from_the_delegate(town: Any, meeting: Meeting) -> None:
    await delegated(town, meeting)
    town.clock.advance(timedelta(minutes=1))
    await town.click(town.claire, rsvp(meeting, "no"))

    assert text_of(await draw(town, "invitation", meeting, town.tahmina)).endswith("This invitation was withdrawn.")
    assert "Yes 0 · Maybe 0 · No 1" in text_of(await draw(town, "meeting_card", meeting))


async def delegated(town: Any, meeting: Meeting) -> None:
    """Let Claire say yes and send Tahmina instead, who agrees."""
    async with town.write() as db:
        await db.delete((await db.scalars(select(Invitation).where(Invitation.member_id == town.tahmina.id))).one())
    await town.click(town.claire, rsvp(meeting, "yes"))
    town.clock.advance(timedelta(minutes=1))
    await town.submit(town.claire, "delegate", meeting.key, {"who": town.tahmina.key, "told": "yes"})
    async with town.read() as db:
        (delegation,) = (await db.scalars(select(Delegation))).all()
    await town.click(town.tahmina, Press("dagree", meeting.key, "", delegation.key))
