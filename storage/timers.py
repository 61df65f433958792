"""Due work: what must happen when, once per kind, subject and slot."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.database import Base, OfCommunity, where


class Timer(OfCommunity, Base):
    """One piece of due work; `state` is `waiting`, `running` (until `lease_until`), `done`, `dropped` or `failed`."""

    __tablename__ = "timer"
    __table_args__ = (
        UniqueConstraint("kind", "subject", "slot"),
        Index("ix_timer_due", "due_at", **where("state = 'waiting'")),
        Index("ix_timer_lease", "lease_until", **where("state = 'running'")),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(40))
    slot: Mapped[str] = mapped_column(String(40), default="")
    due_at: Mapped[datetime]
    not_after: Mapped[datetime | None]
    """Past this instant the work is pointless and dropped."""
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    attempts: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None]
    worker: Mapped[str] = mapped_column(String(40), default="")
    error: Mapped[str] = mapped_column(String(200), default="")
    details: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
