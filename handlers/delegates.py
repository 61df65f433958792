"""Delegates: a member hands their seat to a colleague, who agrees or not; only the two of them see it (domain 2)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from chat.errors import FieldError, UserError
from chat.form import Asking, ChoiceField, Field, Form, Option, TextField
from chat.inbound import Click
from chat.message import Message, Press, button
from chat.outbound import Answer, Card, Edit, Invalid, Reply, Toast
from chat.outbound import Ask as AskForm
from chat.text import say
from handlers import _delegating
from handlers._delegating import ASK, BACK, HELD, OVER, TIMER
from handlers._feature import Answers, Context, Feature, Waiting
from handlers._meetings import pressed
from handlers._personal import looks_personal
from scheduler.contract import Drawing, Skip
from storage import delegations, invitations
from storage.database import Session
from storage.delegations import Delegation, Opened
from storage.meetings import Meeting
from storage.members import Member, by_key
from storage.timers import Timer

feature = Feature("delegates")

NAME_MIN, NAME_MAX = 2, 80
OFFERED = 30
"""Colleagues offered as buttons; others are meant by their typed names."""


def _name(text: str) -> str:
    """Give a typed name in its clean form. Raise `FieldError` for what is no name."""
    name = " ".join(text.split())
    letters = sum(each.isalpha() for each in name)
    if not NAME_MIN <= len(name) <= NAME_MAX or letters < NAME_MIN or looks_personal(name) or "/" in name:
        raise FieldError(say("dg_name"))
    return name


class WhoField(ChoiceField):
    """Take a colleague that is offered, or a typed name."""

    def read(self, text: str, asking: Asking) -> str:
        """Give the colleague's key or the name. Raise `FieldError`."""
        try:
            found = ChoiceField.read(self, text, asking)
        except FieldError:  # longer than a typed choice may be, so longer than a name
            raise FieldError(say("dg_name")) from None
        return found if any(found == each.value for each in self.options) else _name(found)


class NameField(TextField):
    """Take a typed name."""

    def read(self, text: str, asking: Asking) -> str:
        """Give the name. Raise `FieldError`."""
        return _name(text)


@feature.click("deleg")
async def send(ctx: Context, press: Press) -> Answers:
    """Open the form; show the card of a delegate who is named already, a request, or a new link."""
    meeting = await pressed(ctx, press.key)
    if press.rev == "link":
        return await _new_link(ctx, meeting, press.arg)
    if press.rev == "ask":
        delegation = await _of_me(ctx, meeting, press.arg)
        return [await _shown_to_delegate(ctx, meeting, delegation)]
    known = await delegations.of_holder(ctx.db, meeting, ctx.me)
    if known is not None:
        return [await _shown_to_holder(ctx, meeting, known)]
    invitation = await invitations.find(ctx.db, meeting, ctx.me)
    if invitation is None or invitation.withdrawn:
        raise UserError(say("m_not_invited"))
    if why := invitations.closed(meeting, ctx.now):
        raise UserError(say(f"m_{why}"))
    if invitation.represents is not None:
        raise UserError(say("dg_no_delegate"))
    if ctx.me.organisation_id is None:
        raise UserError(say("dg_no_organisation"))
    if invitation.reply == "waitlisted" and not await delegations.fits(ctx.db, meeting, ctx.me, invitation, ctx.now):
        raise UserError(say("dg_no_seat"))
    return [AskForm("delegate", meeting.key)]


@feature.form("delegate")
async def form(ctx: Context, subject: str) -> Form:
    """Build the form: who, whether they know, and in a hybrid meeting how, for a holder who has not chosen yet."""
    meeting = await pressed(ctx, subject)
    offered = (await delegations.colleagues(ctx.db, meeting, ctx.me))[:OFFERED]
    who: Field = NameField(id="who", label=say("dg_who"), hint=say("dg_who_typed"), max=NAME_MAX)
    if offered:
        options = tuple(Option(each.key, each.name) for each in offered)
        who = WhoField(id="who", label=say("dg_who"), hint=say("dg_who_hint"), options=options, other=True)
    told = ChoiceField(id="told", label=say("dg_told"), options=(Option("yes", say("dg_told_yes")),))
    fields: tuple[Field, ...] = (who, told)
    invitation = await invitations.find(ctx.db, meeting, ctx.me)
    if meeting.format == "hybrid" and invitation is not None and not delegations.holds(invitation, ctx.now):
        modes = (Option("room", say("b_in_person")), Option("online", say("b_online")))
        fields = (who, ChoiceField(id="mode", label=say("dg_mode"), options=modes), told)
    return Form("delegate", say("dg_title"), (fields,), review=False)


@feature.submission("delegate")
async def named(ctx: Context, subject: str, values: dict[str, str]) -> Answers:
    """Hand the seat over: ask a member, or write down somebody new and give the holder a link for them."""
    meeting = await pressed(ctx, subject)
    if values.get("told") != "yes":
        return [Invalid({"told": say("f_required")})]
    who = values.get("who", "").strip()
    chosen = await by_key(ctx.db, who) or await delegations.named(ctx.db, ctx.me, who)
    if chosen is None:
        try:
            who = _name(who)
        except FieldError as error:
            return [Invalid({"who": error.text})]
    mode = values.get("mode", "")
    done = await delegations.open_one(ctx.db, meeting, ctx.me, chosen, who, mode, ctx.now)
    if done.delegation is not None and done.delegate is not None:
        return await _delegating.opened(ctx, meeting, done.delegation, done.delegate)
    return await _not_opened(ctx, meeting, done, chosen.name if chosen else who)


async def _not_opened(ctx: Context, meeting: Meeting, done: Opened, name: str) -> list[Answer]:
    match done.refused:
        case "self" | "not_yours":
            return [Invalid({"who": say(f"dg_{done.refused}")})]
        case "invited" | "asked" | "unreachable":
            return [Invalid({"who": say(f"dg_{done.refused}", name=name)})]
        case "full":
            return await _delegating.waits(ctx, meeting, name)
        case "open":
            known = await delegations.of_holder(ctx.db, meeting, ctx.me)
            if known is not None:
                return [await _shown_to_holder(ctx, meeting, known), Toast(say("t_stale"))]
            raise UserError(say("e_gone"))
        case "closed":
            raise UserError(say("m_" + (invitations.closed(meeting, ctx.now) or "started")))
        case "gone":
            raise UserError(say("m_not_invited"))
        case why:
            raise UserError(say(f"dg_{why}"))


@feature.click("untake")
async def take_back(ctx: Context, press: Press) -> Answers:
    """Let the holder take the seat back, until the start; the answers are offered at once."""
    meeting = await pressed(ctx, press.key)
    if press.arg:
        delegation = await delegations.by_key(ctx.db, press.arg)
    else:  # from the invitation's card, which names nobody
        delegation = await delegations.of_holder(ctx.db, meeting, ctx.me)
    if delegation is None or delegation.member_id != ctx.me.id or delegation.meeting_id != meeting.id:
        raise UserError(say("e_gone"))
    if why := invitations.closed(meeting, ctx.now):
        if why == "cancelled":  # this card does not follow a cancellation by itself: it does at the press
            return [await _shown_to_holder(ctx, meeting, delegation)]
        raise UserError(say(f"m_{why}"))
    changed = await _delegating.finish(ctx.db, delegation, meeting, "taken_back", ctx.now)
    shown = await _shown_to_holder(ctx, meeting, delegation)
    return [shown] if changed else [shown, Toast(say("t_stale"))]


@feature.click("dagree")
async def agree(ctx: Context, press: Press) -> Answers:
    """Take the delegate's yes and show their own reply card."""
    meeting = await pressed(ctx, press.key)
    delegation = await _of_me(ctx, meeting, press.arg)
    if not await _delegating.agreed(ctx, delegation, meeting):
        shown = await _shown_to_delegate(ctx, meeting, delegation)
        return [shown, Toast(say("t_saved" if delegation.state == "agreed" else "t_stale"))]
    message = await _delegating.own_card(ctx.db, meeting, ctx.me, ctx.now)
    return [_turned(ctx, message, Card("invitation", meeting.key))]


@feature.click("drefuse")
async def refuse(ctx: Context, press: Press) -> Answers:
    """Take the delegate's no; the holder's seat comes back and they are told."""
    meeting = await pressed(ctx, press.key)
    delegation = await _of_me(ctx, meeting, press.arg)
    if delegation.state == "invited" and await _delegating.finish(ctx.db, delegation, meeting, "refused", ctx.now):
        return [await _shown_to_delegate(ctx, meeting, delegation)]
    return [await _shown_to_delegate(ctx, meeting, delegation), Toast(say("t_stale"))]


@feature.timer(TIMER)
async def lapse(db: Session, timer: Timer, now: datetime) -> None:
    """Give the seat back when nobody has agreed in time."""
    delegation = await delegations.by_key(db, timer.subject)
    if delegation is not None and delegation.state == "invited" and now >= delegation.until:
        await _delegating.finish(db, delegation, await _delegating.meeting_of(db, delegation), "lapsed", now)


@feature.card(ASK, HELD, BACK, OVER)
async def draw(db: Session, drawing: Drawing) -> Message | Skip:
    """Draw the delegate's or the holder's card; never in a channel."""
    delegation, member = await delegations.by_key(db, drawing.subject), drawing.member
    if delegation is None or member is None:
        return Skip("gone")
    meeting = await _delegating.meeting_of(db, delegation)
    if drawing.kind == ASK:
        if delegation.delegate_id != member.id and drawing.first:
            return Skip("gone")
        if drawing.first and (delegation.state != "invited" or drawing.now >= delegation.until):
            return Skip("answered")
        return await _delegating.ask_card(db, meeting, delegation, member, drawing.now)
    if drawing.kind == OVER:
        again = await invitations.find(db, meeting, member)
        if drawing.first and (again is None or not again.withdrawn or invitations.closed(meeting, drawing.now)):
            return Skip("answered")
        return await _delegating.over_card(db, meeting, delegation)
    if delegation.member_id != member.id:
        return Skip("gone")
    invitation = await invitations.find(db, meeting, member)
    if drawing.first and invitations.closed(meeting, drawing.now):
        return Skip("started" if meeting.state != "cancelled" else "meeting_not_open")
    if drawing.first and (invitation is None or invitation.withdrawn or invitation.reply == "delegated"):
        return Skip("answered")
    return await _delegating.holder_card(db, meeting, delegation, invitation, drawing.now)


@feature.waiting
async def waiting(db: Session, member: Member, now: datetime) -> Sequence[Waiting]:
    """Show what colleagues ask and nobody has answered yet."""
    return [
        Waiting(
            say("dg_waits", member=holder.name, title=meeting.title),
            button("answer_now", "deleg", meeting.key, "ask", delegation.key),
            by=delegation.until,
            kind=ASK,
        )
        for delegation, meeting, holder in await delegations.asked(db, member)
        if now < delegation.until
    ]


async def _of_me(ctx: Context, meeting: Meeting, key: str) -> Delegation:
    """Find the request that was put to the presser. Raise `UserError`: a foreign one is not said to exist."""
    found = await delegations.by_key(ctx.db, key)
    if found is None or found.delegate_id != ctx.me.id or found.meeting_id != meeting.id:
        raise UserError(say("e_gone"))
    return found


async def _new_link(ctx: Context, meeting: Meeting, key: str) -> list[Answer]:
    """Make a link anew for a holder who lost it; an older one stays valid until one of them is used."""
    found = await delegations.by_key(ctx.db, key)
    if found is None or found.member_id != ctx.me.id or found.meeting_id != meeting.id:
        raise UserError(say("e_gone"))
    shown = await _shown_to_holder(ctx, meeting, found)
    delegate = await ctx.db.get(Member, found.delegate_id) if found.delegate_id else None
    fresh = delegate is not None and delegations.newcomer(delegate)
    if (
        found.state != "invited"
        or delegate is None
        or not fresh
        or ctx.now >= found.until
        or invitations.closed(meeting, ctx.now)
    ):
        return [shown, Toast(say("t_stale"))]
    message = await _delegating.with_link(ctx, meeting, found, delegate, shown.message)
    return [_turned(ctx, message, Card(HELD, found.key))]


async def _shown_to_holder(ctx: Context, meeting: Meeting, delegation: Delegation) -> Edit | Reply:
    invitation = await invitations.find(ctx.db, meeting, ctx.me)
    message = await _delegating.holder_card(ctx.db, meeting, delegation, invitation, ctx.now)
    return _turned(ctx, message, Card(HELD, delegation.key))


async def _shown_to_delegate(ctx: Context, meeting: Meeting, delegation: Delegation) -> Edit | Reply:
    message = await _delegating.ask_card(ctx.db, meeting, delegation, ctx.me, ctx.now)
    return _turned(ctx, message, Card(ASK, delegation.key))


def _turned(ctx: Context, message: Message, card: Card) -> Edit | Reply:
    """Turn the pressed card in private; anywhere else say it in private."""
    pressed_one = isinstance(ctx.inbound, Click) and ctx.inbound.message is not None
    if pressed_one and ctx.inbound.where.kind == "dm":
        return Edit(message, card)
    return Reply(message, private=True, card=card)
