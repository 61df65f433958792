"""How one call goes wrong under a fault: what is done, what is written down, and what the caller gets."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress

from aiohttp import hdrs, web

from sandbox.faults import Fault

FOREVER = 3600.0
"""Seconds after which even a black hole is over."""
Work = Callable[[], Awaitable[web.StreamResponse]]
Refuse = Callable[[int, bool], web.StreamResponse]


async def suffer(fault: Fault, request: web.Request, work: Work, refuse: Refuse) -> web.StreamResponse:
    """Answer a request under a fault.

    `work` does what the call asks and writes its ledger row; `refuse(status, noted)` makes the platform's own answer to
    a call that was not done, with the words of the fault if it has some, and writes its row if it is to be noted. What
    was not done and gets no answer of the platform is written with status 0.
    """
    match fault.action:
        case "429":
            return _with_headers(fault, refuse(429, True))
        case "unauthorized":
            return refuse(401, True)
        case "5xx_before":
            return _with_headers(fault, refuse(fault.status or 502, True))
        case "5xx_after":
            await work()
            return _with_headers(fault, web.Response(status=fault.status or 502, text="Bad Gateway"))
        case "error_before":
            return _with_headers(fault, refuse(fault.status or 400, True))
        case "error_after":
            await work()
            return _with_headers(fault, refuse(fault.status or 400, False))
        case "delay":
            answer = await work()
            await asyncio.sleep(fault.seconds)
            return answer
        case "garbage":
            await work()
            return web.Response(text="<html>not what you expect</html>", content_type="text/html")
        case "answer_before":
            refuse(0, True)
            return _made_up(fault)
        case "answer_after":
            await work()
            return _made_up(fault)
        case "kill" if fault.seconds:
            answer = await work()
            asyncio.get_running_loop().call_later(fault.seconds, kill, fault.pid)
            return answer
        case "kill":
            await work()
            kill(fault.pid)
        case "cut_after":
            await work()
        case "black_hole":
            refuse(0, True)
            return await swallow(fault, request)
        case _:
            refuse(0, True)
    return cut(request)


async def swallow(fault: Fault, request: web.Request) -> web.StreamResponse:
    """Leave a request in a black hole."""
    await asyncio.sleep(fault.seconds or FOREVER)
    return cut(request)


def cut(request: web.Request) -> web.Response:
    """Cut the connection of a request without an answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)  # goes nowhere


def kill(pid: int) -> None:
    """End a process as a crash does; one that has ended already is all right."""
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGKILL)


def _with_headers(fault: Fault, answer: web.StreamResponse) -> web.StreamResponse:
    answer.headers.update(fault.headers)
    return answer


def _made_up(fault: Fault) -> web.Response:
    body = fault.body if isinstance(fault.body, str) else json.dumps(fault.body)
    headers = {hdrs.CONTENT_TYPE: "application/json", **fault.headers}
    return web.Response(body=body.encode("utf-8", "surrogatepass"), status=fault.status or 200, headers=headers)
