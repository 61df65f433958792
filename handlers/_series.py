"""Series of meetings: their dates with deadlines, the changes that move several at once, and their cards."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from chat.errors import FieldError
from chat.form import Asking, ChoiceField, Field, Form, NumberField, Option, TextField, UrlField
from chat.message import Button, Message, Press, Row, button, row, rows
from chat.text import Bold, Text, say
from handlers._cards import short, state_label, when
from handlers._meeting_values import default_deadline
from handlers._welcome import go
from scheduler.recurrence import RULE_MAX, Every, check, same_weekday, shifted, starts
from storage.meetings import Meeting
from storage.series import NOT_ANNOUNCED, Dates, Series

SHOWN = 12
"""Meetings of a series written out, and offered for a change, at once."""
MORE_MAX = 36
"""Meetings made by one form: three years of a monthly one."""
DAYS_MAX = 60
OWN = "own"
EVERY: dict[str, tuple[Every, int]] = {
    "month": ("month", 1), "week1": ("week", 1), "week2": ("week", 2), "week3": ("week", 3), "week4": ("week", 4),
    "quarter": ("quarter", 1),
}  # fmt: skip
"""How often, as it is picked."""
AHEAD = (*NOT_ANNOUNCED, "inviting", "closed", "live")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockField(Field):
    """Take an hour and minute such as `14:30`; digits of any script count."""

    def read(self, text: str, asking: Asking) -> str:
        """Give it as `14:30`. Raise `FieldError` for anything else."""
        found = re.fullmatch(r"(\d{1,2})\s?[:.h]\s?(\d{2})", text.strip())
        if found is None or int(found[1]) > 23 or int(found[2]) > 59:
            raise FieldError(say("ser_bad_clock"))
        return f"{int(found[1]):02}:{int(found[2]):02}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleField(Field):
    """Take an RRULE (RFC 5545) of days and larger."""

    def read(self, text: str, asking: Asking) -> str:
        """Give the rule in its written form. Raise `FieldError` with what is wrong."""
        try:
            return check(text)
        except ValueError as error:
            raise FieldError(say("ser_bad_rule", reason=str(error))) from None


def new_form(meeting: Meeting) -> Form:
    """Build the questions about how a meeting is repeated."""
    options = tuple(Option(each, say(f"ser_{each}")) for each in (*EVERY, OWN))
    fields: tuple[Field, ...] = (
        ChoiceField(id="how", label=say("ser_how"), options=options),
        NumberField(id="more", label=say("ser_more"), hint=say("ser_more_hint"), min=1, max=MORE_MAX),
        RuleField(id="rule", label=say("ser_rule"), hint=say("ser_rule_hint"), required=False),
    )
    return Form("series", say("ser_form_new", code=meeting.code), (fields,))


def more_form() -> Form:
    """Build the question about how many meetings follow the last one."""
    field = NumberField(id="more", label=say("ser_more"), hint=say("ser_more_after"), min=1, max=MORE_MAX)
    return Form("sermore", say("ser_form_more"), ((field,),), review=False)


def change_form(form: str) -> Form:
    """Build the questions about what changes in several meetings of a format; what is left empty stays."""
    fields: list[Field] = [
        ClockField(id="clock", label=say("ser_clock"), hint=say("ser_clock_hint"), required=False),
        NumberField(
            id="days", label=say("ser_days"), hint=say("ser_days_hint"), required=False, min=-DAYS_MAX, max=DAYS_MAX
        ),
        TextField(id="title", label=say("m_q_title"), required=False, min=5, max=120),
    ]
    if form != "online":
        fields.append(TextField(id="place", label=say("m_q_place"), required=False, min=3, max=120))
    if form != "in_person":
        fields.append(UrlField(id="link", label=say("m_q_link"), required=False))
    return Form("occ", say("ser_form_change"), (tuple(fields),), intro=say("ser_empty_stays"))


def rule_of(values: dict[str, str], meeting: Meeting) -> str:
    """Give the rule that was picked or typed. Raise `ValueError` if none was typed."""
    if values["how"] != OWN:
        every, number = EVERY[values["how"]]
        return same_weekday(meeting.starts_at, meeting.zone, every, number)
    return check(values.get("rule", ""))[:RULE_MAX]


def dates(meeting: Meeting, rule: str, most: int, now: datetime) -> list[Dates]:
    """Give the moments of the meetings to come by a rule, at the wall-clock time of the meeting that is repeated.

    Deadlines keep their distance in days and their hour; one that would be past is the usual one (domain 3.2).
    """
    begin = max(meeting.starts_at, now)
    return [dated(meeting, each, now) for each in starts(rule, meeting.starts_at, meeting.zone, after=begin, most=most)]


def further(last: Meeting, rule: str, most: int, now: datetime) -> list[Dates]:
    """Give the moments of the meetings after the last one, as its hour is now; the rule's own end is passed over."""
    endless = ";".join(each for each in rule.split(";") if not each.startswith(("COUNT=", "UNTIL=")))
    return dates(last, endless, most, now)


def dated(meeting: Meeting, start: datetime, now: datetime) -> Dates:
    """Give the moments of a meeting at another start: its deadlines move along by the wall clock of its zone."""
    deadline = _along(meeting, meeting.rsvp_deadline, start)
    if not now < deadline < start:
        deadline = default_deadline(start, meeting.zone, meeting.format, now)
    online = meeting.online_deadline and _along(meeting, meeting.online_deadline, start)
    return Dates(start, deadline, online if online and now < online < start else None)


def _along(meeting: Meeting, moment: datetime, start: datetime) -> datetime:
    there = ZoneInfo(meeting.zone)
    was, wall = meeting.starts_at.astimezone(there), moment.astimezone(there)
    days = (wall.date() - was.date()).days
    return shifted(start, meeting.zone, days=days, clock=(wall.hour, wall.minute))


def moved(meeting: Meeting, values: dict[str, str]) -> datetime:
    """Give the start (UTC) of a meeting after a change by calendar days and to an hour of its zone."""
    clock = values.get("clock", "")
    hour_minute = (int(clock[:2]), int(clock[3:])) if clock else None
    return shifted(meeting.starts_at, meeting.zone, days=int(values.get("days") or 0), clock=hour_minute)


def apply(meeting: Meeting, values: dict[str, str], now: datetime) -> None:
    """Change one meeting that is not announced; its place in the series stays what it was.

    The revision rises when time or place change.
    """
    start, before = moved(meeting, values), (meeting.starts_at, meeting.place)
    if start != meeting.starts_at:
        along = dated(meeting, start, now)
        meeting.ends_at += start - meeting.starts_at
        meeting.starts_at, meeting.rsvp_deadline = start, along.rsvp_deadline
        meeting.online_deadline = along.online_deadline
    if values.get("title"):
        meeting.title = values["title"]
    if values.get("place") and meeting.format != "online":
        meeting.place = values["place"]
    if values.get("link") and meeting.format != "in_person":
        meeting.join_link = values["link"]
    meeting.revision += (meeting.starts_at, meeting.place) != before


def series_card(series: Series, found: Sequence[Meeting], now: datetime, *head: Text) -> Message:
    """Draw a series: the meetings ahead with their states, and what can be done; `head` goes on top."""
    ahead = [each for each in found if each.state in AHEAD and each.ends_at > now]
    lines: list[Text] = [*head, Bold(say("ser_title", title=series.title))]
    lines.append(say("ser_counts", n=len(found), ahead=len(ahead)))
    lines += [(Bold(each.code), " · ", when(each), " · ", state_label(each)) for each in ahead[:SHOWN]]
    if len(ahead) > SHOWN:
        lines.append(say("ser_and_more", n=len(ahead) - SHOWN))
    if series.state == "ended":
        return Message((*lines, say("ser_ended")), rows(row(go("meetings", "meetings_list"))))
    if ahead:
        lines.append(say("ser_tap_one"))
    ones = [Button(short(each.code), Press("series", each.key, "one")) for each in ahead[:SHOWN]]
    whole = row(
        button("ser_all", "occall", series.key) if any(each.state in NOT_ANNOUNCED for each in ahead) else None,
        button("ser_more", "series", series.key, "more"),
        button("ser_end", "series", series.key, "end", style="danger"),
    )
    return Message(tuple(lines), rows(*_fours(ones), whole))


def choose_card(series: Series, meeting: Meeting, number: int) -> Message:
    """Ask which meetings a change is for: this one, this and the following, or all."""
    ask: Text = say("ser_which", n=number)
    one = "ser_one" if meeting.state in NOT_ANNOUNCED else "status"
    verb = "medit" if meeting.state in NOT_ANNOUNCED else "status"
    return Message(
        (Bold(f"{meeting.code} · {meeting.title}"), when(meeting), ask),
        rows(
            row(button(one, verb, meeting.key), button("ser_following", "occ", meeting.key)),
            row(button("ser_all", "occall", series.key), button("back", "series", series.key)),
        ),
    )


def changed_card(series: Series, changed: Sequence[Meeting], announced: Sequence[Meeting]) -> Message:
    """Say what was changed, and which meetings are announced and have to be changed one by one."""
    lines: list[Text] = [Bold(say("ser_changed", n=len(changed)))]
    lines += [(Bold(each.code), " · ", when(each)) for each in changed[:SHOWN]]
    if len(changed) > SHOWN:
        lines.append(say("ser_and_more", n=len(changed) - SHOWN))
    if announced:
        lines.append(say("ser_announced", codes=", ".join(each.code for each in announced)))
    ones = [Button((each.code, " · ", say("b_status")), Press("status", each.key)) for each in announced[:4]]
    return Message(tuple(lines), rows(*_fours(ones, 2), row(button("back", "series", series.key))))


def end_card(series: Series, dropped: Sequence[Meeting], announced: Sequence[Meeting]) -> Message:
    """Ask before a series is ended: which meetings are dropped, which stay."""
    lines: list[Text] = [Bold(say("ser_end_title", title=series.title)), say("ser_dropped", n=len(dropped))]
    lines += [(Bold(each.code), " · ", when(each)) for each in dropped[:SHOWN]]
    if len(dropped) > SHOWN:
        lines.append(say("ser_and_more", n=len(dropped) - SHOWN))
    if announced:
        lines.append(say("ser_stay", codes=", ".join(each.code for each in announced)))
    yes = button("ser_end", "series", series.key, "yes", style="danger")
    return Message(tuple(lines), rows(row(yes, button("back", "series", series.key))))


def _fours(buttons: Sequence[Button], size: int = 4) -> list[Row]:
    return [row(*buttons[at : at + size]) for at in range(0, len(buttons), size)]
