"""The library's index: folded words of titles and texts, found with FTS5 on SQLite and tsvector on PostgreSQL."""

from __future__ import annotations

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.database import Base, OfCommunity


class SearchEntry(OfCommunity, Base):
    """What can be found of one document in one language; a memo's `body` is always empty (design §9)."""

    __tablename__ = "search_entry"
    __table_args__ = (UniqueConstraint("document_id", "language"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id", ondelete="CASCADE"), index=True)
    language: Mapped[str] = mapped_column(String(8), default="")
    heading: Mapped[str] = mapped_column(String(800), default="")
    """Folded title, theme, region and keywords."""
    body: Mapped[str] = mapped_column(Text, default="")
    """Folded full text of a publication or shared resource."""
