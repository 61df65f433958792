"""Screens people open: home, lists, organiser cards, previews."""

from __future__ import annotations

COPY: dict[str, str | tuple[str, str]] = {
    "s_home": "Home",
}
