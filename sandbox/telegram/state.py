"""The bot, its chats and their messages, as one Telegram server would keep them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any

from sandbox.errors import WrongCall
from sandbox.people import Person
from sandbox.telegram.formatting import Entity
from sandbox.telegram.keyboard import Keyboard
from sandbox.world import ToastView

User = dict[str, Any]
_order = count(1)
"""Messages of all chats in the order they were made: virtual time may stand still."""
GROUPS = {"group", "supergroup", "channel"}


def user_of(person: Person) -> User:
    """Give a person as a Telegram `User`."""
    assert person.telegram is not None
    first, _, last = person.name.partition(" ")
    user = {"id": person.telegram.user, "is_bot": False, "first_name": first, "language_code": person.language}
    return {**user, "last_name": last} if last else user


@dataclass(slots=True)
class Message:
    """Be a message of a chat; `at` is virtual time. `service` holds what a service message says instead of a text."""

    id: int
    chat: Chat
    sender: User
    at: datetime
    text: str = ""
    entities: list[Entity] = field(default_factory=list)
    keyboard: Keyboard = field(default_factory=list)
    document: dict[str, Any] | None = None
    service: dict[str, Any] | None = None
    edited_at: int = 0
    protect: bool = False
    silent: bool = False
    thread: int = 0
    reply_to: int = 0
    order: int = field(default_factory=lambda: next(_order))

    def payload(self) -> dict[str, Any]:
        """Give the message as a Bot API `Message`."""
        made: dict[str, Any] = {
            "message_id": self.id,
            "from": self.sender,
            "chat": self.chat.payload(),
            "date": int(self.at.timestamp()),
        }
        if self.service is not None:
            return {**made, **self.service}
        text, entities = ("caption", "caption_entities") if self.document else ("text", "entities")
        if self.document:
            made["document"] = self.document
        if self.text:
            made[text] = self.text
        if self.entities:
            made[entities] = self.entities
        if self.keyboard:
            made["reply_markup"] = {"inline_keyboard": self.keyboard}
        if self.edited_at:
            made["edit_date"] = self.edited_at
        if self.protect:
            made["has_protected_content"] = True
        if self.thread:
            made |= {"message_thread_id": self.thread, "is_topic_message": True}
        if self.reply_to and (answered := self.chat.messages.get(self.reply_to)):
            made["reply_to_message"] = {**answered.payload(), "reply_to_message": None}
            del made["reply_to_message"]["reply_to_message"]
        return made


@dataclass(slots=True)
class Chat:
    """Be a chat. A private one has a `person`; a group has members and says what the bot is in it.

    `bot` is "member", "administrator", "left" or "kicked"; `blocked` is "", "blocked", "deactivated" or
    "not_found"; `topics` are names by number, `gone` is who left a group.
    """

    id: int
    kind: str
    title: str = ""
    person: Person | None = None
    members: set[str] = field(default_factory=set)
    admins: set[str] = field(default_factory=set)
    bot: str = "member"
    topics: dict[int, str] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    started: bool = False
    blocked: str = ""
    migrated_to: int = 0
    messages: dict[int, Message] = field(default_factory=dict)
    toasts: dict[str, list[ToastView]] = field(default_factory=dict)
    toasted: dict[str, int] = field(default_factory=dict)
    last_id: int = 0

    @property
    def private(self) -> bool:
        """Tell whether this is the conversation of one person with the bot."""
        return self.kind == "private"

    def payload(self) -> dict[str, Any]:
        """Give the chat as a Bot API `Chat`."""
        if self.person is None:
            forum = {"is_forum": True} if self.topics else {}
            return {"id": self.id, "type": self.kind, "title": self.title, **forum}
        user = user_of(self.person)
        return {
            "id": self.id,
            "type": "private",
            **{key: user[key] for key in ("first_name", "last_name") if key in user},
        }

    def post(self, sender: User, at: datetime, text: str = "", entities: list[Entity] | None = None) -> Message:
        """Add a message with the next number."""
        self.last_id += 1
        message = self.messages[self.last_id] = Message(self.last_id, self, sender, at, text, entities or [])
        return message

    def toast(self, person: Person, text: str, alert: bool, at: datetime) -> None:
        """Show somebody a note; the last 50 are kept."""
        toasts = self.toasts.setdefault(person.id, [])
        toasts.append({"text": text, "alert": alert, "at": at.isoformat()})
        del toasts[:-50]
        self.toasted[person.id] = self.toasted.get(person.id, 0) + 1


@dataclass(slots=True)
class Bot:
    """Be the bot's account."""

    token: str = ""
    id: int = 0
    username: str = "sandbox_bot"
    name: str = "Sandbox"

    @property
    def user(self) -> User:
        """Give the bot as a Telegram `User`."""
        return {"id": self.id, "is_bot": True, "first_name": self.name, "username": self.username}


class Chats:
    """Find chats by id, and the groups of a person; every look-up is one step."""

    def __init__(self) -> None:
        self.by_id: dict[int, Chat] = {}
        self.groups: list[Chat] = []

    def private(self, person: Person) -> Chat:
        """Give a person's conversation with the bot, made when it is first asked for."""
        assert person.telegram is not None
        chat = self.by_id.get(person.telegram.user)
        if chat is None:
            chat = Chat(person.telegram.user, "private", person=person, started=person.telegram.started)
            self.by_id[chat.id] = chat
        return chat

    def add_group(self, chat: Chat) -> None:
        """Add a group."""
        self.by_id[chat.id] = chat
        self.groups.append(chat)

    def group(self, id: object) -> Chat:
        """Give the group a control call names; raise `WrongCall` if there is none."""
        chat = next((each for each in self.groups if str(each.id) == str(id)), None)
        if chat is None:
            raise WrongCall(f"there is no Telegram group {id!r}", 404)
        return chat


def read_bot(spec: Mapping[str, Any]) -> Bot:
    """Read the bot of a world file; raise `WrongCall` naming what is missing."""
    token, bot = spec.get("token"), spec.get("bot") or {}
    if not isinstance(token, str) or not token:
        raise WrongCall('"telegram" needs the "token" of the bot')
    head = token.split(":")[0]
    id = bot.get("id") or (int(head) if head.isdigit() else 1)
    return Bot(token, int(id), str(bot.get("username") or "sandbox_bot"), str(bot.get("name") or "Sandbox"))


def read_group(spec: Mapping[str, Any]) -> Chat:
    """Read a group of a world file; raise `WrongCall` naming what is wrong."""
    id, kind = spec.get("id"), str(spec.get("type") or "supergroup")
    if not isinstance(id, int) or id >= 0 or kind not in GROUPS:
        raise WrongCall(f'a Telegram chat needs a negative "id" and a "type" out of {", ".join(sorted(GROUPS))}')
    there = spec.get("bot", True)
    bot = there if isinstance(there, str) else ("member" if there else "left")
    if bot not in {"member", "administrator", "left", "kicked"}:
        raise WrongCall('"bot" is true, false, "member", "administrator", "left" or "kicked"')
    chat = Chat(id, kind, str(spec.get("title") or id), bot=bot)
    chat.members = {str(each) for each in spec.get("members") or ()}
    chat.admins = {str(each) for each in spec.get("admins") or ()}
    chat.members |= chat.admins
    topics = spec.get("topics") or ()
    named = topics.items() if isinstance(topics, Mapping) else ((each, f"Topic {each}") for each in topics)
    chat.topics = {int(number): str(name) for number, name in named}
    return chat
