"""What the checks of a memo find in the five languages, and what they leave alone."""

from __future__ import annotations

import pytest

from handlers._memo_checks import MARKS_MAX, Found, Person, look, sealed, unsealed

PEOPLE = (
    Person("Tahmina Udaharon", "Ministry of Expatriates' Welfare"),
    Person("Claire Exemple", "Office français de l'immigration (OFII)"),
    Person("Ayşe Örnek", "Göç İdaresi Başkanlığı"),
    Person("أمينة مثال", "وزارة الداخلية"),
    Person("Will Stone", "International Centre for Migration Policy Development"),
)


def quotes(*pages: str) -> list[str]:
    return [quote for _, quote in look(pages, None, PEOPLE).marks]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Then the delegate of Austria said no.", "the delegate of Austria said"),
        ("A participant from Dhaka added data.", "A participant from Dhaka added"),
        ("as udaharon, TAHMINA UDAHARON spoke", "as udaharon, TAHMINA UDAHARON spoke"),
        ("It was Ms Udaharon who asked.", "was Ms Udaharon who asked"),
        ("The ICMPD view was heard.", "The ICMPD view was"),
        ("La déléguée de la France a dit oui.", "La déléguée de la France"),
        ("LA DELEGUEE DE LA FRANCE", "LA DELEGUEE DE LA FRANCE"),
        ("Le repré-\nsentant d’Espagne", "Le représentant d’Espagne"),
        ("par exemple, Mme Exemple pense", "exemple, Mme Exemple pense"),
        ("Türkiye temsilcisinin sözleri", "Türkiye temsilcisinin"),
        ("GÖÇ İDARESİ BAŞKANLIĞI konuştu", "GÖÇ İDARESİ BAŞKANLIĞI konuştu"),
        ("Ayse Ornek dedi", "Ayse Ornek dedi"),
        ("قال مندوب تونس إن العدد", "قال مندوب تونس إن"),
        ("ثم وفد المغرب", "ثم وفد المغرب"),
        ("قالت أُمينة مثال نعم", "قالت أمينة مثال نعم"),
        ("El delegado de España. La", "El delegado de España"),
    ],
)
def test_who_spoke_is_found(text: str, found: str) -> None:
    (quote,) = quotes(text)
    assert quote.translate({0x64F: None}) == found


@pytest.mark.parametrize(
    "text",
    [
        "Participants of the meeting agreed. Experts from the field were not asked.",
        "We will go on; a stone was moved, and another one.",
        "Par exemple, les représentants étaient nombreux.",
        "los expertos de campo y los participantes",
        "Uzmanlar ve temsilciler konuştu.",
        "The delegates were heard.",
    ],
)
def test_ordinary_words_are_left_alone(text: str) -> None:
    assert quotes(text) == []


def test_pages_are_named_and_many_places_are_counted() -> None:
    many = "\n".join(f"The delegate of Country{number} said so." for number in range(MARKS_MAX + 5))
    found = look(["Nothing here.", many], 2, PEOPLE)
    assert {page for page, _ in found.marks} == {2}
    assert (len(found.marks), found.more, found.counts["marks"]) == (MARKS_MAX, 5, MARKS_MAX + 5)
    assert "Country" not in repr(found.counts)


@pytest.mark.parametrize(
    "headings",
    [
        "1. Purpose\n2. Main points raised\n3. Lessons learned\n4. Open questions\n5. Next steps\n6. Resources",
        "OBJET : comparer\nPoints principaux\nEnseignements\nQuestions ouvertes\nProchaines étapes\nRessources",
        "Amaç\nAna noktalar\nÇıkarılan dersler\nAçık sorular\nSonraki adımlar\nKAYNAKLAR",
        "الغرض\nالنقاط الرئيسية\nالدروس المستفادة\nالأسئلة المفتوحة\nالخطوات التالية\nالموارد",
        "## Propósito\n## Puntos clave\n## Lecciones aprendidas\n## Preguntas abiertas\n## Próximos pasos\n## Recursos",
    ],
)
def test_the_six_parts_are_known_in_five_languages(headings: str) -> None:
    assert look([headings], 3, ()).missing == ()
    one_less = "\n".join(headings.splitlines()[:-1])
    assert look([one_less], 3, ()).missing == ("resources",)


def test_a_sentence_is_no_heading() -> None:
    assert (
        len(look(["The purpose of these lessons is to find the next steps and resources together."], 3, ()).missing)
        == 6
    )


def test_findings_are_sealed_by_language_and_come_back() -> None:
    english, french = Found(3, 10, ((2, "the delegate of"),), 1, ("next",)), Found(None, 0)
    assert unsealed(sealed({"fr": french}, sealed({"en": english}))) == {"en": english, "fr": french}
    assert unsealed("") == {}
