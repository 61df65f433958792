"""Rows about walls and calendars: clock changes, leap days, the year 2038, two schedulers at one second (F48, F53-F57).

Series come with the meeting life (issue 5). Until then an occurrence is a meeting of its own, and what is checked is
the arithmetic there is: the asking at creation, the moments of reminders, and what they say in each reader's zone.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen
from zoneinfo import ZoneInfo, available_timezones

from sqlalchemy import func, select

from chat.errors import FieldError
from chat.moments import read_moment
from handlers import _reminding
from handlers._schedule import Calendar
from scheduler import delivery, timers
from storage.database import Database, Session
from storage.deliveries import Campaign, Delivery
from storage.meetings import Invitation, Meeting
from storage.members import Member
from storage.timers import Timer
from tests.faults.register import row
from tests.faults.stage import COMMUNITY, Send, Stage
from tests.faults.verdict import Verdict

BERLIN = "Europe/Berlin"
ZONES = {"s00001": BERLIN, "t00001": "America/New_York", "t00002": "Asia/Kathmandu"}
"""The three who come, and where they live."""
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Sent:
    """Be one message as the sandbox wrote it down; `at` is virtual time."""

    code: str
    kind: str
    person: str
    at: datetime
    text: str


def at_wall(day: date, hour: int, zone: str) -> datetime:
    """Find the instant a wall clock shows a full hour by looking at every quarter of an hour: no arithmetic of ours."""
    tz, noon = ZoneInfo(zone), datetime.combine(day, time(12), UTC)
    for step in range(-4 * 38, 4 * 38):
        moment = noon + step * timedelta(minutes=15)
        local = moment.astimezone(tz)
        if (local.date(), local.hour, local.minute) == (day, hour, 0):
            return moment
    raise ValueError(f"{day} {hour}:00 is not on the clocks of {zone}")


def promised(start: datetime, kind: str, zone: str) -> datetime:
    """Give the documented moment of a reminder, worked out apart from the product."""
    if kind == "reminder_1h":
        return start - HOUR
    day = start.astimezone(ZoneInfo(zone)).date() - (7 if kind == "reminder_7d" else 1) * DAY
    return at_wall(day, 10, zone)


def asked(written: str, now: datetime, zone: str = BERLIN) -> list[datetime]:
    """Type a moment that clocks skip or show twice; give what is offered instead, read as a press would."""
    try:
        found = read_moment(written, now, zone, "en")
    except FieldError as error:
        return [read_moment(raw, now, zone, "en") for _, raw in error.offers]
    raise AssertionError(f"{written} was taken as {found} without a question")


async def played(stage: Stage, starts: dict[str, datetime], since: datetime) -> Verdict:
    """Let three members in three zones say yes to these meetings and live through them; judge their reminders."""
    await stage.box.control("clock", now=since.isoformat())
    async with stage.database.write(COMMUNITY) as db:
        await _announce(stage, db, starts, since)
    port, end = await (await stage.bot()).ready(), max(starts.values())
    due: datetime | None = since
    while due is not None and due <= end:
        due = await _move(stage, port, due)
    await _move(stage, port, end)
    found = await stage.judge(finished=False, most=4)  # about one meeting: three reminders and the questions
    found.problems += complaints(starts, await _sent(stage))
    return found


async def _move(stage: Stage, port: int, to: datetime) -> datetime | None:
    """Move everybody's clock, wait until what became due is done, and give when the next work is due."""
    now = (await stage.box.control("clock", now=to.isoformat()))["now"]
    query = urlencode({"now": now, "cards": "0"})
    found = await asyncio.to_thread(urlopen, f"http://127.0.0.1:{port}/demo/settled?{query}", timeout=30)
    with found:
        told = json.load(found)
    assert told["settled"], f"at {to} the bot did not come to rest"
    return datetime.fromisoformat(told["next_due"]) if told["next_due"] else None


async def _announce(stage: Stage, db: Session, starts: dict[str, datetime], now: datetime) -> None:
    people = list(await db.scalars(select(Member).where(Member.code.in_(ZONES))))
    for each in people:
        each.zone, each.weekend = ZONES[each.code], ""  # else a Sunday's reminder rightly comes on Friday
    for code, start in starts.items():
        meeting = Meeting(
            code=code, title=f"Meeting {code}", zone=BERLIN, state="inviting", audience={}, starts_at=start,
            ends_at=start + 2 * HOUR, rsvp_deadline=start - 2 * DAY, join_link="https://example.org/meet",
        )  # fmt: skip
        db.add(meeting)
        await db.flush()
        for each in people:
            yes = {"reply": "yes", "replied_at": now, "delivered": True, "invited_at": now}
            db.add(Invitation(meeting_id=meeting.id, member_id=each.id, **yes))
        await _reminding.arm(db, meeting)
        stage.sends.append(Send(0, "reminder", meeting.key, meeting.title))


async def _sent(stage: Stage) -> list[Sent]:
    """Give the reminders in the ledger; each must be one the database knows as sent, by the platform's message id."""
    query = (
        select(Delivery.platform, Member.code, Delivery.message, Campaign.kind, Meeting.code)
        .join(Campaign, Campaign.id == Delivery.campaign_id)
        .join(Meeting, Meeting.key == Campaign.subject)
        .join(Member, Member.id == Delivery.member_id)
        .where(Campaign.kind.startswith("reminder"))
    )
    async with stage.database.read() as db:
        known = {tuple(row[:3]): (row[3], row[4]) for row in await db.execute(query)}
    found = []
    for post in stage.box.posts():
        kind, code = known.get((post["platform"], post["person"], post["message"]), ("", ""))
        if kind:
            at = datetime.fromisoformat(post["at"])
            found.append(Sent(code, kind, post["person"], at, str(post["body"].get("text", ""))))
    return found


def complaints(starts: dict[str, datetime], sent: Sequence[Sent]) -> list[str]:
    """Compare what arrived with what was promised: once per person, meeting and kind, at its instant, in their zone."""
    wrong, kinds = [], ("reminder_7d", "reminder_1d", "reminder_1h")
    times = Counter((each.code, each.kind, each.person) for each in sent)
    wanted = {(code, kind, person) for code in starts for kind in kinds for person in ZONES}
    wrong += [f"{each} came {times[each]} times" for each in sorted(wanted | set(times)) if times[each] != 1]
    for each in sent:
        start, zone = starts[each.code], ZONES[each.person]
        due, local = promised(start, each.kind, zone), start.astimezone(ZoneInfo(zone))
        if not due <= each.at <= due + timedelta(seconds=1):
            wrong.append(f"{each.code} {each.kind} to {each.person}: at {each.at}, promised at {due}")
        city = zone.split("/")[1].replace("_", " ")
        dates = (
            f"{local:%a}, {local.day} {local:%b} {local.year}",
            f"{local:%a}, {local:%b} {local.day}, {local.year}",
        )
        says = any(f"{written}, {local:%H:%M}" in each.text for written in dates) and f"({city})" in each.text
        if each.kind != "reminder_1h" and not says:
            wrong.append(f"{each.code} {each.kind} to {each.person} does not say {local} ({city}): {each.text}")
    return wrong


CLOCKS: dict[str, Any] = {"platforms": ("telegram", "slack"), "n": 2, "full": 3, "clock": True, "seeds": 1}


@row("F53", "a meeting at 02:30 in the night without it", expected="creation asks; each reminder once, at its moment",
     **CLOCKS)  # fmt: skip
async def f53(stage: Stage, seed: int, n: int) -> Verdict:
    since = datetime(2026, 3, 15, 9, 0, tzinfo=UTC)
    offers = asked("29 March 2026 02:30", since)
    assert offers == [datetime(2026, 3, 29, 0, 30, tzinfo=UTC), datetime(2026, 3, 29, 1, 30, tzinfo=UTC)]
    return await played(stage, {"M1": offers[0], "M2": offers[1]}, since)


@row("F54", "meetings at 02:30 in the night with two of them, and weekly over both clock changes",
     expected="creation asks; each reminder once per occurrence", **CLOCKS)  # fmt: skip
async def f54(stage: Stage, seed: int, n: int) -> Verdict:
    since = datetime(2026, 10, 10, 9, 0, tzinfo=UTC)
    offers = asked("25 Oct 2026 02:30", since)
    assert offers == [datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)]
    starts = {"M1": offers[0], "M2": offers[1]}
    for number, day in enumerate((date(2026, 10, 18), date(2026, 11, 1), date(2027, 4, 4)), 3):
        starts[f"M{number}"] = read_moment(f"{day} 02:30", datetime(day.year, 1, 1, tzinfo=UTC), BERLIN, "en")
    starts["M6"] = asked("2027-03-28 02:30", datetime(2027, 1, 1, tzinfo=UTC))[0]
    if n < 3:
        starts = {code: starts[code] for code in ("M1", "M2", "M4")}
    return await played(stage, starts, since)


@row("F55", "the day before a morning after a clock change",
     expected="same wall time the day before; text right in 3 zones", **CLOCKS)  # fmt: skip
async def f55(stage: Stage, seed: int, n: int) -> Verdict:
    starts = {
        "M1": datetime(2026, 3, 29, 7, 0, tzinfo=UTC),  # 09:00 in Berlin
        "M2": datetime(2026, 10, 25, 8, 0, tzinfo=UTC),  # 09:00 in Berlin
        "M3": datetime(2026, 11, 1, 14, 0, tzinfo=UTC),  # 09:00 in New York, on the day of its own change
    }
    return await played(stage, starts, datetime(2026, 3, 15, 9, 0, tzinfo=UTC))


@row("F57", "ends of months and years, leap days, the second in which 32 bits are full, any zone until 2064",
     expected="each reminder once, at the moment of the reference model", **CLOCKS)  # fmt: skip
async def f57(stage: Stage, seed: int, n: int) -> Verdict:
    starts = {
        "M1": datetime(2026, 12, 31, 22, 30, tzinfo=UTC),
        "M2": datetime(2027, 1, 31, 9, 0, tzinfo=UTC),
        "M3": datetime(2028, 2, 29, 9, 0, tzinfo=UTC),
        "M4": datetime(2038, 1, 19, 3, 14, 8, tzinfo=UTC),
        "M5": datetime(2040, 2, 29, 9, 0, tzinfo=UTC),
        "M6": datetime(2099, 12, 31, 9, 0, tzinfo=UTC),
    }
    if n < 3:
        starts = {code: starts[code] for code in ("M1", "M3", "M4")}
    found = await played(stage, starts, datetime(2026, 12, 15, 9, 0, tzinfo=UTC))
    found.problems += reference(seed, 2000)
    return found


def reference(seed: int, cases: int) -> list[str]:
    """Compare the moments of reminders in any zone and year with the reference, day by day (F57)."""
    chance, zones = random.Random(seed), sorted(each for each in available_timezones() if "/" in each)
    wrong = []
    for _ in range(cases):
        zone, day = chance.choice(zones), date(2024, 1, 1) + timedelta(days=chance.randrange(40 * 365))
        start = datetime.combine(day, time(chance.randrange(24), chance.choice((0, 30))), UTC)
        member = Member(code="x", name="X", zone=zone, weekend="", quiet_from=20, quiet_to=8, accounts=[])
        meeting = Meeting(code="M", title="M", zone=zone, format="online", starts_at=start, ends_at=start + HOUR)
        for kind in ("reminder_7d", "reminder_1d", "reminder_1h"):
            try:
                wanted = promised(start, kind, zone)
            except ValueError:
                continue  # a day an island left out
            dates = Calendar(meeting)
            row = dates.row(kind)
            found = dates.slot(row, member) if row else None
            if found != wanted:
                wrong.append(f"{start} {zone} {kind}: {found}, not {wanted}")
    return wrong


@row("F48", "two schedulers tick at the same second", expected="one plan per reminder, each row once",
     platforms=("telegram",), n=3, full=3, postgres=True, seeds=3)  # fmt: skip
async def f48(stage: Stage, seed: int, n: int) -> Verdict:
    """Let two processes' worth of scheduler race for each of 100 reminders on PostgreSQL."""
    ticks, now = 100, datetime.now(UTC)
    runs: Counter[str] = Counter()

    async def plan(db: Session, timer: Timer, at: datetime) -> None:
        runs[timer.subject] += 1
        people = await db.scalars(select(Member).order_by(Member.id))
        to = [delivery.To(member=each, due=at) for each in people]
        await delivery.plan(db, kind="reminder_1d", subject=timer.subject, occurrence="r0", to=to, now=at)

    async with stage.database.write(COMMUNITY) as db:
        for number in range(ticks):
            await timers.call_at(db, "reminder", f"s{number}", now + number * HOUR)
    second = Database(stage.url)
    try:
        for number in range(ticks):
            at = now + number * HOUR
            races = [
                timers.run_due(database, at, {"reminder": plan}, f"w{each}", lease=5.0)
                for each, database in enumerate((stage.database, second))
            ]
            await asyncio.gather(*races)
    finally:
        await second.close()
    found = await stage.judge(finished=False)
    async with stage.database.read() as db:
        campaigns = await db.scalar(select(func.count()).select_from(Campaign))
        keys = await db.scalar(select(func.count(Delivery.key.distinct())))
        open_timers = await db.scalar(select(func.count()).where(Timer.state != "done"))
    found.demand(campaigns == ticks, f"{campaigns} campaigns for {ticks} reminders")
    found.demand(keys == found.planned == n * ticks, f"{found.planned} rows, {keys} keys for {n * ticks} deliveries")
    found.demand(not open_timers, f"{open_timers} timers are not done")
    again = {subject: times for subject, times in runs.items() if times != 1}
    found.demand(len(runs) == ticks and not again, f"{len(runs)} reminders were run, again: {again}")
    return found
