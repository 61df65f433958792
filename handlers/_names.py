"""Which person does a name on a list mean? Compared without case, accents and order; initials are understood."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

CANDIDATES_MAX = 5
_LETTERS = str.maketrans(
    {"ı": "i", "ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "ß": "ss", "æ": "ae", "œ": "oe", "ى": "ي", "ة": "ه",
     "ـ": "", "’": "'", "ʼ": "'"}
)  # fmt: skip
_WORD = re.compile(r"[^\W_]+")
_ASIDE = re.compile(r"\(([^()]*)\)|\[([^\[\]]*)\]")
_TITLES = frozenset(
    {"dr", "mr", "mrs", "ms", "mme", "prof", "professor", "sr", "sra", "herr", "frau", "guest", "invite", "bay"}
)


def fold(text: str) -> tuple[str, ...]:
    """Give the words of a text in their compared form."""
    plain = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    letters = "".join(each for each in plain if not unicodedata.combining(each)).translate(_LETTERS)
    return tuple(_WORD.findall(letters.replace("'", " ")))


@dataclass(frozen=True, slots=True)
class Match:
    """Be whom a name may mean: `sure` if it is one person, else those to choose from (nobody: unknown)."""

    people: tuple[int, ...] = ()
    sure: bool = False


class Names:
    """Know the people a list is compared with, `(id, name)`, and find them by what a platform shows of them."""

    def __init__(self, people: Iterable[tuple[int, str]]) -> None:
        self._words: dict[int, tuple[str, ...]] = {one: _words(name) for one, name in people}
        self._by_word: dict[str, list[int]] = defaultdict(list)
        for one, words in self._words.items():
            for word in set(words):
                self._by_word[word].append(one)

    def find(self, name: str) -> Match:
        """Find whom a name means, by its nearest reading.

        The same words in any order; then one name within the other ("Anna Maria Rossi", "Anna Rossi, ICMPD"); then
        initials. A single word is never sure.
        """
        readings = [each for each in (_words(part) for part in _parts(name)) if each]
        for fits in (_same, _within, _initials):
            found = {one for words in readings for one in self._near(words) if fits(words, self._words[one])}
            if found:
                return Match(tuple(sorted(found))[:CANDIDATES_MAX], len(found) == 1)
        single = {one for words in readings if len(words) == 1 for one in self._near(words)}
        return Match(tuple(sorted(single))) if len(single) <= CANDIDATES_MAX else Match()

    def _near(self, words: tuple[str, ...]) -> set[int]:
        """Give those who share a whole word with a name."""
        return {one for word in words if len(word) > 1 for one in self._by_word.get(word, ())}


def _parts(name: str) -> list[str]:
    """Give the readings of a shown name: without what stands in brackets, and that alone ("iPad (Anna Rossi)")."""
    asides = [one or other for one, other in _ASIDE.findall(name)]
    return [_ASIDE.sub(" ", name), *asides]


def _words(name: str) -> tuple[str, ...]:
    words = fold(name)
    return tuple(each for each in words if each not in _TITLES) or words


def _same(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    return len(one) > 1 and sorted(one) == sorted(other)


def _within(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    shorter, longer = sorted((set(one), set(other)), key=len)
    return len(shorter) > 1 and shorter <= longer


def _initials(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Tell whether two names differ only in that one abbreviates words: at least one whole word must be the same."""
    if len(one) != len(other) or len(one) < 2:
        return False
    left = list(other)
    whole = 0
    for word in sorted(one, key=len, reverse=True):
        if word in left:
            left.remove(word)
            whole += len(word) > 1
            continue
        short = next((each for each in left if min(len(each), len(word)) == 1 and each[0] == word[0]), None)
        if short is None:
            return False
        left.remove(short)
    return whole > 0
