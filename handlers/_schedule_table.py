"""The table of domain 3.1 as data: one rule for each row that is planned by itself, in the order of time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time, timedelta
from typing import Literal

Audience = Literal[
    "silent", "maybe", "yes_maybe", "coming", "visa", "unanswered", "absent", "attended", "moderators", "organisers",
    "not_voted", "channels",
]  # fmt: skip
BULK = time(10)
"""The hour at which members get what is not urgent, in their own zone (domain 3.2)."""
DAY_CALL = time(8)
"""The hour of the last reminder before a meeting in person, in the host's zone: the member is there by then."""
DESK = time(9)
"""The hour of reports to organisers (conversation §8)."""
POLL_CLOSES = time(18)
"""The host's hour at which a topic poll closes."""
ASK_AFTER = timedelta(hours=1)
"""How long after the end people are asked for feedback."""
DAY = timedelta(days=1)


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
    draft: bool = False
    """Whether it comes before the meeting is announced: it counts from the draft on, and no longer once people know."""
    follows: str = ""
    """The row from which its days are counted forward; they are the community's, the same for every meeting."""
    stays: bool = False
    """Whether it cannot be switched off: a poll has to close."""
    timer: str = "reminder"
    """The timer that does it; "" for what other parts do by themselves."""


RULES = (
    Rule(key="poll_open", kind="report_poll", to="organisers", online=60, in_person=100, hour=DESK, draft=True,
         valid=5 * DAY, late=True),
    Rule(key="poll_remind", kind="topic_poll_reminder", to="not_voted", online=7, in_person=7, follows="poll_open",
         draft=True, counted=True, valid=3 * DAY, timer=""),
    Rule(key="poll_close", kind="poll_result", to="channels", online=10, in_person=10, hour=POLL_CLOSES,
         follows="poll_open", draft=True, valid=5 * DAY, stays=True, timer=""),
    Rule(key="checklist", kind="report_checklist", to="organisers", online=45, in_person=85, hour=DESK, draft=True,
         valid=5 * DAY, late=True),
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
"""In the order of time. A poll is opened by organisers, who are told when it is time, and does
the rest by itself; memo and the report at T+45 are rows of other features."""
LAST = ("reminder_1h", "reminder_day")
PERSONAL = ("coming", "yes_maybe")
"""Audiences who have said how they take part in a hybrid meeting: its rows are those of their own way."""
