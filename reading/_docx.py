"""DOCX: the archive is judged before anything is unpacked, each part is parsed in a stream, only words are kept.

The words come from everywhere they can stand: text boxes, content controls, notes, comments and deleted passages that
the file still holds, because whoever gets the file can read them.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from typing import IO

from reading._file import Read, Refused, document, paged
from reading._words import EXPLICIT, RENDERED, Relations, Types, Words, parse

ENTRIES_MAX = 2_000
UNPACKED_MAX = 120_000_000
"""Bytes of all entries together."""
PART_MAX = 40_000_000
RATIO_MAX, SMALL = 200, 1_000_000
"""An entry over a megabyte is packed at most so tightly; Word's own XML comes to about thirty."""
_NOTE_MAX = 24
"""Bytes an archive may put after an entry to say how long it was."""
_END = b"PK\x05\x06"
_STANDARD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
_MACROS = re.compile(r"macroEnabled|vbaProject|vbaData|oleObject|activeX", re.IGNORECASE)
_FORBIDDEN = re.compile(
    r"(?:^|/)(?:vbaproject|vbadata|embeddings|activex|oleobject|afchunk|customui)|\.(?:bin|exe|dll|js|vbs|hta|ps1|bat|cmd"
    r"|com|scr|lnk|url|jar|docm|dotm|xlsx|xlsm|xlsb|pptx|docx|zip|7z|rar|html?|mht|mhtml|rtf|pdf|svgz)$",
    re.IGNORECASE,
)
_STRANGE = re.compile(r"[\\:\0]|(?:^|/)\.\.(?:/|$)")
_SIDE_PARTS = re.compile(r"word/(?:footnotes|endnotes|comments|header\d*|footer\d*)\.xml")


def read(content: bytes) -> Read:
    """Read a DOCX. Raise `Refused`."""
    try:
        with zipfile.ZipFile(io.BytesIO(_whole(content))) as archive:
            _entries(archive, content)
            return _document(archive)
    except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, KeyError, NotImplementedError, UnicodeError):
        raise Refused("broken") from None


def _whole(content: bytes) -> bytes:
    """Check the archive's end before its list is read: nothing after it, nothing before it, not too many entries."""
    at = content.rfind(_END, max(0, len(content) - 66_000))
    if at < 0 or at + 22 > len(content):
        raise Refused("broken")
    disk, first, here, entries, size, start, comment = struct.unpack_from("<HHHHIIH", content, at + 4)
    if at + 22 + comment != len(content) or comment:
        raise Refused("polyglot")
    if entries > ENTRIES_MAX or size > ENTRIES_MAX * 300:
        raise Refused("bomb")
    if disk or first or here != entries or start + size > at:
        raise Refused("broken")
    if start + size != at or content[start : start + 4] != b"PK\x01\x02":  # something between the list and its end
        raise Refused("polyglot")
    return content


def _entries(archive: zipfile.ZipFile, content: bytes) -> None:
    entries = archive.infolist()
    names = [each.filename for each in entries]
    if len({each.casefold() for each in names}) != len(names):
        raise Refused("broken")
    if any(each.startswith("/") or _STRANGE.search(each) for each in names):
        raise Refused("broken")
    if any(each.flag_bits & 0x1 for each in entries):
        raise Refused("locked")
    if "[Content_Types].xml" not in names:
        raise Refused("kind")
    if any(_FORBIDDEN.search(each) for each in names):
        raise Refused("macros")
    if sum(each.file_size for each in entries) > UNPACKED_MAX:
        raise Refused("bomb")
    _places(sorted(entries, key=lambda each: each.header_offset), content, archive.start_dir)
    for each in entries:
        if each.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise Refused("broken")
        if each.file_size > SMALL and each.file_size > RATIO_MAX * max(each.compress_size, 1):
            raise Refused("bomb")


def _places(entries: list[zipfile.ZipInfo], content: bytes, end: int) -> None:
    """Check that the entries fill the archive one after the other: overlapping ones are bombs, gaps hide something."""
    at = 0
    for each in entries:
        if each.header_offset < at:
            raise Refused("bomb")
        if each.header_offset > at + _NOTE_MAX:
            raise Refused("polyglot")
        if content[each.header_offset : each.header_offset + 4] != b"PK\x03\x04":
            raise Refused("broken")
        name, extra = struct.unpack_from("<HH", content, each.header_offset + 26)
        at = each.header_offset + 30 + name + extra + each.compress_size
    if at > end:
        raise Refused("broken")
    if end > at + _NOTE_MAX:
        raise Refused("polyglot")


def _document(archive: zipfile.ZipFile) -> Read:
    types = Types()
    _parse(archive, "[Content_Types].xml", types)
    if any(_MACROS.search(each) for each in types.all):
        raise Refused("macros")
    main = next((name for name, kind in types.parts.items() if kind == _STANDARD), "")
    if not main or main not in archive.namelist():
        raise Refused("kind")
    words, aside = Words(), Words()
    _parse(archive, main, words)
    for each in archive.namelist():
        if each.endswith("/") or each in (main, "[Content_Types].xml"):
            continue
        if each.endswith(".rels"):
            _parse(archive, each, Relations())
        elif each.endswith((".xml", ".vml", ".svg")):
            _parse(archive, each, aside if _SIDE_PARTS.fullmatch(each) else Words(keep=False))
        else:
            _unpack(archive, each)
    if words.runs or aside.runs:
        raise Refused("macros")
    pages = _pages(words.text)
    beside = aside.text.replace(RENDERED, "").replace(EXPLICIT, "").strip()
    if beside:
        pages = (*pages[:-1], f"{pages[-1]}\n{beside}")
    return document("docx", tuple(each.strip("\n") for each in pages))


def _pages(text: str) -> tuple[str, ...]:
    """Split by the page breaks the author's program saw; without them by those asked for and the number of words."""
    if RENDERED in text:
        return tuple(text.replace(EXPLICIT, "").split(RENDERED))
    return tuple(page for part in text.split(EXPLICIT) for page in paged(part.split("\n")))


def _parse(archive: zipfile.ZipFile, name: str, into: Types | Relations | Words) -> None:
    with archive.open(name) as part:
        parse(_Bounded(part), into)


def _unpack(archive: zipfile.ZipFile, name: str) -> None:
    """Unpack a picture or font to see that it is what the list says; nothing of it is kept."""
    with archive.open(name) as part:
        bounded = _Bounded(part, UNPACKED_MAX)
        while bounded.read(65_536):
            pass


class _Bounded:
    """Read a part that has an end."""

    def __init__(self, part: IO[bytes], most: int = PART_MAX) -> None:
        self._part, self._left = part, most

    def read(self, size: int) -> bytes:
        piece = self._part.read(size)
        self._left -= len(piece)
        if self._left < 0:
            raise Refused("bomb")
        return piece
