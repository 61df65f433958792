"""What is asked once for many: a message is drawn for each of a batch of members from the same meeting."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

_T = TypeVar("_T")


@dataclass(slots=True)
class Batch:
    """Keep answers for the length of one transaction that only reads; `members` are those it is about."""

    members: frozenset[int]
    _kept: dict[tuple[str, object], Any] = field(default_factory=dict)

    async def once(self, question: tuple[str, object], ask: Callable[[], Awaitable[_T]]) -> _T:
        """Give the answer to a question, asked at most once."""
        if question not in self._kept:
            self._kept[question] = await ask()
        found: _T = self._kept[question]
        return found
