"""What reading a file gives, and why one is refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

LIMIT = 20_000_000
"""Bytes of a file; Telegram gives bots no larger ones (platforms §2.5)."""
ENDINGS = ("pdf", "docx", "md", "png", "jpg")
"""Kinds that are taken; each is also the ending of a name."""
TEXT_MAX = 2_000_000
"""Characters of text that are read; what is beyond is left out."""
PAGE_WORDS = 450
"""Words of a page where a file has no pages of its own."""

Kind: TypeAlias = Literal["pdf", "docx", "md", "png", "jpg"]
Why: TypeAlias = Literal["empty", "large", "kind", "macros", "bomb", "broken", "locked", "polyglot", "slow"]
REASONS: frozenset[str] = frozenset(get_args(Why))


class Refused(Exception):
    """Refuse a file.

    `empty` nothing in it; `large` over `LIMIT` bytes, or a picture with too many dots; `kind` something else than what
    is taken; `macros` it can run or load something, or carries other files; `bomb` far more is packed in it than fits;
    `broken` damaged or cut off; `locked` encrypted; `polyglot` two kinds of file in one; `slow` reading takes too long.
    """

    def __init__(self, why: Why) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Read:
    """Be a file that was read: kind by content, pages (none for pictures), the text of each page, its words.

    Pages are real ones of a PDF; of a DOCX those its author's program saw, if it wrote that down; else about 450 words
    each. Of a PDF that takes long to read, the text of the last pages is "".
    """

    kind: Kind
    pages: int | None = None
    text: tuple[str, ...] = ()
    words: int = 0


def document(kind: Kind, text: tuple[str, ...]) -> Read:
    """Make the result of a document from the text of its pages, cut to `TEXT_MAX` characters in all."""
    kept, room = [], TEXT_MAX
    for each in text:
        kept.append(each[:room])
        room -= len(kept[-1])
    return Read(kind, len(kept), tuple(kept), sum(len(each.split()) for each in kept))


def paged(paragraphs: list[str]) -> tuple[str, ...]:
    """Put paragraphs together to pages of about 450 words; at least one page."""
    pages: list[str] = []
    current: list[str] = []
    words = 0
    for each in paragraphs:
        count = len(each.split())
        if current and words + count > PAGE_WORDS and words:
            pages.append("\n".join(current))
            current, words = [], 0
        current.append(each)
        words += count
    return (*pages, "\n".join(current))
