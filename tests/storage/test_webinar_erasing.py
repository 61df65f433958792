"""Guests of a webinar are forgotten after thirty days, totals stay; taps and answers at once leave one true state."""

from __future__ import annotations

import asyncio
import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from storage import Database, feedback, members, webinar_days, webinar_erasing, webinars
from storage.communities import Community
from storage.deliveries import Campaign, Delivery
from storage.members import GUEST, Account, Member
from storage.statistics import indicators
from storage.webinar_feedback import WebinarAnswer, WebinarFlag
from storage.webinars import Outsider, Registrant, Webinar, WebinarQuestion

START = datetime(2026, 6, 25, 12, 0, tzinfo=UTC)
END = START + timedelta(minutes=75)
NOW = START - timedelta(days=10)
LATER = END + timedelta(days=30)
_numbers = itertools.count()


class Hall:
    """A webinar with members, guests with a chat and people of the web form."""

    def __init__(self, database: Database, community: int, webinar: Webinar) -> None:
        self.database, self.community, self.webinar = database, community, webinar

    @classmethod
    async def build(cls, database: Database) -> Hall:
        async with database.write() as db:
            db.add(community := Community(key=f"h{next(_numbers)}", name="COPRR", zone="Europe/Brussels"))
            await db.flush()
        hall = cls(database, community.id, Webinar())
        hall.webinar = await hall.another()
        return hall

    async def another(self) -> Webinar:
        async with self.write() as db:
            made = Webinar(
                title="After return", starts_at=START, ends_at=END, state="open", zone="Europe/Brussels",
                opens_at=NOW, created_at=NOW,
            )  # fmt: skip
            db.add(made)
        return made

    def write(self) -> Any:
        return self.database.write(self.community)

    def read(self) -> Any:
        return self.database.read(self.community)

    async def member(self, country: str = "BE", *, there: bool = False) -> Member:
        async with self.write() as db:
            number = next(_numbers)
            made = Member(code=f"m{number}", name=f"Member {number}", zone="UTC", country=country)
            made.accounts = [Account(platform="slack", workspace="T1", user=f"U{number}")]
            db.add(made)
            await db.flush()
            row = await webinars.register(db, self.webinar, made, NOW)
            row.attended_at = START if there else None
        return made

    async def guest(self, country: str = "FR", *others: Webinar) -> Member:
        async with self.write() as db:
            user = f"{next(_numbers)}"
            account = await members.guest(db, "telegram", "700", user, chat=user, language="fr", zone="UTC")
            told = Outsider(
                name="Ada", organisation_type="media", country=country, language="fr", member=account.member
            )
            for each in (self.webinar, *others):
                await webinars.register(db, each, told, NOW)
        return account.member

    async def on_the_web(self, country: str = "DE", email_hash: str = "") -> Registrant:
        async with self.write() as db:
            told = Outsider(
                name="Bo", organisation_type="research", country=country, language="de", email="sealed",
                email_hash=email_hash, token=f"token-{next(_numbers)}-{'x' * 20}",
            )  # fmt: skip
            return await webinars.register(db, self.webinar, told, NOW)

    async def erase(self, now: datetime = LATER) -> int:
        async with self.write() as db:
            return await webinar_erasing.erase(db, self.webinar, now)

    async def count(self, table: Any) -> int:
        async with self.read() as db:
            found = await db.scalar(select(func.count()).select_from(table))
        return int(found)

    async def stored(self) -> Webinar:
        async with self.read() as db:
            found = await webinars.by_key(db, self.webinar.key)
        assert found is not None
        return found


async def test_guests_and_people_of_the_web_go_members_and_totals_stay(database: Database) -> None:
    hall = await Hall.build(database)
    for _ in range(5):
        await hall.member(there=True)
    guest = await hall.guest()
    await hall.on_the_web()
    async with hall.write() as db:
        await webinar_days.ask(db, hall.webinar, "Who pays?", "Ada", START)
        campaign = Campaign(kind="webinar_link", subject=hall.webinar.key, occurrence="", created_at=NOW, audience=1)
        db.add(campaign)
        await db.flush()
        db.add(
            Delivery(
                key="d1", campaign_id=campaign.id, member_id=guest.id, due_at=NOW, state="sent", chat="900", message="7"
            )
        )
    assert await hall.erase() == 2

    kept = (await hall.stored()).totals
    assert (kept["registered"], kept["attended"], kept["members"]) == (7, 5, 5)
    assert kept["organisations"] == {"": 5, "media": 1, "research": 1}
    assert kept["countries"] == {"other": 7}  # the two of France and Germany alone could be told apart
    assert await hall.count(Registrant) == 5
    assert await hall.count(WebinarQuestion) == 0
    async with hall.read() as db:
        assert list(await db.scalars(select(Member).where(Member.state == GUEST))) == []
        assert set(await db.scalars(select(Account.platform))) == {"slack"}
        [row] = await db.scalars(select(Delivery))
        assert (row.member_id, row.chat, row.message, row.state) == (None, "", "", "sent")

    assert await hall.erase(LATER + timedelta(days=1)) == 0
    assert (await hall.stored()).totals == kept


async def test_who_is_registered_elsewhere_or_has_joined_stays(database: Database) -> None:
    hall = await Hall.build(database)
    other = await hall.another()
    busy = await hall.guest("FR", other)
    joining = await hall.guest()
    async with hall.write() as db:
        account = (await db.scalars(select(Account).where(Account.member_id == joining.id))).one()
        member = Member(code="new", name="New Member", zone="UTC")
        db.add(member)
        await db.flush()
        await db.refresh(member, ["accounts"])
        await members.bind(db, member, account.platform, account.workspace, account.user, account.chat)
    assert await hall.erase() == 1
    async with hall.read() as db:
        known = {each.id: each.state for each in await db.scalars(select(Member))}
        rows = {(each.webinar_id, each.member_id) for each in await db.scalars(select(Registrant))}
    assert known == {busy.id: GUEST, member.id: "active"}
    assert rows == {(other.id, busy.id), (hall.webinar.id, member.id)}


async def test_the_daily_job_erases_what_has_outlived_its_time_in_its_own_community(database: Database) -> None:
    first, second = await Hall.build(database), await Hall.build(database)
    for hall in (first, second):
        await hall.guest()
        await hall.on_the_web()
    async with first.write() as db:
        assert await webinar_erasing.sweep(db, LATER - timedelta(seconds=1)) == 0
        assert await webinar_erasing.sweep(db, LATER) == 2
        assert await webinar_erasing.sweep(db, LATER) == 0
    assert await first.count(Registrant) == 0
    assert await second.count(Registrant) == 2


def test_small_cells_are_merged_until_nobody_can_be_recognised() -> None:
    assert webinar_erasing.merged({"BE": 9, "FR": 6, "DE": 4, "ES": 1}) == {"BE": 9, "FR": 6, "other": 5}
    assert webinar_erasing.merged({"BE": 9, "FR": 6, "DE": 4}) == {"BE": 9, "other": 10}
    assert webinar_erasing.merged({"BE": 5, "FR": 6}) == {"BE": 5, "FR": 6}
    assert webinar_erasing.merged({"BE": 2}) == {"other": 2}
    assert webinar_erasing.merged({}) == {}


async def test_the_indicator_is_the_same_before_and_after(database: Database) -> None:
    hall = await Hall.build(database)
    await hall.member(there=True)
    await hall.member()
    await hall.guest()
    await hall.on_the_web(email_hash="same")
    await hall.on_the_web(email_hash="same")
    async with hall.read() as db:
        assert (await indicators(db, NOW))["I18"].denominator == 0  # it has not taken place
    async with hall.write() as db:
        (await db.get_one(Webinar, hall.webinar.id)).state = "over"
    found = []
    for _ in range(2):
        async with hall.read() as db:
            counted = await indicators(db, LATER)
        found.append((counted["I18"].numerator, counted["I18"].denominator, counted["I18"].percent))
        assert counted["I6"].numerator == 1
        await hall.erase()
    assert found == [(1, 4, 25.0)] * 2


async def test_taps_at_once_count_once(database: Database) -> None:
    hall = await Hall.build(database)
    member = await hall.member()

    async def tap(at: datetime) -> bool:
        async with hall.write() as db:
            row = await webinars.find(db, hall.webinar, member)
            assert row is not None
            return await webinar_days.check_in(db, row, at)

    done = await asyncio.gather(*(tap(START + timedelta(minutes=each)) for each in range(4)))
    assert sum(done) == 1


async def test_answers_at_once_are_all_kept_and_one_each(database: Database) -> None:
    hall = await Hall.build(database)
    people = [await hall.member(there=True) for _ in range(4)]
    async with hall.write() as db:
        await feedback.ask(db, hall.webinar, people)

    async def answer(who: Member) -> bool:
        async with hall.write() as db:
            return await feedback.send(db, hall.webinar, who, {"F1": "5", "F2": "4"})

    done = await asyncio.gather(*(answer(each) for each in [*people, *people]))
    assert sum(done) == 4
    assert await hall.count(WebinarAnswer) == 4
    async with hall.read() as db:
        assert set(await db.scalars(select(WebinarFlag.state))) == {"sent"}
        assert await feedback.totals(db, hall.webinar) == {}  # below five


async def test_speakers_who_answer_at_once_are_all_counted(database: Database) -> None:
    hall = await Hall.build(database)
    people = [await hall.member() for _ in range(3)]
    async with hall.write() as db:
        (await db.get_one(Webinar, hall.webinar.id)).speakers = [each.id for each in people]

    async def agree(who: Member, *, yes: bool) -> None:
        async with hall.write() as db:
            held = await webinars.lock(db, hall.webinar.key)
            assert held is not None
            webinar_days.answer(held, who, yes=yes)

    await asyncio.gather(*(agree(each, yes=each is not people[0]) for each in people))
    async with hall.read() as db:
        held = await webinars.by_key(db, hall.webinar.key)
        assert held is not None
        assert set(held.agreed) == {people[1].id, people[2].id}
        assert held.refused == [people[0].id]
        assert not await webinar_days.all_agreed(db, held)
    await agree(people[0], yes=True)
    async with hall.read() as db:
        held = await webinars.by_key(db, hall.webinar.key)
        assert held is not None
        assert await webinar_days.all_agreed(db, held)
