"""PTB's `Bot` without its debug lines, and with updates as Telegram wrote them."""

from __future__ import annotations

import logging
from typing import Any

from telegram import Bot, Update
from telegram.error import NetworkError

from bot.platforms.telegram._aiohttp_request import AiohttpRequest
from bot.platforms.telegram._answers import AnswerLost
from bot.platforms.telegram._multipart import Multipart

ALLOWED_UPDATES = ("message", "channel_post", "callback_query", "my_chat_member", "chat_member")
"""What we ask for, always listed: the default leaves out `chat_member`, and a setting persists (platforms §2.6).
Edited messages are not asked for: a command is carried out once, as it was first written (reliability S15)."""

_WHERE = ("message_id", "date", "chat", "message_thread_id", "is_topic_message")

_mute = logging.Logger("telegram.muted")  # never registered, so nobody can turn it up
_mute.addHandler(logging.NullHandler())
_mute.propagate = False


class QuietBot(Bot):
    """Be PTB's `Bot`; its debug log would hold the token, the webhook secret and every text (reliability S36)."""

    _LOGGER = _mute

    def __init__(self, token: str, base: str, request: AiohttpRequest) -> None:
        super().__init__(
            token,
            base_url=f"{base}/bot",
            base_file_url=f"{base}/file/bot",
            request=request,
            get_updates_request=request,
        )
        self._line = request

    def __repr__(self) -> str:
        return "QuietBot()"

    async def call(self, method: str, fields: dict[str, Any], seconds: float | None = None) -> Any:
        """Call a method with fields that are ready to be sent; give its result as Telegram wrote it.

        `seconds` bounds a long poll. Raise PTB's errors, as its own methods do.
        """
        return await self._line.call(f"{self.base_url}/{method}", fields, seconds)

    async def upload(self, method: str, body: Multipart) -> Any:
        """Call a method with a form that carries a file; errors as in `call`, or `Rejected` without the file."""
        return await self._line.upload(f"{self.base_url}/{method}", body)

    async def raw_updates(self, offset: int, wait: int, limit: int = 100) -> list[dict[str, Any]]:
        """Ask for updates from `offset` on, waiting up to `wait` seconds (Telegram caps at 50).

        `Bot.get_updates` fails for the whole batch when one update is new to it; these are parsed one by one.
        Raise `NetworkError` when not one of them has a number.
        """
        body = {"offset": offset, "timeout": wait, "limit": limit, "allowed_updates": list(ALLOWED_UPDATES)}
        found = await self.call("getUpdates", body, wait + 10.0)
        if not isinstance(found, list):
            raise NetworkError("Garbled answer") from AnswerLost("garbled")
        good = [each for each in found if isinstance(each, dict) and _numbered(each.get("update_id"))]
        if found and not good:  # nothing the offset could move past: asking again at once would turn in circles
            raise NetworkError("Garbled answer") from AnswerLost("garbled")
        return good

    def read(self, body: dict[str, Any]) -> Update:
        """Turn a raw update into PTB's object. Raise whatever a strange shape makes it raise.

        Of a pressed message only what tells where it stands is read; its text and buttons would cost the most.
        """
        press = body.get("callback_query")
        if isinstance(press, dict) and isinstance(message := press.get("message"), dict):
            where = {name: message[name] for name in _WHERE if name in message}
            body = {**body, "callback_query": {**press, "message": where}}
        return Update.de_json(body, self)


def _numbered(number: Any) -> bool:
    return type(number) is int and 0 <= number < 2**53
