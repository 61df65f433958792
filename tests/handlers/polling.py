"""Polls for the tests: a stage that opens one, draws its cards and presses their buttons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update

from chat.form import Asking
from chat.message import Message, Press
from chat.outbound import Answer, Reply
from chat.people import Place
from handlers import _polls_forms as forms
from scheduler.contract import Skip
from storage import polls as stored
from storage.deliveries import Campaign, Delivery
from storage.members import Member
from storage.polls import Poll

TOPICS = "Jobs: how to involve employers early\nHousing\nHealth: mental health first"
LISTS = {
    "topic": {"question": "Which topic next?", "options": TOPICS, "suggestions": "yes", "audience": "all"},
    "date": {"question": "Working session on employers", "length": "90", "audience": "all"},
    "quick": {"question": "Longer breaks?", "options": "Yes\nNo\nNo matter", "channels": "all", "totals": "after"},
}
MEMBERS = Place("telegram", "700", "-1001", "group")
SLACK_CHANNEL = Place("slack", "T1", "C1", "group")


@dataclass
class Stage:
    """Hold a town, a way to look at answers, and the poll that was opened last."""

    town: Any
    show: Any
    key: str = ""

    def clean(self, kind: str, **values: str) -> dict[str, str]:
        """Clean the values of a form as the platforms do before they hand them over."""
        given = LISTS[kind] | values
        field_of = {"topic": forms.TopicsField, "date": forms.DatesField, "quick": forms.ListField}[kind]
        asking = Asking(self.town.clock.now(), "Europe/Brussels", "en", {})
        return given | {"options": field_of(id="options", label="").clean(given["options"], asking)}

    async def submit(self, kind: str, subject: str = "", **values: str) -> Sequence[Answer]:
        answers: Sequence[Answer] = await self.town.submit(
            self.town.olivia, f"poll_{kind}", subject, self.clean(kind, **values)
        )
        return answers

    async def opened(self, kind: str = "topic", **values: str) -> str:
        """Open a poll: form, preview, confirmed; give its key."""
        preview = self.show(await self.submit(kind, **values))
        label = next(each for each in preview.labels if each.startswith("Send") and "test" not in each)
        await self.town.click(self.town.olivia, preview.button(label))
        self.key = preview.button(label).press.key
        async with self.town.write() as db:  # the time to undo it is over
            await db.execute(update(Campaign).values(state="sending", held_until=None))
        return self.key

    async def card(self, who: Member, kind: str = "topic_poll", **how: Any) -> Any:
        drawn = await self.town.draw(kind, self.key, who, **how)
        assert not isinstance(drawn, Skip), drawn
        return self.seen([Reply(drawn)], who)

    async def press(self, who: Member, label: str, kind: str = "topic_poll") -> Any:
        """Press a button of somebody's card as it is drawn now, in private; look at the answer."""
        shown = await self.card(who, kind, first=False)
        return self.seen(await self.town.click(who, shown.button(label)), who)

    def seen(self, answers: Sequence[Answer], who: Member) -> Any:
        zone = "Asia/Dhaka" if who is self.town.tahmina else "Europe/Brussels"
        return self.show(answers, "en", zone, who.accounts[0].platform)

    async def poll(self) -> Poll:
        async with self.town.read() as db:
            found = await stored.by_key(db, self.key)
            assert found is not None
            return found

    async def sent(self, kind: str) -> list[Delivery]:
        async with self.town.read() as db:
            query = select(Delivery).join(Campaign, Campaign.id == Delivery.campaign_id).where(Campaign.kind == kind)
            return list(await db.scalars(query.order_by(Delivery.id)))


def dates(stage: Stage) -> dict[str, str]:
    """Give three slots in June and a close before them."""
    return {
        "options": "10 June 2026 14:00\n9 June 2026 10:00\n11 June 2026 10:00",
        "closes": (stage.town.clock.now() + timedelta(days=20)).isoformat(),
    }


def press(verb: str, key: str, arg: str = "") -> Any:
    return Press(verb, key, "0", arg)


def listed(found: Any) -> Any:
    return Message(tuple(each.line for each in found))
