"""Memos from draft to approval."""

from __future__ import annotations

COPY: dict[str, str | tuple[str, str]] = {}
