"""The organisers' view of one meeting: counts that follow every reply, and names in private."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from chat.message import Button, Message, Press, button, row, rows
from chat.outbound import Card, Edit, Reply
from chat.text import Bold, Text, When, say
from handlers import _reminding
from handlers._cards import choice_label, state_label, when
from handlers._feature import Answers, Context, Feature
from handlers._meetings import about, pressed
from scheduler.contract import Drawing, Skip
from storage import invitations
from storage.database import Session
from storage.deliveries import Campaign, Delivery
from storage.meetings import Meeting, by_key
from storage.members import CATEGORIES
from storage.timers import Timer

feature = Feature("status")

PAGE = 10
NAMES = 200
FOLLOWED = ("draft", "scheduled", "inviting", "closed", "live", "held")
ORDER = ("yes", "delegated", "waitlisted", "maybe", "no", "none")
EDITABLE = ("draft", "scheduled", "inviting", "closed")


@feature.command("meeting status", who="organiser", where="slack")
@about("meeting status", ("inviting", "closed", "live"))
async def status(ctx: Context, meeting: Meeting) -> Answers:
    """Show the counts; the card follows every reply."""
    return [Reply(await draw(ctx.db, meeting, ctx.now), card=Card("status", meeting.key))]


@feature.command("meeting roster", "meeting names", "meeting answers", who="organiser")
@about("meeting roster", ("inviting", "closed", "live"))
async def roster(ctx: Context, meeting: Meeting) -> Answers:
    """Show names by reply, in private."""
    return [Reply(await _names(ctx, meeting, 0))]


@feature.click("status", who="organiser")
async def pressed_status(ctx: Context, press: Press) -> Answers:
    """Show the status from a button."""
    meeting = await pressed(ctx, press.key)
    shown, card = await draw(ctx.db, meeting, ctx.now), Card("status", meeting.key)
    return [Edit(shown, card)] if ctx.inbound.where.kind == "dm" else [Reply(shown, private=True, card=card)]


@feature.click("roster", who="organiser")
async def pressed_roster(ctx: Context, press: Press) -> Answers:
    """Turn the pages of the names; from an organisers' channel they come in private."""
    shown = await _names(ctx, await pressed(ctx, press.key), int(press.rev) if press.rev.isdigit() else 0)
    return [Edit(shown)] if ctx.inbound.where.kind == "dm" else [Reply(shown, private=True)]


@feature.card("status")
async def redraw(db: Session, drawing: Drawing) -> Message | Skip:
    """Draw the status again after a change."""
    meeting = await by_key(db, drawing.subject)
    return await draw(db, meeting, drawing.now) if meeting else Skip("gone")


async def draw(db: Session, meeting: Meeting, now: datetime) -> Message:
    """Draw the status card: counts only, so that it may stand in the organisers' channel."""
    lines: list[Text] = [(Bold(f"{meeting.code} · {meeting.title}"), " · ", state_label(meeting)), when(meeting)]
    if meeting.state in ("draft", "scheduled"):
        lines.append(say("m_not_sent_yet"))
        again = Button(say("b_preview"), Press("preview", meeting.key, "", "i"), "primary")
        return Message(tuple(lines), rows(row(again, button("edit", "medit", meeting.key))))
    counts = await invitations.counts(db, meeting)
    lines.append(Bold(say("m_counts_all", **{each: counts[each] for each in ("yes", "maybe", "no", "none")})))
    parts = await invitations.by_category(db, meeting)
    if len(parts) > 1:
        lines.append(
            tuple(
                piece
                for category, invited, coming in parts
                for piece in (say("m_category", category=_category(category), yes=coming, n=invited), "\n")
            )[:-1]
        )
    unreached = await _unreached(db, meeting)
    if unreached:
        lines.append(say("m_unreached", n=unreached))
    running = meeting.state in ("inviting", "closed") and now < meeting.starts_at
    if running:
        lines.append(say("m_reply_by", when=When(meeting.rsvp_deadline, meeting.zone)))
    following = await _next_send(db, meeting, now)
    if following is not None:
        lines.append(say("m_next_send", when=When(following, meeting.zone)))
    asks = running and counts["none"] > 0
    first = row(
        Button(say("b_nudge", n=str(counts["none"])), Press("nudge", meeting.key)) if asks else None,
        button("names", "roster", meeting.key, 0),
    )
    second = row(
        Button(say("b_preview"), Press("preview", meeting.key, "", "i")) if running else None,
        button("edit", "medit", meeting.key) if meeting.state in EDITABLE else None,
        button("feedback", "fbsum", meeting.key) if meeting.state in ("held", "memo_issued", "archived") else None,
    )
    return Message(tuple(lines), rows(first, second))


def _category(name: str) -> Text:
    return say(f"cat_{name}") if name in CATEGORIES else name or say("cat_none")


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
    moments = [_reminding.nominal(meeting, each) for each in waiting] + ([queued] if queued else [])
    return min((each for each in moments if each >= now), default=None)


async def _names(ctx: Context, meeting: Meeting, page: int) -> Message:
    counts = await invitations.counts(ctx.db, meeting)
    everybody = sum(counts.values())
    lines: list[Text] = [Bold(f"{meeting.code} · {meeting.title}")]
    navigation = [button("back", "roster", meeting.key, page - 1) if page else None]
    if everybody > NAMES:
        lines.append(say("m_too_many", n=everybody))
    elif not everybody:
        lines.append(say("m_not_sent_yet"))
    else:
        ordered = [
            (choice, member)
            for choice in ORDER
            for member, _ in (await invitations.who_replied(ctx.db, meeting, choice) if counts.get(choice) else ())
        ]
        shown = ordered[page * PAGE : (page + 1) * PAGE]
        for number, (choice, member) in enumerate(shown, page * PAGE + 1):
            lines.append((f"{number}. ", member.name, " · ", _reply(choice)))
        if len(ordered) > (page + 1) * PAGE:
            navigation.append(button("next", "roster", meeting.key, page + 1))
    navigation.append(button("status", "status", meeting.key))
    return Message(tuple(lines), rows(row(*navigation)), silent=True)


def _reply(choice: str) -> Text:
    return say(f"m_reply_{choice}") if choice in ("waitlisted", "delegated") else choice_label(choice)
