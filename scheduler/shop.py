"""What the workers of every connection share, and what they remember of their own drawings."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

import structlog

from chat.message import Message
from chat.people import MessageRef
from scheduler.clock import Clock
from scheduler.contract import Compose, EngineSettings, OnAlert, Sent
from storage.database import Database, away

log = structlog.get_logger(__name__)
SHOWN_KEPT = 2000


@dataclass(slots=True)
class Shop:
    """Be what every line works with."""

    database: Database
    clock: Clock
    compose: Mapping[str, Compose]
    settings: EngineSettings
    worker: str
    sent: Sent | None = None
    on_alert: OnAlert | None = None
    suspect: int = 0
    """Id of the delivery that was in hand in a crash and is tried now, alone in this process; 0 = none."""


class Shown:
    """Remember what our last drawings looked like, by message and revision, to leave out edits that change nothing."""

    def __init__(self) -> None:
        self._known: OrderedDict[MessageRef, tuple[int, Message]] = OrderedDict()

    def put(self, ref: MessageRef, revision: int, message: Message) -> None:
        """Remember a drawing; the oldest are forgotten."""
        self._known[ref] = (revision, message)
        self._known.move_to_end(ref)
        if len(self._known) > SHOWN_KEPT:
            self._known.popitem(last=False)

    def forget(self, ref: MessageRef) -> None:
        """Forget a drawing that may not be what is shown."""
        self._known.pop(ref, None)

    def same(self, ref: MessageRef, revision: int, message: Message) -> bool:
        """Tell whether exactly this is shown at that revision."""
        return self._known.get(ref) == (revision, message)


def complain(who: str, platform: str, error: Exception) -> None:
    """Log why a worker could not do its round: a database that is away, locked or full is no mistake of ours."""
    if away(error):
        log.error(f"{who}_waits_for_database", platform=platform, error=type(error).__name__)
    else:
        log.exception(f"{who}_failed", platform=platform, error=type(error).__name__)
