"""Series: meetings that repeat by a rule, kept at the same wall-clock time of their zone (RFC 5545 RRULE)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from storage.database import Base, OfCommunity, new_key


class Series(OfCommunity, Base):
    """A rule and what its meetings have in common."""

    __tablename__ = "series"
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(12), unique=True, default=new_key)
    title: Mapped[str] = mapped_column(String(120))
    rule: Mapped[str] = mapped_column(String(200))
    """RRULE without its name, for example `FREQ=MONTHLY;BYDAY=3WE;COUNT=6`."""
    zone: Mapped[str] = mapped_column(String(64))
    starts_at: Mapped[datetime]
    """First start; its wall time in `zone` is kept for all."""
    minutes: Mapped[int]
    template: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """Columns of `Meeting` that its meetings begin with."""
    state: Mapped[str] = mapped_column(String(12), default="active")
    """`active` or `ended`."""
    created_by: Mapped[int | None] = mapped_column(ForeignKey("member.id", ondelete="SET NULL"))
