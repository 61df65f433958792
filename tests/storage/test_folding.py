from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.folding import fold, forms
from storage.search import understand

LETTERS = st.characters(categories=("L", "Nd"), max_codepoint=0x6FF)
WORDS = st.text(LETTERS, min_size=3, max_size=12)


def found(asked: str, written: str, language: str = "en") -> bool:
    """Tell whether every word that is asked for stands in a text, as both databases compare them."""
    words = fold(written).split()
    return all(
        any(each == form or (len(form) >= 3 and each.startswith(form)) for form in word for each in words)
        for word in understand(asked, language).words
    )


@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text())
def test_a_folded_text_is_words_of_letters_and_digits(text: str) -> None:
    assert all(each.isalnum() for each in fold(text).split())
    assert " ".join(fold(text).split()) == fold(text)


@given(WORDS)
def test_a_word_is_found_typed_in_any_case_and_composition(word: str) -> None:
    for typed in (word.upper(), word.lower(), word.title(), word.swapcase(), unicodedata.normalize("NFD", word)):
        assert fold(typed) == fold(word)


@given(
    WORDS,
    st.lists(st.sampled_from("\u0301\u0308\u0327\u064b\u0651\u200b\u200d\u00ad\ufeff\u2067"), min_size=12, max_size=12),
)
def test_accents_short_vowels_and_what_has_no_width_do_not_count(word: str, marks: list[str]) -> None:
    written = "".join(letter + mark for letter, mark in zip(word, marks, strict=False))
    assert fold(written) == fold(word)


@given(WORDS, st.sampled_from(["en", "fr", "tr", "ar", "es"]))
def test_a_word_is_found_by_itself_whatever_endings_are_tried(word: str, language: str) -> None:
    for each in fold(word).split():
        assert any(each.startswith(form) for form in forms(each, language))


@pytest.mark.parametrize(
    ("written", "typed"),
    [
        ("İSTANBUL'DA IŞIK", "istanbul'da ışık"),
        ("ırmak", "Irmak"),
        ("Œuvre, cœur", "oeuvre COEUR"),
        ("Straße", "STRASSE"),
        ("Łódź", "lodz"),
        ("Ægir Øresund", "aegir oresund"),
        ("أإآٱ", "اااا"),
        ("إعادة الإدماج", "اعاده ادماج"),
        ("مُسَاعَدَةٌ", "مساعدة"),
        ("العـــودة", "عوده"),
        ("على مستوى", "علي مستوي"),
        ("مسؤول", "مسوول"),
        ("١٢٣ ۴۵۶", "123 456"),
        ("ﻻ ﬁn №", "لا fin no"),
        ("co\u00adopé\u200bration", "cooperation"),
        ("jobs—skills/reintegration (2026)", "jobs skills reintegration 2026"),
    ],
)
def test_these_are_the_same(written: str, typed: str) -> None:
    assert fold(written) == fold(typed)


@pytest.mark.parametrize(
    ("language", "written", "typed"),
    [
        ("en", "reintegration policy and counselling", "policies counsel"),
        ("fr", "le retour volontaire et l'accueil des communautés", "retours L’ACCUEIL communaute"),
        ("fr", "plan national", "nationaux"),
        ("es", "la comunidad y la política", "comunidades politicas"),
        ("tr", "Gönüllü geri dönüş desteği, topluluğun rolü", "gonullu donusler destek topluluk"),
        ("tr", "Türkiye'de üye", "Türkiye'nin üyelerinden"),
        ("ar", "دعم العودة الطوعية وإعادة الإدماج", "إعادة طوعيه عودة"),
        ("ar", "إعادة الإدماج بالتعاون", "وإعادة التعاون"),
    ],
)
def test_inflected_words_are_found(language: str, written: str, typed: str) -> None:
    assert found(typed, written, language)


@pytest.mark.parametrize(("written", "typed"), [("the school", "scholar"), ("a report", "reporting"), ("due", "eu")])
def test_other_words_are_not(written: str, typed: str) -> None:
    assert not found(typed, written)


@pytest.mark.parametrize(
    ("typed", "refused"), [("", "empty"), ('  "" %_* ', "empty"), ("a", "short"), ("x y ?", "short"), ("EU", "")]
)
def test_what_holds_no_word_is_refused(typed: str, refused: str) -> None:
    assert understand(typed).refused == refused


def test_phrases_stand_in_any_quotation_marks() -> None:
    assert understand('“Jobs, skills” «mesure simple» left "open').phrases == (("jobs skills",), ("mesure simple",))
