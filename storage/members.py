"""Members and staff: who they are, their accounts, roles, consents and one-time join links."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from storage.database import Base, OfCommunity, new_key

ROLES = ("organiser", "moderator", "approver", "admin", "donor_viewer", "trainer", "request_handler", "focal_point")
CATEGORIES = (
    "eu_institution", "eu_member_state", "eu_delegation", "eu_agency", "country_of_origin", "country_of_transit",
    "expert", "researcher", "civil_society", "international_organisation",
    "national_authority", "municipality", "diaspora_group", "reintegration_partner",
)  # fmt: skip
MEMBER_STATES = ("invited", "pending_consent", "active", "paused", "stopped", "left", "erased")


class Organisation(OfCommunity, Base):
    """The body a member speaks for."""

    __tablename__ = "organisation"
    __table_args__ = (UniqueConstraint("community_id", "name"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(160))
    country: Mapped[str] = mapped_column(String(2), default="")


class Member(OfCommunity, Base):
    """A person admitted to a community, or its staff (`staff`: not counted as a member)."""

    __tablename__ = "member"
    __table_args__ = (UniqueConstraint("community_id", "code"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(12), unique=True, default=new_key)
    code: Mapped[str] = mapped_column(String(20))
    """Short id of the community file, for example `m01`."""
    name: Mapped[str] = mapped_column(String(120))
    staff: Mapped[bool] = mapped_column(default=False)
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))
    category: Mapped[str] = mapped_column(String(40), default="")
    country: Mapped[str] = mapped_column(String(2), default="")
    zone: Mapped[str] = mapped_column(String(64))
    language: Mapped[str] = mapped_column(String(8), default="en")
    weekend: Mapped[str] = mapped_column(String(13), default="5,6")
    """ISO weekdays counted from Monday = 0, for example `4,5` for Friday and Saturday."""
    quiet_from: Mapped[int] = mapped_column(default=20)
    quiet_to: Mapped[int] = mapped_column(default=8)
    """Quiet hours in the member's zone: from this hour until that hour of the next day."""
    preferred: Mapped[str] = mapped_column(String(20), default="")
    """Platform messages go to first; "" takes the first reachable account."""
    state: Mapped[str] = mapped_column(String(20), default="active")
    paused_until: Mapped[datetime | None]
    joined_at: Mapped[datetime | None]
    accounts: Mapped[list[Account]] = relationship(
        back_populates="member", lazy="selectin", order_by="Account.id", cascade="all, delete-orphan"
    )

    @property
    def first_name(self) -> str:
        """Give the name used in greetings."""
        return self.name.split()[0]


class Account(OfCommunity, Base):
    """A member's account on one platform; `chat` is the private chat once known."""

    __tablename__ = "account"
    __table_args__ = (UniqueConstraint("community_id", "platform", "workspace", "user"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id", ondelete="CASCADE"), index=True)
    platform: Mapped[str] = mapped_column(String(20))
    workspace: Mapped[str] = mapped_column(String(64))
    user: Mapped[str] = mapped_column(String(64), index=True)
    chat: Mapped[str] = mapped_column(String(64), default="")
    reachable: Mapped[bool] = mapped_column(default=True)
    reason: Mapped[str] = mapped_column(String(120), default="")
    """Why it is not reachable: `not_started`, `blocked`, `deactivated`, or the platform's word."""
    member: Mapped[Member] = relationship(back_populates="accounts", lazy="joined")


class RoleGrant(OfCommunity, Base):
    """A permission of a person in a community, or for one meeting."""

    __tablename__ = "role_grant"
    __table_args__ = (UniqueConstraint("member_id", "role", "meeting_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id", ondelete="CASCADE"), index=True)
    role: Mapped[str] = mapped_column(String(20))
    meeting_id: Mapped[int | None] = mapped_column(ForeignKey("meeting.id", ondelete="CASCADE"))
    until: Mapped[datetime | None]


class Consent(OfCommunity, Base):
    """What a member agreed to, when, to which text, and when they took it back."""

    __tablename__ = "consent"
    id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id", ondelete="CASCADE"), index=True)
    purpose: Mapped[str] = mapped_column(String(40))
    text_version: Mapped[str] = mapped_column(String(40))
    given_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]


class JoinLink(OfCommunity, Base):
    """A one-time invitation to join, valid 72 hours; only the SHA-256 of its token is kept."""

    __tablename__ = "join_link"
    id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    used_by: Mapped[str] = mapped_column(String(160), default="")
