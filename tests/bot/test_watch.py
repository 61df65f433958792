"""`/readyz` and `/metrics`: ready only when everything works that should, and figures without any person in them."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from sqlalchemy import text

from bot.connections import Tokens
from bot.http import HttpServer, application
from bot.metrics import Measured, Metrics
from bot.platforms import Connected
from bot.watch import Watch
from chat.inbound import Click
from chat.people import MessageRef, Person, Place
from chat.platform import Outcome
from chat.text import Reader
from scheduler.clock import MovableClock
from scheduler.contract import LineFigures
from scheduler.delivery import To, plan
from storage import Database, installation, schema
from storage.communities import Channel, Community
from storage.inbox import InboxRow
from storage.sharing import hold_reader
from storage.timers import Timer


class Sending:
    """Be the engine's figures."""

    def __init__(self) -> None:
        self.last_sweep = time.monotonic()
        self.lines = [
            LineFigures("slack", "T1", sent=3, limited=2, dead_reason="token_revoked"),
            LineFigures("telegram", "7", unknown=1),
        ]

    def figures(self) -> list[LineFigures]:
        return self.lines


class Slack:
    name, workspace, up = "slack", "T1", 2

    async def connections(self) -> int:
        return self.up


class Telegram:
    name, workspace, reading = "telegram", "7", True
    last_heard: float | None = None


class Office:
    """A bot with two connections whose parts can be broken."""

    def __init__(self, database: Database, clock: MovableClock) -> None:
        self.database, self.clock = database, clock
        self.engine, self.slack, self.telegram = Sending(), Slack(), Telegram()
        made: list[Any] = [
            Connected(self.slack, Tokens(platform="slack", name="north", bot="x", app="y")),  # type: ignore[arg-type]
            Connected(self.telegram, Tokens(platform="telegram", bot="7:x")),  # type: ignore[arg-type]
        ]
        self.watch = Watch(database, clock, self.engine, made, 15.0)  # type: ignore[arg-type]

    async def build(self) -> Office:
        async with self.database.write() as db:
            await db.execute(text("CREATE TABLE IF NOT EXISTS alembic_version (version_num VARCHAR(32))"))
            await db.execute(text("DELETE FROM alembic_version"))
            await db.execute(text("INSERT INTO alembic_version VALUES (:n)"), {"n": schema.head()})
        return self

    async def troubles(self) -> list[str]:
        found = await self.watch.ready()
        assert found["ok"] is not bool(found["troubles"])
        troubles: list[str] = found["troubles"]
        return troubles


@pytest.fixture
async def place(database: Database, clock: MovableClock) -> AsyncIterator[Office]:
    yield await Office(database, clock).build()
    async with database.write() as db:
        await db.execute(text("DROP TABLE alembic_version"))


async def test_it_is_ready_when_all_works_even_if_a_token_is_refused_or_a_backup_waits(place: Office) -> None:
    assert await place.troubles() == []
    async with place.database.write() as db:
        await installation.pause(db, place.clock.now())
    assert await place.watch.ready() == {"ok": True, "troubles": [], "paused": "restored"}


async def test_every_part_that_fails_is_named(place: Office) -> None:
    place.slack.up = 0
    place.engine.last_sweep -= 20
    place.telegram.last_heard = time.monotonic() - 10
    place.watch._began -= 1000
    assert await place.troubles() == [
        "engine: due work was last looked for 20 s ago", "slack (north): no connection to Slack",
    ]  # fmt: skip
    place.slack.up, place.engine.last_sweep = 1, time.monotonic()
    place.telegram.last_heard = time.monotonic() - 160
    assert await place.troubles() == ["telegram: no poll was answered for 160 s"]
    async with place.database.write() as db:
        await db.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert f"database: revision 9999, this program needs {schema.head()}" in await place.troubles()
    place.watch.stopping = True
    assert (await place.troubles())[0] == "stopping"


async def test_who_does_not_poll_is_ready_only_if_another_process_of_ours_has_the_right(place: Office) -> None:
    place.telegram.reading = False
    assert await place.troubles() == ["telegram: nobody asks for updates"]
    async with place.database.write() as db:
        await hold_reader(db, "telegram", "7", "another", timedelta(seconds=30))
    assert await place.troubles() == []


async def test_a_database_that_is_away_makes_it_not_ready_and_is_no_error(place: Office, monkeypatch: Any) -> None:
    monkeypatch.setattr(place.database, "read", lambda: (_ for _ in ()).throw(OSError("away")))
    assert await place.troubles() == ["database: OSError"]
    page = Metrics().page(await place.watch.look()).decode()
    assert "convenor_up 0.0" in page
    assert 'convenor_sends_total{outcome="sent",platform="slack",workspace="T1"} 3.0' in page


async def test_the_figures_tell_what_waits_what_became_of_it_and_how_quickly_people_are_answered(
    place: Office,
) -> None:
    now = place.clock.now()
    async with place.database.write() as db:
        db.add(Community(id=1, key="c", name="C", zone="UTC"))
    async with place.database.write(1) as db:
        channel = Channel(platform="slack", workspace="T1", chat="C0SECRET", purpose="members")
        db.add(channel)
        await db.flush()
        late, later = (To(due=now + timedelta(minutes=each), channel=channel) for each in (-5, 5))
        await plan(db, kind="invitation", subject="m", occurrence="", to=[late], now=now)
        await plan(db, kind="invitation", subject="n", occurrence="", to=[later], now=now)
        db.add(Timer(kind="begin", subject="m", due_at=now - timedelta(seconds=30)))
        db.add(InboxRow(platform="slack", workspace="T1", key="k", received_at=now, body={"text": "CANARY"}))
    metrics = Metrics()
    measured = Measured(_Inside(), metrics)
    press = Click(
        key="k1", by=Person("slack", "T1", "U0SECRET"), where=Place("slack", "T1", "D1", "dm"), at=now,
        data="r:x::yes", message=MessageRef("slack", "T1", "D1", "1"),
    )  # fmt: skip
    assert await measured.accept_all([press]) == [True]
    await measured.performed(press, await measured.handle(press), [])
    page = metrics.page(await place.watch.look()).decode()
    for line in (
        'convenor_queue{platform="slack",workspace="T1"} 1.0',
        'convenor_queue_oldest_seconds{platform="slack",workspace="T1"} 300.0',
        "convenor_timers_late 1.0",
        "convenor_timers_oldest_seconds 30.0",
        "convenor_inbox_rows 1.0",
        'convenor_sockets{platform="slack",workspace="T1"} 2.0',
        'convenor_rate_limited_total{platform="slack",workspace="T1"} 2.0',
        'convenor_circuit_open{platform="slack",workspace="T1"} 1.0',
        'convenor_circuit_open{platform="telegram",workspace="7"} 0.0',
        'convenor_sends_total{outcome="unknown",platform="telegram",workspace="7"} 1.0',
        "convenor_paused 0.0",
        f'schema="{schema.head()}"',
        *(f'convenor_inbound_seconds_count{{kind="click",platform="slack",until="{step}"}} 1.0'
          for step in ("stored", "handled", "answered")),
    ):  # fmt: skip
        assert line in page, line
    assert not [secret for secret in ("SECRET", "CANARY", "r:x") if secret in page]


async def test_the_pages_are_served_with_the_right_codes() -> None:
    state = {"ok": False, "troubles": ["engine: stuck"]}

    async def ready() -> dict[str, Any]:
        return state

    async def page() -> bytes:
        return b"convenor_up 1.0\n"

    http = HttpServer(application(ready, [], ready=ready, metrics=page), "127.0.0.1", 0)
    base = f"http://127.0.0.1:{await http.start()}"
    try:
        async with aiohttp.ClientSession() as session:
            async with session.get(f"{base}/readyz") as answer:
                assert (answer.status, await answer.json()) == (503, state)
            state["ok"] = True
            async with session.get(f"{base}/readyz") as answer:
                assert answer.status == 200
            async with session.get(f"{base}/metrics") as answer:
                assert await answer.text() == "convenor_up 1.0\n"
                assert answer.headers["content-type"].startswith("text/plain; version=")
    finally:
        await http.stop()


class _Inside:
    async def accept(self, inbound: Any) -> bool:
        return True

    async def accept_all(self, inbounds: Any) -> list[bool]:
        return [True for _ in inbounds]

    async def handle(self, inbound: Any) -> Outcome:
        return Outcome((), Reader())

    async def performed(self, inbound: Any, outcome: Outcome, refs: Any) -> None:
        return None
