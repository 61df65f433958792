"""Having progress cards redrawn: not for each message of a burst, but surely for the last."""

from __future__ import annotations

import time

from scheduler import cards
from scheduler.delivery import PROGRESS
from storage.database import Session

EVERY = 0.3
"""Seconds between two redrawings of one progress card while messages are in hand."""


class Progress:
    """Remember which campaigns look different from what their progress cards say."""

    def __init__(self) -> None:
        self._wanted: set[tuple[int, str]] = set()
        """Community and key of the campaigns."""
        self._at = 0.0

    def __bool__(self) -> bool:
        return bool(self._wanted)

    @property
    def wait(self) -> float:
        """Give the seconds until the cards should be told."""
        return max(0.0, self._at + EVERY - time.monotonic())

    def add(self, community: int, keys: set[str]) -> None:
        """Note that campaigns look different."""
        self._wanted |= {(community, key) for key in keys}

    async def tell(self, db: Session, *, last: bool) -> set[tuple[int, str]]:
        """Touch the cards if it is time or nothing else is in hand; give which, for `told` after the commit."""
        telling = set(self._wanted)
        if not telling or (self.wait > 0 and not last):
            return set()
        for community in {community for community, _ in telling}:
            db.scope(community)
            for campaign in (key for its, key in telling if its == community):
                await cards.touch(db, [PROGRESS], campaign)
        self._at = time.monotonic()
        return telling

    def told(self, which: set[tuple[int, str]]) -> None:
        """Forget what is on disk now."""
        self._wanted -= which
