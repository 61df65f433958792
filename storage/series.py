"""Series: meetings that repeat by a rule, kept at the same wall-clock time of their zone (RFC 5545 RRULE)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, select
from sqlalchemy.orm import Mapped, mapped_column

from storage.database import Base, OfCommunity, Session, new_key
from storage.meetings import Meeting, next_code

NOT_ANNOUNCED = ("draft", "scheduled")
"""States in which a meeting may be changed or dropped without a notice to anybody."""
SHARED = (
    "kind", "title", "theme", "region", "format", "zone", "place", "join_link", "passcode", "chatham_house",
    "audience", "announce", "seats", "seats_online", "per_organisation", "guests", "schedule",
)  # fmt: skip
"""Columns the meetings of a series begin with."""
SHARED_DETAILS = ("map_link", "phone", "profile")


class Series(OfCommunity, Base):
    """A rule and what its meetings have in common."""

    __tablename__ = "series"
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(12), unique=True, default=new_key)
    title: Mapped[str] = mapped_column(String(120))
    rule: Mapped[str] = mapped_column(String(200))
    """RRULE without its name, for example `FREQ=MONTHLY;BYDAY=3WE;COUNT=6`."""
    zone: Mapped[str] = mapped_column(String(64))
    starts_at: Mapped[datetime]
    """First start; its wall time in `zone` is kept for all."""
    minutes: Mapped[int]
    template: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """Columns of `Meeting` that its meetings begin with."""
    state: Mapped[str] = mapped_column(String(12), default="active")
    """`active` or `ended`."""
    created_by: Mapped[int | None] = mapped_column(ForeignKey("member.id", ondelete="SET NULL"))


@dataclass(frozen=True, slots=True)
class Dates:
    """Be the moments of one meeting to come (UTC)."""

    starts_at: datetime
    rsvp_deadline: datetime
    online_deadline: datetime | None = None


async def begin(
    db: Session, first: Meeting, rule: str, dates: Sequence[Dates], by: int
) -> tuple[Series, list[Meeting]]:
    """Repeat a meeting: it becomes the first of a series, and one planned meeting is written for each of `dates`.

    Nothing is sent by it. The caller holds the row of the meeting (`meetings.lock`). Raise `ValueError` if the meeting
    is in a series that runs.
    """
    known = await of_meeting(db, first)
    if known is not None and known.state == "active":
        raise ValueError("in a series already")
    series = Series(
        title=first.title,
        rule=rule,
        zone=first.zone,
        starts_at=first.starts_at,
        minutes=int((first.ends_at - first.starts_at).total_seconds() // 60),
        template=_template(first),
        created_by=by,
    )
    db.add(series)
    await db.flush()
    first.series_id, first.occurrence = series.id, first.starts_at
    return series, await extend(db, series, first, dates, by)


async def extend(db: Session, series: Series, like: Meeting, dates: Sequence[Dates], by: int) -> list[Meeting]:
    """Plan one more meeting of a series for each of `dates`, with what the meeting `like` has now; give them.

    The caller holds the row of the series, or has just made it.
    """
    columns, length = _template(like), like.ends_at - like.starts_at
    number = int((await next_code(db))[1:])
    made = [
        Meeting(
            **columns,
            code=f"M{number + place}",
            state="scheduled",
            starts_at=each.starts_at,
            ends_at=each.starts_at + length,
            rsvp_deadline=each.rsvp_deadline,
            online_deadline=each.online_deadline,
            series_id=series.id,
            occurrence=each.starts_at,
            created_by=by,
        )
        for place, each in enumerate(dates)
    ]
    db.add_all(made)
    await db.flush()
    return made


def _template(meeting: Meeting) -> dict[str, Any]:
    """Give what the other meetings of a series take over from one."""
    details = meeting.details or {}
    shared = {name: getattr(meeting, name) for name in SHARED}
    return shared | {"details": {name: details[name] for name in SHARED_DETAILS if name in details}}


async def by_key(db: Session, key: str) -> Series | None:
    """Give a series by the key its buttons carry."""
    return (await db.scalars(select(Series).where(Series.key == key))).one_or_none()


async def lock(db: Session, key: str) -> Series | None:
    """Give a series and hold its row, so that two organisers change its meetings one after the other."""
    found = await db.scalars(
        select(Series).where(Series.key == key).with_for_update().execution_options(populate_existing=True)
    )
    return found.one_or_none()


async def of_meeting(db: Session, meeting: Meeting) -> Series | None:
    """Give the series a meeting belongs to."""
    if meeting.series_id is None:
        return None
    return (await db.scalars(select(Series).where(Series.id == meeting.series_id))).one_or_none()


async def running(db: Session) -> list[tuple[Series, list[Meeting]]]:
    """Give the series that have not ended, each with its meetings by time; the latest begun first."""
    found = list(await db.scalars(select(Series).where(Series.state == "active").order_by(Series.id.desc())))
    members: dict[int, list[Meeting]] = {each.id: [] for each in found}
    for meeting in await db.scalars(
        select(Meeting).where(Meeting.series_id.in_(list(members))).order_by(Meeting.starts_at, Meeting.id)
    ):
        members[meeting.series_id or 0].append(meeting)
    return [(each, members[each.id]) for each in found]


async def meetings(db: Session, series: Series) -> list[Meeting]:
    """Give the meetings of a series by time."""
    found = await db.scalars(
        select(Meeting).where(Meeting.series_id == series.id).order_by(Meeting.starts_at, Meeting.id)
    )
    return list(found)


async def to_change(
    db: Session, series: Series, now: datetime, since: datetime | None = None
) -> tuple[list[Meeting], list[Meeting]]:
    """Give the meetings ahead that may be changed at once, held until the end of the transaction, and the announced.

    `since` leaves out those whose place in the series is earlier. Cancelled ones are in neither list.
    """
    asked = select(Meeting).where(
        Meeting.series_id == series.id,
        Meeting.starts_at > now,
        Meeting.state.in_((*NOT_ANNOUNCED, "inviting", "closed")),
    )
    if since is not None:
        asked = asked.where(Meeting.occurrence >= since)
    found = list(
        await db.scalars(
            asked.order_by(Meeting.starts_at, Meeting.id).with_for_update().execution_options(populate_existing=True)
        )
    )
    quiet = [each for each in found if each.state in NOT_ANNOUNCED]
    return quiet, [each for each in found if each.state not in NOT_ANNOUNCED]


async def end(db: Session, series: Series, now: datetime, by: int) -> list[Meeting]:
    """End a series: the meetings ahead that nobody knows of yet are cancelled; give those. Announced ones stay.

    The caller holds the row of the series.
    """
    dropped, _ = await to_change(db, series, now)
    for each in dropped:
        each.state, each.changed_by = "cancelled", by
        each.revision += 1
    series.state = "ended"
    await db.flush()
    return dropped
