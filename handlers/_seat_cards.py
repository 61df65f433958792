"""Cards of people who have no seat for sure: waiting, offered, asked, refused, to be confirmed, handed over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from chat.message import Button, Message, Press, button, row, rows
from chat.text import Bold, Text, When, say
from handlers._card_lines import answers, can, details_row, fine_print, guests_for, title_line, when
from handlers._welcome import go
from storage.meetings import Invitation, Meeting
from storage.members import Member
from storage.seats import ONLINE, ROOM, had_turn, late, mode_of, offered


@dataclass(frozen=True, slots=True)
class Beside:
    """Be what a card says beside the invitation itself; `handlers._waiting.beside` asks for it."""

    place: int | None = None
    """Place on the waiting list."""
    organisation_full: bool = False
    """Whether it is the organisation's own limit that keeps somebody waiting."""
    free: Mapping[str, int | None] | None = None
    """Free seats of a hybrid meeting by mode; none = any number."""
    delegate: str = ""
    """Name of the colleague who was asked to come instead."""
    delegation: str = ""
    """Key of that request."""
    agreed: bool = False
    until: datetime | None = None
    """Until when the colleague can agree."""
    elsewhere: bool = False
    """Whether another message offers the seat."""


NOTHING = Beside()


def seat_card(meeting: Meeting, invitation: Invitation, member: Member, now: datetime, beside: Beside) -> Message:
    """Draw the card of a reply that is neither yes, no, maybe nor open."""
    match invitation.reply:
        case "waitlisted":
            if offered(invitation, now):
                made = offer_elsewhere if beside.elsewhere else offer_card
                return made(meeting, invitation, member)
            return waiting_card(meeting, invitation, now, beside)
        case "asked":
            return asked_card(meeting)
        case "refused":
            return refused_card(meeting, invitation)
        case "reconfirm":
            return reconfirm_card(meeting, now)
        case _:
            return delegated_card(meeting, beside)


def offer_card(meeting: Meeting, invitation: Invitation, member: Member) -> Message:
    """Offer a free seat, until when."""
    assert invitation.offer_until is not None
    text = say(
        "waitlist_offer",
        first_name=member.first_name,
        meeting_title=Bold(meeting.title),
        when_local=replace(when(meeting), part="inside"),
        offer_deadline=When(invitation.offer_until, meeting.zone),
    )
    take = button("take_seat", "takeseat", meeting.key, meeting.revision, style="primary")
    leave = button("pass_seat", "passseat", meeting.key, meeting.revision)
    return Message((text,), rows(row(take, leave), details_row(meeting)), fine_print(meeting))


def offer_elsewhere(meeting: Meeting, invitation: Invitation, _member: Member) -> Message:
    """Point from an older message to the one that offers a seat: the question stands once."""
    assert invitation.offer_until is not None
    until = say("w_offer_elsewhere", when=When(invitation.offer_until, meeting.zone))
    return Message((title_line(meeting), until), rows(row(go("my", "my"))), fine_print(meeting))


def waiting_card(meeting: Meeting, invitation: Invitation, now: datetime, beside: Beside) -> Message:
    """Say which place on the waiting list somebody has, and why."""
    lines: list[Text] = []
    if had_turn(invitation) and invitation.queued_at is not None:
        lines.append(Bold(say("w_passed_on", when=When(invitation.queued_at, meeting.zone))))
    if beside.organisation_full:
        lines.append(say("w_organisation"))
    elif beside.place is not None:
        lines.append(say("waitlist", meeting_title=Bold(meeting.title), position=beside.place))
    else:
        lines.append(say("w_waiting", meeting_title=Bold(meeting.title)))
    lines.append(title_line(meeting) if beside.organisation_full else when(meeting))
    if beside.organisation_full and beside.place is not None:
        lines.append(say("w_place", position=beside.place))
    online = meeting.format == "hybrid" and mode_of(meeting, invitation.mode) == ROOM and not late(meeting, ONLINE, now)
    instead = button("yes_online", "rsvp", meeting.key, meeting.revision, ONLINE, "primary") if online else None
    leave = button("leave_wait", "leavewl", meeting.key, meeting.revision)
    return Message(
        tuple(lines),
        rows(row(instead, leave), (*row(can("delegate", "deleg", meeting.key)), *details_row(meeting))),
        fine_print(meeting),
    )


def asked_card(meeting: Meeting) -> Message:
    """Say that the organisers decide about a yes that came after the deadline."""
    lines: tuple[Text, ...] = (Bold(say("w_asked")), title_line(meeting), say("w_asked_next"))
    return Message(lines, rows(row(button("no", "rsvp", meeting.key, meeting.revision, "no"), go("my", "my"))))


def refused_card(meeting: Meeting, invitation: Invitation) -> Message:
    """Say that there was no seat, why, and that a place on the waiting list is left."""
    lines: tuple[Text, ...] = (
        Bold(say("w_refused", reason=invitation.note) if invitation.note else say("w_refused_plain")),
        title_line(meeting),
    )
    return Message(lines, rows(row(button("wait", "joinwl", meeting.key, meeting.revision), go("my", "my"))))


def reconfirm_card(meeting: Meeting, now: datetime) -> Message:
    """Ask somebody who said yes whether the new time suits them; the seat is theirs until they answer."""
    rev = meeting.revision
    suits = Button(say("b_new_time_ok"), Press("rsvp", meeting.key, str(rev), "yes"), "primary")
    others = (each for each in answers(meeting, now) if isinstance(each, Button) and each.press.arg in ("maybe", "no"))
    lines: tuple[Text, ...] = (Bold(say("w_moved")), title_line(meeting), say("w_moved_ask"))
    more = row(
        can("delegate", "deleg", meeting.key),
        can("calendar", "cal", meeting.key),
        button("details", "details", meeting.key, rev),
    )
    return Message(lines, rows(row(suits), row(*others), more), fine_print(meeting))


def delegated_card(meeting: Meeting, beside: Beside) -> Message:
    """Say who comes instead, or that we wait for their answer."""
    state: Text
    if beside.agreed:
        state = say("w_delegate_comes", name=beside.delegate)
    elif beside.delegate and beside.until is not None:
        state = say("w_delegate_until", name=beside.delegate, when=When(beside.until, meeting.zone))
    else:
        state = say("w_delegate_waits")
    back = can("change", "untake", meeting.key, "", beside.delegation)
    return Message((Bold(state), title_line(meeting)), rows((*row(back), *details_row(meeting))), fine_print(meeting))


def guests_card(meeting: Meeting, member: Member, guests: int) -> Message:
    """Ask how many guests somebody who comes brings; at most nine can be chosen."""
    rev = meeting.revision
    numbers = [
        Button(str(each), Press("rsvp", meeting.key, str(rev), f"g{each}"), "primary" if each == guests else "default")
        for each in range(min(guests_for(meeting, member), 9) + 1)
    ]
    lines: tuple[Text, ...] = (title_line(meeting), say("w_guests_ask"))
    return Message(lines, rows(row(*numbers[:5]), row(*numbers[5:]), row(button("back", "invited", meeting.key, rev))))
