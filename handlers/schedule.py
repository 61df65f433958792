"""The dry run of a meeting and its schedule: who gets what, when, and why not; rows changed or switched off."""

from __future__ import annotations

from sqlalchemy import or_, select

from chat.errors import UserError
from chat.form import ChoiceField, Form, NumberField, Option, TextField
from chat.message import Button, Message, Press, rows
from chat.outbound import Answer, Ask, Edit, Invalid, Reply, Toast
from chat.text import Text, say
from handlers import _reminding, _schedule_changes, _schedule_person, _schedule_screens
from handlers._cards import short
from handlers._feature import Answers, Context, Feature
from handlers._meetings import about, pressed
from handlers._schedule import BULK, Row
from handlers._schedule_screens import FORMATS, USUAL
from storage import audit
from storage.meetings import HELD, INVITED, Meeting, lock
from storage.members import GUEST, Member, by_key

feature = Feature("schedule")

SHOWN = ("draft", "scheduled", *INVITED, *HELD)
NAMED = 8
"""Members offered when a name fits several."""


@feature.command("meeting schedule", "meeting calendar", who="organiser")
@about("meeting schedule", ("draft", "scheduled", *INVITED))
async def schedule(ctx: Context, meeting: Meeting) -> Answers:
    """Show every message of a meeting with its date."""
    return [Reply(await _screen(ctx, meeting))]


@feature.command("community schedule", who="organiser")
async def usual(ctx: Context, _rest: str) -> Answers:
    """Show the usual dates of all meetings of this community."""
    return [Reply(_schedule_screens.usual(ctx.community, "online", 0))]


@feature.click("sched", who="organiser")
async def turned(ctx: Context, press: Press) -> Answers:
    """Show a page of a schedule from a button; from a group it comes in private."""
    page = int(press.rev) if press.rev.isdecimal() else None
    if press.key == USUAL:
        form = press.arg if press.arg in FORMATS else "online"
        return [_shown(ctx, _schedule_screens.usual(ctx.community, form, page or 0))]
    return [_shown(ctx, await _screen(ctx, await pressed(ctx, press.key), page))]


@feature.click("rowedit", who="organiser")
async def opened(ctx: Context, press: Press) -> Answers:
    """Open one row, or the form that changes it (`rev` f)."""
    if press.rev == "f":
        found = await _row(ctx, press.key, press.arg)
        values = {"days": str(abs(found.days))}
        if not found.rule.follows:
            values["hour"] = f"{found.hour or BULK:%H:%M}"
        return [Ask("schedrow", f"{press.key}.{press.arg}", values)]
    return [_shown(ctx, await _card(ctx, press.key, press.arg))]


@feature.click("rowoff", who="organiser")
async def switched(ctx: Context, press: Press) -> Answers:
    """Switch one row off or on, or let it be as usual again."""
    entries: dict[str, dict[str, object] | None] = {"off": {"off": True}, "on": {"off": False}, "usual": None}
    if press.rev not in entries:
        raise UserError(say("e_gone"))
    entry = entries[press.rev]
    if press.rev == "on":
        entry = await _switched_on(ctx, press)
    await _change(ctx, press.key, press.arg, entry)
    return [_shown(ctx, await _card(ctx, press.key, press.arg)), Toast(say("sc_saved"))]


async def _switched_on(ctx: Context, press: Press) -> dict[str, object] | None:
    """Give what stands once a row is on again: nothing of its own, unless the community had it off."""
    if press.key == USUAL:
        return None
    meeting = await pressed(ctx, press.key)
    rows_ = ctx.community.settings.get("schedule") or {}
    usual = (rows_.get(press.arg.partition("@")[0]) or {}).get("off") or any(
        (rows_.get(f"{press.arg.partition('@')[0]}@{form}") or {}).get("off") for form in (meeting.format, *FORMATS)
    )
    return {"off": False} if usual else None


@feature.form("schedrow", who="organiser")
async def form(ctx: Context, subject: str) -> Form:
    """Ask for days and hour of one row."""
    key, _, name = subject.partition(".")
    found = await _row(ctx, key, name)
    if found.rule.follows:
        most = _schedule_changes.POLL_DAYS_MOST
        days = NumberField(id="days", label=say("sc_q_days_poll"), min=1, max=most)
        return Form("schedrow", say("sc_form"), ((days,),), review=False)
    label = say("sc_q_days_after" if found.rule.after else "sc_q_days_before")
    least = 1 if found.rule.after else 0
    fields = (
        NumberField(id="days", label=label, min=least, max=_schedule_changes.DAYS_MOST),
        ChoiceField(
            id="hour", label=say("sc_q_hour"), hint=say("sc_q_hour_hint"), other=True,
            options=tuple(Option(each, each) for each in _schedule_changes.HOURS),
        ),
    )  # fmt: skip
    return Form("schedrow", say("sc_form"), (fields,), review=False)


@feature.submission("schedrow")
async def changed(ctx: Context, subject: str, values: dict[str, str]) -> Answers:
    """Change one row if it then still comes before what it has to come before."""
    key, _, name = subject.partition(".")
    found = await _row(ctx, key, name)
    days = int(values["days"])
    wrong: Text | None
    if found.rule.follows:
        wrong = _schedule_changes.refuse_poll(ctx.community, found, days)
        if wrong is not None:
            return [Invalid({"days": wrong})]
        await _change(ctx, key, name, {"days": days})
        return [Reply(await _card(ctx, key, name), private=True)]
    hour = _schedule_changes.read_hour(values["hour"])
    if hour is None:
        return [Invalid({"hour": say("sc_bad_hour")})]
    if key == USUAL:
        wrong = _schedule_changes.refuse_usual(found, name.partition("@")[2], days)
    else:
        dates = await _reminding.calendar(ctx.db, await pressed(ctx, key))
        wrong = _schedule_changes.refuse(dates, found, days, hour, ctx.now)
    if wrong is not None:
        return [Invalid({"days": wrong})]
    await _change(ctx, key, name, {"days": days, "hour": hour})
    return [Reply(await _card(ctx, key, name), private=True)]


@feature.click("schedone", who="organiser")
async def one_person(ctx: Context, press: Press) -> Answers:
    """Ask for whom, or show the dry run of the member named by `arg`."""
    meeting = await pressed(ctx, press.key)
    if not press.arg:
        return [Ask("schedone", meeting.key)]
    member = await by_key(ctx.db, press.arg)
    if member is None:
        raise UserError(say("e_gone"))
    return [_shown(ctx, await _schedule_person.screen(ctx, meeting, member))]


@feature.form("schedone", who="organiser")
async def who_form(ctx: Context, subject: str) -> Form:
    """Ask for part of a name."""
    await pressed(ctx, subject)
    field = TextField(id="who", label=say("sc_q_who"), hint=say("sc_q_who_hint"), min=2, max=80)
    return Form("schedone", say("sc_one_form"), ((field,),), submit=say("b_next"), review=False)


@feature.submission("schedone")
async def named(ctx: Context, subject: str, values: dict[str, str]) -> Answers:
    """Show the dry run of the one who is meant; of several the asker picks."""
    meeting = await pressed(ctx, subject)
    asked = values["who"].strip()
    like = asked.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    query = select(Member).where(
        Member.staff.is_(False),
        Member.state != GUEST,
        or_(Member.name.ilike(f"%{like}%", escape="\\"), Member.code == asked),
    )
    found = list(await ctx.db.scalars(query.order_by(Member.name).limit(NAMED)))
    if not found:
        return [Invalid({"who": say("sc_nobody_named")})]
    if len(found) == 1:
        return [Reply(await _schedule_person.screen(ctx, meeting, found[0]), private=True)]
    buttons = [(Button(short(each.name), Press("schedone", meeting.key, "", each.key)),) for each in found]
    return [Reply(Message((say("sc_which_one"),), rows(*buttons), silent=True), private=True)]


async def _screen(ctx: Context, meeting: Meeting, page: int | None = None) -> Message:
    return _schedule_screens.screen(meeting, await _schedule_screens.lines(ctx.db, meeting, ctx.now), page)


def _shown(ctx: Context, message: Message) -> Answer:
    return Edit(message) if ctx.inbound.where.kind == "dm" else Reply(message, private=True)


async def _row(ctx: Context, key: str, name: str) -> Row:
    """Find a row that may be changed in days and hour. Raise `UserError`."""
    found = await _find(ctx, key, name)
    if found.rule.follows and key != USUAL:
        raise UserError(say("sc_follows"))
    if not found.rule.timed:
        raise UserError(say("sc_over"))
    return found


async def _find(ctx: Context, key: str, name: str) -> Row:
    if key == USUAL:
        found = _schedule_changes.find_usual(ctx.community, name)
    else:
        found = (await _reminding.calendar(ctx.db, await pressed(ctx, key))).row(name)
    if found is None:
        raise UserError(say("e_gone"))
    return found


async def _card(ctx: Context, key: str, name: str) -> Message:
    if key == USUAL:
        found, form = await _find(ctx, key, name), name.partition("@")[2]
        head = say("sc_usual_of", community=ctx.community.name, format=say(f"b_{form}"))
        return _schedule_screens.card(key, name, found, None, ctx.community.zone, head)
    meeting = await pressed(ctx, key)
    found = await _find(ctx, key, name)
    lines = await _schedule_screens.lines(ctx.db, meeting, ctx.now)
    line = next((each for each in lines if each.row.key == name), None)
    head = say("sc_of", code=meeting.code, title=meeting.title)
    return _schedule_screens.card(key, name, found, line, meeting.zone, head)


async def _change(ctx: Context, key: str, name: str, entry: dict[str, object] | None) -> None:
    found = await _find(ctx, key, name)
    if (found.rule.follows and key != USUAL) or (found.rule.stays and (entry or {}).get("off")):
        raise UserError(say("sc_follows"))
    if key == USUAL:
        name = found.key if found.rule.follows else name  # polls have no format
        await _schedule_changes.change_usual(ctx.db, name, entry)
        audit.note(ctx.db, ctx.now, ctx.me.id, "change_schedule", name)
        return
    meeting = await lock(ctx.db, key)
    if meeting is None or meeting.state not in SHOWN:
        raise UserError(say("sc_over"))
    await _schedule_changes.change(ctx.db, meeting, name, entry)
    audit.note(ctx.db, ctx.now, ctx.me.id, "change_schedule", meeting.key)
