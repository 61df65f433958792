"""Answering the person who acted: by edit, message, ephemeral, modal, file or home (conversation §2, §4.1).

Every answer stands alone: one that fails is logged by ids and the others follow. What came too late (an expired
trigger or response address, a replay after a crash) is answered by editing the message, by DM, or not at all.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Any

import structlog

from bot.platforms.slack._forms import notice, refused, view_of
from bot.platforms.slack._post import Poster
from chat.errors import Ambiguous, MessageGone, PlatformError, RateLimited, Rejected, Unreachable
from chat.inbound import AnyInbound, Click, Command, Submission
from chat.message import Message, button, row
from chat.outbound import Answer, Edit, Home, Invalid, Open, Reply, SendFile, Toast
from chat.people import MessageRef, Person, Place
from chat.platform import Outcome
from chat.text import Reader, say

log = structlog.get_logger(__name__)

RESPONSE_AGE = 29 * 60
"""Seconds a response address is used; Slack lets it live thirty minutes (platforms §3.3)."""
WAIT_MAX = 10.0
SPEAKING = (Edit, Reply, Open, SendFile, Home, Invalid)
"""Answers a person sees by themselves; beside one of them a toast in a private chat would say it twice."""


class Performer:
    """Perform outcomes for one workspace; `direct` gives a person's private chat."""

    def __init__(self, poster: Poster, direct: Callable[[Person], Place]) -> None:
        self._poster, self._direct = poster, direct

    async def perform(self, inbound: AnyInbound, outcome: Outcome, *, shown: bool = False) -> list[MessageRef | None]:
        """Give the references parallel to the answers; `shown` leaves out what a modal's acknowledgment said."""
        refs: list[MessageRef | None] = []
        for answer in outcome.answers:
            if shown and isinstance(answer, (Open, Invalid)):
                refs.append(None)
                continue
            try:
                refs.append(await self._patiently(inbound, answer, outcome))
            except PlatformError as error:
                log.warning(
                    "slack_answer_lost", key=inbound.key, answer=type(answer).__name__,
                    error=type(error).__name__, reason=error.reason,
                )  # fmt: skip
                refs.append(None)
        return refs

    def acknowledgment(self, inbound: Submission, outcome: Outcome) -> dict[str, Any]:
        """Give what is said to a modal that was sent: its errors, its next page, or (empty) that it closes."""
        for answer in outcome.answers:
            if isinstance(answer, Invalid):
                handle = inbound.handle
                return refused(answer, handle.get("inputs") or [], handle.get("title") or "", outcome.reader)
            if isinstance(answer, Open):
                return {"response_action": "update", "view": view_of(answer, outcome.reader)}
        return {"response_action": "clear"}

    async def finish_late(self, inbound: Submission, outcome: Outcome) -> None:
        """Turn "One moment…" into what the form should have answered."""
        await asyncio.sleep(0.3)  # the acknowledgment must arrive first: it would overwrite this
        try:
            await self._poster.update_view(str(inbound.handle["view"]), self._late_view(inbound, outcome))
        except PlatformError as error:
            log.warning("slack_view_lost", key=inbound.key, error=type(error).__name__, reason=error.reason)

    def _late_view(self, inbound: Submission, outcome: Outcome) -> dict[str, Any]:
        title, reader = str(inbound.handle.get("title") or ""), outcome.reader
        for answer in outcome.answers:
            if isinstance(answer, Open):
                return view_of(answer, reader)
            if isinstance(answer, Invalid):
                return notice(title, tuple(answer.errors.values()), reader)
            if isinstance(answer, Reply):
                return notice(title, answer.message.lines, reader)
            if isinstance(answer, Toast):
                return notice(title, (answer.text,), reader)
        return notice(title, (say("b_done"),), reader)

    async def _patiently(self, inbound: AnyInbound, answer: Answer, outcome: Outcome) -> MessageRef | None:
        """Give one answer; a person who asks faster than Slack lets us speak waits up to ten seconds in all."""
        waited = 0.0
        while True:
            try:
                return await self._one(inbound, answer, outcome)
            except RateLimited as error:
                if waited >= WAIT_MAX:
                    raise
                pause = min(max(error.after, 0.1), WAIT_MAX)
                await asyncio.sleep(pause)
                waited += pause

    async def _one(self, inbound: AnyInbound, answer: Answer, outcome: Outcome) -> MessageRef | None:
        reader = outcome.reader
        match answer:
            case Edit() if answer.on is not None:
                with contextlib.suppress(MessageGone):
                    await self._poster.edit(answer.on, answer.message, reader)
            case Edit():
                return await self._edit(inbound, answer.message, outcome)
            case Reply():
                return await self._reply(inbound, answer.message, answer.private, reader)
            case Toast():
                return await self._toast(inbound, answer, outcome)
            case Open():
                return await self._open(inbound, answer, reader)
            case Invalid():
                lines = tuple(answer.errors.values())
                return await self._poster.send(self._direct(inbound.by), Message(lines), reader) if lines else None
            case SendFile():
                return await self._poster.upload(self._direct(inbound.by), answer, reader)
            case Home():
                await self._poster.home(inbound.by.user, answer, reader)
        return None

    async def _edit(self, inbound: AnyInbound, message: Message, outcome: Outcome) -> MessageRef | None:
        """Turn the pressed message into this one; a press on the home screen is answered there, or by a new message."""
        if not isinstance(inbound, Click) or inbound.handle.get("on") in ("home", "modal"):
            if any(isinstance(each, (Home, Open)) for each in outcome.answers):
                return None
            return await self._reply(inbound, message, False, outcome.reader)
        if address := self._address(inbound):
            try:
                await self._poster.respond(address, message, outcome.reader, replace=True)
                return inbound.message
            except RateLimited:
                raise
            except PlatformError as error:
                log.info("slack_response_late", key=inbound.key, reason=error.reason)
        if inbound.message is None:
            return None
        await self._poster.edit(inbound.message, message, outcome.reader)
        return inbound.message

    async def _reply(self, inbound: AnyInbound, message: Message, private: bool, reader: Reader) -> MessageRef | None:
        """Say it where it was asked, to the asker alone in a channel; `private` moves it to the private chat."""
        place = inbound.where
        if place.kind == "group" and not private and message.file is None:
            if await self._whisper(inbound, message, reader):
                return None
        elif place.kind == "dm" and place.chat[:1] == "D" and not inbound.handle.get("slash"):
            return await self._poster.send(place, message, reader)
        ref = await self._poster.send(self._direct(inbound.by), message, reader)
        elsewhere = place.kind == "group" or (inbound.handle.get("slash") and ref.chat != place.chat)
        if elsewhere and isinstance(inbound, (Command, Click)):
            await self._whisper(inbound, Message((say("e_in_private"),)), reader)
        return ref

    async def _whisper(self, inbound: AnyInbound, message: Message, reader: Reader) -> bool:
        """Show something to the person alone where they are; false if that is not possible there."""
        if isinstance(inbound, Command) and (address := self._address(inbound)):
            try:
                await self._poster.respond(address, message, reader, replace=False)
                return True
            except (RateLimited, Ambiguous):  # it may have been shown: saying it again would say it twice
                raise
            except PlatformError as error:
                log.info("slack_response_late", key=inbound.key, reason=error.reason)
        try:
            await self._poster.whisper(inbound.where, inbound.by.user, message, reader)
            return True
        except (Unreachable, Rejected):
            return False

    async def _toast(self, inbound: AnyInbound, toast: Toast, outcome: Outcome) -> MessageRef | None:
        """Show a short note: ephemeral in a channel; in a private chat only if nothing else is said."""
        message = Message((toast.text,))
        if inbound.where.kind == "group":
            await self._whisper(inbound, message, outcome.reader)
            return None
        if any(isinstance(each, SPEAKING) for each in outcome.answers):
            return None
        if inbound.where.chat[:1] == "D" and await self._whisper(inbound, message, outcome.reader):
            return None
        return await self._poster.send(self._direct(inbound.by), message, outcome.reader)

    async def _open(self, inbound: AnyInbound, ask: Open, reader: Reader) -> MessageRef | None:
        """Open a modal; too late or without a trigger, offer it in the private chat by a button with a fresh one."""
        handle = inbound.handle
        try:
            if handle.get("on") == "modal" and handle.get("view"):
                await self._poster.update_view(str(handle["view"]), view_of(ask, reader))
                return None
            if handle.get("trigger") and not isinstance(inbound, Submission):
                await self._poster.open_view(str(handle["trigger"]), view_of(ask, reader))
                return None
        except Rejected as error:
            log.info("slack_form_late", key=inbound.key, reason=error.reason)
        again = row(button("open_form", "form", ask.draft, style="primary"))
        return await self._reply(inbound, Message((say("e_form_closed"),), rows=(again,)), True, reader)

    def _address(self, inbound: AnyInbound) -> str:
        """Give the response address while it lives; each interaction has its own, so five uses are never reached."""
        fresh = time.time() - float(inbound.handle.get("since") or 0) < RESPONSE_AGE
        return str(inbound.handle.get("response") or "") if fresh else ""
