"""How long things are kept (domain 3.7): one rule a line, each one statement that deletes and counts.

What is tidied where it is used stays there: drafts, presses in the inbox, alerts.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeAlias

import structlog
from sqlalchemy import ColumnElement, Delete, delete, exists, or_, select

from storage import audit, needs, page_links, webinar_erasing
from storage.communities import Community
from storage.database import Database, Session
from storage.delegations import ENDED, OPEN, PLACEHOLDER, Delegation
from storage.documents import MEMO, Document, DocumentFile, DocumentVersion
from storage.files import StoredFile
from storage.invitations import NOT_JOINED
from storage.meetings import Meeting
from storage.members import Member
from storage.needs import Need
from storage.questions import AgendaQuestion
from storage.vault import Vault
from storage.webinars import idle_guests

log = structlog.get_logger(__name__)

ACT = "retention"
"""The audit entry of a sweep that deleted something."""
NOT_AGREED_AFTER = timedelta(days=30)
"""How long somebody who was asked may still agree; then their data is erased (domain 3.7), and what names them."""
QUESTIONS_AFTER = timedelta(days=90)
"""Bodies of messages are kept 90 days (domain 3.7); so are questions for the agenda after the meeting."""
MEMOS_AFTER = timedelta(days=30)
"""How long the files of a memo that was withdrawn or ran out are kept: until then that can be undone."""
FILES_AFTER = timedelta(days=1)
"""How long a file may belong to nothing: who has just sent one fills in the rest of a form."""
BLOBS_AFTER = FILES_AFTER.total_seconds()
"""Seconds of real time that content in the vault may be there without its row."""

Rule: TypeAlias = "tuple[str, Callable[[datetime], Delete]]"


def _over(now: datetime, after: timedelta) -> ColumnElement[bool]:
    return Meeting.ends_at <= now - after


def _needs(now: datetime) -> Delete:
    return delete(Need).where(needs.outlived(now))


def _delegations(now: datetime) -> Delete:
    old = select(Meeting.id).where(_over(now, NOT_AGREED_AFTER))
    return delete(Delegation).where(Delegation.state.in_(ENDED), Delegation.meeting_id.in_(old))


def _newcomers(now: datetime) -> Delete:
    """Forget people a colleague named who have not agreed to anything, when no request to them is left or recent."""
    recent = or_(Delegation.state.in_(OPEN), Delegation.until > now - NOT_AGREED_AFTER)
    asked = exists().where(Delegation.delegate_id == Member.id, recent)
    return delete(Member).where(Member.code.startswith(PLACEHOLDER), Member.state.in_(NOT_JOINED), ~asked)


def _questions(now: datetime) -> Delete:
    old = select(Meeting.id).where(_over(now, QUESTIONS_AFTER))
    return delete(AgendaQuestion).where(AgendaQuestion.meeting_id.in_(old))


def _memo_files(now: datetime) -> Delete:
    over = now - MEMOS_AFTER
    memos = select(Document.id).where(
        Document.kind == MEMO, or_(Document.withdrawn_at <= over, Document.expires_at <= over)
    )
    versions = select(DocumentVersion.id).where(DocumentVersion.document_id.in_(memos))
    return delete(DocumentFile).where(DocumentFile.version_id.in_(versions))


def _files(now: datetime) -> Delete:
    used = exists().where(DocumentFile.file_id == StoredFile.id)
    return delete(StoredFile).where(StoredFile.created_at <= now - FILES_AFTER, ~used)


RULES: tuple[Rule, ...] = (
    ("needs", _needs),
    ("newcomers", _newcomers),
    ("delegations", _delegations),
    ("agenda_questions", _questions),
    ("memo_files", _memo_files),
    ("files", _files),
    ("guests", idle_guests),
    ("page_links", page_links.old_links),
    ("page_sessions", page_links.old_sessions),
    ("access_log", page_links.old_entries),
)
"""Name and statement of each rule, in their order; a new kind of thing that does not last gets a line here."""


async def sweep(db: Session, now: datetime) -> dict[str, int]:
    """Apply every rule to the community of the session; give how many rows each deleted, without the zeros.

    Applied twice, or by two processes at once, it deletes the same. One audit entry tells that something went.
    """
    counted: dict[str, int] = {}
    for name, rule in RULES:
        gone = await db.execute(rule(now).execution_options(synchronize_session=False))
        if number := int(getattr(gone, "rowcount", 0)):
            counted[name] = number
    if number := await webinar_erasing.sweep(db, now):
        counted["registrants"] = number
    if counted:
        subject = " ".join(f"{name}={number}" for name, number in counted.items())
        audit.note(db, now, None, ACT, subject[:60])
    return counted


async def sweep_all(database: Database, now: datetime) -> None:
    """Apply the rules to every community, each in a transaction of its own; only counts are logged."""
    async with database.read() as db:
        communities = list(await db.scalars(select(Community.id).order_by(Community.id)))
    for each in communities:
        async with database.write(each) as db:
            counted = await sweep(db, now)
        if counted:
            log.info("retention_swept", community=each, **counted)


async def sweep_vault(database: Database, vault: Vault) -> int:
    """Delete content that no row names, a day after it came, of whatever community; give how much, and log only that.

    A row is written after its content and deleted before it, so neither a crash nor another process loses a file.
    """
    there = await asyncio.to_thread(vault.blobs)
    before = time.time() - BLOBS_AFTER
    old = {blob for blob, at in there if at < before}
    if not old:
        return 0
    async with database.read() as db:
        gone = sorted(old.difference(await db.scalars(select(StoredFile.blob))))
    for blob in gone:
        await asyncio.to_thread(vault.remove, blob)
    if gone:
        log.info("vault_swept", files=len(gone))
    return len(gone)
