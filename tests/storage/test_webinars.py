"""Registering for a webinar: never over capacity, a seat goes to who waited longest, one person counts once."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from storage import Database, community_file, members, webinars
from storage.audience import members as in_audience
from storage.communities import Channel, Community
from storage.members import GUEST, Account, AccountTaken, Member, acting, by_account
from storage.webinars import CANCELLED, REGISTERED, WAITING, NotOpen, Outsider, Registrant, Webinar
from tests.kinds import on_one

NOW = datetime(2026, 6, 1, 8, 0, tzinfo=UTC)
START = datetime(2026, 6, 25, 12, 0, tzinfo=UTC)
_numbers = itertools.count()


class Room:
    """A webinar that is open, with members who may register, and one way to play every event."""

    def __init__(self, database: Database, webinar: Webinar, people: list[Member]) -> None:
        self.database, self.webinar, self.people = database, webinar, people

    @classmethod
    async def build(cls, database: Database, people: int = 0, **columns: Any) -> Room:
        async with database.write() as db:
            community = Community(key=f"w{next(_numbers)}", name="COPRR", zone="Europe/Brussels")
            db.add(community)
            await db.flush()
            db.scope(community.id)
            found = [
                Member(
                    code=f"m{n:02}", name=f"Member {n}", zone="Europe/Brussels", category="expert", country="BE",
                    accounts=[Account(platform="slack", workspace="T1", user=f"U{n}")],
                )
                for n in range(people)
            ]  # fmt: skip
            webinar = Webinar(**{
                "title": "After return", "starts_at": START, "ends_at": START + timedelta(minutes=75), "state": "open",
                "zone": "Europe/Brussels", "opens_at": NOW - timedelta(days=6), "created_at": NOW, **columns,
            })  # fmt: skip
            db.add_all([*found, webinar])
        return cls(database, webinar, found)

    def write(self) -> Any:
        return self.database.write(self.webinar.community_id)

    async def register(self, who: Member | Outsider, at: datetime = NOW, channel: int | None = None) -> Registrant:
        async with self.write() as db:
            return await webinars.register(db, self.webinar, who, at, channel)

    async def cancel(self, who: Member) -> list[Registrant]:
        async with self.write() as db:
            row = await webinars.find(db, self.webinar, who)
            assert row is not None
            return await webinars.cancel(db, row)

    async def states(self) -> Counter[str]:
        async with self.database.read(self.webinar.community_id) as db:
            return Counter(await db.scalars(select(Registrant.state)))

    async def counts(self) -> webinars.Counts:
        async with self.database.read(self.webinar.community_id) as db:
            return await webinars.counts(db, self.webinar)

    async def guest(self, user: str = "900") -> Account:
        async with self.write() as db:
            return await members.guest(db, "telegram", "700", user, chat=user, language="fr", zone="Europe/Brussels")


def outsider(token: str = "", **known: Any) -> Outsider:
    told = {"name": "Ada", "organisation_type": "media", "country": "FR", "language": "fr", "token": token}
    return Outsider(**(told | known))


async def test_thirty_people_register_at_once_for_ten_seats(database: Database) -> None:
    room = await Room.build(database, 30, seats=10)

    rows = await asyncio.gather(*(room.register(each) for each in room.people))

    assert Counter(each.state for each in rows) == {REGISTERED: 10, WAITING: 20}
    assert await room.states() == {REGISTERED: 10, WAITING: 20}


async def test_cancelling_and_registering_at_once_leaves_no_seat_idle_and_none_too_many(database: Database) -> None:
    room = await Room.build(database, 24, seats=8)
    for n, each in enumerate(room.people[:16]):
        await room.register(each, NOW + timedelta(minutes=n))

    given = await asyncio.gather(
        *(room.cancel(each) for each in room.people[:5]),
        *(room.register(each, NOW + timedelta(hours=1)) for each in room.people[16:]),
        *(room.register(room.people[n], NOW + timedelta(hours=1)) for n in (9, 9, 20)),
    )

    assert await room.states() == {REGISTERED: 8, WAITING: 11, CANCELLED: 5}
    seated = [row.member_id for rows in given[:5] for row in rows]
    assert sorted(seated) == [each.id for each in room.people[8:13]]  # those who had waited longest


async def test_the_first_who_waits_gets_the_seat_and_who_comes_back_is_the_last(database: Database) -> None:
    room = await Room.build(database, 3, seats=1)
    a, b, c = room.people
    for minutes, each in enumerate((a, b, c)):
        await room.register(each, NOW + timedelta(minutes=minutes))

    assert [row.member_id for row in await room.cancel(a)] == [b.id]
    assert (await room.register(a, NOW + timedelta(hours=1))).state == WAITING
    assert [row.member_id for row in await room.cancel(b)] == [c.id]
    assert await room.cancel(b) == []


async def test_more_seats_go_to_those_who_wait(database: Database) -> None:
    room = await Room.build(database, 3, seats=1)
    for each in room.people:
        await room.register(each)
    async with room.write() as db:
        webinar = await webinars.lock(db, room.webinar.key)
        assert webinar is not None
        webinar.seats = None
        assert len(await webinars.fill(db, webinar)) == 2
    assert await room.states() == {REGISTERED: 3}


@on_one
@pytest.mark.parametrize(
    ("columns", "why"),
    [
        ({"state": "draft"}, "draft"),
        ({"opens_at": NOW + timedelta(hours=1)}, "early"),
        ({"state": "cancelled"}, "cancelled"),
        ({"starts_at": NOW - timedelta(hours=3), "ends_at": NOW - timedelta(hours=2)}, "over"),
        ({"state": "archived"}, "over"),
    ],
)
async def test_nobody_registers_when_it_is_not_open(database: Database, columns: dict[str, Any], why: str) -> None:
    room = await Room.build(database, 1, **columns)
    with pytest.raises(NotOpen) as refused:
        await room.register(room.people[0])
    assert refused.value.why == why
    assert not await room.states()


async def test_the_same_form_sent_twice_at_once_is_one_registration(database: Database) -> None:
    room = await Room.build(database)
    sent = outsider("t" * 32)

    rows = await asyncio.gather(*(room.register(sent) for _ in range(4)))

    assert len({each.id for each in rows}) == 1
    assert (await room.counts()).registered == 1


async def test_one_address_takes_one_seat_however_it_is_written(database: Database) -> None:
    room = await Room.build(database, 1, seats=2)
    address = webinars.email_hash("key", "Ada@Example.org ")
    assert address == webinars.email_hash("key", "ada@example.ORG")
    assert address != webinars.email_hash("other", "ada@example.org")

    first = await room.register(outsider("a" * 32, email_hash=address))
    second = await room.register(outsider("b" * 32, email_hash=address))
    other = await room.register(room.people[0])

    assert [first.state, second.state, other.state] == [REGISTERED] * 3
    assert first.id != second.id  # nobody gets another person's page by knowing the address
    found = await room.counts()
    assert (found.registered, found.members, dict(found.countries)) == (2, 1, {"FR": 1, "BE": 1})


@on_one
async def test_people_are_counted_by_the_channel_whose_card_they_used(database: Database) -> None:
    room = await Room.build(database, 3)
    async with room.write() as db:
        channel = Channel(platform="slack", workspace="T1", chat="C1", purpose="members")
        db.add(channel)
    for each in room.people:
        await room.register(each, channel=channel.id if each is not room.people[2] else None)
    await room.register(outsider("c" * 32))

    found = await room.counts()

    assert dict(found.channels) == {channel.id: 2, None: 1, webinars.WEB: 1}
    assert dict(found.organisations) == {"expert": 3, "media": 1}


@on_one
async def test_a_guest_is_no_member_for_any_question(database: Database) -> None:
    room = await Room.build(database, 1)
    account = await room.guest()
    await room.register(outsider(member=account.member))

    async with room.database.read(room.webinar.community_id) as db:
        again = await by_account(db, "telegram", "700", "900")
        assert again is not None
        assert again.member.state == GUEST
        assert acting(again) is None
        mine = [room.people[0].id]
        assert [each.id for each in await members.admitted(db)] == mine
        assert [each.id for each in await members.active_members(db)] == mine
        assert [each.id for each in await in_audience(db, {})] == mine
        assert [each.id for each in await in_audience(db, {"members": [again.member_id]})] == []
    found = await room.counts()
    assert (found.registered, found.members) == (1, 0)


async def test_a_guest_who_joins_keeps_account_and_registrations(database: Database) -> None:
    room = await Room.build(database, 2, seats=1)
    account = await room.guest()
    await room.register(outsider(member=account.member))
    await room.register(room.people[0], NOW + timedelta(minutes=1))

    async with room.write() as db:
        joined = await db.get_one(Member, room.people[0].id)
        bound = await members.bind(db, joined, "telegram", "700", "900", "900")
        assert bound.id == account.id
        assert bound.member_id == joined.id
        with pytest.raises(AccountTaken):
            await members.bind(db, await db.get_one(Member, room.people[1].id), "telegram", "700", "900", "900")

    async with room.database.read(room.webinar.community_id) as db:
        joined = await db.get_one(Member, room.people[0].id)
        assert {each.platform for each in joined.accounts} == {"slack", "telegram"}
        rows = list(await db.scalars(select(Registrant)))
        assert [(each.member_id, each.state, each.name) for each in rows] == [(joined.id, REGISTERED, "")]
        assert not list(await db.scalars(select(Member).where(Member.state == GUEST)))


async def test_a_registration_of_the_page_is_connected_to_a_chat_once(database: Database) -> None:
    room = await Room.build(database, 1)
    row = await room.register(outsider("d" * 32, email="sealed", email_hash="ff"))
    await room.register(room.people[0])

    async with room.write() as db:
        mine = await db.get_one(Registrant, row.id)
        kept = await webinars.connect(db, mine, await db.get_one(Member, room.people[0].id))
        assert kept.member_id == room.people[0].id

    async with room.database.read(room.webinar.community_id) as db:
        assert len(list(await db.scalars(select(Registrant)))) == 1
        found = await webinars.by_page(db, "d" * 32)
        assert found is not None
        assert found.member_id == room.people[0].id
        assert found.email == ""


async def test_guests_who_never_register_are_forgotten(database: Database) -> None:
    room = await Room.build(database)
    kept = await room.guest("901")
    await room.guest("902")
    await room.register(outsider(member=kept.member))
    async with room.write() as db:
        await db.execute(webinars.idle_guests(NOW))
    async with room.database.read(room.webinar.community_id) as db:
        assert [each.id for each in await db.scalars(select(Member))] == [kept.member_id]


@on_one
async def test_states_follow_each_other_and_nothing_else(database: Database) -> None:
    room = await Room.build(database, state="draft")
    key = room.webinar.key
    async with room.write() as db:
        assert await webinars.turn(db, key, "live") is None
        assert await webinars.turn(db, key, "open") is not None
        assert await webinars.turn(db, key, "open") is None
        assert await webinars.turn(db, key, "live") is not None
        assert await webinars.turn(db, key, "draft") is None


@on_one
async def test_a_token_opens_only_its_own_community(database: Database) -> None:
    room = await Room.build(database)
    other = await Room.build(database)
    async with room.database.read() as db:
        payload = webinars.OPENS + room.webinar.public_token
        assert len(payload) <= 64
        assert await webinars.of_address(db, payload) == room.webinar.community_id
        assert await webinars.of_address(db, "w_" + "x" * 22) is None
        assert await webinars.of_address(db, "w_';--") is None
    async with room.database.read(other.webinar.community_id) as db:
        assert await webinars.by_token(db, room.webinar.public_token) is None


FILE = """
community: {key: coprr, name: COPRR, zone: Europe/Brussels, consented: true}
channels:
  - {platform: slack, workspace: T1, chat: C1, purpose: members}
  - {platform: slack, workspace: T1, chat: C9, purpose: organisers}
staff:
  - {id: o02, name: Fabio Facilitator, roles: [moderator], country: BE, accounts: {slack: {team: T1, user: U2}}}
members:
  - {id: m15, name: Tahmina Udaharon, category: expert, country: BD, accounts: {slack: {team: T1, user: U15}}}
webinars:
  - {id: W1, title: After return, start: 2026-06-25 14:00, length: 1 h 15 min, speakers: [m15], moderator: o02}
"""


async def _take(database: Database, path: Path, text: str) -> community_file.Report:
    path.write_text(text)
    async with database.write() as db:
        return await community_file.take_in(db, community_file.load(path), NOW)


async def test_a_file_brings_webinars_as_drafts_and_changes_no_announced_date(
    database: Database, tmp_path: Path
) -> None:
    path = tmp_path / "c.yaml"
    report = await _take(database, path, FILE)
    assert not (await _take(database, path, FILE)).changes
    async with database.write(report.community_id) as db:
        row = (await db.scalars(select(Webinar))).one()
        assert (row.code, row.state, row.starts_at) == ("W1", "draft", START)
        assert row.opens_at == datetime(2026, 5, 26, 8, 0, tzinfo=UTC)
        assert row.ends_at - row.starts_at == timedelta(minutes=75)
        names = {each.id: each.code for each in await db.scalars(select(Member))}
        assert [names[each] for each in (*row.speakers, row.moderator_id)] == ["m15", "o02"]
        chats = await db.scalars(select(Channel.chat).where(Channel.id.in_(row.channels)))
        assert list(chats) == ["C1"]
        row.state = "open"

    moved = FILE.replace("2026-06-25 14:00", "2026-06-26 14:00").replace("After return", "After the return")
    report = await _take(database, path, moved)

    assert any("W1 has been announced" in each for each in report.notes)
    async with database.read(report.community_id) as db:
        row = (await db.scalars(select(Webinar))).one()
        assert (row.title, row.starts_at, row.revision) == ("After the return", START, 1)


def test_mistakes_in_a_webinar_are_named(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    wrong = FILE.replace("speakers: [m15]", "speakers: [m99], opens: 2026-07-01 10:00, seat: 3, channels: [organisers]")
    path.write_text(wrong)
    with pytest.raises(community_file.FileError) as refused:
        community_file.load(path)
    for words in ('nobody with the id "m99"', "registration opens after the start", "this field is not known",
                  '"organisers" is not known'):  # fmt: skip
        assert words in str(refused.value)
