"""Files that people send: fetched by their platform and read outside of any transaction, when a handler wants one.

The content is in memory only while its act is done; no row and no log ever holds it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from chat.errors import FileWanted, PlatformError, UserError
from chat.inbound import AnyInbound
from chat.platform import Platform
from chat.text import say

log = structlog.get_logger(__name__)

FILES_MAX = 3
"""Files one act may want."""
AT_ONCE = 2
"""Files in memory at the same time: each may have some megabytes, and reading one costs the processor."""


class Fetching:
    """Get files for acts; `platform` gives the connection an act came in on."""

    def __init__(self, platform: Callable[[AnyInbound], Platform | None]) -> None:
        self._platform, self._room = platform, asyncio.Semaphore(AT_ONCE)

    async def get(self, inbound: AnyInbound, wanted: FileWanted) -> dict[str, object]:
        """Give what was read from a file under its name; a `UserError` that says why there is nothing."""
        async with self._room:
            try:
                return {wanted.file: await self._read(inbound, wanted)}
            except UserError as refused:
                return {wanted.file: refused}
            except PlatformError as error:
                log.warning("file_not_fetched", key=inbound.key, error=type(error).__name__, reason=error.reason)
            except Exception as error:  # a file that breaks its reader is not taken; its content may stand in the text
                log.error("file_not_read", key=inbound.key, error=type(error).__name__)
            return {wanted.file: UserError(say("e_file_lost"))}

    async def _read(self, inbound: AnyInbound, wanted: FileWanted) -> object:
        platform = self._platform(inbound)
        if platform is None:
            raise UserError(say("e_file_lost"))
        content = await platform.fetch(wanted.file, wanted.limit)
        return await asyncio.to_thread(wanted.read, content)
