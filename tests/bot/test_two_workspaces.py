"""One installation, two Slack workspaces: each is a connection of its own, none knows the other."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot import connections
from bot.app import Bot
from bot.commands import initialise
from bot.demo_world import free_port
from bot.settings import Settings, SettingsError
from sandbox.server import Sandbox
from scheduler.contract import Alert
from storage.database import Database

TAIL = "token-for-a-test-only-0000000000000000"
FILE = """\
community: {key: two, name: Two, zone: UTC, consented: true}
connections:
  - {platform: slack, name: north, workspace: T2, tokens: {bot: NORTH_BOT, signing: NORTH_SIGNING}}
channels:
  - {platform: slack, workspace: T1, chat: C1, purpose: members}
  - {platform: slack, workspace: T2, chat: C2, purpose: members}
  - {platform: slack, workspace: T1, chat: C1ORG, purpose: organisers}
  - {platform: slack, workspace: T2, chat: C2ORG, purpose: organisers}
members:
  - {id: m01, name: Ana, category: expert, accounts: {slack: {team: T1, user: U01}}}
  - {id: m02, name: Ben, category: expert, accounts: {slack: {team: T2, user: U01}}}
"""


def spec(port: int) -> dict[str, Any]:
    teams = [
        {
            "id": team, "name": team, "bot_user": "U0BOT", "token": f"xoxb-{team}-{TAIL}",
            "app_token": f"xapp-{team}-{TAIL}", "signing_secret": f"{team}-{TAIL}", "request_url": url,
            "channels": [
                {"id": each, "name": each.lower(), "bot": True, "members": []}
                for each in (f"C{team[1]}", f"C{team[1]}ORG")
            ],
        }
        for team, url in (("T1", ""), ("T2", f"http://127.0.0.1:{port}/connections/north/slack/events"))
    ]  # fmt: skip
    people = [
        {"id": f"m0{number}", "name": name, "slack": {"team": f"T{number}", "user": "U01"}}
        for number, name in ((1, "Ana"), (2, "Ben"))
    ]
    return {"people": people, "slack": {"teams": teams}}


@asynccontextmanager
async def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Sandbox, Settings]]:
    port = free_port()
    sandbox = Sandbox(spec(port), port=0)
    await sandbox.start()
    monkeypatch.setenv("NORTH_BOT", f"xoxb-T2-{TAIL}")
    monkeypatch.setenv("NORTH_SIGNING", f"T2-{TAIL}")
    given = {
        "convenor_data_dir": tmp_path / "data", "slack_bot_token": f"xoxb-T1-{TAIL}", "http_port": port,
        "slack_app_token": f"xapp-T1-{TAIL}", "slack_api_url": f"{sandbox.url}/api/", "convenor_sweep_seconds": 0.1,
    }  # fmt: skip
    settings = Settings(**given, _env_file=None)
    (tmp_path / "two.yaml").write_text(FILE, encoding="utf-8")
    try:
        await initialise(settings, tmp_path / "two.yaml", datetime.now(UTC))
        yield sandbox, settings
    finally:
        await sandbox.close()


async def further(settings: Settings) -> list[connections.Tokens]:
    database = Database(settings.database_url)
    try:
        return await connections.further(database, settings)
    finally:
        await database.close()


async def until(look: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if found := await look():
            return found
        await asyncio.sleep(0.05)
    raise AssertionError(what)


class Outside:
    """See what a sandbox has taken, and play people in it."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self.url, self.session = url, session

    async def say(self, person: str, text: str) -> None:
        body = {"person": person, "platform": "slack", "text": text}
        async with self.session.post(f"{self.url}/control/say", json=body) as answer:
            assert answer.status == 200, await answer.text()

    async def sees(self, person: str, text: str) -> bool:
        query = {"person": person, "platform": "slack"}
        async with self.session.get(f"{self.url}/control/screen", params=query) as answer:
            return text in await answer.text()

    async def posts(self, channel: str) -> int:
        async with self.session.get(f"{self.url}/control/ledger") as answer:
            rows = await answer.json()
        return sum(row["method"] == "chat.postMessage" and row["chat"] == channel for row in rows)


async def test_both_workspaces_are_heard_and_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with installation(tmp_path, monkeypatch) as (sandbox, settings), aiohttp.ClientSession() as session:
        outside, bot = Outside(sandbox.url, session), Bot(settings, await further(settings))
        try:
            await bot.start()
            ready = await bot.watch.ready()
            assert ready["ok"], ready
            assert [each.title for each in bot.connections] == ["slack", "slack (north)"]
            for person in ("m01", "m02"):  # the first by socket, the second by signed HTTP on its own path
                await outside.say(person, "/cop help")
                await until(lambda who=person: outside.sees(who, "meetings"), f"{person} was not answered")
            await bot.alerts.raised(Alert("strange", "slack", "T2", "odd"))
            for channel in ("C1ORG", "C2ORG"):
                await until(lambda where=channel: outside.posts(where), f"nothing in {channel}")
        finally:
            await bot.stop()


async def test_a_variable_that_is_not_set_or_a_token_of_another_workspace_is_one_clear_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with installation(tmp_path, monkeypatch) as (_, settings):
        monkeypatch.delenv("NORTH_SIGNING")
        with pytest.raises(SettingsError, match="connection north: the variable NORTH_SIGNING is not set"):
            await further(settings)
        monkeypatch.setenv("NORTH_SIGNING", "x")
        monkeypatch.setenv("NORTH_BOT", f"xoxb-T1-{TAIL}")
        assert await further(settings) == []  # it is the first connection
        settings = settings.model_copy(update={"slack_bot_token": type(settings.slack_bot_token)(f"xoxb-T2-{TAIL}")})
        bot = Bot(settings, await further(settings))
        with pytest.raises(SettingsError, match="north: its token is of slack T1, the community file says T2"):
            await bot.start()
        await bot.stop()
