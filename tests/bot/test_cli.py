from __future__ import annotations

import asyncio
import json
import logging
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import structlog
from click.testing import Result
from sqlalchemy import select
from typer.testing import CliRunner

from bot.cli import app
from bot.commands import fill_demo
from scheduler.delivery import To, plan
from storage import Database, schema
from storage.communities import Connection
from storage.installation import pause
from storage.joining import find_link
from storage.lock import hold
from storage.members import JoinLink, Member
from storage.timers import Timer

EXAMPLES = Path(__file__).parents[2] / "examples"
COPRR, HISTORY = str(EXAMPLES / "coprr.yaml"), str(EXAMPLES / "coprr-history.yaml")
SMALL = """\
community: {key: small, name: Small, zone: Europe/Brussels}
staff:
  - {id: o1, name: Olivia Organiser, roles: [organiser]}
members:
  - {id: m1, name: Ayşe Örnek, category: expert, accounts: {slack: {team: T1, user: U2}}}
"""


@pytest.fixture(autouse=True)
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give the folder of a fresh installation; logging is put back afterwards."""
    for name in ("DATABASE_URL", "TELEGRAM_BOT_TOKEN", "SLACK_BOT_TOKEN", "CONVENOR_SECRET_KEY_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CONVENOR_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    root, configured = logging.getLogger(), structlog.get_config()
    handlers, level = root.handlers[:], root.level
    yield tmp_path / "data"
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.configure(**configured)


def convenor(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def small(folder: Path, text: str = SMALL) -> str:
    path = folder.parent / "small.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def url(installation: Path) -> str:
    return f"sqlite:///{installation}/convenor.sqlite3"


def refused(result: Result, *words: str) -> None:
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    for each in words:
        assert each in result.stderr


def test_init_makes_database_key_file_and_claim_links(installation: Path) -> None:
    result = convenor("init", small(installation))
    assert result.exit_code == 0, result.stderr
    assert "added community small" in result.stdout
    assert "o1  Olivia Organiser (once, until " in result.stdout
    assert "/cop join " in result.stdout
    assert "t.me" not in result.stdout  # the bot's name is not known yet
    key = installation / "convenor.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert stat.S_IMODE(installation.stat().st_mode) == 0o700
    assert stat.S_IMODE((installation / "convenor.sqlite3").stat().st_mode) == 0o600
    assert result.stderr == ""
    assert asyncio.run(schema.current(url(installation))) == schema.head()


def test_init_twice_is_refused_and_points_to_import(installation: Path) -> None:
    convenor("init", small(installation))
    key = (installation / "convenor.key").read_bytes()
    refused(convenor("init", small(installation)), "is there already", "convenor import")
    assert (installation / "convenor.key").read_bytes() == key


def test_a_broken_file_makes_nothing(installation: Path) -> None:
    refused(
        convenor("init", small(installation, SMALL.replace("expert", "ngo"))),
        'small.yaml, line 5, column 42, members[0].category: "ngo" is not known',
    )
    assert not installation.exists()


@pytest.mark.parametrize("command", ["run", "stats", "deliveries", "links", "migrate", "audit", "resume"])
def test_a_missing_database_is_named_and_not_made(installation: Path, command: str) -> None:
    refused(convenor(command), "there is no database at", "convenor init FILE")
    assert not installation.exists()


def test_wrong_settings_are_one_line_that_names_the_variable(
    installation: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOG_LEVEL", "LOUD")
    result = convenor("stats")
    refused(result, "LOG_LEVEL")
    assert len(result.stderr.splitlines()) == 1
    monkeypatch.setenv("LOG_LEVEL", "INFO")
    monkeypatch.setenv("DATABASE_URL", "mysql://somewhere/else")
    refused(convenor("stats"), "DATABASE_URL: mysql is not supported")
    monkeypatch.setenv("DATABASE_URL", "my database")
    refused(convenor("stats"), "DATABASE_URL")


def test_the_golden_totals_come_out_of_stats_json(installation: Path) -> None:
    assert convenor("init", COPRR).exit_code == 0
    assert convenor("import", HISTORY).exit_code == 0
    result = convenor("stats", "--json")
    found = json.loads(result.stdout)
    percents = {key: found["indicators"][key]["percent"] for key in ("I7", "I8", "I9", "I13", "I14", "I17")}
    assert percents == {"I7": 92.5, "I8": 76.7, "I9": 90.2, "I13": 75.9, "I14": 87.3, "I17": 67.5}
    table = convenor("stats")
    assert table.exit_code == 0
    assert "rsvp response rate" in table.stdout


def test_a_dry_run_tells_the_difference_and_changes_nothing(installation: Path) -> None:
    convenor("init", small(installation))
    changed = small(installation, SMALL.replace("Ayşe Örnek", "Ayşe Misal"))
    for _ in range(2):
        result = convenor("import", changed, "--dry-run")
        assert "changed member m1 (name: Ayşe Örnek -> Ayşe Misal)" in result.stdout
        assert "Nothing was changed" in result.stdout
    assert "1 changed" in convenor("import", changed).stdout
    assert "0 added, 0 changed" in convenor("import", changed).stdout


def test_writing_commands_wait_for_nobody_while_the_bot_runs_and_readers_go_on(installation: Path) -> None:
    convenor("init", small(installation))
    with hold(url(installation)):
        refused(convenor("import", small(installation)), "in use by another Convenor")
        refused(convenor("migrate"), "in use by another Convenor")
        assert convenor("stats", "--json").exit_code == 0
        assert convenor("import", small(installation), "--dry-run").exit_code == 0
        assert convenor("links", "--json").exit_code == 0
    assert convenor("migrate").exit_code == 0


def test_links_are_for_those_who_have_not_joined_and_only_their_hash_is_kept(installation: Path) -> None:
    convenor("init", small(installation))
    links = json.loads(convenor("links", "--json").stdout)["links"]
    assert [each["member"] for each in links] == ["m1", "o1"]  # m1 has an account but has not agreed
    code = links[0]["code"]
    assert 22 <= len(code) <= 64
    assert links[0]["slack"] == f"/cop join {code}"

    async def kept() -> tuple[bool, bool]:
        database = Database(url(installation))
        async with database.read() as db:
            hashes = set(await db.scalars(select(JoinLink.token_hash)))
            there = await find_link(db, code, datetime.now(UTC)) is not None
        await database.close()
        return code in hashes, there

    assert asyncio.run(kept()) == (False, True)


def test_a_link_opens_the_bot_once_its_name_is_known(installation: Path) -> None:
    convenor("init", COPRR)

    async def started() -> None:
        database = Database(url(installation))
        async with database.write() as db:
            db.add(Connection(platform="telegram", workspace="7000000001", name="coprr_bot"))
            db.add(Connection(platform="telegram", workspace="7000000002", name="bot_of_somebody_else"))
        await database.close()

    asyncio.run(started())
    assert convenor("links").stdout.startswith("Everybody has joined")
    (link,) = json.loads(convenor("links", "--for", "m15", "--json").stdout)["links"]
    assert link["telegram"] == f"https://t.me/coprr_bot?start={link['code']}"
    refused(convenor("links", "--for", "m15", "--for", "m99"), "m99")


def test_several_communities_ask_which_one_is_meant(installation: Path) -> None:
    convenor("init", small(installation))
    assert convenor("init", small(installation, SMALL.replace("key: small", "key: other"))).exit_code == 0
    refused(convenor("stats", "--json"), "which community", "other, small")
    refused(convenor("stats", "--community", "third"), 'no community "third"')
    assert json.loads(convenor("stats", "--json", "--community", "other").stdout)["community"] == "other"


def test_deliveries_and_audit_are_json_on_standard_output_alone(installation: Path) -> None:
    convenor("init", small(installation))
    assert json.loads(convenor("deliveries", "--json", "--rows").stdout) == {
        "campaigns": [], "unknown": [], "unreachable": [], "rows": [],
    }  # fmt: skip
    convenor("links", "--for", "m1")
    entries = json.loads(convenor("audit", "--json").stdout)["audit"]
    assert [(each["member"], each["act"], each["subject"]) for each in entries][-1] == (None, "link_issued", "m1")
    assert convenor("audit").exit_code == convenor("deliveries").exit_code == 0


def test_resume_tells_what_is_in_doubt_and_does_nothing_the_second_time(installation: Path) -> None:
    convenor("init", small(installation))
    refused_to_move = convenor("resume")
    assert (refused_to_move.exit_code, refused_to_move.stdout) == (0, "Nothing is paused.\n")

    async def restored() -> None:
        database = Database(url(installation))
        now = datetime(2026, 4, 22, 7, 0, tzinfo=UTC)
        async with database.write(1) as db:
            member = (await db.scalars(select(Member).where(Member.code == "m1"))).one()
            await plan(db, kind="invitation", subject="m", occurrence="", to=[To(due=now, member=member)], now=now)
            await pause(db, now)
        await database.close()

    asyncio.run(restored())
    result = convenor("resume")
    assert result.exit_code == 0, result.stderr
    assert "1 that may have been sent before the restore" in result.stdout
    assert convenor("resume").stdout == "Nothing is paused.\n"
    (row,) = json.loads(convenor("deliveries", "--json", "--rows").stdout)["rows"]
    assert (row["state"], row["reason"]) == ("unknown", "restored")
    assert json.loads(convenor("audit", "--json").stdout)["audit"][-1]["act"] == "sending_resumed"


def test_a_key_file_open_to_others_is_refused(installation: Path) -> None:
    installation.mkdir()
    key = installation / "convenor.key"
    key.write_text("x")
    key.chmod(0o644)
    refused(convenor("init", small(installation)), "can be read by others", "chmod 600")
    assert not (installation / "convenor.sqlite3").exists()


def test_every_command_has_help_and_wrong_usage_is_two() -> None:
    overview = convenor("--help").stdout
    for command in (
        "init",
        "import",
        "links",
        "migrate",
        "stats",
        "deliveries",
        "audit",
        "check",
        "resume",
        "run",
        "demo",
    ):
        assert command in overview
        assert convenor(command, "--help").exit_code == 0
    assert convenor("fly").exit_code == 2
    assert convenor("init").exit_code == 2


@pytest.mark.parametrize("current", [True, False])
def test_the_demo_database_has_the_meeting_in_hand_with_its_timers_only_when_asked(
    installation: Path, current: bool
) -> None:
    async def filled() -> tuple[dict[str, object], set[str]]:
        at = datetime(2026, 4, 22, 7, 0, tzinfo=UTC)
        await fill_demo(url(installation), Path(COPRR), Path(HISTORY), at, current=current)
        database = Database(url(installation))
        async with database.read() as db:
            timers = set(await db.scalars(select(Timer.kind)))
        await database.close()
        (row,) = [each for each in json.loads(await asyncio.to_thread(_stats))["meetings"] if each["key"] == "M6"]
        return row, timers

    def _stats() -> str:
        return convenor("stats", "--json").stdout

    row, timers = asyncio.run(filled())
    assert (row["state"], row["yes"], row["none"]) == (("inviting", 9, 12) if current else ("scheduled", 0, 0))
    assert ("begin" in timers) is current
    assert (installation / "convenor.key").exists()
