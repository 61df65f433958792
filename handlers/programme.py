"""The programme: how many meetings were promised, held and planned, and which themes and regions come twice."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from sqlalchemy import func, select

from chat.message import Message, Press, row, rows
from chat.outbound import Edit, Reply
from chat.text import Bold, Text, When, say
from handlers._commands import offer
from handlers._feature import Answers, Context, Feature
from handlers._welcome import no_right
from storage.communities import Community
from storage.database import Session
from storage.meetings import HELD, Meeting

feature = Feature("programme")

AHEAD = ("draft", "scheduled", "inviting", "closed", "live")
REPEATS = 3
"""Repeated pairs named; of more the rest is in the list of meetings."""
CODES = 6
"""Meetings named of one pair."""


@feature.command("programme", "program", "programa", "البرنامج", who="staff", where="slack")
async def programme(ctx: Context, _rest: str) -> Answers:
    """Show the programme: totals to donor viewers, themes and dates to organisers too."""
    shown = await _screen(ctx)
    return [Reply(shown or no_right())]


@feature.click("prog", who="staff")
async def pressed_programme(ctx: Context, _press: Press) -> Answers:
    """Show the programme from a button."""
    shown = await _screen(ctx) or no_right()
    return [Edit(shown)] if ctx.inbound.where.kind == "dm" else [Reply(shown, private=True)]


async def totals(db: Session, community: Community) -> list[Text]:
    """Count the meetings held and planned against the programme's targets, in one question; no title, no date."""
    found = await db.execute(
        select(Meeting.state, Meeting.format, func.count())
        .where(Meeting.kind == "meeting", Meeting.state != "cancelled")
        .group_by(Meeting.state, Meeting.format)
    )
    held, planned, room, room_planned = 0, 0, 0, 0
    for state, form, number in found:
        held += number * (state in HELD)
        planned += number * (state in AHEAD)
        room += number * (state in HELD and form == "in_person")
        room_planned += number * (state in AHEAD and form == "in_person")
    targets = ((community.settings or {}).get("programme") or {}).get("targets") or {}
    wanted, wanted_room = targets.get("meetings"), targets.get("in_person")
    parts = (
        _against(("prog_held", "prog_held_of"), held, wanted),
        _against(("prog_room", "prog_room_of"), room, wanted_room),
        say("prog_planned", n=planned),
    )
    line: Text = (parts[0], " · ", parts[1], " · ", parts[2])
    missing = max((wanted or 0) - held - planned, 0)
    missing_room = max((wanted_room or 0) - room - room_planned, 0)
    if not missing and not missing_room:
        return [line]
    return [line, say("prog_to_plan", n=max(missing, missing_room), room=missing_room)]


async def lines(db: Session, community: Community, now: datetime) -> list[Text]:
    """Say where the programme stands, for organisers: totals, pairs of theme and region, repeats, what comes next."""
    return [*await totals(db, community), *await _pairs(db), await _next(db, now)]


async def _pairs(db: Session) -> list[Text]:
    """Count the pairs of theme and region among meetings held and planned, and name those that come twice (A10)."""
    found = await db.execute(
        select(Meeting.theme, Meeting.region, Meeting.code)
        .where(Meeting.kind == "meeting", Meeting.state != "cancelled", Meeting.theme != "")
        .order_by(Meeting.starts_at, Meeting.id)
    )
    pairs: dict[tuple[str, str], list[str]] = defaultdict(list)
    for theme, region, code in found:
        pairs[theme.casefold().strip(), region.casefold().strip()].append(code)
    if not pairs:
        return []
    said: list[Text] = [say("prog_pairs", n=len(pairs))]
    twice = [codes for codes in pairs.values() if len(codes) > 1]
    return said + [say("prog_repeat", codes=_codes(codes)) for codes in twice[:REPEATS]]


def _codes(codes: list[str]) -> str:
    more = [f"+{len(codes) - CODES}"] if len(codes) > CODES else []
    return ", ".join(codes[:CODES] + more)


async def _next(db: Session, now: datetime) -> Text:
    meeting = await db.scalar(
        select(Meeting)
        .where(Meeting.state.in_(AHEAD), Meeting.starts_at > now)
        .order_by(Meeting.starts_at, Meeting.id)
        .limit(1)
    )
    if meeting is None:
        return say("prog_none_next")
    return say("prog_next", code=Bold(meeting.code), title=meeting.title, when=When(meeting.starts_at, meeting.zone))


def _against(keys: tuple[str, str], number: int, target: int | None) -> Text:
    return say(keys[1], n=number, target=target) if target else say(keys[0], n=number)


async def _screen(ctx: Context) -> Message | None:
    head: Text = Bold(say("prog_title", community=ctx.community.name))
    if ctx.organiser:
        found = await lines(ctx.db, ctx.community, ctx.now)
        return Message((head, *found), rows(offer(("meetings", "meetings_list"), ("desk", "desk"))), silent=True)
    if "donor_viewer" in ctx.roles:
        return Message((head, *await totals(ctx.db, ctx.community)), rows(row(*offer(("home", "home")))), silent=True)
    return None
