from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.commands import fill_demo
from bot.planned import planned, sent
from storage.database import Database

EXAMPLES = Path(__file__).parents[2] / "examples"
CLOCK = datetime(2026, 4, 22, 7, 0, tzinfo=UTC)


async def test_the_plan_of_an_inviting_meeting_has_reminders_questions_and_counts(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/demo.sqlite3"
    await fill_demo(url, EXAMPLES / "coprr.yaml", EXAMPLES / "coprr-history.yaml", CLOCK, current=True)
    database = Database(url)
    try:
        found = await planned(database, CLOCK)
        later = await planned(database, CLOCK + timedelta(days=400))
        assert await sent(database) == {"sent": [], "cards": []}
    finally:
        await database.close()
    rows = found["rows"]
    assert [row["at"] for row in rows] == sorted(row["at"] for row in rows)
    people = {
        kind: sum(row["slack"] + row["telegram"] for row in rows if row["kind"] == kind)
        for kind in ("reminder_7d", "reminder_1d", "reminder_1h", "feedback_request")
    }
    assert people == {"reminder_7d": 9, "reminder_1d": 9, "reminder_1h": 9, "feedback_request": 9}
    used = {row["at"][:10] for row in rows if row["kind"] == "followup_90d"}
    assert used == {"2026-07-17"}  # 90 days later the project is over (domain 3.2, demo dataset 4.3)
    assert found["next"] == next(row["at"] for row in rows if row["sends"])
    assert {row["kind"] for row in rows if not row["sends"]} == {"begin", "end", "fbclose"}
    assert {row["meeting"] for row in rows} == {"M6"}
    assert found["totals"] == {"planned": 0}
    assert later["next"] is None
