"""What good files give: kind by content, pages, words in five languages."""

from __future__ import annotations

import io
import zipfile

import docx
import pytest

import reading
from reading._judge import judge
from tests.reading.making import changed_pdf, in_body, jpeg, plain_pdf, png, relation, rezipped, word, written_pdf

WORDS = {
    "fr": "Bonjour à l’équipe : œuvre, garçon, naïveté",
    "tr": "İstanbul'da ölçülü ğüşıöç yaklaşım",
    "ar": "مذكرة جديدة للاجتماع القادم في بروكسل",
    "es": "¿Qué señal da el niño? Ojalá",
    "en": "The office of five waffles filed it",
}


@pytest.mark.parametrize("language", WORDS)
def test_a_pdf_gives_the_words_of_its_pages(language: str) -> None:
    found = judge(written_pdf(WORDS[language]))
    assert (found.kind, found.pages, found.words) == ("pdf", 1, len(WORDS[language].split()))
    assert found.text[0].strip() == WORDS[language]


def test_a_file_is_read_in_a_process_of_its_own() -> None:
    found = reading.read(plain_pdf(3), "memo.pdf")
    assert (found.kind, found.pages, len(found.text)) == ("pdf", 3, 3)
    assert [each.strip() for each in found.text] == [f"Page {n} of the memo" for n in (1, 2, 3)]
    assert reading.read(word(), "memo.docx").kind == "docx"


def test_links_bookmarks_and_forms_are_no_harm() -> None:
    content = changed_pdf(
        lambda writer: (writer.add_outline_item(title="Part 1", page_number=0), writer.add_metadata({"/Title": "Memo"}))
    )
    assert judge(content).pages == 1


def test_a_docx_gives_all_words_that_whoever_has_it_can_read() -> None:
    box = (
        '<w:p><w:r><mc:AlternateContent xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006">'
        "<mc:Choice><w:txbxContent><w:p><w:r><w:t>Boxed words</w:t></w:r></w:p></w:txbxContent></mc:Choice>"
        "<mc:Fallback><w:t>Boxed words</w:t></mc:Fallback></mc:AlternateContent></w:r></w:p>"
        "<w:sdt><w:sdtContent><w:p><w:del><w:r><w:delText>Deleted name</w:delText></w:r></w:del></w:p>"
        "</w:sdtContent></w:sdt>"
    )
    found = judge(rezipped({"word/document.xml": in_body(box)}))
    whole = "\n".join(found.text)
    assert (found.kind, found.pages) == ("docx", 2)
    assert whole.count("Boxed words") == 1
    assert "Deleted name" in found.text[0]
    assert "The delegate of Ruritania spoke." in found.text[1]
    assert "In a table" in whole
    assert "Restricted" in whole  # the footer


def test_pages_of_a_docx_are_those_its_program_saw() -> None:
    mark = "<w:p><w:r><w:lastRenderedPageBreak/><w:t>Top</w:t></w:r></w:p>"
    assert judge(rezipped({"word/document.xml": in_body(mark)})).pages == 2
    long = docx.Document()
    for _ in range(10):
        long.add_paragraph("word " * 150)
    out = io.BytesIO()
    long.save(out)
    assert judge(out.getvalue()).pages == 4


def test_a_docx_written_in_one_go_is_good() -> None:
    """Programs that write an archive as a stream put the sizes behind the entries."""

    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def seek(self, *_: int) -> int:
            raise OSError

        def tell(self) -> int:
            raise OSError

    out = Pipe()
    with zipfile.ZipFile(io.BytesIO(word())) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    assert b"PK\x07\x08" in out.getvalue()
    assert judge(out.getvalue()).pages == 2


def test_fields_of_templates_are_no_harm() -> None:
    fields = (" MACROBUTTON NoMacro [Title] ", ' HYPERLINK "https://example.org/LINK" ', " PAGE ", ' TOC \\o "1-3" ')
    xml = "".join(f"<w:p><w:fldSimple w:instr='{each}'><w:r><w:t>x</w:t></w:r></w:fldSimple></w:p>" for each in fields)
    assert judge(rezipped({"word/document.xml": in_body(xml)})).kind == "docx"


def test_a_link_in_a_docx_is_no_harm() -> None:
    assert (
        judge(rezipped({"word/_rels/document.xml.rels": relation("hyperlink", "https://example.org")})).kind == "docx"
    )


def test_markdown_is_text_in_utf8() -> None:
    found = judge("\ufeff# Memo\r\n\r\n* مذكرة\r\n* <https://example.org>\r\n".encode(), "md")
    assert (found.kind, found.pages, found.words) == ("md", 1, 6)
    assert found.text[0].startswith("# Memo\n")
    assert judge(("para " * 300 + "\n\n").encode() * 3).pages == 3


@pytest.mark.parametrize("ending", ["pdf", "png", "exe", ""])
def test_a_name_never_makes_a_file_what_it_is_not(ending: str) -> None:
    assert judge(b"Plain words.", ending).kind == "md"
    assert judge(png(), ending).kind == "png"


def test_pictures() -> None:
    assert (judge(png()).kind, judge(png()).pages, judge(png()).text) == ("png", None, ())
    assert judge(jpeg()).kind == "jpg"
    assert judge(jpeg() + jpeg() + b"\0\0").kind == "jpg"  # a phone's preview behind it
