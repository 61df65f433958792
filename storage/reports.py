"""What was sent and what became of it, for the command line and for scripts (design §9)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from storage.audit import AuditEntry
from storage.communities import Channel
from storage.database import Session
from storage.deliveries import DELIVERY_STATES, Campaign, Delivery
from storage.meetings import Meeting
from storage.members import GUEST, Account, Member

PLATFORMS = ("slack", "telegram")
GONE = ("left", "erased", GUEST)


async def deliveries_json(db: Session, rows: bool = False) -> dict[str, Any]:
    """Give campaigns with one number per platform and state, the unknown, and whom nobody can reach.

    `rows` adds every delivery. Deliveries to people without any account stand under `none`, so that the numbers add up
    to the audience.
    """
    counts: dict[int, dict[str, dict[str, int]]] = {}
    question = select(Delivery.campaign_id, Delivery.platform, Delivery.state, func.count())
    for campaign_id, platform, state, number in await db.execute(
        question.group_by(Delivery.campaign_id, Delivery.platform, Delivery.state)
    ):
        states = counts.setdefault(campaign_id, {}).setdefault(platform or "none", dict.fromkeys(DELIVERY_STATES, 0))
        states[state] = number
    names = {each.key: each.code for each in await db.scalars(select(Meeting))}
    empty = {platform: dict.fromkeys(DELIVERY_STATES, 0) for platform in PLATFORMS}
    campaigns = [
        {
            "key": each.key,
            "kind": each.kind,
            "subject": names.get(each.subject, each.subject),
            "occurrence": each.occurrence,
            "state": each.state,
            "created_at": each.created_at.isoformat(),
            "audience": each.audience,
            **(empty | counts.get(each.id, {})),
        }
        for each in await db.scalars(select(Campaign).order_by(Campaign.id))
    ]
    found: dict[str, Any] = {"campaigns": campaigns, "unknown": await _unknown(db, names)}
    found["unreachable"] = await unreachable(db)
    return found | ({"rows": await _rows(db)} if rows else {})


async def _unknown(db: Session, names: dict[str, str]) -> list[dict[str, Any]]:
    """Give every delivery of unknown fate; `left` tells that an organiser decided to leave it so."""
    found = await db.execute(
        select(Delivery, Campaign, Member.code, Channel.chat)
        .join(Campaign, Campaign.id == Delivery.campaign_id)
        .outerjoin(Member, Member.id == Delivery.member_id)
        .outerjoin(Channel, Channel.id == Delivery.channel_id)
        .where(Delivery.state == "unknown")
        .order_by(Delivery.id)
    )
    return [
        {
            "id": row.id,
            "campaign": campaign.key,
            "kind": campaign.kind,
            "subject": names.get(campaign.subject, campaign.subject),
            "member": code,
            "channel": chat,
            "platform": row.platform or None,
            "reason": row.reason,
            "left": campaign.unknown_left,
        }
        for row, campaign, code, chat in found
    ]


async def unreachable(db: Session) -> list[dict[str, str | None]]:
    """Give every account that cannot be written to and everybody without one, with the reason, by code."""
    found: list[tuple[str, str | None, str]] = [
        (code, platform, reason or "unknown")
        for code, platform, reason in await db.execute(
            select(Member.code, Account.platform, Account.reason)
            .join(Account, Account.member_id == Member.id)
            .where(Account.reachable.is_(False), Member.state.not_in(GONE))
        )
    ]
    having = select(Account.member_id)
    found += [
        (code, None, "no_account")
        for code in await db.scalars(
            select(Member.code).where(Member.id.not_in(having), Member.state.not_in(GONE), Member.staff.is_(False))
        )
    ]
    return [
        {"member": code, "platform": platform, "reason": reason}
        for code, platform, reason in sorted(found, key=lambda each: (each[0], each[1] or ""))
    ]


async def _rows(db: Session) -> list[dict[str, Any]]:
    found = await db.execute(
        select(Delivery, Campaign.key, Member.code, Channel.chat)
        .join(Campaign, Campaign.id == Delivery.campaign_id)
        .outerjoin(Member, Member.id == Delivery.member_id)
        .outerjoin(Channel, Channel.id == Delivery.channel_id)
        .order_by(Delivery.id)
    )
    return [
        {
            "id": row.id,
            "campaign": campaign,
            "member": code,
            "channel": chat,
            "platform": row.platform or None,
            "state": row.state,
            "reason": row.reason,
            "attempts": row.attempts,
            "message": row.message or None,
        }
        for row, campaign, code, chat in found
    ]


async def audit_json(db: Session, last: int = 100) -> list[dict[str, Any]]:
    """Give the last entries of the audit, oldest first: when, who (code; None for the system), what, about what."""
    found = await db.execute(
        select(AuditEntry, Member.code)
        .outerjoin(Member, Member.id == AuditEntry.member_id)
        .order_by(AuditEntry.id.desc())
        .limit(last)
    )
    rows = [
        {"at": entry.at.isoformat(), "member": code, "act": entry.act, "subject": entry.subject}
        for entry, code in found
    ]
    return rows[::-1]
