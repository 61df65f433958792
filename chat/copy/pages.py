"""The page of a memo in a browser: opening it, reading it, taking it along, and the page that says it is closed."""

from __future__ import annotations

COPY: dict[str, str | tuple[str, str]] = {
    # before it is opened: whoever has the link sees no more than this
    "pg_locked_title": "A restricted note",
    "pg_locked": "It is for you alone. The link works once.",
    "pg_locked_log": "When you open it, the access log says so. The organisers can see the log.",
    "pg_open": "Open the note",
    # when it cannot be shown, whatever the reason is
    "pg_closed_title": "This page is closed",
    "pg_closed": "To read the note, open it again from the chat.",
    "pg_closed_why": (
        "A link works once and for 15 minutes. An open page closes after 30 minutes without use, and after 8 hours."
    ),
    "pg_closed_who": "If the chat does not offer the note, it is not open to you. The organisers can help.",
    # the note
    "pg_kind": "Internal memo",
    "pg_restricted": "For participants only. Please do not publish or forward it.",
    "pg_chatham": "Chatham House Rule",
    "pg_version": "Version {n} of {date}",
    "pg_pages": ("{n} page", "{n} pages"),
    "pg_meeting": "Meeting",
    "pg_theme": "Theme",
    "pg_changed": "What changed in version {n}:",
    "pg_not_sent": "This memo has not been sent to its readers yet.",
    "pg_expired": "The time to read this memo is over. Its readers can no longer open it.",
    "pg_opened_by": "Opened by {name}, {when}",
    "pg_file": "The memo",
    "pg_download": "Download {kind}, {size}",
    "pg_marked": "Your copy carries your name on every page.",
    "pg_named": "Your copy carries your name in its file name.",
    "pg_no_file": "There is no file of this memo here.",
    "pg_ask": "Have you read it?",
    "pg_ask_meaning": "It only says that you have read it, not that you agree.",
    "pg_ask_by": "Please confirm by {when}.",
    "pg_ask_again": "You confirmed version {n}. Please read this one as well.",
    "pg_thanks": "Thank you, noted",
    "pg_thanks_when": "You confirmed version {n}: {when}.",
    "pg_copy": "This copy",
    "pg_reader": "Reader",
    "pg_languages": "Languages",
    "pg_stays": "Open for",
    "pg_stays_how": "30 minutes without use, 8 hours at most",
    "pg_log": "Opening and downloading are noted in the access log. The organisers can see it.",
    "pg_correct": "Something is wrong in it? Use “Suggest a correction” in the chat.",
    "pg_leave": "Close this page",
    "pg_about": "About this memo",
    # trouble
    "pg_no_open_title": "The file cannot be opened now",
    "pg_no_open": "Please try again in a few minutes, or ask for the file in the chat. The organisers can help.",
    "pg_busy_title": "One moment, please",
    "pg_busy": "That was too often in a short time. Please try again in a minute.",
    "pg_back": "Back to the memo",
}
