"""PDF: every object is looked at for what can run or is carried along, then the text of each page is read."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Iterator
from typing import Any

from pypdf import PdfReader
from pypdf.errors import FileNotDecryptedError, LimitReachedError
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject

from reading._file import TEXT_MAX, Read, Refused, document

PAGES_MAX = 2_000
OBJECTS_MAX = 300_000
TEXT_SECONDS = 3.0
"""Seconds for the text of all pages; what is beyond stays ""."""
_TAIL = 2_048
_ACTIONS = frozenset(
    ("/JavaScript", "/Launch", "/SubmitForm", "/ImportData", "/GoToE", "/Rendition", "/Movie", "/Sound")
)  # fmt: skip
_CARRIED = frozenset(
    ("/JS", "/EmbeddedFiles", "/EF", "/XFA", "/RichMediaContent", "/RichMediaSettings", "/Collection")
)  # fmt: skip
_TYPES = frozenset(("/EmbeddedFile", "/RichMedia", "/Movie", "/Screen", "/3D", "/FileAttachment"))
_RAW = re.compile(
    rb"/S\s*/(?:JavaScript|Launch|SubmitForm|ImportData|GoToE)\b|/JavaScript\s*(?:<<|\d+\s+\d+\s+R)"
    rb"|/EmbeddedFiles?\s*(?:<<|\d+\s+\d+\s+R)|/Type\s*/EmbeddedFile\b|/XFA\s*(?:\[|\d+\s+\d+\s+R)|/RichMedia\w*\b"
)
_ESCAPED = re.compile(rb"#([0-9A-Fa-f]{2})")


def read(content: bytes) -> Read:
    """Read a PDF. Raise `Refused`, or an error of pypdf for a broken one."""
    _ends(content)
    try:
        reader = PdfReader(io.BytesIO(content), strict=False)
        if reader.is_encrypted:
            raise Refused("locked")
        _objects(reader)
        _raw(content)
        return document("pdf", tuple(_pages(reader)))
    except FileNotDecryptedError:
        raise Refused("locked") from None
    except LimitReachedError:
        raise Refused("bomb") from None


def _ends(content: bytes) -> None:
    """Check that nothing but the PDF is in the file: its end is at the end."""
    at = content.rfind(b"%%EOF")
    if at < 0:
        raise Refused("broken")
    if content[at + 5 :].strip(b"\0\r\n\t "):
        raise Refused("polyglot")
    if b"startxref" not in content[max(0, at - _TAIL) : at]:
        raise Refused("broken")


def _raw(content: bytes) -> None:
    """Look at the bytes as well: other readers may find objects where ours does not."""
    spelled = _ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), content) if b"#" in content else content
    if _RAW.search(content) or (spelled is not content and _RAW.search(spelled)):
        raise Refused("macros")


def _objects(reader: PdfReader) -> None:
    """Look at every object of the file, whether anything leads to it or not."""
    wanted = [(number, 0) for number in reader.xref_objStm]
    wanted += [(number, generation) for generation, table in reader.xref.items() for number in table]
    if len(wanted) > OBJECTS_MAX:
        raise Refused("bomb")
    left = 20 * OBJECTS_MAX
    for number, generation in wanted:
        for found in _nested(reader.get_object(IndirectObject(number, generation, reader))):
            left -= 1
            if left < 0:
                raise Refused("bomb")
            if isinstance(found, DictionaryObject):
                _look(found)
    _look(reader.trailer)


def _nested(root: Any) -> Iterator[Any]:
    """Give an object and those directly in it; other objects it refers to have their own turn."""
    waiting = [root]
    while waiting:
        found = waiting.pop()
        yield found
        if isinstance(found, DictionaryObject):
            waiting += dict.values(found)
        elif isinstance(found, ArrayObject):
            waiting += list.__iter__(found)


def _look(found: DictionaryObject) -> None:
    if not _CARRIED.isdisjoint(found):
        raise Refused("macros")
    if str(found.raw_get("/S") if "/S" in found else "") in _ACTIONS:
        raise Refused("macros")
    for name in ("/Type", "/Subtype"):
        if name in found and str(found.raw_get(name)) in _TYPES:
            raise Refused("macros")


def _pages(reader: PdfReader) -> Iterator[str]:
    count = len(reader.pages)
    if not count:
        raise Refused("broken")
    if count > PAGES_MAX:
        raise Refused("bomb")
    end, room = time.monotonic() + TEXT_SECONDS, TEXT_MAX
    for page in reader.pages:
        if time.monotonic() > end or room <= 0:
            yield ""
            continue
        text = page.extract_text()
        room -= len(text)
        yield text
