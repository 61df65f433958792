"""Whatever a client makes up, nobody ever gets "that did not work": it is refused or does what it says."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bot.commands import fill_demo
from bot.demo_world import EXAMPLES
from bot.dispatcher import Dispatcher
from bot.routes import Routes
from chat.inbound import Click, Command, Said, Submission
from chat.outbound import Invalid, Reply, Toast
from chat.people import MessageRef, Person, Place
from chat.text import plain
from handlers import features
from scheduler.clock import MovableClock
from storage import Database
from storage.drafts import FormDraft
from storage.meetings import Meeting
from storage.members import Member

REVS = (
    "",
    "0",
    "1",
    "99999999999999",
    "-1",
    "test",
    "x",
    "back",
    "edit",
    "skip",
    "o",
    "cal",
    "right",
    "again",
    "send",
    "stop",
)
ARGS = (
    "", "0", "5", "99999999", "-1", "yes", "i", "n", "x" * 30, "en", "xx", "Europe/Paris", "Europe/Nowhere", "all",
    "anew", "i.0123456789abcdef.29614080", "i.0123456789abcdef.999999999", "home", "meeting_edit_M6", "feedback_M5",
    "meeting_roster_M6", "m202605", "m999999", "d20260520", "d20269999", "t202605201000", "2026-05",
    "2026-13", "0000-00",
)  # fmt: skip
TEXTS = (
    "", " ", "/", "/ ", "!", "?", "-", "_", "yes", "‏", "🎉", "\u0000", "meeting edit", "meeting edit 99", "join x",
    "zone nowhere", "zone " + "x" * 3000, "language klingon", "feedback M1", "meeting roster M5", "help help",
    "<@U1>", "%s {x}",
)  # fmt: skip


@pytest.fixture
async def desk(tmp_path: Path, clock: MovableClock) -> AsyncIterator[tuple[Dispatcher, Database]]:
    """Give a dispatcher over the COPRR community at the demo's clock."""
    url = f"sqlite:///{tmp_path}/convenor.sqlite3"
    history = EXAMPLES / "coprr-history.yaml"
    await fill_demo(url, EXAMPLES / "coprr.yaml", history, clock.now(), current=True)
    database = Database(url)
    yield Dispatcher(database, clock, Routes.of(features()), []), database
    await database.close()


async def test_made_up_presses_words_and_forms_never_end_in_an_error(desk: Any, clock: MovableClock) -> None:
    dispatcher, database = desk
    chance = random.Random(2026)
    people = [Person("telegram", "7000000001", "5000104"), Person("telegram", "7000000001", "5000013")]
    people += [
        Person("slack", "T0COPRR", "U0O01"),
        Person("slack", "T0COPRR", "U0M01"),
        Person("slack", "T0COPRR", "U9"),
    ]
    async with database.read() as db:
        known = [*await db.scalars(select(Meeting.key)), *list(await db.scalars(select(Member.key)))[:3]]
    verbs = [verb for feature in features() for verb in feature.clicks] + ["q", "qs", "form"] * 6
    number = 0

    async def do(kind: Any, by: Person, **more: Any) -> None:
        nonlocal number
        number += 1
        place = Place(by.platform, by.workspace, by.user if chance.random() < 0.8 else "C0MEMBERS")
        inbound = kind(key=f"k{number}", by=by, where=place, at=clock.now(), **more)
        assert await dispatcher.accept(inbound)
        outcome = await dispatcher.handle(inbound)
        for each in outcome.answers:
            texts = [each.text] if isinstance(each, Toast) else each.message.lines if isinstance(each, Reply) else ()
            texts = [*each.errors.values()] if isinstance(each, Invalid) else texts
            said = " ".join(plain(text, outcome.reader) for text in texts)
            assert "that did not work" not in said, more

    for _ in range(150):
        by = chance.choice(people)
        async with database.read() as db:
            mine = select(FormDraft.key).where(FormDraft.account == by.id)
            keys = [*known, *[*await db.scalars(mine)] * 5, "nosuchkey000", "", "x"]
        press = f"{chance.choice(verbs)}:{chance.choice(keys)}:{chance.choice(REVS)}:{chance.choice(ARGS)}"[:64]
        await do(Click, by, data=press, message=MessageRef(by.platform, by.workspace, by.user, "1"))
        match chance.randrange(4):
            case 0:
                await do(Said, by, text=chance.choice(TEXTS))
            case 1:
                await do(Command, by, words=chance.choice((*TEXTS, "meeting new", "meeting edit M6")))
            case 2:
                values = {"start": chance.choice(("@0", "@9999999999", "x", "")), "format": chance.choice(ARGS)}
                await do(Submission, by, draft=chance.choice(keys), page=chance.choice((0, 1, 9, -1)), values=values)
