"""Texts of dialogue."""

from __future__ import annotations

COPY: dict[str, str | tuple[str, str]] = {
    "e_in_private": "I answered you in private.",
    "e_open_dm": "Please open our private chat first.",
    "e_form_closed": "I could not open the form here.",
    "d_skipped": "not answered",
    "d_final": "They cannot be changed after sending.",
    "d_edit_n": "{n} · Edit",
    "d_is_right": "Is that right?",
    "d_type_date": "Please write the date and time, for example: 20 May 10:00.",
    "d_nothing_saved": "Nothing was saved.",
    "d_unfinished": "You have begun “{form}” before. Continue it or start anew?",
    "b_anew": "Start anew",
    "your_time_in": "{label} (your time, {city})",
    "one_moment": "One moment…",
}
