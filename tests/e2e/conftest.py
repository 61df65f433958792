"""A whole Convenor as its users meet it: the sandbox, the real libraries, the bot as a process of its own."""

from __future__ import annotations

import asyncio
import hmac
import itertools
import json
import os
import re
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import create_async_engine

from bot.demo import Demo, running
from bot.demo_world import EXAMPLES, TOKEN_TAIL

UNSEEN = dict.fromkeys((0x200B, 0x2060, 0x200A, 0x2068, 0x2069, 0x200F))
TEAM = "T0COPRR"


class People:
    """Play people of the demo by what they see on their screens."""

    unseen = UNSEEN

    def __init__(self, demo: Demo) -> None:
        self.demo = demo
        self._stamps = itertools.count(int(time.time()))

    async def say(self, person: str, platform: str, text: str, **more: Any) -> dict[str, Any]:
        return await self.demo.control("say", person=person, platform=platform, text=text, **more)

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

    async def last(self, person: str, platform: str) -> dict[str, Any]:
        """Give the newest message of the bot in the private chat."""
        return [each for each in await self.messages(person, platform) if each["from"] == "bot"][-1]

    async def see(self, person: str, platform: str, text: str, chat: str = "", *, after: str = "") -> dict[str, Any]:
        """Wait until the person sees a text, in a message after another one if that is given; give the newest."""

        async def look() -> dict[str, Any] | None:
            shown = await self.messages(person, platform, chat)
            if after:
                shown = shown[[each["id"] for each in shown].index(after) + 1 :]
            found = [each for each in shown if text in each["text"]]
            return found[-1] if found else None

        async def what() -> str:
            return "\n---\n".join(each["text"] for each in await self.messages(person, platform, chat))

        return await self.until(look, f"{person} does not see {text!r} on {platform}", what)

    async def answer(self, person: str, platform: str, text: str, expected: str) -> dict[str, Any]:
        """Write something and wait for an answer with the expected words below it."""
        said = [each["id"] for each in await self.messages(person, platform)]
        await self.say(person, platform, text)
        return await self.see(person, platform, expected, after=said[-1] if said else "")

    async def toast(self, person: str, text: str, chat: str = "") -> dict[str, Any]:
        """Wait until a press was answered by this toast on Telegram."""

        async def look() -> dict[str, Any] | None:
            screen = await self.screen(person, "telegram")
            chats = [each for each in screen["chats"] if (str(each["chat"]) == chat if chat else True)]
            toasts = [one for each in chats for one in each["toasts"]]
            return next((each for each in toasts if text in each["text"].translate(UNSEEN)), None)

        async def what() -> str:
            return str([each["toasts"] for each in (await self.screen(person, "telegram"))["chats"]])

        return await self.until(look, f"{person} was not told {text!r}", what)

    async def button(self, person: str, platform: str, button: str, chat: str = "") -> tuple[str, str, str]:
        """Wait for the newest button with this label, or whose data matches a pattern between slashes."""
        pattern = re.compile(button.strip("/")) if button.startswith("/") else None

        def wanted(each: dict[str, Any]) -> bool:
            return bool(pattern.search(each.get("data", ""))) if pattern else bool(each["label"] == button)

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

        found: tuple[str, str, str] = await self.until(find, f"{person} sees no button {button!r} on {platform}")
        return found

    async def press(self, person: str, platform: str, button: str, chat: str = "") -> dict[str, Any]:
        """Press the newest button with this label, or whose data matches a pattern between slashes."""
        place, message, data = await self.button(person, platform, button, chat)
        where = {"person": person, "platform": platform, "chat": place, "message": message}
        return await self.demo.control("press", **where, button=data)

    async def forge(self, person: str, platform: str, data: str) -> None:
        """Press a button that was never there, on the newest message of the bot; Slack by a signed request."""
        message = (await self.last(person, platform))["id"]
        if platform == "telegram":
            await self.demo.control("press", person=person, platform=platform, message=message, button=data, forge=True)
            return
        found = (each for each in (await self.screen(person, "slack"))["chats"] if each["kind"] == "private")
        place = {"id": next(found)["chat"], "name": "directmessage"}
        payload = {
            "type": "block_actions",
            "team": {"id": TEAM},
            "user": {"id": await self.slack_user(person), "team_id": TEAM},
            "api_app_id": "A0",
            "trigger_id": f"1.{next(self._stamps)}",
            "container": {"type": "message", "message_ts": message, "channel_id": place["id"], "is_ephemeral": False},
            "channel": place,
            "actions": [{"type": "button", "action_id": data, "block_id": "b", "action_ts": f"{next(self._stamps)}.1"}],
        }
        assert await self.signed(payload) == 200

    async def slack_user(self, person: str) -> str:
        everybody = await self.demo.ask("people")
        return str(next(each["slack"]["user"] for each in everybody if each["id"] == person))

    async def signed(self, payload: dict[str, Any]) -> int:
        """Send an interaction as Slack does, with its signature; give the status."""
        body, stamp = urlencode({"payload": json.dumps(payload)}).encode(), str(int(time.time()))
        made = hmac.new(TOKEN_TAIL.encode(), f"v0:{stamp}:".encode() + body, sha256).hexdigest()
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Slack-Request-Timestamp": stamp,
            "X-Slack-Signature": f"v0={made}",
        }
        async with self.demo.session.post(f"{self.demo.bot}/slack/events", data=body, headers=headers) as answer:
            return answer.status

    async def until(self, look: Callable[[], Any], complaint: str, what: Callable[[], Any] | None = None) -> Any:
        deadline, pause = time.monotonic() + 10, 0.01
        while (found := await look()) is None:
            if time.monotonic() > deadline:
                pytest.fail(complaint + (f"; sees:\n{await what()}" if what else ""))
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, 0.06)
        return found

    async def modal(self, person: str) -> dict[str, Any]:
        """Wait until a form is open on the person's Slack screen."""

        async def look() -> dict[str, Any] | None:
            return (await self.screen(person, "slack")).get("modal")

        found: dict[str, Any] = await self.until(look, f"no form opened for {person}")
        return found

    async def submit(self, person: str, **values: str) -> dict[str, Any]:
        return await self.demo.control("submit", person=person, platform="slack", values=values)

    async def ledger(self, after: int = 0) -> list[dict[str, Any]]:
        """Give what the bot did, from a row on."""
        rows = await self.demo.ask("ledger", after=str(after))
        return list(rows["rows"] if isinstance(rows, dict) else rows)

    async def now(self) -> datetime:
        return datetime.fromisoformat((await self.demo.ask("clock"))["now"])

    async def run_until(self, end: datetime) -> None:
        """Move the clock from one due moment to the next, up to `end`."""
        due = await self.demo.settle(cards=False)
        while due is not None and due <= end:
            due = await self.demo.move(due, cards=False)
        await self.demo.move(end, cards=False)

    async def send_invitations(self, code: str, organiser: str = "o01", platform: str = "slack") -> None:
        """Preview and confirm; nothing has left yet."""
        words = f"/cop meeting invite {code}" if platform == "slack" else f"/meeting_invite {code}"
        await self.say(organiser, platform, words)
        await self.press(organiser, platform, "/^send:/")
        await self.see(organiser, platform, "you can undo")

    async def rows(self, statement: Any) -> list[Any]:
        """Look into the demo's database, without disturbing the bot."""
        engine = create_async_engine(self.demo.database_url.replace("sqlite:", "sqlite+aiosqlite:"))
        try:
            async with engine.connect() as connection:
                return list(await connection.execute(statement))
        finally:
            await engine.dispose()

    async def key_of(self, code: str) -> str:
        """Give the public key of a meeting."""
        from storage.meetings import Meeting

        return str((await self.rows(select(Meeting.key).where(Meeting.code == code)))[0][0])

    async def convenor(self, *words: str, **environment: str) -> tuple[int, str, str]:
        """Run the command line in the demo's surroundings; give exit code, standard output and standard error."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", *words,
            env={**os.environ, **self.demo.environment, **environment},
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, err = await asyncio.wait_for(process.communicate(), 30)
        return process.returncode or 0, out.decode(), err.decode()


@pytest.fixture(scope="session")
def town() -> Any:
    """Give a way to run the COPRR demo for a block: `async with town(webhooks=True) as people`."""

    @asynccontextmanager
    async def run(**options: Any) -> AsyncIterator[People]:
        async with running(options.pop("community", EXAMPLES / "coprr.yaml"), **options) as demo:
            yield People(demo)

    return run
