"""Add a memo from a file on this machine: the same checks as in chat, and a draft that waits for its author there."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import select

import reading
from bot.commands._database import CommandError, find_community, opened
from bot.keys import open_vault
from bot.settings import Settings
from chat.errors import UserError
from chat.language import LANGUAGES
from chat.text import Reader, Text, plain
from handlers import _files
from handlers import _memo_forms as forms
from handlers import _memo_views as views
from handlers._memo_checks import Found
from storage import audit
from storage.audience import AGREED
from storage.database import Session
from storage.lock import hold
from storage.meetings import Meeting, lock
from storage.members import Member, roles_of
from storage.memos import Refused
from storage.vault import Vault

ENGLISH = Reader()


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMemo:
    """Say what is added: short name of the meeting, ids of author and approver as in the community file."""

    meeting: str
    file: Path
    author: str
    approver: str
    title: str = ""
    language: str = ""
    to: str = "invited"
    community: str = ""


async def add_memo(settings: Settings, new: NewMemo, now: datetime) -> list[str]:
    """Read, check and keep a memo as a draft; give lines without a word of its text.

    Raise `CommandError` for what can be mended, `DatabaseBusy` while the bot runs on the same SQLite file.
    """
    vault = open_vault(settings)
    if vault is None:
        raise CommandError("there is no key file yet, so no file can be kept; `convenor init FILE` makes it")
    try:
        if new.file.stat().st_size > reading.LIMIT:
            raise CommandError(_said(_files.refusal("large", new.file.name)))
        taken = await asyncio.to_thread(_files.receive, vault, new.file.read_bytes(), new.file.name)
    except OSError as error:
        raise CommandError(f"{new.file} cannot be read: {error.strerror}") from None
    except UserError as refused:
        raise CommandError(_said(refused.text)) from None
    try:
        with hold(settings.database_url):
            async with opened(settings.database_url) as database, database.write() as db:
                db.scope((await find_community(db, new.community)).id)
                return await _draft(db, vault, taken, new, now)
    except BaseException:
        vault.remove(taken.blob)
        raise


async def _draft(db: Session, vault: Vault, taken: _files.Taken, new: NewMemo, now: datetime) -> list[str]:
    meeting = await _meeting(db, new.meeting)
    author, named = await _member(db, new.author), await _member(db, new.approver)
    if not await roles_of(db, author, now) & forms.WRITES:
        raise CommandError(f"{author.code} is neither an organiser nor an approver, so cannot be the author")
    approver = next((each for each in await forms.approvers(db, (author.id,), now) if each.id == named.id), None)
    if approver is None:
        why = "is neither an approver nor an organiser"
        if named.id == author.id:
            why = "wrote it"
        elif named.state not in AGREED:
            why = "has not joined yet"
        raise CommandError(f"{named.code} cannot approve it, because this person {why}")
    known = await forms.begun(db, meeting)
    if known is not None:
        raise CommandError(f"the meeting {meeting.code} has a memo: {known.title}")
    home = (await find_community(db, new.community)).language
    language = new.language or home
    if language not in LANGUAGES:
        raise CommandError(f'there is no language "{language}"; there is: {", ".join(LANGUAGES)}')
    title = " ".join((new.title or meeting.title).split())[:120]
    given = {"title": title, "to": new.to, "dm": "card", "keywords": ""}
    try:
        document, found = await forms.draft(db, vault, meeting, taken, language, author, approver, given, now)
    except Refused:
        raise CommandError(f"{named.code} cannot approve it, because this person wrote it") from None
    audit.note(db, now, author.id, "memo.create", document.key)
    return [f"{meeting.code}: draft of “{title}”, {taken.name}, by {author.name}", *_found(found)]


async def _meeting(db: Session, code: str) -> Meeting:
    key = await db.scalar(select(Meeting.key).where(Meeting.code == code))
    meeting = await lock(db, key) if key else None
    if meeting is None:
        raise CommandError(f'there is no meeting "{code}"')
    if meeting.state not in forms.AFTER:
        raise CommandError(f"the memo of {code} is written after the meeting")
    return meeting


async def _member(db: Session, code: str) -> Member:
    found = (await db.scalars(select(Member).where(Member.code == code))).one_or_none()
    if found is None:
        raise CommandError(f"nobody here has the id {code}")
    return found


def _found(found: Found) -> list[str]:
    """Say what the checks found by number and page; the places themselves are shown in chat alone."""
    pages = sorted({page for page, _ in found.marks})
    lines = [_said(views.counted(found.counts))]
    if pages:
        lines.append(f"Look at page {', '.join(map(str, pages))}: memo status shows the places in chat.")
    return lines


def _said(text: Text) -> str:
    return plain(text, ENGLISH)
