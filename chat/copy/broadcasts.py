"""Previews and confirmation of sends that are about no meeting."""

from __future__ import annotations

COPY: dict[str, str | tuple[str, str]] = {}
