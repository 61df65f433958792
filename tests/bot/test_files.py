"""Files that people send: read when a handler wants one, outside of any transaction, and kept nowhere."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import pytest
from sqlalchemy import select, text

from bot.dispatcher import Dispatcher
from bot.routes import Routes
from chat.errors import NotSent, UserError
from chat.form import FileField, Form, GivenFile, TextField
from chat.inbound import Click, Dropped, Said, Submission
from chat.message import Press
from chat.outbound import Ask, Invalid, Open, Reply, Toast
from chat.people import MessageRef, Person, Place
from chat.text import Reader, plain, say
from handlers._feature import Feature
from scheduler.clock import MovableClock
from storage import Database
from storage.audit import AuditEntry, note
from storage.communities import Community
from storage.drafts import FormDraft
from storage.inbox import InboxRow
from storage.members import Account, Member

CONTENT = b"CANARY-9f2c"
feature = Feature("files")


def reading(content: bytes) -> int:
    if content == b"broken":
        raise RuntimeError("CANARY-9f2c")
    if content == b"refused":
        raise UserError(say("imp_no_table"))
    return len(content)


@feature.click("ask")
async def ask(ctx: Any, press: Press) -> list[Any]:
    return [Ask("list")]


@feature.form("list")
async def form(ctx: Any, subject: str) -> Form:
    field = FileField(id="list", label="The list", endings=("csv",), max=100)
    return Form("list", say("imp_title"), ((field,),), submit=say("b_save"), review=False)


@feature.submission("list")
async def received(ctx: Any, subject: str, values: dict[str, str]) -> list[Any]:
    given = GivenFile.parse(values["list"])
    note(ctx.db, ctx.now, ctx.me.id, "begun")
    await ctx.db.flush()
    size = ctx.file(given.file, 100, reading)  # type: ignore[union-attr]
    note(ctx.db, ctx.now, ctx.me.id, "read", str(size))
    return [Reply(_said("t_saved"))]


def _said(key: str) -> Any:
    from chat.message import Message

    return Message((say(key),))


@feature.form("words")
async def words(ctx: Any, subject: str) -> Form:
    return Form("words", say("imp_title"), ((TextField(id="text", label="Words"),),), review=False)


@feature.submission("words")
async def wrote(ctx: Any, subject: str, values: dict[str, str]) -> list[Any]:
    return []


@feature.on("said")
async def said(ctx: Any, inbound: Said) -> list[Any]:
    return [Toast(say("f_text_only" if not inbound.text else "t_saved"))]


class Shelf:
    """A platform that has files; asked for one it looks whether the database may be written to meanwhile."""

    workspace, command_pattern = "W", "/{joined}"

    def __init__(self, name: str, database: Database) -> None:
        self.name, self.forms, self.database = name, name == "slack", database
        self.files: dict[str, bytes] = {}
        self.asked: list[tuple[str, int]] = []
        self.said: list[Any] = []

    async def fetch(self, file: str, limit: int) -> bytes:
        self.asked.append((file, limit))
        async with asyncio.timeout(2), self.database.write() as db:
            await db.execute(text("UPDATE community SET name = 'Meanwhile'"))
        if file not in self.files:
            raise NotSent("away")
        return self.files[file]

    async def perform(self, inbound: Any, outcome: Any) -> list[MessageRef | None]:
        self.said.append(outcome)
        return [None for _ in outcome.answers]


class Desk:
    """One member on both platforms, and a dispatcher."""

    def __init__(self, database: Database, clock: MovableClock) -> None:
        self.database, self.clock, self.keys = database, clock, itertools.count(1)
        self.shelves = {each: Shelf(each, database) for each in ("slack", "telegram")}
        self.dispatcher = self.process("one")

    def process(self, worker: str) -> Dispatcher:
        routes = Routes.of([feature])
        return Dispatcher(self.database, self.clock, routes, list(self.shelves.values()), worker=worker)  # type: ignore[arg-type]

    async def fill(self) -> Desk:
        async with self.database.write() as db:
            db.add(Community(key="c", name="C", zone="UTC"))
        async with self.database.write(1) as db:
            accounts = [Account(platform=each, workspace="W", user="1") for each in self.shelves]
            db.add(Member(code="m1", name="One Member", zone="UTC", accounts=accounts))
        return self

    def common(self, platform: str) -> dict[str, Any]:
        return {
            "key": f"k{next(self.keys)}", "by": Person(platform, "W", "1"), "where": Place(platform, "W", "1"),
            "at": self.clock.now(),
        }  # fmt: skip

    async def do(self, kind: Any, platform: str, **values: Any) -> list[Any]:
        inbound = kind(**self.common(platform), **values)
        assert await self.dispatcher.accept(inbound)
        return list((await self.dispatcher.handle(inbound)).answers)

    async def ask(self, platform: str) -> str:
        (answer,) = await self.do(Click, platform, data=str(Press("ask")))
        assert isinstance(answer, Open if platform == "slack" else Reply)
        async with self.database.read() as db:
            return (await db.scalars(select(FormDraft.key))).one()

    async def acts(self) -> list[str]:
        async with self.database.read() as db:
            return list(await db.scalars(select(AuditEntry.act).order_by(AuditEntry.id)))

    async def kept(self) -> str:
        async with self.database.read() as db:
            rows = [each.body for each in await db.scalars(select(InboxRow))]
            return str([*rows, *[each.values for each in await db.scalars(select(FormDraft))]])


@pytest.fixture
async def desk(database: Database, clock: MovableClock) -> Desk:
    return await Desk(database, clock).fill()


def texts(answers: list[Any]) -> str:
    return "\n".join(plain(line, Reader()) for each in answers for line in each.message.lines)


async def test_a_file_in_a_modal_is_read_once_and_the_act_done_once(desk: Desk, caplog: Any) -> None:
    desk.shelves["slack"].files["F1"] = CONTENT
    draft = await desk.ask("slack")
    answers = await desk.do(Submission, "slack", draft=draft, page=0, values={"list": "F1|11|list.csv"})
    assert isinstance(answers[0], Reply)
    assert desk.shelves["slack"].asked == [("F1", 100)]
    assert await desk.acts() == ["begun", "read"]
    assert "CANARY" not in await desk.kept() + caplog.text


async def test_a_file_sent_in_the_chat_answers_the_open_question(desk: Desk) -> None:
    desk.shelves["telegram"].files["F1"] = CONTENT
    await desk.ask("telegram")
    typed = await desk.do(Said, "telegram", text="F1|11|list.csv")  # typed words are never a file
    assert "send the file itself" in texts(typed)
    wrong = await desk.do(Dropped, "telegram", file="F1", name="list.pdf", size=11)
    assert "I take CSV" in texts(wrong)
    large = await desk.do(Dropped, "telegram", file="F1", name="list.csv", size=101)
    assert "This is CSV, 1 kB" in texts(large)
    assert desk.shelves["telegram"].asked == []
    assert texts(await desk.do(Dropped, "telegram", file="F1", name="list.csv", size=11)) == "Already saved."
    assert await desk.acts() == ["begun", "read"]


async def test_a_file_dropped_after_closing_the_modal_is_taken_as_well(desk: Desk) -> None:
    desk.shelves["slack"].files["F1"] = CONTENT
    await desk.ask("slack")
    assert texts(await desk.do(Dropped, "slack", file="F1", name="list.csv", size=11)) == "Already saved."


async def test_a_file_nobody_asked_for_is_not_fetched(desk: Desk) -> None:
    (alone,) = await desk.do(Dropped, "telegram", file="F1", name="list.csv", size=11)
    assert alone.text.key == "f_text_only"
    (beside,) = await desk.do(Dropped, "slack", file="F1", name="list.csv", size=11, text="hello")
    assert beside.text.key == "t_saved"
    assert [each.asked for each in desk.shelves.values()] == [[], []]


@pytest.mark.parametrize(
    ("content", "key"), [(None, "e_file_lost"), (b"broken", "e_file_lost"), (b"refused", "imp_no_table")]
)
async def test_what_cannot_be_had_or_read_changes_nothing_and_may_be_sent_again(
    desk: Desk, content: bytes | None, key: str, capsys: Any
) -> None:
    if content is not None:
        desk.shelves["slack"].files["F1"] = content
    draft = await desk.ask("slack")
    (answer,) = await desk.do(Submission, "slack", draft=draft, page=0, values={"list": "F1|11|list.csv"})
    assert isinstance(answer, Invalid)
    assert answer.errors[""].key == key  # type: ignore[union-attr]
    assert await desk.acts() == []
    desk.shelves["slack"].files["F2"] = CONTENT
    await desk.do(Submission, "slack", draft=draft, page=0, values={"list": "F2|11|list.csv"})
    assert await desk.acts() == ["begun", "read"]
    assert "CANARY" not in capsys.readouterr().out


async def test_killed_before_it_was_read_it_is_fetched_again_by_who_takes_over(desk: Desk) -> None:
    desk.shelves["slack"].files["F1"] = CONTENT
    draft = await desk.ask("slack")
    inbound = Submission(**desk.common("slack"), draft=draft, page=0, values={"list": "F1|11|list.csv"})
    assert await desk.dispatcher.accept(inbound)
    async with desk.database.write() as db:
        await db.execute(text("UPDATE inbox SET lease_until = NULL, worker = 'dead' WHERE state = 'new'"))
    other = desk.process("two")
    assert await other.take_over() == 1
    assert await desk.acts() == ["begun", "read"]
    assert len(desk.shelves["slack"].said) == 1
