"""`convenor demo --play`: one meeting played unattended on the sandbox, then everything counted.

Scenario `main`: Olivia invites to M6 in Slack on 7 April 2026, the members answer as design §9 says, the clock runs to
the meeting and past it, those who said yes give feedback. What the bot's database says was sent is compared with what
the sandbox's ledger says arrived.
"""

from __future__ import annotations

import asyncio
import re
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from bot import demo_world
from bot.demo import Demo, running
from storage.database import Database
from storage.deliveries import Campaign, Delivery
from storage.members import Member

START = datetime(2026, 4, 7, 13, 2, tzinfo=UTC)
ANSWERS_AT = datetime(2026, 4, 8, 13, 0, tzinfo=UTC)
END = datetime(2026, 5, 21, 12, 0, tzinfo=UTC)
YES = ("m01", "m03", "m05", "m06", "m10", "m13", "m16", "m20", "m22")
NO = ("m09", "m19")
MAYBE = ("m24",)
EXPECTED = {
    "invitation": {"slack": 15, "telegram": 9},
    "reminder_7d": {"slack": 6, "telegram": 3},
    "reminder_1d": {"slack": 6, "telegram": 3},
    "reminder_1h": {"slack": 6, "telegram": 3},
    "feedback_request": {"slack": 6, "telegram": 3},
}
FEEDBACK = {"F1": "5", "F2": "4", "F3": "4", "F4": "b", "F5": "5", "F6": "y", "F7": "4", "F8": ""}
SCENARIOS = ("main",)


class Player:
    """Play people of a running demo by what they see."""

    def __init__(self, demo: Demo, people: dict[str, dict[str, Any]], say: Callable[[str], None]) -> None:
        self.demo = demo
        self.say = say
        self._people = people

    def platform(self, person: str) -> str:
        """Give the platform a person lives on; Slack if on both."""
        return "slack" if "slack" in self._people[person].get("accounts", {}) else "telegram"

    async def press(self, person: str, pattern: str) -> None:
        """Press the newest button whose data matches. Raise `RuntimeError` if the person sees none."""
        platform = self.platform(person)
        message, data = await self._button(person, platform, pattern)
        await self.demo.control("press", person=person, platform=platform, message=message, button=data)

    async def _button(self, person: str, platform: str, pattern: str) -> tuple[str, str]:
        deadline = time.monotonic() + 10
        while True:
            screen = await self.demo.ask("screen", person=person, platform=platform)
            for chat in (each for each in screen["chats"] if each["kind"] in ("dm", "private")):
                for message in reversed(chat["messages"]):
                    for button in (each for line in message.get("buttons", []) for each in line):
                        if re.search(pattern, button.get("data", "")):
                            return message["id"], button["data"]
            if time.monotonic() > deadline:
                raise RuntimeError(f"{person} sees no button {pattern!r} on {platform}")
            await asyncio.sleep(0.02)

    async def run_until(self, end: datetime) -> None:
        """Move the clock from one due moment to the next, up to `end`."""
        due = await self.demo.settle(cards=False)
        while due is not None and due <= end:
            due = await self.demo.move(due, cards=False)
        await self.demo.move(end)

    async def give_feedback(self, person: str) -> None:
        """Answer the feedback form: a modal in Slack, questions in Telegram."""
        await self.press(person, r"^fbnow:")
        if self.platform(person) == "slack":
            await self._modal(person)
            values = {key: value for key, value in FEEDBACK.items() if value}
            await self.demo.control("submit", person=person, platform="slack", values=values)
        else:
            so_far = ""
            for value in list(FEEDBACK.values())[:7]:
                so_far += value
                await self.press(person, rf"^qs:[^:]+:\d+:{so_far}$")
            await self.press(person, r"^qs:[^:]+:send:")

    async def _modal(self, person: str) -> None:
        deadline = time.monotonic() + 10
        while not (await self.demo.ask("screen", person=person, platform="slack")).get("modal"):
            if time.monotonic() > deadline:
                raise RuntimeError(f"no form opened for {person}")
            await asyncio.sleep(0.02)


async def play_main(community: Path, say: Callable[[str], None]) -> dict[str, Any]:
    """Play scenario `main`; give its part of the result (design §9)."""
    file = demo_world.read_file(community)
    people = {each["id"]: each for each in (*file["staff"], *file["members"])}
    async with running(community, clock=START, current=False, log_level="ERROR") as demo:
        player = Player(demo, people, say)
        say("Tue 7 Apr, 15:02 Brussels: Olivia asks for the preview of M6 and confirms")
        await demo.control("say", person="o01", platform="slack", text="/cop meeting invite M6")
        await player.press("o01", r"^send:")
        await demo.settle()
        await demo.move(START + timedelta(minutes=2, seconds=1))
        say("Wed 8 Apr: invitations go out at 10:00 in each zone")
        await player.run_until(ANSWERS_AT)
        say("24 people answer or stay silent: 9 yes, 2 no, 1 maybe, 12 silent")
        for choice, members in (("yes", YES), ("no", NO), ("maybe", MAYBE)):
            for person in members:
                await player.press(person, rf"^rsvp:[^:]+:[^:]*:{choice}$")
        await demo.settle()
        say("The clock runs to Thu 21 May, past the reminders and the meeting")
        await player.run_until(END)
        say("Those who took part give feedback")
        for person in YES:
            await player.give_feedback(person)
        await demo.settle()
        await demo.stop_bot()
        say("Counting what the database says against what arrived")
        return await count(demo)


async def count(demo: Demo) -> dict[str, Any]:
    """Compare the bot's deliveries with the sandbox's ledger, per kind and platform."""
    from storage.statistics import stats_json

    arrived, copies = _arrivals(await demo.ask("ledger"))
    messages: dict[str, dict[str, dict[str, int]]] = {}
    database = Database(demo.database_url)
    try:
        async with database.read() as db:
            community_id = await db.scalar(select(Campaign.community_id).limit(1))
        async with database.read(community_id) as db:
            rows = await db.execute(
                select(Campaign.kind, Delivery, Member.code)
                .join(Delivery, Delivery.campaign_id == Campaign.id)
                .outerjoin(Member, Member.id == Delivery.member_id)
            )
            for kind, delivery, _code in rows:
                cell = messages.setdefault(kind, {}).setdefault(delivery.platform, dict.fromkeys(_COLUMNS, 0))
                here = (delivery.platform, delivery.chat, delivery.message)
                cell["planned"] += 1
                cell["sent"] += arrived[here] > 0
                cell["missing"] += arrived[here] == 0
                cell["duplicated"] += max(copies[here] - 1, 0)
            statistics = await stats_json(db, END)
    finally:
        await database.close()
    return {"messages": messages, "indicators": statistics["indicators"], "meetings": statistics["meetings"]}


_COLUMNS = ("planned", "sent", "duplicated", "missing")


def _arrivals(ledger: Any) -> tuple[Counter[tuple[str, str, str]], Counter[tuple[str, str, str]]]:
    """Count accepted posts by where they stand, and how often the same text stands in the same chat."""
    rows = ledger["rows"] if isinstance(ledger, dict) else ledger
    posts = [
        each
        for each in rows
        if each["method"] in ("sendMessage", "chat.postMessage") and each["status"] in (200, "ok") and each["message"]
    ]
    arrived = Counter((each["platform"], str(each["chat"]), str(each["message"])) for each in posts)
    texts = Counter((each["platform"], str(each["chat"]), str(each["body"].get("text", ""))) for each in posts)
    copies = Counter(
        {
            (each["platform"], str(each["chat"]), str(each["message"])): texts[
                (each["platform"], str(each["chat"]), str(each["body"].get("text", "")))
            ]
            for each in posts
        }
    )
    return arrived, copies


def complete(messages: dict[str, dict[str, dict[str, int]]]) -> bool:
    """Tell whether every expected message arrived exactly once and nothing else was planned of these kinds."""
    for kind, platforms in EXPECTED.items():
        for platform, number in platforms.items():
            cell = messages.get(kind, {}).get(platform, {})
            if (cell.get("planned"), cell.get("sent"), cell.get("duplicated"), cell.get("missing")) != (
                number, number, 0, 0,
            ):  # fmt: skip
                return False
    return all(
        cell["sent"] == cell["planned"] and not cell["duplicated"]
        for platforms in messages.values()
        for cell in platforms.values()
    )


async def play(community: Path, scenarios: tuple[str, ...] = SCENARIOS) -> dict[str, Any]:
    """Play scenarios one after the other, each with a fresh database and clock; give the whole result."""
    began = time.monotonic()
    result: dict[str, Any] = {"ok": True, "seconds": 0.0, "messages": {}, "indicators": {}}

    def say(text: str) -> None:
        print(f"{time.monotonic() - began:5.1f} s  {text}", file=sys.stderr, flush=True)

    for name in scenarios:
        if name != "main":
            raise ValueError(f"there is no scenario {name!r}; known: {', '.join(SCENARIOS)}")
        part = await play_main(community, say)
        result["messages"] = part["messages"]
        result["indicators"] = part["indicators"]
        result["ok"] = result["ok"] and complete(part["messages"])
    result["seconds"] = round(time.monotonic() - began, 1)
    return result
