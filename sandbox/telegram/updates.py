"""The queue of updates: long polls with offsets, and how long each kind is kept (platforms §2.6), in real time."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

from sandbox.telegram.errors import HOOK_ACTIVE, OTHER_POLLER, Refused, bad
from sandbox.telegram.webhook import Webhook

BY_DEFAULT = frozenset(
    {
        "message",
        "edited_message",
        "channel_post",
        "edited_channel_post",
        "inline_query",
        "chosen_inline_result",
        "callback_query",
        "poll",
        "poll_answer",
        "my_chat_member",
        "chat_join_request",
    }
)
"""Kinds that come without being asked for; `chat_member` and reactions must be listed."""
TIMEOUT_MAX, LIMIT_MAX = 50, 100


@dataclass(slots=True)
class Update:
    """Be an update; `queue` names what is delivered strictly in order by webhook, `until` is monotonic time."""

    id: int
    kind: str
    content: dict[str, Any]
    queue: str
    until: float

    def payload(self) -> dict[str, Any]:
        """Give the update as a Bot API `Update`."""
        return {"update_id": self.id, self.kind: self.content}


@dataclass(slots=True)
class _Poller:
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    displaced: str = ""


class Updates:
    """Keep updates until they are confirmed or too old; `press_life` and `life` are real seconds."""

    def __init__(self) -> None:
        self.press_life, self.life = 150.0, 86_400.0
        self.waiting: dict[int, Update] = {}
        self.allowed = BY_DEFAULT
        self.webhook: Webhook | None = None
        # A sandbox that is started again must not repeat numbers: the bot remembers those it has seen.
        self._last = int((time.time() - 1_750_000_000) * 10)
        self._poller: _Poller | None = None

    def push(self, kind: str, content: dict[str, Any], queue: str) -> int:
        """Add an update and give its number; 0 if the bot did not ask for this kind."""
        if kind not in self.allowed:
            return 0
        self._last += 1
        life = self.press_life if kind == "callback_query" else self.life
        update = Update(self._last, kind, content, queue, time.monotonic() + life)
        self.waiting[update.id] = update
        if self.webhook is not None:
            self.webhook.offer(update)
        elif self._poller is not None:
            self._poller.woken.set()
        return update.id

    def allow(self, kinds: list[Any] | None) -> None:
        """Remember which kinds the bot wants: `None` keeps what was said before, an empty list is the default."""
        if kinds is None:
            return
        if not all(isinstance(kind, str) for kind in kinds):
            raise bad("can't parse allowed_updates: array of strings expected")
        self.allowed = frozenset(kinds) or BY_DEFAULT

    async def poll(self, offset: int, limit: int, timeout: int) -> list[dict[str, Any]]:
        """Answer getUpdates; a later poller makes this one fail with 409, as does a webhook."""
        if self.webhook is not None:
            raise Refused(409, HOOK_ACTIVE)
        self.displace(OTHER_POLLER)
        mine = self._poller = _Poller()
        limit = limit if 1 <= limit <= LIMIT_MAX else LIMIT_MAX
        ends = time.monotonic() + max(0, min(timeout, TIMEOUT_MAX))
        self._confirm(offset)
        try:
            while not (found := self._fresh(limit)) and (left := ends - time.monotonic()) > 0:
                mine.woken.clear()
                try:
                    async with asyncio.timeout(left):
                        await mine.woken.wait()
                except TimeoutError:
                    break
                if mine.displaced:
                    raise Refused(409, mine.displaced)
            return [update.payload() for update in found]
        finally:
            if self._poller is mine:
                self._poller = None

    def displace(self, reason: str) -> None:
        """Make the poller that waits, if any, fail with 409."""
        if self._poller is not None:
            self._poller.displaced = reason
            self._poller.woken.set()

    def drop(self) -> None:
        """Forget everything that waits."""
        self.waiting.clear()

    def _confirm(self, offset: int) -> None:
        if offset < 0:
            keep = list(self.waiting)[offset:]
            self.waiting = {id: self.waiting[id] for id in keep}
        while self.waiting and (first := next(iter(self.waiting))) < offset:
            del self.waiting[first]

    def _fresh(self, limit: int) -> list[Update]:
        now, found = time.monotonic(), []
        for update in list(self.waiting.values()) if len(self.waiting) <= limit else self._first(limit):
            if update.until <= now:
                del self.waiting[update.id]
            else:
                found.append(update)
        return found

    def _first(self, limit: int) -> list[Update]:
        now = time.monotonic()
        for id in [update.id for update in self.waiting.values() if update.until <= now]:
            del self.waiting[id]
        return [update for update, _ in zip(self.waiting.values(), range(limit), strict=False)]
