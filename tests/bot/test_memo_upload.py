"""A memo's file from the chat to a draft, on both platforms; what an approver writes is kept nowhere in the open."""

from __future__ import annotations

import itertools
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet, MultiFernet
from sqlalchemy import select

from bot.dispatcher import Dispatcher
from bot.routes import Routes
from chat.inbound import Click, Dropped, Said, Submission
from chat.message import Button, Press
from chat.outbound import Erase, Open, Reply
from chat.people import MessageRef, Person, Place
from chat.text import Reader, plain
from handlers import memos as feature
from scheduler.clock import MovableClock
from storage import Database
from storage.communities import Community
from storage.documents import Document, DocumentDecision
from storage.drafts import FormDraft
from storage.inbox import InboxRow
from storage.meetings import Invitation, Meeting
from storage.members import Account, Member, RoleGrant
from storage.vault import Vault
from tests.kinds import on_one

BOTH = ("slack", "telegram")
TEXT = b"# Purpose\n\nThe delegate of Austria said CANARY-77.\n\n# Next steps\n"


class Chat:
    """One platform where people give files."""

    workspace, command_pattern = "W", "/{joined}"

    def __init__(self, name: str) -> None:
        self.name, self.forms = name, name == "slack"

    async def fetch(self, file: str, limit: int) -> bytes:
        return TEXT

    async def perform(self, inbound: Any, outcome: Any) -> list[MessageRef | None]:
        return [None for _ in outcome.answers]


class Desk:
    """Olivia (1) and Dana (2), each on both platforms, after a meeting."""

    def __init__(self, database: Database, clock: MovableClock, folder: Path) -> None:
        self.database, self.clock, self.keys = database, clock, itertools.count(1)
        self.vault = Vault(folder, MultiFernet([Fernet(Fernet.generate_key())]))
        chats: Any = [Chat("slack"), Chat("telegram")]
        routes = Routes.of([feature.feature])
        self.dispatcher = Dispatcher(database, clock, routes, chats, worker="one", vault=self.vault)
        self.meeting, self.dana = "", ""

    async def fill(self) -> Desk:
        now = self.clock.now()
        async with self.database.write() as db:
            db.add(Community(key="c", name="C", zone="UTC"))
        async with self.database.write(1) as db:
            people = [
                Member(
                    code=f"o{number}", name=name, zone="UTC", staff=True, joined_at=now,
                    accounts=[Account(platform=each, workspace="W", user=str(number)) for each in BOTH],
                )
                for number, name in enumerate(("Olivia", "Dana"), 1)
            ]  # fmt: skip
            meeting = Meeting(
                code="M1", title="Measures", zone="UTC", state="held", starts_at=now - timedelta(days=3),
                ends_at=now - timedelta(days=3), rsvp_deadline=now - timedelta(days=9),
            )  # fmt: skip
            db.add_all([*people, meeting])
            await db.flush()
            db.add_all(
                RoleGrant(member_id=each.id, role=role)
                for each, role in zip(people, ("organiser", "approver"), strict=True)
            )
            db.add(Invitation(meeting_id=meeting.id, member_id=people[0].id))
            self.meeting, self.dana = meeting.key, people[1].key
        return self

    async def do(self, kind: Any, platform: str, who: int = 1, **values: Any) -> list[Any]:
        inbound = kind(
            key=f"k{next(self.keys)}", by=Person(platform, "W", str(who)), where=Place(platform, "W", str(who)),
            at=self.clock.now(), **values,
        )  # fmt: skip
        assert await self.dispatcher.accept(inbound)
        return list((await self.dispatcher.handle(inbound)).answers)

    async def click(self, platform: str, press: Press | Button, who: int = 1) -> list[Any]:
        return await self.do(Click, platform, who, data=str(press.press if isinstance(press, Button) else press))

    async def kept(self) -> str:
        async with self.database.read() as db:
            rows = [each.body for each in await db.scalars(select(InboxRow))]
            return str([*rows, *[each.values for each in await db.scalars(select(FormDraft))]])

    async def document(self) -> Document:
        async with self.database.read() as db:
            return (await db.scalars(select(Document))).one()


@pytest.fixture
async def desk(database: Database, clock: MovableClock, tmp_path: Path) -> Desk:
    return await Desk(database, clock, tmp_path / "files").fill()


def texts(answers: list[Any]) -> str:
    shown = [each.message for each in answers if hasattr(each, "message")]
    return "\n".join(plain(line, Reader()) for each in shown for line in each.lines)


def button(answers: list[Any], label: str) -> Button:
    made = [each for answer in answers for row in answer.message.rows for each in row]
    return next(each for each in made if plain(each.label, Reader()) == label)


@on_one
async def test_on_telegram_the_document_is_sent_and_four_questions_are_left(desk: Desk, caplog: Any) -> None:
    asked = await desk.click("telegram", Press("mnew", desk.meeting))
    assert "The memo: PDF, DOCX or MD" in texts(asked)
    asked = await desk.do(Dropped, "telegram", file="F1", name="memo.md", size=len(TEXT))
    assert "Who approves it" in texts(asked)
    asked = await desk.click("telegram", button(asked, "Dana"))
    assert "5. Who gets it: Everybody invited" in texts(asked)  # all that was filled in stands there to be changed
    shown = await desk.click("telegram", button(asked, "Save"))
    assert "page 1: “The delegate of Austria said”" in texts(shown)
    document = await desk.document()
    assert (document.state, document.title) == ("draft", "Measures")
    assert "CANARY" not in await desk.kept() + caplog.text


@on_one
async def test_on_slack_two_pages_and_the_reason_of_a_return_is_kept_sealed_alone(desk: Desk, caplog: Any) -> None:
    (page,) = await desk.click("slack", Press("mnew", desk.meeting))
    assert isinstance(page, Open)
    first = {"file": f"F1|{len(TEXT)}|memo.md", "language": "en", "title": "Counting", "approver": desk.dana}
    (page,) = await desk.do(Submission, "slack", draft=page.draft, page=0, values=first)
    assert isinstance(page, Open)
    assert page.page == 1
    rest = {"to": "attended", "dm": "card", "keywords": ""}
    shown = await desk.do(Submission, "slack", draft=page.draft, page=1, values=rest)
    assert "page 1: “The delegate of Austria said”" in texts(shown)
    key = (await desk.document()).key
    await desk.click("slack", Press("maskfc", key, "1", "a"))
    asked = await desk.click("telegram", Press("memo", key), 2)
    question = await desk.click("telegram", button(asked, "Return to author"), 2)
    assert "What has to change" in texts(question)
    answers = await desk.do(Said, "telegram", 2, text="CANARY-88 must go")
    assert isinstance(answers[0], Erase)
    assert isinstance(answers[1], Reply)
    assert (await desk.document()).state == "returned"
    assert "CANARY" not in await desk.kept() + caplog.text
    async with desk.database.read() as db:
        (note,) = list(await db.scalars(select(DocumentDecision.note)))
    assert desk.vault.unseal(note) == "CANARY-88 must go"
