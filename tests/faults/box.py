"""The sandbox of a row, as a process of its own: hurt it, play people in it, read its ledger."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import aiohttp

from tests.faults.processes import Process

POSTS = {"telegram": {"sendMessage", "sendDocument"}, "slack": {"chat.postMessage", "files.completeUploadExternal"}}
"""The methods by which a message reaches somebody."""


class Box:
    """Be a running sandbox. Ledger rows are fetched once and kept."""

    def __init__(self, url: str, process: Process, session: aiohttp.ClientSession) -> None:
        self.url, self.process, self.session = url, process, session
        self.rows: list[dict[str, Any]] = []
        """The ledger as far as it was read."""

    async def control(self, action: str, /, **body: Any) -> dict[str, Any]:
        """Play a person or turn a knob. Raise `AssertionError` with the sandbox's sentence."""
        async with self.session.post(f"{self.url}/control/{action}", json=body) as answer:
            found: dict[str, Any] = await answer.json()
            assert answer.status < 400, f"{action}: {found.get('error', answer.status)}"
            return found

    async def ask(self, what: str, **query: str) -> Any:
        """Read something: `screen`, `people`, `limits`, `clock`, `faults`."""
        async with self.session.get(f"{self.url}/control/{what}", params=query) as answer:
            return await answer.json()

    async def fault(self, action: str, /, platform: str = "", method: str = "", **more: Any) -> int:
        """Add a fault rule without an end unless `count` is given; give its id."""
        rule = {"action": action, "platform": platform, "method": method, "count": None, **more}
        return int((await self.control("faults", **rule))["id"])

    async def heal(self) -> None:
        """Forget all fault rules."""
        async with self.session.delete(f"{self.url}/control/faults") as answer:
            assert answer.status == 200

    async def hits(self, rule: int) -> int:
        """Count the calls that suffered under a rule."""
        return next(int(each["hits"]) for each in await self.ask("faults") if each["id"] == rule)

    async def read(self, seconds: float = 0.0) -> list[dict[str, Any]]:
        """Read on in the ledger, waiting so long for something new; give what is new."""
        new: list[dict[str, Any]] = []
        while True:
            after = str(self.rows[-1]["n"] if self.rows else 0)
            page = await (self.ask("wait", after=after, seconds=f"{seconds:.2f}") if seconds and not new
                          else self.ask("ledger", after=after))  # fmt: skip
            self.rows += page
            new += page
            if not page:
                return new

    def posts(self, platform: str = "", *, status: int = 200, people: bool = True) -> list[dict[str, Any]]:
        """Give the messages taken (or refused with another status), to people alone or to channels as well."""
        return [
            row
            for row in self.rows
            if row["status"] == status
            and row["method"] in POSTS.get(row["platform"], ())
            and platform in ("", row["platform"])
            and (row["person"] or not people)
        ]

    async def reach(self, count: int, platform: str = "", seconds: float = 60.0) -> bool:
        """Wait until so many messages were taken; false when the time is up."""
        return await self.until(lambda: len(self.posts(platform)) >= count, seconds)

    async def until(self, look: Callable[[], bool], seconds: float) -> bool:
        """Wait until the ledger shows something; false when the time is up."""
        deadline = time.monotonic() + seconds
        await self.read()
        while not look():
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            await self.read(min(left, 2.0))
        return True

    async def refused(self) -> Counter[str]:
        """Count the calls that broke a limit, by limit."""
        return Counter((await self.ask("limits"))["breaches"])

    async def slow(self, seconds: float, **more: Any) -> int:
        """Let every answer to a message come late, so that the lanes are always full of doubt."""
        ids = [await self.fault("delay", name, each, seconds=seconds, **more)
               for name, each in (("telegram", "sendMessage"), ("slack", "chat.postMessage"))]  # fmt: skip
        return ids[0]

    async def press(self, person: str, platform: str, button: str, **more: Any) -> dict[str, Any]:
        """Press the newest button of that label or data in somebody's private chat."""
        return await self.control("press", person=person, platform=platform, button=button, **more)


async def calm(seconds: float) -> None:
    """Let real time pass where the row is about time itself."""
    await asyncio.sleep(seconds)
