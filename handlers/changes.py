"""Moving, cancelling and reopening a meeting: preview first, two minutes to undo, one message to each (domain 3.2)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import structlog

from chat.errors import UserError
from chat.form import ChoiceField, Form, MomentField, NumberField, Option, TextField
from chat.message import Message, Press, button, row, rows
from chat.outbound import Answer, Ask, Card, Edit, Invalid, Reply, Toast
from chat.text import Bold, say
from handlers import _change_screens, _changing, _editing, _meeting_values, _reminding, _sends
from handlers._cards import state_label, when
from handlers._changing import OPEN, TIMER, Change
from handlers._feature import Answers, Context, Feature
from handlers._meeting_fields import (
    EDITABLE,
    LENGTHS,
    NOT_ANNOUNCED,
    length_field,
    link_field,
    place_field,
)
from handlers._meetings import about, pressed
from handlers._welcome import go
from scheduler import cards, delivery
from storage import audit, changes, drafts, invitations, sends
from storage.database import Session
from storage.deliveries import Campaign
from storage.drafts import FormDraft
from storage.meetings import Meeting, lock
from storage.members import Member
from storage.states import turn
from storage.timers import Timer

feature = Feature("changes")
log = structlog.get_logger(__name__)

COUNT_FROM = 50
"""From so many people on the number is typed before anything is sent (conversation, settled point a)."""
CONFIRM_WITHIN = timedelta(minutes=10)
FORMS = {"move": "reschedule", "mcancel": "cancellation", "meeting": "place_change", "practical": "place_change"}
"""Forms whose change is confirmed, with the kind of the change."""


@feature.command("meeting reschedule", "meeting move", who="organiser", where="slack")
@about("meeting reschedule", EDITABLE)
async def reschedule(ctx: Context, meeting: Meeting) -> Answers:
    """Ask for a new date; one that nobody has heard of is simply edited."""
    return await _ask_move(ctx, meeting)


@feature.click("move", who="organiser")
async def pressed_move(ctx: Context, press: Press) -> Answers:
    """Ask for a new date from a button."""
    return await _ask_move(ctx, await pressed(ctx, press.key))


@feature.command("meeting cancel", who="organiser", where="slack")
@about("meeting cancel", EDITABLE)
async def cancel(ctx: Context, meeting: Meeting) -> Answers:
    """Ask why a meeting is cancelled; the preview comes before anything happens."""
    return await _ask_cancel(ctx, meeting)


@feature.click("mcancel", who="organiser")
async def pressed_cancel(ctx: Context, press: Press) -> Answers:
    """Ask why a meeting is cancelled, from a button."""
    return await _ask_cancel(ctx, await pressed(ctx, press.key))


@feature.command("meeting reopen", who="organiser")
@about("meeting reopen", ("cancelled",))
async def reopen(ctx: Context, meeting: Meeting) -> Answers:
    """Show what reopening a cancelled meeting means."""
    return [Reply(await _reopen_question(ctx, meeting))]


@feature.click("reopen", who="organiser")
async def pressed_reopen(ctx: Context, press: Press) -> Answers:
    """Show the question, or reopen the meeting if the question still says what would happen."""
    meeting = await lock(ctx.db, press.key)
    if meeting is None:
        raise UserError(say("e_gone"))
    asked = _minute(press.arg)
    fresh = asked is not None and asked <= ctx.now < asked + CONFIRM_WITHIN and press.rev == str(meeting.revision)
    if meeting.state != "cancelled" or not fresh or meeting.starts_at <= ctx.now:
        return [_editing.answer(ctx, await _reopen_question(ctx, meeting))]
    await turn(ctx.db, meeting, "scheduled")
    meeting.revision += 1
    meeting.changed_by = ctx.me.id
    meeting.details = {name: value for name, value in meeting.details.items() if name not in ("reason", "moved_from")}
    meeting.rsvp_deadline = _changing.moved_deadline(
        meeting.rsvp_deadline, meeting.starts_at, meeting.starts_at, ctx.now
    )
    await changes.begin_anew(ctx.db, meeting)
    audit.note(ctx.db, ctx.now, ctx.me.id, "reopen_meeting", meeting.key)
    await ctx.db.flush()
    await _reminding.arm(ctx.db, meeting)
    await cards.touch(ctx.db, ("status",), meeting.key)
    return [_editing.answer(ctx, _change_screens.done(meeting, "c_reopened"))]


@feature.click("mpoll", who="organiser")
async def poll_new_date(ctx: Context, press: Press) -> Answers:
    """Open the form of a date poll with title, length and audience of a cancelled meeting (domain 3.2)."""
    meeting = await pressed(ctx, press.key)
    if meeting.state != "cancelled":
        return [_not_now(ctx, meeting)]
    minutes = int((meeting.ends_at - meeting.starts_at).total_seconds() // 60)
    length = min(LENGTHS, key=lambda each: abs(each - minutes))
    given = {"question": meeting.title, "length": str(length)}
    return [Ask("poll_date", "", given | {"audience": next(iter(meeting.audience.get("categories") or ()), "all")})]


@feature.form("move", who="organiser")
async def move_form(ctx: Context, subject: str) -> Form:
    """Ask when instead, why, whether everybody is asked again, and the place if it changes too (f_move)."""
    meeting = await pressed(ctx, _editing.key_of(subject))
    minutes = {*LENGTHS, int((meeting.ends_at - meeting.starts_at).total_seconds() // 60)}
    places = (
        *((link_field(),) if meeting.format != "in_person" else ()),
        *((place_field(),) if meeting.format != "online" else ()),
    )
    return Form(
        "move",
        say("c_form_move"),
        (
            (
                MomentField(id="start", label=say("c_q_new_start"), hint=say("m_q_start_hint")),
                length_field(minutes),
                TextField(id="reason", label=say("c_q_reason"), hint=say("c_q_reason_hint"), min=3, max=200),
                ChoiceField(
                    id="ask", label=say("c_q_ask"), required=False,
                    options=(Option("yes", say("c_ask_yes")), Option("no", say("c_ask_no"))),
                ),
                *places,
            ),
        ),
        submit=say("b_preview"),
        intro=(_change_screens.title_line(meeting), "\n", when(meeting)),
    )  # fmt: skip


@feature.submission("move")
async def moved(ctx: Context, subject: str, values: dict[str, str]) -> Answers:
    """Show what a new date would do; nothing changes yet."""
    meeting = await _editing.held_now(ctx, subject, OPEN)
    change = Change("reschedule", _clean(meeting, values))
    refused = _refuse_move(meeting, change, ctx.now)
    if refused is not None:
        return [refused]
    return [await _editing.show(ctx, "move", meeting, change, values)]


@feature.form("mcancel", who="organiser")
async def cancel_form(ctx: Context, subject: str) -> Form:
    """Ask why a meeting is cancelled (f_cancel)."""
    await pressed(ctx, _editing.key_of(subject))
    reason = TextField(id="reason", label=say("c_q_reason"), hint=say("c_q_reason_hint"), min=3, max=200)
    return Form("mcancel", say("c_form_cancel"), ((reason,),), submit=say("b_preview"), review=False)


@feature.submission("mcancel")
async def cancelled(ctx: Context, subject: str, values: dict[str, str]) -> Answers:
    """Show what cancelling would do; nothing changes yet."""
    meeting = await _editing.held_now(ctx, subject, EDITABLE)
    return [await _editing.show(ctx, "mcancel", meeting, Change("cancellation", _reason(values)), values)]


@feature.click("mkeep", who="organiser")
async def keep(ctx: Context, press: Press) -> Answers:
    """Leave everything as it is."""
    draft = await drafts.by_key(ctx.db, press.key, ctx.inbound.by.id)
    status = None
    if draft is not None:
        status = button("status", "status", _editing.key_of(draft.subject))
        await ctx.db.delete(draft)
    return [_editing.answer(ctx, Message((say("c_kept"),), rows(row(status, go("desk", "desk")))))]


@feature.click("msave", who="organiser")
async def confirm(ctx: Context, press: Press) -> Answers:
    """Do what a preview showed, if it still is what would happen; or save over what somebody else changed."""
    draft = await drafts.by_key(ctx.db, press.key, ctx.inbound.by.id)
    if draft is None or draft.form not in FORMS:
        raise UserError(say("e_gone"))
    if not press.arg:
        saved = await _editing.save(ctx, draft.form, draft.subject, _plain(draft))
        refused = next((each for each in saved if isinstance(each, Invalid)), None)
        if refused is not None:
            return [Toast(next(iter(refused.errors.values())), alert=True)]
        await ctx.db.delete(draft)
        return saved
    done = await _confirm(ctx, draft, press.arg, typed=None)
    if isinstance(done, int):
        return [Ask("mcount", f"{draft.key}.{press.arg}")]
    return done


@feature.form("mcount", who="organiser")
async def count_form(ctx: Context, subject: str) -> Form:
    """Ask for the number of people a large change is told."""
    draft = await drafts.by_key(ctx.db, subject.partition(".")[0], ctx.inbound.by.id)
    if draft is None or draft.form not in FORMS:
        raise UserError(say("e_gone"))
    meeting = await pressed(ctx, _editing.key_of(draft.subject))
    head = say(f"c_head_{FORMS[draft.form]}", code=meeting.code, title=meeting.title)
    field = NumberField(id="count", label=say("c_count_question"), min=1)
    return Form("mcount", say("m_count_title"), ((field,),), submit=say("b_send"), review=False, intro=(Bold(head),))


@feature.submission("mcount")
async def counted(ctx: Context, subject: str, values: dict[str, str]) -> Answers:
    """Do it if the typed number is the number of people."""
    key, _, arg = subject.partition(".")
    draft = await drafts.by_key(ctx.db, key, ctx.inbound.by.id)
    if draft is None or draft.form not in FORMS:
        raise UserError(say("e_gone"))
    done = await _confirm(ctx, draft, arg, typed=int(values["count"]))
    if isinstance(done, int):
        return [Invalid({"count": say("m_count_wrong", typed=values["count"], n=str(done))})]
    return [Reply(each.message, private=True, card=each.card) for each in done if isinstance(each, Edit)]


@feature.timer(TIMER)
async def take_effect(db: Session, timer: Timer, now: datetime) -> None:
    """Carry out a confirmed change when the time to undo it is over."""
    found = await sends.by_key(db, timer.subject)
    meeting = await lock(db, found.subject) if found else None  # the meeting first, as everywhere
    campaign = await sends.lock(db, timer.subject) if meeting else None
    if campaign is None or meeting is None or campaign.state == "cancelled":
        return
    details = campaign.details
    change = Change(campaign.kind, dict(details.get("change") or {}), tuple(details.get("tell") or ()))
    by = await db.get(Member, campaign.created_by) if campaign.created_by else None
    late = meeting.revision != details.get("revision") or meeting.state not in EDITABLE or meeting.starts_at <= now
    late = late or (change.kind == "reschedule" and change.start <= now)
    late = late or campaign.state not in ("held", "sending", "done")  # stopped in the moment between
    try:
        if late:
            raise ValueError("the meeting has changed")
        await _changing.carry_out(db, meeting, change, campaign, by, now)
    except ValueError as error:
        log.warning("change_dropped", meeting=meeting.key, kind=campaign.kind, error=str(error))
        campaign.state = "cancelled"
        await db.flush()
        await cards.touch(db, [delivery.PROGRESS], campaign.key)


async def _ask_move(ctx: Context, meeting: Meeting) -> Answers:
    if meeting.state in NOT_ANNOUNCED:
        return [Ask("meeting", meeting.key, await _editing.given_all(ctx, meeting))]
    if meeting.state not in OPEN or meeting.starts_at <= ctx.now:
        return [_not_now(ctx, meeting)]
    await _editing.nothing_pending(ctx, meeting)
    length = str(int((meeting.ends_at - meeting.starts_at).total_seconds() // 60))
    known = {"length": length, "ask": "yes", "link": meeting.join_link, "place": meeting.place}
    return [Ask("move", meeting.key, {name: value for name, value in known.items() if value})]


async def _ask_cancel(ctx: Context, meeting: Meeting) -> Answers:
    if meeting.state not in EDITABLE or (meeting.starts_at <= ctx.now and meeting.state not in NOT_ANNOUNCED):
        return [_not_now(ctx, meeting)]
    await _editing.nothing_pending(ctx, meeting)
    return [Ask("mcancel", meeting.key)]


def _not_now(ctx: Context, meeting: Meeting) -> Answer:
    text = say("c_not_now", code=meeting.code, state=state_label(meeting))
    return Reply(Message((text,), rows(row(button("status", "status", meeting.key)))), private=True)


async def _reopen_question(ctx: Context, meeting: Meeting) -> Message:
    status = button("status", "status", meeting.key)
    if meeting.state != "cancelled":
        return Message((say("c_not_now", code=meeting.code, state=state_label(meeting)),), rows(row(status)))
    if meeting.starts_at <= ctx.now:
        again = button("clone", "mclone", meeting.key)
        return Message((say("c_reopen_past", code=meeting.code),), rows(row(again, status)))
    found = await invitations.counts(ctx.db, meeting)
    return _change_screens.reopen_preview(meeting, sum(found.values()) - found["none"], ctx.now)


def _clean(meeting: Meeting, values: dict[str, str]) -> dict[str, str]:
    """Give the values of a move; a place or link that stays the same is left out."""
    kept = {"start": values["start"], "length": values["length"], "ask": values.get("ask") or "yes", **_reason(values)}
    stands = {"place": meeting.place, "link": meeting.join_link}
    return kept | {name: values[name] for name, old in stands.items() if values.get(name) and values[name] != old}


def _reason(values: dict[str, str]) -> dict[str, str]:
    return {"reason": values.get("reason", "")}


def _refuse_move(meeting: Meeting, change: Change, now: datetime) -> Invalid | None:
    if change.start <= now:
        return Invalid({"start": say("f_past")})
    if (change.start, change.end) == (meeting.starts_at, meeting.ends_at):
        return Invalid({"start": say("c_same_time")})
    return None


def _change_of(meeting: Meeting, draft: FormDraft, stands: dict[str, str], now: datetime) -> Change | Invalid:
    """Read the change a kept form is about."""
    values = _plain(draft)
    match FORMS[draft.form]:
        case "reschedule":
            change = Change("reschedule", _clean(meeting, values))
            return _refuse_move(meeting, change, now) or change
        case "cancellation":
            return Change("cancellation", _reason(values))
    mine = {name: value for name, value in values.items() if name in stands and value != stands[name]}
    tell = _meeting_values.to_tell(stands, {**stands, **mine}, meeting.starts_at - now)
    return Change("place_change", mine, tuple(tell))


async def _confirm(ctx: Context, draft: FormDraft, arg: str, *, typed: int | None) -> list[Answer] | int:
    """Begin the change, or give the answers that say why not, or the number of people that must be typed first."""
    meeting = await _editing.held_now(ctx, draft.subject, EDITABLE)
    made, wanted = _minute(arg.partition(".")[0]), arg.partition(".")[2]
    stands = await _editing.standing(ctx, meeting)
    change = _change_of(meeting, draft, stands, ctx.now)
    if made is None or isinstance(change, Invalid) or not made <= ctx.now < made + CONFIRM_WITHIN:
        return [_out_of_date(ctx, meeting, draft)]
    told = await _changing.people(ctx.db, meeting, change, ctx.now)
    if _changing.digest(meeting, change, told, int(made.timestamp() // 60)) != wanted:
        return [_out_of_date(ctx, meeting, draft)]
    number = len(_changing.reached(told))
    if number >= COUNT_FROM and typed != number:
        return number
    campaign = await _changing.begin(ctx.db, meeting, change, told, wanted, ctx.me, ctx.now)
    audit.note(ctx.db, ctx.now, ctx.me.id, f"confirm_{change.kind}", meeting.key)
    await ctx.db.delete(draft)
    await ctx.db.flush()
    if campaign is None:
        key = "c_cancelled" if meeting.state == "cancelled" else "c_changed"
        return [Edit(_change_screens.done(meeting, key))]
    return [await _progress(ctx, campaign), Toast(say("c_effect"))]


def _out_of_date(ctx: Context, meeting: Meeting, draft: FormDraft) -> Answer:
    again = button("edit", "form", draft.key)
    lines = (_change_screens.title_line(meeting), say("m_changed"))
    return Edit(Message(lines, rows(row(again, button("status", "status", meeting.key)))))


async def _progress(ctx: Context, campaign: Campaign) -> Edit:
    return Edit(await _sends.draw(ctx.db, campaign, ctx.now, ctx.me), Card("progress", campaign.key))


def _minute(written: str) -> datetime | None:
    """Read the minute a preview was made in."""
    if not written.isdigit() or len(written) > 9:
        return None
    return datetime.fromtimestamp(int(written) * 60, UTC)


def _plain(draft: FormDraft) -> dict[str, str]:
    return {name: str(value) for name, value in draft.values.items() if not name.startswith("?")}
