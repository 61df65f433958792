"""Cards of meetings that several features show: invitation, reply, details and the card in a channel.

Each is drawn from the truth alone, so the same card comes out wherever and whenever it is drawn.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from chat.language import LANGUAGE_NAMES
from chat.message import Button, Message, Press, Row, button, row, rows
from chat.text import Bold, Cmd, Link, Text, When, say
from handlers._card_lines import (
    AGENDA_FROM,
    MAYBE_UNTIL,
    answers,
    can,
    choice_label,
    counts_line,
    days,
    details_row,
    fine_print,
    free_line,
    guests_for,
    in_rows,
    join_button,
    join_info,
    place,
    place_for,
    state_label,
    title_line,
    when,
)
from handlers._seat_cards import NOTHING, Beside, seat_card
from handlers._welcome import go
from storage.communities import Community
from storage.invitations import CHOICES, closed
from storage.meetings import Invitation, Meeting
from storage.members import Member
from storage.seats import ONLINE, mode_of

REMINDERS = ("reminder_7d", "reminder_1d", "reminder_1h", "reminder_day")
PRIVATE = (
    "invitation", "rsvp_nudge", "maybe_nudge", "reconfirm_nudge", *REMINDERS, "practical_pack", "waitlist_offer",
    "offer_before", "answered_for", "seat_decision", "reschedule", "place_change", "cancellation", "checkin",
    "agenda_question",
)  # fmt: skip
"""Cards of one member that follow their reply."""
PUBLIC = ("meeting_card", "status", "seat_requests")
"""Cards that follow the counts."""
TEST = "test"
"""The `rev` of buttons on a test card: presses on them change nothing."""
BEGUN = ("live", "held", "memo_issued", "archived")


def invitation_text(meeting: Meeting, member: Member, community: Community) -> Text:
    """Write the invitation to one person."""
    return say(
        "invitation",
        first_name=member.first_name,
        meeting_title=Bold(meeting.title),
        community_name=community.name,
        when_local=when(meeting),
        place=place(meeting),
        rsvp_deadline=When(meeting.rsvp_deadline, meeting.zone),
    )


def nudge_text(meeting: Meeting, member: Member) -> Text:
    """Write the short reminder to reply."""
    return say(
        "rsvp_nudge",
        first_name=member.first_name,
        meeting_title=Bold(meeting.title),
        when_local=replace(when(meeting), part="inside"),
        rsvp_deadline=When(meeting.rsvp_deadline, meeting.zone),
    )


def below(meeting: Meeting) -> Row:
    """Make the row below the answers of an invitation."""
    return row(
        can("delegate", "deleg", meeting.key),
        can("calendar", "cal", meeting.key),
        button("details", "details", meeting.key, meeting.revision),
    )


def asking(
    meeting: Meeting,
    member: Member,
    community: Community,
    now: datetime,
    *,
    nudge: bool = False,
    beside: Beside = NOTHING,
) -> Message:
    """Draw the card that asks for a reply."""
    text = nudge_text(meeting, member) if nudge else invitation_text(meeting, member, community)
    seats = free_line(meeting, beside.free)
    lines = (text, seats) if seats is not None else (text,)
    return Message(lines, rows(*in_rows(answers(meeting, now)), below(meeting)), fine_print(meeting))


def test_card(meeting: Meeting, member: Member, community: Community, now: datetime, *, nudge: bool) -> Message:
    """Draw the card for the organiser who wants to see it first; its buttons change nothing."""
    text = nudge_text(meeting, member) if nudge else invitation_text(meeting, member, community)
    return Message((text,), rows(*in_rows(answers(meeting, now, rev=TEST))), (*fine_print(meeting), say("m_test_note")))


def reply_card(
    meeting: Meeting,
    member: Member,
    reply: str,
    now: datetime,
    *,
    changing: bool = False,
    mode: str = "",
    guests: int = 0,
    delegate: bool = False,
) -> Message:
    """Draw the card after a reply: the state on top, then what follows from it; `changing` brings the answers back.

    `mode` is the room or online of a hybrid meeting; a `delegate` comes in somebody's place and hands nothing on.
    """
    mode = mode_of(meeting, mode) if mode else ""
    state = Bold(say("m_you_replied", reply=choice_label(reply, mode)))
    lines: list[Text] = [state, say("m_own_delegate")] if delegate and reply == "yes" else [state]
    match reply:
        case "yes":
            lines.append(
                say(
                    "confirmation",
                    first_name=member.first_name,
                    meeting_title=Bold(meeting.title),
                    when_local=when(meeting),
                    place=place_for(meeting, mode),
                    cmd_my=Cmd("my"),
                )
            )
            if guests:
                lines.append(say("w_guests", n=guests))
            if meeting.format != "in_person":
                lines.append(say("m_link_day_before"))
        case "no":
            lines += [title_line(meeting), say("m_declined", first_name=member.first_name)]
        case _:
            deadline = meeting.online_deadline or meeting.rsvp_deadline
            until = say("w_maybe_late") if now > deadline else say("m_decide_until", when=When(deadline, meeting.zone))
            lines += [title_line(meeting), until]
    handing = None if delegate else can("delegate", "deleg", meeting.key)
    details = button("details", "details", meeting.key, meeting.revision)
    change = button("change", "change", meeting.key, meeting.revision)
    made: tuple[Row, ...]
    if changing or reply not in ("yes", "no"):
        choices = answers(meeting, now, but=reply, mode=mode, held=reply == "yes")
        made = (*in_rows(choices), row(handing, details))
    elif reply == "no":
        if handing is not None:
            lines.append(say("w_delegate_hint"))
        made = (row(handing, change, details),)
    else:
        made = (
            row(can("calendar", "cal", meeting.key), change),
            _for_yes(meeting, member, now, mode, details, delegate),
        )
    return Message(tuple(lines), rows(*made), fine_print(meeting))


def _for_yes(meeting: Meeting, member: Member, now: datetime, mode: str, details: Button, delegate: bool) -> Row:
    """Make the row of what somebody who comes may still tell us."""
    in_room = meeting.format == "in_person" or (meeting.format == "hybrid" and mode != ONLINE)
    guests = guests_for(meeting, member) and not delegate
    return row(
        can("needs", "needs", meeting.key) if in_room else None,
        can("agenda_q", "agendaq", meeting.key) if days(meeting, member.zone, now) <= AGENDA_FROM else None,
        button("guests", "change", meeting.key, meeting.revision, "guests") if guests else None,
        details,
    )


def over(meeting: Meeting, reply: str) -> Message:
    """Draw a member's card when nothing can be answered any more."""
    state: tuple[Text, ...] = (Bold(say("m_you_replied", reply=choice_label(reply))),) if reply in CHOICES else ()
    text = say("m_cancelled") if meeting.state == "cancelled" else say("m_started")
    if reply == "waitlisted" and meeting.state != "cancelled":
        text = say("w_no_seat_came")
    join = join_button(meeting) if reply == "yes" and meeting.state == "live" else None
    return Message((*state, title_line(meeting), text), rows(row(join, go("my", "my"))))


def withdrawn(meeting: Meeting) -> Message:
    """Draw the card of an invitation that was taken back."""
    return Message((Bold(meeting.title), say("m_withdrawn")), rows(row(go("my", "my"))))


def member_card(
    meeting: Meeting,
    invitation: Invitation,
    member: Member,
    community: Community,
    now: datetime,
    *,
    nudge: bool = False,
    beside: Beside = NOTHING,
) -> Message:
    """Draw a member's card as the truth has it now; `handlers._waiting.card` asks for what stands beside it."""
    if invitation.withdrawn:
        return withdrawn(meeting)
    if closed(meeting, now) or meeting.state in BEGUN:
        return over(meeting, invitation.reply)
    if invitation.reply in CHOICES:
        return reply_card(
            meeting,
            member,
            invitation.reply,
            now,
            mode=invitation.mode if meeting.format == "hybrid" else "",
            guests=invitation.guests,
            delegate=invitation.represents is not None,
        )
    if invitation.reply == "none":
        return asking(meeting, member, community, now, nudge=nudge, beside=beside)
    return seat_card(meeting, invitation, member, now, beside)


def channel_card(
    meeting: Meeting, counts: dict[str, int], now: datetime, free: Mapping[str, int | None] | None = None
) -> Message:
    """Draw the card for a channel: title, time, format, counts and free seats; no place, no link, no names."""
    lines: list[Text] = [Bold(meeting.title), when(meeting), say(f"b_{meeting.format}"), Bold(counts_line(counts))]
    if meeting.state == "cancelled":
        return Message((Bold(meeting.title), when(meeting), say("m_cancelled")), silent=True)
    if closed(meeting, now) or meeting.state in BEGUN:
        return Message(tuple(lines), silent=True)
    seats = free_line(meeting, free)
    if seats is not None:
        lines.append(seats)
    lines.append(say("m_reply_by", when=When(meeting.rsvp_deadline, meeting.zone, part="date")))
    asks = answers(meeting, now) if meeting.state in ("inviting", "closed") else ()
    return Message(tuple(lines), rows(*in_rows(asks), details_row(meeting)), silent=True)


def details_card(meeting: Meeting, community: Community, *, back: bool) -> Message:
    """Show what else is known about a meeting; the join link is never here."""
    form: Text = say(f"b_{meeting.format}")
    where: Text = form if meeting.format == "online" else (form, " · ", place(meeting))
    lines: list[Text] = [Bold(meeting.title), when(meeting), where]
    if meeting.theme and meeting.theme != meeting.title:
        lines.append(say("m_theme", theme=meeting.theme))
    if meeting.region:
        lines.append(say("m_region", region=meeting.region))
    spoken = str((meeting.details or {}).get("languages") or "")
    if spoken:
        lines.append(say("c_languages", names=", ".join(LANGUAGE_NAMES.get(each, each) for each in spoken.split(", "))))
    if meeting.agenda_link:
        lines.append(say("m_agenda", link=Link(meeting.agenda_link, meeting.agenda_link)))
    lines.append(say("m_reply_by", when=When(meeting.rsvp_deadline, meeting.zone)))
    if community.organiser_contact:
        lines.append(say("m_questions", contact=community.organiser_contact))
    last = Button(say("b_back"), Press("invited", meeting.key, str(meeting.revision))) if back else go("my", "my")
    return Message(tuple(lines), rows(row(last)), fine_print(meeting))


def short(text: str, size: int = 24) -> str:
    """Cut a text to a button's length."""
    return text if len(text) <= size else text[: size - 1].rstrip() + "…"


__all__ = [
    "BEGUN", "MAYBE_UNTIL", "NOTHING", "PRIVATE", "PUBLIC", "REMINDERS", "TEST", "Beside", "answers", "asking", "can",
    "channel_card", "choice_label", "counts_line", "days", "details_card", "details_row", "fine_print", "free_line",
    "invitation_text", "join_button", "join_info", "member_card", "nudge_text", "over", "place", "place_for",
    "reply_card", "short", "state_label", "test_card", "title_line", "when", "withdrawn",
]  # fmt: skip
