"""What a person sees on Telegram."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sandbox.people import Person
from sandbox.telegram.formatting import Entity
from sandbox.telegram.server import Server
from sandbox.telegram.state import Chat, Message
from sandbox.world import ButtonView, ChatView, MessageView

SHOWN = 200
DRAWN = {"w": "%A", "d": "%d/%m/%y", "D": "%-d %B %Y", "t": "%H:%M", "T": "%H:%M:%S"}
SERVICE = {
    "left_chat_member": "left the group",
    "new_chat_members": "joined the group",
    "migrate_to_chat_id": "turned the group into a supergroup",
    "migrate_from_chat_id": "turned the group into a supergroup",
}


class TelegramMessageView(MessageView, total=False):
    """Show a message; `shown` is the text as this reader's app draws it: times of `date_time` in the reader's zone."""

    shown: str


def screen(server: Server, person: Person) -> list[ChatView]:
    """Give a person's conversation with the bot, then the groups they are in; of each the newest 200 messages."""
    groups = [chat for chat in server.chats.groups if person.id in chat.members and not chat.migrated_to]
    return [_chat(server, chat, person) for chat in [server.chats.private(person), *groups]]


def _chat(server: Server, chat: Chat, person: Person) -> ChatView:
    newest = [message for _, message in zip(range(SHOWN), reversed(chat.messages.values()), strict=False)]
    return {
        "chat": str(chat.id),
        "title": server.bot.name if chat.private else chat.title,
        "kind": "private" if chat.private else "channel" if chat.kind == "channel" else "group",
        "messages": [_message(server, message, person.zone) for message in reversed(newest)],
        "toasts": list(chat.toasts.get(person.id, ())),
    }


def _message(server: Server, message: Message, zone: str) -> TelegramMessageView:
    sender = message.sender
    name = f"{sender['first_name']} {sender.get('last_name', '')}".strip()
    text = message.text if message.service is None else SERVICE[next(iter(message.service))]
    return {
        "id": str(message.id),
        "from": "bot" if sender["id"] == server.bot.id else name,
        "text": text,
        "shown": _shown(text, message.entities, zone, server),
        "entities": message.entities,
        "buttons": [[_button(each) for each in row] for row in message.keyboard],
        "edited": bool(message.edited_at),
        "at": message.at.isoformat(),
        "protect": message.protect,
        "document": str(message.document["file_name"]) if message.document else "",
        "silent": message.silent,
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


def _button(button: dict[str, Any]) -> ButtonView:
    view: ButtonView = {"label": button["text"], "style": button.get("style", "")}
    if "callback_data" in button:
        view["data"] = button["callback_data"]
    if "url" in button:
        view["url"] = button["url"]
    return view
