"""An announced meeting, and what organisers do to it: for the tests of moving, editing and cancelling."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from chat.form import Form
from chat.inbound import Command
from chat.outbound import Ask
from handlers import features
from storage.deliveries import Campaign, CardCopy, Delivery
from storage.meetings import Invitation, Meeting
from storage.members import Account, Member

START = datetime(2026, 5, 20, 8, tzinfo=UTC)
MOVE = {"start": "2026-06-03T12:00:00+00:00", "length": "150", "reason": "The hall is taken.", "ask": "yes"}


async def announced(town: Any) -> Meeting:
    """Give an announced meeting on Wed, 20 May 2026, 10:00 in Brussels: Tahmina says yes, Claire maybe, Nora no."""
    async with town.write() as db:
        made = Meeting(
            code="M6", title="Jobs and skills", theme="Jobs", region="South Asia", format="in_person", starts_at=START,
            ends_at=START + timedelta(minutes=150), zone="Europe/Brussels", state="inviting", revision=3,
            rsvp_deadline=datetime(2026, 5, 6, 16, tzinfo=UTC), place="Hall 1", details={"phone": "+32 2 555 01 00"},
        )  # fmt: skip
        nora = Member(code="m30", name="Nora Negative", zone="Europe/Brussels", joined_at=town.clock.now())
        nora.accounts = [Account(platform="slack", workspace="T1", user="U30", chat="DU30")]
        db.add_all([made, nora])
        await db.flush()
        for member, reply in ((town.tahmina, "yes"), (town.claire, "maybe"), (nora, "no")):
            db.add(
                Invitation(
                    meeting_id=made.id, member_id=member.id, invited_at=town.clock.now() - timedelta(days=9),
                    delivered=True, reply=reply, replied_at=town.clock.now() - timedelta(days=5),
                )
            )  # fmt: skip
        for n, channel in enumerate(("C1", "-1001")):
            db.add(
                CardCopy(
                    kind="meeting_card", subject=made.key, channel_id=n + 1, chat=channel, message=f"c{n}",
                    platform="slack" if n == 0 else "telegram", workspace="T1" if n == 0 else "700",
                )
            )  # fmt: skip
    return made


async def now_is(town: Any, meeting: Meeting) -> Meeting:
    async with town.read() as db:
        found: Meeting = await db.get_one(Meeting, meeting.id)
    return found


async def sent(town: Any, kind: str = "") -> list[tuple[str, str, str]]:
    """Give kind, recipient's code and state of every planned message to members."""
    async with town.read() as db:
        query = select(Campaign.kind, Member.code, Delivery.state).join(Delivery, Delivery.campaign_id == Campaign.id)
        found = await db.execute(query.join(Member, Member.id == Delivery.member_id).order_by(Member.code))
        return [(what, code, state) for what, code, state in found if kind in ("", what)]


async def replies(town: Any) -> dict[str, str]:
    async with town.read() as db:
        found = await db.execute(
            select(Member.code, Invitation.reply).join(Invitation, Invitation.member_id == Member.id)
        )
        return {code: reply for code, reply in found.all()}  # noqa: C416 - rows are no pairs to mypy


async def moved(town: Any, meeting: Meeting, show: Any, who: Any = None, label: str = "Send to 3", **more: str) -> Any:
    """Fill in the form, confirm the preview; give the answers of the confirmation."""
    preview = show(await town.submit(who or town.olivia, "move", meeting.key, MOVE | more))
    return await town.click(who or town.olivia, preview.button(label))


async def effect(town: Any, minutes: float = 2) -> None:
    town.clock.advance(timedelta(minutes=minutes))
    await town.work("change")


async def edited(town: Any, meeting: Meeting, who: Any = None, **changes: str) -> Any:
    (ask,) = await town.command(who or town.olivia, "meeting edit M6")
    return await town.submit(who or town.olivia, "meeting", meeting.key, ask.values | changes)


async def cancelled(town: Any, meeting: Meeting, show: Any, label: str = "Cancel the meeting") -> Any:
    (ask,) = await town.command(town.olivia, "meeting cancel M6")
    assert ask == Ask("mcancel", meeting.key)
    preview = show(await town.submit(town.olivia, "mcancel", meeting.key, {"reason": "The speaker is ill."}))
    assert preview.labels == ["Cancel the meeting", "Keep the meeting", "Edit"]
    return await town.click(town.olivia, preview.button(label))


async def the_form(town: Any, who: Any, subject: str = "", key: str = "meeting") -> Form:
    """Build a form as the dispatcher does."""
    builder = next(each.forms[key][1] for each in features() if key in each.forms)
    inbound = Command(words="x", key="k", by=town.person(who), where=town.place(who), at=town.clock.now())
    async with town.read() as db:
        return await builder(await town._context(db, inbound), subject)
