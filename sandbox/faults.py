"""Faults by rule: the next calls that match a rule go wrong in a chosen way (reliability §3)."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Any

from sandbox.errors import WrongCall

ACTIONS = {
    "429": "refuse with 429 and `retry_after` (anything; null leaves it out); nothing is done",
    "5xx_before": "answer `status` (502); nothing is done",
    "5xx_after": "do it, then answer `status` (502)",
    "delay": "do it, then answer `seconds` late",
    "cut_before": "cut the connection; nothing is done",
    "cut_after": "do it, then cut the connection without an answer",
    "garbage": "do it, then answer 200 with something that is not JSON",
    "answer_before": "answer `status` (200), `headers` and `body` (text as it is, else JSON); nothing is done",
    "answer_after": "do it, then answer `status` (200), `headers` and `body`",
    "error_before": "refuse in the platform's way, with the text `error` (Telegram: code `status`); nothing is done",
    "error_after": "do it, then answer as if it had been refused with the text `error`",
    "unauthorized": "refuse as with a revoked token (Slack: `error`, or invalid_auth); nothing is done",
    "black_hole": "never answer (or cut after `seconds`, if given); nothing is done",
    "kill": "do it, then SIGKILL the process `pid` and cut; with `seconds`: answer, and kill so much later",
}
"""What can go wrong. Methods are those of the platforms; besides, `socket` and `http` are what Slack brings to the app
(one count each), `response_url` its answers, and `webhook` what Telegram brings. A `black_hole` without end on
`getUpdates` or `socket` also silences what is open, for good: no news, no pings, whatever is sent is lost."""
WORDS = (
    "action", "platform", "method", "match", "count", "skip", "share", "seed", "seconds", "seconds_long", "begins",
    "retry_after", "status", "headers", "body", "error", "pid",
)  # fmt: skip
_numbers = count(1)


@dataclass(slots=True)
class Fault:
    """Be a rule: calls of `platform` and `method` in `chat`, of `person` or in `workspace` (empty = any) suffer.

    `skip` calls pass first, then `count` calls suffer (`None`: without end). Of the matching calls only a random
    `share` suffers, the same ones for the same `seed`. `seconds`, `seconds_long` and `retry_after` are real seconds:
    with `seconds_long` the rule ends so long after its first hit, or, with `begins` "now", after it was made.
    """

    action: str
    platform: str = ""
    method: str = ""
    chat: str = ""
    person: str = ""
    workspace: str = ""
    count: int | None = 1
    skip: int = 0
    share: float = 1.0
    seed: int = 0
    seconds: float = 0.0
    seconds_long: float = 0.0
    begins: str = "hit"
    retry_after: Any = 1
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    error: str = ""
    pid: int = 0
    hits: int = 0
    id: int = field(default_factory=lambda: next(_numbers))
    _dice: Random = field(default_factory=Random)
    _ends: float | None = None

    def __post_init__(self) -> None:
        self._dice = Random(self.seed)
        if self.seconds_long and self.begins == "now":
            self._ends = time.monotonic() + self.seconds_long

    @property
    def alive(self) -> bool:
        """Tell whether the rule can still take a call."""
        return self.count != 0 and (self._ends is None or time.monotonic() < self._ends)

    @property
    def endless(self) -> bool:
        """Tell whether the rule counts no calls: it lasts until it is lifted or its time is over."""
        return self.count is None

    def matches(self, platform: str, method: str, chat: str, person: str, workspace: str) -> bool:
        """Tell whether a call falls under the rule."""
        return (
            self.platform in {"", platform}
            and self.method.lower() in {"", method.lower()}
            and self.chat in {"", chat}
            and self.person in {"", person}
            and self.workspace in {"", workspace}
        )

    def chosen(self) -> bool:
        """Throw the dice for one matching call."""
        return self.share >= 1 or self._dice.random() < self.share

    def hit(self) -> None:
        """Count one call that suffers."""
        self.hits += 1
        if self.count is not None:
            self.count -= 1
        if self.seconds_long and self._ends is None:
            self._ends = time.monotonic() + self.seconds_long

    def view(self) -> dict[str, Any]:
        """Give the rule with what is left of it, as the control interface shows it."""
        shown = {name: getattr(self, name) for name in self.__slots__ if not name.startswith("_")}
        return {**shown, "alive": self.alive}


class Faults:
    """Keep the rules; the first one that matches, lives, and chooses the call takes it."""

    def __init__(self) -> None:
        self._rules: list[Fault] = []

    def __bool__(self) -> bool:
        return bool(self._rules)

    def add(self, wanted: Mapping[str, Any]) -> Fault:
        """Add a rule as `POST /control/faults` describes it; raise `WrongCall` naming what is wrong."""
        fault = read(wanted)
        self._rules.append(fault)
        return fault

    def take(
        self, platform: str, method: str, chat: str = "", person: str = "", workspace: str = "", only: str = ""
    ) -> Fault | None:
        """Give the rule this call suffers under, if any, and count it; `only` names the one action it can suffer."""
        for fault in self._rules:
            if only and fault.action != only:
                continue
            if fault.alive and fault.matches(platform, method, chat, person, workspace):
                if fault.skip > 0:
                    fault.skip -= 1
                    return None
                if fault.chosen():
                    fault.hit()
                    return fault
        return None

    def silences(self, platform: str, method: str, workspace: str = "") -> Fault | None:
        """Give the black hole without end in which an open connection of this kind is, if any; it is not counted."""
        for fault in self._rules:
            hole = fault.action == "black_hole" and fault.endless and fault.alive and not fault.skip
            if hole and fault.matches(platform, method, fault.chat, fault.person, workspace):
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
        return [fault.view() for fault in self._rules]


def read(wanted: Mapping[str, Any]) -> Fault:
    """Read a rule; raise `WrongCall` naming what is wrong."""
    if strange := sorted(set(wanted) - set(WORDS)):
        raise WrongCall(f"a fault has no {', '.join(strange)}; it has {', '.join(sorted(WORDS))}")
    action, match = wanted.get("action"), wanted.get("match") or {}
    if not isinstance(action, str) or action not in ACTIONS:
        raise WrongCall(f'"action" is one of {", ".join(ACTIONS)}')
    if not isinstance(match, Mapping) or set(match) - {"chat", "person", "workspace"}:
        raise WrongCall('"match" is {"chat": ..., "person": ..., "workspace": ...}, all optional')
    if wanted.get("begins", "hit") not in ("hit", "now"):
        raise WrongCall('"begins" is "hit" (the first one) or "now"')
    given = wanted.get("count", None if wanted.get("seconds_long") else 1)
    try:
        fault = Fault(
            action,
            str(wanted.get("platform") or ""),
            str(wanted.get("method") or ""),
            str(match.get("chat") or ""),
            str(match.get("person") or ""),
            str(match.get("workspace") or ""),
            count=None if given is None else int(given),
            skip=int(wanted.get("skip", 0)),
            share=float(wanted.get("share", 1)),
            seed=int(wanted.get("seed", 0)),
            seconds=float(wanted.get("seconds", 0)),
            seconds_long=float(wanted.get("seconds_long", 0)),
            begins=wanted.get("begins", "hit"),
            retry_after=wanted.get("retry_after", 1),
            status=int(wanted.get("status", 0)),
            headers=_headers(wanted.get("headers")),
            body=wanted.get("body"),
            error=str(wanted.get("error") or ""),
            pid=int(wanted.get("pid", 0)),
        )
    except (TypeError, ValueError, OverflowError):
        names = '"count", "skip", "seconds", "seconds_long", "share", "seed", "status" and "pid"'
        raise WrongCall(f"{names} are numbers") from None
    _judge(fault)
    return fault


def _judge(fault: Fault) -> None:
    if min(fault.count or 0, fault.skip, fault.seconds, fault.seconds_long) < 0 or not 0 <= fault.share <= 1:
        raise WrongCall('"count", "skip", "seconds" and "seconds_long" are not negative, "share" is 0 to 1')
    if fault.status and not 200 <= fault.status <= 599:
        raise WrongCall('"status" is 200 to 599')
    if fault.action.startswith("error") and not fault.error:
        raise WrongCall('give the "error", such as "fatal_error"')
    if fault.action == "kill" and fault.pid <= 1:
        raise WrongCall('give the "pid" of the process to kill')


def _headers(given: object) -> dict[str, str]:
    if given is None:
        return {}
    if not isinstance(given, Mapping) or not all(isinstance(each, str) for pair in given.items() for each in pair):
        raise WrongCall('"headers" is an object of texts')
    if any(ord(sign) < 32 or ord(sign) > 126 for pair in given.items() for text in pair for sign in text):
        raise WrongCall('"headers" are printable ASCII')
    return dict(given)
