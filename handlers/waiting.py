"""The waiting list: take an offered seat, leave it to the next, leave the list; what waits for whom."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select

from chat.inbound import Click
from chat.message import Button, Message, Press, row, rows
from chat.text import Text, When, say
from handlers import _waiting
from handlers._cards import PRIVATE, PUBLIC
from handlers._feature import Answers, Context, Feature, Waiting
from handlers._following import follow, own_card, waiting_toast
from handlers._invited import theirs
from handlers._meetings import pressed
from handlers._welcome import go, turn
from scheduler import cards
from scheduler.contract import Drawing, Skip
from storage import invitations, seats, waiting_list
from storage.communities import own_community
from storage.database import Session
from storage.meetings import COMING, Invitation, Meeting, by_key
from storage.members import Member
from storage.timers import Timer

feature = Feature("waiting")


@feature.click("takeseat")
async def take(ctx: Context, press: Press) -> Answers:
    """Take an offered seat; pressed late it is taken all the same while a seat is free."""
    meeting, at = await pressed(ctx, press.key), min(ctx.inbound.at, ctx.now)
    result = await invitations.reply(ctx.db, meeting, ctx.me, "yes", at, now=ctx.now)
    if result.changed:
        await follow(ctx, meeting, ctx.me, result, but=ctx.inbound.message if isinstance(ctx.inbound, Click) else None)
    if result.refused in ("cancelled", "started", "not_invited", "withdrawn"):
        toast: Text = say(f"m_{result.refused}")
    elif result.older or result.refused:
        toast = say("t_stale")
    elif result.reply == "yes":
        toast = say("w_seat_confirmed")
    elif result.reply == "asked":
        toast = say("w_asked_toast")
    else:
        toast = await waiting_toast(ctx, meeting, result)
    return await own_card(ctx, meeting, toast)


@feature.click("passseat")
async def leave_to_next(ctx: Context, press: Press) -> Answers:
    """Leave the seat to the next person, and go to the end of the list."""
    meeting = await pressed(ctx, press.key)
    done = await waiting_list.pass_on(ctx.db, meeting, ctx.me, min(ctx.inbound.at, ctx.now), ctx.now)
    if done:
        await _moved(ctx, meeting)
    return await own_card(ctx, meeting, say("w_passed" if done else "t_stale"))


@feature.click("leavewl")
async def leave(ctx: Context, press: Press) -> Answers:
    """Leave the waiting list; the reply is then a no."""
    meeting = await pressed(ctx, press.key)
    row = await invitations.held(ctx.db, meeting, ctx.me)
    if row is None or row.reply != "waitlisted":
        return await own_card(ctx, meeting, say("t_stale"))
    at = min(ctx.inbound.at, ctx.now)
    result = await invitations.reply(ctx.db, meeting, ctx.me, "no", at, now=ctx.now)
    if result.changed:
        await follow(ctx, meeting, ctx.me, result, but=ctx.inbound.message if isinstance(ctx.inbound, Click) else None)
    return await own_card(ctx, meeting, say("w_left_list" if result.changed else "t_stale"))


@feature.click("joinwl")
async def wait(ctx: Context, press: Press) -> Answers:
    """Wait for a seat after the organisers could not give one."""
    meeting = await pressed(ctx, press.key)
    done = await waiting_list.join(ctx.db, meeting, ctx.me, min(ctx.inbound.at, ctx.now))
    if done:
        await _moved(ctx, meeting)
    return await own_card(ctx, meeting, say("w_on_list" if done else "t_stale"))


@feature.click("giveup")
async def give_up(ctx: Context, _press: Press) -> Answers:
    """Turn every reply that holds or waits for a seat into a no, after messages were stopped (conversation §6.9)."""
    given = 0
    for meeting, invitation in await invitations.of_member(ctx.db, ctx.me, ctx.now):
        if invitation.reply in (*COMING, "waitlisted", "asked"):
            result = await invitations.reply(ctx.db, meeting, ctx.me, "no", min(ctx.inbound.at, ctx.now), now=ctx.now)
            if result.changed:
                given += 1
                await follow(ctx, meeting, ctx.me, result)
    return [turn(ctx, Message((say("w_given_up", n=given),), rows(row(go("my", "my"), go("home", "home")))))]


@feature.timer("offer")
async def lapse(db: Session, timer: Timer, now: datetime) -> None:
    """Pass on the offers whose time is over."""
    meeting = await by_key(db, timer.subject)
    if meeting is not None:
        await _waiting.settle(db, meeting, now)


@feature.card(_waiting.OFFER, _waiting.OFFER_BEFORE)
async def draw(db: Session, drawing: Drawing) -> Message | Skip:
    """Draw the offer of a seat, or what became of it; one before the newest points to that."""
    found = await theirs(db, drawing, withdrawn=True)
    if isinstance(found, Skip):
        return found
    meeting, invitation, member = found
    if drawing.first:
        if invitation.withdrawn or meeting.state not in seats.OPEN_STATES or drawing.now >= meeting.starts_at:
            return Skip("meeting_not_open")
        if not seats.offered(invitation, drawing.now):
            return Skip("offer_over")
    community, older = await own_community(db), drawing.kind == _waiting.OFFER_BEFORE
    return await _waiting.card(db, meeting, invitation, member, community, drawing.now, older=older)


@feature.waiting
async def open_replies(db: Session, member: Member, now: datetime) -> Sequence[Waiting]:
    """Name the invitations to answer, the seats offered and the new times to confirm."""
    found = await db.execute(
        select(Meeting, Invitation)
        .join(Invitation, Invitation.meeting_id == Meeting.id)
        .where(
            Invitation.member_id == member.id,
            Invitation.withdrawn.is_(False),
            Invitation.reply.in_(("none", "waitlisted", "reconfirm")),
            Invitation.invited_at.is_not(None),
            Meeting.state.in_(seats.OPEN_STATES),
            Meeting.starts_at > now,
        )
    )
    waits = (_waits(meeting, invitation, now) for meeting, invitation in found)
    return [each for each in waits if each is not None]


def _waits(meeting: Meeting, invitation: Invitation, now: datetime) -> Waiting | None:
    title = meeting.title
    press = Press("invited", meeting.key, str(meeting.revision))
    if invitation.reply == "waitlisted":
        if not seats.offered(invitation, now) or invitation.offer_until is None:
            return None
        until = invitation.offer_until
        line = say("w_waits_offer", when=When(until, meeting.zone), title=title)
        take = Button(say("b_take_seat"), Press("takeseat", meeting.key, str(meeting.revision)))
        return Waiting(line, take, until, "waitlist_offer")
    if invitation.reply == "reconfirm":
        return Waiting(
            say("w_waits_moved", title=title), Button(say("b_reply"), press), meeting.starts_at, "reschedule"
        )
    if meeting.state != "inviting" or meeting.rsvp_deadline <= now:
        return None
    line = say("w_waits_reply", when=When(meeting.rsvp_deadline, meeting.zone), title=title)
    return Waiting(line, Button(say("b_reply"), press), meeting.rsvp_deadline, "invitation")


@feature.todo
async def asked(db: Session, now: datetime) -> Sequence[Waiting]:
    """Name the meetings for which people ask for a seat after the deadline."""
    found = await db.execute(
        select(Meeting, func.count())
        .join(Invitation, Invitation.meeting_id == Meeting.id)
        .where(
            Invitation.reply == "asked",
            Invitation.withdrawn.is_(False),
            Meeting.state.in_(seats.OPEN_STATES),
            Meeting.starts_at > now,
        )
        .group_by(Meeting.id)
        .order_by(Meeting.starts_at)
    )
    return [
        Waiting(
            say("w_todo_asked", n=number, code=meeting.code),
            Button(say("b_decide"), Press("giveseat", meeting.key)),
            meeting.starts_at,
            "seat_requests",
        )
        for meeting, number in found
    ]


async def _moved(ctx: Context, meeting: Meeting) -> None:
    ref = ctx.inbound.message if isinstance(ctx.inbound, Click) else None
    await _waiting.settle(ctx.db, meeting, ctx.now)
    cards.touch_at_end(ctx.db, PRIVATE, meeting.key, member=ctx.me, but=ref)
    cards.touch_at_end(ctx.db, PUBLIC, meeting.key)
