"""Names by reply, in private: pages of ten, and one person with what organisers can do for them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select

from chat.message import Button, Message, Press, button, row, rows
from chat.text import Bold, Text, When, say
from handlers._cards import choice_label, when
from storage import invitations, seats
from storage.database import Session
from storage.meetings import MODES, Invitation, Meeting
from storage.members import Member, Organisation

PAGE = 10
NAMES = 200
"""More names than this are not listed in a chat (conversation §4.1)."""
ORDER = ("yes", "reconfirm", "delegated", "waitlisted", "asked", "refused", "maybe", "no", "none")


async def page(db: Session, meeting: Meeting, number: int, *, organiser: bool = True) -> Message:
    """List the people by reply, ten a page, for an organiser each with a button that opens them."""
    invited = select(func.count()).where(Invitation.meeting_id == meeting.id, Invitation.withdrawn.is_(False))
    everybody = await db.scalar(invited) or 0
    lines: list[Text] = [Bold(f"{meeting.code} · {meeting.title}")]
    people: list[Button] = []
    navigation = [button("back", "roster", meeting.key, number - 1) if number else None]
    if everybody > NAMES:
        lines.append(say("m_too_many", n=everybody))
    elif not everybody:
        lines.append(say("m_not_sent_yet"))
    else:
        found = await invitations.who_replied(db, meeting)
        found.sort(key=lambda each: ORDER.index(each[1].reply))
        for place, (member, invitation) in enumerate(found[number * PAGE : (number + 1) * PAGE], number * PAGE + 1):
            lines.append((f"{place}. ", member.name, " · ", reply_of(meeting, invitation)))
            if organiser:
                people.append(Button(str(place), Press("ansas", meeting.key, str(number), member.key)))
        if len(found) > (number + 1) * PAGE:
            navigation.append(button("next", "roster", meeting.key, number + 1))
    navigation.append(button("status", "status", meeting.key))
    asks = button("answer_for", "ansfor", meeting.key) if everybody and organiser else None
    return Message(tuple(lines), rows(row(*people[:5]), row(*people[5:]), row(*navigation), row(asks)), silent=True)


def reply_of(meeting: Meeting, invitation: Invitation, now: datetime | None = None) -> Text:
    """Name a reply with mode and guests; a delegate as such."""
    if invitation.represents is not None and invitation.reply == "yes":
        return say("w_reply_delegate")
    if now is not None and seats.offered(invitation, now):
        return say("w_reply_offered")
    label = choice_label(invitation.reply, invitation.mode if meeting.format == "hybrid" else "")
    return (label, f" +{invitation.guests}") if invitation.guests else label


async def person(
    db: Session, meeting: Meeting, invitation: Invitation, member: Member, now: datetime, number: int = 0
) -> Message:
    """Show one person, their reply and what organisers can do; `number` is the page to go back to."""
    body = await db.get(Organisation, member.organisation_id) if member.organisation_id else None
    lines: list[Text] = [
        Bold(member.name) if body is None else (Bold(member.name), "\n", body.name),
        (meeting.code, " · ", when(meeting)),
        reply_of(meeting, invitation, now),
    ]
    if invitation.replied_at is not None:
        own = invitation.replied_by in (None, member.id)
        given = When(invitation.replied_at, meeting.zone)
        lines.append(say("w_replied_self" if own else "w_replied_for", when=given))
    back = row(button("back", "roster", meeting.key, number))
    if invitation.withdrawn or invitations.closed(meeting, now):
        return Message(tuple(lines), rows(back))
    choices = (*MODES, "maybe", "no") if meeting.format == "hybrid" else ("yes", "maybe", "no")
    standing = invitation.mode if invitation.reply == "yes" and invitation.mode else invitation.reply
    answers = row(
        *(
            Button(
                choice_label("yes" if each in MODES else each, each if each in MODES else ""),
                _press(meeting, each, member),
            )
            for each in choices
            if each != standing
        )
    )
    waits = invitation.reply in ("asked", "waitlisted", "refused")
    decide = row(
        button("give_seat", "giveseat", meeting.key, "", member.key, "primary") if waits else None,
        button("no_seat", "noseat", meeting.key, "", member.key) if invitation.reply == "asked" else None,
    )
    remove = button("remove", "rmseat", meeting.key, "", member.key, "danger")
    return Message(tuple(lines), rows(decide, answers, row(remove), back), silent=True)


def _press(meeting: Meeting, choice: str, member: Member) -> Press:
    return Press("ansas", meeting.key, choice, member.key)
