"""One more try for answers a person is waiting for; everything else is tried again by the delivery engine alone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from chat.errors import Ambiguous, NotSent, RateLimited

WAIT_MAX = 10.0
"""Longest wait for a 429 while a person waits, seconds."""
_T = TypeVar("_T")


async def twice(call: Callable[[], Awaitable[_T]], *, idempotent: bool = False) -> _T:
    """Call; if Telegram surely did nothing, wait as it asks (else a second) and call once more.

    An `idempotent` call, such as an edit, is also repeated when its answer was lost (platforms §6).
    """
    try:
        return await call()
    except NotSent as error:
        await asyncio.sleep(min(error.after, WAIT_MAX) if isinstance(error, RateLimited) else 1.0)
    except Ambiguous:
        if not idempotent:
            raise
    return await call()
