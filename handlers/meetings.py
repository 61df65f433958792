"""What members see of meetings: what comes, and their own replies; for organisers the list of all."""

from __future__ import annotations

from chat.message import Button, Message, Press, row, rows
from chat.outbound import Reply
from chat.text import Bold, Text, When, say
from handlers._cards import choice_label, counts_line, state_label, when
from handlers._feature import Answers, Context, Feature
from handlers._welcome import go
from storage import invitations
from storage.meetings import Invitation, Meeting, all_meetings, coming

feature = Feature("meetings")

PAGE = 10
"""Items of one screen (conversation §1.6)."""


@feature.command(
    "meetings", "events", "agenda", "réunions", "toplantılar", "الاجتماعات", "reuniones", where="any", menu=True
)
async def upcoming(ctx: Context, _rest: str) -> Answers:
    """List what comes: in private with the own reply, in a group title and date only."""
    if ctx.inbound.where.kind == "group":
        return [Reply(_public([each for each in await coming(ctx.db, ctx.now) if each.announce]))]
    mine = await invitations.of_member(ctx.db, ctx.me, ctx.now)
    if not mine and ctx.organiser:
        return [Reply(await _all(ctx))]
    if not mine and ctx.roles:  # staff are not invited themselves
        return [Reply(_public(await coming(ctx.db, ctx.now)))]
    return [Reply(_own(mine, say("m_coming"), say("m_none_yet"), ctx))]


@feature.command(
    "my", "mine", "replies", "mes réponses", "yanıtlarım", "ردودي", "mis respuestas", where="slack", menu=True
)
async def my(ctx: Context, _rest: str) -> Answers:
    """List the own replies, also the No ones, each with a way to change it."""
    mine = await invitations.of_member(ctx.db, ctx.me, ctx.now)
    return [Reply(_own(mine, say("m_mine"), say("m_no_replies"), ctx))]


@feature.command("meetings list", "desk meetings", who="organiser")
async def every(ctx: Context, _rest: str) -> Answers:
    """List all meetings with their states and counts."""
    return [Reply(await _all(ctx))]


def _public(meetings: list[Meeting]) -> Message:
    if not meetings:
        return Message((say("m_none_yet"),), silent=True)
    lines = [(Bold(each.title), "\n", When(each.starts_at, each.zone, part="date")) for each in meetings[:PAGE]]
    return Message((say("m_coming"), *lines), silent=True)


def _own(mine: list[tuple[Meeting, Invitation]], head: Text, empty: Text, ctx: Context) -> Message:
    if not mine:
        return Message((empty,), rows(row(go("home", "home"))), silent=True)
    lines: list[Text] = [Bold(head)]
    buttons: list[Button] = []
    for number, (meeting, invitation) in enumerate(mine[:PAGE], 1):
        state = say("m_cancelled_word") if meeting.state == "cancelled" else choice_label(invitation.reply)
        lines.append((f"{number}. ", Bold(meeting.title), "\n", when(meeting), "\n", say("m_you", reply=state)))
        if invitations.closed(meeting, ctx.now):
            continue
        verb, label = ("invited", "b_reply") if invitation.reply == "none" else ("change", "b_change")
        press = Press(verb, meeting.key, str(meeting.revision))
        buttons.append(Button((f"{number} · ", say(label)), press))
    pairs = [row(*buttons[at : at + 2]) for at in range(0, len(buttons), 2)]
    return Message(tuple(lines), rows(*pairs, row(go("home", "home"))), silent=True)


async def _all(ctx: Context) -> Message:
    meetings = await all_meetings(ctx.db)
    if not meetings:
        return Message((say("m_plan_first"),), rows(row(go("meeting_new", "meeting_new"))))
    shown = meetings[:PAGE]
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
    ][:6]
    pairs = [row(*buttons[at : at + 3]) for at in range(0, len(buttons), 3)]
    return Message(tuple(lines), rows(*pairs, row(go("meeting_new", "meeting_new"), go("desk", "desk"))), silent=True)
