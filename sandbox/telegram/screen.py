"""What a person sees on Telegram."""

from __future__ import annotations

from typing import Any

from sandbox.people import Person
from sandbox.telegram.server import Server
from sandbox.telegram.state import Chat, Message
from sandbox.world import ButtonView, ChatView, MessageView

SHOWN = 200
SERVICE = {
    "left_chat_member": "left the group",
    "new_chat_members": "joined the group",
    "migrate_to_chat_id": "turned the group into a supergroup",
    "migrate_from_chat_id": "turned the group into a supergroup",
}


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
        "messages": [_message(server, message) for message in reversed(newest)],
        "toasts": list(chat.toasts.get(person.id, ())),
    }


def _message(server: Server, message: Message) -> MessageView:
    sender = message.sender
    name = f"{sender['first_name']} {sender.get('last_name', '')}".strip()
    text = message.text if message.service is None else SERVICE[next(iter(message.service))]
    return {
        "id": str(message.id),
        "from": "bot" if sender["id"] == server.bot.id else name,
        "text": text,
        "entities": message.entities,
        "buttons": [[_button(each) for each in row] for row in message.keyboard],
        "edited": bool(message.edited_at),
        "at": message.at.isoformat(),
        "protect": message.protect,
        "document": str(message.document["file_name"]) if message.document else "",
        "silent": message.silent,
    }


def _button(button: dict[str, Any]) -> ButtonView:
    view: ButtonView = {"label": button["text"], "style": button.get("style", "")}
    if "callback_data" in button:
        view["data"] = button["callback_data"]
    if "url" in button:
        view["url"] = button["url"]
    return view
