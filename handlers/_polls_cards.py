"""Cards of polls that members and channels see: the ballot while it is open, totals after; drawn from the truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from chat.message import Button, Message, Press, button, row, rows
from chat.text import Bold, Text, When, say
from handlers._cards import short
from handlers._sends import listed
from handlers._welcome import go
from scheduler.contract import Drawing, Skip
from storage import poll_totals
from storage import polls as stored
from storage.database import Session
from storage.members import Member
from storage.poll_totals import MAYBE, NO, RANKS, YES, Choices
from storage.polls import Ballot, Poll, PollOption

KINDS = {"topic": "topic_poll", "date": "date_poll", "quick": "quick_poll"}
"""Kinds of the cards people vote on, by kind of poll."""
REMINDERS = {"topic": "topic_poll_reminder", "date": "date_poll_reminder"}
MEMBER = (*KINDS.values(), *REMINDERS.values())
"""Cards that follow the state of a poll and, in private, the member's own vote."""
CHANNEL = "poll_public"
"""The card of a topic or date poll in a members' channel."""
PUBLIC = (CHANNEL, "poll_status")
"""Cards that follow how many have voted."""
RESULT = "poll_result"
EVERY = (*MEMBER, *PUBLIC, RESULT)
SHORT = 19
"""Characters of an option in a button, after its number."""
CYCLE = {"": YES, YES: MAYBE, MAYBE: NO, NO: YES}
"""What the next tap on a slot makes of its answer."""
LABELS = {"": "b_no_answer", YES: "b_yes", MAYBE: "b_if_needed", NO: "b_no"}
ANSWERS = {YES: "pl_yes", MAYBE: "pl_maybe", NO: "pl_no"}
OVER = ("closed", "decided", "cancelled")


def over(poll: Poll, now: datetime) -> bool:
    """Tell whether nobody can vote any more, also in the moments before the close is worked out."""
    return poll.state in OVER or now >= poll.closes_at


def closes(poll: Poll) -> When:
    """Say until when a poll is open, or since when it is closed."""
    return When(poll.closes_at, poll.zone)


def naming(poll: Poll, option: PollOption) -> Text:
    """Name an option: its title, or the moment of a slot."""
    return When(option.starts_at, poll.zone) if option.starts_at is not None else option.title


def heading(poll: Poll) -> Text:
    """Name a poll: its question; of a date poll what it is about and how long."""
    if poll.kind != "date":
        return Bold(poll.question)
    length = say(f"m_length_{poll.minutes}") if poll.minutes else ""
    return (Bold(poll.question), " · ", length)


def member_card(
    poll: Poll,
    found: Sequence[PollOption],
    choices: Choices,
    now: datetime,
    *,
    done: bool = False,
    note: Text | None = None,
    rev: str | None = None,
    totals: Mapping[int, Mapping[str, int]] | None = None,
) -> Message:
    """Draw a poll for one member: the ballot, the finished vote, or what came of it; `note` stands on top once."""
    if over(poll, now):
        return closed_card(poll, found, choices)
    rev = str(poll.revision) if rev is None else rev
    if poll.kind == "quick":
        return quick_card(poll, found, None, now, choices=choices, rev=rev, totals=totals)
    if done and choices:
        lines = (Bold(vote_line(poll, found, choices)), heading(poll), say("pl_hear"))
        change = button("change_vote", "vote", poll.key, rev, "c")
        return Message(lines, rows(row(change, go("polls", "polls"))), (say("pl_open_until", when=closes(poll)),))
    if poll.kind == "topic":
        return _topic_ballot(poll, found, choices, note, rev)
    return _date_ballot(poll, found, choices, note, rev)


def order_of(found: Sequence[PollOption], choices: Choices) -> list[PollOption]:
    """Give the chosen topics in order, without any that are no longer on the ballot."""
    by = {each.id: each for each in found}
    return [by[each] for each in choices.get("order", ()) if each in by]


def state_line(found: Sequence[PollOption], choices: Choices) -> Text:
    """Say what is chosen so far and what may follow: `1st: Jobs. You may add a 2nd and a 3rd, or stop here.`"""
    chosen = order_of(found, choices)
    parts: list[Text] = []
    for rank, each in enumerate(chosen, 1):
        parts += [say(f"pl_rank_{rank}", option=each.title), " "]
    return (*parts, say(f"pl_more_{len(chosen)}"))


def vote_line(poll: Poll, found: Sequence[PollOption], choices: Choices) -> Text:
    """Say how somebody voted: `Your vote: 1 Jobs, 2 Training`, `Your answer: 3 yes.`"""
    if poll.kind == "topic":
        named: list[Text] = [(f"{rank} ", each.title) for rank, each in enumerate(order_of(found, choices), 1)]
        return say("pl_your_vote", choices=listed(named))
    if poll.kind == "date":
        return say("pl_your_answer", answers=answers_line(found, choices))
    chosen = next((each.title for each in found if each.id == choices.get("one")), "–")
    return say("pl_your_vote", choices=chosen)


def answers_line(found: Sequence[PollOption], choices: Choices) -> Text:
    """Count the own answers: `2 yes, 1 if need be`."""
    given = [choices.get(str(each.id)) for each in found]
    return listed([(f"{given.count(each)} ", say(word)) for each, word in ANSWERS.items() if each in given])


def _topic_ballot(poll: Poll, found: Sequence[PollOption], choices: Choices, note: Text | None, rev: str) -> Message:
    lines: list[Text] = []
    if note is not None or choices:
        lines.append(Bold(note if note is not None else state_line(found, choices)))
    lines.append(say("topic_poll", poll_question=Bold(poll.question), poll_close=closes(poll)))
    for number, each in enumerate(found, 1):
        lines.append((f"{number}. ", Bold(each.title), f": {each.line}" if each.line else ""))
    chosen = order_of(found, choices)
    picks = [
        row(Button(short(f"{number} · {each.title}"), Press("pvote", poll.key, rev, str(each.id))))
        for number, each in enumerate(found, 1)
        if each not in chosen and len(chosen) < RANKS
    ]
    more = poll.suggestions and len(found) < stored.OPTIONS_MAX
    last = row(
        button("done", "pdone", poll.key, rev, style="primary" if choices else "default"),
        button("clear", "pclear", poll.key, rev) if choices else None,
        button("suggest", "psug", poll.key, rev) if more else None,
    )
    return Message(tuple(lines), rows(*picks, last))


def _date_ballot(poll: Poll, found: Sequence[PollOption], choices: Choices, note: Text | None, rev: str) -> Message:
    lines: list[Text] = []
    if note is not None or choices:
        lines.append(Bold(note if note is not None else say("pl_so_far", answers=answers_line(found, choices))))
    lines += [heading(poll), say("pl_when")]
    lines += [(f"{number}. ", naming(poll, each)) for number, each in enumerate(found, 1)]
    lines += [say("pl_how"), say("pl_open_until", when=closes(poll))]
    taps = []
    for number, each in enumerate(found, 1):
        given = str(choices.get(str(each.id), ""))
        press = Press("pvote", poll.key, rev, f"{each.id}.{CYCLE[given]}")
        taps.append(Button((f"{number} · ", say(LABELS[given])), press))
    pairs = [row(*taps[at : at + 2]) for at in range(0, len(taps), 2)]
    both = row(button("all_suit", "pall", poll.key, rev), button("none_suit", "pnone", poll.key, rev))
    return Message(
        tuple(lines),
        rows(*pairs, both, row(button("done", "pdone", poll.key, rev, style="primary" if choices else "default"))),
    )


def quick_card(
    poll: Poll,
    found: Sequence[PollOption],
    voted: int | None,
    now: datetime,
    *,
    choices: Choices | None = None,
    rev: str | None = None,
    totals: Mapping[int, Mapping[str, int]] | None = None,
) -> Message:
    """Draw a quick poll for a channel (`voted` people so far) or for one member; names never stand in it."""
    shut = over(poll, now)
    if shut and poll.state in OVER:
        totals = {each.id: each.totals for each in found}
    lines: list[Text] = [Bold(poll.question)]
    if choices:
        lines.append(vote_line(poll, found, choices))
    for number, each in enumerate(found, 1):
        line: Text = each.title
        if totals is not None:
            line = say("pl_votes", option=each.title, n=totals.get(each.id, {}).get("votes", 0))
        lines.append((f"{number}. ", line))
    if voted is not None:
        lines.append(Bold(say("pl_voted", n=voted)))
    if shut:
        return Message((*lines, say("pl_closed_on", when=closes(poll))), silent=True)
    lines.append(say("pl_until", when=closes(poll)))
    rev = str(poll.revision) if rev is None else rev
    taps = [
        row(Button(short(f"{number} · {each.title}"), Press("pquick", poll.key, rev, str(each.id))))
        for number, each in enumerate(found, 1)
    ]
    return Message(tuple(lines), rows(*taps), silent=True)


def public_card(poll: Poll, found: Sequence[PollOption], turnout: tuple[int, int], now: datetime) -> Message:
    """Draw a topic or date poll for a channel: the question and how many have voted; no standings before the close."""
    voted, everybody = turnout
    lines: list[Text] = [heading(poll)]
    if poll.kind == "date":
        lines.append(say("pl_when"))
    if over(poll, now):
        lines += [say("pl_closed_on", when=closes(poll)), *outcome(poll, found)]
        return Message(tuple(lines), silent=True)
    lines += [Bold(say("pl_voted_of", voted=voted, all=everybody)), say("pl_until", when=closes(poll))]
    vote = button("vote", "vote", poll.key, poll.revision, style="primary")
    return Message(tuple(lines), rows(row(vote)), silent=True)


def result_card(poll: Poll, found: Sequence[PollOption], turnout: tuple[int, int]) -> Message:
    """Draw the short post with totals."""
    voted, everybody = turnout
    lines = (Bold(say("pl_result", question=poll.question)), *outcome(poll, found))
    return Message((*lines, say("pl_voted_of", voted=voted, all=everybody)), silent=True)


def outcome(poll: Poll, found: Sequence[PollOption]) -> list[Text]:
    """Write totals, best first, and what was decided; nothing while they are still being counted."""
    if poll.state not in ("closed", "decided"):
        return []
    if not any(any(each.totals.values()) for each in found):
        lines: list[Text] = [say("pl_no_votes")]
    else:
        lines = [_total(poll, each) for each in poll_totals.ranked(poll.kind, found)]
    chosen = next((each for each in found if each.id == poll.chosen_id), None)
    if chosen is not None:
        lines.append(Bold(say("pl_chosen", choice=naming(poll, chosen))))
    elif poll.state == "closed":
        lines.append(say("pl_organisers_decide"))
    return lines


def _total(poll: Poll, option: PollOption) -> Text:
    totals = option.totals
    if option.starts_at is not None:
        numbers = {each: totals.get(each, 0) for each in ("yes", "maybe", "no")}
        return say("pl_dates", when=replace(moment(poll, option), part="inside"), **numbers)
    if poll.kind == "quick":
        return say("pl_votes", option=option.title, n=totals.get("votes", 0))
    return say("pl_points", option=option.title, n=totals.get("points", 0))


def moment(poll: Poll, option: PollOption) -> When:
    """Give the moment of a slot."""
    assert option.starts_at is not None
    return When(option.starts_at, poll.zone)


def closed_card(poll: Poll, found: Sequence[PollOption], choices: Choices) -> Message:
    """Draw a member's card after the close: totals, the own vote, the decision."""
    lines: list[Text] = [heading(poll), say("pl_closed_on", when=closes(poll)), *outcome(poll, found)]
    if choices:
        lines.append(vote_line(poll, found, choices))
    return Message(tuple(lines), rows(row(go("polls", "polls"), go("meetings", "meetings"))))


async def draw_own(db: Session, drawing: Drawing) -> Message | Skip:
    """Draw a member's card, or a quick poll in a channel; a reminder only to those who have not voted."""
    poll = await stored.by_key(db, drawing.subject)
    if poll is None:
        return Skip("gone")
    reminding = drawing.kind in REMINDERS.values()
    if drawing.first and (poll.state != "open" or over(poll, drawing.now)):
        return Skip("poll_not_open")
    found = await stored.options(db, poll)
    totals = await stored.tally(db, poll) if poll.live and poll.state == "open" else None
    if drawing.member is None:
        return quick_card(poll, found, await stored.voters(db, poll), drawing.now, totals=totals)
    if drawing.first and not await stored.entitled(db, poll, drawing.member):
        return Skip("not_entitled")
    mine = await stored.ballot(db, poll, drawing.member)
    if drawing.first and reminding and mine is not None and mine.choices:
        return Skip("voted")
    shown = member_card(poll, found, _choices(mine), drawing.now, done=mine is not None and mine.done, totals=totals)
    if reminding and not (mine is not None and mine.choices) and not over(poll, drawing.now):
        greeting = say("pl_remind", first_name=drawing.member.first_name)
        return replace(shown, lines=(greeting, *shown.lines))
    return shown


def _choices(mine: Ballot | None) -> Choices:
    return dict(mine.choices) if mine is not None else {}


async def draw_public(db: Session, drawing: Drawing) -> Message | Skip:
    """Draw the card of a channel."""
    poll = await stored.by_key(db, drawing.subject)
    if poll is None or (drawing.first and (poll.state != "open" or over(poll, drawing.now))):
        return Skip("poll_not_open")
    return public_card(poll, await stored.options(db, poll), await stored.turnout(db, poll), drawing.now)


async def draw_result(db: Session, drawing: Drawing) -> Message | Skip:
    """Draw the post with totals, once it is decided."""
    poll = await stored.by_key(db, drawing.subject)
    if poll is None or poll.state != "decided":
        return Skip("poll_not_decided")
    return result_card(poll, await stored.options(db, poll), await stored.turnout(db, poll))


async def own_card(db: Session, poll: Poll, member: Member, now: datetime) -> Message:
    """Draw a member's card outside a send."""
    mine = await stored.ballot(db, poll, member)
    totals = await stored.tally(db, poll) if poll.live and poll.state == "open" else None
    found = await stored.options(db, poll)
    return member_card(poll, found, _choices(mine), now, done=mine is not None and mine.done, totals=totals)
