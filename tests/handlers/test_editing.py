"""Editing an announced meeting: what is silent, what is told, and two organisers at once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from chat.errors import FieldError
from chat.form import Asking
from chat.message import Press
from chat.outbound import Invalid, Reply
from chat.text import Reader, plain
from storage.deliveries import Campaign, CardCopy
from storage.drafts import FormDraft
from storage.meetings import Invitation, Meeting
from storage.members import Member, RoleGrant
from tests.handlers.changing import START, announced, edited, effect, now_is, replies, sent, the_form
from tests.handlers.sending import second_organiser
from tests.kinds import on_one


@pytest.fixture
async def meeting(town: Any) -> Meeting:
    """Give an announced meeting on Wed, 20 May 2026, 10:00 in Brussels: Tahmina says yes, Claire maybe, Nora no."""
    return await announced(town)


@on_one
async def test_a_typo_fix_sends_nothing(town: Any, meeting: Meeting, show: Any) -> None:
    seen = show(await edited(town, meeting, title="Jobs & skills"))
    assert seen.text.startswith("M6 is saved. Cards that were sent show the new words")
    now = await now_is(town, meeting)
    assert (now.title, now.revision, now.details) == ("Jobs & skills", 3, {"phone": "+32 2 555 01 00"})
    assert await replies(town) == {"m15": "yes", "m05": "maybe", "m30": "no"}
    async with town.read() as db:
        assert list(await db.scalars(select(Campaign))) == []
        assert all(each.wanted > each.shown for each in await db.scalars(select(CardCopy)))


async def test_a_new_place_is_one_notice_to_those_who_come_and_replies_stand(
    town: Any, meeting: Meeting, show: Any
) -> None:
    preview = show(await edited(town, meeting, place="Hall 2", title="Jobs & skills"))
    assert "2 people are told once: 1 Slack, 1 Telegram" in preview.text
    assert "Place: Hall 2" in preview.text
    await town.click(town.olivia, preview.button("Send to 2"))
    assert (await now_is(town, meeting)).place == "Hall 1"

    await effect(town)

    now = await now_is(town, meeting)
    assert (now.place, now.title, now.revision) == ("Hall 2", "Jobs & skills", 4)
    assert await sent(town) == [("place_change", "m05", "queued"), ("place_change", "m15", "queued")]
    assert await replies(town) == {"m15": "yes", "m05": "maybe", "m30": "no"}
    card = show([Reply(await town.draw("place_change", meeting.key, town.tahmina, tell=["place"]))])
    assert "Where: Hall 2" in card.text
    assert "Your reply stays: Yes." in card.text


@on_one
async def test_the_way_in_is_told_to_those_who_come_alone(town: Any, meeting: Meeting, show: Any) -> None:
    (ask,) = await town.click(town.olivia, Press("medit", meeting.key, "", "d"))
    assert ask.form == "practical"
    phone = ask.values | {"phone": "+32 2 555 02 00", "map_link": "https://maps.example.org/2"}
    preview = show(await town.submit(town.olivia, "practical", meeting.key, phone))
    assert "1 person is told once: 1 Telegram" in preview.text
    await town.click(town.olivia, preview.button("Send to 1"))
    await effect(town)
    assert await sent(town) == [("place_change", "m15", "queued")]
    assert (await now_is(town, meeting)).details["map_link"] == "https://maps.example.org/2"


@on_one
async def test_languages_and_the_approver_are_kept_silently_and_members_see_the_languages(
    town: Any, meeting: Meeting, show: Any
) -> None:
    async with town.write() as db:
        dana = Member(code="o03", name="Dana Director", staff=True, zone="Europe/Brussels")
        db.add(dana)
        await db.flush()
        db.add(RoleGrant(member_id=dana.id, role="approver"))
    form = await the_form(town, town.olivia, meeting.key, "practical")
    spoken, approver = form.fields[-2:]
    asking = Asking(town.clock.now(), "UTC", "en", {})
    assert spoken.clean("anglais; Français", asking) == "en, fr"
    assert spoken.clean("en, fr", asking) == "en, fr"
    with pytest.raises(FieldError) as caught:
        spoken.clean("English, Klingon", asking)
    assert "Languages of this community: English, Français." in plain(caught.value.text, Reader())
    assert approver.show(dana.key, asking) == "Dana Director"

    (ask,) = await town.click(town.olivia, Press("medit", meeting.key, "", "d"))
    given = ask.values | {"languages": "en, fr", "approver": dana.key}
    assert "nobody gets a new message" in show(await town.submit(town.olivia, "practical", meeting.key, given)).text
    details = (await now_is(town, meeting)).details
    assert (details["languages"], details["approver"]) == ("en, fr", dana.key)
    seen = show(await town.click(town.tahmina, Press("details", meeting.key, "3")))
    assert "Languages: English, Français" in seen.text
    assert "Dana" not in seen.text


@on_one
async def test_what_is_filled_in_for_the_first_time_is_silent_until_the_last_day(
    town: Any, meeting: Meeting, show: Any
) -> None:
    (ask,) = await town.click(town.olivia, Press("medit", meeting.key, "", "d"))
    first = ask.values | {"pack_link": "https://example.org/pack"}
    assert "nobody gets a new message" in show(await town.submit(town.olivia, "practical", meeting.key, first)).text
    town.clock.set(START - timedelta(hours=20))
    (ask,) = await town.click(town.olivia, Press("medit", meeting.key, "", "d"))
    late = ask.values | {"map_link": "https://maps.example.org/2"}
    assert "Send to 1" in show(await town.submit(town.olivia, "practical", meeting.key, late)).labels


async def test_the_second_of_two_organisers_sees_what_the_first_changed(town: Any, meeting: Meeting, show: Any) -> None:
    await second_organiser(town)
    (hers,) = await town.command(town.claire, "meeting edit M6")
    await edited(town, meeting, title="Jobs for all", region="Sahel")

    seen = show(
        await town.submit(town.claire, "meeting", meeting.key, hers.values | {"title": "Work", "profile": "Mayors"})
    )

    assert seen.text.splitlines() == [
        "While you were editing M6, Olivia Organiser changed:",
        "Region · was South Asia, now Sahel",
        "Title · was Jobs and skills, now Jobs for all; you wrote Work",
        "Save keeps what you wrote where both of you changed the same. Back shows your form again.",
    ]
    assert seen.labels == ["Save", "Back"]
    assert (await now_is(town, meeting)).title == "Jobs for all"
    async with town.read() as db:
        (kept,) = await db.scalars(select(FormDraft))
        assert (kept.values["title"], kept.values["region"]) == ("Work", "Sahel")

    await town.click(town.claire, seen.button("Save"))

    now = await now_is(town, meeting)
    assert (now.title, now.region, now.details["profile"]) == ("Work", "Sahel", "Mayors")
    assert now.changed_by == town.claire.id


async def test_seats_do_not_go_below_those_who_have_one_and_more_seats_are_offered(
    town: Any, meeting: Meeting, show: Any
) -> None:
    async with town.write() as db:
        (await db.get_one(Meeting, meeting.id)).seats = 1
        mine = (await db.scalars(select(Invitation).where(Invitation.member_id == town.claire.id))).one()
        mine.reply, mine.queued_at, mine.replied_at = "waitlisted", town.clock.now(), town.clock.now()
        (await db.scalars(select(Invitation).where(Invitation.reply == "yes"))).one().guests = 1
    (refused,) = await edited(town, meeting, seats="1", guests="1")  # unchanged seats are not judged
    assert not isinstance(refused, Invalid)
    (refused,) = await edited(town, meeting, seats="")
    assert not isinstance(refused, Invalid)
    assert (await now_is(town, meeting)).seats == 40
    assert await sent(town, "waitlist_offer") == [("waitlist_offer", "m05", "queued")]
    (refused,) = await edited(town, meeting, seats="2")
    assert isinstance(refused, Invalid)
    assert plain(refused.errors["seats"], Reader()) == "3 people are confirmed; seats cannot go below that."


@on_one
async def test_a_moderator_is_named_for_one_meeting_and_changed(town: Any, meeting: Meeting) -> None:
    await edited(town, meeting, moderator=town.claire.key)
    await edited(town, meeting, moderator=town.tahmina.key)
    async with town.read() as db:
        grants = await db.scalars(select(RoleGrant).where(RoleGrant.meeting_id == meeting.id))
        assert [(each.member_id, each.role) for each in grants] == [(town.tahmina.id, "moderator")]
