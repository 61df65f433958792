"""People from outside register in chat, question by question, as strangers in everything else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from chat.inbound import Click, Command, Said, Started
from chat.people import MessageRef, Person, Place
from scheduler.clock import MovableClock
from storage import Database
from storage.communities import Channel
from storage.deliveries import CardCopy
from storage.members import GUEST, Member
from storage.webinars import Registrant, Webinar
from tests.bot.test_two_communities import Both
from tests.kinds import on_one

STRANGER = Person("telegram", "700", "99", "Ada", "en")


class Public(Both):
    """Alpha, where Ahmet is a member, and Beta, where he is not; Beta has a webinar."""

    async def build(self) -> Public:
        await super().build()
        now = self.clock.now()
        async with self.database.write(2) as db:
            self.webinar = Webinar(
                title="After return", starts_at=now + timedelta(days=20), ends_at=now + timedelta(days=20, hours=1),
                zone="Europe/Brussels", state="open", opens_at=now, created_at=now,
            )  # fmt: skip
            db.add(self.webinar)
            db.add(Channel(platform="telegram", workspace="700", chat="-5", purpose="members"))
        return self

    async def act(self, who: Person, kind: Any, where: Place | None = None, **more: Any) -> tuple[str, list[Any]]:
        from chat.message import Button
        from chat.outbound import Edit, Reply, Toast
        from chat.text import plain

        where = where or Place("telegram", "700", who.user, "dm")
        inbound = kind(key=f"x{next(self._keys)}", by=who, where=where, at=self.clock.now(), **more)
        assert await self.dispatcher.accept(inbound)
        outcome = await self.dispatcher.handle(inbound)
        shown = [each for each in outcome.answers if isinstance(each, Reply | Edit)]
        refs = [
            MessageRef("telegram", "700", who.user, f"{inbound.key}.{n}") if isinstance(each, Reply | Edit) else None
            for n, each in enumerate(outcome.answers)
        ]
        await self.dispatcher.performed(inbound, outcome, refs)
        lines = [plain(line, outcome.reader) for each in shown for line in each.message.lines]
        lines += [plain(each.text, outcome.reader) for each in outcome.answers if isinstance(each, Toast)]
        found = [one for each in shown for row in each.message.rows for one in row if isinstance(one, Button)]
        return "\n".join(lines), [(plain(each.label, outcome.reader), each.data) for each in found]

    async def tap(self, who: Person, buttons: list[Any], label: str) -> tuple[str, list[Any]]:
        data = next(data for shown, data in buttons if shown == label)
        return await self.act(who, Click, data=data, message=MessageRef("telegram", "700", who.user, "1"))

    async def answer_all(self, who: Person) -> str:
        """Go through the form from the deep link to its end; give the last text."""
        text, _ = await self.act(who, Started, payload=f"w_{self.webinar.public_token}")
        assert "recorded" in text
        assert "Your name" in text
        _, buttons = await self.act(who, Said, text="Ada Lovelace")
        _, buttons = await self.tap(who, buttons, "Media")
        _, buttons = await self.act(who, Said, text="Turkey")
        text, buttons = await self.tap(who, buttons, "I agree")
        assert "Türkiye" in text or "Turkey" in text
        text, _ = await self.tap(who, buttons, "Register")
        return text

    async def rows(self, table: Any) -> list[Any]:
        async with self.database.read() as db:
            return list(await db.scalars(select(table).order_by(table.id)))


@pytest.fixture
async def public(database: Database, clock: MovableClock) -> Public:
    return await Public(database, clock).build()


async def test_a_stranger_answers_question_by_question(public: Public) -> None:
    assert "You are registered" in await public.answer_all(STRANGER)
    [row] = await public.rows(Registrant)
    assert (row.community_id, row.name, row.country) == (2, "Ada Lovelace", "TR")
    copies = [each for each in await public.rows(CardCopy) if each.kind == "webinar_registered"]
    assert {each.member_id for each in copies} == {row.member_id}  # so that the card follows
    text, _ = await public.act(STRANGER, Command, words="home")
    assert "professional community" in text
    text, _ = await public.act(STRANGER, Said, text="hello")
    assert "professional community" in text


@on_one
async def test_a_member_of_another_community_is_a_guest_in_this_one(public: Public) -> None:
    me = Person("telegram", "700", "7", "Ahmet", "en")
    assert "You are registered" in await public.answer_all(me)
    guests = [each for each in await public.rows(Member) if each.state == GUEST]
    assert [each.community_id for each in guests] == [2]
    text, _ = await public.act(me, Command, words="home")
    assert "Alpha" in text
    text, _ = await public.act(
        me, Click, data=f"webun:{public.webinar.key}::", message=MessageRef("telegram", "700", "7", "1")
    )
    assert "cancelled" in text


@on_one
async def test_a_press_in_another_communitys_channel_is_a_strangers(public: Public) -> None:
    me, group = Person("telegram", "700", "7", "Ahmet", "en"), Place("telegram", "700", "-5", "group")
    text, buttons = await public.act(me, Click, group, data=f"webreg:{public.webinar.key}::",
                                     message=MessageRef("telegram", "700", "-5", "1"))  # fmt: skip
    assert "After return" in text
    assert ("Register", f"webreg:{public.webinar.key}::") in buttons
    assert not await public.rows(Registrant)
