"""Reading typed dates and times in five languages, day first (conversation §5.1, docs/decisions/0003).

Names of months and weekdays come from Babel, the rest are short word lists. What could be meant in two ways is never
guessed: it becomes a `FieldError` whose offers carry ISO 8601 with an offset, which this reader takes without doubt.
"""

from __future__ import annotations

import re
import unicodedata
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import get_day_names

from chat.errors import FieldError
from chat.language import LANGUAGES, locale
from chat.text import Reader, Text, When, say, zone_city

FAR = timedelta(days=548)
"""A typed date further ahead than this (18 months) is asked back."""
YEARS = range(1970, 2200)
LENGTH_MAX = 120
DAYTIME = range(9, 18)
"""Full hours offered when no time was typed."""
SMALL_HOURS = range(1, 8)
"""Hours that without minutes may be meant in the morning or in the afternoon."""

_LOCALES = {
    "en": ("en", "en_GB"), "fr": ("fr", "fr_CA"), "tr": ("tr",),
    "ar": ("ar", "ar_EG", "ar_SY", "ar_IQ", "ar_DZ", "ar_TN", "ar_MA"), "es": ("es", "es_MX"),
}  # fmt: skip
_DAYS_AHEAD = {
    "day after tomorrow": 2, "apres demain": 2, "pasado manana": 2, "obur gun": 2, "بعد غدا": 2, "بعد غد": 2,
    "today": 0, "aujourd hui": 0, "bugun": 0, "اليوم": 0, "hoy": 0,
    "tomorrow": 1, "demain": 1, "yarin": 1, "غدا": 1, "غد": 1, "manana": 1,
}  # fmt: skip
_NEXT = frozenset(
    {
        "next", "coming", "prochain", "prochaine", "gelecek", "onumuzdeki", "المقبل", "المقبله", "القادم", "القادمه",
        "proximo", "proxima",
    }
)  # fmt: skip
_HALVES = (
    (
        "am",
        "in the morning|du matin|de la manana|por la manana|sabah|sabahleyin|صباحا|a\\.?m\\.?|ص",
    ),
    (
        "pm",
        "in the afternoon|in the evening|de l apres.midi|du soir|de la tarde|por la tarde|de la noche|"
        "ogleden sonra|aksam|بعد الظهر|مساء|p\\.?m\\.?|م",
    ),
)  # fmt: skip
_NOON = "noon|midi|mediodia|ogle|oglen|ظهرا"
_FILLERS = frozenset(
    {
        "on", "at", "the", "of", "and", "this", "th", "st", "nd", "rd", "le", "la", "les", "a", "l", "du", "d", "ce",
        "cette", "er", "h", "en", "el", "del", "los", "las", "este", "esta", "al", "de", "um", "saat", "gun", "gunu",
        "bu", "da", "te", "ta", "في", "يوم", "الساعه", "هذا", "viene", "que",
    }
)  # fmt: skip
_LETTERS = str.maketrans({"ı": "i", "ى": "ي", "ة": "ه", "ـ": "", "،": ",", "’": "'", "٫": "."})
_HIDDEN = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_ISO = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[+-]\d\d:?\d\d)?", re.IGNORECASE)
_FULL = re.compile(r"(?<!\d)(?:(\d{4})-(\d{1,2})-(\d{1,2})|(\d{1,2})([/.-])(\d{1,2})\5(\d{4}|\d{2}))(?![\d])")
_SHORT = re.compile(r"(?<![\d/.:-])(\d{1,2})\s?[/-]\s?(\d{1,2})(?![\d/:-])")
_DOTTED = re.compile(r"(?<![\d.])(\d{1,2})\.(\d{1,2})\.?(?=\D+\d)")
_CLOCK = re.compile(r"(?<!\d)(\d{1,2})\s?(?::|\.|h)\s?(\d{2})(?::00)?(?!\d)")
_HOUR = re.compile(
    r"(?<![\d/.])(?:(?P<after>\d{1,2})\s?(?:h|hs|heures?|hours?|o'clock|horas?)(?!\w)"
    r"|(?<!\w)(?:saat|a las?|at|الساعه)\s?(?P<before>\d{1,2})(?![\d/.:-]))"
)


@dataclass(slots=True)
class _Typed:
    """Gather what was recognised."""

    day: int | None = None
    month: int | None = None
    year: int | None = None
    ahead: int | None = None
    weekday: int | None = None
    next: bool = False
    hour: int | None = None
    minute: int | None = None
    half: str = ""


def read_moment(text: str, now: datetime, zone: str, language: str) -> datetime:
    """Read `20 May 10:00` and its like as wall time in a zone; give the UTC instant. Raise `FieldError` with offers.

    ISO 8601 with an offset is taken as it is; without one it is wall time in the zone.
    """
    if len(text) > LENGTH_MAX:
        raise FieldError(say("f_date"))
    asked = _Asked(now.astimezone(ZoneInfo(zone)), zone, language)
    iso = _ISO.fullmatch(_digits(text.strip()))
    if iso:
        try:
            stamp = datetime.fromisoformat(f"{iso[1]}T{iso[2]}{(iso[3] or '').upper()}")
        except ValueError:
            raise FieldError(say("f_date")) from None
        if stamp.year not in YEARS:
            raise FieldError(say("f_date"))
        return stamp.astimezone(UTC) if stamp.tzinfo else asked.instant(stamp)
    return asked.resolve(_parse(text, asked))


@dataclass(frozen=True, slots=True)
class _Asked:
    """Know the present wall time, zone and language of the person who types."""

    here: datetime
    zone: str
    language: str

    @property
    def city(self) -> str:
        return zone_city(self.zone, Reader(language=self.language))

    def when(self, wall: datetime, part: str = "date") -> When:
        return When(wall.replace(tzinfo=ZoneInfo(self.zone)).astimezone(UTC), self.zone, part=part)

    def offer(self, label: Text, wall: datetime) -> tuple[Text, str]:
        return label, wall.replace(tzinfo=ZoneInfo(self.zone)).isoformat()

    def resolve(self, typed: _Typed) -> datetime:
        """Find the one instant that is meant. Raise `FieldError` when there is none or more than one."""
        day, passed = self._day(typed)
        if typed.weekday is not None and day.weekday() != typed.weekday:
            self._other_weekday(typed, day)
        hours = _hours(typed)
        walls = [datetime.combine(day, time(hour, typed.minute or 0)) for hour in hours]
        if len(walls) > 1:
            later = [each for each in walls if each > self.here.replace(tzinfo=None)] or walls
            offers = tuple(self.offer(f"{each:%H:%M}", each) for each in later if _exists(each, self.zone))
            raise FieldError(say("f_time", date=self.when(datetime.combine(day, time(12)))), offers)
        moment = self.instant(walls[0])
        if passed or moment - self.here > FAR:
            raise FieldError(say("f_far", when=When(moment, self.zone)), (self.offer(say("b_right"), walls[0]),))
        return moment

    def instant(self, wall: datetime) -> datetime:
        """Give the instant of a wall time. Raise `FieldError` if clocks skip it or show it twice."""
        tz = ZoneInfo(self.zone)
        first, second = (wall.replace(tzinfo=tz, fold=fold) for fold in (0, 1))
        if not _exists(wall, self.zone):
            skipped = abs((first.utcoffset() or timedelta(0)) - (second.utcoffset() or timedelta(0)))
            around = (wall - skipped, wall + skipped)
            raise FieldError(
                say("f_gap", time=f"{wall:%H:%M}", city=self.city, date=self.when(wall.replace(hour=12))),
                tuple(self.offer(f"{each:%H:%M}", each) for each in around),
            )
        if first.utcoffset() != second.utcoffset():
            labels = (say("b_fold_first"), say("b_fold_second"))
            raise FieldError(
                say("f_fold", time=f"{wall:%H:%M}", city=self.city, date=self.when(wall.replace(hour=12))),
                tuple(zip(labels, (first.isoformat(), second.isoformat()), strict=True)),
            )
        return first.astimezone(UTC)

    def _day(self, typed: _Typed) -> tuple[date, bool]:
        """Give the date, and whether it is next year's because this year's has passed."""
        today = self.here.date()
        try:
            if typed.ahead is not None:
                return today + timedelta(days=typed.ahead), False
            if typed.day is None or typed.month is None:
                return self._coming(typed), False
            if typed.year is not None:
                year = typed.year + 2000 if typed.year < 100 else typed.year
                return date(year, typed.month, typed.day), False
            if typed.month == 2 and typed.day == 29:
                leap = next(year for year in range(today.year, today.year + 9) if monthrange(year, 2)[1] == 29)
                return date(leap, 2, 29), date(leap, 2, 29) < today
            this = date(today.year, typed.month, typed.day)
        except ValueError:
            raise FieldError(say("f_date"), self._month_first(typed)) from None
        return (this, False) if this >= today else (this.replace(year=today.year + 1), True)

    def _coming(self, typed: _Typed) -> date:
        """Give the coming day of a week; today counts unless "next" was typed or the hour has passed."""
        if typed.weekday is None:
            raise FieldError(say("f_date"))
        today = self.here.date()
        days = (typed.weekday - today.weekday()) % 7
        passed = typed.hour is not None and (typed.hour, typed.minute or 0) <= (self.here.hour, self.here.minute)
        return today + timedelta(days=days or (7 if typed.next or passed else 0))

    def _month_first(self, typed: _Typed) -> tuple[tuple[Text, str], ...]:
        """Offer the other order for `5/20/2026`, if hour and year leave no further doubt."""
        if typed.day is None or typed.month is None or typed.year is None or len(hours := _hours(typed)) > 1:
            return ()
        try:
            year = typed.year + 2000 if typed.year < 100 else typed.year
            wall = datetime.combine(date(year, typed.day, typed.month), time(hours[0], typed.minute or 0))
        except ValueError:
            return ()
        return (self.offer(self.when(wall), wall),)

    def _other_weekday(self, typed: _Typed, day: date) -> None:
        """Ask which one is meant: the date, or the nearest day with the typed name."""
        name = get_day_names("wide", locale=locale(self.language))[day.weekday()]
        step = (typed.weekday or 0) - day.weekday()
        step = (step + 3) % 7 - 3
        hours = _hours(typed)
        offers = []
        for each in (day, day + timedelta(days=step)):
            wall = datetime.combine(each, time(hours[0] if len(hours) == 1 else 12, typed.minute or 0))
            raw = self.offer("", wall)[1] if len(hours) == 1 else f"{each.isoformat()}"
            offers.append((self.when(wall.replace(hour=12)), raw))
        raise FieldError(say("f_weekday", date=self.when(datetime.combine(day, time(12))), weekday=name), tuple(offers))


def _hours(typed: _Typed) -> tuple[int, ...]:
    """Give the hours that may be meant: one, two for a small hour without minutes, or the working day's."""
    if typed.hour is None:
        return tuple(DAYTIME)
    if typed.half:
        if not 1 <= typed.hour <= 12:
            return (typed.hour,)
        return (typed.hour % 12 + (12 if typed.half == "pm" else 0),)
    if typed.minute is None and typed.hour in SMALL_HOURS:
        return (typed.hour, typed.hour + 12)
    return (typed.hour,)


def _exists(wall: datetime, zone: str) -> bool:
    there = wall.replace(tzinfo=ZoneInfo(zone))
    return there.astimezone(UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None) == wall


def _digits(text: str) -> str:
    return "".join(str(unicodedata.decimal(each, each)) for each in _HIDDEN.sub("", text))


def _fold(text: str) -> str:
    """Give lower-case text without accents, with Western digits and plain apostrophes."""
    spread = unicodedata.normalize("NFKD", _digits(text).translate(_LETTERS).casefold())
    return "".join(each for each in spread if not unicodedata.combining(each)).translate(_LETTERS)


@cache
def _names(language: str) -> tuple[dict[str, int], dict[str, int]]:
    """Give months (1-12) and weekdays (Monday = 0) by folded name, wide and abbreviated."""
    months: dict[str, int] = {}
    weekdays: dict[str, int] = {}
    for name in _LOCALES[language]:
        known = Locale.parse(name)
        for table, into in ((known.months, months), (known.days, weekdays)):
            for form in ("format", "stand-alone"):
                for width in ("wide", "abbreviated"):
                    for number, word in table[form][width].items():
                        into.setdefault(_fold(word).rstrip(".").replace(" ", "_"), number)
    return months, weekdays


@cache
def _long_names() -> tuple[str, ...]:
    """Give the month names of two words, as `كانون_الثاني`."""
    return tuple(name for language in LANGUAGES for table in _names(language) for name in table if "_" in name)


def _lookup(word: str, language: str) -> tuple[int | None, int | None]:
    """Give the month and the weekday a word may name, in the person's language first; beginnings of 3 letters count."""
    for code in (language, *(each for each in LANGUAGES if each != language)):
        months, weekdays = _names(code) if code in _LOCALES else ({}, {})
        if word in months or word in weekdays:
            return months.get(word), weekdays.get(word)
    if len(word) >= 3:
        for code in (language, *(each for each in LANGUAGES if each != language)):
            months, weekdays = _names(code) if code in _LOCALES else ({}, {})
            month = {number for name, number in months.items() if name.startswith(word)}
            weekday = {number for name, number in weekdays.items() if name.startswith(word)}
            if len(month) + len(weekday) == 1:
                return next(iter(month), None), next(iter(weekday), None)
    return None, None


def _parse(text: str, asked: _Asked) -> _Typed:
    """Recognise all that was typed; a word nobody knows makes it unreadable. Raise `FieldError`."""
    typed = _Typed()
    rest = " ".join(_fold(text).split())
    rest = rest.removesuffix(f"({_fold(asked.city)})").strip()
    rest = _take_numeric_date(rest, typed, asked.language)
    rest = _take_time(rest.replace("-", " ").replace("'", " ") if typed.day else rest.replace("'", " "), typed)
    for phrase, ahead in _DAYS_AHEAD.items():
        found = re.search(rf"(?<!\w){phrase}(?!\w)", rest.replace("-", " "))
        if found and typed.ahead is None:
            typed.ahead = ahead
            rest = rest.replace("-", " ").replace(found[0], " ", 1)
    _take_words(rest, typed, asked.language)
    if typed.weekday is not None and typed.month is None and typed.hour is None:  # "next Wed 10"
        typed.hour, typed.day = typed.day, None
    if typed.year is not None and typed.year >= 100 and typed.year not in YEARS:
        raise FieldError(say("f_date"))
    if typed.ahead is not None and (typed.day or typed.month or typed.weekday is not None):
        raise FieldError(say("f_date"))
    if typed.hour is not None and (typed.hour > 23 or (typed.minute or 0) > 59):
        raise FieldError(say("f_date"))
    return typed


def _take_numeric_date(rest: str, typed: _Typed, language: str) -> str:
    found = _FULL.search(rest)
    if found:
        numbers = found.groups()
        year, month, day = (numbers[0:3]) if numbers[0] else (numbers[6], numbers[5], numbers[3])
        typed.year, typed.month, typed.day = int(year), int(month), int(day)
    else:
        found = _SHORT.search(rest)
        words = re.findall(r"[^\W\d]{3,}", rest)
        if not found and not any(_lookup(each, language)[0] for each in words):
            found = _DOTTED.search(rest)
        if not found:
            return rest
        typed.day, typed.month = int(found[1]), int(found[2])
    return f"{rest[: found.start()]} {rest[found.end() :]}"


def _take_time(rest: str, typed: _Typed) -> str:
    for half, phrases in _HALVES:
        marked = re.search(rf"(?:(?<=\d)|(?<!\w))(?:{phrases})(?!\w)", rest)
        if marked:
            typed.half = half
            rest = f"{rest[: marked.start()]} {rest[marked.end() :]}"
            bare = re.search(r"(?<![\d/.:])(\d{1,2})\s*$", rest[: marked.start()])
            if bare and not _CLOCK.search(rest):
                typed.hour = int(bare[1])
                return f"{rest[: bare.start()]} {rest[bare.end() :]}"
            break
    clock = _CLOCK.search(rest)
    if clock:
        typed.hour, typed.minute = int(clock[1]), int(clock[2])
        return f"{rest[: clock.start()]} {rest[clock.end() :]}"
    hour = _HOUR.search(rest)
    if hour:
        typed.hour = int(hour["after"] or hour["before"])
        return f"{rest[: hour.start()]} {rest[hour.end() :]}"
    noon = re.search(rf"(?<!\w)(?:{_NOON})(?!\w)", rest)
    if noon:
        typed.hour, typed.minute = 12, 0
        return f"{rest[: noon.start()]} {rest[noon.end() :]}"
    return rest


def _take_words(rest: str, typed: _Typed, language: str) -> None:
    for name in _long_names():
        rest = rest.replace(name.replace("_", " "), name)
    tokens = [each for each in re.findall(r"\d+|[^\W\d]+(?:_[^\W\d]+)*", rest) if each not in _FILLERS]
    both: list[tuple[int, int, bool]] = []
    for index, token in enumerate(tokens):
        if token.isdecimal():
            _take_number(int(token), len(token), typed)
            continue
        if token in _NEXT:
            typed.next = True
            continue
        month, weekday = _lookup(token, language)
        if month is not None and weekday is not None:
            both.append((month, weekday, index > 0 and tokens[index - 1].isdecimal()))
        elif month is not None and typed.month is None:
            typed.month = month
        elif weekday is not None and typed.weekday is None:
            typed.weekday = weekday
        else:
            raise FieldError(say("f_date"))
    for month, weekday, after_number in sorted(both, key=lambda each: not each[2]):  # Spanish "mar": martes, marzo
        if typed.month is None and (after_number or typed.day is not None):
            typed.month = month
        elif typed.weekday is None:
            typed.weekday = weekday
        else:
            raise FieldError(say("f_date"))


def _take_number(number: int, digits: int, typed: _Typed) -> None:
    if digits == 4 and typed.year is None:
        typed.year = number
    elif digits <= 2 and typed.day is None and typed.ahead is None:
        typed.day = number
    elif digits <= 2 and typed.hour is None:
        typed.hour = number
    else:
        raise FieldError(say("f_date"))
