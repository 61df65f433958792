"""Rate limits in real time, as the platforms enforce them (platforms §2.2, §3.1; design §9)."""

from __future__ import annotations

import math
import time
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sandbox.errors import WrongCall

SWEEP_AT = 50_000
"""Remembered keys above which idle ones are forgotten."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Allow `count` calls in `seconds`: a sliding window, or, with a `burst`, a bucket of that many that refills."""

    count: int
    seconds: float
    burst: int = 0


DEFAULTS: Mapping[str, Rule] = {
    "telegram.bot": Rule(30, 1),
    "telegram.private": Rule(1, 1, burst=3),
    "telegram.group": Rule(20, 60),
    "slack.channel": Rule(1, 1, burst=3),
    "slack.workspace": Rule(300, 60),
    "slack.tier1": Rule(3, 60),
    "slack.tier2": Rule(20, 60),
    "slack.tier3": Rule(50, 60),
    "slack.tier4": Rule(100, 60),
    "slack.special": Rule(600, 60),
}


class _Bucket:
    __slots__ = ("full_at",)

    def __init__(self) -> None:
        self.full_at = 0.0

    def wait(self, rule: Rule, now: float) -> float:
        gap = rule.seconds / rule.count
        return max(self.full_at, now) - now - gap * (rule.burst - 1)

    def take(self, rule: Rule, now: float) -> None:
        self.full_at = max(self.full_at, now) + rule.seconds / rule.count

    def idle(self, now: float) -> bool:
        return self.full_at <= now


class _Window:
    __slots__ = ("times",)

    def __init__(self) -> None:
        self.times: deque[float] = deque()

    def wait(self, rule: Rule, now: float) -> float:
        while self.times and self.times[0] <= now - rule.seconds:
            self.times.popleft()
        return self.times[-rule.count] + rule.seconds - now if len(self.times) >= rule.count else 0.0

    def take(self, rule: Rule, now: float) -> None:
        self.times.append(now)

    def idle(self, now: float) -> bool:
        return not self.times or self.times[-1] < now - 3600


class Limits:
    """Judge calls by named rules; `breaches` counts refusals per rule since the start."""

    def __init__(self) -> None:
        self.enabled = True
        self.rules: dict[str, Rule] = dict(DEFAULTS)
        self.breaches: Counter[str] = Counter()
        self._kept: dict[tuple[str, str], _Bucket | _Window] = {}

    def refuse(self, keys: Sequence[tuple[str, str]]) -> int:
        """Judge one call that falls under several (rule, key) pairs, such as `("telegram.private", "5001")`.

        Give 0 and count the call under all of them, or give whole seconds to wait (at least 1) and count it nowhere.
        """
        if not self.enabled:
            return 0
        now, judged = time.monotonic(), []
        for name, key in keys:
            rule = self.rules[name]
            kept = self._kept.get((name, key))
            if kept is None:
                kept = self._kept[name, key] = _Bucket() if rule.burst else _Window()
            # A hundredth of a second is forgiven: our clock and the sender's do not tick together.
            wait = kept.wait(rule, now)
            if wait > 0.01:
                self.breaches[name] += 1
                return max(1, math.ceil(wait))
            judged.append((kept, rule))
        for kept, rule in judged:
            kept.take(rule, now)
        if len(self._kept) > SWEEP_AT:
            self._kept = {key: each for key, each in self._kept.items() if not each.idle(now)}
        return 0

    def named(self, name: str, workspace: str) -> str:
        """Give the name of the rule that holds in a workspace: its own, if `change` was given one, else that of all."""
        own = f"{name}@{workspace}"
        return own if own in self.rules else name

    def change(self, wanted: Mapping[str, Any]) -> None:
        """Apply `{"enabled": bool, "<rule>": {"count", "seconds", "burst"}}`; if wrong, change nothing.

        `slack.workspace@T2` holds in one Slack workspace alone. Raise `WrongCall` naming the rule.
        """
        rules = dict(self.rules)
        for name, value in wanted.items():
            if name == "enabled":
                if not isinstance(value, bool):
                    raise WrongCall('"enabled" is true or false')
                continue
            known = name if name in rules else str(name).partition("@")[0]
            if known not in DEFAULTS or (known != name and not known.startswith("slack.")):
                raise WrongCall(f"there is no limit {name!r}; there are {', '.join(sorted(DEFAULTS))}")
            try:
                rule = Rule(**{**asdict(rules[known]), **value})
                good = rule.count >= 1 and rule.seconds > 0 and rule.burst >= 0
            except TypeError:
                good = False
            if not good:
                raise WrongCall(f'{name} is {{"count": 1 or more, "seconds": above 0, "burst": 0 or more}}')
            rules[name] = rule
            self._kept = {key: each for key, each in self._kept.items() if key[0] != name}
        self.rules, self.enabled = rules, wanted.get("enabled", self.enabled)

    def view(self) -> dict[str, Any]:
        """Give what `/control/limits` answers."""
        rules = {name: asdict(rule) for name, rule in self.rules.items()}
        return {"enabled": self.enabled, "breaches": dict(self.breaches), **rules}
