from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from storage import Database
from storage.communities import Channel, Community
from storage.community_file import FileError, Refused, Report, load, load_history, take_in
from storage.history import take_in_history
from storage.meetings import Invitation, Meeting
from storage.members import Account, Consent, Member, RoleGrant
from tests.kinds import on_one

EXAMPLES = Path(__file__).parents[2] / "examples"
NOW = datetime(2026, 4, 22, 7, 0, tzinfo=UTC)
SMALL = """\
community:
  key: small
  name: Small
  zone: Europe/Brussels
  consented: true
staff:
  - {id: o1, name: Olivia Organiser, roles: [organiser], accounts: {slack: {team: T1, user: U1}}}
members:
  - {id: m1, name: Ayşe Örnek, category: expert, organisation: B, country: TR, accounts: {slack: {team: T1, user: U2}}}
  - {id: m2, name: Rana Mathal, category: expert, weekend: [fri, sat], accounts: {telegram: {bot: 77, user: 501}}}
  - {id: m3, name: Nobody Yet, category: expert}
meetings:
  - {id: M1, theme: Referrals, start: 2026-05-20 10:00, length: 2 h 30 min, link: "https://example.org/m1"}
"""


def written(tmp_path: Path, text: str, name: str = "small.yaml") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def complaints(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(FileError) as refused:
        load(written(tmp_path, text))
    return str(refused.value).splitlines()


async def take(database: Database, path: Path) -> Report:
    file = load(path)
    async with database.write() as db:
        return await take_in(db, file, NOW)


async def test_the_example_brings_24_members_5_staff_and_six_channels(database: Database) -> None:
    report = await take(database, EXAMPLES / "coprr.yaml")
    async with database.read(report.community_id) as db:
        members = list(await db.scalars(select(Member).order_by(Member.code)))
        platforms = [each.accounts[0].platform for each in members if not each.staff]
        grants = await db.execute(select(Member.code, RoleGrant.role).join(RoleGrant).where(Member.staff))
        roles = {each.code: each.role for each in grants}
        meeting = (await db.scalars(select(Meeting))).one()
        assert await db.scalar(select(func.count()).select_from(Channel)) == 6
        assert await db.scalar(select(func.count()).select_from(Consent)) == 29
    assert (platforms.count("slack"), platforms.count("telegram")) == (15, 9)
    assert [each.code for each in members if each.staff] == ["d01", "o01", "o02", "o03", "o04"]
    assert roles == {
        "o01": "organiser", "o02": "moderator", "o03": "approver", "o04": "admin", "d01": "donor_viewer",
    }  # fmt: skip
    assert {each.state for each in members} == {"active"}
    assert next(each.weekend for each in members if each.code == "m15") == "4,5"
    assert (meeting.code, meeting.state) == ("M6", "scheduled")
    assert meeting.starts_at == datetime(2026, 5, 20, 8, 0, tzinfo=UTC)
    assert meeting.rsvp_deadline == datetime(2026, 5, 6, 16, 0, tzinfo=UTC)


async def test_taking_a_file_in_twice_changes_nothing(database: Database) -> None:
    await take(database, EXAMPLES / "coprr.yaml")
    again = await take(database, EXAMPLES / "coprr.yaml")
    assert (again.changes, again.unchanged) == ([], 38)


async def test_current_replies_are_those_of_the_demo_clock(database: Database) -> None:
    await take(database, EXAMPLES / "coprr.yaml")
    async with database.write() as db:
        codes = [*await db.scalars(select(Member.code).where(Member.staff.is_(False)))]
        await take_in_history(db, load_history(EXAMPLES / "coprr-history.yaml", codes))
        replies = await db.execute(
            select(Member.code, Invitation.reply)
            .join(Invitation, Invitation.member_id == Member.id)
            .join(Meeting, Meeting.id == Invitation.meeting_id)
            .where(Meeting.code == "M6")
            .order_by(Member.code)
        )
        said: dict[str, list[str]] = {}
        for code, reply in replies:
            said.setdefault(reply, []).append(code)
        latest = await db.scalar(select(func.max(Invitation.replied_at)))
    assert said["yes"] == ["m01", "m03", "m05", "m06", "m10", "m13", "m16", "m20", "m22"]
    assert (said["no"], said["maybe"], len(said["none"])) == (["m09", "m19"], ["m24"], 12)
    assert latest is not None
    assert latest < NOW


@on_one
async def test_a_history_without_its_community_is_refused(database: Database) -> None:
    file = load_history(EXAMPLES / "coprr-history.yaml", [f"m{number:02}" for number in range(1, 25)])
    with pytest.raises(Refused, match="no community"):
        async with database.write() as db:
            await take_in_history(db, file)


async def test_a_live_reply_outlives_an_import(database: Database) -> None:
    report = await take(database, EXAMPLES / "coprr.yaml")
    file = load_history(EXAMPLES / "coprr-history.yaml", [f"m{number:02}" for number in range(1, 25)])
    async with database.write() as db:
        await take_in_history(db, file)
    async with database.write(report.community_id) as db:
        mine = (
            await db.scalars(
                select(Invitation)
                .join(Member, Member.id == Invitation.member_id)
                .join(Meeting, Meeting.id == Invitation.meeting_id)
                .where(Member.code == "m01", Meeting.code == "M6")
            )
        ).one()
        mine.reply, mine.replied_at = "no", NOW
    async with database.write() as db:
        again = await take_in_history(db, file)
        assert again.changes == []
    async with database.read(report.community_id) as db:
        kept = await db.get(Invitation, mine.id)
        assert kept is not None
        assert (kept.reply, kept.replied_at) == ("no", NOW)


@on_one
async def test_only_what_changed_in_the_file_changes(database: Database, tmp_path: Path) -> None:
    report = await take(database, written(tmp_path, SMALL))
    async with database.write(report.community_id) as db:
        member = (await db.scalars(select(Member).where(Member.code == "m1"))).one()
        member.language, member.zone = "tr", "Europe/Istanbul"  # chosen by the member in chat
    again = await take(database, written(tmp_path, SMALL.replace("Ayşe Örnek", "Ayşe Örnek-Misal")))
    assert [each.line() for each in again.changes] == ["changed member m1 (name: Ayşe Örnek -> Ayşe Örnek-Misal)"]
    async with database.read(report.community_id) as db:
        member = (await db.scalars(select(Member).where(Member.code == "m1"))).one()
        assert (member.name, member.language, member.zone) == ("Ayşe Örnek-Misal", "tr", "Europe/Istanbul")


@on_one
async def test_a_member_who_leaves_the_file_stays_and_is_told(database: Database, tmp_path: Path) -> None:
    await take(database, written(tmp_path, SMALL))
    shorter = "\n".join(line for line in SMALL.splitlines() if "id: m2" not in line)
    again = await take(database, written(tmp_path, shorter))
    assert [each.line() for each in again.changes] == ["not in the file: member m2"]
    async with database.read(again.community_id) as db:
        assert await db.scalar(select(func.count()).select_from(Member)) == 4


async def test_roles_of_the_file_come_and_go_and_those_given_in_chat_stay(database: Database, tmp_path: Path) -> None:
    report = await take(database, written(tmp_path, SMALL))
    async with database.write(report.community_id) as db:
        olivia = (await db.scalars(select(Member).where(Member.code == "o1"))).one()
        db.add(RoleGrant(member_id=olivia.id, role="trainer"))
    await take(database, written(tmp_path, SMALL.replace("[organiser]", "[moderator]")))
    async with database.read(report.community_id) as db:
        assert set(await db.scalars(select(RoleGrant.role))) == {"trainer", "moderator"}


@on_one
async def test_a_member_without_an_account_is_invited_and_reported(database: Database, tmp_path: Path) -> None:
    report = await take(database, written(tmp_path, SMALL))
    assert [each for each in report.notes if "m3" in each]
    async with database.read(report.community_id) as db:
        states = {each.code: each.state for each in await db.scalars(select(Member))}
    assert states == {"o1": "active", "m1": "active", "m2": "active", "m3": "invited"}


@on_one
async def test_without_recorded_consent_members_are_asked_first(database: Database, tmp_path: Path) -> None:
    report = await take(database, written(tmp_path, SMALL.replace("  consented: true\n", "")))
    async with database.read(report.community_id) as db:
        assert {each.state for each in await db.scalars(select(Member))} == {"invited"}
        assert (await db.scalars(select(Consent))).all() == []


@on_one
async def test_a_meeting_that_was_sent_keeps_its_time(database: Database, tmp_path: Path) -> None:
    report = await take(database, written(tmp_path, SMALL))
    async with database.write(report.community_id) as db:
        (await db.scalars(select(Meeting))).one().state = "inviting"
    moved = await take(database, written(tmp_path, SMALL.replace("05-20 10:00", "05-21 10:00")))
    assert any("change the meeting in chat" in each for each in moved.notes)
    async with database.read(report.community_id) as db:
        assert (await db.scalars(select(Meeting))).one().starts_at == datetime(2026, 5, 20, 8, 0, tzinfo=UTC)


async def test_an_account_of_somebody_else_is_refused_and_nothing_is_half_done(
    database: Database, tmp_path: Path
) -> None:
    report = await take(database, written(tmp_path, SMALL))
    taken = SMALL.replace(
        "Nobody Yet, category: expert", "Thief, category: expert, accounts: {slack: {team: T1, user: U3}}"
    )
    async with database.write(report.community_id) as db:
        member = (await db.scalars(select(Member).where(Member.code == "m1"))).one()
        db.add(Account(member_id=member.id, platform="slack", workspace="T1", user="U3"))
    with pytest.raises(Refused, match="m3"):
        await take(database, written(tmp_path, taken))
    async with database.read(report.community_id) as db:
        assert (await db.scalars(select(Member.name).where(Member.code == "m3"))).one() == "Nobody Yet"


async def test_two_communities_share_a_person_but_nothing_else(database: Database, tmp_path: Path) -> None:
    first = await take(database, written(tmp_path, SMALL))
    second = await take(database, written(tmp_path, SMALL.replace("key: small", "key: other")))
    assert first.community_id != second.community_id
    assert second.count("added") == first.count("added")
    async with database.read() as db:
        assert await db.scalar(select(func.count()).select_from(Community)) == 2


MISTAKES = {
    ("category: expert, organisation", "category: ngo, organisation"):
        'small.yaml, line 9, column 42, members[0].category: "ngo" is not known; known: eu_institution',
    ("country: TR", "country: Türkiye"): 'line 9, column 76, members[0].country: "Türkiye" is no country code',
    ("weekend: [fri, sat]", "weekends: [fri, sat]"):
        "line 10, column 61, members[1].weekends: this field is not known; known here: accounts",
    ("id: m2", "id: m1"): "members[1]: this id (m1) stands in members[0] already",
    ("user: U2", "user: U1"): "this account (slack T1 U1) stands in staff[0] already",
    ("user: 501", "user: '@rana'"): '"@rana" is no Telegram user id',
    ("{bot: 77, user: 501}", "{user: 501}"): "which telegram bot this account belongs to; set TELEGRAM_BOT_TOKEN",
    ("zone: Europe/Brussels", "zone: Brussels"): '"Brussels" is no time zone',
    ("  name: Small\n", ""): "line 2, column 3, community: the field `name` is missing",
    ("name: Nobody Yet", 'name: " "'): "members[2].name: must not be empty",
    ("name: Nobody Yet", "name: " + "x" * 121): "121 characters, at most 120 are possible",
    ("roles: [organiser]", "roles: []"): "staff[0]: staff need at least one role",
    ("2026-05-20 10:00", "20 May"): '"20 May" is no time; write it as 2026-05-20 10:00',
    ("2026-05-20 10:00", "2026-02-30 10:00"): "is no date of the calendar",
    ("2026-05-20 10:00", "2026-03-29 02:30"):
        "does not exist in Europe/Brussels (clock change); the nearest times are 01:30 and 03:30",
    ("2026-05-20 10:00", "2026-10-25 02:30"):
        'comes twice in Europe/Brussels (clock change); write "2026-10-25 02:30+02:00" or "2026-10-25 02:30+01:00"',
    (", length: 2 h 30 min", ""): "meetings[0]: a meeting needs `end` or `length`",
    ("length: 2 h 30 min", "end: 2026-05-20 09:00"): "meetings[0].end: the meeting ends before it begins",
    ("https://example.org/m1", "javascript:alert(1)"): "is no https address",
    ("length: 2 h 30 min", "length: 2 h, invited: [m1]"): "before the invitations are sent, `invited` is `all`",
    ("members:", "members: [\n"): "line 10, column",
    ("staff:", "\tstaff:"): "is not YAML",
    ("key: small", "key: small\n  key: other"): "community.key: stands twice",
    ("theme: Referrals", "theme: {a: 1}"): "meetings[0].theme: one value is expected here",
}  # fmt: skip


@pytest.mark.parametrize(("change", "expected"), MISTAKES.items(), ids=[each[1][:40] for each in MISTAKES])
def test_a_mistake_is_named_with_line_and_field(tmp_path: Path, change: tuple[str, str], expected: str) -> None:
    assert change[0] in SMALL
    lines = complaints(tmp_path, SMALL.replace(*change, 1))
    assert any(expected in line for line in lines), lines


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    lines = complaints(tmp_path, SMALL.replace("expert", "ngo").replace("[organiser]", "[boss]"))
    assert [line.split(",")[1] for line in lines] == [" line 7", " line 9", " line 10", " line 11"]


@pytest.mark.parametrize("wall", ["2026-10-25 02:30+01:00", "2026-10-25 02:30 +0100", "2026-10-25 01:30Z"])
def test_an_offset_says_which_of_two_equal_times_is_meant(tmp_path: Path, wall: str) -> None:
    file = load(written(tmp_path, SMALL.replace("2026-05-20 10:00", wall)))
    assert file.meetings[0].starts_at == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


def test_country_codes_and_names_that_yaml_would_turn_are_taken_as_written(tmp_path: Path) -> None:
    file = load(written(tmp_path, SMALL.replace("country: TR", "country: NO").replace("Nobody Yet", "1e3")))
    assert [each.country for each in file.people[1:2]] == ["NO"]
    assert file.people[3].name == "1e3"


def test_a_telegram_account_belongs_to_the_bot_whose_token_is_set(tmp_path: Path) -> None:
    file = load(written(tmp_path, SMALL.replace("{bot: 77, user: 501}", "{user: 501}")), telegram_bot="4711")
    assert file.people[2].accounts[0].workspace == "4711"


@pytest.mark.parametrize("content", [b"", b"[" * 100_000, b"\xff\xfe\x00", b"- just\n- a list\n", b"a: &a [*a]\n"])
def test_what_is_no_community_file_is_refused_in_words(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "odd.yaml"
    path.write_bytes(content)
    with pytest.raises(FileError, match=r"odd\.yaml"):
        load(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"missing\.yaml: cannot be read"):
        load(tmp_path / "missing.yaml")
