"""Socket Mode over two connections, each rebuilt when it is not connected for half a minute (platforms §3.4, §5).

Two, because the client closes its old socket before it opens the next one: without the other there would be a gap.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import TypeAlias, cast

import structlog
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.platforms.slack._client import direct, library_logger
from bot.platforms.slack._errors import neutral, word
from chat.errors import AccountDead, NotSent, RateLimited

log = structlog.get_logger(__name__)

CONNECTIONS = 2
PATIENCE = 30.0
"""Seconds a connection may be down before it is rebuilt; a silent one is noticed in half of that."""
PARTING = 2.0
"""Seconds a closing connection gets to say goodbye, and its tasks to end."""
Step: TypeAlias = Callable[[], Awaitable[None]]
OnTrouble: TypeAlias = Callable[[str, str], Awaitable[None]]
"""Called with a kind and a reason: `dead` (a token is refused), `alive` (it works again)."""


class Sockets:
    """Keep the connections; `patience` and `pause` are seconds of real time. Tries to connect are at most twice the
    patience apart.

    Pings go out every third of the patience; a connection that does not answer within half an interval is closed.
    """

    def __init__(
        self,
        app: AsyncApp,
        web: AsyncWebClient,
        app_token: str,
        *,
        patience: float = PATIENCE,
        pause: float = PATIENCE / 6,
        on_trouble: OnTrouble | None = None,
    ) -> None:
        self._app, self._web, self._token = app, web, app_token
        self._patience, self._pause, self._longest = patience, pause, 2 * patience
        self._on_trouble, self._dead = on_trouble, ""
        self._not_before = 0.0
        self.handlers: list[AsyncSocketModeHandler | None] = [None] * CONNECTIONS
        self._tasks: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        """Open the first connection, then keep all of them in the background. Raise `AccountDead` for a wrong token."""
        self.handlers[0] = await self._connect()
        self._tasks = [
            asyncio.create_task(self._keep(slot), name=f"slack-socket-{slot}") for slot in range(CONNECTIONS)
        ]

    async def close(self) -> None:
        """Close all connections and stop keeping them."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(self._drop(slot) for slot in range(CONNECTIONS)))

    async def connected(self) -> int:
        """Count the connections that are up."""
        return sum([await each.client.is_connected() for each in self.handlers if each is not None])

    async def _connect(self) -> AsyncSocketModeHandler:
        """Ask for an address ourselves, so that a wrong token is an error and not an endless loop in the library."""
        address = await self._address()
        handler = AsyncSocketModeHandler(
            self._app, self._token, logger=library_logger(), web_client=self._web, ping_interval=self._patience / 3
        )
        handler.client.wss_uri = address
        # The library's own way asks again without a pause when Slack says to wait for no time at all.
        handler.client.issue_new_wss_url = self._address  # type: ignore[method-assign]
        direct(handler.client, self._web.base_url)
        connect = cast(Step, handler.connect_async)
        try:
            await asyncio.wait_for(connect(), self._patience)
        except TimeoutError:
            await _close(handler)
            raise NotSent("socket") from None
        except BaseException:
            await _close(handler)
            raise
        return handler

    async def _address(self) -> str:
        """Get an address to connect to, but not while Slack has asked us to wait."""
        loop = asyncio.get_running_loop()
        if (wait := self._not_before - loop.time()) > 0:
            raise RateLimited(wait)
        try:
            with neutral():
                answer = await self._web.apps_connections_open(app_token=self._token)
                return word(answer.get("url"))
        except RateLimited as error:
            self._not_before = loop.time() + min(error.after, self._longest)
            raise

    async def _keep(self, slot: int) -> None:
        loop, wait = asyncio.get_running_loop(), self._pause
        seen = loop.time()
        while True:
            handler = self.handlers[slot]
            if handler is not None and await handler.client.is_connected():
                seen = loop.time()
                await asyncio.sleep(self._pause)
            elif handler is not None and loop.time() - seen < self._patience:
                await asyncio.sleep(self._pause)  # the library reconnects by itself
            else:
                await self._drop(slot)
                wait = await self._rebuild(slot, wait)
                seen = loop.time()

    async def _rebuild(self, slot: int, wait: float) -> float:
        """Connect a slot anew; give the seconds to wait before the next try should it fail."""
        try:
            self.handlers[slot] = await self._connect()
            await self._tell("")
            return self._pause
        except RateLimited as error:
            await asyncio.sleep(min(error.after, self._longest))
        except AccountDead as error:
            log.error("slack_app_token_dead", reason=error.reason)
            await self._tell(error.reason)
            await asyncio.sleep(self._longest)
        except Exception as error:  # whatever it is, this connection must come back
            log.warning("slack_socket_failed", slot=slot, error=type(error).__name__)
            await asyncio.sleep(wait)
        return min(wait * 2, self._longest)

    async def _tell(self, dead: str) -> None:
        """Tell once that our app token is refused, and once that it works again."""
        if bool(dead) == bool(self._dead):
            return
        self._dead = dead
        if self._on_trouble is None:
            return
        try:
            await self._on_trouble("dead" if dead else "alive", dead)
        except Exception as error:  # who listens must not keep us from connecting
            log.error("slack_trouble_untold", error=type(error).__name__)

    async def _drop(self, slot: int) -> None:
        handler, self.handlers[slot] = self.handlers[slot], None
        if handler is None:
            return
        await _close(handler)


async def _close(handler: AsyncSocketModeHandler) -> None:
    """Close a handler and wait for its tasks, which its own close only cancels, and not even that when it fails."""
    client, closing = handler.client, cast(Step, handler.close_async)
    with contextlib.suppress(Exception):  # who is silent does not answer to a goodbye either
        await asyncio.wait_for(closing(), PARTING)
    with contextlib.suppress(Exception):
        await client.aiohttp_client_session.close()
    tasks = [client.message_processor, client.current_session_monitor, client.message_receiver]
    known = [each for each in tasks if each is not None]
    for each in known:
        each.cancel()
    if known:
        done, late = await asyncio.wait(known, timeout=PARTING)
        for each in done:
            if not each.cancelled():
                each.exception()  # seen; what went wrong in a closed connection is of no interest
        if late:
            log.warning("slack_socket_hangs", tasks=len(late))
