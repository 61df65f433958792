"""The running bot: the only place where everything is wired, and one order of starting and stopping.

Start: beat (is this a restored backup?), platforms (their tokens are checked), what was taken in before we were killed,
engine, chores, HTTP. Stop, within ten seconds: HTTP takes nothing new while the engine finishes what is in flight and
the platforms can still speak, then the platforms stop taking in and finish what is in hand, then the database.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import signal
import time
from collections.abc import Callable, Sequence
from typing import Any

import structlog

import web
from bot import connections
from bot.alerts import Alerts
from bot.census import Census
from bot.chores import Chores, within
from bot.connections import Tokens
from bot.demo_routes import demo_routes
from bot.dispatcher import Dispatcher
from bot.heart import Heart
from bot.http import Handler, HttpServer, application
from bot.keys import open_vault
from bot.log import learn
from bot.menus import OrganisersMenus
from bot.metrics import Measured, Metrics
from bot.opening import Opening
from bot.platforms import Connected, Surroundings, connect
from bot.routes import Routes
from bot.settings import Settings, SettingsError
from bot.shelf import FileShelf
from bot.watch import Watch
from chat.platform import Platform
from handlers import _quota, digest, features
from scheduler.clock import Clock, SandboxClock, SystemClock
from scheduler.contract import Alert
from scheduler.engine import Engine, EngineSettings
from storage import invitations, retention, schema
from storage.connections import Offsets, Readers
from storage.database import Database, Session
from storage.deliveries import Campaign, Delivery
from storage.lock import hold

log = structlog.get_logger(__name__)
TIDY_SECONDS = 3600.0
RETENTION_SECONDS = 3600.0
LOOK_SECONDS = 30.0
"""How often we look for messages that should have gone long ago."""
MENUS_SECONDS = 600.0
"""How often we look whether somebody has become an organiser, or is none any more."""
PEOPLE_SECONDS = 600.0
"""How often we look for channels whose people were never looked up, or an hour ago."""
STOP_SECONDS = 9.0
"""Longest stop, of the ten seconds a service manager gives: six for what is in flight, the rest for what is in hand."""
DRAIN_SECONDS = 5.5


class Bot:
    """Be one running Convenor: database, clock, platforms, dispatcher, engine and HTTP.

    `further` are the connections of the community files, beside those of the settings.
    """

    def __init__(self, settings: Settings, further: Sequence[Tokens] = ()) -> None:
        self.settings = settings
        self.database = Database(settings.database_url)
        self.clock: Clock = SandboxClock(settings.convenor_clock_url) if settings.convenor_clock_url else SystemClock()
        self.routes = Routes.of(features())
        self.vault = open_vault(settings)
        self.worker = secrets.token_hex(8)
        self._readers = Readers(self.database, self.worker, settings.convenor_lane_seconds)
        around = Surroundings(
            offsets=Offsets(self.database),
            now=self.clock.now,
            may_read=None if self.database.sqlite else self._readers.may_read,
            read_every=settings.convenor_lane_seconds / 3,
            on_trouble=self._trouble,
            shelf=FileShelf(self.database, self.vault),
        )
        self.connections = [connect(settings, each, around) for each in (*connections.first(settings), *further)]
        self.platforms: list[Platform] = [each.platform for each in self.connections]
        if not self.platforms:
            raise SettingsError("no platform is on: set TELEGRAM_BOT_TOKEN or SLACK_BOT_TOKEN")
        self.alerts = Alerts(self.database, self.clock, self._title, self._wake)
        self.engine = Engine(
            self.database,
            self.clock,
            self.platforms,
            self.routes.cards,
            self.routes.timers,
            EngineSettings(
                lease=settings.convenor_lease_seconds,
                sweep=settings.convenor_sweep_seconds,
                recovery=settings.convenor_recovery_seconds,
                hold=settings.convenor_lane_seconds,
                probe=settings.convenor_probe_seconds,
                settle=settings.convenor_settle_seconds,
                drain=DRAIN_SECONDS,
            ),
            sent=_delivered,
            on_alert=self.alerts.raised,
        )
        self.dispatcher = Dispatcher(
            self.database,
            self.clock,
            self.routes,
            self.platforms,
            changed=self._wake,
            worker=self.worker,
            lease=settings.convenor_lease_seconds,
            page_link=self._page_link,
            vault=self.vault,
        )
        self.metrics = Metrics()
        self.heart = Heart(
            self.database, self.clock, settings.convenor_data_dir, settings.convenor_beat_seconds, self._restored
        )
        swept = max(15.0, 10 * settings.convenor_sweep_seconds)
        self.watch = Watch(self.database, self.clock, self.engine, self.connections, swept)
        receiver = Measured(self.dispatcher, self.metrics)
        self.opening = Opening(self.database, self.alerts, self.routes, self.connections, receiver)
        self.census = Census(self.database, self.clock, self.opening.reached)
        self._chores = Chores()
        self._http: HttpServer | None = None
        self._started: list[Connected] = []
        self.port = 0

    async def start(self) -> None:
        """Start everything. Raise `SettingsError` with one clear line."""
        if isinstance(self.clock, SandboxClock):
            await self.clock.start()
        await self.heart.start()
        self._started = self.connections
        await self.opening.start()
        await self._take_over()
        await self.engine.start()
        self._begin_chores()
        await self._serve()
        log.info(
            "ready", port=self.port, platforms=[each.title for each in self.connections],
            features=[each.name for each in self.routes.features],
        )  # fmt: skip

    def _begin_chores(self) -> None:
        settings = self.settings
        self._chores.add("tidy", TIDY_SECONDS, self.dispatcher.forget_old)
        self._chores.add("take_over", min(5.0, settings.convenor_recovery_seconds), self._take_over)
        self._chores.add("beat", min(1.0, settings.convenor_beat_seconds / 2), self.heart.chore)
        self._chores.add("open", 10.0, self.opening.again)
        menus = OrganisersMenus(self.database, self.clock, self.routes, self.opening.reached)
        self._chores.add("menus", MENUS_SECONDS, menus.chore)
        self._chores.add("people", PEOPLE_SECONDS, self.census.chore)
        self._chores.add("alerts", 5.0, self.alerts.chore)
        self._chores.add("look", LOOK_SECONDS, self.alerts.look)
        self._chores.add("retention", RETENTION_SECONDS, self._sweep)
        self._chores.start()

    async def _serve(self) -> None:
        routes = [
            *web.routes(self.database, self.clock, self.vault, self.settings.public_url),
            *demo_routes(self.database, self.clock, self.engine),
        ]
        app = application(self.health, self._webhooks(), routes, ready=self.watch.ready, metrics=self._page)
        http = HttpServer(app, self.settings.http_host, self.settings.http_port)
        try:
            self.port = await http.start()
        except OSError as error:
            raise SettingsError(f"{error}; set HTTP_PORT") from None
        self._http = http

    async def stop(self) -> None:
        """Stop in order; what was taken in or sent but not done is on disk and settled at the next start."""
        self.watch.stopping = True
        self.census.end()
        end = time.monotonic() + STOP_SECONDS
        first = [self._chores.stop(), self.engine.stop()] + ([self._http.stop()] if self._http is not None else [])
        await within(end - 2.5, "engine", *first)
        await within(end - 0.7, "platforms", *(each.platform.stop() for each in self._started))
        read = [each.platform.workspace for each in self._started if each.tokens.hears == "polling"]
        await within(end - 0.3, "rights", self.heart.beat(last=True), *map(self._readers.let_go, filter(None, read)))
        if isinstance(self.clock, SandboxClock):
            await within(end, "clock", self.clock.stop())
        await within(end, "database", self.database.close())
        log.info("stopped")

    async def health(self) -> dict[str, Any]:
        """Tell whether the database answers and which platforms are on."""
        try:
            async with self.database.read() as db:
                await db.connection()
        except Exception as error:
            log.warning("unhealthy", error=type(error).__name__)
            return {"ok": False, "database": "no answer"}
        return {"ok": True, "platforms": [each.name for each in self.platforms]}

    async def _page(self) -> bytes:
        return self.metrics.page(await self.watch.look())

    def _webhooks(self) -> list[tuple[str, Handler]]:
        found: list[tuple[str, Handler]] = []
        for each in self.connections:
            name = "webhook" if each.tokens.hears == "webhook" else "events"
            handler: Handler | None = getattr(each.platform, name, None)
            if each.tokens.path and handler is not None:
                found.append((each.tokens.path, handler))
        return found

    def _wake(self) -> None:
        self.engine.wake()

    def _page_link(self, path: str) -> str:
        base = self.settings.public_url.rstrip("/")
        return base + path if base else ""

    def _title(self, platform: str, workspace: str) -> str:
        names = {(each.platform.name, each.platform.workspace): each.title for each in self.connections}
        return names.get((platform, workspace), platform)

    async def _trouble(self, platform: Platform, kind: str, reason: str) -> None:
        await self.alerts.raised(Alert(kind, platform.name, platform.workspace, reason))

    async def _restored(self, until: Any) -> None:
        await self.alerts.raised(Alert("restored", "", "", until.isoformat(timespec="seconds")))

    async def _sweep(self) -> None:
        await retention.sweep_all(self.database, self.clock.now())
        if self.vault is not None:
            await retention.sweep_vault(self.database, self.vault)

    async def _take_over(self) -> None:
        await self.dispatcher.take_over()


async def _delivered(db: Session, delivery: Delivery, campaign: Campaign) -> None:
    """Mark an invitation as delivered when a platform accepted it, or the digest that brings it."""
    if delivery.member_id is None:
        return
    if campaign.kind == "invitation":
        await invitations.accepted(db, campaign.subject, delivery.member_id)
    elif campaign.kind == _quota.DIGEST and delivery.sent_at is not None:
        await digest.sent(db, delivery.member_id, delivery.sent_at)


async def serve(
    settings: Settings,
    *,
    ready: Callable[[Bot], None] = lambda _bot: None,
    stopping: Callable[[], None] = lambda: None,
) -> int:
    """Run until SIGINT or SIGTERM; give the exit code. Raise `SettingsError` or `schema.SchemaError`.

    A signal during the start ends it; further ones change nothing. `stopping` is called at the first one.
    """
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def end() -> None:
        if not stop.is_set():
            stop.set()
            stopping()

    for each in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(each, end)
    await schema.require(settings.database_url)
    with hold(settings.database_url):
        further = await _further(settings)
        learn([secret for each in further for secret in each.secrets])
        bot = Bot(settings, further)
        starting, ending = asyncio.create_task(bot.start()), asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({starting, ending}, return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                starting.result()
                ready(bot)
                await ending
        finally:
            for task in (starting, ending):
                task.cancel()
            await asyncio.wait({starting, ending}, timeout=0.5)
            with contextlib.suppress(asyncio.CancelledError):
                await bot.stop()
    return 0


async def _further(settings: Settings) -> list[Tokens]:
    database = Database(settings.database_url)
    try:
        return await connections.further(database, settings)
    finally:
        await database.close()
