"""Answering the person who acted: toast first, then edits, replies and files (design §1.4, conversation §2)."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import structlog

from bot.platforms.telegram._again import twice
from bot.platforms.telegram._parse import PLATFORM
from bot.platforms.telegram._render import note
from bot.platforms.telegram._sender import Sender
from chat.errors import ChatMoved, MessageGone, PlatformError, Rejected, Unreachable
from chat.inbound import AnyInbound, Click
from chat.message import LinkButton, Message
from chat.outbound import Answer, Edit, Erase, Home, Reply, SendFile, Toast
from chat.people import MessageRef, Person, Place
from chat.platform import Outcome
from chat.text import Reader, say

log = structlog.get_logger(__name__)
HINT_SECONDS = 60.0
"""How long "Please open our private chat first." stays in a group (conversation §2)."""
CLOSE_SECONDS = 2.0
SPEAKING = (Edit, Reply, SendFile, Home)
"""Answers a person sees by themselves: the card that turned is the confirmation of a press."""
_T = TypeVar("_T")


class Performer:
    """Carry out the answers of one outcome. Trouble with one answer never keeps back the next."""

    def __init__(self, sender: Sender, start_link: Callable[[str], str], hint_seconds: float = HINT_SECONDS) -> None:
        self._sender = sender
        self._start_link = start_link
        self._hint_seconds = hint_seconds
        self._closing = asyncio.Event()
        self._hints: set[asyncio.Task[None]] = set()

    async def perform(
        self, inbound: AnyInbound, outcome: Outcome, *, acknowledged: bool = False
    ) -> list[MessageRef | None]:
        """Give the messages that carry the answers, parallel to them.

        A press is answered exactly once; `acknowledged` says that it was, without words, because the outcome took long.
        In a group that answer waits for the private replies, because it is the only thing that can open a chat with
        somebody who never started the bot.
        """
        answers, reader = outcome.answers, outcome.reader
        refs: list[MessageRef | None] = [None] * len(answers)
        group = inbound.where.kind == "group"
        private = [index for index, each in enumerate(answers) if group and _private(each, inbound)]
        reached = True
        for index in private:
            refs[index], known = await self._in_private(inbound, answers[index], reader)
            reached = reached and known
        if isinstance(inbound, Click) and not acknowledged:
            told = bool(private) and all(refs[index] is not None for index in private)
            await self._acknowledge(inbound, answers, reader, in_private=told, reached=reached)
        elif not reached:
            await self.hint(inbound.where, reader)
        if acknowledged:
            await self._say_late(inbound, answers, reader)
        for index, answer in enumerate(answers):
            if index not in private:
                refs[index] = await self._guard(inbound, self._one(inbound, answer, reader), type(answer).__name__)
        return refs

    async def acknowledge_early(self, click: Click) -> None:
        """Stop the spinner of a press that is stored, without a word about what will become of it."""
        callback = str(click.handle.get("callback", ""))
        if callback:
            await self._guard(click, twice(lambda: self._sender.answer(callback)), "answer")

    async def _say_late(self, inbound: AnyInbound, answers: Sequence[Answer], reader: Reader) -> None:
        """Say in private what the answer to the press would have said, unless the card says it by itself."""
        toasts = [each for each in answers if isinstance(each, Toast)]
        seen = any(isinstance(each, SPEAKING) for each in answers)
        lines = tuple(each.text for each in toasts if each.alert or not seen)
        if lines:
            message = Message(lines, silent=True)
            await self._guard(inbound, self._say(direct(inbound.by), (message,), reader), "Toast")

    async def hint(self, where: Place, reader: Reader, key: str = "e_open_dm") -> None:
        """Say in a group what is missing, with a button that opens our private chat; it goes after a minute."""
        button = LinkButton(say("b_open_dm"), self._start_link("hello"))
        message = Message((say(key),), rows=((button,),), silent=True)
        try:
            ref = await twice(lambda: self._sender.send(where, (message,), reader))
        except PlatformError as error:
            log.warning("telegram_hint_failed", chat=where.chat, error=type(error).__name__, reason=error.reason)
            return
        task = asyncio.create_task(self._sweep(ref), name="telegram-hint")
        self._hints.add(task)
        task.add_done_callback(self._hints.discard)

    async def close(self) -> None:
        """Take back the hints that still stand in groups, within two seconds."""
        self._closing.set()
        if self._hints:
            _, late = await asyncio.wait(self._hints, timeout=CLOSE_SECONDS)
            for each in late:
                each.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _sweep(self, ref: MessageRef) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._closing.wait(), self._hint_seconds)
        try:
            await self._sender.delete(ref)
        except PlatformError as error:
            log.info("telegram_hint_stays", chat=ref.chat, message=ref.message, error=type(error).__name__)

    async def _acknowledge(
        self, click: Click, answers: Sequence[Answer], reader: Reader, *, in_private: bool, reached: bool
    ) -> None:
        callback = str(click.handle.get("callback", ""))
        if not callback:
            return
        toasts = [each for each in answers if isinstance(each, Toast)]
        text = note((each.text for each in toasts), reader)
        if in_private and not text:
            text = note((say("e_in_private"),), reader)
        alert = any(each.alert for each in toasts)
        if reached:
            await self._guard(click, twice(lambda: self._sender.answer(callback, text, alert=alert)), "answer")
            return
        try:
            await twice(lambda: self._sender.answer(callback, text, alert=alert, url=self._start_link("hello")))
        except Rejected:  # this client or server opens no address: say it, and show the way in the group
            closed = note((*(each.text for each in toasts), say("e_open_dm")), reader)
            await self._guard(click, self._sender.answer(callback, closed, alert=True), "answer")
            await self.hint(click.where, reader)
        except PlatformError as error:
            self._complain(click, error, "answer")

    async def _in_private(self, inbound: AnyInbound, answer: Answer, reader: Reader) -> tuple[MessageRef | None, bool]:
        """Send to the person's own chat; false if Telegram does not let us write there."""
        to = direct(inbound.by)
        try:
            return await self._out(to, answer, reader), True
        except Unreachable:
            return None, False
        except Exception as error:
            self._complain(inbound, error, type(answer).__name__)
            return None, True

    async def _one(self, inbound: AnyInbound, answer: Answer, reader: Reader) -> MessageRef | None:
        match answer:
            case Edit() if answer.on is not None:
                with contextlib.suppress(MessageGone):
                    await self._sender.edit(answer.on, answer.message, reader)
                return None
            case Edit():
                return await self._turn(inbound, answer, reader)
            case Toast() if isinstance(inbound, Click):
                return None  # said by the answer to the press
            case Erase():
                chat, message = inbound.handle.get("chat"), inbound.handle.get("message")
                if chat and message:
                    await self._sender.delete(MessageRef(PLATFORM, inbound.where.workspace, str(chat), str(message)))
                return None
            case _:
                return await self._out(inbound.where, answer, reader)

    async def _turn(self, inbound: AnyInbound, answer: Edit, reader: Reader) -> MessageRef | None:
        """Edit the pressed message, or send a new one where there is none to edit."""
        ref = inbound.message if isinstance(inbound, Click) else None
        if ref is not None:
            group = inbound.where.kind == "group"
            try:
                await self._sender.edit(ref, answer.message, reader, paced=group, patient=True)
                return ref
            except MessageGone:
                log.info("telegram_card_replaced", chat=ref.chat, message=ref.message)
        return await self._out(inbound.where, Reply(answer.message), reader)

    async def _out(self, to: Place, answer: Answer, reader: Reader) -> MessageRef | None:
        match answer:
            case Reply():
                return await self._say(to, (answer.message,), reader)
            case Toast():
                return await self._say(to, (Message((answer.text,), silent=True),), reader)
            case Home():
                return await self._say(to, answer.sections, reader)
            case SendFile():
                return await twice(lambda: self._sender.upload(to, answer, reader))
            case _:  # forms are asked as interviews here, so these never come
                log.error("telegram_answer_unknown", answer=type(answer).__name__)
                return None

    async def _say(self, to: Place, messages: tuple[Message, ...], reader: Reader) -> MessageRef:
        try:
            return await twice(lambda: self._sender.send(to, messages, reader))
        except ChatMoved as moved:
            there = Place(to.platform, to.workspace, moved.chat, to.kind, to.thread)
            return await twice(lambda: self._sender.send(there, messages, reader))

    async def _guard(self, inbound: AnyInbound, call: Awaitable[_T], what: str = "") -> _T | None:
        try:
            return await call
        except Exception as error:
            self._complain(inbound, error, what)
            return None

    def _complain(self, inbound: AnyInbound, error: Exception, what: str) -> None:
        """Log ids and the kind of trouble, never its text unless it is Telegram's."""
        expected = isinstance(error, PlatformError)
        (log.warning if expected else log.error)(
            "telegram_answer_failed",
            key=inbound.key,
            chat=inbound.where.chat,
            what=what,
            error=type(error).__name__,
            reason=error.reason if isinstance(error, PlatformError) else "",
        )


def direct(person: Person) -> Place:
    """Give the private chat with a person; on Telegram it has the person's own id."""
    return Place(person.platform, person.workspace, person.user)


def _private(answer: Answer, inbound: AnyInbound) -> bool:
    match answer:
        case Reply():
            return answer.private
        case SendFile() | Home():
            return True
        case Toast():
            return not isinstance(inbound, Click)
        case _:
            return False
