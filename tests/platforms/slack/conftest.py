"""A running adapter against the stand-in workspace, and an inside that answers what the test wants."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from bot.platforms.slack import SCOPES, SlackPlatform
from chat.inbound import AnyInbound
from chat.outbound import Answer
from chat.people import MessageRef, Person, Place
from chat.platform import Outcome
from chat.text import Reader
from sandbox.server import Sandbox

READER = Reader(zone="Europe/Warsaw", command_pattern="/cop {words}")
TOKENS = ("xoxb-111-very-secret", "xapp-1-very-secret", "signing-very-secret")


def workspace(ack_seconds: float = 3.0, **team: Any) -> dict[str, Any]:
    return {
        "people": [
            {"id": "zofia", "name": "Zofia", "slack": {"team": "T1", "user": "U0ZOFIA"}},
            {"id": "olivia", "name": "Olivia", "slack": {"team": "T1", "user": "U0OLIVIA"}},
            {"id": "ext", "name": "Ext", "slack": {"team": "T1", "user": "U0EXT", "external": True, "home_team": "T9"}},
        ],
        "clock": "2026-04-22T07:00:00+00:00",
        "slack": {
            "retry_scale": 0.001,
            "ack_seconds": ack_seconds,
            "teams": [
                {
                    "id": "T1",
                    "token": TOKENS[0],
                    "app_token": TOKENS[1],
                    "signing_secret": TOKENS[2],
                    "scopes": list(SCOPES),
                    "channels": [{"id": "C1", "name": "members", "members": ["zofia", "olivia", "ext"]}],
                    **team,
                }
            ],
        },
    }


@dataclass
class Inside:
    """Be the inside of the bot: takes everything in once and answers as the test wants."""

    answers: dict[type, Sequence[Answer]] = field(default_factory=dict)
    slow: float = 0.0
    broken: bool = False
    seen: set[str] = field(default_factory=set)
    taken: list[AnyInbound] = field(default_factory=list)
    done: list[tuple[AnyInbound, list[MessageRef | None]]] = field(default_factory=list)

    async def accept(self, inbound: AnyInbound) -> bool:
        if self.broken:
            raise OSError("disk full, body: CANARY")
        fresh = inbound.key not in self.seen
        self.seen.add(inbound.key)
        return fresh

    async def handle(self, inbound: AnyInbound) -> Outcome:
        self.taken.append(inbound)
        await asyncio.sleep(self.slow)
        return Outcome(tuple(self.answers.get(type(inbound), ())), READER)

    async def performed(self, inbound: AnyInbound, outcome: Outcome, refs: Sequence[MessageRef | None]) -> None:
        self.done.append((inbound, list(refs)))


@dataclass
class Scene:
    """Hold one running adapter, the stand-in, and the inside; `do` plays a person and waits until it was answered."""

    box: Sandbox
    platform: SlackPlatform
    inside: Inside

    async def do(self, action: str, who: str, expect: int = 1, **call: Any) -> dict[str, Any]:
        before = len(self.inside.done)
        side, person = self.box.side("slack"), self.box.world.people.named(who)
        play: Callable[..., Awaitable[dict[str, Any]]] = getattr(side, action)
        result = await play(person, {"person": who, **call})
        async with asyncio.timeout(5):
            while len(self.inside.done) < before + expect:
                await asyncio.sleep(0.005)
        return result

    def screen(self, who: str) -> dict[str, list[dict[str, Any]]]:
        side = self.box.side("slack")
        return {each["chat"]: list(each["messages"]) for each in side.screen(self.box.world.people.named(who))}  # type: ignore[misc]

    def dm(self, who: str) -> list[dict[str, Any]]:
        return next((each for chat, each in self.screen(who).items() if chat[0] == "D"), [])

    def views(self, who: str) -> dict[str, Any]:
        return self.box.side("slack").views(self.box.world.people.named(who))

    def calls(self, method: str) -> list[Any]:
        return [row for row in self.box.world.ledger.after(0) if row.method == method]

    def place(self, user: str = "U0ZOFIA") -> Place:
        return self.platform.direct(Person("slack", "T1", user))


@asynccontextmanager
async def begin(*, patience: float = 2.5, options: dict[str, Any] | None = None, **team: Any) -> AsyncIterator[Scene]:
    async with Sandbox(workspace(**team), sides=("slack",)) as box:
        api_url = f"{box.url}/api/"
        platform = SlackPlatform(TOKENS[0], TOKENS[1], api_url=api_url, form_patience=patience, **(options or {}))
        inside = Inside()
        await platform.start(inside)
        try:
            yield Scene(box, platform, inside)
        finally:
            await platform.stop()


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    """Give a running adapter in Socket Mode."""
    async with begin() as made:
        yield made


@pytest.fixture
def playing() -> Callable[..., AbstractAsyncContextManager[Scene]]:
    """Give a way to run an adapter in a workspace of another kind."""
    return begin


@pytest.fixture
def world() -> Callable[..., dict[str, Any]]:
    """Give a way to describe the workspace."""
    return workspace


@pytest.fixture
def inside() -> Inside:
    """Give an inside of its own."""
    return Inside()
