"""The calls that post, edit and delete; each sends once and raises neutral errors."""

from __future__ import annotations

import asyncio
import re
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot.platforms.slack._client import UPLOAD_TIMEOUT
from bot.platforms.slack._errors import meaning, neutral
from bot.platforms.slack._mrkdwn import mrkdwn
from bot.platforms.slack._render import home_view, metadata_of, payload_of
from chat.errors import Ambiguous, NotSent, PlatformError, Rejected
from chat.message import Message
from chat.outbound import Home, SendFile
from chat.people import MessageRef, Place
from chat.text import Reader, render

SHARE_WAITS = (0.1, 0.3, 0.6, 1.0, 2.0, 4.0)
"""Seconds between looks whether an uploaded file has appeared; Slack scans it first (platforms §3.6)."""


class Poster:
    """Speak for one workspace; remembers which `D…` belongs to which person."""

    def __init__(self, web: AsyncWebClient, session: aiohttp.ClientSession, workspace: str) -> None:
        self._web, self._session, self._workspace = web, session, workspace
        self._rooms: dict[str, str] = {}

    async def send(self, to: Place, message: Message, reader: Reader, delivery: str = "") -> MessageRef:
        """Post once. Raise the errors of `chat.errors`."""
        if not to.chat:
            raise Rejected("no_chat")
        more: dict[str, Any] = {"metadata": metadata_of(delivery)} if delivery else {}
        if to.thread:
            more["thread_ts"] = to.thread
        with neutral():
            answer = await self._web.chat_postMessage(
                channel=self._rooms.get(to.chat, to.chat),
                unfurl_links=False,
                unfurl_media=False,
                **payload_of(message, reader),
                **more,
            )
        chat, ts = answer.get("channel"), answer.get("ts")
        if not chat or not ts:
            raise Ambiguous("no_ts")
        if to.kind == "dm" and chat != to.chat:
            self._rooms[to.chat] = chat
        return MessageRef("slack", self._workspace, chat, ts)

    async def find(self, to: Place, delivery: str, since: datetime) -> MessageRef | None:
        """Look for a post by its delivery id, from five seconds before a real moment on.

        Raise `Rejected` where we may not look, the other errors of `chat.errors` to look again later.
        """
        room, cursor = await self.room(to), ""
        oldest = f"{since.timestamp() - 5:.6f}"
        while True:
            more: dict[str, Any] = {"cursor": cursor} if cursor else {}
            with neutral():
                page = await self._web.conversations_history(
                    channel=room, oldest=oldest, include_all_metadata=True, limit=100, **more
                )
            for each in page.get("messages") or ():
                payload = (each.get("metadata") or {}).get("event_payload") or {}
                if payload.get("id") == delivery:
                    return MessageRef("slack", self._workspace, room, str(each["ts"]))
            cursor = str((page.get("response_metadata") or {}).get("next_cursor") or "")
            if not cursor:
                return None

    async def edit(self, ref: MessageRef, message: Message, reader: Reader) -> None:
        """Edit a post of ours; safe to try again."""
        with neutral():
            await self._web.chat_update(channel=ref.chat, ts=ref.message, **payload_of(message, reader))

    async def delete(self, ref: MessageRef) -> None:
        """Delete a post of ours."""
        with neutral():
            await self._web.chat_delete(channel=ref.chat, ts=ref.message)

    async def whisper(self, to: Place, user: str, message: Message, reader: Reader) -> None:
        """Show a message to one person in a channel; it is gone when they reload."""
        more: dict[str, Any] = {"thread_ts": to.thread} if to.thread else {}
        with neutral():
            await self._web.chat_postEphemeral(channel=to.chat, user=user, **payload_of(message, reader), **more)

    async def respond(self, address: str, message: Message, reader: Reader, *, replace: bool) -> None:
        """Use a response address: turn the pressed message into this one, or show one to the presser alone."""
        body: dict[str, Any] = {**payload_of(message, reader), "replace_original": replace}
        if not replace:
            body["response_type"] = "ephemeral"
        with neutral():
            async with self._session.post(address, json=body, proxy=self._proxy(address)) as answer:
                text = (await answer.text())[:200]
                if answer.status != 200 or (text not in ("ok", "") and '"ok":true' not in text.replace(" ", "")):
                    code = re.search(r"[a-z]+_[a-z_]+", text)
                    known = "expired_url" if answer.status in (404, 410) else code[0] if code else ""
                    raise meaning(known, answer.status, answer.headers.get("Retry-After", ""))

    async def home(self, user: str, home: Home, reader: Reader) -> None:
        """Publish a person's home screen."""
        with neutral():
            await self._web.views_publish(user_id=user, view=home_view(home, reader))

    async def open_view(self, trigger: str, view: dict[str, Any]) -> None:
        """Open a modal with a trigger, which lives three seconds and works once."""
        with neutral():
            await self._web.views_open(trigger_id=trigger, view=view)

    async def update_view(self, view_id: str, view: dict[str, Any]) -> None:
        """Change an open modal."""
        with neutral():
            await self._web.views_update(view_id=view_id, view=view)

    async def room(self, to: Place) -> str:
        """Give the id files need: the `D…` of a person, asked for once (platforms §3.6)."""
        if to.chat[:1] not in ("U", "W"):
            return to.chat
        if to.chat not in self._rooms:
            with neutral():
                answer = await self._web.conversations_open(users=[to.chat])
            self._rooms[to.chat] = str(answer["channel"]["id"])
        return self._rooms[to.chat]

    async def upload(self, to: Place, file: SendFile, reader: Reader) -> MessageRef:
        """Send a file in three steps and wait until it can be seen; until the last step nothing is visible."""
        room, name = await self.room(to), file_name(file.name)
        with neutral():
            place = await self._web.files_getUploadURLExternal(filename=name, length=len(file.content))
        address, file_id = str(place["upload_url"]), str(place["file_id"])
        if urlsplit(address).scheme != "https" and urlsplit(address).hostname not in ("127.0.0.1", "localhost"):
            raise Rejected("upload_url")
        try:
            with neutral():
                async with self._session.post(
                    address, data=file.content, timeout=UPLOAD_TIMEOUT, proxy=self._proxy(address)
                ) as done:
                    if done.status != 200:
                        raise meaning("", done.status, done.headers.get("Retry-After", ""))
        except Ambiguous as error:
            raise NotSent(error.reason) from None  # bytes without the last step reach nobody
        more: dict[str, Any] = {"initial_comment": mrkdwn(render(file.caption, reader))} if file.caption else {}
        if to.thread:
            more["thread_ts"] = to.thread
        with neutral():
            await self._web.files_completeUploadExternal(
                files=[{"id": file_id, "title": name}], channel_id=room, **more
            )
        return await self._shared(file_id, room)

    async def _shared(self, file_id: str, room: str) -> MessageRef:
        for wait in SHARE_WAITS:
            try:
                with neutral():
                    info = await self._web.files_info(file=file_id)
            except PlatformError:
                info = None
            shares = ((info.get("file") or {}).get("shares") or {}) if info is not None else {}
            for kind in ("private", "public"):
                found = (shares.get(kind) or {}).get(room)
                if found:
                    return MessageRef("slack", self._workspace, room, str(found[0]["ts"]))
            await asyncio.sleep(wait)
        raise Ambiguous("not_shared")

    def _proxy(self, address: str) -> str | None:
        return None if urlsplit(address).hostname in ("127.0.0.1", "localhost") else self._web.proxy


def file_name(name: str) -> str:
    """Make a safe name of what somebody called a file: no folders, no control characters, at most 120 characters."""
    base = "".join(each for each in re.split(r"[/\\]", name)[-1] if each.isprintable() and each not in '"<>|:*?')
    base = base.strip(". ") or "file"
    stem, dot, ending = base.rpartition(".")
    return base if len(base) <= 120 else f"{stem[: 119 - len(ending)]}{dot}{ending}" if dot else base[:120]
