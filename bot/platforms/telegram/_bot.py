"""PTB's `Bot` without its debug lines, and with updates as Telegram wrote them."""

from __future__ import annotations

import logging
from typing import Any

from telegram import Bot, Update

ALLOWED_UPDATES = ("message", "channel_post", "callback_query", "my_chat_member", "chat_member")
"""What we ask for, always listed: the default leaves out `chat_member`, and a setting persists (platforms §2.6).
Edited messages are not asked for: a command is carried out once, as it was first written (reliability S15)."""

_mute = logging.Logger("telegram.muted")  # never registered, so nobody can turn it up
_mute.addHandler(logging.NullHandler())
_mute.propagate = False


class QuietBot(Bot):
    """Be PTB's `Bot`; its debug log would hold the token, the webhook secret and every text (reliability S36)."""

    _LOGGER = _mute

    def __repr__(self) -> str:
        return "QuietBot()"

    async def raw_updates(self, offset: int, wait: int) -> list[dict[str, Any]]:
        """Ask for updates from `offset` on, waiting up to `wait` seconds (Telegram caps at 50).

        `Bot.get_updates` fails for the whole batch when one update is new to it; these are parsed one by one.
        """
        body = {"offset": offset, "timeout": wait, "limit": 100, "allowed_updates": list(ALLOWED_UPDATES)}
        found = await self._post("getUpdates", body, read_timeout=wait + 10.0)
        return [each for each in found if isinstance(each, dict) and isinstance(each.get("update_id"), int)]

    def read(self, body: dict[str, Any]) -> Update:
        """Turn a raw update into PTB's object. Raise whatever a strange shape makes it raise."""
        return Update.de_json(body, self)
