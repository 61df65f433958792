"""The playground: a page in which a person plays everybody on both platforms and moves the clock."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import hdrs, web

from sandbox.control import answer, body_of
from sandbox.doors import Doors
from sandbox.errors import WrongCall
from sandbox.hooks import Asked, Hooks
from sandbox.playground.live import Live
from sandbox.playground.pages import index, static
from sandbox.world import World

__all__ = ["Playground"]
BOT_ACTIONS = ("kill", "stop", "start")
QUIET = frozenset({hdrs.METH_GET, hdrs.METH_HEAD, hdrs.METH_OPTIONS})


class Playground:
    """Answer the page, its files, its live socket, and the control calls only the page needs."""

    def __init__(self, world: World, hooks: Hooks, doors: Doors) -> None:
        self.world, self.hooks, self.doors = world, hooks, doors
        self.live = Live(world, hooks, doors)

    def routes(self) -> list[web.AbstractRouteDef]:
        """Give the routes; they stand before those of the control interface, which takes any other word."""
        return [
            web.get("/", index),
            web.get("/static/{path:.*}", static),
            web.get("/control/live", self.live.socket),
            web.get("/control/planned", self.planned),
            web.get("/control/sent", self.sent),
            web.get("/control/bot", self.bot),
            web.post("/control/bot", self.act_on_bot),
            web.post("/control/outage", self.outage),
            web.post("/control/door", self.door),
            web.delete("/control/faults/{id:[0-9]{1,9}}", self.drop_fault),
        ]

    @web.middleware
    async def watching(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Note a change after every request that may have made one; a bot asking for news makes none."""
        given = await handler(request)
        if request.method not in QUIET and not request.path.endswith("/getUpdates"):
            self.world.changes.note()
        return given

    async def close(self) -> None:
        """End every live socket."""
        await self.live.close()

    async def planned(self, request: web.Request) -> web.Response:
        """Tell what waits to be sent: `{"known", "next", "rows", "totals"}`; `known` is false without a bot to ask."""
        return await self._ask(self.hooks.planned, {"next": None, "rows": [], "totals": {}, "kinds": []})

    async def sent(self, request: web.Request) -> web.Response:
        """Tell what kind each message is: `{"known", "sent": [[platform, chat, message, kind]], "cards": [...]}`."""
        return await self._ask(self.hooks.sent, {"sent": [], "cards": []})

    async def _ask(self, hook: Asked | None, without: dict[str, Any]) -> web.Response:
        if hook is None:
            return answer({"known": False, **without})
        try:
            return answer({"known": True, **await hook()})
        except (OSError, TimeoutError, json.JSONDecodeError, WrongCall):
            return answer({"known": False, **without})

    async def bot(self, request: web.Request) -> web.Response:
        """Tell whether the bot runs; an empty state means that nobody here knows."""
        return answer({"state": self.live.bot_state(), "can": list(BOT_ACTIONS) if self.hooks.bot else []})

    async def act_on_bot(self, request: web.Request) -> web.Response:
        """Kill, stop or start the bot: `{"action": "kill"}`."""
        action = (await body_of(request)).get("action")
        if action not in BOT_ACTIONS:
            raise WrongCall(f'"action" is one of {", ".join(BOT_ACTIONS)}')
        if self.hooks.bot is None:
            raise WrongCall("this sandbox did not start the bot and cannot stop it", 409)
        await self.hooks.bot(str(action))
        return answer({"ok": True, "state": self.live.bot_state()})

    async def outage(self, request: web.Request) -> web.Response:
        """Let a platform be down or up again: `{"platform": "telegram", "down": true}`; connecting is refused then."""
        body = await body_of(request)
        await self.doors.turn(body.get("platform"), down=bool(body.get("down", True)))
        return answer({"ok": True, "down": self.doors.shut})

    async def door(self, request: web.Request) -> web.Response:
        """Make a door of its own for `platform`, which `outage` can shut; give its address, the same one each time."""
        platform = (await body_of(request)).get("platform")
        url = self.doors.address(platform) or await self.doors.make(self.world.side(platform).name)
        return answer({"ok": True, "url": url})

    async def drop_fault(self, request: web.Request) -> web.Response:
        """Forget one fault."""
        if not self.world.faults.drop(int(request.match_info["id"])):
            raise WrongCall(f"there is no fault {request.match_info['id']}", 404)
        return answer({"ok": True})
