"""The balance of a meeting: who was invited, who comes and who is missing by category, with what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, func, select

from chat.text import Text, say
from storage.database import Session
from storage.meetings import COMING, Invitation, Meeting
from storage.members import CATEGORIES, Member, RoleGrant

ADVICE = 4
"""Advice sentences of one report; the rest is seen in its lines."""
STATES = ("inviting", "closed", "live")


@dataclass(frozen=True, slots=True)
class Part:
    """Be the counts of one category: people invited, seats held, any reply given."""

    category: str
    invited: int
    yes: int
    replied: int

    @property
    def missing(self) -> int:
        """Count those who have not replied."""
        return self.invited - self.replied


async def parts(db: Session, meeting: Meeting) -> list[Part]:
    """Count invited people, those who come and those who replied by category, in one statement.

    Delegates are not counted: the seat they come in is the inviter's.
    """
    yes = func.sum(case((Invitation.reply.in_(COMING), 1), else_=0))
    replied = func.sum(case((Invitation.reply != "none", 1), else_=0))
    found = await db.execute(
        select(Member.category, func.count(), yes, replied)
        .join(Invitation, Invitation.member_id == Member.id)
        .where(
            Invitation.meeting_id == meeting.id,
            Invitation.withdrawn.is_(False),
            Invitation.represents.is_(None),
        )
        .group_by(Member.category)
    )
    known = {each: place for place, each in enumerate(CATEGORIES)}
    counted = [Part(category, invited, int(coming), int(some)) for category, invited, coming, some in found]
    return sorted(counted, key=lambda each: (known.get(each.category, len(known)), each.category))


async def lines(db: Session, meeting: Meeting, now: datetime, *, brief: bool = False) -> list[Text]:
    """Write the balance by category with advice, in counts only, so that it may stand in the organisers' channel.

    Empty while nobody is invited. Advice is given until the start (domain 3.1, row T-28; T-45 in person); `brief`
    makes one sentence of it.
    """
    found = await parts(db, meeting)
    said = [_line(each) for each in found]
    if meeting.state not in STATES or now >= meeting.starts_at:
        return said
    return said + (_in_brief(found) if brief else advice(found))


def _line(part: Part) -> Text:
    name, invited = category_name(part.category), str(part.invited)
    if not part.missing:
        return say("bal_line_all", category=name, yes=part.yes, n=invited)
    return say("bal_line", category=name, yes=part.yes, n=invited, missing=part.missing)


def _in_brief(found: Sequence[Part]) -> list[Text]:
    """Name in one sentence the categories nobody comes from and somebody has not answered."""
    names = [category_name(each.category) for each in found if not each.yes and each.missing]
    pieces = [piece for name in names for piece in (", ", name)][1:]
    return [say("bal_voiceless", names=tuple(pieces))] if names else []


def advice(found: Sequence[Part]) -> list[Text]:
    """Say which categories have no voice yet and where half are silent, in counts; the emptiest first, at most four."""
    said: list[tuple[float, Text]] = []
    for each in found:
        name, share = category_name(each.category), each.replied / each.invited
        if not each.yes and not each.missing:
            said.append((0, say("bal_declined", category=name)))
        elif not each.yes:
            said.append((share - 1, say("bal_silent", category=name, replied=each.replied, n=str(each.invited))))
        elif each.missing * 2 >= each.invited:
            said.append((1 + share, say("bal_ask", category=name, replied=each.replied, n=str(each.invited))))
    return [text for _, text in sorted(said, key=lambda pair: pair[0])[:ADVICE]]


def category_name(category: str) -> Text:
    """Name a category; members without one are "Others"."""
    return say(f"cat_{category}") if category in CATEGORIES else category or say("cat_none")


def thin(part: Part) -> bool:
    """Tell whether nobody of a category comes yet, or half are silent."""
    return not part.yes or part.missing * 2 >= part.invited


async def to_call(db: Session, meeting: Meeting, now: datetime) -> list[Member]:
    """Give the focal points of the categories that have no voice yet or where half are silent, by name.

    A focal point who has declined is not called; one who was not invited may still know whom to ask.
    """
    silent = [each.category for each in await parts(db, meeting) if thin(each)]
    grants = select(RoleGrant.member_id).where(
        RoleGrant.role == "focal_point",
        RoleGrant.meeting_id.is_(None),
        (RoleGrant.until.is_(None)) | (RoleGrant.until > now),
    )
    refused = select(Invitation.member_id).where(
        Invitation.meeting_id == meeting.id, (Invitation.reply == "no") | Invitation.withdrawn.is_(True)
    )
    found = await db.scalars(
        select(Member)
        .where(
            Member.id.in_(grants),
            Member.category.in_(silent),
            Member.staff.is_(False),
            Member.state.in_(("active", "paused", "stopped")),
            Member.id.not_in(refused),
        )
        .order_by(Member.category, Member.name, Member.id)
    )
    return list(found)
