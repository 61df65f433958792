"""Seats, deadlines, details, moderator and schedule of a meeting in a community file, and the settings beside them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from storage import Database
from storage.communities import Community
from storage.community_file import FileError, load, take_in
from storage.meetings import Meeting
from storage.members import Member, RoleGrant

NOW = datetime(2026, 4, 22, 7, 0, tzinfo=UTC)
HEAD = """\
community: {key: small, name: Small, zone: Europe/Brussels, weekly_cap: 5, schedule: {nudge_1: {days: 20}}}
staff:
  - {id: o1, name: Olivia Organiser, roles: [organiser]}
members:
  - {id: m1, name: Ayşe Örnek, category: expert}
meetings:
"""
FULL = """\
  - id: M1
    theme: Referrals
    format: hybrid
    place: Hall 1
    start: 2026-05-20 10:00
    length: 2 h
    seats: 40
    seats_online: 0
    per_organisation: 2
    guests: 1
    online_deadline: 2026-05-13 18:00
    map_link: https://maps.example.org/1
    phone: +32 2 555 01 00
    pack_link: https://example.org/pack
    profile: Mayors
    moderator: o1
    schedule: {reminder_7d: {off: true, at: "09:00"}, list: [1, x]}
"""


def written(tmp_path: Path, meetings: str, head: str = HEAD) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(head + meetings, encoding="utf-8")
    return path


async def take(database: Database, path: Path) -> tuple[Meeting, list[str], list[str]]:
    async with database.write() as db:
        report = await take_in(db, load(path), NOW)
        community = (await db.scalars(select(Community))).one()
        assert community.settings["weekly_cap"] == 5
        assert community.settings["schedule"] == {"nudge_1": {"days": 20}}
        grants = select(Member.code).join(RoleGrant, RoleGrant.member_id == Member.id)
        moderators = list(await db.scalars(grants.where(RoleGrant.role == "moderator")))
        return (await db.scalars(select(Meeting))).one(), moderators, report.notes


async def test_a_meeting_comes_with_its_limits_details_and_moderator(database: Database, tmp_path: Path) -> None:
    meeting, moderators, _ = await take(database, written(tmp_path, FULL))
    assert (meeting.seats, meeting.seats_online, meeting.per_organisation, meeting.guests) == (40, None, 2, 1)
    assert meeting.online_deadline == datetime(2026, 5, 13, 16, tzinfo=UTC)
    assert meeting.details == {
        "map_link": "https://maps.example.org/1", "phone": "+32 2 555 01 00", "pack_link": "https://example.org/pack",
        "profile": "Mayors",
    }  # fmt: skip
    assert meeting.schedule == {"reminder_7d": {"off": True, "at": "09:00"}, "list": [1, "x"]}
    assert moderators == ["o1"]


async def test_what_the_chat_changed_stays_until_the_file_changes(database: Database, tmp_path: Path) -> None:
    await take(database, written(tmp_path, FULL))
    async with database.write() as db:
        db.scope((await db.scalars(select(Community.id))).one())
        meeting = (await db.scalars(select(Meeting))).one()
        meeting.seats, meeting.details = 55, {**meeting.details, "phone": "+32 2 555 09 09"}
    meeting, _, _ = await take(database, written(tmp_path, FULL.replace("Mayors", "Nurses")))
    assert (meeting.seats, meeting.details["phone"], meeting.details["profile"]) == (55, "+32 2 555 09 09", "Nurses")
    meeting, _, notes = await take(database, written(tmp_path, FULL.replace("moderator: o1", "moderator: zz")))
    assert 'M1: there is no "zz" to moderate it' in notes


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("seats: 40", "seats: many", 'line 13, column 12, meetings[0].seats: "many" is no whole number from 0 to 5000'),
        ("guests: 1", "guests: 10", 'meetings[0].guests: "10" is no whole number from 0 to 9'),
        ("schedule: {", "schedule: x #", "meetings[0].schedule: named fields are expected here"),
        ("2026-05-13 18:00", "2026-05-21 18:00", "the online deadline is not before the start"),
        ("https://maps", "http://maps", "is no https address"),
    ],
)
def test_mistakes_are_told_with_their_line(tmp_path: Path, old: str, new: str, said: str) -> None:
    with pytest.raises(FileError) as refused:
        load(written(tmp_path, FULL.replace(old, new)))
    assert said in str(refused.value)


def test_mistakes_in_the_settings_are_told(tmp_path: Path) -> None:
    head = HEAD.replace("weekly_cap: 5", "weekly_cap: -1").replace("{nudge_1: {days: 20}}", "[1]")
    with pytest.raises(FileError) as refused:
        load(written(tmp_path, "", head))
    assert len(str(refused.value).splitlines()) == 2


def test_the_last_day_of_the_project_is_read_and_a_wrong_one_is_named(tmp_path: Path) -> None:
    file = tmp_path / "small.yaml"
    head = "community: {key: small, name: Small, zone: Europe/Brussels, programme: {name: TAS, ends: DAY}}\n"
    text = head + "members: []\n"
    file.write_text(text.replace("DAY", "2026-07-31"), encoding="utf-8")
    assert load(file).community.settings["programme"]["ends"] == "2026-07-31"
    file.write_text(text.replace("DAY", "July"), encoding="utf-8")
    with pytest.raises(FileError, match="line 1"):
        load(file)
