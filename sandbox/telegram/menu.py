"""What an app shows of the bot besides messages: the command menu of a reader in a chat, and what the bot is for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.people import Person
from sandbox.telegram.server import Server
from sandbox.telegram.state import Chat


def scope_key(scope: Mapping[str, Any]) -> str:
    """Give the key under which the commands of a scope are kept; ids count the same as numbers and as text."""
    return repr(sorted((name, str(value)) for name, value in scope.items()))


def commands_for(server: Server, chat: Chat, person: Person) -> list[dict[str, str]]:
    """Give the commands a person's app offers in a chat.

    The narrowest scope that has commands counts, each first in the person's language (API: BotCommandScope).
    """
    here = {"chat_id": chat.id}
    scopes: list[dict[str, Any]] = [{"type": "chat", **here}]
    if chat.private:
        scopes.append({"type": "all_private_chats"})
    else:
        if person.telegram:
            scopes.insert(0, {"type": "chat_member", **here, "user_id": person.telegram.user})
        if person.id in chat.admins:
            scopes.insert(-1, {"type": "chat_administrators", **here})
            scopes.append({"type": "all_chat_administrators"})
        scopes.append({"type": "all_group_chats"})
    for scope in [*scopes, {"type": "default"}]:
        for language in (person.language.partition("-")[0], ""):
            if found := server.commands.get((scope_key(scope), language)):
                return found
    return []


def about(server: Server, person: Person) -> str:
    """Give what the bot says of itself in an empty chat, in the person's language if it has a text for it."""
    language = person.language.partition("-")[0]
    return server.profile.get(f"description {language}") or server.profile.get("description ", "")
