"""What is remembered: tables and the questions we ask them. Every subject is imported, so the metadata is whole."""

from storage import (
    announcements,
    attendance,
    audit,
    communities,
    community_file,
    delegations,
    deliveries,
    documents,
    drafts,
    feedback,
    feeds,
    files,
    inbox,
    meetings,
    members,
    needs,
    one_tap,
    page_links,
    polls,
    questions,
    search,
    series,
    timers,
    webinars,
)
from storage.database import Base, Database, Session

__all__ = [
    "Base", "Database", "Session", "announcements", "attendance", "audit", "communities", "community_file",
    "delegations", "deliveries", "documents", "drafts", "feedback", "feeds", "files", "inbox", "meetings", "members",
    "needs", "one_tap", "page_links", "polls", "questions", "search", "series", "timers", "webinars",
]  # fmt: skip
