"""Questions during a webinar: to the moderator in private, without a name unless the asker wants it shown."""

from __future__ import annotations

from datetime import datetime

from chat.errors import UserError
from chat.form import ChoiceField, Form, Option, TextField
from chat.message import Button, Message, Press, button, row, rows
from chat.outbound import Answer, Ask, Card, Edit, Invalid, Reply, Toast
from chat.text import Bold, Text, When, say
from handlers._feature import Answers, Context
from handlers._personal import looks_personal
from handlers._webinar_cards import when
from handlers._webinar_registering import owner, pressed
from scheduler import cards, delivery
from scheduler.contract import Drawing, Skip
from storage import webinar_days, webinars
from storage.database import Session
from storage.members import GUEST, Member, holders
from storage.webinars import REGISTERED, Registrant, Webinar

CARD = "webinar_questions"
SIZE = (3, 600)
SHOWN = 5
"""Questions shown at once, so that the longest ones fit into one message."""


async def moderators(db: Session, webinar: Webinar, now: datetime) -> list[Member]:
    """Give who gets the questions: the moderator; where none is named, the organisers."""
    named = await db.get(Member, webinar.moderator_id) if webinar.moderator_id else None
    return [named] if named is not None else list(await holders(db, "organiser", now))


async def hand_out(db: Session, webinar: Webinar, now: datetime) -> None:
    """Send the card of the questions to who moderates, when people gather."""
    to = [delivery.To(member=each, due=now, expires=webinar.ends_at) for each in await moderators(db, webinar, now)]
    if to:
        name = f"{webinar.starts_at:%Y%m%d%H%M}"
        await delivery.plan(db, kind=CARD, subject=webinar.key, occurrence=name, to=to, now=now)


async def form(ctx: Context, subject: str) -> Form:
    """Build the form of a question."""
    webinar = await pressed(ctx, subject)
    fields = (
        TextField(id="text", label=say("wd_q_text"), hint=say("wd_q_hint"), min=SIZE[0], max=SIZE[1], long=True),
        ChoiceField(
            id="named", label=say("wd_q_named"), required=False,
            options=(Option("no", say("wd_q_nameless")), Option("yes", say("wd_q_with_name"))),
        ),
    )  # fmt: skip
    intro = (Bold(webinar.title), "\n", say("wd_q_intro"))
    return Form("webask", say("wd_q_title"), (fields,), submit=say("b_send"), intro=intro, review=False)


async def ask(ctx: Context, press: Press) -> Answers:
    """Open the form for somebody registered, while it is on."""
    webinar = await pressed(ctx, press.key)
    await _asker(ctx, webinar)
    return [Ask("webask", webinar.key)]


async def asked(ctx: Context, subject: str, values: dict[str, str]) -> Answers:
    """Hand a question to the moderator; one with personal data is refused and not kept."""
    webinar = await pressed(ctx, subject)
    registrant = await _asker(ctx, webinar)
    if looks_personal(values["text"]):
        return [Invalid({"text": say("pii_warning")})]
    name = await _name(ctx.db, registrant) if values.get("named") == "yes" else ""
    if not await webinar_days.ask(ctx.db, webinar, values["text"], name, ctx.now):
        raise UserError(say("wd_q_many"))
    cards.touch_at_end(ctx.db, (CARD,), webinar.key)
    shown = say("wd_q_sent_named") if name else say("wd_q_sent")
    again = Button(say("wd_b_another"), Press("webask", webinar.key))
    return [Reply(Message((shown,), rows(row(again)), silent=True), private=True)]


async def _name(db: Session, registrant: Registrant) -> str:
    """Give the name a question is shown with: that of the registration, or the member's."""
    if registrant.name:
        return registrant.name
    member = await db.get(Member, registrant.member_id) if registrant.member_id else None
    return member.name if member is not None and member.state != GUEST else registrant.name


async def _asker(ctx: Context, webinar: Webinar) -> Registrant:
    registrant = await webinars.find(ctx.db, webinar, owner(ctx))
    if registrant is None or registrant.state != REGISTERED:
        raise UserError(say("e_gone"))
    if not webinar_days.open_now(webinar, min(ctx.inbound.at, ctx.now)):
        when_open = When(webinar_days.doors(webinar), webinar.zone)
        late = ctx.now >= webinar.ends_at or webinar.state not in webinar_days.BEFORE
        raise UserError(say("we_over") if late else say("wd_q_early", when=when_open))
    return registrant


async def leads(ctx: Context, key: str) -> Webinar:
    """Find a webinar for who moderates it or organises. Raise `UserError` for everybody else."""
    webinar = await pressed(ctx, key)
    if not ctx.organiser and (ctx.member is None or ctx.member.id != webinar.moderator_id):
        raise UserError(say("e_gone"))
    return webinar


async def done(ctx: Context, press: Press) -> Answers:
    """Mark a question as done (`arg` is its number), or show the list."""
    webinar = await leads(ctx, press.key)
    if press.arg:
        if not press.arg.isdecimal() or len(press.arg) > 9:
            raise UserError(say("e_gone"))
        new = await webinar_days.done(ctx.db, webinar, int(press.arg))
        but = getattr(ctx.inbound, "message", None)
        cards.touch_at_end(ctx.db, (CARD,), webinar.key, but=but)
        shown: list[Answer] = [] if new else [Toast(say("t_saved"))]
        return [Edit(await card(ctx.db, webinar, ctx.now), Card(CARD, webinar.key)), *shown]
    return [Reply(await card(ctx.db, webinar, ctx.now), private=True, card=Card(CARD, webinar.key))]


async def draw(db: Session, drawing: Drawing) -> Message | Skip:
    """Draw the list for who moderates."""
    webinar = await webinars.by_key(db, drawing.subject)
    if webinar is None or drawing.member is None:
        return Skip("gone")
    if drawing.first and webinar.state not in webinar_days.BEFORE:
        return Skip("webinar_not_open")
    return await card(db, webinar, drawing.now)


async def card(db: Session, webinar: Webinar, _now: datetime) -> Message:
    """List the questions that wait, the oldest first, each with its button."""
    waiting = await webinar_days.questions(db, webinar)
    number = await webinar_days.answered(db, webinar)
    lines: list[Text] = [Bold(say("wd_q_list", title=webinar.title)), when(webinar)]
    made = []
    for place, each in enumerate(waiting[:SHOWN], 1):
        lines.append((f"{place}. ", each.text, " · ", Bold(each.name)) if each.name else f"{place}. {each.text}")
        made.append(Button((f"{place} · ", say("b_done")), Press("webans", webinar.key, "", str(each.id))))
    if len(waiting) > SHOWN:
        lines.append(say("wd_q_more", n=len(waiting) - SHOWN))
    if not waiting:
        lines.append(say("wd_q_none"))
    if number:
        lines.append(say("wd_q_done", n=number))
    paired = [tuple(made[start : start + 3]) for start in range(0, len(made), 3)]
    last = row(button("attendance", "webatt", webinar.key))
    return Message(tuple(lines), rows(*paired, last), (say("wd_q_deleted"),))
