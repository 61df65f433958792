"""The calls that post, edit and delete; each sends once and raises neutral errors."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot.platforms.slack._client import json_object, read
from bot.platforms.slack._errors import harmless, meaning, neutral, word
from bot.platforms.slack._files import Files, proxy_for
from bot.platforms.slack._find import Finder
from bot.platforms.slack._follow import Followers
from bot.platforms.slack._render import home_view, metadata_of, payload_of
from chat.errors import Rejected, Unreachable
from chat.message import Message
from chat.outbound import Home, SendFile
from chat.people import MessageRef, Place
from chat.platform import Shelf
from chat.text import Reader

PAYLOAD_KEPT = 2000
"""Bytes of a response address's answer that are looked at."""


class Poster:
    """Speak for one workspace; remembers which `D…` belongs to which person."""

    def __init__(
        self, web: AsyncWebClient, session: aiohttp.ClientSession, workspace: str, shelf: Shelf | None = None
    ) -> None:
        self._web, self._session, self._workspace = web, session, workspace
        self._rooms: dict[str, str] = {}
        self._finder, self._files = Finder(web, workspace), Files(web, session, workspace)
        self._followers = Followers(self._files, shelf)

    async def close(self) -> None:
        """Let files that are going up arrive, for two seconds."""
        await self._followers.close()

    async def send(self, to: Place, message: Message, reader: Reader, delivery: str = "") -> MessageRef:
        """Post once; a file follows. Raise the errors of `chat.errors` if nothing was posted."""
        if not to.chat:
            raise Rejected("no_chat")
        more: dict[str, Any] = {"metadata": metadata_of(delivery)} if delivery else {}
        if to.thread:
            more["thread_ts"] = to.thread
        more |= payload_of(message, reader)
        with neutral():
            answer = await self._web.chat_postMessage(
                channel=self._rooms.get(to.chat, to.chat), unfurl_links=False, unfurl_media=False, **more
            )
            chat, ts = word(answer.get("channel")), word(answer.get("ts"))
        if to.kind == "dm" and chat != to.chat:
            self._rooms[to.chat] = chat
        ref = MessageRef("slack", self._workspace, chat, ts)
        if message.file is not None:
            await self._followers.follow(ref, to.thread or ("" if to.kind == "dm" else ts), message.file)
        return ref

    async def find(self, to: Place, delivery: str, since: datetime) -> MessageRef | None:
        """Look for a post by its delivery id, from a real moment on; errors as in `Finder.find`."""
        try:
            room = await self.room(to)
        except Unreachable as error:
            raise Rejected(error.reason) from None
        return await self._finder.find(room, to.thread, delivery, since)

    async def edit(self, ref: MessageRef, message: Message, reader: Reader) -> None:
        """Edit a post of ours; safe to try again. The file behind a card that has none any more is deleted."""
        shown = payload_of(message, reader)
        with neutral():
            await self._web.chat_update(channel=ref.chat, ts=ref.message, **shown)
        if message.file is None:
            await self._followers.withdraw(ref)

    async def delete(self, ref: MessageRef) -> None:
        """Delete a post of ours, and the file behind it."""
        with neutral():
            await self._web.chat_delete(channel=ref.chat, ts=ref.message)
        await self._followers.withdraw(ref)

    async def whisper(self, to: Place, user: str, message: Message, reader: Reader) -> None:
        """Show a message to one person in a channel; it is gone when they reload."""
        more: dict[str, Any] = {"thread_ts": to.thread} if to.thread else {}
        more |= payload_of(message, reader)
        with neutral():
            await self._web.chat_postEphemeral(channel=to.chat, user=user, **more)

    async def respond(self, address: str, message: Message, reader: Reader, *, replace: bool) -> None:
        """Use a response address: turn the pressed message into this one, or show one to the presser alone."""
        body: dict[str, Any] = {**payload_of(message, reader), "replace_original": replace}
        if not replace:
            body["response_type"] = "ephemeral"
        with neutral():
            async with self._session.post(
                address, json=body, proxy=proxy_for(address, self._web), allow_redirects=False
            ) as answer:
                payload = (await read(answer))[:PAYLOAD_KEPT]
            text, said = payload.decode(errors="replace").strip(), json_object(payload)
            if answer.status == 200 and (text in ("ok", "") or said.get("ok") is True):
                return
            code = said.get("error") or text
            known = code if isinstance(code, str) and re.fullmatch(r"[a-z]+(_[a-z]+)+", code) else ""
            gone = answer.status in (404, 410)
            raise meaning("expired_url" if gone else known, answer.status, answer.headers.get("Retry-After", ""))

    async def home(self, user: str, home: Home, reader: Reader) -> None:
        """Publish a person's home screen."""
        view = home_view(home, reader)
        with neutral():
            await self._web.views_publish(user_id=user, view=view)

    async def open_view(self, trigger: str, view: dict[str, Any]) -> None:
        """Open a modal with a trigger, which lives three seconds and works once."""
        with neutral():
            await self._web.views_open(trigger_id=trigger, view=view)

    async def update_view(self, view_id: str, view: dict[str, Any]) -> None:
        """Change an open modal."""
        with neutral():
            await self._web.views_update(view_id=view_id, view=view)

    async def room(self, to: Place) -> str:
        """Give the id files and look-ups need: the `D…` of a person, asked for once (platforms §3.6)."""
        if to.chat[:1] not in ("U", "W"):
            return to.chat
        if to.chat not in self._rooms:
            with harmless():
                answer = await self._web.conversations_open(users=[to.chat])
                channel = answer.get("channel")
                self._rooms[to.chat] = word(channel.get("id") if isinstance(channel, dict) else None)
        return self._rooms[to.chat]

    async def upload(self, to: Place, file: SendFile, reader: Reader) -> MessageRef:
        """Send a file and wait until it can be seen; errors as in `Files.upload`."""
        return await self._files.upload(await self.room(to), to.thread, file, reader)
