"""Forms: one definition, shown as a modal (Slack) or asked as questions one by one (Telegram).

Every field reads what a person typed or picked and explains what is wrong. A clean value is always a string that
`clean` reads again to the same value, so drafts keep plain text: moments are kept as ISO 8601 in UTC.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime

from chat.errors import FieldError
from chat.moments import read_moment
from chat.text import Phrase, Text, When, say

TITLE_MAX = 24
"""Characters of a modal's title (platforms §3.2); a test renders all of them in five languages."""
PAGE_MAX = 7
"""Inputs of one modal page (conversation §5)."""
OPTIONS_MAX = 100
TEXT_MAX = 3000


@dataclass(frozen=True, slots=True)
class Asking:
    """Know the circumstances of an answer: time, the zone typed times are meant in, language, values so far."""

    now: datetime
    zone: str
    language: str
    values: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """Be one question. `id` is stable (drafts), `label` the question, `hint` one line of help."""

    id: str
    label: Text
    required: bool = True
    hint: Text | None = None

    def clean(self, raw: str, asking: Asking) -> str:
        """Give the clean value of what was typed or picked, `""` for nothing. Raise `FieldError`."""
        text = raw.strip()
        if not text:
            if self.required:
                raise FieldError(say("f_required"))
            return ""
        return self.read(text, asking)

    def read(self, text: str, asking: Asking) -> str:
        """Read a non-empty answer. Raise `FieldError`."""
        return text

    def show(self, value: str, asking: Asking) -> Text:
        """Show a clean value to the person."""
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class TextField(Field):
    """Take free text of `min` to `max` characters; `long` gives it several lines."""

    min: int = 0
    max: int = TEXT_MAX
    long: bool = False

    def read(self, text: str, asking: Asking) -> str:
        """Check the length; control characters are dropped, line breaks only kept in long texts."""
        text = "".join(each for each in text if each.isprintable() or (each == "\n" and self.long)).strip()
        if len(text) < max(self.min, 1):
            raise FieldError(say("f_short", min=self.min))
        if len(text) > self.max:
            raise FieldError(say("f_long", n=len(text), max=self.max))
        return text


@dataclass(frozen=True, slots=True, kw_only=True)
class UrlField(Field):
    """Take an https address."""

    max: int = 500

    def read(self, text: str, asking: Asking) -> str:
        """Refuse anything but a plain https address with a host and without user names (reliability S25)."""
        if not re.fullmatch(r"https://[^\s/@]+\.[^\s/@]+(/\S*)?", text) or len(text) > self.max:
            raise FieldError(say("f_url"))
        return text


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberField(Field):
    """Take a whole number; Arabic-Indic digits count as digits."""

    min: int = 0
    max: int = 1_000_000

    def read(self, text: str, asking: Asking) -> str:
        """Check the range."""
        if not re.fullmatch(r"[+-]?\d{1,12}", text) or not self.min <= int(text) <= self.max:
            raise FieldError(say("f_number", min=self.min, max=self.max))
        return str(int(text))


def _words(text: str) -> list[str]:
    """Give the words to compare: neither case nor the kind of space counts."""
    return text.casefold().split()


@dataclass(frozen=True, slots=True)
class Option:
    """Be one choice: a stable value and what is shown."""

    value: str
    label: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceField(Field):
    """Take one of a few options; `scale` shows them as one compact row (ratings)."""

    options: tuple[Option, ...]
    scale: bool = False
    other: bool = False
    """Whether typed text that is no option is taken as it is (up to 120 characters)."""

    def __post_init__(self) -> None:
        if not 1 <= len(self.options) <= OPTIONS_MAX:
            raise ValueError(f"{self.id}: 1 to {OPTIONS_MAX} options")
        if len({each.value for each in self.options}) != len(self.options):
            raise ValueError(f"{self.id}: option values repeat")

    def read(self, text: str, asking: Asking) -> str:
        """Match the value itself or a label typed in any of the five languages."""
        from chat.language import LANGUAGES
        from chat.text import Reader, plain

        if any(text == each.value for each in self.options):
            return text
        for language in (asking.language, *LANGUAGES):
            reader = Reader(language=language, zone=asking.zone)
            for each in self.options:
                if _words(plain(each.label, reader)) == _words(text):
                    return each.value
        if self.other and len(text) <= 120:
            return text
        raise FieldError(say("f_choice"))

    def show(self, value: str, asking: Asking) -> Text:
        """Show the label of the chosen option."""
        return next((each.label for each in self.options if each.value == value), value)


@dataclass(frozen=True, slots=True, kw_only=True)
class MomentField(Field):
    """Take a date and time; typed ones are meant in the asker's zone and always shown back for confirmation.

    A picked moment arrives as `@<unix seconds>`. Times that do not exist or come twice at a clock change are refused
    with the real ones as offers (conversation §5.1).
    """

    future: bool = True
    before: str = ""
    """Id of a moment field that must come later (a reply deadline before the start)."""

    def read(self, text: str, asking: Asking) -> str:
        """Give the instant as ISO 8601 in UTC."""
        if re.fullmatch(r"@[0-9]{1,10}", text):
            moment = datetime.fromtimestamp(int(text[1:]), UTC)
        else:
            moment = read_moment(text, asking.now, asking.zone, asking.language)
        if self.future and moment <= asking.now:
            raise FieldError(say("f_past"))
        limit = asking.values.get(self.before, "") if self.before else ""
        if limit and moment >= datetime.fromisoformat(limit):
            raise FieldError(say("f_deadline", when=When(datetime.fromisoformat(limit), asking.zone)))
        return moment.isoformat()

    def show(self, value: str, asking: Asking) -> Text:
        """Show the moment in the reader's zone."""
        return When(datetime.fromisoformat(value), asking.zone)


@dataclass(frozen=True, slots=True)
class GivenFile:
    """Name a file somebody gave: the platform's name for it, its size in bytes as the platform says, its own name."""

    file: str
    size: int
    name: str

    def __str__(self) -> str:
        return f"{self.file}|{self.size}|{self.name}"

    @classmethod
    def parse(cls, value: str) -> GivenFile | None:
        """Read a field's value; none for anything an adapter did not write."""
        parts = value.split("|", 2)
        if len(parts) != 3 or not parts[0] or not re.fullmatch(r"\d{1,12}", parts[1]):
            return None
        return cls(parts[0], int(parts[1]), parts[2])


@dataclass(frozen=True, slots=True, kw_only=True)
class FileField(Field):
    """Take one file by its ending and size in bytes; its content stays with the platform until a handler reads it.

    Only adapters make such values: what somebody types is never taken for one.
    """

    endings: tuple[str, ...]
    max: int

    def read(self, text: str, asking: Asking) -> str:
        """Refuse other kinds and what is too large; the content is judged by who reads it."""
        given = GivenFile.parse(text)
        if given is None:
            raise FieldError(say("f_file_send"))
        ending = given.name.rpartition(".")[2].casefold() if "." in given.name else ""
        if ending not in self.endings or not 0 < given.size <= self.max:
            raise FieldError(
                say(
                    "f_file",
                    kinds=", ".join(each.upper() for each in self.endings),
                    max=size_text(self.max),
                    kind=ending.upper()[:8] or "?",
                    size=size_text(given.size),
                )
            )
        return text

    def show(self, value: str, asking: Asking) -> Text:
        """Show the file's name."""
        given = GivenFile.parse(value)
        return given.name if given else ""


def size_text(size: int) -> str:
    """Write a size in bytes as people read it: `840 kB`, `5 MB`."""
    if size < 1_000_000:
        return f"{-(-size // 1000)} kB"
    return f"{size / 1_000_000:.1f}".removesuffix(".0") + " MB"


@dataclass(frozen=True, slots=True)
class Form:
    """Be a set of questions with a title; `pages` are lists of fields of at most seven.

    `sensitive` forms leave no trace: no draft, no stored answer before it is sent (feedback, reliability §5.4).
    `review` shows all answers before they are sent, where they are asked one by one.
    """

    key: str
    title: Text
    pages: tuple[tuple[Field, ...], ...]
    submit: Phrase = field(default_factory=lambda: say("b_save"))
    intro: Text | None = None
    sensitive: bool = False
    review: bool = True

    def __post_init__(self) -> None:
        ids = [each.id for page in self.pages for each in page]
        if len(ids) != len(set(ids)):
            raise ValueError(f"form {self.key}: field ids repeat")
        if not 1 <= len(self.pages) <= 3:
            raise ValueError(f"form {self.key}: one to three pages")

    @property
    def fields(self) -> tuple[Field, ...]:
        """Give all fields in order."""
        return tuple(each for page in self.pages for each in page)

    def check_page(self, page: int, raw: dict[str, str], asking: Asking) -> tuple[dict[str, str], dict[str, Text]]:
        """Give clean values and explanations of one page's raw values."""
        clean: dict[str, str] = {}
        errors: dict[str, Text] = {}
        for each in self.pages[page]:
            seen = Asking(asking.now, asking.zone, asking.language, {**asking.values, **clean})
            try:
                clean[each.id] = each.clean(raw.get(each.id, ""), seen)
            except FieldError as error:
                errors[each.id] = error.text
        return clean, errors
