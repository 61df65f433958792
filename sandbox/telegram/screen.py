"""What a person sees on Telegram."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any, TypedDict
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sandbox.people import Person
from sandbox.telegram.formatting import Entity
from sandbox.telegram.menu import about, commands_for
from sandbox.telegram.server import Server
from sandbox.telegram.state import Chat, Message
from sandbox.world import ButtonView, ChatView, MessageView

SHOWN = 1000
ANSWERED_LINE = 120
"""Characters of an answered message that are shown above the answer."""
DRAWN = {"w": "%A", "d": "%d/%m/%y", "D": "%-d %B %Y", "t": "%H:%M", "T": "%H:%M:%S"}
SERVICE = {
    "left_chat_member": "left the group",
    "new_chat_members": "joined the group",
    "migrate_to_chat_id": "turned the group into a supergroup",
    "migrate_from_chat_id": "turned the group into a supergroup",
}


class FileView(TypedDict):
    """Show a file: `url` is the sandbox's own address of its content, `size` in bytes, `mime` as it was sent."""

    name: str
    mime: str
    size: int
    url: str


class TelegramButtonView(ButtonView, total=False):
    """Show a button; `copy` is the text that one with `copy_text` puts on the clipboard."""

    copy: str


class AnsweredView(TypedDict):
    """Show the beginning of a message that was answered."""

    id: str
    by: str
    text: str


class TelegramMessageView(MessageView, total=False):
    """Show a message; `shown` is the text as this reader's app draws it: times of `date_time` in the reader's zone.

    `who` is "own", "bot" or "other", `sender` the numeric id, `thread` the topic ("" = none), `service` true for what
    the platform itself says.
    """

    shown: str
    who: str
    sender: str
    thread: str
    service: bool
    file: FileView
    reply: AnsweredView


class TelegramChatView(ChatView, total=False):
    """Show a chat with what an app knows of it.

    `started` and `blocked` are about the private chat; `standing` is what the bot is in a group ("member",
    "administrator", "left" or "kicked"); `commands` is the menu of this reader here; `about` what the bot says of
    itself before Start; `toasted` counts the notes so far, of which `toasts` are the last; `pending` are the reader's
    presses the bot has not answered yet.
    """

    username: str
    started: bool
    blocked: bool
    standing: str
    admin: bool
    members: int
    topics: list[dict[str, str]]
    commands: list[dict[str, str]]
    about: str
    toasted: int
    pending: list[str]


def screen(server: Server, person: Person) -> list[ChatView]:
    """Give a person's conversation with the bot, then the groups they are in; of each the newest 1000 messages."""
    groups = [chat for chat in server.chats.groups if person.id in chat.members and not chat.migrated_to]
    return [_chat(server, chat, person) for chat in [server.chats.private(person), *groups]]


def left(server: Server, person: Person) -> list[dict[str, str]]:
    """Give the groups a person has left and may join again."""
    return [{"chat": str(chat.id), "title": chat.title} for chat in server.chats.groups if person.id in chat.gone]


def _chat(server: Server, chat: Chat, person: Person) -> TelegramChatView:
    newest = [message for _, message in zip(range(SHOWN), reversed(chat.messages.values()), strict=False)]
    now = time.monotonic()
    return {
        "chat": str(chat.id),
        "title": server.bot.name if chat.private else chat.title,
        "kind": "private" if chat.private else "channel" if chat.kind == "channel" else "group",
        "messages": [_message(server, message, person) for message in reversed(newest)],
        "toasts": list(chat.toasts.get(person.id, ())),
        "username": server.bot.username,
        "started": chat.started or not chat.private,
        "blocked": bool(chat.blocked),
        "standing": chat.bot,
        "admin": person.id in chat.admins,
        "members": 2 if chat.private else len(chat.members) + (chat.bot in {"member", "administrator"}),
        "topics": [{"id": str(each), "title": chat.topics[each]} for each in sorted(chat.topics)],
        "commands": commands_for(server, chat, person),
        "about": about(server, person) if chat.private else "",
        "toasted": chat.toasted.get(person.id, 0),
        "pending": [
            each.id
            for each in server.queries.values()
            if each.person.id == person.id and each.chat is chat and each.until > now
        ],
    }


def _message(server: Server, message: Message, person: Person) -> TelegramMessageView:
    sender = message.sender
    text = message.text if message.service is None else SERVICE[next(iter(message.service))]
    by_bot = sender["id"] == server.bot.id
    view: TelegramMessageView = {
        "id": str(message.id),
        "from": "bot" if by_bot else _name(message),
        "text": text,
        "shown": _shown(text, message.entities, person.zone, server),
        "entities": message.entities,
        "buttons": [[_button(each) for each in row] for row in message.keyboard],
        "edited": bool(message.edited_at),
        "at": message.at.isoformat(),
        "protect": message.protect,
        "document": str(message.document["file_name"]) if message.document else "",
        "silent": message.silent,
        "who": "bot" if by_bot else "own" if person.telegram and sender["id"] == person.telegram.user else "other",
        "sender": str(sender["id"]),
        "thread": str(message.thread or ""),
        "service": message.service is not None,
    }
    if message.document:
        view["file"] = _file(message.document)
    if message.reply_to and (answered := message.chat.messages.get(message.reply_to)):
        by = server.bot.name if answered.sender["id"] == server.bot.id else _name(answered)
        words = answered.text or (answered.document or {}).get("file_name", "")
        view["reply"] = {"id": str(answered.id), "by": by, "text": str(words)[:ANSWERED_LINE]}
    return view


def _name(message: Message) -> str:
    return f"{message.sender['first_name']} {message.sender.get('last_name', '')}".strip()


def _file(document: dict[str, Any]) -> FileView:
    name = str(document["file_name"])
    return {
        "name": name,
        "mime": str(document["mime_type"]),
        "size": int(document["file_size"]),
        "url": f"/telegram/file/{document['file_id']}",
    }


def _shown(text: str, entities: list[Entity], zone: str, server: Server) -> str:
    """Draw times as apps do, in English; the text of an app without them is what stands in their place."""
    times = [each for each in entities if each["type"] == "date_time"]
    if not times:
        return text
    try:
        reader = ZoneInfo(zone)
    except (ValueError, ZoneInfoNotFoundError):
        return text
    raw = text.encode("utf-16-le")
    for each in reversed(times):
        start, end = each["offset"] * 2, (each["offset"] + each["length"]) * 2
        try:
            at = datetime.fromtimestamp(each["unix_time"], reader)
        except (OverflowError, OSError, ValueError):
            continue
        form = each.get("date_time_format") or ""
        drawn = ", ".join(at.strftime(DRAWN[letter]) for letter in form if letter in DRAWN)
        if form == "r":
            hours = (each["unix_time"] - server.world.clock.stamp()) / 3600
            drawn = f"in {hours:.0f} hours" if hours > 0 else f"{-hours:.0f} hours ago"
        if drawn:
            raw = raw[:start] + drawn.encode("utf-16-le") + raw[end:]
    return raw.decode("utf-16-le")


def _button(button: dict[str, Any]) -> TelegramButtonView:
    view: TelegramButtonView = {"label": button["text"], "style": button.get("style", "")}
    if "callback_data" in button:
        view["data"] = button["callback_data"]
    if "url" in button:
        view["url"] = button["url"]
    if "copy_text" in button:
        view["copy"] = button["copy_text"]["text"]
    return view
