"""Starting the connections: a refused token ends the program, a platform out of reach does not if another one works."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog

from bot import connections
from bot.alerts import Alerts
from bot.menus import set_menus
from bot.platforms import Connected
from bot.routes import Routes
from bot.settings import SettingsError
from chat.errors import AccountDead, PlatformError
from chat.platform import Receiver
from scheduler.contract import Alert
from storage.connections import seen
from storage.database import Database

log = structlog.get_logger(__name__)
PATIENCE = 30.0
"""Seconds one platform may take to start before the others go on without it."""


class Opening:
    """Start connections, all at once, and go on trying those that could not be reached."""

    def __init__(
        self, database: Database, alerts: Alerts, routes: Routes, found: Sequence[Connected], receiver: Receiver
    ) -> None:
        self._database, self._alerts, self._routes, self._receiver = database, alerts, routes, receiver
        self.found = tuple(found)
        self._absent: list[Connected] = []

    async def start(self) -> None:
        """Start all. Raise `SettingsError` for a refused token, and when none can be reached."""
        results = await asyncio.gather(*map(self._start, self.found), return_exceptions=True)
        for error in results:
            if isinstance(error, BaseException) and not isinstance(error, PlatformError | TimeoutError):
                raise error
        connections.single([(each.platform.name, each.platform.workspace) for each in self._open(results)])
        self._absent = [each for each, error in zip(self.found, results, strict=True) if error is not None]
        if len(self._absent) == len(self.found):
            why = getattr(results[0], "reason", "") or "no answer"
            raise SettingsError(f"{self.found[0].title} cannot be reached ({why})")
        for each in self._absent:
            log.error("platform_not_reached", platform=each.title, hint="tried again until it answers")

    def reached(self) -> list[Connected]:
        """Give the connections that have been started."""
        return [each for each in self.found if each not in self._absent]

    async def again(self) -> None:
        """Try those that could not be reached once more; a chore."""
        for each in list(self._absent):
            try:
                await self._start(each)
            except (PlatformError, TimeoutError, SettingsError) as error:
                log.warning("platform_not_reached", platform=each.title, error=type(error).__name__)
                continue
            self._absent.remove(each)
            log.info("platform_reached", platform=each.title)

    def _open(self, results: Sequence[BaseException | None]) -> list[Connected]:
        return [each for each, error in zip(self.found, results, strict=True) if error is None]

    async def _start(self, each: Connected) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                await each.platform.start(self._receiver)
        except AccountDead as error:
            raise SettingsError(f"{each.title} refuses our token ({error.reason}); check the settings") from None
        connections.expected(each.tokens, each.platform.workspace)
        here = (each.platform.name, each.platform.workspace)
        async with self._database.write() as db:
            was_dead = await seen(db, *here, getattr(each.platform, "username", ""))
        if was_dead:
            await self._alerts.raised(Alert("alive", *here))
        await set_menus(each.platform, self._routes)
