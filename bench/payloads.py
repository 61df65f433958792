"""Raw presses as the platforms send them: JSON of Telegram's webhook, signed forms of Slack's."""

from __future__ import annotations

import hmac
import json
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import urlencode

from bench.town import BOT_ID, CHOICES, SIGNING_SECRET, TEAM, Person, blocks, card_text, data, keyboard

WEBHOOK_SECRET = "bench-webhook-secret"


@dataclass(frozen=True, slots=True)
class Raw:
    """Be one press on its way in: who, what, and the request."""

    person: Person
    choice: str
    body: bytes
    headers: dict[str, str]


def presses(people: Sequence[Person], turn: int, number: int, api: str) -> list[Raw]:
    """Make `number` presses of turn `turn`, one member after the other, each on another button than in the last turn.

    `api` is the address of the platform, which Slack's response addresses begin with.
    """
    made = []
    for index in range(number):
        person, time_round = people[index % len(people)], turn + index // len(people)
        choice = CHOICES[(person.number + time_round) % 3]
        made.append((telegram if person.platform == "telegram" else slack)(person, choice, turn, index, api))
    return made


def standing(made: Iterable[Raw], before: dict[Person, str]) -> Counter[str]:
    """Note the presses in `before` (the last one of each person stands) and count what must stand now."""
    for each in made:
        before[each.person] = each.choice
    return Counter(before.values())


def telegram(person: Person, choice: str, turn: int, index: int, api: str) -> Raw:
    """Make a press as Telegram brings it by webhook."""
    user = {"id": int(person.user), "is_bot": False, "first_name": f"Member {person.number}", "language_code": "en"}
    bot = {"id": BOT_ID, "is_bot": True, "first_name": "Convenor", "username": "bench_bot"}
    message = {
        "message_id": int(person.message), "from": bot, "date": int(time.time()) - 60, "text": card_text(),
        "chat": {"id": int(person.chat), "type": "private", "first_name": user["first_name"]},
        "entities": [{"type": "bold", "offset": 65, "length": 47}], "reply_markup": keyboard(),
    }  # fmt: skip
    query = {
        "id": str(9_000_000_000 + turn * 1_000_000 + index), "from": user, "message": message,
        "chat_instance": "-12345", "data": data(choice),
    }  # fmt: skip
    body = json.dumps({"update_id": turn * 1_000_000 + index + 1, "callback_query": query}).encode()
    headers = {"content-type": "application/json", "x-telegram-bot-api-secret-token": WEBHOOK_SECRET}
    return Raw(person, choice, body, headers)


def slack(person: Person, choice: str, turn: int, index: int, api: str) -> Raw:
    """Make a press as Slack sends it by HTTP."""
    now, number = time.time(), turn * 1_000_000 + index
    element = next(each for each in blocks()[1]["elements"] if each["action_id"] == data(choice))
    container = {"type": "message", "message_ts": person.message, "channel_id": person.chat, "is_ephemeral": False}
    message = {
        "type": "message", "user": "U0CONVENOR", "bot_id": "B1", "app_id": "A0BENCH", "team": TEAM,
        "ts": person.message, "text": card_text(), "blocks": blocks(),
    }  # fmt: skip
    payload = {
        "type": "block_actions",
        "team": {"id": TEAM, "domain": "bench"},
        "user": {"id": person.user, "username": person.id, "name": person.id, "team_id": TEAM},
        "api_app_id": "A0BENCH",
        "token": "verification",
        "container": container,
        "trigger_id": f"{number}.1.abcdef",
        "enterprise": None,
        "is_enterprise_install": False,
        "channel": {"id": person.chat, "name": "directmessage"},
        "message": message,
        "state": {"values": {}},
        "response_url": f"{api}/{number}/response",
        "actions": [{**element, "block_id": "r0", "action_ts": f"{now:.3f}{index:04}"}],
    }
    body = urlencode({"payload": json.dumps(payload)}).encode()
    stamp = str(int(now))
    signed = hmac.new(SIGNING_SECRET.encode(), f"v0:{stamp}:".encode() + body, sha256).hexdigest()
    headers = {
        "content-type": "application/x-www-form-urlencoded",
        "x-slack-request-timestamp": stamp,
        "x-slack-signature": f"v0={signed}",
    }
    return Raw(person, choice, body, headers)
