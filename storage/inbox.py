"""What came in: stored before it is acknowledged, taken in once. Belongs to the installation, not to a community."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, String, UniqueConstraint, delete, null, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Mapped, mapped_column

from storage.database import Base, Session, where


class InboxRow(Base):
    """One thing a person did; `body` is blanked once it is done. `state`: `new`, `done`, `failed`, `withheld`.

    `withheld`: the body was never stored (sensitive form); after a crash the person was not told "saved".
    """

    __tablename__ = "inbox"
    __table_args__ = (
        UniqueConstraint("platform", "workspace", "key"),
        Index("ix_inbox_new", "id", **where("state = 'new'")),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    platform: Mapped[str] = mapped_column(String(20))
    workspace: Mapped[str] = mapped_column(String(64))
    key: Mapped[str] = mapped_column(String(120))
    received_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(10), default="new")
    attempts: Mapped[int] = mapped_column(default=0)
    body: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    error_ref: Mapped[str] = mapped_column(String(12), default="")
    worker: Mapped[str] = mapped_column(String(40), default="")
    """The process that took it in and handles it; another one does when `lease_until` (real time) has passed."""
    lease_until: Mapped[datetime | None]


async def take_in(db: Session, row: InboxRow) -> bool:
    """Store what came in; false means its key was seen before (platforms send again, people press twice)."""
    values = {
        "platform": row.platform, "workspace": row.workspace, "key": row.key, "received_at": row.received_at,
        "state": row.state, "attempts": 0, "body": row.body, "error_ref": "",
    }  # fmt: skip
    insert = pg_insert if db.get_bind().dialect.name == "postgresql" else sqlite_insert
    statement = insert(InboxRow).values(**values).on_conflict_do_nothing().returning(InboxRow.id)
    return (await db.execute(statement)).scalar() is not None


async def finish(db: Session, platform: str, workspace: str, key: str, *, error_ref: str = "") -> bool:
    """Mark a row done (or failed) and blank its body; false if somebody else finished it already."""
    statement = (
        update(InboxRow)
        .where(InboxRow.platform == platform, InboxRow.workspace == workspace, InboxRow.key == key)
        .where(InboxRow.state.in_(("new", "withheld")))
        .values(
            state="failed" if error_ref else "done", body=null(), error_ref=error_ref, attempts=InboxRow.attempts + 1
        )
        .returning(InboxRow.id)
        .execution_options(synchronize_session=False)
    )
    return (await db.execute(statement)).scalar() is not None


async def waiting(db: Session, limit: int = 500) -> list[InboxRow]:
    """Give the rows taken in but not done, oldest first: after a crash they are done now."""
    rows = await db.scalars(select(InboxRow).where(InboxRow.state == "new").order_by(InboxRow.id).limit(limit))
    return list(rows)


async def forget(db: Session, before: datetime) -> int:
    """Delete finished rows received before an instant; keys are kept seven days (reliability §2.3 point 9)."""
    done = delete(InboxRow).where(InboxRow.state != "new", InboxRow.received_at < before)
    result = await db.execute(done.execution_options(synchronize_session=False))
    return int(getattr(result, "rowcount", 0))
