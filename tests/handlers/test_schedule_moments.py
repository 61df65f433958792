"""The schedule as a property: whoever the members are, nothing comes at a bad hour, too late, twice or too often."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from handlers._quota import CAP, WEEK, Week
from handlers._reminding import occurrence
from handlers._schedule import RULES, Calendar, Row
from scheduler import quiet
from storage.meetings import Meeting
from storage.members import Member

ZONES = (
    "Europe/Brussels", "Asia/Dhaka", "America/New_York", "Africa/Accra", "Pacific/Kiritimati", "Pacific/Pago_Pago",
    "Asia/Kolkata", "Australia/Lord_Howe",
)  # fmt: skip
OVERRIDES = ("reminder_1h", "reminder_day", "checkin", "moderate")
"""Rows that keep their moment at night: the last reminder and the check-in (domain 3.2)."""
FIRST = datetime(2026, 1, 1, tzinfo=UTC)


@st.composite
def members(draw: st.DrawFn) -> Member:
    start = draw(st.integers(17, 23))
    return Member(
        id=1, key="a", code="x", name="X", zone=draw(st.sampled_from(ZONES)), quiet_from=start,
        quiet_to=draw(st.integers(5, 10)), weekend=draw(st.sampled_from(("5,6", "4,5", "", "6"))), accounts=[],
    )  # fmt: skip


@st.composite
def meetings(draw: st.DrawFn) -> Meeting:
    start = FIRST + timedelta(minutes=15 * draw(st.integers(0, 2 * 365 * 96)))
    form = draw(st.sampled_from(("online", "in_person", "hybrid")))
    before = timedelta(days=draw(st.integers(1, 40)))
    keys = st.sampled_from([each.key for each in RULES if each.timed])
    change = st.one_of(
        st.just({"off": True}),
        st.fixed_dictionaries({"days": st.integers(1, 70), "hour": st.sampled_from(("08:00", "10:30", "19:00"))}),
    )
    return Meeting(
        code="M", title="M", format=form, zone=draw(st.sampled_from(ZONES)), starts_at=start,
        ends_at=start + timedelta(minutes=draw(st.integers(30, 600))), rsvp_deadline=start - before,
        online_deadline=start - before / 2 if form == "hybrid" else None,
        schedule=draw(st.dictionaries(keys, change, max_size=4)),
    )  # fmt: skip


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    meeting = draw(meetings())
    near = [meeting.starts_at.date() + timedelta(days=each) for each in range(-40, 12)]
    feasts: frozenset[date] = frozenset(draw(st.sets(st.sampled_from(near), max_size=6)))
    ends = draw(st.one_of(st.none(), st.integers(20, 120)))
    given_settings: dict[str, Any] = {}
    if ends is not None:
        given_settings["programme"] = {"ends": (meeting.ends_at.date() + timedelta(days=ends)).isoformat()}
    return Calendar(meeting, given_settings, feasts)


def personal(dates: Calendar) -> list[Row]:
    """Give the rows a member can get, in the order in which they are written."""
    found = [each for each in dates.alive if each.rule.to != "organisers" and not dates.pointless(each)]
    return sorted(found, key=dates.written)


@settings(max_examples=40, deadline=None)
@given(calendars(), members())
def test_nothing_comes_at_a_closed_hour_or_when_it_is_pointless(dates: Calendar, member: Member) -> None:
    meeting = dates.meeting
    for row in personal(dates):
        due, expires = dates.slot(row, member), dates.expiry(row, member)
        if due >= expires:
            continue  # it is not sent at all
        if row.rule.key not in OVERRIDES:
            assert quiet.allowed(member, due, dates.no_send), (row.key, due)
        if row.rule.after:
            assert due >= meeting.ends_at
        elif row.rule.live:
            assert expires == meeting.ends_at
        else:
            assert expires <= meeting.starts_at
        if row.rule.to in ("silent", "maybe"):
            assert expires <= dates.closing


@settings(max_examples=25, deadline=None)
@given(calendars(), members())
def test_rows_are_written_before_they_are_due_and_named_once(dates: Calendar, member: Member) -> None:
    names = Counter(occurrence(dates.meeting, row) for row in dates.rows)
    assert set(names.values()) == {1}
    for row in personal(dates):
        if (
            row.rule.lead is None
            and row.rule.timer == "reminder"
            and dates.slot(row, member) < dates.expiry(row, member)
        ):
            blocked = sum(day in dates.no_send for day in _week_before(dates))
            assert dates.written(row) <= dates.slot(row, member) or blocked, row.key


def _week_before(dates: Calendar) -> list[date]:
    return [dates.meeting.starts_at.date() - timedelta(days=each) for each in range(-1, 60)]


@settings(max_examples=25, deadline=None)
@given(calendars(), members())
def test_after_an_outage_at_most_one_of_a_chain_is_left(dates: Calendar, member: Member) -> None:
    for chain in {each.rule.chain for each in dates.rows if each.rule.chain}:
        rows = [each for each in personal(dates) if each.rule.chain == chain and each.takes("room")]
        spans = sorted((dates.slot(each, member), dates.expiry(each, member)) for each in rows)
        spans = [(due, end) for due, end in spans if due < end]
        for (_, end), (due, _) in pairwise(spans):
            assert end <= due


@settings(max_examples=25, deadline=None)
@given(st.lists(calendars(), min_size=1, max_size=3), members(), st.integers(1, 4))
def test_no_seven_days_hold_more_than_the_cap_and_one_digest(some: list[Calendar], member: Member, most: int) -> None:
    week = Week(most)
    rows = sorted(
        ((dates, row) for dates in some for row in personal(dates)), key=lambda pair: pair[0].written(pair[1])
    )
    for dates, row in rows:
        due = dates.slot(row, member)
        if row.rule.counted and due < dates.expiry(row, member) and not week.take(member.id, due):
            at = week.digest(member, due, dates.no_send)
            assert at is None or quiet.allowed(member, at, dates.no_send)
    got = week.counted.get(member.id, [])
    assert all(last - first >= WEEK for first, last in zip(got, got[most:], strict=False))
    digests = week.digests.get(member.id, [])
    assert all(after - before >= WEEK for before, after in pairwise(digests))


def test_the_table_of_the_domain_stands_as_it_is_written() -> None:
    offsets = {each.key: (each.online, each.in_person) for each in RULES}
    assert (offsets["poll_open"], offsets["checklist"]) == ((60, 100), (45, 85))
    assert (offsets["poll_remind"], offsets["poll_close"]) == ((7, 7), (10, 10))  # after the poll: T-53 and T-50
    assert offsets["nudge_1"] == (32, 60)
    assert offsets["visa"] == (None, 55)
    assert offsets["balance"] == (28, 45)
    assert offsets["agenda"] == (21, 40)
    assert offsets["nudge_2"] == (17, 33)
    assert offsets["practical_pack"] == (None, 14)
    assert offsets["headcount"] == (None, 10)
    assert offsets["readiness"] == (3, 3)
    assert offsets["followup"] == (-90, -90)
    assert CAP == 3


def test_a_job_after_the_project_comes_two_weeks_before_its_end() -> None:
    start = datetime(2026, 5, 20, 8, tzinfo=UTC)
    meeting = Meeting(
        format="online", zone="Europe/Brussels", starts_at=start, ends_at=start + timedelta(hours=2),
        rsvp_deadline=start - timedelta(days=14), schedule={},
    )  # fmt: skip
    member = Member(id=1, zone="Europe/Brussels", weekend="5,6", quiet_from=20, quiet_to=8)
    dates = Calendar(meeting, {"programme": {"ends": "2026-07-31"}})
    row = dates.row("followup")
    assert row is not None
    assert dates.early(row)
    assert dates.slot(row, member).astimezone(ZoneInfo("Europe/Brussels")).date() == date(2026, 7, 17)
    assert not dates.early(next(each for each in dates.rows if each.key == "again_1"))
    soon = Calendar(meeting, {"programme": {"ends": "2026-05-25"}})
    assert soon.pointless(row)


def test_a_hybrid_meeting_has_the_rows_of_each_way() -> None:
    start = datetime(2026, 5, 20, 8, tzinfo=UTC)
    meeting = Meeting(
        format="hybrid", zone="Europe/Brussels", starts_at=start, ends_at=start + timedelta(hours=2),
        rsvp_deadline=start - timedelta(days=30), online_deadline=start - timedelta(days=7), schedule={},
    )  # fmt: skip
    dates = Calendar(meeting)
    modes = {each.key: each.mode for each in dates.rows if each.mode}
    assert modes == {
        "agenda": "room", "agenda@online": "online", "practical_pack": "room", "reminder_1h": "online",
        "reminder_day": "room",
    }  # fmt: skip
    assert dates.closing == start - timedelta(days=7)
