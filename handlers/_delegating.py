"""Cards of delegates, and what follows when one is asked, agrees or does not come: messages, seats, cards.

Nothing of this is ever shown in a group. `agreed`, `finish` and `dropped` are for every feature that changes a reply.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from chat.message import Button, Message, Press, button, row, rows
from chat.outbound import Answer, Card, Reply
from chat.text import Bold, Link, Text, When, say
from handlers import _reminding, _waiting
from handlers._cards import PRIVATE, PUBLIC, answers, choice_label, fine_print, place_for, when
from handlers._commands import JOINED
from handlers._feature import Context
from handlers._welcome import go
from scheduler import cards, delivery, quiet, timers
from storage import audit, delegations, invitations, joining
from storage.communities import own_community
from storage.database import Session
from storage.delegations import ENDED, HOURS, Delegation
from storage.meetings import COMING, Invitation, Meeting
from storage.members import Member, Organisation

ASK, HELD, BACK, OVER = "delegate_ask", "delegation", "delegate_back", "delegate_over"
"""Kinds of cards, all with the delegation's key: to the delegate, the holder's own, the news that a seat is back, and
the news to a delegate who had agreed that they do not come."""
TIMER = "deleg"


async def holder_card(
    db: Session, meeting: Meeting, delegation: Delegation, invitation: Invitation | None, now: datetime
) -> Message:
    """Draw the holder's card; the link to hand over is on its first showing only, because nothing keeps it."""
    name = Bold(delegation.name)
    head: tuple[Text, ...] = (Bold(meeting.title), when(meeting))
    shut = invitation is None or invitation.withdrawn or bool(invitations.closed(meeting, now))
    take_back = None if shut else button("change", "untake", meeting.key, "", delegation.key)
    if meeting.state == "cancelled":
        return Message((*head, say("m_cancelled")), rows(row(go("my", "my"))))
    if delegation.state == "invited":
        until = say("dg_waiting_until", until=When(delegation.until, meeting.zone))
        again = None
        delegate = await db.get(Member, delegation.delegate_id) if delegation.delegate_id else None
        if delegate is not None and delegations.newcomer(delegate) and delegation.until > now and not shut:
            again = Button(say("b_new_link"), Press("deleg", meeting.key, "link", delegation.key))
        return Message((Bold(say("dg_waiting", name=name)), *head, until), rows(row(take_back, again)))
    if delegation.state == "agreed":
        return Message((Bold(say("dg_comes", name=name)), *head), rows(row(take_back, go("my", "my"))))
    lines: list[Text] = [Bold(say(f"dg_{delegation.state}", name=name)), *head]
    if invitation is None or shut or invitation.reply == "delegated":
        return Message(tuple(lines), rows(row(go("my", "my"))))
    held = invitation.reply in COMING
    lines.append(Bold(say("dg_seat_back")) if held else say("dg_reply_back", reply=_label(invitation.reply)))
    choices = tuple(each for each in answers(meeting, now) if isinstance(each, Button) and each.press.arg != "maybe")
    return Message(tuple(lines), rows(choices, row(button("delegate", "deleg", meeting.key), go("my", "my"))))


def _label(reply: str) -> Text:
    return say("m_reply_waitlisted") if reply == "waitlisted" else choice_label(reply)


async def ask_lines(db: Session, meeting: Meeting, delegation: Delegation) -> tuple[Text, ...]:
    """Write what a colleague is asked: by whom, for which organisation, when and where."""
    holder = await db.get_one(Member, delegation.member_id)
    organisation = await db.get(Organisation, holder.organisation_id) if holder.organisation_id else None
    name = organisation.name if organisation else (await own_community(db)).name
    asks = say("dg_ask", member=Bold(holder.name), meeting_title=Bold(meeting.title), organisation=name)
    theirs = await invitations.find(db, meeting, holder)
    return asks, when(meeting), place_for(meeting, theirs.mode if theirs else "")


async def ask_card(db: Session, meeting: Meeting, delegation: Delegation, member: Member, now: datetime) -> Message:
    """Draw the delegate's card: the question while it is open, then their own reply card or what became of it."""
    open_still = delegation.state == "invited" and delegation.delegate_id == member.id and now < delegation.until
    if open_still and not invitations.closed(meeting, now):
        choices = row(
            button("agree", "dagree", meeting.key, "", delegation.key, "primary"),
            button("not_now", "drefuse", meeting.key, "", delegation.key),
        )
        return Message(await ask_lines(db, meeting, delegation), rows(choices), fine_print(meeting))
    if delegation.state == "agreed" and delegation.delegate_id == member.id:
        return await own_card(db, meeting, member, now)
    text = say("dg_ask_refused" if delegation.state == "refused" else "dg_ask_over")
    return Message((Bold(meeting.title), text), rows(row(go("my", "my"), go("home", "home"))))


async def own_card(db: Session, meeting: Meeting, member: Member, now: datetime) -> Message:
    """Draw a delegate's own reply card, with whose place they take."""
    invitation = await invitations.find(db, meeting, member)
    if invitation is None:
        return Message((Bold(meeting.title), say("dg_ask_over")), rows(row(go("my", "my"))))
    shown = await _waiting.card(db, meeting, invitation, member, await own_community(db), now)
    holder = await db.get(Member, invitation.represents) if invitation.represents else None
    if holder is None or invitation.withdrawn:
        return shown
    rest = shown.lines[2:] if invitation.reply == "yes" else shown.lines[1:]  # a yes says it without the name
    lines = (shown.lines[0], say("dg_in_place", member=holder.name), *rest)
    return Message(lines, shown.rows, shown.fine, shown.silent, shown.protect)


async def opened(ctx: Context, meeting: Meeting, delegation: Delegation, delegate: Member) -> list[Answer]:
    """Tell the delegate, or give the holder a link for somebody who cannot be written to; set the end."""
    db, now = ctx.db, ctx.now
    await timers.call_at(db, TIMER, delegation.key, delegation.until)
    audit.note(db, now, ctx.me.id, "delegate_named", meeting.key)
    _follow(db, meeting, ctx.me)
    invitation = await invitations.find(db, meeting, ctx.me)
    shown = await holder_card(db, meeting, delegation, invitation, now)
    if not delegations.newcomer(delegate):
        no_send = await _reminding.no_send_dates(db)
        due = quiet.fit_before(delegate, now, delegation.until, no_send, now=now)
        to = delivery.To(member=delegate, due=due, expires=delegation.until)
        await delivery.plan(db, kind=ASK, subject=delegation.key, occurrence="", to=[to], now=now, by=ctx.me)
    else:
        shown = await with_link(ctx, meeting, delegation, delegate, shown)
    return [Reply(shown, private=True, card=Card(HELD, delegation.key))]


async def waits(ctx: Context, meeting: Meeting, name: str) -> list[Answer]:
    """Tell a holder without a seat that they wait for one; the colleague is not asked yet."""
    _follow(ctx.db, meeting, ctx.me)
    await _waiting.settle(ctx.db, meeting, ctx.now)
    leave = button("leave_wait", "leavewl", meeting.key)
    shown = Message((Bold(meeting.title), say("dg_full", name=name)), rows(row(leave, go("my", "my"))))
    return [Reply(shown, private=True)]


async def with_link(
    ctx: Context, meeting: Meeting, delegation: Delegation, delegate: Member, shown: Message
) -> Message:
    """Add a one-time link for the delegate to the holder's card; it is shown once and only its hash is kept."""
    left = delegation.until - ctx.now
    hours = max(1, min(HOURS, -(-left // timedelta(hours=1))))
    token = await joining.issue_link(ctx.db, delegate, ctx.now, hours)
    audit.note(ctx.db, ctx.now, ctx.me.id, "join_link", delegate.key)
    lines: list[Text] = [shown.lines[0], Bold(meeting.title)]
    lines.append(say("dg_hand_over", until=When(delegation.until, meeting.zone)))
    if address := ctx.start_link("telegram", token):
        lines.append(say("p_link_start", link=Link(address, address)))
    lines.append(say("p_link_code", words=Bold(f"join {token}")))
    return Message(tuple(lines), shown.rows, shown.fine)


async def agreed(ctx: Context, delegation: Delegation, meeting: Meeting) -> bool:
    """Take a delegate's yes: their own invitation, the reminders that are written already, and all cards."""
    if not await delegations.agree(ctx.db, delegation, meeting, ctx.me, ctx.now):
        return False
    await timers.cancel(ctx.db, TIMER, delegation.key)
    await _reminding.catch_up(ctx.db, meeting, ctx.me, ctx.now)
    holder = await ctx.db.get_one(Member, delegation.member_id)
    _follow(ctx.db, meeting, holder)
    _follow(ctx.db, meeting, ctx.me)
    cards.touch_at_end(ctx.db, (HELD, ASK), delegation.key)
    audit.note(ctx.db, ctx.now, ctx.me.id, "delegate_agreed", meeting.key)
    return True


async def finish(
    db: Session, delegation: Delegation, meeting: Meeting, state: str, now: datetime, *, restore: bool = True
) -> bool:
    """End a delegation, tell whoever did not end it and counted on it, and let the waiting list move."""
    delegate_id = delegation.delegate_id
    before = await delegations.end(db, delegation, meeting, state, now, restore=restore)
    if not before:
        return False
    await timers.cancel(db, TIMER, delegation.key)
    holder = await db.get_one(Member, delegation.member_id)
    _follow(db, meeting, holder)
    delegate = await db.get(Member, delegate_id) if delegate_id is not None else None
    if delegate is not None:
        _follow(db, meeting, delegate)
    cards.touch_at_end(db, (HELD, ASK, BACK), delegation.key)
    audit.note(db, now, None, f"delegate_{state}", meeting.key)
    if not invitations.closed(meeting, now):
        if state != "taken_back":
            await _tell(db, meeting, delegation, BACK, holder, now)
        elif delegate is not None and before == "agreed":
            await _tell(db, meeting, delegation, OVER, delegate, now)
    await _waiting.settle(db, meeting, now)
    return True


async def _tell(
    db: Session, meeting: Meeting, delegation: Delegation, kind: str, member: Member, now: datetime
) -> None:
    no_send = await _reminding.no_send_dates(db)
    due = quiet.fit_before(member, now, meeting.starts_at, no_send, now=now)
    to = delivery.To(member=member, due=due, expires=meeting.starts_at)
    await delivery.plan(db, kind=kind, subject=delegation.key, occurrence="", to=[to], now=now)


async def over_card(db: Session, meeting: Meeting, delegation: Delegation) -> Message:
    """Tell a delegate who had agreed that they do not come any more."""
    holder = await db.get_one(Member, delegation.member_id)
    text = say("dg_over", meeting_title=Bold(meeting.title), member=holder.name)
    return Message((text, when(meeting)), rows(row(go("my", "my"), go("home", "home"))))


async def dropped(db: Session, meeting: Meeting, member: Member, now: datetime) -> None:
    """End the delegation of a seat whose holder answers otherwise, or was removed; the new reply stands."""
    delegation = await delegations.of_holder(db, meeting, member)
    if delegation is not None:
        await finish(db, delegation, meeting, "taken_back", now, restore=False)


async def left(db: Session, meeting: Meeting, member: Member, now: datetime) -> None:
    """End the delegation of a delegate who does not come any more: the holder's seat and reply come back."""
    delegation = await delegations.of_delegate(db, meeting, member)
    if delegation is not None:
        await finish(db, delegation, meeting, "refused", now)


async def with_ask(ctx: Context, message: Message) -> Message:
    """Put what colleagues ask above the question for consent, for somebody new (conversation §6.3)."""
    lines: list[Text] = []
    for delegation, meeting, _ in await delegations.asked(ctx.db, ctx.me):
        if ctx.now < delegation.until:
            lines += await ask_lines(ctx.db, meeting, delegation)
    return Message((*lines, *message.lines), message.rows, message.fine, message.silent, message.protect)


async def consented(ctx: Context) -> list[Answer]:
    """Confirm what somebody new was asked for, after their own consent, and give their reply cards."""
    given: list[Answer] = []
    found = await delegations.asked(ctx.db, ctx.me)
    for delegation, meeting, _ in found:
        await agreed(ctx, delegation, meeting)
        shown = await ask_card(ctx.db, meeting, delegation, ctx.me, ctx.now)
        given.append(Reply(shown, private=True, card=Card("invitation", meeting.key)))
    if found:
        return given
    last = await delegations.last_asked(ctx.db, ctx.me)
    if last is not None and last.state in ENDED:  # too late: they are welcome all the same
        meeting = await meeting_of(ctx.db, last)
        if invitations.closed(meeting, ctx.now):
            return []
        given.append(Reply(await ask_card(ctx.db, meeting, last, ctx.me, ctx.now), private=True))
    return given


async def asks(ctx: Context) -> list[Answer]:
    """Show what colleagues ask somebody who has joined already and opened a link."""
    return [
        Reply(await ask_card(ctx.db, meeting, each, ctx.me, ctx.now), private=True, card=Card(ASK, each.key))
        for each, meeting, _ in await delegations.asked(ctx.db, ctx.me)
        if ctx.now < each.until
    ]


async def taken_over(ctx: Context, stranger: Member) -> list[Answer]:
    """Show the request to a member who opened the link of somebody a colleague thought to be new; else nothing."""
    if ctx.member is None or ctx.member.state not in JOINED:
        return []
    return await asks(ctx) if await delegations.hand_on(ctx.db, stranger, ctx.member, ctx.now) else []


async def refused(ctx: Context) -> None:
    """Take "not now" of somebody new as an answer to their colleagues."""
    for delegation, meeting, _ in await delegations.asked(ctx.db, ctx.me):
        await finish(ctx.db, delegation, meeting, "refused", ctx.now)


async def meeting_of(db: Session, delegation: Delegation) -> Meeting:
    """Give the meeting of a delegation."""
    return await db.get_one(Meeting, delegation.meeting_id)


def _follow(db: Session, meeting: Meeting, member: Member) -> None:
    cards.touch_at_end(db, PRIVATE, meeting.key, member=member)
    cards.touch_at_end(db, PUBLIC, meeting.key)
