"""Handing over a file: three steps, of which only the last one can be seen (platforms §3.6)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Protocol, TypeAlias, TypeVar
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.platforms.slack._client import UPLOAD_TIMEOUT
from bot.platforms.slack._errors import harmless, meaning, neutral, word
from bot.platforms.slack._mrkdwn import mrkdwn
from chat.errors import Ambiguous, NotSent, PlatformError, RateLimited, Rejected
from chat.message import Attachment
from chat.outbound import SendFile
from chat.people import MessageRef
from chat.text import Reader, render

SHARE_WAITS = (0.1, 0.3, 0.6, 1.0, 2.0, 4.0)
"""Seconds between looks whether an uploaded file has appeared; Slack scans it first (platforms §3.6)."""
PATIENCE = (1.0, 2.0, 5.0, 10.0, 20.0)
"""Seconds before a step is done again that surely was not done."""
WAIT_MAX = 120.0
Pieces: TypeAlias = AsyncIterator[bytes]
_T = TypeVar("_T")


class Steadily(Protocol):
    """Be a way of doing one step."""

    async def __call__(self, step: Callable[[], Awaitable[_T]], /) -> _T:
        """Do it."""


class Files:
    """Upload for one workspace."""

    def __init__(self, web: AsyncWebClient, session: aiohttp.ClientSession, workspace: str) -> None:
        self._web, self._session, self._workspace = web, session, workspace

    async def upload(self, room: str, thread: str, file: SendFile, reader: Reader) -> MessageRef:
        """Send a file into a room and wait until it can be seen.

        When the answer to the last step is lost, the file's shares say whether it was done; only a file that is
        shared nowhere is shared again, once (reliability §2.3 point 8). Raise `Ambiguous` when it never appears.
        """
        more: dict[str, Any] = {"initial_comment": mrkdwn(render(file.caption, reader))} if file.caption else {}
        name = file_name(file.name)
        file_id = await self._bytes(name, len(file.content), file.content)
        return await self._share(file_id, name, room, more | _in(thread), at_once)

    async def share(
        self, room: str, thread: str, file: Attachment, pieces: Callable[[], Pieces], known: Callable[[str], None]
    ) -> None:
        """Do the same with a file that comes in pieces; each step waits for its turn when Slack asks for patience.

        `known` is told Slack's id of the file before anybody can see it.
        """
        name = file_name(file.name)

        async def bring() -> str:
            stream = pieces()
            first = await anext(stream, b"")  # before Slack is asked for a place: there may be no such file
            return await self._bytes(name, file.size, _exactly(first, stream, file.size))

        file_id = await patiently(bring)
        known(file_id)
        await self._share(file_id, name, room, _in(thread), patiently)

    async def remove(self, file_id: str) -> None:
        """Delete a file; one that is gone is no fault."""

        async def step() -> None:
            with neutral():
                await self._web.files_delete(file=file_id)

        try:
            await patiently(step)
        except Rejected as error:
            if error.reason not in ("file_not_found", "file_deleted"):
                raise

    async def _share(self, file_id: str, name: str, room: str, more: dict[str, Any], steadily: Steadily) -> MessageRef:
        try:
            await steadily(lambda: self._complete(file_id, name, room, more))
        except Ambiguous:
            ref = await self._shared(file_id, room, steadily)
            if ref is not None:
                return ref
            await steadily(lambda: self._complete(file_id, name, room, more))
        ref = await self._shared(file_id, room, steadily)
        if ref is None:
            raise Ambiguous("not_shared")
        return ref

    async def _bytes(self, name: str, length: int, content: bytes | Pieces) -> str:
        """Bring the bytes to Slack, where nobody sees them yet; give the file's id."""
        with harmless():
            place = await self._web.files_getUploadURLExternal(filename=name, length=length)
            address, file_id = word(place.get("upload_url")), word(place.get("file_id"))
            there = urlsplit(address)
        if there.scheme != "https" and there.hostname not in ("127.0.0.1", "localhost"):
            raise Rejected("upload_url")
        with harmless():
            async with self._session.post(
                address,
                data=content,
                headers={"Content-Type": "application/octet-stream", "Content-Length": str(length)},
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

    async def _shared(self, file_id: str, room: str, steadily: Steadily) -> MessageRef | None:
        """Look some seconds for the message that carries a file; `None` when there is none."""
        for wait in SHARE_WAITS:
            try:
                info = await steadily(lambda: self._info(file_id))
            except PlatformError:
                info = None
            ts = _stamp(info.data, room) if info is not None else ""
            if ts:
                return MessageRef("slack", self._workspace, room, ts)
            await asyncio.sleep(wait)
        return None

    async def _info(self, file_id: str) -> AsyncSlackResponse:
        with neutral():
            return await self._web.files_info(file=file_id)


async def at_once(step: Callable[[], Awaitable[_T]]) -> _T:
    """Do a step; who waits for its outcome judges what went wrong."""
    return await step()


async def patiently(step: Callable[[], Awaitable[_T]]) -> _T:
    """Do a step again when Slack surely did nothing: as long as it asks to wait, some times."""
    for wait in PATIENCE:
        try:
            return await step()
        except RateLimited as error:
            await asyncio.sleep(min(error.after, WAIT_MAX))
        except NotSent:
            await asyncio.sleep(wait)
    return await step()


def _in(thread: str) -> dict[str, Any]:
    return {"thread_ts": thread} if thread else {}


async def _exactly(first: bytes, rest: Pieces, size: int) -> Pieces:
    """Give the pieces; with more or fewer bytes than were announced, the upload is broken off."""
    piece = first
    while piece and len(piece) <= size:
        size -= len(piece)
        yield piece
        piece = await anext(rest, b"")
    if piece or size:
        raise Rejected("file_size")


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
