"""The bot's own HTTP: health, readiness and figures for whoever watches it, and the platforms' webhooks."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

Health = Callable[[], Awaitable[dict[str, Any]]]
Page = Callable[[], Awaitable[bytes]]
Handler = Callable[[Request], Awaitable[Response]]


def application(
    health: Health,
    webhooks: Sequence[tuple[str, Handler]],
    extra: Sequence[Route] = (),
    *,
    ready: Health | None = None,
    metrics: Page | None = None,
) -> Starlette:
    """Make the application: `/healthz`, `/readyz`, `/metrics` and the webhooks given as `(path, handler)`."""

    def state(ask: Health) -> Handler:
        async def answer(_request: Request) -> Response:
            found = await ask()
            return JSONResponse(found, status_code=200 if found["ok"] else 503)

        return answer

    async def page(_request: Request) -> Response:
        return Response(await metrics() if metrics else b"", media_type=CONTENT_TYPE_LATEST)

    routes = [Route("/healthz", state(health)), Route("/readyz", state(ready or health))]
    routes += [Route("/metrics", page)] if metrics else []
    routes += [Route(path, handler, methods=["POST"]) for path, handler in webhooks]
    return Starlette(routes=[*routes, *extra])


GRACE = 4
"""Seconds that requests in hand get to end at a stop."""


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the program: it stops everything in one order (tech §4)."""
        yield


class HttpServer:
    """Serve an application on one address until stopped, in the program's own event loop."""

    def __init__(self, app: Starlette, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._server = _Server(
            uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=GRACE)
        )
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> int:
        """Begin to serve; give the port. Raise `OSError` when the address is taken."""
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        listening = socket.socket(family, socket.SOCK_STREAM)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind((self._host, self._port))
        except OSError as error:
            listening.close()
            raise OSError(f"cannot serve HTTP on {self._host}:{self._port}: {error.strerror}") from None
        self._task = asyncio.create_task(self._server.serve(sockets=[listening]), name="http")
        while not self._server.started and not self._task.done():
            await asyncio.sleep(0.01)
        return int(listening.getsockname()[1])

    async def stop(self) -> None:
        """Finish the requests in hand and stop."""
        self._server.should_exit = True
        if self._task is not None:
            await self._task
