"""What follows a changed reply: cards, reminders, requests to organisers, and the waiting list that moves on."""

from __future__ import annotations

from chat.errors import UserError
from chat.outbound import Card, Edit, Toast
from chat.people import MessageRef
from chat.text import Text, say
from handlers import _delegating, _reminding, _waiting
from handlers._cards import PRIVATE, PUBLIC
from handlers._feature import Answers, Context
from handlers._seat_asks import tell
from scheduler import cards
from storage import invitations, needs, seats
from storage.invitations import Result
from storage.meetings import Meeting
from storage.members import Member


async def follow(ctx: Context, meeting: Meeting, member: Member, result: Result, but: MessageRef | None = None) -> None:
    """Let everything follow a reply that changed; `but` is the pressed message, which the answer itself edits."""
    cards.touch_at_end(ctx.db, PRIVATE, meeting.key, member=member, but=but)
    cards.touch_at_end(ctx.db, PUBLIC, meeting.key)
    if result.previous == "delegated":
        await _delegating.dropped(ctx.db, meeting, member, ctx.now)
    if result.delegate and result.reply != "yes":
        await _delegating.left(ctx.db, meeting, member, ctx.now)
    elif result.reply == "yes":
        await _reminding.catch_up(ctx.db, meeting, member, ctx.now)
    elif result.reply == "asked":
        await tell(ctx.db, meeting, ctx.now)
    if meeting.format != "online" and result.previous in needs.THERE and result.reply not in needs.THERE:
        await needs.forget(ctx.db, meeting, member)
    if result.moves:
        await _waiting.settle(ctx.db, meeting, ctx.now)


async def waiting_toast(ctx: Context, meeting: Meeting, result: Result) -> Text:
    """Say in a line that a yes became a place on the waiting list."""
    if result.why == "organisation":
        return say("w_organisation")
    place = (await seats.places(ctx.db, meeting, ctx.now)).get(ctx.me.id)
    if result.previous == "waitlisted" and place is not None:
        return say("w_quicker", n=place)
    return say("w_on_list") if place is None else say("w_place", position=place)


async def own_card(ctx: Context, meeting: Meeting, toast: Text) -> Answers:
    """Answer with the member's own card as it is now, and a short note; from a group with the note alone."""
    if ctx.inbound.where.kind != "dm":
        return [Toast(toast)]
    invitation = await invitations.find(ctx.db, meeting, ctx.me)
    if invitation is None:
        raise UserError(say("e_gone"))
    shown = await _waiting.card(ctx.db, meeting, invitation, ctx.me, ctx.community, ctx.now)
    return [Edit(shown, Card("invitation", meeting.key)), Toast(toast)]
