"""Repeating moments keep their wall-clock time over clock changes of every kind of zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.recurrence import MOST, check, same_weekday, shifted, starts

ZONES = (
    "Europe/Brussels", "Asia/Dhaka", "America/New_York", "Africa/Casablanca", "Australia/Lord_Howe", "America/Santiago",
)  # fmt: skip
RULES = st.builds(
    "FREQ={};INTERVAL={};COUNT={}{}".format,
    st.sampled_from(("DAILY", "WEEKLY", "MONTHLY", "YEARLY")),
    st.integers(1, 4),
    st.integers(1, 40),
    st.sampled_from(("", ";BYDAY=SU", ";BYDAY=SU,WE")),
) | st.builds(
    "FREQ=MONTHLY;BYDAY={}{};COUNT={}{}".format,
    st.sampled_from((1, 2, 3, 4, 5, -1)),
    st.sampled_from(("SU", "SA", "WE")),
    st.integers(1, 40),
    st.sampled_from(("", ";BYMONTH=3,10")),
)


def at(zone: str, *wall: int) -> datetime:
    return datetime(*wall, tzinfo=ZoneInfo(zone)).astimezone(UTC)


@settings(max_examples=150, deadline=None)
@given(
    rule=RULES,
    zone=st.sampled_from(ZONES),
    first=st.builds(
        datetime.combine,
        st.dates(date(2020, 1, 1), date(2030, 1, 1)),
        st.times().map(lambda each: each.replace(microsecond=0)),
    ),
)
def test_every_occurrence_has_the_wall_time_of_the_first_on_the_dates_of_the_rule(
    rule: str, zone: str, first: datetime
) -> None:
    there = ZoneInfo(zone)
    begin = first.replace(tzinfo=there).astimezone(UTC)
    wall = begin.astimezone(there).replace(tzinfo=None, fold=0)  # a first in a gap has moved already

    found = starts(rule, begin, zone)

    naive = [each for each in rrulestr(rule, dtstart=wall) if each <= wall + timedelta(days=366 * 30)]
    assert len(found) == len(naive)
    for moment, meant in zip(found, naive, strict=True):
        shown = moment.astimezone(there).replace(tzinfo=None, fold=0)
        if shown != meant:  # only in a gap: later by its length, an hour, at Lord Howe half of one
            before = (moment - timedelta(hours=3)).astimezone(there).utcoffset()
            after = (moment + timedelta(hours=3)).astimezone(there).utcoffset()
            assert before is not None
            assert after is not None
            assert shown - meant == after - before > timedelta(0)
    assert found == sorted(set(found))


def test_a_time_left_out_moves_forward_and_one_that_comes_twice_is_the_first() -> None:
    brussels = "Europe/Brussels"
    spring = starts("FREQ=DAILY;COUNT=3", at(brussels, 2026, 3, 28, 2, 30), brussels)
    assert [f"{each.astimezone(ZoneInfo(brussels)):%d %H:%M}" for each in spring] == [
        "28 02:30",
        "29 03:30",
        "30 02:30",
    ]
    autumn = starts("FREQ=DAILY;COUNT=2", at(brussels, 2026, 10, 24, 2, 30), brussels)
    assert autumn[1] == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    howe = starts("FREQ=DAILY;COUNT=2", at("Australia/Lord_Howe", 2026, 10, 3, 2, 15), "Australia/Lord_Howe")
    assert f"{howe[1].astimezone(ZoneInfo('Australia/Lord_Howe')):%H:%M}" == "02:45"


def test_a_first_in_the_second_of_two_equal_hours_stays_what_it_is() -> None:
    second = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert starts("FREQ=DAILY;COUNT=1", second, "Europe/Brussels") == [second]


def test_only_later_ones_are_given_and_the_count_is_from_the_first() -> None:
    first = at("Asia/Dhaka", 2026, 5, 20, 14, 0)
    found = starts("FREQ=WEEKLY;COUNT=5", first, "Asia/Dhaka", after=first + timedelta(days=14), most=1)
    assert found == [first + timedelta(days=21)]
    assert len(starts("FREQ=WEEKLY;COUNT=5", first, "Asia/Dhaka", after=first)) == 4


def test_an_end_is_a_whole_day_of_the_zone_or_a_moment() -> None:
    first = at("America/New_York", 2026, 5, 1, 22, 0)
    assert len(starts("FREQ=DAILY;UNTIL=20260503", first, "America/New_York")) == 3
    assert len(starts("FREQ=DAILY;UNTIL=20260503T020000Z", first, "America/New_York")) == 2
    assert len(starts("FREQ=DAILY", first, "America/New_York")) == MOST


def test_a_rule_that_never_fits_ends() -> None:
    assert starts("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", at("Asia/Dhaka", 2026, 5, 1, 9, 0), "Asia/Dhaka") == []


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ("", "1 to 200"), ("every month", "not known"), ("FREQ=SECONDLY", "not possible"), ("FREQ=HOURLY", "possible"),
        ("INTERVAL=2", "FREQ is missing"), ("FREQ=DAILY;INTERVAL=0", "INTERVAL=0"), ("FREQ=DAILY;COUNT=101", "COUNT"),
        ("FREQ=DAILY;COUNT=2;UNTIL=20260101", "exclude"), ("FREQ=DAILY;BYHOUR=3", "BYHOUR"),
        ("FREQ=WEEKLY;BYDAY=2MO", "number"),
        ("FREQ=DAILY;UNTIL=20261399", "no date"), ("FREQ=DAILY;FREQ=WEEKLY", "twice"),
        ("FREQ=MONTHLY;BYSETPOS=1", "needs"),
        ("FREQ=WEEKLY;BYMONTHDAY=3", "MONTHLY"), ("FREQ=MONTHLY;BYMONTHDAY=0", "BYMONTHDAY=0"),
    ],
)  # fmt: skip
def test_a_rule_that_is_none_is_refused_with_the_reason(rule: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        check(rule)
    with pytest.raises(ValueError, match=why):
        starts(rule, datetime(2026, 5, 1, tzinfo=UTC), "UTC")


def test_a_typed_rule_is_kept_in_its_written_form() -> None:
    assert check(" rrule:freq=monthly;byday=-1we;count=6; ") == "FREQ=MONTHLY;BYDAY=-1WE;COUNT=6"


def test_the_same_weekday_of_the_month_the_fifth_being_the_last() -> None:
    third, fifth = at("Asia/Dhaka", 2026, 5, 20, 2, 0), at("Asia/Dhaka", 2026, 4, 29, 2, 0)  # Tuesdays in UTC
    assert same_weekday(third, "Asia/Dhaka", "month") == "FREQ=MONTHLY;INTERVAL=1;BYDAY=3WE"
    assert same_weekday(fifth, "Asia/Dhaka", "quarter") == "FREQ=MONTHLY;INTERVAL=3;BYDAY=-1WE"
    assert same_weekday(third, "UTC", "week", 4) == "FREQ=WEEKLY;INTERVAL=4;BYDAY=TU"


def test_a_shift_keeps_the_wall_clock() -> None:
    brussels = "Europe/Brussels"
    moment = at(brussels, 2026, 3, 27, 10, 0)
    assert shifted(moment, brussels, days=7) == at(brussels, 2026, 4, 3, 10, 0)
    assert shifted(moment, brussels, days=2, clock=(2, 30)) == at(brussels, 2026, 3, 29, 3, 30)
    assert shifted(moment, brussels) == moment
