"""A person of a running demo, played by what they see: buttons by pattern, forms, typed words."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from bot.demo import Demo

UNPACED = {"SLACK_PER_MINUTE": "0", "TELEGRAM_PER_SECOND": "0"}
"""Settings for where cards change by the hundred: at the pace of a real workspace that takes minutes."""
UNSEEN = dict.fromkeys((0x200B, 0x2060, 0x200A, 0x2068, 0x2069, 0x200F))
"""Marks in texts that nobody sees."""
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

    async def press(self, person: str, pattern: str, *, chat: str = "", platform: str = "") -> None:
        """Press the newest button whose data or label matches, in private or in a channel. Raise `RuntimeError`."""
        platform = platform or self.platform(person)
        message, data = await self.button(person, pattern, chat=chat, platform=platform)
        where = {"chat": chat} if chat else {}
        await self.demo.control("press", person=person, platform=platform, message=message, button=data, **where)

    async def button(self, person: str, pattern: str, *, chat: str = "", platform: str = "") -> tuple[str, str]:
        """Wait for such a button; give its message and data. Raise `RuntimeError` if the person sees none."""
        platform = platform or self.platform(person)
        deadline = time.monotonic() + 10
        while True:
            screen = await self.demo.ask("screen", person=person, platform=platform)
            for each in _chosen(screen, chat):
                for message in reversed(each["messages"]):
                    for button in (each for line in message.get("buttons", []) for each in line):
                        known = button.get("data")
                        if known and any(re.search(pattern, name) for name in (known, button["label"])):
                            return message["id"], known
            if time.monotonic() > deadline:
                last = [each["messages"][-1:] for each in screen["chats"]]
                raise RuntimeError(f"{person} sees no button {pattern!r} on {platform}, but {last}"[:2000])
            await asyncio.sleep(0.02)

    async def fill(self, person: str, *pages: dict[str, Any]) -> None:
        """Fill in the modal that is open in Slack, page by page. Raise `RuntimeError` if a page is refused.

        A file is `{"name", "base64"}`, an option its value or label.
        """
        for values in pages:
            await self._modal(person)
            done = await self.demo.control("submit", person=person, platform="slack", values=values)
            if done.get("errors"):
                raise RuntimeError(f"{person}: the form refuses {done['errors']}")

    async def find(self, person: str, pattern: str, *, chat: str = "", platform: str = "") -> str:
        """Wait for a text, a toast or an address in private, or in a channel, that matches; give its group."""
        platform, deadline = platform or self.platform(person), time.monotonic() + 10
        while True:
            screen = await self.demo.ask("screen", person=person, platform=platform)
            for each in _chosen(screen, chat):
                for message in reversed([*each["messages"], *each.get("toasts", ())]):
                    urls = [button.get("url", "") for line in message.get("buttons", []) for button in line]
                    for text in (message["text"].translate(UNSEEN), *urls):
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

    async def give_feedback(self, person: str, verb: str = "fbnow", answers: dict[str, str] = FEEDBACK) -> None:
        """Answer a feedback form: a modal in Slack, questions in Telegram; the comment is the last one."""
        await self.press(person, rf"^{verb}:")
        if self.platform(person) == "slack":
            await self.fill(person, {key: value for key, value in answers.items() if value})
        else:
            so_far = ""
            for value in list(answers.values())[:-1]:
                so_far += value
                await self.press(person, rf"^qs:[^:]+:\d+:{so_far}$")
            await self.press(person, r"^qs:[^:]+:send:")

    async def _modal(self, person: str) -> None:
        deadline = time.monotonic() + 10
        while not (await self.demo.ask("screen", person=person, platform="slack")).get("modal"):
            if time.monotonic() > deadline:
                raise RuntimeError(f"no form opened for {person}")
            await asyncio.sleep(0.02)


def _chosen(screen: Any, chat: str) -> list[dict[str, Any]]:
    """Give the private chats of a screen, or the one that is named."""
    private = ("dm", "private")
    return [each for each in screen["chats"] if (str(each["chat"]) == chat if chat else each["kind"] in private)]
