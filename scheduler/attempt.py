"""One attempt to send one message: once, and what became of it (platforms §6, reliability §2.3 points 4 and 5)."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from chat.errors import AccountDead, Ambiguous, ChatMoved, NotSent, PlatformError, RateLimited, Rejected, Unreachable
from chat.people import MessageRef
from scheduler.prepare import Job, Result

if TYPE_CHECKING:
    from scheduler.sender import Line

log = structlog.get_logger(__name__)


async def attempt(line: Line, job: Job) -> Result:
    """Send once; every end is a result, nothing is raised."""
    row, health, dead = job.delivery, line.health, line.health.dead
    moved = list[str]()
    try:
        async with asyncio.timeout(line.shop.settings.lease * 2 / 3):  # its result must be written within the lease
            ref = await _send(line, job, moved)
    except RateLimited as error:
        return _limited(line, job, error, "".join(moved))
    except NotSent as error:
        health.failed()
        log.info("not_sent", delivery=row.id, reason=error.reason)
        return Result(row, "retry", moved="".join(moved))
    except (Ambiguous, TimeoutError) as error:
        health.failed()
        log.warning("answer_lost", delivery=row.id, platform=line.platform.name, error=str(error)[:120])
        if getattr(error, "strange", False):
            await health.strange(str(getattr(error, "reason", "")))
        return Result(row, "lost", "answer lost", moved="".join(moved))
    except Unreachable as error:
        health.worked()
        return Result(row, "unreachable", error.reason, moved="".join(moved))
    except ChatMoved:
        health.worked()
        return Result(row, "dead", "moved twice", moved="".join(moved))
    except AccountDead as error:
        await line.circuit(error.reason or "token refused")
        return Result(row, "release", moved="".join(moved))
    except PlatformError as error:
        health.worked()
        if not isinstance(error, Rejected):
            log.error("unexpected_error", delivery=row.id, error=type(error).__name__)
        log.error("rejected", delivery=row.id, platform=line.platform.name, reason=error.reason)
        return Result(row, "dead", error.reason or "rejected", moved="".join(moved))
    except Exception:  # a bug of ours or of the adapter: whether it arrived cannot be known
        log.exception("sending_failed", delivery=row.id)
        return Result(row, "lost", "error", moved="".join(moved))
    health.worked()
    if dead:  # what left before the token was refused says nothing about now
        await line.circuit("")
    line.shown.put(ref, 0, job.message)
    return Result(row, "sent", ref=ref, job=job, moved="".join(moved))


async def _send(line: Line, job: Job, moved: list[str]) -> MessageRef:
    """Send, and once more to the new id of a chat that moved, which goes to `moved`."""
    try:
        return await line.platform.send(job.place, job.message, job.reader, job.delivery.key)
    except ChatMoved as error:
        moved.append(error.chat)
        place = replace(job.place, chat=error.chat)
    return await line.platform.send(place, job.message, job.reader, job.delivery.key)


def _limited(line: Line, job: Job, error: RateLimited, moved: str) -> Result:
    """Pause the chat, which its row remembers, or the whole connection, which its own row remembers."""
    after = line.health.limited(error.after)
    line.tally["limited"] += 1
    log.info("rate_limited", platform=line.platform.name, after=after, chat=bool(error.scope))
    if error.scope and not line.health.flooded:
        line.pace.pause(after, job.place.chat)
        return Result(job.delivery, "release", moved=moved, hold=after)
    line.pause(after)
    return Result(job.delivery, "release", moved=moved)
