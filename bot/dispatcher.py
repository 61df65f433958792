"""From what a person did to what we answer: durable row first, one transaction, commit, then the answer.

`accept` commits the inbox row before the platform is acknowledged; `handle` runs the feature in one transaction that
also marks the row done, so a press is applied exactly once however often it is delivered and wherever we are killed.
A row belongs to the process that took it in; what is not done because of that process or the database is taken over.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from datetime import timedelta

import structlog

from bot import identity
from bot.accepting import Accepting, key_of
from bot.explaining import NOTHING
from bot.fetching import FILES_MAX, Fetching
from bot.flood import Floods
from bot.handling import Handling
from bot.interview import QUESTION
from bot.routes import Routes
from bot.turns import LANES_MAX, Act, Turns
from chat.inbound import AnyInbound, from_json
from chat.outbound import Edit, Reply
from chat.people import MessageRef
from chat.platform import Outcome, Platform
from scheduler import cards
from scheduler.clock import Clock
from storage import drafts, inbox
from storage.database import Database
from storage.vault import Vault

log = structlog.get_logger(__name__)

RECOVERING = 8
"""Rows taken over that are handled and answered at once."""
ROUNDS = 50
"""Claims in one go; what is still left then is for the next one."""


class Dispatcher:
    """Be the `Receiver` of all platforms; `worker` names this process, `lease` is in seconds of real time."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        routes: Routes,
        platforms: Sequence[Platform],
        *,
        changed: Callable[[], None] = lambda: None,
        worker: str = "",
        lease: float = 60.0,
        floods: Floods | None = None,
        page_link: Callable[[str], str] = lambda _path: "",
        vault: Vault | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._changed = changed
        self._worker = worker
        self._lease = timedelta(seconds=lease)
        self._accepting = Accepting(database, clock, worker, self._lease)
        self._floods = floods or Floods()
        self._handling = Handling(
            database, clock, routes, platforms, self._accepting, worker, changed, page_link, vault
        )
        self._fetching = Fetching(self._handling.platform)
        self._turns = Turns(self._handling.work, 1 if database.sqlite else LANES_MAX)

    async def accept(self, inbound: AnyInbound) -> bool:
        """Store an inbound object and commit; false when its key was seen before."""
        return (await self._accepting.accept([inbound]))[0]

    async def accept_all(self, inbounds: Sequence[AnyInbound]) -> list[bool]:
        """Store several in one transaction, all or none; false for each whose key was seen before, here or earlier."""
        return await self._accepting.accept(inbounds)

    async def handle(self, inbound: AnyInbound) -> Outcome:
        """Do what is asked in one transaction and give the answers once it is committed.

        Trouble becomes a text for the person. While the database cannot be used nothing is answered: `take_over` does
        it later. Of a flood only the last act is done.
        """
        key = key_of(inbound)
        try:
            act = Act(inbound, self._accepting.begin(key))
            if await self._floods.passes(inbound):
                outcome = await self._turns.take(act)
                for _ in range(FILES_MAX):
                    if act.wants is None:
                        break
                    act = Act(inbound, act.row, files=act.files | await self._fetching.get(inbound, act.wants))
                    outcome = await self._turns.take(act)
                return outcome
            async with self._database.write() as db:
                await self._handling.finish(db, act)
            return NOTHING
        finally:
            self._accepting.let_go(key)

    async def performed(self, inbound: AnyInbound, outcome: Outcome, refs: Sequence[MessageRef | None]) -> None:
        """Remember which messages are copies of cards, so that they follow the truth."""
        copies = [
            (answer.card, ref)
            for answer, ref in zip(outcome.answers, refs, strict=False)
            if isinstance(answer, (Reply, Edit)) and answer.card and ref
        ]
        if not copies or all(ref == getattr(inbound, "message", None) for _, ref in copies):
            return
        async with self._database.write() as db:
            who = await identity.find(db, inbound, self._clock.now())
            if who.community is None:
                return
            db.scope(who.community.id)
            for card, ref in copies:
                if card.kind == QUESTION:
                    await drafts.carried(db, card.subject, ref.chat, ref.message)
                else:
                    await cards.note(db, card.kind, card.subject, ref, member=who.owner)
        self._changed()

    async def take_over(self) -> int:
        """Do what was taken in but not done and tell the people; give how many acts that were.

        Rows of processes that were killed (their lease has ended) and our own whose handling was lost. Call it at the
        start and every few seconds. Raise what the database raises.
        """
        done = 0
        for _ in range(ROUNDS):
            found = await self.left_over()
            await self.recover(found)
            done += len(found)
            if len(found) < inbox.CLAIMED:
                break
        return done

    async def left_over(self) -> list[AnyInbound]:
        """Claim what was taken in but is in nobody's hands, oldest first, at most a hundred."""
        found: list[AnyInbound] = []
        async with self._database.write() as db:
            rows, dead = await inbox.claim(db, self._worker, self._lease, self._accepting.in_hand())
            for row in dead:
                reference = secrets.token_hex(2).upper()
                inbox.fail(row, reference)
                log.error("inbox_row_given_up", reference=reference, row=row.id, deaths=row.attempts + 1)
            for row in rows:
                try:
                    inbound = from_json(row.body or {})
                except (KeyError, TypeError, ValueError) as error:
                    reference = secrets.token_hex(2).upper()
                    inbox.fail(row, reference)
                    log.error("inbox_row_unreadable", reference=reference, row=row.id, error=type(error).__name__)
                    continue
                self._accepting.hold(key_of(inbound), row.id)
                found.append(inbound)
        return found

    async def recover(self, left_over: Sequence[AnyInbound]) -> None:
        """Do what `left_over` gave and answer it, one person's acts in order; old interactions are answered by edit."""
        room = asyncio.Semaphore(RECOVERING)

        async def one(inbound: AnyInbound) -> None:
            async with room:
                try:
                    outcome = await self.handle(inbound)
                    platform = self._handling.platform(inbound)
                    if platform is not None and outcome.answers:
                        await self.performed(inbound, outcome, await platform.perform(inbound, outcome))
                except Exception as error:
                    log.error("recovered_answer_lost", key=inbound.key, error=type(error).__name__)

        async with asyncio.TaskGroup() as group:
            for inbound in left_over:
                group.create_task(one(inbound))
        if left_over:
            log.info("inbox_recovered", rows=len(left_over))

    async def forget_old(self) -> None:
        """Drop keys and drafts after seven days; by then no platform sends the same thing again."""
        async with self._database.write() as db:
            await inbox.forget(db, self._clock.now() - timedelta(days=7))
            await drafts.forget(db, self._clock.now())
