"""What taking in a file did, or would do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field


class Refused(Exception):
    """Say in one line why a file cannot be taken in; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Change:
    """Be one entry that was added or changed; `fields` tells what, as `zone: UTC -> Europe/Paris`."""

    what: str
    kind: str
    code: str
    fields: tuple[str, ...] = ()

    def line(self) -> str:
        """Give it as one line for people."""
        return f"{self.what} {self.kind} {self.code}" + (f" ({'; '.join(self.fields)})" if self.fields else "")


@dataclass(slots=True)
class Report:
    """Be everything that was done: changes, how many entries stayed as they were, and what somebody should know."""

    community_id: int = 0
    changes: list[Change] = field(default_factory=list)
    unchanged: int = 0
    notes: list[str] = field(default_factory=list)

    def count(self, what: str) -> int:
        """Count the entries that were `added`, `changed` or `removed` from the file (those are kept)."""
        return sum(each.what == what for each in self.changes)

    def lines(self) -> Iterator[str]:
        """Give it for people, ending in one line of totals."""
        yield from (each.line() for each in self.changes)
        yield from (f"note: {each}" for each in self.notes)
        totals = ", ".join(f"{self.count(each)} {each}" for each in ("added", "changed"))
        kept = self.count("not in the file:")
        yield f"{totals}, {self.unchanged} unchanged" + (f", {kept} not in the file and kept" if kept else "")
