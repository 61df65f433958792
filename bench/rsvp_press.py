"""A press from its raw payload to the committed and said answer, sixteen at a time, against bare apps (design §7)."""

from __future__ import annotations

import asyncio
import gc
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from bench import bare_slack, bare_telegram, ours, payloads, postgres, town
from bench.bare_votes import Votes
from bench.children import child
from bench.ours import Press
from bench.payloads import Raw
from bench.report import Broken, Row, Say, failed, middle

NAME, UNIT, BUDGET, LEAST = "rsvp_press", "presses/s", "ratio >= 0.7", 0.7
AT_ONCE = 16
WARMING = 48
"""Presses before the first run; their rate says how many a run may have."""
RUN_SECONDS = 2.0
"""About how long a run lasts at most, so that a slow machine measures with fewer presses and not for many minutes."""
CALLS = {"telegram": ("answerCallbackQuery", "editMessageText"), "slack": ("chat.update", "response")}


@dataclass(frozen=True, slots=True)
class Size:
    """Say how much is measured: at most `presses` a run, `runs` of each side, `members`, and on PostgreSQL, too?"""

    presses: int = 320
    runs: int = 3
    members: int = 320
    postgres: bool = True


async def measure(quick: bool, say: Say, size: Size | None = None) -> list[Row]:
    """Take one row per platform and database."""
    size = size or (Size(48, 1, 48) if quick else Size())
    rows = []
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        server = ""
        if size.postgres and postgres.installed():
            server = await stack.enter_async_context(postgres.server())
        for kind in ("sqlite", "postgresql") if server else ("sqlite",):
            for platform in ("telegram", "slack"):
                name = f"{NAME}.{platform}.{kind}"
                say(name)
                place = folder / f"{platform}-{kind}"
                place.mkdir()
                urls = [
                    await postgres.create(server) if kind == "postgresql" else f"sqlite:///{place}/{side}.sqlite3"
                    for side in ("ours", "bare")
                ]
                try:
                    rows.append(await _row(name, platform, urls[0], urls[1], place, size))
                except Broken as error:
                    rows.append(failed(name, UNIT, BUDGET, str(error)))
    return rows


async def _row(name: str, platform: str, our_url: str, bare_url: str, folder: Path, size: Size) -> Row:
    people = town.crowd(platform, size.members)
    await town.fill(our_url, people)
    public = (platform, town.GROUP if platform == "telegram" else town.CHANNEL, "1")
    await town.note_cards(our_url, {each: (each.chat, each.message) for each in people}, public)
    votes = Votes(bare_url)
    await votes.create()
    rates: dict[str, list[float]] = {"ours": [], "bare": []}
    try:
        async with (
            child("bench.loopback", folder=folder) as api,
            ours.running(platform, our_url, api) as our_press,
            _bare(platform, votes, api) as bare_press,
            aiohttp.ClientSession() as session,
        ):
            sides = {"ours": our_press, "bare": bare_press}
            stands: dict[str, dict[town.Person, str]] = {"ours": {}, "bare": {}}
            number, pressed = min(WARMING, size.presses), 0
            for turn in range(size.runs + 1):  # the first one warms up and does not count
                for side in sorted(sides, reverse=bool(turn % 2)):
                    made = payloads.presses(people, turn, number, f"{api}/slack")
                    rate = await _run(sides[side], made)
                    pressed += number
                    expected = payloads.standing(made, stands[side])
                    found = await (town.replies(our_url) if side == "ours" else votes.counts(town.KEY))
                    if Counter(found) != expected:
                        raise Broken(f"{side}: counted {found}, pressed {dict(expected)}")
                    rates[side].append(rate)
                if not turn:
                    number = min(size.presses, max(number, int(RUN_SECONDS * min(rates["ours"] + rates["bare"]))))
                    rates = {"ours": [], "bare": []}
            await _check_calls(session, api, platform, pressed)
    finally:
        await votes.close()
    figure, baseline = middle(rates["ours"]), middle(rates["bare"])
    ratio = figure / baseline
    return Row(name, round(figure, 1), UNIT, round(baseline, 1), round(ratio, 3), BUDGET, ratio >= LEAST)


async def _run(press: Press, made: Sequence[Raw]) -> float:
    """Press all, sixteen at a time, nobody twice at once; give the presses per second."""
    waiting = iter(made)

    async def worker() -> None:
        for raw in waiting:
            await press(raw)

    gc.collect()
    started = time.perf_counter()
    try:
        async with asyncio.timeout(60), asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(worker())
    except TimeoutError:
        raise Broken("a press was never answered") from None
    except ExceptionGroup as error:
        first = error.exceptions[0]
        raise Broken(f"{type(first).__name__}: {first}") from first
    return len(made) / (time.perf_counter() - started)


@asynccontextmanager
async def _bare(platform: str, votes: Votes, api: str) -> AsyncIterator[Press]:
    if platform == "telegram":
        app = bare_telegram.build(votes, api)
        async with app:

            async def press_telegram(raw: Raw) -> None:
                await bare_telegram.press(app, raw.body)

            yield press_telegram
        return
    waiting: dict[str, asyncio.Future[None]] = {}
    async with aiohttp.ClientSession() as session:
        bolt = bare_slack.build(votes, api, session, lambda user: waiting.pop(user).set_result(None))

        async def press_slack(raw: Raw) -> None:
            done = waiting[raw.person.user] = asyncio.get_running_loop().create_future()
            await bare_slack.press(bolt, raw.body, raw.headers)
            await done

        yield press_slack


async def _check_calls(session: aiohttp.ClientSession, api: str, platform: str, presses: int) -> None:
    """Make sure that both sides really spoke: two calls a press on Telegram, one on Slack."""
    async with session.get(f"{api}/counts") as answer:
        counted: dict[str, Any] = await answer.json()
    spoken = sum(counted.get(each, 0) for each in CALLS[platform])
    wanted = presses * (2 if platform == "telegram" else 1)
    if spoken != wanted:
        raise Broken(f"{spoken} calls instead of {wanted}: {counted}")
