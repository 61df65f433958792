"""A member's calendar by its secret address. The address never reaches a log; who has it needs no other proof."""

from __future__ import annotations

import hashlib
import re
import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime

import structlog
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from handlers import _ics, _webinar_ics
from handlers._reminding import no_send_dates
from scheduler.clock import Clock
from storage import feeds, webinars
from storage.communities import own_community
from storage.database import Database
from storage.members import Member
from web._pages import not_here

log = structlog.get_logger(__name__)

PER_MINUTE = 60
"""Requests a minute one address may make; calendars ask a few times an hour."""
KNOWN_MAX = 10_000
"""Addresses whose requests are counted at once; the one that asked longest ago is forgotten first."""
_STAMP = re.compile(rb"^DTSTAMP:\w+\r\n", re.MULTILINE)


class Pace:
    """Count requests of addresses in windows of a minute, in memory; `seconds` is a clock that never goes back."""

    def __init__(self, per_minute: int = PER_MINUTE, seconds: Callable[[], float] = time.monotonic) -> None:
        self._per_minute, self._seconds = per_minute, seconds
        self._seen: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def wait(self, name: str) -> int:
        """Count one request; give the seconds to wait, 0 when it may be answered."""
        now = self._seconds()
        began, count = self._seen.pop(name, (now, 0))
        if now - began >= 60:
            began, count = now, 0
        self._seen[name] = began, count + 1
        while len(self._seen) > KNOWN_MAX:
            self._seen.popitem(last=False)
        return 0 if count < self._per_minute else max(1, int(began + 60 - now))


class Calendars:
    """Serve feeds: GET and HEAD, with an ETag; revoked, unknown and foreign addresses all get the same page."""

    def __init__(self, database: Database, clock: Clock, pace: Pace | None = None) -> None:
        self._database, self._clock = database, clock
        self._pace = pace or Pace()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        answer = await self._answer(Request(scope))
        await answer(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        if request.method not in ("GET", "HEAD"):
            return PlainTextResponse("", 405, {"Allow": "GET, HEAD"})
        token = str(request.path_params["token"])
        if seconds := self._pace.wait(feeds.fingerprint(token)):
            return PlainTextResponse("", 429, {"Retry-After": str(seconds)})
        try:
            content = await self._content(token, self._clock.now())
        except Exception as error:  # its text could hold what must stay out of the log
            log.error("calendar_not_served", error=type(error).__name__)
            return PlainTextResponse("", 503, {"Retry-After": "60"})
        if content is None:
            return not_here(request)
        return _served(content, request.headers.get("if-none-match", ""))

    async def _content(self, token: str, now: datetime) -> bytes | None:
        async with self._database.read() as db:
            found = await feeds.find(db, token)
        if found is None:
            return None
        community_id, member_id = found
        async with self._database.read(community_id) as db:
            member = await db.get(Member, member_id)
            if member is None:
                return None
            whose = _ics.For(member, await own_community(db), now, await no_send_dates(db))
            registered = await webinars.of_member(db, member, now - feeds.KEPT)
            also = [_webinar_ics.event(each, row, whose.community, whose.reader, now) for each, row in registered]
            return _ics.feed(await feeds.meetings(db, member, now), whose, also)


def _served(content: bytes, known: str) -> Response:
    """Give the calendar, or that it is still the one the asker has; only DTSTAMP differs from time to time."""
    tag = f'W/"{hashlib.sha256(_STAMP.sub(b"", content)).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if tag.removeprefix("W/") in (each.strip().removeprefix("W/") for each in known.split(",")):
        return Response(status_code=304, headers=headers)
    headers["Content-Disposition"] = 'inline; filename="calendar.ics"'
    return Response(content, headers=headers, media_type="text/calendar; charset=utf-8")
