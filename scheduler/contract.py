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
from storage.deliveries import Campaign, Delivery
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


Sent: TypeAlias = Callable[[Session, Delivery, Campaign], Awaitable[None]]
"""Called for each message a platform accepted, in the transaction that notes it, scoped to its community."""


@dataclass(frozen=True, slots=True)
class Alert:
    """Tell the operator about a connection.

    `dead` (token refused; sending stopped), `alive` (it works again), `conflict` (somebody else polls with our token),
    `strange` (an answer nobody has told us about; `reason` is its code).
    """

    kind: str
    platform: str
    workspace: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class LineFigures:
    """Say how sending on one connection goes: counts since the start of this process, and what is in hand now."""

    platform: str
    workspace: str
    sent: int = 0
    """Messages a platform accepted, those found by a look-up included."""
    retried: int = 0
    """Attempts that surely did not arrive and come again."""
    released: int = 0
    """Claimed rows given back without an attempt: their turn was too far away, a pause, a stop."""
    unknown: int = 0
    """Messages that ended as `unknown`."""
    dead: int = 0
    """Messages that ended as `dead`, unreachable people included."""
    limited: int = 0
    """Answers that asked us to slow down (429)."""
    lost: int = 0
    """Attempts whose answer was lost; each is settled later as sent, queued again or unknown."""
    settling: int = 0
    """Lost answers that wait for their look-up, as far as this process has seen."""
    flying: int = 0
    """Requests in flight now."""
    ready: int = 0
    """Messages drawn and waiting for their turn now."""
    dead_reason: str = ""
    """Why the platform refuses our token; "" while it does not."""
    held: bool = False
    """Whether this process sends on the connection."""
    paused: float = 0.0
    """Seconds until anything may leave again, after a 429 or repeated failures."""


OnAlert: TypeAlias = Callable[[Alert], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """Set the engine's intervals, all in seconds of real time; tests use small ones."""

    lease: float = 60.0
    """How long claimed work belongs to its worker; after it, the worker counts as dead."""
    sweep: float = 1.0
    """How often due work is looked for, apart from `wake` and the clock's moves."""
    recovery: float = 15.0
    """How often expired leases are looked for."""
    hold: float = 15.0
    """How long a connection belongs to the process that sends on it."""
    retry: float = 1.0
    """First back-off of a message that was surely not sent; it doubles, with full jitter."""
    retry_max: float = 300.0
    timer_retry: float = 5.0
    """First back-off of a timer whose work failed; it doubles."""
    probe: float = 60.0
    """How often a refused token is tried again, with one message."""
    settle: float = 25.0
    """How long after a lost answer the platform is asked whether the message is there (reliability §2.3 point 8)."""
    look_ups_per_minute: float = 40.0
    """How many such look-ups one connection makes, below the platform's limit."""
    drain: float = 10.0
    """How long a stop waits for requests in flight."""
    gap: float = 0.05
    """Shortest time between two sweeps, however often `wake` is called."""
