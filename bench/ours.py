"""Our own path in this process: the real adapter, dispatcher, features and storage, fed with raw requests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from bench.payloads import WEBHOOK_SECRET, Raw
from bench.report import Broken
from bench.town import SIGNING_SECRET, SLACK_TOKEN, TELEGRAM_TOKEN
from bot.dispatcher import Dispatcher
from bot.platforms.slack import SlackPlatform
from bot.platforms.telegram import TelegramPlatform
from bot.routes import Routes
from chat.inbound import AnyInbound
from chat.people import MessageRef
from chat.platform import Outcome
from handlers import features
from scheduler.clock import SystemClock
from storage.connections import Offsets
from storage.database import Database

Press = Callable[[Raw], Awaitable[None]]


class Told:
    """Be the dispatcher, and tell when a press is answered to its end."""

    def __init__(self, inner: Dispatcher) -> None:
        self._inner = inner
        self.waiting: dict[str, asyncio.Future[None]] = {}

    async def accept(self, inbound: AnyInbound) -> bool:
        return await self._inner.accept(inbound)

    async def accept_all(self, inbounds: Sequence[AnyInbound]) -> list[bool]:
        return await self._inner.accept_all(inbounds)

    async def handle(self, inbound: AnyInbound) -> Outcome:
        return await self._inner.handle(inbound)

    async def performed(self, inbound: AnyInbound, outcome: Outcome, refs: Sequence[MessageRef | None]) -> None:
        await self._inner.performed(inbound, outcome, refs)
        self.waiting.pop(inbound.by.user).set_result(None)


@asynccontextmanager
async def running(platform: str, url: str, api: str) -> AsyncIterator[Press]:
    """Give a way to press: it returns when the answer is committed and has been said to the platform."""
    database, clock = Database(url), SystemClock()
    adapter: Any
    if platform == "telegram":
        offsets = Offsets(database)
        adapter = TelegramPlatform(TELEGRAM_TOKEN, api, WEBHOOK_SECRET, "http://127.0.0.1", offsets=offsets)
        take = adapter.webhook
    else:
        adapter = SlackPlatform(SLACK_TOKEN, signing_secret=SIGNING_SECRET, api_url=f"{api}/api/")
        take = adapter.events
    told = Told(Dispatcher(database, clock, Routes.of(features()), [adapter]))
    try:
        await adapter.start(told)

        async def press(raw: Raw) -> None:
            done = told.waiting[raw.person.user] = asyncio.get_running_loop().create_future()
            answer: Response = await take(_request(raw))
            if answer.status_code != 200:
                raise Broken(f"our {platform} adapter answered {answer.status_code}")
            await done

        yield press
    finally:
        await adapter.stop()
        await database.close()


def _request(raw: Raw) -> Request:
    headers = [(name.encode(), value.encode()) for name, value in raw.headers.items()]
    scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": headers}

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": raw.body, "more_body": False}

    return Request(scope, receive)
