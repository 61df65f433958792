"""The opening of a webinar: planned, previewed, confirmed; sent when registration opens."""

from __future__ import annotations

from datetime import datetime

from chat.errors import UserError
from chat.message import Button, Message, button
from chat.text import Text, say
from handlers import _webinar_cards, _webinar_day_timers, _webinar_status
from handlers._broadcast import Broadcast, Sending, register
from handlers._feature import Context
from handlers._webinar_registering import OWN
from scheduler import cards
from scheduler.contract import Drawing, Skip
from storage import audience, webinars
from storage.communities import own_community
from storage.database import Session
from storage.deliveries import Campaign
from storage.members import Member
from storage.webinars import HELD, Webinar

OPENING = ("webinar_open", "webinar_channel")


async def build(db: Session, subject: str, now: datetime) -> Broadcast:
    """Describe the opening. Raise `UserError` when it is out already or comes too late."""
    webinar = await webinars.by_key(db, subject)
    if webinar is None:
        raise UserError(say("e_gone"))
    if webinar.state != "draft":
        raise UserError(say("we_not_to_send"))
    if webinar.starts_at <= now:
        raise UserError(say("we_no_start"))
    everybody = await audience.members(db, {}) if webinar.tell_members else []
    warnings: list[Text] = [] if webinar.speakers else [say("we_no_speakers")]
    return Broadcast(
        kind="webinar_open",
        subject=webinar.key,
        occurrence="open",
        title=say("we_send", title=webinar.title),
        people=everybody,
        channels=await _webinar_status.chosen(db, webinar),
        channel_kind="webinar_channel",
        sample=await _webinar_cards.opening(db, webinar, await own_community(db), max(now, webinar.opens_at)),
        at=webinar.opens_at if webinar.opens_at > now else None,
        expires=webinar.starts_at,
        capped=True,
        warnings=warnings,
        back=button("back", "webst", webinar.key),
        stands_for=(webinar.revision, webinar.opens_at, webinar.starts_at, webinar.title),
    )


async def begin(db: Session, key: str, now: datetime) -> Webinar | None:
    """Open a webinar for registration from `opens_at` on and set its timers; none when that is done or impossible."""
    webinar = await webinars.turn(db, key, "open")
    if webinar is None:
        return None
    await _webinar_day_timers.arm(db, webinar, now)
    await cards.touch(db, _webinar_cards.KINDS, webinar.key)
    return webinar


async def _name(db: Session, subject: str) -> Text:
    webinar = await webinars.by_key(db, subject)
    return say("we_named", title=webinar.title if webinar else "–")


async def _confirmed(ctx: Context, broadcast: Broadcast, _campaign: Campaign) -> None:
    if await begin(ctx.db, broadcast.subject, ctx.now) is None:
        raise UserError(say("we_not_to_send"))


async def _undone(db: Session, campaign: Campaign, _by: Member | None, _now: datetime) -> None:
    """Make it a draft again, unless somebody has registered meanwhile."""
    if campaign.kind not in OPENING:
        return
    webinar = await webinars.lock(db, campaign.subject)
    if webinar is None or webinar.state != "open":
        return
    if not any([await webinars.registered(db, webinar, state) for state in HELD]):
        webinar.state = "draft"
        await _webinar_day_timers.disarm(db, webinar)
    await cards.touch(db, _webinar_cards.KINDS, webinar.key)


async def _onward(_db: Session, subject: str) -> Button | None:
    return button("webinar", "webst", subject)


SENDING = register(
    Sending(
        letter=_webinar_status.LETTER, kinds=(*OPENING, OWN), build=build, name=_name, confirmed=_confirmed,
        undone=_undone, onward=_onward,
    )
)  # fmt: skip


async def draw_channel(db: Session, drawing: Drawing) -> Message | Skip:
    """Draw the card of a channel."""
    webinar = await webinars.by_key(db, drawing.subject)
    if webinar is None or (drawing.first and webinars.closed(webinar, drawing.now)):
        return Skip("webinar_not_open")
    platform = drawing.channel.platform if drawing.channel is not None else ""
    return await _webinar_cards.opening(db, webinar, await own_community(db), drawing.now, platform)


async def draw_open(db: Session, drawing: Drawing) -> Message | Skip:
    """Draw the announcement to one member: after registering it is their own card."""
    webinar = await webinars.by_key(db, drawing.subject)
    if webinar is None or drawing.member is None or (drawing.first and webinars.closed(webinar, drawing.now)):
        return Skip("webinar_not_open")
    registrant = await webinars.find(db, webinar, drawing.member)
    if registrant is None:
        return await _webinar_cards.opening(db, webinar, await own_community(db), drawing.now)
    if drawing.first:
        return Skip("replied")
    return await _webinar_cards.own(db, webinar, registrant, drawing.member, await own_community(db), drawing.now)


async def draw_own(db: Session, drawing: Drawing) -> Message | Skip:
    """Draw somebody's registration; when a seat came while they waited, that is said first."""
    webinar = await webinars.by_key(db, drawing.subject)
    if webinar is None or drawing.member is None:
        return Skip("webinar_not_open")
    registrant = await webinars.find(db, webinar, drawing.member)
    if drawing.first and (registrant is None or registrant.state not in HELD or webinars.closed(webinar, drawing.now)):
        return Skip("not_registered")
    shown = await _webinar_cards.own(db, webinar, registrant, drawing.member, await own_community(db), drawing.now)
    if drawing.details.get("seat"):
        return Message((say("we_seat_came"), *shown.lines), shown.rows, shown.fine)
    return shown


async def draw_status(db: Session, drawing: Drawing) -> Message | Skip:
    """Draw the organisers' card."""
    webinar = await webinars.by_key(db, drawing.subject)
    if webinar is None or drawing.member is None:
        return Skip("webinar_not_open")
    return await _webinar_status.card(db, webinar, drawing.now, language=drawing.reader.language)
