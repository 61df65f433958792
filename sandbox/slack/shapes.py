"""Rules for JSON shapes, put together from small pieces: what Block Kit allows, said as tables in `blocks`.

A rule is a function of (findings, value, place). It writes what is wrong the way Slack does in
`response_metadata.messages`, with a JSON pointer to the place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.slack.mrkdwn import faults


class Findings:
    """Gather what is wrong with one payload, and the ids it uses, on one surface: message, modal or home."""

    __slots__ = ("actions", "blocks", "focus", "inputs", "messages", "surface")

    def __init__(self, surface: str) -> None:
        self.surface = surface
        self.messages: list[str] = []
        self.blocks: set[str] = set()
        self.actions: set[str] = set()
        self.focus = 0
        self.inputs = 0

    def add(self, message: str, place: str) -> None:
        """Note one fault at a JSON pointer."""
        self.messages.append(f"[ERROR] {message} [json-pointer:{place}]")


Rule = Callable[[Findings, Any, str], None]


def string(most: int, least: int = 1, pattern: str = "") -> Rule:
    """Demand a string of `least` to `most` characters that matches `pattern`."""
    regex = re.compile(pattern) if pattern else None

    def rule(findings: Findings, value: Any, place: str) -> None:
        if not isinstance(value, str):
            findings.add("must provide a string", place)
        elif len(value) > most:
            findings.add(f"must be less than {most + 1} characters", place)
        elif len(value) < least:
            findings.add(f"must be more than {least - 1} characters", place)
        elif regex and not regex.match(value):
            findings.add("failed to match the expected pattern", place)

    return rule


def number(least: int, most: int) -> Rule:
    """Demand an integer between two bounds, both allowed."""

    def rule(findings: Findings, value: Any, place: str) -> None:
        if not isinstance(value, int) or isinstance(value, bool):
            findings.add("must provide an integer", place)
        elif not least <= value <= most:
            findings.add(f"must be between {least} and {most}", place)

    return rule


def flag(findings: Findings, value: Any, place: str) -> None:
    """Demand true or false."""
    if not isinstance(value, bool):
        findings.add("must provide a boolean", place)


def anything(findings: Findings, value: Any, place: str) -> None:
    """Let everything pass; for parts nobody here needs in detail."""


def one_of(*allowed: str) -> Rule:
    """Demand one of some words."""

    def rule(findings: Findings, value: Any, place: str) -> None:
        if value not in allowed:
            findings.add(f"value must be one of {', '.join(allowed)}", place)

    return rule


def many(each: Rule, most: int, least: int = 1) -> Rule:
    """Demand a list of `least` to `most` things that keep a rule."""

    def rule(findings: Findings, value: Any, place: str) -> None:
        if not isinstance(value, list):
            findings.add("must provide an array", place)
            return
        if len(value) > most:
            findings.add(f"no more than {most} items allowed", place)
        if len(value) < least:
            findings.add(f"must have at least {least} items", place)
        for index, item in enumerate(value):
            each(findings, item, f"{place}/{index}")

    return rule


def fields(findings: Findings, value: Any, place: str, needed: Mapping[str, Rule], may: Mapping[str, Rule]) -> None:
    """Demand an object with all `needed` fields and no others than those and `may`."""
    if not isinstance(value, dict):
        findings.add("must be an object", place)
        return
    for name in needed:
        if value.get(name) is None:
            findings.add(f"missing required field: {name}", place)
    for name, item in value.items():
        rule = needed.get(name) or may.get(name)
        if rule is None:
            if name != "type":
                findings.add(f"invalid additional property: {name}", place)
        elif item is not None:
            rule(findings, item, f"{place}/{name}")
        elif name not in needed:
            findings.add(f"must not be null: {name}", place)


def shape(needed: Mapping[str, Rule], may: Mapping[str, Rule]) -> Rule:
    """Demand an object of a fixed shape."""

    def rule(findings: Findings, value: Any, place: str) -> None:
        fields(findings, value, place, needed, may)

    return rule


def text(most: int, kinds: tuple[str, ...] = ("plain_text", "mrkdwn"), least: int = 1) -> Rule:
    """Demand a text object of one of some kinds, with at most so many characters and sound mrkdwn."""

    def rule(findings: Findings, value: Any, place: str) -> None:
        if not isinstance(value, dict):
            findings.add("must be a text object", place)
            return
        kind, words = value.get("type"), value.get("text")
        if kind not in kinds:
            findings.add(f"must be of type {' or '.join(kinds)}", f"{place}/type")
            return
        extra = set(value) - {"type", "text", "emoji" if kind == "plain_text" else "verbatim"}
        if extra:
            findings.add(f"invalid additional property: {sorted(extra)[0]}", place)
        if not isinstance(words, str):
            findings.add("missing required field: text", place)
        elif len(words) > most:
            findings.add(f"must be less than {most + 1} characters", f"{place}/text")
        elif len(words) < least:
            findings.add(f"must be more than {least - 1} characters", f"{place}/text")
        elif kind == "mrkdwn" and "<" in words:
            for fault in faults(words):
                findings.add(fault, f"{place}/text")

    return rule


def plain(most: int, least: int = 1) -> Rule:
    """Demand a plain_text object."""
    return text(most, ("plain_text",), least)
