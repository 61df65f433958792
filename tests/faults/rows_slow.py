"""Slow and silent platforms (F28, F29), and an outage of ours over the reminders of five meetings (F10)."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from datetime import timedelta

from handlers import _reminding
from storage.deliveries import Campaign, Delivery
from storage.meetings import Meeting
from tests.faults import planning, presses
from tests.faults.planning import COMMUNITY
from tests.faults.register import row
from tests.faults.stage import CLOCK, Send, Stage
from tests.faults.town import Person
from tests.faults.verdict import Verdict

OUTAGE = timedelta(hours=27)
STARTS = {  # hours after the clock's first moment; the outage begins there
    "future": 50.5, "started": 26.0, "ended": 24.5, "cancelled": 50.5, "both": 27.5,
}  # fmt: skip
WANTED = {"future": "reminder_1d", "both": "reminder_1h"}


@row("F10", "down for 27 h over five meetings: future, started, ended, cancelled, two reminders overdue", clock=True,
     n=5, full=100, expected="one latest reminder for each of the two that are ahead, none else")  # fmt: skip
async def f10(stage: Stage, seed: int, n: int) -> Verdict:
    people = {each.id for each in stage.people}
    async with stage.database.write(COMMUNITY) as db:
        for number, hours in enumerate(STARTS.values(), 1):
            meeting = await planning.meeting(db, number, f"Topic{number:03}", CLOCK + timedelta(hours=hours))
            await planning.invite(db, meeting, people, CLOCK, yes=True)
            await _reminding.arm(db, meeting)
            stage.note("reminder", meeting.key, meeting.title)
    bot = await stage.bot()

    async def planned() -> bool:
        return bool(await stage.deliveries())

    await stage.until(planned, 20)
    await bot.kill()
    keys = {send.subject: name for send, name in zip(stage.sends, STARTS, strict=True)}
    async with stage.database.write(COMMUNITY) as db:  # an organiser's decision while the bot was down
        key = next(each for each, name in keys.items() if name == "cancelled")
        for each in await stage.rows(Meeting, Meeting.key == key):
            (await db.get_one(Meeting, each.id)).state = "cancelled"
    await stage.box.read()
    early = len(stage.box.posts())
    await stage.box.control("clock", now=(CLOCK + OUTAGE).isoformat())
    await stage.bot()
    await stage.rest(30)
    found = await stage.judge(finished=False)
    found.demand(early == 0, f"{early} reminders left before the outage")
    got = Counter(
        (keys[send.subject], post["person"])
        for post in stage.box.posts()
        for send in stage.sends
        if send.title in str(post["body"])
    )
    expected = Counter((name, each) for name in WANTED for each in people)
    found.demand(got == expected, f"not wanted: {_by_meeting(got - expected)}, missing: {_by_meeting(expected - got)}")
    ids = {each.campaign_id for each in await stage.deliveries(Delivery.state == "sent")}
    sent = {(keys[each.subject], each.kind) for each in await stage.rows(Campaign, Campaign.id.in_(ids))}
    found.demand(sent == set(WANTED.items()), f"what was sent is {sorted(sent)}")
    late = [each.state for each in await stage.deliveries(Delivery.due_at < CLOCK + OUTAGE)]
    found.demand(not {"queued", "sending"} & set(late), "something overdue is still waiting")
    return found


def _by_meeting(found: Counter[tuple[str, str]]) -> dict[str, int]:
    return dict(Counter(name for name, _ in found.elements()))


@row("F28", "each message takes almost as long as a request may take", n=24, full=40, seeds=1,
     alone=True, expected="dup 0, unknown 0, presses acknowledged within 3 s")  # fmt: skip
async def f28(stage: Stage, seed: int, n: int) -> Verdict:
    slow, settings = (1.6, {}) if n < 40 else (18.0, {  # the real ones, in full
        "CONVENOR_LEASE_SECONDS": "60", "CONVENOR_REQUEST_SECONDS": "20", "CONVENOR_SETTLE_SECONDS": "25",
        "CONVENOR_RECOVERY_SECONDS": "15", "CONVENOR_LANE_SECONDS": "15",
    })  # fmt: skip
    await stage.bot(settings)
    send = await presses.invited(stage)
    await stage.box.slow(slow)
    await stage.plan("reminder_1d")
    await stage.box.reach(2 * n + 4)
    waits: list[float] = []
    for each in [*stage.on("telegram")[:10], *stage.on("slack")[:10]]:
        began = time.time()
        done = await presses.press(stage.box, each, send, "yes")
        if each.platform == "telegram":
            waits.append(await _answered(stage, str(done["callback"])) - began)
        else:
            waits.append(time.time() - began)
            assert done["acked"], "Slack was not acknowledged"
        await asyncio.sleep(0.05)
    await stage.rest(60 + slow * n)
    found = await stage.judge()
    found.notes["slowest acknowledgment"] = round(max(waits), 2)
    found.demand(max(waits) < 3, f"a press was acknowledged after {max(waits):.1f} s")
    found.problems += await presses.all_said(stage, send, stage.on("telegram")[:10] + stage.on("slack")[:10], "yes")
    found.demand({each.attempts for each in await stage.deliveries()} == {1}, "something was tried twice")
    return found


async def _answered(stage: Stage, callback: str) -> float:
    """Give the real moment at which a press was acknowledged; 1 h later if it never was."""

    def answers() -> list[float]:
        rows = [each for each in stage.box.rows if each["method"] == "answerCallbackQuery"]
        return [each["real"] for each in rows if each["body"].get("callback_query_id") == callback]

    await stage.box.until(lambda: bool(answers()), 20)
    return min(answers(), default=time.time() + 3600)


@row("F29", "connections for polling and Socket Mode go silent without an end", n=4, full=4, seeds=1, seconds=110,
     expected="connected again within 90 s, a press after that counts")  # fmt: skip
async def f29(stage: Stage, seed: int, n: int) -> Verdict:
    await stage.bot(first="" if stage.full else "tests.faults.impatient")
    send = await presses.invited(stage)
    await stage.box.fault("black_hole", "telegram", "getUpdates")
    await stage.box.fault("black_hole", "slack", "socket")
    await asyncio.sleep(10 if stage.full else 2)
    await stage.box.heal()  # the network is back; the old connections stay silent
    began, longest = time.monotonic(), 90 if stage.full else 15
    await asyncio.gather(*(_insist(stage, each, send, longest) for each in stage.people))
    problems = await presses.all_said(stage, send, stage.people, "yes", longest)
    took = time.monotonic() - began
    found = await stage.judge()
    found.problems += problems
    found.notes["seconds to come back"] = round(took, 1)
    found.demand(took <= longest, f"it took {took:.0f} s to come back")
    return found


async def _insist(stage: Stage, person: Person, send: Send, seconds: float) -> None:
    """Press until it was taken: Telegram keeps a press, Slack says that it did not work."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and not (await presses.press(stage.box, person, send, "yes"))["acked"]:
        await asyncio.sleep(0.5)
