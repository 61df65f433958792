"""Opening a poll: preview, confirm, undo until the first message leaves; and the one reminder to who is silent."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from chat.errors import UserError
from chat.message import AnyButton, Button, Message, Press, button, row, rows
from chat.outbound import Answer, Ask, Card, Edit, Invalid, Reply, Toast
from chat.text import Bold, Italic, LanguageName, Text, When, say
from handlers import _polls_cards as drawn
from handlers import _polls_forms as forms
from handlers import _polls_results as results
from handlers import _quota, _send_notices, _sends
from handlers._cards import TEST
from handlers._feature import Answers, Context
from handlers._planning import CONFIRM_WITHIN, HOLD, Recipient
from handlers._polls_cards import CHANNEL, KINDS, REMINDERS
from handlers._polls_results import CLOSE, REMIND, turned
from handlers._reminding import no_send_dates
from handlers._schedule import topic_poll
from handlers._sends import listed, platform_name
from handlers._welcome import go
from scheduler import cards, delivery, quiet, timers
from storage import audience, audit, sends
from storage import polls as stored
from storage.communities import Channel
from storage.database import Session
from storage.deliveries import Campaign
from storage.members import Member
from storage.polls import Poll, PollOption
from storage.timers import Timer

COUNT_FROM = 50
"""From so many people on the number is typed before anything is sent (conversation, settled point a)."""
REMIND_AFTER = timedelta(days=7)
"""How long after the opening those who are silent about dates are reminded, if half of the time is not shorter."""


LAST_CALL = timedelta(days=1)
"""How long before a topic poll closes its reminder must come."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Be a poll as it would be opened now: for whom, when, in which channels."""

    poll: Poll
    found: tuple[PollOption, ...]
    everybody: tuple[Recipient, ...]
    channels: tuple[Channel, ...]
    first: datetime
    last: datetime

    @property
    def reached(self) -> tuple[Recipient, ...]:
        """Give those who would get it, in a digest if three messages come in that week already."""
        return tuple(each for each in self.everybody if not each.reason)

    @property
    def digested(self) -> tuple[Recipient, ...]:
        """Give those who get a digest instead, because of the weekly cap."""
        return tuple(each for each in self.reached if each.digest)

    @property
    def empty(self) -> bool:
        """Tell whether nobody would get anything."""
        return not self.channels if self.poll.kind == "quick" else not self.reached

    def digest(self, minute: int) -> str:
        """Give 16 hexadecimal characters that stand for everything the preview says, and for when it was made."""
        poll = self.poll
        parts: list[object] = [
            minute, poll.key, poll.kind, poll.question, poll.closes_at, poll.zone, poll.minutes, poll.suggestions,
            poll.live, *((each.title, each.line, each.starts_at) for each in self.found),
            *((each.id, each.chat) for each in self.channels),
            *((each.member.id, each.platform, each.reason, each.due.date(), each.digest) for each in self.everybody),
        ]  # fmt: skip
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


async def build(db: Session, poll: Poll, now: datetime) -> Plan:
    """Work out who would get a poll: members in private, channels a card with the number of voters."""
    people: list[Recipient] = []
    if poll.kind != "quick":
        no_send = await no_send_dates(db)
        people = [_recipient(each, now, poll.closes_at, no_send) for each in await audience.members(db, poll.audience)]
        wanted = [(each.member, each.due) for each in people if not each.reason]
        over = await _quota.surplus(db, KINDS[poll.kind], wanted)
        people = [replace(each, digest=True) if each.member.id in over else each for each in people]
    dues = [each.due for each in people if not each.reason] or [now + HOLD]
    found = tuple(await stored.options(db, poll))
    return Plan(poll, found, tuple(people), await _channels(db, poll), min(dues), max(dues))


def _recipient(member: Member, now: datetime, expires: datetime, no_send: frozenset[date]) -> Recipient:
    soonest = now + HOLD
    due = max(quiet.bulk_slot(member, now, no_send), soonest)
    if due >= expires:
        due = quiet.next_allowed(member, soonest, no_send)
    platform, reason = delivery.way(member, due)
    return Recipient(member, platform, due, reason or ("too_late" if due >= expires else ""))


async def _channels(db: Session, poll: Poll) -> tuple[Channel, ...]:
    """Give the channels that show it: those chosen, or the members' ones if everybody is asked."""
    if poll.kind != "quick" and poll.audience:
        return ()
    query = select(Channel).where(Channel.reachable.is_(True)).order_by(Channel.id)
    if poll.kind != "quick":
        query = query.where(Channel.purpose == "members")
    return tuple(each for each in await db.scalars(query) if poll.kind != "quick" or each.id in poll.channels)


async def preview(ctx: Context, poll: Poll) -> Message:
    """Draw the card that comes before a poll is opened: who, where, when, and what they get."""
    plan = await build(ctx.db, poll, ctx.now)
    lines: list[Text] = [(Bold(say(f"b_poll_{poll.kind}")), ": ", drawn.heading(poll))]
    if poll.kind != "quick":
        lines += _people(plan)
    if plan.channels:
        named = [f"{each.title or each.chat} ({platform_name(each.platform)})" for each in plan.channels]
        lines.append(say("m_channels", channels=listed([*named])))
    edit = button("edit", "pedit", poll.key)
    if plan.empty or poll.closes_at <= plan.first:
        lines.append(say("m_nobody" if plan.empty else "f_past"))
        return Message(tuple(lines), rows(row(edit, go("desk", "desk"))))
    sample = drawn.member_card(poll, plan.found, {}, ctx.now)
    lines += [say("m_they_get"), *(Italic(each) for each in sample.lines)]
    minute = int(ctx.now.timestamp() // 60)
    arg = f"{plan.digest(minute)}.{minute}"
    send: Text = say("b_send") if poll.kind == "quick" else say("b_send_n", n=str(len(plan.reached)))
    return Message(
        tuple(lines),
        rows(
            row(button("test_me", "ptest", poll.key), edit),
            row(Button(send, Press("psend", poll.key, "", arg), "primary"), button("cancel_form", "pdrop", poll.key)),
        ),
        (say("m_confirm_within"),),
    )


def _people(plan: Plan) -> list[Text]:
    zone = plan.poll.zone
    why = Counter(each.reason for each in plan.everybody if each.reason)
    lines: list[Text] = []
    if plan.reached:
        platforms = Counter(each.platform for each in plan.reached)
        numbers = ", ".join(f"{n} {platform_name(name)}" for name, n in sorted(platforms.items()))
        lines.append(say("m_people", n=len(plan.reached), platforms=numbers))
        tongues = Counter(each.member.language for each in plan.reached).most_common()
        lines.append(say("m_languages", languages=listed([(LanguageName(code), f" {n}") for code, n in tongues])))
        one = plan.first == plan.last
        first, last = When(plan.first, zone), When(plan.last, zone)
        lines.append(say("m_all_at", first=first) if one else say("m_first_last", first=first, last=last))
    if plan.digested:
        lines.append(say("sc_in_digest", n=len(plan.digested)))
    if why:
        reasons = listed([(_sends.reason(word), f" {n}") for word, n in why.most_common()])
        lines.append(say("m_not_reached", n=sum(why.values()), reasons=reasons))
    elif plan.reached:
        lines.append(say("m_all_reached"))
    return lines


async def saved(ctx: Context, kind: str, subject: str, values: dict[str, str]) -> Answers:
    """Save a draft and show its preview."""
    poll = await forms.save(ctx, kind, subject, values)
    if isinstance(poll, Invalid):
        return [poll]
    audit.note(ctx.db, ctx.now, ctx.me.id, "edit_poll" if subject else "create_poll", poll.key)
    return [Reply(await preview(ctx, poll), private=True)]


async def edit(ctx: Context, press: Press) -> Answers:
    """Ask about a draft again."""
    poll = await results.locked(ctx, press.key)
    if poll.state != "draft":
        return [*await results.show(ctx, poll), Toast(say("pl_sent_already"))]
    return [
        Ask(f"poll_{poll.kind}", poll.key, forms.values_of(poll, await stored.options(ctx.db, poll), ctx.reader.zone))
    ]


async def test(ctx: Context, press: Press) -> Answers:
    """Send the card to the organiser alone; its buttons change nothing."""
    poll = await results.locked(ctx, press.key)
    shown = drawn.member_card(poll, await stored.options(ctx.db, poll), {}, ctx.now, rev=TEST)
    return [Reply(replace(shown, fine=(*shown.fine, say("m_test_note"))), private=True)]


async def drop(ctx: Context, press: Press) -> Answers:
    """Leave a preview without sending."""
    shown = row(button("preview", "pshow", press.key), go("polls", "polls"))
    return [Edit(Message((say("m_nothing_sent"),), rows(shown)))]


async def confirm(ctx: Context, press: Press) -> Answers:
    """Open the poll the preview showed, if it still is what would happen; many people need a typed number first."""
    done = await _open(ctx, press.key, press.arg, typed=None)
    if isinstance(done, int):
        return [Ask("poll_count", f"{press.key}.{press.arg}")]
    return [done]


async def counted(ctx: Context, subject: str, values: dict[str, str]) -> Answers:
    """Open it if the typed number is the number of people."""
    key, _, arg = subject.partition(".")
    done = await _open(ctx, key, arg, typed=int(values["count"]))
    if isinstance(done, int):
        return [Invalid({"count": say("m_count_wrong", typed=values["count"], n=str(done))})]
    return [done]


async def _open(ctx: Context, key: str, arg: str, *, typed: int | None) -> Answer | int:
    """Open a poll; give the answer, or the number of people that must be typed first."""
    poll = await results.locked(ctx, key)
    if poll.state != "draft":
        return (await results.show(ctx, poll))[0]
    digest, _, minute = arg.partition(".")
    if len(digest) != 16 or not minute.isdigit() or len(minute) > 9:
        raise UserError(say("e_gone"))
    made = datetime.fromtimestamp(int(minute) * 60, UTC)
    plan = await build(ctx.db, poll, ctx.now)
    fresh = made <= ctx.now < made + CONFIRM_WITHIN and plan.digest(int(minute)) == digest
    if not fresh or plan.empty or poll.closes_at <= plan.first:
        again = Button(say("b_preview"), Press("pshow", poll.key), "primary")
        return turned(ctx, Message((drawn.heading(poll), say("m_changed")), rows(row(again))))
    if len(plan.reached) >= COUNT_FROM and typed != len(plan.reached):
        return len(plan.reached)
    campaign = await _carry_out(ctx, plan, digest)
    return turned(ctx, await progress(ctx, campaign, poll), Card("progress", campaign.key))


async def _carry_out(ctx: Context, plan: Plan, digest: str) -> Campaign:
    db, poll, now = ctx.db, plan.poll, ctx.now
    hold = max(plan.first - now, HOLD)
    kind = KINDS[poll.kind]
    before = await db.scalar(select(func.count()).where(Campaign.kind == kind, Campaign.subject == poll.key))
    occurrence = str((before or 0) + 1)
    shown = [delivery.To(channel=each, due=plan.first, expires=poll.closes_at) for each in plan.channels]
    to, along = shown, []
    if poll.kind != "quick":
        people = [each for each in plan.everybody if not each.digest]
        to = [delivery.To(member=each.member, due=each.due, expires=poll.closes_at) for each in people]
        instead = [delivery.To(member=each.member, due=each.due) for each in plan.digested]
        await _quota.put_off(db, kind, instead, now)
        if shown:
            public = await delivery.plan(
                db, kind=CHANNEL, subject=poll.key, occurrence=occurrence, to=shown, now=now, by=ctx.me, hold=hold
            )
            along = [public.key]
    campaign = await delivery.plan(
        db, kind=kind, subject=poll.key, occurrence=occurrence, to=to, now=now, by=ctx.me, hold=hold,
        details={"with": along}, content_hash=digest,
    )  # fmt: skip
    poll.state, poll.channels = "open", [each.id for each in plan.channels]
    await timers.call_at(db, CLOSE, poll.key, poll.closes_at)
    due = reminds_at(poll, plan.first, ctx.community.settings) if poll.kind in REMINDERS else None
    if due is not None:
        await timers.call_at(db, REMIND, poll.key, due, not_after=poll.closes_at)
    await _send_notices.watch(db, campaign, now)
    audit.note(db, now, ctx.me.id, f"send_{kind}", campaign.key)
    await db.flush()
    return campaign


def reminds_at(poll: Poll, opened: datetime, settings: Mapping[str, Any]) -> datetime | None:
    """Give when those who are silent are reminded: a topic poll as the community has it, None for never (T-53).

    A poll that is open for less than a day longer than that reminds at half of its time.
    """
    half = opened + (poll.closes_at - opened) / 2
    if poll.kind != "topic":
        return min(opened + REMIND_AFTER, half)
    after = topic_poll(settings)[0]
    if after is None:
        return None
    return opened + after if opened + after + LAST_CALL <= poll.closes_at else half


async def progress(ctx: Context, campaign: Campaign, poll: Poll) -> Message:
    """Draw the card of the send with the poll's name and the ways back to the poll."""
    shown = await _sends.draw(ctx.db, campaign, ctx.now, ctx.me)
    kept = tuple(row(*(_own(each) for each in line)) for line in shown.rows)
    onward = button("preview" if campaign.state == "cancelled" else "status", "pshow", poll.key)
    return replace(shown, lines=(drawn.heading(poll), *shown.lines[1:]), rows=rows(*kept, row(onward)))


def _own(each: AnyButton) -> AnyButton:
    """Let the button that takes a send back take the poll back, too."""
    if isinstance(each, Button) and each.press.verb == "undo":
        return replace(each, press=Press("pundo", each.press.key))
    return each


async def undo(ctx: Context, press: Press) -> Answers:
    """Take the opening back before the first message leaves; the poll is a draft again."""
    campaign = await sends.by_key(ctx.db, press.key)
    poll = await stored.lock(ctx.db, campaign.subject) if campaign else None
    if campaign is None or poll is None:
        raise UserError(say("e_gone"))
    note: Text = say("m_undone")
    if campaign.state != "cancelled":
        if await delivery.undo(ctx.db, campaign, ctx.now):
            await undone(ctx.db, campaign, ctx.me, ctx.now)
        else:
            note = say("m_undo_late") if campaign.state == "sending" else say("t_stale")
    return [turned(ctx, await progress(ctx, campaign, poll), Card("progress", campaign.key)), Toast(note)]


async def undone(db: Session, campaign: Campaign, by: Member, now: datetime) -> None:
    """Make a draft again of a poll whose send was just taken back, its row held by `storage.polls.lock`."""
    poll = await stored.lock(db, campaign.subject)
    if poll is None:
        return
    for along in (await _sends.family(db, campaign))[1:]:
        await delivery.undo(db, along, now)
    for kind in (CLOSE, REMIND):
        await timers.cancel(db, kind, poll.key)
    await timers.cancel(db, _send_notices.TIMER, campaign.key)
    poll.state = "draft" if poll.state == "open" else poll.state
    audit.note(db, now, by.id, f"undo_{campaign.kind}", campaign.key)
    await db.flush()
    await cards.touch(db, drawn.EVERY, poll.key)


async def remind(db: Session, timer: Timer, now: datetime) -> None:
    """Remind those who have not voted, once, each at a decent hour of their own."""
    poll = await stored.by_key(db, timer.subject)
    if poll is None or poll.state != "open" or drawn.over(poll, now):
        return
    no_send = await no_send_dates(db)
    to = _in_time(await stored.silent(db, poll), now, poll.closes_at, no_send)
    kind = REMINDERS[poll.kind]
    to = await _quota.spread(db, kind, to, now)
    if to:
        await delivery.plan(db, kind=kind, subject=poll.key, occurrence="", to=to, now=now)


def _in_time(people: Sequence[Member], now: datetime, end: datetime, no_send: frozenset[date]) -> list[delivery.To]:
    found: list[delivery.To] = []
    for each in people:
        due = quiet.bulk_slot(each, now, no_send)
        if due >= end:
            due = quiet.next_allowed(each, now, no_send)
        if due < end:
            found.append(delivery.To(member=each, due=due, expires=end))
    return found
