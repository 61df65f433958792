"""The people of the rows: so many members on each platform, their sandbox, and databases prepared once and copied."""

from __future__ import annotations

import asyncio
import shutil
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from bench import town
from handlers._schedule import RULES
from storage import schema
from storage.communities import Channel, Community
from storage.database import Database
from storage.members import Account, Member

SECOND = "T0SECOND"
SECOND_TOKEN, SECOND_APP = "xoxb-second-loopback-only", "xapp-second-loopback-only"
WORKSPACES = {"telegram": ("telegram", str(town.BOT_ID)), "slack": ("slack", town.TEAM), "slack2": ("slack", SECOND)}
"""Where the members of a crowd are: platform and workspace by the name rows use."""
DESK = {"telegram": "-1007000000002", "slack": "C0DESK", "slack2": "C1DESK"}
MEMBERS = {"telegram": town.GROUP, "slack": town.CHANNEL, "slack2": "C1MEMBERS"}
SECRETS = (
    town.TELEGRAM_TOKEN, town.TELEGRAM_TOKEN.split(":")[1], town.SLACK_TOKEN, town.APP_TOKEN, town.SIGNING_SECRET,
    SECOND_TOKEN, SECOND_APP,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Person:
    """Be one member with one account; `side` is a name of `WORKSPACES`."""

    number: int
    side: str

    @property
    def id(self) -> str:
        """Give the short name, in the sandbox and as the member's code: `t00001`, `s00001`, `b00001`."""
        return f"{'b' if self.side == 'slack2' else self.side[0]}{self.number:05}"

    @property
    def platform(self) -> str:
        return WORKSPACES[self.side][0]

    @property
    def workspace(self) -> str:
        return WORKSPACES[self.side][1]

    @property
    def user(self) -> str:
        """Give the user id on the platform."""
        if self.platform == "telegram":
            return str(5_000_000 + self.number)
        return f"{'U1' if self.side == 'slack2' else 'U0'}{self.number:06}"


def crowd(sides: Sequence[str], n: int) -> list[Person]:
    """Make n members on each of these sides."""
    return [Person(number, side) for side in sides for number in range(1, n + 1)]


def world(people: Sequence[Person], now: datetime) -> dict[str, Any]:
    """Describe the sandbox in which these people live."""
    spec = town.world(())
    spec["clock"] = now.isoformat()
    spec["people"] = [
        {
            "id": each.id,
            "name": f"Member {each.number}",
            **({"telegram": {"user": int(each.user), "started": True}} if each.platform == "telegram" else {}),
            **({"slack": {"team": each.workspace, "user": each.user}} if each.platform == "slack" else {}),
        }
        for each in people
    ]
    desk = {"id": int(DESK["telegram"]), "type": "supergroup", "title": "Desk", "bot": True, "members": []}
    spec["telegram"]["chats"].append(desk)
    first = spec["slack"]["teams"][0]
    first["channels"].append({"id": DESK["slack"], "name": "desk", "bot": True})
    if any(each.side == "slack2" for each in people):
        rooms = ((MEMBERS["slack2"], "members"), (DESK["slack2"], "desk"))
        spec["slack"]["teams"].append(first | {
            "id": SECOND, "name": "Second", "bot_user": "U1CONVENOR", "token": SECOND_TOKEN, "app_token": SECOND_APP,
            "channels": [{"id": room, "name": name, "bot": True} for room, name in rooms],
        })  # fmt: skip
    return spec


QUIET = {each.key: {"off": True} for each in RULES if not each.key.startswith("reminder_") and each.key != "feedback"}
"""Rows of the schedule that are off: the matrix counts reminders and questions, nothing else may come in between."""


async def fill(url: str, people: Sequence[Person]) -> None:
    """Make the tables, and a community with these members and its channels."""
    await schema.upgrade(url)
    database = Database(url)
    try:
        async with database.write() as db:
            community = Community(
                key="faults", name="Community of practice", zone="Europe/Brussels", controller_name="Secretariat",
                privacy_link="https://example.org/privacy", organiser_contact="desk@example.org",
                settings={"weekly_cap": 0, "schedule": QUIET},
            )  # fmt: skip
            db.add(community)
            await db.flush()
            db.scope(community.id)
            db.add_all([_member(each) for each in people])
            for side in sorted({each.side for each in people}):
                platform, workspace = WORKSPACES[side]
                where = {"platform": platform, "workspace": workspace}
                db.add(Channel(purpose="members", title="Members", chat=MEMBERS[side], **where))
                db.add(Channel(purpose="organisers", title="Desk", chat=DESK[side], **where))
    finally:
        await database.close()


def _member(person: Person) -> Member:
    account = Account(platform=person.platform, workspace=person.workspace, user=person.user)
    return Member(
        code=person.id, name=f"Member {person.number}", zone="Europe/Brussels", preferred=person.platform,
        state="active", accounts=[account], category="expert",
    )  # fmt: skip


class Prepared:
    """Give filled databases: made once for each crowd, then copied."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: dict[tuple[object, ...], str] = {}
        self._one = asyncio.Lock()

    async def sqlite(self, people: Sequence[Person], folder: Path) -> str:
        """Give the address of a copy in a file of its own."""
        kind = (len(people), tuple(sorted({each.side for each in people})))
        async with self._one:
            if kind not in self._made:
                file = self._folder / f"prepared-{len(self._made)}.sqlite3"
                await fill(f"sqlite:///{file}", people)
                self._made[kind] = str(file)
        copy = folder / "convenor.sqlite3"
        shutil.copyfile(self._made[kind], copy)
        return f"sqlite:///{copy}"

    async def postgresql(self, people: Sequence[Person], server: str) -> str:
        """Give the address of a copy on a server, named by the folder of its socket."""
        kind = (server, len(people), tuple(sorted({each.side for each in people})))
        async with self._one:  # a template must not be in use while it is copied
            if kind not in self._made:
                name = f"f{uuid.uuid4().hex[:12]}"
                await on_server(server, f'CREATE DATABASE "{name}"')
                await fill(address(server, name), people)
                self._made[kind] = name
            name = f"f{uuid.uuid4().hex[:12]}"
            await on_server(server, f'CREATE DATABASE "{name}" TEMPLATE "{self._made[kind]}"')
        return address(server, name)


def address(server: str, name: str) -> str:
    """Give the address of a database by the folder of the server's socket."""
    return f"postgresql://postgres@/{name}?host={server}"


async def on_server(server: str, statement: str) -> None:
    """Run a statement outside a transaction."""
    url = address(server, "postgres").replace("postgresql:", "postgresql+asyncpg:")
    engine = create_async_engine(url, isolation_level="AUTOCOMMIT")
    try:
        async with engine.connect() as connection:
            await connection.execute(text(statement))
    finally:
        await engine.dispose()
