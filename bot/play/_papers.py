"""Papers for the scenarios: a note of three pages with everything a memo has, made here so that none is stored."""

from __future__ import annotations

from datetime import UTC, datetime

from fpdf import FPDF

TITLE = "Counting what matters: simple shared measures"
SLIP = "The delegate of the welfare board asked for fewer figures."
MENDED = "One participant asked for fewer figures."
_PARTS: tuple[tuple[str, str], ...] = (
    (
        "Purpose",
        "The community met to compare how reintegration is measured and to find figures that everybody can "
        "collect with little effort. This note keeps what was said without saying who said it.",
    ),
    (
        "Main points",
        "Most programmes count payments and departures; few ask people how they live a year later. Three "
        "short questions asked twice tell more than thirty asked once. Partners in countries of origin want to see the "
        "results of what they collect. {slip}",
    ),
    (
        "Lessons",
        "A measure survives when it is cheap, when it is asked in the language of the person, and when somebody "
        "uses the answer within a quarter. Shared definitions matter more than shared software.",
    ),
    (
        "Open questions",
        "Who asks after the programme has ended? How are people reached who move again? What is a fair "
        "comparison with neighbours who never left?",
    ),
    (
        "Next steps",
        "A small group tries three questions in two places until summer and reports at the next meeting. The "
        "secretariat collects definitions that are in use.",
    ),
    (
        "Resources",
        "The list of indicators, the short questionnaire and the notes of earlier meetings are in the library.",
    ),
)
_FILLER = (
    "The discussion came back several times to the same balance: between what a donor must know, what a service needs "
    "in order to improve, and what it is fair to ask of somebody who has just arrived."
)


def memo_paper(*, slip: bool = False, edition: int = 1) -> bytes:
    """Make the note as PDF; with `slip` it names a delegate, which the check before approval is to find."""
    paper = FPDF(format="A4")
    paper.set_title(TITLE)
    paper.set_creation_date(datetime(2026, 2, 9, tzinfo=UTC))
    paper.set_auto_page_break(auto=True, margin=25)
    for number, (heading, text) in enumerate(_PARTS):
        if number % 2 == 0:
            paper.add_page()
        if number == 0:
            paper.set_font("helvetica", "B", 18)
            paper.multi_cell(0, 9, TITLE, new_x="LMARGIN", new_y="NEXT")
            paper.set_font("helvetica", "", 10)
            paper.multi_cell(0, 8, f"Internal note, version {edition}", new_x="LMARGIN", new_y="NEXT")
        paper.set_font("helvetica", "B", 13)
        paper.multi_cell(0, 12, heading, new_x="LMARGIN", new_y="NEXT")
        paper.set_font("helvetica", "", 11)
        words = text.format(slip=SLIP if slip else MENDED)
        for each in (words, _FILLER, _FILLER):
            paper.multi_cell(0, 6, each, new_x="LMARGIN", new_y="NEXT")
            paper.ln(3)
    return bytes(paper.output())
