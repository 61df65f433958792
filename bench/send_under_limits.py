"""A thousand private messages as fast as the platforms allow, and no faster (design §7)."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from bench import stage as stages
from bench import town
from bench.report import Broken, Row, Say, failed
from bench.stage import Stage
from bench.town import Person
from scheduler import delivery
from scheduler.clock import SystemClock
from storage import invitations
from storage.communities import Community
from storage.database import Database
from storage.deliveries import Delivery
from storage.meetings import by_key
from storage.members import Member

NAME, UNIT, BUDGET, LEAST = "send_under_limits", "messages/s", "ratio >= 0.95, 0 breaches", 0.95
POSTS = {"telegram": "sendMessage", "slack": "chat.postMessage"}
RULES = {"telegram": (30, 1.0), "slack": (300, 60.0)}
"""What the sandbox allows by default: so many in any so many seconds, per bot and per workspace (design §9)."""


@dataclass(frozen=True, slots=True)
class Size:
    """Say how many messages go out on each platform; Slack shows its pace only beyond its 300 a minute."""

    telegram: int = 1000
    slack: int = 310


async def measure(quick: bool, say: Say, size: Size | None = None) -> list[Row]:
    """Take one row per platform; one bot sends on both at the same time."""
    size = size or (Size(100, 0) if quick else Size())
    numbers = {name: number for name, number in (("telegram", size.telegram), ("slack", size.slack)) if number}
    for name, number in numbers.items():
        say(f"{NAME}.{name}: {number} messages, about {_seconds(name, number):.0f} s")
    try:
        return await _rows(numbers)
    except Broken as error:
        return [failed(f"{NAME}.{name}", UNIT, BUDGET, str(error)) for name in numbers]


def _seconds(platform: str, number: int) -> float:
    count, seconds = RULES[platform]
    return (number - 1) // count * seconds + 20 / count


async def _rows(numbers: dict[str, int]) -> list[Row]:
    people = [person for name, number in numbers.items() for person in town.crowd(name, number)]
    with tempfile.TemporaryDirectory(prefix="bench-") as made:
        folder = Path(made)
        url = f"sqlite:///{folder}/convenor.sqlite3"
        await town.fill(url, people, invited=False)
        await plan(url)
        async with stages.sandbox(folder, people) as stage:
            async with stages.convenor(folder, stage, url, list(numbers)):
                ledger = await _all_sent(stage, numbers)
                await _noted(url, len(people))
            refused, breaches = [row for row in ledger if row["status"] == 429], await stage.breaches()
    return [_row(name, number, people, ledger, max(len(refused), breaches)) for name, number in numbers.items()]


async def plan(url: str) -> None:
    """Write the invitations and one delivery each, due now, as confirming a send does after its hold."""
    database, now = Database(url), SystemClock().now()
    try:
        async with database.write() as db:
            db.scope((await db.scalars(select(Community.id))).one())
            members, meeting = list(await db.scalars(select(Member))), await by_key(db, town.KEY)
            assert meeting is not None
            await invitations.invite(db, meeting, [(each, now) for each in members])
            to = [delivery.To(member=each, due=now) for each in members]
            await delivery.plan(db, kind="invitation", subject=town.KEY, occurrence="r0", to=to, now=now)
    finally:
        await database.close()


def _posts(ledger: Sequence[dict[str, Any]], platform: str) -> list[dict[str, Any]]:
    method = POSTS[platform]
    return [row for row in ledger if (row["platform"], row["method"], row["status"]) == (platform, method, 200)]


async def _all_sent(stage: Stage, numbers: dict[str, int]) -> list[dict[str, Any]]:
    """Wait until as many messages went out as were planned; give the ledger."""
    deadline = time.monotonic() + 30 + 1.5 * max(_seconds(name, number) for name, number in numbers.items())
    ledger: list[dict[str, Any]] = []
    while True:
        ledger += await stage.ledger(ledger[-1]["n"] if ledger else 0)
        sent = {name: len(_posts(ledger, name)) for name in numbers}
        if all(sent[name] >= number for name, number in numbers.items()):
            return ledger
        if time.monotonic() > deadline:
            raise Broken(f"sent {sent} of {numbers} when the time was up")
        await asyncio.sleep(0.5)


async def _noted(url: str, number: int) -> None:
    """Wait until every row says that it was sent. Raise `Broken` if one does not."""
    database, deadline = Database(url), time.monotonic() + 10
    try:
        while True:
            async with database.read() as db:
                found = await db.execute(select(Delivery.state, func.count()).group_by(Delivery.state))
                states = dict(found.all())
            if states == {"sent": number}:
                return
            if time.monotonic() > deadline:
                raise Broken(f"deliveries are {states}, planned were {number}")
            await asyncio.sleep(0.2)
    finally:
        await database.close()


def _row(name: str, number: int, people: Sequence[Person], ledger: Sequence[dict[str, Any]], breaches: int) -> Row:
    posts = _posts(ledger, name)
    reached = Counter(row["person"] for row in posts)
    wanted = Counter(person.id for person in people if person.platform == name)
    if reached != wanted:
        lost, extra = (wanted - reached).total(), (reached - wanted).total()
        return failed(f"{NAME}.{name}", UNIT, BUDGET, f"{lost} messages are missing, {extra} came twice")
    count, seconds = RULES[name]
    limit, whole = count / seconds, (number - 1) // count * count
    if not whole:
        return failed(f"{NAME}.{name}", UNIT, BUDGET, f"more than {count} messages are needed")
    # Whole windows only: what a rested connection may send at once at the start would flatter the rate.
    times = sorted(row["real"] for row in posts)
    rate = whole / (times[whole] - times[0])
    met = rate / limit >= LEAST and breaches == 0
    note = f"{number} messages, {breaches} breaches"
    return Row(f"{NAME}.{name}", round(rate, 3), UNIT, round(limit, 3), round(rate / limit, 3), BUDGET, met, note)
