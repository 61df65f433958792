"""The one server: sides, control interface and pages on one loopback port."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from importlib import import_module
from types import TracebackType
from typing import Any

from aiohttp import web

from sandbox.control import Control, forgiving
from sandbox.doors import Doors
from sandbox.hooks import Hooks
from sandbox.page import Pages
from sandbox.playground import Playground
from sandbox.world import Side, World

SIDES = {"telegram": "sandbox.telegram:TelegramSide", "slack": "sandbox.slack:SlackSide"}
"""Where each side lives; mounted by name, so that a world can do without one."""
BODY_MAX = 60 * 2**20
"""Bytes of a request: Telegram takes files of 50 MB."""


class NotLoopback(ValueError):
    """Refuse to serve anybody but this machine: the sandbox believes everybody who calls it."""


def loopback(host: str) -> str:
    """Give the address back if it is of this machine; raise `NotLoopback` otherwise."""
    try:
        good = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        good = False
    if not good:
        raise NotLoopback(f"the sandbox listens on 127.0.0.1 only, not on {host!r}")
    return "127.0.0.1" if host == "localhost" else host


def build_side(name: str, world: World) -> Side:
    """Make a side by its name in `SIDES`; raise `ModuleNotFoundError` if it is not there."""
    module, _, cls = SIDES[name].partition(":")
    side = getattr(import_module(module), cls)(world)
    assert isinstance(side, Side)
    return side


class Sandbox:
    """Serve a world, in this process: `async with Sandbox(spec) as box: box.url`.

    `port` 0 takes a free one; `sides` are the platforms to stand in for.
    """

    def __init__(
        self,
        spec: Mapping[str, Any] | None = None,
        port: int = 0,
        host: str = "127.0.0.1",
        sides: tuple[str, ...] = tuple(SIDES),
    ) -> None:
        self.world = World()
        self.hooks = Hooks()
        self.doors = Doors(self.world)
        self._playground = Playground(self.world, self.hooks, self.doors)
        self._host, self._port = loopback(host), port
        for name in sides:
            self.world.mount(build_side(name, self.world))
        self.world.load(spec or {})
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """Give the address of the sandbox, without a slash at its end."""
        assert self._runner is not None, "the sandbox is not running"
        host, port = self._runner.addresses[0][:2]
        return f"http://{host}:{port}"

    def side(self, name: str) -> Side:
        """Give a mounted side."""
        return self.world.side(name)

    def app(self) -> web.Application:
        """Build the web application: sides first, then control and pages."""
        app = web.Application(client_max_size=BODY_MAX, middlewares=[self._playground.watching, forgiving])
        for side in self.world.sides.values():
            app.add_routes(side.routes())
        app.add_routes(self._playground.routes())
        app.add_routes(Control(self.world).routes())
        app.add_routes(Pages(self.world).routes())
        return app

    async def start(self) -> None:
        """Begin to listen."""
        # Calls whose client went away are cancelled, else long polls and black holes would outlive the bot.
        self._runner = web.AppRunner(self.app(), access_log=None, handler_cancellation=True, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port, backlog=2048).start()
        self.doors.ready(self._runner, self._host)
        for side in self.world.sides.values():
            side.base_url = self.url
            await side.start()

    async def close(self) -> None:
        """Stop listening and end everything that runs."""
        await self._playground.close()
        for side in self.world.sides.values():
            await side.close()
        if self._runner is not None:
            await self._runner.cleanup()

    async def __aenter__(self) -> Sandbox:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
