"""Countries by name, in the five languages: what people type becomes an ISO 3166 code."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from chat.errors import FieldError
from chat.form import Asking, TextField
from chat.language import LANGUAGES, locale
from chat.text import Text, say
from handlers._names import fold

_NONE = frozenset({"EU", "EZ", "UN", "QO", "XA", "XB", "ZZ"})
"""Two letters that stand for no country or territory."""
_ALSO = {
    "turkey": "TR", "uk": "GB", "great britain": "GB", "usa": "US", "czech republic": "CZ", "ivory coast": "CI",
    "uae": "AE", "holland": "NL", "drc": "CD", "dr congo": "CD", "palestine": "PS", "burma": "MM", "macedonia": "MK",
}  # fmt: skip
"""Names many people still write."""


@cache
def names(language: str) -> dict[str, str]:
    """Give the names of all countries and territories by code, in one of our languages, in its alphabetical order."""
    found = {
        str(code): str(name)
        for code, name in locale(language).territories.items()
        if len(code) == 2 and code.isalpha() and code not in _NONE
    }
    return dict(sorted(found.items(), key=lambda each: " ".join(fold(each[1]))))


def name(code: str, language: str) -> str:
    """Give a country's name; a code nobody knows is shown as it is."""
    return names(language).get(code, code)


@cache
def _codes() -> dict[tuple[str, ...], str]:
    found = {tuple(words.split()): code for words, code in _ALSO.items()}
    for language in LANGUAGES:
        for code, called in names(language).items():
            found.setdefault(fold(called), code)
    return found


def read(text: str) -> str:
    """Give the code of a country typed by name or code, "" for what is none."""
    code = text.strip().upper()
    return code if code in names("en") else _codes().get(fold(text), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class CountryField(TextField):
    """Take a country by its name in any of the five languages, or by its code; the clean value is the code."""

    def read(self, text: str, asking: Asking) -> str:
        """Give the code. Raise `FieldError` for a name nobody knows."""
        code = read(text)
        if not code:
            raise FieldError(say("we_country_unknown"))
        return code

    def show(self, value: str, asking: Asking) -> Text:
        """Show the name in the asker's language."""
        return name(value, asking.language)
