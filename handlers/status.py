"""The organisers' view of one meeting: counts that follow every reply, and names in private."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from chat.message import Button, Message, Press, Row, button, row, rows
from chat.outbound import Card, Edit, Reply
from chat.text import Bold, Text, When, say
from handlers import _balance, _moderating, _reminding
from handlers._cards import can, state_label, when
from handlers._feature import Answers, Context, Feature
from handlers._meetings import about
from handlers._moderating import led
from handlers._roster import page
from handlers._welcome import go
from scheduler.contract import Drawing, Skip
from storage import invitations, seats
from storage.database import Session
from storage.deliveries import Campaign, Delivery
from storage.meetings import Meeting, by_key
from storage.members import roles_of
from storage.timers import Timer

feature = Feature("status")

EDITABLE = ("draft", "scheduled", "inviting", "closed")
DONE = ("held", "memo_issued", "archived")
MORE = "more"
"""The `rev` of the button that opens the rest of the buttons."""


@feature.command("meeting status", who="moderator", where="slack", menu=True)
@about("meeting status", ("inviting", "closed", "live"), _moderating.among)
async def status(ctx: Context, meeting: Meeting) -> Answers:
    """Show the counts; the card follows every reply."""
    await _moderating.require(ctx, meeting)
    shown = await draw(ctx.db, meeting, ctx.now, organiser=ctx.organiser)
    return [Reply(shown, card=Card("status", meeting.key))]


@feature.command("meeting roster", "meeting names", "meeting answers", who="moderator")
@about("meeting roster", ("inviting", "closed", "live"), _moderating.among)
async def roster(ctx: Context, meeting: Meeting) -> Answers:
    """Show names by reply, in private."""
    await _moderating.require(ctx, meeting)
    return [Reply(await page(ctx.db, meeting, 0, organiser=ctx.organiser))]


@feature.click("status")
async def pressed_status(ctx: Context, press: Press) -> Answers:
    """Show the status from a button."""
    meeting, card = await led(ctx, press.key), Card("status", press.key)
    shown = await draw(ctx.db, meeting, ctx.now, more=press.rev == MORE, organiser=ctx.organiser)
    return [Edit(shown, card)] if ctx.inbound.where.kind == "dm" else [Reply(shown, private=True, card=card)]


@feature.click("roster")
async def pressed_roster(ctx: Context, press: Press) -> Answers:
    """Turn the pages of the names; from an organisers' channel they come in private."""
    number = int(press.rev) if press.rev.isdigit() else 0
    shown = await page(ctx.db, await led(ctx, press.key), number, organiser=ctx.organiser)
    return [Edit(shown)] if ctx.inbound.where.kind == "dm" else [Reply(shown, private=True)]


@feature.card("status")
async def redraw(db: Session, drawing: Drawing) -> Message | Skip:
    """Draw the status again after a change, in private as far as the reader may still see it."""
    meeting = await by_key(db, drawing.subject)
    if meeting is None:
        return Skip("gone")
    if drawing.member is None:
        return await draw(db, meeting, drawing.now)
    roles = await roles_of(db, drawing.member, drawing.now, meeting.id)
    if not roles & _moderating.LEAD:
        return Skip("not_entitled")
    return await draw(db, meeting, drawing.now, organiser=bool(roles & _moderating.ORGANISE))


async def draw(db: Session, meeting: Meeting, now: datetime, *, more: bool = False, organiser: bool = True) -> Message:
    """Draw the status card: counts only, so that it may stand in the organisers' channel; `more` adds rarer buttons.

    A moderator who is no organiser gets the buttons that show, none that change the meeting or write to people.
    """
    lines: list[Text] = [(Bold(f"{meeting.code} · {meeting.title}"), " · ", state_label(meeting)), when(meeting)]
    if meeting.state in ("draft", "scheduled"):
        lines.append(say("m_not_sent_yet"))
        again = Button(say("b_preview"), Press("preview", meeting.key, "", "i"), "primary")
        plan = (row(again, button("edit", "medit", meeting.key)), _plan_buttons(meeting))
        return Message(tuple(lines), rows(*(plan if organiser else (row(go("home", "home")),))))
    counts = await invitations.counts(db, meeting)
    lines += [Bold(_counts(counts)), *await _seats(db, meeting, now)]
    balance = await _balance.lines(db, meeting, now, brief=True)
    if balance:
        lines.append(tuple(piece for each in balance for piece in (each, "\n"))[:-1])
    unreached = await _unreached(db, meeting)
    if unreached:
        lines.append(say("m_unreached", n=unreached))
    running = meeting.state in ("inviting", "closed") and now < meeting.starts_at
    if running:
        lines.append(say("m_replies_until", when=When(meeting.rsvp_deadline, meeting.zone)))
    following = await _next_send(db, meeting, now)
    if following is not None:
        lines.append(say("m_next_send", when=When(following, meeting.zone)))
    if not organiser:
        return Message(tuple(lines), rows(_lead_buttons(meeting)))
    return Message(tuple(lines), _buttons(meeting, counts, running=running, more=more))


def _counts(counts: dict[str, int]) -> Text:
    """Write all replies in one line; what there is none of stands there only if everybody expects it."""
    handed = counts.get("delegated", 0)
    line: list[Text] = [
        say("m_counts_all", yes=counts["yes"] + handed, maybe=counts["maybe"], no=counts["no"], none=counts["none"])
    ]
    for reply, key in (
        ("delegated", "w_delegates_n"),
        ("asked", "w_asked_n"),
        ("waitlisted", "w_waiting_n"),
        ("reconfirm", "w_reconfirm_n"),
        ("refused", "w_refused_n"),
    ):
        if counts.get(reply):
            line += [" · ", say(key, n=counts[reply])]
    return tuple(line)


async def _seats(db: Session, meeting: Meeting, now: datetime) -> list[Text]:
    """Say how many of the seats are taken, open offers among them."""
    modes = (
        (("room", "w_seats_room"), ("online", "w_seats_online"))
        if meeting.format == "hybrid"
        else (("", "w_seats_of"),)
    )
    return [
        say(key, n=await seats.taken(db, meeting, mode, now), m=limit)
        for mode, key in modes
        if (limit := seats.capacity(meeting, mode)) is not None
    ]


def _lead_buttons(meeting: Meeting) -> Row:
    attendance = can("attendance", "attend", meeting.key) if meeting.state in ("live", *DONE) else None
    return row(button("names", "roster", meeting.key, 0), attendance, go("home", "home"))


def _plan_buttons(meeting: Meeting) -> Row:
    """Make the buttons of a meeting that is not announced: for whom, what goes out when, once more."""
    return row(
        button("audience", "aud", meeting.key),
        button("sc_schedule", "sched", meeting.key),
        button("ser_repeat", "series", meeting.key, "one"),
    )


def _buttons(meeting: Meeting, counts: dict[str, int], *, running: bool, more: bool) -> tuple[Row, ...]:
    key = meeting.key
    first = row(
        Button(say("b_nudge", n=str(counts["none"])), Press("nudge", key)) if running and counts["none"] else None,
        button("names", "roster", key, 0),
        can("attendance", "attend", key) if meeting.state in ("live", *DONE) else None,
        button("decide", "giveseat", key) if running and counts.get("asked") else None,
    )
    second = row(
        button("edit", "medit", key) if meeting.state in EDITABLE else None,
        can("move", "move", key) if running else None,
        button("feedback", "fbsum", key) if meeting.state in DONE else None,
        button("memo_new", "mnew", key) if meeting.state in DONE else None,
        button("more", "status", key, MORE) if running and not more else None,
        button("reopen", "reopen", key) if meeting.state == "cancelled" else None,
        button("c_date_poll", "mpoll", key) if meeting.state == "cancelled" else None,
        button("clone", "mclone", key) if meeting.state in ("cancelled", *DONE) else None,
    )
    third = row(
        Button(say("b_preview"), Press("preview", key, "", "i")),
        button("answer_for", "ansfor", key),
        can("cancel_meeting", "mcancel", key),
    )
    room = meeting.format != "online"
    fourth = row(
        button("sc_schedule", "sched", key),
        button("audience", "aud", key),
        button("balance", "bal", key),
        button("nd_list", "needlist", key) if room else None,
        button("aq_list", "aqlist", key),
    )
    return rows(first, second, *((third, fourth) if running and more else ()))


async def _unreached(db: Session, meeting: Meeting) -> int:
    """Count the members whose invitation could not be delivered."""
    found = await db.scalars(
        select(Delivery.member_id)
        .join(Campaign, Campaign.id == Delivery.campaign_id)
        .where(Campaign.kind == "invitation", Campaign.subject == meeting.key, Delivery.state == "dead")
        .distinct()
    )
    return len(found.all())


async def _next_send(db: Session, meeting: Meeting, now: datetime) -> datetime | None:
    """Give the next moment at which something goes out about the meeting."""
    queued = await db.scalar(
        select(Delivery.due_at)
        .join(Campaign, Campaign.id == Delivery.campaign_id)
        .where(Campaign.subject == meeting.key, Campaign.state.in_(("held", "sending")), Delivery.state == "queued")
        .order_by(Delivery.due_at)
        .limit(1)
    )
    waiting = await db.scalars(
        select(Timer.slot).where(Timer.kind == "reminder", Timer.subject == meeting.key, Timer.state == "waiting")
    )
    dates = await _reminding.calendar(db, meeting)
    ahead = [found for each in waiting if (found := dates.row(each)) is not None and found.rule.to != "organisers"]
    moments = [dates.nominal(each) for each in ahead] + ([queued] if queued else [])
    return min((each for each in moments if each >= now), default=None)
