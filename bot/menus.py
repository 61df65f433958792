"""The platforms' command menus: short lists by language; they are a convenience, never access control."""

from __future__ import annotations

import asyncio

import structlog

from bot.routes import Routes
from chat.errors import PlatformError
from chat.language import LANGUAGES
from chat.platform import Platform
from chat.text import Phrase, Reader, plain

log = structlog.get_logger(__name__)
GROUP_WORDS = ("meetings", "help")


async def set_menus(platform: Platform, routes: Routes) -> None:
    """Tell a platform with command menus our commands, in private chats and in groups, in five languages."""
    set_menu = getattr(platform, "set_menu", None)
    if set_menu is None:
        return
    commands = [each for feature in routes.features for each in feature.commands]
    wanted = []
    for language in LANGUAGES:
        reader = Reader(language=language)
        described = {
            each.words: (each.words.replace(" ", "_"), plain(Phrase(each.help_key), reader)) for each in commands
        }
        private = [described[each.words] for each in commands if each.menu and each.who in ("member", "anyone")]
        group = [described[words] for words in GROUP_WORDS if words in described]
        wanted += [set_menu("private", language, private), set_menu("group", language, group)]
    for result in await asyncio.gather(*wanted, return_exceptions=True):  # ten calls: one after the other takes long
        if isinstance(result, PlatformError):
            log.warning("menu_not_set", platform=platform.name, reason=result.reason)
            return
        if isinstance(result, BaseException):
            raise result
