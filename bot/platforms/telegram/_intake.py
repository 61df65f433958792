"""From a raw update to an answered one: parse, store, then handle in a task of its own (design §1.3)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from typing import Any

import structlog

from bot.platforms.telegram._bot import QuietBot
from bot.platforms.telegram._parse import Me, Nameless, Parsed, parse
from bot.platforms.telegram._perform import Performer
from chat.inbound import AnyInbound, Click
from chat.platform import Outcome, Receiver
from chat.text import Reader

log = structlog.get_logger(__name__)
IN_HAND_MAX = 1000
"""Updates handled at once; beyond, taking in waits."""


PATIENCE = 0.5
"""Seconds a press waits for its outcome before its spinner is stopped without a word."""
CROWD = 100
"""The more is in hand already, the less a press waits; beyond so many it is acknowledged as soon as it is stored."""


class Intake:
    """Take updates in for one bot. Tasks start in the order of the updates; the receiver's locks keep that order.

    `patience` are the seconds after which a press that is stored but not yet done is acknowledged all the same, fewer
    when many are in hand.
    """

    def __init__(
        self,
        bot: QuietBot,
        me: Me,
        receiver: Receiver,
        performer: Performer,
        now: Callable[[], datetime],
        patience: float = PATIENCE,
    ) -> None:
        self._bot = bot
        self._me = me
        self._receiver = receiver
        self._performer = performer
        self._now = now
        self._patience = patience
        self._tasks: set[asyncio.Task[None]] = set()
        self.heard: float | None = None
        """When the last update came in (monotonic)."""

    async def take(self, bodies: Sequence[dict[str, Any]]) -> None:
        """Store updates durably, as many at once as may be in hand, and begin to handle them in their order.

        Raise what the receiver raises: those that were not begun are not stored then.
        """
        self.heard = time.monotonic()
        waiting = [each for each in (self._read(body) for body in bodies) if each is not None]
        while waiting:
            while len(self._tasks) >= IN_HAND_MAX:
                await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
            room = IN_HAND_MAX - len(self._tasks)
            await self._some(waiting[:room], self.heard)
            waiting = waiting[room:]

    async def _some(self, parsed: Sequence[AnyInbound | Nameless], heard: float) -> None:
        inbounds = [each for each in parsed if not isinstance(each, Nameless)]
        if len(inbounds) > 1:
            fresh = await self._receiver.accept_all(inbounds)
        else:
            fresh = [await self._receiver.accept(each) for each in inbounds]
        for each in parsed:
            if isinstance(each, Nameless):
                self._begin(self._performer.hint(each.where, Reader(public=True), "e_anon"))
        for inbound, new in zip(inbounds, fresh, strict=True):
            if new:
                patience = self._patience * max(0.0, 1 - len(self._tasks) / CROWD)
                self._begin(self._answer(inbound, heard + patience))

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

    async def _answer(self, inbound: AnyInbound, early_at: float) -> None:
        early = _Early(self, inbound, early_at) if isinstance(inbound, Click) else None
        try:
            outcome = await self._receiver.handle(inbound)
        except Exception as error:
            log.error("telegram_update_failed", key=inbound.key, error=type(error).__name__)
            outcome = Outcome((), Reader())  # the spinner of a press stops all the same
        finally:
            acknowledged = early is not None and early.over()
        try:
            refs = await self._performer.perform(inbound, outcome, acknowledged=acknowledged)
            await self._receiver.performed(inbound, outcome, refs)
        except Exception as error:
            log.error("telegram_answer_broken", key=inbound.key, error=type(error).__name__)

    def acknowledge(self, click: Click) -> None:
        """Stop the spinner of a press that is stored, without a word about what will become of it."""
        self._begin(self._performer.acknowledge_early(click))


class _Early:
    """Acknowledge a press whose outcome is not there at a monotonic moment; once, so its answer has no words then."""

    def __init__(self, intake: Intake, click: Click, at: float) -> None:
        self._intake, self._click, self._said = intake, click, False
        self._timer = asyncio.get_running_loop().call_later(max(0.0, at - time.monotonic()), self._say)

    def over(self) -> bool:
        """End the waiting; tell whether it was acknowledged."""
        self._timer.cancel()
        return self._said

    def _say(self) -> None:
        self._said = True
        self._intake.acknowledge(self._click)
