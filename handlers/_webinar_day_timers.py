"""When what follows an opening is due, and who gets it: reminders, the link, the day itself, what comes after.

The moments of people are those of an online meeting's rows (`handlers/_schedule.py`): days and hours in their own zone,
out of quiet hours, back before the start where forward would be too late. All instants are aware UTC.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, update

from handlers import _quota
from handlers._reminding import no_send_dates
from handlers._schedule import Calendar, Row, Rule, feedback_closes
from handlers._schedule_table import DESK
from handlers._webinar_cards import KINDS, link_from
from scheduler import cards, delivery, quiet, timers
from storage import webinar_days, webinars
from storage.communities import Channel, own_community
from storage.database import Session
from storage.deliveries import Campaign, Delivery
from storage.meetings import Meeting
from storage.members import GUEST, Member, holders
from storage.timers import Timer
from storage.webinar_erasing import AFTER
from storage.webinars import Registrant, Webinar

TIMERS = (
    "webinar.week", "webinar.link", "webinar.hour", "webinar.start", "webinar.feedback", "webinar.recording",
    "webinar.report",
)  # fmt: skip
"""Timers that a move sets anew; `webinar.erase` stays, because what people told us is erased in any case."""
ERASE = "webinar.erase"
ROWS = {"webinar_week": "reminder_7d", "webinar_link": "reminder_1d", "webinar_hour": "reminder_1h"}
"""Kinds of messages to people who are registered, and the row of a meeting whose moments they share."""
DAY_KINDS = (*KINDS, "webinar_link", "webinar_hour")
"""Cards that follow when it begins and ends; those of questions to the moderator follow the questions."""
HOUR = timedelta(hours=1)
NEAR = timedelta(days=17)
"""No reminder is written longer than this before the start."""
WEEK_AHEAD = timedelta(days=8)
"""So long before the start it stands on Home: a digest stands for the reminder a week before."""
URGENT = timedelta(days=1)
"""So close to the start news goes out at once, also at night (domain 3.2)."""
VALID = timedelta(days=5)
OUT = ("sending", "sent", "unknown")
"""States of a message that has left, or may have."""


def _organisers(key: str, days: int) -> Row:
    """Make a row of what organisers get so many days before the start; negative ones are after the end."""
    rule = Rule(key=key, kind=key, to="organisers", online=days, hour=DESK, after=days < 0, valid=VALID)
    return Row(rule, key, days, DESK)


LINK_TWO, LINK_ONE = _organisers("webinar_link_two", 2), _organisers("webinar_link_one", 1)
RECORDING, REPORT = _organisers("webinar_recording_due", -5), _organisers("webinar_report", -45)


@dataclass(frozen=True, slots=True)
class Dates:
    """Know the moments of one webinar."""

    webinar: Webinar
    calendar: Calendar

    def row(self, kind: str) -> Row:
        """Give the row whose moments the messages of a kind have."""
        found = self.calendar.row(ROWS[kind])
        assert found is not None
        return found

    def at(self, row: Row) -> datetime:
        """Give the moment of what organisers get; after the project's last day it is 14 days before (domain 3.2)."""
        return self.calendar.nominal(row)

    def early(self, row: Row) -> bool:
        """Tell whether it comes early because the project would be over."""
        return self.calendar.early(row)

    @property
    def questions_close(self) -> datetime:
        """Give the end of the feedback: seven days after, at six in the evening of the host."""
        return feedback_closes(self.calendar.meeting)


async def dates_of(db: Session, webinar: Webinar) -> Dates:
    """Give the moments of a webinar under the rules of its community, except changes meant for meetings."""
    settings = (await own_community(db)).settings
    kept: Mapping[str, Any] = {name: settings[name] for name in ("programme", "ends") if name in settings}
    same = Meeting(
        starts_at=webinar.starts_at, ends_at=webinar.ends_at, zone=webinar.zone, format="online", schedule={},
        rsvp_deadline=webinar.starts_at,
    )  # fmt: skip
    return Dates(webinar, Calendar(same, kept, await no_send_dates(db)))


def stamp(webinar: Webinar) -> str:
    """Name one date of a webinar: what is written twice for it is sent once."""
    return f"{webinar.starts_at:%Y%m%d%H%M}"


async def arm(db: Session, webinar: Webinar, now: datetime, *, since: datetime | None = None) -> None:
    """Set every timer of an announced webinar; safe to repeat: waiting ones move, others are called off.

    `since` is when people were told of a new date: what would have been due before then is not made up for.
    """
    key, starts, ends = webinar.key, webinar.starts_at, webinar.ends_at
    await timers.call_at(db, ERASE, key, ends + AFTER)
    if webinar.state not in webinar_days.BEFORE:
        await disarm(db, webinar)
        return
    dates = await dates_of(db, webinar)
    kept = {"since": since.isoformat()} if since else {}
    week, link = dates.row("webinar_week"), dates.row("webinar_link")
    calendar = dates.calendar
    await timers.call_at(db, "webinar.week", key, calendar.written(week), not_after=starts, details=kept)
    await timers.call_at(db, "webinar.link", key, calendar.written(link), slot="write", not_after=starts, details=kept)
    last = link_from(webinar)  # whoever comes later is answered with it
    await timers.call_at(db, "webinar.link", key, last, slot="late", not_after=starts, details=kept)
    await timers.cancel(db, "webinar.link", key, "two")
    if dates.at(LINK_TWO) < dates.at(LINK_ONE):
        await timers.call_at(db, "webinar.link", key, dates.at(LINK_TWO), slot="two", not_after=dates.at(LINK_ONE))
    await timers.call_at(db, "webinar.link", key, dates.at(LINK_ONE), slot="one", not_after=starts)
    await timers.call_at(db, "webinar.hour", key, starts - HOUR, not_after=starts, details=kept)
    for slot, at in (("doors", webinar_days.doors(webinar)), ("start", starts), ("end", ends)):
        await timers.call_at(db, "webinar.start", key, at, slot=slot, not_after=ends if slot != "end" else None)
    closes = dates.questions_close
    await timers.call_at(db, "webinar.feedback", key, ends + HOUR, slot="ask", not_after=closes)
    await timers.call_at(db, "webinar.feedback", key, closes, slot="close")
    for row in (RECORDING, REPORT):
        at = dates.at(row)
        if at > ends:  # a project that ends right after it has nothing to wait for
            await timers.call_at(db, "webinar.recording" if row is RECORDING else "webinar.report", key, at)


async def disarm(db: Session, webinar: Webinar) -> None:
    """Forget every timer but that of the erasure, and take back what is written and has not left.

    Those that are done are forgotten as well: what they wrote and has not left is written anew.
    """
    old = delete(Timer).where(Timer.kind.in_(TIMERS), Timer.subject == webinar.key)
    await db.execute(old.execution_options(synchronize_session=False))
    mine = select(Campaign.id).where(
        Campaign.subject == webinar.key, Campaign.kind.in_((*ROWS, "webinar_feedback", "webinar_link_missing"))
    )
    change = update(Delivery).where(Delivery.campaign_id.in_(mine), Delivery.state == "queued")
    await db.execute(change.values(state="cancelled", reason="moved").execution_options(synchronize_session=False))


async def rebuild(db: Session, webinar: Webinar, now: datetime) -> None:
    """Set everything anew after another date: what waited for the old one is taken back."""
    await disarm(db, webinar)
    await arm(db, webinar, now, since=now)


async def write(
    db: Session, webinar: Webinar, dates: Dates, kind: str, people: Sequence[Registrant], now: datetime,
    since: datetime | None = None,
) -> None:  # fmt: skip
    """Write one kind of message for people who are registered; who is known already gets nothing twice.

    What had passed when somebody came in, or heard of the date (`since`), is not made up for: their card said it. After
    an outage what is still worth it goes at the next allowed moment; the last reminder keeps its moment, also at night.
    """
    row, to = dates.row(kind), []
    members = {each.id: each for each in await webinars.people(db, people)}
    if kind == "webinar_link":
        had, waits = await _sent(db, webinar)
        members = {number: each for number, each in members.items() if number not in had | waits}
    for each in people:
        member = members.get(each.member_id or 0)
        if member is None:
            continue
        due, expires = dates.calendar.slot(row, member), dates.calendar.expiry(row, member)
        if due < now:
            came = max(each.registered_at, since) if since else each.registered_at
            if came > due:
                if kind != "webinar_link" or came >= link_from(webinar):
                    continue
                due = link_from(webinar)  # their card promised it for the host's morning
            due = max(due, now) if kind == "webinar_hour" else allowed(dates, member, max(due, now))
        if due < expires:
            to.append(delivery.To(member=member, due=due, expires=expires))
    if kind == "webinar_week":  # guests asked for nothing else, and have no Home a digest could lead to
        guests = [each for each in to if each.member is not None and each.member.state == GUEST]
        to = [*await _quota.spread(db, kind, [each for each in to if each not in guests], now), *guests]
    if to:
        await delivery.plan(db, kind=kind, subject=webinar.key, occurrence=stamp(webinar), to=to, now=now)


def allowed(dates: Dates, member: Member, at: datetime) -> datetime:
    """Give the first moment from `at` at which somebody may be written to."""
    return quiet.next_allowed(member, at, no_send=dates.calendar.no_send)


async def catch_up(db: Session, webinar: Webinar, people: Sequence[Registrant], now: datetime) -> None:
    """Add people who got a seat just now to what is written already and still ahead of them.

    Of a webinar that is far away this asks the database nothing.
    """
    if now < webinar.starts_at - NEAR or webinar.state not in webinar_days.BEFORE or not people:
        return
    dates = await dates_of(db, webinar)
    for kind in ("webinar_week", "webinar_link"):
        if now >= dates.calendar.written(dates.row(kind)) and (webinar.join_link or kind != "webinar_link"):
            await write(db, webinar, dates, kind, people, now, since=now)


async def link_changed(db: Session, webinar: Webinar, now: datetime) -> None:
    """Let a new join link reach people: nothing is said while it has not been sent, else one notice.

    Who should have had it and has not, because it was missing, gets it now, or at their moment if that is ahead. Call
    it when the link of an announced webinar has changed, its revision raised.
    """
    dates = await dates_of(db, webinar)
    row = dates.row("webinar_link")
    if not webinar.join_link or now < dates.calendar.written(row) or now >= webinar.ends_at:
        return
    had, waits = await _sent(db, webinar)
    people = await webinars.people(db, await webinars.registered(db, webinar))
    again: list[delivery.To] = []
    first: list[delivery.To] = []
    for member in people:
        slot = dates.calendar.slot(row, member)
        soon = webinar.starts_at - now < URGENT
        at = slot if slot > now else now if soon else allowed(dates, member, now)
        if member.id in had:
            again.append(delivery.To(member=member, due=at, expires=webinar.ends_at))
        elif member.id not in waits:
            first.append(delivery.To(member=member, due=at, expires=webinar.ends_at))
    for name, to in (("new", again), ("first", first)):
        if to:
            await delivery.plan(
                db, kind="webinar_link", subject=webinar.key, occurrence=f"{stamp(webinar)}-{name}-{webinar.revision}",
                to=to, now=now, details={"new": name == "new"},
            )  # fmt: skip


async def had_link(db: Session, webinar: Webinar, member: Member) -> bool:
    """Tell whether somebody has got the link for this date, before the host's morning if that is when theirs was."""
    return member.id in (await _sent(db, webinar, member))[0]


async def _sent(db: Session, webinar: Webinar, member: Member | None = None) -> tuple[set[int | None], set[int | None]]:
    """Give to whom, by id, the link for this date has gone, and for whom it waits."""
    query = (
        select(Delivery.member_id, Delivery.state)
        .join(Campaign, Campaign.id == Delivery.campaign_id)
        .where(
            Campaign.kind.in_(("webinar_link", "webinar_hour")), Campaign.subject == webinar.key,
            Campaign.occurrence.startswith(stamp(webinar)),
        )
    )  # fmt: skip
    if member is not None:
        query = query.where(Delivery.member_id == member.id)
    found = (await db.execute(query)).all()
    return {one for one, state in found if state in OUT}, {one for one, state in found if state == "queued"}


async def tell_organisers(
    db: Session, webinar: Webinar, kind: str, occurrence: str, due: datetime, now: datetime, *,
    until: datetime | None = None,
) -> None:  # fmt: skip
    """Plan one card for the organisers' channels; without one each organiser gets it in private."""
    end = until or max(due, now) + VALID
    query = select(Channel).where(Channel.purpose == "organisers", Channel.reachable.is_(True)).order_by(Channel.id)
    to = [delivery.To(channel=each, due=max(due, now), expires=end) for each in await db.scalars(query)]
    if not to:
        to = [delivery.To(member=each, due=max(due, now), expires=end) for each in await holders(db, "organiser", now)]
    if to and max(due, now) < end:
        await delivery.plan(db, kind=kind, subject=webinar.key, occurrence=occurrence, to=to, now=now)


async def follow(db: Session, webinar: Webinar) -> None:
    """Let every card of a webinar follow: in channels, in private, of organisers."""
    await cards.touch(db, DAY_KINDS, webinar.key)
