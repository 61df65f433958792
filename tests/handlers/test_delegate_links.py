"""Somebody new comes instead: by a one-time link, after their own consent; nobody of another organisation."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from chat.message import Press
from chat.outbound import Reply
from chat.people import Person
from storage.meetings import Meeting
from storage.members import Account, Member, Organisation
from tests.handlers.delegating import delegation, inviting, name, reply_of
from tests.kinds import on_one


@pytest.fixture
async def meeting(town: Any) -> Meeting:
    """Give the meeting Tahmina comes to."""
    return await inviting(town)


@pytest.mark.parametrize("platform", ["telegram", "slack"])
async def test_somebody_new_gets_a_link_and_agrees_after_their_own_consent(
    town: Any, meeting: Meeting, show: Any, platform: str
) -> None:
    seen = show(await name(town, meeting, "Eero Esimerkki"))
    assert "Give them this invitation, and give it to nobody else." in seen.text
    assert "https://t.me/convenor_bot?start=" in seen.text
    assert seen.labels == ["Change reply", "New link"]
    token = seen.text.partition("private: join ")[2].split()[0]
    row = await delegation(town)
    assert token not in show([Reply(await town.draw("delegation", row.key, town.tahmina, first=False))]).text
    eero = Person(platform, "700" if platform == "telegram" else "T1", "999", "Eero", "en")
    opened = town.started(eero, token) if platform == "telegram" else town.command(eero, f"join {token}")
    seen = show(await opened)
    assert seen.text.startswith("Tahmina Udaharon asks you to take part in “Jobs and skills” for Secretariat.")
    assert "Welcome, Eero." in seen.text
    seen = show(await town.click(eero, seen.button("I agree")))
    assert "Welcome to COPRR." in seen.text
    assert "You come in the place of Tahmina Udaharon." in seen.text
    async with town.read() as db:
        member = (await db.scalars(select(Member).where(Member.name == "Eero Esimerkki"))).one()
    assert (member.state, member.organisation_id) == ("active", town.tahmina.organisation_id)
    assert (member.country, member.zone) == ("BD", "Asia/Dhaka")
    theirs = await reply_of(town, meeting, member)
    assert theirs is not None
    assert theirs.represents == town.tahmina.id
    assert (await delegation(town)).state == "agreed"


@on_one
async def test_not_now_of_somebody_new_gives_the_seat_back(
    town: Any, meeting: Meeting, show: Any, stranger: Person
) -> None:
    token = show(await name(town, meeting, "Eero Esimerkki")).text.partition("join ")[2].split()[0]
    await town.started(stranger, token)
    await town.click(stranger, Press("notnow"))
    holder = await reply_of(town, meeting, town.tahmina)
    assert holder is not None
    assert holder.reply == "yes"
    seen = show(await town.click(stranger, Press("agree")))
    assert "Welcome to COPRR." in seen.text
    assert "You do not take part." in seen.text


@on_one
async def test_a_new_link_is_made_and_somebody_who_never_came_is_forgotten(
    town: Any, meeting: Meeting, show: Any, stranger: Person
) -> None:
    shown = show(await name(town, meeting, "Eero Esimerkki"))
    again = show(await town.click(town.tahmina, shown.button("New link")))
    token = again.text.partition("join ")[2].split()[0]
    await town.click(town.tahmina, shown.button("Change reply"))
    async with town.read() as db:
        assert (await db.scalars(select(Member).where(Member.name == "Eero Esimerkki"))).all() == []
    assert "used or has expired" in show(await town.started(stranger, token)).text


@on_one
@pytest.mark.parametrize("colleague", [True, False])
async def test_a_link_opened_by_a_member_counts_only_in_the_same_organisation(
    town: Any, meeting: Meeting, show: Any, colleague: bool
) -> None:
    async with town.write() as db:
        other = Organisation(name="Elsewhere", country="DE")
        db.add(other)
        await db.flush()
        home = town.tahmina.organisation_id if colleague else other.id
        jan = Member(code="m20", name="Jan Novak", organisation_id=home, zone="Europe/Prague")
        jan.accounts = [Account(platform="telegram", workspace="700", user="77", chat="77")]
        db.add(jan)
    token = show(await name(town, meeting, "Eero Esimerkki")).text.partition("join ")[2].split()[0]
    seen = show(await town.started(await town.reload(jan), token))
    if not colleague:
        assert "used or has expired" in seen.text
        return
    assert seen.text.startswith("Tahmina Udaharon asks you")
    await town.click(jan, seen.button("I agree"))
    theirs = await reply_of(town, meeting, jan)
    assert theirs is not None
    assert theirs.represents == town.tahmina.id
    assert (await delegation(town)).name == "Jan Novak"


@on_one
async def test_one_newcomer_may_be_asked_for_two_meetings_and_agrees_to_both(
    town: Any, meeting: Meeting, show: Any, stranger: Person
) -> None:
    second = await inviting(town, "M7")
    third = await inviting(town, "M8")
    for each in (meeting, second, third):
        shown = show(await name(town, each, "Eero Esimerkki"))
        token = shown.text.partition("join ")[2].split()[0]
    await town.click(town.tahmina, shown.button("Change reply"))
    seen = show(await town.started(stranger, token))
    assert seen.text.count("Tahmina Udaharon asks you") == 2
    await town.click(stranger, seen.button("I agree"))
    async with town.read() as db:
        eero = (await db.scalars(select(Member).where(Member.name == "Eero Esimerkki"))).one()
    assert await reply_of(town, meeting, eero) is not None
    assert await reply_of(town, second, eero) is not None
    assert await reply_of(town, third, eero) is None


@on_one
async def test_once_the_link_was_opened_the_holder_gets_no_other(
    town: Any, meeting: Meeting, show: Any, stranger: Person
) -> None:
    shown = show(await name(town, meeting, "Eero Esimerkki"))
    await town.started(stranger, shown.text.partition("join ")[2].split()[0])
    again = show(await town.click(town.tahmina, shown.button("New link")))
    assert "out of date" in again.text
    assert "join " not in again.text
    assert again.labels == ["Change reply"]
