"""Saving a changed form of a meeting: what somebody else changed meanwhile, what is silent, what people are told."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from chat.errors import UserError
from chat.form import Field
from chat.message import Button, Message, Press, button, row, rows
from chat.outbound import Answer, Edit, Invalid, Reply
from chat.text import Bold, Text, When, say
from handlers import _change_screens, _changing, _meeting_values, _reminding
from handlers._cards import PRIVATE, PUBLIC, place, state_label, when
from handlers._changing import Change
from handlers._feature import Context
from handlers._meeting_fields import EDITABLE, FIXED, NOT_ANNOUNCED, pages, practical
from handlers._reminding import no_send_dates
from scheduler import cards
from storage import audit, changes, drafts, seats
from storage.database import new_key
from storage.drafts import FormDraft
from storage.meetings import Meeting, lock, same_topic
from storage.members import Member

MORE = "d"
"""The `arg` of ‹add_details›."""
SEEN = "seen"
"""Hidden value of a form: all values its editor saw, so that the second of two sees what the first changed."""


def key_of(subject: str) -> str:
    """Give the meeting's key of a form's subject: `key`, or `key.` and what tells kept ones apart."""
    return subject.partition(".")[0]


async def given(ctx: Context, meeting: Meeting, fields: Sequence[Field]) -> dict[str, str]:
    """Give the values a form about a meeting begins with."""
    stands = await standing(ctx, meeting)
    shown = {each.id: stands[each.id] for each in fields if stands.get(each.id)}
    return {**shown, SEEN: json.dumps(stands)}


async def given_all(ctx: Context, meeting: Meeting) -> dict[str, str]:
    """Give the values the whole form begins with."""
    return await given(ctx, meeting, [each for page in await pages(ctx, meeting) for each in page])


async def standing(ctx: Context, meeting: Meeting) -> dict[str, str]:
    """Give all values of a meeting as they are now."""
    mine = await changes.moderator(ctx.db, meeting)
    return _meeting_values.stands(meeting, mine.key if mine else "")


async def keep(ctx: Context, form: str, meeting: Meeting, values: Mapping[str, str]) -> FormDraft:
    """Keep what was submitted until it is confirmed or dropped; ‹back› opens the form with it again."""
    names = {name: value for name, value in values.items() if not name.startswith("?")}
    return await drafts.begin(
        ctx.db, member_id=ctx.me.id, account=ctx.inbound.by.id, form=form, subject=f"{meeting.key}.{new_key()}",
        values=names, sensitive=False, now=ctx.now,
    )  # fmt: skip


async def held_now(ctx: Context, subject: str, states: Sequence[str]) -> Meeting:
    """Hold the meeting a form is about. Raise `UserError` if it cannot be changed, or a change of it is under way."""
    meeting = await lock(ctx.db, key_of(subject))
    if meeting is None:
        raise UserError(say("e_gone"))
    if meeting.state not in states:
        raise UserError(say("c_not_now", code=meeting.code, state=state_label(meeting)))
    await nothing_pending(ctx, meeting)
    return meeting


async def nothing_pending(ctx: Context, meeting: Meeting) -> None:
    """Raise `UserError` while a confirmed change can still be undone: one change after the other."""
    other = await changes.pending(ctx.db, meeting.key, ctx.now)
    if other is not None:
        by = await ctx.db.get(Member, other.created_by) if other.created_by else None
        raise UserError(say("c_pending", who=by.name if by else "–", code=meeting.code))


async def save(ctx: Context, form: str, subject: str, values: Mapping[str, str]) -> list[Answer]:
    """Save what an editor changed, on top of what others changed; a new place or way in is shown first.

    Only what differs from what the editor saw counts as theirs, so nobody undoes another's work without seeing it.
    """
    meeting = await held_now(ctx, subject, EDITABLE)
    if meeting.starts_at <= ctx.now and meeting.state not in NOT_ANNOUNCED:
        return [Invalid({"": say("m_too_late_to_edit")})]
    now_stands = await standing(ctx, meeting)
    seen: dict[str, str] = json.loads(values[SEEN]) if values.get(SEEN) else now_stands
    mine = {
        name: value
        for name, value in values.items()
        if name in now_stands and value != seen.get(name, now_stands[name])
    }
    announced = meeting.state not in NOT_ANNOUNCED
    if announced and any(name in FIXED for name in mine):
        return [Invalid({"": say("c_announced")})]
    theirs = _meeting_values.changed(seen, now_stands)
    if theirs:
        return [await _conflict(ctx, form, meeting, values, seen, now_stands, theirs)]
    if "start" in mine:
        mine = _deadlines_follow(meeting, now_stands, mine, ctx.now) | mine
    checked = await check(ctx, meeting, now_stands, mine)
    if isinstance(checked, Invalid):
        return [checked]
    tell = _meeting_values.to_tell(now_stands, {**now_stands, **mine}, meeting.starts_at - ctx.now) if announced else []
    if tell:
        change = Change("place_change", mine, tuple(tell))
        if await _changing.people(ctx.db, meeting, change, ctx.now):
            return [await show(ctx, form, meeting, change, values)]
    if mine:
        await _changing.apply_values(ctx.db, meeting, mine, ctx.now)
        meeting.changed_by = ctx.me.id
        audit.note(ctx.db, ctx.now, ctx.me.id, "edit_meeting", meeting.key)
        await ctx.db.flush()
        await cards.touch(ctx.db, (*PRIVATE, *PUBLIC), meeting.key)
        await after(ctx, meeting, mine)
    if announced:
        return [answer(ctx, _silently(meeting))]
    return [answer(ctx, saved(meeting, await same_topic(ctx.db, meeting.theme, meeting.region, meeting.key)))]


def _deadlines_follow(
    meeting: Meeting, stands: Mapping[str, str], mine: Mapping[str, str], now: datetime
) -> dict[str, str]:
    """Move the deadlines of a meeting nobody has heard of along with its start."""
    start = datetime.fromisoformat(mine["start"])
    if start <= now:
        return {}
    return {
        name: _changing.moved_deadline(datetime.fromisoformat(stands[name]), meeting.starts_at, start, now).isoformat()
        for name in ("deadline", "online_deadline")
        if stands[name]
    }


async def after(ctx: Context, meeting: Meeting, mine: Mapping[str, str]) -> None:
    """Let seats and deadlines that changed have their consequences."""
    if meeting.state in NOT_ANNOUNCED:
        await _reminding.arm(ctx.db, meeting)
        return
    if {"seats", "seats_online", "per_organisation", "guests"} & set(mine):
        await _changing.settle(ctx.db, meeting, ctx.now)
    if {"deadline", "online_deadline"} & set(mine):
        await _changing.reopen_replies(ctx.db, meeting, ctx.now)
        await _reminding.arm(ctx.db, meeting)


async def check(ctx: Context, meeting: Meeting, before: Mapping[str, str], mine: Mapping[str, str]) -> Invalid | None:
    """Check that changed values go together, and that seats do not go below those who have one."""
    moved = "start" in mine
    fields = _meeting_values.read({**before, **mine}, ctx.now, ahead=moved)
    if isinstance(fields, Invalid):
        return fields
    if meeting.state in NOT_ANNOUNCED:
        return None
    modes = {"seats": "room" if meeting.format == "hybrid" else "", "seats_online": "online"}
    for field, mode in modes.items():
        if field in mine and fields[field] is not None:
            taken = await seats.taken(ctx.db, meeting, mode, ctx.now)
            if fields[field] < taken:
                return Invalid({field: say("f_seats", n=taken)})
    for field, column in (("deadline", "rsvp_deadline"), ("online_deadline", "online_deadline")):
        moment: datetime | None = fields[column]
        if field in mine and moment is not None and moment <= ctx.now:
            return Invalid({field: say("f_past")})
    return None


async def show(ctx: Context, form: str, meeting: Meeting, change: Change, values: Mapping[str, str]) -> Answer:
    """Keep a change and show what it would do; a pressed preview turns into the new one."""
    told = await _changing.people(ctx.db, meeting, change, ctx.now)
    draft = await keep(ctx, form, meeting, values)
    shown = _change_screens.preview(ctx, meeting, change, told, draft, await no_send_dates(ctx.db))
    return answer(ctx, shown)


def answer(ctx: Context, shown: Message) -> Answer:
    """Turn a pressed card into this one in private; say it in private otherwise."""
    pressed = ctx.inbound.kind == "click" and ctx.inbound.where.kind == "dm"
    return Edit(shown) if pressed else Reply(shown, private=True)


async def _conflict(
    ctx: Context,
    form: str,
    meeting: Meeting,
    values: Mapping[str, str],
    seen: Mapping[str, str],
    now_stands: Mapping[str, str],
    names: Sequence[str],
) -> Answer:
    by = await ctx.db.get(Member, meeting.changed_by) if meeting.changed_by else None
    fields = [each for page in await pages(ctx, None) for each in page] + list(await practical(ctx))
    mine = {name: value for name, value in values.items() if name in seen and value != seen[name]}
    lines: list[Text] = _change_screens.differences(fields, seen, now_stands, names, mine, ctx)
    # What only the other changed is theirs from now on; what both changed is asked by the card.
    kept = {name: now_stands[name] for name in values if name in now_stands and name not in mine}
    draft = await keep(ctx, form, meeting, {**values, **kept, SEEN: json.dumps(dict(now_stands))})
    return answer(ctx, _change_screens.conflict(meeting, by.name if by else "–", lines, draft))


def saved(meeting: Meeting, twin: Meeting | None) -> Message:
    """Show a meeting that is saved and not announced, with what can be done next."""
    lines: list[Text] = [
        Bold(say("m_saved", code=meeting.code)),
        Bold(meeting.title),
        when(meeting),
        (say(f"b_{meeting.format}"), " · ", place(meeting)) if meeting.format != "online" else say("b_online"),
        say("m_reply_by", when=When(meeting.rsvp_deadline, meeting.zone)),
    ]
    if meeting.format == "hybrid":
        lines += [
            say(key, n=n) for key, n in (("c_seats_room", meeting.seats), ("c_seats_net", meeting.seats_online)) if n
        ]
    elif meeting.seats is not None:
        lines.append(say("c_seats_line", n=meeting.seats))
    if twin is not None:
        lines.append(say("m_twin", code=twin.code))
    first = Button(say("b_preview"), Press("preview", meeting.key, "", "i"), "primary")
    more = button("add_details", "medit", meeting.key, "", MORE)
    return Message(tuple(lines), rows(row(first, button("edit", "medit", meeting.key), more)))


def _silently(meeting: Meeting) -> Message:
    lines = (Bold(say("m_saved_silently", code=meeting.code)), Bold(meeting.title), when(meeting))
    return Message(lines, rows(row(button("status", "status", meeting.key), button("edit", "medit", meeting.key))))
