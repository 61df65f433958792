"""The platforms that are configured: one adapter for each connection, and only here are their libraries known."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from bot.connections import Tokens, title
from bot.settings import Settings, SettingsError
from chat.platform import Platform, Shelf
from storage.connections import Offsets

MayRead = Callable[[str], Awaitable[bool]]
OnTrouble = Callable[[Platform, str, str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Connected:
    """Be one connection: its adapter, and the tokens it was made from."""

    platform: Platform
    tokens: Tokens

    @property
    def title(self) -> str:
        """Give its name for people: `slack`, or `slack (north)` for one of a community file."""
        return title(self.tokens.platform, self.tokens.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Be what the adapters get from us.

    `now` is the clock by which acts are dated where a platform gives no time for them. `may_read` is asked with a bot's
    id before updates are polled for, and every `read_every` seconds. `on_trouble` is told `(platform, kind, reason)` of
    what an adapter cannot mend.
    """

    offsets: Offsets
    now: Callable[[], datetime]
    may_read: MayRead | None = None
    read_every: float = 5.0
    on_trouble: OnTrouble | None = None
    shelf: Shelf | None = None
    """Where the files of messages come from."""


def connect(settings: Settings, tokens: Tokens, around: Surroundings) -> Connected:
    """Make the adapter of one connection; nothing is asked of the platform yet. Raise `SettingsError`."""
    make = _slack if tokens.platform == "slack" else _telegram
    try:
        return Connected(make(settings, tokens, around), tokens)
    except ValueError as error:
        raise SettingsError(f"connection {tokens.name}: {error}" if tokens.name else str(error)) from None


def _slack(settings: Settings, tokens: Tokens, around: Surroundings) -> Platform:
    from bot.platforms.slack import SlackPlatform

    async def trouble(kind: str, reason: str) -> None:
        if around.on_trouble is not None:
            await around.on_trouble(made, kind, reason)

    made = SlackPlatform(
        tokens.bot,
        app_token=tokens.app,
        signing_secret=tokens.signing,
        api_url=settings.slack_api_url,
        now=around.now,
        request_seconds=settings.convenor_request_seconds,
        lanes=settings.convenor_lanes,
        per_minute=settings.slack_per_minute,
        on_trouble=trouble,
        shelf=around.shelf,
    )
    return made


def _telegram(settings: Settings, tokens: Tokens, around: Surroundings) -> Platform:
    from bot.platforms.telegram import TelegramPlatform

    async def may_read() -> bool:
        return around.may_read is None or await around.may_read(made.workspace)

    async def trouble(kind: str, reason: str) -> None:
        if around.on_trouble is not None:
            await around.on_trouble(made, kind, reason)

    # The adapter adds its own path to the address it is reached at.
    prefix = tokens.path.removesuffix("/telegram/webhook")
    made = TelegramPlatform(
        tokens.bot,
        api_url=settings.telegram_api_url,
        webhook_secret=tokens.webhook,
        public_url=settings.public_url.rstrip("/") + prefix,
        offsets=around.offsets,
        now=around.now,
        request_seconds=settings.convenor_request_seconds,
        lanes=settings.convenor_lanes,
        per_second=settings.telegram_per_second,
        may_read=may_read if around.may_read is not None else None,
        read_every=around.read_every,
        on_trouble=trouble,
        shelf=around.shelf,
    )
    return made
