"""`convenor check`: one line for everything that would keep an installation from working."""

from __future__ import annotations

import json
import shutil
from collections import namedtuple
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from aiohttp import web
from sqlalchemy import text

from bot.checking import findings
from bot.commands import initialise
from bot.settings import Settings
from storage import Database, installation, schema

NOW = datetime(2026, 4, 22, 7, 0, tzinfo=UTC)
FILE = """\
community:
  {key: good, name: Good, zone: UTC, organiser_contact: a@example.org, controller_name: Us,
   privacy_link: "https://a.example/p"}
"""
Space = namedtuple("Space", "total used free")


async def made(tmp_path: Path, file: str = FILE, **more: object) -> Settings:
    """Make an installation without platforms."""
    settings = Settings(convenor_data_dir=tmp_path / "data", _env_file=None, **more)
    (tmp_path / "c.yaml").write_text(file, encoding="utf-8")
    await initialise(settings, tmp_path / "c.yaml", NOW)
    return settings


async def found(settings: Settings) -> list[str]:
    return [each for each in await findings(settings) if not each.startswith("no platform is on")]


async def run(settings: Settings, *statements: str) -> None:
    database = Database(settings.database_url)
    async with database.write() as db:
        for each in statements:
            await db.execute(text(each))
    await database.close()


async def test_a_good_installation_lacks_only_a_platform(tmp_path: Path) -> None:
    assert await findings(await made(tmp_path)) == ["no platform is on: set TELEGRAM_BOT_TOKEN or SLACK_BOT_TOKEN"]


async def test_what_members_must_be_told_is_asked_for_by_community(tmp_path: Path) -> None:
    settings = await made(tmp_path, "community: {key: bare, name: Bare, zone: UTC, controller_name: Us}\n")
    said = "community bare: privacy_link, organiser_contact is empty; add it to the community file"
    assert await found(settings) == [said]


async def test_files_and_disk_are_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = await made(tmp_path)
    settings.secret_key_file.chmod(0o644)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Space(10**12, 0, 40 * 10**9))
    assert await found(settings) == [
        f"key file: {settings.secret_key_file} can be read by others; chmod 600 it",
        f"disk: only 40000 MB are free at {tmp_path}/data; a full disk stops sending",
    ]
    settings.secret_key_file.unlink()
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Space(10**9, 0, 190 * 10**6))
    assert [each.split(":")[0] for each in await found(settings)] == ["key file", "disk"]


async def test_a_newer_an_older_a_damaged_and_a_read_only_database_are_named(tmp_path: Path) -> None:
    settings = await made(tmp_path)
    file = tmp_path / "data" / "convenor.sqlite3"
    for revision, said in (("9999", "newer program"), ("0003", "convenor migrate")):
        await run(settings, f"UPDATE alembic_version SET version_num = '{revision}'")
        (line,) = await found(settings)
        assert line.startswith("database: ")
        assert said in line
    await run(settings, f"UPDATE alembic_version SET version_num = '{schema.head()}'")
    file.chmod(0o444)
    assert "cannot be written" in (await found(settings))[0]
    file.chmod(0o600)
    file.write_bytes(b"a letter, not a database" * 100)
    (line,) = await found(settings)
    assert "not a database" in line


async def test_a_restored_backup_is_named_before_and_after_the_bot_has_seen_it(tmp_path: Path) -> None:
    settings = await made(tmp_path)
    database = Database(settings.database_url)
    async with database.read() as db:
        identity = await installation.identity(db)
    said = {"beat": 7, "database": identity, "until": NOW.isoformat()}
    (settings.convenor_data_dir / "beat.json").write_text(json.dumps(said))
    (line,) = await found(settings)
    assert line.startswith("restored: the database is a backup that knows nothing of what was sent until 2026-04-22 07")
    async with database.write() as db:
        await installation.beat(db, above=7)
        await installation.pause(db, NOW - timedelta(hours=1))
    (line,) = await found(settings)
    assert "06:00 UTC" in line
    async with database.write() as db:
        await installation.resume(db, NOW)
    await database.close()
    assert await found(settings) == []


async def test_a_clock_that_is_off_is_measured_against_both_platforms(tmp_path: Path) -> None:
    async def late(_request: web.Request) -> web.Response:
        stated = format_datetime(datetime.now(UTC) + timedelta(minutes=5), usegmt=True)
        return web.json_response({"ok": False, "error": "invalid_auth"}, headers={"Date": stated})

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", late)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        tokens = {"slack_bot_token": "xoxb-1-x", "slack_app_token": "xapp-1-x", "telegram_bot_token": "7:" + "x" * 35}
        settings = await made(tmp_path, slack_api_url=f"{base}/api/", telegram_api_url=base, **tokens)
        lines = await found(settings)
    finally:
        await runner.cleanup()
    assert lines[-1].startswith("clock: ")
    assert "behind slack" in lines[-1]
    assert "behind telegram" in lines[-1]
    assert [each.split(":")[0] for each in lines] == ["slack", "telegram", "clock"]


async def test_a_variable_of_a_further_connection_that_is_not_set_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NORTH_BOT", raising=False)
    entry = "  - {platform: slack, name: north, workspace: T2, tokens: {bot: NORTH_BOT, app: NORTH_APP}}\n"
    settings = await made(tmp_path, f"{FILE}connections:\n{entry}")
    assert await found(settings) == ["settings: connection north: the variable NORTH_BOT is not set"]
