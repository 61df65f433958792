"""Audiences: who a meeting or a poll is for, said by filters and names; one condition that every question shares.

An audience is JSON: `categories`, `countries`, `roles`, `languages` (lists of words), `organisations` (ids), `attended`
(`{"least": n}` meetings, or `{"meeting": key}`), `members` (ids) and `not` with the same keys. Filters narrow each
other; people named in `members` are there whatever the filters say, or alone where there is no filter; whoever fits any
part of `not` is out, but only `not.members` keeps out a person who was named. `{}` is everybody. A role counts as long
as its grant stands; roles for one meeting do not count.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, and_, case, distinct, false, func, or_, select, true

from storage.database import Session
from storage.meetings import Attendance, Invitation, Meeting
from storage.members import Account, Member, Organisation, RoleGrant

Spec: TypeAlias = Mapping[str, Any]

AGREED = ("active", "paused", "stopped")
"""Members who have agreed once; nobody else is ever in an audience."""
PRESENT = ("attended", "partial")
"""States of attendance that count as having taken part."""
NAMED = 8
"""People offered for a typed part of a name (conversation §5)."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Be the size of an audience: by the platform messages go to now, and those nothing can be sent to now."""

    platforms: tuple[tuple[str, int], ...] = ()
    unreached: int = 0

    @property
    def total(self) -> int:
        """Count everybody."""
        return sum(number for _, number in self.platforms) + self.unreached


def where(spec: Spec) -> ColumnElement[bool]:
    """Give the condition on `Member` for an audience; staff are never in it, the state of a member is not looked at."""
    but: Spec = spec.get("not") or {}
    wanted, unwanted = _filters(spec), _filters(but)
    named, barred = _ids(spec.get("members")), _ids(but.get("members"))
    if wanted or unwanted or not named:
        found: ColumnElement[bool] = and_(true(), *wanted, *(~each for each in unwanted))
    else:
        found = false()
    parts: list[ColumnElement[bool]] = [Member.staff.is_(False), or_(found, Member.id.in_(named)) if named else found]
    if barred:
        parts.append(Member.id.not_in(barred))
    return and_(*parts)


async def members(db: Session, spec: Spec) -> list[Member]:
    """Give those an audience means who have agreed, by code; paused and stopped members are among them."""
    return list(await db.scalars(select(Member).where(where(spec), Member.state.in_(AGREED)).order_by(Member.code)))


async def reach(db: Session, spec: Spec, but: Meeting | None = None) -> Reach:
    """Count an audience by platform in one statement; `but` leaves out those already invited to a meeting.

    A person counts once, on the platform a message would go to now; paused and stopped members are not reached.
    """
    usable = (
        select(Account.platform)
        .where(Account.member_id == Member.id, Account.reachable.is_(True))
        .order_by(Account.id)
        .limit(1)
        .correlate(Member)
    )
    preferred = usable.where(Account.platform == Member.preferred)
    first = func.coalesce(preferred.scalar_subquery(), usable.scalar_subquery())
    asked = select(Member.id, case((Member.state == "active", first)).label("platform")).where(
        where(spec), Member.state.in_(AGREED)
    )
    if but is not None:
        asked = asked.where(Member.id.not_in(select(Invitation.member_id).where(Invitation.meeting_id == but.id)))
    each = asked.subquery()
    found = (await db.execute(select(each.c.platform, func.count()).group_by(each.c.platform))).all()
    platforms = sorted((platform, number) for platform, number in found if platform is not None)
    return Reach(tuple(platforms), sum(number for platform, number in found if platform is None))


async def values(db: Session, name: str) -> list[str]:
    """Give the values one filter can take among the members of the community: `categories`, `countries`, `languages`,
    `roles`, or organisations by their ids as text; most members first.

    Raise `KeyError` for a filter that is none.
    """
    if name == "roles":
        held = await db.execute(
            select(RoleGrant.role, func.count(distinct(RoleGrant.member_id)))
            .join(Member, Member.id == RoleGrant.member_id)
            .where(Member.staff.is_(False), Member.state.in_(AGREED), RoleGrant.meeting_id.is_(None))
            .group_by(RoleGrant.role)
            .order_by(func.count(distinct(RoleGrant.member_id)).desc(), RoleGrant.role)
        )
        return [role for role, _ in held]
    column = _COLUMNS[name]
    found = await db.execute(
        select(column, func.count())
        .where(Member.staff.is_(False), Member.state.in_(AGREED), column.is_not(None))
        .group_by(column)
        .order_by(func.count().desc(), column)
    )
    return [str(value) for value, _ in found if value != ""]


async def names(db: Session, ids: Sequence[int]) -> list[tuple[int, str]]:
    """Give id and name of the members with these ids who can be in an audience, by name."""
    asked = select(Member.id, Member.name).where(Member.id.in_(ids), Member.staff.is_(False), Member.state.in_(AGREED))
    return [(number, name) for number, name in await db.execute(asked.order_by(Member.name, Member.id))]


async def organisations(db: Session, ids: Sequence[int]) -> dict[int, str]:
    """Give the names of organisations by id."""
    found = await db.execute(select(Organisation.id, Organisation.name).where(Organisation.id.in_(ids)))
    return dict(found.all())


async def named(db: Session, words: str) -> list[tuple[Member, str]]:
    """Find members by a part of the name or by the code, by name, each with the organisation's name.

    One more than is offered, so that the asker learns that there are more.
    """
    like = "%".join(("", *(_escaped(each) for each in words.split()), ""))
    found = await db.execute(
        select(Member, func.coalesce(Organisation.name, ""))
        .outerjoin(Organisation, Organisation.id == Member.organisation_id)
        .where(
            Member.staff.is_(False),
            Member.state.in_(AGREED),
            or_(func.lower(Member.name).like(like.lower(), escape="\\"), func.lower(Member.code) == words.lower()),
        )
        .order_by(Member.name, Member.id)
        .limit(NAMED + 1)
    )
    return [(member, organisation) for member, organisation in found]


_COLUMNS: dict[str, Any] = {
    "categories": Member.category,
    "countries": Member.country,
    "organisations": Member.organisation_id,
    "languages": Member.language,
}


def _filters(spec: Spec) -> list[ColumnElement[bool]]:
    """Give one condition for each filter; the list of names is none of them."""
    found: list[ColumnElement[bool]] = []
    for name, column in _COLUMNS.items():
        wanted = spec.get(name) or ()
        if wanted:
            known = func.coalesce(column, 0) if name == "organisations" else column  # so that "not" keeps those without
            found.append(known.in_(_ids(wanted) if name == "organisations" else list(wanted)))
    if spec.get("roles"):
        found.append(
            Member.id.in_(
                select(RoleGrant.member_id).where(
                    RoleGrant.role.in_(list(spec["roles"])), RoleGrant.meeting_id.is_(None)
                )
            )
        )
    attended = spec.get("attended") or {}
    present = Attendance.state.in_(PRESENT)
    if attended.get("meeting"):
        asked = select(Meeting.id).where(Meeting.key == str(attended["meeting"])).scalar_subquery()
        there = select(Attendance.member_id).where(present, Attendance.meeting_id == asked)
        found.append(Member.id.in_(there.where(Attendance.member_id.is_not(None))))
    if attended.get("least"):
        often = (
            select(Attendance.member_id)
            .where(present, Attendance.member_id.is_not(None))
            .group_by(Attendance.member_id)
            .having(func.count(distinct(Attendance.meeting_id)) >= int(attended["least"]))
        )
        found.append(Member.id.in_(often))
    return found


def _ids(given: Any) -> list[int]:
    return [int(each) for each in given or ()]


def _escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
