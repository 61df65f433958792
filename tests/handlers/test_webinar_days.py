"""Webinars from the opening on: reminders, the day, feedback, recording, another date, and what is erased."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from chat.errors import UserError
from chat.message import LinkButton, Message, Press
from chat.outbound import Ask, Invalid, Reply, Toast
from chat.people import MessageRef, Person
from handlers import _webinar_day_timers, features
from handlers._participants import Participant
from scheduler import cards, timers
from scheduler.contract import Skip
from storage import feedback, members, webinars
from storage.communities import Channel
from storage.deliveries import Campaign, CardCopy, Delivery
from storage.members import Account, Member
from storage.timers import Timer
from storage.webinar_feedback import WebinarAnswer, WebinarComment, WebinarFlag
from storage.webinars import Outsider, Registrant, Webinar, WebinarQuestion
from tests.handlers.conftest import TELEGRAM_BOT, Town
from tests.kinds import on_one

START = datetime(2026, 6, 25, 12, 0, tzinfo=UTC)  # a Thursday, 14:00 in Brussels
END = START + timedelta(minutes=75)
JOIN = "https://meet.example.org/w"
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


async def _all(town: Town, table: Any) -> list[Any]:
    async with town.read() as db:
        return list(await db.scalars(select(table).order_by(table.id)))


async def _now(town: Town) -> Webinar:
    return (await _all(town, Webinar))[-1]


@pytest.fixture
async def webinar(town: Town) -> Webinar:
    """Give a webinar that is open, announced in one channel, with Olivia as moderator and two speakers."""
    return await _open(town)


async def _open(town: Town, **columns: Any) -> Webinar:
    async with town.write() as db:
        channel = (await db.scalars(select(Channel).where(Channel.chat == "C1"))).one()
        made = Webinar(**{
            "title": "After return", "starts_at": START, "ends_at": END, "zone": "Europe/Brussels", "state": "open",
            "opens_at": town.clock.now() - DAY, "created_at": town.clock.now(), "join_link": JOIN,
            "moderator_id": town.olivia.id, "speakers": [town.olivia.id, town.tahmina.id], "channels": [channel.id],
            **columns,
        })  # fmt: skip
        db.add(made)
        await db.flush()
        await _webinar_day_timers.arm(db, made, town.clock.now())
    return made


async def _register(town: Town, webinar: Webinar, *people: Member) -> None:
    for each in people:
        async with town.write() as db:
            await webinars.register(db, webinar, each, town.clock.now())


async def _guest(town: Town, webinar: Webinar, user: str = "900", name: str = "Ada Lovelace") -> Person:
    async with town.write() as db:
        account = await members.guest(
            db, "telegram", TELEGRAM_BOT, user, chat=user, language="en", zone="Europe/Brussels"
        )
        account.member.name = name
        told = Outsider(name=name, organisation_type="media", country="FR", language="en", member=account.member)
        await webinars.register(db, webinar, told, town.clock.now())
    return Person("telegram", TELEGRAM_BOT, user, name, "en")


async def _reach(town: Town, *moments: datetime) -> None:
    """Move the clock and do what is due on the way."""
    run = {kind: handler for each in features() for kind, handler in each.timers.items()}
    for moment in moments:
        town.clock.set(moment)
        while await timers.run_due(town.database, moment, run, "test"):
            pass


async def _planned(town: Town, kind: str) -> dict[str, Delivery]:
    """Give what waits of a kind, by the recipient's name."""
    async with town.read() as db:
        found = await db.execute(
            select(Delivery, Member.code, Channel.chat, Campaign.occurrence)
            .join(Campaign, Campaign.id == Delivery.campaign_id)
            .outerjoin(Member, Member.id == Delivery.member_id)
            .outerjoin(Channel, Channel.id == Delivery.channel_id)
            .where(Campaign.kind == kind, Delivery.state == "queued")
            .order_by(Delivery.id)
        )
        return {code or chat: row for row, code, chat, _ in found}


async def _sent(town: Town, kind: str) -> None:
    """Let everything of a kind that waits be sent."""
    async with town.write() as db:
        query = select(Delivery).join(Campaign, Campaign.id == Delivery.campaign_id)
        for each in await db.scalars(query.where(Campaign.kind == kind, Delivery.state == "queued")):
            each.state = "sent"


async def _details(town: Town, kind: str) -> dict[str, Any]:
    return [each for each in await _all(town, Campaign) if each.kind == kind][-1].details


def _message(found: Message | Skip) -> list[Reply]:
    assert isinstance(found, Message), found
    return [Reply(found)]


async def _change(town: Town, webinar: Webinar, show: Any, form: str, **values: str) -> Any:
    """Ask for a change, look at the preview, confirm it."""
    preview = await town.submit(town.olivia, form, webinar.key, {"reason": "A clash", **values})
    seen = show(preview)
    return seen, await town.click(town.olivia, seen.button(seen.labels[0]))


# reminders


async def test_reminders_come_at_each_persons_own_hours(town: Town, webinar: Webinar) -> None:
    await _register(town, webinar, town.claire, town.tahmina)
    guest = await _guest(town, webinar)
    await _reach(town, START - 8 * DAY)

    week = await _planned(town, "webinar_week")
    assert week["m05"].due_at == datetime(2026, 6, 18, 8, tzinfo=UTC)  # Thursday 10:00 in Paris
    assert week["m15"].due_at == datetime(2026, 6, 18, 4, tzinfo=UTC)  # Thursday 10:00 in Dhaka
    assert len(week) == 3  # the guest too
    assert all(each.expires_at is not None and each.expires_at <= START for each in week.values())

    await _reach(town, START - 2 * DAY)
    link = await _planned(town, "webinar_link")
    assert link["m05"].due_at == datetime(2026, 6, 24, 8, tzinfo=UTC)
    assert link["m15"].due_at == datetime(2026, 6, 24, 4, tzinfo=UTC)
    assert guest.user == "900"
    await _reach(town, START - HOUR)
    assert {each.due_at for each in (await _planned(town, "webinar_hour")).values()} == {START - HOUR}


async def test_nothing_is_written_twice(town: Town, webinar: Webinar) -> None:
    await _register(town, webinar, town.claire)
    await _reach(town, START - 8 * DAY, START - 2 * DAY, START - HOUR)
    before = len(await _all(town, Delivery))
    async with town.write() as db:
        for each in await db.scalars(select(Timer).where(Timer.kind.in_(("webinar.week", "webinar.link")))):
            each.state = "waiting"
    await _reach(town, START - HOUR)
    assert len(await _all(town, Delivery)) == before


async def test_the_last_reminder_keeps_its_hour_at_night(town: Town) -> None:
    night = datetime(2026, 6, 24, 20, 0, tzinfo=UTC)  # 22:00 in Paris
    webinar = await _open(town, starts_at=night, ends_at=night + HOUR)
    await _register(town, webinar, town.claire)
    await _reach(town, night - HOUR)
    assert (await _planned(town, "webinar_hour"))["m05"].due_at == night - HOUR


async def test_a_link_before_a_monday_comes_on_friday(town: Town, show: Any) -> None:
    monday = datetime(2026, 6, 29, 8, 0, tzinfo=UTC)  # 10:00 in Brussels and Paris: Monday 9:00 would be too late
    webinar = await _open(town, starts_at=monday, ends_at=monday + HOUR)
    await _register(town, webinar, town.claire)
    await _reach(town, monday - 5 * DAY)
    due = (await _planned(town, "webinar_link"))["m05"].due_at
    assert due.date().isoformat() == "2026-06-26"
    await _sent(town, "webinar_link")
    await _reach(town, due + HOUR)  # a change of the title redraws it: what has been given stays
    redrawn = await town.draw("webinar_link", webinar.key, town.claire, first=False)
    assert JOIN in show(_message(redrawn)).text


async def test_the_link_goes_to_the_registered_alone(town: Town, webinar: Webinar, show: Any) -> None:
    await _register(town, webinar, town.claire, town.tahmina)
    await town.click(town.tahmina, Press("webun", webinar.key))
    town.clock.set(START - DAY)

    shown = show(_message(await town.draw("webinar_link", webinar.key, town.claire)))
    assert JOIN in shown.text
    assert "Please do not share it" in shown.text
    assert shown.labels[0] == "Join the meeting"
    for kind in ("webinar_link", "webinar_week", "webinar_hour"):
        assert await town.draw(kind, webinar.key, town.tahmina) == Skip("not_registered")
    later = await town.draw("webinar_link", webinar.key, town.tahmina, first=False)
    assert JOIN not in show(_message(later)).text


async def test_a_missing_link_is_said_to_the_organisers_and_goes_out_when_it_is_given(town: Town, show: Any) -> None:
    webinar = await _open(town, join_link="")
    await _register(town, webinar, town.claire)
    await _reach(town, START - 6 * DAY, START - 2 * DAY, START - DAY)
    assert not await _planned(town, "webinar_link")
    told = await _planned(town, "webinar_link_missing")
    assert set(told) == {"C9"}
    assert len([each for each in await _all(town, Campaign) if each.kind == "webinar_link_missing"]) == 2
    assert await town.draw("webinar_link", webinar.key, town.claire) == Skip("no_link")

    await _give_link(town, webinar, JOIN)
    link = await _planned(town, "webinar_link")
    assert link["m05"].due_at == START - DAY
    text = show(_message(await town.draw("webinar_link", webinar.key, town.claire))).text
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
    await _register(town, webinar, town.claire)
    await _reach(town, START - 8 * DAY)
    await _give_link(town, webinar, "https://one.example.org/a")
    assert not await _planned(town, "webinar_link")
    await _reach(town, START - 3 * DAY)
    before = await _planned(town, "webinar_link")
    await _give_link(town, webinar, "https://two.example.org/a")
    after = await _planned(town, "webinar_link")
    assert [each.key for each in after.values()] == [each.key for each in before.values()]

    await _sent(town, "webinar_link")
    await _reach(town, START - DAY)
    await _give_link(town, webinar, "https://three.example.org/a")
    assert set(await _planned(town, "webinar_link")) == {"m05"}
    drawn = await town.draw("webinar_link", webinar.key, town.claire, **await _details(town, "webinar_link"))
    assert "is now: https://three.example.org/a" in show(_message(drawn)).text


async def test_who_registers_late_gets_what_is_still_ahead_and_the_link_at_once(
    town: Town, webinar: Webinar, show: Any
) -> None:
    await _reach(town, START - 3 * DAY)
    await _late(town, webinar, town.claire)
    assert set(await _planned(town, "webinar_link")) == {"m05"}
    assert not await _planned(town, "webinar_week")  # that has passed

    await _reach(town, START - 20 * HOUR)
    answered = await town.click(town.tahmina, Press("webreg", webinar.key))
    assert JOIN in show(answered).text
    await _late(town, webinar, town.tahmina)
    assert set(await _planned(town, "webinar_link")) == {"m05"}
    await _reach(town, START - HOUR)
    assert set(await _planned(town, "webinar_hour")) == {"m05", "m15"}


async def _late(town: Town, webinar: Webinar, who: Member) -> None:
    async with town.write() as db:
        row = await webinars.register(db, webinar, who, town.clock.now())
        await _webinar_day_timers.catch_up(db, webinar, [row], town.clock.now())


@on_one
async def test_only_the_weeks_reminder_counts_for_the_cap(town: Town, webinar: Webinar, show: Any) -> None:
    await _register(town, webinar, town.claire)
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
    await _reach(town, START - 8 * DAY)
    assert not await _planned(town, "webinar_week")
    assert set(await _planned(town, "digest")) == {"m05"}
    town.clock.set(START - 6 * DAY)
    assert "After return" in show(_message(await town.draw("digest", "digest", town.claire))).text
    await _reach(town, START - 2 * DAY)
    assert set(await _planned(town, "webinar_link")) == {"m05"}


# the day


async def test_it_is_live_from_the_start_and_over_after_the_end(town: Town, webinar: Webinar, show: Any) -> None:
    await _register(town, webinar, town.claire)
    await _reach(town, START)
    assert (await _now(town)).state == "live"
    shown = show(_message(await town.draw("webinar_link", webinar.key, town.claire, first=False)))
    assert "is on now" in shown.text
    assert shown.labels == ["Join the meeting", "I am here", "Ask a question"]
    await _reach(town, END)
    assert (await _now(town)).state == "over"
    over = show(_message(await town.draw("webinar_link", webinar.key, town.claire, first=False)))
    assert "Join the meeting" not in over.labels
    assert JOIN not in over.text


async def test_check_in_counts_once_from_a_quarter_before_to_the_end(town: Town, webinar: Webinar, show: Any) -> None:
    await _register(town, webinar, town.claire)
    guest = await _guest(town, webinar)
    await _reach(town, START - HOUR)
    hour = show(_message(await town.draw("webinar_hour", webinar.key, town.claire)))
    assert "starts in one hour" in hour.text
    assert JOIN in hour.text
    here = hour.button("I am here")
    [early] = await town.click(town.claire, here)
    assert isinstance(early, Toast)
    assert "You can check in from" in show([early]).text

    await _reach(town, START - timedelta(minutes=15))
    done = await town.click(town.claire, here)
    assert "You are checked in" in show(done).text
    assert "I am here" not in show(done).labels
    first = {each.member_id: each.attended_at for each in await _all(town, Registrant)}[town.claire.id]
    await _reach(town, START + HOUR)
    again = await town.click(town.claire, here)
    assert "Already saved" in show(again).text
    await town.click(guest, here)
    rows = await _all(town, Registrant)
    assert {each.member_id: each.attended_at for each in rows}[town.claire.id] == first
    assert sum(each.attended_at is not None for each in rows) == 2

    await _reach(town, END)
    [late] = await town.click(town.claire, here)
    assert isinstance(late, Toast)
    with pytest.raises(UserError):
        await town.click(town.tahmina, here)


async def test_a_question_reaches_the_moderator_without_a_name_unless_wanted(
    town: Town, webinar: Webinar, show: Any
) -> None:
    await _register(town, webinar, town.claire)
    guest = await _guest(town, webinar)
    with pytest.raises(UserError):
        await town.click(town.claire, Press("webask", webinar.key))
    await _reach(town, START - timedelta(minutes=15), START)
    assert set(await _planned(town, "webinar_questions")) == {"o01"}
    assert isinstance((await town.click(town.claire, Press("webask", webinar.key)))[0], Ask)
    [refused] = await town.submit(
        town.claire, "webask", webinar.key, {"text": "Call me: +32 470 12 34 56", "named": ""}
    )
    assert isinstance(refused, Invalid)
    await town.submit(town.claire, "webask", webinar.key, {"text": "What lasts?", "named": ""})
    await town.submit(guest, "webask", webinar.key, {"text": "Who pays?", "named": "yes"})

    card = show(_message(await town.draw("webinar_questions", webinar.key, town.olivia)))
    assert "1. What lasts?\n" in card.text
    assert "Claire" not in card.text
    assert "2. Who pays? · Ada Lovelace" in card.text
    after = show(await town.click(town.olivia, card.button("1 · Done")))
    assert "What lasts?" not in after.text
    assert "1 question is done" in after.text
    with pytest.raises(UserError):
        await town.click(town.claire, Press("webans", webinar.key))
    assert [each.name for each in await _all(town, WebinarQuestion)] == ["", "Ada Lovelace"]


async def test_a_platforms_list_notes_who_was_there(town: Town, webinar: Webinar, show: Any) -> None:
    await _register(town, webinar, town.claire, town.tahmina)
    await _guest(town, webinar)
    await _reach(town, START, END)
    screen = show(await town.click(town.olivia, Press("webatt", webinar.key)))
    assert "3 registered" in screen.text
    assert isinstance((await town.click(town.olivia, screen.button("Import a list")))[0], Ask)
    town.files["f1"] = [Participant("Claire Exemple"), Participant("Ada Lovelace"), Participant("Nobody Known")]
    preview = show(await town.submit(town.olivia, "weblist", webinar.key, {"list": "f1|100|list.csv"}))
    assert "2 registered people are on the list" in preview.text
    assert "Nobody Known" in preview.text
    saved = show(await town.click(town.olivia, preview.button("Save")))
    assert "Saved: 2 more people were there." in saved.text
    assert sum(each.attended_at is not None for each in await _all(town, Registrant)) == 2


# feedback


async def _attend(town: Town, webinar: Webinar, number: int) -> list[Member]:
    async with town.write() as db:
        people = [Member(code=f"x{n:02}", name=f"Extra {n}", zone="UTC") for n in range(number)]
        db.add_all(people)
        await db.flush()
        for each in people:
            row = await webinars.register(db, webinar, each, town.clock.now())
            row.attended_at = webinar.starts_at
    return people


async def test_three_questions_go_to_those_who_were_there_and_leave_no_trace(
    town: Town, webinar: Webinar, show: Any
) -> None:
    await _register(town, webinar, town.claire, town.tahmina)
    guest = await _guest(town, webinar)
    await _reach(town, START)
    for who in (town.claire, guest):
        await town.click(who, Press("webhere", webinar.key))
    await _reach(town, END, END + HOUR)
    asked = await _planned(town, "webinar_feedback")
    assert len(asked) == 2
    assert "m15" not in asked
    assert asked["m05"].due_at == END + HOUR  # 16:15 in Paris

    card = show(_message(await town.draw("webinar_feedback", webinar.key, town.claire)))
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

    answers = await _all(town, WebinarAnswer)
    assert sorted(each.answers["F1"] for each in answers) == ["3", "5"]
    assert {tuple(sorted(each.answers)) for each in answers} == {("F1", "F2")}
    assert {each.body for each in await _all(town, WebinarComment)} == {"More time, please", "Slower"}
    assert {column.name for column in WebinarAnswer.__table__.columns} == {
        "id", "webinar_id", "answers", "community_id",
    }  # fmt: skip
    assert {each.state for each in await _all(town, WebinarFlag)} == {"sent"}
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
    people = await _attend(town, webinar, 5)
    await _reach(town, START, END, END + HOUR)

    async def answer(some: list[Member]) -> None:
        for each in some:
            async with town.write() as db:
                assert await feedback.send(db, webinar, each, {"F1": "5", "F2": "2"})

    await answer(people[:4])
    close = datetime(2026, 7, 2, 16, tzinfo=UTC)
    await _reach(town, close - HOUR)
    few = show(await town.click(town.olivia, Press("webfbsum", webinar.key))).text
    assert "Fewer than 5 people have answered" in few
    await _reach(town, close)
    assert "Their answers are not shown" in show(await town.click(town.olivia, Press("webfbsum", webinar.key))).text
    await answer(people[4:])
    shown = show(await town.click(town.olivia, Press("webfbsum", webinar.key))).text
    assert "Found it useful (4 or 5): 5 of 5" in shown


# the recording


async def test_the_recording_waits_for_every_speaker(town: Town, webinar: Webinar, show: Any) -> None:
    await _register(town, webinar, town.claire)
    with pytest.raises(UserError):
        await town.click(town.olivia, Press("webrec", webinar.key))
    await _reach(town, START, END)
    assert isinstance((await town.click(town.olivia, Press("webrec", webinar.key)))[0], Ask)
    [bad] = await town.submit(town.olivia, "webrec", webinar.key, {"link": "http://video.example.org/1"})
    assert isinstance(bad, Invalid)
    link = "https://video.example.org/1"
    given = show(await town.submit(town.olivia, "webrec", webinar.key, {"link": link}))
    assert "0 of 2 speakers have agreed" in given.text
    assert "Preview" not in given.labels
    assert set(await _planned(town, "webinar_speaker")) == {"o01", "m15"}
    with pytest.raises(UserError):
        await town.click(town.olivia, Press("bprev", webinar.key, "", "wr"))

    asked = show(_message(await town.draw("webinar_speaker", webinar.key, town.tahmina)))
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
    assert (await _now(town)).state == "recording"
    assert set(await _planned(town, "webinar_recording")) == {"m05"}
    assert set(await _planned(town, "webinar_recording_public")) == {"C1"}
    sent = _message(await town.draw("webinar_recording", webinar.key, town.claire))
    assert link in show(sent).text
    assert any(isinstance(each, LinkButton) for row in sent[0].message.rows for each in row)


async def test_another_recording_is_asked_about_anew(town: Town, webinar: Webinar, show: Any) -> None:
    await _reach(town, START, END)
    for number in (1, 2):
        await town.submit(town.olivia, "webrec", webinar.key, {"link": f"https://video.example.org/{number}"})
        await town.click(town.olivia, Press("webagree", webinar.key, "", "yes"))
        if number == 1:
            await _sent(town, "webinar_speaker")
    assert (await _now(town)).agreed == [town.olivia.id]
    assert set(await _planned(town, "webinar_speaker")) == {"o01", "m15"}


# another date, or none


async def test_moving_tells_each_once_and_sets_everything_anew(town: Town, webinar: Webinar, show: Any) -> None:
    await _register(town, webinar, town.claire, town.tahmina)
    await _reach(town, START - 8 * DAY)
    assert await _planned(town, "webinar_week")
    new = START + 14 * DAY
    async with town.write() as db:
        channel = (await db.scalars(select(Channel).where(Channel.chat == "C1"))).one()
        posted = MessageRef("slack", "T1", "C1", "77")
        await cards.note(db, "webinar_channel", webinar.key, posted, channel=channel)
    seen, done = await _change(town, webinar, show, "webmove", start=new.isoformat(), length="60")
    assert "2 people are told now." in seen.text
    assert "Undo" in show(done).labels

    now = await _now(town)
    assert (now.starts_at, now.ends_at, now.revision) == (new, new + HOUR, webinar.revision + 1)
    [copy] = [each for each in await _all(town, CardCopy) if each.kind == "webinar_channel"]
    assert copy.wanted > copy.shown
    assert not await _planned(town, "webinar_week")
    notices = await _planned(town, "webinar_moved")
    assert set(notices) == {"m05", "m15"}
    text = show(
        _message(await town.draw("webinar_moved", webinar.key, town.claire, **await _details(town, "webinar_moved")))
    )
    assert "Reason: A clash" in text.text
    assert "Add to calendar" in text.labels
    due = {(each.kind, each.slot): each.due_at for each in await _all(town, Timer) if each.state == "waiting"}
    assert due["webinar.start", "start"] == new
    assert due["webinar.hour", ""] == new - HOUR
    await _reach(town, new - 8 * DAY)
    assert set(await _planned(town, "webinar_week")) == {"m05", "m15"}


async def test_moved_within_a_day_the_notice_brings_the_link_and_nothing_follows(
    town: Town, webinar: Webinar, show: Any
) -> None:
    await _register(town, webinar, town.claire)
    await _reach(town, START - 2 * DAY, START - 3 * HOUR)
    await _sent(town, "webinar_link")
    new = START + 2 * HOUR
    await _change(town, webinar, show, "webmove", start=new.isoformat(), length="75")
    await _reach(town, START - 3 * HOUR + timedelta(minutes=5))
    assert not await _planned(town, "webinar_link")
    assert not await _planned(town, "webinar_week")
    drawn = await town.draw("webinar_moved", webinar.key, town.claire, **await _details(town, "webinar_moved"))
    assert JOIN in show(_message(drawn)).text
    await _reach(town, new - HOUR)
    assert set(await _planned(town, "webinar_hour")) == {"m05"}


async def test_undo_gives_the_old_date_back_with_its_reminders(town: Town, webinar: Webinar, show: Any) -> None:
    await _register(town, webinar, town.claire)
    await _reach(town, START - 8 * DAY)
    _, done = await _change(town, webinar, show, "webmove", start=START.isoformat(), length="60")
    await town.click(town.olivia, show(done).button("Undo"))
    now = await _now(town)
    assert (now.starts_at, now.ends_at, now.state) == (START, END, "open")
    assert not await _planned(town, "webinar_moved")
    await _reach(town, START - 8 * DAY + timedelta(minutes=1))
    assert set(await _planned(town, "webinar_week")) == {"m05"}


async def test_cancelling_needs_a_second_tap_and_stops_everything(town: Town, webinar: Webinar, show: Any) -> None:
    await _register(town, webinar, town.claire)
    await _reach(town, START - 8 * DAY)
    assert isinstance((await town.click(town.olivia, Press("webcan", webinar.key)))[0], Ask)
    preview = show(await town.submit(town.olivia, "webcan", webinar.key, {"reason": "No speaker"}))
    assert (await _now(town)).state == "open"
    kept = await town.click(town.olivia, preview.button("Leave it as it is"))
    assert "Nothing was changed" in show(kept).text

    await _change(town, webinar, show, "webcan")
    assert (await _now(town)).state == "cancelled"
    assert set(await _planned(town, "webinar_cancelled")) == {"m05"}
    assert not await _planned(town, "webinar_week")
    left = {each.kind for each in await _all(town, Timer) if each.state == "waiting" and "webinar" in each.kind}
    assert left == {"webinar.erase"}
    details = await _details(town, "webinar_cancelled")
    text = show(_message(await town.draw("webinar_cancelled", webinar.key, town.claire, **details))).text
    assert "does not take place" in text
    assert "Reason: A clash" in text
    async with town.read() as db:
        channel = (await db.scalars(select(Channel).where(Channel.chat == "C1"))).one()
    public = await town.draw("webinar_channel", webinar.key, channel, first=False)
    assert "This webinar has been cancelled" in show(_message(public)).text


@on_one
async def test_a_change_is_for_organisers_and_fails_when_the_preview_is_old(
    town: Town, webinar: Webinar, show: Any
) -> None:
    refused = await town.click(town.claire, Press("webcan", webinar.key))
    assert not any(isinstance(each, Ask) for each in refused)
    preview = show(await town.submit(town.olivia, "webcan", webinar.key, {"reason": "No speaker"}))
    await _register(town, webinar, town.claire)
    stale = show(await town.click(town.olivia, preview.button("Cancel and tell them")))
    assert "Something changed since this preview" in stale.text
    assert (await _now(town)).state == "open"


# report


@on_one
async def test_the_report_comes_early_when_the_project_ends(town: Town, show: Any) -> None:
    async with town.write() as db:
        community = await db.get_one(type(town.community), town.community.id)
        community.settings = {**community.settings, "programme": {"ends": "2026-07-31"}}
    webinar = await _open(town)
    due = {each.kind: each.due_at for each in await _all(town, Timer)}
    assert due["webinar.report"] == datetime(2026, 7, 17, 7, tzinfo=UTC)  # not 2026-08-09
    assert due["webinar.erase"] == END + 30 * DAY
    await _attend(town, webinar, 6)
    await _reach(town, START, END, datetime(2026, 6, 30, 7, tzinfo=UTC))
    assert set(await _planned(town, "webinar_recording_due")) == {"C9"}
    await _reach(town, due["webinar.report"])
    assert set(await _planned(town, "webinar_report")) == {"C9"}
    async with town.read() as db:
        channel = (await db.scalars(select(Channel).where(Channel.chat == "C9"))).one()
    text = show(_message(await town.draw("webinar_report", webinar.key, channel))).text
    assert "Sent early, because the project ends." in text
    assert "6 people were there live (100 %)" in text


@on_one
async def test_a_report_of_a_published_recording_archives_the_webinar(town: Town, webinar: Webinar, show: Any) -> None:
    async with town.write() as db:
        row = await db.get_one(Webinar, webinar.id)
        row.state, row.recording_link = "recording", "https://video.example.org/1"
    due = next(each.due_at for each in await _all(town, Timer) if each.kind == "webinar.report")
    assert due == datetime(2026, 8, 10, 7, tzinfo=UTC)  # forty-five days after is a Sunday
    await _reach(town, due)
    assert (await _now(town)).state == "archived"
    async with town.read() as db:
        channel = (await db.scalars(select(Channel).where(Channel.chat == "C9"))).one()
    assert isinstance(await town.draw("webinar_report", webinar.key, channel), Message)


@on_one
async def test_many_people_are_told_only_after_their_number_was_typed(town: Town, webinar: Webinar, show: Any) -> None:
    async with town.write() as db:
        for number in range(50):
            each = Member(code=f"p{number:02}", name=f"Person {number}", zone="UTC")
            each.accounts = [Account(platform="slack", workspace="T1", user=f"P{number}", chat=f"DP{number}")]
            db.add(each)
            await db.flush()
            await webinars.register(db, webinar, each, town.clock.now())
    _, asked = await _change(town, webinar, show, "webcan")
    [ask] = asked
    assert isinstance(ask, Ask)
    [wrong] = await town.submit(town.olivia, ask.form, ask.subject, {"count": "49"})
    assert isinstance(wrong, Invalid)
    assert (await _now(town)).state == "open"
    await town.submit(town.olivia, ask.form, ask.subject, {"count": "50"})
    assert (await _now(town)).state == "cancelled"
    assert len(await _planned(town, "webinar_cancelled")) == 50


@on_one
async def test_who_only_moderates_sees_questions_and_numbers_no_feedback(town: Town, show: Any) -> None:
    webinar = await _open(town, moderator_id=town.claire.id)
    await _reach(town, START - timedelta(minutes=15), START)
    assert set(await _planned(town, "webinar_questions")) == {"m05"}
    screen = show(await town.click(town.claire, Press("webatt", webinar.key)), language="fr")
    assert screen.labels == ["Questions", "Importer une liste"]
    for verb in ("webrec", "webfbsum", "webfbtx", "webmove"):
        refused = await town.click(town.claire, Press(verb, webinar.key))
        assert not any(isinstance(each, Ask) for each in refused)
        assert "After return" not in show(refused).text
    with pytest.raises(UserError):
        await town.click(town.tahmina, Press("webatt", webinar.key))
