"""Five hundred people press within two seconds: how long until the platform has the acknowledgment (design §7)."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench import stage as stages
from bench import town
from bench.bare_votes import Votes
from bench.report import Broken, Row, Say, failed, middle, percentile
from bench.stage import Stage
from bench.town import CHOICES, Person

NAME, UNIT, BUDGET, MOST = "ack_under_500_presses", "s (p99)", "p99 < 1 s", 1.0
WARMING = 50
"""Presses before the first run."""
PATIENCE = 60.0
"""Seconds until everything must be acknowledged and counted."""


@dataclass(frozen=True, slots=True)
class Size:
    """Say how much is measured: `presses` by as many people, evenly `within` seconds, and `runs` of each side."""

    presses: int = 500
    runs: int = 3
    within: float = 2.0
    platforms: tuple[str, ...] = ("telegram", "slack")


@dataclass(slots=True)
class Side:
    """Be ours or the baseline: its sandbox, its posted cards, how its replies are counted."""

    stage: Stage
    cards: dict[Person, tuple[str, str]]
    counts: Callable[[], Awaitable[dict[str, int]]]
    stands: Counter[str] = field(default_factory=Counter)
    times: list[float] = field(default_factory=list)
    lost: int = 0
    """Presses that Slack gave up after three seconds: the person saw an error, the reply must count all the same."""


async def measure(quick: bool, say: Say, size: Size | None = None) -> list[Row]:
    """Take one row per platform: Telegram by polling, Slack by Socket Mode, both on SQLite."""
    size = size or (Size(60, 1) if quick else Size())
    rows = []
    for platform in size.platforms:
        name = f"{NAME}.{platform}"
        say(name)
        try:
            rows.append(await _row(name, platform, size))
        except Broken as error:
            rows.append(failed(name, UNIT, BUDGET, str(error)))
    return rows


async def _row(name: str, platform: str, size: Size) -> Row:
    warming = min(WARMING, size.presses)
    people = town.crowd(platform, warming + size.presses * size.runs)
    turns = [people[:warming]]  # the first one warms up and does not count
    turns += [people[start : start + size.presses] for start in range(warming, len(people), size.presses)]
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        sides = {
            "bare": await stack.enter_async_context(_bare(folder, platform, people)),
            "ours": await stack.enter_async_context(_ours(folder, platform, people)),
        }
        for turn, mine in enumerate(turns):
            for which in sorted(sides, reverse=bool(turn % 2)):
                side = sides[which]
                try:
                    times = await _press_all(platform, side, mine, size.within)
                    await _right(side)
                except Broken as error:
                    raise Broken(f"{which}: {error}") from error
                await asyncio.sleep(size.within / 2)  # the edits that follow belong to this run, not to the next one
                if turn:
                    side.times.append(percentile(times, 0.99))
    figure, baseline = middle(sides["ours"].times), middle(sides["bare"].times)
    ratio = round(figure / baseline, 3)
    lost = sides["ours"].lost
    met = figure < MOST and not lost
    notes = [f"{lost} presses had no acknowledgment within 3 s"] if lost else []
    notes += [f"{size.presses} presses only"] if size.presses != Size.presses else []
    return Row(name, round(figure, 3), UNIT, round(baseline, 3), ratio, BUDGET, met, "; ".join(notes))


async def _posted(stage: Stage, people: Sequence[Person]) -> dict[Person, tuple[str, str]]:
    """Post everybody's card, twenty at a time; limits are off, so that only the app is measured."""
    await stage.control("limits", enabled=False)
    cards: dict[Person, tuple[str, str]] = {}
    waiting = iter(people)

    async def worker() -> None:
        for person in waiting:
            cards[person] = await stage.post(person)

    await asyncio.gather(*(worker() for _ in range(20)))
    return cards


@asynccontextmanager
async def _ours(folder: Path, platform: str, people: Sequence[Person]) -> AsyncIterator[Side]:
    place = folder / "ours"
    place.mkdir()
    url = f"sqlite:///{place}/convenor.sqlite3"
    async with stages.sandbox(place, people) as stage:
        cards = await _posted(stage, people)
        await town.fill(url, people)
        await town.note_cards(url, cards, await stage.post_public(platform))
        async with stages.convenor(place, stage, url, [platform]):
            yield Side(stage, cards, lambda: town.replies(url))


@asynccontextmanager
async def _bare(folder: Path, platform: str, people: Sequence[Person]) -> AsyncIterator[Side]:
    place = folder / "bare"
    place.mkdir()
    url = f"sqlite:///{place}/votes.sqlite3"
    async with stages.sandbox(place, people) as stage:
        cards = await _posted(stage, people)
        async with stages.bare(place, stage, url, platform):
            votes = Votes(url)
            try:
                yield Side(stage, cards, lambda: votes.counts(town.KEY))
            finally:
                await votes.close()


async def _press_all(platform: str, side: Side, people: Sequence[Person], within: float) -> list[float]:
    """Let everybody press once, evenly over so many seconds; give the seconds until each was acknowledged."""
    after = (await side.stage.ledger())[-1]["n"]
    began = time.monotonic() + 0.2
    pressed: dict[str, float] = {}
    took: list[float] = []

    async def one(index: int, person: Person) -> None:
        choice, (chat, message) = CHOICES[person.number % 3], side.cards[person]
        await asyncio.sleep(began + index * within / len(people) - time.monotonic())
        at, here = time.time(), time.monotonic()
        where = {"person": person.id, "platform": platform, "chat": chat, "message": message}
        done = await side.stage.control("press", **where, button=town.data(choice))
        side.stands[choice] += 1
        if platform == "telegram":
            pressed[done["callback"]] = at
        else:
            took.append(time.monotonic() - here)
            side.lost += not done["acked"]

    try:
        async with asyncio.TaskGroup() as group:
            for index, person in enumerate(people):
                group.create_task(one(index, person))
    except ExceptionGroup as error:
        raise Broken(str(error.exceptions[0])) from error
    return took or await _answered(side.stage, after, pressed)


async def _answered(stage: Stage, after: int, pressed: dict[str, float]) -> list[float]:
    """Wait for the answers to presses on Telegram; the ledger has the moment each one arrived."""
    deadline = time.monotonic() + PATIENCE
    took: dict[str, float] = {}
    while len(took) < len(pressed):
        if time.monotonic() > deadline:
            raise Broken(f"{len(pressed) - len(took)} presses were not answered within {PATIENCE:g} s")
        await asyncio.sleep(0.3)
        for row in await stage.ledger(after):
            after = row["n"]
            query = str(row["body"].get("callback_query_id", ""))
            if row["method"] == "answerCallbackQuery" and row["status"] == 200 and query in pressed:
                took[query] = row["real"] - pressed[query]
    return list(took.values())


async def _right(side: Side) -> None:
    """Wait until the counts are exact. Raise `Broken` if they do not become so."""
    deadline = time.monotonic() + PATIENCE
    while Counter(found := await side.counts()) != side.stands:
        if time.monotonic() > deadline:
            raise Broken(f"counted {found}, pressed {dict(side.stands)}")
        await asyncio.sleep(0.1)
