"""The platforms that are configured: one adapter each, and only here are their libraries known."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from bot.settings import Settings
from chat.platform import Platform
from storage.connections import Offsets


def configured(settings: Settings, offsets: Offsets, now: Callable[[], datetime]) -> list[Platform]:
    """Make an adapter for every platform that has a token; a platform without its token is off.

    `now` is the clock by which acts are dated where a platform gives no time for them.
    """
    made: list[Platform] = []
    if settings.slack:
        from bot.platforms.slack import SlackPlatform

        made.append(
            SlackPlatform(
                settings.slack_bot_token.get_secret_value(),
                app_token=settings.slack_app_token.get_secret_value(),
                signing_secret=settings.slack_signing_secret.get_secret_value(),
                api_url=settings.slack_api_url,
                now=now,
            )
        )
    if settings.telegram:
        from bot.platforms.telegram import TelegramPlatform

        made.append(
            TelegramPlatform(
                settings.telegram_bot_token.get_secret_value(),
                api_url=settings.telegram_api_url,
                webhook_secret=settings.telegram_webhook_secret.get_secret_value(),
                public_url=settings.public_url,
                offsets=offsets,
                now=now,
            )
        )
    return made
