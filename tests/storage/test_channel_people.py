"""Who is in a channel: asked hourly, kept as ids alone, compared with those who may see something."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from storage import Database, channel_people, memo_places
from storage.channel_people import Outsiders
from storage.communities import Channel, Community
from storage.documents import Document, by_key
from storage.members import GUEST, Account, Member


@dataclass
class Room:
    """Be a community with a Slack and a Telegram channel; Ada is on a list, Ben is not, Gus only registered."""

    database: Database
    community: int
    now: Any
    people: dict[str, int]
    channels: dict[str, int]

    def write(self) -> Any:
        return self.database.write(self.community)

    async def keep(self, channel: str, *users: str, count: int | None = None) -> None:
        async with self.write() as db:
            given = None if count is not None else users
            await channel_people.keep(db, self.channels[channel], self.now, count or len(users), given)

    async def outsiders(self, channel: str = "slack", *who: str) -> Outsiders:
        async with self.database.read(self.community) as db:
            row = await db.get_one(Channel, self.channels[channel])
            return await channel_people.outsiders(db, row, {self.people[each] for each in who or ("Ada",)})

    async def due(self, later: timedelta = timedelta(0)) -> list[tuple[str, bool]]:
        names = {id: name for name, id in self.channels.items()}
        async with self.database.read() as db:
            return [(names[each.channel], each.wanted) for each in await channel_people.due(db, self.now + later)]


@pytest.fixture
async def room(database: Database, clock: Any) -> Room:
    async with database.write() as db:
        community = Community(key="c", name="C", zone="UTC")
        db.add(community)
        await db.flush()
    channels, people = {}, {}
    async with database.write(community.id) as db:
        for platform, purpose in (("slack", "members"), ("telegram", "announcements"), ("slack", "organisers")):
            name = platform if purpose != "organisers" else "desk"
            made = Channel(platform=platform, workspace="T1", chat=f"C-{name}", purpose=purpose)
            db.add(made)
            await db.flush()
            channels[name] = made.id
        for name, user, state in (("Ada", "U1", "active"), ("Ben", "U2", "left"), ("Gus", "U3", GUEST)):
            member = Member(code=name, name=name, zone="UTC", state=state)
            member.accounts = [Account(platform="slack", workspace="T1", user=user)]
            db.add(member)
            await db.flush()
            people[name] = member.id
        other = Member(code="o", name="Other", zone="UTC")
        other.accounts = [Account(platform="slack", workspace="T2", user="U9")]  # the same id in another workspace
        db.add(other)
    return Room(database, community.id, clock.now(), people, channels)


async def test_who_is_not_on_the_list_is_named_if_known_and_counted_if_not(room: Room) -> None:
    assert await room.outsiders() == Outsiders()
    await room.keep("slack", "U1", "U2", "U3", "U9")
    seen = await room.outsiders()
    assert (seen.there, seen.names, seen.strangers, seen.unknown, seen.count) == (4, ("Ben",), 2, False, 3)
    assert seen.at == room.now
    both = await room.outsiders("slack", "Ada", "Ben")
    assert (both.names, both.strangers) == ((), 2)
    assert both.marks < seen.marks
    assert both.stamp != seen.stamp
    assert not any(each in str(seen.marks) for each in ("U2", "U3", "U9"))
    await room.keep("slack", "U1")
    assert ((await room.outsiders()).count, (await room.outsiders()).stamp) == (0, "")


async def test_where_nobody_is_listed_there_is_a_number_and_a_time(room: Room) -> None:
    await room.keep("telegram", count=26)
    assert await room.outsiders("telegram") == Outsiders(there=26, at=room.now)
    async with room.write() as db:
        await channel_people.unknown(db, room.channels["telegram"], room.now)
    assert await room.outsiders("telegram") == Outsiders(at=room.now)


async def test_channels_are_due_once_an_hour_and_forgotten_with_their_purpose(room: Room) -> None:
    assert await room.due() == [("slack", True), ("telegram", True)]
    await room.keep("slack", "U1")
    async with room.write() as db:
        await channel_people.unknown(db, room.channels["telegram"], room.now)
    assert await room.due(timedelta(minutes=59)) == []
    assert await room.due(timedelta(hours=1)) == [("slack", True), ("telegram", True)]
    assert await room.due(timedelta(hours=-1)) == [("slack", True), ("telegram", True)]  # the clock was set back
    async with room.write() as db:
        await db.execute(update(Channel).where(Channel.purpose == "members").values(purpose="organisers"))
        await db.execute(update(Channel).where(Channel.purpose == "announcements").values(reachable=False))
    assert await room.due() == [("slack", False), ("telegram", False)]
    async with room.write() as db:
        for channel in room.channels.values():
            await channel_people.forget(db, channel)
        assert list(await db.scalars(select(Channel.people))) == [{}, {}, {}]
    assert await room.due(timedelta(days=1)) == []


async def test_a_channel_is_loaded_without_its_people(room: Room) -> None:
    await room.keep("slack", "U1")
    async with room.database.read(room.community) as db:
        found = (await db.scalars(select(Channel).where(Channel.chat == "C-slack"))).one()
    assert "people" not in vars(found)


async def test_another_community_neither_sees_nor_changes_it(room: Room) -> None:
    await room.keep("slack", "U1")
    async with room.database.write() as db:
        other = Community(key="d", name="D", zone="UTC")
        db.add(other)
        await db.flush()
    async with room.database.write(other.id) as db:
        await channel_people.forget(db, room.channels["slack"])
    assert (await room.outsiders()).there == 1


async def test_who_came_later_is_not_among_the_allowed(room: Room) -> None:
    targets = memo_places.with_form({"dm": "card", "channels": {}}, 5, "file", {"a", "b"})
    document = Document(targets=targets)
    assert memo_places.covers(document, 5, {"a"})
    assert memo_places.covers(document, 6, set())
    assert not memo_places.covers(document, 5, {"a", "c"})
    assert not memo_places.covers(document, 6, {"a"})
    again = memo_places.with_form(targets, 5, "card")
    assert again == {"dm": "card", "channels": {"5": "card"}, "allowed": {}}
    assert memo_places.with_form(again, 5, "")["channels"] == {}


async def test_only_an_approved_memo_with_the_file_there_is_allowed_later(room: Room) -> None:
    async with room.write() as db:
        db.add(Document(key="memo1", kind="memo", title="T", state="approved", targets={"channels": {"5": "file"}}))
    for state, channel, done in (("approved", 5, True), ("approved", 6, False), ("distributed", 5, False)):
        async with room.write() as db:
            (await by_key(db, "memo1")).state = state  # type: ignore[union-attr]
            await db.flush()
            assert (await memo_places.allow(db, "memo1", channel, {"x"}) is not None) == done
    async with room.write() as db:
        document = await by_key(db, "memo1")
        assert document is not None
        assert (document.targets["allowed"], document.revision) == ({"5": ["x"]}, 0)
