"""Feedback: asked after the meeting, answered once and without a name, totals only when nobody can be recognised."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from chat.errors import UserError
from chat.form import Asking, ChoiceField
from chat.message import Button, Message, Press
from chat.outbound import Ask, Edit, Invalid, Reply
from chat.people import MessageRef
from chat.text import Reader, plain
from handlers import _reminding, features
from handlers._feedback import questions
from scheduler import cards, timers
from scheduler.contract import Drawing, Skip
from storage import feedback as stored
from storage.communities import Channel
from storage.deliveries import Campaign, CardCopy, Delivery
from storage.feedback import FeedbackAnswer, FeedbackComment, FeedbackFlag
from storage.meetings import Attendance, Invitation, Meeting
from storage.members import Member
from tests.kinds import on_one

START = datetime(2026, 5, 20, 8, tzinfo=UTC)
END = START + timedelta(minutes=150)
CLOSE = datetime(2026, 5, 27, 16, tzinfo=UTC)
GOOD = {"F1": "5", "F2": "4", "F3": "4", "F4": "b", "F5": "0", "F6": "y", "F7": ""}


@pytest.fixture
async def meeting(town: Any) -> Meeting:
    """Give an online meeting that Tahmina and Claire said yes to; the clock stands an hour after its end."""
    async with town.write() as db:
        made = Meeting(
            code="M6", title="Jobs and skills", format="online", starts_at=START, ends_at=END, zone="Europe/Brussels",
            state="inviting", rsvp_deadline=datetime(2026, 5, 6, 16, tzinfo=UTC),
        )  # fmt: skip
        db.add(made)
        await db.flush()
        for member in (town.tahmina, town.claire):
            db.add(Invitation(meeting_id=made.id, member_id=member.id, reply="yes", invited_at=town.clock.now()))
        await _reminding.arm(db, made)
    return made


async def reach(town: Any, moment: datetime) -> None:
    """Move the clock and do what is due on the way."""
    town.clock.set(moment)
    run = {kind: handler for each in features() for kind, handler in each.timers.items()}
    while await timers.run_due(town.database, moment, run, "test"):
        pass


async def asked(town: Any) -> dict[str, datetime]:
    async with town.read() as db:
        found = await db.execute(
            select(Member.code, Delivery.due_at)
            .join(Delivery, Delivery.member_id == Member.id)
            .join(Campaign, Campaign.id == Delivery.campaign_id)
            .where(Campaign.kind.in_(("feedback_request", "feedback_reminder")))
            .order_by(Delivery.id)
        )
        return dict(found.all())


async def draw(town: Any, kind: str, meeting: Meeting, member: Member, *, first: bool = False) -> Message | Skip:
    composer = next(each.cards[kind] for each in features() if kind in each.cards)
    async with town.read() as db:
        return await composer(db, Drawing(kind, meeting.key, member, None, Reader(), town.clock.now(), first))


async def ask_many(town: Any, meeting: Meeting, number: int) -> list[Member]:
    """Let so many more people be asked about the meeting."""
    async with town.write() as db:
        people = [Member(code=f"x{n:02}", name=f"Extra {n}", zone="UTC") for n in range(number)]
        db.add_all(people)
        await db.flush()
        await stored.ask(db, meeting, people)
    return people


async def send_all(town: Any, meeting: Meeting, people: list[Member], ratings: str) -> None:
    for member, rating in zip(people, ratings, strict=True):
        async with town.write() as db:
            assert await stored.send(db, meeting, member, GOOD | {"F1": rating})


@on_one
async def test_an_hour_after_the_end_those_who_said_yes_are_asked_at_a_decent_hour(town: Any, meeting: Meeting) -> None:
    await reach(town, END)
    await reach(town, END + timedelta(hours=1))
    assert await asked(town) == {
        "m05": datetime(2026, 5, 20, 11, 30, tzinfo=UTC),  # 13:30 in Paris
        "m15": datetime(2026, 5, 20, 11, 30, tzinfo=UTC),  # 17:30 in Dhaka
    }


@on_one
async def test_after_seven_in_the_evening_the_question_waits_for_the_next_working_morning(
    town: Any, meeting: Meeting
) -> None:
    late = datetime(2026, 5, 21, 13, 0, tzinfo=UTC)  # ends 19:00 on Thursday in Dhaka, whose weekend is Fri and Sat
    async with town.write() as db:
        row = await db.get_one(Meeting, meeting.id)
        row.starts_at, row.ends_at = late - timedelta(hours=2), late
        await _reminding.arm(db, row)
    await reach(town, late)
    await reach(town, late + timedelta(hours=1))
    assert (await asked(town))["m15"] == datetime(2026, 5, 24, 3, tzinfo=UTC)
    assert (await asked(town))["m05"] == late + timedelta(hours=1)


async def test_recorded_attendance_decides_who_is_asked(town: Any, meeting: Meeting) -> None:
    async with town.write() as db:
        db.add(Attendance(meeting_id=meeting.id, member_id=town.claire.id, state="attended"))
        db.add(Attendance(meeting_id=meeting.id, member_id=town.tahmina.id, state="absent"))
    await reach(town, END)
    await reach(town, END + timedelta(hours=1))
    assert list(await asked(town)) == ["m05"]


async def open_questions(town: Any, meeting: Meeting) -> None:
    await reach(town, END)
    await reach(town, END + timedelta(hours=1))


@on_one
async def test_the_request_offers_now_later_and_no(town: Any, meeting: Meeting, show: Any) -> None:
    await open_questions(town, meeting)
    card = await draw(town, "feedback_request", meeting, town.claire, first=True)
    seen = show([Reply(card)])
    assert "Answers are kept without your name." in seen.text
    assert "Open until: Wed, 27 May 2026, 18:00 (Brussels)" in seen.text
    assert seen.labels == ["Answer now", "Later", "No, thank you"]
    (ask,) = await town.click(town.claire, seen.button("Answer now"))
    assert ask == Ask("feedback", meeting.key)


@on_one
async def test_the_form_has_eight_questions_whose_answers_are_single_characters(town: Any, meeting: Meeting) -> None:
    form = questions(meeting)
    assert [each.id for each in form.fields] == [f"F{n}" for n in range(1, 9)]
    assert (form.sensitive, form.review, len(form.pages)) == (True, True, 1)
    choices = [each for each in form.fields if isinstance(each, ChoiceField)]
    assert all(len(option.value) == 1 and option.value != "-" for each in choices for option in each.options)
    assert [each.id for each in form.fields if each.required] == ["F1", "F2", "F3", "F4", "F5", "F6"]
    clean, errors = form.check_page(0, GOOD, Asking(END, "UTC", "en", {}))
    assert (clean["F8"], errors) == ("", {})


async def test_answers_carry_no_name_and_the_flag_carries_no_answer(town: Any, meeting: Meeting, show: Any) -> None:
    await open_questions(town, meeting)
    seen = show(await town.submit(town.claire, "feedback", meeting.key, GOOD | {"F8": "Keep the short talks"}))
    assert seen.text.startswith("Thank you. Your answers help us")
    assert seen.labels == ["Home"]
    async with town.read() as db:
        (answer,) = await db.scalars(select(FeedbackAnswer))
        (comment,) = await db.scalars(select(FeedbackComment))
        flags = {each.member_id: (each.state, each.commented) for each in await db.scalars(select(FeedbackFlag))}
    assert answer.answers == {"F1": "5", "F2": "4", "F3": "4", "F4": "b", "F5": "0", "F6": "y"}
    assert comment.body == "Keep the short talks"
    assert comment.id != answer.id
    assert flags == {town.claire.id: ("sent", True), town.tahmina.id: ("asked", False)}


async def test_nobody_answers_twice(town: Any, meeting: Meeting, show: Any) -> None:
    await open_questions(town, meeting)
    await town.submit(town.claire, "feedback", meeting.key, GOOD)
    again = show(await town.submit(town.claire, "feedback", meeting.key, GOOD | {"F1": "1"}))
    assert "You have answered these questions." in again.text
    pressed = show(await town.click(town.claire, Press("fbnow", meeting.key)))
    assert "You have answered these questions." in pressed.text
    async with town.read() as db:
        assert [each.answers["F1"] for each in await db.scalars(select(FeedbackAnswer))] == ["5"]


@on_one
async def test_the_card_that_asked_says_thank_you_and_nothing_is_said_twice(town: Any, meeting: Meeting) -> None:
    await open_questions(town, meeting)
    async with town.write() as db:
        ref = MessageRef("slack", "T1", "DU5", "7")
        await cards.note(db, "feedback_request", meeting.key, ref, member=town.claire)
    assert list(await town.submit(town.claire, "feedback", meeting.key, GOOD)) == []
    async with town.read() as db:
        (copy,) = await db.scalars(select(CardCopy))
        assert copy.wanted > copy.shown
    card = await draw(town, "feedback_request", meeting, town.claire)
    assert isinstance(card, Message)
    assert plain(card.lines[0], Reader()).startswith("Thank you.")


@on_one
async def test_a_comment_can_follow_once_and_is_kept_apart(town: Any, meeting: Meeting, show: Any) -> None:
    await open_questions(town, meeting)
    seen = show(await town.submit(town.tahmina, "feedback", meeting.key, GOOD))
    assert seen.labels == ["Add a comment", "Home"]
    (ask,) = await town.click(town.tahmina, seen.button("Add a comment"))
    assert ask == Ask("comment", meeting.key)
    done = show(await town.submit(town.tahmina, "comment", meeting.key, {"F8": "More time for questions"}))
    assert "Kept apart from your answers." in done.text
    again = show(await town.submit(town.tahmina, "comment", meeting.key, {"F8": "And more"}))
    assert "One is kept for each person." in again.text
    async with town.read() as db:
        assert [each.body for each in await db.scalars(select(FeedbackComment))] == ["More time for questions"]


@on_one
async def test_personal_data_in_a_comment_stores_nothing(town: Any, meeting: Meeting) -> None:
    await open_questions(town, meeting)
    values = GOOD | {"F8": "Call me at +49 170 1234567, file number AB-123456"}
    (refused,) = await town.submit(town.claire, "feedback", meeting.key, values)
    assert isinstance(refused, Invalid)
    assert list(refused.errors) == ["F8"]
    async with town.read() as db:
        assert list(await db.scalars(select(FeedbackAnswer))) == []


@on_one
async def test_no_thank_you_ends_the_matter(town: Any, meeting: Meeting, show: Any) -> None:
    await open_questions(town, meeting)
    (edit,) = await town.click(town.claire, Press("fbno", meeting.key))
    assert isinstance(edit, Edit)
    assert "You will not be asked again for this meeting." in show([edit]).text
    assert await draw(town, "feedback_request", meeting, town.claire, first=True) == Skip("answered")


@on_one
async def test_later_means_one_reminder_on_a_named_day(town: Any, meeting: Meeting, show: Any) -> None:
    await open_questions(town, meeting)
    seen = show(await town.click(town.claire, Press("fblater", meeting.key)))
    assert "I will remind you once more on Mon, 25 May 2026." in seen.text  # T+3 is a Saturday
    assert (await asked(town))["m05"] == datetime(2026, 5, 25, 7, tzinfo=UTC)
    town.clock.set(datetime(2026, 5, 26, 9, tzinfo=UTC))
    assert "open until" in show(await town.click(town.claire, Press("fblater", meeting.key))).text


@on_one
async def test_who_was_not_asked_gets_the_same_answer_as_for_a_missing_thing(town: Any, meeting: Meeting) -> None:
    await open_questions(town, meeting)
    with pytest.raises(UserError) as caught:
        await town.click(town.olivia, Press("fbnow", meeting.key))
    assert plain(caught.value.text, Reader()).startswith("I cannot find that here.")
    with pytest.raises(UserError):
        await town.submit(town.olivia, "feedback", meeting.key, GOOD)


@on_one
async def test_the_questions_close_on_the_seventh_day(town: Any, meeting: Meeting, show: Any) -> None:
    await open_questions(town, meeting)
    await reach(town, CLOSE)
    assert (
        "These questions closed on Wed, 27 May 2026, 18:00"
        in show(await town.submit(town.claire, "feedback", meeting.key, GOOD)).text
    )
    async with town.read() as db:
        assert list(await db.scalars(select(FeedbackAnswer))) == []


@on_one
async def test_members_find_their_open_questions(town: Any, meeting: Meeting, show: Any) -> None:
    assert "No open questions." in show(await town.command(town.claire, "feedback")).text
    await open_questions(town, meeting)
    seen = show(await town.command(town.claire, "feedback"))
    assert seen.labels == ["Answer now", "Later", "No, thank you"]


@on_one
async def test_before_the_close_organisers_see_steps_of_five_and_no_totals(
    town: Any, meeting: Meeting, show: Any
) -> None:
    await open_questions(town, meeting)
    people = await ask_many(town, meeting, 7)
    await send_all(town, meeting, people[:4], "5555")
    few = show(await town.command(town.olivia, "feedback M6")).text
    assert "Fewer than 5 people have answered the feedback questions so far." in few
    await send_all(town, meeting, people[4:5], "1")
    five = show(await town.command(town.olivia, "feedback M6")).text
    assert "5 or more people have answered the feedback questions so far; 9 were asked." in five
    await send_all(town, meeting, people[5:6], "2")
    assert show(await town.command(town.olivia, "feedback M6")).text == five


async def test_after_the_close_totals_and_comments_are_shown_from_five_answers_on(
    town: Any, meeting: Meeting, show: Any
) -> None:
    await open_questions(town, meeting)
    people = await ask_many(town, meeting, 5)
    await send_all(town, meeting, people[:4], "5541")
    await reach(town, CLOSE)
    few = show(await town.command(town.olivia, "feedback M6")).text
    assert "Fewer than 5 people answered the feedback questions." in few

    await send_all(town, meeting, people[4:], "4")
    async with town.write() as db:
        await stored.add_comment(db, meeting, people[0], "Keep the short talks")
    seen = show(await town.command(town.olivia, "feedback M6"))
    assert "5 people answered the feedback questions" in seen.text
    assert "Found it useful (4 or 5): 4 of 5" in seen.text
    assert "1: 1 · 4: 2 · 5: 2" in seen.text
    assert "1–2: 5" in seen.text
    assert "I did not wish to speak: 5" in seen.text
    texts = await town.click(town.olivia, seen.button("Comments"))
    assert texts[0].private
    assert "– Keep the short talks" in show(texts).text


@on_one
async def test_comments_stay_shut_before_the_close(town: Any, meeting: Meeting, show: Any) -> None:
    await open_questions(town, meeting)
    await town.submit(town.claire, "feedback", meeting.key, GOOD | {"F8": "Keep the short talks"})
    seen = show(await town.click(town.olivia, Button("x", Press("fbtexts", meeting.key, "0"))))
    assert "Keep" not in seen.text
    assert (
        show(await town.click(town.claire, Press("fbtexts", meeting.key, "0"))).text == "Only organisers can do that."
    )


@on_one
async def test_home_names_open_questions_until_they_are_answered(town: Any, meeting: Meeting) -> None:
    async def waits() -> list[str]:
        async with town.read() as db:
            found = next(each for each in features() if each.name == "feedback").waits
            return [each.kind for each in await found[0](db, town.claire, town.clock.now())]

    assert await waits() == []
    await reach(town, END + timedelta(hours=1))
    assert await waits() == ["feedback_request"]
    async with town.write() as db:
        await stored.send(db, meeting, town.claire, GOOD)
    assert await waits() == []


@on_one
async def test_a_reminder_asks_the_same_and_becomes_the_thanks(town: Any, meeting: Meeting) -> None:
    await reach(town, END + timedelta(hours=1))
    again = await draw(town, "feedback_reminder", meeting, town.claire, first=True)
    assert isinstance(again, Message)
    assert plain(again.lines[0], Reader()) == "A short reminder."
    async with town.write() as db:
        assert [each.code for each in await stored.silent(db, meeting)] == ["m05", "m15"]
        await stored.send(db, meeting, town.claire, GOOD)
        assert [each.code for each in await stored.silent(db, meeting)] == ["m15"]
    assert await draw(town, "feedback_reminder", meeting, town.claire, first=True) == Skip("answered")


@on_one
async def test_short_totals_stand_in_the_channels_from_five_answers_on(town: Any, meeting: Meeting, show: Any) -> None:
    async with town.write() as db:
        channel = (await db.scalars(select(Channel).where(Channel.chat == "C1"))).one()
        await cards.note(db, "meeting_card", meeting.key, MessageRef("slack", "T1", "C1", "1.1"), channel=channel)
        db.add_all([FeedbackAnswer(meeting_id=meeting.id, answers={"F1": each}) for each in "5542"])
    await reach(town, END)
    assert await draw(town, "feedback_totals", meeting, town.claire) == Skip("too_few")
    async with town.write() as db:
        db.add(FeedbackAnswer(meeting_id=meeting.id, answers={"F1": "4"}))
    await reach(town, CLOSE)
    async with town.read() as db:
        sent = select(Delivery.chat).join(Campaign, Campaign.id == Delivery.campaign_id)
        assert list(await db.scalars(sent.where(Campaign.kind == "feedback_totals"))) == ["C1"]
    shown = show([Reply(await draw(town, "feedback_totals", meeting, town.claire))])
    assert "Found it useful (4 or 5): 4 of 5" in shown.text
