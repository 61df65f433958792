"""Alerts: durable, once per episode, in every community concerned, and never only where nothing arrives."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from bot.alerts import Alerts
from scheduler.clock import MovableClock
from scheduler.contract import Alert
from scheduler.delivery import To, plan
from storage import Database, installation
from storage.communities import Channel, Community, Connection
from storage.deliveries import Campaign, Delivery
from storage.members import Account, Member, RoleGrant

DEAD, ALIVE = (Alert(kind, "slack", "T1", "token_revoked" if kind == "dead" else "") for kind in ("dead", "alive"))


class Town:
    """Alpha lives in Slack T1 and on bot 7, Beta only in Slack T2; both have organisers' channels."""

    def __init__(self, database: Database, clock: MovableClock) -> None:
        self.database, self.clock, self.planned = database, clock, 0
        self.alerts = Alerts(database, clock, self._title, self._went)

    def _title(self, platform: str, workspace: str) -> str:
        return "slack (north)" if workspace == "T2" else platform

    def _went(self) -> None:
        self.planned += 1

    async def build(self) -> Town:
        async with self.database.write() as db:
            for number, key in enumerate(("alpha", "beta"), 1):
                db.add(Community(id=number, key=key, name=key.title(), zone="UTC"))
        async with self.database.write(1) as db:
            db.add_all([_channel("slack", "T1", "C1"), _channel("telegram", "7", "-100")])
            accounts = [Account(platform="slack", workspace="T1", user="U1"),
                        Account(platform="telegram", workspace="7", user="5")]  # fmt: skip
            member = Member(code="o1", name="Olivia", zone="UTC", preferred="slack", accounts=accounts)
            db.add(member)
            await db.flush()
            db.add(RoleGrant(member_id=member.id, role="organiser"))
        async with self.database.write(2) as db:
            db.add(_channel("slack", "T2", "C2"))
        return self

    async def no_channel(self, platform: str) -> None:
        async with self.database.write() as db:
            for each in await db.scalars(select(Channel).where(Channel.platform == platform)):
                await db.delete(each)

    async def told(self) -> list[tuple[int, str, str, str]]:
        """Give community, kind, platform and chat of every alert planned."""
        async with self.database.read() as db:
            found = await db.execute(
                select(Delivery.community_id, Campaign.subject, Delivery.platform, Delivery.chat)
                .join(Campaign, Campaign.id == Delivery.campaign_id)
                .where(Campaign.kind == "alert")
                .order_by(Delivery.id)
            )
            return [(row[0], row[1], row[2], row[3]) for row in found]

    async def details(self) -> list[dict[str, Any]]:
        async with self.database.read() as db:
            return list(await db.scalars(select(Campaign.details).order_by(Campaign.id)))

    async def invite(self) -> None:
        """Plan something for Alpha's Slack channel that is due now."""
        async with self.database.write(1) as db:
            channel = await db.scalar(select(Channel).where(Channel.platform == "slack"))
            to = [To(due=self.clock.now(), channel=channel)]
            await plan(db, kind="meeting_card", subject="m", occurrence="", to=to, now=self.clock.now())


def _channel(platform: str, workspace: str, chat: str) -> Channel:
    return Channel(platform=platform, workspace=workspace, chat=chat, purpose="organisers")


@pytest.fixture
async def town(database: Database, clock: MovableClock) -> Town:
    return await Town(database, clock).build()


async def test_a_dead_token_is_told_on_the_other_platform_of_those_who_live_there(town: Town) -> None:
    await town.alerts.raised(DEAD)
    assert await town.told() == [(1, "dead", "telegram", "-100")]
    said = {"kind": "dead", "platform": "slack", "workspace": "T1", "name": "slack", "reason": "token_revoked"}
    assert await town.details() == [said | {"since": town.clock.now().isoformat()}]
    assert town.planned == 1


async def test_without_a_channel_there_the_organisers_are_told_in_private(town: Town) -> None:
    await town.no_channel("telegram")
    await town.alerts.raised(DEAD)
    assert await town.told() == [(1, "dead", "telegram", "5")]  # though she prefers Slack


async def test_one_episode_is_told_once_and_its_end_once(town: Town) -> None:
    for alert in (ALIVE, DEAD, DEAD):
        await town.alerts.raised(alert)
        town.clock.advance(timedelta(minutes=3))
    await Alerts(town.database, town.clock).raised(DEAD)  # another process, or after a restart
    for _ in range(2):
        await town.alerts.raised(ALIVE)
    ended = [(1, "alive", "slack", "C1"), (1, "alive", "telegram", "-100")]
    assert await town.told() == [(1, "dead", "telegram", "-100"), *ended]
    town.clock.advance(timedelta(minutes=3))
    await town.alerts.raised(DEAD)
    assert (await town.told())[-1] == (1, "dead", "telegram", "-100")


async def test_a_connection_that_is_dead_already_is_no_way_to_tell_of_another_trouble(town: Town) -> None:
    async with town.database.write() as db:
        db.add(Connection(platform="slack", workspace="T1", dead_reason="token_revoked"))
    await town.alerts.raised(Alert("conflict", "telegram", "7", "another process"))
    assert await town.told() == [(1, "conflict", "telegram", "-100")]


async def test_nobody_can_be_told_when_the_only_platform_is_dead_and_nothing_fails(town: Town) -> None:
    await town.alerts.raised(Alert("dead", "slack", "T2", "invalid_auth"))
    assert await town.told() == []


async def test_what_concerns_the_installation_is_told_everywhere_with_the_connections_name(town: Town) -> None:
    await town.alerts.raised(Alert("restored", "", "", "2026-04-21T20:00:00+00:00"))
    await town.alerts.raised(Alert("restored", "", "", "2026-04-21T20:00:00+00:00"))
    assert {(community, platform) for community, _, platform, _ in await town.told()} == {
        (1, "slack"), (1, "telegram"), (2, "slack"),
    }  # fmt: skip
    await town.alerts.raised(Alert("strange", "slack", "T2", "brand_new_error"))
    assert (await town.details())[-1]["name"] == "slack (north)"


async def test_an_alert_outlives_a_database_that_is_away(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(town.database, "read", lambda: (_ for _ in ()).throw(OSError("away")))
        await town.alerts.raised(DEAD)
    assert await town.told() == []
    await town.alerts.chore()
    assert await town.told() == [(1, "dead", "telegram", "-100")]


async def test_what_hangs_without_a_reason_is_told_once_and_what_is_explained_is_not(town: Town) -> None:
    town.alerts = Alerts(town.database, town.clock, patience=0.0)
    await town.invite()
    await town.alerts.look()
    assert await town.told() == []  # it is due only now
    town.clock.advance(timedelta(minutes=11))
    async with town.database.write() as db:
        db.add(Connection(platform="slack", workspace="T1", dead_reason="token_revoked"))
    await town.alerts.look()
    assert await town.told() == []
    async with town.database.write() as db:
        (await db.scalars(select(Connection))).one().dead_reason = ""
        await installation.pause(db, town.clock.now() - timedelta(days=1))
    await town.alerts.look()
    assert await town.told() == []
    async with town.database.write() as db:
        await installation.resume(db, town.clock.now())
    for _ in range(3):
        await town.alerts.look()
    await Alerts(town.database, town.clock, patience=0.0).look()
    assert await town.told() == [(1, "behind", "slack", "C1"), (1, "behind", "telegram", "-100")]


async def test_a_clock_that_is_moved_forward_makes_nothing_late(town: Town) -> None:
    await town.invite()
    town.clock.advance(timedelta(days=7))
    await town.alerts.look()
    assert await town.told() == []
