"""People who are no members register for a webinar by a form, cancel, leave, or become members."""

from __future__ import annotations

from typing import Any

import pytest

from chat.form import Asking
from chat.message import Press
from chat.outbound import Ask, Reply
from chat.people import Person, Place
from storage import members
from storage.joining import issue_link
from storage.members import GUEST, Member
from storage.webinars import REGISTERED, Registrant, Webinar
from tests.handlers.conftest import SLACK_TEAM, TELEGRAM_BOT, Town
from tests.handlers.registering import GROUP, every, plan_and_open
from tests.kinds import on_one

TELEGRAM_GROUP = Place("telegram", TELEGRAM_BOT, "-1001", "group")
ADA = {"name": "Ada Lovelace", "organisation": "research", "country": "GB", "consent": "yes"}
OUTSIDER = Person("slack", SLACK_TEAM, "U77", "Ada", "es")


@pytest.fixture
async def opened(town: Town) -> Webinar:
    """Give a webinar whose registration is open."""
    return await plan_and_open(town)


async def test_a_stranger_registers_by_the_deep_link(town: Town, show: Any, opened: Webinar, stranger: Person) -> None:
    [asked] = await town.started(stranger, f"w_{opened.public_token}")
    assert isinstance(asked, Ask)
    assert asked.subject.startswith(opened.key)
    async with town.write() as db:
        form = next(each.forms["webinar"][1] for each in _features() if "webinar" in each.forms)
        account = await members.by_account(db, "telegram", TELEGRAM_BOT, "999")
        assert account is not None
        assert account.member.state == GUEST
        ctx = await town._context(db, _inbound(town, stranger))
        built = await form(ctx, asked.subject)
    intro = show([Reply(_as_message(built.intro))]).text
    assert "recorded" in intro
    assert "ICMPD" in intro
    country = next(each for each in built.fields if each.id == "country")
    assert country.clean("Royaume-Uni", Asking(town.clock.now(), "UTC", "en", {})) == "GB"

    answers = await town.submit(stranger, "webinar", asked.subject, ADA)
    assert "You are registered" in show(answers).text
    [row] = await every(town, Registrant)
    assert (row.name, row.organisation_type, row.country, row.channel_id) == ("Ada Lovelace", "research", "GB", None)
    assert row.consent_version.startswith("webinar:en:")
    assert not row.email

    card = await town.draw("webinar_registered", opened.key, account.member)
    assert "You are registered" in show([Reply(card)]).text
    again = await town.started(stranger, f"w_{opened.public_token}")
    assert "You are registered" in show(again).text
    home = await town.command(stranger, "home")
    assert "professional community" in show(home).text  # still a stranger everywhere else
    assert len(await every(town, Registrant)) == 1


@on_one
async def test_a_guest_cancels_and_registers_again_without_the_form(
    town: Town, show: Any, opened: Webinar, stranger: Person
) -> None:
    [asked] = await town.started(stranger, f"w_{opened.public_token}")
    await town.submit(stranger, "webinar", asked.subject, ADA)
    gone = await town.click(stranger, Press("webun", opened.key))
    assert "cancelled" in show(gone).text
    back = await town.click(stranger, Press("webreg", opened.key))
    assert "You are registered" in show(back).text
    [row] = await every(town, Registrant)
    assert (row.state, row.name) == (REGISTERED, "Ada Lovelace")


async def test_a_guest_who_stops_is_forgotten_and_the_seat_goes_on(town: Town, show: Any, stranger: Person) -> None:
    webinar = await plan_and_open(town, seats="1")
    [asked] = await town.started(stranger, f"w_{webinar.public_token}")
    await town.submit(stranger, "webinar", asked.subject, ADA)
    await town.click(town.claire, Press("webwait", webinar.key))
    chosen = await town.click(stranger, Press("lang", "", "", "fr"))
    assert "Français" in show(chosen).text
    assert [each.language for each in await every(town, Member) if each.state == GUEST] == ["fr"]

    stopped = await town.command(stranger, "stop")

    assert "what you told us is deleted" in show(stopped).text
    assert not [each for each in await every(town, Member) if each.state == GUEST]
    assert [(each.member_id, each.state) for each in await every(town, Registrant)] == [(town.claire.id, REGISTERED)]
    assert "professional community" in show(await town.command(stranger, "stop")).text


async def test_slack_users_who_are_no_members_get_the_form_and_are_counted_by_channel(
    town: Town, show: Any, opened: Webinar
) -> None:
    [asked] = await town.click(OUTSIDER, Press("webreg", opened.key), GROUP)
    assert isinstance(asked, Ask)
    await town.submit(OUTSIDER, "webinar", asked.subject, ADA)
    await town.click(town.claire, Press("webreg", opened.key), GROUP)
    await town.click(town.tahmina, Press("webreg", opened.key))

    text = show(await town.click(town.olivia, Press("webst", opened.key))).text
    assert "3 registered" in text
    assert "2 members among them" in text
    assert "From: coprr Slack 2, link or private chat 1" in text
    assert "United Kingdom 1" in text


@on_one
async def test_an_outsider_in_a_telegram_group_is_asked_in_private(
    town: Town, opened: Webinar, stranger: Person
) -> None:
    [answer] = await town.click(stranger, Press("webreg", opened.key), TELEGRAM_GROUP)
    assert isinstance(answer, Reply)
    assert answer.private
    assert not [each for each in await every(town, Member) if each.state == GUEST]


async def test_a_guest_joins_as_a_member_by_a_link(town: Town, show: Any, opened: Webinar, stranger: Person) -> None:
    [asked] = await town.started(stranger, f"w_{opened.public_token}")
    await town.submit(stranger, "webinar", asked.subject, ADA)
    async with town.write() as db:
        new = Member(code="m40", name="Ada L", zone="Europe/London", state="invited")
        db.add(new)
        await db.flush()
        token = await issue_link(db, new, town.clock.now())

    await town.started(stranger, token)
    await town.click(stranger, Press("agree", new.key))

    [row] = await every(town, Registrant)
    assert row.member_id == new.id
    assert not [each for each in await every(town, Member) if each.state == GUEST]
    assert "You are registered" in show(await town.command(stranger, "webinar")).text


@on_one
async def test_guests_are_in_no_list_of_the_organisers(
    town: Town, show: Any, opened: Webinar, stranger: Person
) -> None:
    [asked] = await town.started(stranger, f"w_{opened.public_token}")
    await town.submit(stranger, "webinar", asked.subject, ADA)
    for words in ("members", "desk", "todo"):
        assert "Ada" not in show(await town.command(town.olivia, words)).text
    refused = await town.click(stranger, Press("rsvp", "nosuchkey1", "0", "yes"))
    assert "professional community" in show(refused).text


def _features() -> Any:
    from handlers import features

    return features()


def _inbound(town: Town, who: Person) -> Any:
    from chat.inbound import Started

    return Started(payload="", **town._common(who, None))


def _as_message(text: Any) -> Any:
    from chat.message import Message

    return Message((text,))
