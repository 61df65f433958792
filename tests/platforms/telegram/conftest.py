"""A tiny Bot API on loopback, scripted by the tests, and a receiver that notes what comes in."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bot.platforms.telegram import TelegramPlatform
from chat.inbound import AnyInbound
from chat.people import MessageRef
from chat.platform import Outcome
from chat.text import Reader

TOKEN = "123456:AAH9-secret_token_value_0123456789x"
PAYLOADS = Path(__file__).parents[2] / "payloads" / "telegram"
ME = {
    "id": 123456, "is_bot": True, "first_name": "Convenor", "username": "ConvenorBot",
    "can_join_groups": True, "can_read_all_group_messages": False,
}  # fmt: skip


@dataclass
class Api:
    """Be Telegram: every call is noted, answers can be scripted per method, the first unused one counts."""

    url: str = ""
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    scripted: dict[str, list[Any]] = field(default_factory=dict)
    updates: list[dict[str, Any]] = field(default_factory=list)
    webhook: dict[str, Any] = field(default_factory=lambda: {"url": "", "pending_update_count": 0})
    me: dict[str, Any] = field(default_factory=lambda: dict(ME))
    message: int = 1000

    def will(self, method: str, *answers: Any) -> None:
        """Script answers: `(status, description, parameters)`, raw bytes, "cut", "hang", a response or a callable."""
        self.scripted.setdefault(method, []).extend(answers)

    def of(self, *methods: str) -> list[dict[str, Any]]:
        """Give the parameters of the calls of these methods, in order."""
        return [body for name, body in self.calls if name in methods]

    @property
    def names(self) -> list[str]:
        """Give the methods called, without the polling."""
        return [name for name, _ in self.calls if name != "getUpdates"]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        body = await _parameters(request)
        self.calls.append((method, body))
        if request.match_info["token"] != TOKEN:
            return _failure(401, "Unauthorized")
        waiting = self.scripted.get(method)
        if waiting:
            scripted = waiting.pop(0)
            if callable(scripted):
                scripted = await scripted(body)
            if scripted == "cut":
                assert request.transport is not None
                request.transport.close()
                raise asyncio.CancelledError
            if scripted == "hang":
                await asyncio.sleep(30)
            elif isinstance(scripted, bytes):
                return web.Response(body=scripted, content_type="application/json")
            elif isinstance(scripted, tuple):
                return _failure(*scripted)
            elif isinstance(scripted, web.StreamResponse):
                return scripted
        return await self._well(method, body)

    async def _well(self, method: str, body: dict[str, Any]) -> web.StreamResponse:
        if method == "getUpdates":
            return await self._poll(body)
        self.message += method in ("sendMessage", "sendDocument")
        chat = {"id": int(body.get("chat_id", 0)), "type": "private", "first_name": "x"}
        message = {"message_id": self.message, "date": 1776841200, "chat": chat, "text": body.get("text", "")}
        results: dict[str, Any] = {
            "getMe": self.me,
            "getWebhookInfo": {"has_custom_certificate": False, **self.webhook},
            "sendMessage": message,
            "editMessageText": {**message, "message_id": int(body.get("message_id", 0))},
            "sendDocument": {**message, "document": {"file_id": f"F{self.message}", "file_unique_id": "u"}},
        }
        return web.json_response({"ok": True, "result": results.get(method, True)})

    async def _poll(self, body: dict[str, Any]) -> web.StreamResponse:
        offset, deadline = int(body["offset"]), asyncio.get_running_loop().time() + int(body["timeout"])
        while True:
            found = [each for each in self.updates if each["update_id"] >= offset]
            if found or asyncio.get_running_loop().time() >= deadline:
                return web.json_response({"ok": True, "result": found})
            await asyncio.sleep(0.005)


async def _parameters(request: web.Request) -> dict[str, Any]:
    """Read a call, as text where a form would have text."""
    body: dict[str, Any] = {}
    if request.content_type == "application/json":
        given = await request.json()
        return {
            name: value if isinstance(value, str | list | dict) else json.dumps(value) for name, value in given.items()
        }
    if request.content_type.startswith("multipart/"):
        async for part in await request.multipart():
            content = await part.read(decode=False)
            body[str(part.name)] = (part.filename, bytes(content)) if part.filename else content.decode()
    else:
        body = dict(await request.post())
    for name in ("entities", "reply_markup", "allowed_updates", "commands", "scope", "link_preview_options"):
        if name in body:
            body[name] = json.loads(body[name])
    return body


def _failure(status: int, description: str, parameters: dict[str, Any] | None = None) -> web.Response:
    body: dict[str, Any] = {"ok": False, "error_code": status, "description": description}
    if parameters is not None:
        body["parameters"] = parameters
    return web.json_response(body, status=status)


@dataclass
class Listener:
    """Be the receiver: keep what came in, refuse known keys, answer what the test says."""

    answers: Callable[[AnyInbound], Sequence[Any]] = lambda inbound: ()
    accepted: list[AnyInbound] = field(default_factory=list)
    handled: list[AnyInbound] = field(default_factory=list)
    done: list[tuple[AnyInbound, list[MessageRef | None]]] = field(default_factory=list)
    failures: int = 0
    log: list[str] = field(default_factory=list)
    gate: asyncio.Event | None = None
    batches: list[int] = field(default_factory=list)
    storing: float = 0.0

    async def accept(self, inbound: AnyInbound) -> bool:
        await asyncio.sleep(self.storing)
        if self.failures:
            self.failures -= 1
            raise OSError("the database is locked")
        if any(each.key == inbound.key for each in self.accepted):
            return False
        self.accepted.append(inbound)
        self.log.append(f"accepted {inbound.key}")
        return True

    async def accept_all(self, inbounds: Sequence[AnyInbound]) -> list[bool]:
        kept = list(self.accepted)
        self.batches.append(len(inbounds))
        try:
            return [await self.accept(each) for each in inbounds]
        except OSError:
            self.accepted = kept
            raise

    async def handle(self, inbound: AnyInbound) -> Outcome:
        self.handled.append(inbound)
        if self.gate is not None:
            await self.gate.wait()
        return Outcome(tuple(self.answers(inbound)), Reader())

    async def performed(self, inbound: AnyInbound, outcome: Outcome, refs: Sequence[MessageRef | None]) -> None:
        self.done.append((inbound, list(refs)))


class MemoryOffsets:
    """Keep offsets in memory and tell the log when one is saved."""

    def __init__(self, log: list[str]) -> None:
        self.kept: dict[str, int] = {}
        self._log = log

    async def load(self, workspace: str) -> int:
        return self.kept.get(workspace, 0)

    async def save(self, workspace: str, offset: int) -> None:
        self.kept[workspace] = offset
        self._log.append(f"saved {offset}")


async def until(condition: Callable[[], Any], seconds: float = 5.0) -> None:
    """Wait for a condition."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not condition():
        assert asyncio.get_running_loop().time() < deadline, "it did not happen"
        await asyncio.sleep(0.005)


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    """Serve a Bot API."""
    found = Api()
    app = web.Application(client_max_size=2**26)
    app.router.add_post("/bot{token}/{method}", found.answer)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    found.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield found
    await runner.cleanup()


@pytest.fixture
def listener() -> Listener:
    """Give a receiver."""
    return Listener()


@pytest.fixture
def offsets(listener: Listener) -> MemoryOffsets:
    """Give offsets that start at nothing."""
    return MemoryOffsets(listener.log)


@pytest.fixture
async def make(api: Api, offsets: MemoryOffsets) -> AsyncIterator[Callable[..., TelegramPlatform]]:
    """Give a maker of platforms that are stopped at the end."""
    made: list[TelegramPlatform] = []

    def build(**options: Any) -> TelegramPlatform:
        options = {"api_url": api.url, "offsets": offsets, "poll_wait": 1, "back_off": 0.02, **options}
        made.append(TelegramPlatform(options.pop("token", TOKEN), **options))
        return made[-1]

    yield build
    for each in made:
        await each.stop()


@pytest.fixture
async def platform(make: Callable[..., TelegramPlatform], listener: Listener) -> TelegramPlatform:
    """Give a started bot that polls."""
    found = make()
    await found.start(listener)
    return found


@pytest.fixture
def payload() -> Callable[[str], dict[str, Any]]:
    """Give a recorded update by its name."""

    def read(name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((PAYLOADS / f"{name}.json").read_text())
        return found

    return read


@pytest.fixture
def token() -> str:
    """Give the bot's token."""
    return TOKEN


@pytest.fixture
def wait_until() -> Callable[..., Any]:
    """Give the function that waits for a condition."""
    return until
