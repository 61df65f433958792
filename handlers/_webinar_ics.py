"""Calendar files of webinars (RFC 5545): METHOD PUBLISH, the same UID for ever, SEQUENCE as often as it changed."""

from __future__ import annotations

from datetime import UTC, datetime

from icalendar import Event

from chat.text import Reader, Text, plain, say
from handlers import _ics
from handlers._webinar_cards import funding, shows_link
from storage.communities import Community
from storage.webinars import REGISTERED, WAITING, Registrant, Webinar

FILE = "webinar.ics"


def publish(
    webinar: Webinar, registrant: Registrant | None, community: Community, reader: Reader, now: datetime
) -> bytes:
    """Make the file of one webinar; the join link stands in it for the registered, from the day before."""
    return _ics.file_of("PUBLISH", [event(webinar, registrant, community, reader, now)])


def event(
    webinar: Webinar, registrant: Registrant | None, community: Community, reader: Reader, now: datetime
) -> Event:
    """Draw one entry; times are UTC."""
    gone = webinar.state == "cancelled"
    title = _ics.one_line(webinar.title)
    made = Event()
    made.add("uid", f"{webinar.key}@{community.key}.convenor")
    made.add("dtstamp", now.astimezone(UTC))
    made.add("sequence", webinar.revision)
    made.add("dtstart", webinar.starts_at.astimezone(UTC))
    made.add("dtend", webinar.ends_at.astimezone(UTC))
    shown = _ics.one_line(plain(say("cal_cancelled", title=title), reader)) if gone else title
    made.add("summary", shown[: _ics.SUMMARY_MAX])
    made.add("organizer", _ics.organizer(community))
    waits = registrant is not None and registrant.state == WAITING
    made.add("status", "CANCELLED" if gone else "TENTATIVE" if waits else "CONFIRMED")
    made.add("transp", "TRANSPARENT" if gone or waits else "OPAQUE")
    made.add("location", _ics.one_line(plain(say("b_online"), reader)))
    if not gone:
        made.add("description", _about(webinar, registrant, community, reader, now))
    return made


def _about(webinar: Webinar, registrant: Registrant | None, community: Community, reader: Reader, now: datetime) -> str:
    lines: list[Text] = []
    if registrant is not None and registrant.state == REGISTERED:
        lines.append(say("we_cal_join", link=webinar.join_link) if shows_link(webinar, now) else say("we_link_soon"))
    if registrant is not None and registrant.state == WAITING:
        lines.append(say("we_waiting"))
    lines += [webinar.about, say("we_free"), funding(community)]
    return "\n".join(line for each in lines if each and (line := _ics.lines_of(each, reader)))
