"""Announcements."""

from __future__ import annotations

COPY: dict[str, str | tuple[str, str]] = {}
