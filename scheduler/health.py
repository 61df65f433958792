"""Whether the way to a platform is open: the circuit of a refused token, failures in a row, and who is told."""

from __future__ import annotations

import math
import time

import structlog

from chat.platform import Platform
from scheduler.contract import Alert
from scheduler.pacing import Pace
from scheduler.shop import Shop

log = structlog.get_logger(__name__)
FAILURES_MAX = 3
"""After so many failures in a row only one message is in flight, until one succeeds."""
FLOODED = 2
"""So many 429 in a row, from whatever chats, mean the whole bot."""
BACK_OFF_MAX = 15.0
PAUSE_MAX = 3600.0
"""Longest pause we obey; then one message is tried."""
PAUSE_ODD = 1.0
"""Pause after a 429 that names none that makes sense."""
TELL_EVERY = 3600.0
"""Seconds in which one unknown answer code is told once."""


class Health:
    """Know how one connection does."""

    def __init__(self, shop: Shop, platform: Platform, pace: Pace) -> None:
        self._shop, self._platform, self._pace = shop, platform, pace
        self.dead = ""
        """Why the platform refuses our token; while it is set, one message is tried every `probe` seconds."""
        self.probe_at = 0.0
        """Monotonic moment of the next try of a refused token."""
        self.probing = False
        """Whether a message that tries a refused token is in hand."""
        self._failures = self._limited = 0
        self._told: dict[str, float] = {}

    @property
    def half_open(self) -> bool:
        """Tell whether the platform failed so often in a row that one message at a time feels the way."""
        return self._failures >= FAILURES_MAX or self.flooded

    @property
    def flooded(self) -> bool:
        """Tell whether so many 429 came in a row that they mean the whole bot, whatever chat each of them names."""
        return self._limited >= FLOODED

    @property
    def lanes(self) -> int:
        """Give how many messages may be in flight at once."""
        return 1 if self.half_open else self._platform.limits.lanes

    def worked(self) -> None:
        """Note a sensible answer, also one about this recipient alone."""
        self._failures = self._limited = 0

    def failed(self) -> None:
        """Note an attempt that did not arrive or whose answer was lost; those in flight together count once."""
        if self._pace.paused:
            return
        self._failures += 1
        if self.half_open:
            beyond = min(self._failures - FAILURES_MAX, 10)
            self._pace.pause(min(BACK_OFF_MAX, self._shop.settings.retry * 2**beyond))

    def limited(self, after: float) -> float:
        """Give the seconds to pause after a 429 that asks for `after`, whatever that is; more when they repeat."""
        self._failures = 0
        self._limited = min(self._limited + 1, 16)
        if math.isnan(after) or after <= 0:
            after = PAUSE_ODD
        if after > PAUSE_MAX:
            after, self._failures = PAUSE_MAX, FAILURES_MAX
        return max(after, min(60.0, 0.005 * 2.0**self._limited))

    async def circuit(self, reason: str) -> bool:
        """Open the circuit with a reason, close it with none, tell when it changes; give whether it did."""
        self.probing = False
        if reason:
            self.probe_at = time.monotonic() + self._shop.settings.probe
        if bool(reason) == bool(self.dead):
            return False
        self.dead = reason
        log.error("connection_dead" if reason else "connection_alive", platform=self._platform.name, reason=reason)
        await self._tell("dead" if reason else "alive", reason)
        return True

    async def strange(self, code: str) -> None:
        """Tell of an answer nobody has told us about, once an hour per code."""
        now = time.monotonic()
        if now < self._told.get(code, 0.0):
            return
        if len(self._told) > 100:  # whoever makes up codes must not fill our memory
            self._told = {each: until for each, until in self._told.items() if until > now}
            if len(self._told) > 100:
                return
        self._told[code] = now + TELL_EVERY
        log.error("strange_answer", platform=self._platform.name, code=code)
        await self._tell("strange", code)

    async def _tell(self, kind: str, reason: str) -> None:
        if self._shop.on_alert is None:
            return
        try:
            await self._shop.on_alert(Alert(kind, self._platform.name, self._platform.workspace, reason))
        except Exception:  # the operator is not told; sending goes on
            log.exception("alert_failed", kind=kind)
