"""Another date, or none: shown first, confirmed, held two minutes for Undo, one notice to each (domain 3.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from chat.errors import UserError
from chat.form import Form, MomentField, NumberField, TextField
from chat.message import Button, Message, Press, button, row, rows
from chat.outbound import Answer, Ask, Edit, Invalid, Reply, Toast
from chat.text import Bold, Link, Text, When, say
from handlers import _broadcast, _send_notices, _webinar_cards, _webinar_day_timers
from handlers._broadcast import COUNT_FROM, Broadcast, Sending
from handlers._feature import Answers, Context
from handlers._planning import CONFIRM_WITHIN, HOLD
from handlers._webinar_cards import link_from, shows_link, when
from handlers._webinar_day_timers import URGENT, allowed
from handlers._webinar_fields import LENGTHS
from handlers._webinar_registering import pressed
from handlers._welcome import go
from scheduler import delivery
from scheduler.contract import Drawing, Skip
from storage import audit, drafts, webinars
from storage.communities import own_community
from storage.database import Session
from storage.deliveries import Campaign
from storage.drafts import FormDraft
from storage.members import Member
from storage.webinars import HELD, Registrant, Webinar

KEPT_AS = "webinar_change"
"""Name of the draft rows that hold a change until it is confirmed; no form has it."""
MOVED, CANCELLED = "webinar_moved", "webinar_cancelled"
REASON = TextField(id="reason", label=say("c_q_reason"), hint=say("c_q_reason_hint"), min=3, max=200)


@dataclass(frozen=True, slots=True)
class Change:
    """Be a change that was asked for: its kind, the reason, and for a move the new time (UTC)."""

    kind: str
    reason: str
    start: datetime
    end: datetime


async def ask_move(ctx: Context, press: Press) -> Answers:
    """Ask for a new date; a draft that nobody has heard of is simply edited."""
    webinar = await _coming(ctx, press.key)
    if webinar.state == "draft":
        from handlers._webinar_fields import stands

        return [Ask("webplan", webinar.key, await stands(ctx, webinar))]
    length = int((webinar.ends_at - webinar.starts_at).total_seconds() // 60)
    return [Ask("webmove", webinar.key, {"length": str(length)})]


async def ask_cancel(ctx: Context, press: Press) -> Answers:
    """Ask why it is cancelled; nothing happens before it is confirmed."""
    return [Ask("webcan", (await _coming(ctx, press.key)).key)]


async def _coming(ctx: Context, key: str) -> Webinar:
    webinar = await pressed(ctx, key)
    if webinar.state not in ("draft", "open") or (webinar.state == "open" and webinar.starts_at <= ctx.now):
        raise UserError(say("wd_not_now"))
    return webinar


async def move_form(ctx: Context, subject: str) -> Form:
    """Build the questions of a move."""
    webinar = await pressed(ctx, subject)
    fields = (
        MomentField(id="start", label=say("c_q_new_start"), hint=say("m_q_start_hint")),
        NumberField(id="length", label=say("we_q_length"), min=LENGTHS[0], max=LENGTHS[1]),
        REASON,
    )
    intro = (Bold(webinar.title), "\n", when(webinar))
    return Form("webmove", say("c_form_move"), (fields,), submit=say("b_preview"), intro=intro)


async def cancel_form(ctx: Context, subject: str) -> Form:
    """Build the question before a webinar is cancelled."""
    webinar = await pressed(ctx, subject)
    intro = (Bold(webinar.title), "\n", when(webinar))
    return Form("webcan", say("wd_form_cancel"), ((REASON,),), submit=say("b_preview"), intro=intro, review=False)


async def wanted(ctx: Context, kind: str, subject: str, values: dict[str, str]) -> Answers:
    """Show what a change would do; nothing changes yet."""
    webinar = await _coming(ctx, subject)
    kept: dict[str, Any] = {"kind": kind, "reason": values["reason"], "revision": webinar.revision}
    if kind == MOVED:
        start = datetime.fromisoformat(values["start"])
        end = start + timedelta(minutes=int(values["length"]))
        if start <= ctx.now:
            return [Invalid({"start": say("f_past")})]
        if (start, end) == (webinar.starts_at, webinar.ends_at):
            return [Invalid({"start": say("c_same_time")})]
        if webinar.opens_at >= start:
            return [Invalid({"start": say("we_opens_late")})]
        kept |= {"start": start.isoformat(), "end": end.isoformat()}
    draft = await drafts.begin(
        ctx.db, member_id=ctx.me.id, account=ctx.inbound.by.id, form=KEPT_AS, subject=webinar.key, values=kept,
        sensitive=False, now=ctx.now,
    )  # fmt: skip
    return [Reply(await _preview(ctx, webinar, draft), private=True)]


def _read(webinar: Webinar, draft: FormDraft) -> Change:
    kept = draft.values
    start, end = kept.get("start"), kept.get("end")
    return Change(
        str(kept["kind"]),
        str(kept["reason"]),
        datetime.fromisoformat(str(start)) if start else webinar.starts_at,
        datetime.fromisoformat(str(end)) if end else webinar.ends_at,
    )


async def _preview(ctx: Context, webinar: Webinar, draft: FormDraft) -> Message:
    change = _read(webinar, draft)
    people, others = await _people(ctx.db, webinar)
    number = sum(not delivery.way(each, ctx.now)[1] for each in people)
    moved = change.kind == MOVED
    lines: list[Text] = [Bold(webinar.title)]
    if moved:
        new = When(change.start, webinar.zone, change.end)
        lines.append(say("wd_before_after", before=when(webinar), after=new))
    else:
        lines += [when(webinar), say("wd_will_cancel")]
    lines.append(say("wd_reason", reason=change.reason))
    lines.append(say("wd_told", n=number))
    if others:
        lines.append(say("wd_told_page", n=others))
    minute = int(ctx.now.timestamp() // 60)
    label = say("wd_b_move") if moved else say("wd_b_cancel")
    yes = Button(label, Press("webdo", draft.key, "", f"{minute}.{number}"), "primary" if moved else "danger")
    return Message(
        tuple(lines), rows(row(yes, Button(say("wd_b_keep"), Press("webkeep", draft.key)))), (say("m_confirm_within"),)
    )


async def _people(db: Session, webinar: Webinar) -> tuple[list[Member], int]:
    """Give who is told, those who wait for a seat too, and how many have no chat and see it on their page."""
    held: list[Registrant] = []
    for state in HELD:
        held += await webinars.registered(db, webinar, state)
    return await webinars.people(db, held), sum(each.member_id is None for each in held)


async def keep(ctx: Context, press: Press) -> Answers:
    """Leave everything as it is."""
    draft = await _draft(ctx, press.key)
    back = button("status", "webst", draft.subject)
    await ctx.db.delete(draft)
    return [Edit(Message((say("c_kept"),), rows(row(back, go("desk", "desk")))))]


async def confirm(ctx: Context, press: Press) -> Answers:
    """Do what the preview showed, if it still is what would happen; many people need a typed number first."""
    done = await _confirm(ctx, await _draft(ctx, press.key), press.arg, typed=None)
    return [Ask("webcount", f"{press.key}.{press.arg}")] if isinstance(done, int) else done


async def count_form(ctx: Context, subject: str) -> Form:
    """Ask for the number of people who are told."""
    await _draft(ctx, subject.partition(".")[0])
    field = NumberField(id="count", label=say("c_count_question"), min=1)
    return Form("webcount", say("m_count_title"), ((field,),), submit=say("b_send"), review=False)


async def counted(ctx: Context, subject: str, values: dict[str, str]) -> Answers:
    """Do it if the typed number is the number of people."""
    key, _, arg = subject.partition(".")
    done = await _confirm(ctx, await _draft(ctx, key), arg, typed=int(values["count"]))
    if isinstance(done, int):
        return [Invalid({"count": say("m_count_wrong", typed=values["count"], n=str(done))})]
    return [Reply(each.message, private=True, card=each.card) for each in done if isinstance(each, Edit)]


async def _draft(ctx: Context, key: str) -> FormDraft:
    draft = await drafts.by_key(ctx.db, key, ctx.inbound.by.id)
    if draft is None or draft.form != KEPT_AS:
        raise UserError(say("e_gone"))
    return draft


async def _confirm(ctx: Context, draft: FormDraft, arg: str, *, typed: int | None) -> list[Answer] | int:
    webinar = await webinars.lock(ctx.db, draft.subject)
    if webinar is None:
        raise UserError(say("e_gone"))
    change = _read(webinar, draft)
    people, _ = await _people(ctx.db, webinar)
    number = sum(not delivery.way(each, ctx.now)[1] for each in people)
    minute, _, shown = arg.partition(".")
    made = datetime.fromtimestamp(int(minute) * 60, UTC) if minute.isdecimal() and len(minute) <= 9 else None
    fresh = made is not None and made <= ctx.now < made + CONFIRM_WITHIN
    same = draft.values.get("revision") == webinar.revision and shown == str(number)
    ahead = change.start > ctx.now and webinar.state in ("draft", "open")
    if not (fresh and same and ahead):
        back = button("status", "webst", webinar.key)
        return [Edit(Message((Bold(webinar.title), say("m_changed")), rows(row(back))))]
    if number >= COUNT_FROM and typed != number:
        return number
    campaign = await carry_out(ctx.db, webinar, change, people, ctx.me, ctx.now)
    audit.note(ctx.db, ctx.now, ctx.me.id, f"confirm_{change.kind}", webinar.key)
    await ctx.db.delete(draft)
    await ctx.db.flush()
    if campaign is not None:
        return [await _broadcast.progress(ctx, campaign), Toast(say("wd_changed"))]
    back = button("status", "webst", webinar.key)
    return [Edit(Message((Bold(webinar.title), when(webinar), say("wd_changed")), rows(row(back))))]


async def carry_out(
    db: Session, webinar: Webinar, change: Change, people: Sequence[Member], by: Member, now: datetime
) -> Campaign | None:
    """Change a webinar, whose row must be held, set everything anew, and plan the one notice; none if nobody is told.

    So close to the start that it matters the notice goes at once, also at night; else at an allowed hour.
    """
    was = {
        "start": webinar.starts_at.isoformat(), "end": webinar.ends_at.isoformat(), "state": webinar.state,
        "now": change.start.isoformat(), "reason": change.reason,
    }  # fmt: skip
    first = min(webinar.starts_at, change.start)
    draft = webinar.state == "draft"
    webinar.revision += 1
    if change.kind == MOVED:
        webinar.starts_at, webinar.ends_at = change.start, change.end
    else:
        webinar.state = "cancelled"
    await db.flush()
    if not draft:
        await _webinar_day_timers.rebuild(db, webinar, now)
    await _webinar_day_timers.follow(db, webinar)
    if draft or not people:
        return None
    dates = await _webinar_day_timers.dates_of(db, webinar)
    soon = now + HOLD
    to = [
        delivery.To(
            member=each,
            due=soon if first - now < URGENT else allowed(dates, each, soon),
            expires=max(change.start, soon + HOLD),
            even_paused=True,  # what they registered for has changed
        )
        for each in people
    ]
    campaign = await delivery.plan(
        db, kind=change.kind, subject=webinar.key, occurrence=f"{change.kind}-{webinar.revision}", to=to, now=now,
        by=by, hold=HOLD, details=was,
    )  # fmt: skip
    await _send_notices.watch(db, campaign, now)
    return campaign


async def _undone(db: Session, campaign: Campaign, _by: Member | None, now: datetime) -> None:
    """Give a webinar its date back, or let it take place after all, when the notice was undone before it left."""
    webinar = await webinars.lock(db, campaign.subject)
    was = campaign.details
    if webinar is None or campaign.state != "cancelled" or not was.get("start"):
        return
    if webinar.starts_at.isoformat() != was["now"] or webinar.state not in (was["state"], "cancelled"):
        return  # it has changed once more meanwhile
    webinar.starts_at = datetime.fromisoformat(str(was["start"]))
    webinar.ends_at = datetime.fromisoformat(str(was["end"]))
    webinar.state = str(was["state"])
    webinar.revision += 1
    await db.flush()
    await _webinar_day_timers.disarm(db, webinar)
    await _webinar_day_timers.arm(db, webinar, now)
    await _webinar_day_timers.follow(db, webinar)


async def draw(db: Session, drawing: Drawing) -> Message | Skip:
    """Draw the notice of another date or of none; later it is their own card, a cancelled one stays as it was sent."""
    webinar, member = await webinars.by_key(db, drawing.subject), drawing.member
    if webinar is None or member is None:
        return Skip("gone")
    registrant = await webinars.find(db, webinar, member)
    if not drawing.first:
        if webinar.state == "cancelled":
            return Skip("as_sent")
        return await _webinar_cards.own(db, webinar, registrant, member, await own_community(db), drawing.now)
    if registrant is None or registrant.state not in HELD:
        return Skip("not_registered")
    reason = say("wd_reason", reason=str(drawing.details.get("reason") or "–"))
    if drawing.kind == CANCELLED:
        if webinar.state != "cancelled":
            return Skip("webinar_not_cancelled")
        off = button("cal_off", "webcal", webinar.key)
        text = say("wd_cancelled", webinar_title=Bold(webinar.title), when_local=when(webinar, inside=True))
        return Message((text, reason), rows(row(off)))
    if webinar.state not in ("open", "live"):
        return Skip("webinar_not_open")
    was = datetime.fromisoformat(str(drawing.details["start"]))
    lines: list[Text] = [
        say(
            "wd_moved", webinar_title=Bold(webinar.title), before=When(was, webinar.zone),
            after=Bold(when(webinar)),
        ),
        reason,
    ]  # fmt: skip
    if shows_link(webinar, drawing.now):
        lines.append(say("we_join", link=Link(webinar.join_link, webinar.join_link)))
    elif drawing.now < link_from(webinar):
        lines.append(say("we_link_soon"))
    buttons = row(button("calendar", "webcal", webinar.key), button("unregister", "webun", webinar.key))
    return Message(tuple(lines), rows(buttons), (say("wd_cal_again"),))


async def _no_preview(_db: Session, _subject: str, _now: datetime) -> Broadcast:
    """Refuse: these notices come of a change, never by themselves."""
    raise UserError(say("e_gone"))


async def _confirmed(_ctx: Context, _broadcast: Broadcast, _campaign: Campaign) -> None:
    """Do nothing: `carry_out` has changed everything."""


async def _onward(_db: Session, subject: str) -> Button | None:
    return button("webinar", "webst", subject)


def _sending(letter: str, key: str, *kinds: str) -> Sending:
    """Make kinds of messages known to the lists of sends by a name; none of them has a preview."""

    async def name(db: Session, subject: str) -> Text:
        webinar = await webinars.by_key(db, subject)
        return say(key, title=webinar.title if webinar else "–")

    return _broadcast.register(
        Sending(
            letter=letter, kinds=kinds, build=_no_preview, name=name, confirmed=_confirmed, undone=_undone,
            onward=_onward,
        )
    )  # fmt: skip


SENDINGS = (
    _sending("wm", "wd_send_moved", MOVED),
    _sending("wc", "wd_send_cancelled", CANCELLED),
    _sending("wt", "wd_send_reminder", *_webinar_day_timers.ROWS),
    _sending("wf", "wd_send_feedback", "webinar_feedback"),
    _sending("wa", "wd_send_speaker", "webinar_speaker"),
    _sending(
        "wo", "wd_send_organisers", "webinar_link_missing", "webinar_recording_due", "webinar_report",
        "webinar_questions",
    ),
)  # fmt: skip
