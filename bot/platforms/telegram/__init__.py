"""Telegram through python-telegram-bot's `Bot`: polling or webhook in, messages with entities out."""

from __future__ import annotations

from bot.platforms.telegram._platform import TelegramPlatform
from bot.platforms.telegram._polling import Offsets

__all__ = ["Offsets", "TelegramPlatform"]
