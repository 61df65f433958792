"""Choosing who a meeting is for, and seeing who is missing: filters by taps, named people, the balance by category."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import select

from chat.errors import UserError
from chat.form import Form, TextField
from chat.message import Button, Message, Press, button, row, rows
from chat.outbound import Ask, Edit, Reply
from chat.text import Bold, Text, say
from handlers import _balance
from handlers._audience import FINDERS, Holder, Place, change, filter_card, first_card, known, part_of
from handlers._cards import short, state_label
from handlers._feature import Answers, Context, Feature, Waiting
from handlers._meetings import about, pressed
from handlers._sends import listed
from storage import audience, audit
from storage.database import Session
from storage.meetings import Meeting, by_key, lock

feature = Feature("audience")

CAN_CHANGE = ("draft", "scheduled", "inviting")
"""States in which somebody can still be invited."""
REPORT = {"online": timedelta(days=28), "hybrid": timedelta(days=28), "in_person": timedelta(days=45)}
"""From when the balance is something to do (domain 3.1, row T-28)."""
CALLED = 20
"""Focal points named at once."""


@feature.command("meeting audience", "meeting who", who="organiser")
@about("meeting audience", CAN_CHANGE)
async def who(ctx: Context, meeting: Meeting) -> Answers:
    """Show who a meeting is for."""
    return [Reply(await _card(ctx, await _of_meeting(ctx, meeting), Place()))]


@feature.click("aud", who="organiser")
async def tapped(ctx: Context, press: Press) -> Answers:
    """Turn the cards of an audience, and save every tap on a value at once."""
    place = Place.read(press.rev)
    if not press.arg:
        return _shown(ctx, await _card(ctx, await _holder(ctx, press.key), place))
    if press.arg == "find":
        return [Ask("audname", f"{press.key}.{press.rev}")]
    holder = await _holder(ctx, press.key, locked=True)
    if press.arg != "all" and not place.letter:
        raise UserError(say("e_gone"))
    if holder.fixed is None:
        wanted = {} if press.arg == "all" else await _changed(ctx, holder, place, press.arg)
        await holder.save(wanted)
        await ctx.db.flush()
        audit.note(ctx.db, ctx.now, ctx.me.id, "change_audience", holder.key)
        holder = await _holder(ctx, press.key, locked=True)
    return _shown(ctx, await _card(ctx, holder, place))


@feature.form("audname", who="organiser")
async def name_form(_ctx: Context, _subject: str) -> Form:
    """Ask for a part of somebody's name."""
    field = TextField(id="name", label=say("aud_name"), min=2, max=60)
    return Form("audname", say("aud_form"), ((field,),), submit=say("b_aud_find"), review=False)


@feature.submission("audname")
async def named(ctx: Context, subject: str, values: dict[str, str]) -> Answers:
    """Offer the people whose name was meant; same names are told apart by their organisation."""
    key, _, rev = subject.partition(".")
    holder, place = await _holder(ctx, key), Place.read(rev)
    found = await audience.named(ctx.db, values["name"])
    chosen = set(part_of(holder.spec, place).get("members") or ())
    lines: list[Text] = [Bold(say("aud_who" if found else "aud_none_named"))]
    buttons: list[Button] = []
    for number, (member, organisation) in enumerate(found[: audience.NAMED], 1):
        lines.append((f"{number}. ", member.name, f" · {organisation}" if organisation else ""))
        if member.id not in chosen:  # a tap would take the person out again
            buttons.append(Button(short(f"{number} · {member.name}"), Press("aud", key, str(place), str(member.id))))
    if len(found) > audience.NAMED:
        lines.append(say("aud_too_many_named", n=audience.NAMED))
    again = row(button("aud_find", "aud", key, str(place), "find"), button("back", "aud", key, str(place)))
    pairs = [row(*buttons[at : at + 2]) for at in range(0, len(buttons), 2)]
    return [Reply(Message(tuple(lines), rows(*pairs, again)), private=True)]


@feature.command("meeting balance", who="organiser")
@about("meeting balance", _balance.STATES)
async def balance(ctx: Context, meeting: Meeting) -> Answers:
    """Show invited and coming by category, with the focal points to call; only in private, for it has names."""
    return [Reply(await _balance_card(ctx, meeting), private=True)]


@feature.click("bal", who="organiser")
async def pressed_balance(ctx: Context, press: Press) -> Answers:
    """Show the balance from a button."""
    return _shown(ctx, await _balance_card(ctx, await pressed(ctx, press.key)))


@feature.todo
async def balances(db: Session, now: datetime) -> Sequence[Waiting]:
    """Name the meetings near their reply deadline in which a category has no voice or is silent."""
    coming = await db.scalars(
        select(Meeting)
        .where(
            Meeting.state.in_(("inviting", "closed")),
            Meeting.starts_at > now,
            Meeting.starts_at <= now + max(REPORT.values()),
        )
        .order_by(Meeting.starts_at)
    )
    found: list[Waiting] = []
    for meeting in coming:
        if meeting.starts_at - REPORT.get(meeting.format, REPORT["online"]) > now:
            continue
        advice = _balance.advice(await _balance.parts(db, meeting))
        if advice:
            line = say("bal_todo", code=meeting.code, advice=advice[0])
            by = meeting.rsvp_deadline if meeting.rsvp_deadline > now else meeting.starts_at
            found.append(Waiting(line, button("balance", "bal", meeting.key), by))
    return found


async def _changed(ctx: Context, holder: Holder, place: Place, value: str) -> dict[str, Any]:
    if not await known(ctx.db, part_of(holder.spec, place), place, value, ctx.reader):
        raise UserError(say("e_gone"))
    return change(holder.spec, place, value)


async def _card(ctx: Context, holder: Holder, place: Place) -> Message:
    if place.letter and holder.fixed is None:
        return await filter_card(ctx.db, holder, place, ctx.reader)
    return await first_card(ctx.db, holder, place, ctx.reader)


async def _holder(ctx: Context, key: str, *, locked: bool = False) -> Holder:
    """Find what has an audience: a meeting first, then what other features have. Raise `UserError`."""
    meeting = await (lock if locked else by_key)(ctx.db, key)
    if meeting is not None:
        return await _of_meeting(ctx, meeting)
    for find in FINDERS:
        holder = await find(ctx, key, locked)
        if holder is not None:
            return holder
    raise UserError(say("e_gone"))


async def _of_meeting(ctx: Context, meeting: Meeting) -> Holder:
    async def save(spec: dict[str, Any]) -> None:
        meeting.audience, meeting.changed_by = spec, ctx.me.id

    fixed, notes = None, list[Text]()
    if meeting.state not in CAN_CHANGE or meeting.starts_at <= ctx.now:
        fixed = say("aud_fixed", code=meeting.code, state=state_label(meeting))
    if meeting.state in ("inviting", "closed"):
        late = (await audience.reach(ctx.db, meeting.audience, but=meeting)).total
        notes = [say("aud_late", n=late), say("aud_kept")]
    return Holder(
        key=meeting.key,
        heading=say("aud_title", code=meeting.code, title=meeting.title),
        spec=meeting.audience,
        save=save,
        onward=Button(say("b_preview"), Press("preview", meeting.key, "", "i"), "primary"),
        back=button("status", "status", meeting.key),
        fixed=fixed,
        notes=notes,
    )


async def _balance_card(ctx: Context, meeting: Meeting) -> Message:
    counted = await _balance.lines(ctx.db, meeting, ctx.now)
    lines: list[Text] = [Bold(say("bal_title", code=meeting.code, title=meeting.title))]
    back = rows(row(button("status", "status", meeting.key)))
    if not counted:
        return Message((*lines, say("bal_nobody", code=meeting.code)), back)
    lines += counted
    running = meeting.state in _balance.STATES and meeting.starts_at > ctx.now
    if running and not _balance.advice(await _balance.parts(ctx.db, meeting)):
        lines.append(say("bal_even"))
    call = (await _balance.to_call(ctx.db, meeting, ctx.now))[:CALLED] if running else []
    if call:
        places = await audience.organisations(ctx.db, [each.organisation_id for each in call if each.organisation_id])
        lines.append(Bold(say("bal_call")))
        for category, group in groupby(call, lambda each: each.category):
            names: list[Text] = []
            for each in group:
                organisation = places.get(each.organisation_id or 0, "")
                names.append(f"{each.name} ({organisation})" if organisation else each.name)
            lines.append((_balance.category_name(category), ": ", listed(names)))
    if running and len(call) < CALLED:
        silent = [each.category for each in await _balance.parts(ctx.db, meeting) if _balance.thin(each)]
        nobody = [_balance.category_name(each) for each in silent if all(each != other.category for other in call)]
        lines += [say("bal_no_focal", names=listed(nobody))] if nobody else []
    return Message(tuple(lines), back)


def _shown(ctx: Context, shown: Message) -> Answers:
    return [Edit(shown)] if ctx.inbound.where.kind == "dm" else [Reply(shown, private=True)]
