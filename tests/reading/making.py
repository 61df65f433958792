"""Documents for the tests: good ones as people's programs write them, and parts to make bad ones of."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import docx
from fpdf import FPDF
from pypdf import PdfReader, PdfWriter

FONT = Path(__file__).parents[2] / "reading" / "fonts" / "DejaVuSans.ttf"


@cache
def plain_pdf(pages: int = 2) -> bytes:
    made = FPDF()
    for number in range(1, pages + 1):
        made.add_page()
        made.set_font("Helvetica", size=12)
        made.cell(text=f"Page {number} of the memo", link="https://example.org")
    return bytes(made.output())


@cache
def written_pdf(text: str) -> bytes:
    made = FPDF()
    made.add_font("D", fname=FONT)
    made.set_text_shaping(True)
    made.add_page()
    made.set_font("D", size=12)
    made.multi_cell(0, 8, text)
    return bytes(made.output())


def changed_pdf(change: Callable[[PdfWriter], Any], pages: int = 1) -> bytes:
    """Give a PDF that was written anew by another program after a change."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(plain_pdf(pages))))
    change(writer)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def raw_pdf(*objects: str | bytes, root: int = 1, trailer: str = "") -> bytes:
    """Give a PDF of these objects, numbered from 1, with a right table of places."""
    out, places = b"%PDF-1.7\n", []
    for number, each in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n".encode() + (each.encode() if isinstance(each, str) else each) + b"\nendobj\n"
    start = len(out)
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    end = f"trailer\n<< /Size {len(objects) + 1} /Root {root} 0 R {trailer}>>\nstartxref\n{start}\n%%EOF\n"
    return out + f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}{end}".encode()


PAGE = (
    "<< /Type /Catalog /Pages 2 0 R {more} >>", "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] {page} >>",
)  # fmt: skip


def page_pdf(*objects: str | bytes, more: str = "", page: str = "") -> bytes:
    """Give a PDF of one page with more in its catalogue and its page, and further objects from 4 on."""
    return raw_pdf(PAGE[0].format(more=more), PAGE[1], PAGE[2].format(page=page), *objects)


def stream(content: bytes, head: str = "") -> bytes:
    return f"<< {head} /Length {len(content)} >>\nstream\n".encode() + content + b"\nendstream"


@cache
def word() -> bytes:
    """Give a DOCX as python-docx writes it."""
    made = docx.Document()
    made.add_heading("Memo")
    made.add_paragraph("The first page.")
    made.add_page_break()
    made.add_paragraph("The delegate of Ruritania spoke.")
    made.add_table(1, 1).cell(0, 0).text = "In a table"
    made.sections[0].footer.paragraphs[0].text = "Restricted"
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def rezipped(
    changes: Mapping[str, str | bytes | Callable[[str], str]] | None = None, compression: int = zipfile.ZIP_DEFLATED
) -> bytes:
    """Give the DOCX with parts added, replaced, or changed by a function."""
    changes, out = dict(changes or {}), io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(word())) as old, zipfile.ZipFile(out, "w", compression) as new:
        for name in old.namelist():
            content: Any = old.read(name)
            change = changes.pop(name, None)
            if callable(change):
                content = change(content.decode())
            elif change is not None:
                content = change
            new.writestr(name, content)
        for name, added in changes.items():
            assert not callable(added)
            new.writestr(name, added)
    return out.getvalue()


def relation(kind: str, target: str, mode: str = "External") -> Callable[[str], str]:
    """Add a relation to a part's list."""
    what = f"http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}"
    added = f'<Relationship Id="rIdX" Type="{what}" Target="{target}" TargetMode="{mode}"/></Relationships>'
    return lambda xml: xml.replace("</Relationships>", added)


def in_body(xml: str) -> Callable[[str], str]:
    """Put something at the start of the document's body."""
    return lambda whole: whole.replace("<w:body>", f"<w:body>{xml}", 1)


def png(width: int = 8, height: int = 8, extra: bytes = b"") -> bytes:
    dots = zlib.compress(b"".join(b"\0" + b"\0" * width * 3 for _ in range(min(height, 50))))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + extra + chunk(b"IDAT", dots) + chunk(b"IEND", b"")


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


@cache
def jpeg(width: int = 16, height: int = 16) -> bytes:
    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", (width, height), "red").save(out, "JPEG")
    return out.getvalue()
