"""Members and staff: who they are, their accounts, roles, consents and one-time join links."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint, or_, select, update
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from storage.database import Base, OfCommunity, Session, new_key

ROLES = ("organiser", "moderator", "approver", "admin", "donor_viewer", "trainer", "request_handler", "focal_point")
CATEGORIES = (
    "eu_institution", "eu_member_state", "eu_delegation", "eu_agency", "country_of_origin", "country_of_transit",
    "expert", "researcher", "civil_society", "international_organisation",
    "national_authority", "municipality", "diaspora_group", "reintegration_partner",
)  # fmt: skip
GUEST = "registrant"
"""State of somebody from outside who registered for a webinar: written to as they asked, a stranger in all else."""
MEMBER_STATES = ("invited", "pending_consent", "active", "paused", "stopped", "left", "erased", GUEST)


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


class AccountTaken(Exception):
    """The account already belongs to another member of this community."""


async def by_account(db: Session, platform: str, workspace: str, user: str) -> Account | None:
    """Give the account with its member, judged by ids alone, never by a name (reliability S12)."""
    found = await db.scalars(
        select(Account)
        .where(Account.platform == platform, Account.workspace == workspace, Account.user == user)
        .options(joinedload(Account.member).selectinload(Member.accounts))
    )
    return found.unique().one_or_none()


async def accounts_everywhere(db: Session, platform: str, workspace: str, user: str) -> Sequence[Account]:
    """Give a person's accounts in all communities; the session must be unscoped."""
    found = await db.scalars(
        select(Account)
        .where(Account.platform == platform, Account.workspace == workspace, Account.user == user)
        .options(joinedload(Account.member).selectinload(Member.accounts))
        .order_by(Account.community_id)
    )
    return found.unique().all()


async def by_key(db: Session, key: str) -> Member | None:
    """Give a member of this community by public key."""
    return (await db.scalars(select(Member).where(Member.key == key))).one_or_none()


async def roles_of(db: Session, member: Member, now: datetime, meeting_id: int | None = None) -> frozenset[str]:
    """Give the roles a member holds in the community now, and those for one meeting if it is named."""
    grants = select(RoleGrant.role).where(
        RoleGrant.member_id == member.id,
        or_(RoleGrant.until.is_(None), RoleGrant.until > now),
        or_(RoleGrant.meeting_id.is_(None), RoleGrant.meeting_id == meeting_id),
    )
    return frozenset(await db.scalars(grants))


async def holders(db: Session, role: str, now: datetime) -> Sequence[Member]:
    """Give everybody who holds a role in the whole community now."""
    grants = select(RoleGrant.member_id).where(
        RoleGrant.role == role,
        RoleGrant.meeting_id.is_(None),
        or_(RoleGrant.until.is_(None), RoleGrant.until > now),
    )
    return (await db.scalars(select(Member).where(Member.id.in_(grants)).order_by(Member.code))).all()


async def active_members(db: Session) -> Sequence[Member]:
    """Give the members (not staff) who take part now, in the order of their codes."""
    return (
        await db.scalars(select(Member).where(Member.staff.is_(False), Member.state == "active").order_by(Member.code))
    ).all()


async def admitted(db: Session) -> Sequence[Member]:
    """Give the members (not staff) who have not left and are not erased, in the order of their codes."""
    gone = ("left", "erased", GUEST)
    return (
        await db.scalars(select(Member).where(Member.staff.is_(False), Member.state.not_in(gone)).order_by(Member.code))
    ).all()


def reachable(member: Member) -> bool:
    """Tell whether a private message can be sent to the member at all."""
    return any(each.reachable for each in member.accounts)


async def bind(db: Session, member: Member, platform: str, workspace: str, user: str, chat: str) -> Account:
    """Give an account to a member; an older one on the same platform and workspace gives way to it.

    An account of the same member becomes reachable again; a guest's moves with what they registered for, and the guest
    is gone. Raise `AccountTaken` if it belongs to somebody else here.
    """
    known = await by_account(db, platform, workspace, user)
    if known is not None and known.member_id != member.id and known.member.state != GUEST:
        raise AccountTaken
    if known is None or known.member_id != member.id:
        for old in [each for each in member.accounts if (each.platform, each.workspace) == (platform, workspace)]:
            member.accounts.remove(old)
        await db.flush()
    if known is not None and known.member_id != member.id:
        await _take_in(db, known, member)
    if known is not None:
        known.reachable, known.reason, known.chat = True, "", chat or known.chat
        return known
    account = Account(platform=platform, workspace=workspace, user=user, chat=chat)
    member.accounts.append(account)
    await db.flush()
    return account


async def _take_in(db: Session, account: Account, member: Member) -> None:
    """Let a guest's account and registrations become a member's; the guest is gone."""
    from storage import webinars  # which builds on this module

    left = account.member
    await webinars.move(db, left, member)
    member.accounts.append(account)
    await db.flush()
    await db.refresh(left, ["accounts"])
    await db.delete(left)
    await db.flush()


async def guest(
    db: Session, platform: str, workspace: str, user: str, *, chat: str, language: str, zone: str
) -> Account:
    """Give the account of somebody from outside who is about to register, made with a guest if nobody has it.

    Name and country come with the registration; whoever never registers is forgotten (`webinars.idle_guests`).
    """
    known = await by_account(db, platform, workspace, user)
    if known is not None:
        mark(known, reachable=True, chat=chat)
        return known
    made = Member(code=f"guest-{new_key()}", name="Guest", zone=zone, language=language, state=GUEST)
    account = Account(platform=platform, workspace=workspace, user=user, chat=chat)
    made.accounts = [account]
    db.add(made)
    await db.flush()
    return account


def acting(account: Account | None) -> Member | None:
    """Give the member who acts by an account; a guest acts as a stranger."""
    return account.member if account is not None and account.member.state != GUEST else None


def mark(account: Account, *, reachable: bool, reason: str = "", chat: str = "") -> None:
    """Note whether an account can be written to, why not, and its private chat once known."""
    account.reachable = reachable
    account.reason = "" if reachable else reason
    account.chat = chat or account.chat


def give_consent(db: Session, member: Member, now: datetime, text_version: str, purpose: str = "messages") -> None:
    """Record that a member agreed to a text, and make them active."""
    db.add(Consent(member_id=member.id, purpose=purpose, text_version=text_version, given_at=now))
    member.state, member.paused_until = "active", None
    member.joined_at = member.joined_at or now


async def has_agreed(db: Session, member: Member) -> bool:
    """Tell whether a member has ever agreed to anything."""
    return (await db.scalars(select(Consent.id).where(Consent.member_id == member.id).limit(1))).first() is not None


async def stop(db: Session, member: Member, now: datetime) -> None:
    """Withdraw every consent and stop all messages, in one step; replies stay (reliability §5.9)."""
    await db.execute(
        update(Consent).where(Consent.member_id == member.id, Consent.withdrawn_at.is_(None)).values(withdrawn_at=now)
    )
    member.state, member.paused_until = "stopped", None
