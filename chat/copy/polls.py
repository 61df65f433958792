"""Topic, date and quick polls."""

from __future__ import annotations

COPY: dict[str, str | tuple[str, str]] = {
    "topic_poll": (
        "Help us choose the next topic: {poll_question}\n"
        "Pick up to three, in order. Open until: {poll_close}. Only totals are shown."
    ),
}
