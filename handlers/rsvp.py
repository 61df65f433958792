"""Replies: one tap in a private chat or a channel, changed as often as one likes until the start."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from sqlalchemy import select

from chat.errors import UserError
from chat.inbound import Click
from chat.message import Message, Press, button, row, rows
from chat.outbound import Card, Edit, Reply, Toast
from chat.people import MessageRef
from chat.text import Bold, Text, say
from handlers import _waiting
from handlers._cards import (
    PUBLIC,
    TEST,
    channel_card,
    choice_label,
    details_card,
    reply_card,
    when,
)
from handlers._feature import Answers, Context, Feature
from handlers._following import follow, waiting_toast
from handlers._invited import theirs
from handlers._meetings import pressed
from handlers._seat_asks import tell
from handlers._seat_cards import guests_card
from handlers._welcome import go
from scheduler import cards
from scheduler.contract import Drawing, Skip
from storage import invitations, waiting_list
from storage.communities import Channel, own_community
from storage.database import Session
from storage.invitations import CHOICES, Result
from storage.meetings import MODES, Invitation, Meeting, by_key

feature = Feature("rsvp")
log = structlog.get_logger(__name__)

LATE = timedelta(minutes=10)
"""A press that reaches us this late is saved and said to have been late."""
ASK, GUESTS = "ask", "guests"
"""Arguments of buttons: ask for a seat without an invitation; how many guests."""


@feature.click("rsvp")
async def answer(ctx: Context, press: Press) -> Answers:
    """Take a reply from a card in a private chat or in a channel."""
    meeting = await pressed(ctx, press.key)
    if press.rev == TEST:
        return [Toast(say("m_test_press"))]
    if press.arg == ASK:
        return await _ask(ctx, meeting)
    if press.rev.isdigit() and int(press.rev) < int(meeting.details.get("moved_revision", 0)):
        return await _from_before(ctx, meeting)
    return await _reply(ctx, meeting, _wish(press.arg), stale=press.rev != str(meeting.revision))


@feature.click("cantcome")
async def cannot_come(ctx: Context, press: Press) -> Answers:
    """Turn a yes into a no, from a reminder."""
    return await _reply(ctx, await pressed(ctx, press.key), ("no", "", None), stale=False)


@feature.click("change")
async def change(ctx: Context, press: Press) -> Answers:
    """Bring the answers back, with the one that stands named; or ask for the number of guests."""
    meeting, invitation = await _own(ctx, press.key)
    reply = invitation.reply
    if invitation.withdrawn or invitations.closed(meeting, ctx.now) or reply not in CHOICES:
        shown = await _waiting.card(ctx.db, meeting, invitation, ctx.me, ctx.community, ctx.now)
    elif press.arg == GUESTS and reply == "yes" and invitation.represents is None:
        shown = guests_card(meeting, ctx.me, invitation.guests)
    else:
        mode = invitation.mode if meeting.format == "hybrid" else ""
        handed = invitation.represents is not None
        shown = reply_card(meeting, ctx.me, reply, ctx.now, changing=True, mode=mode, delegate=handed)
    return [Edit(shown)] if ctx.inbound.where.kind == "dm" else [Reply(shown, private=True)]


@feature.click("invited")
async def own_card(ctx: Context, press: Press) -> Answers:
    """Show the member's own card of a meeting."""
    meeting, invitation = await _own(ctx, press.key)
    shown = await _waiting.card(ctx.db, meeting, invitation, ctx.me, ctx.community, ctx.now)
    card = Card("invitation", meeting.key)
    return [Edit(shown, card)] if ctx.inbound.where.kind == "dm" else [Reply(shown, private=True, card=card)]


@feature.click("details")
async def details(ctx: Context, press: Press) -> Answers:
    """Show more about a meeting: in place in private, from a channel in the private chat."""
    meeting = await pressed(ctx, press.key)
    if await invitations.find(ctx.db, meeting, ctx.me) is None and not ctx.roles:
        raise UserError(say("m_not_invited"))
    shown = details_card(meeting, ctx.community, back=True)
    return [Edit(shown)] if ctx.inbound.where.kind == "dm" else [Reply(shown, private=True)]


@feature.card("invitation", "rsvp_nudge")
async def draw_own(db: Session, drawing: Drawing) -> Message | Skip:
    """Draw a member's card: the invitation, or what became of it."""
    found = await theirs(db, drawing, withdrawn=True)
    if isinstance(found, Skip):
        return found
    meeting, invitation, member = found
    nudge = drawing.kind == "rsvp_nudge"
    if drawing.first:
        if invitation.withdrawn or meeting.state not in ("inviting", "closed"):
            return Skip("meeting_not_open")
        if drawing.now >= meeting.starts_at:
            return Skip("started")
        if nudge and invitation.reply != "none":
            return Skip("replied")
    community = await own_community(db)
    older = not drawing.first
    return await _waiting.card(db, meeting, invitation, member, community, drawing.now, nudge=nudge, older=older)


@feature.card("meeting_card")
async def draw_public(db: Session, drawing: Drawing) -> Message | Skip:
    """Draw the card of a channel, with counts only."""
    meeting = await by_key(db, drawing.subject)
    if meeting is None or (drawing.first and meeting.state not in ("inviting", "closed")):
        return Skip("meeting_not_open")
    free = await _waiting.free_by_mode(db, meeting, drawing.now)
    return channel_card(meeting, await invitations.counts(db, meeting), drawing.now, free)


def _wish(arg: str) -> tuple[str, str, int | None]:
    """Read what a button of a card means: choice, mode, guests. Raise `UserError` for what nobody offered."""
    if arg in CHOICES:
        return arg, "", None
    if arg in MODES:
        return "yes", arg, None
    if len(arg) == 2 and arg[0] == "g" and arg[1].isdigit():
        return "yes", "", int(arg[1])
    raise UserError(say("e_gone"))


async def _from_before(ctx: Context, meeting: Meeting) -> Answers:
    """Answer a press on a card that still showed another date: it says nothing about the new one."""
    if ctx.inbound.where.kind != "dm":
        return [Toast(say("t_stale"), alert=True)]
    meeting, invitation = await _own(ctx, meeting.key)
    shown = await _waiting.card(ctx.db, meeting, invitation, ctx.me, ctx.community, ctx.now)
    return [Edit(shown, Card("invitation", meeting.key)), Toast(say("t_stale"), alert=True)]


async def _own(ctx: Context, key: str) -> tuple[Meeting, Invitation]:
    meeting = await pressed(ctx, key)
    invitation = await invitations.find(ctx.db, meeting, ctx.me)
    if invitation is None:
        raise UserError(say("e_gone"))
    return meeting, invitation


async def _reply(ctx: Context, meeting: Meeting, wish: tuple[str, str, int | None], *, stale: bool) -> Answers:
    me, at, (choice, mode, guests) = ctx.me, min(ctx.inbound.at, ctx.now), wish
    result = await invitations.reply(ctx.db, meeting, me, choice, at, now=ctx.now, mode=mode, guests=guests)
    if result.refused:
        return await _refused(ctx, meeting, result, guests is not None)
    ref = ctx.inbound.message if isinstance(ctx.inbound, Click) else None
    if ref is not None and ctx.inbound.where.kind != "dm":
        await _adopt(ctx, meeting, ref)
    if result.changed:
        await follow(ctx, meeting, me, result, but=ref)
    toast = await _toast(ctx, meeting, result, at, stale=stale)
    if ctx.inbound.where.kind != "dm":
        return [Toast(toast)]
    return [Edit(await _after(ctx, meeting, result), Card("invitation", meeting.key)), Toast(toast)]


async def _after(ctx: Context, meeting: Meeting, result: Result) -> Message:
    """Draw the card after a reply; yes, no and maybe need nothing but what the reply gave back."""
    if result.reply in CHOICES:
        mode = result.mode if meeting.format == "hybrid" else ""
        return reply_card(
            meeting, ctx.me, result.reply, ctx.now, mode=mode, guests=result.guests, delegate=result.delegate
        )
    return await _mine(ctx, meeting)


async def _mine(ctx: Context, meeting: Meeting) -> Message:
    invitation = await invitations.find(ctx.db, meeting, ctx.me)
    assert invitation is not None
    return await _waiting.card(ctx.db, meeting, invitation, ctx.me, ctx.community, ctx.now)


async def _ask(ctx: Context, meeting: Meeting) -> Answers:
    """Ask for a seat without an invitation; the organisers decide."""
    if not meeting.announce or ctx.me.staff:
        raise UserError(say("e_gone"))
    if await waiting_list.ask(ctx.db, meeting, ctx.me, min(ctx.inbound.at, ctx.now)):
        await tell(ctx.db, meeting, ctx.now)
        cards.touch_at_end(ctx.db, PUBLIC, meeting.key)
    invitation = await invitations.find(ctx.db, meeting, ctx.me)
    if invitation is None:
        raise UserError(say(f"m_{invitations.closed(meeting, ctx.now) or 'not_invited'}"))
    shown, card = await _mine(ctx, meeting), Card("invitation", meeting.key)
    return [Edit(shown, card)] if ctx.inbound.where.kind == "dm" else [Reply(shown, private=True, card=card)]


async def _adopt(ctx: Context, meeting: Meeting, ref: MessageRef) -> None:
    """Let a channel card follow the counts although the platform never told us that it was posted."""
    channel = await ctx.db.scalar(
        select(Channel).where(
            Channel.platform == ref.platform, Channel.workspace == ref.workspace, Channel.chat == ref.chat
        )
    )
    if channel is not None and await cards.adopt(ctx.db, "meeting_card", meeting.key, ref, channel):
        log.warning("channel_card_adopted", meeting=meeting.key, channel=channel.id)


async def _toast(ctx: Context, meeting: Meeting, result: Result, at: datetime, *, stale: bool) -> Text:
    reply = choice_label(result.reply, result.mode if meeting.format == "hybrid" else "")
    if result.older:
        return say("m_newer_stands", reply=reply)
    if result.reply == "waitlisted":
        return await waiting_toast(ctx, meeting, result)
    if result.reply == "asked":
        return say("w_asked_toast") if result.changed else say("t_saved")
    if stale:
        return say("t_stale")
    if not result.changed:
        return say("t_saved")
    if ctx.now - at > LATE:
        return say("m_late", reply=reply)
    return say("m_you_replied", reply=reply) if ctx.inbound.where.kind == "dm" else say("m_only_you", reply=reply)


_REFUSED = {
    "late": "w_other_mode_late",
    "full": "w_other_mode_full",
    "refused": "w_refused_plain",
}


async def _refused(ctx: Context, meeting: Meeting, result: Result, guests: bool) -> Answers:
    text = say(_REFUSED.get(result.refused) or f"m_{result.refused}")
    if guests and result.refused == "full":
        text = say("w_no_room_for_guests")
    private = ctx.inbound.where.kind == "dm"
    if result.refused == "not_invited":
        asks = meeting.announce and not ctx.me.staff and not invitations.closed(meeting, ctx.now)
        if not private:
            return [Toast(text, alert=True), *([Reply(_may_ask(meeting), private=True)] if asks else [])]
        return [
            Edit(_may_ask(meeting) if asks else Message((text,), rows(row(go("meetings", "meetings"))))),
            Toast(text),
        ]
    if not private:
        return [Toast(text, alert=True)]
    return [Edit(await _mine(ctx, meeting), Card("invitation", meeting.key)), Toast(text)]


def _may_ask(meeting: Meeting) -> Message:
    ask = button("ask_seat", "rsvp", meeting.key, meeting.revision, ASK)
    return Message(((Bold(meeting.title), "\n", when(meeting)), say("m_not_invited")), rows(row(ask)))
