"""Settling lost answers on one connection: is the message there? Found is sent, surely absent is sent again.

Where a platform cannot be asked, what is left by a crash becomes `unknown` or, for a few kinds, one copy (reliability
P3). Works only while its line holds the connection, below the platform's limit, with a back-off and an end.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import structlog

from chat.errors import AccountDead, ChatMoved, MessageGone, NotSent, PlatformError, RateLimited, Rejected, Unreachable
from chat.people import MessageRef, Person, Place
from scheduler import cards
from scheduler.delivery import PROGRESS
from scheduler.pacing import Window
from scheduler.results import Accepted, accept, backoff, lose, note, queue
from scheduler.rounds import IDLE, Rounds
from scheduler.sender import Line
from storage import deliveries
from storage.database import Session
from storage.deliveries import Campaign, Delivery
from storage.sharing import real_now

log = structlog.get_logger(__name__)
AT_ONCE = 4
"""Look-ups in flight at once on one connection."""
FAILURES_MAX = 8
"""So many look-ups without an answer, and the message is `unknown`."""
WAIT_MAX = 300.0
BEFORE = timedelta(seconds=10)
"""How long before its request left a message was drawn, at most."""


@dataclass(frozen=True, slots=True)
class _Found:
    """Be what one look-up said of a row."""

    row: Delivery
    what: Literal["there", "absent", "no answer", "no right"]
    ref: MessageRef | None = None


class Seeker(Rounds):
    """Look into the lost answers of one connection."""

    who = "seeker"

    def __init__(self, line: Line) -> None:
        super().__init__(line)
        # A workspace without a limit of its own (tests, own server) has none for look-ups either.
        limited = line.platform.limits.per_minute > 0
        self._pace = Window(int(self._shop.settings.look_ups_per_minute) if limited else 0, 60)
        self._not_before = 0.0
        self._failures: dict[int, int] = {}
        """Row -> look-ups without an answer in this process."""

    async def _round(self) -> float:
        line, shop = self._line, self._shop
        if not line.platform.workspace:
            return 1.0
        async with shop.database.read() as db:
            number, first = await deliveries.next_settling(db, *line.name)
            real = await real_now(db)
        line.tally["settling"] = number
        if first is None:
            self._failures.clear()
            return IDLE
        if not await self._may_send():
            return 1.0
        if not line.platform.finds:
            return await self._give_up(real)
        wait = max((first - real).total_seconds(), self._not_before - time.monotonic())
        if wait > 0 or line.dead or line.pace.paused:
            return max(wait, 1.0 if line.dead else line.pace.paused, 0.005)
        return await self._look_up()

    async def _give_up(self, real: datetime) -> float:
        """Decide about rows of a platform that cannot be asked, which a crash left."""
        async with self._shop.database.write() as db:
            rows = await deliveries.settling(db, *self._line.name, until=real + timedelta(days=365))
            for row in (await deliveries.still_settling(db, [each.id for each in rows])).values():
                db.scope(row.community_id)
                campaign = await db.get_one(Campaign, row.campaign_id)
                lose(row, campaign, row.reason, real, self._shop.settings, finds=False)
                self._line.tally["unknown"] += row.state == "unknown"
                await db.flush()
                await cards.touch(db, [PROGRESS], campaign.key)
        self._line.poke()
        return 0.0

    async def _look_up(self) -> float:
        line, chosen = self._line, list[Delivery]()
        now = time.monotonic()
        async with self._shop.database.read() as db:
            rows = await deliveries.settling(db, *line.name, AT_ONCE)
        for row in rows:
            if self._pace.wait(now) > 0:
                break
            self._pace.take(now)
            chosen.append(row)
        if not chosen:
            return max(self._pace.wait(now), 0.005)
        said = await asyncio.gather(*(self._ask(row) for row in chosen))
        found = [each for each in said if each is not None]
        if found:
            async with self._shop.database.write() as db:
                await line.keep_hold(db)
                if line.held:
                    await self._write(db, found)
            line.poke()
        return 0.0 if found else 0.05

    async def _ask(self, row: Delivery) -> _Found | None:
        """Ask once; none when the answer says nothing about the row, so that it is asked again."""
        line, name = self._line, self._line.platform.name
        place = Place(name, line.platform.workspace, row.chat, "group")
        if row.channel_id is None:
            place = line.platform.direct(Person(name, line.platform.workspace, row.chat))
        assert row.lost_at is not None
        try:
            async with asyncio.timeout(self._shop.settings.lease * 2 / 3):
                ref = await line.platform.find(place, row.key, row.lost_at)
        except RateLimited as error:
            after = line.health.limited(error.after)
            line.tally["limited"] += 1
            self._not_before = time.monotonic() + after * 1.02 + 0.05
            return None
        except AccountDead as error:
            await line.circuit(error.reason or "token refused")
            return None
        except (Rejected, Unreachable, ChatMoved, MessageGone) as error:
            log.warning("look_up_refused", delivery=row.id, reason=getattr(error, "reason", "")[:120])
            return _Found(row, "no right")
        except NotSent:  # the way there is closed, which says nothing about the row
            self._not_before = time.monotonic() + min(WAIT_MAX, self._shop.settings.settle)
            return None
        except (PlatformError, TimeoutError) as error:
            log.info("look_up_lost", delivery=row.id, error=type(error).__name__)
            return _Found(row, "no answer")
        except Exception:
            log.exception("look_up_failed", delivery=row.id)
            return _Found(row, "no answer")
        log.info("looked_up", delivery=row.id, found=ref is not None)
        return _Found(row, "absent" if ref is None else "there", ref)

    async def _write(self, db: Session, found: list[_Found]) -> None:
        """Write down what was said of rows that still wait for it."""
        rows = await deliveries.still_settling(db, [each.row.id for each in found])
        real, now, settings = await real_now(db), self._shop.clock.now(), self._shop.settings
        for each in found:
            row = rows.get(each.row.id)
            if row is None or row.settle_at != each.row.settle_at:
                continue
            db.scope(row.community_id)
            campaign, address = await db.get_one(Campaign, row.campaign_id), row.chat
            if each.ref is not None:
                accept(row, each.ref, now)
                row.settle_at = None
                self._line.tally["sent"] += 1
                await db.flush()
                since = (row.lost_at or real) - BEFORE
                await note(db, [Accepted(row, campaign, each.ref, since, address)], self._shop)
            elif each.what == "absent":
                row.reason = ""
                queue(row, campaign, real + timedelta(seconds=backoff(row.attempts, settings)))
                if row.state == "queued" and row.expires_at is not None and row.expires_at <= now:
                    row.state, row.lease_until = "expired", None
                self._line.tally["retry"] += 1
            else:
                self._no_answer(row, each.what, real, now)
            if row.settle_at is None:
                self._failures.pop(row.id, None)
                await db.flush()
                await cards.touch(db, [PROGRESS], campaign.key)

    def _no_answer(self, row: Delivery, what: str, real: datetime, now: datetime) -> None:
        count = self._failures[row.id] = self._failures.get(row.id, 0) + 1
        late = row.expires_at is not None and row.expires_at <= now
        if what == "no answer" and count < FAILURES_MAX and not late:
            row.settle_at = real + timedelta(seconds=min(WAIT_MAX, self._shop.settings.settle * 2**count))
            return
        row.state, row.settle_at = "unknown", None
        self._line.tally["unknown"] += 1
