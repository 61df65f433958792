"""Help, about, buttons that run commands, and free text: it never changes anything, it only opens the right card."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime, timedelta

from chat.copy import COPY
from chat.inbound import Said
from chat.message import Message, Press, button, row, rows
from chat.outbound import Reply
from chat.text import Bold, Cmd, Link, Text, When, say
from handlers import features
from handlers._cards import answers
from handlers._commands import JOINED, Found, NotFound, fold, match, may_use, offer, run, unknown
from handlers._feature import Answers, CommandRoute, Context, Feature
from handlers._menus import ordered, short_list
from handlers._moderating import leads_any
from handlers._personal import looks_like_a_case, looks_personal
from handlers._screens import open_invitations
from handlers._welcome import stranger, turn, welcome_consent

feature = Feature("help")

LINES = 6
PAGE = 12
"""Commands of one page of the full list; a role's commands are spread evenly over its pages."""
SENTENCE = 3
"""More words than this after a command word make free text of it."""
PAUSE = timedelta(minutes=10)
"""A stranger who writes about a case is answered once in this time (conversation §6.11)."""
_answered: OrderedDict[str, datetime] = OrderedDict()
_REMEMBERED = 10_000


@feature.command("help", "?", "؟", "aide", "yardım", "مساعدة", "ayuda", who="anyone", where="slack", menu=True)
async def help_(ctx: Context, rest: str) -> Answers:
    """Show six lines for the asker's role, or explain one word."""
    if rest:
        found = match(rest, features(), lambda who: may_use(who, ctx))
        return [Reply(_about_word(found) if isinstance(found, Found) else unknown(found))]
    return [Reply(_short(ctx))]


@feature.click("help", who="anyone")
async def help_pressed(ctx: Context, press: Press) -> Answers:
    """Show a page of all words, or the short help again."""
    if press.arg != "all":
        return [turn(ctx, _short(ctx))]
    return [turn(ctx, await _all(ctx, int(press.rev) if press.rev.isdigit() else 0))]


@feature.command("about", "à propos", "hakkında", "نبذة", "acerca de", who="anyone", where="any")
async def about(ctx: Context, _rest: str) -> Answers:
    """Say which programme this is, who is responsible and whom to ask."""
    community, settings = ctx.community, ctx.community.settings
    programme = settings.get("programme", {})
    name, funding = programme.get("name", ""), programme.get("funding_line", "")
    lines: list[Text] = [Bold(community.name), say("s_about", community=community.name)]
    if name:
        lines.append(say("s_programme", programme=str(name)))
    lines.append(say("s_responsible", controller=community.controller_name or community.name))
    if community.organiser_contact:
        lines.append(say("s_contact", contact=community.organiser_contact))
    if funding:
        lines.append(say("funding_line") if funding == COPY["funding_line"] else str(funding))
    return [Reply(Message(tuple(lines), rows(offer(("privacy", "privacy"), ("help", "help"), ("home", "home")))))]


@feature.click("go", who="anyone")
async def go_pressed(ctx: Context, press: Press) -> Answers:
    """Run the command a button names."""
    found = match(press.arg, features(), lambda who: may_use(who, ctx))
    return await run(ctx, found.route, found.rest) if isinstance(found, Found) else [Reply(unknown(found))]


@feature.on("unknown")
async def not_found(ctx: Context, miss: NotFound) -> Answers:
    """Answer a command nobody knows with the nearest ones; in a group with bare commands it is another bot's."""
    group = ctx.inbound.where.kind == "group"
    if group and ctx.reader.command_pattern.startswith("/{"):
        return []
    return [Reply(unknown(miss), private=group)]


@feature.on("said")
async def said(ctx: Context, inbound: Said) -> Answers:
    """Answer free text in a private chat: a command word, the open question, or what there is to tap."""
    if inbound.where.kind == "group":
        return []
    found = match(inbound.text, features(), lambda who: may_use(who, ctx))
    if isinstance(found, Found) and _meant(ctx, found, inbound.text):
        return await run(ctx, found.route, found.rest)
    if ctx.member is None:
        return _to_stranger(ctx, inbound)
    if ctx.member.state not in JOINED:
        return [Reply(welcome_consent(ctx))]
    if not inbound.text.strip():
        return [Reply(Message((say("f_text_only"),), rows(offer(("home", "home"), ("help", "help")))))]
    if looks_personal(inbound.text):
        return [Reply(Message((say("pii_warning"),), rows(offer(("home", "home"), ("help", "help")))))]
    if isinstance(found, NotFound) and found.near and len(fold(inbound.text)) <= 2:
        return [Reply(unknown(found))]
    waiting = await open_invitations(ctx)
    if len(waiting) == 1:
        meeting = waiting[0]
        lines = (Bold(meeting.title), When(meeting.starts_at, meeting.zone, meeting.ends_at), say("s_tap_reply"))
        return [Reply(Message(lines, rows(answers(meeting, ctx.now), offer(("my", "my"), ("help", "help")))))]
    buttons = offer(("home", "home"), ("meetings", "meetings"), ("my", "my"), ("help", "help"))
    return [Reply(Message((say("e_free"),), rows(buttons)))]


def _meant(ctx: Context, found: Found, text: str) -> bool:
    """Tell whether free text is a command: one they may use, with at most a few words behind it."""
    return bool(text.strip()) and may_use(found.route.who, ctx) and len(found.rest.split()) <= SENTENCE


def _to_stranger(ctx: Context, inbound: Said) -> Answers:
    if not looks_like_a_case(inbound.text):
        return [Reply(stranger())]
    last = _answered.get(inbound.by.id)
    if last is not None and ctx.now - last < PAUSE:
        return []
    _answered[inbound.by.id] = ctx.now
    while len(_answered) > _REMEMBERED:
        _answered.popitem(last=False)
    contact = _contact(ctx)
    if last is None:
        lines: tuple[Text, ...] = (say("not_for_individuals", public_contact=contact), say("p_case_kept"))
    else:
        lines = (say("p_case_again", public_contact=contact),)
    return [Reply(Message(lines, rows(offer(("language", "language")))))]


def _contact(ctx: Context) -> Text:
    address = ctx.community.public_contact or ctx.community.organiser_contact
    return Link(address, address) if address.startswith("https://") else address


def _line(route: CommandRoute) -> Text:
    return (Cmd(route.words), ": ", say(route.help_key))


def _short(ctx: Context) -> Message:
    """Draw the lines somebody needs most; Home is a button below them."""
    usable = [each for each in _usable(ctx) if each.words != "home"]
    lines = [_line(route) for route in short_list(usable, organiser=ctx.organiser)][:LINES]
    return Message((Bold(say("s_help")), *lines), rows(row(button("more", "help", arg="all")), offer(("home", "home"))))


async def _all(ctx: Context, number: int) -> Message:
    """Draw a page of all commands somebody may use, role by role; the first page leads back to the short help."""
    pages = await _pages(ctx)
    number = min(number, len(pages) - 1)
    head, routes = pages[number]
    title = (Bold(say("s_help_all")), f" {number + 1}/{len(pages)}", "\n", head)
    back = button("back", "help", "", number - 1, "all") if number else button("back", "help")
    following = button("next", "help", "", number + 1, "all") if number + 1 < len(pages) else None
    lines = [_line(route) for route in routes]
    return Message((title, *lines), rows(row(back, following), offer(("home", "home"))))


async def _pages(ctx: Context) -> list[tuple[Text, list[CommandRoute]]]:
    """Share the commands out by role, the asker's highest first: each page has its heading."""
    usable = ordered(_usable(ctx))
    lead = [each for each in usable if each.who == "moderator"]
    staff = [each for each in usable if each.who in ("organiser", "staff")]
    if ctx.organiser:
        staff, lead = ordered((*staff, *lead)), []
    elif lead and not await leads_any(ctx):
        lead = []
    everybody = [each for each in usable if each.who in ("anyone", "member")]
    pages: list[tuple[Text, list[CommandRoute]]] = []
    for head, routes in (
        (say("s_help_organisers" if ctx.organiser else "s_help_staff"), staff),
        (say("s_help_moderators"), lead),
        (say("s_help_members"), everybody),
    ):
        many = -(-len(routes) // PAGE)
        pages += [(head, routes[len(routes) * at // many : len(routes) * (at + 1) // many]) for at in range(many)]
    return pages


def _usable(ctx: Context) -> list[CommandRoute]:
    return [route for feature in features() for route in feature.commands if may_use(route.who, ctx)]


def _about_word(found: Found) -> Message:
    lines: list[Text] = [_line(found.route)]
    if found.route.aliases:
        lines.append(say("s_help_words", words=", ".join(found.route.aliases)))
    return Message(tuple(lines), rows(offer(("home", "home"), ("help", "help"))))
