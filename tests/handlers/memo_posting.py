"""A memo that is approved, for the tests of what comes then: send it, look at it as each person, correct it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import func, select, update

from chat.errors import UserError
from chat.message import Message, Press
from chat.outbound import Answer, Ask, Edit, Reply
from chat.people import MessageRef, Place
from chat.text import Reader
from handlers import features
from scheduler import cards
from scheduler.contract import Drawing, Skip
from storage.communities import Channel
from storage.deliveries import Campaign, CardCopy, Delivery
from storage.documents import Document
from storage.members import Member
from tests.handlers.memoing import Desk, build_desk, file

SENT = datetime(2026, 2, 20, 9, tzinfo=UTC)
READERS = {"slack": Reader(command_pattern="/cop {words}"), "telegram": Reader()}
GROUP = Place("telegram", "700", "-1001", "group")


class Post(Desk):
    """Be the desk when the memo is approved: it can be sent, and looked at as each person."""

    async def approve(self, **changes: str) -> None:
        await self.write(**changes)
        await self.press("Send for approval")
        document = await self.document()
        await self.town.click(self.dana, Press("mapprove", self.key, str(document.revision), "1"))
        self.town.clock.set(SENT)

    async def preview(self, letter: str = "m", subject: str = "") -> Any:
        return self.show(await self.town.click(self.town.olivia, Press("bprev", subject or self.key, "", letter)))

    async def send(self, letter: str = "m", subject: str = "") -> Any:
        """Confirm a preview, typing the number where it is asked for; give the card of the send."""
        seen = await self.preview(letter, subject)
        button = next(each for each in seen._buttons() if getattr(each, "press", Press("-")).verb == "bsend")
        answers = await self.town.click(self.town.olivia, button)
        if isinstance(answers[0], Ask):
            number = "".join(each for each in plain_of(seen, button) if each.isdigit())
            answers = await self.town.submit(self.town.olivia, "bcount", answers[0].subject, {"count": number})
        return self.show(answers)

    async def out(self) -> None:
        """Send it, and let everything arrive."""
        await self.send()
        await self.arrive()

    async def arrive(self) -> None:
        async with self.town.write() as db:
            last = await db.scalar(select(func.max(Delivery.due_at)).where(Delivery.state == "queued"))
            self.town.clock.set(max(self.town.clock.now(), last or SENT))
            await db.execute(update(Campaign).where(Campaign.state == "held").values(state="done", held_until=None))
            await db.execute(update(Delivery).where(Delivery.state == "queued").values(state="sent"))
        await self.town.work("memo.issued")

    async def drawn(self, kind: str, to: Member | Channel, subject: str = "", *, first: bool = False) -> Message | Skip:
        """Draw a card as the line of its platform does."""
        platform = to.platform if isinstance(to, Channel) else to.accounts[0].platform
        composer = next(each.cards[kind] for each in features() if kind in each.cards)
        async with self.town.read() as db:
            member = await db.get(Member, to.id) if isinstance(to, Member) else None
            channel = to if isinstance(to, Channel) else None
            drawing = Drawing(
                kind, subject or self.key, member, channel, READERS[platform], self.town.clock.now(), first
            )
            return await composer(db, drawing)

    async def card_of(self, who: Member, kind: str = "memo", subject: str = "") -> Any:
        made = await self.drawn(kind, who, subject)
        assert isinstance(made, Message), made
        return self.show([Reply(made)])

    async def channel(self, platform: str) -> Channel:
        async with self.town.read() as db:
            asked = select(Channel).where(Channel.platform == platform, Channel.purpose == "members")
            return (await db.scalars(asked)).one()

    async def rows(self, table: Any) -> list[Any]:
        async with self.town.read() as db:
            return list(await db.scalars(select(table).order_by(table.id)))

    async def change(self, **values: Any) -> None:
        async with self.town.write() as db:
            await db.execute(update(Document).values(**values))

    async def post_card(self, kind: str, to: Member | Channel, subject: str = "") -> None:
        """Note that a card is posted, as the engine does when it was sent."""
        place = to if isinstance(to, Channel) else to.accounts[0]
        ref = MessageRef(place.platform, place.workspace, place.chat or "", f"{kind}{to.id}")
        async with self.town.write() as db:
            member, channel = (None, to) if isinstance(to, Channel) else (to, None)
            await cards.note(db, kind, subject or self.key, ref, member=member, channel=channel)

    async def outdated(self) -> set[tuple[str, str]]:
        """Give kind and subject of the posted cards that will be redrawn, and let that be done."""
        async with self.town.write() as db:
            waiting = list(await db.scalars(select(CardCopy).where(CardCopy.wanted > CardCopy.shown)))
            for each in waiting:
                each.shown = each.wanted
            return {(each.kind, each.subject) for each in waiting}

    async def correct(self, **changes: str) -> str:
        """Hand in a correction; give the subject of its send."""
        given = {
            "file": file(self.town, "F9", text="Corrected"), "language": "en", "reason": "Figure 3 was wrong",
            "approver": self.dana.key, **changes,
        }  # fmt: skip
        await self.town.submit(self.town.olivia, "memo_fix", self.key, given)
        return f"{self.key}-{(await self.document()).details['correction']['number']}"

    async def corrected(self) -> str:
        """Have a correction approved and sent."""
        subject = await self.correct()
        asked = await self.card_of(self.dana, "memo_fix", subject)
        await self.town.click(self.dana, asked.button("Approve"))
        await self.send("mc", subject)
        await self.arrive()
        return subject


def plain_of(seen: Any, button: Any) -> str:
    return seen.labels[seen._buttons().index(button)]


def messages(answers: Sequence[Answer]) -> list[Message]:
    return [each.message for each in answers if isinstance(each, Reply | Edit)]


def files(answers: Sequence[Answer]) -> list[str]:
    return [each.file.file for each in messages(answers) if each.file is not None]


async def refused(acting: Any, key: str = "e_gone") -> None:
    with pytest.raises(UserError) as found:
        await acting
    assert found.value.text.key == key


async def build_post(town: Any, show: Any) -> Post:
    """Give an approved memo on Fri, 20 Feb 2026, for two people: Tahmina on Telegram, Claire on Slack."""
    desk = await build_desk(town, show)
    made = Post(town, show, desk.meeting, desk.dana)
    await made.approve()
    return made
