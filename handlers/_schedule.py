"""The schedule of a meeting as data: every row of domain 3.1 that is planned by itself, and when it is due for whom.

Days are calendar days between the meeting's date and the row's. Hours are those of the member's own zone, for
organisers and for the morning of a meeting in person those of the host's. A community and a meeting may change days
and hour of a row or switch it off: `{row: {"days": 3, "hour": "09:30"}}` or `{row: {"off": true}}`; the community's
rows may name a format, `nudge_1@in_person`. Rows that follow the topic poll have days alone, and one value for all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from handlers._schedule_table import ASK_AFTER, BULK, DAY, DAY_CALL, DESK, LAST, PERSONAL, RULES, Rule
from scheduler import quiet
from storage.meetings import Meeting
from storage.members import Member

__all__ = [
    "ASK_AFTER", "BULK", "DAY", "LAST", "RULES", "Calendar", "Row", "Rule", "feedback_closes", "feedback_slot",
    "replies_close", "rows_of", "topic_poll",
]  # fmt: skip
BEFORE_START = timedelta(hours=2)
"""A message that quiet hours would push past this long before the start goes earlier instead (domain 3.2)."""
EVENING = 19
FEEDBACK_DAYS = 7
FEEDBACK_CLOSES = time(18)
EARLY = 14
"""Days before the project's last day to which what would come after it moves (domain 3.2)."""
MARGIN = timedelta(hours=26)
"""The same wall time of the same meeting is at most this much earlier for a member than for the host."""
BACK = 5
"""Days before its limit by which a row is written at the latest: weekends and feasts may move it back so far."""
WORKING, OPEN = range(5), range(8, 20)
"""Days of the week and hours, in the meeting's zone, at which organisers get reports (domain 3.2)."""


@dataclass(frozen=True, slots=True)
class Row:
    """Be one row of one meeting, with the changes of community and meeting; `mode` narrows a hybrid meeting's."""

    rule: Rule
    key: str
    days: int
    hour: time | None
    mode: str = ""
    off: bool = False
    own: bool = False
    """Whether the meeting says otherwise than usual."""
    changed: bool = False
    """Whether the community does."""

    @property
    def kind(self) -> str:
        """Give the kind of its message."""
        return self.rule.kind

    def takes(self, mode: str) -> bool:
        """Tell whether it is for somebody who takes part in this way; who has not said how counts for the room."""
        return not self.mode or (mode or "room") == self.mode


def rows_of(meeting: Meeting, settings: Mapping[str, Any] | None = None) -> tuple[Row, ...]:
    """Give the rows of a meeting in the order of the table, those switched off as well."""
    usual, own = (settings or {}).get("schedule") or {}, meeting.schedule or {}
    found: list[Row] = []
    for rule in RULES:
        for form, mode, key in _forms(rule, meeting.format):
            days = rule.in_person if form == "in_person" else rule.online
            if days is not None:
                row = Row(rule, key, days, rule.hour, mode)
                changes = [(usual.get(rule.key), False)]
                if not rule.follows:
                    changes += [(usual.get(f"{rule.key}@{form}"), False), (own.get(key), True)]
                for change, mine in changes:
                    row = _changed(row, change, mine) if isinstance(change, Mapping) else row
                found.append(row)
    return tuple(found)


def _forms(rule: Rule, form: str) -> tuple[tuple[str, str, str], ...]:
    """Say which column of the table counts, for whom, under which key."""
    if form != "hybrid":
        return ((form, "", rule.key),)
    if rule.to not in PERSONAL or rule.online == rule.in_person:
        return (("in_person" if rule.in_person is not None else "online", "", rule.key),)
    if rule.online is None or rule.in_person is None:
        one = "online" if rule.in_person is None else "in_person"
        return ((one, "online" if one == "online" else "room", rule.key),)
    return (("in_person", "room", rule.key), ("online", "online", f"{rule.key}@online"))


def _changed(row: Row, change: Mapping[str, Any], mine: bool) -> Row:
    days, hour = row.days, row.hour
    if row.rule.timed:
        if isinstance(change.get("days"), int):
            days = -change["days"] if row.rule.after else change["days"]
        if change.get("hour") and not row.rule.follows:
            hour = time.fromisoformat(str(change["hour"]))
    return replace(
        row, days=days, hour=hour, off=bool(change.get("off")) and not row.rule.stays, own=row.own or mine,
        changed=row.changed or not mine,
    )  # fmt: skip


def topic_poll(settings: Mapping[str, Any]) -> tuple[timedelta | None, timedelta]:
    """Give how long after its opening a topic poll reminds, None for never, and closes (domain 3.1, T-53 and T-50)."""
    found = {each.key: each for each in rows_of(Meeting(format="online", schedule={}), settings)}
    remind, close = found["poll_remind"], found["poll_close"]
    return None if remind.off else remind.days * DAY, max(close.days, 1) * DAY


def feedback_closes(meeting: Meeting) -> datetime:
    """Give the end of the questions: seven days after the last day, at six in the evening of the host's zone."""
    there = ZoneInfo(meeting.zone)
    day = meeting.ends_at.astimezone(there).date() + timedelta(days=FEEDBACK_DAYS)
    return datetime.combine(day, FEEDBACK_CLOSES, there).astimezone(UTC)


def replies_close(meeting: Meeting) -> datetime:
    """Give the reply deadline; of a hybrid meeting the later of its two."""
    return max(meeting.rsvp_deadline, meeting.online_deadline or meeting.rsvp_deadline)


@dataclass(slots=True)
class Calendar:
    """Know every moment of one meeting, under the rules of its community; all instants are aware UTC.

    People who share zone, weekend and quiet hours share their moments, so ten thousand members cost no more than the
    few hundred combinations there are.
    """

    meeting: Meeting
    settings: Mapping[str, Any] = field(default_factory=dict)
    no_send: frozenset[date] = frozenset()
    rows: tuple[Row, ...] = field(init=False)
    _known: dict[tuple[object, ...], datetime] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rows = rows_of(self.meeting, self.settings)

    def row(self, key: str) -> Row | None:
        """Find a row by its key; one that is switched off as well."""
        return next((each for each in self.rows if each.key == key), None)

    @property
    def alive(self) -> tuple[Row, ...]:
        """Give the rows that are not switched off."""
        return tuple(each for each in self.rows if not each.off)

    @property
    def closing(self) -> datetime:
        """Give the moment at which replies close."""
        return replies_close(self.meeting)

    @property
    def last_day(self) -> date | None:
        """Give the project's last day, if the community names one: `programme: {ends: 2026-07-31}`."""
        given = (self.settings.get("programme") or {}).get("ends") or self.settings.get("ends")
        try:
            return date.fromisoformat(str(given)) if given else None
        except ValueError:
            return None

    def early(self, row: Row) -> bool:
        """Tell whether a row moves because the project would be over (domain 3.2)."""
        return (
            self.last_day is not None and row.rule.after and self._planned_day(row, self.meeting.zone) > self.last_day
        )

    def pointless(self, row: Row) -> bool:
        """Tell whether a row moved before the project's end would come before what it is about."""
        return self.early(row) and self.day(row, self.meeting.zone) <= self.meeting.ends_at.date()

    def _planned_day(self, row: Row, zone: str) -> date:
        first = self.row(row.rule.follows) if row.rule.follows else None
        if first is not None:
            return self._planned_day(first, zone) + row.days * DAY
        anchor = self.meeting.ends_at if row.rule.after else self.meeting.starts_at
        return anchor.astimezone(ZoneInfo(zone)).date() - timedelta(days=row.days)

    def day(self, row: Row, zone: str) -> date:
        day = self._planned_day(row, zone)
        if row.rule.after and self.last_day is not None and day > self.last_day:
            return self.last_day - timedelta(days=EARLY)
        return day

    def nominal(self, row: Row) -> datetime:
        """Give the moment of a row in the host's zone, for organisers to read; for their reports the exact one."""
        fixed = self._fixed(row)
        if fixed is not None:
            return fixed
        zone = ZoneInfo(self.meeting.zone)
        day = self.day(row, self.meeting.zone)
        if row.rule.to == "organisers":
            step = DAY if row.rule.after else -DAY
            while not self._works(day):
                day += step
        return datetime.combine(day, row.hour or BULK, zone).astimezone(UTC)

    def _works(self, day: date) -> bool:
        return day.weekday() in WORKING and day not in self.no_send

    def desk(self, at: datetime) -> datetime:
        """Give an instant itself if organisers may be written to then, else the next working morning at nine."""
        local = at.astimezone(ZoneInfo(self.meeting.zone))
        day = local.date()
        if self._works(day) and OPEN.start <= local.hour < OPEN.stop:
            return at
        day += DAY if local.hour >= DESK.hour else timedelta(0)
        while not self._works(day):
            day += DAY
        return datetime.combine(day, DESK, local.tzinfo).astimezone(UTC)

    def _fixed(self, row: Row) -> datetime | None:
        """Give the moment of a row that is the same for everybody."""
        rule, meeting = row.rule, self.meeting
        if rule.timer == "deadline":
            return replies_close(meeting)
        if rule.key == "feedback_close":
            return feedback_closes(meeting)
        if rule.hour is None:
            return (meeting.ends_at if rule.after else meeting.starts_at) + rule.offset
        if rule.key == "reminder_day":
            there = ZoneInfo(meeting.zone)
            day = meeting.starts_at.astimezone(there).date()
            return min(
                datetime.combine(day, DAY_CALL, there).astimezone(UTC), meeting.starts_at - timedelta(minutes=30)
            )
        return None

    def slot(self, row: Row, member: Member) -> datetime:
        """Give the moment a row is due for a member: out of quiet hours, weekend and no-send dates.

        What would then come too late goes before instead (domain 3.2). The last reminder and the check-in keep their
        moment, also at night.
        """
        key = (row.key, member.zone, member.weekend, member.quiet_from, member.quiet_to)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._slot(row, member)
        return found

    def _slot(self, row: Row, member: Member) -> datetime:
        rule, meeting = row.rule, self.meeting
        if rule.timer == "fbask":
            return feedback_slot(meeting, member, self.no_send)
        fixed = self._fixed(row)
        if fixed is not None:
            return fixed
        own = ZoneInfo(member.zone)
        wanted = datetime.combine(self.day(row, member.zone), row.hour or BULK, own).astimezone(UTC)
        if rule.after:
            return quiet.next_allowed(member, wanted, self.no_send)
        limit = self.limit(row)
        if wanted >= limit:  # it is not made earlier than it was meant, only out of hours that are closed
            return wanted
        return quiet.fit_before(member, wanted, limit - BEFORE_START, no_send=self.no_send)

    def limit(self, row: Row) -> datetime:
        """Give the moment a row must come before: the reply deadline, or the start."""
        asks = row.rule.to in ("silent", "maybe")
        return min(replies_close(self.meeting), self.meeting.starts_at) if asks else self.meeting.starts_at

    def expiry(self, row: Row, member: Member) -> datetime:
        """Give the moment a row is pointless: when the next of its chain is due, or what it is about has begun.

        So after an outage at most one arrives, and none after the start (reliability P4).
        """
        key = ("end", row.key, member.zone, member.weekend, member.quiet_from, member.quiet_to)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._expiry(row, member)
        return found

    def _expiry(self, row: Row, member: Member) -> datetime:
        rule = row.rule
        if rule.live:
            return self.meeting.ends_at
        end = feedback_closes(self.meeting) if rule.chain == "questions" else self.limit(row)
        if rule.valid is not None:
            valid = self.slot(row, member) + rule.valid
            return valid if rule.after else min(valid, end)
        return min([end, *(self.slot(each, member) for each in self._later(row))])

    def _later(self, row: Row) -> list[Row]:
        """Give the rows that replace this one: the later ones of its chain for the same people."""
        order = {each.key: place for place, each in enumerate(self.rows)}
        mine = (self.nominal(row), order[row.key])
        return [
            each
            for each in self.alive
            if each.rule.chain == row.rule.chain and _same(each, row) and (self.nominal(each), order[each.key]) > mine
        ]

    def written(self, row: Row) -> datetime:
        """Give the moment at which a row is written: before the earliest one any member can need it."""
        if row.rule.to == "organisers":
            return self.nominal(row)
        if row.rule.lead is not None:
            return self.nominal(row) - row.rule.lead
        if row.rule.timer != "reminder":
            return self.nominal(row)
        if row.rule.after:
            return self.nominal(row) - MARGIN
        return min(self.nominal(row) - MARGIN, self.limit(row) - BACK * DAY)

    def pointless_after(self, row: Row) -> datetime:
        """Give the moment after which nobody can need a row any more."""
        if row.rule.live:
            return self.meeting.ends_at
        if row.rule.after:
            return self.nominal(row) + (row.rule.valid or FEEDBACK_DAYS * DAY)
        listed = self.row("checklist") if row.rule.key == "poll_open" else None
        if listed is not None:  # which names a missing theme as well
            return self.nominal(listed)
        if row.rule.to == "organisers":
            return self.meeting.starts_at
        return self.limit(row)


def _same(one: Row, other: Row) -> bool:
    return not one.mode or not other.mode or one.mode == other.mode


def feedback_slot(meeting: Meeting, member: Member, no_send: frozenset[date] = frozenset()) -> datetime:
    """Give the moment a member is asked: an hour after the end, after seven in the evening the next working morning."""
    own = ZoneInfo(member.zone)
    wanted = meeting.ends_at + ASK_AFTER
    there = wanted.astimezone(own)
    if there.hour >= EVENING:
        wanted = datetime.combine(there.date() + DAY, time(9), own).astimezone(UTC)
    return quiet.next_allowed(member, wanted, no_send=no_send)
