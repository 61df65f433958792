"""One mechanism for sends that are about no meeting: preview, typed count, one send for two presses, Undo."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from chat.message import Message, Press, button
from chat.outbound import Ask, Invalid
from handlers import _sending, features
from handlers._sending import Broadcast, Sending
from storage import audience
from storage.communities import Channel
from storage.database import Session
from storage.deliveries import Campaign, Delivery
from storage.members import RoleGrant
from tests.handlers.sending import people
from tests.kinds import on_one

SUBJECT = "8f3k2a9q1c"


@dataclass
class Notice:
    """A feature that sends something, and what it was told."""

    version: int = 1
    options: dict[str, Any] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)

    async def build(self, db: Session, subject: str, now: datetime) -> Broadcast:
        made = Broadcast(
            kind="zz_notice", channel_kind="zz_card", subject=subject, occurrence=f"v{self.version}",
            title=f"Notice {self.version}", sample=Message(("The text",), ((button("home", "go"),),)),
            people=await audience.members(db, {}), stands_for=[self.version], back=button("status", "status", subject),
            channels=list(await db.scalars(select(Channel).where(Channel.purpose == "members"))),
        )  # fmt: skip
        return replace(made, **self.options)

    async def confirmed(self, *_given: Any) -> None:
        self.told.append("confirmed")

    async def undone(self, *_given: Any) -> None:
        self.told.append("undone")


@pytest.fixture
def notice(monkeypatch: pytest.MonkeyPatch) -> Iterator[Notice]:
    made = Notice()

    async def name(_db: Session, _subject: str) -> str:
        return f"Notice {made.version}"

    async def onward(_db: Session, subject: str) -> Any:
        return button("details", "details", subject)

    features()  # what registers itself does so before the registry is put aside
    monkeypatch.setattr(_sending, "_BY_LETTER", dict(_sending._BY_LETTER))
    monkeypatch.setattr(_sending, "_BY_KIND", dict(_sending._BY_KIND))
    kinds = ("zz_notice", "zz_card")
    _sending.register(
        Sending(letter="zz", kinds=kinds, build=made.build, name=name, confirmed=made.confirmed, undone=made.undone,
                onward=onward)
    )  # fmt: skip
    return made


async def previewed(town: Any, show: Any) -> Any:
    return show(await town.click(town.olivia, Press("bprev", SUBJECT, "", "zz")))


async def rows_of(town: Any) -> list[tuple[str, str]]:
    async with town.read() as db:
        query = select(Campaign.kind, Delivery.state).join(Campaign, Campaign.id == Delivery.campaign_id)
        return sorted((kind, state) for kind, state in await db.execute(query))


@on_one
async def test_the_preview_says_who_where_and_when_and_a_test_goes_to_the_organiser_alone(
    town: Any, notice: Notice, show: Any
) -> None:
    seen = await previewed(town, show)
    assert seen.text.splitlines()[0] == "Notice 1"
    assert "2 people: 1 Slack, 1 Telegram" in seen.text
    assert "Goes to the channels: coprr (Slack), COPRR (Telegram)" in seen.text
    assert seen.labels == ["Send a test to me", "Who gets it", "Status", "Send to 2", "Cancel"]
    test = show(await town.click(town.olivia, seen.button("Send a test to me")))
    assert test.text.splitlines() == ["The text", "This is a test. Only you see it."]
    assert test.labels == []
    names = show(await town.click(town.olivia, seen.button("Who gets it")))
    assert "1. Claire Exemple · Slack" in names.text
    assert await rows_of(town) == []


@on_one
async def test_two_presses_are_one_send_that_can_be_undone_until_it_leaves(
    town: Any, notice: Notice, show: Any
) -> None:
    seen = await previewed(town, show)
    send = seen.button("Send to 2")
    first = show(await town.click(town.olivia, send))
    again = show(await town.click(town.olivia, send))
    assert "Planned by Olivia Organiser." in first.text
    assert again.text == first.text
    assert notice.told == ["confirmed"]
    assert await rows_of(town) == [("zz_card", "queued")] * 2 + [("zz_notice", "queued")] * 2
    undone = show(await town.click(town.olivia, first.button("Undo")))
    assert "Undone. Nothing was sent." in undone.text
    assert notice.told == ["confirmed", "undone"]
    assert {state for _, state in await rows_of(town)} == {"cancelled"}


@on_one
async def test_a_preview_dies_with_any_change_and_after_ten_minutes(town: Any, notice: Notice, show: Any) -> None:
    seen = await previewed(town, show)
    notice.version = 2
    late = show(await town.click(town.olivia, seen.button("Send to 2")))
    assert "Something changed since this preview." in late.text
    fresh = show(await town.click(town.olivia, late.button("Preview")))
    town.clock.set(town.clock.now() + timedelta(minutes=11))
    assert "Something changed" in show(await town.click(town.olivia, fresh.button("Send to 2"))).text
    assert notice.told == []


@on_one
async def test_the_number_is_typed_where_it_must_be_and_a_wrong_one_sends_nothing(
    town: Any, notice: Notice, show: Any
) -> None:
    notice.options = {"count": True}
    seen = await previewed(town, show)
    (ask,) = await town.click(town.olivia, seen.button("Send to 2"))
    assert isinstance(ask, Ask)
    (wrong,) = await town.submit(town.olivia, "bcount", ask.subject, {"count": "24"})
    assert isinstance(wrong, Invalid)
    assert await rows_of(town) == []
    assert "Planned by" in show(await town.submit(town.olivia, "bcount", ask.subject, {"count": "2"})).text
    assert notice.told == ["confirmed"]


@on_one
async def test_fifty_people_are_always_counted(town: Any, notice: Notice, show: Any) -> None:
    await people(town, telegram=48)
    seen = await previewed(town, show)
    (ask,) = await town.click(town.olivia, seen.button("Send to 50"))
    assert isinstance(ask, Ask)


async def test_a_second_organiser_learns_who_has_started_it(town: Any, notice: Notice, show: Any) -> None:
    async with town.write() as db:
        db.add(RoleGrant(member_id=town.claire.id, role="organiser"))
    send = (await previewed(town, show)).button("Send to 2")
    await town.click(town.olivia, send)
    assert "Olivia Organiser started this at" in show(await town.click(town.claire, send)).text
    assert len(await rows_of(town)) == 4


@on_one
async def test_nothing_leaves_before_its_moment_and_nobody_is_written_to_after_it_is_pointless(
    town: Any, notice: Notice, show: Any
) -> None:
    at = town.clock.now() + timedelta(days=3)
    notice.options = {"at": at, "bulk": False, "expires": at + timedelta(minutes=1)}
    seen = await previewed(town, show)
    await town.click(town.olivia, next(each for each in seen._buttons() if str(each.press).startswith("bsend")))
    async with town.read() as db:
        dues = list(await db.scalars(select(Delivery.due_at).where(Delivery.state == "queued")))
    assert dues
    assert min(dues) >= at


@on_one
async def test_members_and_strangers_can_neither_look_nor_send(town: Any, notice: Notice, show: Any) -> None:
    send = (await previewed(town, show)).button("Send to 2")
    for press in (Press("bprev", SUBJECT, "", "zz"), send.press):
        assert "Only organisers can do that." in show(await town.click(town.tahmina, press)).text
    assert await rows_of(town) == []
