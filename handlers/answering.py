"""Organisers answer for somebody, give or refuse a seat, take somebody off the list; the person is told each time."""

from __future__ import annotations

from chat.errors import UserError
from chat.form import ChoiceField, Field, Form, Option, TextField
from chat.message import Message, Press, button, row, rows
from chat.outbound import Ask, Edit, Invalid, Reply, Toast
from chat.text import Bold, Text, say
from handlers import _delegating, _roster, _waiting
from handlers._cards import PRIVATE, PUBLIC, choice_label, title_line
from handlers._feature import Answers, Context, Feature
from handlers._following import follow
from handlers._invited import theirs
from handlers._meetings import pressed
from handlers._personal import looks_personal
from handlers._seat_asks import DECISION, NOTED, notify, requests_card
from scheduler import cards
from scheduler.contract import Drawing, Skip
from storage import audit, invitations, waiting_list
from storage.communities import own_community
from storage.database import Session
from storage.meetings import MODES, Invitation, Meeting, by_key
from storage.members import Member
from storage.members import by_key as member_by_key

feature = Feature("answering")

OFFERED = 50
"""People offered as choices of the form; of more, one is meant by name or code."""
REASON_MAX = 200
GO = "go"
"""The `rev` of the button that takes somebody off the list after the question."""
_REFUSED = {"late": "w_other_mode_late", "full": "w_other_mode_full", "refused": "w_refused_plain"}


@feature.click("ansas", who="organiser")
async def one_person(ctx: Context, press: Press) -> Answers:
    """Show one person of the list, or note their reply."""
    meeting, member = await _of(ctx, press)
    if press.rev and not press.rev.isdigit():
        toast: Text = await _note(ctx, meeting, member, press.rev)
        return [*await _person(ctx, meeting, member), Toast(toast)]
    return await _person(ctx, meeting, member, int(press.rev or 0))


@feature.click("ansfor", who="organiser")
async def ask_for_whom(ctx: Context, press: Press) -> Answers:
    """Open the form: who, and what they replied."""
    return [Ask("answer_for", (await pressed(ctx, press.key)).key)]


@feature.form("answer_for", who="organiser")
async def form(ctx: Context, subject: str) -> Form:
    """Build the form: people as choices while they are few, else by name or code."""
    meeting = await pressed(ctx, subject)
    few = await invitations.who_replied(ctx.db, meeting, limit=OFFERED + 1)
    who: Field = TextField(id="who", label=say("w_answer_who"), hint=say("w_answer_who_hint"), max=120)
    if 0 < len(few) <= OFFERED:
        options = tuple(Option(member.key, member.name) for member, _ in few)
        who = ChoiceField(id="who", label=say("w_answer_who"), options=options)
    modes = tuple(Option(each, choice_label("yes", each)) for each in MODES)
    yes = modes if meeting.format == "hybrid" else (Option("yes", say("b_yes")),)
    others = (Option("maybe", say("b_maybe")), Option("no", say("b_no")))
    reply = ChoiceField(id="reply", label=say("w_answer_reply"), options=(*yes, *others))
    return Form("answer_for", say("w_answer_title"), ((who, reply),), review=False)


@feature.submission("answer_for")
async def answer_for(ctx: Context, subject: str, values: dict[str, str]) -> Answers:
    """Note somebody's reply."""
    meeting = await pressed(ctx, subject)
    found = await invitations.named(ctx.db, meeting, values["who"])
    if len(found) != 1:
        names = ", ".join(each.name for each in found)
        return [Invalid({"who": say("w_answer_several", names=names) if found else say("w_answer_nobody")})]
    toast = await _note(ctx, meeting, found[0], values["reply"])
    shown = await _shown(ctx, meeting, found[0])
    return [Reply(Message((Bold(toast), *shown.lines), shown.rows, silent=True), private=True)]


@feature.click("giveseat", who="organiser")
async def give_seat(ctx: Context, press: Press) -> Answers:
    """Give a seat to somebody who asks or waits; without a person, show who asks."""
    if not press.arg:
        return _show(ctx, await requests_card(ctx.db, await pressed(ctx, press.key), ctx.now, names=True))
    meeting, member = await _of(ctx, press)
    why = await waiting_list.give(ctx.db, meeting, member, ctx.me, ctx.now)
    if why:
        toast = say({"full": "w_no_free_seat", "started": "m_started"}.get(why, "w_decided"))
        return [*await _requests(ctx, meeting), Toast(toast, alert=True)]
    audit.note(ctx.db, ctx.now, ctx.me.id, "give_seat", meeting.key)
    invitation = await _find(ctx, meeting, member)
    result = invitations.Result("yes", "asked", True, mode=invitation.mode, guests=invitation.guests, moves=True)
    await follow(ctx, meeting, member, result)
    await notify(ctx.db, meeting, member, DECISION, ctx.now)
    return [*await _requests(ctx, meeting), Toast(say("w_given", name=member.name))]


@feature.click("noseat", who="organiser")
async def ask_why(ctx: Context, press: Press) -> Answers:
    """Ask for the reason, which the person reads."""
    meeting, member = await _of(ctx, press)
    return [Ask("no_seat", f"{meeting.key}.{member.key}")]


@feature.form("no_seat", who="organiser")
async def reason_form(ctx: Context, subject: str) -> Form:
    """Build the form with one question."""
    _, member = await _of_subject(ctx, subject)
    hint = say("w_no_seat_hint", name=member.name)
    reason = TextField(id="reason", label=say("w_no_seat_reason"), hint=hint, min=3, max=REASON_MAX)
    return Form("no_seat", say("w_no_seat_title"), ((reason,),), submit=say("b_send"), review=False)


@feature.submission("no_seat")
async def refuse_seat(ctx: Context, subject: str, values: dict[str, str]) -> Answers:
    """Refuse a seat with a reason."""
    meeting, member = await _of_subject(ctx, subject)
    if looks_personal(values["reason"]):
        return [Invalid({"reason": say("pii_warning")})]
    if not await waiting_list.refuse(ctx.db, meeting, member, ctx.me, values["reason"], ctx.now):
        raise UserError(say("w_decided"))
    audit.note(ctx.db, ctx.now, ctx.me.id, "refuse_seat", meeting.key)
    _touch(ctx, meeting, member)
    await notify(ctx.db, meeting, member, DECISION, ctx.now)
    shown = await requests_card(ctx.db, meeting, ctx.now, names=True)
    told = say("w_not_given", name=member.name)
    return [Reply(Message((Bold(told), *shown.lines), shown.rows, silent=True), private=True)]


@feature.click("rmseat", who="organiser")
async def take_off(ctx: Context, press: Press) -> Answers:
    """Ask once, then withdraw an invitation: the seat is free for the next one."""
    meeting, member = await _of(ctx, press)
    if press.rev != GO:
        keep = button("keep_on", "ansas", meeting.key, "", member.key)
        go = button("remove", "rmseat", meeting.key, GO, member.key, "danger")
        return _show(ctx, Message((say("w_remove_ask", name=member.name), title_line(meeting)), rows(row(go, keep))))
    invitation = await _find(ctx, meeting, member)
    handed, stood_in = invitation.reply == "delegated", invitation.represents is not None
    if not await waiting_list.withdraw(ctx.db, meeting, member):
        return [*_show(ctx, await _roster.page(ctx.db, meeting, 0)), Toast(say("w_decided"))]
    audit.note(ctx.db, ctx.now, ctx.me.id, "withdraw_invitation", meeting.key)
    if handed:
        await _delegating.dropped(ctx.db, meeting, member, ctx.now)
    if stood_in:
        await _delegating.left(ctx.db, meeting, member, ctx.now)
    _touch(ctx, meeting, member)
    await notify(ctx.db, meeting, member, NOTED, ctx.now)
    await _waiting.settle(ctx.db, meeting, ctx.now)
    return [*_show(ctx, await _roster.page(ctx.db, meeting, 0)), Toast(say("w_removed", name=member.name))]


@feature.card("seat_requests")
async def draw_requests(db: Session, drawing: Drawing) -> Message | Skip:
    """Draw who asks for a seat: in a channel the number, to an organiser the names."""
    meeting = await by_key(db, drawing.subject)
    if meeting is None:
        return Skip("gone")
    if drawing.first and not await waiting_list.asking(db, meeting):
        return Skip("decided")
    return await requests_card(db, meeting, drawing.now, names=drawing.member is not None)


@feature.card(NOTED, DECISION)
async def draw_news(db: Session, drawing: Drawing) -> Message | Skip:
    """Tell somebody what the organisers noted or decided; after an answer of their own it is their card."""
    found = await theirs(db, drawing, withdrawn=True)
    if isinstance(found, Skip):
        return found
    meeting, invitation, member = found
    if drawing.first and invitations.closed(meeting, drawing.now):
        return Skip("meeting_not_open")
    community, older = await own_community(db), not drawing.first
    card = await _waiting.card(db, meeting, invitation, member, community, drawing.now, older=older)
    own = invitation.replied_by in (None, member.id)
    if own or invitation.withdrawn or invitations.closed(meeting, drawing.now):
        return card
    if drawing.kind == DECISION:
        head = (Bold(say("w_seat_confirmed")),) if invitation.reply == "yes" else ()
        return Message((*head, *card.lines), card.rows, card.fine)
    noted = say("w_noted_for_you", reply=_roster.reply_of(meeting, invitation))
    return Message((title_line(meeting), noted), rows(row(button("change", "change", meeting.key, meeting.revision))))


async def _note(ctx: Context, meeting: Meeting, member: Member, choice: str) -> Text:
    """Note a reply for a member and tell them; give what to say to the organiser."""
    mode = choice if choice in MODES else ""
    if not mode and choice not in invitations.CHOICES:
        raise UserError(say("e_gone"))
    wish = "yes" if mode else choice
    result = await invitations.reply(
        ctx.db, meeting, member, wish, ctx.now, ctx.me, now=ctx.now, mode=mode, granted=True
    )
    if result.refused or result.older:
        return say(_REFUSED.get(result.refused) or f"m_{result.refused or 'not_invited'}")
    invitation = await _find(ctx, meeting, member)
    reply = _roster.reply_of(meeting, invitation)
    if result.changed:
        audit.note(ctx.db, ctx.now, ctx.me.id, "answer_for", meeting.key)
        await follow(ctx, meeting, member, result)
        await notify(ctx.db, meeting, member, NOTED, ctx.now)
    return say("w_noted", name=member.name, reply=reply)


def _touch(ctx: Context, meeting: Meeting, member: Member) -> None:
    cards.touch_at_end(ctx.db, PRIVATE, meeting.key, member=member)
    cards.touch_at_end(ctx.db, PUBLIC, meeting.key)


async def _of(ctx: Context, press: Press) -> tuple[Meeting, Member]:
    meeting = await pressed(ctx, press.key)
    member = await member_by_key(ctx.db, press.arg)
    if member is None:
        raise UserError(say("e_gone"))
    return meeting, member


async def _of_subject(ctx: Context, subject: str) -> tuple[Meeting, Member]:
    key, _, who = subject.partition(".")
    return await _of(ctx, Press("noseat", key, "", who))


async def _find(ctx: Context, meeting: Meeting, member: Member) -> Invitation:
    found = await invitations.find(ctx.db, meeting, member)
    if found is None:
        raise UserError(say("e_gone"))
    return found


async def _shown(ctx: Context, meeting: Meeting, member: Member, page: int = 0) -> Message:
    return await _roster.person(ctx.db, meeting, await _find(ctx, meeting, member), member, ctx.now, page)


async def _person(ctx: Context, meeting: Meeting, member: Member, page: int = 0) -> Answers:
    return _show(ctx, await _shown(ctx, meeting, member, page))


async def _requests(ctx: Context, meeting: Meeting) -> Answers:
    return _show(ctx, await requests_card(ctx.db, meeting, ctx.now, names=True))


def _show(ctx: Context, message: Message) -> Answers:
    """Show names in private only, wherever the button stood."""
    return [Edit(message)] if ctx.inbound.where.kind == "dm" else [Reply(message, private=True)]
