"""Handling: the feature answers in a transaction that also marks the inbox row done; it is told after the commit."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence

import structlog

from bot import dialogue, identity
from bot.accepting import Accepting, key_of
from bot.explaining import NOTHING, explain
from bot.identity import Who
from bot.routes import Routes
from bot.turns import Act
from chat.errors import FileWanted, UserError
from chat.inbound import AnyInbound, BotPlaced, Click, Moved, Reachable
from chat.outbound import Edit
from chat.platform import Outcome, Platform
from chat.text import Reader, Text, say
from handlers._feature import Context
from scheduler import cards
from scheduler.clock import Clock
from storage import inbox
from storage.database import Database, Session, passing, unusable
from storage.vault import Vault

log = structlog.get_logger(__name__)

EVERYWHERE = (Moved, Reachable, BotPlaced)
"""What is true in every community of an installation: the session stays unscoped for these."""


class Handling:
    """Settle acts for one process. Every act it is given gets an outcome, whatever happens."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        routes: Routes,
        platforms: Sequence[Platform],
        accepting: Accepting,
        worker: str,
        changed: Callable[[], None],
        page_link: Callable[[str], str] = lambda _path: "",
        vault: Vault | None = None,
    ) -> None:
        self._page_link = page_link
        self._vault = vault
        self._database, self._clock, self._routes = database, clock, routes
        self._platforms = tuple(platforms)
        self._accepting, self._worker, self._changed = accepting, worker, changed

    async def work(self, acts: Sequence[Act]) -> None:
        """Settle every act: several in one transaction, or each in its own if one of them does not go through."""
        try:
            left = await self._together(acts) if len(acts) > 1 else acts
            for number, act in enumerate(left):
                if not await self._alone(act):
                    self._postpone(left[number:])
                    return
        except Exception as error:
            if not unusable(error):
                log.exception("turn_failed", acts=len(acts))
            self._postpone(acts)

    async def _together(self, acts: Sequence[Act]) -> Sequence[Act]:
        """Do acts of one community in one transaction; give those that must be done alone."""
        try:
            async with self._database.write() as db:
                done = await self._act_together(db, acts)
        except Exception as error:
            if unusable(error) and not passing(error):
                raise
            if not isinstance(error, UserError | FileWanted):
                log.warning("acts_done_apart", acts=len(acts), error=type(error).__name__)
            if not unusable(error):  # one of them is refused or broken: its part must not be committed with the others'
                for act in acts:
                    act.outcome = None
            return acts
        self._tell(done)
        return [each for each in acts if each not in done]

    async def _act_together(self, db: Session, acts: Sequence[Act]) -> list[Act]:
        now = self._clock.now()
        whos = await identity.find_all(db, [each.inbound for each in acts], now)
        known = [(act, who) for act, who in zip(acts, whos, strict=True) if who is not None and who.community]
        if not known:
            return []
        community = known[0][1].community
        assert community is not None
        group = [(act, who) for act, who in known if who.community is community]
        for _, who in known:
            if who.community is not community:
                db.expunge(who.member)  # no question of this community may find people of another one
        still_open = await inbox.finish(db, [act.row for act, _ in group if act.row is not None], self._worker)
        db.scope(community.id)
        for act, who in group:
            if act.row in still_open:
                act.outcome = await self._answer(db, act.inbound, who)
                if db.new or db.dirty or db.deleted:
                    await db.flush()  # what one did is there for the next one, and trouble with it is found here
        return [act for act, _ in group]

    async def _alone(self, act: Act) -> bool:
        """Do an act in a transaction of its own; false while the database cannot be used."""
        for second in (False, True):
            try:
                async with self._database.write() as db:
                    if await self.finish(db, act):
                        who = await identity.find(db, act.inbound, self._clock.now())
                        act.outcome = NOTHING
                        if who.community is not None:
                            if not isinstance(act.inbound, EVERYWHERE):
                                db.scope(who.community.id)
                            act.outcome = await self._answer(db, act.inbound, who, act.files)
                self._tell([act])
                return True
            except FileWanted as wanted:  # its row stays open, in our hands
                act.outcome, act.wants = NOTHING, wanted
                self._tell([act])
                return True
            except UserError as error:
                return await self._refuse(act, error.text)
            except Exception as error:
                if unusable(error):
                    if passing(error) and not second:
                        continue
                    return False
                reference = secrets.token_hex(2).upper()
                log.exception("handling_failed", reference=reference, kind=act.inbound.kind, key=act.inbound.key)
                return await self._refuse(act, None, reference)
        return False

    async def _refuse(self, act: Act, text: Text | None, reference: str = "") -> bool:
        """Close the row of an act that was rolled back and say why; false while the database cannot be used."""
        inbound, act.outcome = act.inbound, None
        reader, contact = Reader(command_pattern=self._pattern(inbound)), ""
        try:
            async with self._database.write() as db:
                if not await self.finish(db, act, reference):
                    self._tell([act])
                    return True
                who = await identity.find(db, inbound, self._clock.now())
                reader = identity.reader(who, inbound, reader.command_pattern)
                contact = who.community.organiser_contact if who.community else ""
        except Exception as error:
            if unusable(error):
                return False
            log.exception("inbox_row_not_settled", kind=inbound.kind, key=inbound.key)
        act.outcome = explain(inbound, text or say("error", organiser_contact=contact, error_ref=reference), reader)
        self._tell([act])
        return True

    async def finish(self, db: Session, act: Act, reference: str = "") -> bool:
        """Mark the row of an act done or failed; false if it is not open or not ours any more."""
        if act.row is not None:
            return bool(await inbox.finish(db, [act.row], self._worker, error_ref=reference))
        return await inbox.finish_by_key(db, key_of(act.inbound), self._worker, error_ref=reference)

    def _tell(self, acts: Sequence[Act]) -> None:
        """Give the outcomes of a committed transaction; without one the act had been done already."""
        for act in acts:
            if not act.done.done():
                act.done.set_result(act.outcome or NOTHING)
        self._changed()

    def _postpone(self, acts: Sequence[Act]) -> None:
        """Leave acts to `take_over`; only a sensitive one cannot be done later, its body is nowhere, and is told so."""
        for act in acts:
            if act.done.done():
                continue
            key, inbound = key_of(act.inbound), act.inbound
            log.warning("handling_postponed", kind=inbound.kind, key=inbound.key)
            if key in self._accepting.withheld:
                reference = secrets.token_hex(2).upper()
                log.error("sensitive_answer_lost", reference=reference, kind=inbound.kind, key=inbound.key)
                text = say("error", organiser_contact="", error_ref=reference)
                act.done.set_result(explain(inbound, text, Reader(command_pattern=self._pattern(inbound))))
            else:
                act.done.set_result(NOTHING)

    async def _answer(
        self, db: Session, inbound: AnyInbound, who: Who, files: Mapping[str, object] | None = None
    ) -> Outcome:
        """Let the feature answer, in a scoped session."""
        assert who.community is not None
        platform = self.platform(inbound)
        ctx = Context(
            db=db,
            community=who.community,
            member=who.member,
            account=who.account,
            roles=who.roles,
            now=self._clock.now(),
            inbound=inbound,
            reader=identity.reader(who, inbound, self._pattern(inbound)),
            start_link=self._start_link,
            page_link=self._page_link,
            vault=self._vault,
            files=files or {},
        )
        answers = await dialogue.answer(ctx, self._routes, forms=bool(platform and platform.forms))
        pressed = inbound.message if isinstance(inbound, Click) and inbound.where.kind == "dm" else None
        for answer in answers:  # the pressed message is a copy of the card it turns into
            if pressed and isinstance(answer, Edit) and answer.card:
                owner = ctx.account.member if ctx.account is not None else ctx.member
                cards.note_at_end(db, answer.card.kind, answer.card.subject, pressed, member=owner)
        if who.member is not None:  # the language may have been changed by this very act
            ctx.reader = identity.reader(who, inbound, ctx.reader.command_pattern)
        return Outcome(tuple(answers), ctx.reader)

    def platform(self, inbound: AnyInbound) -> Platform | None:
        """Give the connection something came in on; there may be several of one platform."""
        mine = [each for each in self._platforms if each.name == inbound.by.platform]
        here = (each for each in mine if each.workspace == inbound.where.workspace)
        return next(here, mine[0] if mine else None)

    def _pattern(self, inbound: AnyInbound) -> str:
        platform = self.platform(inbound)
        return platform.command_pattern if platform else "/{joined}"

    def _start_link(self, platform: str, payload: str) -> str:
        found = next((each for each in self._platforms if each.name == platform), None)
        return found.start_link(payload) if found else ""
