"""A webinar that is open, its people and the moments on its way: for the tests of what follows the opening."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from chat.message import Message
from chat.outbound import Reply
from chat.people import Person
from handlers import _webinar_day_timers, features
from scheduler import timers
from scheduler.contract import Skip
from storage import members, webinars
from storage.communities import Channel
from storage.deliveries import Campaign, Delivery
from storage.members import Member
from storage.webinars import Outsider, Webinar
from tests.handlers.conftest import TELEGRAM_BOT, Town
from tests.handlers.registering import START, every

END = START + timedelta(minutes=75)
JOIN = "https://meet.example.org/w"
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


async def open_webinar(town: Town, **columns: Any) -> Webinar:
    async with town.write() as db:
        channel = (await db.scalars(select(Channel).where(Channel.chat == "C1"))).one()
        made = Webinar(**{
            "title": "After return", "starts_at": START, "ends_at": END, "zone": "Europe/Brussels", "state": "open",
            "opens_at": town.clock.now() - DAY, "created_at": town.clock.now(), "join_link": JOIN,
            "moderator_id": town.olivia.id, "speakers": [town.olivia.id, town.tahmina.id], "channels": [channel.id],
            **columns,
        })  # fmt: skip
        db.add(made)
        await db.flush()
        await _webinar_day_timers.arm(db, made, town.clock.now())
    return made


async def register(town: Town, webinar: Webinar, *people: Member) -> None:
    for each in people:
        async with town.write() as db:
            await webinars.register(db, webinar, each, town.clock.now())


async def register_guest(town: Town, webinar: Webinar, user: str = "900", name: str = "Ada Lovelace") -> Person:
    async with town.write() as db:
        account = await members.guest(
            db, "telegram", TELEGRAM_BOT, user, chat=user, language="en", zone="Europe/Brussels"
        )
        account.member.name = name
        told = Outsider(name=name, organisation_type="media", country="FR", language="en", member=account.member)
        await webinars.register(db, webinar, told, town.clock.now())
    return Person("telegram", TELEGRAM_BOT, user, name, "en")


async def attend(town: Town, webinar: Webinar, number: int) -> list[Member]:
    async with town.write() as db:
        people = [Member(code=f"x{n:02}", name=f"Extra {n}", zone="UTC") for n in range(number)]
        db.add_all(people)
        await db.flush()
        for each in people:
            row = await webinars.register(db, webinar, each, town.clock.now())
            row.attended_at = webinar.starts_at
    return people


async def reach(town: Town, *moments: datetime) -> None:
    """Move the clock and do what is due on the way."""
    run = {kind: handler for each in features() for kind, handler in each.timers.items()}
    for moment in moments:
        town.clock.set(moment)
        while await timers.run_due(town.database, moment, run, "test"):
            pass


async def planned(town: Town, kind: str) -> dict[str, Delivery]:
    """Give what waits of a kind, by the recipient's name."""
    async with town.read() as db:
        found = await db.execute(
            select(Delivery, Member.code, Channel.chat, Campaign.occurrence)
            .join(Campaign, Campaign.id == Delivery.campaign_id)
            .outerjoin(Member, Member.id == Delivery.member_id)
            .outerjoin(Channel, Channel.id == Delivery.channel_id)
            .where(Campaign.kind == kind, Delivery.state == "queued")
            .order_by(Delivery.id)
        )
        return {code or chat: row for row, code, chat, _ in found}


async def mark_sent(town: Town, kind: str) -> None:
    """Let everything of a kind that waits be sent."""
    async with town.write() as db:
        query = select(Delivery).join(Campaign, Campaign.id == Delivery.campaign_id)
        for each in await db.scalars(query.where(Campaign.kind == kind, Delivery.state == "queued")):
            each.state = "sent"


async def details_of(town: Town, kind: str) -> dict[str, Any]:
    return [each for each in await every(town, Campaign) if each.kind == kind][-1].details


def as_replies(found: Message | Skip) -> list[Reply]:
    assert isinstance(found, Message), found
    return [Reply(found)]


async def confirm_change(town: Town, webinar: Webinar, show: Any, form: str, **values: str) -> Any:
    """Ask for a change, look at the preview, confirm it."""
    preview = await town.submit(town.olivia, form, webinar.key, {"reason": "A clash", **values})
    seen = show(preview)
    return seen, await town.click(town.olivia, seen.button(seen.labels[0]))
