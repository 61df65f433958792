"""A strict stand-in for the Telegram Bot API (platforms §2)."""

from sandbox.telegram.side import TelegramSide

__all__ = ["TelegramSide"]
