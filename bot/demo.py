"""`convenor demo`: the sandbox, a fresh database and the real bot as a child process, on this machine only."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp

from bot import demo_world
from bot.settings import SettingsError
from sandbox.errors import WrongCall
from sandbox.hooks import Hooks
from sandbox.server import Sandbox

if TYPE_CHECKING:
    from bot.commands._loading import Prepare

DEMO_CLOCK = datetime(2026, 4, 22, 7, 0, tzinfo=UTC)
"""Wednesday 2026-04-22, 09:00 in Brussels: M6 at T-28 (demo-dataset)."""


_CLEARED = (
    "TELEGRAM_BOT_TOKEN", "TELEGRAM_WEBHOOK_SECRET", "SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET",
    "PUBLIC_URL",
)  # fmt: skip
"""Settings of a real installation that must never reach the demo's bot."""


@dataclass(slots=True)
class Demo:
    """Be a running demo: where the sandbox and the bot listen, and how to play people in it."""

    sandbox: str
    bot: str
    folder: Path
    environment: dict[str, str]
    session: aiohttp.ClientSession
    process: subprocess.Popen[bytes] | None = None
    log_to: Path | None = None
    starting: bool = False
    turning: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while the bot is started or ended: two pages may press at once."""

    @property
    def database_url(self) -> str:
        """Give the address of the demo's database."""
        return self.environment["DATABASE_URL"]

    async def control(self, action: str, /, **body: Any) -> dict[str, Any]:
        """Play a person or turn a knob of the sandbox. Raise `RuntimeError` with the sandbox's sentence."""
        async with self.session.post(f"{self.sandbox}/control/{action}", json=body) as answer:
            found: dict[str, Any] = await answer.json()
            if answer.status >= 400:
                raise RuntimeError(f"{action}: {found.get('error', answer.status)}")
            return found

    async def ask(self, what: str, **query: str) -> Any:
        """Read something of the sandbox: `screen`, `people`, `ledger`."""
        async with self.session.get(f"{self.sandbox}/control/{what}", params=query) as answer:
            return await answer.json()

    async def settle(self, *, cards: bool = True) -> datetime | None:
        """Wait until the bot has nothing due and nothing in hand; give when its next work is due.

        Without `cards`, edits may still wait for their pace.
        """
        query = {"now": (await self.ask("clock"))["now"], "cards": "1" if cards else "0"}
        async with self.session.get(f"{self.bot}/demo/settled", params=query) as answer:
            body = await answer.json()
        if not body["settled"]:
            raise RuntimeError("the bot did not come to rest within 45 seconds")
        return datetime.fromisoformat(body["next_due"]) if body["next_due"] else None

    async def move(self, to: datetime, *, cards: bool = True) -> datetime | None:
        """Move everybody's clock and wait until what became due is done; give when the next work is due."""
        await self.control("clock", now=to.isoformat())
        return await self.settle(cards=cards)

    def hook(self, hooks: Hooks) -> None:
        """Let the playground look ahead, and kill and start the bot."""
        hooks.planned, hooks.sent = self.planned, self.sent
        hooks.bot_state, hooks.bot = self.bot_state, self.act

    async def planned(self) -> dict[str, Any]:
        """Give what waits to be sent. Raise `OSError` or `TimeoutError` while the bot is down."""
        return await self._of_bot("planned")

    async def sent(self) -> dict[str, Any]:
        """Give what kind each message is. Raise `OSError` or `TimeoutError` while the bot is down."""
        return await self._of_bot("sent")

    async def _of_bot(self, what: str) -> dict[str, Any]:
        try:
            async with self.session.get(f"{self.bot}/demo/{what}", timeout=aiohttp.ClientTimeout(total=5)) as answer:
                answer.raise_for_status()
                found: dict[str, Any] = await answer.json()
                return found
        except aiohttp.ClientError as error:
            raise OSError(type(error).__name__) from None

    def bot_state(self) -> str:
        """Tell whether the bot is "up", "down" or "starting"."""
        if self.starting:
            return "starting"
        return "up" if self.process is not None and self.process.poll() is None else "down"

    async def act(self, action: str) -> None:
        """Do "kill" (no warning), "stop" (politely) or "start". Raise `WrongCall` when the bot does not start."""
        async with self.turning:
            if action != "start":
                await self.stop_bot(signal.SIGKILL if action == "kill" else signal.SIGTERM)
            elif self.bot_state() == "down":
                try:
                    await self.start_bot()
                except SettingsError as error:
                    raise WrongCall(f"The bot did not start: {error}.", 502) from None

    async def start_bot(self) -> None:
        """Start the bot as a child process and wait until it is healthy. Raise `SettingsError` if it ends."""
        self.starting = True
        try:
            await self._start_bot()
        finally:
            self.starting = False

    async def _start_bot(self) -> None:
        environment = {**os.environ, **self.environment}
        with contextlib.ExitStack() as stack:
            log = stack.enter_context(self.log_to.open("ab")) if self.log_to else None
            self.process = await asyncio.to_thread(
                subprocess.Popen, [sys.executable, "-m", "bot", "run"],
                env=environment, stdin=subprocess.DEVNULL, stderr=log,
            )  # fmt: skip
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise SettingsError(f"the bot ended at once (code {self.process.returncode}); its last line says why")
            try:
                async with self.session.get(f"{self.bot}/healthz") as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                await asyncio.sleep(0.05)
        raise SettingsError("the bot did not become ready within 30 seconds")

    async def stop_bot(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End the child process and wait for it; a second ask is not polite any more."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(how)
            try:
                await asyncio.to_thread(self.process.wait, 15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                await asyncio.to_thread(self.process.wait)
        self.process = None


@asynccontextmanager
async def running(
    community: Path,
    *,
    clock: datetime = DEMO_CLOCK,
    port: int = 0,
    current: bool = True,
    history: bool = True,
    prepare: Prepare | None = None,
    webhooks: bool = False,
    log_level: str = "WARNING",
    log_to: Path | None = None,
    extra: dict[str, str] | None = None,
) -> AsyncIterator[Demo]:
    """Run a demo for the block: fresh folder, sandbox, community and history, bot; everything ends with the block.

    `history` loads what happened before, where there is such a file, and `current` the replies of the meeting that is
    inviting now, too; `prepare` changes what was loaded, before the bot starts. `webhooks` has the platforms call us
    (signed HTTP and Telegram webhook) instead of Socket Mode and polling. `log_to` takes the bot's log. Raise
    `SettingsError` for a taken port.
    """
    file = demo_world.read_file(community)
    bot_port = demo_world.free_port()
    around = demo_world.surroundings(file, clock, reach=f"http://127.0.0.1:{bot_port}" if webhooks else "")
    folder = demo_world.new_folder()
    try:
        sandbox = Sandbox(around.spec, port=port)
        try:
            await sandbox.start()
        except OSError:
            raise SettingsError(f"port {port} is in use; choose another one with --port") from None
        try:
            environment = {
                **dict.fromkeys(_CLEARED, ""),
                **around.environment,
                "DATABASE_URL": f"sqlite:///{folder}/convenor.sqlite3",
                "CONVENOR_DATA_DIR": str(folder),
                "CONVENOR_CLOCK_URL": sandbox.url,
                "TELEGRAM_API_URL": await sandbox.doors.make("telegram"),
                "SLACK_API_URL": f"{await sandbox.doors.make('slack')}/api/",
                "HTTP_HOST": "127.0.0.1",
                "HTTP_PORT": str(bot_port),
                "PUBLIC_URL": f"http://127.0.0.1:{bot_port}",
                "LOG_LEVEL": log_level,
                "CONVENOR_SWEEP_SECONDS": "0.5",
                **(extra or {}),
            }
            await _fill(environment, community, clock, current=current, history=history, prepare=prepare)
            async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as session:
                demo = Demo(sandbox.url, f"http://127.0.0.1:{bot_port}", folder, environment, session, log_to=log_to)
                demo.hook(sandbox.hooks)
                try:
                    await demo.start_bot()
                    yield demo
                finally:
                    await demo.stop_bot()
        finally:
            await sandbox.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _fill(
    environment: dict[str, str],
    community: Path,
    clock: datetime,
    *,
    current: bool,
    history: bool,
    prepare: Prepare | None,
) -> None:
    """Create the database with the community and, where there is one, its history."""
    from bot.commands import fill_demo

    past = community.with_name(f"{community.stem}-history.yaml")
    known = past if history and past.exists() else None
    await fill_demo(environment["DATABASE_URL"], community, known, clock, current=current, prepare=prepare)
