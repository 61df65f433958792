"""Planning what is sent to whom: one campaign, one row per recipient, each with one visible state (design §3)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select, update

from scheduler import cards
from storage import deliveries, installation
from storage.communities import Channel, Community
from storage.database import Session, new_key
from storage.deliveries import OPEN_STATES, Campaign, Delivery
from storage.members import Account, Member
from storage.sharing import add_once

NAMESPACE = uuid.UUID("6f6f8a3e-5a0c-5f0e-9a52-6a3b1f0f7c11")
"""Namespace of delivery keys; never changed, or everything planned before could be sent again."""
PROGRESS = "progress"
"""Kind of the card that shows how far a campaign is; its subject is the campaign's key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class To:
    """Name one recipient, a member or a channel, and when: `due` and `expires` are aware UTC instants."""

    due: datetime
    member: Member | None = None
    channel: Channel | None = None
    expires: datetime | None = None
    account: Account | None = None
    """Which of the member's accounts; `None` chooses (an alert must not go where nothing arrives)."""
    even_paused: bool = False
    """Whether it goes to somebody who has paused messages, too; for the kinds of `EVEN_PAUSED`."""

    def __post_init__(self) -> None:
        if (self.member is None) == (self.channel is None):
            raise ValueError("a recipient is a member or a channel")

    @property
    def name(self) -> str:
        """Give the recipient's part of the delivery key."""
        return f"member:{self.member.key}" if self.member else f"channel:{self.channel.id if self.channel else 0}"


@dataclass(slots=True)
class _Row:
    """Be what a recipient's row begins with."""

    state: str = "queued"
    reason: str = ""
    account: Account | None = None
    address: tuple[str, str, str] = field(default=("", "", ""))


EVEN_PAUSED = ("reschedule", "cancellation", "webinar_moved", "webinar_cancelled")
"""Kinds that people who have paused messages still get, if the planner says so: what they said yes to has changed."""


def choose_account(member: Member) -> Account | None:
    """Give the account messages go to: on the preferred platform if reachable there, else the first reachable."""
    reachable = [each for each in member.accounts if each.reachable]
    return next((each for each in reachable if each.platform == member.preferred), reachable[0] if reachable else None)


def silence(member: Member, at: datetime, *, even_paused: bool = False) -> str:
    """Give why nothing is sent to a member at that time: `stopped`, `paused` or `left`; "" if something may be."""
    if even_paused and member.state == "paused":
        return ""
    if member.state == "paused" and member.paused_until is not None and member.paused_until <= at:
        return ""
    return {"stopped": "stopped", "paused": "paused", "left": "left", "erased": "left"}.get(member.state, "")


def way(member: Member, at: datetime, *, even_paused: bool = False) -> tuple[str, str]:
    """Give the platform a message to a member would go to, or "" and the reason why nothing can be sent then."""
    asleep, account = silence(member, at, even_paused=even_paused), choose_account(member)
    if asleep:
        return "", asleep
    if account is None:
        known = next((each.reason for each in member.accounts if each.reason), "")
        return "", known or ("not_started" if member.accounts else "no_account")
    return account.platform, ""


async def plan(
    db: Session,
    *,
    kind: str,
    subject: str,
    occurrence: str,
    to: Sequence[To],
    now: datetime,
    by: Member | None = None,
    hold: timedelta = timedelta(0),
    details: dict[str, Any] | None = None,
    content_hash: str = "",
) -> Campaign:
    """Decide to send; every recipient gets a row at once, in the caller's transaction (reliability §2.3 point 1).

    Members without a reachable account are dead with the reason, stopped, paused and departed ones skipped; what may
    have been sent before a backup was restored is `unknown`. The same kind, subject and occurrence give the existing
    campaign and add only new recipients; one that was undone is taken up again. With `hold` nothing leaves before
    `now + hold`, until then `undo` works.
    """
    held_until = now + hold if hold else None
    state = "held" if hold else "sending"
    community = await db.get_one(Community, db.community_id)
    campaign = await _campaign(db, kind, subject, occurrence, now, by)
    if campaign.state == "cancelled" or campaign.audience == 0:
        campaign.state, campaign.held_until, campaign.created_at = state, held_until, now
        campaign.details, campaign.content_hash = details or {}, content_hash
        campaign.created_by = by.id if by else None
    elif campaign.state in ("done", "taken_back"):
        campaign.state = "sending"
    # A restored backup does not know what was sent after it was made (reliability §2.3 point 12).
    restored = await installation.restored_until(db) if kind != deliveries.ALERT else None
    earliest = campaign.held_until if campaign.state == "held" and campaign.held_until else None
    found = select(Delivery.key, Delivery.state).where(Delivery.campaign_id == campaign.id)
    known: dict[str, str] = {row.key: row.state for row in await db.execute(found)}
    fresh: list[dict[str, Any]] = []
    for each in to:
        key = str(uuid.uuid5(NAMESPACE, "\n".join((community.key, kind, subject, occurrence, each.name))))
        if known.get(key, "cancelled") != "cancelled":
            continue
        values = _values(each, earliest, restored)
        if key in known:
            again = update(Delivery).where(Delivery.key == key, Delivery.state == "cancelled")
            await db.execute(again.values(values | _NEVER_TRIED))
        else:
            fresh.append(values | {"key": key, "campaign_id": campaign.id, "community_id": community.id})
        known[key] = values["state"]
    if fresh:
        await db.execute(insert(Delivery), fresh)
    campaign.audience = len(known)
    await db.flush()
    return campaign


async def undo(db: Session, campaign: Campaign, now: datetime) -> bool:
    """Take a decision back while it is held; false when sending has begun."""
    query = select(Campaign).where(Campaign.id == campaign.id).with_for_update()
    row = (await db.scalars(query.execution_options(populate_existing=True))).one()
    if row.state != "held":
        return False
    row.state = "cancelled"
    waiting = update(Delivery).where(Delivery.campaign_id == row.id, Delivery.state.in_(OPEN_STATES))
    await db.execute(waiting.values(state="cancelled", reason="undone"))
    await cards.touch(db, [PROGRESS], row.key)
    if campaign is not row:
        campaign.state = row.state
    return True


async def _campaign(
    db: Session, kind: str, subject: str, occurrence: str, now: datetime, by: Member | None
) -> Campaign:
    query = select(Campaign).where(
        Campaign.kind == kind, Campaign.subject == subject, Campaign.occurrence == occurrence
    )
    found = (await db.scalars(query.with_for_update())).one_or_none()
    if found is None:
        names = {"community_id": db.community_id, "kind": kind, "subject": subject, "occurrence": occurrence}
        await add_once(db, Campaign, names | {
            "key": new_key(), "state": "sending", "audience": 0, "content_hash": "", "created_at": now, "details": {},
            "created_by": by.id if by else None,
        })  # fmt: skip
        found = (await db.scalars(query.with_for_update())).one()
    return found


_NEVER_TRIED: dict[str, Any] = {
    "lease_until": None, "started_at": None, "settle_at": None, "lost_at": None, "sent_at": None, "copied": False,
    "crashes": 0,
}  # fmt: skip


def _values(to: To, earliest: datetime | None, restored: datetime | None) -> dict[str, Any]:
    row = _for_member(to.member, to) if to.member else _for_channel(to.channel)
    platform, workspace, chat = row.address
    due = max(to.due, earliest) if earliest else to.due
    if row.state == "queued" and restored is not None and due <= restored:
        row.state, row.reason = "unknown", installation.RESTORED
    return {
        "member_id": to.member.id if to.member else None,
        "channel_id": to.channel.id if to.channel else None,
        "account_id": row.account.id if row.account else None,
        "platform": platform,
        "workspace": workspace,
        "chat": chat,
        "message": "",
        "due_at": due,
        "expires_at": to.expires,
        "state": row.state,
        "reason": row.reason,
        "attempts": 0,
        "worker": "",
    }


def _for_member(member: Member, to: To) -> _Row:
    account = to.account or choose_account(member)
    reason = silence(member, to.due, even_paused=to.even_paused)
    if account is None:
        mine = sorted(member.accounts, key=lambda each: each.platform != member.preferred)
        last = mine[0] if mine else None
        address = (last.platform, last.workspace, last.user) if last else (member.preferred, "", "")
        why = (last.reason or "unreachable") if last else "no_account"
        return _Row("skipped", reason, last, address) if reason else _Row("dead", why, last, address)
    address = (account.platform, account.workspace, account.user)
    return _Row("skipped", reason, account, address) if reason else _Row("queued", "", account, address)


def _for_channel(channel: Channel | None) -> _Row:
    assert channel is not None
    address = (channel.platform, channel.workspace, channel.chat)
    if channel.reachable:
        return _Row(address=address)
    return _Row("dead", channel.reason or "unreachable", address=address)
