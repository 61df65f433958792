"""Needs for a meeting in person: consent of their own, never shown again, organisers only, deleted in time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from chat.errors import UserError
from chat.message import Press
from chat.outbound import Ask, Reply
from chat.people import Place
from chat.text import Reader, plain
from handlers import _needing
from handlers._asks import todo, waiting
from storage import needs
from storage.audit import AuditEntry
from storage.meetings import Invitation, Meeting
from storage.members import Member
from storage.needs import Need
from tests.kinds import on_one

ALL = {"consent": "y", "visa": "y", "diet": "h", "diet_other": "", "access": "A ramp, please", "emergency": ""}


@pytest.fixture
async def meeting(town: Any) -> Meeting:
    """Give a meeting in person on Wed, 20 May 2026; Tahmina (Telegram) and Claire (Slack, French) come."""
    async with town.write() as db:
        made = Meeting(
            code="M3", title="Jobs and skills", format="in_person", starts_at=datetime(2026, 5, 20, 8, tzinfo=UTC),
            ends_at=datetime(2026, 5, 20, 16, tzinfo=UTC), zone="Europe/Brussels", state="inviting", revision=3,
            rsvp_deadline=datetime(2026, 5, 6, 16, tzinfo=UTC), place="Room 5",
        )  # fmt: skip
        db.add(made)
        await db.flush()
        for member in (town.tahmina, town.claire):
            db.add(Invitation(meeting_id=made.id, member_id=member.id, reply="yes"))
    return made


async def row_of(town: Any, meeting: Meeting, member: Member) -> Need | None:
    async with town.read() as db:
        return await needs.find(db, meeting, member)


async def set_reply(town: Any, meeting: Meeting, member: Member, **values: Any) -> None:
    async with town.write() as db:
        asked = select(Invitation).where(Invitation.meeting_id == meeting.id, Invitation.member_id == member.id)
        row = (await db.scalars(asked)).one()
        for name, value in values.items():
            setattr(row, name, value)


def said(error: Any) -> str:
    return plain(error.value.text, Reader())


async def test_needs_are_saved_for_organisers_and_never_shown_again(town: Any, meeting: Meeting, show: Any) -> None:
    assert list(await town.click(town.tahmina, Press("needs", meeting.key))) == [Ask("needs", meeting.key)]
    seen = show(await town.submit(town.tahmina, "needs", meeting.key, ALL))
    assert "Saved. Only the organisers see it." in seen.text
    assert "Deleted on: Wed, 3 Jun 2026" in seen.text
    again = show(await town.click(town.tahmina, Press("needs", meeting.key)))
    assert "You have told us your needs." in again.text
    for shown in (seen, again):
        assert "ramp" not in shown.text
        assert "Halal" not in shown.text
    row = await row_of(town, meeting, town.tahmina)
    assert row is not None
    assert (row.visa_letter, row.diet, row.access) == (True, "halal", "A ramp, please")
    assert (row.consented_at, row.delete_on) == (town.clock.now(), meeting.ends_at + timedelta(days=14))


@on_one
async def test_they_are_changed_in_part_and_deleted_at_any_time(town: Any, meeting: Meeting, show: Any) -> None:
    await town.submit(town.tahmina, "needs", meeting.key, ALL)
    await town.submit(town.tahmina, "needs", meeting.key, {"consent": "y", "visa": "n", "diet": ""})
    row = await row_of(town, meeting, town.tahmina)
    assert row is not None
    assert (row.visa_letter, row.diet, row.access) == (False, "halal", "A ramp, please")
    seen = show(await town.click(town.tahmina, Press("needs", meeting.key)))
    (ask,) = await town.click(town.tahmina, seen.button("Emergency contact"))
    assert isinstance(ask, Ask)
    await town.submit(town.tahmina, ask.form, ask.subject, {"emergency": "Brother, 0170"})
    (ask,) = await town.click(town.tahmina, seen.button("Another diet"))
    await town.submit(town.tahmina, ask.form, ask.subject, {"diet_other": "No nuts"})
    row = await row_of(town, meeting, town.tahmina)
    assert row is not None
    assert (row.emergency, row.diet) == ("Brother, 0170", "No nuts")
    town.clock.set(meeting.ends_at)
    gone = show(await town.click(town.tahmina, seen.button("Delete my needs")))
    assert "Deleted. The organisers no longer see anything." in gone.text
    assert await row_of(town, meeting, town.tahmina) is None


@on_one
@pytest.mark.parametrize(
    "standing",
    [
        {"reply": "maybe"},
        {"reply": "waitlisted"},
        {"reply": "delegated"},
        {"withdrawn": True},
        {"mode": "online"},
    ],
)
async def test_only_people_in_the_room_with_a_seat_are_asked(
    town: Any, meeting: Meeting, standing: dict[str, Any]
) -> None:
    await set_reply(town, meeting, town.tahmina, **standing)
    with pytest.raises(UserError) as refused:
        await town.click(town.tahmina, Press("needs", meeting.key))
    assert "people who come to the room" in said(refused)
    with pytest.raises(UserError):
        await town.submit(town.tahmina, "needs", meeting.key, ALL)
    assert await row_of(town, meeting, town.tahmina) is None


@on_one
async def test_nothing_is_kept_without_consent_online_or_after_the_start(town: Any, meeting: Meeting) -> None:
    with pytest.raises(UserError) as refused:
        await town.submit(town.tahmina, "needs", meeting.key, ALL | {"consent": ""})
    assert "agree first" in said(refused)
    with pytest.raises(UserError) as refused:
        await town.submit(town.tahmina, "needtext", f"{meeting.key}.access", {"access": "A ramp"})
    assert "agree first" in said(refused)
    town.clock.set(meeting.starts_at)
    with pytest.raises(UserError):
        await town.submit(town.tahmina, "needs", meeting.key, ALL)
    assert await row_of(town, meeting, town.tahmina) is None


@on_one
async def test_the_form_leaves_no_draft_and_its_consent_names_the_day(town: Any, meeting: Meeting) -> None:
    form = _needing.whole_form(meeting)
    assert form.sensitive
    assert not form.review
    assert plain(form.fields[0].label, Reader()) == "May the organisers keep your answers until Wed, 3 Jun 2026?"
    assert [each.required for each in form.fields] == [True, False, False, False, False, False]
    assert all(len(option.value) == 1 for each in form.fields[:3] for option in each.options)  # type: ignore[attr-defined]
    assert _needing.text_form("access").sensitive


async def test_organisers_see_totals_letters_and_texts_and_each_look_is_noted(
    town: Any, meeting: Meeting, show: Any
) -> None:
    assert "Nobody has told any needs yet." in show(await town.command(town.olivia, "meeting needs M3")).text
    await town.submit(town.tahmina, "needs", meeting.key, ALL)
    await town.submit(
        town.claire,
        "needs",
        meeting.key,
        {"consent": "y", "diet": "v", "diet_other": "No fish", "emergency": "Max, 01"},
    )
    seen = show(await town.command(town.olivia, "meeting needs M3"))
    assert seen.text.split("\n")[:7] == [
        "Needs for M3: Jobs and skills",
        "Diets: Halal 1 · Another diet 1",
        "1 person asked for a visa letter",
        "1. Tahmina Udaharon · visa letter",
        "2. another diet: No fish",
        "3. Claire Exemple · emergency: Max, 01",
        "4. Tahmina Udaharon · access: A ramp, please",
    ]
    async with town.read() as db:
        looks = await db.scalars(select(AuditEntry).where(AuditEntry.act == "needs_viewed"))
        assert [(each.member_id, each.subject) for each in looks] == [(town.olivia.id, meeting.key)] * 2
        assert await needs.totals(db, meeting) == {"halal": 1, "other": 1}
        assert [each.id for each in await needs.visa(db, meeting)] == [town.tahmina.id]
        (letter,) = [each for each in await todo(db, town.clock.now()) if "visa" in plain(each.line, Reader())]
    assert plain(letter.line, Reader()) == "M3 · 1 person asked for a visa letter"
    await set_reply(town, meeting, town.tahmina, reply="no")
    seen = show(await town.command(town.olivia, "meeting needs M3"))
    assert "Tahmina" not in seen.text, "who does not come is never shown"


@on_one
async def test_the_list_comes_in_pages_of_ten_and_only_in_private(town: Any, meeting: Meeting, show: Any) -> None:
    async with town.write() as db:
        for number in range(12):
            member = Member(code=f"x{number}", name=f"Person {number:02}", zone="Europe/Paris")
            db.add(member)
            await db.flush()
            db.add(Invitation(meeting_id=meeting.id, member_id=member.id, reply="yes"))
            await needs.save(db, meeting, member, needs.Given(access="Step-free"), town.clock.now())
    group = Place("slack", "T1", "C9", "group")
    (reply,) = await town.command(town.olivia, "meeting needs M3", group)
    assert isinstance(reply, Reply)
    assert reply.private
    assert reply.message.protect
    seen = show([reply])
    assert "10. Person 09" in seen.text
    assert "Person 10" not in seen.text
    (second,) = await town.click(town.olivia, seen.button("Next"), group)
    assert isinstance(second, Reply)
    assert second.private
    assert "12. Person 11" in show([second]).text


@on_one
async def test_members_cannot_open_the_list(town: Any, meeting: Meeting, show: Any) -> None:
    await town.submit(town.claire, "needs", meeting.key, ALL)
    for answers in (
        await town.command(town.tahmina, "meeting needs M3"),
        await town.click(town.tahmina, Press("needlist", meeting.key)),
    ):
        assert show(answers).text == "Only organisers can do that."


@on_one
async def test_home_asks_until_somebody_has_told_or_needs_nothing(town: Any, meeting: Meeting, show: Any) -> None:
    async def open_for(member: Member) -> list[Any]:
        async with town.read() as db:
            return [each for each in await waiting(db, member, town.clock.now()) if each.kind == "inperson_needs"]

    (waits,) = await open_for(town.tahmina)
    assert plain(waits.line, Reader()) == "Your needs for Jobs and skills (optional)"
    seen = show(await town.click(town.tahmina, waits.button))
    assert "Answering is optional and only the organisers see it." in seen.text
    await town.click(town.tahmina, seen.button("I need nothing"))
    assert await open_for(town.tahmina) == []
    async with town.read() as db:
        assert await needs.totals(db, meeting) == {}
    await set_reply(town, meeting, town.claire, reply="maybe")
    assert await open_for(town.claire) == []
