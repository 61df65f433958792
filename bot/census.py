"""Looking up who is in our channels, at the start and hourly: organisers are warned before a memo goes there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress

import structlog

from bot.platforms import Connected
from chat.errors import ChatMoved, PlatformError, Rejected, Unreachable
from chat.people import PeopleIn, Place
from chat.platform import Platform
from scheduler.clock import Clock
from storage import channel_people
from storage.channel_people import Look
from storage.database import Database

log = structlog.get_logger(__name__)
PAUSE = 1.0
"""Seconds between two channels of one platform: nobody waits for it, messages do."""


class Census:
    """Keep `Channel.people` about an hour fresh, on every connection that has been started."""

    def __init__(
        self, database: Database, clock: Clock, reached: Callable[[], Sequence[Connected]], pause: float = PAUSE
    ) -> None:
        self._database, self._clock, self._reached, self._pause = database, clock, reached, pause
        self._ending = asyncio.Event()

    def end(self) -> None:
        """Ask about no further channel: the program stops."""
        self._ending.set()

    async def chore(self) -> None:
        """Look up the channels that are due, platforms side by side; forget those that are not watched any more."""
        async with self._database.read() as db:
            due = await channel_people.due(db, self._clock.now())
        for each in due:
            if not each.wanted:
                async with self._database.write(each.community) as db:
                    await channel_people.forget(db, each.channel)
        work = []
        for connected in self._reached():
            here = (connected.platform.name, connected.platform.workspace)
            if mine := [each for each in due if each.wanted and (each.platform, each.workspace) == here]:
                work.append(self._walk(connected.platform, mine))
        await asyncio.gather(*work)

    async def _walk(self, platform: Platform, due: Sequence[Look]) -> None:
        async with self._database.read() as db:
            known = await channel_people.users_of(db, platform.name, platform.workspace)
        chats: dict[str, list[Look]] = {}
        for each in due:  # two communities may share a channel
            chats.setdefault(each.chat, []).append(each)
        for number, (chat, looks) in enumerate(chats.items()):
            if number:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._ending.wait(), self._pause)
            if self._ending.is_set():
                return
            try:
                found = await platform.people_in(Place(platform.name, platform.workspace, chat, "group"), known)
            except (Rejected, Unreachable, ChatMoved) as error:
                log.info("people_unknown", platform=platform.name, reason=error.reason)
                await self._keep(looks, None)
            except PlatformError as error:  # what is known stays, with its time, until the platform can be asked
                log.info("people_not_asked", platform=platform.name, error=type(error).__name__)
                return
            else:
                await self._keep(looks, found)

    async def _keep(self, looks: Sequence[Look], found: PeopleIn | None) -> None:
        now = self._clock.now()
        for each in looks:
            async with self._database.write(each.community) as db:
                if found is None:
                    await channel_people.unknown(db, each.channel, now)
                else:
                    await channel_people.keep(db, each.channel, now, found.count, found.users)
