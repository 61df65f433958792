"""Sends in any state, for the tests of what organisers see and do: plan, let messages come to an end, look."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select, update

from chat.outbound import Edit, Reply
from chat.people import Place
from storage.deliveries import Campaign, Delivery
from storage.meetings import Meeting
from storage.members import Account, Member, RoleGrant

TEAM = Place("slack", "T1", "C9", "group")
"""The organisers' channel."""


async def planned(town: Any) -> Meeting:
    """Give a planned meeting on Wed, 20 May 2026, 10:00 in Brussels."""
    async with town.write() as db:
        made = Meeting(
            code="M6", title="Jobs and skills", format="online", starts_at=datetime(2026, 5, 20, 8, tzinfo=UTC),
            ends_at=datetime(2026, 5, 20, 10, 30, tzinfo=UTC), zone="Europe/Brussels", state="scheduled",
            rsvp_deadline=datetime(2026, 5, 6, 16, tzinfo=UTC), join_link="https://meet.example.org/secret",
        )  # fmt: skip
        db.add(made)
    return made


async def people(town: Any, slack: int = 0, telegram: int = 0) -> None:
    async with town.write() as db:
        for n in range(slack + telegram):
            member = Member(code=f"x{n:03}", name=f"Extra {n:03}", zone="Europe/Brussels", category="expert")
            place = ("slack", "T1", f"UX{n}") if n < slack else ("telegram", "700", f"9{n:03}")
            member.accounts = [Account(platform=place[0], workspace=place[1], user=place[2], chat=place[2])]
            db.add(member)


async def second_organiser(town: Any) -> None:
    async with town.write() as db:
        db.add(RoleGrant(member_id=town.claire.id, role="organiser"))


async def invite(town: Any, show: Any) -> str:
    """Preview, confirm and let the two minutes pass; give the key of the send."""
    preview = show(await town.command(town.olivia, "meeting invite"))
    label = next(each for each in preview.labels if each.startswith("Send to "))
    (answer,) = await town.click(town.olivia, preview.button(label))
    key = answer.card.subject if isinstance(answer, Edit) and answer.card else ""
    async with town.write() as db:
        await db.execute(update(Campaign).values(state="sending", held_until=None))
    return key


async def settle(
    town: Any, key: str, platform: str, state: str, number: int, reason: str = "", old: str = "queued"
) -> None:
    """Let so many messages of a send come to an end, as the engine would note it."""
    async with town.write() as db:
        of = select(Delivery).join(Campaign, Campaign.id == Delivery.campaign_id).where(Campaign.key == key)
        wanted = of.where(Delivery.platform == platform, Delivery.state == old).order_by(Delivery.id).limit(number)
        rows = list(await db.scalars(wanted))
        assert len(rows) == number
        for each in rows:
            each.state, each.reason, each.attempts = state, reason, each.attempts + 1
            each.sent_at = town.clock.now() if state == "sent" else each.sent_at


async def become(town: Any, key: str, state: str) -> None:
    async with town.write() as db:
        await db.execute(update(Campaign).where(Campaign.key == key).values(state=state))


async def one(town: Any, key: str) -> Campaign:
    async with town.read() as db:
        return (await db.scalars(select(Campaign).where(Campaign.key == key))).one()


async def campaigns(town: Any, kind: str) -> list[Campaign]:
    async with town.read() as db:
        return list(await db.scalars(select(Campaign).where(Campaign.kind == kind).order_by(Campaign.id)))


async def card(town: Any, key: str, show: Any, to: Any = None) -> Any:
    return show([Reply(await town.draw("progress", key, to or town.olivia, first=False))])
