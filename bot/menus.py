"""The platforms' command menus: short lists by language; they are a convenience, never access control.

Everybody's menus are set when a connection starts. Organisers get their own in their private chats; a chore keeps it
in step with roles and languages, which may also change while the program runs or by a community file.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

import structlog
from sqlalchemy import or_, select

from bot.platforms import Connected
from bot.routes import Routes
from chat.errors import PlatformError, Rejected, Unreachable
from chat.language import DEFAULT, LANGUAGES, known
from chat.platform import Platform
from chat.text import Phrase, Reader, plain
from handlers._feature import CommandRoute
from handlers._menus import GROUPS, short_list
from scheduler.clock import Clock
from storage.database import Database
from storage.members import Account, Member, RoleGrant

log = structlog.get_logger(__name__)
ORGANISE = ("organiser", "admin")
TAKE_PART = ("active", "paused", "stopped")


async def set_menus(platform: Platform, routes: Routes) -> None:
    """Tell a platform with command menus our commands, in private chats and in groups, in five languages."""
    set_menu = getattr(platform, "set_menu", None)
    if set_menu is None:
        return
    commands = _commands(routes)
    group = sorted((each for each in commands if each.words in GROUPS), key=lambda each: GROUPS.index(each.words))
    private = short_list(commands, organiser=False)
    wanted = []
    for language in LANGUAGES:
        wanted += [
            set_menu("private", language, _described(private, language)),
            set_menu("group", language, _described(group, language)),
        ]
    for result in await asyncio.gather(*wanted, return_exceptions=True):  # ten calls: one after the other takes long
        if isinstance(result, PlatformError):
            log.warning("menu_not_set", platform=platform.name, reason=result.reason)
            return
        if isinstance(result, BaseException):
            raise result


class OrganisersMenus:
    """Give organisers the menu with their own commands, in the private chat with each and in their language."""

    def __init__(
        self, database: Database, clock: Clock, routes: Routes, reached: Callable[[], Sequence[Connected]]
    ) -> None:
        self._database, self._clock, self._routes, self._reached = database, clock, routes, reached
        self._set: dict[tuple[str, str, str], str] = {}
        """What was set since the start: language by platform, workspace and chat."""

    async def chore(self) -> None:
        """Set the menus of who became an organiser or took another language, and take it from who is none any more."""
        platforms = [each.platform for each in self._reached() if hasattr(each.platform, "set_menu")]
        if not platforms:
            return
        wanted = await self._wanted(platforms)
        for platform in platforms:
            here = (platform.name, platform.workspace)
            places = {each for each in (*wanted, *self._set) if each[:2] == here}
            for place in sorted(each for each in places if wanted.get(each) != self._set.get(each)):
                if not await self._change(platform, place, wanted):
                    break

    async def _wanted(self, platforms: Sequence[Platform]) -> dict[tuple[str, str, str], str]:
        """Find the private chats of all organisers, of all communities, with their languages."""
        query = (
            select(Account.platform, Account.workspace, Account.chat, Member.language)
            .join(Member, Member.id == Account.member_id)
            .join(RoleGrant, RoleGrant.member_id == Member.id)
            .where(
                RoleGrant.role.in_(ORGANISE),
                RoleGrant.meeting_id.is_(None),
                or_(RoleGrant.until.is_(None), RoleGrant.until > self._clock.now()),
                Member.state.in_(TAKE_PART),
                Account.reachable.is_(True),
                Account.chat != "",
                Account.platform.in_([each.name for each in platforms]),
            )
            .order_by(Member.id)
        )
        async with self._database.read() as db:
            found = await db.execute(query)
            return {(platform, workspace, chat): known(language) for platform, workspace, chat, language in found}

    async def _change(
        self, platform: Platform, place: tuple[str, str, str], wanted: Mapping[tuple[str, str, str], str]
    ) -> bool:
        """Set one menu; false if the platform cannot be asked now, so that the others wait as well."""
        language = wanted.get(place)
        routes = short_list(_commands(self._routes), organiser=language is not None)
        described = _described(routes, language or self._set[place])
        set_menu = platform.set_menu  # type: ignore[attr-defined]  # only platforms that have it are asked
        try:
            await set_menu("private", DEFAULT, described, place[2])
        except PlatformError as error:
            log.warning("menu_not_set", platform=platform.name, reason=error.reason)
            if not isinstance(error, Rejected | Unreachable):  # a chat that is gone is not tried before the next start
                return False
        if language is None:
            del self._set[place]
        else:
            self._set[place] = language
        return True


def _commands(routes: Routes) -> list[CommandRoute]:
    return [each for feature in routes.features for each in feature.commands]


def _described(routes: Sequence[CommandRoute], language: str) -> list[tuple[str, str]]:
    reader = Reader(language=language)
    return [(each.words.replace(" ", "_"), plain(Phrase(each.help_key), reader)) for each in routes]
