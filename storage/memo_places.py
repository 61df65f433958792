"""Which channels may have the file of a memo itself, although people are there who may not see it.

`Document.targets["allowed"]` has, by channel id, the marks of the people an organiser has seen named and allowed
(`storage.channel_people.Outsiders.marks`); whoever comes into the channel later is not among them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from storage.database import Session
from storage.documents import MEMO, Document, lock

ALLOWED = "allowed"


def with_form(
    targets: Mapping[str, Any] | None, channel: int, form: str, marks: Collection[str] = ()
) -> dict[str, Any]:
    """Give the targets with another form for a channel, "" for nothing; `marks` are who is allowed with the file."""
    old, here = targets or {}, str(channel)
    channels = {each: value for each, value in (old.get("channels") or {}).items() if each != here}
    allowed = {each: value for each, value in (old.get(ALLOWED) or {}).items() if each != here}
    if form:
        channels[here] = form
    if form == "file" and marks:
        allowed[here] = sorted(marks)
    return {**old, "channels": channels, ALLOWED: allowed}


def covers(document: Document, channel: int, marks: Collection[str]) -> bool:
    """Tell whether everybody with these marks was allowed when the file was chosen for a channel."""
    allowed = ((document.targets or {}).get(ALLOWED) or {}).get(str(channel)) or ()
    return set(marks) <= set(allowed)


async def allow(db: Session, key: str, channel: int, marks: Collection[str]) -> Document | None:
    """Allow the file of an approved memo for who is in the channel now; nothing else about it changes.

    `None` if the memo is not approved (any more), or the file was not chosen for that channel.
    """
    document = await lock(db, key)
    if document is None or document.kind != MEMO or document.state != "approved":
        return None
    if ((document.targets or {}).get("channels") or {}).get(str(channel)) != "file":
        return None
    document.targets = with_form(document.targets, channel, "file", marks)
    await db.flush()
    return document
