"""Our own getUpdates loop: updates are stored before the offset moves past them (platforms §4, reliability L4)."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

import structlog
from telegram.error import Conflict, InvalidToken, TelegramError

from bot.platforms.telegram._answers import Flooded
from bot.platforms.telegram._bot import QuietBot
from bot.platforms.telegram._turn import Turn

log = structlog.get_logger(__name__)
WAIT = 25
"""Seconds one long poll may last, half of Telegram's cap: so soon is a silent line noticed (platforms §2.6, §4)."""
STALLED = 45.0
"""Seconds after which a poll is given up that gave neither an answer nor an error."""
BACK_OFF_MAX = 60.0
LINE_BACK_OFF_MAX = 5.0
"""Longest wait while Telegram is only out of reach: presses live 150 s in its queue (platforms §2.6)."""
FLOOD_MAX = 300.0
"""Longest wait after a 429; asking every few minutes is bearable even for who was told to come back tomorrow."""
CONFLICT_WAIT, CONFLICT_WAIT_MAX = 12.0, 60.0
"""Seconds between two polls while somebody else polls too: fewer than one request in ten seconds, growing."""
CALM = 300.0
"""Seconds without a conflict after which it is over: longer than two who both wait their longest need to meet."""

OnTrouble = Callable[[str, str], Awaitable[None]]
"""Called with a kind and a reason: `conflict` (somebody else polls with our token), `dead` (the token is refused),
`alive` (either is over)."""


class Offsets(Protocol):
    """Remember the next update to ask for, per bot, across restarts."""

    async def load(self, workspace: str) -> int:
        """Give the offset, 0 at first."""

    async def save(self, workspace: str, offset: int) -> None:
        """Keep the offset durably."""


class Poller:
    """Ask for updates until stopped, while it is our turn. `back_off` scales all waits but `wait` and `stalled`."""

    def __init__(
        self,
        bot: QuietBot,
        workspace: str,
        offsets: Offsets,
        take: Callable[[Sequence[dict[str, Any]]], Awaitable[None]],
        *,
        turn: Turn,
        wait: int = WAIT,
        stalled: float = STALLED,
        back_off: float = 1.0,
        on_trouble: OnTrouble | None = None,
    ) -> None:
        self._bot, self._workspace, self._offsets, self._take = bot, workspace, offsets, take
        self._turn, self._wait, self._stalled, self._back_off = turn, wait, stalled, back_off
        self._on_trouble = on_trouble
        self._offset = 0
        self._loaded = False
        self._failures = self._hasty = self._conflicts = 0
        self._conflict_at = 0.0
        self._trouble = ""
        self._stop = asyncio.Event()
        self.heard: float | None = None
        """When Telegram last answered a poll (monotonic)."""

    @property
    def reading(self) -> bool:
        """Tell whether it is this process that polls."""
        return self._turn.ours and not self._stop.is_set()

    def stop(self) -> None:
        """Ask for nothing more; a poll that waits is given up, updates at hand are still stored."""
        self._stop.set()

    async def run(self) -> None:
        """Poll until `stop`. Nothing that goes wrong ends the loop; it waits longer and longer, up to a minute."""
        while not self._stop.is_set():
            try:
                if not await self._turn.take():
                    self._loaded = False  # who polls meanwhile moves the offset
                    await self._rest(self._turn.every / 2)
                    continue
                if not self._loaded:
                    self._offset, self._loaded = await self._offsets.load(self._workspace), True
                await self._round()
            except Exception as error:  # the loop is the bot's ear
                self._failures += 1
                await self._rest(await self._after(error))

    async def _round(self) -> None:
        began = time.monotonic()
        updates = await self._ask()
        if updates is None:
            return
        self.heard = time.monotonic()
        self._failures = 0
        await self._well(self.heard)
        before = self._offset
        if updates:
            await self._take(updates)
            # Only now: all of them are committed, and a repetition would be found by its key.
            self._offset = updates[-1]["update_id"] + 1
            await self._offsets.save(self._workspace, self._offset)
        if self._offset != before or self.heard - began >= min(1.0, self._wait / 2):
            self._hasty = 0
        else:  # nothing new, and it did not wait: asking again at once would turn in circles
            self._hasty += 1
            await self._rest(min(self._back_off * 2 ** min(self._hasty - 1, 6), LINE_BACK_OFF_MAX))

    async def _ask(self) -> list[dict[str, Any]] | None:
        """Ask once; `None` when the poll was given up: stopped, stalled, or not our turn any more."""
        request = asyncio.create_task(self._bot.raw_updates(self._offset, self._wait), name="telegram-poll")
        ends = [asyncio.create_task(self._stop.wait()), asyncio.create_task(self._turn.lost())]
        try:
            await asyncio.wait({request, *ends}, timeout=self._stalled, return_when=asyncio.FIRST_COMPLETED)
            if request.done():
                return request.result()
            if not any(each.done() for each in ends):
                log.warning("telegram_poll_stalled", workspace=self._workspace, seconds=self._stalled)
            return None
        finally:
            for task in (request, *ends):
                task.cancel()
            await asyncio.gather(request, *ends, return_exceptions=True)

    async def _after(self, error: Exception) -> float:
        """Note a failure; give the seconds until the next try."""
        pause: float = min(self._back_off * 2 ** min(self._failures - 1, 6), BACK_OFF_MAX)
        known = {"workspace": self._workspace, "error": type(error).__name__, "failures": self._failures}
        match error:
            case Flooded():
                pause = min(max(pause, float(error.after)), FLOOD_MAX)
                log.warning("telegram_poll_slowed", **known)
            case Conflict():
                self._conflicts, self._conflict_at = self._conflicts + 1, time.monotonic()
                pause = min(CONFLICT_WAIT * 2 ** min(self._conflicts - 1, 6), CONFLICT_WAIT_MAX) * self._back_off
                pause *= 1 + random.random() / 4  # two who wait equally long would meet again and again
                log.error("telegram_second_consumer", hint="another process uses this bot token", **known)
                await self._tell("conflict", "another process uses this bot token")
            case InvalidToken():
                pause = BACK_OFF_MAX * self._back_off if self._failures > 1 else pause
                log.critical("telegram_token_refused", **known)
                await self._tell("dead", "token refused")
            case TelegramError():
                pause = min(pause, LINE_BACK_OFF_MAX)
                log.warning("telegram_poll_failed", reason=str(error.__cause__ or "")[:60], **known)
            case _:
                log.error("telegram_intake_failed", **known)
        return pause

    async def _well(self, now: float) -> None:
        """Note an answer; a trouble is over with it, a conflict only when there was none for a while."""
        if self._conflicts and now - self._conflict_at < CALM * self._back_off:
            return
        self._conflicts = 0
        if self._trouble:
            await self._tell("", "")

    async def _tell(self, trouble: str, reason: str) -> None:
        """Tell of a trouble once, and once of its end."""
        if trouble == self._trouble:
            return
        self._trouble = trouble
        if self._on_trouble is None:
            return
        try:
            await self._on_trouble(trouble or "alive", reason)
        except Exception as error:  # who listens must not make us deaf
            log.error("telegram_trouble_untold", kind=trouble, error=type(error).__name__)

    async def _rest(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), seconds)
