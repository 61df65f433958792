"""One-time links from chat to a page, the session that follows, and who opened what (reliability §5.8, S40).

Tokens have 192 random bits and are kept nowhere, only their SHA-256. A link is looked at as often as anybody likes and
opens one session; a session is for one document in one browser. Whether its holder may still read is not known here:
that is asked anew at every request (`memos.may_read`).
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import ColumnElement, Delete, ForeignKey, String, delete, or_, select, update
from sqlalchemy.orm import Mapped, mapped_column

from storage.database import Base, OfCommunity, Session
from storage.documents import Document
from storage.members import Member

LINK_LASTS = timedelta(minutes=15)
"""How long a link opens a page (S40)."""
IDLE = timedelta(minutes=30)
"""How long a page stays open without being used (S40)."""
AT_MOST = timedelta(hours=8)
"""How long a page stays open at all (S40)."""
TOUCHED_EVERY = timedelta(minutes=1)
"""How exactly it is known when a page was last used: not every request writes."""
KEPT = timedelta(days=1)
"""How long links and sessions that are over are kept, without any use but to see what happened."""
LOG_KEPT = timedelta(days=730)
"""How long the access log is kept: as long as the audit log, 24 months (reliability §5.12)."""
TOKEN_BYTES = 24
_TOKEN = re.compile(r"[A-Za-z0-9_-]{32}")
What = Literal["opened", "downloaded", "sent"]


class PageLink(OfCommunity, Base):
    """A link to one document for one member; only the SHA-256 of its token is kept. It opens one session, by POST."""

    __tablename__ = "page_link"
    id: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id", ondelete="CASCADE"), index=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class PageSession(OfCommunity, Base):
    """One browser's right to one document until it has been idle or is over; the cookie's SHA-256 alone is kept."""

    __tablename__ = "page_session"
    id: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id", ondelete="CASCADE"), index=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    started_at: Mapped[datetime]
    used_at: Mapped[datetime]


class AccessEntry(OfCommunity, Base):
    """Who opened which version of a memo, when and how: `opened`, `downloaded`, `sent` (in chat)."""

    __tablename__ = "access_entry"
    id: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id", ondelete="CASCADE"), index=True)
    member_id: Mapped[int | None] = mapped_column(ForeignKey("member.id", ondelete="SET NULL"))
    version: Mapped[int]
    what: Mapped[str] = mapped_column(String(12))
    at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Found:
    """Say whose link or session a token is; `id` is its row."""

    id: int
    community_id: int
    document_id: int
    member_id: int


def fingerprint(token: str) -> str:
    """Give the SHA-256 under which a token is known, in hexadecimal digits; "" for what can be no token."""
    return hashlib.sha256(token.encode()).hexdigest() if _TOKEN.fullmatch(token) else ""


async def issue(db: Session, document: Document, member: Member, now: datetime) -> str:
    """Make a link for a member and give its token (path `/m/<token>`), valid 15 minutes; it is shown once, not kept."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    link = PageLink(document_id=document.id, member_id=member.id, token_hash=fingerprint(token))
    link.expires_at = now + LINK_LASTS
    db.add(link)
    await db.flush()
    return token


async def look(db: Session, token: str, now: datetime) -> Found | None:
    """Give whose link a token is, in an unscoped session; it changes nothing. None for used, expired and made up."""
    found = await db.execute(
        select(PageLink.id, PageLink.community_id, PageLink.document_id, PageLink.member_id).where(
            PageLink.token_hash == fingerprint(token), *_open(now)
        )
    )
    row = found.one_or_none()
    return None if row is None else Found(*row)


async def redeem(db: Session, link: Found, now: datetime) -> str | None:
    """Open the session of a link and give its token; the link is used up. None when another request was quicker."""
    used = await db.execute(
        update(PageLink)
        .where(PageLink.id == link.id, *_open(now))
        .values(used_at=now)
        .returning(PageLink.id)
        .execution_options(synchronize_session=False)
    )
    if used.one_or_none() is None:
        return None
    token = secrets.token_urlsafe(TOKEN_BYTES)
    made = PageSession(document_id=link.document_id, member_id=link.member_id, token_hash=fingerprint(token))
    made.started_at = made.used_at = now
    db.add(made)
    await db.flush()
    return token


async def session(db: Session, key: str, token: str, now: datetime) -> Found | None:
    """Give whose session for the document with this key a token is, in an unscoped session; it changes nothing.

    None for one that is over, of another document, and made up; all take one question.
    """
    found = await db.execute(
        select(PageSession.id, PageSession.community_id, PageSession.document_id, PageSession.member_id)
        .join(Document, Document.id == PageSession.document_id)
        .where(PageSession.token_hash == fingerprint(token), Document.key == key, ~_over(now))
    )
    row = found.one_or_none()
    return None if row is None else Found(*row)


async def touch(db: Session, found: Found, now: datetime) -> bool:
    """Say that a session is used, which keeps it open; false when it is over or was ended meanwhile."""
    live = (PageSession.id == found.id, ~_over(now))
    await db.execute(
        update(PageSession)
        .where(*live, PageSession.used_at < now - TOUCHED_EVERY)
        .values(used_at=now)
        .execution_options(synchronize_session=False)
    )
    return await db.scalar(select(PageSession.id).where(*live)) is not None


async def close(db: Session, found: Found) -> None:
    """End one session."""
    await db.execute(delete(PageSession).where(PageSession.id == found.id))


async def end(db: Session, document: Document, member: Member | None = None) -> None:
    """End all links and sessions of a document, because it was withdrawn, or those one member has."""
    for table in (PageLink, PageSession):
        asked = delete(table).where(table.document_id == document.id)
        await db.execute(asked if member is None else asked.where(table.member_id == member.id))


async def end_member(db: Session, member: Member) -> None:
    """End all links and sessions of somebody whose membership has ended."""
    for table in (PageLink, PageSession):
        await db.execute(delete(table).where(table.member_id == member.id))


async def note(db: Session, document: Document, member: Member, what: What, now: datetime) -> None:
    """Write in the access log that somebody opened, downloaded or was sent the current version."""
    entry = AccessEntry(document_id=document.id, member_id=member.id, version=document.version, what=what)
    entry.at = now
    db.add(entry)
    await db.flush()


async def note_opened(db: Session, document: Document, member: Member, found: Found, now: datetime) -> None:
    """Write in the access log that a session shows the current version; once for each version."""
    started = select(PageSession.started_at).where(PageSession.id == found.id).scalar_subquery()
    known = await db.scalar(
        select(AccessEntry.id)
        .where(
            AccessEntry.document_id == document.id, AccessEntry.member_id == member.id, AccessEntry.at >= started,
            AccessEntry.what == "opened", AccessEntry.version == document.version,
        )
        .limit(1)
    )  # fmt: skip
    if known is None:
        await note(db, document, member, "opened", now)


def old_links(now: datetime) -> Delete:
    """Delete links that opened nothing or did long ago, for the daily retention."""
    return delete(PageLink).where(PageLink.expires_at <= now - KEPT)


def old_sessions(now: datetime) -> Delete:
    """Delete sessions that are over, for the daily retention."""
    return delete(PageSession).where(_over(now - KEPT))


def old_entries(now: datetime) -> Delete:
    """Delete what the access log has had for 24 months, for the daily retention."""
    return delete(AccessEntry).where(AccessEntry.at <= now - LOG_KEPT)


def _open(now: datetime) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return PageLink.used_at.is_(None), PageLink.expires_at > now


def _over(now: datetime) -> ColumnElement[bool]:
    return or_(PageSession.used_at <= now - IDLE, PageSession.started_at <= now - AT_MOST)
