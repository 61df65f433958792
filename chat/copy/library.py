"""The library: shelves, search, shared resources."""

from __future__ import annotations

COPY: dict[str, str | tuple[str, str]] = {}
