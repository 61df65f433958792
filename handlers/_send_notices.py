"""What organisers are told about sends without asking: one ping when one goes wrong, one line when one is stopped."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select

from chat.message import Message, button, row, rows
from chat.text import say
from handlers import _sending, _sends
from scheduler import delivery, timers
from scheduler.contract import Drawing, Skip
from storage import sends
from storage.communities import Channel
from storage.database import Session
from storage.deliveries import Campaign
from storage.meetings import by_key
from storage.members import Member
from storage.timers import Timer

LOOK_AFTER = timedelta(minutes=15)
"""How long after its last message a send is looked at, and how long apart two looks are."""
NOTICE_AFTER = timedelta(minutes=2)
"""A send stopped and taken back at once gives the channel one line, not two."""
VALID = timedelta(days=1)
TIMER = "sendend"


async def watch(db: Session, campaign: Campaign, now: datetime) -> None:
    """Have a send looked at when its last message should be out; nobody is told while all is well."""
    if campaign.created_by is None:
        return
    last = await sends.last_due(db, campaign)
    if last is not None:
        await timers.call_at(db, TIMER, campaign.key, max(last, now) + LOOK_AFTER)


async def look(db: Session, timer: Timer, now: datetime) -> None:
    """Ping the starter once if a send is over with something amiss, or stands still at two looks in a row."""
    campaign = await sends.by_key(db, timer.subject)
    if campaign is None or campaign.state not in ("held", "sending", "done"):
        return
    last = await sends.last_due(db, campaign)
    if last is None:
        if await sends.went_wrong(db, campaign):
            await _ping(db, campaign, now)
        return
    late = await sends.overdue(db, campaign, now - LOOK_AFTER / 2) > 0
    if late and timer.details.get("late"):
        await _ping(db, campaign, now)
        return
    await timers.call_at(db, TIMER, campaign.key, max(last, now) + LOOK_AFTER, details={"late": late})


async def ended(db: Session, drawing: Drawing) -> Message | Skip:
    """Draw the ping: the card of the send, with a line on top that says why it comes."""
    campaign = await sends.by_key(db, drawing.subject)
    if campaign is None or campaign.state not in ("sending", "done"):
        return Skip("over")
    stuck = await sends.last_due(db, campaign) is not None
    if drawing.first and not stuck and not await sends.went_wrong(db, campaign):
        return Skip("over")
    sight = await _sends.see(db, campaign, drawing.now, drawing.member)
    return _sends.card(sight, say("d_stuck") if stuck else say("d_ended"))


async def tell(db: Session, campaign: Campaign, what: str, now: datetime) -> None:
    """Plan the line for the organisers' channels: `stopped`, after a while, or `taken_back`, now."""
    query = select(Channel).where(Channel.purpose == "organisers", Channel.reachable.is_(True)).order_by(Channel.id)
    channels = (await db.scalars(query)).all()
    if not channels:
        return
    before = select(func.count()).where(Campaign.kind == "send_stopped", Campaign.subject == campaign.key)
    number = await db.scalar(before) or 0
    due = now + NOTICE_AFTER if what == "stopped" else now
    await delivery.plan(
        db,
        kind="send_stopped",
        subject=campaign.key,
        occurrence=f"{what}-{number + 1}",
        to=[delivery.To(channel=each, due=due, expires=due + VALID) for each in channels],
        now=now,
        details={"what": what},
    )


async def stopped(db: Session, drawing: Drawing) -> Message | Skip:
    """Draw that line; one that is no longer true is not sent."""
    campaign = await sends.by_key(db, drawing.subject)
    if campaign is None:
        return Skip("gone")
    taken = campaign.state in ("taking_back", "taken_back")
    if not taken and campaign.state != "stopped":
        return Skip("over")
    if drawing.first and taken != (drawing.details.get("what") == "taken_back"):
        return Skip("over")
    what = _sends.title(campaign.kind, await by_key(db, campaign.subject), await _sending.name(db, campaign))
    text = say("d_notice_taken_back", what=what) if taken else say("d_notice_stopped", what=what)
    return Message((text,), rows(row(button("sends", "sends", "", "0"))))


async def _ping(db: Session, campaign: Campaign, now: datetime) -> None:
    starter = await db.get(Member, campaign.created_by) if campaign.created_by else None
    if starter is not None:
        await delivery.plan(
            db, kind="send_ended", subject=campaign.key, occurrence="",
            to=[delivery.To(member=starter, due=now, expires=now + VALID)], now=now,
        )  # fmt: skip
