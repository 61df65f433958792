"""The rows of the library's index, and what each database keeps in step with them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, ForeignKey, String, Text, UniqueConstraint, event
from sqlalchemy.orm import Mapped, mapped_column

from storage.database import Base, OfCommunity


class SearchEntry(OfCommunity, Base):
    """What can be found of one document in one language; a memo's `body` and `text` are always empty (design §9).

    The database keeps two things in step that are no part of the model: on SQLite the FTS5 table `search_words` by
    triggers, on PostgreSQL the column `vector`. A migration that makes this table anew must make them anew, too.
    """

    __tablename__ = "search_entry"
    __table_args__ = (UniqueConstraint("document_id", "language"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id", ondelete="CASCADE"), index=True)
    language: Mapped[str] = mapped_column(String(8), default="")
    heading: Mapped[str] = mapped_column(String(800), default="")
    """Folded title, theme, region and keywords, with a space at both ends like `body`."""
    body: Mapped[str] = mapped_column(Text, default="")
    """Folded full text of a publication or shared resource."""
    text: Mapped[str] = mapped_column(Text, default="")
    """The same text as it was written, for the lines around a hit."""


SQLITE = (
    "CREATE VIRTUAL TABLE search_words USING fts5(heading, body, content='search_entry', content_rowid='id',"
    " tokenize='unicode61 remove_diacritics 0')",
    "CREATE TRIGGER search_words_added AFTER INSERT ON search_entry BEGIN"
    " INSERT INTO search_words(rowid, heading, body) VALUES (new.id, new.heading, new.body); END",
    "CREATE TRIGGER search_words_removed AFTER DELETE ON search_entry BEGIN"
    " INSERT INTO search_words(search_words, rowid, heading, body)"
    " VALUES ('delete', old.id, old.heading, old.body); END",
    "CREATE TRIGGER search_words_changed AFTER UPDATE OF id, heading, body ON search_entry BEGIN"
    " INSERT INTO search_words(search_words, rowid, heading, body)"
    " VALUES ('delete', old.id, old.heading, old.body);"
    " INSERT INTO search_words(rowid, heading, body) VALUES (new.id, new.heading, new.body); END",
)
"""What keeps the index in step on SQLite; migration 0007 makes the same."""
POSTGRESQL = (
    "ALTER TABLE search_entry ALTER COLUMN body SET STORAGE EXTERNAL",
    "ALTER TABLE search_entry ADD COLUMN vector tsvector GENERATED ALWAYS AS"
    " (setweight(to_tsvector('simple', heading), 'A') || setweight(to_tsvector('simple', body), 'D')) STORED",
    "CREATE INDEX ix_search_entry_vector ON search_entry USING gin (vector)",
)
"""The same on PostgreSQL, and texts that need no unpacking when phrases are looked for in them."""


@event.listens_for(SearchEntry.__table__, "after_create")
def _keep_in_step(_table: Any, connection: Connection, **_given: Any) -> None:
    for statement in SQLITE if connection.dialect.name == "sqlite" else POSTGRESQL:
        connection.exec_driver_sql(statement)
