"""Bring rows in step with a file entry by entry: a field changes only if it changed in the file since last time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select

from storage.community_file._marks import ImportedEntry
from storage.community_file._report import Change, Report
from storage.database import Session


def plain(value: Any) -> Any:
    """Give a value as JSON keeps it."""
    if isinstance(value, datetime):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value


def shown(value: Any) -> str:
    """Give a value for a line that people read."""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M} UTC"
    if isinstance(value, tuple | list):
        return " ".join(str(each) for each in value) or "nothing"
    return str(value) if value not in ("", None) else "nothing"


class Merge:
    """Know what the file said last time, gather what is done, and what is left over at the end."""

    def __init__(self, db: Session, marks: dict[tuple[str, str], ImportedEntry], report: Report) -> None:
        self._db, self._marks, self.report = db, marks, report
        self._seen: set[tuple[str, str]] = set()
        self._removed: list[ImportedEntry] = []

    @classmethod
    async def begin(cls, db: Session, report: Report) -> Merge:
        """Read the marks of the session's community."""
        marks = await db.scalars(select(ImportedEntry))
        return cls(db, {(each.kind, each.code): each for each in marks}, report)

    def before(self, kind: str, code: str) -> Mapping[str, Any]:
        """Give what the file said last time; empty at the first time."""
        mark = self._marks.get((kind, code))
        return mark.values if mark else {}

    def news(self, kind: str, code: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """Give the values that are new in the file since last time."""
        before = self.before(kind, code)
        return {name: value for name, value in values.items() if name not in before or before[name] != plain(value)}

    def assign(self, row: object, news: Mapping[str, Any]) -> list[str]:
        """Set attributes; give what changed, for people."""
        changed = []
        for name, value in news.items():
            old = getattr(row, name)
            if old != value:
                setattr(row, name, value)
                changed.append(f"{name}: {shown(old)} -> {shown(value)}")
        return changed

    def done(self, kind: str, code: str, values: Mapping[str, Any], *, added: bool, changed: list[str]) -> None:
        """Note what became of an entry and remember what the file said."""
        self._seen.add((kind, code))
        if added:
            self.report.changes.append(Change("added", kind, code))
        elif changed:
            self.report.changes.append(Change("changed", kind, code, tuple(changed)))
        else:
            self.report.unchanged += 1
        kept = {name: plain(value) for name, value in values.items()}
        mark = self._marks.get((kind, code))
        if mark is None:
            mark = self._marks[kind, code] = ImportedEntry(kind=kind, code=code, values=kept)
            self._db.add(mark)
        elif mark.values != kept:
            mark.values = kept

    def gone(self, kind: str) -> list[str]:
        """Forget entries that were in the file once and are not any more; give their codes."""
        codes = sorted(code for found, code in set(self._marks) - self._seen if found == kind)
        for code in codes:
            self._removed.append(self._marks.pop((kind, code)))
        return codes

    async def forget(self) -> None:
        """Delete the marks of entries that `gone` gave."""
        for mark in self._removed:
            await self._db.delete(mark)

    def left_over(self, kinds: tuple[str, ...]) -> None:
        """Note entries that were in the file once and are not any more: they are kept."""
        for kind, code in sorted(set(self._marks) - self._seen):
            if kind in kinds:
                self.report.changes.append(Change("not in the file:", kind, code))
