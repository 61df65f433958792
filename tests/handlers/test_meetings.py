"""Planning a meeting, changing its words, and what members see of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from chat.errors import FieldError
from chat.form import Asking, ChoiceField
from chat.message import Press
from chat.outbound import Ask, Card, Edit, Invalid, Reply
from chat.people import Place
from chat.text import Reader, plain
from storage.audit import AuditEntry
from storage.meetings import Invitation, Meeting
from storage.members import Member, Organisation, RoleGrant
from tests.handlers.changing import the_form
from tests.kinds import on_one

JOBS = "Jobs, skills and community-based reintegration"
VALUES = {
    "format": "online", "theme": JOBS, "region": "South Asia", "start": "2026-05-20T08:00:00+00:00", "length": "150",
    "zone": "Europe/Brussels", "title": "", "link": "https://meet.example.org/m6", "place": "", "deadline": "",
    "audience": "all",
}  # fmt: skip
GROUP = Place("telegram", "700", "-1001", "group")


async def plan(town: Any, **changes: str) -> Meeting:
    answers = await town.submit(town.olivia, "meeting", "", VALUES | changes)
    assert isinstance(answers[0], Reply), answers
    async with town.read() as db:
        return (await db.scalars(select(Meeting).order_by(Meeting.id.desc()).limit(1))).one()


async def announce(town: Any, meeting: Meeting, *members: Any) -> None:
    async with town.write() as db:
        (await db.get_one(Meeting, meeting.id)).state = "inviting"
        db.add_all(
            [Invitation(meeting_id=meeting.id, member_id=each.id, invited_at=town.clock.now()) for each in members]
        )


async def test_an_organiser_plans_a_meeting_and_nothing_is_sent(town: Any, show: Any) -> None:
    (ask,) = await town.command(town.olivia, "meeting new")
    assert ask == Ask("meeting", "", {"zone": "Europe/Brussels", "audience": "all", "rule": "yes"})

    answers = await town.submit(town.olivia, "meeting", "", VALUES)

    seen = show(answers)
    assert seen.text.splitlines()[0] == "M1 is saved. Nothing has been sent."
    assert "Wed, 20 May 2026, 10:00–12:30 (Brussels)" in seen.text
    assert "Please reply by: Wed, 6 May 2026, 18:00 (Brussels)" in seen.text
    assert seen.labels == ["Preview", "Edit", "Add details"]
    assert answers[0].private
    async with town.read() as db:
        meeting = (await db.scalars(select(Meeting))).one()
        assert (meeting.state, meeting.title, meeting.revision) == ("scheduled", JOBS, 0)
        assert [each.act for each in await db.scalars(select(AuditEntry))] == ["create_meeting"]


@on_one
async def test_members_may_not_plan_meetings(town: Any, show: Any) -> None:
    assert show(await town.submit(town.claire, "meeting", "", VALUES)).text == "Only organisers can do that."


@on_one
async def test_a_meeting_in_person_needs_a_place_and_has_an_earlier_deadline(town: Any, show: Any) -> None:
    (refused,) = await town.submit(town.olivia, "meeting", "", VALUES | {"format": "in_person"})
    assert isinstance(refused, Invalid)
    assert list(refused.errors) == ["place"]

    meeting = await plan(town, format="in_person", place="Istanbul, Hall 2", start="2026-07-20T08:00:00+00:00")
    assert meeting.rsvp_deadline == datetime(2026, 6, 20, 16, tzinfo=UTC)


@on_one
async def test_a_hybrid_meeting_has_two_limits_and_two_deadlines_and_what_is_not_said_is_usual(town: Any) -> None:
    meeting = await plan(
        town, format="hybrid", place="Istanbul, Hall 2", start="2026-07-20T08:00:00+00:00", seats="",
        per_organisation="0", moderator=town.claire.key, rule="no", profile="Mayors", agenda="https://example.org/a",
    )  # fmt: skip
    assert (meeting.seats, meeting.seats_online, meeting.per_organisation, meeting.guests) == (40, 60, None, 0)
    assert meeting.rsvp_deadline == datetime(2026, 6, 20, 16, tzinfo=UTC)
    assert meeting.online_deadline == datetime(2026, 7, 13, 16, tzinfo=UTC)
    assert (meeting.chatham_house, meeting.details) == (False, {"profile": "Mayors"})
    async with town.read() as db:
        grants = await db.scalars(select(RoleGrant).where(RoleGrant.meeting_id == meeting.id))
        assert [(each.member_id, each.role) for each in grants] == [(town.claire.id, "moderator")]
    online = await plan(town)
    assert (online.seats, online.seats_online, online.per_organisation) == (60, None, 2)
    late = {"online_deadline": "2026-07-21T08:00:00+00:00", "format": "hybrid", "place": "Hall 2"}
    (refused,) = await town.submit(town.olivia, "meeting", "", VALUES | late)
    assert isinstance(refused, Invalid)
    assert list(refused.errors) == ["online_deadline"]


@on_one
async def test_a_moderator_is_typed_by_a_part_of_the_name_that_fits_one_person(town: Any) -> None:
    form = await the_form(town, town.olivia)
    asked = next(each for each in form.fields if each.id == "moderator")
    asking = Asking(town.clock.now(), "UTC", "en", {})
    assert asked.clean("tahmina", asking) == town.tahmina.key
    assert asked.clean(town.claire.key, asking) == town.claire.key
    for typed, text in (
        ("nobody", "I know nobody of that name."),
        ("a", "Several people fit: Olivia Organiser, Claire Exemple, Tahmina Udaharon. Which"),
    ):
        with pytest.raises(FieldError) as caught:
            asked.clean(typed, asking)
        assert plain(caught.value.text, Reader()).startswith(text)


@on_one
async def test_a_moderator_is_found_among_more_people_than_a_menu_holds(town: Any) -> None:
    async with town.write() as db:
        office = Organisation(name="Returns desk", country="NG")
        db.add(office)
        await db.flush()
        names = [f"Member {number:03}" for number in range(120)] + ["Zoë Örnek", "Zoë Örnek"]
        made = [Member(code=f"x{n}", name=each, organisation_id=office.id if n == 120 else None, zone="UTC")
                for n, each in enumerate(names)]  # fmt: skip
        db.add_all(made)
        await db.flush()
        first, second = made[120].key, made[121].key
    form = await the_form(town, town.olivia)
    asked = next(each for each in form.fields if each.id == "moderator")
    assert isinstance(asked, ChoiceField)
    assert (len(asked.options), asked.other) == (100, True)
    assert first not in {each.value for each in asked.options}
    asking = Asking(town.clock.now(), "UTC", "en", {})
    assert asked.clean("member 119", asking) == made[119].key
    with pytest.raises(FieldError) as caught:
        asked.clean("ornek", asking)
    assert [key for _, key in caught.value.offers] == [first, second]
    assert asked.clean("zoe ornek returns", asking) == first
    assert asked.clean("Zoë Örnek", asking) == second  # the whole of what is shown of her
    meeting = await plan(town, moderator=second)
    changed = await the_form(town, town.olivia, meeting.key)
    asked = next(each for each in changed.fields if each.id == "moderator")
    assert isinstance(asked, ChoiceField)
    assert asked.options[0].value == second  # who moderates now is in the menu


@on_one
async def test_a_near_meeting_gets_a_deadline_that_is_still_ahead(town: Any) -> None:
    start = town.clock.now() + timedelta(hours=5)
    meeting = await plan(town, start=start.isoformat())
    assert town.clock.now() < meeting.rsvp_deadline < start


@on_one
@pytest.mark.parametrize(
    ("field", "raw", "text"),
    [
        ("start", "2026-01-20T08:00:00+00:00", "That moment has passed. Please choose a later one."),
        ("title", "Ho", "Please write at least 5 characters."),
        ("link", "javascript:alert(1)", "Please give a link that starts with https://."),
        ("zone", "Atlantis", "I do not know that place."),
        ("format", "by pigeon", "Please tap one of the buttons."),
    ],
)
async def test_each_field_says_what_is_wrong(town: Any, field: str, raw: str, text: str) -> None:
    form = await the_form(town, town.olivia)
    asked = next(each for each in form.fields if each.id == field)
    with pytest.raises(FieldError) as caught:
        asked.clean(raw, Asking(town.clock.now(), "Europe/Brussels", "en", {}))
    assert plain(caught.value.text, Reader()).startswith(text)


@on_one
async def test_the_deadline_must_be_before_the_start(town: Any) -> None:
    (refused,) = await town.submit(town.olivia, "meeting", "", VALUES | {"deadline": VALUES["start"]})
    assert isinstance(refused, Invalid)
    assert list(refused.errors) == ["deadline"]


@on_one
async def test_a_zone_may_be_typed_as_a_city(town: Any) -> None:
    form = await the_form(town, town.olivia)
    zone = next(each for each in form.fields if each.id == "zone")
    assert zone.clean("dakar", Asking(town.clock.now(), "UTC", "en", {})) == "Africa/Dakar"


async def test_the_same_theme_and_region_are_pointed_out(town: Any, show: Any) -> None:
    await plan(town)
    assert "M1 had this theme and region." in show(await town.submit(town.olivia, "meeting", "", VALUES)).text


async def test_words_of_a_planned_meeting_can_be_changed_and_the_form_is_filled_in(town: Any) -> None:
    meeting = await plan(town)
    (ask,) = await town.command(town.olivia, "meeting edit")
    assert ask.subject == meeting.key
    assert ask.values["theme"] == JOBS
    assert ask.values["start"] == VALUES["start"]

    await town.submit(town.olivia, "meeting", meeting.key, ask.values | {"start": "2026-05-21T08:00:00+00:00"})

    async with town.read() as db:
        changed = await db.get_one(Meeting, meeting.id)
        assert (changed.starts_at.day, changed.code, changed.revision) == (21, "M1", 0)
        assert changed.rsvp_deadline == meeting.rsvp_deadline + timedelta(days=1)


@on_one
async def test_an_announced_meeting_keeps_its_time_and_place(town: Any, show: Any) -> None:
    meeting = await plan(town)
    await announce(town, meeting, town.claire)
    (ask,) = await town.command(town.olivia, "meeting edit M1")
    assert not {"format", "start", "length", "zone", "rule", "audience"} & set(ask.values)
    form = await the_form(town, town.olivia, meeting.key)
    assert [each.id for each in form.fields] == [
        "theme", "region", "title", "passcode", "per_organisation", "guests", "moderator", "profile", "agenda", "link",
        "place", "seats", "deadline",
    ]  # fmt: skip
    assert [len(page) for page in form.pages] == [7, 6]
    async with town.write() as db:
        (await db.get_one(Meeting, meeting.id)).format = "hybrid"
    hybrid = await the_form(town, town.olivia, meeting.key)
    assert [len(page) for page in hybrid.pages] == [7, 2, 6]
    async with town.write() as db:
        (await db.get_one(Meeting, meeting.id)).format = "online"

    moved = ask.values | {"start": "2026-05-21T08:00:00+00:00"}
    (refused,) = await town.submit(town.olivia, "meeting", meeting.key, moved)
    assert isinstance(refused, Invalid)
    assert plain(refused.errors[""], Reader()).startswith("This meeting is announced. Its date is changed by")

    saved = show(await town.submit(town.olivia, "meeting", meeting.key, ask.values | {"title": "Jobs and skills"}))
    assert saved.text.startswith("M1 is saved. Cards that were sent show the new words")
    assert "Jobs and skills" in saved.text


@on_one
async def test_a_missing_link_can_be_added_after_the_invitations(town: Any) -> None:
    meeting = await plan(town, link="")
    await announce(town, meeting, town.claire)
    (ask,) = await town.command(town.olivia, "meeting edit M1")
    await town.submit(town.olivia, "meeting", meeting.key, ask.values | {"link": "https://meet.example.org/late"})
    async with town.read() as db:
        changed = await db.get_one(Meeting, meeting.id)
        assert changed.join_link == "https://meet.example.org/late"
        assert changed.starts_at == meeting.starts_at


@on_one
async def test_which_meeting_is_asked_only_when_several_fit(town: Any, show: Any) -> None:
    await plan(town)
    await plan(town, theme="Digital tools", start="2026-06-20T08:00:00+00:00")

    asked = show(await town.command(town.olivia, "meeting edit"))
    assert asked.labels == ["M1 · Jobs, skills and c…", "M2 · Digital tools", "Meetings"]
    assert asked.button("M2 · Digital tools").data == "go:::meeting_edit_M2"
    for words in ("M2", "2", "digital", "m2"):
        (ask,) = await town.command(town.olivia, f"meeting edit {words}")
        assert ask.values["theme"] == "Digital tools"
    assert "I know no meeting of that name" in show(await town.command(town.olivia, "meeting edit M9")).text


@on_one
async def test_members_see_coming_meetings_with_their_own_reply(town: Any, show: Any) -> None:
    assert "No meeting is planned yet" in show(await town.command(town.tahmina, "meetings")).text
    meeting = await plan(town)
    await announce(town, meeting, town.tahmina)

    seen = show(await town.command(town.tahmina, "meetings"), zone="Asia/Dhaka", platform="telegram")

    assert "Wed, 20 May 2026, 14:00–16:30 (Dhaka) · 10:00 Brussels" in seen.text
    assert "You: no reply yet" in seen.text
    assert seen.labels == ["1 · Reply", "Home"]
    (edit,) = await town.click(town.tahmina, seen.button("1 · Reply"))
    assert isinstance(edit, Edit)
    assert edit.card == Card("invitation", meeting.key)


@on_one
async def test_a_group_hears_title_and_date_only(town: Any, show: Any) -> None:
    meeting = await plan(town)
    await announce(town, meeting, town.tahmina)
    seen = show(await town.command(town.tahmina, "meetings", GROUP))
    assert JOBS in seen.text
    assert "10:00" not in seen.text
    assert "example.org" not in seen.text
    assert seen.labels == []


async def test_my_shows_no_replies_too_with_a_way_to_change(town: Any, show: Any) -> None:
    meeting = await plan(town)
    await announce(town, meeting, town.claire)
    await town.click(town.claire, Press("rsvp", meeting.key, "0", "no"))

    seen = show(await town.command(town.claire, "my"))

    assert "You: No" in seen.text
    changed = show(await town.click(town.claire, seen.button("1 · Change reply")))
    assert changed.text.startswith("You replied: No.")
    assert changed.labels[:2] == ["Yes", "Maybe"]


async def test_organisers_list_all_meetings_with_states(town: Any, show: Any) -> None:
    first = await plan(town)
    await announce(town, first, town.claire, town.tahmina)
    await plan(town, theme="Digital tools")
    seen = show(await town.command(town.olivia, "meetings list"))
    assert "M1 · " + JOBS in seen.text
    assert "inviting" in seen.text
    assert "no reply 2" in seen.text
    assert "planned" in seen.text


@on_one
async def test_a_key_of_another_community_is_answered_like_a_missing_one(town: Any) -> None:
    from chat.errors import UserError

    for press in (Press("status", "zzzzzzzzzz"), Press("medit", "zzzzzzzzzz"), Press("undo", "zzzzzzzzzz")):
        with pytest.raises(UserError) as caught:
            await town.click(town.olivia, press)
        assert plain(caught.value.text, Reader()).startswith("I cannot find that here.")
