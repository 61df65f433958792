"""`connections:` of a community file: checked like the rest, kept as names of variables, never as tokens."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from storage import Database, connections
from storage.community_file import FileError, Refused, load, take_in
from storage.sharing import connection

NOW = datetime(2026, 4, 22, 7, 0, tzinfo=UTC)
FILE = """\
community: {key: KEY, name: Two, zone: Europe/Brussels}
connections:
  - {platform: slack, name: north, workspace: T2NORTH, tokens: {bot: NORTH_BOT, app: NORTH_APP}}
  - {platform: telegram, name: second, workspace: "7000000002", tokens: {bot: SECOND_BOT}}
channels:
  - {platform: slack, workspace: T2NORTH, chat: C1, purpose: members}
"""


def written(tmp_path: Path, text: str = FILE, key: str = "two") -> Path:
    path = tmp_path / "two.yaml"
    path.write_text(text.replace("KEY", key), encoding="utf-8")
    return path


async def take(database: Database, path: Path) -> list[str]:
    async with database.write() as db:
        return list((await take_in(db, load(path), NOW)).lines())


async def described(database: Database) -> dict[str, dict[str, str]]:
    async with database.read() as db:
        return {each.workspace: each.variables for each in await connections.described(db)}


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("name: north", "name: North!", 'line 3, column 29, connections[0].name: "North!" is no name'),
        ("workspace: T2NORTH, tokens", "tokens", "connections[0]: the field `workspace` is missing"),
        ("workspace: T2NORTH, tok", "workspace: north, tok", 'connections[0].workspace: "north" is no Slack team id'),
        ('"7000000002"', "second_bot", '"second_bot" is no id of a Telegram bot'),
        ("{bot: NORTH_BOT, app: NORTH_APP}", "{app: NORTH_APP}", "tokens: the field `bot` is missing"),
        (", app: NORTH_APP", "", "`app` (Socket Mode) or `signing` (signed HTTP) is missing"),
        ("app: NORTH_APP", "app: NORTH_APP, hook: X", "connections[0].tokens.hook: this field is not known"),
        ("platform: telegram", "platform: matrix", '"matrix" is not known; known: slack, telegram'),
        ("name: second", "name: north", "this name (north) stands in connections[0] already"),
    ],
)
def test_a_mistake_is_named_with_its_place(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    with pytest.raises(FileError) as caught:
        load(written(tmp_path, FILE.replace(old, new, 1)))
    assert complaint in str(caught.value)


def test_a_token_in_the_file_is_refused_and_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="never the token itself") as caught:
        load(written(tmp_path, FILE.replace("NORTH_BOT", "xoxb-123-secret")))
    assert "secret" not in str(caught.value)


async def test_the_names_of_the_variables_are_kept_and_twice_changes_nothing(
    database: Database, tmp_path: Path
) -> None:
    assert {"added connection north", "added connection second"} <= set(await take(database, written(tmp_path)))
    north = {"name": "north", "bot": "NORTH_BOT", "app": "NORTH_APP"}
    assert await described(database) == {"T2NORTH": north, "7000000002": {"name": "second", "bot": "SECOND_BOT"}}
    assert (await take(database, written(tmp_path)))[-1].startswith("0 added, 0 changed")


async def test_a_connection_that_leaves_the_file_is_not_used_any_more_but_keeps_its_row(
    database: Database, tmp_path: Path
) -> None:
    await take(database, written(tmp_path))
    without = "\n".join(line for line in FILE.splitlines() if "second" not in line)
    lines = await take(database, written(tmp_path, without))
    assert "changed connection second (no longer in the file, not used any more)" in lines
    assert set(await described(database)) == {"T2NORTH"}
    assert (await take(database, written(tmp_path, without)))[-1].startswith("0 added, 0 changed")
    async with database.write() as db:
        assert (await connection(db, "telegram", "7000000002")).id
    assert "added connection second" in await take(database, written(tmp_path))


async def test_two_communities_may_share_a_connection_but_not_a_name(database: Database, tmp_path: Path) -> None:
    await take(database, written(tmp_path))
    await take(database, written(tmp_path, key="other"))
    assert len(await described(database)) == 2
    with pytest.raises(Refused, match="the connection name north belongs to another"):
        await take(database, written(tmp_path, FILE.replace("T2NORTH", "T9"), key="third"))


async def test_one_process_at_a_time_polls_a_bot_and_the_next_follows_at_once_or_after_the_lease(
    database: Database,
) -> None:
    one, two = (connections.Readers(database, worker, 30.0) for worker in ("one", "two"))
    assert await one.may_read("7")
    assert await one.may_read("7")
    assert await two.may_read("7") is database.sqlite  # one process holds a SQLite file, whoever had it before
    assert await two.may_read("8")
    await two.let_go("7")  # not its own to give
    assert await two.may_read("7") is database.sqlite
    await one.let_go("7")
    assert await two.may_read("7")
    killed = connections.Readers(database, "killed", 0.05)
    assert await killed.may_read("9")
    await asyncio.sleep(0.1)
    assert await two.may_read("9")


async def test_a_connection_that_answers_is_not_dead_any_more_and_says_why_it_was(database: Database) -> None:
    async with database.write() as db:
        (await connection(db, "slack", "T1")).dead_reason = "token_revoked"
    async with database.write() as db:
        assert await connections.seen(db, "slack", "T1", "") == "token_revoked"
        assert await connections.seen(db, "slack", "T1", "Town") == ""
        assert (await connection(db, "slack", "T1")).name == "Town"
