"""A member hands their seat to a colleague: asked, agreed, refused, lapsed, taken back; nobody else sees it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from chat.errors import FieldError, UserError
from chat.form import Asking
from chat.message import Message, Press
from chat.outbound import Ask, Card, Edit, Invalid, Reply
from chat.people import Place
from chat.text import Reader, plain
from scheduler.contract import Skip
from storage import invitations
from storage.delegations import Delegation
from storage.meetings import Invitation, Meeting
from storage.members import Account, Member, Organisation
from storage.needs import Given, Need, save
from tests.handlers.delegating import asked_form, delegation, inviting, name, planned, reply_of
from tests.kinds import on_one

CHANNEL = Place("telegram", "700", "-1001", "group")


@pytest.fixture
async def meeting(town: Any) -> Meeting:
    """Give the meeting Tahmina comes to."""
    return await inviting(town)


async def test_a_colleague_is_asked_in_private_and_the_seat_is_kept(town: Any, meeting: Meeting, show: Any) -> None:
    (ask,) = await town.click(town.tahmina, Press("deleg", meeting.key))
    assert ask == Ask("delegate", meeting.key)

    answers = await name(town, meeting, town.claire.key)
    seen = show(answers, zone="Asia/Dhaka")
    assert seen.text.startswith("Waiting for Claire Exemple.\nJobs and skills")
    assert "They can answer until Sat, 25 Apr 2026, 13:00 (Dhaka)" in seen.text
    assert seen.labels == ["Change reply"]
    assert [each.member_id for each in await planned(town, "delegate_ask")] == [town.claire.id]
    row = await delegation(town)
    card = await town.draw("delegate_ask", row.key, town.claire)
    seen = show([Reply(card)])
    assert seen.text.startswith("Tahmina Udaharon asks you to take part in “Jobs and skills” for Secretariat.")
    assert seen.labels == ["I agree", "Not now"]
    holder = await reply_of(town, meeting, town.tahmina)
    assert holder is not None
    assert holder.reply == "delegated"
    assert await reply_of(town, meeting, town.claire) is None, "nothing before their own consent"
    async with town.read() as db:
        assert (await invitations.counts(db, meeting))["delegated"] == 1


async def test_agreeing_gives_a_reply_card_of_their_own_and_one_seat_is_counted(
    town: Any, meeting: Meeting, show: Any
) -> None:
    await name(town, meeting, town.claire.key)
    row = await delegation(town)
    pressed = Press("dagree", meeting.key, "", row.key)

    (edit,) = await town.click(town.claire, pressed)
    assert isinstance(edit, Edit)
    assert edit.card == Card("invitation", meeting.key)
    assert show([edit]).text.startswith("You replied: Yes.\nYou come in the place of Tahmina Udaharon.")
    theirs = await reply_of(town, meeting, town.claire)
    assert theirs is not None
    assert (theirs.reply, theirs.represents) == ("yes", town.tahmina.id)
    card = await town.draw("delegation", row.key, town.tahmina, first=False)
    assert show([Reply(card)]).text.startswith("Claire Exemple comes in your place.")
    async with town.read() as db:
        counts = await invitations.counts(db, meeting)
    assert (counts["yes"], counts["delegated"]) == (0, 1)
    assert "Already saved." in show(await town.click(town.claire, pressed)).text


@on_one
@pytest.mark.parametrize(("before", "said"), [("yes", "Your seat is yours again."), ("no", "counts again: No.")])
async def test_a_refusal_gives_seat_and_reply_back_and_is_told(
    town: Any, meeting: Meeting, show: Any, before: str, said: str
) -> None:
    async with town.write() as db:
        (await invitations.find(db, meeting, town.tahmina)).reply = before
    await name(town, meeting, town.claire.key)
    row = await delegation(town)
    seen = show(await town.click(town.claire, Press("drefuse", meeting.key, "", row.key)))
    assert "You do not take part. Thank you for letting us know." in seen.text
    holder = await reply_of(town, meeting, town.tahmina)
    assert holder is not None
    assert holder.reply == before
    (told,) = await planned(town, "delegate_back")
    assert told.member_id == town.tahmina.id
    card = await town.draw("delegate_back", row.key, town.tahmina)
    seen = show([Reply(card)])
    assert seen.text.startswith("Claire Exemple cannot come in your place.")
    assert said in seen.text
    assert seen.labels[:2] == ["Yes", "No"]
    late = show(await town.click(town.claire, Press("dagree", meeting.key, "", row.key)))
    assert "This card was out of date." in late.text
    assert await reply_of(town, meeting, town.claire) is None


@on_one
async def test_after_72_hours_without_an_answer_the_seat_comes_back(town: Any, meeting: Meeting, show: Any) -> None:
    await name(town, meeting, town.claire.key)
    row = await delegation(town)
    town.clock.advance(timedelta(hours=71, minutes=59))
    assert await town.work("deleg") == 0
    town.clock.advance(timedelta(minutes=1))
    assert await town.work("deleg") == 1
    holder = await reply_of(town, meeting, town.tahmina)
    assert holder is not None
    assert holder.reply == "yes"
    card = await town.draw("delegate_back", row.key, town.tahmina)
    assert show([Reply(card)]).text.startswith("Claire Exemple did not answer in time.")
    seen = show(await town.click(town.claire, Press("dagree", meeting.key, "", row.key)))
    assert "This request is no longer open." in seen.text


@on_one
@pytest.mark.parametrize("from_invitation", [False, True])
async def test_the_holder_takes_the_seat_back_until_the_start(
    town: Any, meeting: Meeting, show: Any, from_invitation: bool
) -> None:
    await name(town, meeting, town.claire.key)
    row = await delegation(town)
    await town.click(town.claire, Press("dagree", meeting.key, "", row.key))
    back = Press("untake", meeting.key, "", "" if from_invitation else row.key)
    seen = show(await town.click(town.tahmina, back))
    assert "Claire Exemple no longer comes in your place." in seen.text
    assert "Your seat is yours again." in seen.text
    theirs = await reply_of(town, meeting, town.claire)
    assert theirs is not None
    assert theirs.withdrawn
    assert await planned(town, "delegate_back") == []
    assert [each.member_id for each in await planned(town, "delegate_over")] == [town.claire.id]
    over = show([Reply(await town.draw("delegate_over", row.key, town.claire))])
    assert "You no longer come to “Jobs and skills” in the place of Tahmina Udaharon." in over.text
    assert isinstance(await town.draw("delegate_ask", row.key, town.claire), Skip)
    # and may send the same colleague once more
    await name(town, meeting, town.claire.key)
    row = await delegation(town)
    await town.click(town.claire, Press("dagree", meeting.key, "", row.key))
    theirs = await reply_of(town, meeting, town.claire)
    assert theirs is not None
    assert not theirs.withdrawn
    town.clock.set(meeting.starts_at)
    with pytest.raises(UserError):
        await town.click(town.tahmina, Press("untake", meeting.key, "", row.key))


@on_one
async def test_the_cards_of_a_cancelled_meeting_hand_nothing_back(town: Any, meeting: Meeting, show: Any) -> None:
    await name(town, meeting, town.claire.key)
    row = await delegation(town)
    agreed = show(await town.click(town.claire, Press("dagree", meeting.key, "", row.key)))
    changing = show(await town.click(town.claire, agreed.button("Change reply")))
    assert "You come in the place of a colleague." in changing.text  # the name stands on the first card alone
    async with town.write() as db:
        (await db.get_one(Meeting, meeting.id)).state = "cancelled"
    over = show(await town.click(town.tahmina, Press("untake", meeting.key, "", row.key)))
    assert "This meeting was cancelled." in over.text
    assert over.labels == ["My replies"]


async def test_without_a_free_seat_the_holder_waits_and_nobody_is_asked(town: Any, meeting: Meeting, show: Any) -> None:
    async with town.write() as db:
        db.add(jan := Member(code="m20", name="Jan Novak", zone="Europe/Prague"))
        await db.flush()
        (await db.get(Meeting, meeting.id)).seats = 1
        (await invitations.find(db, meeting, town.tahmina)).reply = "none"
        db.add(Invitation(meeting_id=meeting.id, member_id=jan.id, reply="yes"))
    seen = show(await name(town, meeting, town.claire.key))
    assert "There is no free seat at the moment. You are on the waiting list." in seen.text
    assert "you can send Claire Exemple" in seen.text
    holder = await reply_of(town, meeting, town.tahmina)
    assert holder is not None
    assert (holder.reply, holder.queued_at) == ("waitlisted", town.clock.now())
    assert await planned(town, "delegate_ask") == []


@on_one
async def test_who_cannot_come_instead_is_refused_with_a_reason(town: Any, meeting: Meeting) -> None:
    async with town.write() as db:
        other = Organisation(name="Elsewhere")
        db.add(other)
        await db.flush()
        jan = Member(code="m20", name="Jan Novak", organisation_id=other.id, zone="Europe/Prague")
        ayse = Member(code="m21", name="Ayşe Örnek", organisation_id=town.tahmina.organisation_id, zone="Asia/Dhaka")
        later = Member(
            code="m22",
            name="Not Joined",
            organisation_id=town.tahmina.organisation_id,
            zone="Asia/Dhaka",
            state="invited",
        )
        db.add_all([jan, ayse, later])
        db.add(Invitation(meeting_id=meeting.id, member_id=town.claire.id, reply="no"))
    for who, said in (
        (jan.key, "from your own organisation"),
        (town.claire.key, "Claire Exemple is invited already"),
        ("claire  EXEMPLE", "Claire Exemple is invited already"),
        (town.tahmina.key, "That is you."),
        (ayse.key, "I cannot write to Ayşe Örnek"),
        ("not joined", "I cannot write to Not Joined"),
        ("x", "a name of 2 to 80 letters"),
        ("jan@example.org", "a name of 2 to 80 letters"),
    ):
        (invalid,) = await name(town, meeting, who)
        assert isinstance(invalid, Invalid), who
        assert said in plain(invalid.errors["who"], Reader()), who
    assert (await town.submit(town.tahmina, "delegate", meeting.key, {"who": "Eero E", "told": ""})) != []
    async with town.read() as db:
        assert (await db.scalars(select(Delegation))).all() == []


@on_one
async def test_the_form_offers_free_colleagues_and_takes_a_typed_name(town: Any, meeting: Meeting) -> None:
    form = await asked_form(town, meeting, town.tahmina)
    who = form.fields[0]
    assert [(each.value, each.label) for each in who.options] == [(town.claire.key, "Claire Exemple")]
    asking = Asking(town.clock.now(), "Asia/Dhaka", "en", {})
    assert who.clean("claire exemple", asking) == town.claire.key
    assert who.clean("  Eero  Esimerkki ", asking) == "Eero Esimerkki"
    for bad in ("7", "E", "e" * 81, "https://x.example", "+358 40 1234567"):
        with pytest.raises(FieldError):
            who.clean(bad, asking)
    async with town.write() as db:
        (await db.get(Member, town.claire.id)).state = "left"
    typed = (await asked_form(town, meeting, town.tahmina)).fields[0]
    assert typed.clean("Eero Esimerkki", asking) == "Eero Esimerkki"
    assert [each.id for each in form.fields] == ["who", "told"]


@on_one
async def test_who_may_not_send_a_delegate_learns_why(town: Any, meeting: Meeting) -> None:
    await name(town, meeting, town.claire.key)
    row = await delegation(town)
    await town.click(town.claire, Press("dagree", meeting.key, "", row.key))
    with pytest.raises(UserError) as told:
        await town.click(town.claire, Press("deleg", meeting.key))
    assert "yourself" in plain(told.value.text, Reader())
    async with town.write() as db:
        jan = Member(code="m20", name="Jan Novak", zone="Europe/Prague")
        jan.accounts = [Account(platform="telegram", workspace="700", user="77")]
        db.add(jan)
        await db.flush()
        db.add(Invitation(meeting_id=meeting.id, member_id=jan.id, reply="yes"))
    with pytest.raises(UserError) as told:
        await town.click(jan, Press("deleg", meeting.key))
    assert "same organisation" in plain(told.value.text, Reader())
    for who, verb in ((jan, "dagree"), (jan, "drefuse"), (town.claire, "untake"), (jan, "untake")):
        with pytest.raises(UserError) as told:
            await town.click(who, Press(verb, meeting.key, "", row.key))
        assert "cannot find that here" in plain(told.value.text, Reader())
    town.clock.set(meeting.starts_at)
    with pytest.raises(UserError) as told:
        await town.click(town.tahmina, Press("untake", meeting.key, "", row.key))


@on_one
async def test_after_the_deadline_only_a_held_seat_can_be_handed_over(town: Any, meeting: Meeting, show: Any) -> None:
    town.clock.set(meeting.rsvp_deadline + timedelta(hours=1))
    async with town.write() as db:
        (await invitations.find(db, meeting, town.tahmina)).reply = "maybe"
    with pytest.raises(UserError) as told:
        await name(town, meeting, town.claire.key)
    assert "ask the organisers for a seat" in plain(told.value.text, Reader())
    async with town.write() as db:
        (await invitations.find(db, meeting, town.tahmina)).reply = "yes"
    assert "Waiting for Claire Exemple." in show(await name(town, meeting, town.claire.key)).text


@on_one
async def test_one_seat_is_handed_over_once_and_never_in_a_group(town: Any, meeting: Meeting, show: Any) -> None:
    await name(town, meeting, town.claire.key)
    again = await name(town, meeting, "Eero Esimerkki")
    assert "Waiting for Claire Exemple." in show(again).text
    (shown,) = await town.click(town.tahmina, Press("deleg", meeting.key), CHANNEL)
    assert isinstance(shown, Reply)
    assert shown.private
    card = await town.draw("meeting_card", meeting.key, None, first=False)
    assert isinstance(card, Message)
    public = "\n".join(plain(each, Reader()) for each in card.lines)
    assert "Claire" not in public
    assert "Tahmina" not in public
    assert "Yes 1" in public


@on_one
async def test_home_shows_the_request_until_it_is_answered(town: Any, meeting: Meeting, show: Any) -> None:
    from handlers._asks import waiting

    await name(town, meeting, town.claire.key)
    async with town.read() as db:
        (waits,) = [each for each in await waiting(db, town.claire, town.clock.now()) if each.kind == "delegate_ask"]
    assert plain(waits.line, Reader()) == "Tahmina Udaharon asks you to come to “Jobs and skills”"
    seen = show(await town.click(town.claire, waits.button))
    await town.click(town.claire, seen.button("Not now"))
    async with town.read() as db:
        found = await waiting(db, town.claire, town.clock.now())
    assert [each for each in found if each.kind == "delegate_ask"] == []


async def test_the_holder_s_needs_go_with_the_seat_and_a_delegate_who_leaves_gives_it_back(
    town: Any, meeting: Meeting
) -> None:
    async with town.write() as db:
        await save(db, meeting, town.tahmina, Given(diet="halal"), town.clock.now())
    await name(town, meeting, town.claire.key)
    async with town.read() as db:
        assert (await db.scalars(select(Need))).all() == []
    await town.click(town.claire, Press("dagree", meeting.key, "", (await delegation(town)).key))
    await town.click(town.claire, Press("rsvp", meeting.key, "3", "no"))
    holder = await reply_of(town, meeting, town.tahmina)
    assert holder is not None
    assert holder.reply == "yes"
    assert (await delegation(town)).state == "refused"
    assert [each.member_id for each in await planned(town, "delegate_back")] == [town.tahmina.id]


async def test_a_new_answer_of_the_holder_ends_it_and_the_delegate_who_had_agreed_is_told(
    town: Any, meeting: Meeting
) -> None:
    await name(town, meeting, town.claire.key)
    row = await delegation(town)
    await town.click(town.claire, Press("dagree", meeting.key, "", row.key))
    town.clock.advance(timedelta(minutes=1))
    await town.click(town.tahmina, Press("rsvp", meeting.key, "3", "no"))
    holder, theirs = await reply_of(town, meeting, town.tahmina), await reply_of(town, meeting, town.claire)
    assert holder is not None
    assert theirs is not None
    assert (holder.reply, theirs.withdrawn) == ("no", True)
    assert (await delegation(town)).state == "taken_back"
    assert [each.member_id for each in await planned(town, "delegate_over")] == [town.claire.id]
