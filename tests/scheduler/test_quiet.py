from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from scheduler.quiet import allowed, bulk_slot, fit_before, next_allowed
from storage.members import Member

ZONES = ("Europe/Brussels", "America/Santiago", "Asia/Kathmandu", "Africa/Cairo", "Australia/Lord_Howe", "Asia/Dhaka")


def person(zone: str = "Europe/Brussels", weekend: str = "5,6", quiet: tuple[int, int] = (20, 8)) -> Member:
    return Member(code="m", name="A", zone=zone, weekend=weekend, quiet_from=quiet[0], quiet_to=quiet[1])


def local(text: str, zone: str = "Europe/Brussels") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


people = st.builds(
    person,
    st.sampled_from(ZONES),
    st.sampled_from(("5,6", "4,5", "6", "")),
    st.sampled_from(((20, 8), (22, 11), (0, 0), (9, 17), (18, 10))),
)
moments = st.integers(0, 2 * 365 * 24 * 60).map(
    lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
feasts = st.frozensets(st.dates(date(2026, 1, 1), date(2027, 12, 31)), max_size=6)


def test_a_night_moves_to_the_morning_and_a_weekend_to_monday() -> None:
    assert next_allowed(person(), local("2026-05-20T21:00")) == local("2026-05-21T09:00")
    assert next_allowed(person(), local("2026-05-22T20:00")) == local("2026-05-25T09:00")
    assert next_allowed(person(weekend="4,5"), local("2026-05-22T12:00")) == local("2026-05-24T09:00")
    assert next_allowed(person(), local("2026-05-20T08:00")) == local("2026-05-20T08:00")


def test_a_day_without_sending_is_left_out() -> None:
    assert next_allowed(person(), local("2026-05-20T21:00"), frozenset({date(2026, 5, 21)})) == local(
        "2026-05-22T09:00"
    )


def test_the_bulk_slot_is_ten_in_the_members_own_zone() -> None:
    assert bulk_slot(person("Asia/Dhaka"), local("2026-05-20T09:00")) == local("2026-05-21T10:00", "Asia/Dhaka")
    assert bulk_slot(person(), local("2026-05-20T10:00")) == local("2026-05-20T10:00")
    assert bulk_slot(person(), local("2026-05-20T10:01")) == local("2026-05-21T10:00")


def test_a_reminder_moves_back_if_the_morning_would_be_too_late() -> None:
    start = local("2026-05-25T10:00")
    assert fit_before(person(), local("2026-05-24T10:00"), start - timedelta(hours=2)) == local("2026-05-22T19:00")
    assert fit_before(person(), local("2026-05-24T10:00"), start) == local("2026-05-25T09:00")


@given(people, moments, feasts)
def test_a_moved_message_is_allowed_never_earlier_and_moved_once(
    member: Member, at: datetime, no_send: frozenset[date]
) -> None:
    for moved in (next_allowed(member, at, no_send), bulk_slot(member, at, no_send)):
        assert moved >= at
        assert allowed(member, moved, no_send)
    assert next_allowed(member, next_allowed(member, at, no_send), no_send) == next_allowed(member, at, no_send)
    assert bulk_slot(member, bulk_slot(member, at, no_send), no_send) == bulk_slot(member, at, no_send)


@given(people, moments, feasts, st.timedeltas(timedelta(0), timedelta(days=4)))
def test_a_fitted_message_is_allowed_and_never_after_its_limit(
    member: Member, at: datetime, no_send: frozenset[date], room: timedelta
) -> None:
    limit = at + room
    fitted = fit_before(member, at, limit, no_send)
    assert fitted <= limit
    assert allowed(member, fitted, no_send)
    assert fit_before(member, fitted, limit, no_send) == fitted
