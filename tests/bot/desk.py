"""A desk at which one member acts through a dispatcher, and a feature with forms: for tests of the dispatcher."""

from __future__ import annotations

import itertools
from typing import Any

from sqlalchemy import select

from bot.dispatcher import Dispatcher
from bot.routes import Routes
from chat.errors import UserError
from chat.form import ChoiceField, Form, MomentField, Option, TextField
from chat.inbound import Click, Said
from chat.message import Button, Message, Press
from chat.outbound import Ask, Edit, Reply, Toast
from chat.people import MessageRef, Person, Place
from chat.text import Reader, plain, say
from handlers._feature import Feature
from scheduler.clock import MovableClock
from storage import Database
from storage.audit import AuditEntry, note
from storage.communities import Community
from storage.members import Account, Member


class Kiosk:
    """A platform that only says what it can do: enough for the dispatcher, which never speaks to it by itself."""

    def __init__(self, name: str, forms: bool) -> None:
        self.name, self.forms, self.workspace = name, forms, ""
        self.command_pattern = "/{joined}"
        self.said: list[Any] = []

    async def perform(self, inbound: Any, outcome: Any) -> list[MessageRef | None]:
        self.said.append(outcome)
        return [None for _ in outcome.answers]

    def start_link(self, payload: str) -> str:
        return ""


feature = Feature("test")
TITLE = say("b_meeting_new")


@feature.click("count")
async def count(ctx: Any, press: Press) -> list[Any]:
    note(ctx.db, ctx.now, ctx.me.id, "counted", press.arg)
    return [Toast(say("t_saved"))]


@feature.click("wrong")
async def wrong(ctx: Any, press: Press) -> list[Any]:
    note(ctx.db, ctx.now, ctx.me.id, "half done")
    raise UserError(say("e_gone"))


@feature.click("bug")
async def bug(ctx: Any, press: Press) -> list[Any]:
    note(ctx.db, ctx.now, ctx.me.id, "half done")
    raise RuntimeError("boom")


@feature.click("ask")
async def ask(ctx: Any, press: Press) -> list[Any]:
    return [Ask(press.arg)]


@feature.click("boss", who="organiser")
async def boss(ctx: Any, press: Press) -> list[Any]:
    note(ctx.db, ctx.now, ctx.me.id, "ruled")
    return []


@feature.form("plan")
async def plan(ctx: Any, subject: str) -> Form:
    kinds = (Option("online", say("b_online")), Option("hybrid", say("b_hybrid")))
    return Form(
        "plan",
        TITLE,
        (
            (ChoiceField(id="kind", label="Kind", options=kinds), TextField(id="theme", label="Theme", min=3, max=20)),
            (MomentField(id="start", label="Start"), TextField(id="more", label="More", required=False)),
        ),
    )


@feature.submission("plan")
async def planned(ctx: Any, subject: str, values: dict[str, str]) -> list[Any]:
    note(ctx.db, ctx.now, ctx.me.id, f"{values['kind']} {values['theme']} {values['start'][:16]}")
    return [Reply(Message((say("t_saved"),)))]


@feature.form("secret")
async def secret(ctx: Any, subject: str) -> Form:
    scale = tuple(Option(str(n), str(n)) for n in range(1, 6))
    return Form(
        "secret",
        TITLE,
        (
            (
                ChoiceField(id="F1", label="Useful", options=scale, scale=True),
                ChoiceField(id="F7", label="Technology", options=scale, scale=True, required=False),
                TextField(id="F8", label="Comment", long=True, required=False),
            ),
        ),
        sensitive=True,
    )


@feature.submission("secret")
async def secretly(ctx: Any, subject: str, values: dict[str, str]) -> list[Any]:
    note(ctx.db, ctx.now, None, "answered", f"{values['F1']}{values['F7'] or '-'}")
    return [Edit(Message((say("t_saved"),)))]


@feature.on("unknown")
async def unknown(ctx: Any, found: Any) -> list[Any]:
    return [Reply(Message((say("e_free"),)))]


@feature.on("said")
async def free(ctx: Any, inbound: Said) -> list[Any]:
    return [Reply(Message((say("e_free"),)))]


class Desk:
    """One member, Tahmina on Telegram (no modals) and Slack (modals), acting through a dispatcher."""

    def __init__(self, database: Database, clock: MovableClock) -> None:
        self.database, self.clock = database, clock
        self.platforms = {"slack": Kiosk("slack", True), "telegram": Kiosk("telegram", False)}
        self.dispatcher = Dispatcher(database, clock, Routes.of([feature]), list(self.platforms.values()))  # type: ignore[arg-type]
        self.keys = itertools.count()

    async def build(self) -> Desk:
        async with self.database.write() as db:
            db.add(Community(key="coprr", name="COPRR", zone="Europe/Brussels", organiser_contact="coprr@example.org"))
        async with self.database.write(1) as db:
            accounts = [Account(platform=p, workspace="W", user="7") for p in ("slack", "telegram")]
            db.add(Member(code="m15", name="Tahmina U", zone="Asia/Dhaka", accounts=accounts))
        return self

    def common(self, platform: str, user: str = "7") -> dict[str, Any]:
        return {
            "key": f"k{next(self.keys)}",
            "by": Person(platform, "W", user),
            "where": Place(platform, "W", f"D{user}"),
            "at": self.clock.now(),
        }

    async def do(self, inbound: Any) -> list[Any]:
        assert await self.dispatcher.accept(inbound)
        return list((await self.dispatcher.handle(inbound)).answers)

    async def click(self, press: Press, platform: str = "telegram", user: str = "7", message: str = "m1") -> list[Any]:
        ref = MessageRef(platform, "W", f"D{user}", message)
        return await self.do(Click(data=str(press), message=ref, **self.common(platform, user)))

    async def say(self, words: str) -> list[Any]:
        return await self.do(Said(text=words, **self.common("telegram")))

    async def acts(self) -> list[str]:
        async with self.database.read(1) as db:
            return list(await db.scalars(select(AuditEntry.act).order_by(AuditEntry.id)))


def words(answer: Any) -> str:
    message = answer.message
    return "\n".join(plain(line, Reader(zone="Asia/Dhaka")) for line in message.lines)


def tap(answer: Any, label: str) -> Press:
    buttons = [each for row in answer.message.rows for each in row if isinstance(each, Button)]
    return next(each.press for each in buttons if plain(each.label, Reader()) == label)
