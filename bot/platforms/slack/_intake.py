"""What comes in: stored before it is acknowledged, then done; forms are answered within Slack's three seconds.

A global middleware of bolt does all of it and never calls the next one. So the row is committed before the
acknowledgment leaves, a failure to commit leaves Slack without one (it sends events again), and nothing is unhandled.
"""

from __future__ import annotations

import asyncio
import time
import traceback
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import structlog
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.platforms.slack._client import library_logger
from bot.platforms.slack._forms import notice
from bot.platforms.slack._parse import Self, parse
from bot.platforms.slack._perform import Performer
from bot.platforms.slack._socket import OnTrouble
from chat.inbound import AnyInbound, Submission
from chat.platform import Receiver
from chat.text import Reader, say

log = structlog.get_logger(__name__)

FORM_PATIENCE = 2.5
"""Seconds from a submission to its acknowledgment; Slack shows an error after three (platforms §3.3)."""
PARTING = 1.0
"""Seconds given at the end to acknowledgments under way; Slack brings again what is not acknowledged."""
SAID = 0.02
"""Seconds in which the library writes an acknowledgment that we have given it."""
DRAIN = 4.0
"""Seconds given at the end to what is in hand; what is cut off is done after the next start."""


class Intake:
    """Take payloads in for one workspace and answer them through a performer."""

    def __init__(
        self,
        me: Self,
        receiver: Receiver,
        performer: Performer,
        now: Callable[[], datetime],
        patience: float,
        on_trouble: OnTrouble | None = None,
    ) -> None:
        self._me, self._receiver, self._performer, self._now = me, receiver, performer, now
        self._patience, self._on_trouble = patience, on_trouble
        self._tasks: set[asyncio.Task[None]] = set()
        self._taking = 0
        self.heard: float | None = None
        """When the last payload came in (monotonic)."""
        self.dead = ""
        """Why our token is dead, once Slack has told us by an event."""

    def app(self, web: AsyncWebClient, bot_id: str) -> AsyncApp:
        """Make the bolt app whose only middleware of ours is `take`; signatures are checked before it."""
        known = AuthorizeResult(
            enterprise_id=None, team_id=self._me.workspace, bot_user_id=self._me.bot, bot_id=bot_id, bot_token=""
        )

        async def authorize() -> AuthorizeResult:
            return known

        app = AsyncApp(
            name="convenor.slack",
            logger=library_logger(),
            client=web,
            authorize=authorize,
            request_verification_enabled=False,
            attaching_function_token_enabled=False,
        )
        app.middleware(self.take)
        return app

    async def take(self, req: AsyncBoltRequest) -> BoltResponse:
        """Store, acknowledge, do; 503 without a word about the body when it could not be stored."""
        self._taking += 1
        try:
            return await self._take(req)
        finally:
            self._taking -= 1

    async def _take(self, req: AsyncBoltRequest) -> BoltResponse:
        body, self.heard = req.body, time.monotonic()
        try:
            inbound = parse(body, self._me, self._now(), time.time())
        except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
            log.warning("slack_payload_not_understood", type=str(body.get("type"))[:40], error=type(error).__name__)
            return BoltResponse(status=200, body="")
        if inbound is None:
            self._ignored(body)
            return BoltResponse(status=200, body="")
        started = self.heard
        try:
            fresh = await self._receiver.accept(inbound)
        except Exception as error:
            log.error("slack_not_stored", key=inbound.key, kind=inbound.kind, error=type(error).__name__)
            return BoltResponse(status=503, body="")
        if not fresh:
            return BoltResponse(status=200, body="")
        if isinstance(inbound, Submission):
            return await self._form(inbound, started)
        self._start(self._do(inbound))
        return BoltResponse(status=200, body="")

    async def acknowledged(self) -> None:
        """Wait, a second at most, until what is being taken in is acknowledged: its answer needs the open line."""
        end = time.monotonic() + PARTING
        while self._taking and time.monotonic() < end:
            await asyncio.sleep(0.005)
        await asyncio.sleep(SAID)

    async def drain(self) -> None:
        """Wait some seconds for what is in hand, then cut it off."""
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=DRAIN)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _do(self, inbound: AnyInbound) -> None:
        outcome = await self._receiver.handle(inbound)
        refs = await self._performer.perform(inbound, outcome)
        await self._receiver.performed(inbound, outcome, refs)

    async def _form(self, inbound: Submission, started: float) -> BoltResponse:
        """Answer a submitted page in time, with its errors, the next page or an end; else say that it takes longer."""
        reply: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        late = asyncio.Event()
        self._start(self._submit(inbound, reply, late))
        left = self._patience - (time.monotonic() - started)
        try:
            answer = await asyncio.wait_for(asyncio.shield(reply), max(left, 0.01))
        except TimeoutError:
            late.set()
            view = notice(str(inbound.handle.get("title") or ""), (say("one_moment"),), Reader())
            answer = reply.result() if reply.done() else {"response_action": "update", "view": view}
        return BoltResponse(status=200, body=answer or "")

    async def _submit(self, inbound: Submission, reply: asyncio.Future[dict[str, Any]], late: asyncio.Event) -> None:
        outcome = await self._receiver.handle(inbound)
        if late.is_set():
            await self._performer.finish_late(inbound, outcome)
        reply.set_result(self._performer.acknowledgment(inbound, outcome))
        refs = await self._performer.perform(inbound, outcome, shown=True)
        await self._receiver.performed(inbound, outcome, refs)

    def _start(self, work: Awaitable[None]) -> None:
        task = asyncio.create_task(self._guard(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guard(self, work: Awaitable[None]) -> None:
        try:
            await work
        except Exception as error:
            spot = traceback.extract_tb(error.__traceback__)[-1]  # not the text: it could hold a body
            log.error("slack_answer_failed", error=type(error).__name__, spot=f"{spot.name}:{spot.lineno}")

    def _ignored(self, body: dict[str, Any]) -> None:
        event = body.get("event")
        kind = event.get("type") if isinstance(event, dict) else None
        if kind in ("app_uninstalled", "tokens_revoked"):
            self.dead = str(kind)
            log.error("slack_account_dead", reason=kind)
            if self._on_trouble is not None:
                self._start(self._on_trouble("dead", self.dead))
