"""The dry run for one person: each message of a meeting with its moment in their zone, or the reason why not."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from sqlalchemy import select

from chat.message import Message, button, row, rows
from chat.text import Bold, Text, When, say, zone_city
from handlers import _planning, _quota, _recipients, _reminding, _schedule_drafts
from handlers._feature import Context
from handlers._schedule import BULK, Calendar, Row
from handlers._schedule_screens import reason as general
from handlers._schedule_screens import whom
from handlers._sends import platform_name
from handlers._sends import reason as why_not
from scheduler import quiet
from scheduler.delivery import choose_account, silence
from storage import invitations, polls
from storage.deliveries import Campaign, Delivery
from storage.meetings import Invitation, Meeting
from storage.members import Member

AFTER = ("visa", "attended", "absent", "unanswered")
"""Who these are is known only then; a yes may become one of them."""


async def screen(ctx: Context, meeting: Meeting, member: Member) -> Message:
    """Draw what one member gets about a meeting as things stand; names stand here, so only in private."""
    dates = await _reminding.calendar(ctx.db, meeting)
    invitation = await invitations.find(ctx.db, meeting, member)
    account = choose_account(member)
    platform = platform_name(account.platform) if account else "–"
    lines: list[Text] = [
        Bold(say("sc_one_of", name=member.name, code=meeting.code)),
        say("sc_one_zone", zone=zone_city(member.zone, ctx.reader), platform=platform),
    ]
    found: list[tuple[datetime | None, Text]] = []
    if invitation is None:
        found.append(await _invitation(ctx, meeting, member))
    else:
        found.append((None, await _invited(ctx, meeting, member)))
    if found[0][0] is not None or invitation is not None:
        found += await _rows(ctx, dates, member, invitation)
    lines += [(f"{number}. ", text) for number, (_, text) in enumerate(found, 1)]
    return Message(
        tuple(lines[:38]),
        rows(row(button("back", "sched", meeting.key), button("sc_one", "schedone", meeting.key))),
        silent=True,
    )


async def _invitation(ctx: Context, meeting: Meeting, member: Member) -> tuple[datetime | None, Text]:
    plan = await _planning.build(ctx.db, meeting, "invitation", ctx.now)
    mine = next((each for each in plan.everybody if each.member.id == member.id), None)
    head = say("sc_row_invitation")
    if mine is None:
        return None, (head, " · ", say("sc_why_not_invited"))
    if mine.reason:
        return None, (head, " · ", why_not(mine.reason))
    if mine.digest:
        return mine.due, (head, " · ", say("sc_why_digest"))
    return mine.due, (When(mine.due, member.zone), " · ", head)


async def _invited(ctx: Context, meeting: Meeting, member: Member) -> Text:
    """Say what became of an invitation; one that was brought in from a file counts as sent."""
    head = say("sc_row_invitation")
    found = await ctx.db.execute(
        select(Delivery.state, Delivery.due_at, Delivery.reason)
        .join(Campaign, Campaign.id == Delivery.campaign_id)
        .where(Campaign.kind == "invitation", Campaign.subject == meeting.key, Delivery.member_id == member.id)
        .order_by(Delivery.id.desc())
        .limit(1)
    )
    for state, due, reason in found:
        if state in ("queued", "sending"):
            return (When(due, member.zone), " · ", head)
        if state != "sent":
            return (head, " · ", why_not(reason or state))
    return (head, " · ", say("sc_sent"))


async def _rows(
    ctx: Context, dates: Calendar, member: Member, invitation: Invitation | None
) -> list[tuple[datetime | None, Text]]:
    sent = await _written(ctx, dates.meeting, member)
    week = await _week(ctx, dates, member)
    made = await _before(ctx, dates, member)
    asked: list[datetime] = []
    for each in sorted(dates.rows, key=lambda one: dates.slot(one, member)):
        if each.rule.draft or each.rule.to in ("organisers", "moderators") or not _reminding.drawn(each.kind):
            continue
        head: Text = say(f"sc_row_{each.rule.key}")
        state = sent.get(_reminding.occurrence(dates.meeting, each))
        if state is not None and state[0] == "sent":
            made.append((state[1], (When(state[1], member.zone), " · ", head, " · ", say("sc_sent"))))
            continue
        reason = _reason(dates, each, member, invitation, ctx.now)
        due = dates.slot(each, member)
        if reason is None and each.rule.to in ("silent", "maybe"):
            if any(due - other < _recipients.GAP for other in asked):
                reason = say("sc_why_asked")
            asked.append(due)
        counts = each.rule.counted and each.rule.to != "absent"  # who was absent is not asked what others are asked
        if reason is None and counts and week is not None and state is None:
            reason = None if week.take(member.id, due) else say("sc_why_digest")
        if reason is not None:
            made.append((None, (head, " · ", reason)))
            continue
        text: tuple[Text, ...] = (When(due, member.zone), " · ", head)
        if each.rule.to in AFTER:
            text += (" · ", say("sc_why_later"))
        made.append((due, (*text, *_moved(dates, each, member, due))))
    return made


async def _before(ctx: Context, dates: Calendar, member: Member) -> list[tuple[datetime | None, Text]]:
    """Say what comes before the announcement: of it a member gets the poll's reminder alone, if they have not voted."""
    made: list[tuple[datetime | None, Text]] = []
    for each in await _schedule_drafts.stands(ctx.db, dates, ctx.now):
        head: Text = say(f"sc_row_{each.row.rule.key}")
        due = quiet.bulk_slot(member, each.at, dates.no_send)
        reason: Text | None = say(each.reason) if each.reason else None
        if reason is None and each.row.rule.to != "not_voted":
            reason = say("sc_why_reply", who=whom(each.row))
        reason = reason or silent(member, due) or await _voted(ctx, dates, member)
        if reason is not None:
            made.append((None, (head, " · ", reason)))
            continue
        note: tuple[Text, ...] = (" · ", say(each.note)) if each.note else ()
        made.append((due, (When(due, member.zone), " · ", head, *note)))
    return made


async def _voted(ctx: Context, dates: Calendar, member: Member) -> Text | None:
    """Tell why the open topic poll does not remind a member; None if it does, or if none is open."""
    poll = (await _schedule_drafts.topic_poll(ctx.db, dates.meeting, ctx.now)).poll
    if poll is None:
        return None
    if not await polls.entitled(ctx.db, poll, member):
        return say("sc_why_not_invited")
    mine = await polls.ballot(ctx.db, poll, member)
    return say("sc_why_voted") if mine is not None and mine.choices else None


def silent(member: Member, due: datetime) -> Text | None:
    """Tell why no message at all reaches a member at a moment; None if one does."""
    asleep = silence(member, due)
    if asleep:
        return why_not(asleep)
    if choose_account(member) is None:
        known = next((each.reason for each in member.accounts if each.reason), "")
        return why_not(known or ("not_started" if member.accounts else "no_account"))
    return None


async def _week(ctx: Context, dates: Calendar, member: Member) -> _quota.Week | None:
    """Read what counts against the member's cap around this meeting, other meetings' messages included."""
    most = await _quota.cap(ctx.db)
    if not most:
        return None
    moments = [dates.slot(each, member) for each in dates.rows]
    query = (
        select(Delivery.due_at)
        .join(Campaign, Campaign.id == Delivery.campaign_id)
        .where(
            Delivery.member_id == member.id, Campaign.kind.in_(_quota.COUNTED), Delivery.state.in_(_quota.PLANNED),
            Delivery.due_at > min(moments) - _quota.WEEK, Delivery.due_at < max(moments) + _quota.WEEK,
        )
    )  # fmt: skip
    return _quota.Week(most, {member.id: sorted(await ctx.db.scalars(query))})


async def _written(ctx: Context, meeting: Meeting, member: Member) -> dict[str, tuple[str, datetime]]:
    """Give state and moment of what is written for a member about a meeting, by occurrence."""
    found = await ctx.db.execute(
        select(Campaign.occurrence, Delivery.state, Delivery.due_at)
        .join(Delivery, Delivery.campaign_id == Campaign.id)
        .where(Campaign.subject == meeting.key, Delivery.member_id == member.id, Delivery.state != "cancelled")
    )
    return {occurrence: (state, due) for occurrence, state, due in found}


def _reason(dates: Calendar, found: Row, member: Member, invitation: Invitation | None, now: datetime) -> Text | None:
    """Tell why a member does not get a row; None if they do."""
    key = general(dates, found, None, now)
    if key and key != "sc_why_past":
        return say(key)
    due = dates.slot(found, member)
    unreached = silent(member, due)
    if unreached is not None:
        return unreached
    reply = invitation.reply if invitation else "none"
    if invitation is not None and invitation.withdrawn:
        return say("sc_why_not_invited")
    if reply == "no":
        return say("sc_why_no")
    wanted = _recipients.REPLIES.get(found.rule.to, ("yes",))
    if reply not in wanted or (invitation is not None and not found.takes(invitation.mode)):
        return say("sc_why_reply", who=whom(found))
    if due <= now and not (found.rule.late and now < dates.expiry(found, member)):
        return say("sc_why_past")
    return say("sc_why_expired") if due >= dates.expiry(found, member) else None


def _moved(dates: Calendar, found: Row, member: Member, due: datetime) -> tuple[Text, ...]:
    """Say from when a message was moved, and why."""
    wanted = _wanted(dates, found, member)
    if wanted is None or wanted == due:
        return ()
    local = wanted.astimezone(ZoneInfo(member.zone))
    if local.date() in dates.no_send:
        why = "sc_moved_no_send"
    elif str(local.weekday()) in member.weekend.split(","):
        why = "sc_moved_weekend"
    else:
        why = "sc_moved_quiet"
    return (" · ", say("sc_moved", when=When(wanted, member.zone), why=say(why)))


def _wanted(dates: Calendar, found: Row, member: Member) -> datetime | None:
    if found.rule.hour is None or found.rule.host:
        return None
    day: date = dates.day(found, member.zone)
    hour: time = found.hour or BULK
    return datetime.combine(day, hour, ZoneInfo(member.zone)).astimezone(UTC)
