"""Campaigns, deliveries and copies of cards: what we decided to send, to whom, and what became of it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    JSON,
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
    exists,
    func,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from storage.database import Base, OfCommunity, Session, new_key, where
from storage.sharing import real_now

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


CRASHES_MAX = 3
"""A row that was in hand in so many crashes is poison (reliability §2.3 point 7)."""

# Written out, not bound: with a parameter neither database can prove that the partial index applies.
_QUEUED = Delivery.state == literal_column("'queued'")
_SENDING = Delivery.state == literal_column("'sending'")
_OF_SENDING_CAMPAIGN = exists().where(Campaign.id == Delivery.campaign_id, Campaign.state == "sending")


async def claim(
    db: Session,
    platform: str,
    workspace: str,
    now: datetime,
    worker: str,
    lease: timedelta,
    limit: int,
    busy: Collection[str] = (),
) -> list[Delivery]:
    """Take up to `limit` due rows of a connection for one worker, oldest first; two workers never get the same.

    Rows of held or stopped campaigns, expired ones and those to `busy` chats are left. Each claim counts as an attempt.
    """
    real = await real_now(db)
    query = (
        select(Delivery)
        .where(
            _QUEUED,
            Delivery.due_at <= now,
            Delivery.platform == platform,
            Delivery.workspace == workspace,
            or_(Delivery.expires_at.is_(None), Delivery.expires_at > now),
            or_(Delivery.lease_until.is_(None), Delivery.lease_until <= real),
            _OF_SENDING_CAMPAIGN,
        )
        .order_by(Delivery.due_at, Delivery.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    if busy:
        query = query.where(Delivery.chat.not_in(sorted(busy)))
    rows = list((await db.scalars(query)).all())
    for row in rows:
        row.state, row.attempts, row.started_at = "sending", row.attempts + 1, None
        row.worker, row.lease_until = worker, real + lease
    await db.flush()
    return rows


async def start(db: Session, ids: Collection[int], worker: str, lease: timedelta) -> set[int]:
    """Note that the requests of claimed rows leave now; give the ids that may go: still ours, campaign not stopped."""
    real = await real_now(db)
    query = (
        update(Delivery)
        .where(Delivery.id.in_(ids), _SENDING, Delivery.worker == worker, _OF_SENDING_CAMPAIGN)
        .values(started_at=real, lease_until=real + lease)
        .returning(Delivery.id)
        .execution_options(synchronize_session=False)
    )
    return set((await db.scalars(query)).all())


async def in_hand(db: Session, ids: Collection[int], worker: str) -> dict[int, Delivery]:
    """Give the rows this worker still holds, locked, to write their results; a lost lease is not among them."""
    query = select(Delivery).where(Delivery.id.in_(ids), _SENDING, Delivery.worker == worker).with_for_update()
    return {row.id: row for row in await db.scalars(query)}


async def recover(db: Session) -> list[Delivery]:
    """Settle rows whose worker died: back to the queue if the request had not left, else `unknown`, never sent again.

    A row that was in hand in three crashes becomes dead(`poison`).
    """
    real = await real_now(db)
    query = select(Delivery).where(_SENDING, Delivery.lease_until < real).with_for_update(skip_locked=True)
    rows = list((await db.scalars(query)).all())
    for row in rows:
        crashes = 1 + (int(row.reason.removeprefix("crash ")) if row.reason.startswith("crash ") else 0)
        row.worker, row.lease_until = "", None
        if row.started_at is not None:
            row.state, row.reason = "unknown", "crash"
        elif crashes >= CRASHES_MAX:
            row.state, row.reason = "dead", "poison"
        else:
            row.state, row.reason = "queued", f"crash {crashes}"
    await db.flush()
    return rows


async def due(db: Session, platform: str, workspace: str, now: datetime) -> bool:
    """Tell whether a connection has something to send now, also if a back-off still holds it."""
    query = select(Delivery.id).where(
        _QUEUED,
        Delivery.due_at <= now,
        Delivery.platform == platform,
        Delivery.workspace == workspace,
        or_(Delivery.expires_at.is_(None), Delivery.expires_at > now),
        _OF_SENDING_CAMPAIGN,
    )
    return await db.scalar(query.limit(1)) is not None


async def in_flight(db: Session, platform: str, workspace: str) -> bool:
    """Tell whether any worker has a row of this connection in hand."""
    query = select(Delivery.id).where(_SENDING, Delivery.platform == platform, Delivery.workspace == workspace)
    return await db.scalar(query.limit(1)) is not None


async def next_due(db: Session) -> datetime | None:
    """Give the earliest moment at which a waiting delivery is due; held campaigns count, stopped ones do not."""
    going = exists().where(Campaign.id == Delivery.campaign_id, Campaign.state.in_(("sending", "held")))
    return await db.scalar(select(Delivery.due_at).where(_QUEUED, going).order_by(Delivery.due_at).limit(1))


def _to_release(now: datetime) -> Any:
    return (Campaign.state == "held", Campaign.held_until <= now)


def _overdue(now: datetime) -> Any:
    return (_QUEUED, Delivery.due_at <= now, Delivery.expires_at <= now)


_FINISHED = (
    Campaign.state == "sending",
    ~exists().where(Delivery.campaign_id == Campaign.id, Delivery.state.in_(OPEN_STATES)),
)


async def stale(db: Session, now: datetime) -> bool:
    """Tell whether `turn` has anything to do; a read."""
    for query in (
        select(Campaign.id).where(*_to_release(now)),
        select(Delivery.id).where(*_overdue(now)),
        select(Campaign.id).where(*_FINISHED),
    ):
        if await db.scalar(query.limit(1)) is not None:
            return True
    return False


async def turn(db: Session, now: datetime) -> list[Campaign]:
    """Let held campaigns go, expire what is too late, close finished campaigns; give the campaigns that changed."""
    changed: set[int] = set()
    for row in await db.scalars(select(Campaign).where(*_to_release(now)).with_for_update()):
        row.state = "sending"
        changed.add(row.id)
    query = select(Delivery).where(*_overdue(now)).with_for_update(skip_locked=True)
    for each in await db.scalars(query):
        each.state, each.reason, each.lease_until = "expired", "", None
        changed.add(each.campaign_id)
    await db.flush()
    for row in await db.scalars(select(Campaign).where(*_FINISHED).with_for_update()):
        row.state = "done"
        changed.add(row.id)
    await db.flush()
    return list((await db.scalars(select(Campaign).where(Campaign.id.in_(changed)))).all()) if changed else []


async def counts(db: Session, campaign_id: int) -> dict[str, dict[str, int]]:
    """Count a campaign's rows by platform and state; "" stands for recipients without any account."""
    query = select(Delivery.platform, Delivery.state, func.count()).where(Delivery.campaign_id == campaign_id)
    found: dict[str, dict[str, int]] = {}
    for platform, state, number in await db.execute(query.group_by(Delivery.platform, Delivery.state)):
        found.setdefault(platform, {})[state] = number
    return found


def _waiting_cards(platform: str, workspace: str) -> Any:
    return (
        CardCopy.wanted > CardCopy.shown,
        CardCopy.gone.is_(False),
        CardCopy.platform == platform,
        CardCopy.workspace == workspace,
    )


async def waiting_cards(db: Session, platform: str, workspace: str, limit: int = 50) -> list[CardCopy]:
    """Give cards that wait to be redrawn, the longest waiting first."""
    query = select(CardCopy).where(*_waiting_cards(platform, workspace)).order_by(CardCopy.edit_at, CardCopy.id)
    return list((await db.scalars(query.limit(limit))).all())


async def card_waits(db: Session, platform: str, workspace: str) -> bool:
    """Tell whether any card of a connection waits to be redrawn."""
    return await db.scalar(select(CardCopy.id).where(*_waiting_cards(platform, workspace)).limit(1)) is not None
