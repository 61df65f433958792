"""What a line has in hand: messages being drawn, drawn, in flight, and results not yet on disk."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from scheduler.prepare import Job, Result
from storage.deliveries import Delivery


class Hand:
    """Hold the deliveries one line works on, each in exactly one place."""

    def __init__(self) -> None:
        self.drawing: list[Delivery] = []
        self.ready: list[Job] = []
        self.flying: dict[asyncio.Task[None], Job] = {}
        self.done: list[Result] = []

    def __bool__(self) -> bool:
        return bool(self.ready or self.done or self.flying or self.drawing)

    @property
    def jobs(self) -> Iterator[Job]:
        """Give the messages that are drawn, in flight or not."""
        yield from self.ready
        yield from self.flying.values()

    @property
    def ids(self) -> set[int]:
        """Give the ids of all deliveries in hand: no recovery may touch them."""
        drawn = {job.delivery.id for job in self.jobs} | {row.id for row in self.drawing}
        return drawn | {each.delivery.id for each in self.done}

    @property
    def alone(self) -> bool:
        """Tell whether what is in hand was in hand in a crash: nothing else is taken then."""
        return any(row.crashes for row in self.drawing) or any(job.delivery.crashes for job in self.jobs)
