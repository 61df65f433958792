"""What waits for somebody, gathered from all features: Home, the digest and the organisers' desk show it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from chat.message import Button, Row
from chat.text import Text
from handlers._feature import Waiting
from storage.database import Session
from storage.members import Member


async def waiting(db: Session, member: Member, now: datetime) -> list[Waiting]:
    """Give what waits for a member in all features, the nearest deadline first."""
    from handlers import features

    return ordered([each for feature in features() for find in feature.waits for each in await find(db, member, now)])


async def todo(db: Session, now: datetime) -> list[Waiting]:
    """Give what organisers have to do in all features, the nearest deadline first."""
    from handlers import features

    return ordered([each for feature in features() for find in feature.todos for each in await find(db, now)])


def numbered(found: Sequence[Waiting], most: int) -> tuple[list[Text], Row]:
    """Write things as numbered lines, and their buttons with the same numbers."""
    lines: list[Text] = [(f"{number}. ", each.line) for number, each in enumerate(found[:most], 1)]
    buttons = tuple(
        Button((f"{number} · ", each.button.label), each.button.press, "primary" if number == 1 else "default")
        for number, each in enumerate(found[:most], 1)
        if each.button is not None
    )
    return lines, buttons


def ordered(found: list[Waiting]) -> list[Waiting]:
    return sorted(found, key=lambda each: (each.by is None, each.by.timestamp() if each.by else 0.0))
