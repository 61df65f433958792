"""When a member may be written to: quiet hours, weekend, the community's no-send dates (domain 3.2). Pure.

All instants are aware UTC; hours, weekdays and dates are those of the member's own zone. A wall time that a clock
change leaves out is the moment just as long after midnight's offset; of a double one the first that fits is taken.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from storage.members import Member

OPENING = 9
"""Hour to which a blocked message moves (domain 3.2)."""
BULK = 10
"""Hour of messages that are not urgent (domain 3.2)."""
HORIZON = 400
"""Days searched; a member whose every day is blocked is written to as if none were."""
NONE: frozenset[date] = frozenset()


def allowed(member: Member, at: datetime, no_send: frozenset[date] = NONE) -> bool:
    """Tell whether a member may be written to at an instant."""
    local = at.astimezone(ZoneInfo(member.zone))
    return not _quiet(member, local.hour) and _open_day(member, local.date(), no_send)


def next_allowed(member: Member, at: datetime, no_send: frozenset[date] = NONE) -> datetime:
    """Give the instant itself if it is allowed, else the next allowed 09:00 (or the end of quiet hours, if later)."""
    return at if allowed(member, at, no_send) else _forward(member, at, OPENING, no_send)


def bulk_slot(member: Member, now: datetime, no_send: frozenset[date] = NONE) -> datetime:
    """Give the next 10:00 on an allowed day, at or after now; just now counts if it is exactly 10:00."""
    return _forward(member, now, BULK, no_send)


def fit_before(
    member: Member,
    at: datetime,
    limit: datetime,
    no_send: frozenset[date] = NONE,
    *,
    now: datetime | None = None,
) -> datetime:
    """Move a blocked message forward, or back to the last allowed full hour if forward is later than `limit`.

    `limit` is usually the event's start less two hours (domain 3.2). With `now`, a slot that has passed gives `now`.
    """
    forward = next_allowed(member, at, no_send)
    if forward <= limit:
        return forward
    back = _back(member, min(at, limit), no_send)
    return back if now is None else max(back, now)


def _quiet(member: Member, hour: int) -> bool:
    start, end = member.quiet_from, member.quiet_to
    return start <= hour < end if start <= end else hour >= start or hour < end


def _open_day(member: Member, day: date, no_send: frozenset[date]) -> bool:
    return str(day.weekday()) not in member.weekend.split(",") and day not in no_send


def _moments(zone: ZoneInfo, day: date, hour: int) -> Iterator[datetime]:
    """Give the instants of a full hour on a day: one, or two when the clock goes back over it."""
    seen = set()
    for fold in (0, 1):
        moment = datetime.combine(day, time(hour, fold=fold), zone).astimezone(UTC)
        if moment not in seen and moment.astimezone(zone).date() == day:
            seen.add(moment)
            yield moment


def _forward(member: Member, at: datetime, hour: int, no_send: frozenset[date]) -> datetime:
    zone = ZoneInfo(member.zone)
    if _quiet(member, hour):
        hour = member.quiet_to % 24
    day = at.astimezone(zone).date()
    for offset in range(HORIZON):
        for moment in _moments(zone, day + timedelta(days=offset), hour):
            if moment >= at and allowed(member, moment, no_send):
                return moment
    return at


def _back(member: Member, at: datetime, no_send: frozenset[date]) -> datetime:
    if allowed(member, at, no_send):
        return at
    zone = ZoneInfo(member.zone)
    last = at.astimezone(zone).date()
    for offset in range(HORIZON):
        day = last - timedelta(days=offset)
        if not _open_day(member, day, no_send):
            continue
        moments = [moment for hour in range(24) for moment in _moments(zone, day, hour)]
        for moment in sorted(moments, reverse=True):
            if moment <= at and allowed(member, moment, no_send):
                return moment
    return at
