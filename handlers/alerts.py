"""Alerts in plain words: what happened, what still works, what to do; and going on after an older copy was restored."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from chat.message import Button, Message, Press, button, row, rows
from chat.outbound import Card, Edit, Reply
from chat.text import Bold, Text, When, say
from handlers._feature import Answers, Context, Feature
from handlers._sends import connection_name, platform_name
from scheduler.contract import Drawing, Skip
from storage import audit, installation, sends
from storage.communities import Connection, own_community
from storage.database import Session

feature = Feature("alerts")


@feature.card("alert")
async def draw(db: Session, drawing: Drawing) -> Message | Skip:
    """Draw an alert from the details of its campaign; what was sent stays as it is, its end is an alert of its own."""
    if not drawing.first:
        return Skip("sent")
    told = {name: str(value) for name, value in drawing.details.items()}
    kind, platform = told.get("kind") or drawing.subject, told.get("platform", "")
    name = _named(platform, told.get("name", ""))
    since = When(_moment(told.get("since", "")) or drawing.now, (await own_community(db)).zone)
    match kind:
        case "dead":
            number = await sends.waiting_for(db, drawing.now, platform, told.get("workspace", ""))
            lines: list[Text] = [Bold(say("da_dead", platform=name, time=since)), say("da_dead_waits", n=number)]
            lines += [*await _others(db, platform, told.get("workspace", "")), say("da_dead_do")]
        case "alive":
            lines = [Bold(say("da_alive", platform=name))]
        case "conflict":
            lines = [Bold(say("da_conflict", platform=name)), say("da_conflict_do")]
        case "strange":
            lines = [Bold(say("da_strange", platform=name)), say("da_strange_do", reason=told.get("reason", "") or "–")]
        case "behind":
            number = await sends.waiting_for(db, drawing.now)
            lines = [Bold(say("da_behind", n=number)), say("da_behind_do")]
        case "restored":
            return await _restored(db, drawing)
        case _:
            return Skip("unknown alert")
    return Message(tuple(lines), rows(row(_sends_button(drawing))))


@feature.click("goall", who="organiser")
async def ask_to_go_on(ctx: Context, _press: Press) -> Answers:
    """Ask once before sending goes on for the whole installation."""
    if not await installation.paused(ctx.db):
        return _answer(ctx, _over(ctx))
    return _answer(ctx, await _question(ctx.db, ctx.me.key))


@feature.click("goallyes", who="organiser")
async def go_on(ctx: Context, _press: Press) -> Answers:
    """Let everything go out again; what may have gone out before the restore counts as unknown."""
    if not await installation.resume(ctx.db, ctx.now):
        return _answer(ctx, _over(ctx))
    audit.note(ctx.db, ctx.now, ctx.me.id, "resume_all")
    await ctx.db.flush()
    undecided = await sends.undecided(ctx.db, ctx.now)
    lines: list[Text] = [Bold(say("da_restored_on"))]
    if undecided:
        lines.append(say("d_unknown_restored", n=undecided))
    return _answer(ctx, Message(tuple(lines), rows(row(button("sends", "sends", ctx.me.key, 0)))))


async def _restored(db: Session, drawing: Drawing) -> Message | Skip:
    if not await installation.paused(db):
        return Skip("over")
    lines = (Bold(say("d_restored")), *await _marked(db))
    return Message(lines, rows(row(button("resume_all", "goall", "all"), _sends_button(drawing))))


async def _marked(db: Session) -> list[Text]:
    """Say what happens to what may have been sent before the restore."""
    until = await installation.restored_until(db)
    if until is None:
        return [say("da_restored_do_all")]
    return [say("da_restored_do", until=When(until, (await own_community(db)).zone))]


async def _question(db: Session, key: str) -> Message:
    lines = (Bold(say("da_restored_ask")), *await _marked(db))
    yes = button("resume_all", "goallyes", "all", style="primary")
    return Message(lines, rows(row(yes, button("not_now", "sends", key, 0))))


def _over(ctx: Context) -> Message:
    return Message((say("da_restored_over"),), rows(row(button("sends", "sends", ctx.me.key, 0))))


def _sends_button(drawing: Drawing) -> Button:
    return button("sends", "sends", drawing.member.key if drawing.member else "", 0)


async def _others(db: Session, platform: str, workspace: str) -> list[Text]:
    """Name the connections of this community that still work."""
    found: list[Text] = []
    for each in (
        await db.scalars(select(Connection).where(Connection.dead_reason == "").order_by(Connection.id))
    ).all():
        if (each.platform, each.workspace) != (platform, workspace) and await sends.uses(
            db, each.platform, each.workspace
        ):
            name = each.name if await sends.several(db, each.platform) else ""
            found.append(say("da_other", platform=connection_name(each.platform, name)))
    return found


def _answer(ctx: Context, message: Message) -> Answers:
    card = Card("sends", "")  # what was pressed follows no send any more
    return [Edit(message, card)] if ctx.inbound.where.kind == "dm" else [Reply(message, private=True, card=card)]


def _named(platform: str, name: str) -> str:
    """Name a connection as people do: `slack` is Slack, `slack (north)` Slack (north)."""
    return platform_name(platform) + (name.removeprefix(platform) if name.startswith(platform) else "")


def _moment(text: str) -> datetime | None:
    """Read an aware instant in ISO form; none for anything else."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None
