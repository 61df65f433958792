"""Days of a community's life with everything going wrong at random: plans, sends, replies, kills, refusals (F61)."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select

from handlers import _reminding
from scheduler import stopping
from storage.deliveries import Campaign, Delivery
from storage.meetings import Meeting
from storage.timers import Timer
from tests.faults import presses
from tests.faults.processes import Process
from tests.faults.register import row
from tests.faults.stage import CLOCK, COMMUNITY, Send, Stage
from tests.faults.town import Person
from tests.faults.verdict import Verdict

HOUR = timedelta(hours=1)
POSTS = (("telegram", "sendMessage"), ("slack", "chat.postMessage"))
TROUBLES = ("429", "5xx_before", "5xx_after", "cut_before", "cut_after", "delay", "garbage")
IN_FLIGHT = 1.0
"""Real seconds in which a message that left before a jump of the clock arrives after it."""
GROWTH, ROOM = 1.25, 15_000
"""How much memory a process may gain after its first seconds: a quarter, and so many kB."""


@dataclass
class Life:
    """Be a community that lives through a script thrown by dice; it remembers what must be true in the end."""

    stage: Stage
    bot: Process
    sends: list[tuple[Send, datetime]] = field(default_factory=list)
    said: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(lambda: {"none"}))
    """What somebody's reply to a meeting may be: one value, or two where Slack told of an error."""
    memory: dict[int, list[int]] = field(default_factory=dict)
    """Resident kB of each process, sampled."""
    moves: list[tuple[datetime, float]] = field(default_factory=list)
    """When the clock was set to what, in real time."""
    files: int = 0
    """Most files that were open at once."""
    done: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    async def step(self) -> None:
        """Do one thing."""
        deeds = {
            self.invite: 2, self.reply: 8, self.let_time_pass: 8, self.trouble: 4, self.kill: 2, self.restart: 1,
            self.stop_and_go_on: 1, self.nothing: 2,
        }  # fmt: skip
        deed = self.stage.chance.choices(list(deeds), list(deeds.values()))[0]
        self.done[deed.__name__] += 1
        await deed()
        self.sample()

    async def invite(self) -> None:
        """Announce a meeting in two to six days: invitations now, reminders armed."""
        starts = await self.stage.now() + timedelta(days=2 + 4 * self.stage.chance.random())
        send = await self.stage.plan("invitation", starts=starts)
        async with self.stage.database.write(COMMUNITY) as db:
            meeting = (await db.scalars(select(Meeting).where(Meeting.key == send.subject))).one()
            await _reminding.arm(db, meeting)
        self.sends.append((send, starts))

    async def reply(self) -> None:
        """Let some people press on the card of a meeting that is still a day away."""
        now = await self.stage.now()
        coming = [send for send, starts in self.sends if starts - now > 26 * HOUR]
        if coming:
            send = self.stage.chance.choice(coming)
            some = self.stage.chance.sample(self.stage.people, max(1, len(self.stage.people) // 3))
            await asyncio.gather(*(self._press(each, send, self.stage.chance.choice(("yes", "no"))) for each in some))
            await asyncio.sleep(0.3)

    async def _press(self, person: Person, send: Send, choice: str) -> None:
        button = f"rsvp:{send.subject}:0:{choice}"
        with suppress(AssertionError):  # there is no card yet, or it shows a reply already
            told = await self.stage.box.press(person.id, person.platform, button)
            before = self.said[person.id, send.subject]
            sure = told.get("acked", True)
            self.said[person.id, send.subject] = {choice} if sure else before | {choice}

    async def let_time_pass(self) -> None:
        await self._advance(3600 * (1 + 7 * self.stage.chance.random()))
        await asyncio.sleep(0.2)

    async def _advance(self, seconds: float) -> None:
        told = await self.stage.box.control("clock", advance=seconds)
        self.moves.append((datetime.fromisoformat(told["now"]), time.time()))

    def over(self, moment: datetime) -> float:
        """Give the real time at which the clock had jumped past a moment and what was in flight then has arrived."""
        return next((real + IN_FLIGHT for virtual, real in self.moves if virtual >= moment), time.time())

    async def trouble(self) -> None:
        """Let some of the next messages go wrong in one way."""
        platform, method = self.stage.chance.choice(POSTS)
        seconds = {"seconds": 2.5} if self.stage.chance.random() < 0.5 else {"seconds": 0.3}
        action = self.stage.chance.choice(TROUBLES)
        await self.stage.box.fault(action, platform, method, count=self.stage.chance.randint(1, 6), **seconds)

    async def kill(self) -> None:
        await asyncio.sleep(self.stage.chance.random() * 0.3)
        await self.bot.kill()
        self.bot = await self.stage.bot()

    async def restart(self) -> None:
        assert await self.bot.terminate() == 0, "a polite end was not good"
        self.bot = await self.stage.bot()

    async def stop_and_go_on(self) -> None:
        """Let an organiser stop the latest send and change their mind."""
        if not self.sends:
            return
        for what in (stopping.stop, stopping.resume):
            async with self.stage.database.write(COMMUNITY) as db:
                campaign = await db.get_one(Campaign, self.sends[-1][0].id)
                if what is stopping.stop:
                    await stopping.stop(db, campaign, None, await self.stage.now())
                else:
                    await stopping.resume(db, campaign, await self.stage.now())
            await asyncio.sleep(0.2)

    async def nothing(self) -> None:
        await asyncio.sleep(0.5)

    def sample(self) -> None:
        """Note memory and open files of the running process, once it has settled."""
        if time.monotonic() - self.bot.started < 4 or not self.bot.alive:
            return
        here = Path(f"/proc/{self.bot.pid}")
        with suppress(OSError):
            self.files = max(self.files, len(list((here / "fd").iterdir())))
            size = next(line for line in (here / "status").read_text().splitlines() if line.startswith("VmRSS"))
            self.memory.setdefault(self.bot.pid, []).append(int(size.split()[1]))

    async def calm(self) -> None:
        """End all trouble and let everything that is due be done."""
        await self.stage.box.heal()
        for send, _ in self.sends:
            async with self.stage.database.write(COMMUNITY) as db:
                await stopping.resume(db, await db.get_one(Campaign, send.id), await self.stage.now())
        # Reminders that wait for their moment are let out by the clock; after the last start nothing may leave.
        for _ in range(12):
            await self._advance(14 * 3600)
            await asyncio.sleep(0.25)
        await self.stage.rest(60)

    async def wrong(self) -> list[str]:
        """Name everything that is not as it must be."""
        kinds = await self._kinds()
        problems = []
        for send, starts in self.sends:
            stand = await presses.replies(self.stage, send)
            odd = [code for code, reply in stand.items() if reply not in self.said[code, send.subject]]
            problems += [f"{send.title}: {len(odd)} replies are not what was pressed, such as {odd[0]}"] if odd else []
            late = [
                each for each in self.stage.box.posts()
                if kinds.get((each["platform"], each["chat"], each["message"]), ("", ""))[1] == send.subject
                and each["real"] > self.over(starts)
            ]  # fmt: skip
            problems += [f"{send.title}: {len(late)} reminders came after the start"] if late else []
        async with self.stage.database.read() as db:
            stuck = await db.scalar(select(func.count()).where(Timer.state.in_(("running", "failed"))))
        problems += [f"{stuck} timers are running or failed"] if stuck else []
        for sizes in self.memory.values():
            if sizes[-1] > sizes[0] * GROWTH + ROOM:
                problems.append(f"memory grew from {sizes[0]} to {sizes[-1]} kB")
        return problems + ([f"{self.files} files were open at once"] if self.files > 120 else [])

    async def _kinds(self) -> dict[tuple[str, str, str], tuple[str, str]]:
        """Give kind and subject of every reminder by where it stands."""
        query = (
            select(Delivery.platform, Delivery.chat, Delivery.message, Campaign.kind, Campaign.subject)
            .join(Campaign, Campaign.id == Delivery.campaign_id)
            .where(Campaign.kind.startswith("reminder"), Delivery.message != "")
        )
        async with self.stage.database.read() as db:
            return {(row[0], row[1], row[2]): (row[3], row[4]) for row in await db.execute(query)}


@row("F61", "20 virtual days (short: 3) of plans, sends, replies, kills, stops, refusals, lost answers at random",
     n=6, full=30, clock=True, seeds=3, seconds=110,
     expected="all invariants hold; memory and open files flat")  # fmt: skip
async def f61(stage: Stage, seed: int, n: int) -> Verdict:
    days, most = (20, 420.0) if n >= 30 else (3, 18.0)
    life, began = Life(stage, await stage.bot()), time.monotonic()
    await life.invite()
    while time.monotonic() - began < most and await stage.now() < CLOCK + timedelta(days=days):
        await life.step()
    lived = (await stage.now() - CLOCK) / timedelta(days=1)
    await life.calm()
    rows = await stage.deliveries()
    copied = sum(each.copied for each in rows)
    found = await stage.judge(duplicated=copied, most=8, unknown=len(rows))
    found.problems += await life.wrong() + await presses.inbox_done(stage)
    lost = sum(each.state == "unknown" and each.platform == "slack" for each in rows)
    found.demand(not lost, f"{lost} messages in Slack are unknown, although it can be asked")
    found.notes |= {"days": round(lived, 1), "kills": life.done["kill"], "steps": sum(life.done.values())}
    return found
