"""A community, people and a platform without a network, for the engine's tests."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from chat.errors import PlatformError
from chat.message import Message
from chat.people import MessageRef, Person, Place
from chat.platform import Limits
from chat.text import Reader, plain
from scheduler.clock import MovableClock
from scheduler.contract import Alert, Drawing, EngineSettings, Skip
from scheduler.delivery import To, plan
from scheduler.engine import Engine
from storage import Database, deliveries
from storage.communities import Channel, Community
from storage.database import Session
from storage.deliveries import Campaign, Delivery
from storage.members import Account, Member

FREE = Limits(per_second=100_000, chat_interval=0.0, edits_per_minute=100_000, edit_delay=0.0, lanes=8)


@dataclass
class FakePlatform:
    """Be the edge: take messages, or fail as told; everything that arrived is in `ledger`."""

    name: str = "telegram"
    workspace: str = "1"
    limits: Limits = FREE
    command_pattern: str = "/{joined}"
    forms: bool = False
    finds: bool = False
    ledger: list[tuple[str, str, str]] = field(default_factory=list)
    """Key of the delivery, chat, text."""
    at: list[tuple[float, str]] = field(default_factory=list)
    edits: list[tuple[str, str]] = field(default_factory=list)
    """Message, text."""
    edited_at: list[float] = field(default_factory=list)
    fail: Callable[[Place, str], PlatformError | Exception | None] = lambda _place, _key: None
    """Fail before anything arrives."""
    lose: Callable[[Place, str], PlatformError | None] = lambda _place, _key: None
    """Fail after it arrived."""
    fail_edit: Callable[[MessageRef], PlatformError | None] = lambda _ref: None
    fail_find: Callable[[Place, str], PlatformError | None] = lambda _place, _key: None
    can_delete: Callable[[MessageRef], bool] = lambda _ref: True
    looked: list[str] = field(default_factory=list)
    """Keys of deliveries looked up."""
    deleted: list[str] = field(default_factory=list)
    """Messages asked to be deleted."""
    seconds: float = 0.0
    gate: asyncio.Event | None = None
    asked: int = 0

    async def send(self, to: Place, message: Message, reader: Reader, delivery: str = "") -> MessageRef:
        self.asked += 1
        self.at.append((time.monotonic(), to.chat))
        if self.gate is not None:
            await self.gate.wait()
        await asyncio.sleep(self.seconds)
        if error := self.fail(to, delivery):
            raise error
        self.ledger.append((delivery, to.chat, plain(message.lines[0], reader)))
        if error := self.lose(to, delivery):
            raise error
        return MessageRef(self.name, self.workspace, to.chat, str(len(self.ledger)))

    async def find(self, to: Place, delivery: str, since: datetime) -> MessageRef | None:
        self.looked.append(delivery)
        if error := self.fail_find(to, delivery):
            raise error
        for number, (key, chat, _text) in enumerate(self.ledger, 1):
            if key == delivery and chat == to.chat:
                return MessageRef(self.name, self.workspace, to.chat, str(number))
        return None

    async def delete(self, ref: MessageRef) -> bool:
        self.deleted.append(ref.message)
        return self.can_delete(ref)

    async def edit(self, ref: MessageRef, message: Message, reader: Reader) -> None:
        self.edited_at.append(time.monotonic())
        if error := self.fail_edit(ref):
            raise error
        self.edits.append((ref.message, plain(message.lines[0], reader)))
        if self.gate is not None:
            await self.gate.wait()

    def direct(self, person: Person) -> Place:
        return Place(person.platform, person.workspace, person.user)

    @property
    def copies(self) -> Counter[str]:
        return Counter(key for key, _, _ in self.ledger)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)


@dataclass
class World:
    """Be one community with a database, a clock and platforms; what cards show is `text`."""

    database: Database
    clock: MovableClock
    community: int = 0
    text: str = "first"
    skip: set[str] = field(default_factory=set)
    timers: list[tuple[str, str, datetime]] = field(default_factory=list)
    telegram: FakePlatform = field(default_factory=FakePlatform)
    slack: FakePlatform = field(default_factory=lambda: FakePlatform("slack", "T1"))
    sent: list[int | None] = field(default_factory=list)
    alerts: list[tuple[str, str, str]] = field(default_factory=list)

    async def compose(self, db: Session, drawing: Drawing) -> Message | Skip:
        if drawing.kind == "broken":
            raise ZeroDivisionError
        name = drawing.member.code if drawing.member else "channel"
        if name in self.skip:
            return Skip("replied")
        if drawing.kind == "withdrawn_note":
            return Message(("sent by mistake",))
        return Message((f"{self.text} {name}",))

    async def tick(self, db: Session, timer: Any, now: datetime) -> None:
        if timer.kind == "failing":
            raise ZeroDivisionError
        self.timers.append((timer.kind, timer.subject, now))

    async def note_sent(self, db: Session, delivery: Delivery, campaign: Campaign) -> None:
        assert db.community_id == delivery.community_id
        self.sent.append(delivery.member_id)

    async def note_alert(self, alert: Alert) -> None:
        self.alerts.append((alert.kind, alert.platform, alert.reason))

    def engine(self, **settings: float) -> Engine:
        quick = {
            "sweep": 0.05,
            "gap": 0.002,
            "lease": 5.0,
            "retry": 0.01,
            "timer_retry": 0.01,
            "probe": 0.1,
            "settle": 0.15,
            "drain": 2.0,
        }
        kinds = ("invitation", "reminder_1h", "meeting_card", "progress", "broken", "alert", "withdrawn_note")
        work = dict.fromkeys(("remind", "failing"), self.tick)
        return Engine(
            self.database, self.clock, [self.telegram, self.slack], dict.fromkeys(kinds, self.compose), work,
            EngineSettings(**(quick | settings)), sent=self.note_sent, on_alert=self.note_alert,
        )  # fmt: skip

    @asynccontextmanager
    async def running(self, **settings: float) -> AsyncIterator[Engine]:
        engine = self.engine(**settings)
        await engine.start()
        try:
            yield engine
        finally:
            await engine.stop()

    async def people(self, telegram: int = 0, slack: int = 0, both: int = 0, none: int = 0) -> list[Member]:
        made: list[Member] = []
        async with self.database.write(self.community) as db:
            for index, where in enumerate(["t"] * telegram + ["s"] * slack + ["ts"] * both + [""] * none):
                member = Member(code=f"m{index}", name=f"Person {index}", zone="Europe/Brussels", accounts=[])
                if "t" in where:
                    member.accounts.append(Account(platform="telegram", workspace="1", user=f"{1000 + index}"))
                if "s" in where:
                    member.accounts.append(Account(platform="slack", workspace="T1", user=f"U{index}"))
                db.add(member)
                made.append(member)
        return made

    async def channel(self, platform: str = "telegram", chat: str = "-100") -> Channel:
        async with self.database.write(self.community) as db:
            made = Channel(platform=platform, workspace="1", chat=chat, purpose="members")
            db.add(made)
        return made

    async def send(
        self, members: list[Member], kind: str = "invitation", *, after: timedelta = timedelta(0), **more: Any
    ) -> Campaign:
        expires = more.pop("expires", None)
        async with self.database.write(self.community) as db:
            to = [To(member=each, due=self.clock.now() + after, expires=expires) for each in members]
            more = {"subject": "meet000001", "occurrence": "", "now": self.clock.now()} | more
            return await plan(db, kind=kind, to=to, **more)

    async def totals(self, campaign: Campaign) -> dict[str, dict[str, int]]:
        query = select(Delivery.platform, Delivery.state, func.count()).where(Delivery.campaign_id == campaign.id)
        found: dict[str, dict[str, int]] = {}
        async with self.database.read(self.community) as db:
            for platform, state, number in await db.execute(query.group_by(Delivery.platform, Delivery.state)):
                found.setdefault(platform, {})[state] = number
        return found

    async def states(self, campaign: Campaign) -> Counter[str]:
        found: Counter[str] = Counter()
        for states in (await self.totals(campaign)).values():
            found.update(states)
        return found

    async def crash(self, platform: str = "telegram", *, started: bool, limit: int = 100) -> None:
        """Claim as a worker that dies: its lease is over. What a crash left before is claimed one by one."""
        lease, where = timedelta(seconds=60), {"telegram": "1", "slack": "T1"}[platform]
        async with self.database.write() as db:
            ask = (db, platform, where, self.clock.now(), "dead", lease, limit)
            rows = await deliveries.claim(*ask) or await deliveries.claim(*ask, suspects=True)
            if started:
                await deliveries.start(db, [row.id for row in rows], "dead", lease)
        async with self.database.write() as db:
            for row in await db.scalars(select(Delivery).where(Delivery.worker == "dead")):
                row.lease_until = datetime.now(UTC) - timedelta(seconds=1)

    async def rows(self, model: type[Any]) -> list[Any]:
        async with self.database.read(self.community) as db:
            return list((await db.scalars(select(model).order_by(model.id))).all())

    async def rows_of_all(self, model: type[Any]) -> list[Any]:
        async with self.database.read() as db:
            return list((await db.scalars(select(model).order_by(model.id))).all())


@pytest.fixture
async def world(database: Database, clock: MovableClock) -> World:
    made = World(database, clock)
    async with database.write() as db:
        community = Community(key="coprr", name="COPRR", zone="Europe/Brussels")
        db.add(community)
        await db.flush()
        made.community = community.id
    return made
