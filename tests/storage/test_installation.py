"""The installation's row: a beat that only rises, and the pause after a restore, for all communities at once."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from sqlalchemy import select

from scheduler.clock import MovableClock
from scheduler.delivery import To, plan
from storage import Database, installation
from storage.communities import Channel, Community
from storage.deliveries import Campaign, Delivery


async def two_communities(database: Database, clock: MovableClock) -> None:
    """Make two communities with a channel each and a message due in an hour; the first also has an alert."""
    for number, key in enumerate(("alpha", "beta"), 1):
        async with database.write() as db:
            db.add(Community(id=number, key=key, name=key, zone="UTC"))
        async with database.write(number) as db:
            channel = Channel(platform="slack", workspace="T1", chat=f"C{number}", purpose="organisers")
            db.add(channel)
            await db.flush()
            for kind in ("invitation", *(["alert"] if number == 1 else [])):
                to = [To(due=clock.now() + timedelta(hours=1), channel=channel)]
                await plan(db, kind=kind, subject="m", occurrence="", to=to, now=clock.now())


async def states(database: Database) -> list[tuple[str, str, str]]:
    async with database.read() as db:
        found = await db.execute(
            select(Campaign.kind, Delivery.state, Delivery.reason)
            .join(Campaign, Campaign.id == Delivery.campaign_id)
            .order_by(Delivery.id)
        )
        return [(row[0], row[1], row[2]) for row in found]


async def test_the_beat_rises_by_one_however_many_beat_at_once(database: Database) -> None:
    async def once() -> tuple[int, int]:
        async with database.write() as db:
            return await installation.beat(db)

    found = await asyncio.gather(*(once() for _ in range(20)))
    assert sorted(after for _, after in found) == list(range(1, 21))
    assert all(after == before + 1 for before, after in found)
    async with database.write() as db:
        assert await installation.beat(db, above=100) == (20, 101)


async def test_what_may_have_been_sent_is_unknown_in_every_community_and_alerts_go_on(
    database: Database, clock: MovableClock
) -> None:
    await two_communities(database, clock)
    async with database.write() as db:
        await installation.pause(db, clock.now() + timedelta(hours=2))
        assert await installation.in_doubt(db) == 2
    async with database.write(2) as db:  # the button is pressed in one community, and means the installation
        assert await installation.paused(db) == "restored"
        assert await installation.resume(db, clock.now())
        assert await installation.resume(db, clock.now()) is False
        assert await installation.paused(db) == ""
    assert await states(database) == [
        ("invitation", "unknown", "restored"), ("alert", "queued", ""), ("invitation", "unknown", "restored"),
    ]  # fmt: skip


async def test_what_was_due_only_later_is_sent_after_all(database: Database, clock: MovableClock) -> None:
    await two_communities(database, clock)
    async with database.write() as db:
        await installation.pause(db, clock.now())
        await installation.pause(db, clock.now() - timedelta(days=1))  # an older finding shortens nothing
        assert await installation.restored_until(db) == clock.now()
        assert await installation.in_doubt(db) == 0
        await installation.resume(db, clock.now())
    assert {state for _, state, _ in await states(database)} == {"queued"}


async def test_only_one_of_two_who_confirm_at_once_does_it(database: Database, clock: MovableClock) -> None:
    async with database.write() as db:
        await installation.pause(db, clock.now())

    async def confirm() -> bool:
        async with database.write() as db:
            return await installation.resume(db, clock.now())

    assert sorted(await asyncio.gather(confirm(), confirm())) == [False, True]
