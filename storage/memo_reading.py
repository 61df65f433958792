"""Memos that have been sent: who is on the list, who has confirmed reading, how far it is.

The list in `MemoReader` is fixed when a memo is distributed and is the truth of who may read it. A confirmation is one
row for a person and a memo; it counts for the version they had, so a correction asks anew, and the first one stays
what the acknowledgment rate counts (domain 5.3, I17).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, delete, exists, func, literal, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from storage import page_links
from storage.audience import AGREED
from storage.database import Session
from storage.deliveries import Campaign, Delivery
from storage.documents import MEMO, READABLE, Acknowledgment, Document, MemoReader, lock
from storage.meetings import Meeting
from storage.members import Member
from storage.memos import ORGANISE, Refused
from storage.sharing import add_all_once

AGAIN = "memo_again"
"""Kind of the reminders; the subject of their sends is `copy_name` of the version."""
REMINDERS = 2
"""Reminders of one version somebody gets at most (domain 3.1)."""
OUT = ("queued", "sending", "sent", "unknown")
"""States of a message that has reached somebody, or may."""


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """Be a confirmation of reading: when, of which version, and whether this very act made it."""

    at: datetime
    version: int
    new: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """Be one memo as a member's list shows it."""

    document: Document
    meeting: Meeting | None
    acknowledged: Acknowledged | None
    listed: bool
    """Whether they are on its list; organisers see the others too."""

    @property
    def unread(self) -> bool:
        """Tell whether their confirmation is asked for."""
        return self.listed and (self.acknowledged is None or self.acknowledged.version < self.document.version)


def copy_name(document: Document, version: int) -> str:
    """Name the cards of a corrected version: subject of its sends and copies, at most 20 characters."""
    return f"{document.key}-{version}"


def issued(document: Document, now: datetime) -> bool:
    """Tell whether a memo has gone out: it was distributed, and the moment of its send has come."""
    return document.state in READABLE and document.distributed_at is not None and document.distributed_at <= now


def expired(document: Document, now: datetime) -> bool:
    """Tell whether nobody but organisers opens a memo any more."""
    return document.expires_at is not None and document.expires_at <= now


def sent_version(document: Document) -> int:
    """Give the number of the version that was distributed first; later ones are corrections."""
    return int((document.details or {}).get("sent_version") or document.version)


async def listed(db: Session, document: Document, member: Member) -> bool:
    """Tell whether somebody is on the list of a memo."""
    if db.batch is not None and member.id in db.batch.members:
        return member.id in await db.batch.once(("memo_readers", document.id), lambda: _listed(db, document))
    asked = select(MemoReader.id).where(MemoReader.document_id == document.id, MemoReader.member_id == member.id)
    return await db.scalar(asked) is not None


async def _listed(db: Session, document: Document) -> set[int]:
    assert db.batch is not None
    mine = MemoReader.member_id.in_(db.batch.members)
    found = await db.scalars(select(MemoReader.member_id).where(MemoReader.document_id == document.id, mine))
    return set(found.all())


async def acknowledged(db: Session, document: Document, member: Member) -> Acknowledged | None:
    """Give the latest confirmation of somebody, of whatever version."""
    if db.batch is not None and member.id in db.batch.members:
        found = await db.batch.once(("acknowledged", document.id), lambda: _acknowledged(db, document))
        return found.get(member.id)
    mine = Acknowledgment.document_id == document.id, Acknowledgment.member_id == member.id
    row = (await db.execute(_said().where(*mine))).one_or_none()
    return Acknowledged(row.again_at or row.at, row.version) if row else None


async def _acknowledged(db: Session, document: Document) -> dict[int, Acknowledged]:
    assert db.batch is not None
    mine = Acknowledgment.member_id.in_(db.batch.members)
    rows = await db.execute(_said().where(Acknowledgment.document_id == document.id, mine))
    return {row.member_id: Acknowledged(row.again_at or row.at, row.version) for row in rows}


def _said() -> Select[int, datetime, datetime | None, int]:
    return select(Acknowledgment.member_id, Acknowledgment.at, Acknowledgment.again_at, Acknowledgment.version)


async def acknowledge(
    db: Session, document: Document, member: Member, now: datetime, version: int | None = None
) -> Acknowledged | None:
    """Record "I have read it" of the version somebody had before them (none named: the current one).

    One statement, so presses at once, on card, page and list, leave one row. None if they are not on the list, or the
    memo cannot be read any more. What they had confirmed before stays as it is.
    """
    number = document.version if version is None else version
    if not issued(document, now) or expired(document, now) or not 0 < number <= document.version:
        return None
    insert = (sqlite if db.get_bind().dialect.name == "sqlite" else postgresql).insert(Acknowledgment)
    mine = MemoReader.document_id == document.id, MemoReader.member_id == member.id
    at = literal(now, type_=Acknowledgment.at.type)
    on_list = (
        select(MemoReader.community_id, MemoReader.document_id, MemoReader.member_id, at, literal(number))
        .join(Document, Document.id == MemoReader.document_id)
        .where(*mine, Document.state.in_(READABLE))
    )
    names = ["community_id", "document_id", "member_id", "at", "version"]
    made = insert.from_select(names, on_list).on_conflict_do_update(
        index_elements=["document_id", "member_id"],
        set_={"version": number, "again_at": now},
        where=Acknowledgment.version < number,
    )
    new = (await db.scalars(made.returning(Acknowledgment.id))).first() is not None
    if not new and not await listed(db, document, member):
        return None
    found = await acknowledged(db, document, member)
    return Acknowledged(found.at, found.version, new) if found else None


async def distribute(
    db: Session, key: str, people: Sequence[Member], sent_at: datetime, ack_by: datetime, expires_at: datetime | None,
    now: datetime,
) -> Document:  # fmt: skip
    """Fix the list of an approved memo: exactly these people may read it from now on. Raise `Refused`.

    `sent_at` is the moment of its first message, which is what "on time" counts (I3).
    """
    document = await lock(db, key)
    if document is None or document.kind != MEMO:
        raise Refused("gone")
    if document.state != "approved":
        raise Refused("state", document)
    await db.execute(delete(MemoReader).where(MemoReader.document_id == document.id))
    common = {"community_id": db.community_id, "document_id": document.id, "added_at": now}
    await add_all_once(db, MemoReader, [common | {"member_id": each.id} for each in people])
    document.state, document.distributed_at, document.ack_by = "distributed", sent_at, ack_by
    document.expires_at = expires_at
    document.details = {**document.details, "sent_version": document.version}
    document.revision += 1
    await db.flush()
    return document


async def recall(db: Session, key: str) -> Document | None:
    """Make a memo approved again, because its send was undone or taken back; nobody is on its list any more.

    Confirmations that were given stay: who has read a version has read it. None if there is nothing to undo.
    """
    document = await lock(db, key)
    if document is None or document.state not in READABLE or document.version != sent_version(document):
        return None
    await db.execute(delete(MemoReader).where(MemoReader.document_id == document.id))
    await page_links.end(db, document)
    document.state, document.distributed_at, document.ack_by, document.recipients = "approved", None, None, 0
    document.expires_at = None
    document.details = {name: value for name, value in document.details.items() if name != "sent_version"}
    document.revision += 1
    await db.flush()
    return document


async def withdraw(db: Session, key: str, reason: str, now: datetime) -> Document:
    """Take a memo out of everybody's reach, for good. Raise `Refused` if it is not out, or withdrawn already."""
    document = await lock(db, key)
    if document is None or document.kind != MEMO:
        raise Refused("gone")
    if document.state not in READABLE:
        raise Refused("state", document)
    document.state, document.withdrawn_at, document.reason = "withdrawn", now, reason
    document.details = {name: value for name, value in document.details.items() if name != "correction"}
    document.revision += 1
    await page_links.end(db, document)
    await db.flush()
    return document


async def close(db: Session, key: str, now: datetime) -> Document | None:
    """End the asking for confirmations when their time is over; None if there is nothing to end."""
    document = await lock(db, key)
    if document is None or document.state != "distributed" or document.ack_by is None or document.ack_by > now:
        return None
    document.state = "acknowledged_closed"
    document.revision += 1
    await db.flush()
    return document


async def archive(db: Session, key: str) -> Document | None:
    """Put a memo whose confirmations are in away; it can still be read. None if it is not that far."""
    document = await lock(db, key)
    if document is None or document.state != "acknowledged_closed":
        return None
    document.state = "archived"
    document.revision += 1
    await db.flush()
    return document


async def readers(db: Session, document: Document) -> list[Member]:
    """Give who is on the list and still a member, by code."""
    query = select(Member).join(MemoReader, MemoReader.member_id == Member.id)
    mine = MemoReader.document_id == document.id, Member.state.in_(AGREED)
    return list(await db.scalars(query.where(*mine).order_by(Member.code, Member.id)))


def _has_read(document: Document) -> Select[int]:
    return select(Acknowledgment.member_id).where(
        Acknowledgment.document_id == document.id, Acknowledgment.version >= document.version
    )


async def silent(db: Session, document: Document) -> list[Member]:
    """Give who is on the list, has not confirmed the current version and may still be reminded, by code."""
    return list(await db.scalars(_silent(select(Member), document).order_by(Member.code, Member.id)))


async def silent_hours(db: Session, document: Document) -> list[tuple[Member, int]]:
    """Count `silent` by when they may be written to: nobody in particular with those hours, and how many share them."""
    hours = Member.zone, Member.weekend, Member.quiet_from, Member.quiet_to
    found = await db.execute(_silent(select(*hours, func.count()), document).group_by(*hours))
    return [
        (Member(zone=zone, weekend=weekend, quiet_from=begins, quiet_to=ends), number)
        for zone, weekend, begins, ends, number in found
    ]


def _silent(asked: Select[*tuple[Any, ...]], document: Document) -> Select[*tuple[Any, ...]]:
    reminded = (
        select(Delivery.member_id)
        .join(Campaign, Campaign.id == Delivery.campaign_id)
        .where(
            Campaign.kind == AGAIN, Campaign.subject == copy_name(document, document.version),
            Delivery.state.in_(OUT), Delivery.member_id.is_not(None),
        )
        .group_by(Delivery.member_id)
        .having(func.count() >= REMINDERS)
    )  # fmt: skip
    mine = MemoReader.document_id == document.id, Member.state.in_(AGREED)
    left_out = Member.id.not_in(_has_read(document)), Member.id.not_in(reminded)
    return asked.join(MemoReader, MemoReader.member_id == Member.id).where(*mine, *left_out)


async def list_size(db: Session, document: Document) -> int:
    """Count who is on the list and still a member."""
    asked = select(func.count()).select_from(MemoReader).join(Member, Member.id == MemoReader.member_id)
    return await db.scalar(asked.where(MemoReader.document_id == document.id, Member.state.in_(AGREED))) or 0


async def of_member(db: Session, member: Member, roles: Collection[str], now: datetime) -> list[Entry]:
    """Give the memos somebody may read, unread first, then the latest; for organisers those of others as well."""
    mine = and_(MemoReader.document_id == Document.id, MemoReader.member_id == member.id)
    said = and_(Acknowledgment.document_id == Document.id, Acknowledgment.member_id == member.id)
    query = (
        select(Document, Meeting, Acknowledgment, MemoReader.id)
        .outerjoin(Meeting, Meeting.id == Document.meeting_id)
        .outerjoin(Acknowledgment, said)
        .outerjoin(MemoReader, mine)
        .where(Document.kind == MEMO, Document.state.in_(READABLE), Document.distributed_at <= now)
    )
    if not ORGANISE & set(roles):
        lasting = or_(Document.expires_at.is_(None), Document.expires_at > now)
        query = query.where(lasting, or_(MemoReader.id.is_not(None), Document.approver_id == member.id))
    found = [
        Entry(document, meeting, Acknowledged(row.again_at or row.at, row.version) if row else None, here is not None)
        for document, meeting, row, here in await db.execute(
            query.order_by(Document.distributed_at.desc(), Document.id)
        )
    ]
    return sorted(found, key=lambda each: not each.unread)


async def unread(db: Session, member: Member, now: datetime) -> list[tuple[Document, Meeting | None]]:
    """Give the memos whose reading somebody is asked to confirm, while they are asked; one question, for Home."""
    read = exists().where(
        Acknowledgment.document_id == Document.id, Acknowledgment.member_id == member.id,
        Acknowledgment.version >= Document.version,
    )  # fmt: skip
    query = (
        select(Document, Meeting)
        .join(MemoReader, MemoReader.document_id == Document.id)
        .outerjoin(Meeting, Meeting.id == Document.meeting_id)
        .where(MemoReader.member_id == member.id, Document.state == "distributed", Document.distributed_at <= now)
        .where(or_(Document.expires_at.is_(None), Document.expires_at > now), ~read)
    )
    return [(document, meeting) for document, meeting in await db.execute(query.order_by(Document.ack_by, Document.id))]
