"""From a raw update to an answered one: parse, store, then handle in a task of its own (design §1.3)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any

import structlog

from bot.platforms.telegram._bot import QuietBot
from bot.platforms.telegram._parse import Me, Nameless, Parsed, parse
from bot.platforms.telegram._perform import Performer
from chat.inbound import AnyInbound
from chat.platform import Outcome, Receiver
from chat.text import Reader

log = structlog.get_logger(__name__)
IN_HAND_MAX = 500
"""Updates handled at once; beyond, taking in waits."""


class Intake:
    """Take updates in for one bot. Tasks start in the order of the updates; the receiver's locks keep that order."""

    def __init__(
        self, bot: QuietBot, me: Me, receiver: Receiver, performer: Performer, now: Callable[[], datetime]
    ) -> None:
        self._bot = bot
        self._me = me
        self._receiver = receiver
        self._performer = performer
        self._now = now
        self._tasks: set[asyncio.Task[None]] = set()

    async def take(self, body: dict[str, Any]) -> None:
        """Store an update durably and begin to handle it; waits while too much is in hand.

        Raise what the receiver raises: it is not stored then.
        """
        while len(self._tasks) >= IN_HAND_MAX:
            await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        found = self._read(body)
        if found is None:
            return
        if isinstance(found, Nameless):
            self._begin(self._performer.hint(found.where, Reader(public=True), "e_anon"))
        elif await self._receiver.accept(found):
            self._begin(self._answer(found))

    async def finish(self, seconds: float) -> None:
        """Wait for what is in hand, then cut it off; what was stored is done at the next start."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _read(self, body: dict[str, Any]) -> Parsed:
        try:
            return parse(self._bot.read(body), self._me, self._now())
        except Exception as error:  # a shape we do not know is not worth holding up all others
            log.error("telegram_update_unreadable", update=body.get("update_id"), error=type(error).__name__)
            return None

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name="telegram-update")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, inbound: AnyInbound) -> None:
        try:
            outcome = await self._receiver.handle(inbound)
        except Exception as error:
            log.error("telegram_update_failed", key=inbound.key, error=type(error).__name__)
            outcome = Outcome((), Reader())  # the spinner of a press stops all the same
        try:
            refs = await self._performer.perform(inbound, outcome)
            await self._receiver.performed(inbound, outcome, refs)
        except Exception as error:
            log.error("telegram_answer_broken", key=inbound.key, error=type(error).__name__)
