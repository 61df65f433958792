"""Files that follow their card: buttons and a file cannot stand in one post (platforms §3.6)."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict

import structlog

from bot.platforms.slack._files import Files
from bot.platforms.slack._parse import NAME
from chat.errors import PlatformError, Rejected
from chat.message import Attachment
from chat.people import MessageRef
from chat.platform import Shelf

log = structlog.get_logger(__name__)
WAIT = 20.0
"""Seconds a card waits for its file before it counts as sent; the file may still follow."""
AT_ONCE = 4
"""Files that go up at the same time."""
STOP_SECONDS = 2.0
KEPT = 5_000
"""Cards whose files are remembered."""
LOOK_SECONDS = 600.0


class Followers:
    """Bring files behind the cards of one workspace.

    The card is what was sent: whatever becomes of its file, the card is not sent again, and its button gives the file.
    """

    def __init__(self, files: Files, shelf: Shelf | None) -> None:
        self._files, self._shelf = files, shelf
        self._room = asyncio.Semaphore(AT_ONCE)
        self._behind: OrderedDict[MessageRef, str] = OrderedDict()
        self._going: dict[MessageRef, asyncio.Task[None]] = {}
        self._known_until = 0.0

    async def follow(self, card: MessageRef, thread: str, file: Attachment) -> None:
        """Share a file behind a card, as the next message or in a thread; nothing is raised."""
        task = self._going[card] = asyncio.create_task(self._share(card, thread, file), name="slack-file")
        task.add_done_callback(lambda _: self._going.pop(card, None))
        await asyncio.wait({task}, timeout=WAIT)

    async def withdraw(self, card: MessageRef) -> None:
        """Delete the file behind a card that goes or has none any more; nothing is raised.

        What stands in a thread of a channel is known after a restart as well.
        """
        if (going := self._going.get(card)) is not None:
            going.cancel()
            await asyncio.wait({going})
        await self._look_up(card.workspace)
        file = self._behind.pop(card, "")
        if not file:
            return
        try:
            await self._files.remove(file)
            if self._shelf is not None:
                await self._shelf.unfollowed(card)
        except PlatformError as error:
            log.warning("file_not_withdrawn", chat=card.chat, card=card.message, reason=error.reason)
        except Exception as error:  # of the shelf: the file itself is gone
            log.warning("file_not_forgotten", chat=card.chat, card=card.message, error=type(error).__name__)

    async def close(self) -> None:
        """Give what is going up two seconds."""
        going = list(self._going.values())
        if going:
            await asyncio.wait(going, timeout=STOP_SECONDS)
        for each in going:
            each.cancel()
        await asyncio.gather(*going, return_exceptions=True)

    async def _look_up(self, workspace: str) -> None:
        """Learn what this and other processes shared, every ten minutes at most."""
        if self._shelf is None or time.monotonic() < self._known_until:
            return
        self._known_until = time.monotonic() + LOOK_SECONDS
        try:
            for card, file in (await self._shelf.followers(NAME, workspace)).items():
                self._keep(card, file)
        except Exception as error:  # whatever is wrong with the database, the edit itself is done
            log.warning("files_not_looked_up", error=type(error).__name__)

    def _keep(self, card: MessageRef, file: str) -> None:
        self._behind[card] = file
        while len(self._behind) > KEPT:
            self._behind.popitem(last=False)

    async def _share(self, card: MessageRef, thread: str, file: Attachment) -> None:
        shelf, reason = self._shelf, "stopped"
        try:
            if shelf is None:
                raise Rejected("no_shelf")
            async with self._room:
                await self._files.share(
                    card.chat, thread, file, lambda: shelf.stream(file.file), lambda found: self._keep(card, found)
                )
            reason = ""
            if thread:  # a private card carries no file, the copy that was asked for is the reader's
                await shelf.followed(file.file, card, self._behind.get(card, ""))
        except PlatformError as error:
            reason = error.reason or type(error).__name__
        except Exception as error:  # of the shelf: its database cannot be reached
            reason = type(error).__name__
        finally:
            if reason:
                log.warning("file_not_shared", chat=card.chat, card=card.message, file=file.file, reason=reason)
