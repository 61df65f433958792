"""The library's search: what is indexed of a document, and what is found of it, by whom.

Words are folded by us (`storage/folding.py`), so that FTS5 on SQLite and tsvector on PostgreSQL find the same. What is
typed is never a query language: words are letters and digits when they reach the database, as bound values.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Select, case, column, delete, func, literal, or_, select, table
from sqlalchemy.dialects.postgresql import TSVECTOR

from storage.database import Session
from storage.documents import MEMO, Document, DocumentFile, DocumentVersion
from storage.folding import BEGINNING, fold, forms, written_together
from storage.meetings import Meeting
from storage.members import Member
from storage.search_entry import SearchEntry
from storage.shelves import PAGE, Filters, Item, came_out, items, out, seen

TEXT_MOST = 2_000_000
"""Characters of a text that are kept; ten times a long report."""
BYTES_MOST = 900_000
"""Bytes of distinct words and their places in one entry; PostgreSQL takes a little over a million."""
TYPED_MOST = 200
"""Characters of a question that count."""
WORDS_MOST = 12
"""Words and phrases of a question that count."""
HITS_MOST = 1000
"""Entries that are ranked; who finds more adds a word."""
WEIGHED_MOST = 100
"""Texts that PostgreSQL weighs against each other."""
_Select: TypeAlias = "Select[*tuple[Any, ...]]"
_QUOTED = re.compile(r'["“”„‟«»]([^"“”„‟«»]*)["“”„‟«»]')
_APART = re.compile("['’ʼ`´]")
_PIECE = re.compile(r"""[^\s\-‐-―/'’ʼ.,;:()\[\]«»“”"]+""")
_BEFORE, _AFTER = 60, 120
"""Characters shown around a hit."""
_WORDS = table("search_words", column("rowid"), column("search_words"))
_ENTRIES = SearchEntry.__table__.alias("entries")
_MATCHED: ColumnElement[Any] = column("vector", TSVECTOR, _selectable=_ENTRIES)
_VECTOR: ColumnElement[Any] = column("vector", TSVECTOR, _selectable=SearchEntry.__table__)


@dataclass(frozen=True, slots=True)
class Found:
    """Be what was found: a page of items, how many there are, and which page it is.

    `refused` says why nothing was looked for: `empty` without a word, `short` with single letters only.
    """

    items: tuple[Item, ...] = ()
    total: int = 0
    page: int = 0
    refused: str = ""
    many: bool = False
    """Whether there is more than was ranked."""

    @property
    def more(self) -> bool:
        """Tell whether another page follows."""
        return self.total > (self.page + 1) * PAGE


@dataclass(frozen=True, slots=True)
class Query:
    """Be a question as it is asked: for each word the forms it may begin with, for each phrase those it may have."""

    words: tuple[tuple[str, ...], ...]
    phrases: tuple[tuple[str, ...], ...]
    refused: str = ""

    def sqlite(self) -> str:
        """Write it for FTS5; a string in quotes is never an operator there."""
        parts = [" OR ".join(f'"{each}"{self._star(each)}' for each in word) for word in self.words]
        parts += [" OR ".join(f'"{each}"' for each in phrase) for phrase in self.phrases]
        return " AND ".join(f"({each})" for each in parts)

    def postgresql(self, every: str = " & ") -> str:
        """Write it for `to_tsquery`; places beyond 16,383 are not told apart there, so phrases are checked after."""
        parts = [" | ".join(f"'{each}'{':*' if self._star(each) else ''}" for each in word) for word in self.words]
        for phrase in self.phrases:
            first, *others = zip(*(each.split() for each in phrase), strict=True)
            parts += [" | ".join(f"'{each}'" for each in first), *(f"'{each[0]}'" for each in others)]
        return every.join(f"({each})" for each in parts)

    @staticmethod
    def _star(word: str) -> str:
        return "*" if len(word) >= BEGINNING else ""


def understand(typed: str, language: str = "") -> Query:
    """Read what somebody typed: words, all of which are to be found, and phrases in quotation marks.

    Of a word with an apostrophe the longest part counts (`l'accueil`, `Türkiye'nin`); single letters do not count.
    `language` is the asker's, for word endings.
    """
    text = typed[:TYPED_MOST]
    phrases = [_phrase(each) for quoted in _QUOTED.findall(text) if len(each := fold(quoted)) > 1]
    words: list[str] = []
    for each in _QUOTED.sub(" ", text).split():
        words += max((fold(part) for part in _APART.split(each)), key=len).split()
    asked = [each for each in dict.fromkeys(words) if len(each) > 1][:WORDS_MOST]
    refused = "" if asked or phrases else "short" if words or fold(text) else "empty"
    return Query(tuple(forms(each, language) for each in asked), tuple(phrases[:WORDS_MOST]), refused)


def _phrase(folded: str) -> tuple[str, ...]:
    first, *others = folded.split()
    return tuple(" ".join((each, *others)) for each in written_together(first))


async def find(
    db: Session,
    member: Member,
    roles: Collection[str],
    words: str,
    now: datetime,
    *,
    filters: Filters = Filters(),  # noqa: B008 - frozen
    page: int = 0,
) -> Found:
    """Find what a member may see, the best first: hits in a heading before hits in a text; `PAGE` items a page.

    A document in several languages is found once. The session is scoped.
    """
    query = understand(words, member.language)
    if query.refused:
        return Found(refused=query.refused)
    asked = seen(_matches(db, query), member, roles, now, filters)
    ranked = _ranked(db, query, asked.where(SearchEntry.community_id == db.community_id))
    rows = await _by_index(db, ranked)
    best: dict[int, int] = {}
    for entry, document, language in rows:
        if document not in best or language == member.language:
            best[document] = entry
    page = max(0, min(page, (len(best) - 1) // PAGE))
    shown = list(best)[page * PAGE : (page + 1) * PAGE]
    around = await _extracts(db, query, [best[each] for each in shown])
    found = [replace(each, extract=around.get(each.document.id)) for each in await items(db, shown)]
    return Found(tuple(found), len(best), page, many=len(rows) == HITS_MOST)


async def _by_index(db: Session, ranked: _Select) -> Sequence[Any]:
    """Ask, on PostgreSQL through the index: it does not count that reading each row means unpacking its long text."""
    if _sqlite(db):
        return (await db.execute(ranked)).all()
    await db.execute(select(func.set_config("enable_seqscan", "off", True)))
    found = (await db.execute(ranked)).all()
    await db.execute(select(func.set_config("enable_seqscan", "on", True)))
    return found


def _matches(db: Session, query: Query) -> _Select:
    """Ask for the entries that match."""
    asked = select(SearchEntry.id, SearchEntry.document_id, SearchEntry.language).select_from(SearchEntry)
    asked = asked.join(Document, Document.id == SearchEntry.document_id)
    if _sqlite(db):
        asked = asked.join(_WORDS, _WORDS.c.rowid == SearchEntry.id)
        return asked.where(_WORDS.c.search_words.op("MATCH")(query.sqlite()))
    # Apart from the rest, and without its condition of the community, so that nothing but the index can answer it.
    wanted = func.to_tsquery("simple", query.postgresql())
    by_index = select(_ENTRIES.c.id).where(_MATCHED.op("@@")(wanted)).cte("matched").prefix_with("MATERIALIZED")
    asked = asked.join(by_index, by_index.c.id == SearchEntry.id)
    for phrase in query.phrases:
        parts = (SearchEntry.heading, SearchEntry.body)
        asked = asked.where(or_(*(func.strpos(part, f" {each} ") > 0 for part in parts for each in phrase)))
    return asked


def _ranked(db: Session, query: Query, asked: _Select) -> _Select:
    """Put entries in order: how many words stand in the heading, how well the text fits, the newest."""
    stands = sum((_in_heading(db, each) for each in query.words), literal(0))
    stands += sum((_in_heading(db, each, " ") for each in query.phrases), literal(0))
    newest = came_out.desc().nulls_last()
    if _sqlite(db):
        weight: ColumnElement[Any] = func.bm25(_WORDS.c.search_words, 5.0, 1.0)
        return asked.order_by(stands.desc(), weight, newest, SearchEntry.id).limit(HITS_MOST)
    # To weigh a text PostgreSQL unpacks it, which takes as long as all the rest for a few dozen.
    place = func.row_number().over(order_by=(stands.desc(), newest, SearchEntry.id)).label("place")
    first = asked.add_columns(stands.label("stands"), place, _VECTOR).limit(HITS_MOST).order_by(place).subquery()
    wanted = func.to_tsquery("simple", query.postgresql(" | "))
    fits = case((first.c.place <= WEIGHED_MOST, func.ts_rank(first.c.vector, wanted, 1)), else_=0)
    return select(first.c.id, first.c.document_id, first.c.language).order_by(
        first.c.stands.desc(), fits.desc(), first.c.place
    )


def _in_heading(db: Session, any_of: Sequence[str], end: str = "") -> ColumnElement[int]:
    place = func.instr if _sqlite(db) else func.strpos
    return case((or_(*(place(SearchEntry.heading, f" {each}{end}") > 0 for each in any_of)), 1), else_=0)


def _sqlite(db: Session) -> bool:
    return db.get_bind().dialect.name == "sqlite"


async def _extracts(db: Session, query: Query, entries: Sequence[int]) -> dict[int, tuple[str, str, str]]:
    """Give by document what stands around the first hit in a full text; nothing where only the heading has it."""
    asked = select(SearchEntry.document_id, SearchEntry.body, SearchEntry.text).where(
        SearchEntry.id.in_(entries), SearchEntry.text != ""
    )
    found = {}
    wanted = ((True, query.phrases), (False, query.words))
    for document, body, text in await db.execute(asked):
        needles = [(each, whole) for whole, all_of in wanted for any_of in all_of for each in any_of]
        for needle, whole in needles:
            if (around := extract(text, body, needle, whole=whole)) is not None:
                found[document] = around
                break
    return found


def extract(text: str, body: str, needle: str, *, whole: bool = False) -> tuple[str, str, str] | None:
    """Give what stands before, in and after a hit in a text whose folded form is `body`; None if it is not there.

    The place in the folded text tells about where to look in the written one, which is searched word by word there.
    """
    at = body.find(f" {needle} " if whole or len(needle) < BEGINNING else f" {needle}")
    if at < 0:
        return None
    middle = at * len(text) // max(len(body), 1)
    stop = " " if whole or len(needle) < BEGINNING else ""
    for reach in (1000, 10_000, len(text)):
        start = max(0, middle - reach)
        for word in _PIECE.finditer(text, start, middle + reach):
            first = word.start()
            if f"{fold(text[first : word.end() + 2 * len(needle) + 40])} ".startswith(f"{needle}{stop}"):
                last = _end(text, first, needle)
                before, after = text[max(0, first - _BEFORE) : first], text[last : last + _AFTER]
                if first > _BEFORE:
                    before = f"… {before.partition(' ')[2]}"
                if last + _AFTER < len(text):
                    after = f"{after.rpartition(' ')[0]} …"
                return before, text[first:last], after
    return None


def _end(text: str, first: int, needle: str) -> int:
    """Give where the word ends in which the hit that begins at `first` ends."""
    for word in _PIECE.finditer(text, first, first + 3 * len(needle) + 100):
        if len(fold(text[first : word.end()])) >= len(needle):
            return word.end()
    return first + len(needle)


async def index(db: Session, document: Document, texts: Mapping[str, str]) -> None:
    """Make a document findable by its heading and, for publications and resources, its full text by language.

    What was indexed of it before goes. A memo's text is never kept, whatever is given: its languages alone count.
    """
    await db.flush()
    await forget(db, document)
    heading = await _heading(db, document)
    found = dict.fromkeys(texts, "") if document.kind == MEMO else dict(texts)
    for each in await languages_of(db, document):
        found.setdefault(each, "")
    for language, text in (found or {"": ""}).items():
        kept = " ".join(text[:TEXT_MOST].replace("\x00", " ").encode(errors="ignore").decode().split())
        entry = SearchEntry(document_id=document.id, language=language, heading=heading, text=kept)
        entry.body = _spaced(_bounded(fold(kept)))
        db.add(entry)
    await db.flush()


async def forget(db: Session, document: Document) -> None:
    """Let a document be found no more: it was withdrawn, or is gone."""
    gone = delete(SearchEntry).where(SearchEntry.document_id == document.id)
    await db.execute(gone.execution_options(synchronize_session="fetch"))


async def reindex(db: Session) -> int:
    """Make everything that has come out findable by its heading, bring headings up to date; give how many changed.

    For `convenor migrate` and imports; the session is scoped. Full texts that are indexed stay as they are; what was
    withdrawn or refused goes.
    """
    changed = 0
    over = select(Document.id).where(Document.state.in_(("withdrawn", "refused")))
    for entry in (await db.scalars(select(SearchEntry).where(SearchEntry.document_id.in_(over)))).all():
        await db.delete(entry)
        changed += 1
    entries: dict[int, list[SearchEntry]] = {}
    for entry in await db.scalars(select(SearchEntry)):
        entries.setdefault(entry.document_id, []).append(entry)
    for document in (await db.scalars(select(Document).where(out()))).all():
        if document.id not in entries:
            await index(db, document, {})
            changed += 1
            continue
        heading = await _heading(db, document)
        for entry in entries[document.id]:
            changed += entry.heading != heading
            entry.heading = heading
    await db.flush()
    return changed


async def languages_of(db: Session, document: Document) -> list[str]:
    """Give the languages in which the current version of a document has a file."""
    asked = (
        select(DocumentFile.language)
        .join(DocumentVersion, DocumentVersion.id == DocumentFile.version_id)
        .where(DocumentVersion.document_id == document.id, DocumentVersion.number == document.version)
    )
    return list(await db.scalars(asked.order_by(DocumentFile.language)))


async def _heading(db: Session, document: Document) -> str:
    meeting = await db.get(Meeting, document.meeting_id) if document.meeting_id else None
    parts = [document.title, document.theme, document.region, document.keywords]
    parts += [meeting.code, meeting.title, meeting.theme, meeting.region] if meeting else []
    parts.append("" if document.kind == MEMO else str((document.details or {}).get("summary", "")))
    return _spaced(" ".join(dict.fromkeys(filter(None, (fold(each or "") for each in parts))))[:798])


def _spaced(folded: str) -> str:
    """Put a space at both ends, so that every word begins and ends with one."""
    return f" {folded} " if folded else ""


def _bounded(body: str) -> str:
    """Cut a folded text where its distinct words and their places would be too many for PostgreSQL."""
    if len(body) < BYTES_MOST // 8:
        return body
    room, seen_words, at = BYTES_MOST, set[str](), 0
    for word in body.split(" "):
        room -= 2 if word in seen_words else len(word.encode()) + 8
        if room < 0:
            return body[: max(at - 1, 0)]
        seen_words.add(word)
        at += len(word) + 1
    return body


__all__ = [
    "Filters", "Found", "Query", "SearchEntry", "extract", "find", "forget", "index", "languages_of", "reindex",
    "understand",
]  # fmt: skip
