"""Stopping a send, going on, taking it back, and what to do about messages nobody knows the fate of.

All of it is rows in the caller's transaction; the lines act on the commit: at most as many messages as were in flight
still arrive (reliability P6). Several people may press at once: the campaign's row is locked, the first one counts.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, or_, select, update

from scheduler import cards
from scheduler.delivery import PROGRESS
from storage.database import Session
from storage.deliveries import Campaign, Delivery
from storage.members import Member


async def stop(db: Session, campaign: Campaign, by: Member | None, now: datetime) -> bool:
    """Let nothing more leave: a `held` or `sending` campaign is `stopped`, its rows stay queued; false otherwise."""
    row = await _locked(db, campaign)
    if row.state not in ("held", "sending"):
        return False
    row.state, row.stopped_by = "stopped", by.id if by else None
    await _told(db, row, campaign)
    return True


async def resume(db: Session, campaign: Campaign, now: datetime) -> bool:
    """Go on with a `stopped` campaign, false otherwise; one that was stopped while it was held is held again."""
    row = await _locked(db, campaign)
    if row.state != "stopped":
        return False
    held = row.held_until is not None and row.held_until > now
    row.state, row.stopped_by = "held" if held else "sending", None
    await _told(db, row, campaign)
    return True


async def take_back(db: Session, campaign: Campaign, by: Member | None, now: datetime) -> int:
    """Delete what a `stopped` or `done` campaign sent; give how many messages will be tried, 0 also if it is neither.

    The campaign is `taking_back` until the lines have tried all, at the platforms' pace, then `taken_back`. Rows not
    sent are `cancelled` at once; a deleted message makes its row `cancelled`, too; one that cannot be deleted is
    edited to say that it was a mistake, and its row stays `sent` with the reason `kept`.
    """
    row = await _locked(db, campaign)
    if row.state not in ("stopped", "done"):
        return 0
    row.state, row.stopped_by = "taking_back", by.id if by else row.stopped_by
    # Copies of what may have arrived are left to `deliveries.turn`: their doubt stays.
    waiting = update(Delivery).where(
        Delivery.campaign_id == row.id, Delivery.state == "queued", Delivery.copied.is_(False)
    )
    await db.execute(
        waiting.values(state="cancelled", reason="taken_back").execution_options(synchronize_session="fetch")
    )
    await _told(db, row, campaign)
    sent = select(func.count()).where(Delivery.campaign_id == row.id, Delivery.state == "sent")
    return await db.scalar(sent) or 0


async def resend_unknown(db: Session, campaign: Campaign, now: datetime) -> int:
    """Put the `unknown` messages of a campaign back in the queue, each once more; give how many.

    Those that are too late by now stay as they are, and so does everything of a campaign that was undone or taken back.
    """
    row = await _locked(db, campaign)
    if row.state not in ("sending", "stopped", "done"):
        return 0
    again = (
        update(Delivery)
        .where(
            Delivery.campaign_id == row.id,
            Delivery.state == "unknown",
            or_(Delivery.expires_at.is_(None), Delivery.expires_at > now),
        )
        .values(
            state="queued", reason="", copied=True, worker="", lease_until=None, settle_at=None, started_at=None,
            crashes=0,
        )
        .returning(Delivery.id)
        .execution_options(synchronize_session="fetch")
    )  # fmt: skip
    number = len((await db.execute(again)).all())
    if number:
        row.state, row.unknown_left = "sending" if row.state == "done" else row.state, False
        await _told(db, row, campaign)
    return number


async def leave_unknown(db: Session, campaign: Campaign) -> None:
    """Note that an organiser leaves the `unknown` messages of a campaign as they are."""
    row = await _locked(db, campaign)
    row.unknown_left = True
    await _told(db, row, campaign)


async def _locked(db: Session, campaign: Campaign) -> Campaign:
    query = select(Campaign).where(Campaign.id == campaign.id).with_for_update()
    return (await db.scalars(query.execution_options(populate_existing=True))).one()


async def _told(db: Session, row: Campaign, given: Campaign) -> None:
    """Redraw the progress card, and let the caller's object say what the locked row says."""
    await db.flush()
    await cards.touch(db, [PROGRESS], row.key)
    if given is not row:
        given.state, given.stopped_by, given.unknown_left = row.state, row.stopped_by, row.unknown_left
