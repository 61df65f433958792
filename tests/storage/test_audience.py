"""Audiences: the filters, alone and together, mean the same on both databases; counting is one statement."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from storage import Database, audience
from storage.communities import Community
from storage.meetings import Attendance, Invitation, Meeting
from storage.members import Account, Member, Organisation, RoleGrant

NOW = datetime(2026, 4, 22, 7, 0, tzinfo=UTC)
PEOPLE = (
    # code, category, country, language, organisation, state
    ("m1", "expert", "FR", "fr", 0, "active"),
    ("m2", "expert", "BD", "en", 1, "active"),
    ("m3", "country_of_origin", "BD", "en", 1, "paused"),
    ("m4", "country_of_origin", "MA", "ar", None, "active"),
    ("m5", "eu_agency", "PL", "en", 0, "stopped"),
    ("m6", "eu_agency", "", "en", None, "pending_consent"),
)


@pytest.fixture
async def village(database: Database) -> Database:
    """Write six members with accounts, a member of staff, two held meetings, and another community beside."""
    async with database.write() as db:
        db.add_all([Community(key=each, name=each, zone="UTC") for each in ("coprr", "other")])
    async with database.write(2) as db:
        db.add(Member(code="x1", name="Xenia Other", category="expert", country="FR", zone="UTC", id=90))
    async with database.write(1) as db:
        db.add_all([Organisation(name=each) for each in ("Office", "Ministry")])
        await db.flush()
        people = [
            Member(
                code=code, name=f"Person {code}", category=category, country=country, language=language, zone="UTC",
                organisation_id=None if organisation is None else organisation + 1, state=state,
            )
            for code, category, country, language, organisation, state in PEOPLE
        ]  # fmt: skip
        for number, each in enumerate(people):
            each.accounts = [Account(platform="slack", workspace="T1", user=f"U{number}")]
        people[1].accounts.append(Account(platform="telegram", workspace="7", user="2"))
        people[1].preferred = "telegram"
        people[3].accounts[0].reachable = False
        db.add_all([*people, Member(code="o1", name="Olivia Staff", staff=True, zone="UTC")])
        times = {"zone": "UTC", "rsvp_deadline": NOW, "starts_at": NOW, "ends_at": NOW + timedelta(hours=1)}
        held = [Meeting(code=code, key=code * 5, title=code, state="held", **times) for code in ("M1", "M2")]
        db.add_all([*held, Meeting(code="M3", key="M3" * 5, title="M3", **times)])
        await db.flush()
        db.add(RoleGrant(member_id=people[3].id, role="focal_point"))
        db.add(RoleGrant(member_id=people[0].id, role="moderator", meeting_id=held[0].id))
        for member, meeting, state in ((0, 0, "attended"), (0, 1, "partial"), (1, 0, "attended"), (2, 1, "absent")):
            db.add(Attendance(member_id=people[member].id, meeting_id=held[meeting].id, state=state))
    return database


async def codes(database: Database, spec: dict[str, Any]) -> str:
    async with database.read(1) as db:
        return " ".join(each.code for each in await audience.members(db, spec))


async def test_each_filter_and_their_sums(village: Database) -> None:
    one, two = (await ids(village, "m1"))[0], (await ids(village, "m2"))[0]
    for spec, meant in (
        ({}, "m1 m2 m3 m4 m5"),
        ({"categories": ["expert"]}, "m1 m2"),
        ({"categories": ["expert", "eu_agency"]}, "m1 m2 m5"),
        ({"countries": ["BD"], "categories": ["expert"]}, "m2"),
        ({"languages": ["en", "ar"]}, "m2 m3 m4 m5"),
        ({"organisations": [1]}, "m1 m5"),
        ({"roles": ["focal_point"]}, "m4"),
        ({"roles": ["moderator"]}, ""),
        ({"attended": {"least": 1}}, "m1 m2"),
        ({"attended": {"least": 2}}, "m1"),
        ({"attended": {"meeting": "M2M2M2M2M2"}}, "m1"),
        ({"members": [one]}, "m1"),
        ({"members": [one], "countries": ["BD"]}, "m1 m2 m3"),
        ({"not": {"categories": ["expert"]}}, "m3 m4 m5"),
        ({"not": {"organisations": [1]}}, "m2 m3 m4"),
        ({"not": {"attended": {"least": 1}, "countries": ["PL"]}}, "m3 m4"),
        ({"not": {"categories": ["expert"]}, "members": [one]}, "m1 m3 m4 m5"),
        ({"categories": ["expert"], "not": {"members": [two]}}, "m1"),
        ({"members": [one], "not": {"members": [one]}}, ""),
        ({"members": [90]}, ""),
    ):
        assert await codes(village, spec) == meant, spec


async def ids(database: Database, *wanted: str) -> list[int]:
    async with database.read(1) as db:
        return [each.id for each in await audience.members(db, {}) if each.code in wanted]


async def test_people_are_counted_once_on_the_platform_a_message_goes_to(village: Database, asked: list[str]) -> None:
    async with village.read(1) as db:
        asked.clear()
        everybody = await audience.reach(db, {})
    assert everybody == audience.Reach((("slack", 1), ("telegram", 1)), 3)  # m3 is paused, m5 stopped, m4 out of reach
    assert len([each for each in asked if "SELECT" in each]) == 1


async def test_those_already_invited_are_left_out_of_the_count_of_late_invitees(village: Database) -> None:
    (one,) = await ids(village, "m1")
    async with village.write(1) as db:
        meeting = await db.get_one(Meeting, 3)
        db.add(Invitation(meeting_id=3, member_id=one))
        await db.flush()
        assert (await audience.reach(db, {"categories": ["expert"]}, but=meeting)).total == 1


async def test_values_of_a_filter_are_those_members_have_most_first(village: Database) -> None:
    async with village.read(1) as db:
        assert await audience.values(db, "countries") == ["BD", "FR", "MA", "PL"]
        assert await audience.values(db, "organisations") == ["1", "2"]
        assert await audience.values(db, "roles") == ["focal_point"]
        with pytest.raises(KeyError):
            await audience.values(db, "hair")


async def test_people_are_found_by_a_part_of_the_name_or_the_code(village: Database) -> None:
    async with village.read(1) as db:
        for typed, meant in (("SON M2", "m2"), ("m3", "m3"), ("%", ""), ("_", ""), ("olivia", ""), ("xen", "")):
            assert " ".join(each.code for each, _ in await audience.named(db, typed)) == meant, typed
