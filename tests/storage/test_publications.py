"""The invariants of publications on both databases: four eyes, one decision, an embargo that is never broken."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from scheduler.clock import MovableClock
from storage import Database, publications
from storage.communities import Community
from storage.documents import Document, DocumentDecision, DocumentFile, DocumentVersion
from storage.files import StoredFile
from storage.members import Member
from storage.publications import Refused
from tests.kinds import on_one

NOW = datetime(2026, 4, 22, 7, tzinfo=UTC)
EMBARGO = datetime(2026, 6, 25, 12, tzinfo=UTC)
APPROVER = ("approver",)


class Desk:
    """A community with an author, two approvers and one publication."""

    def __init__(self, database: Database, community: int, members: list[Member], key: str) -> None:
        self.database, self.community, self.key = database, community, key
        self.author, self.paul, self.petra = members

    def write(self) -> Any:
        return self.database.write(self.community)

    async def now(self) -> Document:
        async with self.database.read(self.community) as db:
            return (await db.scalars(select(Document))).one()

    async def put(self, **values: Any) -> None:
        async with self.write() as db:
            row = (await db.scalars(select(Document))).one()
            for name, value in values.items():
                setattr(row, name, value)

    async def do(self, step: Any, *given: Any, **more: Any) -> Document:
        async with self.write() as db:
            found: Document = await step(db, self.key, *given, **more)
            return found

    async def refused(self, step: Any, *given: Any, **more: Any) -> str:
        """Take a step that is refused; give why ("" if it was not)."""
        try:
            await self.do(step, *given, **more)
        except Refused as error:
            return error.why
        return ""

    async def file(self, name: str) -> StoredFile:
        async with self.write() as db:
            made = StoredFile(blob=name, name=f"{name}.pdf", kind="pdf", size=1, sha256=name, created_at=NOW)
            db.add(made)
        return made


@pytest.fixture
async def desk(database: Database, clock: MovableClock) -> Desk:
    async with database.write() as db:
        community = Community(key="coprr", name="COPRR", zone="Europe/Brussels")
        db.add(community)
        await db.flush()
    async with database.write(community.id) as db:
        members = [Member(code=f"o{n}", name=f"Staff {n}", staff=True, zone="Europe/Brussels") for n in range(3)]
        db.add_all(members)
        await db.flush()
        document = Document(
            kind="report", title="Report", state="in_approval", link="https://example.org/r", author_id=members[0].id,
            approver_id=members[1].id, created_at=NOW, details={"visibility": list(publications.CHECKS)},
        )  # fmt: skip
        db.add(document)
        await db.flush()
    return Desk(database, community.id, members, document.key)


async def test_of_many_decisions_at_once_one_counts(desk: Desk) -> None:
    acts = [
        desk.refused(publications.decide, who, APPROVER, 0, NOW, approve=approve, note="x")
        for who in (desk.paul, desk.petra) for approve in (True, False) for _ in range(3)
    ]  # fmt: skip
    answers = await asyncio.gather(*acts)
    assert sorted(answers) == ["", *["changed"] * 11]
    async with desk.database.read(desk.community) as db:
        (decision,) = (await db.scalars(select(DocumentDecision))).all()
    assert (await desk.now()).state == ("approved" if decision.kind == "approved" else "draft")


async def test_of_two_releases_planned_at_once_one_counts(desk: Desk) -> None:
    await desk.put(state="approved")
    acts = [desk.refused(publications.plan_release, 0, f"send{n}", NOW, NOW) for n in range(4)]
    answers = await asyncio.gather(*acts)
    assert sorted(answers) == ["", *["planned"] * 3]
    assert (await desk.now()).details["release"] == f"send{answers.index('')}"


async def test_a_change_and_a_planned_release_at_once_exclude_each_other(desk: Desk) -> None:
    """Either the change came first and the release is of something else, or nothing may change any more."""
    await desk.put(state="approved")
    values = {"title": "Another report"}
    planned, changed = await asyncio.gather(
        desk.refused(publications.plan_release, 0, "send", NOW, NOW),
        desk.refused(publications.change, values, desk.author, NOW),
    )
    found = await desk.now()
    if planned == "":
        assert (changed, found.title, found.state) == ("planned", "Report", "approved")
    else:
        assert (planned, changed, found.state) == ("state", "", "visibility_check")


async def test_ticks_at_once_are_all_kept(desk: Desk) -> None:
    await desk.put(state="visibility_check", details={})
    await asyncio.gather(*(desk.do(publications.tick, each, on=True) for each in publications.CHECKS))
    assert publications.checked(await desk.now()) == publications.CHECKS


@on_one
async def test_four_eyes(desk: Desk) -> None:
    """The author, who changed it and who gave the file may not approve, whatever rights they have."""
    assert await desk.refused(publications.decide, desk.author, APPROVER, 0, NOW, approve=True) == "author"
    assert await desk.refused(publications.decide, desk.paul, (), 0, NOW, approve=True) == "right"
    assert await desk.refused(publications.decide, desk.petra, ("organiser",), 0, NOW, approve=True) == "right"
    await desk.do(publications.change, {"title": "Other"}, desk.petra, NOW)
    await desk.put(state="in_approval")
    revision = (await desk.now()).revision
    assert await desk.refused(publications.decide, desk.petra, APPROVER, revision, NOW, approve=True) == "author"
    assert await desk.refused(publications.change, {"link": "https://x.org/"}, desk.paul, NOW) == ""
    values = {"link": "https://y.org/", "approver_id": desk.paul.id}
    assert await desk.refused(publications.change, values, desk.paul, NOW) == "same"
    assert await desk.refused(publications.put_file, await desk.file("a"), "en", desk.paul, NOW) == "same"


@on_one
async def test_submitting_needs_every_check_and_something_to_read(desk: Desk) -> None:
    await desk.put(state="visibility_check", link="")
    assert await desk.refused(publications.submit) == "content"
    await desk.do(publications.put_file, await desk.file("a"), "en", desk.author, NOW)
    assert await desk.refused(publications.submit) == "checks"  # another text: its ticks are gone
    for each in publications.CHECKS:
        await desk.do(publications.tick, each, on=True)
    assert (await desk.do(publications.submit)).state == "in_approval"


@on_one
@pytest.mark.parametrize("early", [timedelta(microseconds=1), timedelta(days=60)])
async def test_nothing_is_published_before_its_embargo_is_over(desk: Desk, early: timedelta) -> None:
    await desk.put(state="embargoed", embargo_until=EMBARGO)
    assert await desk.refused(publications.plan_release, 0, "send", EMBARGO - early, NOW) == "embargo"
    found = await desk.do(publications.plan_release, 0, "send", EMBARGO, NOW)
    assert not publications.free(found, EMBARGO - early)
    assert await desk.refused(publications.release, EMBARGO - early) == "embargo"
    assert publications.free(found, EMBARGO)
    assert (await desk.do(publications.release, EMBARGO)).state == "published"


@on_one
async def test_what_is_approved_without_a_planned_release_is_not_free(desk: Desk) -> None:
    await desk.put(state="approved")
    assert not publications.free(await desk.now(), NOW + timedelta(days=999))
    await desk.do(publications.plan_release, 0, "send", NOW + timedelta(minutes=2), NOW)
    assert not publications.free(await desk.now(), NOW)
    found = await desk.do(publications.call_off)
    assert not publications.free(found, NOW + timedelta(days=999))


@on_one
@pytest.mark.parametrize(
    ("before", "after", "state"),
    [
        (EMBARGO, EMBARGO + timedelta(days=1), "embargoed"), (EMBARGO, EMBARGO - timedelta(days=1), "visibility_check"),
        (EMBARGO, None, "visibility_check"), (None, EMBARGO, "embargoed"), (NOW - timedelta(days=1), None, "approved"),
    ],
)  # fmt: skip
async def test_only_an_embargo_that_ends_later_needs_no_new_approval(
    desk: Desk, before: datetime | None, after: datetime | None, state: str
) -> None:
    await desk.put(state="embargoed", embargo_until=before)
    assert (await desk.do(publications.change, {"embargo_until": after}, desk.author, NOW)).state == state


@on_one
async def test_after_its_release_only_theme_and_keywords_change(desk: Desk) -> None:
    await desk.put(state="published")
    values = {"title": "Other", "link": "https://other.org/", "embargo_until": EMBARGO, "theme": "Return"}
    found = await desk.do(publications.change, values, desk.author, NOW)
    assert (found.title, found.link, found.theme, found.embargo_until) == (
        "Report", "https://example.org/r", "Return", None,
    )  # fmt: skip
    assert await desk.refused(publications.put_file, await desk.file("a"), "en", desk.author, NOW) == "state"


@on_one
async def test_a_new_file_of_one_language_keeps_those_of_the_others(desk: Desk) -> None:
    await desk.put(state="draft")
    for name, language in (("a", "en"), ("b", "fr"), ("c", "en")):
        await desk.do(publications.put_file, await desk.file(name), language, desk.author, NOW)
    async with desk.database.read(desk.community) as db:
        asked = select(DocumentVersion.number, DocumentFile.language, StoredFile.blob).select_from(DocumentFile)
        asked = asked.join(DocumentVersion, DocumentVersion.id == DocumentFile.version_id)
        asked = asked.join(StoredFile, StoredFile.id == DocumentFile.file_id)
        rows = sorted(tuple(each) for each in await db.execute(asked))
    assert rows == [(1, "en", "a"), (1, "fr", "b"), (2, "en", "c"), (2, "fr", "b")]


@on_one
async def test_what_is_withdrawn_stays_withdrawn(desk: Desk) -> None:
    await desk.do(publications.withdraw, "Wrong", NOW)
    assert await desk.refused(publications.withdraw, "Again", NOW) == "state"
    assert await desk.refused(publications.change, {"title": "X"}, desk.author, NOW) == "state"
    assert await desk.refused(publications.step, "draft") == "state"
    assert await desk.refused(publications.release, NOW) == "state"
