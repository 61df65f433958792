"""What whoever runs the sandbox may tell it about the program under it; alone, the sandbox knows none of this."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

Asked = Callable[[], Awaitable[dict[str, Any]]]


@dataclass(slots=True)
class Hooks:
    """Give the playground what only the bot's side knows. Each is optional; without it the page shows less.

    `planned` tells what waits to be sent, `sent` what kind each message was. `bot_state` is "up", "down", "starting" or
    "" (unknown), asked often; `bot` does "kill", "stop" or "start" and raises `WrongCall` for anything that fails.
    """

    planned: Asked | None = None
    sent: Asked | None = None
    bot_state: Callable[[], str] | None = None
    bot: Callable[[str], Awaitable[None]] | None = None
