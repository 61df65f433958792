"""Who acts and where: people, places and messages by platform name and opaque ids.

An id is never guessed from its form: Telegram and other platforms share numeric ids, so the platform's name always
travels with it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

PlaceKind = Literal["dm", "group"]


@dataclass(frozen=True, slots=True)
class Person:
    """Name one account on one platform; rights hang on `(platform, workspace, user)` alone (reliability S12)."""

    platform: str
    workspace: str
    user: str
    name: str = field(default="", compare=False)
    language: str = field(default="", compare=False)

    @property
    def id(self) -> str:
        """Give the account as one string, for locks and logs."""
        return f"{self.platform}:{self.workspace}:{self.user}"


@dataclass(frozen=True, slots=True)
class Place:
    """Name a chat: a private one with a person (`dm`) or one with several people (`group`)."""

    platform: str
    workspace: str
    chat: str
    kind: PlaceKind = "dm"
    thread: str = ""

    @property
    def id(self) -> str:
        """Give the chat as one string, for locks and logs."""
        return f"{self.platform}:{self.workspace}:{self.chat}"


@dataclass(frozen=True, slots=True)
class PeopleIn:
    """Say who is in a chat of several people, without the bot; `users` is `None` where a bot cannot list them."""

    count: int
    users: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class MessageRef:
    """Point at one message we sent, so that it can be edited."""

    platform: str
    workspace: str
    chat: str
    message: str
