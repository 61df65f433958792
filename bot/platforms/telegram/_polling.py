"""Our own getUpdates loop: updates are stored before the offset moves past them (platforms §4, reliability L4)."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import structlog
from telegram.error import Conflict, InvalidToken, TelegramError

from bot.platforms.telegram._aiohttp_request import Flooded
from bot.platforms.telegram._bot import QuietBot

log = structlog.get_logger(__name__)
WAIT = 50
"""Seconds one long poll may last; Telegram's own cap (platforms §2.6)."""
STALLED = 90.0
"""Seconds after which a poll is given up: a wedged connection gives no error at all (platforms §4)."""
BACK_OFF_MAX = 60.0
LINE_BACK_OFF_MAX = 5.0
"""Longest wait while Telegram is only out of reach: presses live 150 s in its queue (platforms §2.6)."""


class Offsets(Protocol):
    """Remember the next update to ask for, per bot, across restarts."""

    async def load(self, workspace: str) -> int:
        """Give the offset, 0 at first."""

    async def save(self, workspace: str, offset: int) -> None:
        """Keep the offset durably."""


class Poller:
    """Ask for updates until stopped."""

    def __init__(
        self,
        bot: QuietBot,
        workspace: str,
        offsets: Offsets,
        take: Callable[[dict[str, Any]], Awaitable[None]],
        *,
        wait: int = WAIT,
        stalled: float = STALLED,
        back_off: float = 1.0,
    ) -> None:
        self._bot = bot
        self._workspace = workspace
        self._offsets = offsets
        self._take = take
        self._wait = wait
        self._stalled = stalled
        self._back_off = back_off
        self._offset = 0
        self._stop = asyncio.Event()

    def stop(self) -> None:
        """Ask for nothing more; a poll that waits is given up, updates at hand are still stored."""
        self._stop.set()

    async def run(self) -> None:
        """Poll until `stop`. Nothing that goes wrong ends the loop; it waits longer and longer, up to a minute."""
        failures = 0
        loaded = False
        while not self._stop.is_set():
            try:
                if not loaded:
                    self._offset, loaded = await self._offsets.load(self._workspace), True
                await self._round()
                failures = 0
            except Exception as error:  # the loop is the bot's ear
                failures += 1
                await self._rest(error, failures)

    async def _round(self) -> None:
        updates = await self._ask()
        if not updates:
            return
        for body in updates:
            await self._take(body)
        # Only now: all of them are committed, and a repetition would be found by its key.
        self._offset = updates[-1]["update_id"] + 1
        await self._offsets.save(self._workspace, self._offset)

    async def _ask(self) -> list[dict[str, Any]]:
        request = asyncio.create_task(self._bot.raw_updates(self._offset, self._wait), name="telegram-poll")
        stopping = asyncio.create_task(self._stop.wait(), name="telegram-stop")
        try:
            await asyncio.wait({request, stopping}, timeout=self._stalled, return_when=asyncio.FIRST_COMPLETED)
            if request.done():
                return request.result()
            if not self._stop.is_set():
                log.warning("telegram_poll_stalled", workspace=self._workspace, seconds=self._stalled)
            return []
        finally:
            for task in (request, stopping):
                task.cancel()
            await asyncio.gather(request, stopping, return_exceptions=True)

    async def _rest(self, error: Exception, failures: int) -> None:
        pause = min(self._back_off * 2 ** min(failures - 1, 6), BACK_OFF_MAX)
        known = {"workspace": self._workspace, "error": type(error).__name__, "failures": failures}
        match error:
            case Flooded():
                pause = max(pause, error.after)
                log.warning("telegram_poll_slowed", **known)
            case Conflict():
                log.error("telegram_second_consumer", hint="another process uses this bot token", **known)
            case InvalidToken():
                pause = BACK_OFF_MAX if failures > 1 else pause
                log.critical("telegram_token_refused", **known)
            case TelegramError():
                pause = min(pause, LINE_BACK_OFF_MAX)
                log.warning("telegram_poll_failed", reason=str(error.__cause__ or "")[:60], **known)
            case _:
                log.error("telegram_intake_failed", **known)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), pause)
