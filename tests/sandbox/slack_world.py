"""A small workspace for the tests of the Slack stand-in, and short ways to speak with it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from copy import deepcopy
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.server import Sandbox
from sandbox.slack import SlackSide

TOKEN, APP_TOKEN, SECRET = "xoxb-1", "xapp-1", "s3cret"
SPEC: dict[str, Any] = {
    "clock": "2026-04-22T07:00:00+00:00",
    "people": [
        {"id": "m01", "name": "Ana Bell", "zone": "Europe/Brussels", "slack": {"team": "T1", "user": "U01"}},
        {
            "id": "m02",
            "name": "Can Demir",
            "zone": "Asia/Dhaka",
            "language": "tr",
            "slack": {"team": "T1", "user": "U02", "guest": True},
        },
        {"id": "m03", "name": "Eva", "slack": {"team": "T1", "user": "U03", "external": True, "home_team": "T9"}},
    ],
    "slack": {
        "retry_scale": 0.0005,
        "teams": [
            {
                "id": "T1",
                "name": "COPRR",
                "token": TOKEN,
                "app_token": APP_TOKEN,
                "signing_secret": SECRET,
                "channels": [
                    {"id": "C1", "name": "members", "members": ["m01", "m02"]},
                    {"id": "C2", "name": "elsewhere", "members": ["m01"], "bot": False},
                    {"id": "C3", "name": "secret", "members": ["m01"], "bot": False, "private": True},
                    {"id": "C4", "name": "old", "archived": True},
                    {"id": "C5", "name": "organisers", "members": ["m01"], "private": True},
                ],
            }
        ],
    },
}


class Box:
    """Be a running sandbox with a client, and play its people."""

    def __init__(self, sandbox: Sandbox, client: AsyncWebClient, session: aiohttp.ClientSession) -> None:
        self.sandbox, self.client, self.session = sandbox, client, session
        self.world = sandbox.world
        side = sandbox.side("slack")
        assert isinstance(side, SlackSide)
        self.side = side

    async def play(self, what: str, person: str = "m01", /, **call: Any) -> dict[str, Any]:
        url = f"{self.sandbox.url}/control/{what}"
        async with self.session.post(url, json={"person": person, "platform": "slack", **call}) as response:
            return {"status": response.status, **await response.json()}

    async def screen(self, person: str = "m01") -> dict[str, Any]:
        where = {"person": person, "platform": "slack"}
        async with self.session.get(f"{self.sandbox.url}/control/screen", params=where) as response:
            return await response.json()

    async def messages(self, person: str = "m01", chat: str = "") -> list[dict[str, Any]]:
        chats = (await self.screen(person))["chats"]
        return next(
            (each["messages"] for each in chats if each["chat"] == chat or (not chat and each["kind"] == "private")), []
        )

    def rows(self, method: str) -> list[Any]:
        return [row for row in self.world.ledger.after(0) if row.method == method]

    async def error(self, call: Awaitable[Any]) -> Any:
        """Give the answer of a call that Slack refuses."""
        try:
            await call
        except SlackApiError as refused:
            return refused.response
        raise AssertionError("the call was taken")


@asynccontextmanager
async def running(change: Callable[[dict[str, Any]], None] | None = None) -> AsyncIterator[Box]:
    """Run a sandbox with the workspace above, changed as wished."""
    spec = deepcopy(SPEC)
    if change:
        change(spec)
    async with Sandbox(spec) as sandbox, aiohttp.ClientSession() as session:
        client = AsyncWebClient(token=TOKEN, base_url=f"{sandbox.url}/api/", session=session, retry_handlers=[])
        yield Box(sandbox, client, session)


async def until(true: Callable[[], Any], seconds: float = 5.0) -> Any:
    """Wait until something is true."""
    async with asyncio.timeout(seconds):
        while not (value := true()):
            await asyncio.sleep(0.005)
    return value


def section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def buttons(*labels: str) -> dict[str, Any]:
    elements = [
        {
            "type": "button",
            "action_id": f"p:{label}",
            "value": f"v:{label}",
            "text": {"type": "plain_text", "text": label},
        }
        for label in labels
    ]
    return {"type": "actions", "elements": elements}


def modal(*blocks: dict[str, Any], **more: Any) -> dict[str, Any]:
    title, submit = {"type": "plain_text", "text": "Title"}, {"type": "plain_text", "text": "Save"}
    return {"type": "modal", "title": title, "submit": submit, "blocks": list(blocks), **more}


def question(block_id: str, label: str, element: dict[str, Any], **more: Any) -> dict[str, Any]:
    shown = {"action_id": "a", **element}
    return {
        "type": "input",
        "block_id": block_id,
        "label": {"type": "plain_text", "text": label},
        "element": shown,
        **more,
    }
