from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat.errors import FieldError
from chat.language import LANGUAGES
from chat.moments import read_moment
from chat.text import Phrase, Reader, When, plain

NOW = datetime(2026, 4, 22, 7, 0, tzinfo=UTC)
BRUSSELS = "Europe/Brussels"
TEN = datetime(2026, 5, 20, 8, 0, tzinfo=UTC)


def readings(text: str, zone: str = BRUSSELS, language: str = "en") -> tuple[str, list[str]]:
    """Give "" and the one instant, or the key of the doubt and the offers."""
    try:
        return "", [read_moment(text, NOW, zone, language).isoformat()]
    except FieldError as error:
        key = error.text.key if isinstance(error.text, Phrase) else "?"
        return key, [raw for _, raw in error.offers]


def doubt(text: str, zone: str = BRUSSELS, language: str = "en") -> tuple[str, list[str]]:
    key, offers = readings(text, zone, language)
    assert key, f"{text} was read as {offers}"
    return key, offers


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "20 May 10:00"), ("en", "20/5/2026 10.30"), ("en", "20.5 10.30"), ("en", "20 May at 10"),
        ("en", "20th of May 10am"), ("en", "Wed, 20 May 2026, 10:00 (Brussels)"), ("en", "May 20, 2026 10:00"),
        ("en", "2026-05-20 10:00"), ("fr", "20 mai à 10 h"), ("fr", "mercredi 20 mai à 10h"),
        ("tr", "20 Mayıs saat 10"), ("tr", "20 Mayıs'ta saat 10'da"), ("ar", "٢٠ مايو ١٠:٠٠"),
        ("ar", "الأربعاء 20 مايو الساعة 10"),
        ("es", "20 de mayo a las 10"), ("es", "20 mayo 10 de la mañana"), ("en", "20 mai à 10 h"),
    ],
)  # fmt: skip
def test_a_day_and_an_hour_are_read_in_five_languages_day_first(language: str, text: str) -> None:
    half = timedelta(minutes=30 if ".30" in text else 0)
    assert read_moment(text, NOW, BRUSSELS, language) == TEN + half


@pytest.mark.parametrize(
    ("language", "text", "wall"),
    [
        ("en", "tomorrow 9:00", "2026-04-23 09:00"), ("fr", "demain à 18h30", "2026-04-23 18:30"),
        ("fr", "après-demain 9h", "2026-04-24 09:00"), ("fr", "aujourd'hui 15:00", "2026-04-22 15:00"),
        ("tr", "yarın sabah 9", "2026-04-23 09:00"), ("ar", "غدًا الساعة 10", "2026-04-23 10:00"),
        ("es", "mañana por la mañana a las 9", "2026-04-23 09:00"), ("es", "pasado mañana 9:00", "2026-04-24 09:00"),
        ("en", "next Wed 10:00", "2026-04-29 10:00"), ("en", "Fri 10", "2026-04-24 10:00"),
        ("fr", "mercredi prochain 10h", "2026-04-29 10:00"), ("tr", "gelecek çarşamba 14.00", "2026-04-29 14:00"),
        ("ar", "الأربعاء المقبل ١٠:٠٠", "2026-04-29 10:00"),
        ("es", "el próximo miércoles a las 10", "2026-04-29 10:00"),
        ("en", "Wed 08:00", "2026-04-29 08:00"), ("en", "noon tomorrow", "2026-04-23 12:00"),
    ],
)  # fmt: skip
def test_relative_days_and_coming_weekdays_count_from_today_in_the_zone(language: str, text: str, wall: str) -> None:
    read = read_moment(text, NOW, BRUSSELS, language)
    assert f"{read.astimezone(ZoneInfo(BRUSSELS)):%Y-%m-%d %H:%M}" == wall


def test_today_is_the_day_of_the_zone_not_of_utc() -> None:
    late = datetime(2026, 4, 22, 20, 0, tzinfo=UTC)  # already the 23rd in Dhaka
    assert read_moment("tomorrow 9:00", late, "Asia/Dhaka", "en") == datetime(2026, 4, 24, 3, 0, tzinfo=UTC)


def test_a_missing_hour_is_asked_with_hours_of_the_day() -> None:
    key, raw = doubt("20 May")
    assert (key, raw[0], raw[-1], len(raw)) == ("f_time", "2026-05-20T09:00:00+02:00", "2026-05-20T17:00:00+02:00", 9)


def test_a_small_hour_without_minutes_is_asked_morning_or_afternoon() -> None:
    assert doubt("20 May 3") == ("f_time", ["2026-05-20T03:00:00+02:00", "2026-05-20T15:00:00+02:00"])
    assert read_moment("20 May 3pm", NOW, BRUSSELS, "en") == datetime(2026, 5, 20, 13, 0, tzinfo=UTC)
    assert read_moment("20 May 3:00", NOW, BRUSSELS, "en") == datetime(2026, 5, 20, 1, 0, tzinfo=UTC)


@pytest.mark.parametrize("text", ["20 April 10:00", "20 April 2027 10:00"])
def test_a_day_that_has_passed_this_year_is_asked_back_and_a_typed_year_is_not(text: str) -> None:
    if "2027" in text:
        assert read_moment(text, NOW, BRUSSELS, "en") == datetime(2027, 4, 20, 8, 0, tzinfo=UTC)
    else:
        assert doubt(text) == ("f_far", ["2027-04-20T10:00:00+02:00"])


def test_more_than_eighteen_months_ahead_is_asked_back() -> None:
    assert doubt("20 May 2028 10:00") == ("f_far", ["2028-05-20T10:00:00+02:00"])


def test_a_weekday_that_does_not_match_offers_both_readings() -> None:
    assert doubt("Tue 20 May 2026 10:00") == (
        "f_weekday",
        ["2026-05-20T10:00:00+02:00", "2026-05-19T10:00:00+02:00"],
    )


def test_an_hour_that_clocks_skip_offers_the_hour_before_and_after() -> None:
    assert doubt("28 March 2027 02:30", "Europe/Berlin") == (
        "f_gap",
        ["2027-03-28T01:30:00+01:00", "2027-03-28T03:30:00+02:00"],
    )


def test_an_hour_that_comes_twice_offers_the_first_and_the_second() -> None:
    assert doubt("25 Oct 2026 02:30", "Europe/Berlin") == (
        "f_fold",
        ["2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00"],
    )


def test_month_first_is_refused_with_the_day_first_reading_as_an_offer() -> None:
    assert doubt("5/20/2026 10:00") == ("f_date", ["2026-05-20T10:00:00+02:00"])


@pytest.mark.parametrize(
    "text",
    [
        "", "nonsense", "31 Feb 10:00", "20 May 25:00", "20 May 10:75", "10:00", "99999999", "9999-01-01 10:00",
        "0001-01-01T00:00+00:00", "next week", "20 May maybe 10:00", "x" * 500, "٪", "20 20 20 20", "2026-13-45T10:00",
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_with_an_example(text: str) -> None:
    assert doubt(text) == ("f_date", [])


def test_iso_with_an_offset_is_taken_and_without_one_is_wall_time_in_the_zone() -> None:
    assert read_moment("2026-05-20T10:00:00-05:00", NOW, BRUSSELS, "en") == datetime(2026, 5, 20, 15, tzinfo=UTC)
    assert read_moment("2026-05-20T10:00", NOW, BRUSSELS, "en") == TEN


@pytest.mark.parametrize(
    "text",
    ["20 May", "20 May 3", "20 April 10:00", "Tue 20 May 2026 10:00", "28 March 2027 02:30", "25 Oct 2026 02:30"],
)  # fmt: skip
def test_every_offer_reads_back_without_doubt(text: str) -> None:
    for raw in doubt(text)[1]:
        assert read_moment(raw, NOW, BRUSSELS, "en") == datetime.fromisoformat(raw)


COUNTRIES = {"en": ["", "GB", "US"], "fr": ["", "FR", "CA"], "tr": ["", "TR"], "ar": ["", "IQ", "TN"], "es": ["", "MX"]}


@given(
    minutes=st.integers(min_value=1, max_value=18 * 30 * 24 * 60),
    language=st.sampled_from(LANGUAGES),
    country=st.integers(min_value=0, max_value=2),
    zone=st.sampled_from([BRUSSELS, "Asia/Dhaka", "America/New_York", "Africa/Dakar", "Asia/Kathmandu"]),
)
@settings(max_examples=400, deadline=None)
def test_what_we_print_reads_back_to_the_same_instant(minutes: int, language: str, country: int, zone: str) -> None:
    moment = NOW + timedelta(minutes=minutes)
    territories = COUNTRIES[language]
    reader = Reader(language=language, zone=zone, territory=territories[country % len(territories)])
    printed = plain(When(moment, zone), reader)
    key, found = readings(printed, zone, language)
    assert key in ("", "f_fold")
    assert moment in [datetime.fromisoformat(raw) for raw in found]


@given(st.text(max_size=60) | st.from_regex(re.compile(r"[0-9./: hamp-]{0,30}"), fullmatch=True))
@settings(max_examples=400, deadline=None)
def test_no_typed_text_breaks_the_reader(text: str) -> None:
    key, found = readings(text)
    assert key in ("", "f_date", "f_time", "f_far", "f_weekday", "f_gap", "f_fold")
    assert len(found) <= 9
