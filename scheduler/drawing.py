"""Asking a feature to draw a message, for a member or a channel, in the reader's language and zone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chat.language import known
from chat.message import Message
from chat.text import Reader
from scheduler.contract import Compose, Drawing, Skip
from storage.communities import Channel, Community
from storage.database import Session
from storage.members import Member


def reader_of(member: Member | None, channel: Channel | None, community: Community, pattern: str) -> Reader:
    """Give for whom a message is rendered: a member in private, or a channel in its language and the host's zone."""
    if member is not None:
        return Reader(known(member.language), member.zone, member.country, False, pattern)
    language = channel.language if channel is not None else community.language
    return Reader(known(language), community.zone, "", True, pattern)


async def draw(
    db: Session,
    compose: Mapping[str, Compose],
    *,
    kind: str,
    subject: str,
    member: Member | None,
    channel: Channel | None,
    reader: Reader,
    now: datetime,
    first: bool,
    details: dict[str, Any] | None = None,
) -> Message | Skip:
    """Let the feature of this kind draw from the truth. Raise `LookupError` if no feature draws it."""
    composer = compose.get(kind)
    if composer is None:
        raise LookupError(f"no feature draws {kind}")
    return await composer(db, Drawing(kind, subject, member, channel, reader, now, first, details or {}))
