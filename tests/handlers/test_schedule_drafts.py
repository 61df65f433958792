"""Before a meeting is announced: the organisers' checklist, the call for a topic poll, and the poll's own days."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from bot.commands._loading import _arm
from chat.errors import UserError
from chat.message import Press
from chat.outbound import Invalid, Reply
from chat.text import Reader, When, plain
from handlers import _reminding
from scheduler.contract import Skip
from storage.communities import Community
from storage.meetings import Meeting
from storage.members import RoleGrant
from storage.states import turn
from storage.timers import Timer
from tests.handlers.polling import Stage
from tests.handlers.test_schedule_rows import configure, reach, reported, words
from tests.kinds import on_one

START = datetime(2026, 9, 16, 8, tzinfo=UTC)
"""Wed, 16 September 2026, 10:00 in Brussels; T-60 is Sat, 18 July, T-45 Sun, 2 August."""
POLL, CHECK = datetime(2026, 7, 17, 7, tzinfo=UTC), datetime(2026, 7, 31, 7, tzinfo=UTC)
"""Both on the Friday before, at 09:00 in Brussels."""


async def draft(town: Any, **values: Any) -> Meeting:
    """Plan an online meeting without a theme, as a community file may."""
    async with town.write() as db:
        made = Meeting(
            **{
                "code": "M7", "title": "Jobs and skills", "format": "online", "zone": "Europe/Brussels",
                "state": "scheduled", "starts_at": START, "ends_at": START + timedelta(minutes=150),
                "rsvp_deadline": START - timedelta(days=14), "schedule": {}, "details": {}, **values,
            }
        )  # fmt: skip
        db.add(made)
        await db.flush()
        await _reminding.arm(db, made)
    return made


async def armed(town: Any) -> dict[str, datetime]:
    async with town.read() as db:
        found = await db.execute(
            select(Timer.slot, Timer.due_at).where(Timer.state == "waiting", Timer.kind == "reminder")
        )
        return {slot: due for slot, due in found}  # noqa: C416


def form(start: datetime, **values: str) -> dict[str, str]:
    return {
        "format": "online", "theme": "Housing after return", "region": "South Asia", "start": start.isoformat(),
        "length": "90", "zone": "Europe/Brussels", "rule": "yes", "audience": "all", **values,
    }  # fmt: skip


def written(moment: datetime) -> str:
    return plain(When(moment, "Europe/Brussels"), Reader(zone="Europe/Brussels"))


async def reminds(town: Any) -> datetime:
    async with town.read() as db:
        found = await db.scalar(select(Timer.due_at).where(Timer.kind == "poll_remind"))
    assert isinstance(found, datetime)
    return found


async def lines(town: Any, show: Any, meeting: Meeting) -> list[str]:
    seen = show(await town.click(town.olivia, Press("sched", meeting.key, "0")))
    return [line for line in seen.text.splitlines() if line[:1].isdigit()]


async def test_a_saved_draft_has_its_checklist_and_an_edited_date_moves_it(town: Any, show: Any) -> None:
    show(await town.submit(town.olivia, "meeting", "", form(START)))
    assert await armed(town) == {"poll_open": POLL, "checklist": CHECK}
    async with town.read() as db:
        meeting = (await db.scalars(select(Meeting))).one()

    await town.submit(town.olivia, "meeting", meeting.key, form(START + timedelta(days=7)))
    assert (await armed(town))["checklist"] == CHECK + timedelta(days=7)

    await reach(town, CHECK + timedelta(days=6))
    assert await reported(town, "report_checklist") == []
    await reach(town, CHECK + timedelta(days=7))
    assert await reported(town, "report_checklist") == [("C9", CHECK + timedelta(days=7))]


async def test_a_late_checklist_waits_an_hour_and_comes_once(town: Any, show: Any) -> None:
    late = START - timedelta(days=20)  # Thu, 27 August, 10:00 in Brussels
    town.clock.set(late)
    meeting = await draft(town)
    await reach(town, late + timedelta(minutes=1))
    assert await reported(town, "report_checklist") == []
    shown = await lines(town, show, meeting)
    assert next(each for each in shown if "Checklist" in each).endswith("Checklist · organisers' channel")
    due = late + timedelta(minutes=61)
    assert await armed(town) == {"checklist": due}

    await reach(town, due)
    assert await reported(town, "report_checklist") == [("C9", due)]
    async with town.write() as db:
        row = await db.get_one(Meeting, meeting.id)
        row.starts_at += timedelta(days=1)
        await _reminding.arm(db, row)
    await reach(town, due + timedelta(days=1))
    assert len(await reported(town, "report_checklist")) == 1


@on_one
async def test_a_late_checklist_does_not_come_at_night(town: Any) -> None:
    town.clock.set(datetime(2026, 8, 28, 17, 30, tzinfo=UTC))  # Friday evening
    await draft(town)
    await reach(town, town.clock.now() + timedelta(minutes=1))
    assert await armed(town) == {"checklist": datetime(2026, 8, 31, 7, tzinfo=UTC)}


@on_one
@pytest.mark.parametrize("state", ["inviting", "cancelled"])
async def test_nothing_comes_once_the_meeting_is_announced_or_cancelled(town: Any, state: str) -> None:
    meeting = await draft(town)
    async with town.write() as db:
        row = await db.get_one(Meeting, meeting.id)
        await turn(db, row, state)  # even if nobody called the timers off
    await reach(town, CHECK)
    assert await reported(town, "report_checklist") == []
    assert await reported(town, "report_poll") == []
    assert await town.draw("report_checklist", meeting.key) == Skip("announced")
    async with town.write() as db:
        row = await db.get_one(Meeting, meeting.id)
        await (_reminding.arm if state == "inviting" else _reminding.disarm)(db, row)
    assert not {"poll_open", "checklist"} & set(await armed(town))


@on_one
async def test_an_undone_announcement_and_an_upgrade_give_drafts_their_timers(town: Any) -> None:
    meeting = await draft(town)
    async with town.write() as db:
        row = await db.get_one(Meeting, meeting.id)
        row.state = "inviting"
        await _reminding.arm(db, row)
        row.state = "scheduled"
        await _reminding.disarm(db, row)
    assert await armed(town) == {"poll_open": POLL, "checklist": CHECK}
    async with town.write() as db:
        for each in await db.scalars(select(Timer)):
            await db.delete(each)
        await db.flush()
        await _arm(db)
    assert await armed(town) == {"poll_open": POLL, "checklist": CHECK}


@on_one
async def test_the_checklist_says_what_is_there_and_what_is_missing_without_names(town: Any, show: Any) -> None:
    meeting = await draft(town, format="in_person", region="South Asia", place="Hall 2")
    drawn = await town.draw("report_checklist", meeting.key)
    seen = words(drawn)
    assert (
        "4 things are missing:\n– Theme: missing\n– Seats: missing\n– Moderator: missing\n– Approver: missing" in seen
    )
    assert "Region: South Asia\nFormat: In person\nRule: Chatham House Rule\nLanguages: English, Français" in seen
    assert show([Reply(drawn)]).labels == ["Edit", "Status"]

    async with town.write() as db:
        row = await db.get_one(Meeting, meeting.id)
        row.theme, row.seats = "Housing", 40
        db.add(RoleGrant(member_id=town.claire.id, role="approver"))
        db.add(RoleGrant(member_id=town.claire.id, role="moderator", meeting_id=meeting.id))
    seen = words(await town.draw("report_checklist", meeting.key))
    assert "Nothing is missing.\nTheme: Housing\n" in seen
    assert "Seats: 40\nModerator: named\nApprover: named" in seen
    assert "Claire" not in seen


@on_one
async def test_a_topic_poll_is_called_for_while_the_theme_is_open(town: Any, show: Any) -> None:
    meeting = await draft(town)
    shown = await lines(town, show, meeting)
    assert shown[:4] == [
        "1. Open the topic poll · organisers' channel",
        "2. Topic poll: reminder · who has not voted · if the poll is opened that day",
        "3. Topic poll: close, totals · channels · if the poll is opened that day",
        "4. Checklist · organisers' channel",
    ]
    await reach(town, POLL)
    assert await reported(town, "report_poll") == [("C9", POLL)]
    drawn = await town.draw("report_poll", meeting.key)
    assert "The poll closes 10 days after it opens.\nWho has not voted is reminded after 7 days." in words(drawn)
    assert show([Reply(drawn)]).button("Topic poll").press == Press("go", "", "", "poll_topic")


@on_one
async def test_no_poll_is_called_for_when_one_runs_or_the_theme_is_chosen(town: Any, show: Any) -> None:
    stage, meeting = Stage(town, show), await draft(town)
    town.clock.set(POLL - timedelta(days=4))
    await stage.opened()
    closes = (await stage.poll()).closes_at
    shown = show(await town.click(town.olivia, Press("sched", meeting.key, "0"))).text
    assert "1. Open the topic poll · organisers' channel · a topic poll is open" in shown
    assert f"who has not voted\n{written(await reminds(town))}" in shown
    assert f"channels\n{written(closes)}" in shown
    mine = show(await town.click(town.olivia, Press("schedone", meeting.key, "", town.claire.key))).text
    assert "· Topic poll: reminder\n" in mine
    assert "Checklist · only for: organisers' channel" in mine
    await stage.press(town.claire, "1 · Jobs")
    mine = show(await town.click(town.olivia, Press("schedone", meeting.key, "", town.claire.key))).text
    assert "Topic poll: reminder · has voted" in mine

    await reach(town, POLL)
    assert await reported(town, "report_poll") == []
    await reach(town, closes + timedelta(hours=1))
    assert "closed in the last 30 days" in (await lines(town, show, meeting))[0]
    async with town.write() as db:
        (await db.get_one(Meeting, meeting.id)).theme = "Housing"
    shown_lines = await lines(town, show, meeting)
    assert all(each.endswith("theme is chosen") for each in shown_lines[:3])
    mine = show(await town.click(town.olivia, Press("schedone", meeting.key, "", town.claire.key))).text
    assert "Topic poll: reminder · theme is chosen" in mine


@on_one
async def test_the_days_of_a_topic_poll_are_the_communitys(town: Any, show: Any) -> None:
    meeting = await draft(town)
    own = show(await town.click(town.olivia, Press("rowedit", meeting.key, "", "poll_close")))
    assert own.labels == ["Usual dates", "Back"]
    usual = show(await town.click(town.olivia, own.button("Usual dates")))
    assert "3. 10 days after the poll opens · Topic poll: close, totals · channels" in usual.text
    card = show(await town.click(town.olivia, usual.button("3 · Edit")))
    assert "Switch off" not in card.labels
    (asked,) = await town.click(town.olivia, card.button("Change the date"))
    assert asked.values == {"days": "10"}
    (wrong,) = await town.submit(town.olivia, asked.form, asked.subject, {"days": "7"})
    assert isinstance(wrong, Invalid)
    done = show(await town.submit(town.olivia, asked.form, asked.subject, {"days": "14"}))
    assert "14 days after the poll opens" in done.text
    assert "Changed by this community." in done.text
    await town.submit(town.olivia, "schedrow", "c.poll_remind@online", {"days": "9"})
    async with town.read() as db:
        community = await db.get_one(Community, town.community.id)
        assert community.settings["schedule"] == {"poll_close": {"days": 14}, "poll_remind": {"days": 9}}
    with pytest.raises(UserError):
        await town.click(town.olivia, Press("rowoff", "c", "off", "poll_close@in_person"))

    stage = Stage(town, show)
    now = town.clock.now()
    await stage.opened()
    assert ((await stage.poll()).closes_at.date() - now.date()).days == 14
    assert ((await reminds(town)).date() - now.date()).days in (9, 10)
    await configure(town, schedule={"poll_remind": {"off": True}})
    await stage.opened()
    async with town.read() as db:
        kept = list(await db.scalars(select(Timer.subject).where(Timer.kind == "poll_remind")))
        assert stage.key not in kept


@on_one
async def test_the_checklist_is_changed_like_any_row(town: Any, show: Any) -> None:
    meeting = await draft(town)
    subject = f"{meeting.key}.checklist"
    done = show(await town.submit(town.olivia, "schedrow", subject, {"days": "40", "hour": "11:00"}))
    assert "40 days before, 11:00" in done.text
    assert (await armed(town))["checklist"] == datetime(2026, 8, 7, 9, tzinfo=UTC)
    await town.click(town.olivia, Press("rowoff", meeting.key, "off", "checklist"))
    assert "checklist" not in await armed(town)
    await town.click(town.olivia, Press("rowoff", meeting.key, "usual", "checklist"))
    show(await town.submit(town.olivia, "schedrow", "c.checklist@online", {"days": "50", "hour": "9:00"}))
    assert (await armed(town))["checklist"] == datetime(2026, 7, 28, 7, tzinfo=UTC)
