"""Languages: catalogues, plural rules and how dates are written.

A catalogue is a gettext `.po` file in `chat/locale/<language>/LC_MESSAGES/convenor.po`; `msgctxt` is the message key,
`msgid` the English text of `chat/copy`. They are read once per language and kept, and compiled beside the file for the
next start, where we may write there.
"""

from __future__ import annotations

import gettext
import io
import os
from contextlib import suppress
from functools import cache
from pathlib import Path

from babel import Locale, UnknownLocaleError

LANGUAGES = ("en", "fr", "tr", "ar", "es")
DEFAULT = "en"
RTL = frozenset({"ar"})
LOCALE_DIR = Path(__file__).parent / "locale"

LANGUAGE_NAMES = {"en": "English", "fr": "Français", "tr": "Türkçe", "ar": "العربية", "es": "Español"}
"""Each language in its own words; these never get translated."""


def known(language: str) -> str:
    """Give the supported language nearest to an IETF tag such as `fr-BE`, else English."""
    short = language.replace("_", "-").split("-")[0].lower()
    return short if short in LANGUAGES else DEFAULT


@cache
def translations(language: str) -> gettext.NullTranslations:
    """Load a catalogue; English is the text in the code."""
    path = LOCALE_DIR / language / "LC_MESSAGES" / "convenor.po"
    if language == DEFAULT or not path.exists():
        return gettext.NullTranslations()
    return gettext.GNUTranslations(io.BytesIO(_compiled(path, language)))


def _compiled(path: Path, language: str) -> bytes:
    """Give a catalogue as gettext reads it: what was compiled before, if it has the very time of the catalogue."""
    ready, at = path.with_suffix(".mo"), path.stat().st_mtime_ns
    with suppress(OSError):
        if ready.stat().st_mtime_ns == at:
            return ready.read_bytes()
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    with path.open("rb") as file:
        catalog = read_po(file, locale=language)
    compiled = io.BytesIO()
    write_mo(compiled, catalog)
    with suppress(OSError):  # whoever may not write here compiles each time
        part = ready.with_suffix(f".{os.getpid()}.part")
        part.write_bytes(compiled.getvalue())
        os.utime(part, ns=(at, at))
        part.replace(ready)
    return compiled.getvalue()


@cache
def locale(language: str, territory: str = "") -> Locale:
    """Give Babel's locale for a language and country; English outside its countries is written as in Britain."""
    for name in (f"{language}_{territory}", "en_GB" if language == "en" else language):
        if territory or "_" not in name or language == "en":
            try:
                return Locale.parse(name)
            except (UnknownLocaleError, ValueError):
                continue
    return Locale.parse("en_GB")
