"""Webinars: reminders, the day itself, what follows."""

from __future__ import annotations

COPY: dict[str, str | tuple[str, str]] = {}
