"""Public webinars: planning, opening and registration; the day itself is `handlers/webinar_days.py` (domain 3.4)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from chat.errors import UserError
from chat.form import Form
from chat.inbound import Click
from chat.message import Message, Press, button, row, rows
from chat.outbound import Answer, Ask, Card, Edit, Invalid, Reply, SendFile
from chat.text import Bold, Text, When, say
from handlers import _webinar_cards, _webinar_day_timers, _webinar_fields, _webinar_ics, _webinar_sends, _webinar_status
from handlers import _webinar_registering as registering
from handlers._commands import offer
from handlers._feature import Answers, Context, Feature, Waiting
from handlers._webinar_registering import LIST, pressed
from scheduler import cards
from storage import audit, webinars
from storage.database import Session
from storage.webinars import Webinar

feature = Feature("webinars")

STATUS = "webinar_status"
SOON = timedelta(days=2)
"""How long before the start a missing join link is asked for; it goes out the day before."""

feature.card("webinar_channel")(_webinar_sends.draw_channel)
feature.card("webinar_open")(_webinar_sends.draw_open)
feature.card("webinar_registered")(_webinar_sends.draw_own)
feature.card(STATUS)(_webinar_sends.draw_status)


@feature.command(
    "webinar", "webinars", "webinaire", "web semineri", "ندوة", "الندوات", "seminario web", who="anyone", where="any"
)
async def webinar_(ctx: Context, _rest: str) -> Answers:
    """Show the next webinar: in a group its public card, in private one's own; organisers find drafts there, too."""
    found = await webinars.coming(ctx.db, ctx.now)
    if ctx.inbound.where.kind == "group":
        if not found:
            return [Reply(Message((say("we_none"),), silent=True))]
        return [Reply(await _webinar_cards.opening(ctx.db, found[0], ctx.community, ctx.now))]
    if not ctx.organiser:
        if not found:
            return [Reply(Message((say("we_none"),), rows(offer(("home", "home"))), silent=True))]
        shown = list(await registering.show(ctx, found[0]))
        return [*shown, *_others(found[1:])]
    everything = await webinars.everything(ctx.db)
    lines: list[Text] = [Bold(say("b_webinars")), *(() if everything else (say("we_none"),))]
    buttons = []
    for number, each in enumerate(everything[:LIST], 1):
        state = _webinar_status.state_line(each, ctx.now)
        lines += [(f"{number}. ", Bold(each.title)), (_webinar_cards.when(each), " · ", state)]
        mine = _numbered(number, "web", each, "register") if each.state == "open" else None
        buttons.append(row(_numbered(number, "webst", each), mine))
    last = offer(("webinar_new", "webinar_new"), ("desk", "desk"))
    return [Reply(Message(tuple(lines), rows(*buttons, last), silent=True))]


def _numbered(number: int, verb: str, webinar: Webinar, label: str = "status") -> Any:
    made = button(label, verb, webinar.key)
    return type(made)((f"{number} · ", made.label), made.press)


def _others(left: list[Webinar]) -> list[Answer]:
    if not left:
        return []
    lines = [say("we_others", titles=", ".join(each.title for each in left[:LIST]))]
    buttons = [row(_numbered(number, "web", each, "details")) for number, each in enumerate(left[:LIST], 1)]
    return [Reply(Message(tuple(lines), rows(*buttons), silent=True))]


@feature.command("webinar new", "nouveau webinaire", "nuevo seminario web", who="organiser", where="slack")
async def new(ctx: Context, _rest: str) -> Answers:
    """Ask about a new webinar."""
    return [Ask("webplan", "", {"zone": ctx.community.zone, "channels": "all", "tell": "no", "number": "no"})]


@feature.click("webnew", who="organiser")
async def edit(ctx: Context, press: Press) -> Answers:
    """Ask about a webinar that is planned already, or about a new one."""
    if not press.key:
        return await new(ctx, "")
    webinar = await pressed(ctx, press.key)
    if webinar.state not in _webinar_status.CHANGEABLE:
        raise UserError(say("we_over"))
    return [Ask("webplan", webinar.key, await _webinar_fields.stands(ctx, webinar))]


@feature.form("webplan", who="organiser")
async def plan_form(ctx: Context, subject: str) -> Form:
    """Build the organisers' questions; after the opening those that may still change."""
    webinar = await pressed(ctx, subject) if subject else None
    title = say("we_edit_title") if webinar else say("we_new_title")
    fixed = webinar is not None and webinar.state != "draft"
    intro = say("we_fixed") if fixed else None
    return Form("webplan", title, await _webinar_fields.pages(ctx, webinar), intro=intro)


@feature.submission("webplan")
async def save(ctx: Context, subject: str, values: dict[str, str]) -> Answers:
    """Save a draft, or what may change of an open webinar; people are told by the cards that follow."""
    webinar = await webinars.lock(ctx.db, subject) if subject else None
    if subject and webinar is None:
        raise UserError(say("e_gone"))
    pages = await _webinar_fields.pages(ctx, webinar)
    fields = await _webinar_fields.read(ctx, values, [each for page in pages for each in page])
    if (wrong := await _wrong(ctx, webinar, fields)) is not None:
        return [wrong]
    if webinar is None:
        webinar = Webinar(created_by=ctx.me.id, created_at=ctx.now, **fields)
        ctx.db.add(webinar)
        await ctx.db.flush()
        audit.note(ctx.db, ctx.now, ctx.me.id, "create_webinar", webinar.key)
    else:
        before = webinar.join_link
        shown = any(getattr(webinar, name) != fields.get(name, getattr(webinar, name)) for name in _IN_CALENDARS)
        for name, value in fields.items():
            setattr(webinar, name, value)
        webinar.revision += shown
        await ctx.db.flush()
        audit.note(ctx.db, ctx.now, ctx.me.id, "edit_webinar", webinar.key)
        if webinar.join_link != before and webinar.state in ("open", "live"):
            await _webinar_day_timers.link_changed(ctx.db, webinar, ctx.now)
        if not webinars.closed(webinar, ctx.now):
            await registering.follow(ctx.db, webinar, await webinars.fill(ctx.db, webinar), ctx.now)
        cards.touch_at_end(ctx.db, _webinar_cards.KINDS, webinar.key)
    return [await _status(ctx, webinar, note=say("we_saved"), turn=False)]


_IN_CALENDARS = ("title", "starts_at", "ends_at", "join_link", "about")


async def _wrong(ctx: Context, webinar: Webinar | None, fields: dict[str, Any]) -> Invalid | None:
    """Say what does not go together."""
    if "starts_at" in fields and fields["starts_at"] <= ctx.now:
        return Invalid({"start": say("f_past")})
    if "starts_at" in fields and fields["opens_at"] >= fields["starts_at"]:
        return Invalid({"opens": say("we_opens_late")})
    if webinar is not None and fields["seats"] is not None:
        taken = await webinars.taken(ctx.db, webinar)
        if fields["seats"] < taken:
            return Invalid({"seats": say("we_seats_few", n=taken)})
    return None


@feature.click("webst", who="organiser")
async def status(ctx: Context, press: Press) -> Answers:
    """Show the organisers' card: plan and counts, in private."""
    return [await _status(ctx, await pressed(ctx, press.key))]


@feature.click("webopen", who="organiser")
async def open_quietly(ctx: Context, press: Press) -> Answers:
    """Open registration without telling anybody: people come by the link."""
    webinar = await pressed(ctx, press.key)
    if webinar.state == "draft" and webinar.starts_at <= ctx.now:
        raise UserError(say("we_no_start"))
    if await _webinar_sends.begin(ctx.db, webinar.key, ctx.now) is not None:
        audit.note(ctx.db, ctx.now, ctx.me.id, "open_webinar", webinar.key)
    return [await _status(ctx, webinar)]


async def _status(ctx: Context, webinar: Webinar, *, note: Text | None = None, turn: bool = True) -> Answer:
    address = ctx.page_link(f"/w/{webinar.public_token}")
    if address.startswith(_webinar_cards.SAFE) and address != webinar.page_link:
        webinar.page_link = address
        await ctx.db.flush()
    shown = await _webinar_status.card(ctx.db, webinar, ctx.now, language=ctx.reader.language, note=note)
    inbound, card = ctx.inbound, Card(STATUS, webinar.key)
    if turn and isinstance(inbound, Click) and inbound.message is not None and inbound.where.kind == "dm":
        return Edit(shown, card)
    return Reply(shown, private=True, card=card)


@feature.click("webreg", who="anyone")
async def register(ctx: Context, press: Press) -> Answers:
    """Register with one tap, or ask somebody from outside the form."""
    return await registering.register(ctx, await pressed(ctx, press.key))


@feature.click("webwait", who="anyone")
async def wait(ctx: Context, press: Press) -> Answers:
    """Ask for a place on the waiting list; if a seat is free meanwhile, that."""
    return await registering.register(ctx, await pressed(ctx, press.key))


@feature.click("webun", who="anyone")
async def unregister(ctx: Context, press: Press) -> Answers:
    """Cancel a registration, or leave the waiting list."""
    return await registering.cancel(ctx, await pressed(ctx, press.key))


@feature.click("web", who="anyone")
async def own_card(ctx: Context, press: Press) -> Answers:
    """Show one's own card."""
    webinar = await pressed(ctx, press.key)
    if webinar.state == "draft":
        raise UserError(say("we_closed"))
    return await registering.show(ctx, webinar)


@feature.click("webdet", who="anyone")
async def details(ctx: Context, press: Press) -> Answers:
    """Show more about a webinar: in place in private, to the asker alone elsewhere."""
    webinar = await pressed(ctx, press.key)
    private = ctx.inbound.where.kind == "dm"
    shown = await _webinar_cards.details(ctx.db, webinar, ctx.community, ctx.now, back=private)
    return [Edit(shown) if private else Reply(shown, private=True)]


@feature.click("webcal", who="anyone")
async def calendar(ctx: Context, press: Press) -> Answers:
    """Hand over the calendar file of a webinar."""
    webinar = await pressed(ctx, press.key)
    registrant = await webinars.find(ctx.db, webinar, registering.owner(ctx))
    content = _webinar_ics.publish(webinar, registrant, ctx.community, ctx.reader, ctx.now)
    note = Message((say("we_cal_file"),), (), (say("we_cal_no_follow"),), silent=True)
    return [
        SendFile(_webinar_ics.FILE, content, (Bold(webinar.title), "\n", _webinar_cards.when(webinar))),
        Reply(note, private=True),
    ]


@feature.form("webinar", who="anyone")
async def outsider_form(ctx: Context, subject: str) -> Form:
    """Build the form of people from outside."""
    return await registering.form(ctx, subject)


@feature.submission("webinar")
async def outsider_registers(ctx: Context, subject: str, values: dict[str, str]) -> Answers:
    """Register somebody from outside."""
    return await registering.submitted(ctx, subject, values)


@feature.todo
async def to_do(db: Session, now: datetime) -> list[Waiting]:
    """Name openings that are not confirmed a week ahead, and join links that are missing two days before."""
    found: list[Waiting] = []
    for each in await webinars.everything(db):
        if each.starts_at <= now:
            continue
        link = button("status", "webst", each.key)
        if each.state == "draft" and each.opens_at - now < timedelta(days=7):
            line = say("we_todo_open", title=each.title, when=When(each.opens_at, each.zone, part="inside"))
            found.append(Waiting(line, link, each.opens_at))
        elif each.state == "open" and not each.join_link and each.starts_at - now <= SOON:
            found.append(Waiting(say("we_todo_link", title=each.title), link, each.starts_at))
    return found
