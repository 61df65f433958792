"""`convenor memo add`: a file on this machine becomes a draft, checked as in chat."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.commands import CommandError, initialise
from bot.commands._memo import NewMemo, add_memo
from bot.keys import open_vault
from bot.settings import Settings, load_settings
from storage import Database, memos
from storage.documents import Document
from storage.meetings import Invitation, Meeting
from storage.members import Member

COMMUNITY = """\
community: {key: small, name: Small, zone: Europe/Brussels}
staff:
  - {id: o1, name: Olivia Organiser, roles: [organiser]}
  - {id: o2, name: Dana Approves, roles: [approver]}
  - {id: o3, name: Not Yet, roles: [approver]}
members:
  - {id: m1, name: Ayşe Örnek, category: expert, accounts: {slack: {team: T1, user: U2}}}
"""
TEXT = "# Purpose\n\nWe met.\n\n## Main points\n\nThe delegate of Austria and AYSE ORNEK spoke.\n"


@pytest.fixture
async def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Give an installation with a meeting that was held yesterday."""
    for name in ("DATABASE_URL", "TELEGRAM_BOT_TOKEN", "SLACK_BOT_TOKEN", "CONVENOR_SECRET_KEY_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CONVENOR_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.yaml").write_text(COMMUNITY, encoding="utf-8")
    (tmp_path / "memo.md").write_text(TEXT, encoding="utf-8")
    found, now = load_settings(), datetime.now(UTC)
    await initialise(found, tmp_path / "small.yaml", now)
    database = Database(found.database_url)
    async with database.write() as db:
        db.scope(1)
        meeting = Meeting(
            code="M1", title="Measures", zone="Europe/Brussels", state="held", starts_at=now - timedelta(days=1),
            ends_at=now - timedelta(hours=20), rsvp_deadline=now - timedelta(days=9),
        )  # fmt: skip
        db.add(meeting)
        await db.flush()
        member = (await db.scalars(select(Member).where(Member.code == "m1"))).one()
        for each in await db.scalars(select(Member).where(Member.code.in_(("o1", "o2", "m1")))):
            each.state = "active"
        db.add(Invitation(meeting_id=meeting.id, member_id=member.id, reply="yes"))
    await database.close()
    return found


async def test_a_file_becomes_a_draft_and_no_word_of_it_is_printed(settings: Settings, tmp_path: Path) -> None:
    new = NewMemo(meeting="M1", file=tmp_path / "memo.md", author="o1", approver="o2", title="Counting")
    lines = await add_memo(settings, new, datetime.now(UTC))
    assert lines[0] == "M1: draft of “Counting”, memo.md, by Olivia Organiser"
    assert "2 places that may tell who spoke · missing: lessons, open questions, next steps, resources" in lines[1]
    assert "Austria" not in " ".join(lines)
    database, vault = Database(settings.database_url), open_vault(settings)
    assert vault is not None
    async with database.read() as db:
        db.scope(1)
        document = (await db.scalars(select(Document))).one()
        stored = await memos.file_for(db, document, "en")
        assert (document.state, document.theme) == ("draft", "")
        assert stored is not None
        assert vault.content(stored.blob).decode() == TEXT
        assert "delegate of Austria" in vault.unseal((await memos.current(db, document)).findings)
    await database.close()
    with pytest.raises(CommandError, match="has a memo"):
        await add_memo(settings, new, datetime.now(UTC))
    assert len(vault.blobs()) == 1  # what was not kept is not left behind


async def test_what_can_be_mended_is_said(settings: Settings) -> None:
    wrong: dict[str, dict[str, str | Path]] = {
        "o1 cannot approve it, because this person wrote it": {"approver": "o1"},
        "m1 cannot approve it, because this person is neither": {"approver": "m1"},
        "o3 cannot approve it, because this person has not joined yet": {"approver": "o3"},
        "m1 is neither an organiser nor an approver": {"author": "m1"},
        'there is no meeting "M9"': {"meeting": "M9"},
        'there is no language "xx"': {"language": "xx"},
        "missing.md cannot be read": {"file": Path("missing.md")},
        "is not a PDF, DOCX or MD file": {"file": Path("picture.png")},
    }
    picture = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    Path("picture.png").write_bytes(base64.b64decode(picture))
    for why, changes in wrong.items():
        given = {"meeting": "M1", "file": Path("memo.md"), "author": "o1", "approver": "o2"} | changes
        with pytest.raises(CommandError) as refused:
            await add_memo(settings, NewMemo(**given), datetime.now(UTC))  # type: ignore[arg-type]
        assert why in str(refused.value)
    vault = open_vault(settings)
    assert vault is not None
    assert vault.blobs() == []
