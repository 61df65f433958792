"""Writing a reader's name on every page of a PDF, so that a copy says whose it is (reliability S47).

As reading, it happens in a child process with little memory and time and none of our secrets. What the child writes is
a drawing of its own, laid over each page; the page itself stays as it was.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import math
import os
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

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
END = b"\n%whole\n"
"""What follows the last piece, so that a file that breaks off is not taken for a whole one."""
FONT = Path(__file__).parent / "fonts" / "DejaVuSans.ttf"
SIZES_MAX = 200
"""Different sizes of pages in one file."""
_ROOT = Path(__file__).resolve().parent.parent
_KEPT = ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT")
SIZE, SLANT, GAP, ROWS = 15, 24, 60, 95
"""Points of the letters, degrees they rise, points between two of them in a row, and between rows."""
FOOT = 0.55
"""How much smaller they are at the foot."""
_UNSEEN = frozenset("\u200c\u200d\u200e\u200f\u2066\u2067\u2068\u2069\u00a0 ")


class NotStamped(Exception):
    """No copy could be made: the file is broken, too large, or takes too long."""


def stamp(pieces: Iterable[bytes], lines: Sequence[str], *, seconds: float = SECONDS) -> bytes:
    """Give a PDF, given in pieces, with a line of text across every page; it blocks and belongs into a thread.

    The first of `lines` that can be drawn is used; let the last one be plain ASCII. At most `seconds` of real time.
    Raise `NotStamped`.
    """
    child = _child()
    timer = threading.Timer(seconds, child.kill)
    feeding = threading.Thread(target=_feed, args=(child.stdin, pieces, json.dumps(list(lines)).encode()), daemon=True)
    timer.start()
    feeding.start()
    try:
        assert child.stdout is not None
        made = child.stdout.read(LARGEST + 1)
        if len(made) > LARGEST:
            child.kill()
        code = child.wait()
    finally:
        timer.cancel()
        child.kill()
        feeding.join()
        child.__exit__(None, None, None)
    if code or not made.startswith(b"%PDF-") or len(made) > LARGEST:
        raise NotStamped(str(code))
    return made


def _child() -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            [sys.executable, "-B", "-E", "-s", "-X", "utf8", "-m", "reading.stamping"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=_ROOT, close_fds=True,
            env={each: os.environ[each] for each in _KEPT if each in os.environ}, start_new_session=True,
        )  # fmt: skip
    except OSError as error:
        raise NotStamped(type(error).__name__) from None


def _feed(pipe: IO[bytes] | None, pieces: Iterable[bytes], head: bytes) -> None:
    """Give the child its work; whatever ends it early, the child finds no whole file."""
    assert pipe is not None
    with contextlib.suppress(Exception):
        pipe.write(len(head).to_bytes(4, "big") + head)
        for each in pieces:
            pipe.write(each)
        pipe.write(END)
    with contextlib.suppress(OSError):
        pipe.close()


def main() -> None:
    """Make one copy: length of the head, the lines as JSON, then the PDF, all from standard input."""
    _limit()
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    given = sys.stdin.buffer
    lines = json.loads(given.read(int.from_bytes(given.read(4), "big")))
    content = given.read()
    if not content.endswith(END):
        sys.exit(1)
    made = stamped(content[: -len(END)], lines)
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
    line = _line(writer, drawable(lines))
    forms = {each: _over(writer, each, line) for each in sizes}
    before = _stream(writer, b"q\n")
    for page in writer.pages:
        resources = DictionaryObject(_dictionary(page.get("/Resources")))
        drawings = _dictionary(resources.get("/XObject"))
        resources[NameObject("/XObject")] = DictionaryObject({**drawings, name: forms[_size(page)]})
        page[NameObject("/Resources")] = resources
        contents = page.get("/Contents")
        held = contents.get_object() if contents is not None else ArrayObject()
        old = list(held) if isinstance(held, ArrayObject) else [contents]
        after = _stream(writer, f"\nQ\n/Artifact BMC q {_numbers(_turn(page))} cm /ReaderName Do Q EMC\n".encode())
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


def _over(writer: PdfWriter, size: tuple[int, int], drawn: tuple[IndirectObject, float]) -> Any:
    """Put a drawn line together to a form for pages of this size: slanted all over, and once small at the foot."""
    from pypdf.generic import ArrayObject, DictionaryObject, FloatObject, NameObject, StreamObject

    (width, height), (line, long) = size, drawn
    reach, across, turn = math.hypot(width, height) / 2, long + GAP, math.radians(SLANT)
    rows, columns = min(80, math.ceil(reach / ROWS)), min(80, math.ceil(reach / across) + 1)
    slanted = (math.cos(turn), math.sin(turn), -math.sin(turn), math.cos(turn), width / 2, height / 2)
    said = [f"/Faint gs q {_numbers(slanted)} cm"]
    for row in range(-rows, rows + 1):
        for column in range(-columns, columns + 1):
            at = (1, 0, 0, 1, (column + row % 2 / 2 - 0.5) * across, row * ROWS)
            said.append(f"q {_numbers(at)} cm /Line Do Q")
    small = (FOOT, 0, 0, FOOT, max(4.0, (width - long * FOOT) / 2), 5)
    said.append(f"Q /Clear gs q {_numbers(small)} cm /Line Do Q")
    states = {
        NameObject(name): DictionaryObject({NameObject("/ca"): FloatObject(opacity)})
        for name, opacity in (("/Faint", 0.13), ("/Clear", 0.75))
    }
    form = StreamObject()
    form.set_data("\n".join(said).encode())
    form[NameObject("/Type")], form[NameObject("/Subtype")] = NameObject("/XObject"), NameObject("/Form")
    form[NameObject("/BBox")] = ArrayObject([FloatObject(each) for each in (0, 0, width, height)])
    form[NameObject("/Resources")] = DictionaryObject(
        {
            NameObject("/XObject"): DictionaryObject({NameObject("/Line"): line}),
            NameObject("/ExtGState"): DictionaryObject(states),
        }
    )
    return writer._add_object(form.flate_encode())


def _line(writer: PdfWriter, line: str) -> tuple[Any, float]:
    """Draw the line once; give the form that shows it, and its width in points."""
    from fpdf import FPDF
    from pypdf import PdfReader
    from pypdf.generic import ArrayObject, DictionaryObject, FloatObject, NameObject, StreamObject

    pdf = FPDF(unit="pt")
    pdf.set_auto_page_break(False)
    pdf.set_margin(0)
    pdf.c_margin = 0
    pdf.add_font("n", fname=FONT)
    pdf.set_text_shaping(True)
    pdf.set_font("n", size=SIZE)
    width = pdf.get_string_width(line)
    pdf.add_page(format=(width + 8, 2 * SIZE))
    pdf.set_text_color(60, 70, 80)
    pdf.cell(w=width, h=2 * SIZE, text=line)  # unlike `text` it puts letters of both directions in order
    (page,) = PdfReader(io.BytesIO(bytes(pdf.output()))).pages
    form = StreamObject()
    contents = page.get_contents()
    form.set_data(contents.get_data() if contents is not None else b"")
    form[NameObject("/Type")], form[NameObject("/Subtype")] = NameObject("/XObject"), NameObject("/Form")
    form[NameObject("/BBox")] = ArrayObject([FloatObject(each) for each in (0, 0, width + 8, 2 * SIZE)])
    form[NameObject("/Resources")] = DictionaryObject(_dictionary(page.get("/Resources"))).clone(writer)
    return writer._add_object(form.flate_encode()), width


def _numbers(matrix: Sequence[float]) -> str:
    return " ".join(f"{each:.4f}".rstrip("0").rstrip(".") for each in matrix)


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
