"""A month of days and a day of times as buttons, for platforms without a date picker (conversation §5.1)."""

from __future__ import annotations

import calendar
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date, get_day_names

from chat import language
from chat.form import MomentField
from chat.message import Button, Press, button
from handlers._feature import Context


def zone(ctx: Context) -> ZoneInfo:
    """Give the zone typed and tapped times are meant in: the asker's."""
    return ZoneInfo(ctx.reader.zone)


def first_month(ctx: Context, field: MomentField, values: dict[str, Any]) -> datetime:
    """Give the first day of the month to show: that of the limit for a deadline, else this month."""
    limit = values.get(field.before) if field.before else None
    moment = datetime.fromisoformat(limit) if limit else ctx.now
    return moment.astimezone(zone(ctx)).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def month(ctx: Context, draft: str, first: datetime) -> tuple[tuple[Button, ...], ...]:
    """Draw a month: names of the months around it, weekdays from the member's first, days, and typing instead."""
    locale = language.locale(ctx.reader.language, ctx.reader.territory)
    before, after = (first - timedelta(days=1)).replace(day=1), (first + timedelta(days=32)).replace(day=1)
    head = tuple(
        _cell(draft, format_date(each, "LLL y" if each is first else "LLL", locale=locale), f"m{each:%Y%m}")
        for each in (before, first, after)
    )
    start = locale.first_week_day
    names = get_day_names("short", context="stand-alone", locale=locale)
    week = tuple(_cell(draft, names[(start + n) % 7], f"w{n}") for n in range(7))
    weeks = calendar.Calendar(start).monthdayscalendar(first.year, first.month)
    days = tuple(
        tuple(
            _cell(draft, str(day) if day else "·", f"{first:%Y%m}{day:02}" if day else f"x{row}{column}")
            for column, day in enumerate(each)
        )
        for row, each in enumerate(weeks)
    )
    return (head, week, *days, (button("type_date", "q", draft, "cal", "type"),))


def times(draft: str, day: datetime) -> tuple[tuple[Button, ...], ...]:
    """Draw the half hours from 09:00 to 17:00 of a day, and typing instead."""
    moments = [day.replace(hour=9) + timedelta(minutes=30 * n) for n in range(17)]
    cells = [_cell(draft, f"{each:%H:%M}", f"{each:%Y%m%dT%H%M}") for each in moments]
    rows = tuple(tuple(cells[n : n + 3]) for n in range(0, len(cells), 3))
    return (*rows, (button("other", "q", draft, "cal", "type"), button("back", "q", draft, "cal", f"m{day:%Y%m}")))


def read(arg: str) -> tuple[str, datetime] | None:
    """Read a grid button: a month, a day or a time; anything else is `None`."""
    for kind, form, text in (("month", "%Y%m", arg[1:]), ("day", "%Y%m%d", arg), ("time", "%Y%m%dT%H%M", arg)):
        if (kind == "month") == arg.startswith("m") and len(text) == {"month": 6, "day": 8, "time": 13}[kind]:
            try:
                return kind, datetime.strptime(text, form).replace(tzinfo=UTC)
            except ValueError:
                return None
    return None


def _cell(draft: str, label: str, arg: str) -> Button:
    return Button(label, Press("q", draft, "cal", arg))
