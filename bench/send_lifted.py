"""Sending as fast as we can: no limits on either side, one durable row each, against bare sends of the library."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from telegram import Bot, InlineKeyboardMarkup

from bench import stage as stages
from bench import town
from bench.report import Broken, Row, Say, failed, middle
from bench.send_under_limits import plan
from bench.town import Person
from bot.platforms.telegram._aiohttp_request import AiohttpRequest
from storage.database import Database
from storage.deliveries import Delivery

NAME, UNIT, BUDGET, LEAST = "send_lifted", "deliveries/s", ">= 600 /s", 600.0
LANES = 8
"""Requests in flight at once, ours and the baseline's."""
LIFTED = {"TELEGRAM_PER_SECOND": "0", "SLACK_PER_MINUTE": "0"}


@dataclass(frozen=True, slots=True)
class Size:
    """Say how many messages go out in one run, and how often."""

    messages: int = 2000
    runs: int = 3


async def measure(quick: bool, say: Say, size: Size | None = None) -> list[Row]:
    """Take the rate on Telegram and SQLite; the sandbox writes its ledger for both sides and enforces nothing."""
    size = size or (Size(300, 1) if quick else Size())
    ours, bare = list[float](), list[float]()
    name = f"{NAME}.telegram.sqlite"
    try:
        for turn in range(size.runs):
            say(f"{name}: {turn + 1} of {size.runs}")
            our, their = await _run(size.messages)
            ours.append(our)
            bare.append(their)
    except Broken as error:
        return [failed(name, UNIT, BUDGET, str(error))]
    figure, baseline = middle(ours), middle(bare)
    note = f"{size.messages} messages, {LANES} at a time"
    ratio = round(figure / baseline, 3)
    return [Row(name, round(figure, 1), UNIT, round(baseline, 1), ratio, BUDGET, figure >= LEAST, note)]


async def _run(number: int) -> tuple[float, float]:
    """Give the deliveries a second, ours and bare, each on a fresh sandbox and database."""
    people = town.crowd("telegram", number)
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        url = f"sqlite:///{folder}/convenor.sqlite3"
        await town.fill(url, people, invited=False)
        stage = await stack.enter_async_context(stages.sandbox(folder, people))
        await stage.control("limits", enabled=False)
        bare = await _bare(stage.url, people)
        first = _arrived(await stage.ledger(), people)
        await plan(url)
        async with stages.convenor(folder, stage, url, ("telegram",), LIFTED):
            finished = await _all_noted(url, number)
        ledger = await stage.ledger(first)
        _arrived(ledger, people)
        began = min(row["real"] for row in ledger if row["method"] == "sendMessage")
        return number / (finished.timestamp() - began), bare


async def _bare(api: str, people: Sequence[Person]) -> float:
    """Send the same card to the same people with python-telegram-bot alone; nothing is remembered."""
    bot = Bot(town.TELEGRAM_TOKEN, f"{api}/bot", request=AiohttpRequest(), get_updates_request=AiohttpRequest())
    keyboard = InlineKeyboardMarkup.de_json(town.keyboard(), bot)
    left = iter(people)

    async def lane() -> None:
        for person in left:
            await bot.send_message(int(person.user), town.card_text(), reply_markup=keyboard)

    async with bot:
        before = time.perf_counter()
        await asyncio.gather(*(lane() for _ in range(LANES)))
        return len(people) / (time.perf_counter() - before)


def _arrived(ledger: Sequence[dict[str, Any]], people: Sequence[Person]) -> int:
    """Check that everybody got exactly one message; give the number of the last row. Raise `Broken`."""
    reached = Counter(row["person"] for row in ledger if (row["method"], row["status"]) == ("sendMessage", 200))
    wanted = Counter(person.id for person in people)
    if reached != wanted:
        lost, extra = (wanted - reached).total(), (reached - wanted).total()
        raise Broken(f"{lost} messages are missing, {extra} came twice")
    last: int = max(row["n"] for row in ledger)
    return last


async def _all_noted(url: str, number: int) -> datetime:
    """Wait until every row says that it was sent, and give when the last one was noted. Raise `Broken`."""
    database, deadline = Database(url), time.monotonic() + 30 + number / 20
    try:
        while True:
            await asyncio.sleep(0.25)  # seldom, as looking takes from what is measured
            async with database.read() as db:
                found = await db.execute(select(Delivery.state, func.count()).group_by(Delivery.state))
                states = dict(found.all())
                if states == {"sent": number}:
                    last = await db.scalar(select(func.max(Delivery.sent_at)))
                    assert isinstance(last, datetime)
                    return last
            if time.monotonic() > deadline:
                raise Broken(f"deliveries are {states}, planned were {number}")
    finally:
        await database.close()
