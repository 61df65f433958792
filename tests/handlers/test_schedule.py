"""The schedule in organisers' hands: the calendar of a meeting, rows changed or off, the dry run for one person."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select, update

from chat.message import Press
from chat.outbound import Ask, Invalid
from chat.text import Reader, plain
from handlers import _reminding
from storage.deliveries import Campaign, Delivery
from storage.meetings import Invitation, Meeting
from storage.members import Member
from storage.timers import Timer
from tests.handlers.sending import planned
from tests.handlers.test_schedule_rows import announced, configure, fill, press, reach
from tests.kinds import on_one


@pytest.fixture
async def meeting(town: Any) -> Meeting:
    """Give an announced online meeting on Wed, 20 May 2026, 10:00 in Brussels."""
    return await announced(town)


async def row(town: Any, meeting: Meeting) -> Meeting:
    async with town.read() as db:
        return await db.get_one(Meeting, meeting.id)


@on_one
async def test_the_calendar_says_who_gets_what_when_and_why_not(town: Any, meeting: Meeting, show: Any) -> None:
    await press(town, town.claire, meeting, "yes")
    seen = show(await town.command(town.olivia, "meeting schedule"))
    lines = seen.text.splitlines()
    assert lines[0] == "Schedule of M6: Jobs and skills"
    shown = dict(zip(lines[1::2], lines[2::2], strict=False))
    assert shown["1. First reminder to reply · no reply yet · now 1 · already past"].startswith("Sat, 18 Apr 2026")
    assert shown["3. Question for the agenda · Yes and Maybe · now 1"] == "Wed, 29 Apr 2026, 10:00 (Brussels)"
    assert shown["5. Maybe: please decide · Maybe · nobody at the moment"] == "Sun, 3 May 2026, 10:00 (Brussels)"
    assert shown["6. Replies close, summary · organisers' channel"] == "Wed, 6 May 2026, 18:00 (Brussels)"
    assert shown["7. Reminder a week before · Yes · now 1"] == "Wed, 13 May 2026, 10:00 (Brussels)"
    assert "8 · Edit" in seen.labels
    more = show(await town.click(town.olivia, seen.button("Next")))
    assert "Reminder an hour before · Yes · now 1" in more.text


@on_one
async def test_before_inviting_the_schedule_opens_from_the_preview(town: Any, show: Any) -> None:
    await planned(town)
    preview = show(await town.command(town.olivia, "meeting preview"))
    seen = show(await town.click(town.olivia, preview.button("Schedule")))
    assert "Nobody is invited yet." in seen.text
    back = show(await town.click(town.olivia, seen.button("Preview")))
    assert "Send to 2" in back.labels


async def test_a_changed_row_moves_what_is_written_already(town: Any, meeting: Meeting, show: Any) -> None:
    await press(town, town.claire, meeting, "yes")
    await reach(town, datetime(2026, 5, 12, 8, tzinfo=UTC))
    seen = show(await town.click(town.olivia, Press("rowedit", meeting.key, "", "reminder_7d")))
    assert "7 days before, 10:00" in seen.text
    (asked,) = await town.click(town.olivia, seen.button("Change the date"))
    assert isinstance(asked, Ask)
    assert asked.values == {"days": "7", "hour": "10:00"}

    done = show(await town.submit(town.olivia, asked.form, asked.subject, {"days": "5", "hour": "14:30"}))

    assert "5 days before, 14:30" in done.text
    assert "Changed for this meeting." in done.text
    await reach(town, datetime(2026, 5, 14, 12, tzinfo=UTC))
    async with town.read() as db:
        query = select(Delivery.due_at, Delivery.state).join(Campaign).where(Campaign.kind == "reminder_7d")
        assert [tuple(each) for each in await db.execute(query)] == [
            (datetime(2026, 5, 15, 12, 30, tzinfo=UTC), "queued")
        ]
    usual = show(await town.click(town.olivia, done.button("As usual")))
    assert "7 days before, 10:00" in usual.text
    assert (await row(town, meeting)).schedule == {}


@on_one
async def test_a_moment_that_is_past_or_too_late_is_refused(town: Any, meeting: Meeting) -> None:
    async def answer(name: str, days: str, hour: str) -> str:
        (found,) = await town.submit(town.olivia, "schedrow", f"{meeting.key}.{name}", {"days": days, "hour": hour})
        assert isinstance(found, Invalid)
        return "".join(plain(each, Reader(zone="Europe/Brussels")) for each in found.errors.values())

    assert await answer("reminder_1d", "0", "10:00") == "It has to come before Wed, 20 May 2026, 10:00 (Brussels)."
    assert await answer("nudge_2", "14", "18:00") == "It has to come before Wed, 6 May 2026, 18:00 (Brussels)."
    assert await answer("nudge_2", "40", "10:00") == "That moment has passed. Please choose a later one."
    assert await answer("nudge_2", "20", "23:00") == "Please give a time between 08:00 and 19:00."
    assert await answer("again_1", "9", "10:00") == "It has to come before Wed, 27 May 2026, 18:00 (Brussels)."
    assert (await row(town, meeting)).schedule == {}


async def test_a_row_is_switched_off_and_on(town: Any, meeting: Meeting, show: Any) -> None:
    await press(town, town.claire, meeting, "yes")
    seen = show(await town.click(town.olivia, Press("rowedit", meeting.key, "", "reminder_1h")))
    assert "Change the date" not in seen.labels
    off = show(await town.click(town.olivia, seen.button("Switch off")))
    assert "switched off" in off.text
    async with town.read() as db:
        waiting = select(Timer.id).where(Timer.slot == "reminder_1h", Timer.state == "waiting")
        assert await db.scalar(waiting) is None
    show(await town.click(town.olivia, off.button("Switch on")))
    assert (await row(town, meeting)).schedule == {}
    async with town.read() as db:
        assert await db.scalar(waiting) is not None


async def test_the_usual_dates_of_a_community_count_for_its_meetings(town: Any, meeting: Meeting, show: Any) -> None:
    seen = show(await town.command(town.olivia, "community schedule"))
    assert "Usual schedule of COPRR: Online" in seen.text
    assert "5. 32 days before, 10:00 · First reminder to reply · no reply yet" in seen.text
    person = show(await town.click(town.olivia, seen.button("In person")))
    assert "5. 60 days before, 10:00 · First reminder to reply" in person.text
    later = show(await town.click(town.olivia, seen.button("Next")))
    card = show(await town.click(town.olivia, later.button("9 · Edit")))
    (asked,) = await town.click(town.olivia, card.button("Change the date"))
    (wrong,) = await town.submit(town.olivia, asked.form, asked.subject, {"days": "14", "hour": "10:00"})
    assert isinstance(wrong, Invalid)
    done = show(await town.submit(town.olivia, asked.form, asked.subject, {"days": "20", "hour": "9:00"}))
    assert "20 days before, 09:00" in done.text
    assert "Changed by this community." in done.text
    async with town.read() as db:
        made = await db.get_one(Meeting, meeting.id)
        dates = await _reminding.calendar(db, made)
        found = dates.row("decide")
        assert found is not None
        assert dates.nominal(found) == datetime(2026, 4, 30, 7, tzinfo=UTC)
        (due,) = await db.scalars(select(Timer.due_at).where(Timer.slot == "decide"))
        assert due == dates.written(found)


@on_one
async def test_the_dry_run_for_one_person_says_each_moment_or_why_not(town: Any, meeting: Meeting, show: Any) -> None:
    await configure(town, no_send=["2026-05-13"])
    await press(town, town.claire, meeting, "yes")
    (asked,) = await town.click(town.olivia, Press("schedone", meeting.key))
    seen = show(await town.submit(town.olivia, asked.form, asked.subject, {"who": "clai"}))
    lines = seen.text.splitlines()
    assert lines[0] == "What Claire Exemple gets about M6"
    assert any(
        "Thu, 14 May 2026, 09:00 (Brussels)" in each
        and "Reminder a week before · moved from Wed, 13 May 2026, 10:00 (Brussels): day without messages" in each
        for each in lines
    )
    assert any(each.endswith("Last reminder to reply · only for: no reply yet") for each in lines)
    await town.click(town.tahmina, Press("rsvp", meeting.key, "0", "no"))
    declined = show(await town.submit(town.olivia, asked.form, asked.subject, {"who": "m15"}))
    assert "Reminder a week before · replied No" in declined.text


@on_one
async def test_the_dry_run_tells_of_pauses_weekends_and_full_weeks(town: Any, meeting: Meeting, show: Any) -> None:
    async def dry_run(member: Member) -> str:
        return str(show(await town.click(town.olivia, Press("schedone", meeting.key, "", member.key))).text)

    assert "Mon, 4 May 2026, 09:00 (Brussels) · Last reminder to reply · moved from Sun, 3 May 2026" in await dry_run(
        town.claire
    )
    await fill(town, town.claire, *[datetime(2026, 5, day, 8, tzinfo=UTC) for day in (8, 11, 12)])
    await press(town, town.claire, meeting, "yes")
    assert "Reminder a week before · in a digest: enough messages that week" in await dry_run(town.claire)
    async with town.write() as db:
        await db.execute(update(Member).where(Member.id == town.tahmina.id).values(state="stopped"))
    assert "Last reminder to reply · messages are off" in await dry_run(town.tahmina)


@on_one
async def test_of_several_names_the_organiser_picks(town: Any, meeting: Meeting, show: Any) -> None:
    async with town.write() as db:
        db.add(Member(code="m77", name="Claire Autre", zone="Europe/Paris", category="expert"))
    seen = show(await town.submit(town.olivia, "schedone", meeting.key, {"who": "Claire"}))
    picked = show(await town.click(town.olivia, seen.button("Claire Autre")))
    assert "Invitation · has no account here" in picked.text
    (wrong,) = await town.submit(town.olivia, "schedone", meeting.key, {"who": "100%"})
    assert isinstance(wrong, Invalid)


@on_one
async def test_the_schedule_is_for_organisers_and_never_stands_in_a_channel(
    town: Any, meeting: Meeting, show: Any
) -> None:
    refused = show(await town.click(town.claire, Press("rowoff", meeting.key, "off", "reminder_7d")))
    assert "Only organisers can do that." in refused.text
    assert (await row(town, meeting)).schedule == {}
    from tests.handlers.sending import TEAM

    (answer,) = await town.click(town.olivia, Press("sched", meeting.key), where=TEAM)
    assert answer.private


@on_one
async def test_the_preview_counts_who_gets_the_invitation_in_a_digest(town: Any, show: Any) -> None:
    await planned(town)
    await fill(town, town.claire, *[datetime(2026, 4, day, 8, tzinfo=UTC) for day in (17, 20, 21)])
    preview = show(await town.command(town.olivia, "meeting invite"))
    assert "1 person has had enough messages this week and gets it in a digest." in preview.text
    sent = show(await town.click(town.olivia, preview.button("Send to 2")))
    async with town.read() as db:
        kinds = {kind: code for kind, code in await db.execute(  # noqa: C416
            select(Campaign.kind, Member.code).join(Delivery, Delivery.campaign_id == Campaign.id)
            .join(Member, Member.id == Delivery.member_id)
            .where(Campaign.kind.in_(("invitation", "digest")))
        )}  # fmt: skip
        assert kinds == {"invitation": "m15", "digest": "m05"}
        assert len(list(await db.scalars(select(Invitation)))) == 2
    await town.click(town.olivia, sent.button("Undo"))
    async with town.read() as db:
        assert list(await db.scalars(select(Invitation))) == []
