"""Delivery of updates to a webhook: in order per queue, at once across queues, again with growing delay on failure."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import re
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol
from urllib.parse import urlsplit

import aiohttp

from sandbox.telegram.errors import bad

SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")
FIRST_DELAY, DELAY_MAX, RETRY_AFTER_MAX = 0.25, 60.0, 3600.0
ANSWER_IN = 60.0
"""Seconds a webhook has to answer."""


class Deliverable(Protocol):
    """Be what a webhook delivers."""

    id: int
    queue: str
    until: float

    def payload(self) -> dict[str, Any]:
        """Give the JSON object."""


class Webhook:
    """Deliver to one address; `done(id)` is called for what was taken or grew too old.

    Messages of a chat are one queue, presses of a user are another (platforms §2.6).
    """

    def __init__(self, url: str, secret: str, connections: int, done: Callable[[int], None]) -> None:
        self.url, self.connections = check(url), connections
        if secret and not SECRET.fullmatch(secret):
            raise bad("secret token contains illegal characters or is too long")
        self.last_error = ""
        self.last_error_at = 0
        self._headers = {"Content-Type": "application/json"}
        if secret:
            self._headers["X-Telegram-Bot-Api-Secret-Token"] = secret
        self._done = done
        self._queues: dict[str, deque[Deliverable]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None

    def offer(self, update: Deliverable) -> None:
        """Put an update in its queue and see that somebody delivers it."""
        queue = self._queues.get(update.queue)
        if queue is not None:
            queue.append(update)
            return
        self._queues[update.queue] = deque([update])
        task = asyncio.get_running_loop().create_task(self._serve(update.queue))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Stop delivering."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    async def _serve(self, name: str) -> None:
        queue, delay = self._queues[name], FIRST_DELAY
        while queue:
            update = queue[0]
            if update.until > time.monotonic():
                wait = await self._deliver(update)
                if wait is not None:
                    await asyncio.sleep(max(wait, delay))
                    delay = min(delay * 2, DELAY_MAX)
                    continue
            queue.popleft()
            self._done(update.id)
            delay = FIRST_DELAY
        del self._queues[name]

    async def _deliver(self, update: Deliverable) -> float | None:
        """Try once; give `None` if it was taken, else the seconds the receiver asks us to wait (0 = it did not say)."""
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=self.connections)
            self._session = aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=ANSWER_IN))
        try:
            body = json.dumps(update.payload()).encode()
            async with self._session.post(self.url, data=body, headers=self._headers, allow_redirects=False) as answer:
                if 200 <= answer.status < 300:
                    return None
                reason, wait = f"Wrong response from the webhook: {answer.status} {answer.reason}", 0.0
                asked = answer.headers.get("Retry-After", "")
                if asked.isdigit():
                    wait = min(float(asked), RETRY_AFTER_MAX)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            reason, wait = f"Connection failed: {type(error).__name__}", 0.0
        self.last_error, self.last_error_at = reason, int(time.time())
        return wait


def check(url: str) -> str:
    """Give a webhook address back; raise `Refused` unless it is of this machine, the only one the sandbox talks to."""
    try:
        parts = urlsplit(url)
        host, scheme = parts.hostname or "", parts.scheme
        here = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        here, scheme = False, ""
    if not here or scheme not in {"http", "https"}:
        raise bad("bad webhook: the sandbox delivers to addresses of this machine only, such as http://127.0.0.1:8080/")
    return url
