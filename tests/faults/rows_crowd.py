"""Many press at the same time, and somebody else takes our updates (F35, F37)."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise

import aiohttp
from sqlalchemy import select

from bench import town
from scheduler import delivery
from storage.communities import Channel
from tests.faults import presses
from tests.faults.register import row
from tests.faults.stage import COMMUNITY, Send, Stage
from tests.faults.town import Person
from tests.faults.verdict import Verdict

WITHIN, PATIENCE = 2.0, 3.0
CHOICES = ("yes", "maybe", "no")
PACED = {"TELEGRAM_PER_SECOND": "30", "SLACK_PER_MINUTE": "300"}
EDITS = {"telegram": "editMessageText", "slack": "chat.update"}


async def posted(stage: Stage, send: Send) -> None:
    """Put the card with the counts into the members' channels."""
    now = await stage.now()
    async with stage.database.write(COMMUNITY) as db:
        channels = await db.scalars(select(Channel).where(Channel.purpose == "members"))
        to = [delivery.To(channel=each, due=now) for each in channels]
        await delivery.plan(db, kind="meeting_card", subject=send.subject, occurrence="r0", to=to, now=now)


@row("F35", "500 presses in 2 s on both platforms (short: 200)", n=100, full=250, seeds=2, seconds=100, alone=True,
     expected="p99 of the acknowledgment < 3 s; cards in channels at most 1 edit a second; counts exact")  # fmt: skip
async def f35(stage: Stage, seed: int, n: int) -> Verdict:
    bot = await stage.bot()
    send = await presses.invited(stage)
    await posted(stage, send)
    assert await stage.rest(20), "the channels' cards were not posted"
    await bot.terminate()
    await stage.bot(PACED)
    await stage.box.read()
    after, took, asked = len(stage.box.rows), list[float](), dict[str, float]()
    choices = {each.id: CHOICES[stage.chance.randrange(3)] for each in stage.people}
    began = time.monotonic() + 0.2
    refused = 0

    async def person(index: int, each: Person) -> None:
        nonlocal refused
        await asyncio.sleep(began + index * WITHIN / len(stage.people) - time.monotonic())
        at, here = time.time(), time.monotonic()
        told = await presses.press(stage.box, each, send, choices[each.id])
        if "callback" in told:
            asked[told["callback"]] = at
        else:
            took.append(time.monotonic() - here)
            refused += not told["acked"]

    turns = stage.chance.sample(stage.people, len(stage.people))
    await asyncio.gather(*(person(index, each) for index, each in enumerate(turns)))
    answered = stage.box.rows

    def waiting() -> int:
        done = {str(each["body"].get("callback_query_id")) for each in answered[after:]
                if each["method"] == "answerCallbackQuery" and each["status"] == 200}  # fmt: skip
        return len(set(asked) - done)

    await stage.box.until(lambda: not waiting(), 20)
    for each in answered[after:]:
        query = str(each["body"].get("callback_query_id", ""))
        if each["method"] == "answerCallbackQuery" and query in asked:
            took.append(each["real"] - asked[query])
    problems = [f"{waiting()} presses had no answer"] if waiting() else []
    for choice in CHOICES:
        mine = [each for each in stage.people if choices[each.id] == choice]
        problems += await presses.all_said(stage, send, mine, choice)
    counts = Counter(choices.values())
    shown = f"Yes {counts['yes']} · Maybe {counts['maybe']} · No {counts['no']}"
    rooms = {"telegram": town.GROUP, "slack": town.CHANNEL}
    edits: dict[str, list[dict[str, object]]] = defaultdict(list)

    def settled() -> bool:
        edits.clear()
        for each in stage.box.rows[after:]:
            if each["method"] == EDITS[each["platform"]] and each["chat"] == rooms[each["platform"]]:
                edits[each["platform"]].append(each)
        return all(edits[name] and shown in str(edits[name][-1]["body"]).replace("*", "") for name in rooms)

    if not await stage.box.until(settled, 40):
        problems.append(f"the channels do not come to say {shown}")
    for name, rows in edits.items():
        times = [float(str(each["real"])) for each in rows]
        close = sum(later - earlier < 0.95 for earlier, later in pairwise(times))
        problems += [f"{close} edits in {name} less than a second after another"] if close else []
    found = await stage.judge()
    p99 = sorted(took)[int(len(took) * 0.99) - 1]
    found.problems += problems
    found.demand(p99 < PATIENCE, f"p99 of the acknowledgment is {p99:.2f} s")
    found.demand(refused == 0, f"{refused} people in Slack saw an error")
    found.notes |= {"p99": round(p99, 2), "presses": len(took)}
    return found


@asynccontextmanager
async def rival(stage: Stage) -> AsyncIterator[list[float]]:
    """Poll with our token as a second installation does; the list grows by a moment whenever we displace it."""
    displaced: list[float] = []
    url = f"{stage.box.url}/bot{town.TELEGRAM_TOKEN}/getUpdates"

    async def poll() -> None:
        async with aiohttp.ClientSession() as session:
            while True:
                async with session.get(url, params={"timeout": "20", "limit": "1"}) as answer:
                    if answer.status == 409:
                        displaced.append(time.monotonic())

    task = asyncio.create_task(poll())
    try:
        yield displaced
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@row("F37", "another program polls with our token", platforms=("telegram",), n=5, full=20, seeds=1, seconds=100,
     expected="fewer than one request in 10 s; organisers told once; works again when the other is gone")  # fmt: skip
async def f37(stage: Stage, seed: int, n: int) -> Verdict:
    seconds = 60.0 if n > 5 else 11.0
    bot = await stage.bot()
    send = await presses.invited(stage)
    async with rival(stage) as displaced:
        await asyncio.sleep(seconds)
        ours = len(displaced)
    pressing = time.monotonic()
    await presses.press_all(stage, stage.people, send, "yes")
    problems = await presses.all_said(stage, send, stage.people, "yes", 75)
    found = await stage.judge(duplicated=0)
    found.problems += problems
    told = [post for post in stage.box.posts(people=False) if not post["person"]]
    said = sum(each["event"] == "telegram_second_consumer" for each in bot.events())
    found.demand(ours <= seconds / 10, f"{ours} polls of ours in {seconds:.0f} s")
    found.demand(said >= 1, "the log does not name the second consumer")
    found.demand(len(told) == 1, f"organisers were told {len(told)} times")
    found.notes["back after"] = round(time.monotonic() - pressing, 1)
    return found
