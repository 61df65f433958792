"""Tell who watches that something people see has changed; many changes at once are one wake-up."""

from __future__ import annotations

import asyncio


class Changes:
    """Count changes and wake those who wait for the next one."""

    def __init__(self) -> None:
        self.version = 1
        self._moved: asyncio.Event | None = None

    def note(self) -> None:
        """Note that something changed."""
        self.version += 1
        if self._moved is not None:
            moved, self._moved = self._moved, None
            moved.set()

    async def wait(self, after: int, seconds: float) -> int:
        """Give the version as soon as it is greater than `after`, or after so many real seconds."""
        if self.version <= after:
            if self._moved is None:
                self._moved = asyncio.Event()
            try:
                async with asyncio.timeout(seconds):
                    await self._moved.wait()
            except TimeoutError:
                pass
        return self.version
