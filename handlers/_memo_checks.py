"""What is looked at before a memo is approved: names and bodies in its text, its length, its six parts. Pure.

A net with holes, not a proof (domain 3.4): names of those who were invited, their organisations, and "the delegate of
..." in five languages. What it finds quotes the text, so it is sealed at once and shown to a few people in private.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from handlers._memo_words import LINKS, PARTS, SHORT, STRONG, TITLES, TURKISH, TURKISH_WEAK, WEAK
from storage.folding import fold

PAGES_MIN, PAGES_MAX = 2, 4
"""Pages a memo has (domain 3.4)."""
MARKS_MAX = 40
"""Places that are kept and shown; of more only the number."""
QUOTE = 70
HEADING_WORDS = 9
NAME_LETTERS = 4
"""Letters a single part of a name needs to be looked for alone."""
WORDS_MAX = 20_000
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_HYPHENATED = re.compile(r"(?<=[^\W\d_])[-\u2010]\s*\n\s*(?=[^\W\d_])")
_WORD = re.compile(r"(?:[^\W_]|[\u0300-\u036f\u064b-\u065f\u0670\u0640])+")
_NUMBERING = re.compile(r"^[\W\d_]+")
_PARTICLES = "وفبلك"
_LAST = re.compile(r"[.!?:;\n]\s*\W*$")


@dataclass(frozen=True, slots=True)
class Person:
    """Be somebody a memo must not name, with the body they speak for ("" if there is none)."""

    name: str
    organisation: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """Be what the checks found in a file: pages (None: unknown), places by page, parts that are missing."""

    pages: int | None
    words: int
    marks: tuple[tuple[int, str], ...] = ()
    more: int = 0
    missing: tuple[str, ...] = ()

    @property
    def counts(self) -> dict[str, Any]:
        """Give what may stand in the open: numbers and names of parts, no words of the text."""
        marks = len(self.marks) + self.more
        return {"pages": self.pages, "words": self.words, "marks": marks, "missing": list(self.missing)}

    def titled(self, title: Found) -> Found:
        """Put what was found in the title first, as page 0."""
        return replace(self, marks=(*((0, quote) for _, quote in title.marks), *self.marks))

    def as_json(self) -> dict[str, Any]:
        """Give it for sealing."""
        return self.counts | {"marks": [list(each) for each in self.marks], "more": self.more}


def sealed(found: Mapping[str, Found], known: str = "") -> str:
    """Write findings by language as the JSON that is sealed; `known` are those the version has already."""
    before: dict[str, Any] = json.loads(known) if known else {}
    return json.dumps(before | {language: each.as_json() for language, each in found.items()}, ensure_ascii=False)


def unsealed(text: str) -> dict[str, Found]:
    """Read findings by language."""
    return {
        language: Found(
            each["pages"], each["words"], tuple((page, quote) for page, quote in each["marks"]), each["more"],
            tuple(each["missing"]),
        )
        for language, each in (json.loads(text) if text else {}).items()
    }  # fmt: skip


def look(texts: Sequence[str], pages: int | None, people: Iterable[Person]) -> Found:
    """Check a text, given page by page."""
    clean = [_clean(each) for each in texts]
    read = [_Page(number, each) for number, each in enumerate(clean, 1)]
    words = sum(len(each.words) for each in read)
    if words > WORDS_MAX:  # no memo; what is beyond is not looked at
        read = read[: max(1, WORDS_MAX // (words // len(read) + 1))]
    watch = _Watch(people, read)
    marks = [(page.number, quote) for page in read for quote in _marks(page, watch)]
    told = tuple(dict.fromkeys(marks))
    return Found(pages, words, told[:MARKS_MAX], max(0, len(told) - MARKS_MAX), missing(clean))


def long_enough(pages: int | None) -> bool:
    """Tell whether a memo has the length it should have; of a text without pages nobody knows."""
    return pages is None or PAGES_MIN <= pages <= PAGES_MAX


def missing(texts: Sequence[str]) -> tuple[str, ...]:
    """Name the parts that no heading in any of the five languages announces."""
    there = {part for text in texts for line in text.splitlines() for part in _headed(line)}
    return tuple(part for part in PARTS if part not in there)


def _headed(line: str) -> list[str]:
    """Give the parts a line is the heading of: it is short and has the words, or begins with them and a colon."""
    head, colon, _ = _NUMBERING.sub("", line).partition(":")
    words = fold(head).split()
    if not words or len(words) > HEADING_WORDS or (not colon and head.rstrip().endswith(".") and len(words) > 3):
        return []
    return [
        part
        for part, names in PARTS.items()
        if any(_within(name.split(), words) and len(words) <= len(name.split()) + 5 for name in names)
    ]


def _within(wanted: Sequence[str], words: Sequence[str]) -> bool:
    return any(list(words[at : at + len(wanted)]) == list(wanted) for at in range(len(words) - len(wanted) + 1))


def _clean(text: str) -> str:
    plain = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text))
    return _HYPHENATED.sub("", plain)


@dataclass(slots=True)
class _Word:
    """Be one word of a page: folded readings (an Arabic one also without its particle) and its place."""

    start: int
    end: int
    folded: str
    bare: str
    big: bool
    """Whether it begins with a capital letter, or its script has none."""


@dataclass
class _Page:
    number: int
    text: str
    words: list[_Word] = field(init=False)

    def __post_init__(self) -> None:
        self.words = [
            _Word(each.start(), each.end(), folded, _bare(folded), not each.group()[0].islower())
            for each in _WORD.finditer(self.text)
            if (folded := fold(each.group()).replace(" ", ""))
        ]

    @cached_property
    def long(self) -> list[int]:
        """Give the places of the words that say something: names of bodies are compared without the short ones."""
        return [at for at, each in enumerate(self.words) if each.folded not in SHORT]

    def quote(self, first: int, last: int, around: int = 0) -> str:
        """Quote the words from one to another, with some before and after."""
        begin, end = max(first - around, 0), min(last + around, len(self.words) - 1)
        said = " ".join(self.text[self.words[begin].start : self.words[end].end].split())
        return said if len(said) <= QUOTE else said[: QUOTE - 1].rstrip() + "…"

    def opens(self, at: int) -> bool:
        """Tell whether a word begins a sentence or a line, where any word has a capital letter."""
        return at == 0 or _LAST.search(self.text[max(self.words[at].start - 6, 0) : self.words[at].start]) is not None


def _bare(folded: str) -> str:
    return folded[1:] if len(folded) > 3 and folded[0] in _PARTICLES else folded


class _Watch:
    """Know the names that are looked for: of people by their words, of bodies by words that say something."""

    def __init__(self, people: Iterable[Person], pages: Sequence[_Page]) -> None:
        self.people: dict[str, set[int]] = defaultdict(set)
        self.alone: dict[str, bool] = {}
        """Parts of names that are looked for alone; true: also at the beginning of a sentence (a last name)."""
        self.bodies: set[tuple[str, ...]] = set()
        self.lengths: dict[str, set[int]] = defaultdict(set)
        """Words that names of bodies begin with, and how many words those have."""
        self.acronyms: set[str] = set()
        common = {word.folded for page in pages for word in page.words if not word.big}
        known: set[str] = set()
        for one, person in enumerate(people):
            words = [each for each in fold(person.name).split() if len(each) > 1]
            for place, word in enumerate(words):
                self.people[word].add(one)
                if len(word) >= NAME_LETTERS and word not in common:
                    self.alone[word] = self.alone.get(word, False) or place > 0
            if person.organisation not in known:
                known.add(person.organisation)
                for part in re.split(r"[()/]", person.organisation):
                    self._body(part, common)

    def _body(self, name: str, common: set[str]) -> None:
        words = [each for each in fold(name).split() if each not in SHORT]
        if len(words) > 1:
            initials = "".join(each[0] for each in words)
            if len(initials) > 2 and initials.isascii():
                self.acronyms.add(initials)
        elif not words or words[0] in common or len(words[0]) < 2:
            return
        self.bodies.add(tuple(words))
        self.lengths[words[0]].add(len(words))


def _marks(page: _Page, watch: _Watch) -> list[str]:
    """Quote the places of a page, in their order; what one covers is not told again."""
    spans = [*_roles(page), *_people(page, watch), *_bodies(page, watch)]
    told: list[str] = []
    upto = -1
    for first, last, around in sorted(spans, key=lambda each: (each[0], -each[1])):
        if last > upto:
            told.append(page.quote(first, last, around))
            upto = last
    return told


def _people(page: _Page, watch: _Watch) -> list[tuple[int, int, int]]:
    found = []
    for at, word in enumerate(page.words):
        here = watch.people.get(word.folded) or watch.people.get(word.bare)
        if not here:
            continue
        after = page.words[at + 1] if at + 1 < len(page.words) else None
        other = watch.people.get(after.folded, set()) | watch.people.get(after.bare, set()) if after else set()
        called = at > 0 and page.words[at - 1].folded in TITLES
        if after is not None and here & other and after.folded != word.folded and word.big:
            found.append((at, at + 1, 2))
        elif word.big and (called or _told_alone(page, watch, at)):
            found.append((at, at, 2))
    return found


def _told_alone(page: _Page, watch: _Watch, at: int) -> bool:
    """Tell whether one part of a name is enough: it is no common word here, and not a first name that opens a line."""
    last = watch.alone.get(page.words[at].folded) if page.words[at].folded.isascii() else None
    return last is not None and (last or not page.opens(at))


def _bodies(page: _Page, watch: _Watch) -> list[tuple[int, int, int]]:
    found = []
    for place, at in enumerate(page.long):
        word = page.words[at]
        shown = page.text[word.start : word.end]
        if word.folded in watch.acronyms and shown.isupper():
            found.append((at, at, 2))
        for first in dict.fromkeys((word.folded, word.bare)) if word.big else ():
            for length in watch.lengths.get(first, ()):
                places = page.long[place : place + length]
                if (first, *(page.words[each].folded for each in places[1:])) in watch.bodies:
                    found.append((at, places[-1], 1))
    return found


def _roles(page: _Page) -> list[tuple[int, int, int]]:
    """Find "the delegate of ...": what somebody is, and of what; a participant or expert only before a name."""
    found = []
    for at, word in enumerate(page.words):
        first = max(at - 1, 0)
        if word.folded.startswith(TURKISH) and at:
            found.append((max(at - 2, 0), at, 0))
            continue
        if word.folded.startswith(TURKISH_WEAK) and at and page.words[at - 1].big and not page.opens(at - 1):
            found.append((first, at, 0))
            continue
        strong = word.folded in STRONG or word.bare in STRONG
        if not strong and word.folded not in WEAK and word.bare not in WEAK:
            continue
        following = _same_sentence(page, at)
        linked = bool(following) and following[0].folded in LINKS
        arabic = not word.folded.isascii()
        if not following or not (linked or (arabic and strong)):
            continue
        named = next((each.big for each in following[1:] if each.folded not in SHORT), False)
        if strong or named:
            found.append((first, min(at + (3 if linked else 2), at + len(following)), 0))
    return found


def _same_sentence(page: _Page, at: int) -> list[_Word]:
    found: list[_Word] = []
    for place in range(at + 1, min(at + 5, len(page.words))):
        if page.opens(place) and "\n" not in page.text[page.words[place - 1].end : page.words[place].start]:
            break
        found.append(page.words[place])
    return found
