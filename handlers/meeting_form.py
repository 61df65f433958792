"""Planning a meeting, changing its words and what people need to come: one form, and a short one for the details."""

from __future__ import annotations

from chat.form import Form
from chat.message import Message, Press, button, row, rows
from chat.outbound import Answer, Ask, Invalid, Reply
from chat.text import say
from handlers import _editing, _meeting_values, _reminding
from handlers._feature import Answers, Context, Feature
from handlers._meeting_fields import EDITABLE, NOT_ANNOUNCED, pages, practical
from handlers._meetings import about, pressed
from storage import audit, changes
from storage.meetings import Meeting, by_key, next_code, same_topic
from storage.members import by_key as member_by_key

feature = Feature("meeting_form")

LIKE = "like"
"""Hidden value of a form: the key of the meeting a new one is copied from."""


@feature.command(
    "meeting new", "new", "plan", "nouvelle réunion", "yeni toplantı", "nueva reunión", who="organiser", where="slack",
    menu=True,
)  # fmt: skip
async def new(ctx: Context, _rest: str) -> Answers:
    """Ask about a new meeting."""
    return [Ask("meeting", "", {"zone": ctx.community.zone, "audience": "all", "rule": "yes"})]


@feature.command("meeting edit", who="organiser", where="slack")
@about("meeting edit", EDITABLE)
async def edit(ctx: Context, meeting: Meeting) -> Answers:
    """Ask about a meeting that is planned already."""
    return await _ask(ctx, meeting)


@feature.click("medit", who="organiser")
async def pressed_edit(ctx: Context, press: Press) -> Answers:
    """Ask about a meeting from a button."""
    return await _ask(ctx, await pressed(ctx, press.key), more=press.arg == _editing.MORE)


@feature.command("meeting clone", "meeting copy", who="organiser", where="slack")
@about("meeting clone", ("scheduled", "inviting", "closed", "live", "held", "memo_issued", "archived", "cancelled"))
async def clone(ctx: Context, meeting: Meeting) -> Answers:
    """Ask about a new meeting like another one; only its date is left out."""
    return [_copy(meeting)]


@feature.click("mclone", who="organiser")
async def pressed_clone(ctx: Context, press: Press) -> Answers:
    """Ask about a new meeting like the one of a card."""
    return [_copy(await pressed(ctx, press.key))]


def _copy(meeting: Meeting) -> Ask:
    return Ask("meeting", "", {**_meeting_values.like(meeting), LIKE: meeting.key})


async def _ask(ctx: Context, meeting: Meeting, *, more: bool = False) -> list[Answer]:
    started = meeting.starts_at <= ctx.now and meeting.state not in NOT_ANNOUNCED
    if meeting.state not in EDITABLE or started:
        return [Reply(Message((say("m_too_late_to_edit"),), rows(row(button("status", "status", meeting.key)))))]
    if more:
        return [Ask("practical", meeting.key, await _editing.given(ctx, meeting, await practical(ctx)))]
    return [Ask("meeting", meeting.key, await _editing.given_all(ctx, meeting))]


@feature.form("meeting", who="organiser")
async def form(ctx: Context, subject: str) -> Form:
    """Build the questions; of an announced meeting those that may still change."""
    meeting = await pressed(ctx, _editing.key_of(subject)) if subject else None
    title = say("m_form_edit", code=meeting.code) if meeting else say("m_form_new")
    asked = await pages(ctx, meeting)
    if meeting is not None and meeting.state not in NOT_ANNOUNCED:
        return Form("meeting", title, asked, intro=say("c_announced_intro"))
    return Form("meeting", title, asked)


@feature.form("practical", who="organiser")
async def practical_form(ctx: Context, subject: str) -> Form:
    """Build the questions of ‹add_details›."""
    await pressed(ctx, _editing.key_of(subject))
    return Form("practical", say("c_form_practical"), (await practical(ctx),))


@feature.submission("meeting")
async def save(ctx: Context, subject: str, values: dict[str, str]) -> Answers:
    """Save a meeting; of an announced one words change silently, a new place or way in is shown first."""
    return await _editing.save(ctx, "meeting", subject, values) if subject else [await _create(ctx, values)]


@feature.submission("practical")
async def save_practical(ctx: Context, subject: str, values: dict[str, str]) -> Answers:
    """Save what people need on the day; of an announced meeting a change is shown first."""
    return await _editing.save(ctx, "practical", subject, values)


async def _create(ctx: Context, values: dict[str, str]) -> Answer:
    fields = _meeting_values.read(values, ctx.now)
    if isinstance(fields, Invalid):
        return fields
    model = await by_key(ctx.db, values[LIKE]) if values.get(LIKE) else None
    if model is not None and not values.get("audience"):
        fields["audience"] = dict(model.audience)
    fields["details"] = {name: value for name, value in fields["details"].items() if value}
    fields.setdefault("audience", {})
    meeting = Meeting(
        code=await next_code(ctx.db), state="scheduled", created_by=ctx.me.id, changed_by=ctx.me.id, **fields
    )
    ctx.db.add(meeting)
    await ctx.db.flush()
    if values.get("moderator"):
        await changes.name_moderator(ctx.db, meeting, await member_by_key(ctx.db, values["moderator"]))
    audit.note(ctx.db, ctx.now, ctx.me.id, "create_meeting", meeting.key)
    await _reminding.arm(ctx.db, meeting)
    twin = await same_topic(ctx.db, meeting.theme, meeting.region, meeting.key)
    return Reply(_editing.saved(meeting, twin), private=True)
