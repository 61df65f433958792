"""One installation, two communities, one person in both: nothing of one is ever done in the other."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from sqlalchemy import select

from bot.dispatcher import Dispatcher
from bot.routes import Routes
from chat.inbound import Click, Command, Reachable, Started
from chat.outbound import Edit, Reply
from chat.people import MessageRef, Person, Place
from chat.text import plain
from handlers import features
from scheduler.clock import MovableClock
from storage import Database
from storage.communities import Community
from storage.joining import issue_link
from storage.members import Account, Consent, Member

ME = Person("telegram", "700", "7")
PLACE = Place("telegram", "700", "7", "dm")


class Both:
    """Ahmet, a member of Alpha, who is invited to Beta as well."""

    def __init__(self, database: Database, clock: MovableClock) -> None:
        self.database, self.clock = database, clock
        self.dispatcher = Dispatcher(database, clock, Routes.of(features()), [])
        self._keys = itertools.count()

    async def build(self) -> Both:
        async with self.database.write() as db:
            for key, name in (("alpha", "Alpha"), ("beta", "Beta")):
                db.add(Community(key=key, name=name, zone="Europe/Brussels", controller_name=name))
        async with self.database.write(1) as db:
            account = Account(platform="telegram", workspace="700", user="7", chat="7")
            db.add(Member(code="a1", name="Ahmet A", zone="Europe/Istanbul", language="en", accounts=[account]))
        async with self.database.write(2) as db:
            member = Member(code="b1", name="Ahmet B", zone="Europe/Istanbul", language="en", state="invited")
            db.add(member)
            await db.flush()
            self.token = await issue_link(db, member, self.clock.now())
        return self

    async def do(self, kind: Any, **more: Any) -> tuple[str, list[str]]:
        """Give the text of the answers and the data of their buttons."""
        inbound = kind(key=f"k{next(self._keys)}", by=ME, where=PLACE, at=self.clock.now(), **more)
        assert await self.dispatcher.accept(inbound)
        outcome = await self.dispatcher.handle(inbound)
        messages = [each.message for each in outcome.answers if isinstance(each, Reply | Edit)]
        text = "\n".join(plain(line, outcome.reader) for each in messages for line in each.lines)
        return text, [one.data for each in messages for row in each.rows for one in row if hasattr(one, "data")]

    async def press(self, data: str) -> tuple[str, list[str]]:
        return await self.do(Click, data=data, message=MessageRef("telegram", "700", "7", "1"))

    async def states(self) -> dict[str, str]:
        async with self.database.read() as db:
            return dict((await db.execute(select(Member.code, Member.state))).all())


@pytest.fixture
async def both(database: Database, clock: MovableClock) -> Both:
    return await Both(database, clock).build()


async def test_a_member_of_one_community_joins_another_by_its_link(both: Both) -> None:
    text, buttons = await both.do(Started, payload=both.token)
    assert "I am the assistant of Beta" in text
    assert await both.states() == {"a1": "active", "b1": "pending_consent"}
    text, _ = await both.press(next(each for each in buttons if each.startswith("lang:") and each.endswith(":fr")))
    assert "Beta" in text
    text, _ = await both.press(next(each for each in buttons if each.startswith("agree:")))
    assert "Beta" in text
    assert await both.states() == {"a1": "active", "b1": "active"}
    async with both.database.read() as db:
        agreed = (await db.scalars(select(Consent))).all()
        languages = dict((await db.execute(select(Member.code, Member.language))).all())
    assert [(each.community_id, each.member_id) for each in agreed] == [(2, 2)]
    assert languages == {"a1": "en", "b1": "fr"}


async def test_a_typed_code_of_another_community_is_found_and_one_use_is_all(both: Both) -> None:
    text, _ = await both.do(Command, words=f"join {both.token}")
    assert "I am the assistant of Beta" in text
    text, _ = await both.do(Command, words="home")
    assert "Alpha" in text
    text, _ = await both.do(Command, words=f"join {both.token}")
    assert "has been used" in text


async def test_a_block_holds_in_every_community_of_the_person(both: Both) -> None:
    await both.do(Started, payload=both.token)
    await both.do(Reachable, reachable=False, reason="blocked")
    async with both.database.read() as db:
        found = (await db.execute(select(Account.community_id, Account.reachable, Account.reason))).all()
    assert sorted(map(tuple, found)) == [(1, False, "blocked"), (2, False, "blocked")]
