"""The schedule of a meeting as data: every row of domain 3.1 that is planned by itself, and when it is due for whom.

Days are calendar days between the meeting's date and the row's. Hours are those of the member's own zone, for
organisers and for the morning of a meeting in person those of the host's. A community and a meeting may change days
and hour of a row or switch it off: `{row: {"days": 3, "hour": "09:30"}}` or `{row: {"off": true}}`; the community's
rows may name a format, `nudge_1@in_person`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from scheduler import quiet
from storage.meetings import Meeting
from storage.members import Member

Audience = Literal[
    "silent", "maybe", "yes_maybe", "coming", "visa", "unanswered", "absent", "attended", "moderators", "organisers"
]
BULK = time(10)
"""The hour at which members get what is not urgent, in their own zone (domain 3.2)."""
DAY_CALL = time(8)
"""The hour of the last reminder before a meeting in person, in the host's zone: the member is there by then."""
DESK = time(9)
"""The hour of reports to organisers (conversation §8)."""
BEFORE_START = timedelta(hours=2)
"""A message that quiet hours would push past this long before the start goes earlier instead (domain 3.2)."""
ASK_AFTER = timedelta(hours=1)
"""How long after the end people are asked for feedback."""
EVENING = 19
FEEDBACK_DAYS = 7
FEEDBACK_CLOSES = time(18)
EARLY = 14
"""Days before the project's last day to which what would come after it moves (domain 3.2)."""
MARGIN = timedelta(hours=26)
"""The same wall time of the same meeting is at most this much earlier for a member than for the host."""
BACK = 5
"""Days before its limit by which a row is written at the latest: weekends and feasts may move it back so far."""
DAY = timedelta(days=1)
WORKING = range(5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Be one row of the table; `online` and `in_person` are days before the meeting, negative ones after it."""

    key: str
    kind: str
    to: Audience
    online: int | None = None
    in_person: int | None = None
    hour: time | None = BULK
    """Wall time; None: `offset` from the start (from the end, if `after`)."""
    offset: timedelta = timedelta(0)
    after: bool = False
    counted: bool = False
    """Whether it counts against the weekly cap (conversation §8)."""
    chain: str = ""
    """Rows of one chain replace each other: one expires when the next is due (reliability P4)."""
    valid: timedelta | None = None
    """How long after its moment it is still worth sending; None: as its chain says."""
    late: bool = False
    """Whether it is made up for when its moment passed before somebody came in, or before the meeting was announced."""
    host: bool = False
    """Whether the hour is the host's."""
    timed: bool = True
    """Whether days and hour may be changed; others may only be switched off."""
    lead: timedelta | None = None
    """How long before its moment its rows are written, if not the usual time."""
    live: bool = False
    """Whether it belongs to the meeting itself: it keeps its moment, also at night, and is good until the end."""
    timer: str = "reminder"
    """The timer that does it; "" for what other parts do by themselves."""


RULES = (
    Rule(key="nudge_1", kind="rsvp_nudge", to="silent", online=32, in_person=60, counted=True, chain="reply"),
    Rule(key="visa", kind="report_visa", to="organisers", in_person=55, hour=DESK, valid=5 * DAY),
    Rule(key="visa_letter", kind="visa_letter", to="visa", in_person=55, valid=5 * DAY),
    Rule(key="balance", kind="report_balance", to="organisers", online=28, in_person=45, hour=DESK, valid=5 * DAY),
    Rule(key="agenda", kind="agenda_question", to="yes_maybe", online=21, in_person=40, counted=True, valid=7 * DAY),
    Rule(key="nudge_2", kind="rsvp_nudge", to="silent", online=17, in_person=33, counted=True, chain="reply"),
    Rule(key="decide", kind="maybe_nudge", to="maybe", online=17, in_person=33, counted=True, chain="decide"),
    Rule(key="deadline", kind="report_deadline", to="organisers", online=14, in_person=30, hour=None, timed=False,
         timer="deadline", valid=3 * DAY),
    Rule(key="practical_pack", kind="practical_pack", to="coming", in_person=14, counted=True, chain="coming"),
    Rule(key="headcount", kind="report_headcount", to="organisers", in_person=10, hour=DESK, valid=5 * DAY, late=True),
    Rule(key="reminder_7d", kind="reminder_7d", to="coming", online=7, in_person=7, counted=True, chain="coming"),
    Rule(key="readiness", kind="report_readiness", to="organisers", online=3, in_person=3, hour=DESK, valid=3 * DAY,
         late=True),
    Rule(key="reminder_1d", kind="reminder_1d", to="coming", online=1, in_person=1, counted=True, chain="coming"),
    Rule(key="reminder_1h", kind="reminder_1h", to="coming", online=0, hour=None, offset=-timedelta(hours=1),
         chain="coming", late=True, timed=False, lead=timedelta(hours=5)),
    Rule(key="reminder_day", kind="reminder_day", to="coming", in_person=0, hour=DAY_CALL, host=True, chain="coming",
         late=True, timed=False, lead=timedelta(hours=20)),
    Rule(key="moderate", kind="moderate", to="moderators", online=0, in_person=0, hour=None,
         offset=-timedelta(minutes=15), late=True, timed=False, live=True, lead=timedelta(hours=5)),
    Rule(key="checkin", kind="checkin", to="coming", online=0, in_person=0, hour=None, offset=-timedelta(minutes=15),
         late=True, timed=False, live=True, lead=timedelta(hours=5)),
    Rule(key="feedback", kind="feedback_request", to="attended", online=0, in_person=0, hour=None, after=True,
         offset=ASK_AFTER, counted=True, timed=False, chain="questions", timer="fbask"),
    Rule(key="attendance", kind="report_attendance", to="organisers", online=-1, in_person=-1, hour=DESK, after=True,
         valid=5 * DAY),
    Rule(key="absent", kind="absent", to="absent", online=-1, in_person=-1, hour=time(16), after=True, counted=True,
         late=True, lead=timedelta(hours=3), valid=5 * DAY),
    Rule(key="again_1", kind="feedback_reminder", to="unanswered", online=-3, in_person=-3, after=True, counted=True,
         chain="questions"),
    Rule(key="again_2", kind="feedback_reminder", to="unanswered", online=-6, in_person=-6, after=True, counted=True,
         chain="questions"),
    Rule(key="feedback_close", kind="report_feedback", to="organisers", online=-7, in_person=-7, hour=None, after=True,
         timed=False, valid=5 * DAY),
    Rule(key="followup", kind="followup_90d", to="attended", online=-90, in_person=-90, after=True, counted=True,
         valid=14 * DAY),
)  # fmt: skip
"""In the order of time. Memo, polls and the report at T+45 are rows of other features."""
LAST = ("reminder_1h", "reminder_day")
PERSONAL = ("coming", "yes_maybe")
"""Audiences who have said how they take part in a hybrid meeting: its rows are those of their own way."""


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
                for change, mine in ((usual.get(rule.key), False), (usual.get(f"{rule.key}@{form}"), False),
                                     (own.get(key), True)):  # fmt: skip
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
        if change.get("hour"):
            hour = time.fromisoformat(str(change["hour"]))
    return replace(
        row, days=days, hour=hour, off=bool(change.get("off")), own=row.own or mine, changed=row.changed or not mine
    )


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
            while day.weekday() not in WORKING or day in self.no_send:
                day += step
        return datetime.combine(day, row.hour or BULK, zone).astimezone(UTC)

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
