"""Bring new and changed texts into the five catalogues: `python -m chat.catalogues`, then translate what it names.

A text whose English changed keeps its old translation, marked fuzzy, until somebody has looked at it; fuzzy texts are
shown in English. Texts that are gone are dropped.
"""

from __future__ import annotations

import sys

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from chat.copy import COPY
from chat.language import LANGUAGES, LOCALE_DIR


def read(language: str) -> Catalog:
    """Read a language's catalogue, or an empty one."""
    path = LOCALE_DIR / language / "LC_MESSAGES" / "convenor.po"
    if not path.exists():
        return Catalog(locale=language)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def refresh(old: Catalog) -> Catalog:
    """Give a catalogue with exactly the texts of `chat/copy`, in their order, with the translations known so far."""
    known = {each.context: each for each in old if each.context}
    new = Catalog(locale=old.locale, project="Convenor", version="1", charset="utf-8", fuzzy=False)
    new.creation_date = old.creation_date
    new.revision_date = old.revision_date
    for key, english in COPY.items():
        before = known.get(key)
        flags = []
        string = before.string if before else None
        if before is not None and before.id != english:
            flags = ["fuzzy"]
            if isinstance(before.id, str) != isinstance(english, str):
                string, flags = None, []
        if str(old.locale) == "en":
            string, flags = english, []
        new.add(english, string, flags=flags, context=key)
    return new


def write(language: str, catalogue: Catalog) -> None:
    """Write a language's catalogue, one message a paragraph, without line numbers."""
    path = LOCALE_DIR / language / "LC_MESSAGES" / "convenor.po"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, catalogue, width=0, omit_header=False, no_location=True)


def missing(catalogue: Catalog) -> list[str]:
    """Give the keys that have no finished translation."""
    found = []
    for each in catalogue:
        texts = each.string if isinstance(each.string, list | tuple) else (each.string,)
        if each.context and (each.fuzzy or not all(texts)):
            found.append(str(each.context))
    return found


def main() -> int:
    """Refresh all catalogues and name what is missing; 1 if anything is."""
    lacking = 0
    for language in LANGUAGES:
        catalogue = refresh(read(language))
        write(language, catalogue)
        keys = missing(catalogue)
        lacking += len(keys)
        print(f"{language}: {len(catalogue)} texts, {len(keys)} missing{': ' + ', '.join(keys) if keys else ''}")
    return 1 if lacking else 0


if __name__ == "__main__":
    sys.exit(main())
