"""Numbers and names about memos that have been sent, for organisers: delivered, opened, confirmed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func, select, update

from storage.audience import AGREED
from storage.database import Session
from storage.deliveries import Campaign, Delivery
from storage.documents import Acknowledgment, Document, MemoReader
from storage.members import Member
from storage.memo_reading import AGAIN, OUT, Acknowledged, copy_name
from storage.page_links import AccessEntry

SENT = ("memo", "memo_corrected", AGAIN)
"""Kinds of messages that bring a memo to a member."""


@dataclass(frozen=True, slots=True)
class ReaderRow:
    """Be one person on a list: confirmed or not, where their message went and what became of it."""

    member_id: int
    name: str
    acknowledged: Acknowledged | None
    platform: str
    state: str
    """Of the message about this version: `sent`, `queued`, `dead`, ...; "" when none was planned (a digest, a page)."""
    reason: str


@dataclass(slots=True)
class Figures:
    """Be what organisers are told about a memo, in numbers."""

    people: int = 0
    read: int = 0
    platforms: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Platform to how many have read it and how many got it there."""
    not_delivered: Counter[str] = field(default_factory=Counter)
    """Reasons why it did not arrive."""
    waiting: int = 0
    access: dict[str, int] = field(default_factory=dict)
    """`opened`, `downloaded`, `sent`: how many people did so at least once."""

    @property
    def silent(self) -> int:
        """Count who has not confirmed."""
        return self.people - self.read


async def rows(db: Session, document: Document, kind: str, subject: str) -> list[ReaderRow]:
    """Give everybody on the list with their confirmation and what became of their message, by name.

    `kind` and `subject` name the send of the current version. Who has left is not among them.
    """
    ways: dict[int, tuple[str, str, str]] = {}
    sends = (
        select(Delivery.member_id, Delivery.platform, Delivery.state, Delivery.reason)
        .join(Campaign, Campaign.id == Delivery.campaign_id)
        .where(Campaign.kind == kind, Campaign.subject == subject, Delivery.member_id.is_not(None))
    )
    for member, platform, state, reason in await db.execute(sends.order_by(Delivery.id)):
        if state != "cancelled":
            ways[member or 0] = (platform, state, reason)
    said: dict[int, Acknowledged] = {}
    rows = select(Acknowledgment.member_id, Acknowledgment.at, Acknowledgment.again_at, Acknowledgment.version)
    mine = Acknowledgment.document_id == document.id, Acknowledgment.version >= document.version
    for member, at, again_at, version in await db.execute(rows.where(*mine)):
        said[member] = Acknowledged(again_at or at, version)
    asked = select(Member.id, Member.name).join(MemoReader, MemoReader.member_id == Member.id)
    here = MemoReader.document_id == document.id, Member.state.in_(AGREED)
    return [
        ReaderRow(member, name, said.get(member), *ways.get(member, ("", "", "")))
        for member, name in await db.execute(asked.where(*here).order_by(Member.name, Member.id))
    ]


async def figures(db: Session, document: Document, people: Sequence[ReaderRow]) -> Figures:
    """Count what `rows` found, and who opened it."""
    found = Figures(people=len(people), read=sum(each.acknowledged is not None for each in people))
    for each in people:
        if each.state in OUT:
            read, all_there = found.platforms.get(each.platform, (0, 0))
            found.platforms[each.platform] = (read + (each.acknowledged is not None), all_there + 1)
            found.waiting += each.state in ("queued", "sending")
        elif each.state:
            found.not_delivered[each.reason or each.state] += 1
    asked = (
        select(AccessEntry.what, func.count(func.distinct(AccessEntry.member_id)))
        .where(AccessEntry.document_id == document.id)
        .group_by(AccessEntry.what)
    )
    found.access = dict((await db.execute(asked)).all())
    return found


async def opened(db: Session, document: Document) -> dict[int, datetime]:
    """Give when each person last opened, downloaded or was sent a memo, by member id; for organisers in private."""
    asked = (
        select(AccessEntry.member_id, func.max(AccessEntry.at))
        .where(AccessEntry.document_id == document.id, AccessEntry.member_id.is_not(None))
        .group_by(AccessEntry.member_id)
    )
    return {member: at for member, at in await db.execute(asked) if member is not None}


async def delivered(db: Session, document: Document, kind: str, subject: str) -> int:
    """Bring the number of deliveries, which the acknowledgment rate divides by, up to date; give it.

    Counted is who a platform accepted it for, or still may: those whose message turned into a digest as well.
    """
    people = func.count(func.distinct(Delivery.member_id))
    number = await db.scalar(
        select(people)
        .join(Campaign, Campaign.id == Delivery.campaign_id)
        .where(Campaign.kind == kind, Campaign.subject == subject, Delivery.state.in_(OUT))
    )
    number = number or 0
    campaigns = await db.scalars(
        select(Campaign.details).where(
            Campaign.kind == kind, Campaign.subject == subject,
            Campaign.state.not_in(("cancelled", "taking_back", "taken_back")),
        )
    )  # fmt: skip
    number += sum(len((details or {}).get("digest") or ()) for details in campaigns)
    await db.execute(
        update(Document).where(Document.id == document.id).values(recipients=number)
        .execution_options(synchronize_session=False)
    )  # fmt: skip
    await db.refresh(document, ["recipients"])
    return number


async def reached(db: Session, document: Document) -> list[Member]:
    """Give who was sent a memo in whatever version and is still a member, by code; unknown results count."""
    names = [document.key, *(copy_name(document, each) for each in range(1, document.version + 1))]
    got = (
        select(Delivery.member_id)
        .join(Campaign, Campaign.id == Delivery.campaign_id)
        .where(Campaign.kind.in_(SENT), Campaign.subject.in_(names), Delivery.state.in_(("sent", "unknown")))
    )
    asked = select(Member).where(Member.id.in_(got), Member.state.in_(AGREED))
    return list(await db.scalars(asked.order_by(Member.code, Member.id)))
