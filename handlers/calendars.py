"""Meetings in people's own calendars: a file, links to fill one in, and a personal address that follows by itself."""

from __future__ import annotations

from chat.errors import UserError
from chat.inbound import Click
from chat.message import LinkButton, Message, Press, button, row, rows
from chat.outbound import Edit, Reply, SendFile
from chat.text import Bold, Link, Text, When, say
from handlers import _ics
from handlers._cards import when
from handlers._commands import offer
from handlers._feature import Answers, Context, Feature
from handlers._meetings import pressed
from handlers._reminding import no_send_dates
from storage import audit, feeds, invitations
from storage.meetings import Invitation, Meeting

feature = Feature("calendars")

FILE = "meeting.ics"


@feature.click("cal")
async def add(ctx: Context, press: Press) -> Answers:
    """Hand over the file of a meeting with links that do the same; of a cancelled one what takes it away."""
    meeting, invitation = await _asked(ctx, press.key)
    if meeting.state == "cancelled" or (invitation is not None and invitation.withdrawn):
        return _away(ctx, meeting)
    whose = await _whose(ctx)
    links = row(
        LinkButton(say("b_cal_google"), _ics.google(meeting, whose)),
        LinkButton(say("b_cal_outlook"), _ics.outlook(meeting, whose)),
    )
    own = row(button("feed", "feed") if _address(ctx, "") else None)
    message = Message((say("cal_file"),), rows(links, own), (say("cal_file_stays"),), silent=True)
    return [_file(meeting, _ics.publish(meeting, invitation, whose)), Reply(message, private=True)]


@feature.click("caloff")
async def take_away(ctx: Context, press: Press) -> Answers:
    """Hand over the file that takes a meeting away, and say what such a file cannot do."""
    meeting, _ = await _asked(ctx, press.key)
    return _away(ctx, meeting)


@feature.command("calendar", "calendrier", "takvim", "التقويم", "calendario", where="dm")
async def link(ctx: Context, _rest: str) -> Answers:
    """Make the personal link, or say that there is one already, with a way to replace or end it."""
    if not _address(ctx, ""):
        lines = (Bold(say("cal_feed")), say("cal_feed_away"), say("cal_feed_files"))
        return [_show(ctx, Message(lines, rows(offer(("my", "my"), ("home", "home")))))]
    found = await feeds.current(ctx.db, ctx.me)
    if found is None:
        return [_show(ctx, await _new(ctx))]
    since = When(found.created_at, ctx.me.zone, part="date")
    lines = (Bold(say("cal_feed")), say("cal_feed_has", date=since), say("cal_feed_lost"))
    buttons = row(button("new_link", "newfeed"), button("feed_off", "nofeed"))
    return [_show(ctx, Message(lines, rows(buttons, offer(("home", "home")))))]


@feature.click("feed")
async def link_pressed(ctx: Context, _press: Press) -> Answers:
    """Do the same from a button."""
    return await link(ctx, "")


@feature.click("newfeed")
async def replace_link(ctx: Context, _press: Press) -> Answers:
    """Make a new link; the older one stops working at once."""
    if not _address(ctx, ""):
        return await link(ctx, "")
    return [_show(ctx, await _new(ctx, again=True))]


@feature.click("nofeed")
async def end_link(ctx: Context, _press: Press) -> Answers:
    """Switch the link off."""
    if await feeds.revoke(ctx.db, ctx.me, ctx.now):
        audit.note(ctx.db, ctx.now, ctx.me.id, "feed_ended")
    lines = (Bold(say("cal_feed")), say("cal_feed_ended"))
    return [_show(ctx, Message(lines, rows(row(button("new_link", "newfeed")), offer(("home", "home")))))]


async def _new(ctx: Context, *, again: bool = False) -> Message:
    address = _address(ctx, await feeds.issue(ctx.db, ctx.me, ctx.now))
    audit.note(ctx.db, ctx.now, ctx.me.id, "feed_made")
    replaced = (say("cal_feed_replaced"),) if again else ()
    lines: tuple[Text, ...] = (
        Bold(say("cal_feed")), *replaced, say("cal_feed_once"), Link(address, address), say("cal_feed_how"),
    )  # fmt: skip
    return Message(lines, rows(row(button("feed_off", "nofeed")), offer(("home", "home"))))


def _address(ctx: Context, token: str) -> str:
    """Give the address of a feed, "" where nobody can open our pages, or only without encryption."""
    address = ctx.page_link(f"/calendar/{token}.ics")
    return address if address.startswith(("https://", "http://127.0.0.1", "http://localhost")) else ""


def _away(ctx: Context, meeting: Meeting) -> Answers:
    content = _ics.cancel(meeting, _ics.For(ctx.me, ctx.community, ctx.now))
    message = Message(
        (say("cal_removed"), say("cal_by_hand")), rows(offer(("my", "my"), ("home", "home"))), silent=True
    )
    return [_file(meeting, content), Reply(message, private=True)]


def _file(meeting: Meeting, content: bytes) -> SendFile:
    return SendFile(FILE, content, (Bold(meeting.title), "\n", when(meeting)))


async def _asked(ctx: Context, key: str) -> tuple[Meeting, Invitation | None]:
    """Find the meeting for somebody who is invited, or for staff. Raise `UserError` for everybody else."""
    meeting = await pressed(ctx, key)
    invitation = await invitations.find(ctx.db, meeting, ctx.me)
    if invitation is None and not ctx.roles:
        raise UserError(say("m_not_invited"))
    return meeting, invitation


async def _whose(ctx: Context) -> _ics.For:
    return _ics.For(ctx.me, ctx.community, ctx.now, await no_send_dates(ctx.db))


def _show(ctx: Context, message: Message) -> Edit | Reply:
    """Turn the pressed message in a private chat; a link is never shown anywhere else."""
    inbound = ctx.inbound
    if isinstance(inbound, Click) and inbound.message is not None and inbound.where.kind == "dm":
        return Edit(message)
    return Reply(message, private=True)
