"""A member's own reply in a line, as it stands in lists and on Home: in the second person, whatever the state."""

from __future__ import annotations

from datetime import datetime

from chat.text import Text, When, say
from handlers._cards import choice_label
from handlers._waiting import beside
from storage import seats
from storage.database import Session
from storage.meetings import Invitation, Meeting
from storage.members import Member

_SAID = {"asked": "w_asked", "refused": "w_refused_plain", "reconfirm": "m_own_reconfirm", "waitlisted": "w_on_list"}


async def own_line(db: Session, meeting: Meeting, invitation: Invitation, member: Member, now: datetime) -> Text:
    """Say what the member has replied, with mode and guests, or what they wait for; only a delegation is asked for."""
    if meeting.state == "cancelled":
        return say("m_you", reply=say("m_cancelled_word"))
    reply = invitation.reply
    if seats.offered(invitation, now) and invitation.offer_until is not None:
        return say("m_own_offered", when=When(invitation.offer_until, meeting.zone))
    if reply == "delegated":
        found = await beside(db, meeting, invitation, member, now)
        return say("w_delegate_comes", name=found.delegate) if found.agreed else say("w_delegate_waits")
    if reply in _SAID:
        return say(_SAID[reply])
    if reply == "yes" and invitation.represents is not None:
        return say("m_own_delegate")
    label = choice_label(reply, invitation.mode if meeting.format == "hybrid" else "")
    line = say("m_you", reply=label)
    if reply == "yes" and invitation.guests:
        return (line, " · ", say("w_guests", n=invitation.guests))
    return line


def open_question(invitation: Invitation, now: datetime) -> bool:
    """Tell whether the member is asked something now, so that a button says "Reply" and not "Change reply"."""
    return invitation.reply in ("none", "reconfirm") or seats.offered(invitation, now)
