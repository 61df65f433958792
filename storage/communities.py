"""Communities, the connections of the installation, and the channels a community lives in."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.orm.util import identity_key

from storage.database import Base, OfCommunity, Session


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


async def own_community(db: Session) -> Community:
    """Give the community a session is scoped to; asked for every message that is drawn, so known ones cost nothing."""
    known = db.sync_session.identity_map.get(identity_key(Community, db.community_id))
    return known if isinstance(known, Community) else await db.get_one(Community, db.community_id)


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
    reader: Mapped[str] = mapped_column(String(40), default="")
    """Telegram: the process that asks for updates until `reader_until` (real time); two would get 409 Conflict."""
    reader_until: Mapped[datetime | None]
    variables: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    """Names of the environment variables that hold its tokens, for a connection of a community file; else empty."""


class Installation(Base):
    """What one installation knows of itself; its only row has id 1. See `storage/installation.py`."""

    __tablename__ = "installation"
    id: Mapped[int] = mapped_column(primary_key=True)
    beat: Mapped[int] = mapped_column(default=0)
    """Rises about once a minute while a process runs; a copy outside the database tells that a backup was restored."""
    paused: Mapped[str] = mapped_column(String(40), default="")
    """Why nothing but alerts goes out: `restored`, or "" when everything does."""
    restored_until: Mapped[datetime | None]
    """What was due up to here may have been sent before the restore; it is planned as `unknown`, not sent."""


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
    people: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict, deferred=True, deferred_raiseload=True)
    """Who was there when we last looked (`storage/channel_people.py`); it is long, so no channel is loaded with it."""
