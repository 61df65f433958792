"""Polls of dates and quick polls as dialogues, and lists that do not go."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from chat.errors import FieldError
from chat.form import Asking
from chat.outbound import Ask, Invalid, Reply, Toast
from chat.text import Reader, plain
from handlers import _polls_forms as forms
from storage.communities import Channel
from storage.meetings import Meeting
from storage.polls import Poll
from tests.conftest import DEMO_NOW
from tests.handlers.polling import MEMBERS, SLACK_CHANNEL, TOPICS, Stage, dates, press
from tests.kinds import on_one


@pytest.fixture
def stage(town: Any, show: Any) -> Stage:
    return Stage(town, show)


async def test_a_date_poll_is_answered_slot_by_slot_in_the_readers_zone(stage: Stage) -> None:
    town = stage.town
    await stage.opened("date", **dates(stage))
    card = await stage.card(town.tahmina, "date_poll")
    assert "When could you come?" in card.text
    assert "1. Tue, 9 Jun 2026, 14:00 (Dhaka) · 10:00 Brussels" in card.text
    assert card.labels[:3] == ["1 · No answer", "2 · No answer", "3 · No answer"]
    assert card.labels[3:] == ["All suit me", "None suits me", "Done"]
    empty = stage.seen(await town.click(town.tahmina, card.button("Done")), town.tahmina)
    assert empty.text == "Please answer at least one date first."

    once = await stage.press(town.tahmina, "2 · No answer", "date_poll")
    assert once.labels[1] == "2 · Yes"
    twice = await stage.press(town.tahmina, "2 · Yes", "date_poll")
    assert "Saved: 2 if need be." in twice.text
    assert twice.labels[1] == "2 · If need be"
    repeated = stage.seen(await town.click(town.tahmina, once.button("2 · Yes")), town.tahmina)
    assert repeated.labels[1] == "2 · If need be"  # the same press again means the same
    none = await stage.press(town.tahmina, "None suits me", "date_poll")
    assert none.labels[:3] == ["1 · No", "2 · No", "3 · No"]
    await stage.press(town.tahmina, "All suit me", "date_poll")
    done = await stage.press(town.tahmina, "Done", "date_poll")
    assert "Your answer: 3 yes." in done.text
    assert "You will hear the result here." in done.text
    back = await stage.press(town.tahmina, "Change my vote", "date_poll")
    assert back.labels[:3] == ["1 · Yes", "2 · Yes", "3 · Yes"]


@on_one
async def test_a_draft_is_edited_with_what_it_had(stage: Stage) -> None:
    town = stage.town
    preview = stage.show(await stage.submit("date", **dates(stage)))
    (asked,) = await town.click(town.olivia, preview.button("Edit"))
    assert isinstance(asked, Ask)
    assert asked.values["options"] == "2026-06-09 10:00\n2026-06-10 14:00\n2026-06-11 10:00"
    again = stage.show(await town.submit(town.olivia, asked.form, asked.subject, asked.values | {"length": "120"}))
    assert "1. Tue, 9 Jun 2026, 10:00 (Brussels)" in again.text
    assert "2 h" in again.text
    async with town.read() as db:
        assert len(list(await db.scalars(select(Poll)))) == 1


async def test_the_best_date_becomes_a_meeting_with_one_tap(stage: Stage) -> None:
    town = stage.town
    await stage.opened("date", **dates(stage))
    await stage.press(town.tahmina, "All suit me", "date_poll")
    await stage.press(town.claire, "2 · No answer", "date_poll")
    town.clock.set((await stage.poll()).closes_at)
    await town.work("poll_close")
    (told,) = await stage.sent("poll_status")
    assert told.member_id == town.olivia.id
    card = stage.show([Reply(await town.draw("poll_status", stage.key, town.olivia))])
    assert "Best: Wed, 10 Jun 2026, 14:00, Brussels: 2 yes, 0 if need be, 0 no." in card.text
    assert "Tue, 9 Jun 2026, 10:00, Brussels: 1 yes, 0 if need be, 0 no" in card.text
    assert card.labels[:2] == ["Make it a meeting", "2 · Make it a meeting"]
    waits = stage.seen([Reply(await town.draw("date_poll", stage.key, town.claire, first=False))], town.claire)
    assert "The organisers decide." in waits.text

    asked, shown = await town.click(town.olivia, card.button("Make it a meeting"))
    assert isinstance(asked, Ask)
    assert asked.form == "meeting"
    assert asked.values["start"] == "2026-06-10T12:00:00+00:00"
    assert (asked.values["length"], asked.values["title"]) == ("90", "Working session on employers")
    assert "Chosen: Wed, 10 Jun 2026, 14:00 (Brussels)" in stage.show([shown]).text
    mine = await stage.card(town.claire, "date_poll", first=False)
    assert "Chosen: Wed, 10 Jun 2026, 14:00" in mine.text

    async with town.write() as db:
        start = datetime.fromisoformat(asked.values["start"])
        db.add(Meeting(code="M7", title=asked.values["title"], starts_at=start, ends_at=start + timedelta(minutes=90),
                       zone="Europe/Brussels", rsvp_deadline=start, state="scheduled"))  # fmt: skip
    twice = stage.show(await town.click(town.olivia, card.button("Make it a meeting")))
    assert "The meeting is M7." in twice.text
    assert (await stage.poll()).meeting_id is not None


@on_one
async def test_ten_dates_and_six_long_topics_fit_both_platforms(stage: Stage) -> None:
    town = stage.town
    ten = "\n".join(f"{day} June 2026 10:00" for day in range(10, 20))
    closes = (town.clock.now() + timedelta(days=20)).isoformat()
    await stage.opened("date", options=ten, closes=closes, question="D" * 120)
    dated = await stage.card(town.tahmina, "date_poll")
    assert len(dated.labels) == 13
    await stage.press(town.tahmina, "All suit me", "date_poll")
    six = "\n".join(f"{n}{'T' * 59}: {'L' * 120}" for n in range(6))
    await stage.opened("topic", options=six, question="Q" * 150)
    card = await stage.card(town.tahmina)
    assert max(len(each) for each in card.labels) <= 24
    assert len(card.text) < 2000


async def test_a_quick_poll_tells_the_presser_alone_and_counts_in_the_channel(stage: Stage) -> None:
    town = stage.town
    preview = stage.show(await stage.submit("quick"))
    assert "coprr (Slack), COPRR (Telegram)" in preview.text
    await stage.opened("quick")
    assert len(await stage.sent("quick_poll")) == 2
    async with town.read() as db:
        channel = (await db.scalars(select(Channel).where(Channel.chat == "-1001"))).one()
    card = stage.show([Reply(await town.draw("quick_poll", stage.key, channel))])
    assert card.labels == ["1 · Yes", "2 · No", "3 · No matter"]
    (toast,) = await town.click(town.tahmina, card.button("2 · No"), MEMBERS)
    assert isinstance(toast, Toast)
    assert plain(toast.text, Reader()) == "Your choice: No. Tap again to change."
    await town.click(town.tahmina, card.button("1 · Yes"), MEMBERS)
    await town.click(town.claire, card.button("1 · Yes"), SLACK_CHANNEL)
    counted = stage.show([Reply(await town.draw("quick_poll", stage.key, channel, first=False))])
    assert "2 people have voted." in counted.text
    assert "vote" not in counted.text.replace("have voted", "")
    own = stage.seen(await town.command(town.claire, "polls"), town.claire)
    assert "Your vote: Yes" in own.text

    town.clock.set((await stage.poll()).closes_at)
    await town.work("poll_close")
    closed = stage.show([Reply(await town.draw("quick_poll", stage.key, channel, first=False))])
    assert "1. Yes: 2 votes" in closed.text
    assert "2. No: 0 votes" in closed.text
    assert closed.labels == []
    assert "2 votes" in stage.show(await town.click(town.olivia, press("pshow", stage.key))).text
    (late,) = await town.click(town.claire, card.button("2 · No"), SLACK_CHANNEL)
    assert "This closed on" in plain(late.text, Reader())


@on_one
async def test_a_live_quick_poll_shows_its_totals_at_once(stage: Stage) -> None:
    town = stage.town
    await stage.opened("quick", totals="live")
    async with town.read() as db:
        channel = (await db.scalars(select(Channel).where(Channel.chat == "C1"))).one()
    card = stage.show([Reply(await town.draw("quick_poll", stage.key, channel))])
    await town.click(town.olivia, card.button("1 · Yes"), SLACK_CHANNEL)
    live = stage.show([Reply(await town.draw("quick_poll", stage.key, channel, first=False))])
    assert "1. Yes: 1 vote" in live.text


@on_one
async def test_a_question_for_the_organisers_channel_is_not_shown_to_members(stage: Stage) -> None:
    town = stage.town
    async with town.read() as db:
        team = (await db.scalars(select(Channel).where(Channel.purpose == "organisers"))).one()
    await stage.opened("quick", channels=str(team.id))
    assert [each.channel_id for each in await stage.sent("quick_poll")] == [team.id]
    assert "Longer breaks?" not in stage.seen(await town.command(town.claire, "polls"), town.claire).text
    with pytest.raises(Exception, match="e_gone"):
        await town.click(town.claire, press("vote", stage.key))
    own = stage.show(await town.click(town.olivia, press("vote", stage.key)))
    chosen = stage.show(await town.click(town.olivia, own.button("1 · Yes")))
    assert "Your vote: Yes" in chosen.text


@pytest.mark.parametrize(
    ("kind", "values", "text"),
    [
        ("topic", {"options": "Jobs"}, "One option is no choice. Please give at least 3"),
        ("topic", {"options": "Jobs\nHousing"}, "Please give at least 3"),
        ("topic", {"options": "Jobs: a\nHousing\n jobs : b"}, "Line 3 says the same as line 1."),
        ("topic", {"options": "A\nB\nC\nD\nE\nF\nG"}, "That is 7; at most 6 fit."),
        ("topic", {"options": f"A\nB\n{'x' * 61}"}, "Line 3 is too long: at most 60 characters fit."),
        ("date", {"options": "9 June 2026 10:00\n9 June 2026 10:00"}, "Line 2 says the same as line 1."),
        ("date", {"options": "9 June 2026 10:00\nsoon"}, "Line 2: I could not read a date."),
        ("date", {"options": "9 June 2026 10:00\n9 June 2025 10:00"}, "Line 2: That moment has passed."),
        ("quick", {"options": "Yes"}, "One option is no choice. Please give at least 2"),
    ],
)  # fmt: skip
def test_lists_that_do_not_go_name_thelisted(kind: str, values: dict[str, str], text: str) -> None:

    class Now:
        clock = type("Clock", (), {"now": staticmethod(lambda: DEMO_NOW)})

    with pytest.raises(FieldError) as refused:
        Stage(Now, None).clean(kind, **values)
    assert text in plain(refused.value.text, Reader())


@on_one
async def test_a_close_in_the_past_or_after_the_first_date_is_refused(stage: Stage) -> None:
    now = stage.town.clock.now()
    (past,) = await stage.submit("topic", closes=(now - timedelta(hours=1)).isoformat())
    assert isinstance(past, Invalid)
    assert list(past.errors) == ["closes"]
    (after,) = await stage.submit("date", **dates(stage) | {"closes": (now + timedelta(days=60)).isoformat()})
    assert isinstance(after, Invalid)
    assert "before the first of the dates" in plain(after.errors["closes"], Reader())
    async with stage.town.read() as db:
        assert list(await db.scalars(select(Poll))) == []


def test_the_lists_are_read_again_to_the_same() -> None:
    asking = Asking(datetime.fromisoformat("2026-04-22T07:00:00+00:00"), "Europe/Brussels", "en", {})
    for field_of, raw in ((forms.TopicsField, TOPICS), (forms.DatesField, "10 June 2026 14:00\n9 June 2026 10:00")):
        made = field_of(id="options", label="")
        once = made.clean(raw, asking)
        assert made.clean(once, asking) == once
