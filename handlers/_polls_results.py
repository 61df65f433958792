"""What organisers see and do: how many have voted, suggestions, the close, the decision, and a meeting of a date."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import select

from chat.errors import UserError
from chat.inbound import Click
from chat.message import Button, Message, Press, Row, button, row, rows
from chat.outbound import Answer, Ask, Card, Edit, Reply, Toast
from chat.text import Bold, Text, say
from handlers import _polls_cards as drawn
from handlers._cards import short
from handlers._feature import Answers, Context
from handlers._polls_cards import CHANNEL, EVERY, MEMBER, RESULT
from handlers._reminding import no_send_dates
from handlers._welcome import go
from scheduler import cards, delivery, quiet, timers
from scheduler.contract import Drawing, Skip
from storage import audit, poll_totals
from storage import polls as stored
from storage.communities import Channel
from storage.database import Session
from storage.deliveries import Campaign
from storage.members import Member, holders, roles_of
from storage.polls import Poll, PollOption
from storage.timers import Timer

CLOSE, REMIND = "poll_close", "poll_remind"
"""Timers of an open poll; their subject is the poll's key."""
STATUS, SUGGESTION = "poll_status", "poll_suggestion"
VALID = timedelta(days=7)
"""How long news about a poll is worth sending to organisers."""
OFFERED = 3
"""Slots, the best first, of which a meeting can be made with one tap; suggestions shown on the status card."""
IN_STATUS = "s"
"""The `rev` of buttons about a suggestion on the status card."""


async def locked(ctx: Context, key: str) -> Poll:
    """Find and hold the poll of a pressed button. Raise `UserError` for missing and foreign things."""
    found = await stored.lock(ctx.db, key)
    if found is None:
        raise UserError(say("e_gone"))
    return found


async def status_card(db: Session, poll: Poll, now: datetime) -> Message:
    """Draw how a poll stands, for organisers: counts only, no ballot and no name of anybody who voted or did not."""
    found = await stored.options(db, poll)
    kind = say(f"b_poll_{poll.kind}")
    lines: list[Text] = [drawn.heading(poll), (kind, " · ", say(f"pl_state_{poll.state}"))]
    if poll.kind == "quick":
        lines.append(Bold(say("pl_voted", n=await stored.voters(db, poll))))
    elif poll.state != "draft":
        voted, everybody = await stored.turnout(db, poll)
        lines.append(Bold(say("pl_voted_of", voted=voted, all=everybody)))
    again = [row(*await _sends_button(db, poll), go("polls", "polls"))]
    if poll.state == "open":
        lines.append(say("pl_until", when=drawn.closes(poll)))
        waiting = (await stored.pending(db, poll))[:OFFERED]
        lines += [say("pl_suggested_by_member", option=Bold(each.title)) for each in waiting]
        asked = [_about(poll, each, IN_STATUS, number) for number, each in enumerate(waiting, 1)]
        return Message(tuple(lines), rows(*asked, row(button("close_poll", "pclose", poll.key)), *again))
    if poll.kind == "date" and poll.state in ("closed", "decided"):
        more, choices = await _dates(db, poll, found, now)
        return Message((*lines, *more), rows(*choices, *again))
    lines += drawn.outcome(poll, found)
    picks: list[Row] = []
    tied = poll_totals.best(poll.kind, found) if poll.state == "closed" else []
    if len(tied) > 1:
        lines[-1] = say("pl_tie")
        lines += [Bold(each.title) for each in tied]
        picks = [row(Button(short(each.title), Press("pdecide", poll.key, "", str(each.id)))) for each in tied]
    elif poll.kind == "topic" and poll.chosen_id is not None:
        picks = [row(button("use_date", "pmake", poll.key, "", str(poll.chosen_id), "primary"))]
    return Message(tuple(lines), rows(*picks, *again))


async def _dates(db: Session, poll: Poll, found: Sequence[PollOption], now: datetime) -> tuple[list[Text], list[Row]]:
    order = poll_totals.ranked(poll.kind, found)
    chosen = next((each for each in found if each.id == poll.chosen_id), None)
    if not poll_totals.best(poll.kind, found):
        voted = any(any(each.totals.values()) for each in found)
        return [say("pl_nobody_can" if voted else "pl_no_votes")], []
    lines: list[Text] = []
    for number, each in enumerate(order[:OFFERED]):
        numbers = {name: each.totals.get(name, 0) for name in ("yes", "maybe", "no")}
        when = replace(drawn.moment(poll, each), part="inside")
        lines.append(say("pl_dates" if number else "pl_best", when=when, **numbers))
    meeting = await stored.meeting_of(db, poll, chosen)
    if chosen is not None:
        lines.append(Bold(say("pl_chosen", choice=drawn.naming(poll, chosen))))
    if meeting is not None:
        lines.append(say("pl_meeting_made", code=meeting.code))
        return lines, [row(button("status", "status", meeting.key))]
    made = [
        Button(
            say("b_use_date") if number == 1 else (f"{number} · ", say("b_use_date")),
            Press("pmake", poll.key, "", str(each.id)),
            "primary" if number == 1 else "default",
        )
        for number, each in enumerate(order[:OFFERED], 1)
        if each.starts_at is not None and each.starts_at > now
    ]
    return lines, [row(each) for each in made]


async def _sends_button(db: Session, poll: Poll) -> tuple[Button, ...]:
    kind = drawn.KINDS[poll.kind]
    query = select(Campaign.key).where(Campaign.kind == kind, Campaign.subject == poll.key)
    key = await db.scalar(query.order_by(Campaign.id.desc()).limit(1))
    return (button("sends", "sendcard", key),) if key else ()


async def show(ctx: Context, poll: Poll) -> Answers:
    """Show the status card, which follows the poll from now on; a meeting made of it meanwhile is remembered."""
    chosen = await stored.option(ctx.db, poll, poll.chosen_id) if poll.kind == "date" and poll.chosen_id else None
    if chosen is not None and poll.meeting_id is None:
        meeting = await stored.meeting_of(ctx.db, poll, chosen)
        poll.meeting_id = meeting.id if meeting is not None else None
    shown = await status_card(ctx.db, poll, ctx.now)
    return [turned(ctx, shown, Card(STATUS, poll.key))]


def turned(ctx: Context, message: Message, card: Card | None = None) -> Answer:
    """Turn the pressed card into this one; elsewhere say it in private."""
    if isinstance(ctx.inbound, Click) and ctx.inbound.message is not None and ctx.inbound.where.kind == "dm":
        return Edit(message, card)
    return Reply(message, private=True, card=card)


async def draw_status(db: Session, drawing: Drawing) -> Message | Skip:
    """Draw the status card, also as the message that tells organisers how a poll ended."""
    poll = await stored.by_key(db, drawing.subject)
    if poll is None or poll.state == "draft":
        return Skip("gone")
    return await status_card(db, poll, drawing.now)


async def press_close(ctx: Context, press: Press) -> Answers:
    """Ask before a poll is closed early, then close it."""
    poll = await locked(ctx, press.key)
    if poll.state != "open":
        return [*await show(ctx, poll), Toast(say("t_stale"))]
    if press.arg != "yes":
        lines: list[Text] = [drawn.heading(poll), say("pl_close_ask")]
        if poll.kind != "quick":
            voted, everybody = await stored.turnout(ctx.db, poll)
            lines.append(say("pl_voted_of", voted=voted, all=everybody))
        sure = button("close_poll", "pclose", poll.key, "", "yes", "danger")
        return [turned(ctx, Message(tuple(lines), rows(row(sure, button("leave_open", "pshow", poll.key)))))]
    await close(ctx.db, poll, ctx.now, by=ctx.me)
    return await show(ctx, poll)


async def due(db: Session, timer: Timer, now: datetime) -> None:
    """Close a poll whose time has come."""
    poll = await stored.lock(db, timer.subject)
    if poll is None or poll.state != "open":
        return
    if now < poll.closes_at:
        await timers.call_at(db, CLOSE, poll.key, poll.closes_at)
        return
    await close(db, poll, now)


async def close(db: Session, poll: Poll, now: datetime, by: Member | None = None) -> None:
    """Count the votes of a poll whose row is held, redraw every card, tell the organisers and the channels."""
    if not await stored.close(db, poll, now):
        return
    audit.note(db, now, by.id if by else None, "close_poll", poll.key)
    for kind in (REMIND,) if by is None else (CLOSE, REMIND):  # its own timer is over when it has done this
        await timers.cancel(db, kind, poll.key)
    await cards.touch(db, EVERY, poll.key)
    if poll.kind != "quick":
        await tell(db, poll, STATUS, poll.key, "closed", now, but=by)
    await _post(db, poll, now)


async def _post(db: Session, poll: Poll, now: datetime) -> None:
    """Post the totals of a decided topic poll: to the channels that showed it and to the organisers' channels."""
    if poll.kind != "topic" or poll.chosen_id is None:
        return
    query = select(Channel).where(Channel.reachable.is_(True)).order_by(Channel.id)
    found = [each for each in await db.scalars(query) if each.id in poll.channels or each.purpose == "organisers"]
    if found:
        to = [delivery.To(channel=each, due=now, expires=now + VALID) for each in found]
        await delivery.plan(db, kind=RESULT, subject=poll.key, occurrence="", to=to, now=now)


async def tell(
    db: Session, poll: Poll, kind: str, subject: str, occurrence: str, now: datetime, but: Member | None = None
) -> None:
    """Send a card to whoever opened the poll, or to all organisers if that person is none any more."""
    starter = await db.get(Member, poll.created_by) if poll.created_by else None
    people = [starter] if starter and await roles_of(db, starter, now) & {"organiser", "admin"} else []
    if not people:
        people = list(await holders(db, "organiser", now))
    no_send = await no_send_dates(db)
    to = [
        delivery.To(member=each, due=quiet.next_allowed(each, now, no_send), expires=now + VALID)
        for each in people
        if but is None or each.id != but.id
    ]
    if to:
        await delivery.plan(db, kind=kind, subject=subject, occurrence=occurrence, to=to, now=now)


async def decide(ctx: Context, press: Press) -> Answers:
    """Take the organiser's decision between topics that are equal."""
    poll = await locked(ctx, press.key)
    found = await stored.options(ctx.db, poll)
    tied = poll_totals.best(poll.kind, found) if poll.state == "closed" and poll.kind == "topic" else []
    chosen = next((each for each in tied if str(each.id) == press.arg), None)
    if chosen is None:
        return [*await show(ctx, poll), Toast(say("t_stale"))]
    await _decided(ctx, poll, chosen)
    await _post(ctx.db, poll, ctx.now)
    return await show(ctx, poll)


async def make_meeting(ctx: Context, press: Press) -> Answers:
    """Decide for a date and open the form of a meeting with title, start and length filled in.

    Of a topic poll the chosen topic becomes the theme.
    """
    poll = await locked(ctx, press.key)
    found = await stored.options(ctx.db, poll)
    values = {"zone": poll.zone, "audience": next(iter(poll.audience.get("categories") or ()), "all")}
    topic = next((each for each in found if each.id == poll.chosen_id and poll.kind == "topic"), None)
    if topic is not None and str(topic.id) == press.arg:
        return [Ask("meeting", "", values | {"theme": topic.title})]
    slot = next((each for each in found if str(each.id) == press.arg and each.starts_at is not None), None)
    if slot is None or poll.state not in ("closed", "decided"):
        return [*await show(ctx, poll), Toast(say("t_stale"))]
    decided = next((each for each in found if each.id == poll.chosen_id), None)
    if await stored.meeting_of(ctx.db, poll, decided) is not None:
        return [*await show(ctx, poll), Toast(say("t_stale"))]
    assert slot.starts_at is not None
    if slot.starts_at <= ctx.now:
        return [Toast(say("f_past"), alert=True)]
    await _decided(ctx, poll, slot)
    values |= {"start": slot.starts_at.isoformat(), "length": str(poll.minutes or 90)}
    values |= {"title": poll.question, "theme": poll.question}
    return [Ask("meeting", "", values), *await show(ctx, poll)]


async def _decided(ctx: Context, poll: Poll, chosen: PollOption) -> None:
    if await stored.decide(ctx.db, poll, chosen):
        audit.note(ctx.db, ctx.now, ctx.me.id, "decide_poll", poll.key)
        await cards.touch(ctx.db, EVERY, poll.key)


async def tell_suggestion(db: Session, poll: Poll, suggestion: PollOption, now: datetime) -> None:
    """Let organisers know of a suggestion; nobody is named."""
    await tell(db, poll, SUGGESTION, f"{poll.key}.{suggestion.id}", "", now)


async def draw_suggestion(db: Session, drawing: Drawing) -> Message | Skip:
    """Draw one suggestion, or what became of it."""
    key, _, number = drawing.subject.partition(".")
    poll = await stored.by_key(db, key)
    suggestion = await stored.option(db, poll, int(number)) if poll and number.isdigit() else None
    if poll is None or suggestion is None:
        return Skip("gone")
    if drawing.first and (suggestion.position != stored.PENDING or poll.state != "open"):
        return Skip("decided")
    return _suggestion_card(poll, suggestion)


def _suggestion_card(poll: Poll, suggestion: PollOption) -> Message:
    lines: list[Text] = [say("pl_suggestion", question=poll.question), Bold(suggestion.title)]
    status = button("status", "pshow", poll.key)
    if suggestion.position == stored.PENDING and poll.state == "open":
        return Message(tuple(lines), rows(_about(poll, suggestion), row(status)))
    lines.append(say("pl_let_in" if suggestion.position > 0 else "pl_left_out"))
    return Message(tuple(lines), rows(row(status)))


def _about(poll: Poll, suggestion: PollOption, rev: str = "", number: int = 0) -> Row:
    """Make the two buttons about a suggestion; in a list they carry its number."""
    begin: Text = f"{number} · " if number else ""
    add = Press("psugok", poll.key, rev, f"{suggestion.id}.y")
    leave = Press("psugok", poll.key, rev, f"{suggestion.id}.n")
    return row(Button((begin, say("b_let_in")), add), Button((begin, say("b_leave_out")), leave))


async def judge(ctx: Context, press: Press) -> Answers:
    """Put a suggestion on everybody's ballot, or leave it out."""
    poll = await locked(ctx, press.key)
    name, _, verdict = press.arg.partition(".")
    suggestion = await stored.option(ctx.db, poll, int(name)) if name.isdigit() and len(name) < 10 else None
    if suggestion is None or not suggestion.suggested:
        raise UserError(say("e_gone"))
    toast: Text = say("t_stale")
    if suggestion.position == stored.PENDING and poll.state == "open":
        if verdict != "y":
            await stored.leave_out(ctx.db, suggestion)
            toast = say("pl_left_out")
        elif await stored.let_in(ctx.db, poll, suggestion):
            toast = say("pl_let_in")
            await cards.touch(ctx.db, (*MEMBER, CHANNEL), poll.key)
        else:
            return [Toast(say("pl_six"), alert=True)]
        audit.note(ctx.db, ctx.now, ctx.me.id, "judge_suggestion", poll.key)
        ref = ctx.inbound.message if isinstance(ctx.inbound, Click) else None
        await cards.touch(ctx.db, (STATUS,), poll.key, but=ref)
        await cards.touch(ctx.db, (SUGGESTION,), f"{poll.key}.{suggestion.id}", but=ref)
    if press.rev == IN_STATUS:
        return [*await show(ctx, poll), Toast(toast)]
    card = Card(SUGGESTION, f"{poll.key}.{suggestion.id}")
    return [turned(ctx, _suggestion_card(poll, suggestion), card), Toast(toast)]
