"""A whole Convenor as its users meet it: the sandbox, the real libraries, the bot as a process of its own."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from bot.demo import Demo, running
from bot.demo_world import EXAMPLES


UNSEEN = dict.fromkeys((0x200B, 0x2060, 0x200A))


class People:
    """Play people of the demo by what they see on their screens."""

    def __init__(self, demo: Demo) -> None:
        self.demo = demo

    async def say(self, person: str, platform: str, text: str, **more: Any) -> None:
        await self.demo.control("say", person=person, platform=platform, text=text, **more)

    async def screen(self, person: str, platform: str) -> dict[str, Any]:
        found: dict[str, Any] = await self.demo.ask("screen", person=person, platform=platform)
        return found

    async def messages(self, person: str, platform: str, chat: str = "") -> list[dict[str, Any]]:
        """Give the messages a person sees, in one chat or in private, without the marks nobody sees."""
        screen = await self.screen(person, platform)
        return [
            {**message, "text": message["text"].translate(UNSEEN)}
            for each in screen["chats"]
            if (str(each["chat"]) == chat if chat else each["kind"] in ("dm", "private"))
            for message in each["messages"]
        ]

    async def see(self, person: str, platform: str, text: str, chat: str = "") -> dict[str, Any]:
        """Wait until the person sees a text; give the newest message with it."""

        async def look() -> dict[str, Any] | None:
            found = [each for each in await self.messages(person, platform, chat) if text in each["text"]]
            return found[-1] if found else None

        async def what() -> str:
            return "\n---\n".join(each["text"] for each in await self.messages(person, platform, chat))

        return await self.until(look, f"{person} does not see {text!r} on {platform}", what)

    async def press(self, person: str, platform: str, button: str, chat: str = "") -> None:
        """Press the newest button with this label, or whose data matches a pattern between slashes."""
        wanted: Callable[[dict[str, Any]], bool] = lambda each: each["label"] == button  # noqa: E731
        if button.startswith("/"):
            pattern = re.compile(button.strip("/"))
            wanted = lambda each: bool(pattern.search(each.get("data", "")))  # noqa: E731

        async def find() -> tuple[str, str, str] | None:
            screen = await self.screen(person, platform)
            for each in screen["chats"]:
                if str(each["chat"]) != chat if chat else each["kind"] not in ("dm", "private"):
                    continue
                for message in reversed(each["messages"]):
                    for known in (known for line in message.get("buttons", []) for known in line):
                        if "data" in known and wanted(known):
                            return str(each["chat"]), message["id"], known["data"]
            return None

        place, message, data = await self.until(find, f"{person} sees no button {button!r} on {platform}")
        await self.demo.control("press", person=person, platform=platform, chat=place, message=message, button=data)

    async def until(self, look: Callable[[], Any], complaint: str, what: Callable[[], Any] | None = None) -> Any:
        deadline = time.monotonic() + 10
        while (found := await look()) is None:
            if time.monotonic() > deadline:
                pytest.fail(complaint + (f"; sees:\n{await what()}" if what else ""))
            await asyncio.sleep(0.03)
        return found

    async def modal(self, person: str) -> dict[str, Any]:
        """Wait until a form is open on the person's Slack screen."""

        async def look() -> dict[str, Any] | None:
            return (await self.screen(person, "slack")).get("modal")

        found: dict[str, Any] = await self.until(look, f"no form opened for {person}")
        return found

    async def submit(self, person: str, **values: str) -> dict[str, Any]:
        return await self.demo.control("submit", person=person, platform="slack", values=values)


@pytest.fixture
def town() -> Any:
    """Give a way to run the COPRR demo for a block: `async with town(webhooks=True) as people`."""

    @asynccontextmanager
    async def run(**options: Any) -> AsyncIterator[People]:
        async with running(EXAMPLES / "coprr.yaml", **options) as demo:
            yield People(demo)

    return run
