"""Writing down what became of attempts: states, unreachable people, the copies of cards, and the progress card."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import select, update

from scheduler import cards
from scheduler.contract import EngineSettings, Sent
from scheduler.delivery import PROGRESS
from scheduler.prepare import Result
from storage import deliveries
from storage.communities import Channel
from storage.database import Session
from storage.deliveries import Campaign, CardCopy, Delivery
from storage.members import Account
from storage.sharing import add_all_once, real_now

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
    reason, fell_back = (reason or "unreachable")[:100], row.reason.startswith(FELL_BACK)
    row.state, row.reason = "dead", reason
    if row.channel_id is not None:
        await db.execute(update(Channel).where(Channel.id == row.channel_id).values(reachable=False, reason=reason))
        return
    account = await db.get(Account, row.account_id) if row.account_id else None
    if account is not None and account.reachable:
        account.reachable, account.reason = False, reason
    if row.member_id is None or fell_back:
        return
    others = select(Account).where(Account.member_id == row.member_id, Account.reachable, Account.id != row.account_id)
    other = (await db.scalars(others.order_by(Account.id).limit(1))).first()
    if other is not None:
        row.state, row.reason = "queued", f"{FELL_BACK}{row.platform}: {reason}"
        row.account_id, row.platform, row.workspace, row.chat = other.id, other.platform, other.workspace, other.user


async def _follow_move(db: Session, row: Delivery, chat: str) -> None:
    """Note a group's new id; deliveries and cards of that chat go there from now on."""
    here = {"platform": row.platform, "workspace": row.workspace}
    for model in (Channel, CardCopy):
        change = update(model).where(model.chat == row.chat, *(getattr(model, key) == here[key] for key in here))
        await db.execute(change.values(chat=chat))
    waiting = update(Delivery).where(Delivery.chat == row.chat, Delivery.state == "queued")
    await db.execute(waiting.where(Delivery.platform == row.platform).values(chat=chat))
    row.chat = chat


async def _note_cards(db: Session, accepted: Sequence[Result]) -> None:
    """Note each accepted message as a copy of its card, and remember a private chat's address.

    What changed between drawing and now was not told to a copy that did not exist: a channel's card is always looked
    at once more, a private one if its siblings were touched meanwhile.
    """
    jobs = [each.job for each in accepted if each.job is not None]
    if not jobs:
        return
    kinds, subjects = {job.card[0] for job in jobs}, {job.card[1] for job in jobs}
    moved = await cards.moved_since(db, kinds, subjects, min(job.drawn_at for job in jobs))
    real, copies = await real_now(db), list[dict[str, Any]]()
    for result in accepted:
        if result.job is None or result.ref is None:
            continue
        row, ref, card = result.delivery, result.ref, result.job.card
        again = result.job.group or card in moved
        copies.append({
            "community_id": row.community_id, "kind": card[0], "subject": card[1], "member_id": row.member_id,
            "channel_id": row.channel_id, "platform": ref.platform, "workspace": ref.workspace, "chat": ref.chat,
            "message": ref.message, "shown": 0, "wanted": int(again), "edit_at": real if again else None, "gone": False,
        })  # fmt: skip
        if row.account_id is not None and ref.chat != row.chat:
            known = update(Account).where(Account.id == row.account_id, Account.chat == "")
            await db.execute(known.values(chat=ref.chat))
    await add_all_once(db, CardCopy, copies)


async def _tell(db: Session, sent: Sent, row: Delivery, campaign: Campaign) -> None:
    """Tell the features in a savepoint: their mistake must not undo the fact that the message was sent."""
    try:
        async with db.begin_nested():
            await sent(db, row, campaign)
    except Exception:
        log.exception("sent_hook_failed", delivery=row.id, kind=campaign.kind)
