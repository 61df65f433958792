"""Choices that may be typed as well as tapped: a time zone, one of our people, languages."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from zoneinfo import available_timezones

from chat.errors import FieldError
from chat.form import Asking, ChoiceField
from chat.language import LANGUAGE_NAMES, locale
from chat.text import Text, say
from handlers._names import fold

FITTING = 8
"""People offered whose names a typed part fits (conversation §5)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneField(ChoiceField):
    """Take a time zone: one of those offered, or the typed name of a place in the zone database."""

    def read(self, text: str, asking: Asking) -> str:
        """Give the IANA name. Raise `FieldError` for a place nobody knows."""
        try:
            return ChoiceField.read(self, text, asking)
        except FieldError:
            wanted = text.casefold().replace(" ", "_")
            for name in sorted(available_timezones()):
                if wanted in (name.casefold(), name.casefold().rpartition("/")[2]):
                    return name
            raise FieldError(say("m_zone_unknown")) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonField(ChoiceField):
    """Take one of our people by key: one of those offered, or a typed part of a name that fits one person only."""

    known: tuple[tuple[str, str], ...] = ()
    """Key and label of everybody who may be meant; of the same names the label tells the organisation, too."""

    def read(self, text: str, asking: Asking) -> str:
        """Give the key. Raise `FieldError` when nobody fits, or several do: those are offered, and named."""
        if any(text == key for key, _ in self.known):
            return text
        wanted = " ".join(fold(text))
        folded = [(key, label, " ".join(fold(label))) for key, label in self.known]
        found = [each for each in folded if wanted == each[2]] or [each for each in folded if wanted in each[2]]
        if not wanted or not found:
            raise FieldError(say("c_person_unknown"))
        if len(found) == 1:
            return found[0][0]
        offers = tuple((label, key) for key, label, _ in found[:FITTING])
        names = ", ".join(label for label, _ in offers) + (" …" if len(found) > FITTING else "")
        raise FieldError(say("c_person_several", names=names), offers)

    def show(self, value: str, asking: Asking) -> Text:
        """Show the name."""
        return next((label for key, label in self.known if key == value), value)


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguagesField(ChoiceField):
    """Take one of the community's languages, or several typed with commas; the clean value is `en, fr`."""

    def read(self, text: str, asking: Asking) -> str:
        """Know each by its code or its name in any of the five languages. Raise `FieldError` naming those there are."""
        offered = [each.value for each in self.options]
        found: list[str] = []
        for part in re.split(r"[,;،/&+\n]+", text):
            wanted = fold(part)
            meant = [each for each in offered if wanted in _language_names(each)]
            if wanted and not meant:
                names = ", ".join(LANGUAGE_NAMES[each] for each in offered)
                raise FieldError(say("c_language_unknown", names=names))
            found += meant
        return ", ".join(dict.fromkeys(found))

    def show(self, value: str, asking: Asking) -> Text:
        """Show each language in its own words."""
        return ", ".join(LANGUAGE_NAMES.get(each, each) for each in value.split(", "))


@cache
def _language_names(code: str) -> frozenset[tuple[str, ...]]:
    """Give what a language is called, in its own words and in the five languages."""
    names = (locale(each).languages.get(code, "") for each in LANGUAGE_NAMES)
    return frozenset(fold(each) for each in (code, LANGUAGE_NAMES[code], *names) if each)
