"""Reading the participant list of a meeting platform: CSV or XLSX as Zoom, Teams and Webex write them.

The columns are found by their headings in several languages. A list comes from outside: its size, what is packed in
it, its rows and the length of its texts are bounded, no formula is worked out, and nothing of it is kept.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import TypeAlias

from chat.errors import UserError
from chat.text import say
from handlers import _workbook
from handlers._names import fold

SIZE_MAX = 5_000_000
"""Bytes of a list (conversation f_import)."""
ROWS_MAX = 10_000
COLUMNS_MAX = 60
CELL_MAX = 300
HEADER_WITHIN = 60
"""Rows in which the headings must stand; platforms put a summary before them."""
DAY = 24 * 3600
Cell: TypeAlias = object
Row: TypeAlias = Sequence[Cell]


@dataclass(slots=True)
class Participant:
    """Be one name of a list with all its rows: `seconds` they were there, none if the list does not say."""

    name: str
    seconds: int | None = None
    spans: list[tuple[float, float]] = field(default_factory=list)
    whole: bool = True
    """Whether every row told from when to when."""

    def add(self, seconds: int | None, span: tuple[float, float] | None) -> None:
        """Take one more row of the name."""
        if seconds is None and span is not None:
            seconds = int(span[1] - span[0])
        if seconds is not None:
            self.seconds = (self.seconds or 0) + seconds
        if span is None:
            self.whole = False
        else:
            self.spans.append(span)

    @property
    def present(self) -> int | None:
        """Give the seconds they were there; two devices at once do not count twice."""
        if self.seconds is None or not self.whole:
            return self.seconds
        return min(self.seconds, int(_union(self.spans)))


# Beginnings of folded headings: what a column holds.
_HEADINGS: dict[str, tuple[str, ...]] = {
    "name": (
        "name", "full name", "display name", "user name", "participant name", "attendee", "nom complet",
        "nom et prenom", "nom", "nombre completo", "nombre", "participante", "asistente", "ad soyad", "adi soyadi",
        "isim", "katilimci", "الاسم", "اسم", "المشارك", "nome", "teilnehmer", "vollstandiger name",
    ),
    "first": ("first name", "given name", "prenom", "vorname", "الاسم الاول"),
    "last": ("last name", "surname", "family name", "nom de famille", "apellido", "soyad", "nachname", "اسم العائله"),
    "join": (
        "join", "first join", "start time", "heure d arrivee", "arrivee", "entree", "connexion", "premiere",
        "hora de entrada", "hora de ingreso", "hora de union", "primera", "entrada", "katilma", "ilk katilma", "giris",
        "وقت الانضمام", "اول انضمام", "انضمام", "beitritt", "erster beitritt",
    ),
    "leave": (
        "leave", "last leave", "end time", "heure de depart", "depart", "sortie", "deconnexion", "dernier",
        "hora de salida", "ultima", "salida", "ayrilma", "son ayrilma", "cikis",
        "وقت المغادره", "اخر مغادره", "مغادره", "verlassen", "letztes verlassen",
    ),
    "duration": (
        "duration", "in meeting duration", "attendance duration", "time in", "duree", "duracion", "sure",
        "toplanti ici sure", "toplam sure", "المده", "مده", "dauer",
    ),
}  # fmt: skip
_KINDS = {form: kind for kind, words in _HEADINGS.items() for word in words for form in (word, f"{word}s")}
_WORDS_MAX = max(len(each.split()) for each in _KINDS)
_SECONDS = ("second", "seconde", "segundo", "saniye", "sekunde", "ثانيه", "ثوان")
_UNITS = re.compile(r"(\d+(?:[.,]\d+)?)\s*([^\W\d_]+)")
_CLOCK = re.compile(r"(?<!\d)(\d{1,2}):(\d\d)(?::(\d\d))?(?!\d)\s*([ap])?\.?\s?(m)?", re.IGNORECASE)
_SECTION = re.compile(r"\d{1,2}\.\s*\S")


def read(content: bytes) -> list[Participant]:
    """Read a list; rows of one name are added up. Raise `UserError` with what is wrong with it."""
    if not content.strip(b"\0 \r\n\t"):
        raise UserError(say("imp_empty"))
    if len(content) > SIZE_MAX:
        raise UserError(say("imp_too_long", rows=ROWS_MAX))
    if content.startswith(b"PK"):
        for sheet in _workbook.sheets(content, ROWS_MAX + HEADER_WITHIN + 1, COLUMNS_MAX):
            found = _table(sheet)
            if found is not None:
                return found
        raise UserError(say("imp_no_names"))
    found = _table(_lines(_text(content)))
    if found is None:
        raise UserError(say("imp_no_names"))
    return found


def _text(content: bytes) -> str:
    """Give the text: by its byte order mark, else UTF-8, else what Windows writes in the West."""
    for mark, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig")):
        if content.startswith(mark):
            return _plain(content.decode(encoding, "replace"))
    if content.count(0) * 3 > len(content):  # Latin text in UTF-16 without a mark: every other byte is empty
        return _plain(content.decode("utf-16-le" if content[1:2] == b"\0" else "utf-16-be", "replace"))
    try:
        return _plain(content.decode())
    except UnicodeDecodeError:
        return _plain(content.decode("cp1252", "replace"))


def _plain(text: str) -> str:
    strange = sum(1 for each in text[:4000] if not each.isprintable() and each not in "\r\n\t\ufeff\u200e\u200f")
    if strange > 8:
        raise UserError(say("imp_no_table"))
    return text.replace("\0", "")


def _lines(text: str) -> Iterator[Row]:
    heads = [each for each in islice(io.StringIO(text, newline=""), HEADER_WITHIN) if each.strip()]
    counted = {mark: sum(each.count(mark) for each in heads) for mark in "\t;,"}
    mark = max(counted, key=lambda each: counted[each])
    try:
        for number, line in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=mark)):
            if number > ROWS_MAX + HEADER_WITHIN:
                raise UserError(say("imp_too_long", rows=ROWS_MAX))
            yield line[:COLUMNS_MAX]
    except csv.Error:
        raise UserError(say("imp_no_table")) from None


def _table(lines: Iterable[Row]) -> list[Participant] | None:
    """Read the first table that has names, to its end; none if there are no headings to know it by."""
    columns: dict[str, int] = {}
    unit: Callable[[Cell], int | None] = _minutes
    people: dict[str, Participant] = {}
    taken = 0
    for number, line in enumerate(lines):
        headed = _columns(line)
        if not columns:
            if number > HEADER_WITHIN:
                return None
            if headed:
                columns, unit = headed, _unit(line, headed)
            continue
        if headed or _ends(line):  # Teams goes on with the single stays of the same people
            break
        taken += 1
        if taken > ROWS_MAX:
            raise UserError(say("imp_too_long", rows=ROWS_MAX))
        name = _name(line, columns)
        if name:
            person = people.setdefault(" ".join(sorted(fold(name))) or name, Participant(name))
            person.add(unit(_cell(line, columns, "duration")), _span(line, columns))
    if not columns:
        return None
    if not people:
        raise UserError(say("imp_empty"))
    return list(people.values())


def _columns(line: Row) -> dict[str, int]:
    """Tell which columns a row of headings names; nothing if it is no such row: it needs a name and something else."""
    found: dict[str, int] = {}
    other = 0
    for index, cell in enumerate(line):
        if not isinstance(cell, str) or not cell:
            continue
        heading = " ".join(fold(_shown(cell)))
        kind = _kind(heading)
        if kind and kind not in found:
            found[kind] = index
        elif heading and ("mail" in heading or "courriel" in heading or "correo" in heading or "البريد" in heading):
            other += 1
    if "last" in found and "first" not in found and "name" in found:  # "Ad, Soyad", "Nombre, Apellidos"
        found["first"] = found["name"]
    if "first" in found and "last" not in found and "name" in found:  # "Nom, Prénom"
        found["last"] = found["name"]
    named = "name" in found or ("first" in found and "last" in found)
    return found if named and len(found) + other >= 2 else {}


def _kind(heading: str) -> str:
    """Name the kind of a heading by its longest beginning that is known; "name (original name)" is a name."""
    words = heading.split(" ")
    beginnings = (" ".join(words[:number]) for number in range(min(len(words), _WORDS_MAX), 0, -1))
    return "name" if heading == "ad" else next((_KINDS[each] for each in beginnings if each in _KINDS), "")


def _unit(line: Row, columns: dict[str, int]) -> Callable[[Cell], int | None]:
    heading = " ".join(fold(_shown(_cell(line, columns, "duration"))))
    return _in_seconds if any(each in heading for each in _SECONDS) else _minutes


def _ends(line: Row) -> bool:
    given = [each for each in line if _shown(each)]
    return len(given) == 1 and _SECTION.match(_shown(given[0])) is not None


def _cell(line: Row, columns: dict[str, int], kind: str) -> Cell:
    index = columns.get(kind, -1)
    return line[index] if 0 <= index < len(line) else None


def _shown(cell: Cell) -> str:
    """Give a cell as one line of text of bounded length."""
    text = cell if isinstance(cell, str) else "" if cell is None else str(cell)
    return " ".join("".join(each if each.isprintable() else " " for each in text[:CELL_MAX]).split())


def _name(line: Row, columns: dict[str, int]) -> str:
    if "first" in columns and "last" in columns:
        return f"{_shown(_cell(line, columns, 'first'))} {_shown(_cell(line, columns, 'last'))}".strip()[:120]
    return _shown(_cell(line, columns, "name"))[:120]


def _minutes(cell: Cell) -> int | None:
    """Read a duration; a bare number is minutes."""
    return _duration(cell, 60)


def _in_seconds(cell: Cell) -> int | None:
    return _duration(cell, 1)


def _duration(cell: Cell, unit: int) -> int | None:
    """Read `83`, `1h 20m 5s`, `1:20:05`, `65 mins`, `1 sa 20 dk`, `1 Std. 20 Min.`; none for anything else."""
    if isinstance(cell, timedelta):
        return _bounded(cell.total_seconds())
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return _bounded(cell * unit)
    text = _shown(cell).casefold()
    if not text:
        return None
    if (clock := re.fullmatch(r"(\d{1,3}):(\d\d)(?::(\d\d))?", text)) is not None:
        return _bounded(int(clock[1]) * 3600 + int(clock[2]) * 60 + int(clock[3] or 0))
    if re.fullmatch(r"\d+([.,]\d+)?", text):
        return _bounded(float(text.replace(",", ".")) * unit)
    parts = _UNITS.findall(text)
    return _bounded(sum(float(number.replace(",", ".")) * _worth(word) for number, word in parts)) if parts else None


def _worth(word: str) -> int:
    """Give the seconds of a unit by its first letters, in the languages platforms write."""
    if word.startswith(("h", "sa", "st", "ó", "uur", "س", "ч")) and not word.startswith("san"):
        return 3600
    return 60 if word.startswith(("m", "d", "د", "м")) else 1


def _bounded(seconds: float) -> int | None:
    return int(seconds) if 0 <= seconds <= 7 * DAY else None


def _span(line: Row, columns: dict[str, int]) -> tuple[float, float] | None:
    """Give from when to when, in seconds of one clock; only the difference means something."""
    start, end = (_moment(_cell(line, columns, each)) for each in ("join", "leave"))
    if start is None or end is None:
        return None
    return (start, end if end >= start else end + DAY)


def _moment(cell: Cell) -> float | None:
    if isinstance(cell, datetime):
        return cell.hour * 3600 + cell.minute * 60 + cell.second
    found = _CLOCK.search(_shown(cell))
    if found is None or int(found[1]) > 23 or int(found[2]) > 59:
        return None
    hour = int(found[1])
    if found[4] and found[5]:
        hour = hour % 12 + (12 if found[4].casefold() == "p" else 0)
    return hour * 3600 + int(found[2]) * 60 + int(found[3] or 0)


def _union(spans: Sequence[tuple[float, float]]) -> float:
    whole, until = 0.0, float("-inf")
    for start, end in sorted(spans):
        whole += max(0.0, end - max(start, until))
        until = max(until, end)
    return whole
