"""What is remembered: tables and the questions we ask them. Every subject is imported, so the metadata is whole."""

from storage import (
    audit,
    communities,
    community_file,
    deliveries,
    documents,
    drafts,
    feedback,
    inbox,
    meetings,
    members,
    timers,
)
from storage.database import Base, Database, Session

__all__ = [
    "Base", "Database", "Session", "audit", "communities", "community_file", "deliveries", "documents", "drafts",
    "feedback", "inbox", "meetings", "members", "timers",
]  # fmt: skip
