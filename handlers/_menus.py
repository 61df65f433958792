"""Which commands stand first: the order of the short help and of the platforms' command menus (conversation §2)."""

from __future__ import annotations

from collections.abc import Iterable

from handlers._feature import CommandRoute

ORGANISERS = (
    "desk",
    "todo",
    "meeting new",
    "meeting status",
    "poll topic",
    "memo new",
    "announce",
    "members",
    "deliveries",
)
MEMBERS = ("home", "meetings", "my", "polls", "feedback", "memos", "library", "settings", "privacy", "help")
GROUPS = ("meetings", "webinar", "help")
_ORDER = {words: place for place, words in enumerate((*ORGANISERS, *MEMBERS))}


def ordered(routes: Iterable[CommandRoute]) -> list[CommandRoute]:
    """Sort commands: what organisers need most, what members need most, then the rest by their words."""
    return sorted(routes, key=lambda each: (_ORDER.get(each.words, len(_ORDER)), each.words))


def short_list(routes: Iterable[CommandRoute], *, organiser: bool) -> list[CommandRoute]:
    """Give the commands of the short menus, for members or for organisers, whose own ones stand first."""
    found = [each for each in routes if each.menu]
    return ordered(found if organiser else (each for each in found if each.who in ("anyone", "member")))


__all__ = ["GROUPS", "MEMBERS", "ORGANISERS", "ordered", "short_list"]
