"""Previews and confirmation of sends that are about no meeting."""

from __future__ import annotations

COPY: dict[str, str | tuple[str, str]] = {
    "br_channels": "Goes to the channels: {channels}",
    "br_test": "This is a test. Only you see it.",
    "br_count": "How many people get this message? The preview says it.",
}
