"""From what a person did to what we answer: durable row first, one transaction, commit, then the answer.

`accept` commits the inbox row before the platform is acknowledged; `handle` runs the feature in one transaction that
also marks the row done, so a press is applied exactly once however often it is delivered and wherever we are killed.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

import structlog

from bot import dialogue, identity
from bot.routes import Routes
from chat.errors import UserError
from chat.inbound import (
    AnyInbound,
    BotPlaced,
    Click,
    Command,
    Moved,
    Reachable,
    Said,
    Submission,
    from_json,
    to_json,
)  # fmt: skip
from chat.message import Message
from chat.outbound import Answer, Edit, Invalid, Reply, Toast
from chat.people import MessageRef
from chat.platform import Outcome, Platform
from chat.text import Reader, Text, say
from handlers._feature import Context
from scheduler import cards
from scheduler.clock import Clock
from storage import drafts, inbox
from storage.database import Database, Session

log = structlog.get_logger(__name__)

EVERYWHERE = (Moved, Reachable, BotPlaced)
"""What is true in every community of an installation: the session stays unscoped for these."""


AT_ONCE = 8
"""Acts handled at once on PostgreSQL, below the size of its pool; SQLite has one write connection. What waits here
does not queue for a connection, where it would hold up what is to be stored before its acknowledgment."""


class Dispatcher:
    """Be the `Receiver` of all platforms."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        routes: Routes,
        platforms: Sequence[Platform],
        *,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._routes = routes
        self._platforms = tuple(platforms)
        self._changed = changed
        self._locks: dict[str, tuple[asyncio.Lock, int]] = {}
        self._turns = asyncio.Semaphore(1 if database.sqlite else AT_ONCE)

    async def accept(self, inbound: AnyInbound) -> bool:
        """Store an inbound object and commit; false when its key was seen before."""
        async with self._database.write() as db:
            withheld = await self._sensitive(db, inbound)
            row = inbox.InboxRow(
                platform=inbound.by.platform,
                workspace=inbound.where.workspace,
                key=inbound.key,
                received_at=self._clock.now(),
                state="withheld" if withheld else "new",
                body=None if withheld else to_json(inbound),
            )
            return await inbox.take_in(db, row)

    async def _sensitive(self, db: Session, inbound: AnyInbound) -> bool:
        """Tell whether the body must never be stored: answers of feedback (design §9)."""
        match inbound:
            case Submission():
                return await drafts.sensitive(db, key=inbound.draft)
            case Click():
                return inbound.data.startswith("qs:")
            case Said():
                return await drafts.sensitive(db, account=inbound.by.id)
            case _:
                return False

    async def handle(self, inbound: AnyInbound) -> Outcome:
        """Do what is asked in one transaction; trouble becomes a text for the person."""
        async with self._alone(inbound.by.id):
            try:
                async with self._turns, self._database.write() as db:
                    outcome = await self._act(db, inbound)
                self._changed()
                return outcome
            except UserError as error:
                await self._settle(inbound)
                return self._explain(inbound, error.text, await self._reader(inbound))
            except Exception:
                reference = secrets.token_hex(2).upper()
                log.exception("handling_failed", reference=reference, kind=inbound.kind, key=inbound.key)
                await self._settle(inbound, reference)
                contact = await self._contact(inbound)
                text = say("error", organiser_contact=contact, error_ref=reference)
                return self._explain(inbound, text, await self._reader(inbound))

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
                await cards.note(db, card.kind, card.subject, ref, member=who.member)
        self._changed()

    async def left_over(self) -> list[AnyInbound]:
        """Give what was taken in but not done; asked before the platforms start, so nothing new is among it."""
        async with self._database.read() as db:
            return [from_json(row.body) for row in await inbox.waiting(db) if row.body]

    async def recover(self, left_over: Sequence[AnyInbound]) -> None:
        """Do what was taken in before we were killed and tell the people; an old interaction is answered by edit."""
        for inbound in left_over:
            outcome = await self.handle(inbound)
            platform = self._platform(inbound)
            if platform is not None and outcome.answers:
                await self.performed(inbound, outcome, await platform.perform(inbound, outcome))
        if left_over:
            log.info("inbox_recovered", rows=len(left_over))

    async def forget_old(self) -> None:
        """Drop keys and drafts after seven days; by then no platform sends the same thing again."""
        async with self._database.write() as db:
            await inbox.forget(db, self._clock.now() - timedelta(days=7))
            await drafts.forget(db, self._clock.now())

    @asynccontextmanager
    async def _alone(self, key: str) -> AsyncIterator[None]:
        """Let one person's acts happen one after the other, in the order they arrived."""
        lock, users = self._locks.get(key, (asyncio.Lock(), 0))
        self._locks[key] = (lock, users + 1)
        try:
            async with lock:
                yield
        finally:
            lock, users = self._locks[key]
            if users == 1:
                del self._locks[key]
            else:
                self._locks[key] = (lock, users - 1)

    async def _act(self, db: Session, inbound: AnyInbound) -> Outcome:
        if not await inbox.finish(db, inbound.by.platform, inbound.where.workspace, inbound.key):
            return Outcome((), Reader())
        who = await identity.find(db, inbound, self._clock.now())
        if who.community is None:
            return Outcome((), Reader())
        if not isinstance(inbound, EVERYWHERE):
            db.scope(who.community.id)
        platform = self._platform(inbound)
        ctx = Context(
            db=db,
            community=who.community,
            member=who.member,
            account=who.account,
            roles=who.roles,
            now=self._clock.now(),
            inbound=inbound,
            reader=identity.reader(who, inbound, platform.command_pattern if platform else "/{joined}"),
            start_link=self._start_link,
        )
        answers = await dialogue.answer(ctx, self._routes, forms=bool(platform and platform.forms))
        await self._follow(ctx, answers)
        if who.member is not None:  # the language may have been changed by this very act
            ctx.reader = identity.reader(who, inbound, ctx.reader.command_pattern)
        return Outcome(tuple(answers), ctx.reader)

    async def _follow(self, ctx: Context, answers: Sequence[Answer]) -> None:
        """Note the pressed message as a copy of the card it turns into, in the same transaction."""
        pressed = ctx.inbound.message if isinstance(ctx.inbound, Click) else None
        for answer in answers:
            if pressed and isinstance(answer, Edit) and answer.card and ctx.inbound.where.kind == "dm":
                await cards.note(ctx.db, answer.card.kind, answer.card.subject, pressed, member=ctx.member)

    def _platform(self, inbound: AnyInbound) -> Platform | None:
        """Give the connection something came in on; there may be several of one platform."""
        mine = [each for each in self._platforms if each.name == inbound.by.platform]
        here = (each for each in mine if each.workspace == inbound.where.workspace)
        return next(here, mine[0] if mine else None)

    def _start_link(self, platform: str, payload: str) -> str:
        found = next((each for each in self._platforms if each.name == platform), None)
        return found.start_link(payload) if found else ""

    def _explain(self, inbound: AnyInbound, text: Text, reader: Reader) -> Outcome:
        answer: Answer
        match inbound:
            case Click():
                answer = Toast(text, alert=True)
            case Submission():
                answer = Invalid({"": text})
            case Command() | Said():
                answer = Reply(Message((text,)), private=inbound.where.kind == "group")
            case _:
                return Outcome((), reader)
        return Outcome((answer,), reader)

    async def _settle(self, inbound: AnyInbound, reference: str = "") -> None:
        try:
            async with self._database.write() as db:
                await inbox.finish(db, inbound.by.platform, inbound.where.workspace, inbound.key, error_ref=reference)
        except Exception:
            log.exception("inbox_row_not_settled", kind=inbound.kind, key=inbound.key)

    async def _reader(self, inbound: AnyInbound) -> Reader:
        platform = self._platform(inbound)
        pattern = platform.command_pattern if platform else "/{joined}"
        try:
            async with self._database.read() as db:
                return identity.reader(await identity.find(db, inbound, self._clock.now()), inbound, pattern)
        except Exception:
            log.exception("reader_not_found", kind=inbound.kind)
            return Reader(command_pattern=pattern)

    async def _contact(self, inbound: AnyInbound) -> str:
        try:
            async with self._database.read() as db:
                who = await identity.find(db, inbound, self._clock.now())
                return who.community.organiser_contact if who.community else ""
        except Exception:
            log.exception("contact_not_found", kind=inbound.kind)
            return ""
