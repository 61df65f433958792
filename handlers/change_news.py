"""What people are told about a moved, changed or cancelled meeting, and who has not confirmed the new time yet."""

from __future__ import annotations

from datetime import datetime

from chat.message import Message
from handlers import _change_screens, _changing, _quota, _waiting
from handlers._changing import OPEN, RECONFIRM
from handlers._feature import Feature
from handlers._reminding import no_send_dates
from scheduler import delivery, quiet
from scheduler.contract import Drawing, Skip
from storage import invitations
from storage.communities import own_community
from storage.database import Session
from storage.meetings import by_key
from storage.timers import Timer

feature = Feature("change_news")


@feature.timer(RECONFIRM)
async def remind(db: Session, timer: Timer, now: datetime) -> None:
    """Remind those once who have not said whether the new time suits them; only before the start."""
    meeting = await by_key(db, timer.subject)
    if meeting is None or meeting.state not in OPEN or now >= meeting.starts_at:
        return
    no_send = await no_send_dates(db)
    to = []
    for member, _ in await invitations.who_replied(db, meeting, "reconfirm"):
        due = quiet.bulk_slot(member, now, no_send)
        due = due if due < meeting.starts_at else quiet.next_allowed(member, now, no_send)
        if due < meeting.starts_at:
            to.append(delivery.To(member=member, due=due, expires=meeting.starts_at))
    to = await _quota.spread(db, "reconfirm_nudge", to, now)
    if to:
        name = f"r{meeting.revision}"
        await delivery.plan(db, kind="reconfirm_nudge", subject=meeting.key, occurrence=name, to=to, now=now)


@feature.card("reschedule", "place_change", "cancellation", "reconfirm_nudge")
async def draw(db: Session, drawing: Drawing) -> Message | Skip:
    """Draw what a member is told about a change, and later their card as it stands."""
    meeting, member = await by_key(db, drawing.subject), drawing.member
    if meeting is None or member is None:
        return Skip("gone")
    invitation = await invitations.find(db, meeting, member)
    community = await own_community(db)
    if drawing.kind == "cancellation" and meeting.state == "cancelled":
        return _change_screens.cancelled_card(meeting, community)
    if invitation is None or invitation.withdrawn:
        return Skip("not_invited")
    if not drawing.first:
        return await _waiting.card(db, meeting, invitation, member, community, drawing.now, older=True)
    if drawing.kind == "cancellation" or meeting.state not in OPEN:
        return Skip("meeting_not_open")
    if drawing.now >= meeting.starts_at:
        return Skip("started")
    match drawing.kind:
        case "reschedule":
            return _change_screens.moved_card(meeting, invitation, member, community, drawing.now, drawing.details)
        case "reconfirm_nudge" if invitation.reply != "reconfirm":
            return Skip("replied")
        case "reconfirm_nudge":
            return _change_screens.nudge_card(meeting, invitation, member, drawing.now)
    if invitation.reply not in (*_changing.COMING, "maybe"):
        return Skip("not_coming")
    return _change_screens.place_card(meeting, invitation, [str(each) for each in drawing.details.get("tell") or ()])


@feature.card("meeting_line")
async def draw_line(db: Session, drawing: Drawing) -> Message | Skip:
    """Draw the one line in a channel about a move or a cancellation."""
    meeting = await by_key(db, drawing.subject)
    if meeting is None or (drawing.first and meeting.state not in (*OPEN, "cancelled")):
        return Skip("meeting_not_open")
    return _change_screens.channel_line(meeting)
