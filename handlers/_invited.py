"""What a card of one member is about: the meeting, their invitation and the member, or why there is nothing to draw."""

from __future__ import annotations

from scheduler.contract import Drawing, Skip
from storage import invitations
from storage.database import Session
from storage.meetings import Invitation, Meeting, by_key
from storage.members import Member


async def theirs(
    db: Session, drawing: Drawing, *, withdrawn: bool = False
) -> tuple[Meeting, Invitation, Member] | Skip:
    """Find what is drawn; an invitation that was taken back counts as none unless `withdrawn` says otherwise."""
    meeting, member = await by_key(db, drawing.subject), drawing.member
    if meeting is None or member is None:
        return Skip("gone")
    invitation = await invitations.find(db, meeting, member)
    if invitation is None or (invitation.withdrawn and not withdrawn):
        return Skip("not_invited")
    return meeting, invitation, member
