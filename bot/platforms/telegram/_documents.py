"""Files that go with messages: uploaded once for a bot, then named by what Telegram calls them (platforms §2.5)."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeAlias

import structlog

from bot.platforms.telegram._parse import PLATFORM
from chat.errors import NotSent, PlatformError, Rejected
from chat.message import Attachment
from chat.platform import Shelf

log = structlog.get_logger(__name__)
NAMES_KEPT = 2_000
WAIT = 25.0
"""Seconds a message waits for another to upload its file; then it is tried later."""
Known: TypeAlias = Callable[[str], Awaitable[Any]]
Fresh: TypeAlias = Callable[[AsyncIterator[bytes]], Awaitable[Any]]


class Documents:
    """Know the files of one bot.

    A file goes up with the first message that carries it; messages beside it wait for that. An upload that has begun
    is not given up with the attempt that began it, for the others need what Telegram calls the file.
    """

    def __init__(self, shelf: Shelf | None, workspace: str) -> None:
        self._shelf, self._workspace = shelf, workspace
        self._names: OrderedDict[str, str] = OrderedDict()
        self._going: dict[str, asyncio.Task[Any]] = {}

    async def put(self, file: Attachment, known: Known, fresh: Fresh) -> Any:
        """Do a call with a file: `known` with Telegram's name for it, or `fresh` with its bytes; give its result.

        A name that Telegram refuses is forgotten. Raise the neutral errors, `NotSent` while another uploads too long.
        """
        end, refused = time.monotonic() + WAIT, False
        while True:
            name = await self._name(file.file)
            if name:
                try:
                    return await known(name)
                except Rejected as error:
                    if refused or not _forgotten(error):
                        raise
                refused = True
                log.info("telegram_file_forgotten", file=file.file)
                if self._names.get(file.file) == name:  # not what another message has brought there meanwhile
                    await self._remember(file.file, "")
            elif (going := self._going.get(file.file)) is not None:
                await asyncio.wait({going}, timeout=end - time.monotonic())
                if not going.done():
                    raise NotSent("uploading")
            else:
                task = self._going[file.file] = asyncio.create_task(self._upload(file, fresh), name="telegram-upload")
                task.add_done_callback(_seen)
                return await asyncio.shield(task)

    async def close(self) -> None:
        """Give up what is going up."""
        for each in list(self._going.values()):
            each.cancel()
        await asyncio.gather(*self._going.values(), return_exceptions=True)

    async def _upload(self, file: Attachment, fresh: Fresh) -> Any:
        try:
            if self._shelf is None:
                raise Rejected("no_shelf")
            sent = await fresh(self._shelf.stream(file.file))
            name = name_of(sent)
            if name:
                await self._remember(file.file, name)
            return sent
        finally:
            del self._going[file.file]

    async def _name(self, file: str) -> str:
        name = self._names.get(file, "")
        if not name and self._shelf is not None:
            name = await self._shelf.remote(file, PLATFORM, self._workspace)
            if name:
                self._keep(file, name)
        return name or self._names.get(file, "")  # an upload may have ended while the database was asked

    async def _remember(self, file: str, name: str) -> None:
        """Note a name, also for after a restart; a database that cannot be reached costs one more upload then."""
        self._keep(file, name)
        try:
            if self._shelf is not None:
                await self._shelf.uploaded(file, PLATFORM, self._workspace, name)
        except Exception as error:  # the message has gone out: nothing here may make it look lost
            log.warning("telegram_file_not_noted", file=file, error=type(error).__name__)

    def _keep(self, file: str, name: str) -> None:
        self._names.pop(file, None)
        if name:
            self._names[file] = name
        while len(self._names) > NAMES_KEPT:
            self._names.popitem(last=False)


def name_of(sent: Any) -> str:
    """Give what Telegram calls the file of a message, "" if it does not say."""
    document = sent.get("document") if isinstance(sent, dict) else None
    name = document.get("file_id") if isinstance(document, dict) else None
    return name if isinstance(name, str) and len(name) <= 200 else ""


def _forgotten(error: PlatformError) -> bool:
    said = error.reason.lower()
    return "file identifier" in said or "file_reference" in said or "file reference" in said or "file_id" in said


def _seen(task: asyncio.Task[Any]) -> None:
    """Look at how an upload ended, so that nothing complains when whoever began it has gone."""
    if not task.cancelled():
        task.exception()
