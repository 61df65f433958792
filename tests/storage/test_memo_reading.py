"""Who is on the list of a memo and who has confirmed it: one row for a person, whatever is done at once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from storage import Database, memo_corrections, memo_figures, memo_reading, memos
from storage.communities import Community
from storage.deliveries import Campaign, Delivery
from storage.documents import Acknowledgment, Document, DocumentVersion, MemoReader, by_key
from storage.files import StoredFile
from storage.meetings import Meeting
from storage.members import Member
from storage.memo_reading import Acknowledged
from storage.memos import Refused

NAMES = ("author", "dana", "awa", "zofia", "ali")
STAFF = frozenset({"approver"})


@dataclass
class Shelf:
    """Be a community with one approved memo, meant for Awa and Zofia."""

    database: Database
    community: int
    now: datetime
    people: dict[str, int]

    def write(self) -> Any:
        return self.database.write(self.community)

    async def who(self, db: Any, code: str) -> Member:
        found: Member = await db.get_one(Member, self.people[code])
        return found

    async def document(self, db: Any) -> Document:
        found = await by_key(db, "memo1")
        assert found is not None
        return found

    async def send(self) -> str:
        async with self.write() as db:
            people = [await self.who(db, each) for each in ("awa", "zofia")]
            try:
                await memo_reading.distribute(
                    db, "memo1", people, self.now, self.now + timedelta(days=14), None, self.now
                )
            except Refused as refused:
                return refused.why
            return "sent"

    async def read(self, code: str, version: int | None = None, after: timedelta = timedelta()) -> Acknowledged | None:
        async with self.write() as db:
            document, who = await self.document(db), await self.who(db, code)
            return await memo_reading.acknowledge(db, document, who, self.now + after, version)

    async def propose(self, db: Any) -> Document:
        author, dana = await self.who(db, "author"), await self.who(db, "dana")
        stored = StoredFile(
            blob="b" * 32, name="n.pdf", kind="pdf", size=1, sha256="", created_at=self.now, created_by=author.id
        )
        db.add(stored)
        await db.flush()
        return await memo_corrections.propose(db, "memo1", author, dana, "en", stored, "why", "", {}, self.now)

    async def decide(self, revision: int) -> str:
        async with self.write() as db:
            dana = await self.who(db, "dana")
            try:
                await memo_corrections.decide(db, "memo1", dana, STAFF, 2, revision, "", self.now, approve=True)
            except Refused as refused:
                return refused.why
            return "approved"

    async def issue(self) -> str:
        async with self.write() as db:
            try:
                await memo_corrections.issue(db, "memo1", 2, self.now + timedelta(days=20))
            except Refused as refused:
                return refused.why
            return "issued"


@pytest.fixture
async def shelf(database: Database, clock: Any) -> Shelf:
    now = clock.now()
    async with database.write() as db:
        db.add(community := Community(key="one", name="One", zone="Europe/Brussels"))
        await db.flush()
    async with database.write(community.id) as db:
        people = {
            each: Member(code=each, name=each.title(), zone="Europe/Paris", state="active", joined_at=now)
            for each in NAMES
        }
        meeting = Meeting(
            code="M5", title="Measures", zone="Europe/Brussels", state="held", starts_at=now - timedelta(days=29),
            ends_at=now - timedelta(days=29), rsvp_deadline=now - timedelta(days=40),
        )  # fmt: skip
        db.add_all([*people.values(), meeting])
        await db.flush()
        memo = Document(
            key="memo1", kind="memo", meeting_id=meeting.id, title="T", state="approved", author_id=people["author"].id,
            approver_id=people["dana"].id, created_at=now,
        )  # fmt: skip
        db.add(memo)
        await db.flush()
        db.add(DocumentVersion(document_id=memo.id, number=1, created_at=now, created_by=people["author"].id))
        return Shelf(database, community.id, now, {code: each.id for code, each in people.items()})


async def test_two_sendings_at_once_are_one(shelf: Shelf) -> None:
    assert sorted(await asyncio.gather(*(shelf.send() for _ in range(4)))) == ["sent", "state", "state", "state"]
    async with shelf.write() as db:
        assert await db.scalar(select(func.count()).select_from(MemoReader)) == 2


async def test_confirmations_at_once_are_one_row_and_the_first_moment_stays(shelf: Shelf) -> None:
    await shelf.send()
    found = await asyncio.gather(*(shelf.read("awa", after=timedelta(seconds=n)) for n in range(8)))
    assert sum(each is not None and each.new for each in found) == 1
    assert len({each.at for each in found if each}) == 1
    async with shelf.write() as db:
        assert len((await db.scalars(select(Acknowledgment))).all()) == 1


async def test_only_who_is_on_the_list_can_confirm_and_only_while_it_can_be_read(shelf: Shelf) -> None:
    assert await shelf.read("awa") is None  # not sent yet
    await shelf.send()
    assert await shelf.read("ali") is None
    assert await shelf.read("awa", 2) is None  # there is no such version
    assert await shelf.read("awa", after=-timedelta(hours=1)) is None  # before its moment
    async with shelf.write() as db:
        (await shelf.document(db)).expires_at = shelf.now + timedelta(days=1)
    assert await shelf.read("awa", after=timedelta(days=2)) is None
    assert await shelf.read("awa") is not None
    async with shelf.write() as db:
        await memo_reading.withdraw(db, "memo1", "why", shelf.now)
    assert await shelf.read("zofia") is None


async def test_a_correction_asks_anew_and_the_first_confirmation_is_what_counts(shelf: Shelf) -> None:
    await shelf.send()
    first = await shelf.read("awa")
    assert first is not None
    async with shelf.write() as db:
        revision = (await shelf.propose(db)).revision
        assert (await shelf.document(db)).version == 1
    assert sorted(await asyncio.gather(*(shelf.decide(revision) for _ in range(3)))) == [
        "approved",
        "decided",
        "decided",
    ]
    assert sorted(await asyncio.gather(*(shelf.issue() for _ in range(3)))) == ["issued", "replaced", "replaced"]
    late = await shelf.read("awa", 1)  # a press on the old card
    assert late is not None
    assert not late.new
    async with shelf.write() as db:
        document = await shelf.document(db)
        assert [each.code for each in await memo_reading.silent(db, document)] == ["awa", "zofia"]
    again = await shelf.read("awa", 2, timedelta(days=20))
    assert again == Acknowledged(shelf.now + timedelta(days=20), 2, new=True)
    async with shelf.write() as db:
        row = (await db.scalars(select(Acknowledgment))).one()
        assert (row.at, row.version) == (first.at, 2)
        taken = await memo_corrections.take_back(db, "memo1", 2)
        assert taken is not None
        assert taken.version == 1
        await db.refresh(row)
        assert row.version == 1
    async with shelf.write() as db:
        assert memo_corrections.pending(await shelf.document(db)).state == "approved"  # type: ignore[union-attr]


async def test_a_correction_is_never_approved_by_who_wrote_it_nor_as_it_was_before(shelf: Shelf) -> None:
    await shelf.send()
    async with shelf.write() as db:
        revision = (await shelf.propose(db)).revision
        author = await shelf.who(db, "author")
        with pytest.raises(Refused, match="author"):
            await memo_corrections.decide(db, "memo1", author, STAFF, 2, revision, "", shelf.now, approve=True)
        awa = await shelf.who(db, "awa")
        with pytest.raises(Refused, match="right"):
            await memo_corrections.decide(db, "memo1", awa, frozenset(), 2, revision, "", shelf.now, approve=True)
    assert await shelf.issue() == "state"
    assert await shelf.decide(revision - 1) == "changed"
    async with shelf.write() as db:
        await memo_corrections.drop(db, "memo1", 2)
    assert await shelf.decide(revision + 1) == "replaced"


async def test_undone_nobody_is_on_the_list_and_it_can_be_sent_again(shelf: Shelf) -> None:
    await shelf.send()
    await shelf.read("awa")
    async with shelf.write() as db:
        document = await memo_reading.recall(db, "memo1")
        assert document is not None
        assert document.state == "approved"
        assert await memo_reading.recall(db, "memo1") is None
        assert await memo_reading.list_size(db, document) == 0
    assert await shelf.send() == "sent"
    async with shelf.write() as db:
        awa = await shelf.who(db, "awa")
        (entry,) = await memo_reading.of_member(db, awa, (), shelf.now)
        assert not entry.unread  # who has read a version has read it


async def test_somebody_who_has_had_two_reminders_is_left_alone(shelf: Shelf) -> None:
    await shelf.send()
    async with shelf.write() as db:
        document = await shelf.document(db)
        for name, state in (("r1", "sent"), ("r2", "unknown"), ("r3", "cancelled")):
            campaign = Campaign(kind="memo_again", subject="memo1-1", occurrence=name, created_at=shelf.now)
            db.add(campaign)
            await db.flush()
            for code in ("awa", "zofia") if name != "r2" else ("awa",):
                db.add(Delivery(
                    key=f"{name}{code}", campaign_id=campaign.id, member_id=shelf.people[code], due_at=shelf.now,
                    state=state,
                ))  # fmt: skip
        await db.flush()
        assert [each.code for each in await memo_reading.silent(db, document)] == ["zofia"]
        ((hours, number),) = await memo_reading.silent_hours(db, document)
        assert (hours.zone, number) == ("Europe/Paris", 1)
        (await shelf.who(db, "zofia")).state = "left"
        await db.flush()
        assert await memo_reading.silent(db, document) == []


async def test_figures_add_up_by_platform_and_reason(shelf: Shelf) -> None:
    await shelf.send()
    await shelf.read("awa")
    async with shelf.write() as db:
        document = await shelf.document(db)
        campaign = Campaign(
            kind="memo", subject="memo1", occurrence="v1-1", created_at=shelf.now, details={"digest": [7]}
        )
        db.add(campaign)
        await db.flush()
        for code, platform, state, reason in (("awa", "slack", "sent", ""), ("zofia", "telegram", "dead", "blocked")):
            db.add(Delivery(
                key=code, campaign_id=campaign.id, member_id=shelf.people[code], due_at=shelf.now, state=state,
                platform=platform, reason=reason,
            ))  # fmt: skip
        await db.flush()
        rows = await memo_figures.rows(db, document, "memo", "memo1")
        found = await memo_figures.figures(db, document, rows)
        assert (found.people, found.read, found.silent) == (2, 1, 1)
        assert found.platforms == {"slack": (1, 1)}
        assert found.not_delivered == {"blocked": 1}
        assert await memo_figures.delivered(db, document, "memo", "memo1") == 2  # one sent, one in a digest
        assert [each.code for each in await memo_figures.reached(db, document)] == ["awa"]


async def test_memos_of_a_member_stop_with_time_and_membership(shelf: Shelf) -> None:
    await shelf.send()
    async with shelf.write() as db:
        awa, ali, author = [await shelf.who(db, each) for each in ("awa", "ali", "author")]
        document = await shelf.document(db)
        assert [each.unread for each in await memo_reading.of_member(db, awa, (), shelf.now)] == [True]
        assert await memo_reading.of_member(db, awa, (), shelf.now - timedelta(seconds=1)) == []
        assert await memo_reading.of_member(db, ali, (), shelf.now) == []
        (theirs,) = await memo_reading.of_member(db, author, {"organiser"}, shelf.now)
        assert not theirs.unread
        assert await memos.may_read(db, document, awa, frozenset(), shelf.now)
        document.expires_at = shelf.now
        await db.flush()
        assert await memo_reading.of_member(db, awa, (), shelf.now) == []
        assert await memo_reading.unread(db, awa, shelf.now) == []
