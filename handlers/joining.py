"""Joining: one-time links, consent, and the list of people who cannot be written to yet (domain 3.7)."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import structlog
from sqlalchemy import select, update

from chat.inbound import BotPlaced, Click, Moved, Reachable, Started
from chat.message import Button, Message, Press, button, row, rows
from chat.outbound import Answer, Home, Reply, Toast
from chat.text import Bold, Cmd, Link, Text, When, say
from handlers import _delegating, _webinar_registering
from handlers._commands import JOINED, offer
from handlers._feature import Answers, Context, Feature
from handlers._screens import home_screen, home_sections
from handlers._welcome import consent_version, not_now, place_line, stranger, turn, welcome, welcome_consent
from storage import audit, joining, members
from storage.communities import Channel
from storage.members import AccountTaken, Member

feature = Feature("joining")
log = structlog.get_logger()

LINK_HOURS = 72
PAGE = 10
HELLO = "hello"
"""Payload of the link that only opens the private chat."""
_CODE = re.compile(r"[A-Za-z0-9_-]{1,64}")


@feature.on("started")
async def started(ctx: Context, inbound: Started) -> Answers:
    """Take a one-time link, or show home to a member and the way in to a stranger."""
    if ctx.account is not None:
        members.mark(ctx.account, reachable=True, chat=_private_chat(ctx))
    if (shown := await _webinar_registering.opened(ctx, inbound.payload)) is not None:
        return shown
    if inbound.payload and inbound.payload != HELLO:
        return await _use(ctx, inbound.payload)
    if ctx.member is None:
        return [Reply(stranger())]
    if ctx.member.state not in JOINED:
        return [Reply(await _delegating.with_ask(ctx, welcome_consent(ctx)))]
    return [Reply(await home_screen(ctx))]


@feature.command("join", "rejoindre", "katıl", "انضمام", "unirse", who="anyone", where="dm")
async def join(ctx: Context, rest: str) -> Answers:
    """Take the code of a one-time link, typed in Slack."""
    if not rest:
        return [Reply(Message((say("p_code", example=Cmd("join abc123")),), rows(offer(("help", "help")))))]
    return await _use(ctx, rest.split()[0])


@feature.click("agree", who="anyone")
async def agree(ctx: Context, _press: Press) -> Answers:
    """Record the consent and greet the new member on the same card."""
    if ctx.member is None:
        return [Reply(stranger())]
    again = ctx.member.state == "active"
    if not again:
        members.give_consent(ctx.db, ctx.member, ctx.now, consent_version(ctx.reader.language))
        audit.note(ctx.db, ctx.now, ctx.member.id, "consent")
        if ctx.account is not None:
            members.mark(ctx.account, reachable=True, chat=_private_chat(ctx))
    answers: list[Answer] = [turn(ctx, welcome(ctx), private=True)]
    if again:
        answers.append(Toast(say("t_saved")))
    else:
        answers += await _delegating.consented(ctx)
    if isinstance(ctx.inbound, Click) and ctx.inbound.message is None:
        answers.append(Home(await home_sections(ctx)))
    return answers


@feature.click("notnow", who="anyone")
async def decline(ctx: Context, _press: Press) -> Answers:
    """Leave the invitation open and send nothing more."""
    if ctx.member is None:
        return [Reply(stranger())]
    if ctx.member.state in JOINED:
        return [turn(ctx, welcome(ctx), private=True), Toast(say("t_stale"))]
    ctx.member.state = "pending_consent"
    await _delegating.refused(ctx)
    return [turn(ctx, not_now(ctx), private=True)]


@feature.click("right")
async def right(ctx: Context, _press: Press) -> Answers:
    """Keep language and zone as they are."""
    buttons = rows(offer(("home", "home"), ("settings", "settings")))
    return [turn(ctx, Message((say("p_kept", what=place_line(ctx)),), buttons))]


@feature.on("reachable")
async def reachable(ctx: Context, inbound: Reachable) -> Answers:
    """Note that the person blocked us, came back or left the workspace, in all their communities; they stay members."""
    by = inbound.by
    for account in await members.accounts_everywhere(ctx.db, by.platform, by.workspace, by.user):
        members.mark(account, reachable=inbound.reachable, reason=inbound.reason or "blocked")
        log.info("account_reachable", account=account.id, reachable=inbound.reachable, reason=inbound.reason)
    return []


@feature.on("moved")
async def moved(ctx: Context, inbound: Moved) -> Answers:
    """Follow a group that got a new id (platforms §2.7)."""
    old = inbound.where
    taken = select(Channel.id).where(
        Channel.platform == old.platform, Channel.workspace == old.workspace, Channel.chat == inbound.chat
    )
    if (await ctx.db.scalars(taken)).first() is None:
        await ctx.db.execute(
            update(Channel)
            .where(Channel.platform == old.platform, Channel.workspace == old.workspace, Channel.chat == old.chat)
            .values(chat=inbound.chat)
        )
    return []


@feature.on("placed")
async def placed(ctx: Context, inbound: BotPlaced) -> Answers:
    """Note that we were added to or removed from one of the community's channels; others are only logged."""
    place = inbound.where
    channels = (
        await ctx.db.scalars(
            select(Channel).where(
                Channel.platform == place.platform, Channel.workspace == place.workspace, Channel.chat == place.chat
            )
        )
    ).all()
    for channel in channels:
        channel.reachable, channel.reason = inbound.present, "" if inbound.present else "removed"
    log.info("bot_placed", platform=place.platform, chat=place.chat, present=inbound.present, known=len(channels))
    return []


@feature.command("members", "membres", "üyeler", "الأعضاء", "miembros", who="organiser", where="dm", menu=True)
async def roster(ctx: Context, _rest: str) -> Answers:
    """List who cannot be written to yet, with why, and make new links."""
    return [Reply(await _roster(ctx, 0))]


@feature.click("members", who="organiser")
async def roster_page(ctx: Context, press: Press) -> Answers:
    """Turn the pages of that list."""
    return [turn(ctx, await _roster(ctx, int(press.arg) if press.arg.isdecimal() else 0), private=True)]


@feature.click("newlink", who="organiser")
async def new_link(ctx: Context, press: Press) -> Answers:
    """Make a one-time link for a member; it is shown once, to the organiser alone, and only its hash is kept."""
    member = await members.by_key(ctx.db, press.key)
    if member is None or member.state in ("left", "erased"):
        return [Toast(say("e_gone"))]
    token = await joining.issue_link(ctx.db, member, ctx.now, LINK_HOURS)
    audit.note(ctx.db, ctx.now, ctx.me.id, "join_link", member.key)
    until = When(ctx.now + timedelta(hours=LINK_HOURS), ctx.community.zone)
    lines: list[Text] = [say("p_link_for", name=Bold(member.name), until=until)]
    if address := ctx.start_link("telegram", token):
        lines.append(say("p_link_start", link=Link(address, address)))
    lines.append(say("p_link_code", words=Bold(f"join {token}")))
    return [Reply(Message(tuple(lines), rows(offer(("members", "members"), ("home", "home")))), private=True)]


async def _use(ctx: Context, token: str) -> Answers:
    """Bind the account to the member a token was made for (reliability S18)."""
    link = await joining.find_link(ctx.db, token, ctx.now) if _CODE.fullmatch(token) else None
    if link is None and ctx.member is not None and ctx.member.state not in JOINED:
        shown = await _delegating.with_ask(ctx, welcome_consent(ctx))
        return [Reply(shown, private=True)]  # the same link pressed twice by the person it was for
    refused = Reply(Message((say("e_link"),), rows(offer(("help", "help"), ("about", "about")))))
    member = await ctx.db.get(Member, link.member_id, with_for_update=True) if link is not None else None
    link = await joining.find_link(ctx.db, token, ctx.now) if member is not None else None  # used while we waited?
    if link is None or member is None or member.state in ("left", "erased"):
        return [refused]
    by = ctx.inbound.by
    try:
        account = await members.bind(ctx.db, member, by.platform, by.workspace, by.user, _private_chat(ctx))
    except AccountTaken:
        if asks := await _delegating.taken_over(ctx, member):
            return asks
        log.warning("join_link_of_another_member", account=by.id, member=member.key)
        return [refused]
    await joining.use_link(ctx.db, link, by.id, ctx.now)
    audit.note(ctx.db, ctx.now, member.id, "account_bound", by.platform)
    ctx.member, ctx.account = member, account
    ctx.reader = replace(ctx.reader, language=member.language, zone=member.zone, territory=member.country)
    if member.state in ("active", "paused"):
        lines = (say("p_linked", community=ctx.community.name),)
        linked = Reply(Message(lines, rows(offer(("home", "home"), ("settings", "settings")))), private=True)
        return [linked, *await _delegating.asks(ctx)]
    member.state = "pending_consent"
    return [Reply(await _delegating.with_ask(ctx, welcome_consent(ctx)), private=True)]


def _private_chat(ctx: Context) -> str:
    return ctx.inbound.where.chat if ctx.inbound.where.kind == "dm" else ""


async def _roster(ctx: Context, page: int) -> Message:
    everybody = await members.admitted(ctx.db)
    missing = [(each, why) for each in everybody if (why := _why(each))]
    head: list[Text] = [Bold(say("p_members", community=ctx.community.name))]
    if not everybody:
        return Message((*head, say("p_no_members")), rows(offer(("desk", "desk"), ("home", "home"))))
    reached = len(everybody) - len(missing)
    head.append(say("p_members_n", n=len(everybody), reached=reached))
    head.append(say("p_not_reached_n", n=len(missing)) if missing else say("p_all_reached"))
    first = min(page * PAGE, max(len(missing) - 1, 0) // PAGE * PAGE)
    shown = list(enumerate(missing[first : first + PAGE], first + 1))
    lines = [(f"{number}. {member.name} · ", say(why)) for number, (member, why) in shown]
    links = [Button((f"{number} · ", say("b_new_link")), Press("newlink", member.key)) for number, (member, _) in shown]
    turns = row(
        button("back", "members", arg=str(first // PAGE - 1)) if first else None,
        button("more", "members", arg=str(first // PAGE + 1)) if first + PAGE < len(missing) else None,
    )
    pages = tuple(tuple(links[start : start + 3]) for start in range(0, len(links), 3))
    return Message((*head, *lines), rows(*pages, turns, offer(("desk", "desk"), ("home", "home"))))


def _why(member: Member) -> str:
    """Give the catalogue key of why a member cannot be written to, "" if they can."""
    if member.state == "invited":
        return "p_why_not_joined"
    if member.state == "pending_consent":
        return "p_why_not_agreed"
    if members.reachable(member):
        return ""
    if not member.accounts:
        return "p_why_no_account"
    known = {"not_started": "p_why_not_started", "blocked": "p_why_blocked", "deactivated": "p_why_deactivated"}
    return known.get(member.accounts[0].reason, "p_why_other")
