"""`convenor demo --play`: meetings, a memo and a webinar played unattended on the sandbox, then everything counted.

Each scenario has a database and a clock of its own. What the bot's database says was sent is compared with what the
sandbox's ledger says arrived.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from bot.play._main import play_main
from bot.play._meeting import play_meeting
from bot.play._memo import play_memo
from bot.play._webinar import play_webinar

Scenario = Callable[[Path, Callable[[str], None]], Awaitable[dict[str, Any]]]
_PLAYS: dict[str, Scenario] = {
    "main": play_main, "meeting": play_meeting, "memo": play_memo, "webinar": play_webinar,
}  # fmt: skip
SCENARIOS = tuple(_PLAYS)


async def play(community: Path, scenarios: tuple[str, ...] = SCENARIOS) -> dict[str, Any]:
    """Play scenarios one after the other; give the whole result (design §9). Raise `ValueError` for an unknown one."""
    began = time.monotonic()
    result: dict[str, Any] = {"ok": True, "seconds": 0.0, "messages": {}, "indicators": {}}

    def say(text: str) -> None:
        print(f"{time.monotonic() - began:5.1f} s  {text}", file=sys.stderr, flush=True)

    for name in scenarios:
        if name not in _PLAYS:
            raise ValueError(f"there is no scenario {name!r}; known: {', '.join(SCENARIOS)}")
    for name in scenarios:
        part = await _PLAYS[name](community, say)
        _add(result["messages"], part["messages"])
        result["indicators"] = result["indicators"] or part["indicators"]
        result["ok"] = result["ok"] and part["ok"]
    result["seconds"] = round(time.monotonic() - began, 1)
    return result


def _add(total: dict[str, Any], part: dict[str, Any]) -> None:
    """Add the messages of a scenario to those of all."""
    for kind, platforms in part.items():
        for platform, cell in platforms.items():
            known = total.setdefault(kind, {}).setdefault(platform, dict.fromkeys(cell, 0))
            for each, number in cell.items():
                known[each] += number
