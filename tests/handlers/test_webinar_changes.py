"""A webinar on another date, or on none: each is told once, and reminders are set anew."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from chat.message import Press
from chat.outbound import Ask, Invalid
from chat.people import MessageRef
from scheduler import cards
from storage import webinars
from storage.communities import Channel
from storage.deliveries import CardCopy
from storage.members import Account, Member
from storage.timers import Timer
from storage.webinars import Webinar
from tests.handlers.conftest import Town
from tests.handlers.registering import START, every, newest
from tests.handlers.webinar_holding import (
    DAY,
    END,
    HOUR,
    JOIN,
    as_replies,
    confirm_change,
    details_of,
    mark_sent,
    open_webinar,
    planned,
    reach,
    register,
)
from tests.kinds import on_one


@pytest.fixture
async def webinar(town: Town) -> Webinar:
    """Give a webinar that is open, announced in one channel, with Olivia as moderator and two speakers."""
    return await open_webinar(town)


async def test_moving_tells_each_once_and_sets_everything_anew(town: Town, webinar: Webinar, show: Any) -> None:
    await register(town, webinar, town.claire, town.tahmina)
    await reach(town, START - 8 * DAY)
    assert await planned(town, "webinar_week")
    new = START + 14 * DAY
    async with town.write() as db:
        channel = (await db.scalars(select(Channel).where(Channel.chat == "C1"))).one()
        posted = MessageRef("slack", "T1", "C1", "77")
        await cards.note(db, "webinar_channel", webinar.key, posted, channel=channel)
    seen, done = await confirm_change(town, webinar, show, "webmove", start=new.isoformat(), length="60")
    assert "2 people are told now." in seen.text
    assert "Undo" in show(done).labels

    now = await newest(town)
    assert (now.starts_at, now.ends_at, now.revision) == (new, new + HOUR, webinar.revision + 1)
    [copy] = [each for each in await every(town, CardCopy) if each.kind == "webinar_channel"]
    assert copy.wanted > copy.shown
    assert not await planned(town, "webinar_week")
    notices = await planned(town, "webinar_moved")
    assert set(notices) == {"m05", "m15"}
    text = show(
        as_replies(
            await town.draw("webinar_moved", webinar.key, town.claire, **await details_of(town, "webinar_moved"))
        )
    )
    assert "Reason: A clash" in text.text
    assert "Add to calendar" in text.labels
    due = {(each.kind, each.slot): each.due_at for each in await every(town, Timer) if each.state == "waiting"}
    assert due["webinar.start", "start"] == new
    assert due["webinar.hour", ""] == new - HOUR
    await reach(town, new - 8 * DAY)
    assert set(await planned(town, "webinar_week")) == {"m05", "m15"}


async def test_moved_within_a_day_the_notice_brings_the_link_and_nothing_follows(
    town: Town, webinar: Webinar, show: Any
) -> None:
    await register(town, webinar, town.claire)
    await reach(town, START - 2 * DAY, START - 3 * HOUR)
    await mark_sent(town, "webinar_link")
    new = START + 2 * HOUR
    await confirm_change(town, webinar, show, "webmove", start=new.isoformat(), length="75")
    await reach(town, START - 3 * HOUR + timedelta(minutes=5))
    assert not await planned(town, "webinar_link")
    assert not await planned(town, "webinar_week")
    drawn = await town.draw("webinar_moved", webinar.key, town.claire, **await details_of(town, "webinar_moved"))
    assert JOIN in show(as_replies(drawn)).text
    await reach(town, new - HOUR)
    assert set(await planned(town, "webinar_hour")) == {"m05"}


async def test_undo_gives_the_old_date_back_with_its_reminders(town: Town, webinar: Webinar, show: Any) -> None:
    await register(town, webinar, town.claire)
    await reach(town, START - 8 * DAY)
    _, done = await confirm_change(town, webinar, show, "webmove", start=START.isoformat(), length="60")
    await town.click(town.olivia, show(done).button("Undo"))
    now = await newest(town)
    assert (now.starts_at, now.ends_at, now.state) == (START, END, "open")
    assert not await planned(town, "webinar_moved")
    await reach(town, START - 8 * DAY + timedelta(minutes=1))
    assert set(await planned(town, "webinar_week")) == {"m05"}


async def test_cancelling_needs_a_second_tap_and_stops_everything(town: Town, webinar: Webinar, show: Any) -> None:
    await register(town, webinar, town.claire)
    await reach(town, START - 8 * DAY)
    assert isinstance((await town.click(town.olivia, Press("webcan", webinar.key)))[0], Ask)
    preview = show(await town.submit(town.olivia, "webcan", webinar.key, {"reason": "No speaker"}))
    assert (await newest(town)).state == "open"
    kept = await town.click(town.olivia, preview.button("Leave it as it is"))
    assert "Nothing was changed" in show(kept).text

    await confirm_change(town, webinar, show, "webcan")
    assert (await newest(town)).state == "cancelled"
    assert set(await planned(town, "webinar_cancelled")) == {"m05"}
    assert not await planned(town, "webinar_week")
    left = {each.kind for each in await every(town, Timer) if each.state == "waiting" and "webinar" in each.kind}
    assert left == {"webinar.erase"}
    details = await details_of(town, "webinar_cancelled")
    text = show(as_replies(await town.draw("webinar_cancelled", webinar.key, town.claire, **details))).text
    assert "does not take place" in text
    assert "Reason: A clash" in text
    async with town.read() as db:
        channel = (await db.scalars(select(Channel).where(Channel.chat == "C1"))).one()
    public = await town.draw("webinar_channel", webinar.key, channel, first=False)
    assert "This webinar has been cancelled" in show(as_replies(public)).text


@on_one
async def test_a_change_is_for_organisers_and_fails_when_the_preview_is_old(
    town: Town, webinar: Webinar, show: Any
) -> None:
    refused = await town.click(town.claire, Press("webcan", webinar.key))
    assert not any(isinstance(each, Ask) for each in refused)
    preview = show(await town.submit(town.olivia, "webcan", webinar.key, {"reason": "No speaker"}))
    await register(town, webinar, town.claire)
    stale = show(await town.click(town.olivia, preview.button("Cancel and tell them")))
    assert "Something changed since this preview" in stale.text
    assert (await newest(town)).state == "open"


@on_one
async def test_many_people_are_told_only_after_their_number_was_typed(town: Town, webinar: Webinar, show: Any) -> None:
    async with town.write() as db:
        for number in range(50):
            each = Member(code=f"p{number:02}", name=f"Person {number}", zone="UTC")
            each.accounts = [Account(platform="slack", workspace="T1", user=f"P{number}", chat=f"DP{number}")]
            db.add(each)
            await db.flush()
            await webinars.register(db, webinar, each, town.clock.now())
    _, asked = await confirm_change(town, webinar, show, "webcan")
    [ask] = asked
    assert isinstance(ask, Ask)
    [wrong] = await town.submit(town.olivia, ask.form, ask.subject, {"count": "49"})
    assert isinstance(wrong, Invalid)
    assert (await newest(town)).state == "open"
    await town.submit(town.olivia, ask.form, ask.subject, {"count": "50"})
    assert (await newest(town)).state == "cancelled"
    assert len(await planned(town, "webinar_cancelled")) == 50
