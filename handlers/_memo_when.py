"""When an approved memo goes out and until when it can be opened: chosen before the preview."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from chat.errors import UserError
from chat.form import Form, MomentField
from chat.message import Button, Message, Press, button, row, rows
from chat.outbound import Ask, Edit, Invalid, Reply
from chat.text import Bold, Text, When, say
from handlers import _memo_card as cards_of
from handlers import _memo_sending as sending
from handlers import _memo_times as times
from handlers._broadcast import preview_button
from handlers._feature import Answers, Context
from storage.documents import READABLE, Document, lock

LONGEST = timedelta(days=366)
"""A memo is not planned longer than this ahead."""


async def managed(ctx: Context, key: str) -> Document:
    """Find an approved memo. Raise `UserError`."""
    document = await sending.document_of(ctx.db, key)
    if document.state != "approved":
        raise UserError(say("md_not_approved" if document.state not in READABLE else "md_sent_already"))
    return document


async def choose(ctx: Context, press: Press) -> Answers:
    """Show what is chosen, or take a choice: `now`, days after the meeting, a date (a form)."""
    document = await managed(ctx, press.key)
    if press.arg in ("date", "until"):
        return [Ask(f"memo_{press.arg}", document.key)]
    if press.arg == "ever":
        await _put(ctx, document.key, {"until": None})
    elif press.arg:
        days = times.SEND_DAY if press.arg == "30" else None
        await _put(ctx, document.key, {"schedule": {"days": days} if days else None})
    document = await managed(ctx, press.key)
    shown = await _card(ctx, document)
    return [Edit(shown)] if ctx.inbound.where.kind == "dm" else [Reply(shown, private=True)]


async def _put(ctx: Context, key: str, values: dict[str, Any]) -> None:
    """Keep a choice; a preview made before is out of date."""
    document = await lock(ctx.db, key)
    if document is None or document.state != "approved":
        raise UserError(say("md_not_approved"))
    kept = {**document.details, **values}
    document.details = {name: value for name, value in kept.items() if value is not None}
    document.revision += 1
    await ctx.db.flush()


async def _card(ctx: Context, document: Document) -> Message:
    meeting = await cards_of.meeting_of(ctx.db, document)
    zone = times.zone_of(meeting, ctx.community.zone)
    at, until = times.wanted(document, meeting, zone), times.until(document)
    planned = times.moment(times.first_day(meeting, document, zone) + timedelta(days=times.SEND_DAY), zone)
    lines: list[Text] = [
        Bold(await sending.title(ctx.db, document)),
        say("md_w_at", when=When(at, zone)) if at is not None and at > ctx.now else say("md_w_now"),
        say("md_r_until", date=When(until, zone, part="date")) if until is not None else say("md_w_ever"),
    ]
    key = document.key
    day = Button(say("b_md_day", n=times.SEND_DAY), Press("mwhen", key, "", "30")) if planned > ctx.now else None
    return Message(
        tuple(lines),
        rows(
            row(button("md_now", "mwhen", key, "", "now"), day, button("md_date", "mwhen", key, "", "date")),
            row(
                button("md_until", "mwhen", key, "", "until"),
                button("md_ever", "mwhen", key, "", "ever") if until is not None else None,
            ),
            row(preview_button("preview", sending.LETTER, key), button("mm_memo", "memo", key)),
        ),
        protect=True,
    )


async def date_form(ctx: Context, subject: str) -> Form:
    """Build the form that asks when the memo goes out."""
    await managed(ctx, subject)
    field = MomentField(id="at", label=say("md_q_at"), hint=say("md_q_at_hint"))
    return Form("memo_date", say("md_w_title"), ((field,),), review=False)


async def until_form(ctx: Context, subject: str) -> Form:
    """Build the form that asks until when the memo can be opened."""
    await managed(ctx, subject)
    field = MomentField(id="at", label=say("md_q_until"), hint=say("md_q_until_hint"))
    return Form("memo_until", say("md_w_title"), ((field,),), review=False)


async def dated(ctx: Context, subject: str, values: dict[str, str]) -> Answers:
    """Take the moment of the sending."""
    document, at = await managed(ctx, subject), datetime.fromisoformat(values["at"])
    if at <= ctx.now:
        return [Invalid({"at": say("f_past")})]
    if at > ctx.now + LONGEST:
        return [Invalid({"at": say("md_too_far")})]
    await _put(ctx, document.key, {"schedule": {"at": at.isoformat()}})
    return [Reply(await _card(ctx, await managed(ctx, subject)), private=True)]


async def limited(ctx: Context, subject: str, values: dict[str, str]) -> Answers:
    """Take the moment after which nobody opens the memo any more."""
    document, until = await managed(ctx, subject), datetime.fromisoformat(values["at"])
    if until <= ctx.now:
        return [Invalid({"at": say("f_past")})]
    await _put(ctx, document.key, {"until": until.isoformat()})
    return [Reply(await _card(ctx, await managed(ctx, subject)), private=True)]
