"""Texts of dialogue."""

from __future__ import annotations

COPY: dict[str, str | tuple[str, str]] = {
    "e_in_private": "I answered you in private.",
    "e_open_dm": "Please open our private chat first.",
    "e_form_closed": "I could not open the form here.",
    "one_moment": "One moment…",
}
