"""One-time links by which a person joins or claims their place; only the SHA-256 of a token is kept."""

from __future__ import annotations

import hashlib
import re
import secrets
from datetime import datetime, timedelta

from sqlalchemy import select

from storage.database import Session
from storage.members import JoinLink, Member

_TOKEN = re.compile(r"[A-Za-z0-9_-]{22,64}")


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


async def issue_link(db: Session, member: Member, now: datetime, hours: int = 72) -> str:
    """Make a token of 192 bits for a member, valid so many hours, and give it; it is shown once and not kept.

    It fits a Telegram deep link (at most 64 characters of base64url, reliability L13).
    """
    token = secrets.token_urlsafe(24)
    while not token[0].isalnum():  # a dash at the beginning would be taken for punctuation where the code is typed
        token = secrets.token_urlsafe(24)
    db.add(
        JoinLink(
            community_id=member.community_id,
            member_id=member.id,
            token_hash=_hash(token),
            expires_at=now + timedelta(hours=hours),
        )
    )
    await db.flush()
    return token


async def find_link(db: Session, token: str, now: datetime) -> JoinLink | None:
    """Find the unused and unexpired link of a token in an unscoped session; anything else gives None."""
    if not _TOKEN.fullmatch(token):
        return None
    found: JoinLink | None = await db.scalar(
        select(JoinLink).where(
            JoinLink.token_hash == _hash(token), JoinLink.used_at.is_(None), JoinLink.expires_at > now
        )
    )
    return found


async def use_link(db: Session, link: JoinLink, by: str, now: datetime) -> None:
    """Note that an account (`Person.id`) used a link, and end the member's other open links."""
    link.used_at, link.used_by = now, by
    others = await db.scalars(
        select(JoinLink).where(JoinLink.member_id == link.member_id, JoinLink.id != link.id, JoinLink.used_at.is_(None))
    )
    for each in others:
        each.expires_at = min(each.expires_at, now)
    await db.flush()
