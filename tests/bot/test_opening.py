"""One platform out of reach at the start: the other one works at once, and the first joins it when it answers."""

from __future__ import annotations

from typing import Any

import pytest

from bot.alerts import Alerts
from bot.connections import Tokens
from bot.opening import Opening
from bot.platforms import Connected
from bot.routes import Routes
from bot.settings import SettingsError
from chat.errors import AccountDead, NotSent
from scheduler.clock import MovableClock
from storage import Database
from storage.sharing import connection


class Door:
    """A platform that answers, or fails with an error."""

    def __init__(self, name: str, workspace: str, error: Exception | None = None) -> None:
        self.name, self._where, self.error, self.workspace = name, workspace, error, ""
        self.tried = 0

    async def start(self, _receiver: Any) -> None:
        self.tried += 1
        if self.error is not None:
            raise self.error
        self.workspace = self._where


def opening(database: Database, clock: MovableClock, *doors: Door) -> Opening:
    found: list[Any] = [Connected(each, Tokens(platform=each.name, bot="x")) for each in doors]  # type: ignore[arg-type]
    return Opening(database, Alerts(database, clock), Routes.of(()), found, None)  # type: ignore[arg-type]


async def test_the_other_platform_works_and_the_lost_one_is_tried_until_it_answers(
    database: Database, clock: MovableClock
) -> None:
    slack, telegram = Door("slack", "T1", NotSent("dns")), Door("telegram", "7")
    doors = opening(database, clock, slack, telegram)
    await doors.start()
    assert (slack.workspace, telegram.workspace) == ("", "7")
    await doors.again()
    slack.error = None
    for _ in range(2):
        await doors.again()
    assert (slack.workspace, slack.tried, telegram.tried) == ("T1", 3, 1)


async def test_with_nobody_to_talk_to_it_ends_with_one_line(database: Database, clock: MovableClock) -> None:
    with pytest.raises(SettingsError, match=r"slack cannot be reached \(dns\)"):
        await opening(database, clock, Door("slack", "T1", NotSent("dns"))).start()


async def test_a_refused_token_ends_it_even_if_another_platform_works(database: Database, clock: MovableClock) -> None:
    refused = Door("slack", "T1", AccountDead("invalid_auth"))
    with pytest.raises(SettingsError, match=r"slack refuses our token \(invalid_auth\)"):
        await opening(database, clock, refused, Door("telegram", "7")).start()


async def test_the_same_bot_twice_is_refused(database: Database, clock: MovableClock) -> None:
    with pytest.raises(SettingsError, match=r"two connections are the same telegram bot or workspace \(7\)"):
        await opening(database, clock, Door("telegram", "7"), Door("telegram", "7")).start()


async def test_a_connection_that_was_dead_lives_again_when_its_token_is_taken(
    database: Database, clock: MovableClock
) -> None:
    async with database.write() as db:
        (await connection(db, "slack", "T1")).dead_reason = "token_revoked"
    await opening(database, clock, Door("slack", "T1")).start()
    async with database.write() as db:
        assert (await connection(db, "slack", "T1")).dead_reason == ""
