"""Imported by a bot before it begins: the watchdogs of polling and Socket Mode bark after seconds, not a minute."""

from __future__ import annotations

from functools import partialmethod

from bot.platforms.slack import SlackPlatform
from bot.platforms.telegram import TelegramPlatform

SlackPlatform.__init__ = partialmethod(SlackPlatform.__init__, socket_patience=2.0)  # type: ignore[method-assign, assignment]
TelegramPlatform.__init__ = partialmethod(  # type: ignore[method-assign, assignment]
    TelegramPlatform.__init__, poll_wait=1, stalled=3.0
)
