"""Public webinars from plan to registered: the plan, the opening, one tap for members, and the cards."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from chat.errors import UserError
from chat.message import Press
from chat.outbound import Ask, Edit, Invalid, Reply, SendFile
from chat.people import Person
from scheduler.contract import Skip
from storage import webinars
from storage.communities import Channel, Connection
from storage.deliveries import Campaign, CardCopy, Delivery
from storage.members import Member
from storage.webinars import REGISTERED, WAITING, Registrant, Webinar
from tests.handlers.conftest import SLACK_TEAM, TELEGRAM_BOT, Town
from tests.handlers.registering import GROUP, PLAN, START, every, newest, plan, plan_and_open
from tests.kinds import on_one


@pytest.fixture
async def opened(town: Town) -> Webinar:
    """Give a webinar whose registration is open."""
    return await plan_and_open(town)


async def test_a_plan_becomes_a_draft_that_opens_thirty_days_before(town: Town, show: Any) -> None:
    asked = await town.command(town.olivia, "webinar new")
    assert isinstance(asked[0], Ask)
    saved = await town.submit(town.olivia, "webplan", "", PLAN)

    webinar = await newest(town)
    assert (webinar.state, webinar.ends_at - webinar.starts_at) == ("draft", timedelta(minutes=75))
    assert webinar.opens_at == datetime(2026, 5, 26, 8, 0, tzinfo=UTC)  # ten o'clock in Brussels
    assert webinar.speakers == [town.tahmina.id]
    async with town.read() as db:
        chosen = await db.scalars(select(Channel.chat).where(Channel.id.in_(webinar.channels)))
        assert set(chosen) == {"C1", "-1001"}  # not the organisers' own
    shown = show(saved)
    assert "Draft: nobody has been told." in shown.text
    assert "Speakers: Tahmina Udaharon" in shown.text
    assert "The link to join is missing." in shown.text
    assert shown.labels[:2] == ["Preview", "Edit"]


@on_one
@pytest.mark.parametrize(
    ("values", "field"),
    [({"opens": START.isoformat()}, "opens"), ({"start": "2026-04-01T10:00:00+00:00"}, "start")],
)
async def test_a_plan_that_does_not_go_together_is_explained(town: Town, values: dict[str, str], field: str) -> None:
    [refused] = await town.submit(town.olivia, "webplan", "", PLAN | values)
    assert isinstance(refused, Invalid)
    assert set(refused.errors) == {field}
    assert not await every(town, Webinar)


@on_one
async def test_only_organisers_plan(town: Town, show: Any) -> None:
    webinar = await plan(town)
    for act in ("webnew", "webst", "webopen", "bprev"):
        refused = await town.click(town.claire, Press(act, webinar.key, "", "w"))
        assert not any(isinstance(each, Ask) for each in refused)
        assert "Draft" not in show(refused).text
    assert (await newest(town)).state == "draft"


async def test_preview_and_confirmation_open_it_when_its_moment_comes(town: Town, show: Any) -> None:
    webinar = await plan(town)
    preview = await town.click(town.olivia, Press("bprev", webinar.key, "", "w"))
    assert "Funded" not in show(preview).text  # this community has no funding line
    assert "coprr (Slack), COPRR (Telegram)" in show(preview).text
    await town.click(town.olivia, show(preview).button("Send"))

    webinar = await newest(town)
    assert webinar.state == "open"
    campaign = next(each for each in await every(town, Campaign) if each.kind == "webinar_channel")
    rows = [each for each in await every(town, Delivery) if each.campaign_id == campaign.id]
    assert {each.due_at for each in rows} == {webinar.opens_at}
    early = await town.click(town.claire, Press("webreg", webinar.key))
    assert "Registration opens on" in show(early).text
    assert not await every(town, Registrant)

    town.clock.set(webinar.opens_at)
    await town.click(town.claire, Press("webreg", webinar.key))
    assert [each.state for each in await every(town, Registrant)] == [REGISTERED]


async def test_undo_makes_it_a_draft_again(town: Town, show: Any) -> None:
    webinar = await plan(town)
    preview = await town.click(town.olivia, Press("bprev", webinar.key, "", "w"))
    sent = await town.click(town.olivia, show(preview).button("Send"))
    await town.click(town.olivia, show(sent).button("Undo"))

    assert (await newest(town)).state == "draft"
    assert {each.state for each in await every(town, Delivery)} <= {"cancelled"}
    again = await town.click(town.olivia, Press("bprev", webinar.key, "", "w"))
    await town.click(town.olivia, show(again).button("Send"))
    assert (await newest(town)).state == "open"


@on_one
async def test_without_channels_it_is_opened_by_link_alone(town: Town, show: Any) -> None:
    saved = await town.submit(town.olivia, "webplan", "", PLAN | {"channels": "none"})
    await town.click(town.olivia, show(saved).button("Open registration"))
    assert (await newest(town)).state == "open"
    assert not await every(town, Campaign)


@on_one
async def test_members_register_with_one_tap_in_a_channel_and_cancel(town: Town, show: Any, opened: Webinar) -> None:
    answers = await town.click(town.claire, Press("webreg", opened.key), GROUP)

    assert "You are registered" in show(answers).text
    private = [each for each in answers if isinstance(each, Reply)]
    assert [each.private for each in private] == [True]
    assert private[0].card is not None
    assert list(answers) == private  # Slack's own note in the channel says that we answered in private
    [row] = await every(town, Registrant)
    assert (row.member_id, row.name, row.state) == (town.claire.id, "", REGISTERED)
    async with town.read() as db:
        channel = await db.scalar(select(Channel.id).where(Channel.chat == "C1"))
    assert row.channel_id == channel
    assert show(answers).labels[:2] == ["Add to calendar", "Cancel registration"]

    listed = show(await town.command(town.claire, "my"))
    assert "Your webinars" in listed.text
    assert Press("web", opened.key) == listed.button("1 · Open").press
    gone = await town.click(town.claire, show(answers).button("Cancel registration"))
    assert isinstance(gone[0], Edit)
    assert "Your webinars" not in show(await town.command(town.claire, "my")).text
    assert "Your registration is cancelled" in show(gone).text
    await town.click(town.claire, show(gone).button("Register"))
    assert [each.state for each in await every(town, Registrant)] == [REGISTERED]


async def test_a_full_webinar_offers_the_waiting_list_and_gives_the_seat_on(town: Town, show: Any) -> None:
    webinar = await plan_and_open(town, seats="1")
    first = await town.click(town.claire, Press("webreg", webinar.key))
    async with town.read() as db:
        channel = (await db.scalars(select(Channel).where(Channel.chat == "C1"))).one()
    public = await town.draw("webinar_channel", webinar.key, channel)
    assert not isinstance(public, Skip)
    assert show([Reply(public)]).labels[0] == "Join the waiting list"

    waits = await town.click(town.tahmina, Press("webwait", webinar.key))
    assert "You are on the waiting list" in show(waits).text
    assert "Your place on the list: 1" in show(waits).text

    await town.click(town.claire, show(first).button("Cancel registration"))
    states = {each.member_id: each.state for each in await every(town, Registrant)}
    assert states[town.tahmina.id] == REGISTERED
    [told] = [each for each in await every(town, Delivery) if each.member_id == town.tahmina.id]
    campaign = next(each for each in await every(town, Campaign) if each.id == told.campaign_id)
    card = await town.draw(campaign.kind, webinar.key, town.tahmina, **campaign.details)
    assert "A seat has become free" in show([Reply(card)]).text


@on_one
async def test_the_plan_cannot_have_fewer_seats_than_people(town: Town, show: Any, opened: Webinar) -> None:
    for each in (town.claire, town.tahmina):
        await town.click(each, Press("webreg", opened.key))
    [refused] = await town.submit(town.olivia, "webplan", opened.key, PLAN | {"seats": "1"})
    assert isinstance(refused, Invalid)
    assert "seats" in refused.errors


@on_one
async def test_after_the_opening_words_change_and_the_date_stays(town: Town, opened: Webinar) -> None:
    await town.click(town.claire, Press("webreg", opened.key))
    values = {
        name: value for name, value in PLAN.items() if name not in ("start", "length", "zone", "opens", "channels")
    }
    await town.submit(
        town.olivia, "webplan", opened.key, values | {"title": "A better title", "link": "https://x.example/j"}
    )

    now = await newest(town)
    assert (now.title, now.starts_at, now.revision) == ("A better title", opened.starts_at, opened.revision + 1)


@on_one
async def test_the_link_is_shown_from_the_day_before_to_the_registered_only(town: Town, show: Any) -> None:
    webinar = await plan_and_open(town, link="https://meet.example.org/w")
    await town.click(town.claire, Press("webreg", webinar.key))
    await town.click(town.tahmina, Press("webreg", webinar.key))
    await town.click(town.tahmina, Press("webun", webinar.key))

    async def seen(who: Member) -> str:
        text: str = show(await town.command(who, "webinar")).text
        return text

    assert "meet.example.org" not in await seen(town.claire)
    assert "We will send the link one day before." in await seen(town.claire)
    town.clock.set(datetime(2026, 6, 24, 8, 0, tzinfo=UTC))
    assert "meet.example.org" in await seen(town.claire)
    assert "meet.example.org" not in await seen(town.tahmina)
    details = await town.click(town.claire, Press("webdet", webinar.key))
    assert "meet.example.org" not in show(details).text
    [file, _] = await town.click(town.claire, Press("webcal", webinar.key))
    assert isinstance(file, SendFile)
    assert b"meet.example.org" in file.content


@on_one
async def test_the_calendar_file_is_a_publication_in_utc(town: Town, opened: Webinar) -> None:
    await town.click(town.claire, Press("webreg", opened.key))
    [file, _] = await town.click(town.claire, Press("webcal", opened.key))
    assert isinstance(file, SendFile)
    for line in (b"METHOD:PUBLISH", b"DTSTART:20260625T120000Z", b"DTEND:20260625T131500Z", b"SEQUENCE:0",
                 f"UID:{opened.key}@coprr.convenor".encode()):  # fmt: skip
        assert line in file.content.replace(b"\r\n ", b"")
    assert b"ATTENDEE" not in file.content


@on_one
async def test_who_was_invited_and_has_not_agreed_is_asked_first(town: Town, show: Any, opened: Webinar) -> None:
    async with town.write() as db:
        (await db.get_one(Member, town.claire.id)).state = "pending_consent"
    asked = await town.click(town.claire, Press("webreg", opened.key), GROUP)
    assert "Do you agree to receive messages" in show(asked).text
    assert not await every(town, Registrant)


@on_one
async def test_the_command_shows_the_public_card_in_groups_and_ones_own_in_private(
    town: Town, show: Any, opened: Webinar, stranger: Person
) -> None:
    await town.click(town.claire, Press("webreg", opened.key))
    public = show(await town.command(town.claire, "webinar", GROUP))
    assert "You are registered" not in public.text
    assert public.labels == ["Register", "Details"]
    assert "You are registered" in show(await town.command(town.claire, "webinar")).text
    assert show(await town.command(stranger, "webinar")).labels == ["Register", "Details"]
    organisers = show(await town.command(town.olivia, "webinar"))
    assert "Registration is open." in organisers.text


@on_one
async def test_the_card_names_the_ways_to_register_and_the_funding(town: Town, show: Any) -> None:
    town.page_link = lambda path: f"https://coprr.example.org{path}"
    async with town.write() as db:
        community = await db.get_one(type(town.community), town.community.id)
        community.settings = {"programme": {"funding_line": "Funded by the European Union"}}
        db.add(Connection(platform="telegram", workspace=TELEGRAM_BOT, name="convenor_bot"))
    webinar = await plan_and_open(town, number="yes")
    saved = show(await town.click(town.olivia, Press("webst", webinar.key)))
    assert f"https://t.me/convenor_bot?start=w_{webinar.public_token}" in saved.text

    await town.click(town.claire, Press("webreg", webinar.key))
    async with town.read() as db:
        slack, telegram = await db.scalars(
            select(Channel).where(Channel.chat.in_(("C1", "-1001"))).order_by(Channel.platform)
        )
    there = await town.draw("webinar_channel", webinar.key, telegram)
    assert f"https://t.me/convenor_bot?start=w_{webinar.public_token}" in show([Reply(there)]).text
    card = await town.draw("webinar_channel", webinar.key, slack)
    text = show([Reply(card)]).text
    assert f"https://coprr.example.org/w/{webinar.public_token}" in text
    assert "Funded by the European Union" in text
    assert "1 person has registered" in text
    assert "Tahmina" not in text


@on_one
async def test_channel_cards_follow_only_when_they_show_numbers(town: Town, opened: Webinar) -> None:
    async with town.write() as db:
        channel = (await db.scalars(select(Channel).where(Channel.chat == "C1"))).one()
        db.add(CardCopy(kind="webinar_channel", subject=opened.key, channel_id=channel.id, platform="slack",
                        workspace=SLACK_TEAM, chat="C1", message="m9"))  # fmt: skip
    await town.click(town.claire, Press("webreg", opened.key))
    [copy] = [each for each in await every(town, CardCopy) if each.kind == "webinar_channel"]
    assert copy.wanted == 0
    async with town.write() as db:
        row = await webinars.lock(db, opened.key)
        assert row is not None
        row.seats = 2
    await town.click(town.tahmina, Press("webreg", opened.key))
    [copy] = [each for each in await every(town, CardCopy) if each.kind == "webinar_channel"]
    assert copy.wanted == 1


@on_one
async def test_organisers_are_reminded_of_what_is_missing(town: Town, show: Any, opened: Webinar) -> None:
    await plan(town, start=(town.clock.now() + timedelta(days=20)).isoformat())
    assert "the opening is not confirmed" in show(await town.command(town.olivia, "todo")).text
    town.clock.set(START - timedelta(days=1))
    assert "the link to join is missing" in show(await town.command(town.olivia, "todo")).text


@on_one
async def test_forged_and_foreign_presses_change_nothing(town: Town, opened: Webinar) -> None:
    for verb in ("webreg", "webun", "webdet", "webcal", "web"):
        with pytest.raises(UserError):
            await town.click(town.claire, Press(verb, "nosuchkey1"))
    with pytest.raises(UserError):
        await town.click(town.claire, Press("webun", opened.key))
    assert not await every(town, Registrant)


@on_one
async def test_after_the_end_cards_say_so(town: Town, show: Any, opened: Webinar) -> None:
    await town.click(town.claire, Press("webreg", opened.key))
    town.clock.set(START + timedelta(hours=3))
    late = await town.click(town.tahmina, Press("webreg", opened.key))
    assert "over" in show(late).text
    card = await town.draw("webinar_registered", opened.key, town.claire, first=False)
    assert "The recording comes when all speakers agree." in show([Reply(card)]).text
    kept = await town.click(town.claire, Press("webun", opened.key))
    assert "over" in show(kept).text
    assert [each.state for each in await every(town, Registrant)] == [REGISTERED]
    assert WAITING not in {each.state for each in await every(town, Registrant)}
