"""Nudges that come by themselves: who replied Maybe is asked to decide before the deadline (domain 3.1, T-17).

The nudge to those who have not replied is the card `rsvp_nudge`; both are planned from the rows of the schedule.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from chat.message import Message, button, row, rows
from chat.text import Bold, When, say
from handlers import _waiting
from handlers._card_lines import can
from handlers._cards import answers, details_row, fine_print
from handlers._feature import Feature, Waiting
from handlers._invited import theirs
from handlers._schedule import replies_close
from handlers._welcome import go
from scheduler.contract import Drawing, Skip
from storage import needs
from storage.communities import own_community
from storage.database import Session
from storage.invitations import closed
from storage.meetings import INVITED, Invitation, Meeting, by_key
from storage.members import Member

feature = Feature("nudges")

NEAR = timedelta(days=7)
"""A Maybe waits for a decision from so long before the deadline."""


@feature.card("maybe_nudge")
async def draw(db: Session, drawing: Drawing) -> Message | Skip:
    """Ask somebody to decide; once they have, the card shows their reply."""
    found = await theirs(db, drawing)
    if isinstance(found, Skip):
        return found
    meeting, invitation, member = found
    over = meeting.state not in INVITED or bool(closed(meeting, drawing.now))
    if drawing.first and over:
        return Skip("meeting_not_open")
    if drawing.first and invitation.reply != "maybe":
        return Skip("replied")
    if over or invitation.reply != "maybe":
        community = await own_community(db)
        return await _waiting.card(db, meeting, invitation, member, community, drawing.now, older=True)
    text = say(
        "maybe_nudge",
        first_name=member.first_name,
        meeting_title=Bold(meeting.title),
        when_local=When(meeting.starts_at, meeting.zone, meeting.ends_at, "inside"),
        rsvp_deadline=When(replies_close(meeting), meeting.zone),
    )
    choices = answers(meeting, drawing.now, but="maybe")
    return Message((text,), rows(choices, details_row(meeting)), fine_print(meeting))


@feature.card("visa_letter")
async def draw_letter(db: Session, drawing: Drawing) -> Message | Skip:
    """Tell somebody who asked for a visa support letter when it comes (T-55)."""
    meeting, member = await by_key(db, drawing.subject), drawing.member
    if meeting is None or member is None:
        return Skip("gone")
    told = await needs.find(db, meeting, member)
    wanted = told is not None and told.visa_letter
    if drawing.first and (not wanted or meeting.state not in INVITED or drawing.now >= meeting.starts_at):
        return Skip("not_entitled")
    text = say("visa_letter" if wanted else "sc_letter_off", meeting_title=Bold(meeting.title))
    return Message((text,), rows(row(can("needs", "needs", meeting.key), go("my", "my"))))


@feature.waiting
async def undecided(db: Session, member: Member, now: datetime) -> list[Waiting]:
    """Name the meetings somebody replied Maybe to whose deadline is near."""
    found = await db.scalars(
        select(Meeting)
        .join(Invitation, Invitation.meeting_id == Meeting.id)
        .where(
            Invitation.member_id == member.id,
            Invitation.reply == "maybe",
            Invitation.withdrawn.is_(False),
            Meeting.state == "inviting",
            Meeting.starts_at > now,
        )
        .order_by(Meeting.rsvp_deadline)
    )
    return [
        Waiting(
            say("sc_waits_maybe", when=When(replies_close(each), each.zone), title=each.title),
            button("reply", "invited", each.key, each.revision),
            replies_close(each),
            "maybe_nudge",
        )
        for each in found
        if now < replies_close(each) <= now + NEAR
    ]
