from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from storage import Database
from storage.community_file import load, load_history, take_in
from storage.deliveries import DELIVERY_STATES, Campaign, Delivery
from storage.documents import Acknowledgment, Document
from storage.feedback import FeedbackAnswer
from storage.history import take_in_history
from storage.meetings import Attendance, Invitation, Meeting
from storage.members import Account, Member
from storage.reports import audit_json, deliveries_json
from storage.statistics import indicators, share, stats_json

EXAMPLES = Path(__file__).parents[2] / "examples"
NOW = datetime(2026, 4, 22, 7, 0, tzinfo=UTC)


async def coprr(database: Database) -> int:
    file = load(EXAMPLES / "coprr.yaml")
    history = load_history(EXAMPLES / "coprr-history.yaml", [each.id for each in file.people if not each.staff])
    async with database.write() as db:
        report = await take_in(db, file, NOW)
    async with database.write() as db:
        await take_in_history(db, history)
    return report.community_id


GOLDEN = {
    "I1": ("meetings_held", 5, None, None),
    "I2": ("meetings_in_person", 2, None, None),
    "I3": ("memos_on_time", 5, 5, 100.0),
    "I7": ("rsvp_response_rate", 111, 120, 92.5),
    "I8": ("acceptance_rate", 92, 120, 76.7),
    "I9": ("attendance_rate", 83, 92, 90.2),
    "I10": ("participations", 83, None, None),
    "I13": ("feedback_response_rate", 63, 83, 75.9),
    "I14": ("satisfaction", 55, 63, 87.3),
    "I17": ("acknowledgment_rate", 81, 120, 67.5),
}
BY_MEETING = {
    "M1": (24, 18, 3, 1, 2, 16, 11, 9, 15),
    "M2": (24, 17, 6, 0, 1, 15, 13, 12, 17),
    "M3": (24, 19, 1, 1, 3, 17, 12, 10, 16),
    "M4": (24, 18, 4, 1, 1, 17, 15, 14, 19),
    "M5": (24, 20, 2, 0, 2, 18, 12, 10, 14),
    "M6": (24, 9, 2, 1, 12, None, 0, None, None),
}


async def test_the_golden_totals_of_the_dataset_come_out(database: Database) -> None:
    community = await coprr(database)
    async with database.read(community) as db:
        stats = await stats_json(db, NOW)
    names = ("invited", "yes", "no", "maybe", "none", "attended", "feedback", "satisfied", "acknowledged")
    assert {each["key"]: tuple(each[name] for name in names) for each in stats["meetings"]} == BY_MEETING
    assert [each["key"] for each in stats["meetings"] if not each["counted"]] == ["M6"]
    fields = ("name", "numerator", "denominator", "percent")
    assert {key: tuple(stats["indicators"][key][name] for name in fields) for key in GOLDEN} == GOLDEN
    assert (stats["community"], stats["as_of"]) == ("coprr", "2026-04-22T07:00:00+00:00")


async def test_an_empty_community_has_no_shares_only_zeros(database: Database) -> None:
    file = load(EXAMPLES / "coprr.yaml")
    async with database.write() as db:
        report = await take_in(db, file, NOW)
    async with database.read(report.community_id) as db:
        found = await indicators(db, NOW)
    assert {each.percent for each in found.values()} == {None}
    assert {each.numerator for each in found.values()} == {0}


@pytest.mark.parametrize(
    ("numerator", "denominator", "percent"),
    [
        (1, 8, 12.5),
        (1, 16, 6.3),
        (3, 16, 18.8),
        (2, 3, 66.7),
        (111, 120, 92.5),
        (0, 5, 0.0),
        (0, 0, None),
        (3, None, None),
    ],
)
def test_shares_have_one_decimal_rounded_half_up(
    numerator: int, denominator: int | None, percent: float | None
) -> None:
    assert share(numerator, denominator) == percent


async def held_meeting(database: Database, community: int, **more: object) -> int:
    async with database.write(community) as db:
        meeting = Meeting(
            code="M9",
            title="Nine",
            starts_at=NOW - timedelta(days=30, hours=2),
            ends_at=NOW - timedelta(days=30),
            zone="Europe/Brussels",
            rsvp_deadline=NOW - timedelta(days=44),
            state="held",
            **more,
        )
        db.add(meeting)
        await db.flush()
        return meeting.id


async def test_ratings_of_fewer_than_five_people_are_told_nowhere(database: Database) -> None:
    community = await coprr(database)
    meeting = await held_meeting(database, community)
    async with database.write(community) as db:
        db.add_all([FeedbackAnswer(meeting_id=meeting, answers={"F1": "1"}) for _ in range(4)])
    async with database.read(community) as db:
        stats = await stats_json(db, NOW)
    row = next(each for each in stats["meetings"] if each["key"] == "M9")
    assert (row["feedback"], row["satisfied"]) == (4, None)
    assert (stats["indicators"]["I14"]["numerator"], stats["indicators"]["I14"]["denominator"]) == (55, 63)


async def test_ratings_are_told_only_after_feedback_has_closed(database: Database) -> None:
    community = await coprr(database)
    meeting = await held_meeting(database, community)
    async with database.write(community) as db:
        db.add_all([FeedbackAnswer(meeting_id=meeting, answers={"F1": "5"}) for _ in range(6)])
    async with database.read(community) as db:
        during = await indicators(db, NOW - timedelta(days=23))
        after = await indicators(db, NOW - timedelta(days=22))
    assert (during["I14"].denominator, after["I14"].denominator) == (63, 69)


async def test_a_late_acknowledgment_and_a_late_memo_do_not_count(database: Database) -> None:
    community = await coprr(database)
    meeting = await held_meeting(database, community)
    async with database.write(community) as db:
        late = Document(
            kind="memo", meeting_id=meeting, title="Late", state="distributed", recipients=2,
            distributed_at=NOW + timedelta(days=1),
        )  # fmt: skip
        db.add(late)
        await db.flush()
        m01, m02 = (await db.scalars(select(Member).where(Member.code.in_(("m01", "m02"))))).all()
        at = NOW + timedelta(days=15)
        db.add(Acknowledgment(document_id=late.id, member_id=m01.id, at=at))
        db.add(Acknowledgment(document_id=late.id, member_id=m02.id, at=at + timedelta(seconds=1)))
    async with database.read(community) as db:
        found = await indicators(db, NOW)
    assert (found["I3"].numerator, found["I3"].denominator) == (5, 6)
    assert (found["I17"].numerator, found["I17"].denominator) == (82, 122)


async def test_a_meeting_without_recorded_attendance_is_left_out_of_the_attendance_rate(database: Database) -> None:
    community = await coprr(database)
    meeting = await held_meeting(database, community)
    async with database.write(community) as db:
        m01 = (await db.scalars(select(Member).where(Member.code == "m01"))).one()
        db.add(Invitation(meeting_id=meeting, member_id=m01.id, delivered=True, reply="yes"))
    async with database.read(community) as db:
        before = await indicators(db, NOW)
    async with database.write(community) as db:
        db.add(Attendance(meeting_id=meeting, member_id=m01.id, state="partial"))
    async with database.read(community) as db:
        after = await indicators(db, NOW)
    assert (before["I9"].numerator, before["I9"].denominator) == (83, 92)
    assert (after["I9"].numerator, after["I9"].denominator) == (84, 93)
    assert before["I8"].denominator == 121


async def test_a_seat_is_one_yes_whoever_comes_and_asking_is_no_invitation(database: Database) -> None:
    community = await coprr(database)
    meeting = await held_meeting(database, community)
    async with database.read(community) as db:
        before = await indicators(db, NOW)
    async with database.write(community) as db:
        people = (await db.scalars(select(Member).where(Member.code.in_(("m01", "m02", "m03"))))).all()
        holder, delegate, asker = sorted(people, key=lambda each: each.code)
        shared = {"meeting_id": meeting, "replied_at": NOW}
        db.add_all(
            [
                Invitation(member_id=holder.id, delivered=True, invited_at=NOW, reply="delegated", **shared),
                Invitation(member_id=delegate.id, reply="yes", represents=holder.id, **shared),
                Invitation(member_id=asker.id, reply="refused", **shared),
                Attendance(meeting_id=meeting, member_id=delegate.id, state="attended"),
                Attendance(meeting_id=meeting, member_id=holder.id, state="absent"),
            ]
        )
    async with database.read(community) as db:
        found = await indicators(db, NOW)
    assert (found["I7"].numerator, found["I7"].denominator) == (112, 121)
    assert (found["I8"].numerator, found["I8"].denominator) == (93, 121)
    assert (found["I9"].numerator, found["I9"].denominator) == (84, 93)
    assert found["I9b"].numerator == before["I9b"].numerator  # the holder sent somebody


async def test_deliveries_add_up_to_the_audience_on_every_platform(database: Database) -> None:
    community = await coprr(database)
    async with database.write(community) as db:
        meeting = (await db.scalars(select(Meeting).where(Meeting.code == "M6"))).one()
        campaign = Campaign(kind="invitation", subject=meeting.key, audience=4, created_at=NOW)
        db.add(campaign)
        await db.flush()
        people = (await db.scalars(select(Member).where(Member.staff.is_(False)).order_by(Member.code).limit(4))).all()
        states = [("slack", "sent"), ("slack", "sent"), ("telegram", "unknown"), ("", "dead")]
        for member, (platform, state) in zip(people, states, strict=True):
            db.add(
                Delivery(
                    key=f"k{member.id}", campaign_id=campaign.id, member_id=member.id, platform=platform, due_at=NOW,
                    state=state, reason="no_account" if state == "dead" else "", message="1" if platform else "",
                )
            )  # fmt: skip
        account = (await db.scalars(select(Account).where(Account.user == "U0M02"))).one()
        account.reachable, account.reason = False, "deactivated"
    async with database.read(community) as db:
        found = await deliveries_json(db, rows=True)
    (campaign_row,) = found["campaigns"]
    assert (campaign_row["subject"], campaign_row["audience"]) == ("M6", 4)
    assert set(campaign_row["slack"]) == set(DELIVERY_STATES)
    assert [(each["kind"], each["subject"], each["member"], each["left"]) for each in found["unknown"]] == [
        ("invitation", "M6", "m03", False)
    ]
    assert sum(sum(campaign_row[each].values()) for each in ("slack", "telegram", "none")) == 4
    assert found["unreachable"] == [{"member": "m02", "platform": "slack", "reason": "deactivated"}]
    assert [(each["member"], each["state"], each["platform"]) for each in found["rows"]] == [
        ("m01", "sent", "slack"), ("m02", "sent", "slack"), ("m03", "unknown", "telegram"), ("m04", "dead", None),
    ]  # fmt: skip
    assert "rows" not in await _without_rows(database, community)


async def _without_rows(database: Database, community: int) -> dict[str, object]:
    async with database.read(community) as db:
        return await deliveries_json(db)


async def test_statistics_never_cross_communities(database: Database, tmp_path: Path) -> None:
    await coprr(database)
    other = tmp_path / "other.yaml"
    other.write_text("community: {key: other, name: Other, zone: UTC}\n")
    file = load(other)
    async with database.write() as db:
        report = await take_in(db, file, NOW)
    async with database.read(report.community_id) as db:
        stats = await stats_json(db, NOW)
        assert stats["meetings"] == []
        assert {each["numerator"] for each in stats["indicators"].values()} == {0}
        assert (await deliveries_json(db, rows=True)) == {"campaigns": [], "unknown": [], "unreachable": [], "rows": []}
        assert await audit_json(db) == []
