"""Cards of meetings that several features show: invitation, reply, details and the card in a channel.

Each is drawn from the truth alone, so the same card comes out wherever and whenever it is drawn.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from chat.message import Button, LinkButton, Message, Press, Row, button, row, rows
from chat.text import Bold, Cmd, Link, Text, When, say
from handlers._welcome import go
from storage.communities import Community
from storage.invitations import CHOICES, closed
from storage.meetings import Invitation, Meeting
from storage.members import Member

REMINDERS = ("reminder_7d", "reminder_1d", "reminder_1h", "reminder_day")
PRIVATE = (
    "invitation", "rsvp_nudge", *REMINDERS, "practical_pack", "waitlist_offer", "reschedule", "cancellation", "checkin",
)  # fmt: skip
"""Cards of one member that follow their reply."""
PUBLIC = ("meeting_card", "status")
"""Cards that follow the counts."""
MAYBE_UNTIL = timedelta(days=30)
"""In person nobody plans with a maybe any more from here on (conversation §4.2)."""
TEST = "test"
"""The `rev` of buttons on a test card: presses on them change nothing."""
BEGUN = ("live", "held", "memo_issued", "archived")


def when(meeting: Meeting) -> When:
    """Give the time of a meeting."""
    return When(meeting.starts_at, meeting.zone, meeting.ends_at)


def days(meeting: Meeting, zone: str, moment: datetime) -> int:
    """Count the calendar days from a moment to the start, in somebody's zone: 0 is today, 1 tomorrow."""
    there = ZoneInfo(zone)
    return (meeting.starts_at.astimezone(there).date() - moment.astimezone(there).date()).days


def place(meeting: Meeting) -> Text:
    """Say where it is: `online`, the venue, or both."""
    if meeting.format == "online" or not meeting.place:
        return say("m_online") if meeting.format == "online" else say("m_place_follows")
    return (meeting.place, ", ", say("m_online")) if meeting.format == "hybrid" else meeting.place


def join_info(meeting: Meeting) -> Text:
    """Say how to get in; only ever shown to people who replied yes."""
    if meeting.format == "in_person":
        return meeting.place or say("m_place_follows")
    if not meeting.join_link:
        return say("m_link_follows")
    link: Text = Link(meeting.join_link, meeting.join_link)
    return (link, " · ", say("m_passcode", code=meeting.passcode)) if meeting.passcode else link


def join_button(meeting: Meeting) -> LinkButton | None:
    """Make the button that opens the meeting, as soon as there is a link."""
    if meeting.format == "in_person" or not meeting.join_link:
        return None
    return LinkButton(say("b_join"), meeting.join_link, "primary")


def state_label(meeting: Meeting) -> Text:
    """Name the state of a meeting."""
    return say(f"ms_{meeting.state}")


def choice_label(choice: str) -> Text:
    """Name a reply as its button does; nothing chosen is "no reply yet"."""
    return say(f"b_{choice}") if choice in CHOICES else say("m_no_reply")


def counts_line(counts: dict[str, int]) -> Text:
    """Write the counts as they stand in channels: never a name."""
    return say("m_counts", yes=counts["yes"], maybe=counts["maybe"], no=counts["no"])


def _choose(meeting: Meeting, rev: str | int, choice: str, style: bool) -> Button:
    return button(choice, "rsvp", meeting.key, rev, choice, "primary" if style else "default")


def answers(meeting: Meeting, now: datetime, *, rev: str | int | None = None, but: str = "") -> Row:
    """Make the row of answers, without the one that stands already."""
    rev = meeting.revision if rev is None else rev
    wanted = ["yes", "maybe", "no"]
    if meeting.format == "in_person" and now > meeting.starts_at - MAYBE_UNTIL:
        wanted.remove("maybe")
    return row(*(_choose(meeting, rev, each, each == "yes") for each in wanted if each != but))


def details_row(meeting: Meeting, *, change: bool = False) -> Row:
    """Make the row below the answers."""
    changing = button("change", "change", meeting.key, meeting.revision) if change else None
    return row(changing, button("details", "details", meeting.key, meeting.revision))


def fine_print(meeting: Meeting) -> tuple[Text, ...]:
    """Give the rule of the meeting."""
    return (say("rule_note"),) if meeting.chatham_house else ()


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


def asking(meeting: Meeting, member: Member, community: Community, now: datetime, *, nudge: bool = False) -> Message:
    """Draw the card that asks for a reply."""
    text = nudge_text(meeting, member) if nudge else invitation_text(meeting, member, community)
    return Message((text,), rows(answers(meeting, now), details_row(meeting)), fine_print(meeting))


def test_card(meeting: Meeting, member: Member, community: Community, now: datetime, *, nudge: bool) -> Message:
    """Draw the card for the organiser who wants to see it first; its buttons change nothing."""
    text = nudge_text(meeting, member) if nudge else invitation_text(meeting, member, community)
    return Message((text,), rows(answers(meeting, now, rev=TEST)), (*fine_print(meeting), say("m_test_note")))


def reply_card(meeting: Meeting, member: Member, reply: str, now: datetime, *, changing: bool = False) -> Message:
    """Draw the card after a reply: the state on top, then what follows from it; `changing` brings the answers back."""
    state = Bold(say("m_you_replied", reply=choice_label(reply)))
    title_line: Text = (Bold(meeting.title), "\n", when(meeting))
    body: tuple[Text, ...]
    match reply:
        case "yes":
            body = (
                say(
                    "confirmation",
                    first_name=member.first_name,
                    meeting_title=Bold(meeting.title),
                    when_local=when(meeting),
                    place=place(meeting),
                    cmd_my=Cmd("my"),
                ),
                *(() if meeting.format == "in_person" else (say("m_link_day_before"),)),
            )
        case "no":
            body = (title_line, say("m_declined", first_name=member.first_name))
        case _:
            body = (title_line, say("m_decide_until", when=When(meeting.rsvp_deadline, meeting.zone)))
    if changing or reply not in ("yes", "no"):
        choices = answers(meeting, now, but=reply)
        return Message((state, *body), rows(choices, details_row(meeting)), fine_print(meeting))
    return Message((state, *body), rows(details_row(meeting, change=True)), fine_print(meeting))


def over(meeting: Meeting, reply: str) -> Message:
    """Draw a member's card when nothing can be answered any more."""
    state: tuple[Text, ...] = (Bold(say("m_you_replied", reply=choice_label(reply))),) if reply in CHOICES else ()
    text = say("m_cancelled") if meeting.state == "cancelled" else say("m_started")
    join = join_button(meeting) if reply == "yes" and meeting.state == "live" else None
    return Message((*state, (Bold(meeting.title), "\n", when(meeting)), text), rows(row(join, go("my", "my"))))


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
) -> Message:
    """Draw a member's card as the truth has it now."""
    if invitation.withdrawn:
        return withdrawn(meeting)
    if closed(meeting, now) or meeting.state in BEGUN:
        return over(meeting, invitation.reply)
    if invitation.reply in CHOICES:
        return reply_card(meeting, member, invitation.reply, now)
    return asking(meeting, member, community, now, nudge=nudge)


def channel_card(meeting: Meeting, counts: dict[str, int], now: datetime) -> Message:
    """Draw the card for a channel: title, time, format and counts; no place, no link, no names."""
    lines: list[Text] = [Bold(meeting.title), when(meeting), say(f"b_{meeting.format}"), Bold(counts_line(counts))]
    if meeting.state == "cancelled":
        return Message((Bold(meeting.title), when(meeting), say("m_cancelled")), silent=True)
    if closed(meeting, now) or meeting.state in BEGUN:
        return Message(tuple(lines), silent=True)
    lines.append(say("m_reply_by", when=When(meeting.rsvp_deadline, meeting.zone, part="date")))
    return Message(tuple(lines), rows(answers(meeting, now), details_row(meeting)), silent=True)


def details_card(meeting: Meeting, community: Community, *, back: bool) -> Message:
    """Show what else is known about a meeting; the join link is never here."""
    form: Text = say(f"b_{meeting.format}")
    where: Text = form if meeting.format == "online" else (form, " · ", place(meeting))
    lines: list[Text] = [Bold(meeting.title), when(meeting), where]
    if meeting.theme and meeting.theme != meeting.title:
        lines.append(say("m_theme", theme=meeting.theme))
    if meeting.region:
        lines.append(say("m_region", region=meeting.region))
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
