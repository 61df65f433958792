"""What people do is taken in once: repeated updates, kills after the acknowledgment, backlogs (F31, F32, F34, F38)."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from tests.faults import presses
from tests.faults.register import row
from tests.faults.stage import Send, Stage
from tests.faults.town import Person
from tests.faults.verdict import Verdict


def answers(stage: Stage, person: Person, after: int = 0) -> int:
    """Count the messages a person got after a row of the ledger."""
    return sum(post["person"] == person.id and post["n"] > after for post in stage.box.posts())


def last(stage: Stage) -> int:
    return int(stage.box.rows[-1]["n"]) if stage.box.rows else 0


@row("F31", "the same Telegram update five times, also across a restart", platforms=("telegram",), n=2, full=2,
     expected="one reply in the meeting, one answer to the person", seeds=1)  # fmt: skip
async def f31(stage: Stage, seed: int, n: int) -> Verdict:
    settings = await presses.reachable(stage)
    port, (presser, writer) = int(settings["HTTP_PORT"]), stage.people
    bot = await stage.bot(settings)
    send = await presses.invited(stage)
    await stage.box.read()
    card = next(post["message"] for post in stage.box.posts() if post["person"] == presser.id)
    after = last(stage)
    updates = [presses.telegram_press(presser, send, "yes", 990_001, card)]
    updates += [presses.telegram_text(writer, "/help", 990_002)]
    for each in updates:
        assert await asyncio.gather(*(presses.bring(port, each) for _ in range(4))) == [200] * 4
    await asyncio.sleep(0.2)
    await bot.kill()
    await stage.bot(settings)
    for each in updates:
        assert await presses.bring(port, each) == 200
    problems = await presses.all_said(stage, send, [presser], "yes") + await presses.inbox_done(stage)
    await asyncio.sleep(0.5)
    found = await stage.judge(duplicated=1)
    taken = await presses.inbox_size(stage)
    found.problems += problems
    found.demand(taken == 2, f"{taken} things were taken in, not 2")
    found.demand(answers(stage, writer, after) <= 1, f"{answers(stage, writer, after)} answers to one /help")
    toasts = [each for each in stage.box.rows if each["method"] == "answerCallbackQuery" and each["n"] > after]
    found.demand(len(toasts) <= 1, f"{len(toasts)} answers to one press")
    return found


@row("F32", "Slack tells an event again (retries 1 to 3), or only the retry arrives", platforms=("slack",), n=2, full=2,
     expected="one answer each", seeds=1)  # fmt: skip
async def f32(stage: Stage, seed: int, n: int) -> Verdict:
    settings = await presses.reachable(stage)
    port, (first, second) = int(settings["HTTP_PORT"]), stage.people
    await stage.bot(settings)
    rooms = {each: (await stage.box.control("say", person=each.id, platform="slack", text="help"))["chat"]
             for each in (first, second)}  # fmt: skip
    await stage.box.until(lambda: answers(stage, first) + answers(stage, second) >= 2, 10)
    event = presses.slack_text(first, rooms[first], "help", "Ev0001")
    for attempt in range(4):
        assert await presses.tell(port, event, attempt) == 200
    only = presses.slack_text(second, rooms[second], "help", "Ev0002")
    assert await presses.tell(port, only, 2) == 200
    rule = await stage.box.fault("black_hole", "slack", "http", count=1, seconds=0.2)
    await stage.box.control("say", person=second.id, platform="slack", text="help")  # the sandbox tells it again
    await stage.box.until(lambda: answers(stage, second) >= 3 and answers(stage, first) >= 2, 15)
    await asyncio.sleep(0.5)
    found = await stage.judge()
    found.demand(await stage.box.hits(rule) == 1, "nothing was held back")
    found.demand(answers(stage, first) == 2, f"{answers(stage, first) - 1} answers to an event told four times")
    found.demand(answers(stage, second) == 3, f"{answers(stage, second) - 1} answers to two events, one lost at first")
    found.problems += await presses.inbox_done(stage)
    return found


@row("F34", "kill -9 right after the acknowledgment: webhook, a batch of getUpdates, Slack HTTP, Socket Mode", n=50,
     full=100, expected="every press that was acknowledged is applied after the restart", seconds=110)  # fmt: skip
async def f34(stage: Stage, seed: int, n: int) -> Verdict:
    problems: list[str] = []
    applied: list[Send] = []
    for called in (False, True):
        if called:
            await stage.bots[-1].kill()
        settings = await presses.reachable(stage) if called else {}
        bot = await stage.bot(settings)
        send = await presses.invited(stage)
        # In the midst of presses: whatever Slack was told is taken, and whatever Telegram brings comes again.
        before = await presses.inbox_size(stage)
        wanted = before + stage.chance.randint(1, len(stage.people) // 2)
        pressing = asyncio.create_task(presses.press_all(stage, stage.people, send, "yes"))

        async def enough(wanted: int = wanted) -> bool:
            return await presses.inbox_size(stage) >= wanted

        assert await stage.until(enough, 20, 0.005), "nothing was taken in"
        await bot.kill()
        refused = await pressing
        bot = await stage.bot(settings)
        taken = [each for each in stage.people if each not in refused]
        problems += await presses.all_said(stage, send, taken, "yes")
        await presses.insist(stage, refused, send, "yes")
        problems += await presses.all_said(stage, send, stage.people, "yes")
        # A whole batch waits for us on Telegram; killed as soon as its rows are on disk.
        await bot.kill()
        await presses.press_all(stage, stage.on("telegram"), send, "no")
        before = await presses.inbox_size(stage)
        bot = await stage.bot(settings, ready=False)

        async def stored(before: int = before) -> bool:
            return await presses.inbox_size(stage) > before

        assert await stage.until(stored, 40, 0.002), f"the batch did not come: {bot.text()[-300:]}"
        await bot.kill()
        await stage.bot(settings)
        problems += await presses.all_said(stage, send, stage.on("telegram"), "no", 60)
        applied.append(send)
    problems += await presses.inbox_done(stage)
    found = await stage.judge()
    found.problems += problems
    return found


@row("F38", "a backlog of 20 hours whose presses are too old to be answered", platforms=("telegram",), n=6, full=6,
     clock=True, expected="valid ones applied, closed ones refused, the 400 ignored", seeds=1)  # fmt: skip
async def f38(stage: Stage, seed: int, n: int) -> Verdict:
    settings = await presses.reachable(stage)
    port = int(settings["HTTP_PORT"])
    bot = await stage.bot(settings)
    open_one = await presses.invited(stage)
    closed = await presses.invited(stage, starts=await stage.now() + timedelta(hours=10))
    await stage.box.read()
    cards = {(post["person"], title): post["message"] for post in stage.box.posts()
             for title in (open_one.title, closed.title) if title in str(post["body"])}  # fmt: skip
    await bot.kill()
    await stage.box.control("clock", advance=20 * 3600)
    await stage.bot(settings)
    after = last(stage)
    for number, person in enumerate(stage.people):
        for shift, send in ((0, open_one), (500, closed)):
            card = cards[person.id, send.title]
            update = presses.telegram_press(person, send, "yes", 880_000 + shift + number, card)
            assert await presses.bring(port, update) == 200
    problems = await presses.all_said(stage, open_one, stage.people, "yes") + await presses.inbox_done(stage)
    stand = set((await presses.replies(stage, closed)).values())
    await stage.box.until(lambda: refusals(stage, after) >= 2 * n, 10)
    found = await stage.judge(finished=False, duplicated=n)
    found.problems += problems
    found.demand(stand == {"none"}, f"replies to a meeting that is over: {stand}")
    found.demand(refusals(stage, after) <= 2 * n, f"{refusals(stage, after)} tries to answer {2 * n} old presses")
    edits = sum(each["method"] == "editMessageText" and each["n"] > after for each in stage.box.rows)
    found.demand(edits >= n, f"only {edits} cards show what was pressed")
    return found


def refusals(stage: Stage, after: int) -> int:
    """Count the answers to presses that the platform refused because they are too old."""
    rows = [each for each in stage.box.rows if each["method"] == "answerCallbackQuery" and each["n"] > after]
    return sum(each["status"] == 400 for each in rows)
