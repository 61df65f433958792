"""A copy says whose it is on every page, whatever its pages look like; what cannot be marked is not given out."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator

import pytest
from fpdf import FPDF
from pypdf import PdfReader, PdfWriter

from reading.stamping import FONT, NotStamped, drawable, stamp, stamped


def made(*turns: int) -> bytes:
    """Make a PDF with a page for each turn, in degrees; the last one is cut to a part of it."""
    pdf = FPDF()
    pdf.set_font("helvetica", size=12)
    for _ in turns:
        pdf.add_page()
        pdf.cell(text="The text.")
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(bytes(pdf.output()))))
    for page, turn in zip(writer.pages, turns, strict=True):
        page.rotate(turn)
    writer.pages[-1].cropbox.lower_left = (100, 50)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def test_every_page_has_the_line_and_its_own_words_however_it_is_turned() -> None:
    content = made(0, 90, 180, 270, 0)
    copy = PdfReader(io.BytesIO(stamp(iter([content[:700], content[700:]]), ["Ayşe Işıkoğlu · 2026.02.26", "m07"])))
    assert [each.rotation for each in copy.pages] == [0, 90, 180, 270, 0]
    for page in copy.pages:
        text = page.extract_text()
        assert "The text." in text
        assert text.count("Ayşe Işıkoğlu · 2026.02.26") > 5
        assert b"/Artifact BMC" in page.get_contents().get_data()  # type: ignore[union-attr]
    sizes = {tuple(each["/Resources"]["/XObject"]["/ReaderName"]["/BBox"][2:]) for each in copy.pages}  # type: ignore[index]
    assert len(sizes) == 3  # upright, lying, cut: the line covers what is shown


def test_a_file_of_many_pages_grows_little() -> None:
    content = made(*[0] * 120)
    assert len(stamped(content, ["Femke Voorbeeld"])) < len(content) + 60_000


@pytest.mark.parametrize(
    ("name", "drawn"),
    [
        ("رنا المثال · 2026.02.26", True),
        ("Łukasz Őry Đặng", True),
        ("Ελένη Иванова", True),
        ("তাহমিনা · 1", False),
        ("周", False),
    ],
)  # fmt: skip
def test_a_name_our_letters_cannot_draw_gives_way_to_the_code(name: str, drawn: bool) -> None:
    assert drawable([name, "m07 · 1"]) == (name if drawn else "m07 · 1")
    assert drawable([name, "周 m07"]) == (name if drawn else " m07")


def test_arabic_is_written_from_right_to_left_with_joined_letters() -> None:
    (page,) = PdfReader(io.BytesIO(stamped(made(0), ["رنا المثال · 2026.02.26"]))).pages
    assert "2026.02.26 · رنا المثال" in page.extract_text()
    assert FONT.with_name("LICENSE").exists()


def broken_off() -> Iterator[bytes]:
    yield made(0)[:600]
    raise OSError("the vault")


@pytest.mark.parametrize("pieces", [[], [b"x"], [b"%PDF-1.7\nbroken"], [made(0)[:500]], broken_off()])
def test_what_cannot_be_marked_is_refused(pieces: object) -> None:
    with pytest.raises(NotStamped):
        stamp(pieces, ["m07"])  # type: ignore[arg-type]


def test_one_that_takes_too_long_is_given_up() -> None:
    began = time.monotonic()
    with pytest.raises(NotStamped):
        stamp([made(0)], ["m07"], seconds=0.01)
    assert time.monotonic() - began < 5
