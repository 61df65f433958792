"""A small world on the sandbox, a real bot that talks to it, and somebody who plays its people."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from telegram import Bot
from telegram.request import HTTPXRequest

from sandbox import Sandbox

TOKEN = "7000000001:sandbox-telegram-token"
GROUP = -1001


def world() -> dict[str, Any]:
    """Describe a world: two people who started the bot, one who did not, and a group of the first two."""
    return {
        "clock": "2026-04-22T07:00:00+00:00",
        "telegram": {
            "token": TOKEN,
            "bot": {"id": 7000000001, "username": "convenor_bot", "name": "Convenor"},
            "chats": [{"id": GROUP, "type": "supergroup", "title": "COPRR", "members": ["m06", "m15"], "bot": True}],
        },
        "people": [
            {
                "id": "m06",
                "name": "Lucía Ejemplo",
                "zone": "Europe/Madrid",
                "language": "es",
                "telegram": {"user": 5006, "started": True},
            },
            {
                "id": "m15",
                "name": "Tahmina Udaharon",
                "zone": "Asia/Dhaka",
                "language": "en",
                "telegram": {"user": 5015, "started": True},
            },
            {"id": "m22", "name": "Kwame Nhweso", "zone": "Africa/Accra", "language": "en", "telegram": {"user": 5022}},
        ],
    }


class Control:
    """Speak the control interface over HTTP, as scripts do."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self.url = url
        self.session = session

    async def try_post(self, path: str, **body: Any) -> tuple[int, Any]:
        """Post and give status and answer."""
        async with self.session.post(f"{self.url}/control/{path}", json=body) as answer:
            return answer.status, await answer.json()

    async def post(self, path: str, **body: Any) -> Any:
        """Post what must work."""
        status, answer = await self.try_post(path, **body)
        assert status == 200, answer
        return answer

    async def get(self, path: str, **query: Any) -> Any:
        """Read JSON."""
        async with self.session.get(f"{self.url}/control/{path}", params=query) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()

    async def play(self, action: str, person: str, platform: str = "telegram", **more: Any) -> Any:
        """Play a person."""
        return await self.post(action, person=person, platform=platform, **more)

    async def chats(self, person: str, platform: str = "telegram") -> list[dict[str, Any]]:
        """Give the chats a person sees."""
        return (await self.get("screen", person=person, platform=platform))["chats"]

    async def ledger(self, after: int = 0) -> list[dict[str, Any]]:
        """Give the rows after a number."""
        return await self.get("ledger", after=after)


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    """Run a sandbox with the small world on a free port."""
    async with Sandbox(world(), sides=("telegram",)) as box:
        yield box


@pytest.fixture
async def control(sandbox: Sandbox) -> AsyncIterator[Control]:
    """Give the control interface."""
    async with aiohttp.ClientSession() as session:
        yield Control(sandbox.url, session)


def make_bot(url: str, token: str = TOKEN) -> Bot:
    """Make a real bot of python-telegram-bot that talks to the sandbox."""
    plain = {"verify": False}  # no TLS here, and reading the certificates of the machine is slow
    request = HTTPXRequest(connection_pool_size=32, read_timeout=3, httpx_kwargs=plain)
    polling = HTTPXRequest(connection_pool_size=4, read_timeout=10, httpx_kwargs=plain)
    return Bot(token, f"{url}/bot", f"{url}/file/bot", request=request, get_updates_request=polling)


@pytest.fixture
async def bot(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bot]:
    """Give a started bot."""
    monkeypatch.setenv("PTB_TIMEDELTA", "1")  # else reading retry_after is a deprecation warning
    async with make_bot(sandbox.url) as bot:
        yield bot
