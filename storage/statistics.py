"""Indicators of a community, exactly as `domain.md` 5.3 defines them, as far as the stored rows go.

Counted are meetings that were held; one still inviting is listed apart. Ratings of a meeting count once its feedback
has closed and at least five people answered, so that no single answer can be read off a total (reliability §5.5).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import and_, not_, select

from storage import webinar_days, webinar_erasing
from storage.communities import Community
from storage.database import Session
from storage.documents import Acknowledgment, Document
from storage.feedback import FeedbackAnswer
from storage.meetings import HELD, Attendance, Invitation, Meeting
from storage.members import Member
from storage.webinars import Webinar

FEEDBACK_OPEN = timedelta(days=8)
"""Seven days and the rest of the last one: by then it is closed in any zone."""
ACKNOWLEDGED_WITHIN = timedelta(days=14)
MEMO_WITHIN_DAYS = 30
FEW = 5
"""Fewer answers than this are never shown."""
PARTNERS = ("country_of_origin", "country_of_transit")
PUBLISHED = ("published", "disseminated", "archived")
RATINGS = {"F1": "satisfaction", "F2": "relevance", "F3": "learning", "F5": "openness", "F7": "organisation"}
_ONLY_ASKED = and_(
    Invitation.invited_at.is_(None),
    Invitation.delivered.is_(False),
    Invitation.replied_at.is_not(None),
    Invitation.reply != "yes",
)
"""Somebody who was not invited asked for a seat and has not got one: nobody to divide by."""
NO_CONTACTS, WILL_USE = "a", "y"
"""What the feedback form stores for "none" (F4) and "yes" (F6)."""


@dataclass(frozen=True, slots=True)
class Indicator:
    """Be one figure: a count (no denominator) or a share; `mean` for ratings, `target` where the programme has one."""

    name: str
    numerator: int
    denominator: int | None = None
    mean: float | None = None
    target: int | None = None

    @property
    def percent(self) -> float | None:
        """Give the share in percent, one decimal, half up; None for n/a."""
        return share(self.numerator, self.denominator)

    def as_json(self) -> dict[str, Any]:
        """Give it in the shape of `stats --json` (design §9); `mean` and `target` only where there is one."""
        shape: dict[str, Any] = {
            "name": self.name, "numerator": self.numerator, "denominator": self.denominator, "percent": self.percent,
        }  # fmt: skip
        more = {"mean": self.mean, "target": self.target}
        return shape | {name: value for name, value in more.items() if value is not None}


@dataclass(slots=True)
class MeetingFigures:
    """Be the counts of one meeting; `attended` is None until somebody recorded it, `satisfied` until it may be told."""

    meeting: Meeting
    counted: bool
    delivered: int = 0
    replies: Counter[str] = field(default_factory=Counter)
    attendance: Counter[str] = field(default_factory=Counter)
    attended_yes: int = 0
    no_shows: int = 0
    feedback: int = 0
    ratings: list[dict[str, Any]] = field(default_factory=list)
    memo_sent: int = 0
    memos: int = 0
    memos_on_time: int = 0
    acknowledged: int = 0

    @property
    def attended(self) -> int | None:
        """Count who took part, in full or in part."""
        return self.attendance["attended"] + self.attendance["partial"] if self.attendance else None

    def as_json(self) -> dict[str, Any]:
        """Give one row of `stats --json`."""
        satisfied = sum(_high(each.get("F1")) for each in self.ratings) if self.ratings else None
        return {
            "key": self.meeting.code,
            "state": self.meeting.state,
            "invited": sum(self.replies.values()),
            **{name: self.replies[name] for name in ("yes", "no", "maybe", "none")},
            "attended": self.attended,
            "feedback": self.feedback,
            "satisfied": satisfied,
            "acknowledged": self.acknowledged if self.memos else None,
            "counted": self.counted,
        }


def share(numerator: int, denominator: int | None) -> float | None:
    """Give a share in percent with one decimal, half up; None when there is nothing to divide by."""
    if not denominator:
        return None
    exact = Decimal(numerator) * 100 / Decimal(denominator)
    return float(exact.quantize(Decimal("0.1"), ROUND_HALF_UP))


def _high(rating: Any) -> bool:
    return str(rating) in ("4", "5")


async def figures(db: Session, now: datetime) -> list[MeetingFigures]:
    """Give the counts of all meetings that were at least announced, oldest first; one question per table."""
    meetings = await db.scalars(
        select(Meeting)
        .where(Meeting.kind == "meeting", Meeting.state.not_in(("draft", "cancelled")))
        .order_by(Meeting.starts_at, Meeting.id)
    )
    found = {each.id: MeetingFigures(each, each.state in HELD) for each in meetings}
    said: dict[tuple[int, int], str] = {}
    for row in await db.scalars(select(Invitation).where(Invitation.withdrawn.is_(False), not_(_ONLY_ASKED))):
        if (each := found.get(row.meeting_id)) is not None:
            said[row.meeting_id, row.member_id] = row.reply
            if row.represents is None:  # a delegate comes in a place that is counted already
                each.replies["yes" if row.reply == "delegated" else row.reply] += 1
                each.delivered += row.delivered
    for attendance in await db.scalars(select(Attendance)):
        if (each := found.get(attendance.meeting_id)) is not None:
            each.attendance[attendance.state] += 1
            if said.get((attendance.meeting_id, attendance.member_id or 0)) == "yes":
                each.attended_yes += attendance.state in ("attended", "partial")
                each.no_shows += attendance.state == "absent"
    for answer in await db.scalars(select(FeedbackAnswer)):
        if (each := found.get(answer.meeting_id)) is not None:
            each.feedback += 1
            each.ratings.append(answer.answers)
    for each in found.values():
        if each.feedback < FEW or now < each.meeting.ends_at + FEEDBACK_OPEN:
            each.ratings = []
    await _memos(db, found)
    return list(found.values())


async def _memos(db: Session, found: dict[int, MeetingFigures]) -> None:
    memos = await db.scalars(select(Document).where(Document.kind == "memo", Document.distributed_at.is_not(None)))
    sent: dict[int, tuple[MeetingFigures, datetime]] = {}
    for memo in memos:
        each = found.get(memo.meeting_id or 0)
        if each is None or memo.distributed_at is None:
            continue
        zone = ZoneInfo(each.meeting.zone)
        days = (memo.distributed_at.astimezone(zone).date() - each.meeting.ends_at.astimezone(zone).date()).days
        each.memos += 1
        each.memos_on_time += days <= MEMO_WITHIN_DAYS
        each.memo_sent += memo.recipients
        sent[memo.id] = (each, memo.distributed_at)
    for acknowledgment in await db.scalars(select(Acknowledgment)):
        if (known := sent.get(acknowledgment.document_id)) is not None:
            known[0].acknowledged += acknowledgment.at <= known[1] + ACKNOWLEDGED_WITHIN


async def indicators(db: Session, now: datetime) -> dict[str, Indicator]:
    """Give the indicators of the session's community by id (`I7`), in the order of `domain.md` 5.3."""
    return await _indicators(db, [each for each in await figures(db, now) if each.counted])


async def _indicators(db: Session, held: list[MeetingFigures]) -> dict[str, Indicator]:
    community = await db.get(Community, db.community_id)
    targets = ((community.settings if community else {}).get("programme") or {}).get("targets") or {}
    recorded = [each for each in held if each.attended is not None]
    delivered = sum(each.delivered for each in held)
    answered = sum(number for each in held for reply, number in each.replies.items() if reply != "none")
    yes, yes_recorded = (sum(each.replies["yes"] for each in some) for some in (held, recorded))
    came = sum(each.attended or 0 for each in recorded)
    asked = sum(each.attended if each.attended is not None else each.replies["yes"] for each in held)
    memos = sum(each.memos for each in held)
    return {
        "I1": Indicator("meetings_held", len(held), target=targets.get("meetings")),
        "I2": Indicator(
            "meetings_in_person",
            sum(each.meeting.format == "in_person" for each in held),
            target=targets.get("in_person"),
        ),
        "I3": Indicator("memos_on_time", sum(each.memos_on_time for each in held), memos, target=targets.get("memos")),
        **await _outputs(db, targets),
        "I7": Indicator("rsvp_response_rate", answered, delivered),
        "I8": Indicator("acceptance_rate", yes, delivered),
        "I9": Indicator("attendance_rate", sum(each.attended_yes for each in recorded), yes_recorded),
        "I9b": Indicator("no_show_rate", sum(each.no_shows for each in recorded), yes_recorded),
        **await _people(db, [each.meeting.id for each in held], came),
        "I13": Indicator("feedback_response_rate", sum(each.feedback for each in held), asked),
        **_ratings([rating for each in held for rating in each.ratings]),
        "I17": Indicator(
            "acknowledgment_rate",
            sum(each.acknowledged for each in held),
            sum(each.memo_sent for each in held),
        ),
        **await _webinars(db),
    }


async def _outputs(db: Session, targets: dict[str, int]) -> dict[str, Indicator]:
    kinds = Counter(
        await db.scalars(
            select(Document.kind).where(
                Document.kind.in_(("commentary", "policy_brief")), Document.state.in_(PUBLISHED)
            )
        )
    )
    listed = await db.scalars(select(Meeting.id).where(Meeting.kind == "webinar", Meeting.state.in_(HELD)))
    held = await db.scalars(select(Webinar.id).where(Webinar.state.in_(webinar_days.AFTER)))
    return {
        "I4": Indicator("commentaries_published", kinds["commentary"], target=targets.get("commentary")),
        "I5": Indicator("policy_briefs_published", kinds["policy_brief"], target=targets.get("policy_brief")),
        "I6": Indicator("webinars_held", len(listed.all()) + len(held.all()), target=targets.get("webinar")),
    }


async def _webinars(db: Session) -> dict[str, Indicator]:
    """Count people who were there live, of those registered; views of recordings are no part of it and not known."""
    registered, live = await webinar_erasing.registrations(db, webinar_days.AFTER)
    return {"I18": Indicator("webinar_live_share", live, registered)}


async def _people(db: Session, held: list[int], came: int) -> dict[str, Indicator]:
    rows = (
        await db.scalars(
            select(Attendance).where(Attendance.meeting_id.in_(held), Attendance.state.in_(("attended", "partial")))
        )
    ).all()
    times = Counter(each.member_id for each in rows if each.member_id is not None)
    invited = await db.scalars(
        select(Member.category)
        .join(Invitation, Invitation.member_id == Member.id)
        .where(Invitation.meeting_id.in_(held), Invitation.withdrawn.is_(False), Member.category != "")
        .distinct()
    )
    returning = sum(number >= 2 for number in times.values())
    return {
        "I10": Indicator("participations", came),
        "I10b": Indicator("unique_participants", len(times)),
        "I10c": Indicator("returning_participants", returning, len(times)),
        "I11": Indicator("category_coverage", len({each.category for each in rows} - {""}), len(invited.all())),
        "I11b": Indicator("partner_country_share", sum(each.category in PARTNERS for each in rows), came),
        "I12": Indicator("countries_represented", len({each.country for each in rows} - {""})),
    }


def _ratings(answers: Iterable[dict[str, Any]]) -> dict[str, Indicator]:
    rows, found = list(answers), {}
    for item, name in RATINGS.items():
        numbers = [int(str(each[item])) for each in rows if str(each.get(item, "")) in ("1", "2", "3", "4", "5")]
        mean = None
        if numbers:
            exact = Decimal(sum(numbers)) / len(numbers)
            mean = float(exact.quantize(Decimal("0.1"), ROUND_HALF_UP))
        key = "I14" if item == "F1" else f"I14{item}"
        found[key] = Indicator(name, sum(number >= 4 for number in numbers), len(numbers), mean)
    contacts = [each["F4"] for each in rows if each.get("F4")]
    plans = [each["F6"] for each in rows if each.get("F6")]
    return found | {
        "I15": Indicator("new_contacts", sum(each != NO_CONTACTS for each in contacts), len(contacts)),
        "I16": Indicator("intention_to_use", sum(each == WILL_USE for each in plans), len(plans)),
    }


async def stats_json(db: Session, now: datetime) -> dict[str, Any]:
    """Give everything in the shape of `stats --json` (design §9); the session is scoped to the community."""
    community = await db.get(Community, db.community_id)
    rows = await figures(db, now)
    counted = await _indicators(db, [each for each in rows if each.counted])
    return {
        "community": community.key if community else "",
        "as_of": now.isoformat(),
        "meetings": [each.as_json() for each in rows],
        "indicators": {key: each.as_json() for key, each in counted.items()},
    }
