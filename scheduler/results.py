"""Writing down what became of attempts: states, unreachable people, the copies of cards, and the progress card."""

from __future__ import annotations

import random
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select, update

from scheduler import cards
from scheduler.contract import EngineSettings, Sent
from scheduler.delivery import PROGRESS
from scheduler.prepare import Job, Result
from storage import deliveries
from storage.communities import Channel
from storage.database import Session
from storage.deliveries import CardCopy, Campaign, Delivery
from storage.members import Account
from storage.sharing import add_once, real_now

log = structlog.get_logger(__name__)
FELL_BACK = "tried "
"""Begins the reason of a row that already went to the member's other account."""


async def record(
    db: Session, results: Sequence[Result], worker: str, now: datetime, settings: EngineSettings, sent: Sent | None
) -> None:
    """Write the results of one community's attempts in this transaction, which is scoped to it.

    Worker and attempt are the fence: a row whose lease was lost is left as it is and logged.
    """
    rows = await deliveries.in_hand(db, [each.delivery.id for each in results], worker)
    wanted = {each.delivery.campaign_id for each in results}
    campaigns = {each.id: each for each in await db.scalars(select(Campaign).where(Campaign.id.in_(wanted)))}
    real, changed, accepted = await real_now(db), set[int](), list[Result]()
    for result in results:
        row = rows.get(result.delivery.id)
        if row is None or row.attempts != result.delivery.attempts:
            log.warning("lease_lost", delivery=result.delivery.id, end=result.end)
            continue
        row.worker, row.lease_until = "", None
        if result.moved:
            await _follow_move(db, row, result.moved)
        if result.end == "sent" and result.ref is not None:
            row.state, row.reason, row.sent_at = "sent", "", now
            row.chat, row.message = result.ref.chat, result.ref.message
            accepted.append(result)
        elif result.end == "unreachable":
            await _unreachable(db, row, result.reason)
        elif result.end in ("retry", "release"):
            row.state = "cancelled" if campaigns[row.campaign_id].state == "cancelled" else "queued"
            if result.end == "retry":
                row.lease_until = real + timedelta(seconds=backoff(row.attempts, settings))
            else:
                row.attempts -= 1
        else:
            row.state, row.reason = result.end, result.reason[:120]
        if result.end != "release":
            changed.add(row.campaign_id)
    await db.flush()
    await _note_cards(db, accepted)
    if sent is not None:
        for result in accepted:
            await _tell(db, sent, rows[result.delivery.id], campaigns[result.delivery.campaign_id])
    for each in changed:
        await cards.touch(db, [PROGRESS], campaigns[each].key)


def backoff(attempts: int, settings: EngineSettings) -> float:
    """Give the seconds until the next attempt: exponential with full jitter, at most `retry_max`."""
    return random.uniform(0, min(settings.retry_max, settings.retry * 2 ** min(attempts, 20)))


async def _unreachable(db: Session, row: Delivery, reason: str) -> None:
    """Flag the account or channel; turn to the member's other account once, else the row is dead."""
    reason = (reason or "unreachable")[:100]
    row.state, row.reason = "dead", reason
    if row.channel_id is not None:
        await db.execute(
            update(Channel).where(Channel.id == row.channel_id).values(reachable=False, reason=reason)
        )
        return
    account = await db.get(Account, row.account_id) if row.account_id else None
    if account is not None:
        account.reachable, account.reason = False, account.reason if not account.reachable else reason
    if row.member_id is None or row.result_of_fallback if False else row.reason.startswith(FELL_BACK):
        return
