"""The live socket: tell open pages that something changed, so that they ask for what they show."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any

from aiohttp import WSMsgType, web

from sandbox.doors import Doors
from sandbox.hooks import Hooks
from sandbox.world import World

HEARTBEAT = 20.0
"""Seconds between two pings of the protocol; a page that does not answer is gone."""
LOOK = 1.0
"""Seconds between two looks at what tells nobody when it changes: whether the bot still runs."""
GATHER = 0.015
"""Seconds in which changes are gathered into one push."""


class Live:
    """Push `{"type": "state", ...}` to every open page whenever anything changed; answer its pings with a pong."""

    def __init__(self, world: World, hooks: Hooks, doors: Doors) -> None:
        self._world, self._hooks, self._doors = world, hooks, doors
        self._open: set[web.WebSocketResponse] = set()

    def bot_state(self) -> str:
        """Give "up", "down", "starting" or "" (nobody here knows)."""
        return self._hooks.bot_state() if self._hooks.bot_state else ""

    def state(self) -> dict[str, Any]:
        """Give what is pushed: ledger rows, clock, version of all screens, faults, breaches, what is down."""
        world = self._world
        return {
            "type": "state",
            "ledger": len(world.ledger),
            "clock": world.clock.view(),
            "screens": world.changes.version,
            "people": len(world.people),
            "faults": [each for each in world.faults.view() if each["alive"]],
            "breaches": sum(world.limits.breaches.values()),
            "bot": self.bot_state(),
            "down": self._doors.shut,
        }

    async def socket(self, request: web.Request) -> web.WebSocketResponse:
        """Serve one page until it leaves."""
        socket = web.WebSocketResponse(heartbeat=HEARTBEAT, max_msg_size=4096)
        await socket.prepare(request)
        self._open.add(socket)
        pushing = asyncio.create_task(self._push(socket))
        try:
            async for message in socket:
                if message.type == WSMsgType.TEXT and message.data == "ping":
                    await socket.send_str('{"type": "pong"}')
        finally:
            pushing.cancel()
            with contextlib.suppress(asyncio.CancelledError, ConnectionError):
                await pushing
            self._open.discard(socket)
        return socket

    async def _push(self, socket: web.WebSocketResponse) -> None:
        version, told = 0, ""
        while not socket.closed:
            version = await self._world.changes.wait(version, LOOK)
            await asyncio.sleep(GATHER)
            version = self._world.changes.version
            state = self.state()
            bare = json.dumps({**state, "clock": {**state["clock"], "now": ""}} if state["clock"]["rate"] else state)
            if bare != told:
                told = bare
                await socket.send_str(json.dumps(state))

    async def close(self) -> None:
        """Close every socket."""
        for socket in list(self._open):
            await socket.close(code=1001, message=b"the sandbox ends")
