"""The tables: campaigns, deliveries and copies of cards."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.database import Base, OfCommunity, new_key, where

DELIVERY_STATES = ("queued", "sending", "sent", "dead", "unknown", "skipped", "expired", "cancelled")
OPEN_STATES = ("queued", "sending")


class Campaign(OfCommunity, Base):
    """One decision to send: what, about which subject, who decided, and an audience fixed at that moment."""

    __tablename__ = "campaign"
    __table_args__ = (UniqueConstraint("community_id", "kind", "subject", "occurrence"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(12), unique=True, default=new_key)
    kind: Mapped[str] = mapped_column(String(40))
    """Message kind of `message-copy.md`: `invitation`, `reminder_7d`, `feedback_request`, ..."""
    subject: Mapped[str] = mapped_column(String(40))
    """Key of what it is about, for example a meeting's."""
    occurrence: Mapped[str] = mapped_column(String(60), default="")
    """Tells two sends of one kind apart, for example `nudge-2` or a meeting's revision."""
    state: Mapped[str] = mapped_column(String(12), default="sending")
    """`held` (two minutes, Undo), `sending`, `stopped`, `done`, `cancelled`, `taking_back`, `taken_back`."""
    held_until: Mapped[datetime | None]
    audience: Mapped[int] = mapped_column(default=0)
    content_hash: Mapped[str] = mapped_column(String(64), default="")
    created_at: Mapped[datetime]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("member.id", ondelete="SET NULL"))
    details: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    stopped_by: Mapped[int | None]
    """Id of the member who stopped it or took it back; no foreign key, because SQLite cannot add one to a table."""
    unknown_left: Mapped[bool] = mapped_column(default=False)
    """Whether an organiser decided to leave its unknown messages as they are."""


class Delivery(OfCommunity, Base):
    """One message to one recipient with exactly one visible state; `key` makes a second one impossible."""

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("key"),
        Index("ix_delivery_due", "due_at", **where("state = 'queued'")),
        Index("ix_delivery_lease", "lease_until", **where("state = 'sending'")),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(36))
    """UUIDv5 of community, kind, subject, occurrence and recipient (reliability §2.3 point 1)."""
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id", ondelete="CASCADE"), index=True)
    member_id: Mapped[int | None] = mapped_column(ForeignKey("member.id", ondelete="SET NULL"), index=True)
    channel_id: Mapped[int | None] = mapped_column(ForeignKey("channel.id", ondelete="SET NULL"))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"))
    platform: Mapped[str] = mapped_column(String(20), default="")
    workspace: Mapped[str] = mapped_column(String(64), default="")
    chat: Mapped[str] = mapped_column(String(64), default="")
    message: Mapped[str] = mapped_column(String(64), default="")
    due_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(String(10), default="queued")
    reason: Mapped[str] = mapped_column(String(120), default="")
    attempts: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None]
    """Real time: the lease of a row in `sending`; the earliest next attempt of one in `queued`."""
    worker: Mapped[str] = mapped_column(String(40), default="")
    started_at: Mapped[datetime | None]
    """Real time of the attempt's start, for the look-up after a lost answer; none while the request has not left."""
    settle_at: Mapped[datetime | None]
    """Real time of the look-up after a lost answer, in state `sending` without a worker; none while none is due."""
    lost_at: Mapped[datetime | None]
    """Real start of the first attempt whose answer was lost: a look-up begins there; kept when it is sent again."""
    crashes: Mapped[int] = mapped_column(default=0)
    """How many processes died while they had it in hand and its request had not left; it is then claimed alone."""
    copied: Mapped[bool] = mapped_column(default=False)
    """Whether it was sent once more after a lost answer; it never is a second time by itself."""
    sent_at: Mapped[datetime | None]


class CardCopy(OfCommunity, Base):
    """A posted card that follows the truth: when `wanted` is above `shown` it is edited at the platform's pace."""

    __tablename__ = "card_copy"
    __table_args__ = (
        UniqueConstraint("platform", "workspace", "chat", "message"),
        Index("ix_card_copy_subject", "kind", "subject"),
        Index("ix_card_copy_wanted", "edit_at", **where("wanted > shown")),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    """Which composer draws it: `invitation`, `meeting_card`, `status`, `progress`, ..."""
    subject: Mapped[str] = mapped_column(String(40))
    member_id: Mapped[int | None] = mapped_column(ForeignKey("member.id", ondelete="CASCADE"), index=True)
    """Whose private card it is; nobody's for a channel card."""
    channel_id: Mapped[int | None] = mapped_column(ForeignKey("channel.id", ondelete="CASCADE"))
    platform: Mapped[str] = mapped_column(String(20))
    workspace: Mapped[str] = mapped_column(String(64))
    chat: Mapped[str] = mapped_column(String(64))
    message: Mapped[str] = mapped_column(String(64))
    shown: Mapped[int] = mapped_column(default=0)
    wanted: Mapped[int] = mapped_column(default=0)
    edit_at: Mapped[datetime | None]
    """Real time of the first change that waits; the edit goes `Limits.edit_delay` seconds later."""
    gone: Mapped[bool] = mapped_column(default=False)
