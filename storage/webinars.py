"""Public webinars: registration open to everybody, a link for those who registered, a recording once speakers agree.

A registrant from outside is a `Member` in state `registrant`: they have an account and a language, and nothing else
of a member; every question about members leaves them out.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, Text, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from storage.database import Base, OfCommunity, Session, new_key

STATES = ("draft", "open", "live", "over", "recording", "archived", "cancelled")
REGISTERED, WAITING, CANCELLED = "registered", "waiting", "cancelled"


class Webinar(OfCommunity, Base):
    """A public online event; `seats` none = any number, `revision` = SEQUENCE of its calendar file."""

    __tablename__ = "webinar"
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(12), unique=True, default=new_key)
    title: Mapped[str] = mapped_column(String(120))
    about: Mapped[str] = mapped_column(String(600), default="")
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    zone: Mapped[str] = mapped_column(String(64))
    join_link: Mapped[str] = mapped_column(String(500), default="")
    seats: Mapped[int | None]
    state: Mapped[str] = mapped_column(String(12), default="draft")
    revision: Mapped[int] = mapped_column(default=0)
    opens_at: Mapped[datetime]
    """When registration opens (T-30) and the channels are told."""
    channels: Mapped[list[int]] = mapped_column(JSON, default=list)
    show_number: Mapped[bool] = mapped_column(default=False)
    """Whether cards say how many have registered."""
    moderator_id: Mapped[int | None]
    speakers: Mapped[list[int]] = mapped_column(JSON, default=list)
    """Ids of members who speak; the recording waits for the agreement of all of them."""
    agreed: Mapped[list[int]] = mapped_column(JSON, default=list)
    recording_link: Mapped[str] = mapped_column(String(500), default="")
    public_token: Mapped[str] = mapped_column(String(32), unique=True)
    """Part of the public address and of the deep link: not a secret, but not to be guessed."""
    totals: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """Counts kept after registrants were erased: by organisation type, country, channel; registered, attended."""
    created_by: Mapped[int | None]
    created_at: Mapped[datetime]


class Registrant(OfCommunity, Base):
    """One person's registration, counted once on whatever platform and channel they come from."""

    __tablename__ = "registrant"
    __table_args__ = (UniqueConstraint("webinar_id", "member_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(12), unique=True, default=new_key)
    webinar_id: Mapped[int] = mapped_column(ForeignKey("webinar.id", ondelete="CASCADE"), index=True)
    member_id: Mapped[int | None] = mapped_column(ForeignKey("member.id", ondelete="CASCADE"), index=True)
    """Who can be written to in chat; none for somebody who only used the web form."""
    name: Mapped[str] = mapped_column(String(80), default="")
    """"" for members: their name is known."""
    organisation_type: Mapped[str] = mapped_column(String(40), default="")
    country: Mapped[str] = mapped_column(String(2), default="")
    language: Mapped[str] = mapped_column(String(8), default="en")
    email: Mapped[str] = mapped_column(Text, default="")
    """Sealed; only of people without a chat."""
    email_hash: Mapped[str] = mapped_column(String(64), default="", index=True)
    """Keyed hash, so that the same address counts once."""
    channel_id: Mapped[int | None]
    """The channel whose card they used; none for links and the web."""
    state: Mapped[str] = mapped_column(String(12), default=REGISTERED)
    registered_at: Mapped[datetime]
    consent_version: Mapped[str] = mapped_column(String(40), default="")
    token_hash: Mapped[str] = mapped_column(String(64), default="", index=True)
    """SHA-256 of the personal page's token, for people without a chat."""
    attended_at: Mapped[datetime | None]


class WebinarQuestion(OfCommunity, Base):
    """A question asked during a webinar: goes to the moderator with the name only if the asker wants; then deleted."""

    __tablename__ = "webinar_question"
    id: Mapped[int] = mapped_column(primary_key=True)
    webinar_id: Mapped[int] = mapped_column(ForeignKey("webinar.id", ondelete="CASCADE"), index=True)
    text: Mapped[str] = mapped_column(String(600))
    name: Mapped[str] = mapped_column(String(120), default="")
    asked_at: Mapped[datetime]
    done: Mapped[bool] = mapped_column(default=False)


async def by_key(db: Session, key: str) -> Webinar | None:
    """Find a webinar of this community by the key its buttons carry."""
    return (await db.scalars(select(Webinar).where(Webinar.key == key))).one_or_none()


async def lock(db: Session, key: str) -> Webinar | None:
    """Find a webinar and hold its row until the end of the transaction."""
    asked = select(Webinar).where(Webinar.key == key).with_for_update().execution_options(populate_existing=True)
    return (await db.scalars(asked)).one_or_none()
