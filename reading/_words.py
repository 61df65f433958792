"""Parts of a DOCX as streams of XML: no entities, no outside addresses, bounded depth; words and relations are kept."""

from __future__ import annotations

import re
from typing import Protocol
from xml.parsers import expat

from reading._file import TEXT_MAX, Refused

RENDERED, EXPLICIT = "\f", "\v"
"""Page breaks in the kept text, as seen by the author's program and as asked for; XML cannot hold these characters."""
DEPTH_MAX = 300
ELEMENTS_MAX = 3_000_000
_W = frozenset(
    {"http://schemas.openxmlformats.org/wordprocessingml/2006/main", "http://purl.oclc.org/ooxml/wordprocessingml/main"}
)
_A = frozenset(
    {"http://schemas.openxmlformats.org/drawingml/2006/main", "http://purl.oclc.org/ooxml/drawingml/main"}
)  # fmt: skip
_M = frozenset(
    {"http://schemas.openxmlformats.org/officeDocument/2006/math", "http://purl.oclc.org/ooxml/officeDocument/math"}
)
_FALLBACK = "http://schemas.openxmlformats.org/markup-compatibility/2006 Fallback"
_COMMAND = re.compile(r"\bDDE(?:AUTO)?\b|^\s*(?:INCLUDETEXT|LINK)\b", re.MULTILINE)
"""Fields that fetch or run something when the file is opened."""
_GOOD_LINK = re.compile(r"(?:https?|mailto|tel|ftp):|(?![/\\]{2})[^:]*(?:[?#/].*)?$", re.IGNORECASE | re.DOTALL)
"""Schemes of links that a person may follow, or a place in the document; none into a network of files."""


class Source(Protocol):
    """Give the bytes of a part."""

    def read(self, size: int) -> bytes:
        """Give up to so many bytes, none at the end."""


class Sink(Protocol):
    """Take the elements of a part; names are `namespace name`."""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Take the beginning of an element."""

    def end(self, name: str) -> None:
        """Take its end."""

    def words(self, text: str) -> None:
        """Take the words between."""


def parse(source: Source, sink: Sink) -> None:
    """Parse a part. Raise `Refused`: a document type (where entities come from) is a bomb."""
    parser = expat.ParserCreate(namespace_separator=" ")
    depth = elements = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth, elements
        depth += 1
        elements += 1
        if depth > DEPTH_MAX or elements > ELEMENTS_MAX:
            raise Refused("bomb")
        sink.start(name, attributes)

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        sink.end(name)

    def forbidden(*_: object) -> None:
        raise Refused("bomb")

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = sink.words
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = forbidden
    parser.buffer_text = True
    try:
        while piece := source.read(65_536):
            parser.Parse(piece, False)
        parser.Parse(b"", True)
    except expat.ExpatError:
        raise Refused("broken") from None


class Types:
    """Gather the content types: `parts` by name, and `all` that are declared."""

    def __init__(self) -> None:
        self.parts: dict[str, str] = {}
        self.all: set[str] = set()

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Take a declaration."""
        kind = attributes.get("ContentType", "")
        self.all.add(kind)
        if "PartName" in attributes:
            self.parts[attributes["PartName"].lstrip("/")] = kind

    def end(self, name: str) -> None:
        """Take the end of an element."""

    def words(self, text: str) -> None:
        """Take nothing."""


class Relations:
    """Look at what a part leads to: outside there may only be links that a person follows."""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Take a relation. Raise `Refused`."""
        kind = attributes.get("Type", "").rpartition("/")[2].casefold()
        if kind in ("oleobject", "package", "control", "vbaproject", "afchunk", "attachedtemplate", "externallinkpath"):
            raise Refused("macros")
        if attributes.get("TargetMode", "").casefold() != "external":
            return
        if kind != "hyperlink" or not _GOOD_LINK.match(attributes.get("Target", "")):
            raise Refused("macros")

    def end(self, name: str) -> None:
        """Take the end of an element."""

    def words(self, text: str) -> None:
        """Take nothing."""


class Words:
    """Gather the words of a part, at most `TEXT_MAX` characters; `runs` tells of a field that would run something."""

    def __init__(self, *, keep: bool = True) -> None:
        self._kept: list[str] = []
        self._room = TEXT_MAX if keep else 0
        self._in_text = self._in_command = self._fallback = 0
        self._command: list[str] = []
        self._commands = 0

    @property
    def text(self) -> str:
        """Give the words, one paragraph a line."""
        return "".join(self._kept)

    @property
    def runs(self) -> bool:
        """Tell whether a field would fetch or run something."""
        return _COMMAND.search("".join(self._command)) is not None

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Take the beginning of an element."""
        space, _, local = name.rpartition(" ")
        if name == _FALLBACK:
            self._fallback += 1
        elif local in ("t", "delText") and (space in _W or space in _A or space in _M):
            self._in_text += 1
        elif space in _W:
            if local in ("instrText", "delInstrText"):
                self._in_command += 1
            elif local == "fldSimple":
                self._ask(f"\n{_attribute(attributes, 'instr')}\n")
            elif local in ("fldChar", "p"):
                self._ask("\n")
            elif local == "br":
                self._put(EXPLICIT if _attribute(attributes, "type") == "page" else "\n")
            elif local == "lastRenderedPageBreak":
                self._put(RENDERED)
            elif local in ("tab", "ptab"):
                self._put("\t")
            elif local == "cr":
                self._put("\n")
            elif local == "noBreakHyphen":
                self._put("-")

    def end(self, name: str) -> None:
        """Take the end of an element."""
        space, _, local = name.rpartition(" ")
        if name == _FALLBACK:
            self._fallback -= 1
        elif local in ("t", "delText") and (space in _W or space in _A or space in _M):
            self._in_text -= 1
        elif space in _W and local in ("instrText", "delInstrText"):
            self._in_command -= 1
        elif local == "p" and (space in _W or space in _A):
            self._put("\n")

    def words(self, text: str) -> None:
        """Take words; of commands what fits."""
        if self._in_command:
            self._ask(text)
        elif self._in_text:
            self._put(text)

    def _put(self, text: str) -> None:
        if self._room > 0 and not self._fallback:
            self._kept.append(text[: self._room])
            self._room -= len(text)

    def _ask(self, text: str) -> None:
        self._commands += len(text)
        if self._commands <= TEXT_MAX:
            self._command.append(text)


def _attribute(attributes: dict[str, str], local: str) -> str:
    return next((value for name, value in attributes.items() if name.rpartition(" ")[2] == local), "")
