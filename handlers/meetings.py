"""What members see of meetings: what comes, and their own replies; for organisers the list of all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from chat.message import Button, Message, Press, button, row, rows
from chat.outbound import Edit, Reply
from chat.text import Bold, Text, When, say
from handlers import _webinar_registering
from handlers._cards import counts_line, state_label, when
from handlers._feature import Answers, Context, Feature
from handlers._own_reply import open_question, own_line
from handlers._welcome import go
from storage import invitations
from storage.meetings import Meeting, all_meetings, coming

feature = Feature("meetings")

T = TypeVar("T")

PAGE = 10
"""Items of one screen (conversation §1.6)."""
MINE, COMING, ALL = "my", "coming", "all"


@feature.command(
    "meetings", "events", "agenda", "réunions", "toplantılar", "الاجتماعات", "reuniones", where="any", menu=True
)
async def upcoming(ctx: Context, _rest: str) -> Answers:
    """List what comes: in private with the own reply, in a group title and date only."""
    if ctx.inbound.where.kind == "group":
        return [Reply(_public([each for each in await coming(ctx.db, ctx.now) if each.announce]))]
    if not await invitations.of_member(ctx.db, ctx.me, ctx.now):
        if ctx.organiser:
            return [Reply(await _all(ctx))]
        if ctx.roles:  # staff are not invited themselves
            return [Reply(_public(await coming(ctx.db, ctx.now)))]
    return [Reply(await _own(ctx, COMING))]


@feature.command(
    "my", "mine", "replies", "mes réponses", "yanıtlarım", "ردودي", "mis respuestas", where="slack", menu=True
)
async def my(ctx: Context, _rest: str) -> Answers:
    """List the own replies, also the No ones, each with a way to change it."""
    return [Reply(await _own(ctx, MINE)), *await _webinar_registering.mine(ctx)]


@feature.command("meetings list", "desk meetings", who="organiser")
async def every(ctx: Context, _rest: str) -> Answers:
    """List all meetings with their states and counts."""
    return [Reply(await _all(ctx))]


@feature.click("mtgpage")
async def turned(ctx: Context, press: Press) -> Answers:
    """Turn the page of a list; `rev` is its number from 0, `arg` which list."""
    number = int(press.rev) if press.rev.isdigit() else 0
    everything = press.arg == ALL and ctx.organiser
    shown = await _all(ctx, number) if everything else await _own(ctx, COMING if press.arg == COMING else MINE, number)
    return [Edit(shown) if ctx.inbound.where.kind == "dm" else Reply(shown, private=True)]


def _public(meetings: list[Meeting]) -> Message:
    if not meetings:
        return Message((say("m_none_yet"),), silent=True)
    lines = [(Bold(each.title), "\n", When(each.starts_at, each.zone, part="date")) for each in meetings[:PAGE]]
    return Message((say("m_coming"), *lines), silent=True)


async def _own(ctx: Context, which: str, number: int = 0) -> Message:
    mine = await invitations.of_member(ctx.db, ctx.me, ctx.now)
    if not mine:
        empty = say("m_no_replies" if which == MINE else "m_none_yet")
        return Message((empty,), rows(row(go("home", "home"))), silent=True)
    lines: list[Text] = [Bold(say("m_mine" if which == MINE else "m_coming"))]
    buttons: list[Button] = []
    number, shown, turning = _page(mine, number, which)
    for place, (meeting, invitation) in enumerate(shown, number * PAGE + 1):
        own = await own_line(ctx.db, meeting, invitation, ctx.me, ctx.now)
        held = (when(meeting), " · ", say(f"b_{meeting.format}"))
        lines.append((f"{place}. ", Bold(meeting.title), "\n", held, "\n", own))
        if invitations.closed(meeting, ctx.now):
            continue
        verb, label = ("invited", "b_reply") if open_question(invitation, ctx.now) else ("change", "b_change")
        press = Press(verb, meeting.key, str(meeting.revision))
        buttons.append(Button((f"{place} · ", say(label)), press))
    pairs = [row(*buttons[at : at + 2]) for at in range(0, len(buttons), 2)]
    return Message(tuple(lines), rows(*pairs, row(*turning, go("home", "home"))), silent=True)


async def _all(ctx: Context, number: int = 0) -> Message:
    meetings = await all_meetings(ctx.db)
    if not meetings:
        return Message((say("m_plan_first"),), rows(row(go("meeting_new", "meeting_new"))))
    number, shown, turning = _page(meetings, number, ALL)
    counts = await invitations.counts_of(ctx.db, shown)
    lines: list[Text] = [Bold(say("m_all"))]
    for each in shown:
        line: Text = (Bold(f"{each.code} · {each.title}"), "\n", when(each), " · ", state_label(each))
        if each.state not in ("draft", "scheduled"):
            line = (line, "\n", counts_line(counts[each.id]), " · ", say("m_silent", n=counts[each.id]["none"]))
        lines.append(line)
    buttons = [
        Button((f"{each.code} · ", say("b_status")), Press("status", each.key))
        for each in shown
        if each.state not in ("archived", "cancelled")
    ]
    triples = [row(*buttons[at : at + 3]) for at in range(0, len(buttons), 3)]
    onward = row(go("meeting_new", "meeting_new"), go("desk", "desk"))
    return Message(tuple(lines), rows(*triples, row(*turning), onward), silent=True)


def _page(items: Sequence[T], number: int, which: str) -> tuple[int, list[T], tuple[Button, ...]]:
    """Give the page there is instead of a number, its items, and the buttons to the pages beside it."""
    number = min(number, (len(items) - 1) // PAGE)
    back = button("back", "mtgpage", "", number - 1, which) if number else None
    following = button("next", "mtgpage", "", number + 1, which) if len(items) > (number + 1) * PAGE else None
    turning = tuple(each for each in (back, following) if each is not None)
    return number, list(items[number * PAGE : (number + 1) * PAGE]), turning
