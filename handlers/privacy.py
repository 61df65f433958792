"""Rights: what is kept and why, stop in one step, start again (domain 3.7, reliability §5.9)."""

from __future__ import annotations

from chat.message import Message, Press, button, row, rows
from chat.outbound import Reply
from chat.text import Bold, Cmd, Link, Text, say
from handlers import _waiting, _webinar_registering
from handlers._commands import JOINED, offer
from handlers._feature import Answers, Context, Feature
from handlers._welcome import consent_version, stranger, turn, welcome_consent
from storage import audit, invitations, members, seats
from storage.meetings import COMING, Meeting

feature = Feature("privacy")


@feature.command(
    "privacy", "data", "confidentialité", "données", "gizlilik", "الخصوصية", "privacidad", "datos",
    who="anyone", where="slack", menu=True,
)  # fmt: skip
async def privacy(ctx: Context, _rest: str) -> Answers:
    """Show the notice in five lines: controller, data, purpose, rights, contact; the full text by link."""
    community = ctx.community
    lines: list[Text] = [
        Bold(say("b_privacy")),
        say("p_controller", controller=community.controller_name or community.name, community=community.name),
        say("p_data"),
        say("p_purpose"),
        say("p_rights", cmd_stop=Cmd("stop")),
        say("p_contact", contact=community.organiser_contact or community.name),
    ]
    lines += _own_text(ctx)
    if community.privacy_link.startswith("https://"):
        lines.append(say("p_full", link=Link(community.privacy_link, community.privacy_link)))
    member = ctx.member
    switch = None
    if member is not None:
        off = member.state in ("stopped", "paused")
        switch = button("resume", "resume") if off else button("stop", "stop")
    return [Reply(Message(tuple(lines), rows(row(switch), offer(("language", "language"), ("home", "home")))))]


@feature.command(
    "stop", "unsubscribe", "leave", "arrêter", "durdur", "إيقاف", "parar", who="anyone", where="slack"
)  # fmt: skip
async def stop(ctx: Context, _rest: str) -> Answers:
    """Stop all messages at once, on every account of the member; who only registered for webinars is forgotten."""
    if ctx.member is None:
        return [Reply(await _webinar_registering.forget(ctx) or stranger())]
    return [turn(ctx, await _stop(ctx))]


@feature.click("stop", who="anyone")
async def stop_pressed(ctx: Context, _press: Press) -> Answers:
    """Stop by button, in one step as well."""
    return await stop(ctx, "")


@feature.command("resume", "reprendre", "devam", "استئناف", "reanudar", who="anyone", where="slack")
async def resume(ctx: Context, _rest: str) -> Answers:
    """Start again after a stop or pause: a new consent is recorded; who never agreed is asked first."""
    if ctx.member is None:
        return [Reply(stranger())]
    if ctx.member.state not in JOINED or not await _ever_joined(ctx):
        return [Reply(welcome_consent(ctx), private=True)]
    if ctx.member.state == "active":
        return [turn(ctx, Message((say("p_on"),), rows(offer(("home", "home")))))]
    if ctx.member.state == "stopped":
        members.give_consent(ctx.db, ctx.member, ctx.now, consent_version(ctx.reader.language))
    ctx.member.state, ctx.member.paused_until = "active", None
    audit.note(ctx.db, ctx.now, ctx.member.id, "resume")
    await _offer_seats(ctx)
    return [turn(ctx, Message((say("p_resumed"),), rows(offer(("my", "my"), ("home", "home")))))]


@feature.click("resume", who="anyone")
async def resume_pressed(ctx: Context, _press: Press) -> Answers:
    """Start again by button."""
    return await resume(ctx, "")


async def _stop(ctx: Context) -> Message:
    if ctx.me.state != "stopped":
        await members.stop(ctx.db, ctx.me, ctx.now)
        audit.note(ctx.db, ctx.now, ctx.me.id, "stop")
    mine = await invitations.of_member(ctx.db, ctx.me, ctx.now)
    kept = [meeting.title for meeting, invitation in mine if invitation.reply in COMING and _ahead(meeting, ctx)]
    waits = any(invitation.reply in ("waitlisted", "asked") and _ahead(meeting, ctx) for meeting, invitation in mine)
    text = say("p_stopped", cmd_my=Cmd("my"))
    if len(kept) == 1:
        text = say("p_stopped_yes", title=kept[0], cmd_my=Cmd("my"))
    elif kept:
        text = say("p_stopped_yes_n", n=len(kept), cmd_my=Cmd("my"))
    give_up = button("give_up", "giveup", arg="all") if kept or waits else None
    again = row(button("resume", "resume"), give_up)
    return Message((text,), rows(again, offer(("my", "my"), ("privacy", "privacy"))))


def _ahead(meeting: Meeting, ctx: Context) -> bool:
    """Tell whether a reply to the meeting can still be changed."""
    return meeting.state in seats.OPEN_STATES and meeting.starts_at > ctx.now


async def _offer_seats(ctx: Context) -> None:
    """Let the waiting lists move on which the member stands: whoever is not written to is offered no seat meanwhile."""
    mine = await invitations.of_member(ctx.db, ctx.me, ctx.now)
    waits = [meeting for meeting, each in mine if each.reply == "waitlisted" and _ahead(meeting, ctx)]
    for meeting in sorted(waits, key=lambda each: each.id):  # in one order, so that nobody waits in a ring
        await _waiting.settle(ctx.db, meeting, ctx.now)


async def _ever_joined(ctx: Context) -> bool:
    return ctx.me.joined_at is not None or await members.has_agreed(ctx.db, ctx.me)


def _own_text(ctx: Context) -> list[Text]:
    """Give the community's own lines on law, transfers and retention, in the reader's language if they exist."""
    texts = ctx.community.settings.get("privacy", {})
    text = texts.get(ctx.reader.language, texts.get("en", "")) if isinstance(texts, dict) else texts
    return [*[line for line in str(text).splitlines() if line.strip()][:5]]
