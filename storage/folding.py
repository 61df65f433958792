"""Folding: one plain form of a word for five languages, so that it is found however it is typed.

It is ours, not the database's: SQLite and PostgreSQL get the same folded words and agree on what is found. A folded
text is words of letters and digits, with one space between them.

What becomes the same: case (Turkish İ, I, ı and i are one letter), accents, œ/oe, æ/ae, ß/ss, ø/o, ł/l, đ/d; the
Arabic alef forms, hamza and its carriers, ta marbuta and ha, alef maqsura and ya, with or without short vowels and
tatweel; every script's digits; what has no width is nothing, other signs are spaces.

Inflection is met lightly. An Arabic article goes, with the particle written to it (`al-`, `wal-`, `bil-`, `fal-`,
`kal-`, `lil-`). A word that is asked for is found as a beginning of longer ones (`forms`), and its plural ending or,
for Turkish readers, its plural and case endings need not be there.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

WORD = 64
"""Letters of a word that count; longer ones (addresses, keys) are cut."""
BEGINNING = 3
"""Letters a word needs to be found as the beginning of another one."""
_SAME = {
    "ı": "i", "œ": "oe", "æ": "ae", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ħ": "h", "ŋ": "n", "ŧ": "t",
    "ٱ": "ا", "ة": "ه", "ۃ": "ه", "ە": "ه", "ہ": "ه", "ھ": "ه", "ى": "ي", "ی": "ي", "ک": "ك", "ء": "", "ـ": "",
}  # fmt: skip
_ARTICLE = re.compile(r"^(?:[وفبك]?ال|لل)(?=.{3})")
_PARTICLES = "وفبلك"
_ARABIC = re.compile(r"^[\u0621-\u064a]+$")
_PLURAL = re.compile(r"(?:aux|es|s|x)$")
_TURKISH = re.compile(r"(?:l[ae]r(?:i(?:n|n[aei]|nd[ae]n?|yla|yle)?|in|imiz|e|a|d[ae]n?|la|le)?|k|p|t)$")


class _Letters(dict[int, str]):
    """Hold the folded form of each character that was met; `str.translate` asks it."""

    def __missing__(self, code: int) -> str:
        found = self[code] = _letter(chr(code))
        return found


def _letter(character: str) -> str:
    before, found = "", character
    while found != before:
        before = found
        split = unicodedata.normalize("NFKD", found.casefold())
        found = "".join(_one(each) for each in split)
    return found


def _one(character: str) -> str:
    if character in _SAME:
        return _SAME[character]
    kind = unicodedata.category(character)
    if kind.startswith("M") or kind == "Cf":  # accents and short vowels; soft hyphens, joiners, marks of direction
        return ""
    digit = unicodedata.decimal(character, None)
    if digit is not None:
        return str(digit)
    return character if kind[0] in "LN" else " "


_LETTERS = _Letters()


def fold(text: str) -> str:
    """Give the folded words of a text, one space between them; folding them again changes nothing."""
    return " ".join(_bare(each) for each in text.translate(_LETTERS).split())


def _bare(word: str) -> str:
    """Cut a word to `WORD` letters, and its Arabic article off as long as three letters stay."""
    word = word[:WORD]
    while word[0] in "اوفبكل" and (found := _ARTICLE.match(word)):
        word = word[found.end() :]
    return word


@lru_cache(maxsize=2000)
def forms(word: str, language: str = "") -> tuple[str, ...]:
    """Give the beginnings that a folded word is looked for by, itself first; `language` is the asker's.

    French, Spanish and English plurals lose their ending if four letters stay; for Turkish readers plural and case
    endings, and a last k, p or t that may have softened, if three stay. An Arabic word is looked for with and without
    a particle written to it.
    """
    found = list(written_together(word))
    if language == "tr" and len(stem := _TURKISH.sub("", word)) >= BEGINNING:
        found.append(stem)
    if word.endswith("ies") and len(word) > BEGINNING + 3:
        found += [f"{word[:-3]}y", word[:-1]]
    elif len(stem := _PLURAL.sub("", word)) > BEGINNING:
        found.append(stem)
    return tuple(dict.fromkeys(_shortest(found)))


def written_together(word: str) -> tuple[str, ...]:
    """Give a folded word as it stands in a text: an Arabic one also without "and", or with a particle written to it."""
    if not _ARABIC.match(word):
        return (word,)
    bare = word[1:] if word[0] in "وف" and len(word) > BEGINNING + 1 else word
    return tuple(dict.fromkeys((word, bare, *(particle + bare for particle in _PARTICLES))))


def _shortest(words: list[str]) -> list[str]:
    """Leave out what another one is the beginning of."""
    return [each for each in words if not any(each != other and each.startswith(other) for other in words)]
