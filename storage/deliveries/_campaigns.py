"""Campaigns as a whole: what begins, what is too late, what is finished, and how many are where."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import exists, select

from storage.database import Session
from storage.deliveries._claims import QUEUED
from storage.deliveries._tables import OPEN_STATES, Campaign, Delivery
from storage.deliveries._withdrawing import TAKEN_BACK, still_there


def _to_release(now: datetime) -> Any:
    return (Campaign.state == "held", Campaign.held_until <= now)


def _overdue(now: datetime) -> Any:
    return (QUEUED, Delivery.due_at <= now, Delivery.expires_at <= now)


_NOTHING_OPEN = ~exists().where(Delivery.campaign_id == Campaign.id, Delivery.state.in_(OPEN_STATES))
_FINISHED = (Campaign.state == "sending", _NOTHING_OPEN)
_NOT_TO_GO = (QUEUED, Delivery.campaign_id.in_(select(Campaign.id).where(Campaign.state == "taking_back")))
_SOME_NOT_TO_GO = (Campaign.state == "taking_back", exists().where(Delivery.campaign_id == Campaign.id, QUEUED))
_WITHDRAWN = (Campaign.state == "taking_back", _NOTHING_OPEN, ~exists().where(*still_there(Campaign.id)))


async def stale(db: Session, now: datetime) -> bool:
    """Tell whether `turn` has anything to do; a read."""
    for query in (
        select(Campaign.id).where(*_to_release(now)),
        select(Delivery.id).where(*_overdue(now)),
        select(Campaign.id).where(*_FINISHED),
        select(Campaign.id).where(*_SOME_NOT_TO_GO),
        select(Campaign.id).where(*_WITHDRAWN),
    ):
        if await db.scalar(query.limit(1)) is not None:
            return True
    return False


async def turn(db: Session, now: datetime) -> list[Campaign]:
    """Let held campaigns go, end what is too late or taken back, close what is finished; give the changed campaigns."""
    changed: set[int] = set()
    for row in await db.scalars(select(Campaign).where(*_to_release(now)).with_for_update()):
        row.state = "sending"
        changed.add(row.id)
    for condition, state, reason in ((_overdue(now), "expired", ""), (_NOT_TO_GO, "cancelled", TAKEN_BACK)):
        for each in await db.scalars(select(Delivery).where(*condition).with_for_update(skip_locked=True)):
            # What was sent before and whose answer was lost may have arrived: its copy is off, the doubt stays.
            each.state, each.reason = ("unknown", reason or state) if each.copied else (state, reason)
            each.lease_until = None
            changed.add(each.campaign_id)
        await db.flush()
    for condition, state in ((_FINISHED, "done"), (_WITHDRAWN, "taken_back")):
        for row in await db.scalars(select(Campaign).where(*condition).with_for_update()):
            row.state = state
            changed.add(row.id)
        await db.flush()
    return list((await db.scalars(select(Campaign).where(Campaign.id.in_(changed)))).all()) if changed else []
