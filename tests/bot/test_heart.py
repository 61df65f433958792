"""A database that is behind the copy of its beat is a restored backup; anything else is not taken for one (F50)."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.heart import FILE, Heart
from scheduler.clock import MovableClock
from storage import Database, installation
from storage.communities import Community
from storage.members import Member


class Found:
    """Start hearts on a database and remember what they tell."""

    def __init__(self, database: Database, clock: MovableClock, folder: Path) -> None:
        self.database, self.clock, self.folder = database, clock, folder
        self.restores: list[datetime] = []

    async def _restored(self, until: datetime) -> None:
        self.restores.append(until)

    async def run(self, *, kill: bool = False) -> Heart:
        heart = Heart(self.database, self.clock, self.folder, 60.0, self._restored)
        await heart.start()
        if not kill:
            await heart.beat(last=True)
        return heart

    def copy(self) -> dict[str, object]:
        found: dict[str, object] = json.loads((self.folder / FILE).read_text())
        return found

    async def set_beat(self, number: int) -> None:
        """Make the database what a backup of then is."""
        async with self.database.write() as db:
            (await installation.get(db, lock=True)).beat = number

    async def paused(self) -> str:
        async with self.database.read() as db:
            return await installation.paused(db)


async def somebody(database: Database, key: str) -> None:
    async with database.write() as db:
        db.add(Community(id=1, key="c", name="C", zone="UTC"))
    async with database.write(1) as db:
        db.add(Member(key=key, code="m1", name="M", zone="UTC"))


async def test_starting_stopping_and_being_killed_is_no_restore(
    database: Database, clock: MovableClock, tmp_path: Path
) -> None:
    found = Found(database, clock, tmp_path / "new" / "folder")
    for kill in (False, True, True, False):
        await found.run(kill=kill)
    assert (await found.paused(), found.restores) == ("", [])
    assert found.copy()["beat"] == 6
    assert (tmp_path / "new" / "folder").stat().st_mode & 0o77 == 0


async def test_yesterdays_backup_pauses_what_goes_out_and_says_until_when_it_is_in_doubt(
    database: Database, clock: MovableClock, tmp_path: Path
) -> None:
    found = Found(database, clock, tmp_path)
    await found.run()
    await found.run(kill=True)
    killed_at = clock.now()
    await found.set_beat(2)
    clock.advance(timedelta(hours=20))
    await found.run(kill=True)
    assert await found.paused() == "restored"
    assert found.restores == [killed_at + timedelta(seconds=75)]  # the last beat covers what was sent after it
    await found.run(kill=True)  # once is enough: from now on the database is ahead again
    assert len(found.restores) == 1
    async with database.read() as db:
        assert await installation.restored_until(db) == found.restores[0]


async def test_after_a_polite_stop_nothing_later_is_in_doubt(
    database: Database, clock: MovableClock, tmp_path: Path
) -> None:
    found = Found(database, clock, tmp_path)
    await found.run()
    stopped_at = clock.now()
    await found.set_beat(1)
    clock.advance(timedelta(days=1))
    await found.run()
    assert found.restores == [stopped_at]


async def test_a_database_restored_under_a_running_bot_is_seen_at_the_next_beat(
    database: Database, clock: MovableClock, tmp_path: Path
) -> None:
    found = Found(database, clock, tmp_path)
    heart = await found.run(kill=True)
    await heart.chore()
    assert found.copy()["beat"] == 1  # it is not time yet
    await found.set_beat(0)
    clock.advance(timedelta(minutes=2))
    await heart.chore()
    assert await found.paused() == "restored"


async def test_no_copy_a_broken_one_or_one_of_another_database_proves_nothing(
    database: Database, clock: MovableClock, tmp_path: Path
) -> None:
    found = Found(database, clock, tmp_path)
    await somebody(database, "aaaaaaaaaa")
    for text in (
        '{"beat": 99', "[]", '{"beat": "x"}', '{"beat": 99, "database": "", "until": "2026-04-22T07:00:00"}', "\xff",
        json.dumps({"beat": 99, "database": "of another one", "until": datetime(2026, 1, 1, tzinfo=UTC).isoformat()}),
    ):  # fmt: skip
        (tmp_path / FILE).write_text(text)
        await found.run(kill=True)
        assert await found.paused() == "", text
    (tmp_path / FILE).unlink()
    await found.run()
    assert await found.paused() == ""
    known = found.copy()["database"]
    (tmp_path / FILE).write_text(json.dumps({**found.copy(), "beat": 99}))
    await found.run()
    assert known
    assert await found.paused() == "restored"


async def test_a_folder_that_takes_no_copy_stops_nothing(
    database: Database, clock: MovableClock, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("not a folder")
    found = Found(database, clock, tmp_path / "file")
    heart = await found.run(kill=True)
    await heart.beat()
    async with database.read() as db:
        assert (await installation.get(db)).beat == 2
