"""Who is meant by a row of the schedule, as the truth has it now (domain 3.1, column "To")."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select

from handlers._schedule import Calendar, Row
from storage import attendance, invitations, needs
from storage.database import Session
from storage.deliveries import Campaign, Delivery
from storage.feedback import FeedbackFlag
from storage.meetings import Invitation, Meeting
from storage.members import Member, RoleGrant, holders

REPLIES: dict[str, tuple[str, ...]] = {
    "silent": ("none",),
    "maybe": ("maybe",),
    "yes_maybe": ("yes", "maybe"),
    "coming": ("yes",),
}
"""Replies of those a row is for. Who has to confirm a new time first is asked by itself and gets no way in."""
ASKS = ("invitation", "rsvp_nudge", "maybe_nudge")
GAP = timedelta(days=3)
"""Nobody is asked for a reply twice within this time, whoever asks: the invitation counts, and an organiser's nudge."""
NUDGES = 2
"""Nudges one member gets about one meeting, those of organisers among them (conversation §8)."""
AGAIN_GAP = timedelta(days=2)
QUESTIONS = 3
"""Questions after one meeting: the first and at most two reminders (domain 3.1)."""


async def people(db: Session, meeting: Meeting, dates: Calendar, row: Row) -> list[tuple[Member, datetime | None]]:
    """Give the people of a row with the moment since when they are meant, in a question or two for all of them."""
    to = row.rule.to
    if to == "attended":
        return [(each, None) for each in await attendance.attended(db, meeting)]
    if to == "absent":
        return [(each, None) for each in await attendance.missing(db, meeting)]
    if to == "visa":
        return [(each, None) for each in await needs.visa(db, meeting)]
    if to == "unanswered":
        return await _unanswered(db, meeting, dates, row)
    if to == "moderators":
        return [(each, None) for each in await moderators(db, meeting)]
    if to == "organisers":
        return []
    found = [
        (member, invitation)
        for member, invitation in await invitations.who_replied(db, meeting, *REPLIES[to])
        if row.takes(invitation.mode)
    ]
    if to in ("silent", "maybe"):
        return await _not_asked_lately(db, meeting, dates, row, found)
    return [(member, invitation.replied_at) for member, invitation in found]


async def moderators(db: Session, meeting: Meeting) -> list[Member]:
    """Give who moderates a meeting; where nobody is named, who moderates in this community."""
    own = select(RoleGrant.member_id).where(RoleGrant.role == "moderator", RoleGrant.meeting_id == meeting.id)
    found = list(await db.scalars(select(Member).where(Member.id.in_(own)).order_by(Member.id)))
    return found or list(await holders(db, "moderator", meeting.starts_at))


async def _not_asked_lately(
    db: Session, meeting: Meeting, dates: Calendar, row: Row, found: list[tuple[Member, Invitation]]
) -> list[tuple[Member, datetime | None]]:
    asked = await _planned(db, meeting, ASKS)
    kept: list[tuple[Member, datetime | None]] = []
    for member, invitation in found:
        since = invitation.invited_at if row.rule.to == "silent" else invitation.replied_at
        mine = asked.get(member.id, [])
        moments = [due for _, due in mine] + ([since] if since else [])
        nudges = sum(kind != "invitation" for kind, _ in mine)
        if nudges < NUDGES and (not moments or dates.slot(row, member) - max(moments) >= GAP):
            kept.append((member, since))
    return kept


async def _unanswered(
    db: Session, meeting: Meeting, dates: Calendar, row: Row
) -> list[tuple[Member, datetime | None]]:  # fmt: skip
    waiting = await db.scalars(
        select(Member)
        .join(FeedbackFlag, FeedbackFlag.member_id == Member.id)
        .where(FeedbackFlag.meeting_id == meeting.id, FeedbackFlag.state.in_(("asked", "later")))
        .order_by(Member.id)
    )
    asked = await _planned(db, meeting, ("feedback_request", "feedback_reminder"))
    kept: list[tuple[Member, datetime | None]] = []
    for member in waiting:
        mine = [due for _, due in asked.get(member.id, [])]
        if len(mine) < QUESTIONS and (not mine or dates.slot(row, member) - max(mine) >= AGAIN_GAP):
            kept.append((member, None))
    return kept


async def _planned(db: Session, meeting: Meeting, kinds: tuple[str, ...]) -> dict[int, list[tuple[str, datetime]]]:
    """Give kind and moment of what each member got or gets about a meeting, in one question."""
    rows = await db.execute(
        select(Delivery.member_id, Campaign.kind, Delivery.due_at)
        .join(Campaign, Campaign.id == Delivery.campaign_id)
        .where(
            Campaign.subject == meeting.key,
            Campaign.kind.in_(kinds),
            Delivery.member_id.is_not(None),
            Delivery.state.in_(("queued", "sending", "sent", "unknown")),
        )
    )
    found: dict[int, list[tuple[str, datetime]]] = {}
    for member, kind, due in rows:
        assert member is not None
        found.setdefault(member, []).append((kind, due))
    return found


async def numbers(db: Session, meeting: Meeting) -> dict[tuple[str, str], int]:
    """Count who is invited by reply and mode, in one question."""
    found = await db.execute(
        select(Invitation.reply, Invitation.mode, func.count())
        .where(Invitation.meeting_id == meeting.id, Invitation.withdrawn.is_(False))
        .group_by(Invitation.reply, Invitation.mode)
    )
    return {(reply, mode): number for reply, mode, number in found}


def counted(row: Row, numbers: dict[tuple[str, str], int]) -> int | None:
    """Tell how many people a row is for as replies stand now; None if replies do not tell."""
    replies = REPLIES.get(row.rule.to)
    if replies is None:
        return None
    return sum(number for (reply, mode), number in numbers.items() if reply in replies and row.takes(mode))
