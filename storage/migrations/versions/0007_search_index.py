"""The library's index: full text search on both databases."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.add_column("search_entry", sa.Column("text", sa.Text(), nullable=False, server_default=""))
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE VIRTUAL TABLE search_words USING fts5(heading, body, content='search_entry', content_rowid='id',"
            " tokenize='unicode61 remove_diacritics 0')"
        )
        op.execute(
            "CREATE TRIGGER search_words_added AFTER INSERT ON search_entry BEGIN"
            " INSERT INTO search_words(rowid, heading, body) VALUES (new.id, new.heading, new.body); END"
        )
        op.execute(
            "CREATE TRIGGER search_words_removed AFTER DELETE ON search_entry BEGIN"
            " INSERT INTO search_words(search_words, rowid, heading, body)"
            " VALUES ('delete', old.id, old.heading, old.body); END"
        )
        op.execute(
            "CREATE TRIGGER search_words_changed AFTER UPDATE OF id, heading, body ON search_entry BEGIN"
            " INSERT INTO search_words(search_words, rowid, heading, body)"
            " VALUES ('delete', old.id, old.heading, old.body);"
            " INSERT INTO search_words(rowid, heading, body) VALUES (new.id, new.heading, new.body); END"
        )
        op.execute("INSERT INTO search_words(search_words) VALUES ('rebuild')")
    else:
        op.execute("ALTER TABLE search_entry ALTER COLUMN body SET STORAGE EXTERNAL")
        op.execute(
            "ALTER TABLE search_entry ADD COLUMN vector tsvector GENERATED ALWAYS AS"
            " (setweight(to_tsvector('simple', heading), 'A') || setweight(to_tsvector('simple', body), 'D')) STORED"
        )
        op.execute("CREATE INDEX ix_search_entry_vector ON search_entry USING gin (vector)")


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for each in ("added", "removed", "changed"):
            op.execute(f"DROP TRIGGER search_words_{each}")
        op.execute("DROP TABLE search_words")
    else:
        op.execute("DROP INDEX ix_search_entry_vector")
        op.execute("ALTER TABLE search_entry DROP COLUMN vector")
        op.execute("ALTER TABLE search_entry ALTER COLUMN body SET STORAGE EXTENDED")
    op.drop_column("search_entry", "text")
