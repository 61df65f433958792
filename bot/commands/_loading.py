"""Create the database and take community files in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path

from sqlalchemy import select

from bot.commands._database import CommandError, opened
from bot.commands._links import JoinLinkFor, links_for, waiting
from bot.keys import make_key_file, read_keys
from bot.settings import Settings
from handlers._reminding import arm
from storage import schema, search
from storage.communities import Community
from storage.community_file import CommunityFile, Report, is_history, load, load_history, take_in
from storage.database import Database, Session
from storage.history import take_in_history
from storage.lock import hold
from storage.meetings import INVITED, Meeting
from storage.members import Member
from storage.series import NOT_ANNOUNCED

Prepare = Callable[[Session], Awaitable[None]]
"""Changes what was imported, before the bot sees it; gets a session of the community."""


def bot_id(settings: Settings) -> str:
    """Give the id of the Telegram bot whose token is set: what stands before the colon."""
    return settings.telegram_bot_token.get_secret_value().partition(":")[0]


async def initialise(settings: Settings, file: Path, now: datetime) -> tuple[Report, list[JoinLinkFor]]:
    """Create database, key file and community, and make claim links for staff without an account.

    The file is checked before anything is made, and a database made here is removed again if taking it in fails.
    Raise `CommandError` if the community is there already.
    """
    url = settings.database_url
    content = load(file, bot_id(settings))
    new = schema.missing(url)
    path = schema.sqlite_file(url)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with hold(url):
        if not new and await schema.current(url) is not None:
            await schema.require(url)
        else:
            await schema.upgrade(url)
            if path is not None:
                path.chmod(0o600)  # people's names and accounts; SQLite gives its side files the same rights
        try:
            return await _first(settings, content, now)
        except BaseException:
            if new and path is not None:
                for each in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
                    each.unlink(missing_ok=True)
            raise


async def _first(settings: Settings, content: CommunityFile, now: datetime) -> tuple[Report, list[JoinLinkFor]]:
    async with opened(settings.database_url) as database, database.write() as db:
        known = set(await db.scalars(select(Community.key)))
        if content.community.key in known:
            raise CommandError(
                f"the community {content.community.key} is there already; `convenor import FILE` brings it up to date"
            )
        if known:
            read_keys(settings.secret_key_file)  # what is encrypted needs the key there was
        else:
            make_key_file(settings.secret_key_file)
        report = await take_in(db, content, now)
        await _arm(db)
        return report, await links_for(db, await waiting(db, staff=True), now)


async def import_file(settings: Settings, file: Path, now: datetime, *, dry_run: bool = False) -> Report:
    """Bring the database in step with a community file, or add a history file; a dry run changes nothing.

    Raise `DatabaseBusy` while the bot runs on the same SQLite file, except for a dry run.
    """
    url = settings.database_url
    history = is_history(file)
    content = None if history else load(file, bot_id(settings))

    async with opened(url) as database:
        if dry_run:
            return await _take(database, file, content, now, keep=False)
        with hold(url):
            return await _take(database, file, content, now, keep=True)


class _Undone(Exception):
    """End a dry run: roll everything back."""


async def _take(
    database: Database, file: Path, content: CommunityFile | None, now: datetime, *, keep: bool, current: bool = True
) -> Report:
    report = Report()
    try:
        async with database.write() as db:
            if content is not None:
                report = await take_in(db, content, now)
            else:
                history = load_history(file, await db.scalars(select(Member.code).where(Member.staff.is_(False))))
                report = await take_in_history(db, history, current=current)
            await _arm(db)
            await search.reindex(db)
            if not keep:
                raise _Undone
    except _Undone:
        pass
    return report


async def _arm(db: Session) -> None:
    """Set the timers of meetings: of planned ones what comes before the announcement, of announced ones the rest."""
    for meeting in await db.scalars(select(Meeting).where(Meeting.state.in_((*NOT_ANNOUNCED, *INVITED)))):
        await arm(db, meeting)


async def migrate(settings: Settings) -> tuple[str | None, str]:
    """Bring the tables up to date; give the revisions before and after. Raise `SchemaError` or `DatabaseBusy`.

    Meetings that are planned or announced get what a newer schedule has for them and is still ahead.
    """
    url = settings.database_url
    before = await schema.current(url)
    with hold(url):
        after = await schema.upgrade(url)
        if before not in (None, after):
            async with opened(url) as database:
                async with database.read() as db:
                    found = list(await db.scalars(select(Community.id)))
                for each in found:
                    async with database.write(each) as db:
                        await _arm(db)
                        await search.reindex(db)
        return before, after


async def fill_demo(
    url: str,
    community: Path,
    history: Path | None,
    now: datetime,
    *,
    current: bool = True,
    prepare: Prepare | None = None,
) -> None:
    """Create the demo's database with its community and history, and a key next to it.

    `current` adds how far the meeting in hand has come; without it, it is still to be announced. `prepare` changes
    what was loaded.
    """
    content = load(community)
    await schema.upgrade(url)
    path = schema.sqlite_file(url)
    if path is not None:
        make_key_file(path.with_name("convenor.key"))
    async with opened(url) as database:
        await _take(database, community, content, now, keep=True)
        if history is not None:
            await _take(database, history, None, now, keep=True, current=current)
        if prepare is not None:
            async with database.read() as db:
                only = await db.scalar(select(Community.id))
            async with database.write(only) as db:
                await prepare(db)
