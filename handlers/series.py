"""Meetings that repeat: planned by a rule, changed one, from one on or all at once, ended; nothing is sent by it."""

from __future__ import annotations

from chat.errors import UserError
from chat.form import Form
from chat.message import Button, Message, Press, button, row, rows
from chat.outbound import Ask, Edit, Invalid, Reply
from chat.text import Bold, Text, say
from handlers import _reminding
from handlers._cards import PUBLIC, short
from handlers._feature import Answers, Context, Feature
from handlers._meetings import about, nothing, pressed
from handlers._series import (
    AHEAD,
    OWN,
    apply,
    change_form,
    changed_card,
    choose_card,
    dates,
    end_card,
    further,
    more_form,
    moved,
    new_form,
    rule_of,
    series_card,
)
from handlers._welcome import go
from scheduler import cards
from storage import audit, meetings, series
from storage.meetings import HELD, Meeting
from storage.series import NOT_ANNOUNCED, Series

feature = Feature("series")

LISTED = 8


@feature.command("series", who="organiser", where="slack")
async def overview(ctx: Context, _rest: str) -> Answers:
    """List the series that run; the only one is shown at once."""
    found = await series.running(ctx.db)
    if not found:
        return [Reply(Message((say("ser_none"),), rows(row(go("ser_new", "series_new"), go("meetings", "meetings")))))]
    if len(found) == 1:
        return [Reply(series_card(*found[0], ctx.now))]
    lines: list[Text] = [Bold(say("ser_running"))]
    for each, of_it in found[:LISTED]:
        ahead = sum(meeting.state in AHEAD and meeting.ends_at > ctx.now for meeting in of_it)
        lines.append((Bold(each.title), "\n", say("ser_counts", n=len(of_it), ahead=ahead)))
    buttons = [row(Button(short(each.title), Press("series", each.key))) for each, _ in found[:LISTED]]
    return [Reply(Message(tuple(lines), rows(*buttons, row(go("ser_new", "series_new")))))]


@feature.command("series new", "repeat meeting", who="organiser", where="slack")
@about("series new", (*AHEAD, *HELD))
async def new(ctx: Context, meeting: Meeting) -> Answers:
    """Ask how a meeting is repeated; one that is in a series already shows that."""
    return await _repeat(ctx, meeting)


@feature.form("series", who="organiser")
async def ask_how(ctx: Context, subject: str) -> Form:
    """Build the questions about a repetition."""
    return new_form(await pressed(ctx, subject))


@feature.submission("series")
async def begin(ctx: Context, subject: str, values: dict[str, str]) -> Answers:
    """Plan the meetings of a series at the same wall-clock time; a repeated theme and region is said."""
    first = await meetings.lock(ctx.db, subject)
    if first is None:
        raise UserError(say("e_gone"))
    known = await series.of_meeting(ctx.db, first)
    if known is not None and known.state == "active":
        return [Invalid({"": say("ser_in_one", code=first.code)})]
    if values["how"] == OWN and not values.get("rule"):
        return [Invalid({"rule": say("ser_rule_needed")})]
    rule = rule_of(values, first)
    wanted = dates(first, rule, int(values["more"]), ctx.now)
    if not wanted:
        return [Invalid({"rule" if values["how"] == OWN else "how": say("ser_no_dates")})]
    made, others = await series.begin(ctx.db, first, rule, wanted, ctx.me.id)
    for each in others:
        await _reminding.arm(ctx.db, each)
    audit.note(ctx.db, ctx.now, ctx.me.id, "begin_series", made.key)
    head: list[Text] = [Bold(say("ser_planned", n=len(wanted)))]
    if first.theme:  # all of them have the pair of the first (domain A10)
        head.append(say("ser_same_topic", code=first.code))
    return [Reply(await _card(ctx, made, *head), private=True)]


@feature.command("series edit", who="organiser", where="slack")
@about("series edit", AHEAD)
async def edit(ctx: Context, meeting: Meeting) -> Answers:
    """Ask whether a change is for this meeting, for it and the following ones, or for all."""
    return [Reply(await _choose(ctx, meeting))]


@feature.click("series", who="organiser")
async def tapped(ctx: Context, press: Press) -> Answers:
    """Show a series, lengthen it (`more`), ask before it is ended (`end`), end it (`yes`).

    With the key of a meeting, `one` asks what is changed and `new` how it is repeated.
    """
    match press.rev:
        case "one":
            return _shown(ctx, await _choose(ctx, await pressed(ctx, press.key)))
        case "new":
            return await _repeat(ctx, await pressed(ctx, press.key))
        case "yes":
            return _shown(ctx, await _end(ctx, press.key))
    found = await series.by_key(ctx.db, press.key)
    if found is None:
        raise UserError(say("e_gone"))
    if press.rev == "more" and found.state == "active":
        return [Ask("sermore", found.key)]
    if press.rev == "end" and found.state == "active":
        return _shown(ctx, end_card(found, *await series.to_change(ctx.db, found, ctx.now)))
    return _shown(ctx, await _card(ctx, found))


@feature.form("sermore", who="organiser")
async def ask_more(_ctx: Context, _subject: str) -> Form:
    """Build the question about more meetings."""
    return more_form()


@feature.submission("sermore")
async def lengthen(ctx: Context, subject: str, values: dict[str, str]) -> Answers:
    """Plan more meetings after the last one, by the rule of the series, at the hour the last one has now."""
    found = await series.lock(ctx.db, subject)
    known = [each for each in await series.meetings(ctx.db, found) if each.state != "cancelled"] if found else []
    if found is None or found.state != "active" or not known:
        raise UserError(say("e_gone"))
    wanted = further(known[-1], found.rule, int(values["more"]), ctx.now)
    if not wanted:
        return [Invalid({"": say("ser_no_dates")})]
    for each in await series.extend(ctx.db, found, known[-1], wanted, ctx.me.id):
        await _reminding.arm(ctx.db, each)
    audit.note(ctx.db, ctx.now, ctx.me.id, "extend_series", found.key)
    return [Reply(await _card(ctx, found, Bold(say("ser_planned", n=len(wanted)))), private=True)]


@feature.click("occ", who="organiser")
async def following(ctx: Context, press: Press) -> Answers:
    """Ask what changes in a meeting of a series and all that follow it."""
    meeting = await pressed(ctx, press.key)
    found = await series.of_meeting(ctx.db, meeting)
    if found is None:
        raise UserError(say("e_gone"))
    return [Ask("occ", f"{found.key}.{meeting.key}")]


@feature.click("occall", who="organiser")
async def everyone(ctx: Context, press: Press) -> Answers:
    """Ask what changes in all meetings of a series."""
    if await series.by_key(ctx.db, press.key) is None:
        raise UserError(say("e_gone"))
    return [Ask("occ", f"{press.key}.")]


@feature.form("occ", who="organiser")
async def ask_what(ctx: Context, subject: str) -> Form:
    """Build the questions about a change of several meetings."""
    found = await series.by_key(ctx.db, subject.partition(".")[0])
    if found is None:
        raise UserError(say("e_gone"))
    return change_form(str(found.template.get("format", "hybrid")))


@feature.submission("occ")
async def change(ctx: Context, subject: str, values: dict[str, str]) -> Answers:
    """Change the meetings nobody knows of yet; announced ones need a notice each and are only named."""
    if not any(values.values()):
        return [Invalid({"": say("ser_nothing")})]
    key, _, begin_at = subject.partition(".")
    found = await series.lock(ctx.db, key)
    if found is None or found.state != "active":
        raise UserError(say("e_gone"))
    since = (await pressed(ctx, begin_at)).occurrence if begin_at else None
    quiet, announced = await series.to_change(ctx.db, found, ctx.now, since)
    if any(moved(each, values) <= ctx.now for each in quiet):
        return [Invalid({"days" if values.get("days") else "clock": say("f_past")})]
    for each in quiet:
        apply(each, values, ctx.now)
        each.changed_by = ctx.me.id
    if values.get("title") and since is None:
        found.title = values["title"]
    await ctx.db.flush()
    audit.note(ctx.db, ctx.now, ctx.me.id, "change_series", found.key)
    for each in quiet:
        await _reminding.arm(ctx.db, each)
        await cards.touch(ctx.db, PUBLIC, each.key)
    return [Reply(changed_card(found, quiet, announced), private=True)]


async def _repeat(ctx: Context, meeting: Meeting) -> Answers:
    known = await series.of_meeting(ctx.db, meeting)
    if known is not None and known.state == "active":
        return [Reply(await _card(ctx, known, say("ser_in_one", code=meeting.code)))]
    if meeting.state == "cancelled":
        return [Reply(nothing(ctx))]
    return [Ask("series", meeting.key, {"how": "month"})]


async def _choose(ctx: Context, meeting: Meeting) -> Message:
    known = await series.of_meeting(ctx.db, meeting)
    if known is None or known.state == "ended":
        editable = meeting.state in (*NOT_ANNOUNCED, "inviting", "closed")
        one = button("edit", "medit", meeting.key) if editable else None
        again = button("ser_repeat", "series", meeting.key, "new")
        return Message((say("ser_in_none", code=meeting.code),), rows(row(one, again)))
    return choose_card(known, meeting, len(await series.meetings(ctx.db, known)))


async def _end(ctx: Context, key: str) -> Message:
    found = await series.lock(ctx.db, key)
    if found is None:
        raise UserError(say("e_gone"))
    if found.state == "ended":
        return await _card(ctx, found)
    dropped = await series.end(ctx.db, found, ctx.now, ctx.me.id)
    audit.note(ctx.db, ctx.now, ctx.me.id, "end_series", found.key)
    for each in dropped:
        await cards.touch(ctx.db, PUBLIC, each.key)
    return await _card(ctx, found)


async def _card(ctx: Context, found: Series, *head: Text) -> Message:
    return series_card(found, await series.meetings(ctx.db, found), ctx.now, *head)


def _shown(ctx: Context, shown: Message) -> Answers:
    return [Edit(shown)] if ctx.inbound.where.kind == "dm" else [Reply(shown, private=True)]
