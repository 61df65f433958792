"""What the engine asks of the features, in its own words: draw this message, do this work."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from chat.message import Message
from chat.text import Reader
from storage.communities import Channel
from storage.database import Session
from storage.members import Member
from storage.timers import Timer


@dataclass(frozen=True, slots=True)
class Drawing:
    """Ask for one message: its kind, its subject's key, for whom, and whether it is sent now or redrawn later."""

    kind: str
    subject: str
    member: Member | None
    channel: Channel | None
    reader: Reader
    now: datetime
    first: bool
    details: dict[str, Any] = field(default_factory=dict)
    """The campaign's details when it is sent; empty for a redraw."""


@dataclass(frozen=True, slots=True)
class Skip:
    """Send nothing (or leave the card as it is) for a reason that organisers can read: `replied`, `not_entitled`."""

    reason: str


Compose: TypeAlias = Callable[[Session, Drawing], Awaitable[Message | Skip]]
RunTimer: TypeAlias = Callable[[Session, Timer, datetime], Awaitable[None]]
