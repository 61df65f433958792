"""Planning a send as a confirmed preview does; also by itself, as a process to be killed in the middle of it.

`python -m tests.faults.planning URL OCCURRENCE` plans for everybody in one transaction, about a meeting that is there.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import select, update

from scheduler import delivery
from storage import invitations
from storage.communities import Channel
from storage.database import Database, Session
from storage.deliveries import Campaign
from storage.meetings import Invitation, Meeting
from storage.members import Member

COMMUNITY = 1


async def meeting(db: Session, number: int, title: str, starts: datetime) -> Meeting:
    """Add a meeting to which people are being invited."""
    made = Meeting(
        code=f"M{number}", title=title, zone="Europe/Brussels", state="inviting", audience={}, starts_at=starts,
        ends_at=starts + timedelta(hours=2), rsvp_deadline=starts - timedelta(hours=1),
    )  # fmt: skip
    db.add(made)
    await db.flush()
    return made


async def invite(db: Session, about: Meeting, codes: Collection[str], now: datetime, *, yes: bool) -> list[Member]:
    """Invite members by code, in the order of their ids; with `yes` all of them have said that they come."""
    members = [each for each in await db.scalars(select(Member).order_by(Member.id)) if each.code in codes]
    await invitations.invite(db, about, [(each, now) for each in members])
    if yes:
        mine = update(Invitation).where(Invitation.meeting_id == about.id)
        await db.execute(mine.values(reply="yes", replied_at=now, delivered=True))
    return members


async def campaign(
    db: Session, kind: str, subject: str, members: Sequence[Member], now: datetime, *, occurrence: str = "r0",
    due: datetime | None = None, expires: datetime | None = None, hold: timedelta = timedelta(0),
) -> Campaign:  # fmt: skip
    """Plan one message of a kind to each member."""
    to = [delivery.To(member=each, due=due or now, expires=expires) for each in members]
    return await delivery.plan(db, kind=kind, subject=subject, occurrence=occurrence, to=to, now=now, hold=hold)


async def to_channels(db: Session, kind: str, subject: str, purpose: str, now: datetime) -> Campaign:
    """Plan one card to each channel of a purpose."""
    channels = await db.scalars(select(Channel).where(Channel.purpose == purpose))
    to = [delivery.To(channel=each, due=now) for each in channels]
    return await delivery.plan(db, kind=kind, subject=subject, occurrence="r0", to=to, now=now)


async def everybody(url: str, occurrence: str) -> None:
    """Plan the invitation to the newest meeting for all members, in one transaction."""
    database = Database(url)
    try:
        async with database.write(COMMUNITY) as db:
            about = (await db.scalars(select(Meeting).order_by(Meeting.id.desc()).limit(1))).one()
            members = list(await db.scalars(select(Member).order_by(Member.id)))
            print("begun", flush=True)
            await campaign(db, "invitation", about.key, members, datetime.now(UTC), occurrence=occurrence)
            print("planned", flush=True)
    finally:
        await database.close()


def main() -> None:
    """Be the process."""
    asyncio.run(everybody(sys.argv[1], sys.argv[2]))


if __name__ == "__main__":
    main()
