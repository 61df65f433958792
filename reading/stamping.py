"""Writing a reader's name on every page of a PDF, so that a copy says whose it is (reliability S47).

As reading, it happens in a child process with little memory and time and none of our secrets. What the child writes is
a drawing of its own, laid over each page; the page itself stays as it was.
"""

from __future__ import annotations

import io
import json
import logging
import math
import os
import subprocess
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pypdf import PageObject, PdfWriter
    from pypdf.generic import IndirectObject

SECONDS = 20.0
"""Longest time one copy may take, of the wall clock."""
CPU_SECONDS = 15
MEMORY = 700 * 2**20
"""Bytes of address space of the child: a 20 MB file, its parts, and what is written."""
LARGEST = 60_000_000
"""Bytes of a copy; one is little larger than what it was made of."""
FONT = Path(__file__).parent / "fonts" / "DejaVuSans.ttf"
SIZES_MAX = 200
"""Different sizes of pages in one file."""
_ROOT = Path(__file__).resolve().parent.parent
_KEPT = ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT")
_SIZE, _FOOT_SIZE = 15, 8
_SLANT = 24
_UNSEEN = frozenset("\u200c\u200d\u200e\u200f\u2066\u2067\u2068\u2069\u00a0 ")


class NotStamped(Exception):
    """No copy could be made: the file is broken, too large, or takes too long."""


def stamp(content: bytes, lines: Sequence[str], *, seconds: float = SECONDS) -> bytes:
    """Give a PDF with a line of text across every page; it blocks and belongs into a thread. Raise `NotStamped`.

    The first of `lines` that can be drawn is used; let the last one be plain ASCII. At most `seconds` of real time.
    """
    head = json.dumps(list(lines)).encode()
    try:
        child = subprocess.run(
            [sys.executable, "-B", "-E", "-s", "-X", "utf8", "-m", "reading.stamping"],
            input=len(head).to_bytes(4, "big") + head + content, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            cwd=_ROOT, env={each: os.environ[each] for each in _KEPT if each in os.environ}, timeout=seconds,
            check=False, start_new_session=True,
        )  # fmt: skip
    except (subprocess.TimeoutExpired, OSError) as error:
        raise NotStamped(type(error).__name__) from None
    made = child.stdout
    if child.returncode or not made.startswith(b"%PDF-") or len(made) > LARGEST:
        raise NotStamped(str(child.returncode))
    return made


def main() -> None:
    """Make one copy: length of the head, the lines as JSON, then the PDF, all from standard input."""
    _limit()
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    given = sys.stdin.buffer
    lines = json.loads(given.read(int.from_bytes(given.read(4), "big")))
    made = stamped(given.read(), lines)
    sys.stdout.buffer.write(made)
    sys.stdout.buffer.flush()


def stamped(content: bytes, lines: Sequence[str]) -> bytes:
    """Draw a line over every page. Raise whatever a library makes of a broken file."""
    from pypdf import PdfReader, PdfWriter
    from pypdf.generic import ArrayObject, DictionaryObject, NameObject

    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(content), strict=False))
    name = NameObject("/ReaderName")
    sizes = {_size(page): None for page in writer.pages}
    if len(sizes) > SIZES_MAX:
        raise ValueError("too many sizes")
    forms = dict(zip(sizes, _forms(writer, list(sizes), drawable(lines)), strict=True))
    before = _stream(writer, b"q\n")
    for page in writer.pages:
        resources = DictionaryObject(_dictionary(page.get("/Resources")))
        drawings = _dictionary(resources.get("/XObject"))
        resources[NameObject("/XObject")] = DictionaryObject({**drawings, name: forms[_size(page)]})
        page[NameObject("/Resources")] = resources
        contents = page.get("/Contents")
        held = contents.get_object() if contents is not None else ArrayObject()
        old = list(held) if isinstance(held, ArrayObject) else [contents]
        turn = " ".join(f"{each:g}" for each in _turn(page))
        after = _stream(writer, f"\nQ\n/Artifact BMC q {turn} cm /ReaderName Do Q EMC\n".encode())
        page[NameObject("/Contents")] = ArrayObject([before, *old, after])
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def drawable(lines: Sequence[str]) -> str:
    """Give the first line every letter of which our font has, else the last without what it lacks."""
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

    with TTFont(FONT, lazy=True) as font:
        letters = font.getBestCmap().keys()
        for each in lines:
            if all(ord(letter) in letters or letter in _UNSEEN for letter in each):
                return each
        return "".join(each for each in lines[-1] if ord(each) in letters)


def _size(page: PageObject) -> tuple[int, int]:
    """Give width and height of a page as it is shown, in points."""
    width, height = abs(float(page.cropbox.width)), abs(float(page.cropbox.height))
    width, height = (height, width) if page.rotation % 180 else (width, height)
    return max(1, min(14_400, math.ceil(width))), max(1, min(14_400, math.ceil(height)))


def _turn(page: PageObject) -> tuple[float, ...]:
    """Give the matrix that lays what is drawn upright on a page that may be turned and need not begin at 0, 0."""
    box = page.cropbox
    left, bottom = min(box.left, box.right), min(box.bottom, box.top)
    right, top = max(box.left, box.right), max(box.bottom, box.top)
    match page.rotation % 360:
        case 90:
            return 0, 1, -1, 0, right, bottom
        case 180:
            return -1, 0, 0, -1, right, top
        case 270:
            return 0, -1, 1, 0, left, top
        case _:
            return 1, 0, 0, 1, left, bottom


def _forms(writer: PdfWriter, sizes: Sequence[tuple[int, int]], line: str) -> list[IndirectObject]:
    """Draw the line for pages of these sizes; give each as a form that pages can show."""
    from pypdf import PdfReader
    from pypdf.generic import ArrayObject, DictionaryObject, FloatObject, NameObject, StreamObject

    made = []
    for (width, height), page in zip(sizes, PdfReader(io.BytesIO(_drawn(sizes, line))).pages, strict=True):
        form = StreamObject()
        contents = page.get_contents()
        form.set_data(contents.get_data() if contents is not None else b"")
        form[NameObject("/Type")], form[NameObject("/Subtype")] = NameObject("/XObject"), NameObject("/Form")
        form[NameObject("/BBox")] = ArrayObject([FloatObject(each) for each in (0, 0, width, height)])
        form[NameObject("/Resources")] = DictionaryObject(_dictionary(page.get("/Resources"))).clone(writer)
        made.append(writer._add_object(form.flate_encode()))
    return made


def _drawn(sizes: Sequence[tuple[int, int]], line: str) -> bytes:
    """Draw the line across pages of these sizes, and once more small at their feet."""
    from fpdf import FPDF

    pdf = FPDF(unit="pt")
    pdf.set_auto_page_break(False)
    pdf.set_margin(0)
    pdf.c_margin = 0
    pdf.add_font("n", fname=FONT)
    pdf.set_text_shaping(True)
    for width, height in sizes:
        pdf.add_page(format=(width, height))
        pdf.set_text_color(60, 70, 80)
        pdf.set_font("n", size=_SIZE)
        across = pdf.get_string_width(line) + 60
        reach = math.hypot(width, height) / 2
        with pdf.local_context(fill_opacity=0.13), pdf.rotation(_SLANT, width / 2, height / 2):
            rows = min(60, math.ceil(reach / 95))
            columns = min(60, math.ceil(reach / across) + 1)
            for row in range(-rows, rows + 1):
                for column in range(-columns, columns):
                    pdf.set_xy(width / 2 + (column + row % 2 / 2) * across, height / 2 + row * 95)
                    pdf.cell(text=line)  # unlike `text` it puts letters of both directions in order
        pdf.set_font("n", size=_FOOT_SIZE)
        with pdf.local_context(fill_opacity=0.75):
            pdf.set_xy(max(4.0, (width - pdf.get_string_width(line)) / 2), height - 18)
            pdf.cell(text=line)
    return bytes(pdf.output())


def _dictionary(found: Any) -> dict[Any, Any]:
    found = found.get_object() if found is not None else None
    return found if isinstance(found, dict) else {}


def _stream(writer: PdfWriter, content: bytes) -> Any:
    from pypdf.generic import StreamObject

    stream = StreamObject()
    stream.set_data(content)
    return writer._add_object(stream)


def _limit() -> None:
    """Bound memory, time and files of this process; where the system cannot, the parent's clock still ends it."""
    try:
        import resource
    except ImportError:  # Windows
        return
    for what, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),  # a dump would hold the text
    ):
        hard = resource.getrlimit(what)[1]
        bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (bound, bound))


if __name__ == "__main__":
    main()
