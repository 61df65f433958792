"""What does not last is deleted in time, of its own community only, and counted."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet, MultiFernet
from sqlalchemy import select
from structlog.testing import capture_logs

from storage import Database, retention
from storage.audit import AuditEntry
from storage.communities import Community
from storage.delegations import Delegation
from storage.documents import Document, DocumentFile, DocumentVersion
from storage.files import PlatformFile, StoredFile
from storage.meetings import Invitation, Meeting
from storage.members import Member
from storage.needs import Need
from storage.questions import AgendaQuestion
from storage.vault import Vault

DAY = timedelta(days=1)


@pytest.fixture
async def places(database: Database, clock: Any) -> list[int]:
    """Give two communities, each with a meeting now, needs of who comes, a question and two delegations."""
    now = clock.now()
    found = []
    for key in ("one", "two"):
        async with database.write() as db:
            db.add(community := Community(key=key, name=key, zone="Europe/Brussels"))
            await db.flush()
        async with database.write(community.id) as db:
            meeting = Meeting(
                code="M1", title="Now", zone="Europe/Brussels", rsvp_deadline=now, starts_at=now - DAY, ends_at=now,
                format="in_person", state="held",
            )  # fmt: skip
            holder = Member(code="m1", name="Holder", zone="Europe/Paris")
            comes = Member(code="m2", name="Comes", zone="Europe/Paris")
            new = Member(code="d-abc", name="New", zone="Europe/Paris", state="pending_consent")
            db.add_all([meeting, holder, comes, new])
            await db.flush()
            db.add(Invitation(meeting_id=meeting.id, member_id=comes.id, reply="yes"))
            db.add(Need(meeting_id=meeting.id, member_id=comes.id, consented_at=now, delete_on=now + 14 * DAY))
            db.add(AgendaQuestion(meeting_id=meeting.id, body="Why?"))
            for state, delegate in (("agreed", comes), ("lapsed", new)):
                db.add(
                    Delegation(
                        meeting_id=meeting.id,
                        member_id=holder.id,
                        delegate_id=delegate.id,
                        name=delegate.name,
                        state=state,
                        until=now,
                        created_at=now,
                    )
                )
        found.append(community.id)
    return found


async def sweep(database: Database, community: int, now: Any) -> dict[str, int]:
    async with database.write(community) as db:
        return await retention.sweep(db, now)


async def test_needs_go_fourteen_days_after_the_meeting_and_not_earlier(
    database: Database, clock: Any, places: list[int]
) -> None:
    first, second = places
    assert await sweep(database, first, clock.now() + 14 * DAY - timedelta(seconds=1)) == {}
    assert await sweep(database, first, clock.now() + 14 * DAY) == {"needs": 1}
    assert await sweep(database, first, clock.now() + 14 * DAY) == {}
    async with database.read(second) as db:
        assert len((await db.scalars(select(Need))).all()) == 1, "the other community is swept in its own turn"
    assert await sweep(database, first, clock.now() + 30 * DAY) == {"newcomers": 1, "delegations": 1}
    assert await sweep(database, first, clock.now() + 90 * DAY) == {"agenda_questions": 1}
    async with database.read(first) as db:
        assert [each.code for each in await db.scalars(select(Member).order_by(Member.code))] == ["m1", "m2"]
        assert [each.state for each in await db.scalars(select(Delegation))] == ["agreed"]
        entries = [(each.act, each.member_id, each.subject) for each in await db.scalars(select(AuditEntry))]
    assert entries == [
        ("retention", None, "needs=1"),
        ("retention", None, "newcomers=1 delegations=1"),
        ("retention", None, "agenda_questions=1"),
    ]


async def test_needs_of_who_does_not_come_and_of_a_meeting_moved_earlier_go_at_once(
    database: Database, clock: Any, places: list[int]
) -> None:
    first, second = places
    async with database.write(first) as db:
        (await db.scalars(select(Invitation))).one().reply = "maybe"
    async with database.write(second) as db:
        meeting = (await db.scalars(select(Meeting))).one()
        meeting.ends_at -= 14 * DAY
    assert (await sweep(database, first, clock.now()))["needs"] == 1
    assert (await sweep(database, second, clock.now()))["needs"] == 1


async def test_all_communities_are_swept_and_only_counts_are_logged(
    database: Database, clock: Any, places: list[int]
) -> None:
    with capture_logs() as logs:
        await retention.sweep_all(database, clock.now() + 14 * DAY)
    assert logs == [{"event": "retention_swept", "log_level": "info", "community": each, "needs": 1} for each in places]


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(tmp_path / "files", MultiFernet([Fernet(Fernet.generate_key())]))


async def test_files_go_with_a_withdrawn_or_expired_memo_and_when_nothing_uses_them(
    database: Database, clock: Any, places: list[int], vault: Vault
) -> None:
    now = clock.now()
    memos: dict[str, dict[str, Any]] = {
        "read": {}, "withdrawn": {"withdrawn_at": now}, "expired": {"expires_at": now},
        "later": {"expires_at": now + DAY}, "report": {"kind": "report", "withdrawn_at": now},
    }  # fmt: skip
    blobs: dict[str, str] = {}
    async with database.write(places[0]) as db:
        for title, more in [*memos.items(), ("loose", {})]:
            blobs[title] = vault.keep(title.encode())
            stored = StoredFile(blob=blobs[title], name="a.pdf", kind="pdf", size=1, sha256="", created_at=now)
            db.add(stored)
            await db.flush()
            db.add(PlatformFile(file_id=stored.id, platform="telegram", workspace="7", remote="F"))
            if title == "loose":
                continue
            document = Document(**{"kind": "memo", "title": title, "state": "distributed", **more})
            db.add(document)
            await db.flush()
            version = DocumentVersion(document_id=document.id, number=1, created_at=now)
            db.add(version)
            await db.flush()
            db.add(DocumentFile(version_id=version.id, language="en", file_id=stored.id))

    async def swept(after: timedelta) -> set[str]:
        await retention.sweep_all(database, now + after)
        async with database.read() as db:
            left = set(await db.scalars(select(StoredFile.blob)))
            assert len(list(await db.scalars(select(PlatformFile.id)))) == len(left)
        return {title for title, blob in blobs.items() if blob in left}

    assert await swept(DAY / 2) == {*memos, "loose"}
    assert await swept(DAY) == set(memos)
    assert await swept(29 * DAY) == set(memos)
    assert await swept(30 * DAY) == {"read", "later", "report"}
    assert await swept(31 * DAY) == {"read", "report"}
    assert await retention.sweep_vault(database, vault) == 0  # a day of real time is not over
    for blob in blobs.values():
        _age(vault, blob)
    with capture_logs() as said:
        assert await retention.sweep_vault(database, vault) == 4
    assert said == [{"event": "vault_swept", "files": 4, "log_level": "info"}]
    assert {blob for blob, _ in vault.blobs()} == {blobs["read"], blobs["report"]}
    assert vault.content(blobs["read"]) == b"read"


async def test_content_without_a_row_goes_after_a_day_also_half_written(database: Database, vault: Vault) -> None:
    new, old = vault.keep(b"new"), vault.keep(b"old")
    _age(vault, old)
    half = vault._path(vault.keep(b"half"))
    half.rename(half.with_suffix(".part"))
    os.utime(half.with_suffix(".part"), (1, 1))
    assert await retention.sweep_vault(database, vault) == 2
    assert [blob for blob, _ in vault.blobs()] == [new]
    assert await retention.sweep_vault(database, vault) == 0


def _age(vault: Vault, blob: str) -> None:
    then = time.time() - retention.BLOBS_AFTER - 60
    os.utime(vault._path(blob), (then, then))
