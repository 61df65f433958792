"""Who is in the channels we write to, as far as a platform tells it, for the warning before a restricted memo goes.

`Channel.people` is `{"at": ISO, "count": n, "users": [ids] or null}`; without `count` it could not be known, and empty
means never asked. The ids of people who are no members are personal data, so nothing else about them is kept: no name,
no history. Each look replaces the one before; it goes with the channel, and as soon as that has another purpose.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select, update

from storage.communities import Channel
from storage.database import Session
from storage.members import GUEST, Account, Member

WATCHED = ("members", "announcements")
"""Purposes of channels whose people are looked up."""
EVERY = timedelta(hours=1)
_MARK = 8


@dataclass(frozen=True, slots=True)
class Look:
    """Be a channel whose people should be looked up, or forgotten."""

    channel: int
    community: int
    platform: str
    workspace: str
    chat: str
    wanted: bool


@dataclass(frozen=True, slots=True)
class Outsiders:
    """Say who in a channel may not see something. `unknown`: the platform does not tell who is there.

    `there` is how many people are there, `None` if not even that is known; `at` when it was looked up. `marks` tell the
    outsiders apart without saying who they are.
    """

    there: int | None = None
    names: tuple[str, ...] = ()
    strangers: int = 0
    unknown: bool = True
    at: datetime | None = None
    marks: frozenset[str] = frozenset()

    @property
    def count(self) -> int:
        """Count who may not see it; 0 where that is unknown."""
        return len(self.names) + self.strangers

    @property
    def stamp(self) -> str:
        """Give eight characters that stand for exactly these people, "" for nobody or unknown."""
        return _short(",".join(sorted(self.marks))) if self.marks else ""


async def due(db: Session, now: datetime) -> list[Look]:
    """Give the channels to look up, of all communities of the session: never looked up, or an hour ago.

    Those that are not watched any more, or out of reach, and still have people noted come as not `wanted`.
    """
    asked = select(
        Channel.id, Channel.community_id, Channel.platform, Channel.workspace, Channel.chat, Channel.purpose,
        Channel.reachable, Channel.people,
    )  # fmt: skip
    found: list[Look] = []
    rows = await db.execute(asked.order_by(Channel.id))
    for channel, community, platform, workspace, chat, purpose, reachable, people in rows:
        wanted = reachable and purpose in WATCHED
        if _old(people, now) if wanted else people:
            found.append(Look(channel, community, platform, workspace, chat, wanted))
    return found


def _old(people: dict[str, Any], now: datetime) -> bool:
    at = _moment(people)
    return at is None or not now - EVERY < at <= now


def _moment(people: dict[str, Any]) -> datetime | None:
    return datetime.fromisoformat(people["at"]) if people.get("at") else None


async def users_of(db: Session, platform: str, workspace: str) -> set[str]:
    """Give the ids of the accounts we know in a workspace, of all communities of the session."""
    asked = select(Account.user).where(Account.platform == platform, Account.workspace == workspace)
    return set(await db.scalars(asked))


async def keep(db: Session, channel: int, now: datetime, count: int, users: Iterable[str] | None) -> None:
    """Note who is in a channel; `users` is `None` where the platform only counts."""
    people: dict[str, Any] = {"at": now.isoformat(), "count": count, "users": None if users is None else list(users)}
    await _note(db, channel, people)


async def unknown(db: Session, channel: int, now: datetime) -> None:
    """Note that the platform does not tell us who is in a channel; what was known is forgotten."""
    await _note(db, channel, {"at": now.isoformat()})


async def forget(db: Session, channel: int) -> None:
    """Forget who is in a channel."""
    await _note(db, channel, {})


async def _note(db: Session, channel: int, people: dict[str, Any]) -> None:
    noted = update(Channel).where(Channel.id == channel).values(people=people)
    await db.execute(noted.execution_options(synchronize_session=False))


async def outsiders(db: Session, channel: Channel, entitled: Collection[int]) -> Outsiders:
    """Find who in a channel is not among the entitled members: by name whom we know, the others as a number.

    Somebody who only registered for a webinar counts as a person we do not know.
    """
    people = await db.scalar(select(Channel.people).where(Channel.id == channel.id)) or {}
    at, there = _moment(people), people.get("count")
    if there is None or people.get("users") is None:
        return Outsiders(there=there, at=at)
    asked = select(Account.user, Member.id, Member.name).join(Member, Member.id == Account.member_id)
    asked = asked.where(Account.platform == channel.platform, Account.workspace == channel.workspace)
    rows = await db.execute(asked.where(or_(Member.state != GUEST, Member.id.in_(entitled))))
    known = {user: (id, name) for user, id, name in rows}
    outside = [each for each in people["users"] if each not in known or known[each][0] not in entitled]
    names = sorted(known[each][1] for each in outside if each in known)
    marks = frozenset(_short(f"{channel.platform}:{channel.workspace}:{each}") for each in outside)
    return Outsiders(there, tuple(names), len(outside) - len(names), False, at, marks)


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_MARK]
