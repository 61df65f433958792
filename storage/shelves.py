"""The library's shelves: what a member may see there, sorted by kind, theme, region, meeting, language and year.

Who may see what is one condition, for shelves and for search: a memo is seen by those on its list and by organisers, a
publication once it is out, a shared resource once somebody has approved it. What is under embargo, withdrawn or
expired does not exist.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, case, distinct, exists, extract, false, func, or_, select

from storage.audience import AGREED
from storage.database import Session
from storage.documents import (
    MEMO,
    PUBLIC_STATES,
    PUBLICATIONS,
    READABLE,
    RESOURCE,
    Document,
    MemoReader,
)
from storage.meetings import Meeting
from storage.members import Member
from storage.search_entry import SearchEntry

SHELVES = ("kind", "theme", "region", "meeting", "language", "year")
PAGE = 5
"""Documents of one page (conversation §2)."""
_ORGANISE = frozenset({"organiser", "admin"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Narrow what is looked at; "" and 0 leave it wide. `meeting` is the key of one, `language` one of ours."""

    kind: str = ""
    theme: str = ""
    region: str = ""
    meeting: str = ""
    language: str = ""
    year: int = 0


@dataclass(frozen=True, slots=True)
class Place:
    """Be one place on a shelf: its value for `Filters`, what is written on it, how many documents stand there."""

    value: str
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class Item:
    """Be one document as lists show it; `at` is when it came out, `extract` what stands before, in and after a hit."""

    document: Document
    theme: str
    region: str
    at: datetime | None
    languages: tuple[str, ...] = ()
    extract: tuple[str, str, str] | None = None


theme_of = case((Document.theme != "", Document.theme), else_=func.coalesce(Meeting.theme, ""))
"""A document's theme, or its meeting's; the question must join `Meeting`."""
region_of = case((Document.region != "", Document.region), else_=func.coalesce(Meeting.region, ""))
came_out = func.coalesce(
    Document.published_at, Document.distributed_at, Document.created_at, type_=Document.published_at.type
)


def out() -> ColumnElement[bool]:
    """Say which documents have come out: distributed memos, published publications, shared resources."""
    return or_(
        (Document.kind == MEMO) & Document.state.in_(READABLE),
        Document.kind.in_(PUBLICATIONS) & Document.state.in_(PUBLIC_STATES),
        (Document.kind == RESOURCE) & (Document.state == "shared"),
    )


def visible(member: Member, roles: Collection[str], now: datetime) -> ColumnElement[bool]:
    """Say what a member may see, as `storage.memos.may_read` does for one memo (design §9, reliability §5.8)."""
    if member.state not in AGREED:
        return false()
    released = or_(Document.embargo_until.is_(None), Document.embargo_until <= now)
    if _ORGANISE & set(roles):
        return out() & released
    listed = exists().where(MemoReader.document_id == Document.id, MemoReader.member_id == member.id)
    lasting = or_(Document.expires_at.is_(None), Document.expires_at > now)
    issued = or_(Document.kind != MEMO, Document.distributed_at <= now)  # not while its send is held or planned
    entitled = or_(Document.approver_id == member.id, lasting & or_(Document.kind != MEMO, listed))
    return out() & released & issued & entitled


def narrowed(filters: Filters) -> list[ColumnElement[bool]]:
    """Give the conditions of filters; the question joins `Meeting`."""
    conditions: list[ColumnElement[bool]] = []
    if filters.kind:
        conditions.append(Document.kind == filters.kind)
    if filters.theme:
        conditions.append(theme_of == filters.theme)
    if filters.region:
        conditions.append(region_of == filters.region)
    if filters.meeting:
        conditions.append(Meeting.key == filters.meeting)
    if filters.year:
        conditions.append(extract("year", came_out) == filters.year)
    if filters.language:
        conditions.append(
            exists().where(SearchEntry.document_id == Document.id, SearchEntry.language == filters.language)
        )
    return conditions


def seen(
    question: Select[*tuple[Any, ...]], member: Member, roles: Collection[str], now: datetime, filters: Filters
) -> Select[*tuple[Any, ...]]:
    """Complete a question about `Document` with its meeting, what the member may see, and the filters."""
    return question.outerjoin(Meeting, Meeting.id == Document.meeting_id).where(
        visible(member, roles, now), *narrowed(filters)
    )


async def places(db: Session, member: Member, roles: Collection[str], now: datetime, by: str) -> list[Place]:
    """Give the places of a shelf (one of `SHELVES`) with what the member may see there; years from the newest."""
    columns: dict[str, tuple[Any, Any]] = {
        "kind": (Document.kind, Document.kind),
        "theme": (theme_of, theme_of),
        "region": (region_of, region_of),
        "meeting": (Meeting.key, Meeting.code + " · " + Meeting.title),
        "language": (SearchEntry.language, SearchEntry.language),
        "year": (extract("year", came_out), extract("year", came_out)),
    }
    value, label = columns[by]
    question: Select[*tuple[Any, ...]] = select(value, func.max(label), func.count(distinct(Document.id))).select_from(
        Document
    )
    if by == "language":
        question = question.join(SearchEntry, SearchEntry.document_id == Document.id)
    asked = seen(question, member, roles, now, Filters()).group_by(value)
    found = [
        Place(str(value), str(label), count)
        for value, label, count in await db.execute(asked)
        if value not in (None, "")
    ]
    return sorted(found, key=lambda each: each.label, reverse=by in ("year", "meeting"))


async def standing(
    db: Session, member: Member, roles: Collection[str], now: datetime, filters: Filters, page: int = 0
) -> tuple[list[Item], int]:
    """Give a page of documents, the newest first, and how many there are; a page too far is the last one."""
    total = await db.scalar(seen(select(func.count()).select_from(Document), member, roles, now, filters))
    page = max(0, min(page, ((total or 0) - 1) // PAGE))
    asked = seen(select(Document.id).select_from(Document), member, roles, now, filters)
    ids = await db.scalars(
        asked.order_by(came_out.desc().nulls_last(), Document.id.desc()).offset(page * PAGE).limit(PAGE)
    )
    return await items(db, list(ids)), total or 0


async def one(db: Session, member: Member, roles: Collection[str], now: datetime, key: str) -> Item | None:
    """Give one document by its key, if the member may see it."""
    asked = seen(select(Document.id).select_from(Document), member, roles, now, Filters())
    found = await db.scalar(asked.where(Document.key == key))
    return (await items(db, [found]))[0] if found is not None else None


async def items(db: Session, ids: Sequence[int]) -> list[Item]:
    """Give documents as lists show them, in the order of the ids; who may see them was asked before."""
    asked = (
        select(Document, theme_of, region_of, came_out)
        .outerjoin(Meeting, Meeting.id == Document.meeting_id)
        .where(Document.id.in_(ids))
    )
    spoken: dict[int, list[str]] = {}
    entries = SearchEntry.__table__.c  # without the condition of the community, which SQLite would look them up by
    languages = select(entries.document_id, entries.language).where(entries.document_id.in_(ids))
    for document, language in await db.execute(languages.order_by(entries.language)):
        if language:
            spoken.setdefault(document, []).append(language)
    found = {
        document.id: Item(document, theme, region, at, tuple(spoken.get(document.id, ())))
        for document, theme, region, at in await db.execute(asked)
    }
    return [found[each] for each in ids if each in found]
