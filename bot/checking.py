"""`convenor check`: what would keep this installation from working, one line each."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

import aiohttp
from sqlalchemy import select, text

from bot import connections
from bot.connections import Tokens
from bot.heart import FILE, read
from bot.platforms import Connected, Surroundings, connect
from bot.settings import Settings, SettingsError
from chat.errors import PlatformError
from scheduler.clock import SystemClock
from storage import backlog, installation, schema
from storage.communities import Community
from storage.connections import Offsets
from storage.database import Database
from storage.lock import DatabaseBusy, hold
from storage.sharing import real_now

CLOCK_MAX_SECONDS = 30.0
"""Slack refuses signatures five minutes off; reminders should not be half a minute off."""
FREE_BYTES, FREE_SHARE = 200_000_000, 0.05
"""Less free space than either is a finding: a full disk stops sending."""
PRIVACY = ("controller_name", "privacy_link", "organiser_contact")
"""Without these a community's members are not told who keeps their data, on what terms, and whom to ask."""


async def findings(settings: Settings) -> list[str]:
    """Give everything that is wrong; an empty list means all is well. Nothing is changed."""
    found = [*await _schema(settings), *_key_file(settings), *_disk(settings)]
    fit = not found or not found[0].startswith("database")
    database = Database(settings.database_url)
    tokens = connections.first(settings)
    polling: set[str] = set()
    try:
        if fit:
            found += await _inside(database, settings)
            polling = await _polling(database)
            try:
                tokens += await connections.further(database, settings)
            except SettingsError as error:
                found.append(f"settings: {error}")
        if not tokens:
            found.append("no platform is on: set TELEGRAM_BOT_TOKEN or SLACK_BOT_TOKEN")
        around = Surroundings(offsets=Offsets(database), now=SystemClock().now)
        for each in tokens:
            found += await _connection(connect(settings, each, around), polling)
    finally:
        await database.close()
    return [*found, *await _clock(settings, tokens)]


async def _schema(settings: Settings) -> list[str]:
    try:
        await schema.require(settings.database_url)
    except schema.SchemaError as error:
        return [f"database: {error}"]
    return []


async def _inside(database: Database, settings: Settings) -> list[str]:
    found = []
    async with database.read() as db:
        if database.sqlite:
            said = str(await db.scalar(text("PRAGMA quick_check(1)")))
            found += [f"database: the file is damaged ({said}); restore a backup"] if said != "ok" else []
        row = await installation.get(db) if await installation.paused(db) else None
        beat = read(settings.convenor_data_dir / FILE)
        stored = await db.scalar(text("SELECT beat FROM installation"))
        behind = beat is not None and beat.number > (stored or 0)
        if row is not None or (behind and beat is not None and beat.database == await installation.identity(db)):
            until = row.restored_until if row is not None else beat.until if beat is not None else None
            found.append(
                f"restored: the database is a backup that knows nothing of what was sent until {until:%Y-%m-%d %H:%M} "
                "UTC; only alerts go out until somebody confirms: `convenor resume`"
            )
        for community in await db.scalars(select(Community).order_by(Community.key)):
            lacking = [each for each in PRIVACY if not getattr(community, each)]
            if lacking:
                found.append(f"community {community.key}: {', '.join(lacking)} is empty; add it to the community file")
    return found


async def _polling(database: Database) -> set[str]:
    """Give the bots that a process of ours polls now; on SQLite all of them while the file is held."""
    if database.sqlite:
        try:
            with hold(database.url):
                return set()
        except DatabaseBusy:
            return {""}
    async with database.read() as db:
        real = await real_now(db)
        rows = await backlog.connections(db)
        return {each.workspace for each in rows if each.reader and each.reader_until and each.reader_until > real}


async def _connection(connected: Connected, polling: set[str]) -> list[str]:
    """Ask one platform; a second poller is looked for only where no process of ours polls."""
    platform, tokens = connected.platform, connected.tokens
    try:
        if tokens.platform == "telegram":
            from bot.platforms.telegram import TelegramPlatform

            assert isinstance(platform, TelegramPlatform)
            said = await platform.check(alone=not polling & {"", tokens.bot.partition(":")[0]})
        else:
            said = await platform.check()
    except PlatformError as error:
        said = [error.reason or type(error).__name__]
    title = connected.title
    plain = (each.split(": ", 1)[1] if each.lower().startswith(f"{platform.name}: ") else each for each in said)
    found = [f"{title}: {each}" for each in plain]
    try:
        if platform.workspace:
            connections.expected(tokens, platform.workspace)
    except SettingsError as error:
        found.append(f"{title}: {error}")
    return found


def _key_file(settings: Settings) -> list[str]:
    path = settings.secret_key_file
    if not path.exists():
        return [f"key file: {path} is missing; `convenor init` makes it"]
    if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
        return [f"key file: {path} can be read by others; chmod 600 it"]
    return []


def _disk(settings: Settings) -> list[str]:
    """Look at the disk of the SQLite file, or of our folder where the database is elsewhere."""
    try:
        path = schema.sqlite_file(settings.database_url)
    except schema.SchemaError:
        return []
    folder = path.parent if path is not None else settings.convenor_data_dir
    try:
        space = shutil.disk_usage(folder if folder.exists() else Path.cwd())
    except OSError as error:
        return [f"disk: {folder} cannot be looked at ({error.strerror})"]
    if space.free < FREE_BYTES or space.free < space.total * FREE_SHARE:
        return [f"disk: only {space.free // 1_000_000} MB are free at {folder}; a full disk stops sending"]
    return []


async def _clock(settings: Settings, tokens: Sequence[Tokens]) -> list[str]:
    """Compare our clock with the dates the platforms' servers state; one line for all that agree it is off."""
    urls = {"slack": settings.slack_api_url, "telegram": settings.telegram_api_url}
    off: dict[str, float] = {}
    for platform in sorted({each.platform for each in tokens}):
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session,
                session.get(urls[platform]) as answer,
            ):
                stated = parsedate_to_datetime(answer.headers["Date"])
        except (aiohttp.ClientError, TimeoutError, KeyError, ValueError, TypeError):
            continue  # that nobody answers is said by the platform's own check
        if stated.tzinfo is not None:
            off[platform] = (datetime.now(UTC) - stated).total_seconds()
    wrong = {platform: each for platform, each in off.items() if abs(each) > CLOCK_MAX_SECONDS}
    if not wrong:
        return []
    said = ", ".join(f"{abs(each):.0f} s {'ahead of' if each > 0 else 'behind'} {name}" for name, each in wrong.items())
    return [f"clock: {said}; set the machine's time"]
