"""Memos on their way: cards, confirmation of reading, corrections, withdrawal."""

from __future__ import annotations

COPY: dict[str, str | tuple[str, str]] = {}
