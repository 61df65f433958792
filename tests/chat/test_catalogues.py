from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from chat import language as languages
from chat.catalogues import missing, read
from chat.copy import COPY
from chat.language import LANGUAGES, translations
from chat.message import LABEL_MAX
from chat.text import Phrase, Reader, plain

PLACEHOLDER = re.compile(r"\{(\w+)\}")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_translated_and_up_to_date(language: str) -> None:
    catalogue = read(language)
    english = {each.context: each.id if isinstance(each.id, str) else tuple(each.id) for each in catalogue if each.id}
    stale = [key for key, text in COPY.items() if english.get(key) != text]
    assert stale == [], "run `python -m chat.catalogues` and translate"
    assert missing(catalogue) == []
    assert sorted(english) == sorted(COPY)


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_use_exactly_the_placeholders_of_the_english_text(language: str) -> None:
    wrong = []
    for each in read(language):
        if not each.id:
            continue
        english = each.id if isinstance(each.id, str) else each.id[-1]
        wanted = set(PLACEHOLDER.findall(english))
        texts = each.string if isinstance(each.string, list | tuple) else [each.string]
        for text in texts:
            found = set(PLACEHOLDER.findall(text))
            # one, two or zero of something may be said in words
            if found != wanted and not (len(texts) > 1 and wanted - found <= {"n"} and found <= wanted):
                wrong.append((each.context, sorted(wanted ^ found)))
    assert wrong == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_button_labels_have_at_most_24_characters(language: str) -> None:
    labels = {
        key: plain(Phrase(key, (("n", 9999),) if "{n}" in text else ()), Reader(language=language))
        for key, text in COPY.items()
        if key.startswith("b_") and isinstance(text, str)
    }
    assert {key: label for key, label in labels.items() if len(label) > LABEL_MAX + label.count("\u2068") * 2} == {}


def test_counted_texts_have_all_plural_forms_of_their_language() -> None:
    for language in LANGUAGES:
        for key, text in COPY.items():
            if isinstance(text, tuple):
                for number in (0, 1, 2, 3, 11, 100):
                    found = translations(language).npgettext(key, text[0], text[1], number)
                    assert found, (language, key, number)


def test_a_compiled_catalogue_serves_the_next_start_until_the_texts_change(tmp_path: Path) -> None:
    path = tmp_path / "convenor.po"
    head = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'
    path.write_text(head + 'msgctxt "b_yes"\nmsgid "Yes"\nmsgstr "Oui"\n')
    first = languages._compiled(path, "fr")
    assert path.with_suffix(".mo").read_bytes() == first
    path.with_suffix(".mo").write_bytes(b"kept")
    os.utime(path.with_suffix(".mo"), ns=(path.stat().st_mtime_ns,) * 2)
    assert languages._compiled(path, "fr") == b"kept"
    path.write_text(head + 'msgctxt "b_yes"\nmsgid "Yes"\nmsgstr "Si"\n')
    os.utime(path, ns=(1, 1))
    assert b"Si" in languages._compiled(path, "fr")
    assert [each.name for each in sorted(tmp_path.iterdir())] == ["convenor.mo", "convenor.po"]
