"""The day of a webinar and what follows: check-in, questions, feedback, recording and report."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from chat.errors import UserError
from chat.message import LinkButton, Message, Press
from chat.outbound import Ask, Invalid, Toast
from handlers import features
from handlers._participants import Participant
from storage import feedback
from storage.communities import Channel
from storage.members import Member
from storage.timers import Timer
from storage.webinar_feedback import WebinarAnswer, WebinarComment, WebinarFlag
from storage.webinars import Registrant, Webinar, WebinarQuestion
from tests.handlers.conftest import Town
from tests.handlers.registering import START, every, newest
from tests.handlers.webinar_holding import (
    DAY,
    END,
    HOUR,
    JOIN,
    as_replies,
    attend,
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


# the day


async def test_it_is_live_from_the_start_and_over_after_the_end(town: Town, webinar: Webinar, show: Any) -> None:
    await register(town, webinar, town.claire)
    await reach(town, START)
    assert (await newest(town)).state == "live"
    shown = show(as_replies(await town.draw("webinar_link", webinar.key, town.claire, first=False)))
    assert "is on now" in shown.text
    assert shown.labels == ["Join the meeting", "I am here", "Ask a question"]
    await reach(town, END)
    assert (await newest(town)).state == "over"
    over = show(as_replies(await town.draw("webinar_link", webinar.key, town.claire, first=False)))
    assert "Join the meeting" not in over.labels
    assert JOIN not in over.text


async def test_check_in_counts_once_from_a_quarter_before_to_the_end(town: Town, webinar: Webinar, show: Any) -> None:
    await register(town, webinar, town.claire)
    guest = await register_guest(town, webinar)
    await reach(town, START - HOUR)
    hour = show(as_replies(await town.draw("webinar_hour", webinar.key, town.claire)))
    assert "starts in one hour" in hour.text
    assert JOIN in hour.text
    here = hour.button("I am here")
    [early] = await town.click(town.claire, here)
    assert isinstance(early, Toast)
    assert "You can check in from" in show([early]).text

    await reach(town, START - timedelta(minutes=15))
    done = await town.click(town.claire, here)
    assert "You are checked in" in show(done).text
    assert "I am here" not in show(done).labels
    first = {each.member_id: each.attended_at for each in await every(town, Registrant)}[town.claire.id]
    await reach(town, START + HOUR)
    again = await town.click(town.claire, here)
    assert "Already saved" in show(again).text
    await town.click(guest, here)
    rows = await every(town, Registrant)
    assert {each.member_id: each.attended_at for each in rows}[town.claire.id] == first
    assert sum(each.attended_at is not None for each in rows) == 2

    await reach(town, END)
    [late] = await town.click(town.claire, here)
    assert isinstance(late, Toast)
    with pytest.raises(UserError):
        await town.click(town.tahmina, here)


async def test_a_question_reaches_the_moderator_without_a_name_unless_wanted(
    town: Town, webinar: Webinar, show: Any
) -> None:
    await register(town, webinar, town.claire)
    guest = await register_guest(town, webinar)
    with pytest.raises(UserError):
        await town.click(town.claire, Press("webask", webinar.key))
    await reach(town, START - timedelta(minutes=15), START)
    assert set(await planned(town, "webinar_questions")) == {"o01"}
    assert isinstance((await town.click(town.claire, Press("webask", webinar.key)))[0], Ask)
    [refused] = await town.submit(
        town.claire, "webask", webinar.key, {"text": "Call me: +32 470 12 34 56", "named": ""}
    )
    assert isinstance(refused, Invalid)
    await town.submit(town.claire, "webask", webinar.key, {"text": "What lasts?", "named": ""})
    await town.submit(guest, "webask", webinar.key, {"text": "Who pays?", "named": "yes"})

    card = show(as_replies(await town.draw("webinar_questions", webinar.key, town.olivia)))
    assert "1. What lasts?\n" in card.text
    assert "Claire" not in card.text
    assert "2. Who pays? · Ada Lovelace" in card.text
    after = show(await town.click(town.olivia, card.button("1 · Done")))
    assert "What lasts?" not in after.text
    assert "1 question is done" in after.text
    with pytest.raises(UserError):
        await town.click(town.claire, Press("webans", webinar.key))
    assert [each.name for each in await every(town, WebinarQuestion)] == ["", "Ada Lovelace"]


async def test_a_platforms_list_notes_who_was_there(town: Town, webinar: Webinar, show: Any) -> None:
    await register(town, webinar, town.claire, town.tahmina)
    await register_guest(town, webinar)
    await reach(town, START, END)
    screen = show(await town.click(town.olivia, Press("webatt", webinar.key)))
    assert "3 registered" in screen.text
    assert isinstance((await town.click(town.olivia, screen.button("Import a list")))[0], Ask)
    town.files["f1"] = [Participant("Claire Exemple"), Participant("Ada Lovelace"), Participant("Nobody Known")]
    preview = show(await town.submit(town.olivia, "weblist", webinar.key, {"list": "f1|100|list.csv"}))
    assert "2 registered people are on the list" in preview.text
    assert "Nobody Known" in preview.text
    saved = show(await town.click(town.olivia, preview.button("Save")))
    assert "Saved: 2 more people were there." in saved.text
    assert sum(each.attended_at is not None for each in await every(town, Registrant)) == 2


# feedback


async def test_three_questions_go_to_those_who_were_there_and_leave_no_trace(
    town: Town, webinar: Webinar, show: Any
) -> None:
    await register(town, webinar, town.claire, town.tahmina)
    guest = await register_guest(town, webinar)
    await reach(town, START)
    for who in (town.claire, guest):
        await town.click(who, Press("webhere", webinar.key))
    await reach(town, END, END + HOUR)
    asked = await planned(town, "webinar_feedback")
    assert len(asked) == 2
    assert "m15" not in asked
    assert asked["m05"].due_at == END + HOUR  # 16:15 in Paris

    card = show(as_replies(await town.draw("webinar_feedback", webinar.key, town.claire)))
    [ask] = await town.click(town.claire, card.button("Answer now"))
    assert isinstance(ask, Ask)
    [personal] = await town.submit(
        town.claire, "webfb", webinar.key, {"F1": "5", "F2": "4", "F8": "Write to a@example.org"}
    )
    assert isinstance(personal, Invalid)
    thanks = show(await town.submit(town.claire, "webfb", webinar.key, {"F1": "5", "F2": "4", "F3": "1", "F8": ""}))
    assert "Thank you" in thanks.text
    await town.submit(town.claire, "webcomm", webinar.key, {"F8": "More time, please"})
    again = show(await town.submit(town.claire, "webfb", webinar.key, {"F1": "1", "F2": "1", "F8": ""}))
    assert "You have answered" in again.text
    await town.submit(guest, "webfb", webinar.key, {"F1": "3", "F2": "3", "F8": "Slower"})

    answers = await every(town, WebinarAnswer)
    assert sorted(each.answers["F1"] for each in answers) == ["3", "5"]
    assert {tuple(sorted(each.answers)) for each in answers} == {("F1", "F2")}
    assert {each.body for each in await every(town, WebinarComment)} == {"More time, please", "Slower"}
    assert {column.name for column in WebinarAnswer.__table__.columns} == {
        "id", "webinar_id", "answers", "community_id",
    }  # fmt: skip
    assert {each.state for each in await every(town, WebinarFlag)} == {"sent"}
    with pytest.raises(UserError):
        await town.submit(town.tahmina, "webfb", webinar.key, {"F1": "1", "F2": "1", "F8": ""})
    form = next(each.forms["webfb"][1] for each in features() if "webfb" in each.forms)
    async with town.read() as db:
        from chat.inbound import Command

        ctx = await town._context(db, Command(words="", **town._common(town.claire, None)))
        built = await form(ctx, webinar.key)
    assert built.sensitive
    assert [each.id for each in built.fields] == ["F1", "F2", "F8"]


@on_one
async def test_totals_are_shown_after_the_close_from_five_answers_on(town: Town, webinar: Webinar, show: Any) -> None:
    people = await attend(town, webinar, 5)
    await reach(town, START, END, END + HOUR)

    async def answer(some: list[Member]) -> None:
        for each in some:
            async with town.write() as db:
                assert await feedback.send(db, webinar, each, {"F1": "5", "F2": "2"})

    await answer(people[:4])
    close = datetime(2026, 7, 2, 16, tzinfo=UTC)
    await reach(town, close - HOUR)
    few = show(await town.click(town.olivia, Press("webfbsum", webinar.key))).text
    assert "Fewer than 5 people have answered" in few
    await reach(town, close)
    assert "Their answers are not shown" in show(await town.click(town.olivia, Press("webfbsum", webinar.key))).text
    await answer(people[4:])
    shown = show(await town.click(town.olivia, Press("webfbsum", webinar.key))).text
    assert "Found it useful (4 or 5): 5 of 5" in shown


# the recording


async def test_the_recording_waits_for_every_speaker(town: Town, webinar: Webinar, show: Any) -> None:
    await register(town, webinar, town.claire)
    with pytest.raises(UserError):
        await town.click(town.olivia, Press("webrec", webinar.key))
    await reach(town, START, END)
    assert isinstance((await town.click(town.olivia, Press("webrec", webinar.key)))[0], Ask)
    [bad] = await town.submit(town.olivia, "webrec", webinar.key, {"link": "http://video.example.org/1"})
    assert isinstance(bad, Invalid)
    link = "https://video.example.org/1"
    given = show(await town.submit(town.olivia, "webrec", webinar.key, {"link": link}))
    assert "0 of 2 speakers have agreed" in given.text
    assert "Preview" not in given.labels
    assert set(await planned(town, "webinar_speaker")) == {"o01", "m15"}
    with pytest.raises(UserError):
        await town.click(town.olivia, Press("bprev", webinar.key, "", "wr"))

    asked = show(as_replies(await town.draw("webinar_speaker", webinar.key, town.tahmina)))
    assert link in asked.text
    with pytest.raises(UserError):
        await town.click(town.claire, asked.button("I agree"))
    refused = show(await town.click(town.tahmina, asked.button("I do not agree")))
    await town.click(town.olivia, Press("webagree", webinar.key, "", "yes"))
    with pytest.raises(UserError):
        await town.click(town.olivia, Press("bprev", webinar.key, "", "wr"))
    await town.click(town.tahmina, refused.button("I agree"))

    screen = show(await town.click(town.olivia, Press("webrec", webinar.key)))
    preview = show(await town.click(town.olivia, screen.button("Preview")))
    assert "coprr (Slack)" in preview.text
    await town.click(town.olivia, preview.button("Send to 1"))
    assert (await newest(town)).state == "recording"
    assert set(await planned(town, "webinar_recording")) == {"m05"}
    assert set(await planned(town, "webinar_recording_public")) == {"C1"}
    sent = as_replies(await town.draw("webinar_recording", webinar.key, town.claire))
    assert link in show(sent).text
    assert any(isinstance(each, LinkButton) for row in sent[0].message.rows for each in row)


async def test_another_recording_is_asked_about_anew(town: Town, webinar: Webinar, show: Any) -> None:
    await reach(town, START, END)
    for number in (1, 2):
        await town.submit(town.olivia, "webrec", webinar.key, {"link": f"https://video.example.org/{number}"})
        await town.click(town.olivia, Press("webagree", webinar.key, "", "yes"))
        if number == 1:
            await mark_sent(town, "webinar_speaker")
    assert (await newest(town)).agreed == [town.olivia.id]
    assert set(await planned(town, "webinar_speaker")) == {"o01", "m15"}


# report


@on_one
async def test_the_report_comes_early_when_the_project_ends(town: Town, show: Any) -> None:
    async with town.write() as db:
        community = await db.get_one(type(town.community), town.community.id)
        community.settings = {**community.settings, "programme": {"ends": "2026-07-31"}}
    webinar = await open_webinar(town)
    due = {each.kind: each.due_at for each in await every(town, Timer)}
    assert due["webinar.report"] == datetime(2026, 7, 17, 7, tzinfo=UTC)  # not 2026-08-09
    assert due["webinar.erase"] == END + 30 * DAY
    await attend(town, webinar, 6)
    await reach(town, START, END, datetime(2026, 6, 30, 7, tzinfo=UTC))
    assert set(await planned(town, "webinar_recording_due")) == {"C9"}
    await reach(town, due["webinar.report"])
    assert set(await planned(town, "webinar_report")) == {"C9"}
    async with town.read() as db:
        channel = (await db.scalars(select(Channel).where(Channel.chat == "C9"))).one()
    text = show(as_replies(await town.draw("webinar_report", webinar.key, channel))).text
    assert "Sent early, because the project ends." in text
    assert "6 people were there live (100 %)" in text


@on_one
async def test_a_report_of_a_published_recording_archives_the_webinar(town: Town, webinar: Webinar, show: Any) -> None:
    async with town.write() as db:
        row = await db.get_one(Webinar, webinar.id)
        row.state, row.recording_link = "recording", "https://video.example.org/1"
    due = next(each.due_at for each in await every(town, Timer) if each.kind == "webinar.report")
    assert due == datetime(2026, 8, 10, 7, tzinfo=UTC)  # forty-five days after is a Sunday
    await reach(town, due)
    assert (await newest(town)).state == "archived"
    async with town.read() as db:
        channel = (await db.scalars(select(Channel).where(Channel.chat == "C9"))).one()
    assert isinstance(await town.draw("webinar_report", webinar.key, channel), Message)


@on_one
async def test_who_only_moderates_sees_questions_and_numbers_no_feedback(town: Town, show: Any) -> None:
    webinar = await open_webinar(town, moderator_id=town.claire.id)
    await reach(town, START - timedelta(minutes=15), START)
    assert set(await planned(town, "webinar_questions")) == {"m05"}
    screen = show(await town.click(town.claire, Press("webatt", webinar.key)), language="fr")
    assert screen.labels == ["Questions", "Importer une liste"]
    for verb in ("webrec", "webfbsum", "webfbtx", "webmove"):
        refused = await town.click(town.claire, Press(verb, webinar.key))
        assert not any(isinstance(each, Ask) for each in refused)
        assert "After return" not in show(refused).text
    with pytest.raises(UserError):
        await town.click(town.tahmina, Press("webatt", webinar.key))
