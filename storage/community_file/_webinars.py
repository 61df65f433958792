"""Read public webinars and take them in as drafts; what people were told is changed in chat alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from storage.communities import Channel
from storage.community_file._merge import Merge
from storage.community_file._people import code, link_of, zone_of
from storage.community_file._reading import Block, Value
from storage.community_file._shape import WebinarEntry
from storage.community_file._wall import instant, length
from storage.database import Session
from storage.members import Member
from storage.webinars import Webinar, opens_by_default

PURPOSES = ("members", "announcements")
SEATS_MAX = 100_000
_TOLD = ("starts_at", "ends_at", "zone", "opens_at", "channels")
"""Fields that stand once the opening is confirmed."""


def read_webinar(value: Value, default_zone: str, people: Iterable[str]) -> WebinarEntry:
    """Read one entry of `webinars`; `people` are the ids that may speak or moderate."""
    block, known = value.block(), set(people)
    name, zone = block.field("id", required=True), zone_of(block, default_zone)
    start = _moment(block, "start", zone, required=True) or datetime(2000, 1, 1, tzinfo=UTC)
    lasting = block.field("length", required=True)
    span = (lasting.read(length) if lasting else None) or timedelta(hours=1)
    opens = _moment(block, "opens", zone) or opens_by_default(start, zone)
    if opens >= start:
        (block.field("opens") or value).complain("registration opens after the start")
    seats = block.field("seats")
    moderator = block.field("moderator")
    entry = WebinarEntry(
        id=code(name) if name else "",
        title=block.text("title", most=120, required=True),
        about=block.text("about", most=600),
        starts_at=start,
        ends_at=start + span,
        zone=zone,
        opens_at=opens,
        link=link_of(block, "link"),
        seats=(seats.number(0, SEATS_MAX) or None) if seats else None,
        speakers=tuple(_person(each, known) for each in block.items("speakers")),
        moderator=_person(moderator, known) if moderator else "",
        channels=tuple(each.choice(PURPOSES) for each in block.items("channels")) if "channels" in block else PURPOSES,
        show_number=block.flag("show_number"),
    )
    block.field("channels")
    block.finish()
    return entry


def _moment(block: Block, name: str, zone: str, *, required: bool = False) -> datetime | None:
    found = block.field(name, required=required)
    return found.read(lambda written: instant(written, zone)) if found else None


def _person(value: Value, known: set[str]) -> str:
    written = code(value)
    if written not in known:
        value.complain(f'there is nobody with the id "{written}"')
    return written


async def take_in_webinar(
    db: Session, merge: Merge, entry: WebinarEntry, members: Mapping[str, Member], now: datetime
) -> Webinar:
    """Add a webinar as a draft, or change what changed in the file; once it is announced its time stays."""
    values: dict[str, Any] = {
        "title": entry.title, "about": entry.about, "starts_at": entry.starts_at, "ends_at": entry.ends_at,
        "zone": entry.zone, "opens_at": entry.opens_at, "join_link": entry.link, "seats": entry.seats,
        "show_number": entry.show_number, "speakers": entry.speakers, "moderator": entry.moderator,
        "channels": entry.channels,
    }  # fmt: skip
    row = await db.scalar(select(Webinar).where(Webinar.code == entry.id).with_for_update())
    added, changed = row is None, list[str]()
    if row is None:
        row = Webinar(code=entry.id, created_at=now, **await _columns(db, values, members))
        db.add(row)
        await db.flush()
    else:
        news = merge.news("webinar", entry.id, values)
        if row.state != "draft":
            told = [name for name in _TOLD if name in news]
            for each in told:
                news.pop(each)
            if told:
                merge.report.notes.append(f"{entry.id} has been announced: {', '.join(told)} stay; change it in chat")
        changed = merge.assign(row, await _columns(db, news, members))
        row.revision += bool(changed)
    merge.done("webinar", entry.id, values, added=added, changed=changed)
    return row


async def _columns(db: Session, values: Mapping[str, Any], members: Mapping[str, Member]) -> dict[str, Any]:
    """Turn ids of people and purposes of channels into what the row keeps."""
    found = dict(values)
    if "speakers" in found:
        found["speakers"] = [members[each].id for each in found["speakers"] if each in members]
    if "moderator" in found:
        moderator = members.get(found.pop("moderator"))
        found["moderator_id"] = moderator.id if moderator else None
    if "channels" in found:
        wanted = Channel.purpose.in_(found["channels"])
        found["channels"] = list(await db.scalars(select(Channel.id).where(wanted).order_by(Channel.id)))
    return found
