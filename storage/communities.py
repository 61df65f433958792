"""Communities, the connections of the installation, and the channels a community lives in."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.database import Base, OfCommunity


class Community(Base):
    """A standing group around one domain, with members, staff, channels, languages and consent text."""

    __tablename__ = "community"
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    zone: Mapped[str] = mapped_column(String(64))
    language: Mapped[str] = mapped_column(String(8), default="en")
    organiser_contact: Mapped[str] = mapped_column(String(200), default="")
    controller_name: Mapped[str] = mapped_column(String(200), default="")
    privacy_link: Mapped[str] = mapped_column(String(500), default="")
    public_contact: Mapped[str] = mapped_column(String(200), default="")
    settings: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """Programme, targets, privacy texts by language, no-send dates (ISO), defaults that differ from the design's."""


class Connection(Base):
    """One bot or workspace of the installation; its pause outlives a restart (reliability §2.3 point 6)."""

    __tablename__ = "connection"
    __table_args__ = (UniqueConstraint("platform", "workspace"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    platform: Mapped[str] = mapped_column(String(20))
    workspace: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(120), default="")
    offset: Mapped[int] = mapped_column(default=0)
    """Telegram: the next update to ask for."""
    paused_until: Mapped[datetime | None]
    dead_reason: Mapped[str] = mapped_column(String(200), default="")
    worker: Mapped[str] = mapped_column(String(40), default="")
    """The process that sends on this connection until `lease_until` (real time), so that pacing stays in one place."""
    lease_until: Mapped[datetime | None]


class Channel(OfCommunity, Base):
    """A chat of several people: purpose is `members`, `announcements` or `organisers`."""

    __tablename__ = "channel"
    __table_args__ = (UniqueConstraint("community_id", "platform", "workspace", "chat"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    platform: Mapped[str] = mapped_column(String(20))
    workspace: Mapped[str] = mapped_column(String(64))
    chat: Mapped[str] = mapped_column(String(64))
    purpose: Mapped[str] = mapped_column(String(20))
    title: Mapped[str] = mapped_column(String(120), default="")
    language: Mapped[str] = mapped_column(String(8), default="en")
    reachable: Mapped[bool] = mapped_column(default=True)
    reason: Mapped[str] = mapped_column(String(120), default="")
