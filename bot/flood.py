"""One person who presses without end gets one answer in ten seconds, for the last press; nobody else notices (S44)."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field

from chat.inbound import AnyInbound, Click, Command, Dropped, Said, Started

ACTS = 50
"""Acts of one person within `WINDOW` that are all answered; no finger is faster."""
WINDOW = 10.0
"""Seconds of real time."""
_KEPT = 1000
_FLOODING = (Click, Command, Said, Dropped, Started)


@dataclass(slots=True)
class _Person:
    times: deque[float] = field(default_factory=deque)
    next: float = 0.0
    waiting: asyncio.Future[None] | None = None


class Floods:
    """Let acts pass while they come at a human pace; of more, only the last one passes, every `window` seconds."""

    def __init__(self, acts: int = ACTS, window: float = WINDOW) -> None:
        self._acts, self._window = acts, window
        self._people: dict[str, _Person] = {}

    async def passes(self, inbound: AnyInbound) -> bool:
        """Give whether an act is handled, at once or after a wait; false when a newer one of the person replaced it."""
        if not isinstance(inbound, _FLOODING):
            return True
        now = asyncio.get_running_loop().time()
        person = self._person(inbound.by.id, now)
        person.times.append(now)
        if len(person.times) <= self._acts:
            person.next = now + self._window
            return True
        person.times.popleft()
        if person.waiting is not None and not person.waiting.done():
            person.waiting.set_result(None)
        mine = person.waiting = asyncio.get_running_loop().create_future()
        try:
            await asyncio.wait_for(mine, max(person.next - now, 0.0))
        except TimeoutError:
            person.next = asyncio.get_running_loop().time() + self._window
            return True
        return False

    def _person(self, who: str, now: float) -> _Person:
        if len(self._people) > _KEPT:
            quiet = [each for each, person in self._people.items() if person.times[-1] < now - self._window]
            for each in quiet:
                del self._people[each]
        person = self._people.setdefault(who, _Person())
        while person.times and person.times[0] < now - self._window:
            person.times.popleft()
        return person
