"""What the demo asks of its bot over HTTP: wait for rest, look ahead, look back. Never served with a real clock."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.planned import planned, sent
from scheduler.clock import Clock, SandboxClock
from scheduler.engine import Engine
from storage.database import Database

SETTLE_SECONDS = 45
"""Longest wait for rest: after a reply deadline every private card follows, at the pace of edits."""


def demo_routes(database: Database, clock: Clock, engine: Engine) -> list[Route]:
    """Give the routes; none where the clock is the machine's."""
    if not isinstance(clock, SandboxClock):
        return []

    async def settled(request: Request) -> Response:
        wanted = request.query_params.get("now", "")
        deadline = asyncio.get_running_loop().time() + 20
        while clock.now().isoformat() < wanted and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.005)
        quiet = await engine.settle(timeout=SETTLE_SECONDS, with_cards=request.query_params.get("cards") != "0")
        async with database.read() as db:
            due = await engine.next_due(db)
        return JSONResponse({"settled": quiet, "next_due": due.isoformat() if due else None})

    async def look_ahead(_request: Request) -> Response:
        return JSONResponse(await planned(database, clock.now()))

    async def look_back(_request: Request) -> Response:
        return JSONResponse(await sent(database))

    return [Route("/demo/settled", settled), Route("/demo/planned", look_ahead), Route("/demo/sent", look_back)]
