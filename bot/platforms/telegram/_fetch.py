"""Files people send: found by their id, fetched from the Bot API's own address only (platforms §2.5)."""

from __future__ import annotations

import re

from bot.platforms.telegram._aiohttp_request import AiohttpRequest
from bot.platforms.telegram._bot import QuietBot
from bot.platforms.telegram._errors import settle
from chat.errors import Rejected

FETCH_SECONDS = 60.0
"""Longest time one file may take; what we take has at most some megabytes."""
_PATH = re.compile(r"[A-Za-z0-9_\-]+(/[A-Za-z0-9_\-.]+)*")
"""Path of a file as Telegram gives it; a local Bot API server gives one of its own disk, which is not ours to read."""


class Fetcher:
    """Fetch for one bot; `base` is the address files stand under, with the token, so no text of ours names it."""

    def __init__(self, bot: QuietBot, line: AiohttpRequest, base: str) -> None:
        self._bot, self._line, self._base = bot, line, base

    async def fetch(self, file: str, limit: int) -> bytes:
        """Give the content; raise `Rejected` for a file that is larger than `limit` bytes, gone, or anywhere else."""
        found = await settle(self._bot.call("getFile", {"file_id": file}))
        path = found.get("file_path") if isinstance(found, dict) else None
        size = found.get("file_size") if isinstance(found, dict) else None
        if isinstance(size, int) and size > limit:
            raise Rejected("file_too_large")
        if not isinstance(path, str) or not _PATH.fullmatch(path) or ".." in path:
            raise Rejected("file_path")
        content: bytes | None = await settle(self._line.download(f"{self._base}/{path}", limit, FETCH_SECONDS))
        if content is None:
            raise Rejected("file_too_large")
        return content
