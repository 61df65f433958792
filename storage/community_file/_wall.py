"""Wall times of a file as instants: the clock changes of a zone are asked about, never guessed."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

_WRITTEN = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d)(?::00)?(?:\s*(Z|[+-]\d\d:?\d\d))?")
_LENGTH = re.compile(r"(?:(\d{1,3})\s*h)?\s*(?:(\d{1,4})\s*(?:min|m))?")


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def zone(written: str) -> str:
    """Check the name of an IANA zone. Raise `ValueError`."""
    if written not in _zones():
        raise ValueError(f'"{written}" is no time zone; write it as Europe/Brussels')
    return written


def instant(written: str, zone_name: str) -> datetime:
    """Read `2026-05-20 10:00`, meant on the wall clock of a zone, as a UTC instant.

    A time that does not exist or comes twice at a clock change raises `ValueError` naming both readings; an offset
    (`2026-10-25 02:30 +01:00`) says which one is meant.
    """
    match = _WRITTEN.fullmatch(written)
    if not match:
        raise ValueError(f'"{written}" is no time; write it as 2026-05-20 10:00')
    try:
        wall = datetime.strptime(f"{match[1]} {match[2]}", "%Y-%m-%d %H:%M")  # noqa: DTZ007 - the zone comes next
    except ValueError:
        raise ValueError(f'"{written}" is no date of the calendar') from None
    if match[3]:
        offset = "+0000" if match[3] == "Z" else match[3]
        return datetime.strptime(f"{match[1]} {match[2]} {offset}", "%Y-%m-%d %H:%M %z").astimezone(UTC)
    local = ZoneInfo(zone_name)
    first, second = (wall.replace(tzinfo=local, fold=fold) for fold in (0, 1))
    if first.utcoffset() == second.utcoffset():
        return first.astimezone(UTC)
    if first.astimezone(UTC).astimezone(local).replace(tzinfo=None) != wall:
        gap = abs((second.utcoffset() or timedelta()) - (first.utcoffset() or timedelta()))
        before, after = (f"{each:%H:%M}" for each in (wall - gap, wall + gap))
        raise ValueError(
            f'"{written}" does not exist in {zone_name} (clock change); the nearest times are {before} and {after}'
        )
    raise ValueError(
        f'"{written}" comes twice in {zone_name} (clock change); '
        f'write "{first.isoformat(" ", "minutes")}" or "{second.isoformat(" ", "minutes")}"'
    )


def length(written: str) -> timedelta:
    """Read `2 h 30 min`, `150 min` or `2:30`. Raise `ValueError`."""
    clock = re.fullmatch(r"(\d{1,2}):([0-5]\d)", written)
    match = clock or _LENGTH.fullmatch(written)
    if not match or not (match[1] or match[2]):
        raise ValueError(f'"{written}" is no length; write it as 2 h 30 min')
    return timedelta(hours=int(match[1] or 0), minutes=int(match[2] or 0))
