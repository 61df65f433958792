"""Taps that say who checks the facts of a memo, and what goes to which members' channel."""

from __future__ import annotations

from sqlalchemy import select

from chat.errors import UserError
from chat.message import Button, Message, Press, Row, button, row
from chat.outbound import Card, Edit, Reply
from chat.text import Bold, Text, say
from handlers import _memo_outsiders as others
from handlers import _memo_steps as steps
from handlers import _memo_views as views
from handlers._cards import short
from handlers._feature import Answers, Context
from handlers._sends import listed, platform_name
from scheduler.contract import Drawing, Skip
from storage import attendance, audit, memo_places, memos
from storage.channel_people import Outsiders
from storage.communities import Channel
from storage.database import Session
from storage.documents import FORMS, Document
from storage.members import Member
from storage.memos import Refused

PAGE = 12
ALLOWED = "ok"
"""What the button says that lets a channel have the file itself, after the warning; then a stamp of who is there."""
NOTHING = "none"


async def speakers(ctx: Context, press: Press) -> Answers:
    """Show who may be asked about the facts; a tap adds or removes somebody."""
    document = await steps.managed(ctx, press.key)
    offered = await _offered(ctx, document)
    chosen = list(memos.speakers_of(document))
    one = int(press.arg) if press.arg.isdigit() else 0
    if press.arg:
        if document.state not in views.OPEN:
            return await steps.status(ctx, document, say("mm_not_now"))
        if one not in {each.id for each in offered}:
            raise UserError(say("e_gone"))
        chosen = [each for each in chosen if each != one] if one in chosen else [*chosen, one]
        try:
            document = await memos.change(ctx.db, document.key, speakers=chosen)
        except Refused as refused:
            return await steps.status(ctx, document, await steps.explain(ctx.db, refused))
        await steps.moved(ctx, document, "memo.speakers")
    page = int(press.rev) if press.rev.isdigit() else 0
    return _shown(ctx, document, _speakers(document, offered, set(chosen), page))


async def _offered(ctx: Context, document: Document) -> list[Member]:
    """Give who may be asked: those who took part (nobody recorded: who said yes), without author and approver."""
    meeting = await views.meeting_of(ctx.db, document)
    found = await attendance.attended(ctx.db, meeting) if meeting else []
    found = found or (await attendance.invited(ctx.db, meeting) if meeting else [])
    chosen = await views.people(ctx.db, memos.speakers_of(document))
    out = {document.author_id, document.approver_id}
    kept = {each.id: each for each in (*chosen.values(), *found) if each.state in ("active", "paused")}
    return sorted((each for each in kept.values() if each.id not in out), key=lambda each: (each.name, each.id))


def _speakers(document: Document, offered: list[Member], chosen: set[int], page: int) -> Message:
    page = min(page, max(len(offered) - 1, 0) // PAGE)
    taps = [
        Button(
            ("✓ ", short(each.name, 22)) if each.id in chosen else short(each.name),
            Press("mspeak", document.key, str(page), str(each.id)),
            "primary" if each.id in chosen else "default",
        )
        for each in offered[page * PAGE : (page + 1) * PAGE]
    ]
    lines: list[Text] = [Bold(document.title), say("mm_choose_speakers" if offered else "mm_nobody_came")]
    names: list[Text] = [each.name for each in offered if each.id in chosen]
    if names:
        lines.append(say("mm_speakers_are", names=listed(names)))
    turn = row(
        Button(("« ", str(page)), Press("mspeak", document.key, str(page - 1))) if page else None,
        Button((str(page + 2), " »"), Press("mspeak", document.key, str(page + 1)))
        if (page + 1) * PAGE < len(offered)
        else None,
        button("back", "memo", document.key),
    )
    return views.shown(lines, *_pairs(taps), turn)


async def channels(ctx: Context, press: Press) -> Answers:
    """Show the members' channels and what each gets; the file itself only after a warning and a tap of its own."""
    document = await steps.managed(ctx, press.key)
    found = await members_channels(ctx)
    one = next((each for each in found if str(each.id) == press.rev), None)
    if press.rev and one is None:
        raise UserError(say("e_gone"))
    if one is None:
        return _shown(ctx, document, _channels(document, found))
    seen = await others.of(ctx.db, document, one, ctx.now)
    if not press.arg:
        return _shown(ctx, document, _forms(ctx, document, one, seen))
    asked = press.arg.startswith(ALLOWED)
    if press.arg == "file" or (asked and press.arg != ALLOWED + seen.stamp):  # somebody else is there by now
        return _shown(ctx, document, _warning(ctx, document, one, seen))
    form = "file" if asked else press.arg
    if form not in (*FORMS, NOTHING) or (form == "link" and not ctx.page_link("/m")):
        raise UserError(say("e_gone"))
    try:
        if form == "file" and document.state == "approved":
            allowed = await memo_places.allow(ctx.db, document.key, one.id, seen.marks)
            if allowed is None:
                return await steps.status(ctx, document, say("mm_not_now"))
            document = allowed
        elif document.state not in views.OPEN:
            return await steps.status(ctx, document, say("mm_not_now"))
        else:
            targets = memo_places.with_form(document.targets, one.id, "" if form == NOTHING else form, seen.marks)
            document = await memos.change(ctx.db, document.key, targets=targets)
    except Refused as refused:
        return await steps.status(ctx, document, await steps.explain(ctx.db, refused))
    await steps.moved(ctx, document, "memo.channels")
    if form == "file":
        audit.note(ctx.db, ctx.now, ctx.me.id, "memo.file_allowed", f"{document.key} {one.id}")
    return _shown(ctx, document, _channels(document, found))


async def members_channels(ctx: Context) -> list[Channel]:
    """Give the channels of members; announcement and organisers' channels never get a memo (design §9)."""
    asked = select(Channel).where(Channel.purpose == "members").order_by(Channel.platform, Channel.id)
    return list(await ctx.db.scalars(asked))


def _channels(document: Document, found: list[Channel]) -> Message:
    wanted = document.targets.get("channels") or {}
    lines: list[Text] = [Bold(document.title), say("mm_choose_channels")]
    lines += [
        say("mm_channel_form", channel=name(each), form=say(f"mm_form_{wanted[str(each.id)]}"))
        for each in found
        if str(each.id) in wanted
    ]
    if not found:
        lines.append(say("mm_no_channels"))
    taps = [
        Button(
            ("✓ ", short(name(each), 22)) if str(each.id) in wanted else short(name(each)),
            Press("mchan", document.key, str(each.id)),
        )
        for each in found[:20]
    ]
    return views.shown(lines, *_pairs(taps), row(button("back", "memo", document.key)))


def _forms(ctx: Context, document: Document, channel: Channel, seen: Outsiders) -> Message:
    here, key = str(channel.id), document.key
    link = button("mm_link", "mchan", key, here, "link") if ctx.page_link("/m") else None
    lines: list[Text] = [Bold(document.title), say("mm_choose_form", channel=name(channel))]
    return views.shown(
        [*lines, *others.about(channel, seen, ctx.reader.zone)],
        row(button("mm_card", "mchan", key, here, "card", "primary"), link),
        row(button("mm_file", "mchan", key, here, "file"), button("mm_no_form", "mchan", key, here, NOTHING)),
        row(button("back", "mchan", key)),
    )


def _warning(ctx: Context, document: Document, channel: Channel, seen: Outsiders) -> Message:
    here, key = str(channel.id), document.key
    return views.shown(
        [Bold(name(channel)), *others.warning(channel, seen, ctx.reader.zone)],
        row(button("mm_card", "mchan", key, here, "card", "primary")),
        row(button("mm_allow", "mchan", key, here, ALLOWED + seen.stamp, "danger"), button("back", "mchan", key, here)),
    )


def name(channel: Channel) -> str:
    """Name a channel with its platform."""
    return f"{platform_name(channel.platform)} {channel.title or channel.chat}"


def _pairs(taps: list[Button]) -> list[Row]:
    return [row(*taps[at : at + 2]) for at in range(0, len(taps), 2)]


def _shown(ctx: Context, document: Document, message: Message) -> Answers:
    """Show a choice; until the way back the message is no copy of the card, which would take its place."""
    if ctx.inbound.where.kind != "dm":
        return [Reply(message, private=True)]
    return [Edit(message, Card(views.CHOOSING, document.key))]


async def draw_choice(_db: Session, _drawing: Drawing) -> Message | Skip:
    """Leave a choice as it is."""
    return Skip("choosing")
