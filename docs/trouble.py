"""The acts of the tour in which a send goes wrong: stopped, taken back, answers lost, a refused key."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from studio import Studio

START = datetime(2026, 4, 7, 13, 2, tzinfo=UTC)
DUE = datetime(2026, 4, 8, 12, 0, tzinfo=UTC)
ORGANISERS = {"slack": "C0ORG", "telegram": "-1001000000003"}


async def go_wrong(studio: Studio) -> None:
    """Play a mistaken send, lost answers and a dead token, and stop for pictures."""
    studio.section("When a send goes wrong")
    await stop(studio)
    await take_back(studio)
    await lose_answers(studio)
    await refuse_key(studio)


async def stop(studio: Studio) -> None:
    """Stop a send on its way."""
    await confirm(studio, "o01", "/cop meeting invite M6")
    for method in ("sendMessage", "chat.postMessage"):
        await studio.demo.control("faults", method=method, action="delay", seconds=12, count=None)
    await studio.demo.control("clock", now=DUE.isoformat())
    await until_seen(studio, "o01", "slack", "Sending:")
    await tap(studio, "o01", "slack", "Stop sending")
    await mend(studio)
    await studio.demo.settle()
    await studio.say("o04", "telegram", "/deliveries")
    await studio.scene(
        "stopped",
        "A send can be stopped: only what was on its way may still arrive. At the right all sends of a community.",
        "o01",
        "o04",
    )


async def take_back(studio: Studio) -> None:
    """Take it back; one message cannot be deleted."""
    await tap(studio, "o01", "slack", "Take back")
    await until_seen(studio, "o01", "slack", "Delete ")
    await studio.scene("take-back-question", "Taking back asks first.", "o01", "o04")
    error = "Bad Request: message can't be deleted for everyone"
    await studio.demo.control("faults", method="deleteMessage", action="error_before", error=error, status=400, count=1)
    await tap(studio, "o01", "slack", "Take back")
    await until_seen(studio, "o01", "slack", "Taken back:")
    await mend(studio)
    await studio.demo.settle()
    await studio.scene(
        "taken-back",
        "What the platform lets us delete is deleted, the rest says that it was a mistake; the channels are told.",
        "o01",
        "o04",
        chat={"telegram": ORGANISERS["telegram"], "slack": ""},
    )


async def lose_answers(studio: Studio) -> None:
    """Send again, and lose answers of Telegram; two members have blocked the bot."""
    await confirm(studio, "o01", "/cop meeting invite M6")
    for person in ("m13", "m15"):
        match = {"person": person}
        await studio.demo.control("faults", platform="telegram", method="sendMessage", match=match, action="cut_after")
    await studio.demo.control("block", person="m22", platform="telegram")
    await studio.demo.move(DUE + timedelta(days=1), cards=False)
    await until_seen(studio, "o01", "slack", "may or may not have arrived")
    await studio.say("o04", "telegram", "/deliveries")
    await tap(studio, "o04", "telegram", "Unknown")
    await studio.demo.settle()
    await studio.scene(
        "unknown",
        "Telegram took two messages and did not say so: they are unknown, and an organiser decides.",
        "o01",
        "o04",
    )
    await studio.say("o01", "slack", "/cop deliveries")
    await tap(studio, "o01", "slack", "Who is not reached")
    await studio.demo.settle()
    await studio.say("o04", "telegram", "/desk")
    await studio.scene("unreachable", "Who cannot be reached, why, and what to do about it.", "o01", "o04")


async def refuse_key(studio: Studio) -> None:
    """Let Telegram refuse our key; the organisers' channel in Slack says so, and when it works again."""
    await confirm(studio, "o01", "/cop meeting nudge M6")
    await studio.demo.control("faults", platform="telegram", method="sendMessage", action="unauthorized", count=None)
    await studio.demo.control("clock", now=(DUE + timedelta(days=7)).isoformat())
    await until_seen(studio, "o01", "slack", "Telegram refuses our key", ORGANISERS["slack"])
    await studio.say("o04", "slack", "/cop deliveries")
    await studio.scene(
        "alert",
        "Telegram refuses our key: the organisers learn it in Slack. Nothing is lost, the rest goes on.",
        "o01",
        "o04",
        chat=ORGANISERS,
    )
    await mend(studio)


async def confirm(studio: Studio, person: str, words: str) -> None:
    """Preview and confirm in Slack."""
    await studio.say(person, "slack", words)
    await studio.tap(person, "slack", "^send:")


async def mend(studio: Studio) -> None:
    """Take all faults away."""
    async with studio.demo.session.delete(f"{studio.demo.sandbox}/control/faults") as answer:
        answer.raise_for_status()


async def tap(studio: Studio, person: str, platform: str, label: str) -> None:
    """Press the newest button whose label begins so, without waiting for rest: a send may be on its way."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        for where, message, button in await buttons(studio, person, platform):
            if button["label"].startswith(label):
                known = {"person": person, "platform": platform, "chat": where, "message": message}
                await studio.demo.control("press", **known, button=button["data"])
                return
        await asyncio.sleep(0.05)
    raise RuntimeError(f"{person} sees no button {label!r} on {platform}")


async def buttons(studio: Studio, person: str, platform: str) -> list[tuple[str, str, dict[str, Any]]]:
    """Give the buttons of a private chat, the newest message first."""
    screen = await studio.demo.ask("screen", person=person, platform=platform)
    return [
        (str(chat["chat"]), message["id"], button)
        for chat in screen["chats"]
        if chat["kind"] == "private"
        for message in reversed(chat["messages"])
        for line in message.get("buttons", [])
        for button in line
        if "data" in button
    ]


async def until_seen(studio: Studio, person: str, platform: str, text: str, chat: str = "") -> None:
    """Wait until somebody sees a text."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        screen = await studio.demo.ask("screen", person=person, platform=platform)
        for each in screen["chats"]:
            here = str(each["chat"]) == chat if chat else each["kind"] == "private"
            if here and any(text in message["text"] for message in each["messages"]):
                return
        await asyncio.sleep(0.05)
    raise RuntimeError(f"{person} does not see {text!r} on {platform}")
