"""Repeating moments: an RRULE (RFC 5545) at the same wall-clock time of a zone, whatever its clock does. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Literal, TypeAlias
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

if TYPE_CHECKING:
    from dateutil.rrule import rrule

MOST = 100
"""Occurrences of one rule."""
YEARS = 30
"""How far ahead a rule is followed, so that one that never fits (30 February) ends."""
RULE_MAX = 200
FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
PARTS = {
    "FREQ": "|".join(FREQUENCIES),
    "INTERVAL": "[1-9][0-9]{0,2}",
    "COUNT": "[1-9][0-9]?|100",
    "UNTIL": "[0-9]{8}(T[0-9]{6}Z?)?",
    "BYDAY": "([+-]?[1-5])?(MO|TU|WE|TH|FR|SA|SU)(,([+-]?[1-5])?(MO|TU|WE|TH|FR|SA|SU)){0,20}",
    "BYMONTHDAY": "-?([1-9]|[12][0-9]|3[01])(,-?([1-9]|[12][0-9]|3[01])){0,30}",
    "BYMONTH": "([1-9]|1[0-2])(,([1-9]|1[0-2])){0,11}",
    "BYSETPOS": "[+-]?[1-9][0-9]?(,[+-]?[1-9][0-9]?){0,9}",
    "WKST": "MO|TU|WE|TH|FR|SA|SU",
}
"""The parts a rule may have, and what each may be; hours and smaller are the start's."""
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")

Every: TypeAlias = Literal["week", "month", "quarter"]


def starts(rule: str, first: datetime, zone: str, *, after: datetime | None = None, most: int = MOST) -> list[datetime]:
    """Give the moments (UTC) a rule means, at the wall-clock time of `first` in `zone`: at most 100, in 30 years.

    A wall time that a clock change leaves out on a date moves forward by the gap, one that comes twice is the first
    (RFC 5545 §3.3.5). `COUNT` counts from `first`; of all moments only those later than `after` are given, `most` of
    them. `first` itself is among them only if the rule means it. Raise `ValueError` for a rule that is none.
    """
    there = ZoneInfo(zone)
    wall = first.astimezone(there).replace(tzinfo=None, fold=0)
    found = (
        first.astimezone(UTC) if each == wall else each.replace(tzinfo=there).astimezone(UTC)
        for each in _walls(_read(rule), wall, there)
    )
    return list(islice((each for each in found if after is None or each > after), min(most, MOST)))


def check(rule: str) -> str:
    """Give a typed rule in its written form. Raise `ValueError` that says what is wrong with it."""
    return ";".join(f"{name}={value}" for name, value in _read(rule).items())


def same_weekday(first: datetime, zone: str, every: Every, number: int = 1) -> str:
    """Write the rule for the weekday of `first` every so many weeks, or the same one of the month: `BYDAY=3WE`.

    A fifth weekday, which not every month has, means the last one.
    """
    day = first.astimezone(ZoneInfo(zone))
    name, week = WEEKDAYS[day.weekday()], (day.day - 1) // 7 + 1
    if every == "week":
        return f"FREQ=WEEKLY;INTERVAL={number};BYDAY={name}"
    months = 3 * number if every == "quarter" else number
    return f"FREQ=MONTHLY;INTERVAL={months};BYDAY={-1 if week == 5 else week}{name}"


def shifted(moment: datetime, zone: str, *, days: int = 0, clock: tuple[int, int] | None = None) -> datetime:
    """Move a moment (UTC) by calendar days, and to an hour and minute if given, by the wall clock of a zone.

    Gaps and repeated times are settled as in `starts`.
    """
    there = ZoneInfo(zone)
    wall = moment.astimezone(there).replace(tzinfo=None, fold=0) + timedelta(days=days)
    if clock is not None:
        wall = wall.replace(hour=clock[0], minute=clock[1], second=0, microsecond=0)
    elif not days:
        return moment
    return wall.replace(tzinfo=there).astimezone(UTC)


def _walls(parts: dict[str, str], first: datetime, there: ZoneInfo) -> Iterator[datetime]:
    """Give the naive wall times, from the library that knows the rules; the count is ours, so that the years end it."""
    end = first + timedelta(days=366 * YEARS)
    if "UNTIL" in parts:
        end = min(end, _until(parts["UNTIL"], there))
    text = ";".join(f"{name}={value}" for name, value in parts.items() if name not in ("COUNT", "UNTIL"))
    made: rrule = rrulestr(f"RRULE:{text};UNTIL={end:%Y%m%dT%H%M%S}", dtstart=first)  # type: ignore[assignment]
    return islice(iter(made), int(parts.get("COUNT", MOST)))


def _until(written: str, there: ZoneInfo) -> datetime:
    """Give the last wall time: a date is its whole day, a time with Z is UTC, one without is local."""
    try:
        if "T" not in written:
            return datetime.strptime(written, "%Y%m%d") + timedelta(days=1, seconds=-1)  # noqa: DTZ007
        moment = datetime.strptime(written.removesuffix("Z"), "%Y%m%dT%H%M%S")  # noqa: DTZ007
    except ValueError:
        raise ValueError(f"UNTIL={written} is no date") from None
    if written.endswith("Z"):
        return moment.replace(tzinfo=UTC).astimezone(there).replace(tzinfo=None, fold=0)
    return moment


def _read(rule: str) -> dict[str, str]:
    """Take a rule apart. Raise `ValueError` naming the part that is wrong."""
    text = rule.strip().upper().removeprefix("RRULE:").strip(";")
    if not text or len(text) > RULE_MAX:
        raise ValueError("an RRULE has 1 to 200 characters")
    parts: dict[str, str] = {}
    for each in text.split(";"):
        name, _, value = each.partition("=")
        if name not in PARTS or name in parts:
            raise ValueError(f"{each[:40]} is not known here, or stands twice")
        if not re.fullmatch(PARTS[name], value):
            raise ValueError(f"{each[:40]} is not possible")
        parts[name] = value
    if "FREQ" not in parts:
        raise ValueError("FREQ is missing")
    if "COUNT" in parts and "UNTIL" in parts:
        raise ValueError("COUNT and UNTIL exclude each other")
    if "BYSETPOS" in parts and not {"BYDAY", "BYMONTHDAY", "BYMONTH"} & set(parts):
        raise ValueError("BYSETPOS needs BYDAY or BYMONTHDAY")
    narrow = parts["FREQ"] in ("DAILY", "WEEKLY")  # with parts of a year these could look for years without an answer
    if narrow and {"BYMONTH", "BYMONTHDAY", "BYSETPOS"} & set(parts):
        raise ValueError("BYMONTH, BYMONTHDAY and BYSETPOS need MONTHLY or YEARLY")
    if narrow and re.search("[1-5]", parts.get("BYDAY", "")):
        raise ValueError("a number before a weekday needs MONTHLY or YEARLY")
    if "UNTIL" in parts:
        _until(parts["UNTIL"], ZoneInfo("UTC"))
    return parts
