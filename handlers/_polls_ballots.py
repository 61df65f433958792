"""Voting: every tap saves, the newest press wins, and only the presser sees what they chose."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from sqlalchemy import select

from chat.errors import UserError
from chat.inbound import Click
from chat.message import Message, Press, row, rows
from chat.outbound import Answer, Ask, Card, Edit, Invalid, Reply, Toast
from chat.text import Text, say
from handlers import _polls_cards as drawn
from handlers import _polls_results as results
from handlers._cards import TEST
from handlers._feature import Answers, Context
from handlers._personal import looks_personal
from handlers._polls_cards import ANSWERS, KINDS, MEMBER, PUBLIC
from handlers._welcome import go
from scheduler import cards
from storage import polls as stored
from storage.communities import Channel
from storage.poll_totals import MAYBE, NO, RANKS, YES, Choices
from storage.polls import Cast, Poll, PollOption

log = structlog.get_logger(__name__)


async def pressed(ctx: Context, key: str) -> Poll:
    """Find the poll of a pressed button. Raise `UserError` with one answer for missing and foreign things."""
    found = await stored.by_key(ctx.db, key)
    if found is None or found.state == "draft":
        raise UserError(say("e_gone"))
    return found


async def open_ballot(ctx: Context, press: Press) -> Answers:
    """Open the ballot in private: from a channel, a list, Home; `arg` "c" brings the choices back on the card."""
    poll = await pressed(ctx, press.key)
    if press.rev == TEST:
        return [Toast(say("m_test_press"))]
    if not await stored.entitled(ctx.db, poll, ctx.me):
        raise UserError(say("e_gone"))
    if press.arg != "c":
        shown = await drawn.own_card(ctx.db, poll, ctx.me, ctx.now)
        return [Reply(shown, private=True, card=Card(KINDS[poll.kind], poll.key))]
    return await _vote(ctx, poll, press, lambda choices: choices, done=False, note=None)


async def tap(ctx: Context, press: Press) -> Answers:
    """Take one tap: the next topic in order, or the answer to one slot."""
    poll, found, chosen, value = await _option(ctx, press)
    if poll.kind == "topic":

        def add(choices: Choices) -> Choices:
            order = [each.id for each in drawn.order_of(found, choices)]
            return {"order": order if chosen.id in order else [*order, chosen.id][:RANKS]}

        return await _vote(ctx, poll, press, add, done=False)
    if value not in (YES, MAYBE, NO):
        raise UserError(say("e_gone"))
    number = found.index(chosen) + 1
    note = say("pl_slot_saved", slot=str(number), answer=say(ANSWERS[value]))
    return await _vote(ctx, poll, press, lambda choices: choices | {str(chosen.id): value}, done=False, note=note)


async def all_suit(ctx: Context, press: Press) -> Answers:
    """Answer yes to every slot."""
    return await _all(ctx, press, YES)


async def none_suits(ctx: Context, press: Press) -> Answers:
    """Answer no to every slot."""
    return await _all(ctx, press, NO)


async def clear(ctx: Context, press: Press) -> Answers:
    """Take the whole vote back."""
    poll = await pressed(ctx, press.key)
    return await _vote(ctx, poll, press, lambda _choices: {}, done=False, note=say("pl_cleared"))


async def finish(ctx: Context, press: Press) -> Answers:
    """Show the finished vote; what was tapped is saved already."""
    poll = await pressed(ctx, press.key)
    mine = await stored.ballot(ctx.db, poll, ctx.me)
    if press.rev != TEST and not (mine is not None and mine.choices) and not drawn.over(poll, ctx.now):
        return [Toast(say("pl_choose_one" if poll.kind == "topic" else "pl_answer_one"), alert=True)]
    return await _vote(ctx, poll, press, lambda choices: choices, done=True, toast=False)


async def quick(ctx: Context, press: Press) -> Answers:
    """Take a vote in a quick poll; in a channel the presser alone learns what they chose."""
    poll, found, chosen, _ = await _option(ctx, press)
    if poll.kind != "quick":
        raise UserError(say("e_gone"))
    if press.rev == TEST:
        return [Toast(say("m_test_press"))]
    ref = ctx.inbound.message if isinstance(ctx.inbound, Click) else None
    cast = await _cast(ctx, poll, lambda _choices: {"one": chosen.id}, done=True)
    private = ctx.inbound.where.kind == "dm"
    if ref is not None and not private:
        await _adopt(ctx, poll)
    if cast.counts or (cast.changed and poll.live):
        cards.touch_at_end(ctx.db, ("quick_poll", *PUBLIC), poll.key, but=ref if private else None)
    title = next((each.title for each in found if each.id == cast.choices.get("one")), chosen.title)
    toast = Toast(_refusal(poll, cast) or say("pl_your_choice", choice=title))
    return [*await _redrawn(ctx, poll), toast] if private else [toast]


async def suggest(ctx: Context, press: Press) -> Answers:
    """Open the form of a suggestion."""
    poll = await pressed(ctx, press.key)
    if press.rev == TEST:
        return [Toast(say("m_test_press"))]
    if not await stored.entitled(ctx.db, poll, ctx.me):
        raise UserError(say("e_gone"))
    if drawn.over(poll, ctx.now):
        return [*await _redrawn(ctx, poll), Toast(say("pl_closed_on", when=drawn.closes(poll)))]
    if not poll.suggestions or len(await stored.options(ctx.db, poll)) >= stored.OPTIONS_MAX:
        return [Toast(say("pl_full"), alert=True)]
    return [Ask("poll_suggest", poll.key)]


async def suggested(ctx: Context, subject: str, values: dict[str, str]) -> Answers:
    """Pass a suggestion on to the organisers, without a name; texts about a person are refused."""
    poll = await stored.lock(ctx.db, subject)
    if poll is None or not poll.suggestions or not await stored.entitled(ctx.db, poll, ctx.me):
        raise UserError(say("e_gone"))
    title = " ".join(values["topic"].split())
    if looks_personal(title):
        return [Invalid({"topic": say("pii_warning")})]
    if poll.state != "open" or drawn.over(poll, ctx.now):
        return [Invalid({"topic": say("pl_closed_on", when=drawn.closes(poll))})]
    made = await stored.suggest(ctx.db, poll, title)
    if isinstance(made, str):
        return [Invalid({"topic": say("pl_known" if made == "known" else "pl_full")})]
    await results.tell_suggestion(ctx.db, poll, made, ctx.now)
    cards.touch_at_end(ctx.db, ("poll_status",), poll.key)
    return [Reply(Message((say("pl_thanks"),), rows(row(go("polls", "polls"), go("home", "home")))), private=True)]


async def _all(ctx: Context, press: Press, value: str) -> Answers:
    poll = await pressed(ctx, press.key)
    if poll.kind != "date":
        raise UserError(say("e_gone"))
    found = await stored.options(ctx.db, poll)
    return await _vote(ctx, poll, press, lambda _choices: {str(each.id): value for each in found}, done=False)


async def _option(ctx: Context, press: Press) -> tuple[Poll, list[PollOption], PollOption, str]:
    """Find what was tapped: poll, options, the option, the answer after the dot."""
    poll = await pressed(ctx, press.key)
    name, _, value = press.arg.partition(".")
    found = await stored.options(ctx.db, poll)
    chosen = next((each for each in found if str(each.id) == name), None)
    if chosen is None:
        raise UserError(say("e_gone"))
    return poll, found, chosen, value


async def _cast(ctx: Context, poll: Poll, change: Callable[[Choices], Choices], *, done: bool) -> Cast:
    cast = await stored.cast_vote(ctx.db, poll, ctx.me, change, min(ctx.inbound.at, ctx.now), done=done)
    if cast.refused == "not_entitled":
        raise UserError(say("e_gone"))
    return cast


async def _vote(
    ctx: Context,
    poll: Poll,
    press: Press,
    change: Callable[[Choices], Choices],
    *,
    done: bool,
    note: Text | None = None,
    toast: bool = True,
) -> Answers:
    """Change the vote and turn the pressed card into what stands now; other copies and counts follow."""
    if press.rev == TEST:
        return [Toast(say("m_test_press"))]
    cast = await _cast(ctx, poll, change, done=done)
    found = await stored.options(ctx.db, poll)
    ref = ctx.inbound.message if isinstance(ctx.inbound, Click) else None
    refusal = _refusal(poll, cast)
    if not refusal and cast.changed:
        cards.touch_at_end(ctx.db, MEMBER, poll.key, member=ctx.me, but=ref)
    if not refusal and cast.counts:
        cards.touch_at_end(ctx.db, PUBLIC, poll.key)
    if refusal:
        return [*await _redrawn(ctx, poll), Toast(refusal)]
    said = note
    if said is None and poll.kind == "topic" and cast.choices:
        said = drawn.state_line(found, cast.choices)
    elif said is None and cast.choices:
        said = say("pl_so_far", answers=drawn.answers_line(found, cast.choices))
    shown = drawn.member_card(poll, found, cast.choices, ctx.now, done=cast.done, note=note)
    answers: list[Answer] = [_turn(ctx, poll, shown)]
    if press.rev != str(poll.revision):
        return [*answers, Toast(say("t_stale"))]
    return [*answers, Toast(said)] if toast and said is not None else answers


def _refusal(poll: Poll, cast: Cast) -> Text:
    """Say why nothing changed, or nothing."""
    if cast.refused == "closed":
        return say("pl_closed_on", when=drawn.closes(poll))
    return say("t_stale") if cast.older else ""


async def _redrawn(ctx: Context, poll: Poll) -> list[Answer]:
    if ctx.inbound.where.kind != "dm":
        return []
    return [_turn(ctx, poll, await drawn.own_card(ctx.db, poll, ctx.me, ctx.now))]


def _turn(ctx: Context, poll: Poll, message: Message) -> Answer:
    """Turn the pressed card into this one; where there is none, say it in private."""
    card = Card(KINDS[poll.kind], poll.key)
    if isinstance(ctx.inbound, Click) and ctx.inbound.message is not None and ctx.inbound.where.kind == "dm":
        return Edit(message, card)
    return Reply(message, private=True, card=card)


async def _adopt(ctx: Context, poll: Poll) -> None:
    """Let a channel card follow the counts although the platform never told us that it was posted."""
    assert isinstance(ctx.inbound, Click)
    ref = ctx.inbound.message
    assert ref is not None
    channel = await ctx.db.scalar(
        select(Channel).where(
            Channel.platform == ref.platform, Channel.workspace == ref.workspace, Channel.chat == ref.chat
        )
    )
    if channel is not None and await cards.adopt(ctx.db, "quick_poll", poll.key, ref, channel):
        log.warning("channel_card_adopted", poll=poll.key, channel=channel.id)
