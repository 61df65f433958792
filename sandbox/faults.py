"""Faults by rule: the next calls that match a rule go wrong in a chosen way (reliability §3)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, field
from itertools import count
from typing import Any

from aiohttp import web

from sandbox.errors import WrongCall

ACTIONS = {
    "429": "refuse with 429 and `retry_after`; nothing is done",
    "5xx_before": "answer 502; nothing is done",
    "5xx_after": "do it, then answer 502",
    "delay": "do it, then answer `seconds` late",
    "cut_before": "cut the connection; nothing is done",
    "cut_after": "do it, then cut the connection without an answer",
    "garbage": "do it, then answer 200 with something that is not JSON",
    "unauthorized": "refuse as with a revoked token; nothing is done",
    "black_hole": "never answer (or cut after `seconds`, if given); nothing is done",
}
_numbers = count(1)


@dataclass(slots=True)
class Fault:
    """Be a rule: calls of `platform` and `method` (empty = any) to `chat` or `person` (empty = any) suffer `action`.

    `skip` calls pass first, then `count` calls suffer; `seconds` and `retry_after` are real seconds.
    """

    action: str
    platform: str = ""
    method: str = ""
    chat: str = ""
    person: str = ""
    count: int = 1
    skip: int = 0
    seconds: float = 0.0
    retry_after: int = 1
    hits: int = 0
    id: int = field(default_factory=lambda: next(_numbers))

    def matches(self, platform: str, method: str, chat: str, person: str) -> bool:
        """Tell whether a call falls under the rule."""
        return (
            self.platform in {"", platform}
            and self.method.lower() in {"", method.lower()}
            and self.chat in {"", chat}
            and self.person in {"", person}
        )


class Faults:
    """Keep the rules; the first one that matches and is not used up takes the call."""

    def __init__(self) -> None:
        self._rules: list[Fault] = []

    def __bool__(self) -> bool:
        return bool(self._rules)

    def add(self, wanted: Mapping[str, Any]) -> Fault:
        """Add a rule as `POST /control/faults` describes it; raise `WrongCall` naming what is wrong."""
        known = {"platform", "method", "match", "action", "count", "skip", "seconds", "retry_after"}
        if strange := sorted(set(wanted) - known):
            raise WrongCall(f"a fault has no {', '.join(strange)}; it has {', '.join(sorted(known))}")
        action, match = wanted.get("action"), wanted.get("match") or {}
        if not isinstance(action, str) or action not in ACTIONS:
            raise WrongCall(f'"action" is one of {", ".join(ACTIONS)}')
        if not isinstance(match, Mapping) or set(match) - {"chat", "person"}:
            raise WrongCall('"match" is {"chat": ..., "person": ...}, both optional')
        try:
            fault = Fault(
                action,
                str(wanted.get("platform") or ""),
                str(wanted.get("method") or ""),
                str(match.get("chat") or ""),
                str(match.get("person") or ""),
                int(wanted.get("count", 1)),
                int(wanted.get("skip", 0)),
                float(wanted.get("seconds", 0)),
                int(wanted.get("retry_after", 1)),
            )
        except (TypeError, ValueError):
            raise WrongCall('"count", "skip", "seconds" and "retry_after" are numbers') from None
        if min(fault.count, fault.skip, fault.seconds, fault.retry_after) < 0:
            raise WrongCall('"count", "skip", "seconds" and "retry_after" are not negative')
        self._rules.append(fault)
        return fault

    def take(self, platform: str, method: str, chat: str = "", person: str = "") -> Fault | None:
        """Give the rule this call suffers under, if any, and count it."""
        if not self._rules:
            return None
        for fault in self._rules:
            if fault.count > 0 and fault.matches(platform, method, chat, person):
                if fault.skip > 0:
                    fault.skip -= 1
                    return None
                fault.count -= 1
                fault.hits += 1
                return fault
        return None

    def drop(self, id: int) -> bool:
        """Forget one rule; tell whether there was one."""
        before = len(self._rules)
        self._rules = [each for each in self._rules if each.id != id]
        return len(self._rules) < before

    def clear(self) -> None:
        """Forget all rules."""
        self._rules.clear()

    def view(self) -> list[dict[str, Any]]:
        """Give all rules with what is left of them."""
        return [asdict(fault) for fault in self._rules]


async def suffer(
    fault: Fault,
    request: web.Request,
    work: Callable[[], Awaitable[web.StreamResponse]],
    refuse: Callable[[int], web.StreamResponse],
) -> web.StreamResponse:
    """Answer a request under a fault.

    `work` does what the call asks and writes its ledger row; `refuse(status)` writes a row for a call that was not done
    and makes the platform's own answer for 429, 401 or 502. A cut call that was not done is written with status 0.
    """
    match fault.action:
        case "429":
            return refuse(429)
        case "unauthorized":
            return refuse(401)
        case "5xx_before":
            return refuse(502)
        case "5xx_after":
            await work()
            return web.Response(status=502, text="Bad Gateway")
        case "delay":
            answer = await work()
            await asyncio.sleep(fault.seconds)
            return answer
        case "cut_after":
            await work()
        case "garbage":
            await work()
            return web.Response(text="<html>not what you expect</html>", content_type="text/html")
        case "black_hole":
            refuse(0)
            await asyncio.sleep(fault.seconds or 3600)
        case _:
            refuse(0)
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)  # goes nowhere
