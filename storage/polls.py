"""Polls: topics in order of preference, dates, quick questions. One ballot per member across both platforms."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.database import Base, OfCommunity, new_key

KINDS = ("topic", "date", "quick")
STATES = ("draft", "open", "closed", "decided", "cancelled")


class Poll(OfCommunity, Base):
    """One question to many; while it is open nobody sees how others voted."""

    __tablename__ = "poll"
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(12), unique=True, default=new_key)
    kind: Mapped[str] = mapped_column(String(8))
    question: Mapped[str] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(12), default="draft")
    closes_at: Mapped[datetime]
    zone: Mapped[str] = mapped_column(String(64))
    """The host's IANA zone."""
    minutes: Mapped[int | None]
    """Length of the meeting a date poll is about."""
    suggestions: Mapped[bool] = mapped_column(default=False)
    """Whether members may suggest topics of their own."""
    live: Mapped[bool] = mapped_column(default=False)
    """Whether totals are shown while it is open; only quick polls may."""
    audience: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """Who may vote, as in `Meeting.audience`."""
    channels: Mapped[list[int]] = mapped_column(JSON, default=list)
    """Ids of the channels that show it."""
    revision: Mapped[int] = mapped_column(default=0)
    chosen_id: Mapped[int | None]
    """The option that was decided for."""
    meeting_id: Mapped[int | None]
    """The meeting that was made of it."""
    created_by: Mapped[int | None] = mapped_column(ForeignKey("member.id", ondelete="SET NULL"))


class PollOption(OfCommunity, Base):
    """One option; its totals are written when the poll closes."""

    __tablename__ = "poll_option"
    id: Mapped[int] = mapped_column(primary_key=True)
    poll_id: Mapped[int] = mapped_column(ForeignKey("poll.id", ondelete="CASCADE"), index=True)
    position: Mapped[int]
    title: Mapped[str] = mapped_column(String(120), default="")
    line: Mapped[str] = mapped_column(String(160), default="")
    starts_at: Mapped[datetime | None]
    """The moment of a date poll's slot."""
    suggested: Mapped[bool] = mapped_column(default=False)
    """Whether a member suggested it; it can be voted for once an organiser has let it in (`position` above 0)."""
    totals: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)
    """Topic: `points`, `first`; date: `yes`, `maybe`, `no`; quick: `votes`."""


class Ballot(OfCommunity, Base):
    """One member's vote; nobody else sees it."""

    __tablename__ = "ballot"
    __table_args__ = (UniqueConstraint("poll_id", "member_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    poll_id: Mapped[int] = mapped_column(ForeignKey("poll.id", ondelete="CASCADE"), index=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id", ondelete="CASCADE"), index=True)
    choices: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """Topic: `{"order": [option ids]}`; date: `{option id: "y" | "m" | "n"}`; quick: `{"one": option id}`."""
    done: Mapped[bool] = mapped_column(default=False)
    changed_at: Mapped[datetime]
    """The person's time of the press; an older press never overwrites a newer one."""
