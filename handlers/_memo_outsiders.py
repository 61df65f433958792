"""People in a channel who are not on the list of a memo: what an organiser is told of them, in private, and when.

Slack tells who is there; Telegram only how many. A file goes to a channel with such people only if an organiser has
seen them named and allowed it; whoever comes later has to be allowed again.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from chat.text import Text, When, say
from handlers._sends import listed, platform_name
from storage import channel_people, memo_places, memo_reading, memos
from storage.channel_people import Outsiders
from storage.communities import Channel, own_community
from storage.database import Session
from storage.documents import READABLE, Document
from storage.members import holders

NAMES = 30
"""More names than this are a number: a message has an end (conversation §4.1)."""


async def of(
    db: Session, document: Document, channel: Channel, now: datetime, people: Collection[int] | None = None
) -> Outsiders:
    """Find who in a channel may not see a memo; `people` are the ids of its list if they are known already."""
    if people is None:
        listing = memo_reading.readers(db, document) if document.state in READABLE else memos.list_of(db, document, now)
        people = {each.id for each in await listing}
    staff = {each.id for role in memos.ORGANISE for each in await holders(db, role, now)}
    always = {each for each in (document.author_id, document.approver_id) if each is not None}
    return await channel_people.outsiders(db, channel, {*people, *staff, *always})


def about(channel: Channel, seen: Outsiders, zone: str) -> list[Text]:
    """Say who in a channel may not see it; nothing where nothing is known."""
    if seen.at is None or seen.there is None:
        return []
    looked = say("mm_out_at", when=When(seen.at, zone))
    if seen.unknown:
        key = "mm_out_telegram" if channel.platform == "telegram" else "mm_out_there"
        return [(say(key, n=seen.there), " ", looked)]
    if not seen.count:
        return [(say("mm_out_none", n=seen.there), " ", looked)]
    return [say("mm_out_count", n=seen.count), (_who(seen), " ", looked)]


def warning(channel: Channel, seen: Outsiders, zone: str) -> list[Text]:
    """Say what happens if a channel gets the file itself."""
    known = about(channel, seen, zone)
    if not known:
        return [say("mm_warn_slack" if channel.platform == "slack" else "mm_warn_telegram")]
    return [*known, say("mm_out_have")]


async def sort(
    db: Session,
    document: Document,
    channels: Sequence[Channel],
    people: Collection[int],
    now: datetime,
    held: str = "mm_out_held",
) -> tuple[list[Channel], list[Text]]:
    """Give the channels that may have it in the form chosen for them, and what the preview says about the files.

    A channel is left out when somebody is there who may not see the file and was not allowed; `held` says so.
    """
    forms, zone = (document.targets or {}).get("channels") or {}, (await own_community(db)).zone
    kept: list[Channel] = []
    lines: list[Text] = []
    for each in channels:
        if forms.get(str(each.id)) != "file":
            kept.append(each)
            continue
        seen, title = await of(db, document, each, now, people), each.title or each.chat
        allowed = memo_places.covers(document, each.id, seen.marks)
        if allowed:
            kept.append(each)
        if seen.count:
            told = say(
                "mm_out_file" if allowed else held, channel=f"{title} ({platform_name(each.platform)})", n=seen.count
            )
            lines += [told, (_who(seen), " ", say("mm_out_at", when=When(seen.at, zone)) if seen.at else "")]
        elif seen.unknown and each.platform in ("slack", "telegram"):
            known: list[Text] = []
            if seen.there is not None and seen.at is not None:
                known = [" ", say("mm_out_there", n=seen.there), " ", say("mm_out_at", when=When(seen.at, zone))]
            lines.append((say(f"md_warn_{each.platform}", channel=title), *known))
    return kept, lines


def _who(seen: Outsiders) -> Text:
    """Name those we know, count the others."""
    names: list[Text] = list(seen.names[:NAMES])
    if len(seen.names) > NAMES:
        names.append(say("mm_out_more", n=str(len(seen.names) - NAMES)))
    parts: list[Text] = [listed(names)] if names else []
    if seen.strangers:
        parts += ["; "] if parts else []
        parts.append(say("mm_out_strangers", n=seen.strangers))
    return say("mm_out_who", who=tuple(parts))
