"""What a Telegram server knows, and the look-ups every method needs."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.errors import WrongCall
from sandbox.people import Person
from sandbox.telegram.errors import Refused, bad, forbidden, too_many
from sandbox.telegram.params import Params
from sandbox.telegram.state import Bot, Chat, Chats, Message, read_bot, read_group
from sandbox.telegram.updates import Updates
from sandbox.world import World


@dataclass(slots=True)
class Query:
    """Be a press that waits for its answer until `until` (monotonic time)."""

    id: str
    person: Person
    chat: Chat
    until: float


@dataclass(frozen=True, slots=True)
class StoredFile:
    """Be a file on the server; `id` is what `file_id` names, `path` what the file route serves."""

    id: str
    unique: str
    name: str
    kind: str
    content: bytes
    path: str

    def document(self) -> dict[str, Any]:
        """Give the file as a Bot API `Document`."""
        return {
            "file_id": self.id,
            "file_unique_id": self.unique,
            "file_name": self.name,
            "mime_type": self.kind,
            "file_size": len(self.content),
        }


class Server:
    """Hold the bot, its chats, updates, files, commands and open presses."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.bot = Bot()
        self.chats = Chats()
        self.updates = Updates()
        self.files: dict[str, StoredFile] = {}
        self.paths: dict[str, StoredFile] = {}
        self._contents: dict[bytes, bytes] = {}
        self.queries: dict[str, Query] = {}
        self.commands: dict[tuple[str, str], list[dict[str, str]]] = {}
        self.profile: dict[str, str] = {}
        self._closing: set[asyncio.Task[None]] = set()

    def load(self, spec: Mapping[str, Any] | None) -> None:
        """Start afresh with the bot and the groups of a world file; a waiting poll gets the new world's updates."""
        if spec is not None and not isinstance(spec, Mapping):
            raise WrongCall('"telegram" is {"token", "bot": {...}, "chats": [...]}')
        self.bot, self.chats = read_bot(spec) if spec else Bot(), Chats()
        for each in (spec or {}).get("chats") or ():
            self.chats.add_group(read_group(each))
        self.files, self.paths, self.queries, self.commands, self.profile = {}, {}, {}, {}, {}
        self._contents = {}
        self.updates.drop()

    # -- chats -------------------------------------------------------------------------------------------------------

    def chat(self, params: Params) -> Chat:
        """Give the chat a call names by `chat_id`; raise `Refused` if there is none or it has moved."""
        given = params.given.get("chat_id")
        if given is None or given == "":
            raise bad("chat_id is empty")
        try:
            chat = self.chat_by_id(int(given))
        except (TypeError, ValueError, OverflowError):
            chat = None
        if chat is None:
            raise bad("chat not found")
        if chat.migrated_to:
            raise bad("group chat was upgraded to a supergroup chat", migrate_to_chat_id=chat.migrated_to)
        return chat

    def chat_by_id(self, id: int) -> Chat | None:
        """Give a chat by its id; the one of a person is made when it is first asked for."""
        chat = self.chats.by_id.get(id)
        if chat is None and (person := self.world.people.on_telegram(id)):
            return self.chats.private(person)
        return chat

    def check_reach(self, chat: Chat) -> None:
        """Raise `Refused` (403) if the bot cannot write here."""
        if chat.private:
            if chat.blocked == "not_found":
                raise bad("chat not found")
            if chat.blocked == "deactivated":
                raise forbidden("user is deactivated")
            if chat.blocked:
                raise forbidden("bot was blocked by the user")
            if not chat.started:
                raise forbidden("bot can't initiate conversation with a user")
        elif chat.bot == "kicked":
            raise forbidden(f"bot was kicked from the {chat.kind} chat")
        elif chat.bot == "left":
            raise forbidden(f"bot is not a member of the {chat.kind} chat")

    def check_pace(self, chat: Chat, *, new: bool = True) -> None:
        """Raise `Refused` (429) if this comes too fast.

        New messages count for the whole bot and for the chat; edits count in groups only (platforms §2.2: assume so).
        """
        if new:
            own = ("telegram.private" if chat.private else "telegram.group", str(chat.id))
            wait = self.world.limits.refuse((("telegram.bot", ""), own))
        elif chat.private:
            return
        else:
            wait = self.world.limits.refuse((("telegram.group", str(chat.id)),))
        if wait:
            raise too_many(wait)

    def own_message(self, params: Params, what: str) -> Message:
        """Give a message of the bot that a call names; raise `Refused` if it is not there or not the bot's."""
        chat = self.chat(params)
        message = chat.messages.get(params.number("message_id"))
        if message is None:
            raise bad(f"message to {what} not found")
        if message.sender["id"] != self.bot.id or message.service is not None:
            raise bad("message can't be edited")
        return message

    def person(self, chat: str) -> Person | None:
        """Give the one person a chat id stands for, `None` for groups."""
        return self.world.people.on_telegram(int(chat)) if chat.isdecimal() and len(chat) < 20 else None

    # -- presses and files -------------------------------------------------------------------------------------------

    def open_query(self, person: Person, chat: Chat) -> Query:
        """Note a press; it can be answered once, as long as presses live."""
        now = time.monotonic()
        while self.queries and (first := next(iter(self.queries.values()))).until < now:
            del self.queries[first.id]
        query = Query(str(secrets.randbits(62)), person, chat, now + self.updates.press_life)
        self.queries[query.id] = query
        return query

    def store(self, name: str, kind: str, content: bytes) -> StoredFile:
        """Keep a file and give it its ids; the same content is in memory once."""
        content = self._contents.setdefault(hashlib.sha256(content).digest(), content)
        unique = secrets.token_urlsafe(9)
        number = len(self.files) + 1
        ending = name.rpartition(".")[2] if "." in name else ""
        suffix = f".{ending}" if ending.isalnum() and ending.isascii() else ""
        file = StoredFile(
            f"BQACAgI{secrets.token_urlsafe(24)}", unique, name, kind, content, f"documents/file_{number}{suffix}"
        )
        self.files[file.id] = self.paths[file.path] = file
        return file

    # -- webhook -----------------------------------------------------------------------------------------------------

    def drop_webhook(self) -> None:
        """Go back to polling; what was not delivered waits for the next poll."""
        if (webhook := self.updates.webhook) is not None:
            self.updates.webhook = None
            task = asyncio.get_running_loop().create_task(webhook.close())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    async def close(self) -> None:
        """Stop delivering."""
        if self.updates.webhook is not None:
            self.drop_webhook()
        await asyncio.gather(*self._closing)


Run = Callable[[Server, Params], Any]


@dataclass(frozen=True, slots=True)
class Method:
    """Be a method of the Bot API: its name, its code, and the parameters it knows."""

    name: str
    run: Run
    known: frozenset[str]


METHODS: dict[str, Method] = {}
"""All methods by their name in lower case, as Telegram does not care about case."""


def method(name: str, known: str = "") -> Callable[[Run], Run]:
    """Add a method; `known` lists its parameters with blanks between. Its code may give an awaitable."""

    def add(run: Run) -> Run:
        METHODS[name.lower()] = Method(name, run, frozenset(known.split()))
        return run

    return add


def check_known(method: Method, params: Params) -> None:
    """Raise `Refused` for a parameter the method does not have: Telegram ignores it, a silent mistake."""
    if not method.known.issuperset(params.given):
        strange = sorted(set(params.given) - method.known)
        raise Refused(400, f"Bad Request: {method.name} has no parameter {', '.join(strange)} (refused by the sandbox)")
