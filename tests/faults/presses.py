"""People who press and write: the cards they got, the transports they reach us by, what their replies became."""

from __future__ import annotations

import asyncio
import hmac
import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

import aiohttp
from sqlalchemy import func, select

from bench import town as bench_town
from bot.demo_world import free_port
from storage.inbox import InboxRow
from storage.meetings import Invitation, Meeting
from storage.members import Member
from tests.faults.box import Box
from tests.faults.stage import Send, Stage
from tests.faults.town import Person

HOOK_SECRET = "hook-secret-loopback-only"


async def reachable(stage: Stage) -> dict[str, str]:
    """Have the platforms call us (signed HTTP, webhook) instead of sockets and polling; give the bot's settings."""
    port = free_port()
    spec = json.loads((stage.folder / "world.json").read_text(encoding="utf-8"))
    spec["slack"]["request_url"] = f"http://127.0.0.1:{port}/slack/events"
    await stage.box.control("load", **spec)
    return {
        "HTTP_PORT": str(port), "PUBLIC_URL": f"http://127.0.0.1:{port}", "TELEGRAM_WEBHOOK_SECRET": HOOK_SECRET,
        "SLACK_APP_TOKEN": "", "SLACK_SIGNING_SECRET": bench_town.SIGNING_SECRET,
    }  # fmt: skip


async def invited(stage: Stage, people: Sequence[Person] | None = None, **more: Any) -> Send:
    """Send everybody an invitation with the bot that runs, and wait until all of them have their card."""
    send = await stage.plan("invitation", people, **more)
    assert await stage.rest(60, send), f"the invitations did not go out: {await stage.states(send)}"
    return send


async def press(box: Box, person: Person, send: Send, choice: str) -> dict[str, Any]:
    """Press on the own card; `acked` tells on Slack whether the press was taken, on Telegram it always comes again.

    A card that shows a reply has no choice any more: Telegram is pressed all the same, as on an old screen.
    """
    old = {"forge": True} if person.platform == "telegram" else {}
    try:
        return {"acked": True} | await box.press(person.id, person.platform, f"rsvp:{send.subject}:0:{choice}", **old)
    except AssertionError as error:
        if "sees no button" not in str(error):
            raise
        return {"acked": True}


async def press_all(stage: Stage, people: Sequence[Person], send: Send, choice: str) -> list[Person]:
    """Let everybody press at the same time; give those whom Slack told that it did not work."""
    done = await asyncio.gather(*(press(stage.box, each, send, choice) for each in people))
    return [each for each, told in zip(people, done, strict=True) if not told["acked"]]


async def insist(stage: Stage, people: Sequence[Person], send: Send, choice: str) -> None:
    """Press again, as people do who saw an error, until everybody was told that it worked."""
    for _ in range(20):
        people = await press_all(stage, people, send, choice)
        if not people:
            return
        await asyncio.sleep(0.3)
    raise AssertionError(f"{len(people)} people could not press at all")


async def replies(stage: Stage, send: Send) -> dict[str, str]:
    """Give everybody's reply as the database has it, by member code."""
    query = (
        select(Member.code, Invitation.reply)
        .join(Invitation, Invitation.member_id == Member.id)
        .join(Meeting, Meeting.id == Invitation.meeting_id)
        .where(Meeting.key == send.subject)
    )
    async with stage.database.read() as db:
        return {str(row.code): str(row.reply) for row in await db.execute(query)}


async def all_said(stage: Stage, send: Send, people: Sequence[Person], choice: str, seconds: float = 20.0) -> list[str]:
    """Wait until everybody's reply stands; give a complaint about those whose reply is another one."""

    async def other() -> list[str]:
        found = await replies(stage, send)
        return sorted(each.id for each in people if found[each.id] != choice)

    async def none() -> bool:
        return not await other()

    await stage.until(none, seconds)
    wrong = await other()
    return [f"{len(wrong)} of {len(people)} did not come to say {choice}: {wrong[:5]}"] if wrong else []


async def inbox(stage: Stage) -> Counter[tuple[str, int]]:
    """Count what was taken in by state and attempts."""
    query = select(InboxRow.state, InboxRow.attempts, func.count()).group_by(InboxRow.state, InboxRow.attempts)
    async with stage.database.read() as db:
        return Counter({(state, attempts): number for state, attempts, number in await db.execute(query)})


async def inbox_size(stage: Stage) -> int:
    """Count everything that was ever taken in."""
    return (await inbox(stage)).total()


async def inbox_done(stage: Stage, seconds: float = 15.0) -> list[str]:
    """Wait until everything that was taken in is done, exactly once; complain if it is not."""

    async def done() -> bool:
        return {state for state, _ in await inbox(stage)} <= {"done"}

    await stage.until(done, seconds)
    found = await inbox(stage)
    return [] if {state for state, _ in found} <= {"done"} else [f"the inbox holds {dict(found)}"]


async def bring(port: int, update: Mapping[str, Any], secret: str = HOOK_SECRET) -> int:
    """Call the bot as Telegram's webhook does; give the status, 0 if nobody answered."""
    headers = {"X-Telegram-Bot-Api-Secret-Token": secret}
    return await _post(f"http://127.0.0.1:{port}/telegram/webhook", json.dumps(update).encode(), {
        "Content-Type": "application/json", **headers,
    })  # fmt: skip


async def tell(port: int, payload: Mapping[str, Any], attempt: int = 0) -> int:
    """Call the bot as Slack's Events API does, signed, perhaps as a retry; give the status."""
    return await _signed(port, json.dumps(payload).encode(), {
        "Content-Type": "application/json",
        **({"X-Slack-Retry-Num": str(attempt), "X-Slack-Retry-Reason": "http_timeout"} if attempt else {}),
    })  # fmt: skip


async def interact(port: int, payload: Mapping[str, Any]) -> int:
    """Call the bot as a press in Slack does, signed; give the status."""
    body = urlencode({"payload": json.dumps(payload)}).encode()
    return await _signed(port, body, {"Content-Type": "application/x-www-form-urlencoded"})


async def _signed(port: int, body: bytes, headers: Mapping[str, str]) -> int:
    stamp = str(int(time.time()))
    made = hmac.new(bench_town.SIGNING_SECRET.encode(), f"v0:{stamp}:".encode() + body, sha256).hexdigest()
    signed = {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={made}"}
    return await _post(f"http://127.0.0.1:{port}/slack/events", body, {**headers, **signed})


async def _post(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session,
            session.post(url, data=body, headers=headers) as answer,
        ):
            return answer.status
    except aiohttp.ClientError:
        return 0


def telegram_press(person: Person, send: Send, choice: str, number: int, message: str) -> dict[str, Any]:
    """Make the update of a press as Telegram sends it, with a callback the platform does not know any more."""
    chat = {"id": int(person.user), "type": "private", "first_name": "Member"}
    return {
        "update_id": number,
        "callback_query": {
            "id": str(number), "from": {"id": int(person.user), "is_bot": False, "first_name": "Member"},
            "message": {"message_id": int(message), "date": 1775653200, "chat": chat}, "chat_instance": "1",
            "data": f"rsvp:{send.subject}:0:{choice}",
        },
    }  # fmt: skip


def telegram_text(person: Person, text: str, number: int) -> dict[str, Any]:
    """Make the update of a command as Telegram sends it."""
    return {
        "update_id": number,
        "message": {
            "message_id": number, "date": int(time.time()), "text": text,
            "chat": {"id": int(person.user), "type": "private", "first_name": "Member"},
            "from": {"id": int(person.user), "is_bot": False, "first_name": "Member", "language_code": "en"},
            "entities": [{"type": "bot_command", "offset": 0, "length": len(text)}],
        },
    }  # fmt: skip


def slack_text(person: Person, room: str, text: str, event: str) -> dict[str, Any]:
    """Make the event of a direct message as Slack sends it."""
    return {
        "token": "verification", "team_id": person.workspace, "api_app_id": "A0", "type": "event_callback",
        "event_id": event, "event_time": int(time.time()),
        "event": {
            "type": "message", "channel_type": "im", "channel": room, "user": person.user, "text": text,
            "ts": f"{time.time():.6f}", "event_ts": f"{time.time():.6f}", "client_msg_id": event,
        },
        "authorizations": [{"enterprise_id": None, "team_id": person.workspace, "user_id": "U0CONVENOR",
                            "is_bot": True, "is_enterprise_install": False}],
    }  # fmt: skip
