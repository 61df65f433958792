"""What is remembered: tables and the questions we ask them. Every subject is imported, so the metadata is whole."""

from storage import (
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
    inbox,
    meetings,
    members,
    needs,
    one_tap,
    polls,
    questions,
    series,
    timers,
)
from storage.database import Base, Database, Session

__all__ = [
    "Base", "Database", "Session", "attendance", "audit", "communities", "community_file", "delegations",
    "deliveries", "documents", "drafts", "feedback", "feeds", "inbox", "meetings", "members", "needs", "one_tap",
    "polls", "questions", "series", "timers",
]  # fmt: skip
