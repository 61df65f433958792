"""Separate doors for the platforms: while one is shut, connecting to it is refused, as when a platform is down.

A fault of the API answers wrongly; an outage does not answer at all, so that a program knows nothing was done.
"""

from __future__ import annotations

from aiohttp import web

from sandbox.errors import WrongCall
from sandbox.world import World


class Doors:
    """Serve the same application on one more port per platform, and shut or open these ports."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._runner: web.AppRunner | None = None
        self._host = ""
        self._sites: dict[str, web.TCPSite] = {}
        self._ports: dict[str, int] = {}

    @property
    def shut(self) -> list[str]:
        """Give the platforms whose doors are shut."""
        return [name for name in self._ports if name not in self._sites]

    def ready(self, runner: web.AppRunner, host: str) -> None:
        """Take note of the running server."""
        self._runner, self._host = runner, host

    async def make(self, platform: str) -> str:
        """Make the door of a platform; give its address, without a slash at its end."""
        assert self._runner is not None, "the sandbox is not running"
        before = len(self._runner.addresses)
        await self._listen(platform, 0)
        self._ports[platform] = int(self._runner.addresses[before][1])
        return self.address(platform)

    def address(self, platform: object) -> str:
        """Give the address of a platform's door; empty as long as it has none."""
        port = self._ports.get(platform) if isinstance(platform, str) else None
        return f"http://{self._host}:{port}" if port else ""

    async def _listen(self, platform: str, port: int) -> None:
        assert self._runner is not None
        site = web.TCPSite(self._runner, self._host, port, backlog=2048)
        await site.start()
        self._sites[platform] = site

    async def turn(self, platform: object, *, down: bool) -> None:
        """Shut or open a platform's door. Raise `WrongCall` for a platform without one."""
        if not isinstance(platform, str) or platform not in self._ports:
            known = ", ".join(sorted(self._ports)) or "none; only the demo makes them"
            raise WrongCall(f'"platform" is one with a door of its own: {known}')
        port = self._ports[platform]
        if down and platform in self._sites:
            await self._sites.pop(platform).stop()
            self._cut(port)
            await self._world.side(platform).cut()
        elif not down and platform not in self._sites:
            await self._listen(platform, port)
        self._world.changes.note()

    def _cut(self, port: int) -> None:
        """Cut what is connected to a port."""
        assert self._runner is not None
        assert self._runner.server is not None
        for each in self._runner.server.connections:
            name = each.transport.get_extra_info("sockname") if each.transport is not None else None
            if name is not None and name[1] == port and each.transport is not None:
                each.transport.abort()
