"""The schedule of a meeting: nudges, packs, reports to organisers, the dry run."""

from __future__ import annotations

COPY: dict[str, str | tuple[str, str]] = {
    "practical_pack": (
        "Practical information for “{meeting_title}” ({when_local}): {info_link}\n"
        "Where: {place}\n"
        "Questions: {organiser_contact}"
    ),
}
