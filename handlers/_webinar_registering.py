"""Registering in chat: one tap for members, a short form for everybody else, and who hears when a seat is given."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from chat.copy import COPY
from chat.errors import UserError
from chat.form import Form
from chat.inbound import Click
from chat.language import known
from chat.message import Button, Message, Press, Row
from chat.outbound import Answer, Ask, Card, Edit, Reply, Toast
from chat.text import Bold, Text, When, say
from handlers import _webinar_cards, _webinar_day_timers
from handlers._commands import JOINED, refuse
from handlers._feature import Answers, Context
from handlers._webinar_fields import outsider
from scheduler import cards, delivery, quiet
from storage import members, webinars
from storage.communities import Channel
from storage.database import Session
from storage.members import Account, Member
from storage.webinars import REGISTERED, WAITING, NotOpen, Outsider, Registrant, Webinar

OWN = "webinar_registered"
"""Kind of a person's own card."""
FORM = "webinar"
LIST = 6
"""Webinars of one list."""


async def pressed(ctx: Context, key: str) -> Webinar:
    """Find the webinar of a button. Raise `UserError` when it is gone."""
    webinar = await webinars.by_key(ctx.db, key)
    if webinar is None:
        raise UserError(say("e_gone"))
    return webinar


def owner(ctx: Context) -> Member | None:
    """Give the acting member or guest; None for somebody nobody knows."""
    return ctx.account.member if ctx.account is not None else ctx.member


async def channel_of(ctx: Context) -> int | None:
    """Give the channel a card was pressed in; None for everything else. Nothing more is noted about where from."""
    where = ctx.inbound.where
    if where.kind == "dm" or not isinstance(ctx.inbound, Click):
        return None
    asked = select(Channel.id).where(
        Channel.platform == where.platform, Channel.workspace == where.workspace, Channel.chat == where.chat
    )
    return (await ctx.db.scalars(asked)).one_or_none()


async def register(ctx: Context, webinar: Webinar) -> Answers:
    """Register whoever pressed: a member at once, others are asked the form; who was invited has to agree first."""
    if ctx.member is not None and ctx.member.state not in JOINED:
        return await refuse(ctx, "member")
    if why := webinars.closed(webinar, ctx.now):
        return await _closed(ctx, webinar, why)
    channel = await channel_of(ctx)
    if ctx.member is not None:
        return await _answered(ctx, webinar, await _take(ctx, webinar, ctx.member, channel))
    before = await webinars.find(ctx.db, webinar, owner(ctx))
    if before is not None:  # has filled in the form for this webinar once
        return await _answered(ctx, webinar, await _take(ctx, webinar, _again(ctx, before), channel))
    if ctx.inbound.where.kind == "group" and ctx.inbound.by.platform != "slack":  # questions are asked in private
        shown = await _webinar_cards.opening(ctx.db, webinar, ctx.community, ctx.now)
        return [Reply(shown, private=True)]
    await guest(ctx)
    return [Ask(FORM, f"{webinar.key}.{channel or ''}")]


async def guest(ctx: Context) -> Account:
    """Give the account of somebody from outside, so that their form has a place; made if nobody has it."""
    by, where = ctx.inbound.by, ctx.inbound.where
    chat = where.chat if where.kind == "dm" else ""
    ctx.account = await members.guest(
        ctx.db, by.platform, by.workspace, by.user, chat=chat, language=known(by.language or ctx.reader.language),
        zone=ctx.community.zone,
    )  # fmt: skip
    return ctx.account


async def form(ctx: Context, subject: str) -> Form:
    """Build the form of people from outside; notices and funding line stand above the first question."""
    webinar = await pressed(ctx, subject.partition(".")[0])
    line = _webinar_cards.funding(ctx.community)
    parts: list[Text] = [Bold(webinar.title), "\n", _webinar_cards.when(webinar)]
    full = webinar.seats is not None and await webinars.taken(ctx.db, webinar) >= webinar.seats
    said = (*((say("we_full"),) if full else ()), *_webinar_cards.notices(ctx.community), *((line,) if line else ()))
    for each in said:
        parts += ["\n", each]
    return Form(FORM, say("we_form_title"), (outsider(),), submit=say("b_register"), intro=tuple(parts))


async def submitted(ctx: Context, subject: str, values: dict[str, str]) -> Answers:
    """Register somebody from outside with what they told us."""
    key, _, channel = subject.partition(".")
    webinar = await pressed(ctx, key)
    if ctx.member is not None or ctx.account is None:
        return await register(ctx, webinar)
    person = ctx.account.member
    told = Outsider(
        name=values["name"], organisation_type=values["organisation"], country=values["country"],
        language=person.language, consent_version=consent_version(ctx.reader.language), member=person,
    )  # fmt: skip
    registrant = await _take(ctx, webinar, told, int(channel) if channel.isdecimal() else None)
    person.name, person.country = values["name"], values["country"]
    return await _answered(ctx, webinar, registrant)


async def cancel(ctx: Context, webinar: Webinar) -> Answers:
    """Cancel a registration or leave the waiting list; who gets the seat is told."""
    person = owner(ctx)
    registrant = await webinars.find(ctx.db, webinar, person)
    if registrant is None or person is None:
        raise UserError(say("e_gone"))
    if not webinars.closed(webinar, ctx.now):
        await follow(ctx.db, webinar, await webinars.cancel(ctx.db, registrant), ctx.now)
        cards.touch_at_end(ctx.db, [OWN, "webinar_open"], webinar.key, member=person)
    return await show(ctx, webinar, toast=None)


async def show(ctx: Context, webinar: Webinar, *, toast: Text | None = None) -> Answers:
    """Show a person's own card of a webinar; to somebody unknown the public one."""
    person = owner(ctx)
    answers: list[Answer] = [Toast(toast)] if toast is not None else []
    if person is None:
        card = await _webinar_cards.opening(ctx.db, webinar, ctx.community, ctx.now)
        return [_private(ctx, card, None), *answers]
    registrant = await webinars.find(ctx.db, webinar, person)
    drawn = await _webinar_cards.own(ctx.db, webinar, registrant, person, ctx.community, ctx.now)
    return [_private(ctx, drawn, Card(OWN, webinar.key)), *answers]


async def mine(ctx: Context) -> list[Answer]:
    """List the webinars somebody is registered for or waits for; nothing when there is none."""
    person = owner(ctx)
    found = await webinars.of_member(ctx.db, person, ctx.now) if person is not None else []
    if not found:
        return []
    lines: list[Text] = [Bold(say("we_mine"))]
    buttons: list[Row] = []
    for number, (webinar, row) in enumerate(found[:LIST], 1):
        state = say("we_registered") if row.state == REGISTERED else say("we_waiting")
        lines.append((f"{number}. ", Bold(webinar.title), "\n", _webinar_cards.when(webinar), "\n", state))
        buttons.append((Button((f"{number} · ", say("b_open")), Press("web", webinar.key)),))
    return [Reply(Message(tuple(lines), tuple(buttons), silent=True))]


async def forget(ctx: Context) -> Message | None:
    """Cancel everything a guest registered for and delete what they told us; none for anybody else."""
    if ctx.member is not None or ctx.account is None:
        return None
    person, ctx.account = ctx.account.member, None
    for webinar, row in await webinars.of_member(ctx.db, person, ctx.now):
        await follow(ctx.db, webinar, await webinars.cancel(ctx.db, row), ctx.now)
    await ctx.db.delete(person)
    await ctx.db.flush()
    return Message((say("we_forgotten"),))


async def follow(db: Session, webinar: Webinar, seated: Sequence[Registrant], now: datetime) -> None:
    """Let all cards follow after registrations changed, and tell those who got a seat without doing anything."""
    kinds = ["webinar_status"]
    if webinar.show_number or webinar.seats is not None:
        kinds.append("webinar_channel")
    if await webinars.registered(db, webinar, WAITING):
        kinds += [OWN]
    cards.touch_at_end(db, kinds, webinar.key)
    await _webinar_day_timers.catch_up(db, webinar, seated, now)
    for each in seated:
        for person in await webinars.people(db, [each]):
            cards.touch_at_end(db, [OWN, "webinar_open"], webinar.key, member=person)  # the older one says: waiting
            due = quiet.next_allowed(person, now)
            due = due if due < webinar.starts_at else now
            await delivery.plan(
                db, kind=OWN, subject=webinar.key, occurrence=f"seat-{each.id}-{int(now.timestamp())}",
                to=[delivery.To(member=person, due=due, expires=webinar.ends_at)], now=now, details={"seat": True},
            )  # fmt: skip


def consent_version(language: str) -> str:
    """Name the notices somebody agreed to: language and a digest of the English source."""
    source = COPY["we_notice_recording"], COPY["we_notice_data"], COPY["we_q_consent"]
    return f"webinar:{language}:{hashlib.sha256(repr(source).encode()).hexdigest()[:8]}"


async def opened(ctx: Context, payload: str) -> Answers | None:
    """Answer a deep link of a webinar: show it or ask the form; None for links that are none."""
    if payload.startswith(webinars.CONNECTS):
        row = await webinars.by_page(ctx.db, payload.removeprefix(webinars.CONNECTS))
        return await _connect(ctx, row) if row is not None else None
    if not payload.startswith(webinars.OPENS):
        return None
    webinar = await webinars.by_token(ctx.db, payload.removeprefix(webinars.OPENS))
    if webinar is None or webinar.state == "draft":
        return None
    known_here = ctx.member is not None or await webinars.find(ctx.db, webinar, owner(ctx)) is not None
    if known_here or webinars.closed(webinar, ctx.now):
        return await show(ctx, webinar)
    await guest(ctx)
    return [Ask(FORM, f"{webinar.key}.")]


async def _connect(ctx: Context, row: Registrant) -> Answers:
    """Let somebody who used the page get the messages here."""
    person = ctx.member
    if person is None:
        person = (await guest(ctx)).member
        person.name, person.country, person.language = row.name or person.name, row.country, row.language
    if row.member_id not in (None, person.id):
        raise UserError(say("e_gone"))
    await webinars.connect(ctx.db, row, person)
    webinar = await ctx.db.get_one(Webinar, row.webinar_id)
    if row.state == REGISTERED:
        await _webinar_day_timers.catch_up(ctx.db, webinar, [row], ctx.now)
    cards.touch_at_end(ctx.db, ["webinar_status"], webinar.key)
    return [Reply(Message((say("we_connected"),)), private=True), *await show(ctx, webinar)]


async def _take(ctx: Context, webinar: Webinar, who: Member | Outsider, channel: int | None) -> Registrant:
    try:
        registrant = await webinars.register(ctx.db, webinar, who, ctx.now, channel)
    except NotOpen as refused:
        raise UserError(_why(webinar, refused.why)) from None
    await follow(ctx.db, webinar, (), ctx.now)
    if registrant.state == REGISTERED:
        await _webinar_day_timers.catch_up(ctx.db, webinar, [registrant], ctx.now)
    cards.touch_at_end(ctx.db, [OWN, "webinar_open"], webinar.key, member=owner(ctx))
    return registrant


def _again(ctx: Context, before: Registrant) -> Outsider:
    assert ctx.account is not None
    return Outsider(
        name=before.name, organisation_type=before.organisation_type, country=before.country,
        language=ctx.account.member.language, consent_version=before.consent_version, member=ctx.account.member,
    )  # fmt: skip


async def _answered(ctx: Context, webinar: Webinar, registrant: Registrant) -> Answers:
    done = say("we_registered") if registrant.state == REGISTERED else say("we_waiting")
    told = ctx.inbound.where.platform == "slack"  # there a note in the channel says by itself that we answered
    return await show(ctx, webinar, toast=None if told and ctx.inbound.where.kind == "group" else done)


async def _closed(ctx: Context, webinar: Webinar, why: str) -> Answers:
    text = _why(webinar, why)
    if isinstance(ctx.inbound, Click):
        return [Toast(text, alert=True)]
    return [Reply(Message((Bold(webinar.title), _webinar_cards.when(webinar), text)), private=True)]


def _why(webinar: Webinar, why: str) -> Text:
    if why == "early":
        return say("we_early", when=When(webinar.opens_at, webinar.zone))
    return {"cancelled": say("we_cancelled"), "over": say("we_over")}.get(why, say("we_closed"))


def _private(ctx: Context, message: Message, card: Card | None) -> Answer:
    inbound = ctx.inbound
    if isinstance(inbound, Click) and inbound.message is not None and inbound.where.kind == "dm":
        return Edit(message, card)
    return Reply(message, private=True, card=card)
