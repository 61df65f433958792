"""Questions asked one by one: which message carries the open one, and what the review says."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from bot import interview
from chat.form import ChoiceField, Form, Option, TextField
from chat.inbound import Click, Said
from chat.message import Message, Press
from chat.outbound import Edit, Invalid, Reply
from chat.people import MessageRef
from chat.text import Reader, plain
from scheduler.clock import MovableClock
from storage import Database
from storage.drafts import FormDraft
from tests.bot.desk import TITLE, Desk, feature, tap, words


@feature.form("short")
async def short(ctx: Any, subject: str) -> Form:
    return Form("short", TITLE, ((TextField(id="word", label="Word"),),))


@feature.submission("short")
async def shortly(ctx: Any, subject: str, values: dict[str, str]) -> list[Any]:
    return [Reply(Message(("x",)))] if values["word"] == "right" else [Invalid({"word": "Not that word."})]


@feature.form("picked")
async def picked(ctx: Any, subject: str) -> Form:
    options = (Option("a", "Red"), Option("b", "Blue"))
    return Form("picked", TITLE, ((ChoiceField(id="colour", label="Colour", options=options),),))


@feature.submission("picked")
async def picking(ctx: Any, subject: str, values: dict[str, str]) -> list[Any]:
    return [Reply(Message(("x",)))]


@pytest.fixture
async def desk(database: Database, clock: MovableClock) -> Desk:
    return await Desk(database, clock).build()


async def test_a_question_answered_in_words_loses_its_buttons(desk: Desk) -> None:
    def at(message: str) -> MessageRef:
        return MessageRef("telegram", "W", "D7", message)

    async def posted(inbound: Any, message: str) -> list[Any]:
        """Do it; its first answer is then the message named."""
        await desk.dispatcher.accept(inbound)
        outcome = await desk.dispatcher.handle(inbound)
        refs = [at(message), *(None for _ in outcome.answers[1:])]
        await desk.dispatcher.performed(inbound, outcome, refs)
        return list(outcome.answers)

    def typed(words: str) -> Said:
        return Said(text=words, **desk.common("telegram"))

    [asked] = await posted(Click(data=str(Press("ask", "", "", "plan")), **desk.common("telegram")), "m1")
    await desk.click(tap(asked, "Online"))
    [_, former] = await posted(typed("Jobs and skills"), "m2")
    assert (former.on, words(former)) == (at("m1"), "New meeting\nTheme")
    assert former.message.rows == ()
    [shown, former] = await posted(typed("20 May 2026 10:00"), "m3")
    assert former.on == at("m2")
    [last] = await desk.click(tap(shown, "That is right"), message="m3")
    await desk.click(tap(last, "4 · Edit"), message="m3")  # a tapped question goes on in its message
    [_, former] = await posted(typed("Nothing more"), "m4")
    assert (former.on, words(former)) == (at("m3"), "New meeting\nMore")


async def test_the_last_answer_in_words_takes_the_buttons_off_too_unless_it_is_refused(desk: Desk) -> None:
    async def do(inbound: Any) -> list[Any]:
        await desk.dispatcher.accept(inbound)
        outcome = await desk.dispatcher.handle(inbound)
        await desk.dispatcher.performed(inbound, outcome, [MessageRef("telegram", "W", "D7", "m1")])
        return list(outcome.answers)

    await do(Click(data=str(Press("ask", "", "", "short")), **desk.common("telegram")))
    [refused] = await do(Said(text="wrong", **desk.common("telegram")))
    assert isinstance(refused, Reply)  # the question stays open, with its Cancel
    [_, former] = await do(Said(text="right", **desk.common("telegram")))
    assert isinstance(former, Edit)
    assert (former.on, former.message.rows) == (MessageRef("telegram", "W", "D7", "m1"), ())


async def test_the_last_tap_takes_the_buttons_off_when_the_answer_is_another_message(desk: Desk) -> None:
    [asked] = await desk.click(str(Press("ask", "", "", "picked")))
    [done, former] = await desk.click(tap(asked, "Red"))
    assert isinstance(done, Reply)
    assert isinstance(former, Edit)
    assert (words(former), former.message.rows) == ("New meeting\nColour", ())


async def test_no_colon_follows_a_question_mark_in_the_review(desk: Desk) -> None:
    options = (Option("a", "All"), Option("b", "Some"))
    labels = ("Who is invited?", "من المدعو؟", "Theme")
    fields = tuple(ChoiceField(id=f"q{n}", label=each, options=options) for n, each in enumerate(labels))
    draft = FormDraft(key="d1", values=dict.fromkeys(("q0", "q1", "q2"), "a"))
    ctx: Any = SimpleNamespace(now=desk.clock.now(), reader=Reader())
    shown = interview.review(ctx, Form("f", TITLE, (fields,)), draft)
    assert [plain(each, Reader()) for each in shown.lines[1:]] == [
        "1. Who is invited? All", "2. من المدعو؟ All", "3. Theme: All",
    ]  # fmt: skip
