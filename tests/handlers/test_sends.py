"""What organisers see of sends: the list, names, who cannot be reached, and what they are told without asking."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from chat.message import Message, Press
from chat.outbound import Reply
from scheduler.contract import Skip
from storage.communities import Channel, Connection
from storage.deliveries import Campaign, Delivery
from storage.meetings import Meeting
from storage.members import Account, Member
from tests.handlers.sending import TEAM, become, campaigns, card, invite, people, planned, settle
from tests.kinds import on_one


@pytest.fixture
async def meeting(town: Any) -> Meeting:
    return await planned(town)


@on_one
async def test_names_stand_in_private_only(town: Any, meeting: Meeting, show: Any) -> None:
    key = await invite(town, show)
    await settle(town, key, "slack", "dead", 1, "blocked")
    (answer,) = await town.click(town.olivia, Press("sendwho", key, "0"), TEAM)
    assert isinstance(answer, Reply)
    assert answer.private
    assert show([answer]).text.splitlines() == [
        "Invitations for M6: Jobs and skills",
        "1. Claire Exemple · Slack · failed: blocked the chat",
        "2. Tahmina Udaharon · Telegram · waiting",
    ]
    (listed,) = await town.command(town.olivia, "deliveries", TEAM)
    assert listed.private
    async with town.read() as db:
        team = (await db.scalars(select(Channel).where(Channel.purpose == "organisers"))).one()
    await town.click(town.olivia, Press("stopsend", key))
    public = (await card(town, key, show, team)).text
    assert "Stopped. Sent 0, not sent 2." in public
    assert not [name for name in ("Olivia", "Claire", "Tahmina") if name in public]


@on_one
async def test_many_names_are_not_listed(town: Any, meeting: Meeting, show: Any) -> None:
    await people(town, slack=200)
    preview = show(await town.command(town.olivia, "meeting invite"))
    (ask,) = await town.click(town.olivia, preview.button("Send to 202"))
    (planned,) = await town.submit(town.olivia, "count", ask.subject, {"count": "202"})
    seen = show(await town.click(town.olivia, Press("sendwho", planned.card.subject, "0")))
    assert seen.text.splitlines()[1:] == ["202 people. Too many to list here."]


@on_one
async def test_the_list_shows_ten_sends_and_turns_its_pages(town: Any, meeting: Meeting, show: Any) -> None:
    assert "Nothing was sent yet." in show(await town.command(town.olivia, "sends")).text
    async with town.write() as db:
        for n in range(23):
            at = town.clock.now() + timedelta(minutes=n)
            db.add(Campaign(kind="reminder_1d", subject=meeting.key, occurrence=str(n), state="done", created_at=at))
        db.add(Campaign(kind="alert", subject="dead", state="done", created_at=town.clock.now()))
    first = show(await town.command(town.olivia, "log"))
    lines = first.text.splitlines()
    assert lines[:4] == [
        "COPRR · Sends",
        "Running: 0 · unknown: 0 · not reachable: 0",
        "1. Reminders for M6: Jobs and skills",
        "Wed, 22 Apr 2026, 09:22 (Brussels) · over · sent 0 of 0",
    ]
    assert "10 · Open" in first.labels
    assert "11 · Open" not in first.labels
    second = show(await town.click(town.olivia, first.button("More")))
    third = show(await town.click(town.olivia, second.button("More")))
    assert [each for each in third.labels if "Open" in each] == ["21 · Open", "22 · Open", "23 · Open"]
    assert "More" not in third.labels
    assert "Back" in third.labels
    for made_up in ("99", "x", "-1", "99999999"):
        assert await town.click(town.olivia, Press("sends", town.olivia.key, made_up))


@on_one
async def test_the_desk_leads_to_the_sends(town: Any, meeting: Meeting, show: Any) -> None:
    desk = show(await town.command(town.olivia, "desk"))
    assert "Running: 0 · unknown: 0 · not reachable: 0" in desk.text
    assert "COPRR · Sends" in show(await town.click(town.olivia, desk.button("Sends"))).text


@on_one
async def test_who_cannot_be_reached_is_named_in_private_with_what_to_do(town: Any, show: Any) -> None:
    async with town.write() as db:
        for n, why in enumerate(("not_started", "not_started", "blocked", "strange")):
            member = Member(code=f"y{n}", name=f"Lost {n}", zone="UTC")
            member.accounts = [Account(platform="telegram", workspace="700", user=f"8{n}", reachable=False, reason=why)]
            db.add(member)
        db.add(Member(code="y9", name="Not Asked", zone="UTC", state="invited"))
        await db.execute(update(Channel).where(Channel.chat == "-1001").values(reachable=False, reason="removed"))
    listed = show(await town.command(town.olivia, "deliveries"))
    assert "not reachable: 4" in listed.text
    seen = show(await town.click(town.olivia, listed.button("Who is not reached")))
    assert seen.text.splitlines() == [
        "4 people cannot be reached: 2 have not started the chat, 1 blocked it, 1 for another reason.",
        "Not started: a new link opens the chat at the first tap.",
        "Blocked: only they can lift it. Please ask them another way.",
        "I cannot write in: COPRR (Telegram). Please add me there again.",
        "1. Lost 0 · has not started the chat",
        "2. Lost 1 · has not started the chat",
        "3. Lost 2 · blocked the chat",
        "4. Lost 3 · cannot be reached",
    ]
    assert seen.labels == ["1 · New link", "2 · New link", "Sends", "Members"]
    assert "One-time link for Lost 0." in show(await town.click(town.olivia, seen.button("1 · New link"))).text
    (answer,) = await town.click(town.olivia, Press("unreach", town.olivia.key, "0"), TEAM)
    assert answer.private


async def test_a_refused_key_and_a_restored_copy_are_said_on_the_card(town: Any, meeting: Meeting, show: Any) -> None:
    from storage import installation

    key = await invite(town, show)
    town.clock.set(datetime(2026, 4, 24, 9, tzinfo=UTC))
    async with town.write() as db:
        db.add(Connection(platform="telegram", workspace="700", dead_reason="Unauthorized"))
    assert "Telegram refuses our key. 1 message waits; nothing is lost." in (await card(town, key, show)).text
    everything = show(await town.command(town.olivia, "deliveries")).text
    assert "Telegram refuses our key. 2 messages wait; nothing is lost." in everything  # and the card in the channel
    async with town.database.write() as db:
        await installation.pause(db, town.clock.now())
    seen = await card(town, key, show)
    assert "An older copy was restored. Sending waits for you." in seen.text
    assert "Resume all sends" in seen.labels


@on_one
async def test_the_starter_is_told_once_when_a_send_goes_wrong(town: Any, meeting: Meeting, show: Any) -> None:
    key = await invite(town, show)
    await settle(town, key, "slack", "sent", 1)
    await settle(town, key, "telegram", "dead", 1, "blocked")
    await become(town, key, "done")
    town.clock.advance(timedelta(hours=1))
    assert await town.work("sendend") == 0
    town.clock.advance(timedelta(days=1))
    assert await town.work("sendend") == 1
    (ping,) = await campaigns(town, "send_ended")
    async with town.read() as db:
        assert list(await db.scalars(select(Delivery.member_id).where(Delivery.campaign_id == ping.id))) == [
            town.olivia.id
        ]
    told = show([Reply(await town.draw("send_ended", key, town.olivia))])
    assert told.text.splitlines()[:3] == [
        "A send of yours is over, but not everything arrived.",
        "Invitations for M6: Jobs and skills",
        "Sent 1 of 2.",
    ]
    assert "Why not: blocked the chat 1" in told.text
    town.clock.advance(timedelta(days=1))
    assert await town.work("sendend") == 0


@on_one
async def test_a_send_that_stands_still_is_told_at_the_second_look(town: Any, meeting: Meeting, show: Any) -> None:
    await invite(town, show)
    town.clock.advance(timedelta(days=2))
    assert await town.work("sendend") == 1
    assert await campaigns(town, "send_ended") == []
    town.clock.advance(timedelta(minutes=16))
    assert await town.work("sendend") == 1
    (ping,) = await campaigns(town, "send_ended")
    told = show([Reply(await town.draw("send_ended", ping.subject, town.olivia))])
    assert told.text.startswith("A send of yours makes no progress.")


@on_one
async def test_nobody_is_told_when_all_is_well_or_it_was_stopped(town: Any, meeting: Meeting, show: Any) -> None:
    async with town.write() as db:
        db.add(Member(code="y1", name="No Chat", zone="UTC"))  # the preview said so
    key = await invite(town, show)
    await settle(town, key, "slack", "sent", 1)
    await settle(town, key, "telegram", "sent", 1)
    await become(town, key, "done")
    town.clock.advance(timedelta(days=3))
    assert await town.work("sendend") == 1
    assert await campaigns(town, "send_ended") == []
    assert isinstance(await town.draw("send_ended", key, town.olivia), Skip)


@on_one
async def test_the_channel_hears_of_a_stop_only_while_it_stands(town: Any, meeting: Meeting, show: Any) -> None:
    key = await invite(town, show)
    await town.click(town.olivia, Press("stopsend", key))
    (notice,) = await campaigns(town, "send_stopped")
    told = await town.draw("send_stopped", key, None, **notice.details)
    assert isinstance(told, Message)
    assert show([Reply(told)]).text.endswith("stopped. Nothing more goes out unless somebody resumes it.")
    await town.click(town.olivia, Press("goon", key))
    assert isinstance(await town.draw("send_stopped", key, None, **notice.details), Skip)
    await town.click(town.olivia, Press("stopsend", key))
    assert len(await campaigns(town, "send_stopped")) == 2
