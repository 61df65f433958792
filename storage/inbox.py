"""What came in: stored before it is acknowledged, taken in once. Belongs to the installation, not to a community."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.database import Base, where


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
