"""Check-in, ticks, imported lists, one-tap questions."""

from __future__ import annotations

COPY: dict[str, str | tuple[str, str]] = {
    "absent": ("We missed you at “{meeting_title}”. What got in the way? One tap helps us plan better."),
    "followup_90d": (
        "A while ago you took part in “{event_title}”. Have you used something from it in your work? One tap is enough; the answer is kept without your name."
    ),
}
