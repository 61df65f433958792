"""`convenor check`: what would keep this installation from working, one line each."""

from __future__ import annotations

import os
import stat
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import aiohttp

from bot.platforms import configured
from bot.settings import Settings
from chat.errors import PlatformError
from scheduler.clock import SystemClock
from storage import schema
from storage.connections import Offsets
from storage.database import Database

CLOCK_MAX_SECONDS = 30.0
"""Slack refuses signatures five minutes off; reminders should not be half a minute off."""


async def findings(settings: Settings) -> list[str]:
    """Give everything that is wrong; an empty list means all is well. Nothing is changed."""
    found = [*await _database(settings), *_key_file(settings)]
    if not (settings.telegram or settings.slack):
        found.append("no platform is on: set TELEGRAM_BOT_TOKEN or SLACK_BOT_TOKEN")
        return found
    database = Database(settings.database_url)
    try:
        for platform in configured(settings, Offsets(database), SystemClock().now):
            try:
                found += [f"{platform.name}: {each}" for each in await platform.check()]
            except PlatformError as error:
                found.append(f"{platform.name}: {error.reason or type(error).__name__}")
    finally:
        await database.close()
    return [*found, *await _clock(settings)]


async def _database(settings: Settings) -> list[str]:
    try:
        await schema.require(settings.database_url)
    except schema.SchemaError as error:
        return [f"database: {error}"]
    return []


def _key_file(settings: Settings) -> list[str]:
    path = settings.secret_key_file
    if not path.exists():
        return [f"key file: {path} is missing; `convenor init` makes it"]
    if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
        return [f"key file: {path} can be read by others; chmod 600 it"]
    return []


async def _clock(settings: Settings) -> list[str]:
    """Compare our clock with the date a platform's server states."""
    url = settings.slack_api_url if settings.slack else settings.telegram_api_url
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session,
            session.get(url) as answer,
        ):
            stated = answer.headers.get("Date")
    except (aiohttp.ClientError, TimeoutError):
        return []  # that nobody answers is said by the platform's own check
    if stated is None:
        return []
    off = abs((parsedate_to_datetime(stated) - datetime.now(UTC)).total_seconds())
    return [f"clock: {off:.0f} seconds off; set the machine's time"] if off > CLOCK_MAX_SECONDS else []
