"""Who a meeting is for, by taps, and the balance of those invited."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from chat.errors import UserError
from chat.message import Press
from chat.outbound import Ask, Edit, Reply
from chat.people import Place
from handlers import _balance, features
from storage.audit import AuditEntry
from storage.meetings import Attendance, Invitation, Meeting
from storage.members import Member, RoleGrant
from tests.kinds import on_one

pytestmark = on_one
"""The conditions themselves are tested on both kinds of database, in tests/storage."""


async def planned(town: Any, code: str = "M6", **columns: Any) -> Meeting:
    now = town.clock.now()
    given = {"starts_at": now + timedelta(days=28), "rsvp_deadline": now + timedelta(days=14), "state": "scheduled"}
    given |= columns
    async with town.write() as db:
        meeting = Meeting(
            code=code, title="Jobs and skills", zone="Europe/Brussels",
            ends_at=given["starts_at"] + timedelta(hours=2), **given,
        )  # fmt: skip
        db.add(meeting)
    return meeting


async def more(town: Any, *people: tuple[str, str, str]) -> list[Member]:
    """Write members without accounts: code, name, category."""
    async with town.write() as db:
        made = [Member(code=code, name=name, category=kind, zone="UTC") for code, name, kind in people]
        db.add_all(made)
    return made


async def stored(town: Any, meeting: Meeting) -> dict[str, Any]:
    async with town.read() as db:
        return (await db.get_one(Meeting, meeting.id)).audience


def aud(meeting: Meeting, rev: str = "", arg: str = "") -> Press:
    return Press("aud", meeting.key, rev, arg)


async def test_the_card_says_who_and_how_many_and_taps_are_saved_at_once(town: Any, show: Any) -> None:
    meeting = await planned(town)
    first = show(await town.command(town.olivia, "meeting audience M6"))
    assert first.text.splitlines() == [
        "Who is M6 for: Jobs and skills", "All members", "2 people: 1 Slack, 1 Telegram, 0 not reachable",
    ]  # fmt: skip
    assert "Preview" in first.labels

    categories = show(await town.click(town.olivia, first.button("Categories")))
    assert set(categories.labels) >= {"Countries of origin", "EU Member States", "Back"}
    chosen = await town.click(town.olivia, categories.button("Countries of origin"))

    assert isinstance(chosen[0], Edit)
    assert "Categories: Countries of origin\n1 person: 1 Telegram, 0 not reachable" in show(chosen).text
    assert await stored(town, meeting) == {"categories": ["country_of_origin"]}
    again = show(await town.click(town.olivia, show(chosen).button("✓ Countries of origin")))
    assert "All members" in again.text
    assert await stored(town, meeting) == {}
    async with town.read() as db:
        assert len((await db.scalars(select(AuditEntry).where(AuditEntry.act == "change_audience"))).all()) == 2


async def test_filters_together_exclusions_and_back_to_everybody(town: Any, show: Any) -> None:
    meeting = await planned(town)
    held = await planned(town, "M5", state="held", starts_at=town.clock.now() - timedelta(days=90))
    async with town.write() as db:
        db.add(Attendance(meeting_id=held.id, member_id=town.claire.id, state="attended"))
    await town.click(town.olivia, aud(meeting, "n", "FR"))
    seen = show(await town.click(town.olivia, aud(meeting, "a", held.key)))
    assert "Countries: France\nTook part in M5\n1 person: 1 Slack" in seen.text
    seen = show(await town.click(town.olivia, aud(meeting, "a", "1")))
    assert "Took part in at least 1 meeting" in seen.text
    seen = show(await town.click(town.olivia, aud(meeting, "xl", "fr")))
    assert "Not: Français" in seen.text
    assert "Nobody matches." in seen.text
    assert await stored(town, meeting) == {
        "countries": ["FR"], "attended": {"least": 1}, "not": {"languages": ["fr"]},
    }  # fmt: skip
    assert show(await town.click(town.olivia, aud(meeting))).button("All members")
    seen = show(await town.click(town.olivia, aud(meeting, "", "all")))
    assert "All members\n2 people" in seen.text
    assert await stored(town, meeting) == {}


async def test_people_are_named_by_a_part_of_the_name_and_told_apart(town: Any, show: Any) -> None:
    meeting = await planned(town)
    one, two = await more(town, ("m20", "Ana Ejemplo", "expert"), ("m21", "Ana Ejemplo", "expert"))
    async with town.write() as db:
        (await db.get_one(Member, two.id)).organisation_id = town.claire.organisation_id
    card = show(await town.click(town.olivia, aud(meeting, "p")))
    (ask,) = await town.click(town.olivia, card.button("Find people"))
    assert ask == Ask("audname", f"{meeting.key}.p")

    found = show(await town.submit(town.olivia, "audname", ask.subject, {"name": "ana e"}))
    assert "1. Ana Ejemplo\n2. Ana Ejemplo · Secretariat" in found.text
    seen = show(await town.click(town.olivia, found.button("2 · Ana Ejemplo")))
    assert "Named: Ana Ejemplo\n1 person: 1 not reachable" in seen.text
    assert await stored(town, meeting) == {"members": [two.id]}
    # with a filter beside they come on top of it; excluded by name they are out
    seen = show(await town.click(town.olivia, aud(meeting, "c", "eu_member_state")))
    assert "and named: Ana Ejemplo\n2 people: 1 Slack, 1 not reachable" in seen.text
    seen = show(await town.click(town.olivia, aud(meeting, "xp", str(town.claire.id))))
    assert "Not: Claire Exemple\n1 person" in seen.text
    none = show(await town.submit(town.olivia, "audname", ask.subject, {"name": "nobody"}))
    assert "I know no member of that name." in none.text
    assert one.id not in (await stored(town, meeting))["members"]


async def test_after_inviting_only_late_invitees_are_added(town: Any, show: Any) -> None:
    meeting = await planned(town, audience={"categories": ["eu_member_state"]}, state="inviting")
    async with town.write() as db:
        db.add(Invitation(meeting_id=meeting.id, member_id=town.claire.id, reply="yes"))
    assert "0 more people match now." in show(await town.click(town.olivia, aud(meeting))).text
    seen = show(await town.click(town.olivia, aud(meeting, "", "all")))
    assert "1 more person matches now.\nWho is invited already stays invited." in seen.text
    gone = show(await town.click(town.olivia, aud(meeting, "c", "country_of_origin")))
    assert "1 more person matches now." in gone.text
    async with town.read() as db:
        assert [each.withdrawn for each in await db.scalars(select(Invitation))] == [False]


async def test_the_preview_of_an_invitation_goes_to_those_who_match_and_are_not_invited(town: Any, show: Any) -> None:
    meeting = await planned(town, audience={"countries": ["BD"]}, state="inviting")
    await more(town, ("m20", "Ana Ejemplo", "expert"))
    assert "1 person: 1 Telegram" in show(await town.command(town.olivia, "meeting invite M6")).text
    async with town.write() as db:
        db.add(Invitation(meeting_id=meeting.id, member_id=town.tahmina.id))
    assert "Everybody is invited." in show(await town.command(town.olivia, "meeting invite M6")).text
    await town.click(town.olivia, aud(meeting, "n", "FR"))
    assert "1 person: 1 Slack" in show(await town.command(town.olivia, "meeting invite M6")).text


async def test_an_audience_stands_once_nobody_can_be_invited_any_more(town: Any, show: Any) -> None:
    meeting = await planned(town, state="closed")
    seen = show(await town.click(town.olivia, aud(meeting, "c", "eu_member_state")))
    assert "can no longer be changed; its state: replies closed" in seen.text
    assert await stored(town, meeting) == {}


async def test_what_a_client_makes_up_is_never_kept(town: Any, show: Any) -> None:
    meeting = await planned(town)
    for rev, arg in (("c", "made_up"), ("p", "999999"), ("p", "x"), ("o", "-1"), ("a", "5"), ("", "eu_agency")):
        with pytest.raises(UserError):
            await town.click(town.olivia, aud(meeting, rev, arg))
    assert await stored(town, meeting) == {}
    for rev in ("zz", "c999999999", "x", "xx"):
        await town.click(town.olivia, aud(meeting, rev))
    assert "organisers" in show(await town.click(town.claire, aud(meeting, "", "all"))).text


async def test_many_values_come_in_pages_and_from_a_group_everything_is_private(town: Any, show: Any) -> None:
    meeting = await planned(town)
    async with town.write() as db:
        countries = ("AL", "BA", "DE", "EG", "ES", "GE", "IQ", "IT", "MA", "NL", "PL", "TN")
        db.add_all([Member(code=f"n{each}", name=each, country=each, zone="UTC") for each in countries])
    group = Place("slack", "T1", "C9", "group")
    (first,) = await town.click(town.olivia, aud(meeting, "n"), where=group)
    assert isinstance(first, Reply)
    assert first.private
    seen = show([first])
    assert len([each for each in seen.labels if each not in ("Back", "2 »")]) == 10
    second = show(await town.click(town.olivia, seen.button("2 »")))
    assert len(second.labels) == 6
    assert "« 1" in second.labels


async def invited(town: Any, meeting: Meeting, *replies: tuple[Member, str]) -> None:
    async with town.write() as db:
        db.add_all([Invitation(meeting_id=meeting.id, member_id=each.id, reply=reply) for each, reply in replies])


async def test_the_balance_names_the_silent_categories_and_in_private_whom_to_call(town: Any, show: Any) -> None:
    meeting = await planned(town, state="inviting")
    one, two = await more(
        town, ("m30", "Amal Mesel", "country_of_transit"), ("m31", "Bora Ornek", "country_of_transit")
    )
    async with town.write() as db:
        db.add(RoleGrant(member_id=two.id, role="focal_point"))
        db.add(RoleGrant(member_id=town.claire.id, role="focal_point"))
    replies = [(one, "no"), (two, "none"), (town.tahmina, "no"), (town.claire, "delegated")]
    await invited(town, meeting, *replies)

    seen = show(await town.command(town.olivia, "meeting balance"))

    assert seen.text.splitlines() == [
        "Balance of M6: Jobs and skills",
        "EU Member States: yes 1 of 1",
        "Countries of origin: yes 0 of 1",
        "Countries of transit: yes 0 of 2, no reply 1",
        "Countries of transit: no voice yet; 1 of 2 replied. Ask the focal points.",
        "Countries of origin: no voice yet; all have replied. Think of somebody else to invite.",
        "Focal points to call",
        "Countries of transit: Bora Ornek",
        "No focal point: Countries of origin",
    ]
    async with town.read() as db:
        public = await _balance.lines(db, await db.get_one(Meeting, meeting.id), town.clock.now())
    assert "Bora" not in repr(public)
    assert "organisers" in show(await town.command(town.claire, "meeting balance")).text


async def test_a_balance_without_gaps_says_so_and_delegates_hold_no_seat(town: Any, show: Any) -> None:
    meeting = await planned(town, state="inviting")
    (delegate,) = await more(town, ("m40", "Deniz Ornek", "eu_member_state"))
    await invited(town, meeting, (town.claire, "delegated"), (town.tahmina, "yes"))
    async with town.write() as db:
        db.add(Invitation(meeting_id=meeting.id, member_id=delegate.id, reply="yes", represents=town.claire.id))
    seen = show(await town.click(town.olivia, Press("bal", meeting.key)))
    assert "EU Member States: yes 1 of 1" in seen.text
    assert "Every category has a voice, and most have replied." in seen.text


async def test_the_balance_is_something_to_do_four_weeks_before(town: Any, show: Any) -> None:
    meeting = await planned(town, state="inviting", starts_at=town.clock.now() + timedelta(days=29))
    await invited(town, meeting, (town.claire, "none"))
    feature = next(each for each in features() if each.name == "audience")

    async def todo() -> list[Any]:
        async with town.read() as db:
            return list(await feature.todos[0](db, town.clock.now()))

    assert await todo() == []
    town.clock.advance(timedelta(days=2))
    (due,) = await todo()
    assert due.by == meeting.rsvp_deadline
    assert due.button.press == Press("bal", meeting.key)
    nobody = show(await town.click(town.olivia, Press("bal", (await planned(town, "M7")).key)))
    assert "Nobody is invited to M7 yet." in nobody.text
