"""What the bot does: one module (or package) per feature, found by itself; names starting with `_` are shared parts."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Iterator
from functools import cache

from handlers._feature import Feature


class FeatureError(Exception):
    """Name two features that claim the same thing, or a name that breaks a rule; raised at start."""


@cache
def features() -> tuple[Feature, ...]:
    """Find every feature, sorted by module name. Raise `FeatureError` when two of them claim the same name."""
    found = []
    for module in sorted(each.name for each in pkgutil.iter_modules(__path__)):
        if not module.startswith("_"):
            feature = getattr(importlib.import_module(f"{__name__}.{module}"), "feature", None)
            if isinstance(feature, Feature):
                found.append(feature)
    check(found)
    return tuple(found)


def check(found: Iterable[Feature]) -> None:
    """Check that every name has one owner and verbs have at most eight letters. Raise `FeatureError` naming both."""
    owners: dict[tuple[str, str], str] = {}
    for feature in found:
        for kind, name in _claims(feature):
            other = owners.setdefault((kind, name), feature.name)
            if other != feature.name:
                raise FeatureError(f"{kind} {name!r} is claimed by {other!r} and {feature.name!r}")
        words = [name for kind, name in _claims(feature) if kind == "command word"]
        if len(words) != len(set(words)):
            raise FeatureError(f"feature {feature.name!r} claims a command word twice: {sorted(words)}")
        for verb in feature.clicks:
            if not (verb.isascii() and verb.isalpha() and len(verb) <= 8):
                raise FeatureError(f"verb {verb!r} of {feature.name!r} is not one to eight ASCII letters")


def _claims(feature: Feature) -> Iterator[tuple[str, str]]:
    from handlers._commands import fold

    yield "feature", feature.name
    for route in feature.commands:
        for words in (route.words, *route.aliases):
            yield "command word", " ".join(fold(words))
    for kind, names in (
        ("verb", feature.clicks),
        ("form", feature.forms),
        ("submission", feature.submissions),
        ("timer", feature.timers),
        ("card", feature.cards),
        ("event", feature.events),
    ):
        for name in names:
            yield kind, name


__all__ = ["FeatureError", "check", "features"]
