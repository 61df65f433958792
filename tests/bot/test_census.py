"""The chore that looks who is in our channels: politely, hourly, on what can be reached."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from bot.census import Census
from bot.connections import Tokens
from bot.platforms import Connected
from chat.errors import NotSent, Rejected
from chat.people import PeopleIn, Place
from scheduler.clock import MovableClock
from storage import Database
from storage.communities import Channel, Community
from storage.members import Account, Member


class Rooms:
    """A platform that says who is in its chats, or fails for one."""

    def __init__(self, name: str, workspace: str) -> None:
        self.name, self.workspace = name, workspace
        self.rooms: dict[str, Any] = {}
        self.asked: list[str] = []
        self.known: set[str] = set()

    async def people_in(self, place: Place, known: Collection[str] = ()) -> PeopleIn:
        assert (place.platform, place.workspace, place.kind) == (self.name, self.workspace, "group")
        self.asked.append(place.chat)
        self.known = set(known)
        found = self.rooms[place.chat]
        if isinstance(found, Exception):
            raise found
        return PeopleIn(*found)

    def take(self) -> list[str]:
        asked, self.asked = self.asked, []
        return asked


class Town:
    def __init__(self, database: Database, clock: MovableClock) -> None:
        self.database, self.clock = database, clock
        self.slack, self.telegram = Rooms("slack", "T1"), Rooms("telegram", "700")
        self.slack.rooms = {"C1": (2, ("U1", "U7")), "C2": (1, ("U1",))}
        self.telegram.rooms = {"-1": (26, None)}
        self.reached = [self.slack, self.telegram]
        self.census = Census(database, clock, self._connected, pause=0.0)

    def _connected(self) -> list[Connected]:
        return [Connected(each, Tokens(platform=each.name, bot="x")) for each in self.reached]  # type: ignore[arg-type]

    async def people(self) -> dict[str, dict[str, Any]]:
        async with self.database.read() as db:
            rows = await db.execute(select(Channel.id, Channel.chat, Channel.people).order_by(Channel.id))
            return {f"{chat}/{id}": people for id, chat, people in rows}


@pytest.fixture
async def town(database: Database, clock: MovableClock) -> Town:
    async with database.write() as db:
        db.add_all([Community(key="a", name="A", zone="UTC"), Community(key="b", name="B", zone="UTC")])
    async with database.write(1) as db:
        for platform, workspace, chat, purpose in (
            ("slack", "T1", "C1", "members"), ("slack", "T1", "C2", "announcements"),
            ("slack", "T1", "C3", "organisers"), ("telegram", "700", "-1", "members"), ("slack", "T9", "C1", "members"),
        ):  # fmt: skip
            db.add(Channel(platform=platform, workspace=workspace, chat=chat, purpose=purpose))
            await db.flush()
        member = Member(code="m01", name="Ada", zone="UTC")
        member.accounts = [Account(platform="slack", workspace="T1", user="U1")]
        db.add(member)
    async with database.write(2) as db:
        db.add(Channel(platform="slack", workspace="T1", chat="C1", purpose="members"))
    return Town(database, clock)


async def test_each_chat_is_asked_about_once_an_hour(town: Town) -> None:
    await town.census.chore()
    assert (town.slack.take(), town.telegram.take()) == (["C1", "C2"], ["-1"])
    assert town.slack.known == {"U1"}
    at = town.clock.now().isoformat()
    listed = {"at": at, "count": 2, "users": ["U1", "U7"]}
    assert await town.people() == {
        "C1/1": listed, "C2/2": {"at": at, "count": 1, "users": ["U1"]}, "C3/3": {},
        "-1/4": {"at": at, "count": 26, "users": None}, "C1/5": {}, "C1/6": listed,
    }  # fmt: skip
    town.clock.advance(timedelta(minutes=50))
    await town.census.chore()
    assert town.slack.take() == []
    town.clock.advance(timedelta(minutes=10))
    await town.census.chore()
    assert town.slack.take() == ["C1", "C2"]


async def test_what_cannot_be_known_is_forgotten_what_cannot_be_asked_stays(town: Town) -> None:
    await town.census.chore()
    before = await town.people()
    town.clock.advance(timedelta(hours=1))
    town.slack.take()
    town.slack.rooms["C1"] = Rejected("missing_scope")
    town.telegram.rooms["-1"] = NotSent("conflict")
    await town.census.chore()
    after = await town.people()
    assert after["C1/1"] == after["C1/6"] == {"at": town.clock.now().isoformat()}
    assert after["C2/2"]["at"] == town.clock.now().isoformat()
    assert after["-1/4"] == before["-1/4"]
    town.clock.advance(timedelta(hours=1))
    town.slack.take()
    town.slack.rooms["C1"] = NotSent("down")
    await town.census.chore()
    assert town.slack.take() == ["C1"]  # a platform that is away is asked nothing more


async def test_a_connection_that_is_not_there_is_left_alone_and_old_channels_forgotten(town: Town) -> None:
    await town.census.chore()
    async with town.database.write(1) as db:
        await db.execute(update(Channel).where(Channel.chat == "C2").values(purpose="organisers"))
    town.reached = []
    town.clock.advance(timedelta(hours=2))
    town.slack.take()
    await town.census.chore()
    assert town.slack.take() == []
    people = await town.people()
    assert people["C2/2"] == {}
    assert people["C1/1"]["count"] == 2


async def test_stopping_waits_for_no_pause(town: Town) -> None:
    census = Census(town.database, town.clock, town._connected, pause=60.0)
    walk = asyncio.create_task(census.chore())
    async with asyncio.timeout(5):
        while not town.slack.asked:
            await asyncio.sleep(0.005)
        census.end()
        await walk
    assert town.slack.take() == ["C1"]
