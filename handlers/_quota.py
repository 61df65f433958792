"""The weekly cap: at most so many unsolicited messages a member in any seven days; what is over goes into a digest.

Counted from what is planned, waits or was sent, so a restart forgets nothing (domain 3.2, conversation §8).
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from sqlalchemy import func, select

from scheduler import delivery, quiet
from storage.communities import own_community
from storage.database import Session
from storage.deliveries import Campaign, Delivery
from storage.members import Member

CAP = 3
"""Unsolicited messages a member gets in seven days, unless the community says otherwise (domain 3.2)."""
WEEK = timedelta(days=7)
DIGEST = "digest"
VALID = timedelta(days=2)
"""How long after its moment a digest may still go out; it is drawn from the truth of then."""
COUNTED = (
    "invitation", "rsvp_nudge", "maybe_nudge", "reconfirm_nudge", "agenda_question", "practical_pack", "reminder_7d",
    "reminder_1d", "topic_poll", "date_poll", "quick_poll", "topic_poll_reminder", "date_poll_reminder",
    "feedback_request", "feedback_reminder", "absent", "followup_90d", "memo", "memo_again", "webinar_week",
    "publication_out", "announcement",
)  # fmt: skip
"""Kinds that count. Answers to one's own acts, offers of seats, the last reminder, check-in, and news of a moved or
cancelled meeting do not."""
LOCK = 0x0CA9
"""First half of the advisory lock's number; the second is the community's."""
AHEAD = timedelta(days=45)
"""No counted message is planned longer than this before it is due; older sends need not be looked at."""
PLANNED = ("queued", "sending", "sent", "unknown")
ONE_BY_ONE = 200
"""Up to so many members their messages are asked for by name, beyond it those of everybody."""


@dataclass(slots=True)
class Week:
    """Know when members get counted messages and digests, and take more in; pure, instants are aware UTC."""

    cap: int
    counted: dict[int, list[datetime]] = field(default_factory=dict)
    digests: dict[int, list[datetime]] = field(default_factory=dict)

    def take(self, member: int, due: datetime) -> bool:
        """Count a message if no seven days would then hold more than the cap; false if one would."""
        mine = self.counted.setdefault(member, [])
        near = sorted([each for each in mine if abs(each - due) < WEEK] + [due])
        for first, last in zip(near, near[self.cap :], strict=False):
            if first <= due <= last and last - first < WEEK:
                return False
        insort(mine, due)
        return True

    def digest(self, member: Member, due: datetime, no_send: frozenset[date]) -> datetime | None:
        """Give when somebody gets a digest for a message due then; None if one that is planned already stands for it.

        It goes at the bulk hour of the day, and at most once in seven days.
        """
        mine = self.digests.setdefault(member.id, [])
        at = quiet.bulk_slot(member, due, no_send)
        while near := [each for each in mine if abs(each - at) < WEEK]:
            if max(near) >= due:
                return None
            at = quiet.bulk_slot(member, max(near) + WEEK, no_send)
        insort(mine, at)
        return at


async def cap(db: Session) -> int:
    """Give the community's weekly cap; 0 means that nothing is held back."""
    given = (await own_community(db)).settings.get("weekly_cap", CAP)
    return given if isinstance(given, int) and given >= 0 else CAP


async def week(db: Session, kind: str, dues: Mapping[int, datetime], most: int) -> Week:
    """Read what these members, by id, get within a week of the given moments, in one question."""
    found = Week(most)
    if not dues:
        return found
    query = (
        select(Delivery.member_id, Delivery.due_at, Campaign.kind)
        .join(Campaign, Campaign.id == Delivery.campaign_id)
        .where(
            Campaign.kind.in_({*COUNTED, kind, DIGEST}),
            Campaign.created_at > min(dues.values()) - WEEK - AHEAD,
            Delivery.due_at > min(dues.values()) - WEEK,
            Delivery.due_at < max(dues.values()) + WEEK,
            Delivery.state.in_(PLANNED),
        )
    )
    if len(dues) <= ONE_BY_ONE:
        query = query.where(Delivery.member_id.in_(list(dues)))
    for member, due, what in await db.execute(query):
        if member is not None and member in dues:
            (found.digests if what == DIGEST else found.counted).setdefault(member, []).append(due)
    for lists in (found.counted, found.digests):
        for each in lists.values():
            each.sort()
    return found


async def surplus(db: Session, kind: str, dues: Sequence[tuple[Member, datetime]]) -> frozenset[int]:
    """Tell which members, by id, would be over their cap with a message of this kind.

    Nothing is written, but nobody else counts until the end of the transaction, so that a preview can be carried out.
    """
    most = await cap(db)
    if not most or not dues:
        return frozenset()
    await _hold(db)
    known = await week(db, kind, {member.id: due for member, due in dues}, most)
    return frozenset(member.id for member, due in sorted(dues, key=lambda each: each[1])
                     if not known.take(member.id, due))  # fmt: skip


async def _hold(db: Session) -> None:
    """Let sends of this community be counted one after the other until the end of the transaction.

    A lock of its own: rows of the community are held by whoever changes its settings. SQLite has one writer anyway.
    """
    if db.get_bind().dialect.name == "postgresql":
        await db.execute(select(func.pg_advisory_xact_lock(LOCK, db.community_id)))


async def spread(db: Session, kind: str, to: Sequence[delivery.To], now: datetime) -> list[delivery.To]:
    """Leave out members who would be over their cap, and plan one digest for each of them instead.

    Call it right before `delivery.plan`, in its transaction. Rows for channels pass.
    """
    most = await cap(db)
    members = {each.member.id: each.due for each in to if each.member is not None}
    if not most or not members:
        return list(to)
    if len(members) > 1:  # two sends at once come one after the other, so that each sees the other's rows
        await _hold(db)
    known = await week(db, kind, members, most)
    kept: list[delivery.To] = []
    over: list[delivery.To] = []
    for each in to:
        fits = each.member is None or known.take(each.member.id, each.due)
        (kept if fits else over).append(each)
    await _plan(db, known, over, now)
    return kept


async def put_off(db: Session, kind: str, to: Sequence[delivery.To], now: datetime) -> None:
    """Plan the digests of members whom a preview had shown as over their cap."""
    if to:
        known = await week(db, kind, {each.member.id: each.due for each in to if each.member}, await cap(db))
        await _plan(db, known, to, now)


async def _plan(db: Session, known: Week, over: Collection[delivery.To], now: datetime) -> None:
    from handlers._reminding import no_send_dates

    if not over:
        return
    no_send = await no_send_dates(db)
    days: dict[str, list[delivery.To]] = {}
    for each in over:
        assert each.member is not None
        at = known.digest(each.member, max(each.due, now), no_send)
        if at is not None:
            days.setdefault(f"{at:%Y-%m-%d}", []).append(replace(each, due=at, expires=at + VALID))
    for day, to in sorted(days.items()):
        await delivery.plan(db, kind=DIGEST, subject=DIGEST, occurrence=day, to=to, now=now)
