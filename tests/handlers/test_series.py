"""Meetings that repeat, and where the programme stands."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from chat.errors import FieldError, UserError
from chat.form import Asking
from chat.message import Press
from chat.outbound import Ask, Invalid, Reply
from chat.text import Reader, plain
from handlers import programme
from handlers._series import ClockField, RuleField
from storage import series
from storage.communities import Community
from storage.meetings import Meeting
from storage.members import RoleGrant
from storage.series import Series
from tests.kinds import on_one

pytestmark = on_one

MONTHLY = {"how": "month", "more": "4", "rule": ""}
EMPTY = {"clock": "", "days": "", "title": "", "place": "", "link": ""}


async def planned(town: Any, code: str = "M6", **columns: Any) -> Meeting:
    """Write a meeting on Wednesday 20 May 2026, 10:00 in Brussels."""
    start = columns.pop("starts_at", datetime(2026, 5, 20, 8, 0, tzinfo=UTC))
    given = {"rsvp_deadline": start - timedelta(days=13, hours=16), "state": "scheduled", "theme": "Jobs", **columns}
    async with town.write() as db:
        meeting = Meeting(
            code=code, title="Jobs and skills", zone="Europe/Brussels", starts_at=start,
            ends_at=start + timedelta(hours=2), **given,
        )  # fmt: skip
        db.add(meeting)
    return meeting


async def repeated(town: Any, values: dict[str, str] | None = None, **columns: Any) -> tuple[Series, list[Meeting]]:
    meeting = await planned(town, **columns)
    await town.submit(town.olivia, "series", meeting.key, values or MONTHLY)
    return await the_series(town)


async def the_series(town: Any) -> tuple[Series, list[Meeting]]:
    async with town.read() as db:
        found = (await db.scalars(select(Series))).one()
        return found, await series.meetings(db, found)


def walls(meetings: list[Meeting]) -> list[str]:
    return [f"{each.code} {each.starts_at.astimezone(ZoneInfo('Europe/Brussels')):%d %b %H:%M}" for each in meetings]


async def test_a_meeting_is_repeated_at_its_local_time_and_nothing_is_sent(town: Any, show: Any) -> None:
    meeting = await planned(
        town, state="inviting", audience={"categories": ["expert"]}, seats=40, details={"phone": "+32", "reason": "x"}
    )
    (ask,) = await town.command(town.olivia, "series new M6")
    assert ask == Ask("series", meeting.key, {"how": "month"})

    answers = await town.submit(town.olivia, "series", ask.subject, MONTHLY | {"more": "6"})

    found, made = await the_series(town)
    assert found.rule == "FREQ=MONTHLY;INTERVAL=1;BYDAY=3WE"
    assert walls(made) == [  # the clocks go back on 25 October
        "M6 20 May 10:00", "M7 17 Jun 10:00", "M8 15 Jul 10:00", "M9 19 Aug 10:00", "M10 16 Sep 10:00",
        "M11 21 Oct 10:00", "M12 18 Nov 10:00",
    ]  # fmt: skip
    last = made[-1]
    assert last.starts_at == datetime(2026, 11, 18, 9, 0, tzinfo=UTC) == last.occurrence
    assert last.rsvp_deadline == datetime(2026, 11, 4, 17, 0, tzinfo=UTC)  # 18:00 in Brussels, 14 days before
    assert (last.state, last.audience, last.seats, last.details) == (
        "scheduled", {"categories": ["expert"]}, 40, {"phone": "+32"},
    )  # fmt: skip
    assert (made[0].state, made[0].occurrence) == ("inviting", made[0].starts_at)
    seen = show(answers)
    assert "6 more meetings are planned, at the same local time. Nothing has been sent." in seen.text
    assert "All of them have the theme and region of M6." in seen.text
    assert "M7 · Wed, 17 Jun 2026, 10:00–12:00 (Brussels) · planned" in seen.text
    assert {"M7", "All meetings", "End the series"} <= set(seen.labels)


async def test_other_rhythms_and_rules_of_ones_own(town: Any, show: Any) -> None:
    cases = (
        ({"how": "week2", "more": "2"}, ["20 May", "03 Jun", "17 Jun"]),
        ({"how": "quarter", "more": "1"}, ["20 May", "19 Aug"]),
        ({"how": "own", "more": "9", "rule": "FREQ=MONTHLY;BYDAY=-1FR;COUNT=2"}, ["20 May", "29 May", "26 Jun"]),
    )
    for number, (values, dates) in enumerate(cases):
        meeting = await planned(town, f"M{number}1")
        await town.submit(town.olivia, "series", meeting.key, values)
        async with town.read() as db:
            found = await series.of_meeting(db, await db.get_one(Meeting, meeting.id))
            assert found is not None
            assert [each[-12:-6] for each in walls(await series.meetings(db, found))] == dates
    listed = show(await town.command(town.olivia, "series"))
    assert listed.text.startswith("Series\nJobs and skills\n3 meetings, ahead: 3")


async def test_a_repetition_that_gives_nothing_is_explained_and_one_series_is_enough(town: Any, show: Any) -> None:
    meeting = await planned(town)
    for values, field in (
        ({"how": "own", "more": "2", "rule": ""}, "rule"),
        ({"how": "own", "more": "2", "rule": "FREQ=DAILY;UNTIL=20260101"}, "rule"),
    ):
        (answer,) = await town.submit(town.olivia, "series", meeting.key, values)
        assert isinstance(answer, Invalid)
        assert set(answer.errors) == {field}
    await town.submit(town.olivia, "series", meeting.key, MONTHLY)
    (again,) = await town.submit(town.olivia, "series", meeting.key, MONTHLY)
    assert isinstance(again, Invalid)
    assert "M6 belongs to this series already." in show(await town.command(town.olivia, "series new M6")).text
    assert len((await the_series(town))[1]) == 5


async def test_times_and_rules_are_read_and_refused_in_words(town: Any) -> None:
    asking = Asking(town.clock.now(), "UTC", "en", {})
    clock, rule = ClockField(id="c", label=""), RuleField(id="r", label="")
    assert [clock.clean(each, asking) for each in ("9:05", "14.30", "14h30", "٠٩:٣٠")] == [
        "09:05", "14:30", "14:30", "09:30",
    ]  # fmt: skip
    assert rule.clean("rrule:freq=weekly", asking) == "FREQ=WEEKLY"
    for field, typed in ((clock, "24:00"), (clock, "noon"), (rule, "every day"), (rule, "FREQ=SECONDLY")):
        with pytest.raises(FieldError):
            field.clean(typed, asking)


async def test_this_and_the_following_move_and_announced_ones_are_only_named(town: Any, show: Any) -> None:
    _found, made = await repeated(town)
    async with town.write() as db:
        (await db.get_one(Meeting, made[3].id)).state = "inviting"
    whole = show(await town.command(town.olivia, "series"))
    chosen = show(await town.click(town.olivia, whole.button("M8")))
    assert chosen.text == show(await town.command(town.olivia, "series edit M8")).text
    assert chosen.labels == ["Only this one", "This and following", "All meetings", "Back"]
    assert chosen.button("Only this one").press == Press("medit", made[2].key)
    (ask,) = await town.click(town.olivia, chosen.button("This and following"))

    seen = show(await town.submit(town.olivia, "occ", ask.subject, EMPTY | {"clock": "14:30", "days": "1"}))

    _, after = await the_series(town)
    assert walls(after) == [
        "M6 20 May 10:00", "M7 17 Jun 10:00", "M8 16 Jul 14:30", "M9 19 Aug 10:00", "M10 17 Sep 14:30",
    ]  # fmt: skip
    assert [each.revision for each in after] == [0, 0, 1, 0, 1]
    assert after[2].occurrence == made[2].starts_at
    assert after[2].ends_at - after[2].starts_at == timedelta(hours=2)
    assert after[2].rsvp_deadline - made[2].rsvp_deadline == timedelta(days=1)  # still 18:00
    assert "2 meetings are changed. Nothing has been sent." in seen.text
    assert "Announced already, to be changed one by one with a notice: M9" in seen.text
    assert "M9 · Status" in seen.labels


async def test_all_get_new_words_without_a_new_revision_and_empty_changes_nothing(town: Any, show: Any) -> None:
    found, made = await repeated(town)
    (ask,) = await town.click(town.olivia, Press("occall", found.key))
    (nothing,) = await town.submit(town.olivia, "occ", ask.subject, EMPTY)
    assert isinstance(nothing, Invalid)
    link = "https://meet.example.org/series"
    await town.submit(town.olivia, "occ", ask.subject, EMPTY | {"title": "Skills first", "link": link})
    found, after = await the_series(town)
    assert {(each.title, each.join_link, each.revision) for each in after} == {("Skills first", link, 0)}
    assert found.title == "Skills first"
    (past,) = await town.submit(town.olivia, "occ", ask.subject, EMPTY | {"days": "-60"})
    assert isinstance(past, Invalid)
    assert walls((await the_series(town))[1]) == walls(made)


async def test_a_series_is_lengthened_at_the_hour_its_last_meeting_has_now(town: Any, show: Any) -> None:
    found, _ = await repeated(town, {"how": "own", "more": "9", "rule": "FREQ=MONTHLY;BYDAY=3WE;COUNT=3"})
    await town.submit(town.olivia, "occ", f"{found.key}.", EMPTY | {"clock": "14:00", "title": "Skills first"})
    (ask,) = await town.click(town.olivia, Press("series", found.key, "more"))

    seen = show(await town.submit(town.olivia, ask.form, ask.subject, {"more": "2"}))

    assert "2 more meetings are planned" in seen.text
    _, after = await the_series(town)
    assert walls(after) == [
        "M6 20 May 14:00", "M7 17 Jun 14:00", "M8 15 Jul 14:00", "M9 19 Aug 14:00", "M10 16 Sep 14:00",
    ]  # fmt: skip
    assert after[-1].title == "Skills first"


async def test_ending_a_series_asks_first_and_drops_what_nobody_knows_of(town: Any, show: Any) -> None:
    found, made = await repeated(town, state="inviting")
    asked = show(await town.click(town.olivia, Press("series", found.key, "end")))
    assert "4 meetings nobody has been invited to are cancelled." in asked.text
    assert "These are announced and stay: M6" in asked.text
    assert {each.state for each in (await the_series(town))[1]} == {"inviting", "scheduled"}

    ended = show(await town.click(town.olivia, asked.button("End the series")))

    assert "This series has ended." in ended.text
    found, after = await the_series(town)
    assert [each.state for each in after] == ["inviting", *["cancelled"] * 4]
    assert found.state == "ended"
    await town.click(town.olivia, Press("series", found.key, "yes"))  # a second tap changes nothing
    assert "No meeting is repeated yet." in show(await town.command(town.olivia, "series")).text
    assert "M6 is not repeated." in show(await town.command(town.olivia, "series edit M6")).text
    single = show(await town.command(town.olivia, "series edit M6"))
    (ask,) = await town.click(town.olivia, single.button("Repeat it"))
    assert ask == Ask("series", made[0].key, {"how": "month"})


async def test_series_are_for_organisers_and_strange_buttons_do_nothing(town: Any, show: Any) -> None:
    found, made = await repeated(town)
    for press in (Press("series", found.key, "yes"), Press("occall", found.key), Press("occ", made[0].key)):
        assert "organisers" in show(await town.click(town.claire, press)).text
    for press in (Press("series", "nothing123", "yes"), Press("occall", "nothing123"), Press("occ", "nothing123")):
        with pytest.raises(UserError):
            await town.click(town.olivia, press)
    assert {each.state for each in (await the_series(town))[1]} == {"scheduled"}


async def test_the_programme_counts_against_its_targets_and_names_repeats(town: Any, show: Any) -> None:
    async with town.write() as db:
        community = await db.get_one(Community, town.community.id)
        community.settings = {"programme": {"targets": {"meetings": 6, "in_person": 2}}}
    past = town.clock.now() - timedelta(days=60)
    await planned(town, "M1", state="held", starts_at=past, theme="Counselling", region="South Asia")
    await planned(town, "M2", state="archived", starts_at=past, format="in_person", theme="Data", region="Balkans")
    await planned(town, "M3", state="cancelled", theme="Data", region="Balkans")
    await planned(town, "M4", theme="counselling", region="south asia")
    seen = show(await town.command(town.olivia, "programme"))
    assert seen.text.splitlines() == [
        "Programme of COPRR",
        "Held: 2 of 6 · In person: 1 of 2 · Planned: 1",
        "Still to plan: 3; of these in person: 1",
        "Different themes and regions: 2",
        "Same theme and region: M1, M4",
        "Next: M4 · Jobs and skills · Wed, 20 May 2026, 10:00 (Brussels)",
    ]


async def test_a_donor_viewer_sees_totals_only_and_a_member_nothing(town: Any, show: Any) -> None:
    await planned(town)
    async with town.write() as db:
        db.add(RoleGrant(member_id=town.claire.id, role="donor_viewer"))
        db.add(RoleGrant(member_id=town.tahmina.id, role="focal_point"))
    donor = show(await town.command(town.claire, "programme"))
    assert donor.text == "Programme of COPRR\nHeld: 0 · In person: 0 · Planned: 1"
    assert donor.labels == ["Home"]
    (refused,) = await town.command(town.tahmina, "programme")
    assert isinstance(refused, Reply)
    assert "Held" not in show([refused]).text
    async with town.read() as db:
        lines = await programme.lines(db, town.community, town.clock.now())
    assert plain(lines[-1], Reader()).startswith("Next: M6")
