"""Writing down what became of attempts: states, unreachable people, lost answers, and the copies of cards."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import select, update

from chat.people import MessageRef
from scheduler import cards
from scheduler.contract import EngineSettings, Sent
from scheduler.prepare import Result
from scheduler.shop import Shop
from storage import deliveries
from storage.communities import Channel
from storage.database import Session, unusable
from storage.deliveries import TAKEN_BACK, Campaign, CardCopy, Delivery
from storage.members import Account
from storage.sharing import add_all_once, real_now

log = structlog.get_logger(__name__)
FELL_BACK = "tried "
"""Begins the reason of a row that already went to the member's other account."""
RETRY_ONCE = frozenset(
    {
        "cancellation", "reschedule", "reminder_1h", "reminder_day",
        "webinar_cancelled", "webinar_moved", "webinar_hour",
    }
)  # fmt: skip
"""Kinds of which a miss is worse than a copy: sent once more where a lost answer cannot be looked up (design §9)."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """Be a message a platform accepted: its row, where it is, and when it was drawn."""

    row: Delivery
    campaign: Campaign
    ref: MessageRef
    drawn_at: datetime
    address: str
    """The row's chat before."""


async def record(db: Session, results: Sequence[Result], shop: Shop, *, finds: bool) -> tuple[set[str], int]:
    """Write the results of one community's attempts in this transaction, which is scoped to it.

    Worker and attempt are the fence: a row whose lease was lost is left as it is and logged, but for a message that
    was accepted and whose fate nobody knows yet. Give the keys of campaigns that look different now, and how many
    messages are `unknown`.
    """
    held = await deliveries.held(db, [each.delivery.id for each in results], shop.worker)
    accepted, others = list[Accepted](), list[Result]()
    for each in results:
        if each.job is None or each.ref is None or each.moved or held.get(each.delivery.id) != each.delivery.attempts:
            others.append(each)
        else:
            accepted.append(Accepted(each.delivery, each.job.campaign, each.ref, each.job.drawn_at, each.delivery.chat))
    changed, unknown, now = {each.campaign.key for each in accepted}, 0, shop.clock.now()
    if accepted:
        await deliveries.sent(db, [(each.row.id, each.ref.chat, each.ref.message) for each in accepted], now)
        for one in accepted:  # snapshots, no longer the session's: only for the features to read
            accept(one.row, one.ref, now)
    if others:
        more, unknown = await _record_rest(db, others, accepted, shop, finds=finds)
        changed |= more
    await note(db, accepted, shop)
    return changed, unknown


async def _record_rest(
    db: Session, results: Sequence[Result], accepted: list[Accepted], shop: Shop, *, finds: bool
) -> tuple[set[str], int]:
    """Write what is not simply accepted; what is accepted all the same is added to `accepted`."""
    rows = await deliveries.in_hand(db, [each.delivery.id for each in results], shop.worker)
    late = {each.delivery.id: each.delivery.attempts for each in results if each.end == "sent"}
    late = {key: attempts for key, attempts in late.items() if key not in rows}
    rows |= await deliveries.nobodys(db, late) if late else {}
    wanted = {each.delivery.campaign_id for each in results}
    campaigns = {each.id: each for each in await db.scalars(select(Campaign).where(Campaign.id.in_(wanted)))}
    real, now = await real_now(db), shop.clock.now()
    changed, unknown = set[str](), 0
    for result in results:
        row = rows.get(result.delivery.id)
        if row is None or row.attempts != result.delivery.attempts:
            log.warning("lease_lost", delivery=result.delivery.id, end=result.end)
            continue
        campaign, address = campaigns[row.campaign_id], row.chat
        row.worker, row.lease_until, row.settle_at = "", None, None
        if result.moved:
            await _follow_move(db, row, result.moved)
        if result.ref is not None and result.job is not None:
            accept(row, result.ref, now)
            accepted.append(Accepted(row, campaign, result.ref, result.job.drawn_at, address))
        elif result.end == "unreachable":
            await _unreachable(db, row, result.reason)
        elif result.end == "lost":
            lose(row, campaign, result.reason, real, shop.settings, finds=finds)
            unknown += row.state == "unknown"
        elif result.end == "retry":
            queue(row, campaign, real + timedelta(seconds=backoff(row.attempts, shop.settings)))
        elif result.end == "release":
            until = real + timedelta(seconds=result.hold) if result.hold else None
            queue(row, campaign, until)
            row.attempts -= 1
            if until is not None:
                await deliveries.pause_chat(db, row.platform, row.workspace, address, until)
        else:
            # The copy of a message whose answer was lost: the first may have arrived, so the doubt stays.
            row.state, row.reason = "unknown" if row.copied else result.end, result.reason[:120]
        if result.end != "release":
            changed.add(campaign.key)
    await db.flush()
    return changed, unknown


def accept(row: Delivery, ref: MessageRef, now: datetime) -> None:
    """Turn a row to `sent`; `now` is the movable clock's."""
    row.state, row.reason, row.sent_at = "sent", "", now
    row.chat, row.message = ref.chat, ref.message


def lose(
    row: Delivery, campaign: Campaign, reason: str, real: datetime, settings: EngineSettings, *, finds: bool
) -> None:
    """Say what follows a lost answer (reliability P3): a look-up later, one copy of a few kinds, or `unknown`."""
    row.worker, row.lease_until = "", None
    row.lost_at = row.lost_at or row.started_at or real
    if finds:
        row.state, row.reason, row.settle_at = "sending", reason[:120], real + timedelta(seconds=settings.settle)
    elif campaign.kind in RETRY_ONCE and not row.copied:
        row.copied = True
        queue(row, campaign, real + timedelta(seconds=backoff(1, settings)))
    else:
        row.state, row.reason, row.settle_at = "unknown", reason[:120], None


def queue(row: Delivery, campaign: Campaign, not_before: datetime | None) -> None:
    """Put a row back in the queue, to be claimed from a real moment on, unless its campaign was taken back.

    A copy of what may have arrived is ended by `deliveries.turn`, as `unknown`: there is nothing to delete.
    """
    row.settle_at = None
    if campaign.state == "cancelled":
        row.state, row.lease_until = "cancelled", None
    elif campaign.state in ("taking_back", "taken_back") and not row.copied:
        row.state, row.reason, row.lease_until = "cancelled", TAKEN_BACK, None
    else:
        row.state, row.lease_until = "queued", not_before


def backoff(attempts: int, settings: EngineSettings) -> float:
    """Give the seconds until the next attempt: exponential with full jitter, at most `retry_max`."""
    return random.uniform(0, min(settings.retry_max, settings.retry * 2 ** min(attempts, 20)))


async def _unreachable(db: Session, row: Delivery, reason: str) -> None:
    """Flag the account or channel; turn to the member's other account once, else the row is dead.

    What may have arrived here before never goes to the other platform.
    """
    reason, stays = (reason or "unreachable")[:100], row.reason.startswith(FELL_BACK) or row.copied
    row.state, row.reason = "dead", reason
    if row.channel_id is not None:
        await db.execute(update(Channel).where(Channel.id == row.channel_id).values(reachable=False, reason=reason))
        return
    account = await db.get(Account, row.account_id) if row.account_id else None
    if account is not None and account.reachable:
        account.reachable, account.reason = False, reason
    if row.member_id is None or stays:
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


async def note(db: Session, accepted: Sequence[Accepted], shop: Shop) -> None:
    """Note each accepted message as a copy of its card, remember a private chat's address, and tell the features.

    What changed between drawing and now was not told to a copy that did not exist: a channel's card is always looked
    at once more, a private one if its siblings were touched meanwhile.
    """
    if not accepted:
        return
    kinds, subjects = {each.campaign.kind for each in accepted}, {each.campaign.subject for each in accepted}
    moved = await cards.moved_since(db, kinds, subjects, min(each.drawn_at for each in accepted))
    real, copies = await real_now(db), list[dict[str, Any]]()
    for each in accepted:
        row, ref, card = each.row, each.ref, (each.campaign.kind, each.campaign.subject)
        again = row.channel_id is not None or card in moved
        copies.append({
            "community_id": row.community_id, "kind": card[0], "subject": card[1], "member_id": row.member_id,
            "channel_id": row.channel_id, "platform": ref.platform, "workspace": ref.workspace, "chat": ref.chat,
            "message": ref.message, "shown": 0, "wanted": int(again), "edit_at": real if again else None, "gone": False,
        })  # fmt: skip
        if row.account_id is not None and ref.chat != each.address:
            known = update(Account).where(Account.id == row.account_id, Account.chat == "")
            await db.execute(known.values(chat=ref.chat))
    await add_all_once(db, CardCopy, copies)
    if shop.sent is None:
        return
    try:  # in a savepoint: a mistake of a feature must not undo the fact that the message was sent
        async with db.begin_nested():
            for each in accepted:
                await shop.sent(db, each.row, each.campaign)
    except Exception:
        await _tell_each(db, accepted, shop.sent)


async def _tell_each(db: Session, accepted: Sequence[Accepted], sent: Sent) -> None:
    """Tell the features of each message apart, after one of them could not be told."""
    for each in accepted:
        try:
            async with db.begin_nested():
                await sent(db, each.row, each.campaign)
        except Exception as error:
            if unusable(error):
                raise
            log.exception("sent_hook_failed", delivery=each.row.id, kind=each.campaign.kind)
