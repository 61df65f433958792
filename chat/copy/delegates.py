"""Delegates, needs for a meeting in person, questions for the agenda."""

from __future__ import annotations

COPY: dict[str, str | tuple[str, str]] = {
    "inperson_needs": (
        "To prepare your stay for “{meeting_title}”: do you need a visa support letter, a special diet or accessibility help? Answering is optional and only the organisers see it. Deleted on: {delete_on}"
    ),
}
