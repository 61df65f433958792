"""A moderator ticks, imports a platform's list, finishes the attendance; who is found present later is asked then."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from chat.errors import FileWanted, UserError
from chat.inbound import Submission
from chat.message import Message, Press
from chat.outbound import Ask, Edit, Reply
from chat.people import Place
from handlers import _attending, features
from storage import attendance
from storage.deliveries import Campaign, Delivery
from storage.drafts import FormDraft
from storage.feedback import FeedbackFlag, silent
from storage.meetings import Attendance, Invitation, Meeting
from storage.members import Member, Organisation, RoleGrant
from storage.timers import Timer
from tests.kinds import on_one

START = datetime(2026, 5, 20, 8, tzinfo=UTC)
END = START + timedelta(minutes=100)
CHANNEL = Place("slack", "T1", "C9", "group")
LIST = (
    "Name,Duration\nClaire Exemple,60\nUdaharon Tahmina,30\nTahmina U.,10\nMaria Rossi,100\nNora Nobody,100\n"
)  # fmt: skip


@pytest.fixture
async def meeting(town: Any) -> Meeting:
    """Give a meeting that has just ended; Tahmina, Claire and both Maria Rossis said yes, Zoe no."""
    async with town.write() as db:
        made = Meeting(
            code="M6", title="Jobs and skills", format="online", starts_at=START, ends_at=END, zone="Europe/Brussels",
            state="held", revision=3, rsvp_deadline=START,
        )  # fmt: skip
        office = Organisation(name="Comune", country="IT")
        db.add_all([made, office])
        await db.flush()
        people = [
            Member(code=code, name=name, zone="UTC", organisation_id=office.id if code == "r1" else None)
            for code, name in (("r1", "Maria Rossi"), ("r2", "Maria Rossi"), ("z1", "Zoe Zero"))
        ]
        db.add_all(people)
        await db.flush()
        for each in (town.tahmina, town.claire, *people):
            reply = "no" if each.code == "z1" else "yes"
            db.add(Invitation(meeting_id=made.id, member_id=each.id, reply=reply, invited_at=START))
    town.clock.set(END + timedelta(minutes=5))
    return made


async def states(town: Any) -> dict[str, tuple[str, str]]:
    async with town.read() as db:
        query = select(Member.code, Attendance.state, Attendance.source)
        found = await db.execute(query.join(Attendance, Attendance.member_id == Member.id))
        return {code: (state, source) for code, state, source in found}


async def submit(town: Any, who: Member, meeting: Meeting, content: str) -> list[Any]:
    """Hand a list in as the dispatcher does: the handler asks for the file, and is asked again with what was read."""
    values = {"list": f"F1|{len(content)}|list.csv"}
    feature = next(each for each in features() if "attendance_list" in each.submissions)
    files: dict[str, object] = {}
    for _ in range(2):
        async with town.write() as db:
            ctx = await town._context(db, Submission(draft="d", page=0, values=values, **town._common(who, None)))
            ctx.files = files
            try:
                return list(await feature.submissions["attendance_list"](ctx, meeting.key, values))
            except FileWanted as wanted:
                files = {wanted.file: wanted.read(content.encode()), "limit": wanted.limit}
    raise AssertionError("asked twice")


async def test_a_tap_moves_a_record_on_and_a_stale_one_only_shows(town: Any, meeting: Meeting, show: Any) -> None:
    shown = await town.command(town.olivia, "meeting attendance M6")
    assert "no record 4" in show(shown).text
    assert "1. Claire Exemple · no record" in show(shown).text
    first = show(shown).button("1 · Claire Exemple")
    expected = [("attended", "moderator"), ("partial", "moderator"), ("excused", "moderator"), ("absent", "moderator")]
    answers = shown
    for each in expected:
        answers = await town.click(town.olivia, show(answers).button("1 · Claire Exemple"))
        assert (await states(town))["m05"] == each
    assert "absent 1" in show(answers).text
    stale = await town.click(town.olivia, first)
    assert "out of date" in show(stale).text
    assert (await states(town))["m05"] == ("absent", "moderator")
    await town.click(town.olivia, show(answers).button("1 · Claire Exemple"))
    assert await states(town) == {}


@on_one
async def test_check_in_times_are_those_of_the_reader_alone(town: Any, meeting: Meeting, show: Any) -> None:
    async with town.write() as db:
        made = await db.get_one(Meeting, meeting.id)
        await attendance.check_in(db, made, town.claire, "", START + timedelta(minutes=2))
        (await db.get_one(Member, town.olivia.id)).zone = "Asia/Dhaka"
    seen = show(await town.command(town.olivia, "meeting attendance M6"), zone="Asia/Dhaka")
    assert "1. Claire Exemple · here, 14:02 (Dhaka)" in seen.text.splitlines()
    again = show([Reply(await town.draw("attendance", meeting.key, await town.reload(town.olivia), first=False))],
                 zone="Asia/Dhaka")  # fmt: skip
    assert again.text == seen.text


async def test_two_moderators_at_once_move_it_once(town: Any, meeting: Meeting) -> None:
    async def tap() -> bool:
        async with town.write() as db:
            made, member = await db.get_one(Meeting, meeting.id), await db.get_one(Member, town.claire.id)
            return await attendance.tick(db, made, member, "", town.clock.now())

    assert sorted(await asyncio.gather(*(tap() for _ in range(4)))) == [False, False, False, True]
    assert await states(town) == {"m05": ("attended", "moderator")}


@on_one
async def test_only_organisers_and_moderators_of_this_meeting_see_names(town: Any, meeting: Meeting, show: Any) -> None:
    for press in (Press("attend", meeting.key), Press("import", meeting.key), Press("attdone", meeting.key),
                  Press("tick", meeting.key, "0n", town.claire.key)):  # fmt: skip
        with pytest.raises(UserError):
            await town.click(town.tahmina, press)
    async with town.write() as db:
        db.add(RoleGrant(member_id=town.tahmina.id, role="moderator", meeting_id=meeting.id))
    assert "Claire" in show(await town.click(town.tahmina, Press("attend", meeting.key))).text
    answers = await town.click(town.olivia, Press("attend", meeting.key), where=CHANNEL)
    assert [each.private for each in answers] == [True]
    with pytest.raises(UserError):  # nobody who is not on the list gets a record
        await town.click(town.olivia, Press("tick", meeting.key, "0n", town.olivia.key))


@on_one
async def test_the_code_of_the_day_is_made_once_and_replaced_on_a_tap(town: Any, meeting: Meeting, show: Any) -> None:
    town.clock.set(START)
    await update_meeting(town, meeting, state="live")

    async def code(answers: Any) -> str:
        line = next(each for each in show(answers).text.splitlines() if each.startswith("Code of the day: "))
        return str(line[-4:])

    opened = await town.command(town.olivia, "meeting attendance")
    first = await code(opened)
    assert first.isdigit()
    assert await code(await town.click(town.olivia, Press("attend", meeting.key))) == first
    second = await code(await town.click(town.olivia, show(opened).button("New code")))
    assert second != first
    assert "checked in" in show(await town.command(town.claire, f"checkin {second}")).text


async def update_meeting(town: Any, meeting: Meeting, **values: Any) -> None:
    async with town.write() as db:
        await db.execute(update(Meeting).where(Meeting.id == meeting.id).values(**values))


@on_one
async def test_long_lists_have_pages(town: Any, meeting: Meeting, show: Any) -> None:
    async with town.write() as db:
        more = [Member(code=f"x{n:02}", name=f"Extra {n:02}", zone="UTC") for n in range(20)]
        db.add_all(more)
        await db.flush()
        db.add_all([Invitation(meeting_id=meeting.id, member_id=each.id, reply="yes") for each in more])
    pages = [await town.click(town.olivia, Press("attend", meeting.key))]
    for _ in range(2):
        pages.append(await town.click(town.olivia, show(pages[-1]).button("Next")))
    assert [sum(each[0].isdigit() for each in show(page).labels) for page in pages] == [10, 10, 4]
    ticked = await town.click(town.olivia, show(pages[1]).button("11 · Extra 09"))
    assert "11. Extra 09 · here" in show(ticked).text


@on_one
async def test_a_list_is_shown_first_and_saved_on_a_tap(town: Any, meeting: Meeting, show: Any) -> None:
    assert await town.click(town.olivia, Press("import", meeting.key)) == [Ask("attendance_list", meeting.key)]
    answers = await submit(town, town.olivia, meeting, LIST)
    assert [each.private for each in answers] == [True, True]
    unknown, preview = show(answers[:1]), show(answers[1:])
    assert "Nora Nobody" in unknown.text
    assert "2 people found, 1 for a part." in preview.text
    assert "Who is “Maria Rossi”?" in preview.text
    assert preview.labels == ["Maria Rossi · Comune", "Maria Rossi", "None of these", "Save", "Cancel"]
    assert await states(town) == {}
    async with town.read() as db:  # what is kept names nobody unknown
        kept = str([each.values for each in await db.scalars(select(FormDraft))])
    assert "Nora" not in kept
    assert "Claire" not in kept
    picked = await town.click(town.olivia, preview.button("Maria Rossi · Comune"))
    again = await town.click(town.olivia, preview.button("Maria Rossi · Comune"))  # a late second tap picks nothing
    assert show(picked).labels == show(again).labels == ["Save", "Cancel"]
    saved = await town.click(town.olivia, show(picked).button("Save"))
    assert "3 records are new or changed" in show(saved).text
    expected = {"m05": ("attended", "import"), "m15": ("partial", "import"), "r1": ("attended", "import")}
    assert await states(town) == expected
    async with town.read() as db:
        assert list(await db.scalars(select(FormDraft))) == []
    with pytest.raises(UserError):
        await town.click(town.olivia, show(picked).button("Save"))


@on_one
async def test_the_same_list_again_changes_nothing_and_ticks_stay(town: Any, meeting: Meeting, show: Any) -> None:
    text = "Name,Duration\nClaire Exemple,10\nTahmina Udaharon,100\nZoe Zero,100\n"
    async with town.write() as db:
        made = await db.get_one(Meeting, meeting.id)
        await attendance.tick(db, made, town.claire, "", END)  # attended, whatever the list says
    for expected in ("2 records are new", "0 records are new"):
        preview = show(await submit(town, town.olivia, meeting, text))
        saved = show(await town.click(town.olivia, preview.button("Save"))).text
        assert expected in saved
        assert "1 stays as it was ticked by hand" in saved
    assert await states(town) == {
        "m05": ("attended", "moderator"), "m15": ("attended", "import"), "z1": ("attended", "import"),
    }  # fmt: skip
    async with town.read() as db:
        assert [member.code for member, _ in await attendance.walk_ins(db, meeting)] == ["z1"]


async def test_who_checked_in_in_the_room_is_not_made_partial_by_the_online_list(town: Any, meeting: Meeting) -> None:
    await update_meeting(town, meeting, format="hybrid")
    async with town.write() as db:
        made = await db.get_one(Meeting, meeting.id)
        await attendance.check_in(db, made, town.claire, "room", START)
        await attendance.check_in(db, made, town.tahmina, "online", START)
        saved = await attendance.take_over(
            db, made, {town.claire.id: "partial", town.tahmina.id: "partial"}, [town.claire, town.tahmina]
        )
    assert (saved.written, saved.kept) == ((town.tahmina.id,), 1)
    assert await states(town) == {"m05": ("attended", "self"), "m15": ("partial", "import")}


@on_one
async def test_a_list_of_strangers_cannot_be_saved_and_a_preview_is_its_owners(
    town: Any, meeting: Meeting, show: Any
) -> None:
    strangers = "".join(f"No One {n},5\n" for n in range(40))
    answers = await submit(town, town.olivia, meeting, f"Name,Duration\n{strangers}")
    assert "40 names are not known" in show(answers[:1]).text
    assert "and 15 more" in show(answers[:1]).text
    assert show(answers[1:]).labels == ["Cancel"]
    stopped = await town.click(town.olivia, show(answers).button("Cancel"))
    assert "Nothing was imported" in show(stopped).text
    preview = show(await submit(town, town.olivia, meeting, LIST))
    async with town.write() as db:
        db.add(RoleGrant(member_id=town.claire.id, role="moderator", meeting_id=meeting.id))
    with pytest.raises(UserError):
        await town.click(town.claire, preview.button("Save"))
    async with town.write() as db:  # the right may be taken away between preview and tap
        await db.execute(delete(RoleGrant).where(RoleGrant.member_id == town.olivia.id))
    with pytest.raises(UserError):
        await town.click(town.olivia, preview.button("Save"))


async def test_finishing_makes_the_unknown_absent_once_somebody_is_recorded(
    town: Any, meeting: Meeting, show: Any
) -> None:
    with pytest.raises(UserError):
        await town.click(town.olivia, Press("attdone", meeting.key))
    async with town.write() as db:
        made = await db.get_one(Meeting, meeting.id)
        await attendance.check_in(db, made, town.claire, "", START)
        db.add(Attendance(meeting_id=made.id, member_id=town.tahmina.id, state="excused", source="moderator", at=END))
    answers = await town.click(town.olivia, Press("attdone", meeting.key))
    assert "2 people without a record are now absent" in show(answers).text
    assert await states(town) == {
        "m05": ("attended", "self"), "m15": ("excused", "moderator"), "r1": ("absent", "moderator"),
        "r2": ("absent", "moderator"),
    }  # fmt: skip
    async with town.read() as db:
        assert {each.code for each in await attendance.missing(db, meeting)} == {"r1", "r2"}
    async with town.write() as db:  # a list that comes later still corrects what nobody had ticked
        made = await db.get_one(Meeting, meeting.id)
        people = await attendance.invited(db, made)
        wanted = {each.id: "attended" for each in people if each.code in ("r1", "m15")}
        assert (await attendance.take_over(db, made, wanted, people)).kept == 1
    assert (await states(town))["r1"] == ("attended", "import")
    assert (await states(town))["m15"] == ("excused", "moderator")


@on_one
async def test_the_day_after_it_finishes_by_itself_and_asks_who_was_absent(town: Any, meeting: Meeting) -> None:
    async with town.write() as db:
        made = await db.get_one(Meeting, meeting.id)
        await _attending.arm(db, made, town.clock.now())
    by = _attending.reconciled_by(meeting)
    assert by == datetime(2026, 5, 21, 22, tzinfo=UTC)  # midnight after Thursday in Brussels
    town.clock.set(by)
    assert await town.work("attclose") == 1
    assert await states(town) == {}  # nobody keeps attendance here: nobody is called absent
    async with town.write() as db:
        await db.execute(update(Timer).where(Timer.kind == "attclose").values(state="waiting"))
        made = await db.get_one(Meeting, meeting.id)
        await attendance.check_in(db, made, town.claire, "", START)
    assert await town.work("attclose") == 1
    assert (await states(town))["m15"] == ("absent", "moderator")
    assert await planned(town, "absent") == {"m15", "r1", "r2"}


async def planned(town: Any, kind: str) -> set[str]:
    async with town.read() as db:
        found = await db.scalars(
            select(Member.code).join(Delivery, Delivery.member_id == Member.id)
            .join(Campaign, Campaign.id == Delivery.campaign_id).where(Campaign.kind == kind)
        )  # fmt: skip
        return set(found)


@on_one
async def test_who_is_found_present_later_is_asked_for_feedback_then(town: Any, meeting: Meeting) -> None:
    async with town.write() as db:
        made = await db.get_one(Meeting, meeting.id)
        await attendance.check_in(db, made, town.claire, "", START)
    press = Press("tick", meeting.key, "0n", town.tahmina.key)
    await town.click(town.olivia, press)
    assert await planned(town, "feedback_request") == set()  # the others are not asked yet either
    town.clock.set(END + timedelta(hours=20))
    await town.click(town.olivia, Press("tick", meeting.key, "0a", town.tahmina.key))  # for a part: asked as well
    assert await planned(town, "feedback_request") == {"m15"}
    await town.click(town.olivia, Press("tick", meeting.key, "0p", town.tahmina.key))
    async with town.write() as db:
        assert [each.code for each in await silent(db, meeting)] == []  # excused now: no reminder
        db.add(FeedbackFlag(meeting_id=meeting.id, member_id=town.claire.id, state="later"))
        await db.flush()
        assert [each.code for each in await silent(db, meeting)] == ["m05"]


async def test_while_nobody_keeps_attendance_those_who_said_yes_count_delegates_among_them(
    town: Any, meeting: Meeting
) -> None:
    async with town.write() as db:
        mine = Invitation.member_id == town.claire.id
        await db.execute(update(Invitation).where(mine).values(reply="delegated"))
        mine = Invitation.member_id == town.tahmina.id
        await db.execute(update(Invitation).where(mine).values(represents=town.claire.id))
        assert [each.code for each in await attendance.attended(db, meeting)] == ["r1", "r2", "m15"]
        assert [each.code for each, _ in await attendance.roll(db, meeting)] == ["r1", "r2", "m15"]
        await attendance.check_in(db, meeting, town.tahmina, "", START)
        assert [each.code for each in await attendance.attended(db, meeting)] == ["m15"]


@on_one
async def test_the_desk_names_meetings_without_records_for_a_week(town: Any, meeting: Meeting, show: Any) -> None:
    async def lines() -> str:
        async with town.read() as db:
            todos = next(each for each in features() if each.name == "attendance").todos
            found = await todos[0](db, town.clock.now())
        return str(show([Reply(Message((each.line,))) for each in found]).text)

    assert "Attendance of M6: 4 without a record" in await lines()
    town.clock.set(END + timedelta(days=8))
    assert await lines() == ""


@on_one
async def test_the_screen_turns_in_place_in_private(town: Any, meeting: Meeting) -> None:
    answers = await town.click(town.olivia, Press("attpage", meeting.key, "0"))
    assert [type(each) for each in answers] == [Edit]
