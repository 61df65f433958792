"""Five hundred people answer an invitation at once, through the whole dispatcher: every count is right."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from bot.dispatcher import Dispatcher
from bot.routes import Routes
from chat.inbound import Click
from chat.outbound import Edit, Toast
from chat.people import MessageRef, Person, Place
from chat.text import Reader, plain
from handlers import features
from scheduler.clock import MovableClock
from storage import Database, invitations
from storage.communities import Channel, Community
from storage.deliveries import CardCopy
from storage.meetings import Invitation, Meeting
from storage.members import Account, Member

CHOICES = ("yes", "no", "maybe")
KEY = "rush000001"


class Rush:
    """Many members of one community, each with a card on Telegram, and a card in the channel."""

    def __init__(self, database: Database, clock: MovableClock) -> None:
        self.database, self.clock = database, clock
        self.dispatcher = Dispatcher(database, clock, Routes.of(features()), [])

    async def gather(self, people: int) -> Rush:
        async with self.database.write() as db:
            db.add(Community(key="coprr", name="COPRR", zone="Europe/Brussels"))
        async with self.database.write(1) as db:
            members = [
                Member(
                    code=f"m{n}", name=f"Member {n}", zone="UTC", state="active",
                    accounts=[Account(platform="telegram", workspace="9", user=str(n))],
                )
                for n in range(people)
            ]  # fmt: skip
            starts = self.clock.now() + timedelta(days=28)
            meeting = Meeting(
                key=KEY, code="M6", title="Jobs", zone="Europe/Brussels", state="inviting", starts_at=starts,
                ends_at=starts + timedelta(hours=2), rsvp_deadline=starts - timedelta(days=7),
            )  # fmt: skip
            channel = Channel(platform="telegram", workspace="9", chat="-1", purpose="members")
            db.add_all([*members, meeting, channel])
            await db.flush()
            await invitations.invite(db, meeting, [(each, self.clock.now()) for each in members])
            public = {"kind": "meeting_card", "subject": KEY, "platform": "telegram", "workspace": "9"}
            db.add(CardCopy(channel_id=channel.id, chat="-1", message="1", **public))
        return self

    def press(self, user: int, choice: str, after: float = 0.0, turn: int = 0) -> Click:
        where = Place("telegram", "9", str(user))
        return Click(
            key=f"{user}-{turn}", by=Person("telegram", "9", str(user)), where=where,
            at=self.clock.now() + timedelta(seconds=after), data=f"rsvp:{KEY}:0:{choice}",
            message=MessageRef("telegram", "9", str(user), "77"),
        )  # fmt: skip

    async def do(self, press: Click) -> list[Any]:
        assert await self.dispatcher.accept(press)
        return list((await self.dispatcher.handle(press)).answers)

    async def counts(self) -> dict[str, int]:
        async with self.database.read(1) as db:
            return dict(Counter(await db.scalars(select(Invitation.reply))))

    async def copies(self, kind: str) -> list[CardCopy]:
        async with self.database.read(1) as db:
            return list(await db.scalars(select(CardCopy).where(CardCopy.kind == kind)))


async def test_everybody_is_counted_and_answered_and_every_card_is_known(
    database: Database, clock: MovableClock
) -> None:
    rush = await Rush(database, clock).gather(250)
    chosen = {n: CHOICES[n % 3] for n in range(250)}

    answers = await asyncio.gather(*(rush.do(rush.press(n, choice)) for n, choice in chosen.items()))

    assert await rush.counts() == dict(Counter(chosen.values()))
    for n, (edit, toast) in enumerate(answers):
        assert isinstance(edit, Edit)
        assert isinstance(toast, Toast)
        assert chosen[n].casefold() in plain(toast.text, Reader()).casefold()
    own = await rush.copies("invitation")
    assert {(each.chat, each.message, each.shown, each.wanted) for each in own} == {
        (str(n), "77", 0, 0) for n in range(250)
    }
    [public] = await rush.copies("meeting_card")
    assert public.wanted > public.shown


async def test_people_who_change_their_mind_in_the_rush_end_on_their_last_press(
    database: Database, clock: MovableClock
) -> None:
    rush = await Rush(database, clock).gather(60)
    presses = [rush.press(n, CHOICES[(n + turn) % 3], turn, turn) for turn in range(3) for n in range(60)]

    await asyncio.gather(*(rush.do(each) for each in presses))

    assert await rush.counts() == dict(Counter(CHOICES[(n + 2) % 3] for n in range(60)))


async def test_a_press_that_arrives_late_never_overwrites_a_newer_one(database: Database, clock: MovableClock) -> None:
    rush = await Rush(database, clock).gather(40)
    clock.advance(timedelta(minutes=5))
    newer = [rush.press(n, "yes", after=-10, turn=1) for n in range(40)]
    older = [rush.press(n, "no", after=-60, turn=0) for n in range(40)]

    await asyncio.gather(*(rush.do(each) for pair in zip(newer, older, strict=True) for each in pair))

    assert await rush.counts() == {"yes": 40}
