"""Files that are kept: what is taken, what is refused and why."""

from __future__ import annotations

COPY: dict[str, str | tuple[str, str]] = {}
