"""A hall full of members who press buttons, and processes that take the presses in: for tests of the dispatcher."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select, update

from bot.dispatcher import Dispatcher
from bot.routes import Routes
from chat.errors import UserError
from chat.inbound import Click
from chat.message import Press
from chat.outbound import Toast
from chat.people import MessageRef, Person, Place
from chat.platform import Outcome
from chat.text import say
from handlers._feature import Feature
from scheduler.clock import MovableClock
from storage import Database
from storage.audit import AuditEntry, note
from storage.communities import Community
from storage.inbox import InboxRow
from storage.members import Account, Member

feature = Feature("hall")


@feature.click("come")
async def come(ctx: Any, press: Press) -> list[Any]:
    note(ctx.db, ctx.now, ctx.me.id, "came", ctx.me.code)
    return [Toast(say("t_saved"))]


@feature.click("refuse")
async def refuse(ctx: Any, press: Press) -> list[Any]:
    note(ctx.db, ctx.now, ctx.me.id, "half done")
    raise UserError(say("e_gone"))


@feature.click("break")
async def broken(ctx: Any, press: Press) -> list[Any]:
    note(ctx.db, ctx.now, ctx.me.id, "half done")
    await ctx.db.flush()
    raise RuntimeError("boom")


class Door:
    """A platform that remembers what it was asked to say after a process was killed."""

    name, workspace, forms, command_pattern = "telegram", "W", False, "/{joined}"

    def __init__(self) -> None:
        self.said: list[tuple[str, Outcome]] = []

    async def perform(self, inbound: Any, outcome: Outcome) -> list[MessageRef | None]:
        self.said.append((inbound.by.user, outcome))
        return [None for _ in outcome.answers]

    def start_link(self, payload: str) -> str:
        return ""


class Hall:
    """Members of one community (or of several, in turn), user ids 1, 2, 3 and so on."""

    def __init__(self, database: Database, clock: MovableClock) -> None:
        self.database, self.clock = database, clock
        self.door = Door()
        self.keys = itertools.count(1)

    async def fill(self, people: int, communities: int = 1) -> Hall:
        async with self.database.write() as db:
            db.add_all([Community(key=f"c{n}", name=f"C{n}", zone="UTC") for n in range(communities)])
        for community in range(1, communities + 1):
            async with self.database.write(community) as db:
                for number in range(community, people + 1, communities):
                    account = Account(platform="telegram", workspace="W", user=str(number))
                    db.add(Member(code=f"m{number:03}", name=f"Member {number}", zone="UTC", accounts=[account]))
        return self

    def process(self, worker: str = "one", **more: Any) -> Dispatcher:
        return Dispatcher(self.database, self.clock, Routes.of([feature]), [self.door], worker=worker, **more)  # type: ignore[list-item]

    def press(self, user: int, verb: str = "come", **more: Any) -> Click:
        return Click(
            key=f"k{next(self.keys)}", by=Person("telegram", "W", str(user)), at=self.clock.now(),
            where=Place("telegram", "W", str(user)), data=str(Press(verb, "a")), **more,
        )  # fmt: skip

    async def do(self, process: Dispatcher, presses: Sequence[Click]) -> list[Outcome]:
        assert all(await process.accept_all(presses))
        return await asyncio.gather(*(process.handle(each) for each in presses))

    async def came(self) -> Counter[str]:
        async with self.database.read() as db:
            return Counter(await db.scalars(select(AuditEntry.subject).where(AuditEntry.act == "came")))

    async def acts(self) -> Counter[str]:
        async with self.database.read() as db:
            return Counter(await db.scalars(select(AuditEntry.act)))

    async def rows(self) -> Counter[str]:
        async with self.database.read() as db:
            return Counter(await db.scalars(select(InboxRow.state)))

    async def change_rows(self, **values: Any) -> None:
        async with self.database.write() as db:
            await db.execute(update(InboxRow).values(**values))


def toasts(outcome: Outcome) -> list[str]:
    """Give the keys of what is said."""
    return [each.text.key for each in outcome.answers if isinstance(each, Toast)]
