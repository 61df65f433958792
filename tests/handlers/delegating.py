"""What the tests of delegates share: a meeting, naming a colleague, and what became of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from chat.text import Reader
from handlers import features
from handlers._feature import Context
from storage import invitations
from storage.delegations import Delegation
from storage.deliveries import Campaign, Delivery
from storage.meetings import Invitation, Meeting
from storage.members import Member


async def inviting(town: Any, code: str = "M6") -> Meeting:
    """Give an announced meeting on Wed, 20 May 2026, 10:00 in Brussels; only Tahmina is invited and said yes."""
    async with town.write() as db:
        made = Meeting(
            code=code, title="Jobs and skills", format="in_person", starts_at=datetime(2026, 5, 20, 8, tzinfo=UTC),
            ends_at=datetime(2026, 5, 20, 10, tzinfo=UTC), zone="Europe/Brussels", state="inviting", revision=3,
            rsvp_deadline=datetime(2026, 5, 6, 16, tzinfo=UTC), place="Room 5",
        )  # fmt: skip
        db.add(made)
        await db.flush()
        yes = Invitation(meeting_id=made.id, member_id=town.tahmina.id, invited_at=town.clock.now(), reply="yes")
        db.add(yes)
    return made


async def name(town: Any, meeting: Meeting, who: str, holder: Any = None, **more: str) -> Any:
    return await town.submit(holder or town.tahmina, "delegate", meeting.key, {"who": who, "told": "yes"} | more)


async def reply_of(town: Any, meeting: Meeting, member: Member) -> Invitation | None:
    async with town.read() as db:
        return await invitations.find(db, meeting, member)


async def delegation(town: Any) -> Delegation:
    async with town.read() as db:
        return (await db.scalars(select(Delegation).order_by(Delegation.id.desc()).limit(1))).one()


async def planned(town: Any, kind: str) -> list[Delivery]:
    async with town.read() as db:
        found = select(Delivery).join(Campaign, Campaign.id == Delivery.campaign_id).where(Campaign.kind == kind)
        return list(await db.scalars(found))


async def asked_form(town: Any, meeting: Meeting, member: Member) -> Any:
    feature = next(each for each in features() if "delegate" in each.forms)
    async with town.read() as db:
        reader = Reader(zone=member.zone)
        ctx = Context(db, town.community, member, None, frozenset(), town.clock.now(), None, reader)  # type: ignore[arg-type]
        return await feature.forms["delegate"][1](ctx, meeting.key)
