from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text

from bot.dispatcher import Dispatcher
from bot.routes import Routes
from chat.inbound import Click, Command, Submission
from chat.message import Press
from chat.outbound import Erase, Invalid, Open, Reply, Toast
from chat.text import say
from scheduler.clock import MovableClock
from storage import Database
from storage.audit import AuditEntry
from storage.drafts import FormDraft
from storage.inbox import InboxRow
from tests.bot.desk import Desk, feature, tap, words


@pytest.fixture
async def desk(database: Database, clock: MovableClock) -> Desk:
    return await Desk(database, clock).build()


async def test_the_same_press_delivered_five_times_counts_once(desk: Desk) -> None:
    inbound = Click(data="count::::".replace("::::", ":a::x"), **desk.common("telegram"))
    taken = [await desk.dispatcher.accept(inbound) for _ in range(5)]
    assert taken == [True, False, False, False, False]
    await desk.dispatcher.handle(inbound)
    again = await desk.dispatcher.handle(inbound)
    assert again.answers == ()
    assert await desk.acts() == ["counted"]


async def test_a_press_taken_in_before_a_crash_is_applied_after_it(desk: Desk) -> None:
    inbound = Click(data=str(Press("count", "a")), **desk.common("telegram"))
    await desk.dispatcher.accept(inbound)
    restarted = Dispatcher(desk.database, desk.clock, Routes.of([feature]), list(desk.platforms.values()))  # type: ignore[arg-type]
    left_over = await restarted.left_over()
    assert left_over == [inbound]
    await restarted.recover(left_over)
    assert await desk.acts() == ["counted"]
    assert len(desk.platforms["telegram"].said) == 1
    assert await restarted.left_over() == []


async def test_what_the_person_can_mend_is_said_and_nothing_half_done_stays(desk: Desk) -> None:
    [toast] = await desk.click(Press("wrong"))
    assert toast == Toast(say("e_gone"), alert=True)
    assert await desk.acts() == []
    assert await desk.dispatcher.left_over() == []


async def test_a_bug_gives_a_reference_that_is_also_in_the_inbox(desk: Desk) -> None:
    [toast] = await desk.click(Press("bug"))
    reference = dict(toast.text.args)["error_ref"]
    async with desk.database.read() as db:
        row = (await db.scalars(select(InboxRow))).one()
    assert (row.state, row.error_ref, row.body) == ("failed", reference, None)
    assert await desk.acts() == []


@pytest.mark.parametrize(
    "forged", ["", "x", "count:a:b", "count:a:b:c:d", "nosuch:a::", "count:é::", "q:unknown0key::stop"]
)
async def test_made_up_button_data_gets_the_same_answer_as_a_missing_object(desk: Desk, forged: str) -> None:
    inbound = Click(data=forged, **desk.common("telegram"))
    assert await desk.do(inbound) == [Toast(say("e_gone"), alert=True)]


async def test_a_plain_member_pressing_an_organisers_button_is_refused(desk: Desk) -> None:
    assert await desk.click(Press("boss")) == [Toast(say("e_role"), alert=True)]
    assert await desk.click(Press("count"), user="999") == [Toast(say("e_stranger"), alert=True)]
    assert await desk.acts() == []


async def test_one_persons_acts_happen_in_the_order_they_arrived(desk: Desk) -> None:
    clicks = [Click(data=str(Press("count", "", "", str(n))), **desk.common("telegram")) for n in range(20)]
    for each in clicks:
        await desk.dispatcher.accept(each)
    await asyncio.gather(*(desk.dispatcher.handle(each) for each in clicks))
    async with desk.database.read(1) as db:
        order = list(await db.scalars(select(AuditEntry.subject).order_by(AuditEntry.id)))
    assert order == [str(n) for n in range(20)]


async def test_a_form_is_a_modal_of_pages_where_there_are_modals(desk: Desk) -> None:
    [opened] = await desk.click(Press("ask", "", "", "plan"), platform="slack")
    assert isinstance(opened, Open)
    page = {"kind": "online", "theme": "x"}
    first = Submission(draft=opened.draft, page=0, values=page, **desk.common("slack"))
    assert await desk.do(first) == [Invalid({"theme": say("f_short", min=3)})]
    good = Submission(draft=opened.draft, page=0, values={**page, "theme": "Jobs"}, **desk.common("slack"))
    [second] = await desk.do(good)
    assert (second.page, second.values["theme"]) == (1, "Jobs")
    start = str(int((desk.clock.now() + timedelta(days=2)).timestamp()))
    last = Submission(draft=opened.draft, page=1, values={"start": f"@{start}", "more": ""}, **desk.common("slack"))
    [done] = await desk.do(last)
    assert isinstance(done, Reply)
    assert await desk.acts() == ["online Jobs 2026-04-24T07:00"]


async def test_the_same_form_is_asked_question_by_question_elsewhere(desk: Desk) -> None:
    [asked] = await desk.click(Press("ask", "", "", "plan"))
    assert words(asked) == "New meeting 1/3\nKind"
    [asked] = await desk.click(tap(asked, "Hybrid"))
    assert words(asked) == "New meeting 2/3\nTheme"
    [asked, _] = await desk.say("x")
    assert "Please write at least 3 characters." in words(asked)
    [asked, _] = await desk.say("Jobs & <b>skills</b>")
    assert "Start" in words(asked)
    day = tap(asked, "24")
    [asked] = await desk.click(day)
    [asked] = await desk.click(tap(asked, "10:00"))
    assert "Fri, 24 Apr 2026, 10:00 (Dhaka)" in words(asked)
    [asked] = await desk.click(tap(asked, "That is right"))
    assert "2. Theme: Jobs & <b>skills</b>" in words(asked)
    assert "4. More: not answered" in words(asked)
    [asked] = await desk.click(tap(asked, "4 · Edit"))
    assert words(asked) == "New meeting\nMore"
    [asked, _] = await desk.say("Bring the notes")
    assert "4. More: Bring the notes" in words(asked)
    await desk.click(tap(asked, "Save"))
    assert await desk.acts() == ["hybrid Jobs & <b>skills</b> 2026-04-24T04:00"]


async def test_an_interview_goes_on_after_a_restart_and_back_and_cancel_work(desk: Desk) -> None:
    [asked] = await desk.click(Press("ask", "", "", "plan"))
    [asked] = await desk.click(tap(asked, "Online"))
    desk.dispatcher = Dispatcher(desk.database, desk.clock, Routes.of([feature]), list(desk.platforms.values()))  # type: ignore[arg-type]
    [asked, _] = await desk.say("Jobs")
    [asked] = await desk.click(tap(asked, "Back"))
    assert words(asked) == "New meeting 2/3\nTheme"
    [cancelled] = await desk.click(tap(asked, "Cancel"))
    assert "Nothing was saved." in words(cancelled)
    [asked] = await desk.click(tap(cancelled, "Continue"))
    assert "Start" in words(asked)
    assert await desk.acts() == []


async def test_typed_text_goes_to_the_open_question_for_half_an_hour_only(desk: Desk) -> None:
    [asked] = await desk.click(Press("ask", "", "", "plan"))
    await desk.click(tap(asked, "Online"))
    desk.clock.advance(timedelta(minutes=31))
    [answer] = await desk.say("Jobs and skills")
    assert words(answer) == "I work with buttons. Here is what I can do for you."


async def test_a_voice_message_in_an_interview_asks_the_question_again(desk: Desk) -> None:
    [asked] = await desk.click(Press("ask", "", "", "plan"))
    await desk.click(tap(asked, "Online"))
    [again, _] = await desk.say("")
    assert "I can only read text and buttons here." in words(again)


async def test_answers_of_a_sensitive_form_are_nowhere_before_they_are_sent(desk: Desk) -> None:
    [asked] = await desk.click(Press("ask", "", "", "secret"))
    assert words(asked) == "New meeting 1/2\nUseful"
    [asked] = await desk.click(tap(asked, "4"))
    async with desk.database.read() as db:
        assert await db.scalar(select(func.count()).select_from(InboxRow).where(InboxRow.body.is_not(None))) in (
            0,
            None,
        )
        values = await db.scalar(select(FormDraft.values))
    assert values == {}
    [asked] = await desk.click(tap(asked, "Skip"))
    assert "Useful: 4" in words(asked)
    await desk.click(tap(asked, "Save"))
    async with desk.database.read(1) as db:
        assert list(await db.scalars(select(AuditEntry.subject))) == ["4-"]


async def test_a_modal_answer_of_a_sensitive_form_never_reaches_the_inbox(desk: Desk) -> None:
    [opened] = await desk.click(Press("ask", "", "", "secret"), platform="slack")
    values = {"F1": "5", "F7": "3", "F8": "CANARY-123"}
    submitted = Submission(draft=opened.draft, page=0, values=values, **desk.common("slack"))
    await desk.dispatcher.accept(submitted)
    async with desk.database.read() as db:
        stored = " ".join(str(row) for row in await db.execute(text("SELECT * FROM inbox")))
    assert "CANARY" not in stored
    await desk.dispatcher.handle(submitted)
    assert await desk.acts() == ["answered"]


async def test_typed_text_during_a_sensitive_form_is_asked_to_be_deleted(desk: Desk) -> None:
    await desk.click(Press("ask", "", "", "secret"))
    answers = await desk.say("CANARY-456")
    assert isinstance(answers[0], Erase)
    async with desk.database.read() as db:
        stored = " ".join(str(row) for row in await db.execute(text("SELECT * FROM inbox")))
    assert "CANARY" not in stored


async def test_an_unknown_command_is_answered_and_done(desk: Desk) -> None:
    [answer] = await desk.do(Command(words="metings", **desk.common("telegram")))
    assert isinstance(answer, Reply)
    assert await desk.dispatcher.left_over() == []


async def test_keys_and_drafts_are_forgotten_after_seven_days_but_not_before(desk: Desk) -> None:
    await desk.click(Press("ask", "", "", "plan"))

    async def kept() -> tuple[int, int]:
        async with desk.database.read() as db:
            rows = await db.scalar(select(func.count()).select_from(InboxRow))
            return rows or 0, await db.scalar(select(func.count()).select_from(FormDraft)) or 0

    desk.clock.advance(timedelta(days=6, hours=23))
    await desk.dispatcher.forget_old()
    assert await kept() == (1, 1)
    desk.clock.advance(timedelta(hours=2))
    await desk.dispatcher.forget_old()
    assert await kept() == (0, 0)
