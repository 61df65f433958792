"""Text as spans: plain strings, phrases from the catalogues, bold, links and times; never markup inside a string.

A `Text` is lazy. `render` turns it into `Run`s in one reader's language, zone and platform; the adapters turn runs
into entities (Telegram) or mrkdwn (Slack).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from functools import cache, lru_cache
from typing import TypeAlias
from zoneinfo import ZoneInfo

from babel.dates import format_skeleton, get_timezone_location

from chat import language
from chat.copy import COPY

RLM, FSI, LRI, PDI = "\u200f", "\u2068", "\u2066", "\u2069"
FIRM, NARROW = "\u00a0", "\u202f"
"""Spaces at which no line breaks; the narrow one stands before the high marks of French."""
COMMAS = {"ar": "، "}
"""The comma of a language, where it is another one than ours."""
_HIGH = re.compile(r" (?=[;?!])")
_FRAMED = re.compile(r" (?=[:»])|(?<=«) ")
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Bold:
    """Show `text` in bold."""

    text: Text


@dataclass(frozen=True, slots=True)
class Italic:
    """Show `text` in italics."""

    text: Text


@dataclass(frozen=True, slots=True)
class Spoiler:
    """Hide `text` until it is tapped, where the platform can (Telegram, also in notifications); else show it."""

    text: Text


@dataclass(frozen=True, slots=True)
class Link:
    """Show `label` as a link to an https address."""

    label: Text
    url: str

    def __post_init__(self) -> None:
        if not self.url.startswith(("https://", "http://127.0.0.1", "http://localhost")):
            raise ValueError(f"only https links are shown, not {self.url[:20]!r}")


@dataclass(frozen=True, slots=True)
class When:
    """Show a time in the reader's zone with its weekday and zone city, and in the host's zone if it differs.

    `start` and `end` are aware UTC instants, `zone` the host's IANA zone. `part` picks `full` (date and time), `inside`
    (the same for use within brackets), `date` or `time`. In channels the host's time comes first, then the client's
    own rendering (conversation §1.7).
    """

    start: datetime
    zone: str
    end: datetime | None = None
    part: str = "full"

    def __post_init__(self) -> None:
        for moment in (self.start, self.end):
            if moment is not None and moment.tzinfo is None:
                raise ValueError("a time without a zone is never shown")


@dataclass(frozen=True, slots=True)
class Cmd:
    """Show a command as it is written on the reader's platform: `/cop my` or `/my`."""

    words: str


@dataclass(frozen=True, slots=True)
class LanguageName:
    """Show a language's name in its own words."""

    code: str


@cache
def _wanted(key: str) -> frozenset[str]:
    """Give the placeholders of a message. Raise `KeyError` if there is no such message."""
    english = COPY[key]
    forms = english if isinstance(english, tuple) else (english,)
    return frozenset(name for form in forms for name in _PLACEHOLDER.findall(form))


@dataclass(frozen=True)
class Phrase:
    """Be a message of the catalogues by key, with values for its placeholders; make it with `say`."""

    key: str
    args: tuple[tuple[str, Text | int], ...] = ()

    def __post_init__(self) -> None:
        wanted = _wanted(self.key)
        given = {name for name, _ in self.args}
        if wanted - given or (given - wanted - {"n"}):
            raise ValueError(f"{self.key}: placeholders {sorted(wanted)} but values {sorted(given)}")


Span: TypeAlias = "str | Phrase | Bold | Italic | Spoiler | Link | When | Cmd | LanguageName"
Text: TypeAlias = "Span | tuple[Text, ...]"


def say(key: str, **args: Text | int) -> Phrase:
    """Name a message of `chat/copy` by its key; a counted one (two English forms) needs `n`."""
    return Phrase(key, tuple(args.items()))


@dataclass(frozen=True, slots=True)
class Reader:
    """Know for whom a text is rendered; `public` is a channel, where times stand in the host's zone first."""

    language: str = language.DEFAULT
    zone: str = "UTC"
    territory: str = ""
    public: bool = False
    command_pattern: str = "/{joined}"


@dataclass(frozen=True, slots=True)
class Run:
    """Be a piece of finished text; `instant` asks the client to show that moment in the viewer's own zone."""

    text: str
    bold: bool = False
    italic: bool = False
    url: str = ""
    instant: datetime | None = field(default=None)
    hidden: bool = False
    """Whether it is hidden until somebody taps it."""


def render(text: Text, reader: Reader) -> tuple[Run, ...]:
    """Turn a text into runs in the reader's language, zone and platform."""
    runs = tuple(_runs(text, reader, Run("")))
    if reader.language in language.RTL and runs:
        return (Run(RLM), *runs)
    return runs


def plain(text: Text, reader: Reader) -> str:
    """Render a text without any formatting, for labels, toasts and push texts."""
    return "".join(run.text for run in _runs(text, reader, Run("")))


def _runs(text: Text, reader: Reader, style: Run) -> Iterator[Run]:
    match text:
        case str():
            if text:
                yield Run(text, style.bold, style.italic, style.url, None, style.hidden)
        case tuple():
            for span in text:
                yield from _runs(span, reader, style)
        case Bold():
            yield from _runs(text.text, reader, Run("", True, style.italic, style.url, None, style.hidden))
        case Italic():
            yield from _runs(text.text, reader, Run("", style.bold, True, style.url, None, style.hidden))
        case Spoiler():
            yield from _runs(text.text, reader, replace(style, hidden=True))
        case Link():
            yield from _runs(text.label, reader, Run("", style.bold, style.italic, text.url, None, style.hidden))
        case When():
            yield from _when(text, reader, style)
        case Cmd():
            joined = text.words.replace(" ", "_")
            written = reader.command_pattern.format(words=text.words, joined=joined)
            if reader.language in language.RTL:  # else the slash jumps to the other side
                written = f"{LRI}{written}{PDI}"
            yield Run(written, style.bold, style.italic)
        case LanguageName():
            yield Run(language.LANGUAGE_NAMES[text.code], style.bold, style.italic)
        case Phrase():
            yield from _phrase(text, reader, style)


def _phrase(phrase: Phrase, reader: Reader, style: Run) -> Iterator[Run]:
    english, args = COPY[phrase.key], dict(phrase.args)
    catalogue = language.translations(reader.language)
    if isinstance(english, tuple):
        template = catalogue.npgettext(phrase.key, english[0], english[1], int(str(args["n"])))
    else:
        template = catalogue.pgettext(phrase.key, english)
    isolate = reader.language in language.RTL
    for index, part in enumerate(_parts(template, reader.language)):
        if index % 2 == 0:
            yield from _runs(part, reader, style)
        else:
            value = args[part]
            inner = list(_runs(str(value) if isinstance(value, int) else value, reader, style))
            if isolate and inner:  # inside of the bold, so that nothing stands between its mark and a quotation mark
                first, last = inner[0], inner[-1]
                inner = [Run(FSI, first.bold, first.italic), *inner, Run(PDI, last.bold, last.italic)]
            yield from inner


# Thousands of messages of one send name the same few days and cities; Babel takes longer for each than all the rest.
@lru_cache(maxsize=1000)
def _parts(template: str, tongue: str) -> tuple[str, ...]:
    return tuple(_PLACEHOLDER.split(_unbroken(template) if tongue == "fr" else template))


def _unbroken(french: str) -> str:
    """Keep French marks with their words: no line begins with one or ends with an opening guillemet."""
    return _FRAMED.sub(FIRM, _HIGH.sub(NARROW, french))


@lru_cache(maxsize=2000)
def _city(zone: str, tongue: str) -> str:
    return get_timezone_location(ZoneInfo(zone), language.locale(tongue), return_city=True)


@lru_cache(maxsize=2000)
def _day(day: date, tongue: str, territory: str) -> str:
    return format_skeleton("yMMMEd", datetime.combine(day, time()), locale=language.locale(tongue, territory))


def zone_city(zone: str, reader: Reader) -> str:
    """Name a zone by its city in the reader's language, as in `Brussels`."""
    return _city(zone, reader.language)


def _date(moment: datetime, reader: Reader) -> str:
    return _day(moment.date(), reader.language, reader.territory)


def _clock(moment: datetime) -> str:
    return f"{moment:%H:%M}"


def _at(moment: datetime, reader: Reader) -> str:
    """Write date and clock time, joined as the language does: with its comma, in Turkish with a space."""
    comma = " " if reader.language == "tr" else COMMAS.get(reader.language, ", ")
    return f"{_date(moment, reader)}{comma}{_clock(moment)}"


def _span(when: When, zone: str, reader: Reader) -> str:
    """Write a time in one zone, for example `Wed, 20 May 2026, 14:00-16:30 (Dhaka)`."""
    start = when.start.astimezone(ZoneInfo(zone))
    end = when.end.astimezone(ZoneInfo(zone)) if when.end else None
    city = zone_city(zone, reader)
    if when.part == "date":
        return _date(start, reader)
    if when.part == "time":
        return f"{_clock(start)} ({city})"
    text = _at(start, reader)
    if end and end.date() == start.date():
        text += f"–{_clock(end)}"
    elif end:
        text += f" – {_at(end, reader)}"
    comma = COMMAS.get(reader.language, ", ")
    return f"{text}{comma}{city}" if when.part == "inside" else f"{text} ({city})"


def _when(when: When, reader: Reader, style: Run) -> Iterator[Run]:
    base = Run("", style.bold, style.italic)
    if reader.public:
        yield Run(_span(when, when.zone, reader), base.bold, base.italic)
        if when.part in ("full", "inside"):
            yield Run(" · ", base.bold, base.italic)
            yield from _runs(Phrase("your_time"), reader, base)
            yield Run(" ", base.bold, base.italic)
            fallback = when.start.astimezone(UTC)
            yield Run(f"{_clock(fallback)} UTC", base.bold, base.italic, instant=when.start)
        return
    yield Run(_span(when, reader.zone, reader), base.bold, base.italic)
    own = when.start.astimezone(ZoneInfo(reader.zone))
    host = when.start.astimezone(ZoneInfo(when.zone))
    if when.part != "date" and own.utcoffset() != host.utcoffset():
        shown = _at(host, reader) if host.date() != own.date() else _clock(host)
        yield Run(f" · {shown} {zone_city(when.zone, reader)}", base.bold, base.italic)
