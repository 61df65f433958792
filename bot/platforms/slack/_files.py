"""Handing over a file: three steps, of which only the last one can be seen (platforms §3.6)."""

from __future__ import annotations

import asyncio
import re
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot.platforms.slack._client import UPLOAD_TIMEOUT
from bot.platforms.slack._errors import harmless, meaning, neutral, word
from bot.platforms.slack._mrkdwn import mrkdwn
from chat.errors import Ambiguous, PlatformError, Rejected
from chat.outbound import SendFile
from chat.people import MessageRef
from chat.text import Reader, render

SHARE_WAITS = (0.1, 0.3, 0.6, 1.0, 2.0, 4.0)
"""Seconds between looks whether an uploaded file has appeared; Slack scans it first (platforms §3.6)."""


class Files:
    """Upload for one workspace."""

    def __init__(self, web: AsyncWebClient, session: aiohttp.ClientSession, workspace: str) -> None:
        self._web, self._session, self._workspace = web, session, workspace

    async def upload(self, room: str, thread: str, file: SendFile, reader: Reader) -> MessageRef:
        """Send a file into a room and wait until it can be seen.

        When the answer to the last step is lost, the file's shares say whether it was done; only a file that is
        shared nowhere is shared again, once (reliability §2.3 point 8). Raise `Ambiguous` when it never appears.
        """
        name = file_name(file.name)
        more: dict[str, Any] = {"initial_comment": mrkdwn(render(file.caption, reader))} if file.caption else {}
        if thread:
            more["thread_ts"] = thread
        file_id = await self._bytes(name, file.content)
        try:
            await self._complete(file_id, name, room, more)
        except Ambiguous:
            ref = await self._shared(file_id, room)
            if ref is not None:
                return ref
            await self._complete(file_id, name, room, more)
        ref = await self._shared(file_id, room)
        if ref is None:
            raise Ambiguous("not_shared")
        return ref

    async def _bytes(self, name: str, content: bytes) -> str:
        """Bring the bytes to Slack, where nobody sees them yet; give the file's id."""
        with harmless():
            place = await self._web.files_getUploadURLExternal(filename=name, length=len(content))
            address, file_id = word(place.get("upload_url")), word(place.get("file_id"))
            there = urlsplit(address)
        if there.scheme != "https" and there.hostname not in ("127.0.0.1", "localhost"):
            raise Rejected("upload_url")
        with harmless():
            async with self._session.post(
                address,
                data=content,
                timeout=UPLOAD_TIMEOUT,
                proxy=proxy_for(address, self._web),
                allow_redirects=False,
            ) as done:
                if done.status != 200:
                    raise meaning("", done.status, done.headers.get("Retry-After", ""))
        return file_id

    async def _complete(self, file_id: str, name: str, room: str, more: dict[str, Any]) -> None:
        with neutral():
            await self._web.files_completeUploadExternal(
                files=[{"id": file_id, "title": name}], channel_id=room, **more
            )

    async def _shared(self, file_id: str, room: str) -> MessageRef | None:
        """Look some seconds for the message that carries a file; `None` when there is none."""
        for wait in SHARE_WAITS:
            try:
                with neutral():
                    info = await self._web.files_info(file=file_id)
            except PlatformError:
                info = None
            ts = _stamp(info.data, room) if info is not None else ""
            if ts:
                return MessageRef("slack", self._workspace, room, ts)
            await asyncio.sleep(wait)
        return None


def _stamp(info: object, room: str) -> str:
    """Give the `ts` under which a file was shared in a room, "" as long as it was not."""
    file = info.get("file") if isinstance(info, dict) else None
    shares = file.get("shares") if isinstance(file, dict) else None
    for kind in ("private", "public"):
        rooms = shares.get(kind) if isinstance(shares, dict) else None
        found = rooms.get(room) if isinstance(rooms, dict) else None
        if isinstance(found, list) and found and isinstance(found[0], dict) and isinstance(found[0].get("ts"), str):
            return str(found[0]["ts"])
    return ""


def proxy_for(address: str, web: AsyncWebClient) -> str | None:
    """Give the proxy for an address; none for this machine (the sandbox)."""
    return None if urlsplit(address).hostname in ("127.0.0.1", "localhost") else web.proxy


def file_name(name: str) -> str:
    """Make a safe name of what somebody called a file: no folders, no control characters, at most 120 characters."""
    base = "".join(each for each in re.split(r"[/\\]", name)[-1] if each.isprintable() and each not in '"<>|:*?')
    base = base.strip(". ") or "file"
    stem, dot, ending = base.rpartition(".")
    return base if len(base) <= 120 else f"{stem[: 119 - len(ending)]}{dot}{ending}" if dot else base[:120]
