"""Calendar files (RFC 5545): one meeting to add, one to take away, and a member's feed (platforms §7).

A file opened from a chat is an import, not an invitation by mail: METHOD:PUBLISH, an ORGANIZER and never an ATTENDEE.
Times are UTC, so no file needs a table of time zones. The same UID with a higher SEQUENCE replaces the older entry.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, vCalAddress, vDuration, vText

from chat.language import known
from chat.message import URL_MAX
from chat.text import Reader, Text, When, plain, say
from handlers._cards import choice_label, fine_print, join_info, place_for
from handlers._schedule import BULK
from handlers._schedule import Calendar as Dates
from storage.communities import Community
from storage.meetings import INVITED, Invitation, Meeting
from storage.members import Member

PRODUCT = "-//Convenor//Convenor//EN"
REFRESH = timedelta(hours=1)
"""How often we ask calendars to look at a feed again."""
NOBODY = "invalid:nomail"
"""ORGANIZER of a community whose contact is no address: PUBLISH must name one (RFC 5546 §3.2.1)."""
SUMMARY_MAX = 200
_ADDRESS = re.compile(r"[\w.+-]{1,64}@[\w-]+(\.[\w-]+)+", re.ASCII)
_STATES = {"waitlisted": "cal_waitlisted", "asked": "cal_asked", "reconfirm": "cal_reconfirm"}
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass(frozen=True, slots=True)
class For:
    """Know for whom and when a file is made; `no_send` are the community's feasts, for the moment of the join link."""

    member: Member
    community: Community
    now: datetime
    no_send: frozenset[date] = frozenset()

    @property
    def reader(self) -> Reader:
        """Give the member as the reader of its texts."""
        return Reader(known(self.member.language), self.member.zone, self.member.country)


def publish(meeting: Meeting, invitation: Invitation | None, whose: For) -> bytes:
    """Make the file of one meeting; without an invitation (staff) it stands as settled, without the join link."""
    return file_of("PUBLISH", [_event(meeting, invitation, whose)])


def cancel(meeting: Meeting, whose: For) -> bytes:
    """Make the file that takes a meeting away again: same UID, SEQUENCE of the meeting as it is now."""
    return file_of("CANCEL", [_event(meeting, None, whose, cancelled=True)])


def feed(meetings: Iterable[tuple[Meeting, Invitation]], whose: For, also: Iterable[Event] = ()) -> bytes:
    """Make a member's whole calendar as it is now; `also` are entries about other things than meetings."""
    calendar = _calendar("PUBLISH")
    for each in ("name", "x-wr-calname"):  # `add` escapes only what it knows
        calendar[each] = vText(one_line(whose.community.name))
    calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    calendar["x-published-ttl"] = vDuration(REFRESH)
    for meeting, invitation in meetings:
        calendar.add_component(_event(meeting, invitation, whose, live=True))
    for entry in also:
        calendar.add_component(entry)
    content: bytes = calendar.to_ical()
    return content


def uid(meeting: Meeting, community: Community) -> str:
    """Give the name of a meeting in everybody's calendar, the same for ever."""
    return f"{meeting.key}@{community.key}.convenor"


def link_from(meeting: Meeting, whose: For) -> datetime:
    """Give the moment from which the join link may stand in a file: ten o'clock the day before, in the member's zone.

    Where the reminder that gives it comes earlier, because of a weekend or by the meeting's schedule, from then on.
    """
    member = whose.member
    own = ZoneInfo(member.zone)
    day = meeting.starts_at.astimezone(own).date() - timedelta(days=1)
    wanted = datetime.combine(day, BULK, own).astimezone(UTC)
    dates = Dates(meeting, whose.community.settings, whose.no_send)
    return min([wanted, *(dates.slot(each, member) for each in dates.alive if each.kind == "reminder_1d")])


def google(meeting: Meeting, whose: For) -> str:
    """Give the address that opens Google Calendar with the meeting filled in (unofficial template, platforms §7)."""
    dates = f"{meeting.starts_at.astimezone(UTC):%Y%m%dT%H%M%SZ}/{meeting.ends_at.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    fixed = {"action": "TEMPLATE", "dates": dates}
    return _template("https://calendar.google.com/calendar/render", fixed, ("text", "location"), meeting, whose)


def outlook(meeting: Meeting, whose: For) -> str:
    """Give the address that opens Outlook on the web with the meeting filled in (unofficial template as well)."""
    fixed = {
        "path": "/calendar/action/compose",
        "rru": "addevent",
        "startdt": f"{meeting.starts_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "enddt": f"{meeting.ends_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
    }
    page = "https://outlook.office.com/calendar/0/deeplink/compose"
    return _template(page, fixed, ("subject", "location"), meeting, whose)


def one_line(text: str) -> str:
    """Make one line of what somebody typed: no control characters, nothing that turns the direction of what follows."""
    kept = (
        " " if each.isspace() else each
        for each in text
        if each.isspace() or (unicodedata.category(each) not in ("Cc", "Cs") and each not in _TURNING)
    )
    return " ".join("".join(kept).split())


def lines_of(text: Text, reader: Reader) -> str:
    """Render a text of one or more lines; without isolates, which programs take for a part of the address before."""
    lines = (one_line(each) for each in plain(text, reader).splitlines())
    return "\n".join(each for each in lines if each)


def _calendar(method: str) -> Calendar:
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", method)
    return calendar


def file_of(method: str, events: Iterable[Event]) -> bytes:
    """Make a file of entries; `method` is `PUBLISH` or `CANCEL`."""
    calendar = _calendar(method)
    for each in events:
        calendar.add_component(each)
    content: bytes = calendar.to_ical()
    return content


def _event(
    meeting: Meeting, invitation: Invitation | None, whose: For, *, live: bool = False, cancelled: bool = False
) -> Event:
    """Draw one entry; `live` says that it follows the truth, so that it may name the reply."""
    status = "CANCELLED" if cancelled or meeting.state == "cancelled" else _status(invitation)
    title = one_line(meeting.title)
    event = Event()
    event.add("uid", uid(meeting, whose.community))
    event.add("dtstamp", whose.now.astimezone(UTC))
    event.add("sequence", meeting.revision)
    event.add("dtstart", meeting.starts_at.astimezone(UTC))
    if meeting.ends_at > meeting.starts_at:
        event.add("dtend", meeting.ends_at.astimezone(UTC))
    # Several calendars show a cancelled entry like any other.
    shown = one_line(plain(say("cal_cancelled", title=title), whose.reader)) if status == "CANCELLED" else title
    event.add("summary", shown[:SUMMARY_MAX])
    event.add("organizer", organizer(whose.community))
    event.add("status", status)
    event.add("transp", "OPAQUE" if status == "CONFIRMED" else "TRANSPARENT")
    if where := _where(meeting, invitation, whose.reader):
        event.add("location", where)
    if status != "CANCELLED" and (about := _about(meeting, invitation, whose, live=live)):
        event.add("description", about)
    return event


def _status(invitation: Invitation | None) -> str:
    return "CONFIRMED" if invitation is None or invitation.reply == "yes" else "TENTATIVE"


def organizer(community: Community) -> vCalAddress:
    """Name the community by its contact; PUBLISH must have an ORGANIZER."""
    contact = community.organiser_contact.strip()
    made = vCalAddress(f"mailto:{contact}" if _ADDRESS.fullmatch(contact) else NOBODY)
    made.params["CN"] = one_line(community.name).replace('"', "'")
    return made


def _where(meeting: Meeting, invitation: Invitation | None, reader: Reader) -> str:
    """Name the venue, "online" or both; in a hybrid meeting the one the member has chosen."""
    return one_line(plain(place_for(meeting, invitation.mode if invitation is not None else ""), reader))


def _about(meeting: Meeting, invitation: Invitation | None, whose: For, *, live: bool) -> str:
    """Write the description: the reply if it follows the truth, the way in, papers, contact and rule."""
    lines: list[Text] = []
    if live and invitation is not None and whose.now < meeting.starts_at:
        lines.append(_state(meeting, invitation))
    if invitation is not None and invitation.reply == "yes":
        lines.append(_way_in(meeting, invitation, whose))
    if meeting.agenda_link:
        lines.append(say("m_agenda", link=meeting.agenda_link))
    if invitation is not None and whose.now < meeting.starts_at:
        lines.append(say("cal_reply_in_chat"))
    if whose.community.organiser_contact:
        lines.append(say("m_questions", contact=whose.community.organiser_contact))
    lines += fine_print(meeting)
    return "\n".join(line for each in lines if (line := lines_of(each, whose.reader)))


def _state(meeting: Meeting, invitation: Invitation) -> Text:
    if invitation.reply == "none":
        return say("cal_none", when=When(meeting.rsvp_deadline, meeting.zone))
    if invitation.reply in _STATES:
        return say(_STATES[invitation.reply])
    return say("m_you_replied", reply=choice_label(invitation.reply, invitation.mode))


def _way_in(meeting: Meeting, invitation: Invitation, whose: For) -> Text:
    """Give the join link to whoever comes online, from the moment the reminder of the day before gives it."""
    if meeting.format == "in_person" or invitation.mode == "room":
        return ""
    if meeting.state not in INVITED or whose.now >= meeting.ends_at:
        return ""
    if whose.now < link_from(meeting, whose):
        return say("m_link_day_before")
    return say("cal_join", link=join_info(meeting))


def _template(page: str, fixed: dict[str, str], names: tuple[str, str], meeting: Meeting, whose: For) -> str:
    """Fill an address in; what does not fit into an address is cut: first the place, then the end of the title."""
    title, where = one_line(meeting.title), _where(meeting, None, whose.reader)
    for words, room in ((title, where), (title, ""), (title[:60], "")):
        filled = fixed | {names[0]: words} | ({names[1]: room} if room else {})
        address = f"{page}?{urlencode(filled, quote_via=quote, safe='/:')}"
        if len(address) <= URL_MAX:
            break
    return address
