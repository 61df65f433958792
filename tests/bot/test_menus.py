"""Command menus: ten words for everybody, the organisers' own in their private chats as long as they are organisers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from bot.connections import Tokens
from bot.menus import OrganisersMenus, set_menus
from bot.platforms import Connected
from bot.routes import Routes
from chat.errors import NotSent, Unreachable
from handlers import features
from handlers._menus import GROUPS, MEMBERS, ORGANISERS
from scheduler.clock import MovableClock
from storage import Database
from storage.communities import Community
from storage.members import Account, Member, RoleGrant

ROUTES = Routes.of(features())


class Menus:
    """A platform with command menus that remembers what it was told, or fails for a chat."""

    name, workspace = "telegram", "700"

    def __init__(self) -> None:
        self.told: list[tuple[str, str, list[str], str]] = []
        self.first: dict[str, str] = {}
        self.fails: dict[str, Exception] = {}

    async def set_menu(self, scope: str, language: str, commands: Sequence[tuple[str, str]], chat: str = "") -> None:
        if chat in self.fails:
            raise self.fails[chat]
        self.told.append((scope, language, [name for name, _ in commands], chat))
        self.first[chat or f"{scope} {language}"] = commands[0][1]

    def take(self) -> list[tuple[str, list[str]]]:
        told, self.told = self.told, []
        return [(chat, names) for _, _, names, chat in told]


def joined(words: Sequence[str]) -> list[str]:
    return [each.replace(" ", "_") for each in words]


async def test_members_have_ten_words_and_groups_two_in_five_languages() -> None:
    platform: Any = Menus()
    await set_menus(platform, ROUTES)
    assert {(scope, tuple(names)) for scope, _, names, _ in platform.told} == {
        ("private", tuple(joined(MEMBERS))), ("group", GROUPS),
    }  # fmt: skip
    assert len(platform.told) == 10
    assert len(MEMBERS) == 10
    assert len({platform.first[f"private {code}"] for code in ("en", "fr", "tr", "ar", "es")}) == 5


def test_the_flag_at_a_command_and_the_order_of_the_menus_agree() -> None:
    flagged = {route.words for feature in features() for route in feature.commands if route.menu}
    assert flagged == {*MEMBERS, *ORGANISERS}


async def test_organisers_have_their_own_menu_until_they_are_none(database: Database, clock: MovableClock) -> None:
    people = [("1", "fr", "organiser", None), ("2", "en", "organiser", clock.now() + timedelta(days=1)),
              ("3", "en", "donor_viewer", None), ("4", "en", "admin", None)]  # fmt: skip
    async with database.write() as db:
        community = Community(key="coprr", name="COPRR", zone="Europe/Brussels")
        db.add(community)
        await db.flush()
    async with database.write(community.id) as db:
        for chat, language, role, until in people:
            member = Member(code=f"o{chat}", name="Olivia", zone="UTC", language=language)
            member.accounts = [Account(platform="telegram", workspace="700", user=chat, chat=chat)]
            db.add(member)
            await db.flush()
            db.add(RoleGrant(member_id=member.id, role=role, until=until))
    platform: Any = Menus()
    connected = Connected(platform, Tokens(platform="telegram", bot="x"))
    menus = OrganisersMenus(database, clock, ROUTES, lambda: [connected])

    platform.fails = {"1": NotSent("dns")}
    await menus.chore()
    assert platform.take() == []  # the others wait as well
    platform.fails = {"4": Unreachable("blocked")}
    await menus.chore()
    assert platform.take() == [(chat, joined([*ORGANISERS, *MEMBERS])) for chat in ("1", "2")]
    assert platform.first["1"] == "Vos réunions et ce qu'il y a à faire"
    await menus.chore()
    assert platform.take() == []

    clock.advance(timedelta(days=2))
    await menus.chore()
    assert platform.take() == [("2", joined(MEMBERS))]
    await menus.chore()
    assert platform.take() == []
