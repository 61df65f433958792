from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from chat.inbound import BotPlaced, Moved, Reachable
from chat.message import Press
from chat.outbound import Home, Reply
from chat.people import Person, Place
from storage.communities import Channel
from storage.joining import issue_link
from storage.members import Account, Consent, Member, by_account
from tests.kinds import on_one


@pytest.fixture
async def aino(town: Any) -> Member:
    """Give an invited member without an account."""
    async with town.write() as db:
        member = Member(code="m07", name="Aino Esimerkki", country="FI", zone="Europe/Helsinki", state="invited")
        db.add(member)
    return await town.reload(member)


async def link_for(town: Any, member: Member) -> str:
    async with town.write() as db:
        return await issue_link(db, await db.get(Member, member.id), town.clock.now())


async def test_a_link_binds_the_account_and_asks_for_consent(
    town: Any, aino: Member, stranger: Person, show: Any
) -> None:
    shown = show(await town.started(stranger, await link_for(town, aino)), platform="telegram")
    assert shown.text.startswith("Welcome, Aino. I am the assistant of COPRR")
    assert "You can stop at any time: /stop" in shown.text
    assert shown.labels == ["I agree", "Not now", "English", "Français", "Türkçe", "العربية", "Español"]
    member = await town.reload(aino)
    assert member.state == "pending_consent"
    assert [(each.user, each.chat) for each in member.accounts] == [("999", "999")]


@on_one
async def test_agreeing_is_recorded_and_the_card_checks_language_and_zone(
    town: Any, aino: Member, stranger: Person, show: Any
) -> None:
    asked = show(await town.started(stranger, await link_for(town, aino)))
    shown = show(await town.click(stranger, asked.button("I agree")))
    assert "English, Helsinki: is that right?" in shown.text
    assert shown.labels == ["That is right", "Language", "Time zone", "Home"]
    async with town.read() as db:
        consent = (await db.scalars(select(Consent))).one()
    assert (consent.member_id, consent.given_at, consent.withdrawn_at) == (aino.id, town.clock.now(), None)
    assert consent.text_version.startswith("welcome_consent:en:")
    member = await town.reload(aino)
    assert (member.state, member.joined_at) == ("active", town.clock.now())


async def test_agreeing_twice_records_one_consent(town: Any, aino: Member, stranger: Person, show: Any) -> None:
    await town.started(stranger, await link_for(town, aino))
    await town.click(stranger, Press("agree"))
    assert "Already saved." in show(await town.click(stranger, Press("agree"))).text
    async with town.read() as db:
        assert len((await db.scalars(select(Consent))).all()) == 1


@on_one
async def test_not_now_keeps_the_invitation_open(town: Any, aino: Member, stranger: Person, show: Any) -> None:
    await town.started(stranger, await link_for(town, aino))
    shown = show(await town.click(stranger, Press("notnow")))
    assert shown.text == "Nothing more will be sent. Your invitation stays open until Fri, 22 May 2026."
    assert shown.labels == ["I agree"]
    assert (await town.reload(aino)).state == "pending_consent"


@on_one
async def test_the_language_button_asks_again_in_that_language(
    town: Any, aino: Member, stranger: Person, show: Any
) -> None:
    asked = show(await town.started(stranger, await link_for(town, aino)))
    again = show(await town.click(stranger, asked.button("Türkçe")))
    assert "I agree" in again.labels
    assert (await town.reload(aino)).language == "tr"


@on_one
async def test_a_used_link_is_refused_to_another_account(town: Any, aino: Member, stranger: Person, show: Any) -> None:
    token = await link_for(town, aino)
    await town.started(stranger, token)
    shown = show(await town.started(Person("telegram", "700", "1000"), token))
    assert shown.text == "This link has been used or has expired. The organisers can give you a new one."
    assert [each.user for each in (await town.reload(aino)).accounts] == ["999"]


@on_one
async def test_pressing_start_twice_on_the_own_link_asks_again(
    town: Any, aino: Member, stranger: Person, show: Any
) -> None:
    token = await link_for(town, aino)
    await town.started(stranger, token)
    assert "I agree" in show(await town.started(stranger, token)).labels


async def test_two_people_with_one_link_at_the_same_moment_give_one_account(town: Any, aino: Member) -> None:
    token = await link_for(town, aino)
    people = [Person("telegram", "700", str(1000 + number)) for number in range(6)]
    await asyncio.gather(*(town.started(each, token) for each in people))
    assert len((await town.reload(aino)).accounts) == 1


async def test_a_link_dies_after_seventy_two_hours(town: Any, aino: Member, stranger: Person, show: Any) -> None:
    token = await link_for(town, aino)
    town.clock.advance(timedelta(hours=72))
    assert "has expired" in show(await town.started(stranger, token)).text


@on_one
@pytest.mark.parametrize("token", ["nonsense", "x" * 64, "' OR 1=1", "hello; drop"])
async def test_a_made_up_token_is_refused(town: Any, stranger: Person, show: Any, token: str) -> None:
    assert "has expired" in show(await town.started(stranger, token)).text


async def test_an_account_of_another_member_is_not_taken_over(town: Any, aino: Member, show: Any) -> None:
    token = await link_for(town, aino)
    assert "has expired" in show(await town.started(town.tahmina, token)).text
    assert (await town.reload(aino)).accounts == []
    assert "I agree" in show(await town.started(Person("telegram", "700", "1000"), token)).labels  # still usable


@on_one
async def test_a_second_account_of_an_active_member_needs_no_second_consent(
    town: Any, stranger: Person, show: Any
) -> None:
    shown = show(await town.started(stranger, await link_for(town, town.claire)))
    assert "connected to your membership in COPRR" in shown.text
    assert {each.platform for each in (await town.reload(town.claire)).accounts} == {"slack", "telegram"}


async def test_a_new_link_moves_a_member_to_a_new_account_or_wakes_the_old_one(town: Any, stranger: Person) -> None:
    async with town.write() as db:
        (await by_account(db, "telegram", "700", "5015")).reachable = False
    await town.started(town.tahmina, await link_for(town, town.tahmina))
    assert [(each.user, each.reachable) for each in (await town.reload(town.tahmina)).accounts] == [("5015", True)]
    await town.started(stranger, await link_for(town, town.tahmina))
    assert [each.user for each in (await town.reload(town.tahmina)).accounts] == ["999"]


@on_one
async def test_the_code_can_be_typed_in_slack(town: Any, aino: Member, show: Any) -> None:
    newcomer = Person("slack", "T1", "U99")
    token = await link_for(town, aino)
    answers = await town.command(newcomer, f"join {token}", Place("slack", "T1", "C1", "group"))
    assert "I agree" in show(answers).labels
    assert all(each.private for each in answers if isinstance(each, Reply))
    assert (await town.reload(aino)).accounts[0].user == "U99"


@on_one
async def test_a_named_slack_account_is_asked_before_anything_else(town: Any, aino: Member, show: Any) -> None:
    async with town.write() as db:
        db.add(Account(member_id=aino.id, platform="slack", workspace="T1", user="U7"))
    aino = await town.reload(aino)
    for answers in (await town.said(aino, "hello there, what is this"), await town.command(aino, "settings")):
        assert "I agree" in show(answers).labels
    (tab,) = await town.home(aino)
    assert isinstance(tab, Home)
    answers = await town.click(aino, Press("agree"), message=None)
    assert [type(each) for each in answers] == [Reply, Home]


@on_one
async def test_start_shows_home_to_members_and_the_way_in_to_strangers(town: Any, stranger: Person, show: Any) -> None:
    assert "COPRR · Home" in show(await town.started(town.tahmina)).text
    assert "COPRR · Home" in show(await town.started(town.tahmina, "hello")).text
    assert show(await town.started(stranger)).text.startswith("This assistant serves members")


async def test_a_block_and_a_new_start_change_only_the_account(town: Any) -> None:
    where = Place("telegram", "700", "5015")
    common = {"by": town.person(town.tahmina), "where": where, "at": town.clock.now()}
    assert await town.event(Reachable(key="r1", reachable=False, reason="blocked", **common)) == []
    member = await town.reload(town.tahmina)
    assert (member.state, member.accounts[0].reachable, member.accounts[0].reason) == ("active", False, "blocked")
    await town.started(town.tahmina)
    member = await town.reload(town.tahmina)
    assert (member.accounts[0].reachable, member.accounts[0].reason) == (True, "")


async def test_a_group_that_moved_keeps_its_channel(town: Any) -> None:
    common = {"by": Person("telegram", "700", ""), "at": town.clock.now()}
    where = Place("telegram", "700", "-1001", "group")
    await town.event(Moved(key="mv1", chat="-100777", where=where, **common))
    await town.event(BotPlaced(key="bp1", present=False, where=Place("telegram", "700", "-100777", "group"), **common))
    async with town.read() as db:
        channel = (await db.scalars(select(Channel).where(Channel.platform == "telegram"))).one()
    assert (channel.chat, channel.reachable, channel.reason) == ("-100777", False, "removed")


async def test_organisers_see_who_cannot_be_written_to_and_make_a_new_link(
    town: Any, aino: Member, stranger: Person, show: Any
) -> None:
    shown = show(await town.command(town.olivia, "members"))
    assert "3 members, 2 within reach." in shown.text
    assert "1. Aino Esimerkki · has not joined yet" in shown.text
    made = show(await town.click(town.olivia, shown.button("1 · New link")))
    token = made.text.split("start=")[1].split()[0]
    assert f"join {token}" in made.text
    assert "I agree" in show(await town.started(stranger, token)).labels


@on_one
async def test_the_list_of_the_unreached_has_pages_of_ten(town: Any, show: Any) -> None:
    async with town.write() as db:
        for number in range(12):
            db.add(Member(code=f"x{number:02}", name=f"Person {number}", zone="UTC", state="invited"))
    first = show(await town.command(town.olivia, "members"))
    assert ("10. " in first.text, "11. " in first.text) == (True, False)
    second = show(await town.click(town.olivia, first.button("More")))
    assert ("10. " in second.text, "12. " in second.text) == (False, True)
    assert "Back" in second.labels


@on_one
async def test_members_may_not_make_links(town: Any, aino: Member, show: Any) -> None:
    assert show(await town.click(town.claire, Press("newlink", aino.key))).text == "Only organisers can do that."
    assert show(await town.click(town.olivia, Press("newlink", "zzzzzzzzzz"))).text.startswith("I cannot find that")


@on_one
async def test_rights_hang_on_ids_and_not_on_names(town: Any) -> None:
    async with town.read() as db:
        assert await by_account(db, "telegram", "T1", "U1") is None
        assert (await by_account(db, "slack", "T1", "U1")).member.name == "Olivia Organiser"
