"""A meeting as clean values of its form, and back: defaults, checks, and what is different."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from chat.outbound import Invalid
from chat.text import When, say
from handlers._meeting_fields import HYBRID, KEEP, ONLINE, beyond_the_form
from storage.meetings import Meeting

BEFORE = {"online": 14, "hybrid": 30, "in_person": 30}
"""Days from the reply deadline to the start; of a hybrid meeting the room's (domain 3.2)."""
BEFORE_ONLINE = 7
"""Days from a hybrid meeting's online deadline to the start (domain 3.2)."""
SEATS = {"online": 60, "hybrid": 40, "in_person": 40}
"""Seats when nothing is said; of a hybrid meeting the room's (domain 3.2)."""
SEATS_ONLINE = 60
PER_ORGANISATION = {"online": 2, "hybrid": 1, "in_person": 1}
DETAILS = {each: each for each in ("map_link", "phone", "pack_link", "profile", "languages", "approver")}
"""Fields kept in `Meeting.details`, by field id: languages as `en, fr`, the approver as a member's key."""
TOLD = ("place", "link", "passcode", "map_link", "phone", "pack_link")
"""Fields about which those who come get a notice once the meeting is announced (conversation 5.2)."""
SOON = timedelta(hours=36)
"""From here on also what is filled in for the first time is told: the reminder that would carry it may be out."""


def stands(meeting: Meeting, moderator: str = "") -> dict[str, str]:
    """Give a meeting as clean values of the form; `moderator` is the key of a member."""
    categories = meeting.audience.get("categories") or ()
    return {
        "format": meeting.format,
        "theme": meeting.theme,
        "region": meeting.region,
        "start": meeting.starts_at.isoformat(),
        "length": str(int((meeting.ends_at - meeting.starts_at).total_seconds() // 60)),
        "zone": meeting.zone,
        "title": meeting.title,
        "link": meeting.join_link,
        "passcode": meeting.passcode,
        "place": meeting.place,
        "seats": _number(meeting.seats),
        "seats_online": _number(meeting.seats_online) if meeting.format == "hybrid" else "",
        "per_organisation": _number(meeting.per_organisation),
        "deadline": meeting.rsvp_deadline.isoformat(),
        "online_deadline": meeting.online_deadline.isoformat() if meeting.online_deadline else "",
        "guests": str(meeting.guests),
        "rule": "yes" if meeting.chatham_house else "no",
        "moderator": moderator,
        "agenda": meeting.agenda_link,
        "audience": KEEP if beyond_the_form(meeting) else next(iter(categories), "all"),
        **{field: str(meeting.details.get(name) or "") for field, name in DETAILS.items()},
    }


def _number(seats: int | None) -> str:
    return "0" if seats is None else str(seats)


def changed(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """Name the fields that differ."""
    return [name for name in after if name in before and after[name] != before[name]]


def to_tell(before: Mapping[str, str], after: Mapping[str, str], left: timedelta) -> list[str]:
    """Name the changed fields that those who come must hear of; `left` is the time to the start.

    What is filled in for the first time comes with the next reminder, unless there may be none any more.
    """
    return [name for name in changed(before, after) if name in TOLD and (before[name] or left < SOON)]


def read(values: Mapping[str, str], now: datetime, *, ahead: bool = True) -> dict[str, Any] | Invalid:
    """Turn clean values into columns (`details` without what is not asked), or explain what does not go together.

    An empty number is the default of the format, 0 is no limit (none). `ahead` refuses a start that has passed.
    """
    start = datetime.fromisoformat(values["start"])
    kind, zone = values["format"], values["zone"]
    if kind != "online" and not values.get("place"):
        return Invalid({"place": say("m_place_needed")})
    if ahead and start <= now:
        return Invalid({"start": say("f_past")})
    given = values.get("deadline")
    deadline = datetime.fromisoformat(given) if given else default_deadline(start, zone, kind, now)
    if deadline >= start:
        return Invalid({"deadline": say("f_deadline", when=When(start, zone))})
    online: datetime | None = None
    if kind == "hybrid":
        given = values.get("online_deadline")
        online = datetime.fromisoformat(given) if given else default_deadline(start, zone, "remote", now)
        if online >= start:
            return Invalid({"online_deadline": say("f_deadline", when=When(start, zone))})
    audience, guests = values.get("audience") or "all", int(values.get("guests") or 0)
    found: dict[str, Any] = {
        "title": values.get("title") or values["theme"],
        "theme": values["theme"],
        "region": values["region"],
        "format": kind,
        "starts_at": start,
        "ends_at": start + timedelta(minutes=int(values["length"])),
        "zone": zone,
        "place": values.get("place", ""),
        "join_link": values.get("link", ""),
        "passcode": values.get("passcode", ""),
        "agenda_link": values.get("agenda", ""),
        "rsvp_deadline": deadline,
        "online_deadline": online,
        "seats": _limit(values.get("seats"), SEATS[kind]),
        "seats_online": _limit(values.get("seats_online"), SEATS_ONLINE) if kind == "hybrid" else None,
        "per_organisation": _limit(values.get("per_organisation"), PER_ORGANISATION[kind] * (1 + guests)),
        "guests": guests,
        "chatham_house": values.get("rule") != "no",
        "details": {name: values[field] for field, name in DETAILS.items() if field in values},
    }
    if audience != KEEP:
        found["audience"] = {} if audience == "all" else {"categories": [audience]}
    return found


def _limit(written: str | None, usual: int) -> int | None:
    return (int(written) or None) if written else usual


def default_deadline(start: datetime, zone: str, kind: str, now: datetime) -> datetime:
    """Give the usual deadline at 18:00 of the host: 14 days before, in person 30, `remote` 7; later for a near one."""
    there = ZoneInfo(zone)
    day = start.astimezone(there).date()
    for before in (BEFORE.get(kind, BEFORE_ONLINE), 14, 7, 3, 1):
        wanted = datetime.combine(day - timedelta(days=before), time(18), there).astimezone(UTC)
        if wanted > now and before <= BEFORE.get(kind, BEFORE_ONLINE):
            return wanted
    return now + (start - now) / 2


def like(meeting: Meeting) -> dict[str, str]:
    """Give the values with which a new meeting like this one begins: no date, and no way into the old one."""
    dropped = ("start", "deadline", "online_deadline", *ONLINE, *(HYBRID if meeting.format != "hybrid" else ()))
    values = stands(meeting)
    return {name: value for name, value in values.items() if value and name not in (*dropped, "moderator", "pack_link")}
