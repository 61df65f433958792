"""Run the migrations on the connection `storage.schema` hands over; it makes its own engine, never the bot's.

On SQLite that connection has `foreign_keys=OFF`: a batch change of a parent table would otherwise delete the rows that
cascade from it (tech §6). Every reference is checked before the transaction may commit.
"""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from sqlalchemy import Connection, text

from storage import Base
from storage.database import Instant
from storage.schema import compared


def _plain(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Write our own time type as the column it is, so that old revisions do not hang on today's code."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, Instant) else False


def _run(connection: Connection) -> None:
    sqlite = connection.dialect.name == "sqlite"
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=sqlite,
        compare_type=True,
        include_name=compared,
        render_item=_plain,
        transactional_ddl=True,  # SQLite too: its transactions are begun by hand
    )
    with context.begin_transaction():
        context.run_migrations()
        if sqlite:
            broken = connection.execute(text("PRAGMA foreign_key_check")).all()
            if broken:
                tables = sorted({str(row[0]) for row in broken})
                raise RuntimeError(f"the migration left references to nothing in: {', '.join(tables)}")


handed = context.config.attributes.get("connection")
if handed is None:
    raise RuntimeError('migrations are run by storage.schema; a new one: python -m storage.schema "what changes"')
_run(handed)
