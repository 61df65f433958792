"""Memos for the tests: a desk after a meeting, where Olivia writes and Dana approves."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from chat.message import Press
from handlers import _asks
from handlers._files import Taken
from storage.deliveries import Campaign, Delivery
from storage.documents import Document
from storage.meetings import Attendance, Invitation, Meeting
from storage.members import Account, Member, Organisation, RoleGrant

PARTS = "Purpose\nMain points\n{}\nLessons\nOpen questions\nNext steps\nResources\n"
TEXT = PARTS.format("The delegate of Bangladesh said that Ms Udaharon counts twice.")


def file(town: Any, name: str = "F1", *, text: str = TEXT, pages: int = 3) -> str:
    """Let a person give a file; what was read from it is there already."""
    blob = town.vault.keep(text.encode())
    town.files[name] = Taken(
        blob=blob, name=f"{name}.pdf", kind="pdf", size=len(text), sha256=f"{name:0>64}", pages=pages,
        text=(PARTS.format(""), text),
    )  # fmt: skip
    return f"{name}|1000|{name}.pdf"


class Desk:
    """Be a community after a meeting: Olivia writes, Dana approves, Tahmina and Claire took part."""

    def __init__(self, town: Any, show: Any, meeting: Meeting, dana: Member) -> None:
        self.town, self.show, self.meeting, self.dana = town, show, meeting, dana
        self.key = ""

    async def write(self, **changes: str) -> Any:
        """Have Olivia hand in the form of a new memo; give what she sees."""
        given = {
            "file": file(self.town), "language": "en", "title": "Counting what matters", "approver": self.dana.key,
            "to": "invited", "dm": "card", "keywords": "counting", **changes,
        }  # fmt: skip
        seen = self.show(await self.town.submit(self.town.olivia, "memo", self.meeting.key, given))
        self.key = (await self.document()).key
        return seen

    async def document(self) -> Document:
        async with self.town.read() as db:
            found: Document = (await db.scalars(select(Document).order_by(Document.id.desc()))).first()
            return found

    async def card(self, who: Member | None = None) -> Any:
        """Look at the memo's card."""
        return self.show(await self.town.click(who or self.town.olivia, Press("memo", self.key)))

    async def press(self, label: str, who: Member | None = None) -> Any:
        """Press a button on the memo's card."""
        return self.show(await self.town.click(who or self.town.olivia, (await self.card(who)).button(label)))

    async def choose(self, *who: Member) -> None:
        for each in who:
            await self.town.click(self.town.olivia, Press("mspeak", self.key, "0", str(each.id)))

    async def sent(self, kind: str) -> list[tuple[str, str]]:
        """Give who gets messages of a kind: code and occurrence."""
        async with self.town.read() as db:
            asked = select(Member.code, Campaign.occurrence).join(Delivery, Delivery.member_id == Member.id)
            asked = asked.join(Campaign, Campaign.id == Delivery.campaign_id).where(Campaign.kind == kind)
            return [tuple(each) for each in await db.execute(asked.order_by(Delivery.id))]

    async def tasks(self) -> list[str]:
        async with self.town.read() as db:
            return [each.line.key for each in await _asks.todo(db, self.town.clock.now())]


async def build_desk(town: Any, show: Any) -> Desk:
    """Give a meeting held on Thu, 22 Jan 2026, and somebody else who may approve."""
    town.clock.set(datetime(2026, 2, 2, 10, tzinfo=UTC))
    async with town.write() as db:
        ministry = Organisation(name="Ministry of Return Affairs", country="BD")
        dana = Member(code="o02", name="Dana Approves", staff=True, zone="Europe/Brussels", joined_at=town.clock.now())
        dana.accounts = [Account(platform="slack", workspace="T1", user="U2", chat="DU2")]
        db.add_all([ministry, dana])
        await db.flush()
        db.add(RoleGrant(member_id=dana.id, role="approver"))
        meeting = Meeting(
            code="M5", title="Simple shared measures", theme="Measures", state="held", zone="Europe/Brussels",
            starts_at=datetime(2026, 1, 22, 13, tzinfo=UTC), ends_at=datetime(2026, 1, 22, 15, tzinfo=UTC),
            rsvp_deadline=datetime(2026, 1, 8, tzinfo=UTC), created_by=town.olivia.id,
        )  # fmt: skip
        db.add(meeting)
        await db.flush()
        for each in (town.tahmina, town.claire):
            db.add(Invitation(meeting_id=meeting.id, member_id=each.id, reply="yes"))
            db.add(Attendance(meeting_id=meeting.id, member_id=each.id, state="attended"))
        (await db.get_one(Member, town.tahmina.id)).organisation_id = ministry.id
    return Desk(town, show, meeting, dana)
