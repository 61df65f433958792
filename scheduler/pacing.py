"""Pacing inside the platforms' limits (platforms §2.2, §3.1), per bot and per chat, by real time.

A pause after 429 is a moment before which nothing starts; a success in between does not open it (reliability L5).
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from chat.platform import Limits

MARGIN = 1.04
"""Requests arrive a little closer together than they left; every window is kept a little longer than the platform's."""
SECOND_MARGIN = 1.035
"""The same for the bot's second, less than the even spacing's, which would otherwise be held up by it."""
CHATS_KEPT = 500
DELETIONS_PER_MINUTE = 40
UNLIMITED = 1_000_000


class Window:
    """Allow `limit` starts in any window of `seconds`; 0 allows all."""

    def __init__(self, limit: int, seconds: float, margin: float = MARGIN) -> None:
        self.limit, self._seconds = limit, seconds * margin
        self._starts: deque[float] = deque()

    def wait(self, now: float) -> float:
        """Give the seconds until another start is allowed."""
        while self._starts and self._starts[0] <= now - self._seconds:
            self._starts.popleft()
        if not self.limit or len(self._starts) < self.limit:
            return 0.0
        return self._starts[-self.limit] + self._seconds - now

    def room(self, now: float) -> int:
        """Give how many starts are allowed at once."""
        self.wait(now)
        return self.limit - len(self._starts) if self.limit else UNLIMITED

    def take(self, now: float) -> None:
        """Note a start."""
        if self.limit:
            self._starts.append(now)


class Bucket:
    """Space starts evenly at `rate` a second, with `burst` at once after a rest."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate, self._burst = rate / MARGIN, burst
        self._tokens, self._at = burst, float("-inf")

    def wait(self, now: float) -> float:
        """Give the seconds until another start is allowed."""
        if self._at != float("-inf"):
            self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now
        return 0.0 if self._tokens > 0.999999 else (1 - self._tokens) / self._rate

    def room(self, now: float) -> int:
        """Give how many starts are allowed at once."""
        self.wait(now)
        return int(self._tokens + 0.000001)

    def take(self, now: float) -> None:
        """Use one start."""
        self.wait(now)
        self._tokens -= 1


class Pace:
    """Keep one connection inside its limits; messages and edits of one group share its minute.

    `edits_per_minute` counts per group where groups have a limit of their own (Telegram), else for the whole
    workspace (Slack). `clock` gives real monotonic seconds.
    """

    def __init__(self, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits, self._clock = limits, clock
        # What a late wake-up missed may be made good, within the window: two messages, or what 50 ms allow.
        self._second = Bucket(limits.per_second, burst=max(2.0, limits.per_second / 20))
        whole = max(1, int(limits.per_second))
        self._window = Window(whole, whole / limits.per_second, SECOND_MARGIN)
        self._minute = Window(limits.per_minute, 60)
        self._edits = Window(limits.edits_per_minute, 60)
        # Where a workspace has a minute of its own (Slack), deletions are a method with a limit of its own.
        self._deletions = Window(DELETIONS_PER_MINUTE if limits.per_minute else 0, 60)
        self._groups: dict[str, Window] = {}
        self._group_edits: dict[str, Window] = {}
        self._free: dict[str, float] = {}
        """Chat -> moment of its next start."""
        self._paused = self._edits_paused = 0.0

    @property
    def edits_by_group(self) -> bool:
        """Tell whether the pace of edits is kept per group."""
        return self._limits.group_per_minute > 0

    def bot_wait(self) -> float:
        """Give the seconds until any message may start."""
        now = self._clock()
        pace = max(self._second.wait(now), self._window.wait(now), self._minute.wait(now))
        return max(self._paused - now, pace, 0.0)

    def room(self) -> int:
        """Give how many messages may start at once now, as far as the whole bot is concerned."""
        now = self._clock()
        if self._paused > now:
            return 0
        return min(self._second.room(now), self._window.room(now), self._minute.room(now))

    def chat_wait(self, chat: str, *, group: bool) -> float:
        """Give the seconds until a message to this chat may start, as far as the chat is concerned."""
        now = self._clock()
        wait = self._free.get(chat, 0.0) - now
        if group and chat in self._groups:
            wait = max(wait, self._groups[chat].wait(now))
        return max(wait, 0.0)

    def take(self, chat: str, *, group: bool) -> None:
        """Note that a message to a chat starts now."""
        now = self._clock()
        self._second.take(now)
        self._window.take(now)
        self._minute.take(now)
        self._chat_starts(chat, now, group)

    def remember(self, ago: float, chat: str, *, group: bool) -> None:
        """Note a message that started so many seconds ago, before this process held the connection; oldest first."""
        at = self._clock() - ago
        for window in (self._window, self._minute):
            window.take(at)
        self._chat_starts(chat, at, group)

    def edit_wait(self, chat: str, *, group: bool, borrow: bool = False) -> float:
        """Give the seconds until a message of this chat may be edited; `borrow` lets it go before waiting messages."""
        now = self._clock()
        wait = max(self._edits_paused - now, self._paused - now, 0.0)
        if not self.edits_by_group:
            return max(wait, self._edits.wait(now))
        wait = max(wait, self.chat_wait(chat, group=group))
        if not borrow:
            wait = max(wait, self.bot_wait())
        if group and chat in self._group_edits:
            wait = max(wait, self._group_edits[chat].wait(now))
        return wait

    def take_edit(self, chat: str, *, group: bool) -> None:
        """Note that an edit in a chat starts now."""
        now = self._clock()
        self._edits.take(now)
        if self.edits_by_group:
            self._second.take(now)
            self._window.take(now)
            self._chat_starts(chat, now, group)
            if group:
                self._group_edits.setdefault(chat, Window(self._limits.edits_per_minute, 60)).take(now)

    def deletion_wait(self) -> float:
        """Give the seconds until one of our messages may be deleted."""
        now = self._clock()
        wait = max(self._paused - now, self._deletions.wait(now), 0.0)
        return max(wait, self.bot_wait()) if self.edits_by_group else wait

    def take_deletion(self) -> None:
        """Note that a deletion starts now."""
        now = self._clock()
        self._deletions.take(now)
        if self.edits_by_group:
            self._second.take(now)
            self._window.take(now)

    def pause(self, seconds: float, chat: str = "", *, edits_only: bool = False) -> None:
        """Start nothing in a chat, or nothing at all, for so long; a longer pause is never shortened."""
        until = self._clock() + seconds * 1.02 + 0.05
        if chat:
            self._free[chat] = max(self._free.get(chat, 0.0), until)
        elif edits_only:
            self._edits_paused = max(self._edits_paused, until)
        else:
            self._paused = max(self._paused, until)

    @property
    def paused(self) -> float:
        """Give the seconds the whole connection is still paused."""
        return max(self._paused - self._clock(), 0.0)

    def busy(self) -> dict[str, float]:
        """Give the chats to which nothing may start now, with the seconds they stay so."""
        now = self._clock()
        while self._free and next(iter(self._free.values())) <= now:  # the oldest come first, but for long pauses
            del self._free[next(iter(self._free))]
        if len(self._free) > CHATS_KEPT:
            self._free = {chat: at for chat, at in self._free.items() if at > now}
        waits = {chat: at - now for chat, at in self._free.items() if at > now}
        for chat, window in self._groups.items():
            wait = window.wait(now)
            if wait > 0:
                waits[chat] = max(wait, waits.get(chat, 0.0))
        return waits

    def _chat_starts(self, chat: str, now: float, group: bool) -> None:
        if self._limits.chat_interval:
            until = now + self._limits.chat_interval * MARGIN
            self._free[chat] = max(self._free.pop(chat, 0.0), until)
        if group and self._limits.group_per_minute:
            self._groups.setdefault(chat, Window(self._limits.group_per_minute, 60)).take(now)
