"""Shared resources: of two decisions at once one stands, and what is refused leaves nothing behind."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from storage import Database, resources
from storage.communities import Community
from storage.documents import Document, DocumentFile
from storage.files import StoredFile
from storage.members import Member, RoleGrant
from storage.resources import Proposal, Refused
from storage.search import SearchEntry

NOW = datetime(2026, 4, 22, 7, 0, tzinfo=UTC)


@pytest.fixture
async def people(database: Database) -> list[Member]:
    """Give who shares and two who decide."""
    async with database.write() as db:
        community = Community(key="coprr", name="COPRR", zone="Europe/Brussels")
        db.add(community)
        await db.flush()
        db.scope(community.id)
        made = [Member(code=code, name=code, zone="UTC") for code in ("sharer", "olivia", "milica")]
        db.add_all(made)
        await db.flush()
        db.add_all(
            [
                RoleGrant(member_id=each.id, role=role)
                for each, role in zip(made[1:], ("organiser", "moderator"), strict=True)
            ]
        )
    return made


async def propose(database: Database, by: Member, **more: str) -> Document:
    async with database.write(by.community_id) as db:
        stored = StoredFile(blob=f"b{more}", name="a.pdf", kind="pdf", size=1, sha256="", created_at=NOW)
        db.add(stored)
        await db.flush()
        given = Proposal(title="Guide", line="Short.", language="en", file=stored, text="Words of the file", **more)
        return await resources.propose(db, given, by, NOW)


async def test_of_two_decisions_at_once_the_first_stands(database: Database, people: list[Member]) -> None:
    sharer, olivia, milica = people
    for _ in range(4):
        made = await propose(database, sharer)
        seen: list[str] = []

        async def decide(share: bool, key: str = made.key, seen: list[str] = seen) -> None:
            async with database.write(sharer.community_id) as db:
                try:
                    if share:
                        await resources.share(db, key, olivia, NOW)
                    else:
                        await resources.refuse(db, key, milica, "Not about return.")
                except Refused as refused:
                    seen.append(refused.why)

        await asyncio.gather(decide(True), decide(False))
        assert seen == ["decided"]
        async with database.read(sharer.community_id) as db:
            document = await db.get_one(Document, made.id)
            kept = (await db.scalars(select(SearchEntry).where(SearchEntry.document_id == made.id))).all()
        assert (document.state, len(kept), document.revision) in {("shared", 1, 1), ("refused", 0, 1)}
        async with database.write(sharer.community_id) as db:
            await db.delete(await db.get_one(Document, made.id))
            for each in await db.scalars(select(StoredFile)):
                await db.delete(each)


async def test_what_is_refused_or_withdrawn_leaves_no_text_and_no_file(
    database: Database, people: list[Member]
) -> None:
    sharer, olivia, _ = people
    refused, withdrawn = await propose(database, sharer), await propose(database, sharer, link="https://example.org")
    async with database.write(sharer.community_id) as db:
        await resources.refuse(db, refused.key, olivia, "Not about return.")
        await resources.share(db, withdrawn.key, olivia, NOW)
        await resources.withdraw(db, withdrawn.key, NOW)
        with pytest.raises(Refused, match="gone"):
            await resources.withdraw(db, withdrawn.key, NOW)
        assert (await db.scalars(select(SearchEntry))).all() == []
        assert (await db.scalars(select(DocumentFile))).all() == []


async def test_who_shares_does_not_decide(database: Database, people: list[Member]) -> None:
    sharer, olivia, milica = people
    made = await propose(database, olivia)
    async with database.write(sharer.community_id) as db:
        assert [each.code for each in await resources.judges(db, olivia.id, NOW)] == ["milica"]
        for step in (resources.share(db, made.key, olivia, NOW), resources.refuse(db, made.key, olivia, "No.")):
            with pytest.raises(Refused, match="own"):
                await step
        assert (await resources.share(db, made.key, milica, NOW)).state == "shared"
