"""Polls: topics in order of preference, dates, quick questions; in private chats and channels of both platforms.

Votes stand in `_polls_ballots`, cards in `_polls_cards`, the opening in `_polls_sending`, the end in `_polls_results`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from chat.form import Form
from chat.message import Button, Message, Press, button, row, rows
from chat.outbound import Ask, Reply
from chat.text import Bold, Text, say
from handlers import _polls_ballots as ballots
from handlers import _polls_cards as drawn
from handlers import _polls_forms as forms
from handlers import _polls_results as results
from handlers import _polls_sending as sending
from handlers._cards import short
from handlers._feature import Answers, Context, Feature, Waiting
from handlers._welcome import go
from storage import poll_totals
from storage import polls as stored
from storage.database import Session
from storage.members import Member
from storage.polls import Poll

feature = Feature("polls")

LISTED, PAST = 5, 3
"""Open polls in a list, and closed ones."""
RECENT = 20
"""Polls looked through for what organisers have to do."""
TITLE = 60
"""Characters of a question in a line of Home."""


@feature.command(
    "polls", "vote", "topics", "dates", "sondages", "anketler", "الاستطلاعات", "encuestas", where="slack", menu=True
)
async def polls(ctx: Context, _rest: str) -> Answers:
    """List the open polls with the own vote, and totals of closed ones."""
    return [Reply(await _list(ctx))]


@feature.command(
    "poll topic", "sondage de thèmes", "konu anketi", "استطلاع المواضيع", "encuesta de temas",
    who="organiser", where="slack", menu=True,
)  # fmt: skip
async def poll_topic(ctx: Context, _rest: str) -> Answers:
    """Ask about a new poll of topics."""
    return [Ask("poll_topic", "", forms.beginning("topic"))]


@feature.command(
    "poll date", "poll dates", "choix de la date", "tarih anketi", "استطلاع الموعد", who="organiser", where="slack"
)
async def poll_date(ctx: Context, _rest: str) -> Answers:
    """Ask about a new poll of dates."""
    return [Ask("poll_date", "", forms.beginning("date"))]


@feature.command(
    "poll quick", "sondage rapide", "hızlı anket", "استطلاع سريع", "encuesta rápida", who="organiser", where="slack"
)
async def poll_quick(ctx: Context, _rest: str) -> Answers:
    """Ask about a quick poll in channels."""
    return [Ask("poll_quick", "", forms.beginning("quick"))]


@feature.form("poll_topic", who="organiser")
async def topic_form(ctx: Context, _subject: str) -> Form:
    """Build the form of a poll of topics."""
    return await forms.form(ctx, "topic")


@feature.form("poll_date", who="organiser")
async def date_form(ctx: Context, _subject: str) -> Form:
    """Build the form of a poll of dates."""
    return await forms.form(ctx, "date")


@feature.form("poll_quick", who="organiser")
async def quick_form(ctx: Context, _subject: str) -> Form:
    """Build the form of a quick poll."""
    return await forms.form(ctx, "quick")


@feature.form("poll_suggest")
async def suggestion_form(_ctx: Context, _subject: str) -> Form:
    """Build the form of a suggestion."""
    return forms.suggestion_form()


@feature.form("poll_count", who="organiser")
async def count_form(_ctx: Context, _subject: str) -> Form:
    """Build the form that asks how many people a poll goes to."""
    return forms.count_form()


@feature.submission("poll_topic")
async def topic_saved(ctx: Context, subject: str, values: dict[str, str]) -> Answers:
    """Save a poll of topics."""
    return await sending.saved(ctx, "topic", subject, values)


@feature.submission("poll_date")
async def date_saved(ctx: Context, subject: str, values: dict[str, str]) -> Answers:
    """Save a poll of dates."""
    return await sending.saved(ctx, "date", subject, values)


@feature.submission("poll_quick")
async def quick_saved(ctx: Context, subject: str, values: dict[str, str]) -> Answers:
    """Save a quick poll."""
    return await sending.saved(ctx, "quick", subject, values)


feature.submission("poll_suggest")(ballots.suggested)
feature.submission("poll_count")(sending.counted)

feature.click("vote")(ballots.open_ballot)
feature.click("pvote")(ballots.tap)
feature.click("pdone")(ballots.finish)
feature.click("pclear")(ballots.clear)
feature.click("pall")(ballots.all_suit)
feature.click("pnone")(ballots.none_suits)
feature.click("pquick")(ballots.quick)
feature.click("psug")(ballots.suggest)

feature.click("psugok", who="organiser")(results.judge)
feature.click("pclose", who="organiser")(results.press_close)
feature.click("pdecide", who="organiser")(results.decide)
feature.click("pmake", who="organiser")(results.make_meeting)
feature.click("pedit", who="organiser")(sending.edit)
feature.click("ptest", who="organiser")(sending.test)
feature.click("pdrop", who="organiser")(sending.drop)
feature.click("psend", who="organiser")(sending.confirm)
feature.click("pundo", who="organiser")(sending.undo)

feature.timer(results.CLOSE)(results.due)
feature.timer(results.REMIND)(sending.remind)

feature.card(*drawn.MEMBER)(drawn.draw_own)
feature.card(drawn.CHANNEL)(drawn.draw_public)
feature.card(drawn.RESULT)(drawn.draw_result)
feature.card(results.STATUS)(results.draw_status)
feature.card(results.SUGGESTION)(results.draw_suggestion)


@feature.click("pshow", who="organiser")
async def show(ctx: Context, press: Press) -> Answers:
    """Show organisers how a poll stands; of a draft its preview."""
    poll = await results.locked(ctx, press.key)
    if poll.state == "draft":
        return [results.turned(ctx, await sending.preview(ctx, poll))]
    return await results.show(ctx, poll)


@feature.waiting
async def waiting(db: Session, member: Member, now: datetime) -> Sequence[Waiting]:
    """Say which polls wait for a member's vote."""
    return [
        Waiting(
            say("pl_waiting", when=drawn.closes(each), question=short(each.question, TITLE)),
            button("vote", "vote", each.key),
            each.closes_at,
            drawn.KINDS[each.kind],
        )
        for each in await stored.unanswered(db, member, now)
    ]


@feature.todo
async def todo(db: Session, now: datetime) -> Sequence[Waiting]:
    """Say which polls wait for organisers: not sent, to be decided, with suggestions."""
    found: list[Waiting] = []
    for each in await stored.with_state(db, "draft", "open", "closed", limit=RECENT):
        question = short(each.question, TITLE)
        status = button("status", "pshow", each.key)
        if each.state == "draft" and each.closes_at > now:
            found.append(Waiting(say("pl_todo_send", question=question), button("preview", "pshow", each.key)))
        elif each.state == "open" and each.suggestions and (number := len(await stored.pending(db, each))):
            line = say("pl_todo_suggestion", n=number, question=question)
            found.append(Waiting(line, status, each.closes_at))
        elif each.state == "closed" and await _to_decide(db, each, now):
            found.append(Waiting(say("pl_todo_decide", question=question), status, each.closes_at))
    return found


async def _to_decide(db: Session, poll: Poll, now: datetime) -> bool:
    """Tell whether there is anything to decide: equal topics, or a date that is still ahead."""
    found = await stored.options(db, poll)
    ahead = poll.kind != "date" or any(each.starts_at and each.starts_at > now for each in found)
    return bool(poll_totals.best(poll.kind, found)) and ahead


async def _own_vote(ctx: Context, poll: Poll) -> Text:
    mine = await stored.ballot(ctx.db, poll, ctx.me)
    if mine is None or not mine.choices:
        return say("pl_not_voted")
    return drawn.vote_line(poll, await stored.options(ctx.db, poll), mine.choices)


async def _turnout(ctx: Context, poll: Poll) -> Text:
    """Say to organisers, who have no vote, how many have voted."""
    if poll.kind == "quick":
        return say("pl_voted", n=await stored.voters(ctx.db, poll))
    voted, everybody = await stored.turnout(ctx.db, poll)
    return say("pl_voted_of", voted=voted, all=everybody)


async def _list(ctx: Context) -> Message:
    db = ctx.db
    opened = await (stored.with_state(db, "open") if ctx.organiser else stored.announced(db, ctx.now))
    shown = [each for each in opened if ctx.organiser or await stored.entitled(db, each, ctx.me)][:LISTED]
    lines: list[Text] = [Bold(say("pl_open_polls"))] if shown else [say("pl_none")]
    picks: list[Button] = []
    for number, each in enumerate(shown, 1):
        votes = await stored.entitled(db, each, ctx.me)
        vote = await _own_vote(ctx, each) if votes else await _turnout(ctx, each)
        lines.append((f"{number}. ", drawn.heading(each), "\n", say("pl_until", when=drawn.closes(each)), "\n", vote))
        if votes:
            picks.append(Button((f"{number} · ", say("b_vote")), Press("vote", each.key)))
        if ctx.organiser:
            picks.append(Button((f"{number} · ", say("b_status")), Press("pshow", each.key)))
    over = await stored.with_state(db, "closed", "decided", limit=PAST)
    past = [each for each in over if ctx.organiser or await stored.entitled(db, each, ctx.me)]
    lines += [Bold(say("pl_closed_polls"))] if past else []
    for each in past:
        came_of = drawn.outcome(each, await stored.options(db, each))
        kept = came_of[-1:] if each.kind == "date" else came_of
        lines.append((drawn.heading(each), *(part for line in kept for part in ("\n", line))))
    new = [go(f"poll_{kind}", f"poll_{kind}") for kind in stored.KINDS] if ctx.organiser else []
    pairs = [row(*picks[at : at + 3]) for at in range(0, len(picks), 3)]
    return Message(tuple(lines), rows(*pairs, row(*new), row(go("home", "home"))), silent=True)
