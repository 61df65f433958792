"""Read meetings, with their past where a file carries one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from storage.community_file._people import code, link_of, zone_of
from storage.community_file._reading import Block, Value
from storage.community_file._shape import CurrentEntry, MeetingEntry, MemoEntry
from storage.community_file._wall import instant, length
from storage.meetings import HELD, MEETING_STATES
from storage.members import CATEGORIES

FORMATS = ("online", "in_person", "hybrid")
KINDS = ("meeting", "webinar")
WRITTEN_REPLIES = ("yes", "no", "maybe", "waitlisted", "delegated")
LIMITS = ("seats", "seats_online", "per_organisation")
SEATS_MAX, GUESTS_MAX = 5000, 9
RATED = ("F1", "F2", "F3", "F4", "F5", "F6", "F7")
"""Items of `fb_meeting_v1` (domain 5.1) in the order of a line of `ratings`; `-` leaves one out."""
_SCALE = {each: each for each in "12345"}
_STORED = {
    **dict.fromkeys(("F1", "F2", "F3", "F7"), _SCALE),
    "F4": {"none": "a", "1-2": "b", "3-5": "c", "more": "d"},
    "F5": {**_SCALE, "unspoken": "0"},
    "F6": {"yes": "y", "maybe": "m", "no": "n"},
}
"""Words of the file and what the form stores for them, one character each."""


def read_meeting(value: Value, default_zone: str, people: Iterable[str] | None) -> MeetingEntry:
    """Read one entry of `meetings`; `people` are the ids that may be named, None to leave that to the database."""
    block = value.block()
    name = block.field("id", required=True)
    zone = zone_of(block, default_zone)
    start = _moment(block, "start", zone, required=True)
    end = _moment(block, "end", zone)
    lasting = block.field("length")
    if lasting:
        span = lasting.read(length)
        end = start + span if start and span else None
    elif not end and "end" not in block:
        value.complain("a meeting needs `end` or `length`")
    if start and end and end <= start:
        (lasting or block.field("end") or value).complain("the meeting ends before it begins")
    format_ = block.choice("format", FORMATS, "online")
    start = start or datetime(2000, 1, 1, tzinfo=UTC)
    deadline = _moment(block, "deadline", zone) or _deadline(start, zone, format_)
    if deadline >= start:
        (block.field("deadline") or value).complain("the reply deadline is not before the start")
    theme = block.text("theme", most=120, required=True)
    known = set(people) if people is not None else None
    invited, categories = _invited(block, known)
    replies = _replies(block, known)
    attendance = {
        each: state for state in ("attended", "partial", "excused", "absent") for each in _codes(block, state, known)
    }
    state = block.choice("state", MEETING_STATES, "scheduled")
    if state in HELD:  # who said yes and is not named otherwise did not come
        came = {each: "absent" for each, reply in replies.items() if reply == "yes"}
        attendance = came | attendance
    answered, ratings = _feedback(block, known, attendance)
    entry = MeetingEntry(
        id=code(name) if name else "",
        kind=block.choice("kind", KINDS, "meeting"),
        title=block.text("title", theme, most=120),
        theme=theme,
        region=block.text("region", most=60),
        format=format_,
        starts_at=start,
        ends_at=end or start + timedelta(hours=1),
        zone=zone,
        place=block.text("place", most=200),
        link=link_of(block, "link"),
        passcode=block.text("passcode", most=40),
        agenda_link=link_of(block, "agenda_link"),
        deadline=deadline,
        state=state,
        announce=block.flag("announce", True),
        chatham_house=block.flag("chatham_house", True),
        invited=invited,
        categories=categories,
        invited_at=_moment(block, "invited_at", zone),
        replies=replies,
        attendance=attendance,
        answered=answered,
        ratings=ratings,
        memo=_memo(block, zone, known),
        more=_more(block, zone, start),
        details=_details(block),
        moderator=_moderator(block),
    )
    block.finish()
    return entry


def _more(block: Block, zone: str, start: datetime) -> dict[str, Any]:
    """Read the limits of a meeting and its own schedule, only what is written; 0 seats are no limit."""
    found: dict[str, Any] = {}
    for name in LIMITS:
        written = block.field(name)
        if written:
            found[name] = written.number(0, SEATS_MAX) or None
    guests = block.field("guests")
    if guests:
        found["guests"] = guests.number(0, GUESTS_MAX)
    online = block.field("online_deadline")
    if online:
        found["online_deadline"] = online.read(lambda written: instant(written, zone))
        if found["online_deadline"] and found["online_deadline"] >= start:
            online.complain("the online deadline is not before the start")
    schedule = block.field("schedule")
    if schedule:
        found["schedule"] = schedule.mapping()
    return found


def _details(block: Block) -> dict[str, str]:
    texts = {"phone": block.text("phone", most=40), "profile": block.text("profile", most=300)}
    links = {name: link_of(block, name) for name in ("map_link", "pack_link")}
    return {name: written for name, written in (texts | links).items() if name in block}


def _moderator(block: Block) -> str | None:
    """Read the id of the moderator; whether there is such a person is known when the file is taken in."""
    found = block.field("moderator")
    return code(found) if found else None


def read_current(value: Value, default_zone: str, people: Iterable[str]) -> CurrentEntry:
    """Read one entry of `current`: replies that came in to a meeting that is still inviting."""
    block = value.block()
    meeting = block.field("meeting", required=True)
    entry = CurrentEntry(
        meeting=code(meeting) if meeting else "",
        invited_at=_moment(block, "invited_at", default_zone, required=True) or datetime(2000, 1, 1, tzinfo=UTC),
        replies=_replies(block, set(people)),
    )
    block.finish()
    return entry


def _moment(block: Block, name: str, zone: str, *, required: bool = False) -> datetime | None:
    found = block.field(name, required=required)
    return found.read(lambda written: instant(written, zone)) if found else None


def _deadline(start: datetime, zone: str, format_: str) -> datetime:
    """Give the usual deadline: 18:00 of T-14, in person T-30 (domain 3.2)."""
    local = start.astimezone(ZoneInfo(zone)) - timedelta(days=30 if format_ == "in_person" else 14)
    return local.replace(hour=18, minute=0).astimezone(UTC)


def _invited(block: Block, known: set[str] | None) -> tuple[tuple[str, ...] | None, tuple[str, ...]]:
    """Read `all`, `{categories: [...]}` or a list of ids."""
    found = block.field("invited")
    if not found or found.node.value == "all":
        return None, ()
    if found.named:
        fields = found.block()
        categories = tuple(each.choice(CATEGORIES) for each in fields.items("categories"))
        fields.finish()
        return None, categories
    return _codes(block, "invited", known), ()


def _codes(block: Block, name: str, known: set[str] | None) -> tuple[str, ...]:
    codes: dict[str, None] = {}
    for each in block.items(name):
        written = code(each)
        if known is not None and written not in known:
            each.complain(f'there is no member "{written}"')
        if written in codes:
            each.complain(f'"{written}" stands twice')
        codes[written] = None
    return tuple(codes)


def _replies(block: Block, known: set[str] | None) -> dict[str, str]:
    found = block.field("replies")
    if not found:
        return {}
    fields, replies = found.block(), dict[str, str]()
    for reply in WRITTEN_REPLIES:
        for each in fields.items(reply):
            written = code(each)
            if known is not None and written not in known:
                each.complain(f'there is no member "{written}"')
            if written in replies:
                each.complain(f'"{written}" has two replies: {replies[written]} and {reply}')
            replies[written] = reply
    fields.finish()
    return replies


def _feedback(
    block: Block, known: set[str] | None, attendance: dict[str, str]
) -> tuple[tuple[str, ...], tuple[dict[str, str], ...]]:
    found = block.field("feedback")
    if not found:
        return (), ()
    fields = found.block()
    came = {each for each, state in attendance.items() if state in ("attended", "partial")}
    answered = _codes(fields, "answered", known)
    for each in fields.items("answered"):
        if each.text() not in came:
            each.complain(f'"{each.text()}" did not attend')
    ratings = tuple(_rating(each) for each in fields.items("ratings"))
    if len(ratings) != len(answered):
        found.complain(f"{len(ratings)} ratings but {len(answered)} people who answered")
    fields.finish()
    return answered, ratings


def _rating(value: Value) -> dict[str, str]:
    written = value.text().split()
    if len(written) != len(RATED):
        value.complain(f"{len(written)} answers, {len(RATED)} are expected: {' '.join(RATED)}")
        return {}
    answers = {item: word for item, word in zip(RATED, written, strict=True) if word != "-"}
    for item, word in answers.items():
        if word not in _STORED[item]:
            value.complain(f'{item} cannot be "{word}"; possible: {", ".join(_STORED[item])}')
    return {item: _STORED[item].get(word, "") for item, word in answers.items()}


def _memo(block: Block, zone: str, known: set[str] | None) -> MemoEntry | None:
    found = block.field("memo")
    if not found:
        return None
    fields, acknowledged = found.block(), dict[str, int]()
    days = fields.field("acknowledged")
    if days:
        after = days.block()
        for day in after.names():
            if not re.fullmatch(r"\d{1,3}", day):
                days.complain(f'"{day}" is no number of days after the memo went out')
                continue
            acknowledged |= dict.fromkeys(_codes(after, day, known), int(day))
    memo = MemoEntry(
        title=fields.text("title", most=120, required=True),
        distributed=_moment(fields, "distributed", zone, required=True) or datetime(2000, 1, 1, tzinfo=UTC),
        acknowledged=acknowledged,
    )
    fields.finish()
    return memo
