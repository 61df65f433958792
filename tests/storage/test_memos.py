"""Guards of a memo hold whatever is done at once; who may read it is judged from the truth of now."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from storage import Database, memos
from storage.communities import Community
from storage.documents import Document, DocumentDecision, MemoReader, by_key
from storage.files import StoredFile
from storage.meetings import Attendance, Invitation, Meeting
from storage.members import Member
from storage.memos import Plan, Refused

STAFF = frozenset({"approver"})
NOBODY: frozenset[str] = frozenset()


@dataclass
class Place:
    """Be a community with a memo in approval: two approvers, an author, two who were invited and one other."""

    database: Database
    community: int
    now: Any
    people: dict[str, int]
    key: str = ""
    files: int = 0

    def write(self) -> Any:
        return self.database.write(self.community)

    async def who(self, db: Any, code: str) -> Member:
        found: Member = await db.get_one(Member, self.people[code])
        return found

    async def file(self, db: Any, by: Member) -> StoredFile:
        self.files += 1
        made = StoredFile(
            blob=f"{self.files:032x}", name="memo.pdf", kind="pdf", size=1, sha256="", created_at=self.now,
            created_by=by.id,
        )  # fmt: skip
        db.add(made)
        await db.flush()
        return made

    async def decide(self, code: str, version: int, revision: int, *, approve: bool = True) -> str:
        """Decide in a transaction of its own; give what came of it."""
        async with self.write() as db:
            try:
                who = await self.who(db, code)
                done = await memos.decide(db, self.key, who, STAFF, version, revision, self.now, approve=approve)
            except Refused as refused:
                return refused.why
            return done.state

    async def rewrite(self) -> str:
        async with self.write() as db:
            author = await self.who(db, "author")
            try:
                stored = await self.file(db, author)
                done = await memos.new_version(db, self.key, author, "en", stored, "", self.now)
            except Refused as refused:
                return refused.why
            return done.state

    async def document(self, db: Any) -> Document:
        found = await by_key(db, self.key)
        assert found is not None
        return found


@pytest.fixture
async def place(database: Database, clock: Any) -> Place:
    """Give a memo that waits for approval."""
    now = clock.now()
    async with database.write() as db:
        db.add(community := Community(key="one", name="One", zone="Europe/Brussels"))
        await db.flush()
    async with database.write(community.id) as db:
        names = ("author", "dana", "piet", "awa", "zofia", "ali")
        people = {each: Member(code=each, name=each, zone="Europe/Paris", joined_at=now) for each in names}
        meeting = Meeting(
            code="M5", title="Measures", zone="Europe/Brussels", state="held", starts_at=now - timedelta(days=9),
            ends_at=now - timedelta(days=9), rsvp_deadline=now - timedelta(days=20),
        )  # fmt: skip
        db.add_all([*people.values(), meeting])
        await db.flush()
        db.add_all([Invitation(meeting_id=meeting.id, member_id=people[each].id) for each in ("awa", "zofia")])
        db.add(Attendance(meeting_id=meeting.id, member_id=people["awa"].id, state="attended"))
        made = Place(database, community.id, now, {name: each.id for name, each in people.items()})
        plan = Plan(
            meeting=meeting, title="Counting", author=people["author"], approver=people["dana"], language="fr",
            file=await made.file(db, people["author"]), speakers=(people["awa"].id,),
        )  # fmt: skip
        made.key = (await memos.create(db, plan, now)).key
        await memos.submit(db, made.key, 1, now)
    return made


async def test_of_two_who_decide_at_once_one_is_told(place: Place) -> None:
    for _ in range(3):
        done = await asyncio.gather(place.decide("dana", 1, 2), place.decide("piet", 1, 2, approve=False))
        assert sorted(done) in (["approved", "decided"], ["decided", "returned"])
        async with place.write() as db:
            made = list(await db.scalars(select(DocumentDecision)))
            assert len(made) == 1
            await db.delete(made[0])
            document = await place.document(db)
            document.state, document.revision = "in_approval", 2


async def test_a_new_version_and_an_approval_at_once_never_approve_the_unseen(place: Place) -> None:
    first, second = await asyncio.gather(place.decide("dana", 1, 2), place.rewrite())
    assert (first, second) in (("approved", "state"), ("replaced", "draft"))
    async with place.write() as db:
        document = await place.document(db)
        assert (document.state, document.version) in (("approved", 1), ("draft", 2))


async def test_an_author_never_decides_nor_who_wrote_a_version(place: Place) -> None:
    assert await place.decide("author", 1, 2) == "author"
    async with place.write() as db:
        piet = await place.who(db, "piet")
        await memos.add_language(db, place.key, piet, "en", await place.file(db, piet), "", 1)
    assert await place.decide("piet", 1, 3) == "author"
    assert await place.decide("dana", 1, 2) == "changed"
    assert await place.decide("dana", 1, 3) == "approved"
    async with place.write() as db:
        with pytest.raises(Refused, match="right"):
            await memos.decide(db, place.key, await place.who(db, "ali"), NOBODY, 1, 4, place.now, approve=True)
        with pytest.raises(Refused, match="state"):
            await memos.change(db, place.key, title="Other")


async def test_a_writer_is_not_made_approver(place: Place) -> None:
    async with place.write() as db:
        with pytest.raises(Refused, match="approver"):
            await memos.change(db, place.key, approver_id=place.people["author"])
        dana = await place.who(db, "dana")
        with pytest.raises(Refused, match="approver"):
            await memos.new_version(db, place.key, dana, "en", await place.file(db, dana), "", place.now)


async def test_speakers_of_one_version_answer_once_each(place: Place) -> None:
    async with place.write() as db:
        document = await place.document(db)
        document.state = "draft"
        await memos.ask_facts(db, place.key, 1, place.now)
        awa = await place.who(db, "awa")
        await memos.say_facts(db, place.key, awa, 1, "sealed", place.now, right=False)
        assert not await memos.all_right(db, document)
        await memos.say_facts(db, place.key, awa, 1, "", place.now, right=True)
        assert await memos.all_right(db, document)
        assert [each.kind for each in await memos.decisions(db, document)] == ["facts_ok"]
        with pytest.raises(Refused, match="gone"):
            await memos.say_facts(db, place.key, await place.who(db, "zofia"), 1, "", place.now, right=True)
        with pytest.raises(Refused, match="replaced"):
            await memos.say_facts(db, place.key, awa, 2, "", place.now, right=True)


async def test_who_may_read_follows_state_list_time_and_membership(place: Place) -> None:
    async with place.write() as db:
        document, now = await place.document(db), place.now
        awa, ali, dana, author = [await place.who(db, each) for each in ("awa", "ali", "dana", "author")]

        async def may(who: Member, roles: frozenset[str] = NOBODY, at: Any = now) -> bool:
            return await memos.may_read(db, document, who, roles, at)

        assert await may(author)
        assert await may(dana)
        assert not await may(awa)  # a speaker, but nobody asks her now
        assert not await may(ali)
        assert await may(ali, frozenset({"organiser"}))
        assert await may(await place.who(db, "piet"), STAFF)
        document.state = "factual_check"
        assert await may(awa)
        db.add(MemoReader(document_id=document.id, member_id=awa.id, added_at=now))
        document.state, document.expires_at = "distributed", now + timedelta(days=1)
        await db.flush()
        assert await may(awa)
        assert not await may(ali)
        assert not await may(awa, at=now + timedelta(days=1))
        awa.state = "paused"
        assert await may(awa)
        awa.state = "left"
        assert not await may(awa)
        awa.state = "active"
        document.state = "withdrawn"
        assert not await may(awa)


async def test_readers_get_their_language_else_the_communitys_else_the_first(place: Place) -> None:
    async with place.write() as db:
        document, author = await place.document(db), await place.who(db, "author")
        french = await memos.file_for(db, document, "tr")
        assert french is not None
        english = await place.file(db, author)
        await memos.add_language(db, place.key, author, "en", english, "", 1)
        assert await memos.file_for(db, document, "tr") is english
        assert (await memos.file_for(db, document, "fr")) is french
        with pytest.raises(Refused, match="language"):
            await memos.add_language(db, place.key, author, "en", english, "", 1)


async def test_the_list_is_who_was_invited_came_or_is_chosen(place: Place) -> None:
    async with place.write() as db:
        document = await place.document(db)

        async def codes() -> list[str]:
            return [each.code for each in await memos.list_of(db, document, place.now)]

        assert await codes() == ["awa", "zofia"]
        document.audience = {"to": "attended"}
        assert await codes() == ["awa"]
        document.audience = {"spec": {"members": [place.people["ali"]]}}
        assert await codes() == ["ali"]
        document.audience = {"to": "invited"}
        (await place.who(db, "zofia")).state = "left"
        await db.flush()
        assert await codes() == ["awa"]


async def test_a_memo_from_the_community_file_has_no_text(place: Place) -> None:
    async with place.write() as db:
        document = Document(kind="memo", title="Old", state="distributed")
        db.add(document)
        await db.flush()
        with pytest.raises(LookupError):
            await memos.current(db, document)
        assert await memos.file_for(db, document, "en") is None
