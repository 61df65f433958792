"""A person of a running demo, played by what they see: buttons by pattern, forms, typed words."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from bot.demo import Demo

FEEDBACK = {"F1": "5", "F2": "4", "F3": "4", "F4": "b", "F5": "5", "F6": "y", "F7": "4", "F8": ""}


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
        """Press the newest button whose data or label matches. Raise `RuntimeError` if the person sees none."""
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
                        if any(re.search(pattern, button.get(each, "")) for each in ("data", "label")):
                            return message["id"], button["data"]
            if time.monotonic() > deadline:
                last = [each["messages"][-1:] for each in screen["chats"]]
                raise RuntimeError(f"{person} sees no button {pattern!r} on {platform}, but {last}"[:2000])
            await asyncio.sleep(0.02)

    async def fill(self, person: str, *pages: dict[str, str]) -> None:
        """Fill in the modal that is open in Slack, page by page. Raise `RuntimeError` if a page is refused."""
        for values in pages:
            await self._modal(person)
            done = await self.demo.control("submit", person=person, platform="slack", values=values)
            if done.get("errors"):
                raise RuntimeError(f"{person}: the form refuses {done['errors']}")

    async def find(self, person: str, pattern: str) -> str:
        """Wait for a text or an address in a private chat that matches; give its group."""
        platform, deadline = self.platform(person), time.monotonic() + 10
        while True:
            screen = await self.demo.ask("screen", person=person, platform=platform)
            for chat in (each for each in screen["chats"] if each["kind"] in ("dm", "private")):
                for message in reversed(chat["messages"]):
                    urls = [each.get("url", "") for line in message.get("buttons", []) for each in line]
                    for text in (message["text"], *urls):
                        if found := re.search(pattern, text):
                            return found.group(1)
            if time.monotonic() > deadline:
                raise RuntimeError(f"{person} sees no {pattern!r} on {platform}")
            await asyncio.sleep(0.02)

    async def run_until(self, end: datetime, *, cards: bool = True) -> None:
        """Move the clock from one due moment to the next, up to `end`; without `cards` edits may wait."""
        due = await self.demo.settle(cards=False)
        while due is not None and due <= end:
            due = await self.demo.move(due, cards=False)
        await self.demo.move(end, cards=cards)

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
