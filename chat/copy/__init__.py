"""The English text of every message a person gets, by key; the catalogues in `chat/locale` translate it.

One entry is a text with named placeholders, or a pair (one, many) where a number decides. Keys starting with `b_` are
button labels (at most 24 characters in every language), `f_` explanations of form fields, `e_` answers to trouble,
`t_` toasts. Modules are by area; a key stands in one of them only.
"""

from __future__ import annotations

from chat.copy import (
    announcements,
    answers,
    attendance,
    broadcasts,
    buttons,
    calendars,
    changes,
    delegates,
    dialogue,
    documents,
    feedback,
    forms,
    library,
    mail,
    meetings,
    memo_sends,
    memos,
    pages,
    people,
    polls,
    publications,
    schedule,
    screens,
    seats,
    sends,
    series,
    webinar_days,
    webinars,
)

COPY: dict[str, str | tuple[str, str]] = {}
for _area in (
    mail, buttons, forms, answers, screens, people, meetings, seats, delegates, schedule, changes, calendars, series,
    attendance, polls, sends, broadcasts, documents, memos, memo_sends, library, pages, publications, webinars,
    webinar_days, announcements, feedback, dialogue,
):  # fmt: skip
    for _key, _text in _area.COPY.items():
        if _key in COPY:
            raise ValueError(f"message key {_key} stands twice")
        COPY[_key] = _text

__all__ = ["COPY"]
