"""Lines and rows that all cards of a meeting are made of: when, where, counts, answers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from chat.message import Button, LinkButton, Row, button, row
from chat.text import Bold, Link, Text, When, say
from storage.invitations import CHOICES
from storage.meetings import Meeting
from storage.members import Member
from storage.seats import ONLINE, ROOM, late

MAYBE_UNTIL = timedelta(days=30)
"""In person nobody plans with a maybe any more from here on (conversation §4.2)."""
AGENDA_FROM = 21
"""Days before the start from which a question for the agenda is asked for (conversation §4.2)."""
OTHER_REPLIES = {
    "waitlisted": "m_reply_waitlisted",
    "delegated": "m_reply_delegated",
    "asked": "w_reply_asked",
    "reconfirm": "w_reply_reconfirm",
    "refused": "w_reply_refused",
}


@cache
def _verbs() -> frozenset[str]:
    from handlers import features

    return frozenset(verb for feature in features() for verb in feature.clicks)


def can(label: str, verb: str, key: str, rev: str | int = "", arg: str = "") -> Button | None:
    """Make a button if there is a feature that answers it (design §9)."""
    return button(label, verb, key, rev, arg) if verb in _verbs() else None


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
    return say("m_place_or_online", place=meeting.place) if meeting.format == "hybrid" else meeting.place


def place_for(meeting: Meeting, mode: str) -> Text:
    """Say where somebody takes part: in a hybrid meeting the room or online, as they chose."""
    if meeting.format != "hybrid" or not mode:
        return place(meeting)
    return say("m_online") if mode == ONLINE else meeting.place or say("m_place_follows")


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


def choice_label(choice: str, mode: str = "") -> Text:
    """Name a reply as its button does, of a hybrid meeting with its mode; nothing chosen is "no reply yet"."""
    if choice == "yes" and mode:
        return say("b_yes_online" if mode == ONLINE else "b_yes_room")
    if choice in CHOICES:
        return say(f"b_{choice}")
    return say(OTHER_REPLIES.get(choice, "m_no_reply"))


def counts_line(counts: Mapping[str, int]) -> Text:
    """Write the counts as they stand in channels: never a name; a delegate is a yes like any other."""
    yes = counts["yes"] + counts.get("delegated", 0)
    line = say("m_counts", yes=yes, maybe=counts["maybe"], no=counts["no"])
    waits = counts.get("waitlisted", 0)
    return (line, " · ", say("w_waiting_n", n=waits)) if waits else line


def free_line(meeting: Meeting, free: Mapping[str, int | None] | None) -> Text | None:
    """Say how many seats are free in the room and online of a hybrid meeting."""
    if meeting.format != "hybrid" or free is None:
        return None
    parts: list[Text] = []
    for mode, limit in ((ROOM, meeting.seats), (ONLINE, meeting.seats_online)):
        left = free.get(mode)
        key = f"w_{mode}_open" if limit is None or left is None else f"w_{mode}_free"
        parts += [" · ", say(key) if limit is None or left is None else say(key, n=left, m=limit)]
    return tuple(parts[1:])


def answers(
    meeting: Meeting, now: datetime, *, rev: str | int | None = None, but: str = "", mode: str = "", held: bool = False
) -> Row:
    """Make the row of answers, without the one that stands already (`but`, `mode`).

    After the deadline a yes asks for a seat; who holds a seat (`held`) is not offered another mode any more.
    """
    rev = meeting.revision if rev is None else rev
    hybrid = meeting.format == "hybrid"
    made: list[Button] = []
    for each in (ROOM, ONLINE) if hybrid else ("",):
        closed = late(meeting, each, now)
        if (but == "yes" and each == mode) or (closed and held):
            continue
        label = "yes"
        if hybrid:
            label = ("ask_online" if each == ONLINE else "ask_room") if closed else f"yes_{each}"
        elif closed:
            label = "ask_seat"
        arg = each or "yes"
        made.append(button(label, "rsvp", meeting.key, rev, arg, "default" if made or (hybrid and but) else "primary"))
    wanted = ["no", "maybe"] if hybrid else ["maybe", "no"]
    if meeting.format == "in_person" and now > meeting.starts_at - MAYBE_UNTIL:
        wanted.remove("maybe")
    return row(*made, *(button(each, "rsvp", meeting.key, rev, each) for each in wanted if each != but))


def guests_for(meeting: Meeting, member: Member) -> int:
    """Give how many guests somebody may bring: each takes a seat of the organisation, where that has a limit."""
    if member.organisation_id is None or meeting.per_organisation is None:
        return meeting.guests
    return min(meeting.guests, meeting.per_organisation - 1)


def in_rows(made: Row) -> tuple[Row, ...]:
    """Break four answers after the second: beside each other they do not fit on a phone, and the last stood alone."""
    return (made[:2], made[2:]) if len(made) > 3 else (made,)


def details_row(meeting: Meeting, *, change: bool = False) -> Row:
    """Make the row below the answers."""
    changing = button("change", "change", meeting.key, meeting.revision) if change else None
    return row(changing, button("details", "details", meeting.key, meeting.revision))


def fine_print(meeting: Meeting) -> tuple[Text, ...]:
    """Give the rule of the meeting."""
    return (say("rule_note"),) if meeting.chatham_house else ()


def title_line(meeting: Meeting) -> Text:
    """Give title and time, one below the other."""
    return (Bold(meeting.title), "\n", when(meeting))
