"""Slack's payloads as the neutral objects of `chat.inbound`; what means nothing to us gives `None`."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias

from bot.platforms.slack._forms import CALLBACK, OTHER
from bot.platforms.slack._mrkdwn import unescape
from bot.platforms.slack._render import URL_PREFIX
from chat.form import GivenFile
from chat.inbound import (
    AnyInbound,
    BotPlaced,
    Click,
    Command,
    Dropped,
    HomeOpened,
    Moved,
    Reachable,
    Said,
    Submission,
)
from chat.people import MessageRef, Person, Place, PlaceKind

Payload: TypeAlias = dict[str, Any]

NAME = "slack"
TEXT_MAX = 4000
NAME_MAX = 200
"""Characters of a file's name that are kept."""
_TOKEN = re.compile(r"<([^<>|]+)(?:\|([^<>]*))?>")


@dataclass(frozen=True, slots=True)
class Self:
    """Know who we are: our workspace and our bot's user id."""

    workspace: str
    bot: str


def parse(body: Payload, me: Self, now: datetime, since: float = 0.0) -> AnyInbound | None:
    """Read any payload, of HTTP or Socket Mode alike.

    `now` (UTC) dates what carries no time of its own; `since` is the real Unix time it came in, which the thirty
    minutes of a response address count from (platforms §3.3).

    Raises `KeyError`, `TypeError` or `ValueError` for a payload that is not what Slack sends.
    """
    kind = body.get("type")
    if kind == "event_callback":
        return _event(body, me, now)
    if kind == "block_actions":
        return _click(body, me, now, since)
    if kind == "view_submission":
        return _submission(body, me, now)
    return _command(body, me, now, since) if "command" in body else None


def words_of(text: str, bot: str = "") -> str:
    """Read what a person typed: our mention taken out, links as they were written, entities undone."""

    def token(found: re.Match[str]) -> str:
        body, label = found[1], found[2]
        if body == f"@{bot}":
            return " "
        if body.startswith(("@", "#", "!")):
            return f"{body[0]}{label}" if label else body
        return label or body if body.startswith(("mailto:", "tel:")) else body

    return unescape(_TOKEN.sub(token, text)).strip()[:TEXT_MAX]


def _key(*parts: object) -> str:
    return hashlib.sha256(json.dumps([str(part) for part in parts]).encode()).hexdigest()[:40]


def _at(ts: object, now: datetime) -> datetime:
    try:
        return datetime.fromtimestamp(float(str(ts)), UTC)
    except (ValueError, OverflowError, OSError):
        return now


def _place(me: Self, chat: str, thread: str = "", direct: bool = False) -> Place:
    kind: PlaceKind = "dm" if direct or chat[:1] in ("D", "U", "W") else "group"
    return Place(NAME, me.workspace, chat, kind, thread)


def _event(body: Payload, me: Self, now: datetime) -> AnyInbound | None:
    event: Payload = body["event"]
    kind, at = event["type"], _at(event.get("event_ts") or body.get("event_time"), now)
    user = event.get("user")
    if kind == "user_change" and isinstance(user, dict):
        if not user.get("deleted"):
            return None
        person = Person(NAME, str(user.get("team_id") or me.workspace), str(user["id"]))
        where = _place(me, person.user)
        return Reachable(key=body["event_id"], by=person, where=where, at=at, reachable=False, reason="deactivated")
    if kind == "channel_id_changed":
        where = _place(me, str(event["old_channel_id"]))
        ours = Person(NAME, me.workspace, me.bot)
        return Moved(key=body["event_id"], by=ours, where=where, at=at, chat=str(event["new_channel_id"]))
    if not isinstance(user, str) or not user:
        return None
    team = event.get("user_team") or event.get("team") or body.get("team_id") or me.workspace
    by, key = Person(NAME, str(team), user), str(body["event_id"])
    chat, thread = str(event.get("channel") or user), str(event.get("thread_ts") or "")
    if kind in ("member_joined_channel", "member_left_channel"):
        if user != me.bot:
            return None
        placed = _place(me, chat)
        return BotPlaced(key=key, by=by, where=placed, at=at, present=kind == "member_joined_channel")
    if user == me.bot or event.get("bot_id"):
        return None
    if kind == "app_mention":
        words, where = words_of(str(event.get("text") or ""), me.bot), _place(me, chat, thread)
        return Command(key=key, by=by, where=where, at=at, words=words or "home")
    if kind == "message" and event.get("channel_type") == "im":
        if event.get("subtype") not in (None, "file_share"):
            return None
        where = _place(me, chat, thread, direct=True)
        text = words_of(str(event.get("text") or ""), me.bot)
        file = _file(event.get("files"))
        if file is not None:
            media = str(event["files"][0].get("mimetype") or "")[:NAME_MAX]
            return Dropped(
                key=key,
                by=by,
                where=where,
                at=at,
                file=file.file,
                name=file.name,
                size=file.size,
                media=media,
                text=text,
            )
        return Said(key=key, by=by, where=where, at=at, text=text)
    if kind == "app_home_opened" and event.get("tab") == "home":
        return HomeOpened(key=key, by=by, where=_place(me, chat, direct=True), at=at)
    return None


def _command(body: Payload, me: Self, now: datetime, since: float) -> Command:
    by = Person(NAME, str(body.get("team_id") or me.workspace), str(body["user_id"]), str(body.get("user_name") or ""))
    direct = body.get("channel_name") == "directmessage"
    return Command(
        key=_key("command", body["trigger_id"], body["command"]),
        by=by,
        where=_place(me, str(body["channel_id"]), direct=direct),
        at=now,
        words=words_of(str(body.get("text") or ""), me.bot) or "home",
        handle={
            "trigger": body["trigger_id"],
            "response": body.get("response_url") or "",
            "since": since,
            "slash": True,
        },
    )


def _person(body: Payload, me: Self) -> Person:
    user = body["user"]
    team = user.get("team_id") or (body.get("team") or {}).get("id") or me.workspace
    return Person(NAME, str(team), str(user["id"]), str(user.get("username") or user.get("name") or ""))


def _click(body: Payload, me: Self, now: datetime, since: float) -> Click | None:
    action = body["actions"][0]
    view = body.get("view") or {}
    if action.get("type") != "button" or str(action["action_id"]).startswith(URL_PREFIX):
        return None
    if view.get("type") == "modal" and view.get("callback_id") != CALLBACK:
        return None
    by, container = _person(body, me), body.get("container") or {}
    channel = str(container.get("channel_id") or (body.get("channel") or {}).get("id") or "")
    ts = str(container.get("message_ts") or "")
    thread = str(container.get("thread_ts") or (body.get("message") or {}).get("thread_ts") or "")
    ephemeral = bool(container.get("is_ephemeral"))
    message = MessageRef(NAME, me.workspace, channel, ts) if channel and ts and not ephemeral else None
    direct = (body.get("channel") or {}).get("name") == "directmessage" or not channel
    stamp = str(action.get("action_ts") or body.get("trigger_id") or "")
    return Click(
        key=_key(by.workspace, by.user, action["action_id"], stamp, container.get("view_id") or "", channel, ts),
        by=by,
        where=_place(me, channel or by.user, thread if thread != ts else "", direct),
        at=_at(stamp, now),
        data=str(action["action_id"]),
        message=message,
        handle={
            "trigger": body.get("trigger_id") or "",
            "response": body.get("response_url") or "",
            "since": since,
            "on": "modal" if view.get("type") == "modal" else "home" if view else "message",
            "view": view.get("id") or "",
            "ephemeral": ephemeral,
        },
    )


def _submission(body: Payload, me: Self, now: datetime) -> Submission | None:
    view = body["view"]
    if view.get("callback_id") != CALLBACK:
        return None
    meta = json.loads(view.get("private_metadata") or "{}")
    by = _person(body, me)
    inputs = [str(block["block_id"]) for block in view["blocks"] if block.get("type") == "input"]
    return Submission(
        key=_key("view", view["id"], view.get("hash"), body.get("trigger_id")),
        by=by,
        where=_place(me, by.user),
        at=now,
        draft=str(meta["draft"]),
        page=int(meta["page"]),
        values=_values(view.get("state", {}).get("values", {})),
        handle={
            "view": view["id"],
            "inputs": [each for each in inputs if not each.endswith(OTHER)],
            "title": str((view.get("title") or {}).get("text") or ""),
            "trigger": body.get("trigger_id") or "",
        },
    )


def _values(state: Payload) -> dict[str, str]:
    values: dict[str, str] = {}
    for block, actions in state.items():
        values[block] = _raw(next(iter(actions.values()), {}))
    for block in [each for each in values if each.endswith(OTHER)]:
        written = values.pop(block)
        if written.strip():
            values[block.removesuffix(OTHER)] = written
    return values


def _file(files: object) -> GivenFile | None:
    """Give the first of several files, by its id: its address is asked for when its content is wanted."""
    first = files[0] if isinstance(files, list) and files else None
    if not isinstance(first, dict) or not re.fullmatch(r"F[A-Z0-9]{1,30}", str(first.get("id"))):
        return None
    size = first.get("size")
    name = "".join(each for each in str(first.get("name") or "") if each.isprintable())[:NAME_MAX]
    return GivenFile(str(first["id"]), size if type(size) is int and 0 <= size < 10**12 else 0, name)


def _raw(given: Payload) -> str:
    """Give one input as text: an option's value, several joined by commas, a moment as `@<unix>`, a file's id."""
    match given.get("type"):
        case "file_input":
            return str(_file(given.get("files")) or "")
        case "radio_buttons" | "static_select" | "external_select":
            return str((given.get("selected_option") or {}).get("value") or "")
        case "checkboxes" | "multi_static_select":
            return ",".join(str(each["value"]) for each in given.get("selected_options") or [])
        case "datetimepicker":
            moment = given.get("selected_date_time")
            return f"@{int(moment)}" if moment is not None else ""
        case _:
            return str(given.get("value") or "")
