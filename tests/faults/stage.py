"""What a row plays on: a sandbox, a database with members, and real bots that are started and killed at will."""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
from sqlalchemy import and_, func, or_, select

from bench import town as bench_town
from storage.database import Database
from storage.deliveries import Campaign, Delivery
from storage.timers import Timer
from tests.faults import planning, town
from tests.faults.box import Box
from tests.faults.planning import COMMUNITY
from tests.faults.processes import Nursery, Process
from tests.faults.register import Fault
from tests.faults.town import Person, Prepared
from tests.faults.verdict import Verdict

CLOCK = datetime(2026, 4, 22, 7, 0, tzinfo=UTC)
"""Where the movable clock stands at the start of rows that move it."""
FAST = {
    "CONVENOR_LEASE_SECONDS": "5", "CONVENOR_SWEEP_SECONDS": "0.2", "CONVENOR_RECOVERY_SECONDS": "0.5",
    "CONVENOR_REQUEST_SECONDS": "2", "CONVENOR_SETTLE_SECONDS": "2.5",
    "CONVENOR_PROBE_SECONDS": "1", "CONVENOR_LANE_SECONDS": "2", "CONVENOR_BEAT_SECONDS": "1",
    "TELEGRAM_PER_SECOND": "0", "SLACK_PER_MINUTE": "0",
}  # fmt: skip
"""Every interval scaled to a tenth or so, in the same order; no pacing, because the sandbox's limits are off, too."""


@dataclass(slots=True)
class Tools:
    """Be what all rows of a run share."""

    nursery: Nursery
    prepared: Prepared
    postgres: Callable[[], Awaitable[str]]
    """Gives the folder of a running server's socket, started when it is first asked for."""


@dataclass(frozen=True, slots=True)
class Send:
    """Be one planned campaign: its meeting has a title of its own, by which messages are recognised."""

    id: int
    kind: str
    subject: str
    title: str


@dataclass
class Stage:
    """Be the surroundings of one run of one row."""

    fault: Fault
    tools: Tools
    folder: Path
    url: str
    """Address of the database."""
    people: list[Person]
    box: Box
    database: Database
    chance: random.Random
    bots: list[Process] = field(default_factory=list)
    sends: list[Send] = field(default_factory=list)
    server: str = ""
    """Folder of the PostgreSQL server's socket, where there is one."""
    full: bool = False
    """Whether this is `make faults`, which has the time to wait for the product's own intervals."""

    @property
    def sides(self) -> list[str]:
        return sorted({each.side for each in self.people})

    def on(self, side: str) -> list[Person]:
        """Give the members of one side: `telegram`, `slack` or `slack2`."""
        return [each for each in self.people if each.side == side]

    def environment(self, settings: Mapping[str, str] | None = None) -> dict[str, str]:
        """Give a bot's settings."""
        found = {
            **FAST, "DATABASE_URL": self.url, "CONVENOR_DATA_DIR": str(self.folder), "HTTP_HOST": "127.0.0.1",
            "HTTP_PORT": "0", "LOG_LEVEL": os.environ.get("FAULTS_LOG", "INFO"), "LOG_FORMAT": "json",
            "TELEGRAM_API_URL": self.box.url, "SLACK_API_URL": f"{self.box.url}/api/",
        }  # fmt: skip
        if "telegram" in self.sides:
            found["TELEGRAM_BOT_TOKEN"] = bench_town.TELEGRAM_TOKEN
        if "slack" in self.sides:
            found |= {"SLACK_BOT_TOKEN": bench_town.SLACK_TOKEN, "SLACK_APP_TOKEN": bench_town.APP_TOKEN}
        if "slack2" in self.sides:
            found |= {"SECOND_BOT_TOKEN": town.SECOND_TOKEN, "SECOND_APP_TOKEN": town.SECOND_APP}
        if self.fault.clock:
            found["CONVENOR_CLOCK_URL"] = self.box.url
        return found | dict(self.fault.settings) | dict(settings or {})

    async def bot(
        self, settings: Mapping[str, str] | None = None, *, ready: bool = True, first: str = "", fresh: bool = False
    ) -> Process:
        """Start `convenor run` and wait until it is ready; `first` hurts it, `fresh` takes a new Python (2 s)."""
        log = self.folder / f"bot-{len(self.bots)}.log"
        place: dict[str, Any] = {"folder": self.folder, "log": log, "env": self.environment(settings)}
        made = await (self.tools.nursery.fresh("bot", "run", **place) if fresh
                      else self.tools.nursery.fork("bot", "run", first=first, **place))  # fmt: skip
        self.bots.append(made)
        if ready:
            await made.ready()
        return made

    async def convenor(self, *words: str, settings: Mapping[str, str] | None = None) -> tuple[int, str, str]:
        """Run a command of the command line; give exit code, standard output and standard error."""
        log = self.folder / f"command-{time.monotonic_ns()}.log"
        made = await self.tools.nursery.fork("bot", *words, folder=self.folder, log=log, env=self.environment(settings))
        code = await asyncio.wait_for(asyncio.shield(made.ended), 60)
        return code, made.out.read_text(encoding="utf-8"), made.text()

    async def now(self) -> datetime:
        """Give the time by which things are due."""
        if self.fault.clock:
            return datetime.fromisoformat((await self.box.ask("clock"))["now"])
        return datetime.now(UTC)

    async def plan(
        self,
        kind: str = "invitation",
        people: Sequence[Person] | None = None,
        *,
        due: datetime | None = None,
        expires: datetime | None = None,
        hold: timedelta = timedelta(0),
        starts: datetime | None = None,
    ) -> Send:
        """Decide to send one message of a kind to people (all by default), about a new meeting, in one transaction.

        For a reminder they have said yes before. The meeting is in 28 days unless `starts` says when.
        """
        now, number = await self.now(), len(self.sends) + 1
        title, start = f"Topic{number:03}", starts or now + timedelta(days=28)
        codes = {each.id for each in (self.people if people is None else people)}
        async with self.database.write(COMMUNITY) as db:
            meeting = await planning.meeting(db, number, title, start)
            members = await planning.invite(db, meeting, codes, now, yes=kind != "invitation")
            made = await planning.campaign(db, kind, meeting.key, members, now, due=due, expires=expires, hold=hold)
        return self.note(kind, meeting.key, title, made.id)

    def note(self, kind: str, subject: str, title: str, id: int = 0) -> Send:
        """Know a meeting by its title, so that messages about it are recognised."""
        self.sends.append(Send(id, kind, subject, title))
        return self.sends[-1]

    async def rows(self, model: Any, *conditions: Any) -> list[Any]:
        """Give rows of a table, fresh from the database, of all communities."""
        async with self.database.read() as db:
            return list(await db.scalars(select(model).where(*conditions).order_by(model.id)))

    async def closed(self, campaign: int) -> bool:
        """Tell whether a campaign is done."""
        return bool(await self.rows(Campaign, Campaign.id == campaign, Campaign.state == "done"))

    async def states(self, send: Send | None = None, platform: str = "") -> Counter[str]:
        """Count deliveries by state, of one campaign or all, on one platform or all."""
        query = select(Delivery.state, func.count()).group_by(Delivery.state)
        if send is not None:
            query = query.where(Delivery.campaign_id == send.id)
        if platform:
            query = query.where(Delivery.platform == platform)
        async with self.database.read() as db:
            return Counter(dict((await db.execute(query)).all()))

    async def deliveries(self, *conditions: Any) -> list[Delivery]:
        """Give the rows, fresh from the database."""
        return await self.rows(Delivery, *conditions)

    async def until(self, look: Callable[[], Awaitable[Any]], seconds: float, every: float = 0.05) -> Any:
        """Wait until `look` gives something; give what it gave last."""
        deadline = time.monotonic() + seconds
        while not (found := await look()) and time.monotonic() < deadline:
            await asyncio.sleep(every)
        return found

    async def idle(self, seconds: float = 20.0) -> bool:
        """Wait for a moment in which no request is on its way; the send may go on after it."""

        async def none() -> bool:
            return (await self.states())["sending"] == 0

        return bool(await self.until(none, seconds, 0.005))

    async def rest(self, seconds: float = 60.0, send: Send | None = None) -> bool:
        """Wait until all due timers have run, every delivery has its last state and every campaign is closed.

        With `send` only that campaign counts. False when the time is up.
        """
        mine = [Delivery.campaign_id == send.id] if send else []
        this = [Campaign.id == send.id] if send else []
        queries = [
            select(Delivery.id).where(Delivery.state.in_(("queued", "sending")), *mine),
            select(Campaign.id).where(Campaign.state.in_(("sending", "held", "taking_back")), *this),
        ]

        async def quiet() -> bool:
            due = and_(Timer.state == "waiting", Timer.due_at <= await self.now())
            timers = [] if send else [select(Timer.id).where(or_(Timer.state == "running", due))]
            async with self.database.read() as db:
                for each in (*timers, *queries):
                    if await db.scalar(each.limit(1)) is not None:
                        return False
            return True

        return bool(await self.until(quiet, seconds, 0.1))

    async def judge(self, **bounds: Any) -> Verdict:
        """Check everything (`tests.faults.checker.judge`)."""
        from tests.faults.checker import judge

        return await judge(self, **bounds)


@asynccontextmanager
async def stage(fault: Fault, tools: Tools, seed: int, n: int, *, full: bool = False) -> AsyncIterator[Stage]:
    """Set the stage for one run of a row; everything on it ends with the block."""
    folder = Path(tempfile.mkdtemp(prefix=f"{fault.number.lower()}-"))
    people = town.crowd(fault.platforms, n)
    server = await tools.postgres() if fault.postgres else ""
    url = await (tools.prepared.postgresql(people, server) if server else tools.prepared.sqlite(people, folder))
    spec = folder / "world.json"
    spec.write_text(json.dumps(town.world(people, CLOCK if fault.clock else datetime.now(UTC))), encoding="utf-8")
    place: dict[str, Any] = {"folder": folder, "log": folder / "sandbox.log"}
    box = await tools.nursery.fork("sandbox", "--port", "0", "--spec", str(spec), **place)
    database, made = Database(url), None
    session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(total=120))
    try:
        address = str(await box.until(lambda: box.out.exists() and box.out.read_text().strip()))
        made = Stage(
            fault, tools, folder, url, people, Box(address, box, session), database, random.Random(seed), server=server,
            full=full,
        )  # fmt: skip
        await made.box.control("limits", enabled=False)
        if not fault.clock:  # a clock that stood still would put wrong times on what is posted
            await made.box.control("clock", now=datetime.now(UTC).isoformat(), rate=1)
        yield made
    finally:
        for each in [*(made.bots if made else ()), box]:
            await each.kill()
        await session.close()
        await database.close()
        if server:
            name = url.split("@/")[1].split("?")[0]
            await town.on_server(server, f'DROP DATABASE "{name}" WITH (FORCE)')
        shutil.rmtree(folder, ignore_errors=True)


async def run(fault: Fault, tools: Tools, seed: int, n: int, seconds: float, *, full: bool = False) -> Verdict:
    """Play a row once; what takes too long is a complaint."""
    assert fault.play is not None, fault.cannot
    began = time.monotonic()
    async with stage(fault, tools, seed, n, full=full) as here:
        try:
            async with asyncio.timeout(seconds):
                found = await fault.play(here, seed, n)
        except TimeoutError:
            async with asyncio.timeout(30):
                found = await here.judge()
            found.problems.insert(0, f"it took longer than {seconds:.0f} s")
        found.notes["seconds"] = round(time.monotonic() - began, 1)
        if not found.ok:
            found.story = "\n".join(f"{each.log.name}: {each.text()[-1500:]}" for each in here.bots[-2:])
        return found
