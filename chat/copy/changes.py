"""Moving, cancelling, reopening and editing a meeting."""

from __future__ import annotations

COPY: dict[str, str | tuple[str, str]] = {
    "reschedule": (
        "New time for “{meeting_title}”.\n"
        "Before: {old_when}\n"
        "Now: {when_local}\n"
        "Reason: {reason}\n"
        "Does the new time suit you? We are sorry for the change."
    ),
    "cancellation": (
        "We are sorry: “{meeting_title}” ({when_local}) is cancelled.\n"
        "Reason: {reason}\n"
        "You do not need to do anything. Questions: {organiser_contact}"
    ),
}
