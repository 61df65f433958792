"""The sandbox in a process of its own, with cards posted in it, and the apps that work on it as child processes."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from bench import town
from bench.children import child, complaints, running
from bench.report import Broken
from bench.town import Person
from bot.demo_world import free_port


class Stage:
    """Be a running sandbox: play people in it and read its ledger."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self.url, self._session = url, session

    async def control(self, action: str, **body: Any) -> dict[str, Any]:
        """Play a person or turn a knob. Raise `Broken` with the sandbox's sentence."""
        async with self._session.post(f"{self.url}/control/{action}", json=body) as answer:
            found: dict[str, Any] = await answer.json()
            if answer.status >= 400:
                raise Broken(f"{action}: {found.get('error', answer.status)}")
            return found

    async def breaches(self) -> int:
        """Count the calls that broke a limit, all limits together."""
        async with self._session.get(f"{self.url}/control/limits") as answer:
            return sum((await answer.json())["breaches"].values())

    async def ledger(self, after: int = 0) -> list[dict[str, Any]]:
        """Give all ledger rows after a number."""
        rows: list[dict[str, Any]] = []
        while True:
            async with self._session.get(f"{self.url}/control/ledger", params={"after": str(after)}) as answer:
                page = await answer.json()
            if not page:
                return rows
            rows += page
            after = page[-1]["n"]

    async def post(self, person: Person) -> tuple[str, str]:
        """Post the card to a person as the bot; give chat and message."""
        return await self._post(person.platform, person.user)

    async def post_public(self, platform: str) -> tuple[str, str, str]:
        """Post the card to the members' channel; give platform, chat and message."""
        return (platform, *await self._post(platform, town.GROUP if platform == "telegram" else town.CHANNEL))

    async def _post(self, platform: str, chat: str) -> tuple[str, str]:
        if platform == "telegram":
            body = {"chat_id": int(chat), "text": town.card_text(), "reply_markup": town.keyboard()}
            done = await self._call(f"bot{town.TELEGRAM_TOKEN}/sendMessage", body)
            return chat, str(done["result"]["message_id"])
        body = {"channel": chat, "text": town.card_text(), "blocks": town.blocks()}
        done = await self._call("api/chat.postMessage", body, {"Authorization": f"Bearer {town.SLACK_TOKEN}"})
        return done["channel"], done["ts"]

    async def _call(self, path: str, body: Any, headers: dict[str, str] | None = None) -> dict[str, Any]:
        async with self._session.post(f"{self.url}/{path}", json=body, headers=headers) as answer:
            done: dict[str, Any] = await answer.json()
            if not done.get("ok"):
                raise Broken(f"the sandbox refused a card: {done}")
            return done


@asynccontextmanager
async def sandbox(folder: Path, people: Sequence[Person]) -> AsyncIterator[Stage]:
    """Run a sandbox with these people for the block."""
    spec = folder / "world.json"
    spec.write_text(json.dumps(town.world(people)), encoding="utf-8")
    connector = aiohttp.TCPConnector(limit=0)
    async with (
        child("sandbox", "--port", "0", "--spec", str(spec), folder=folder) as url,
        aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=60)) as session,
    ):
        yield Stage(url, session)


@asynccontextmanager
async def convenor(
    folder: Path,
    stage: Stage,
    database: str,
    platforms: Sequence[str],
    more: Mapping[str, str] | None = None,
    program: Sequence[str] = ("-m", "bot", "run"),
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run our bot on a filled database, as `convenor run` does, until the end of the block; `more` are settings.

    The block begins when it is ready. Raise `Broken`.
    """
    port = free_port()
    settings = {
        "DATABASE_URL": database,
        "CONVENOR_DATA_DIR": str(folder),
        "HTTP_HOST": "127.0.0.1",
        "HTTP_PORT": str(port),
        "LOG_LEVEL": "WARNING",
        "TELEGRAM_API_URL": stage.url,
        "SLACK_API_URL": f"{stage.url}/api/",
    }
    if "telegram" in platforms:
        settings["TELEGRAM_BOT_TOKEN"] = town.TELEGRAM_TOKEN
    if "slack" in platforms:
        settings |= {"SLACK_BOT_TOKEN": town.SLACK_TOKEN, "SLACK_APP_TOKEN": town.APP_TOKEN}
    settings |= more or {}
    run = running(*program, name="bot", folder=folder, more=settings)
    async with run as process, aiohttp.ClientSession() as session:
        await _healthy(session, f"http://127.0.0.1:{port}/healthz", folder / "bot.log")
        yield process


async def _healthy(session: aiohttp.ClientSession, url: str, log: Path) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            async with session.get(url) as answer:
                if answer.status == 200:
                    return
        except aiohttp.ClientError:
            await asyncio.sleep(0.01)
    raise Broken(f"the bot did not become ready: {complaints(log)}")


@asynccontextmanager
async def bare(folder: Path, stage: Stage, database: str, platform: str) -> AsyncIterator[None]:
    """Run the bare app of a platform until the end of the block. Raise `Broken`."""
    async with child(f"bench.bare_{platform}", "--api", stage.url, "--database", database, folder=folder):
        yield
