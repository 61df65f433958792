"""Redrawing cards that are out of date: coalesced, paced, after new messages, always ending on the last state.

What is wanted is read before the card is drawn, so a change during the edit waits for the next one.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from chat.errors import AccountDead, ChatMoved, MessageGone, PlatformError, RateLimited, Rejected, Unreachable
from chat.people import MessageRef
from scheduler.contract import Skip
from scheduler.drawing import draw, reader_of
from scheduler.rounds import IDLE, Rounds
from scheduler.sender import Line
from storage.communities import Channel, Community
from storage.database import away
from storage.deliveries import CardCopy, waiting_cards
from storage.members import Member
from storage.sharing import real_now

log = structlog.get_logger(__name__)
AT_ONCE = 4
"""Edits in flight at once on one connection."""
GIVE_WAY = 3.0
"""Seconds an edit lets new messages go first, at most."""
BORROW = 0.5
"""Seconds between two edits that no longer give way."""
RETRY_MAX = 60.0


@dataclass(frozen=True, slots=True)
class _Done:
    """Be what became of one edit: the revision shown now, whether the message is gone, or that it comes again."""

    copy: CardCopy
    shown: bool = True
    gone: bool = False
    chat: str = ""


class Editor(Rounds):
    """Keep the cards of one connection true; works only where its line may send."""

    who = "editor"

    def __init__(self, line: Line) -> None:
        super().__init__(line)
        self._not_before: dict[int, float] = {}
        """Copy -> monotonic moment of its next try, after an error."""
        self._failures: dict[int, int] = {}
        self._borrow_at = 0.0
        self.busy = False
        """Whether edits are in flight or being written down."""

    async def _round(self) -> float:
        line, shop = self._line, self._shop
        if not line.platform.workspace or line.dead:
            return 1.0
        async with shop.database.read() as db:
            waiting = await waiting_cards(db, *line.name, limit=200)
            real = await real_now(db)
        if not waiting:
            return IDLE
        if not await self._may_send():
            return 1.0
        delay = timedelta(seconds=line.platform.limits.edit_delay)
        ready: list[CardCopy] = []
        nearest, now = IDLE, time.monotonic()
        for copy in waiting:
            group = copy.channel_id is not None
            waited = (real - (copy.edit_at or real) - delay).total_seconds()
            borrow = waited > GIVE_WAY and now >= self._borrow_at
            wait = max(
                -waited,
                line.pace.edit_wait(copy.chat, group=group, borrow=borrow),
                self._not_before.get(copy.id, 0.0) - now,
            )
            if wait <= 0 and line.sending and not borrow:
                wait = 0.1  # new messages go first
            if wait > 0 or len(ready) >= AT_ONCE or copy.chat in {each.chat for each in ready}:
                nearest = min(nearest, max(wait, 0.0))
                continue
            if line.sending:
                self._borrow_at = now + BORROW
            ready.append(copy)
        if not ready:
            return max(nearest, 0.005)
        self.busy = True
        try:
            await self._write(await asyncio.gather(*(self._edit(copy) for copy in ready)))
        finally:
            self.busy = False
        return 0.0

    async def _edit(self, copy: CardCopy) -> _Done:
        """Draw a card as it is now and edit the message; `copy` is the snapshot taken before."""
        line, ref = self._line, MessageRef(copy.platform, copy.workspace, copy.chat, copy.message)
        try:
            async with self._shop.database.read(copy.community_id) as db:
                member = await db.get(Member, copy.member_id) if copy.member_id else None
                channel = await db.get(Channel, copy.channel_id) if copy.channel_id else None
                community = await db.get_one(Community, copy.community_id)
                reader = reader_of(member, channel, community, line.platform.command_pattern)
                message = await draw(
                    db, self._shop.compose, kind=copy.kind, subject=copy.subject, member=member, channel=channel,
                    reader=reader, now=self._shop.clock.now(), first=False,
                )  # fmt: skip
        except Exception as error:
            if away(error):  # the database is away: the card still waits
                return _Done(copy, shown=False)
            log.exception("redrawing_failed", reference=secrets.token_hex(3).upper(), copy=copy.id, kind=copy.kind)
            return _Done(copy)
        if isinstance(message, Skip) or line.shown.same(ref, copy.shown, message):
            if not isinstance(message, Skip):
                line.shown.put(ref, copy.wanted, message)
            return _Done(copy)
        # Only now: a drawing that changes nothing must not use up the group's minute.
        if line.pace.edit_wait(copy.chat, group=copy.channel_id is not None, borrow=True) > 0:
            return _Done(copy, shown=False)
        line.pace.take_edit(copy.chat, group=copy.channel_id is not None)
        try:
            async with asyncio.timeout(self._shop.settings.lease * 2 / 3):
                await line.platform.edit(ref, message, reader)
        except (MessageGone, Unreachable):
            return _Done(copy, gone=True)
        except Rejected as error:
            log.error("edit_rejected", copy=copy.id, kind=copy.kind, reason=error.reason)
            return _Done(copy)
        except ChatMoved as error:
            return _Done(copy, shown=False, chat=error.chat)
        except (PlatformError, TimeoutError) as error:  # edits may be repeated freely
            await self._again(copy, error)
            return _Done(copy, shown=False)
        except Exception:
            log.exception("editing_failed", copy=copy.id, kind=copy.kind)
            return _Done(copy)
        line.shown.put(ref, copy.wanted, message)
        self._failures.pop(copy.id, None)
        return _Done(copy)

    async def _again(self, copy: CardCopy, error: Exception) -> None:
        line, count = self._line, self._failures.get(copy.id, 0) + 1
        if isinstance(error, RateLimited):
            line.pace.pause(error.after, copy.chat if error.scope else "", edits_only=not line.pace.edits_by_group)
            return
        if isinstance(error, AccountDead):
            await line.circuit(error.reason or "token refused")
        self._failures[copy.id] = count
        retry = min(RETRY_MAX, self._shop.settings.retry * 2 ** min(count - 1, 10))
        self._not_before[copy.id] = time.monotonic() + retry
        log.info("edit_again", copy=copy.id, error=type(error).__name__, seconds=retry)

    async def _write(self, results: Sequence[_Done]) -> None:
        async with self._shop.database.write() as db:
            await self._line.keep_hold(db)
            real = await real_now(db)
            for each in results:
                row = await db.get(CardCopy, each.copy.id, with_for_update=True)
                if row is None:
                    continue
                if row.shown != each.copy.shown:  # an answer edited the message too: what it looks like is not certain
                    self._line.shown.forget(MessageRef(row.platform, row.workspace, row.chat, row.message))
                if each.shown:
                    # A note of the dispatcher may have raised both revisions meanwhile: only ever go up.
                    row.shown = max(row.shown, each.copy.wanted)
                    row.edit_at = real if row.wanted > row.shown else row.edit_at
                    self._not_before.pop(row.id, None)
                row.gone = row.gone or each.gone
                row.chat = each.chat or row.chat
