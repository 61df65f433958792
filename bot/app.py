"""The running bot: the only place where everything is wired, and one order of starting and stopping.

Start: database and schema, platforms (their tokens are checked), what was taken in before we were killed, engine, HTTP.
Stop: the engine finishes what is in flight while the platforms can still speak, then the platforms stop taking in and
finish what is in hand, then HTTP and the database.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable
from typing import Any

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.dispatcher import Dispatcher
from bot.http import Handler, HttpServer, application
from bot.menus import set_menus
from bot.planned import planned, sent
from bot.platforms import configured
from bot.routes import Routes
from bot.settings import Settings, SettingsError
from chat.errors import AccountDead, PlatformError
from chat.platform import Platform
from handlers import features
from scheduler.clock import Clock, SandboxClock, SystemClock
from scheduler.engine import Engine, EngineSettings
from storage import invitations, schema
from storage.connections import Offsets, seen
from storage.database import Database, Session
from storage.deliveries import Campaign, Delivery
from storage.lock import hold

log = structlog.get_logger(__name__)
TIDY_SECONDS = 3600.0


class Bot:
    """Be one running Convenor: database, clock, platforms, dispatcher, engine and HTTP."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.database = Database(settings.database_url)
        self.clock: Clock = SandboxClock(settings.convenor_clock_url) if settings.convenor_clock_url else SystemClock()
        self.routes = Routes.of(features())
        self.platforms: list[Platform] = configured(settings, Offsets(self.database), self.clock.now)
        if not self.platforms:
            raise SettingsError("no platform is on: set TELEGRAM_BOT_TOKEN or SLACK_BOT_TOKEN")
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
            ),
            sent=_delivered,
        )
        self.dispatcher = Dispatcher(
            self.database,
            self.clock,
            self.routes,
            self.platforms,
            changed=self.engine.wake,
        )
        self._http: HttpServer | None = None
        self._tidying: asyncio.Task[None] | None = None
        self._started: list[Platform] = []
        self.port = 0

    async def start(self) -> None:
        """Start everything. Raise `AccountDead` or `SettingsError` with one clear line."""
        if isinstance(self.clock, SandboxClock):
            await self.clock.start()
        left_over = await self.dispatcher.left_over()
        for platform in self.platforms:
            try:
                await platform.start(self.dispatcher)
            except AccountDead as error:
                raise SettingsError(f"{platform.name} refuses our token ({error.reason}); check the settings") from None
            except PlatformError as error:
                raise SettingsError(f"{platform.name} cannot be reached ({error.reason or 'no answer'})") from None
            self._started.append(platform)
            async with self.database.write() as db:
                await seen(db, platform.name, platform.workspace, getattr(platform, "username", ""))
            await set_menus(platform, self.routes)
        await self.dispatcher.recover(left_over)
        await self.engine.start()
        self._tidying = asyncio.create_task(self._tidy(), name="tidy")
        self._http = HttpServer(
            application(self.health, self._webhooks(), self._demo_routes()),
            self.settings.http_host,
            self.settings.http_port,
        )
        try:
            self.port = await self._http.start()
        except OSError as error:
            self._http = None
            raise SettingsError(f"{error}; set HTTP_PORT") from None
        log.info(
            "ready", port=self.port, platforms=[each.name for each in self.platforms],
            features=[each.name for each in self.routes.features],
        )  # fmt: skip

    async def stop(self) -> None:
        """Stop in order; what was taken in but not done is on disk and done at the next start."""
        if self._tidying is not None:
            self._tidying.cancel()
            await asyncio.gather(self._tidying, return_exceptions=True)
        await self.engine.stop()
        for platform in reversed(self._started):
            await platform.stop()
        if self._http is not None:
            await self._http.stop()
        if isinstance(self.clock, SandboxClock):
            await self.clock.stop()
        await self.database.close()
        log.info("stopped")

    async def _tidy(self) -> None:
        """Forget what is too old, at the start and then every hour."""
        while True:
            try:
                await self.dispatcher.forget_old()
            except Exception:
                log.exception("tidying_failed")
            await asyncio.sleep(TIDY_SECONDS)

    async def health(self) -> dict[str, Any]:
        """Tell whether the database answers and which platforms are on."""
        try:
            async with self.database.read() as db:
                await db.connection()
        except Exception as error:
            log.warning("unhealthy", error=type(error).__name__)
            return {"ok": False, "database": "no answer"}
        return {"ok": True, "platforms": [each.name for each in self.platforms]}

    def _webhooks(self) -> list[tuple[str, Handler]]:
        found: list[tuple[str, Handler]] = []
        for platform in self.platforms:
            for path, name in (("/telegram/webhook", "webhook"), ("/slack/events", "events")):
                handler: Handler | None = getattr(platform, name, None)
                if platform.name in path and handler is not None:
                    found.append((path, handler))
        return found

    def _demo_routes(self) -> list[Route]:
        """Let the demo wait for rest, look ahead and look back; never served with a real clock."""
        if not isinstance(self.clock, SandboxClock):
            return []

        async def settled(request: Request) -> Response:
            wanted = request.query_params.get("now", "")
            deadline = asyncio.get_running_loop().time() + 20
            while self.clock.now().isoformat() < wanted and asyncio.get_running_loop().time() < deadline:
                await asyncio.sleep(0.005)
            quiet = await self.engine.settle(timeout=20, with_cards=request.query_params.get("cards") != "0")
            async with self.database.read() as db:
                due = await self.engine.next_due(db)
            return JSONResponse({"settled": quiet, "next_due": due.isoformat() if due else None})

        async def look_ahead(request: Request) -> Response:
            return JSONResponse(await planned(self.database, self.clock.now()))

        async def look_back(request: Request) -> Response:
            return JSONResponse(await sent(self.database))

        return [
            Route("/demo/settled", settled),
            Route("/demo/planned", look_ahead),
            Route("/demo/sent", look_back),
        ]


async def _delivered(db: Session, delivery: Delivery, campaign: Campaign) -> None:
    """Mark an invitation as delivered when a platform accepted it: response rates divide by these."""
    if campaign.kind == "invitation" and delivery.member_id is not None:
        await invitations.accepted(db, campaign.subject, delivery.member_id)


async def serve(settings: Settings, *, ready: Callable[[Bot], None] | None = None) -> int:
    """Run until SIGINT or SIGTERM; give the exit code. Raise `SettingsError` or `schema.SchemaError`."""
    await schema.require(settings.database_url)
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for each in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(each, stop.set)
    with hold(settings.database_url):
        bot = Bot(settings)
        try:
            await bot.start()
            if ready is not None:
                ready(bot)
            await stop.wait()
        finally:
            with contextlib.suppress(asyncio.CancelledError):
                await bot.stop()
    return 0
