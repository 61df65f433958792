"""Tables of webinars, and how one is found and changes its state."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import JSON, ForeignKey, String, Text, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from storage.database import Base, OfCommunity, Session, new_key

STATES = ("draft", "open", "live", "over", "recording", "archived", "cancelled")
FOLLOWS: Mapping[str, tuple[str, ...]] = {
    "draft": ("open", "cancelled"),
    "open": ("draft", "live", "over", "cancelled"),
    "live": ("over", "cancelled"),
    "over": ("recording", "archived"),
    "recording": ("archived",),
}
"""Which state may follow which; `open` goes back to `draft` only while the opening can be undone."""
REGISTERED, WAITING, CANCELLED = "registered", "waiting", "cancelled"
HELD = (REGISTERED, WAITING)
"""States of a registration that stands."""
BEFORE = timedelta(days=30)
TOKEN_BYTES = 16
"""Size of the token in public addresses: 22 characters, so that `w_` and the token fit a deep link (64)."""
OPENS, CONNECTS = "w_", "wr_"
"""How the payload of a deep link begins: a webinar's public token follows, or that of a personal page."""
_TOKEN = re.compile(r"[A-Za-z0-9_-]{22,48}")


class Webinar(OfCommunity, Base):
    """A public online event; `seats` none = any number, `revision` = SEQUENCE of its calendar file."""

    __tablename__ = "webinar"
    __table_args__ = (UniqueConstraint("community_id", "code"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(12), unique=True, default=new_key)
    code: Mapped[str | None] = mapped_column(String(20))
    """Short id of the community file, for example `W1`; none for webinars made in chat."""
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
    refused: Mapped[list[int]] = mapped_column(JSON, default=list)
    """Ids of speakers who do not want the recording to be shown."""
    recording_link: Mapped[str] = mapped_column(String(500), default="")
    public_token: Mapped[str] = mapped_column(
        String(32), unique=True, default=lambda: secrets.token_urlsafe(TOKEN_BYTES)
    )
    """Part of the public address and of the deep link: not a secret, but not to be guessed."""
    email_key: Mapped[str] = mapped_column(Text, default="")
    """Sealed key of the hashes of e-mail addresses of this webinar, made at the first one."""
    page_link: Mapped[str] = mapped_column(String(500), default="")
    """Address of the page to register on, as cards show it; "" where nobody can open our pages."""
    tell_members: Mapped[bool] = mapped_column(default=False)
    """Whether members are told in private, too, when registration opens."""
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


async def by_token(db: Session, token: str) -> Webinar | None:
    """Find a webinar by the token of its public address; the session may be unscoped."""
    if not _TOKEN.fullmatch(token):
        return None
    return (await db.scalars(select(Webinar).where(Webinar.public_token == token))).one_or_none()


async def of_address(db: Session, payload: str) -> int | None:
    """Give the community of a webinar a deep link leads to, in an unscoped session; none for any other link."""
    if payload.startswith(OPENS) and (webinar := await by_token(db, payload.removeprefix(OPENS))) is not None:
        return webinar.community_id
    if payload.startswith(CONNECTS) and (row := await by_page(db, payload.removeprefix(CONNECTS))) is not None:
        return row.community_id
    return None


async def by_page(db: Session, token: str) -> Registrant | None:
    """Find the registration of a personal page by its token; the session may be unscoped."""
    if not _TOKEN.fullmatch(token):
        return None
    return (await db.scalars(select(Registrant).where(Registrant.token_hash == fingerprint(token)))).one_or_none()


def fingerprint(token: str) -> str:
    """Give the SHA-256 under which the token of a personal page is known."""
    return hashlib.sha256(token.encode()).hexdigest()


def email_hash(key: str, address: str) -> str:
    """Give the keyed hash of an e-mail address, the same however it is written; `key` is the webinar's, unsealed."""
    return hmac.new(key.encode(), address.strip().casefold().encode(), hashlib.sha256).hexdigest()


async def turn(db: Session, key: str, to: str) -> Webinar | None:
    """Bring a webinar into a state if that may follow; give it, held, or none when it may not (or is there already)."""
    webinar = await lock(db, key)
    if webinar is None or to not in FOLLOWS.get(webinar.state, ()):
        return None
    webinar.state = to
    await db.flush()
    return webinar


async def coming(db: Session, now: datetime) -> list[Webinar]:
    """Give the webinars people can register for or are in, the next one first."""
    begun = (Webinar.opens_at <= now, Webinar.ends_at > now)
    asked = select(Webinar).where(Webinar.state.in_(("open", "live")), *begun)
    return list(await db.scalars(asked.order_by(Webinar.starts_at, Webinar.id)))


async def everything(db: Session) -> list[Webinar]:
    """Give all webinars but the cancelled and archived ones, for organisers; drafts too, the next one first."""
    asked = select(Webinar).where(Webinar.state.not_in(("cancelled", "archived")))
    return list(await db.scalars(asked.order_by(Webinar.starts_at, Webinar.id)))


def opens_by_default(start: datetime, zone: str) -> datetime:
    """Give the usual opening of registration: thirty days before, at ten o'clock of the host (domain 3.4)."""
    there = ZoneInfo(zone)
    return datetime.combine((start.astimezone(there) - BEFORE).date(), time(10), there).astimezone(UTC)


def closed(webinar: Webinar, now: datetime) -> str:
    """Give why nobody can register: `draft`, `early`, `cancelled` or `over`; "" when everybody can, until the end.

    A webinar whose opening was confirmed is `open`; registration begins at `opens_at`.
    """
    if webinar.state in ("draft", "cancelled"):
        return webinar.state
    if webinar.state == "open" and now < webinar.opens_at:
        return "early"
    return "" if webinar.state in ("open", "live") and now < webinar.ends_at else "over"
