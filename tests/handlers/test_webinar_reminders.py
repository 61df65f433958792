"""Reminders of a webinar and its link: each at the right hour, to the registered alone, nothing twice."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from chat.message import Press
from handlers import _webinar_day_timers
from scheduler.contract import Skip
from storage import webinars
from storage.deliveries import Campaign, Delivery
from storage.members import Member
from storage.timers import Timer
from storage.webinars import Webinar
from tests.handlers.conftest import Town
from tests.handlers.registering import START, every
from tests.handlers.webinar_holding import (
    DAY,
    HOUR,
    JOIN,
    as_replies,
    details_of,
    mark_sent,
    open_webinar,
    planned,
    reach,
    register,
    register_guest,
)
from tests.kinds import on_one


@pytest.fixture
async def webinar(town: Town) -> Webinar:
    """Give a webinar that is open, announced in one channel, with Olivia as moderator and two speakers."""
    return await open_webinar(town)


async def test_reminders_come_at_each_persons_own_hours(town: Town, webinar: Webinar) -> None:
    await register(town, webinar, town.claire, town.tahmina)
    guest = await register_guest(town, webinar)
    await reach(town, START - 8 * DAY)

    week = await planned(town, "webinar_week")
    assert week["m05"].due_at == datetime(2026, 6, 18, 8, tzinfo=UTC)  # Thursday 10:00 in Paris
    assert week["m15"].due_at == datetime(2026, 6, 18, 4, tzinfo=UTC)  # Thursday 10:00 in Dhaka
    assert len(week) == 3  # the guest too
    assert all(each.expires_at is not None and each.expires_at <= START for each in week.values())

    await reach(town, START - 2 * DAY)
    link = await planned(town, "webinar_link")
    assert link["m05"].due_at == datetime(2026, 6, 24, 8, tzinfo=UTC)
    assert link["m15"].due_at == datetime(2026, 6, 24, 4, tzinfo=UTC)
    assert guest.user == "900"
    await reach(town, START - HOUR)
    assert {each.due_at for each in (await planned(town, "webinar_hour")).values()} == {START - HOUR}


async def test_nothing_is_written_twice(town: Town, webinar: Webinar) -> None:
    await register(town, webinar, town.claire)
    await reach(town, START - 8 * DAY, START - 2 * DAY, START - HOUR)
    before = len(await every(town, Delivery))
    async with town.write() as db:
        for each in await db.scalars(select(Timer).where(Timer.kind.in_(("webinar.week", "webinar.link")))):
            each.state = "waiting"
    await reach(town, START - HOUR)
    assert len(await every(town, Delivery)) == before


async def test_the_last_reminder_keeps_its_hour_at_night(town: Town) -> None:
    night = datetime(2026, 6, 24, 20, 0, tzinfo=UTC)  # 22:00 in Paris
    webinar = await open_webinar(town, starts_at=night, ends_at=night + HOUR)
    await register(town, webinar, town.claire)
    await reach(town, night - HOUR)
    assert (await planned(town, "webinar_hour"))["m05"].due_at == night - HOUR


async def test_a_link_before_a_monday_comes_on_friday(town: Town, show: Any) -> None:
    monday = datetime(2026, 6, 29, 8, 0, tzinfo=UTC)  # 10:00 in Brussels and Paris: Monday 9:00 would be too late
    webinar = await open_webinar(town, starts_at=monday, ends_at=monday + HOUR)
    await register(town, webinar, town.claire)
    await reach(town, monday - 5 * DAY)
    due = (await planned(town, "webinar_link"))["m05"].due_at
    assert due.date().isoformat() == "2026-06-26"
    await mark_sent(town, "webinar_link")
    await reach(town, due + HOUR)  # a change of the title redraws it: what has been given stays
    redrawn = await town.draw("webinar_link", webinar.key, town.claire, first=False)
    assert JOIN in show(as_replies(redrawn)).text


async def test_the_link_goes_to_the_registered_alone(town: Town, webinar: Webinar, show: Any) -> None:
    await register(town, webinar, town.claire, town.tahmina)
    await town.click(town.tahmina, Press("webun", webinar.key))
    town.clock.set(START - DAY)

    shown = show(as_replies(await town.draw("webinar_link", webinar.key, town.claire)))
    assert JOIN in shown.text
    assert "Please do not share it" in shown.text
    assert shown.labels[0] == "Join the meeting"
    for kind in ("webinar_link", "webinar_week", "webinar_hour"):
        assert await town.draw(kind, webinar.key, town.tahmina) == Skip("not_registered")
    later = await town.draw("webinar_link", webinar.key, town.tahmina, first=False)
    assert JOIN not in show(as_replies(later)).text


async def test_a_missing_link_is_said_to_the_organisers_and_goes_out_when_it_is_given(town: Town, show: Any) -> None:
    webinar = await open_webinar(town, join_link="")
    await register(town, webinar, town.claire)
    await reach(town, START - 6 * DAY, START - 2 * DAY, START - DAY)
    assert not await planned(town, "webinar_link")
    told = await planned(town, "webinar_link_missing")
    assert set(told) == {"C9"}
    assert len([each for each in await every(town, Campaign) if each.kind == "webinar_link_missing"]) == 2
    assert await town.draw("webinar_link", webinar.key, town.claire) == Skip("no_link")

    await _give_link(town, webinar, JOIN)
    link = await planned(town, "webinar_link")
    assert link["m05"].due_at == START - DAY
    text = show(as_replies(await town.draw("webinar_link", webinar.key, town.claire))).text
    assert "Your link for “After return”" in text
    missing = await town.draw("webinar_link_missing", webinar.key, None)
    assert missing == Skip("gone") or missing == Skip("link_given")


async def _give_link(town: Town, webinar: Webinar, link: str) -> None:
    async with town.write() as db:
        held = await webinars.lock(db, webinar.key)
        assert held is not None
        held.join_link, held.revision = link, held.revision + 1
        await db.flush()
        await _webinar_day_timers.link_changed(db, held, town.clock.now())


async def test_a_new_link_is_silent_before_it_was_sent_and_one_notice_after(
    town: Town, webinar: Webinar, show: Any
) -> None:
    await register(town, webinar, town.claire)
    await reach(town, START - 8 * DAY)
    await _give_link(town, webinar, "https://one.example.org/a")
    assert not await planned(town, "webinar_link")
    await reach(town, START - 3 * DAY)
    before = await planned(town, "webinar_link")
    await _give_link(town, webinar, "https://two.example.org/a")
    after = await planned(town, "webinar_link")
    assert [each.key for each in after.values()] == [each.key for each in before.values()]

    await mark_sent(town, "webinar_link")
    await reach(town, START - DAY)
    await _give_link(town, webinar, "https://three.example.org/a")
    assert set(await planned(town, "webinar_link")) == {"m05"}
    drawn = await town.draw("webinar_link", webinar.key, town.claire, **await details_of(town, "webinar_link"))
    assert "is now: https://three.example.org/a" in show(as_replies(drawn)).text


async def test_who_registers_late_gets_what_is_still_ahead_and_the_link_at_once(
    town: Town, webinar: Webinar, show: Any
) -> None:
    await reach(town, START - 3 * DAY)
    await _late(town, webinar, town.claire)
    assert set(await planned(town, "webinar_link")) == {"m05"}
    assert not await planned(town, "webinar_week")  # that has passed

    await reach(town, START - 20 * HOUR)
    answered = await town.click(town.tahmina, Press("webreg", webinar.key))
    assert JOIN in show(answered).text
    await _late(town, webinar, town.tahmina)
    assert set(await planned(town, "webinar_link")) == {"m05"}
    await reach(town, START - HOUR)
    assert set(await planned(town, "webinar_hour")) == {"m05", "m15"}


async def _late(town: Town, webinar: Webinar, who: Member) -> None:
    async with town.write() as db:
        row = await webinars.register(db, webinar, who, town.clock.now())
        await _webinar_day_timers.catch_up(db, webinar, [row], town.clock.now())


@on_one
async def test_only_the_weeks_reminder_counts_for_the_cap(town: Town, webinar: Webinar, show: Any) -> None:
    await register(town, webinar, town.claire)
    async with town.write() as db:
        due = datetime(2026, 6, 17, 8, tzinfo=UTC)
        for number in range(3):
            campaign = Campaign(
                kind="announcement", subject=f"a{number}", occurrence="", state="done", created_at=due, audience=1
            )
            db.add(campaign)
            await db.flush()
            db.add(
                Delivery(key=f"k{number}", campaign_id=campaign.id, member_id=town.claire.id, due_at=due, state="sent")
            )
    await reach(town, START - 8 * DAY)
    assert not await planned(town, "webinar_week")
    assert set(await planned(town, "digest")) == {"m05"}
    town.clock.set(START - 6 * DAY)
    assert "After return" in show(as_replies(await town.draw("digest", "digest", town.claire))).text
    await reach(town, START - 2 * DAY)
    assert set(await planned(town, "webinar_link")) == {"m05"}
