"""Taking messages back on one connection: deleted at the platform's pace, or edited to say that it was a mistake."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import structlog
from sqlalchemy import select

from chat.errors import (
    AccountDead,
    Ambiguous,
    ChatMoved,
    MessageGone,
    PlatformError,
    RateLimited,
    Rejected,
    Unreachable,
)
from chat.people import MessageRef
from scheduler import cards
from scheduler.delivery import PROGRESS
from scheduler.rounds import IDLE, Rounds
from scheduler.sender import Line
from storage import deliveries
from storage.database import Session
from storage.deliveries import KEPT, TAKEN_BACK, Campaign, CardCopy, Delivery
from storage.sharing import real_now

log = structlog.get_logger(__name__)
NOTE = "withdrawn_note"
"""Kind of the card a message becomes that cannot be deleted; drawn by a feature."""
AT_ONCE = 4
RETRY_MAX = 60.0


class Withdrawer(Rounds):
    """Delete the messages of one connection whose campaigns are taken back; works only where its line may send."""

    who = "withdrawer"

    def __init__(self, line: Line) -> None:
        super().__init__(line)
        self._not_before, self._failures = 0.0, 0
        self._asked: set[int] = set()
        """Rows whose deletion got no answer: it may have worked, so a refusal afterwards says nothing."""

    async def _round(self) -> float:
        line, shop = self._line, self._shop
        if not line.platform.workspace or line.dead:
            return 1.0
        wait = max(self._not_before - time.monotonic(), line.pace.deletion_wait())
        async with shop.database.read() as db:
            rows = await deliveries.to_take_back(db, *line.name, AT_ONCE)
        if not rows:
            self._asked.clear()
            return IDLE
        if not await self._may_send():
            return 1.0
        if wait > 0:
            return max(wait, 0.005)
        chosen: list[Delivery] = []
        for row in rows:
            if line.pace.deletion_wait() > 0:
                break
            line.pace.take_deletion()
            chosen.append(row)
        ends = await asyncio.gather(*(self._delete(row) for row in chosen))
        if any(end is not None for end in ends):
            self._failures = 0
            await self._write([(row, end) for row, end in zip(chosen, ends, strict=True) if end is not None])
        return 0.0

    async def _delete(self, row: Delivery) -> bool | None:
        """Delete once: whether it is gone now; none to try it again."""
        line = self._line
        ref = MessageRef(row.platform, row.workspace, row.chat, row.message)
        try:
            async with asyncio.timeout(self._shop.settings.lease * 2 / 3):
                gone = await line.platform.delete(ref)
        except RateLimited as error:
            line.tally["limited"] += 1
            self._not_before = time.monotonic() + line.health.limited(error.after) * 1.02 + 0.05
            return None
        except AccountDead as error:
            await line.circuit(error.reason or "token refused")
            return None
        except MessageGone:
            return True
        except (Rejected, Unreachable, ChatMoved) as error:
            log.info("deletion_refused", delivery=row.id, reason=getattr(error, "reason", "")[:120])
            return False
        except (PlatformError, TimeoutError) as error:  # a deletion may be repeated freely
            if isinstance(error, Ambiguous | TimeoutError):
                self._asked.add(row.id)
            self._failures += 1
            pause = min(RETRY_MAX, self._shop.settings.retry * 2.0 ** min(self._failures - 1, 10))
            self._not_before = max(self._not_before, time.monotonic() + pause)
            return None
        except Exception:
            log.exception("deletion_failed", delivery=row.id)
            return False
        return gone or row.id in self._asked

    async def _write(self, ends: Sequence[tuple[Delivery, bool]]) -> None:
        async with self._shop.database.write() as db:
            await self._line.keep_hold(db)
            for community in sorted({row.community_id for row, _ in ends}):
                db.scope(community)
                await self._note(db, {row.id: gone for row, gone in ends if row.community_id == community})
        self._line.tally["deleted"] += sum(gone for _, gone in ends)

    async def _note(self, db: Session, gone: dict[int, bool]) -> None:
        query = select(Delivery).where(Delivery.id.in_(gone), Delivery.state == "sent").with_for_update()
        rows, real = list(await db.scalars(query)), await real_now(db)
        for row in rows:
            copies = select(CardCopy).where(
                CardCopy.platform == row.platform,
                CardCopy.workspace == row.workspace,
                CardCopy.chat == row.chat,
                CardCopy.message == row.message,
            )
            for copy in await db.scalars(copies.with_for_update()):
                copy.kind, copy.gone = NOTE, gone[row.id]
                copy.wanted, copy.edit_at = copy.wanted + 1, real
            if gone[row.id]:
                row.state, row.reason = "cancelled", TAKEN_BACK
            else:
                row.reason = KEPT
        await db.flush()
        wanted = {row.campaign_id for row in rows}
        for campaign in await db.scalars(select(Campaign).where(Campaign.id.in_(wanted))):
            await cards.touch(db, [PROGRESS], campaign.key)
