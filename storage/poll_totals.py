"""Counting votes: totals, their order, and the winner. Pure; no ballot leaves it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from storage.polls import PollOption

RANKS = 3
"""Options one may put in order; they get 3, 2 and 1 points (Borda, domain 3.1)."""
YES, MAYBE, NO = "y", "m", "n"
WORDS = {YES: "yes", MAYBE: "maybe", NO: "no"}
"""Answers to a slot as they stand in ballots and buttons, and in totals."""

Choices: TypeAlias = dict[str, Any]


def count(kind: str, ids: Sequence[int], ballots: Iterable[tuple[Choices, int]]) -> dict[int, dict[str, int]]:
    """Add up ballots, each with how often it was cast. Pure: Borda 3-2-1 for topics (domain 3.1)."""
    names = {"topic": ("points", "first"), "date": ("yes", "maybe", "no")}.get(kind, ("votes",))
    totals = {each: dict.fromkeys(names, 0) for each in ids}
    for choices, number in ballots:
        if kind == "topic":
            for rank, each in enumerate(choices.get("order", ())[:RANKS]):
                if each in totals:
                    totals[each]["points"] += (RANKS - rank) * number
                    totals[each]["first"] += number if rank == 0 else 0
        elif kind == "date":
            for key, answer in choices.items():
                if int(key) in totals:
                    totals[int(key)][WORDS[answer]] += number
        elif choices.get("one") in totals:
            totals[choices["one"]]["votes"] += number
    return totals


def ranked(kind: str, found: Sequence[PollOption]) -> list[PollOption]:
    """Put options in the order of their totals, the best first.

    Topics: most points, then most first choices. Dates: most yes, then most who can come at all, then the earlier.
    """

    def place(each: PollOption) -> tuple[float, ...]:
        totals = each.totals
        if kind == "topic":
            return (-totals.get("points", 0), -totals.get("first", 0), each.position)
        if kind == "date":
            yes, moment = totals.get("yes", 0), each.starts_at.timestamp() if each.starts_at else 0.0
            return (-yes, -yes - totals.get("maybe", 0), moment)
        return (-totals.get("votes", 0), each.position)

    return sorted(found, key=place)


def best(kind: str, found: Sequence[PollOption]) -> list[PollOption]:
    """Give the winner; several when they are equal in everything that counts, none when nobody voted for any."""
    order = ranked(kind, found)
    if kind == "date":
        return order[:1] if order and order[0].totals.get("yes", 0) + order[0].totals.get("maybe", 0) else []
    if not order or not order[0].totals.get("points" if kind == "topic" else "votes", 0):
        return []
    return [each for each in order if each.totals == order[0].totals]
