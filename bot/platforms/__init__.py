"""The platforms that are configured: one adapter each, and only here are their libraries known."""

from __future__ import annotations

from bot.settings import Settings
from chat.platform import Platform
from storage.connections import Offsets


def configured(settings: Settings, offsets: Offsets) -> list[Platform]:
    """Make an adapter for every platform that has a token; a platform without its token is off."""
    made: list[Platform] = []
    if settings.slack:
        from bot.platforms.slack import SlackPlatform

        made.append(
            SlackPlatform(
                settings.slack_bot_token.get_secret_value(),
                app_token=settings.slack_app_token.get_secret_value(),
                signing_secret=settings.slack_signing_secret.get_secret_value(),
                api_url=settings.slack_api_url,
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
            )
        )
    return made
