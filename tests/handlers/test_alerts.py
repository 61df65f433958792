"""Alerts in plain words, and going on after an older copy was restored."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from chat.message import Message, Press
from chat.outbound import Edit, Reply
from chat.people import Place
from scheduler.contract import Skip
from storage import installation
from storage.audit import AuditEntry
from storage.communities import Channel, Community, Connection
from storage.deliveries import Campaign, Delivery
from tests.kinds import on_one

DEAD = {"kind": "dead", "platform": "slack", "workspace": "T1", "name": "slack", "reason": "token_revoked"}


async def waiting(town: Any, platform: str, workspace: str, number: int) -> None:
    """Let messages wait whose time has come."""
    now = town.clock.now()
    async with town.write() as db:
        campaign = Campaign(
            kind="reminder_1d", subject="meet000001", occurrence=platform, state="sending", created_at=now
        )
        db.add(campaign)
        await db.flush()
        for n in range(number):
            db.add(
                Delivery(
                    key=f"{platform}{n}", campaign_id=campaign.id, platform=platform, workspace=workspace,
                    chat=str(n), due_at=now - timedelta(minutes=n),
                )
            )  # fmt: skip


async def team(town: Any) -> Channel:
    async with town.read() as db:
        found: Channel = (await db.scalars(select(Channel).where(Channel.purpose == "organisers"))).one()
        return found


async def restored(town: Any) -> None:
    async with town.database.write() as db:
        await installation.pause(db, town.clock.now() + timedelta(hours=1))


@on_one
async def test_a_refused_key_says_what_waits_what_works_and_what_to_do(town: Any, show: Any) -> None:
    async with town.write() as db:
        db.add(Connection(platform="slack", workspace="T1", dead_reason="token_revoked"))
        db.add(Connection(platform="telegram", workspace="700"))
    await waiting(town, "slack", "T1", 12)
    await waiting(town, "telegram", "700", 3)
    north = show([Reply(await town.draw("alert", "dead", town.tahmina, **(DEAD | {"name": "slack (north)"})))])
    assert north.text.startswith("Slack (north) refuses our key")
    seen = show([Reply(await town.draw("alert", "dead", town.tahmina, **DEAD))])
    assert seen.text.splitlines() == [
        "Slack refuses our key since Wed, 22 Apr 2026, 09:00 (Brussels).",
        "12 messages wait; nothing is lost.",
        "Telegram is not affected.",
        "Whoever runs this assistant has to renew the key. Then everything goes on by itself.",
    ]
    assert seen.labels == ["Sends"]


@on_one
@pytest.mark.parametrize(
    ("kind", "first", "more"),
    [
        ("alive", "Slack works again. What waited goes out now.", ""),
        ("conflict", "A second program takes in what people write to us on Slack.", "stop the other program"),
        ("strange", "Slack gave an answer that I do not know.", "token_revoked"),
        ("behind", "2 messages leave later than planned.", "Nothing is lost."),
    ],
)
async def test_every_alert_is_in_plain_words(town: Any, show: Any, kind: str, first: str, more: str) -> None:
    await waiting(town, "slack", "T1", 2)
    channel = await team(town)
    drawn = await town.draw("alert", kind, channel, **(DEAD | {"kind": kind}))
    assert isinstance(drawn, Message)
    seen = show([Reply(drawn)])
    assert seen.text.splitlines()[0] == first
    assert more in seen.text
    assert seen.labels == ["Sends"]
    assert isinstance(await town.draw("alert", kind, channel, first=False), Skip)
    assert isinstance(await town.draw("alert", "made up", channel), Skip)


async def test_sending_goes_on_after_a_restore_only_when_an_organiser_agrees(town: Any, show: Any) -> None:
    await waiting(town, "slack", "T1", 2)
    await restored(town)
    seen = show([Reply(await town.draw("alert", "restored", town.olivia, kind="restored"))])
    assert seen.text.splitlines() == [
        "An older copy was restored. Sending waits for you.",
        "Nothing goes out until an organiser agrees. What was due before Wed, 22 Apr 2026, 10:00 (Brussels) may have "
        "gone out already: it counts as unknown and is not sent again by itself.",
    ]
    assert show(await town.click(town.claire, seen.button("Resume all sends"))).text == "Only organisers can do that."

    asked = show(await town.click(town.olivia, seen.button("Resume all sends")))
    assert asked.text.startswith("Shall sending go on, for everybody who uses this assistant?")
    assert asked.labels == ["Resume all sends", "Not now"]
    async with town.read() as db:
        assert await installation.paused(db) == "restored"

    on = show(await town.click(town.olivia, asked.button("Resume all sends")))
    assert on.text.splitlines() == [
        "Sending goes on.",
        "2 messages may have gone out before an older copy was restored. Re-sending can make a copy.",
    ]
    async with town.read() as db:
        assert await installation.paused(db) == ""
        assert {(each.state, each.reason) for each in await db.scalars(select(Delivery))} == {("unknown", "restored")}
        assert [each.act for each in await db.scalars(select(AuditEntry))] == ["resume_all"]
    twice = show(await town.click(town.olivia, asked.button("Resume all sends")))
    assert twice.text == "Sending goes on already."
    assert isinstance(await town.draw("alert", "restored", town.olivia, kind="restored"), Skip)


async def test_going_on_is_for_all_communities_and_asked_in_private(town: Any, show: Any) -> None:
    async with town.database.write() as db:
        other = Community(key="empathy", name="EMPATHY", zone="Europe/Istanbul")
        db.add(other)
        await db.flush()
        number = other.id
    async with town.database.write(number) as db:
        campaign = Campaign(kind="reminder_1d", subject="x", state="sending", created_at=town.clock.now())
        db.add(campaign)
        await db.flush()
        db.add(Delivery(key="k", campaign_id=campaign.id, due_at=town.clock.now()))
    await restored(town)
    place = Place("slack", "T1", "C9", "group")
    (asked,) = await town.click(town.olivia, Press("goall", "all"), place)
    assert isinstance(asked, Reply)
    assert asked.private
    (on,) = await town.click(town.olivia, show([asked]).button("Resume all sends"))
    assert isinstance(on, Edit)
    assert show([on]).text == "Sending goes on."
    async with town.database.read(number) as db:
        assert (await db.scalars(select(Delivery.state))).one() == "unknown"


@on_one
async def test_the_list_offers_to_go_on(town: Any, show: Any) -> None:
    await restored(town)
    seen = show(await town.command(town.olivia, "deliveries"))
    assert "An older copy was restored. Sending waits for you." in seen.text
    asked = show(await town.click(town.olivia, seen.button("Resume all sends")))
    assert "COPRR · Sends" in show(await town.click(town.olivia, asked.button("Not now"))).text
