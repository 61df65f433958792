"""The judge itself: every kind of wrong that it shall see is made by hand, and it says so."""

from __future__ import annotations

from typing import Any

from sqlalchemy import update

from bench import town as bench_town
from storage.deliveries import Campaign, Delivery
from tests.faults.planning import COMMUNITY
from tests.faults.register import Fault
from tests.faults.stage import Send, Stage, Tools, stage

FAULT = Fault("F00", "nothing", "", ("telegram", "slack"), 3, 3, False, False)


async def post(here: Stage, send: Send, code: str) -> None:
    """Send somebody a message as the bot would."""
    person = next(each for each in here.people if each.id == code)
    address = f"{here.box.url}/bot{bench_town.TELEGRAM_TOKEN}/sendMessage"
    async with here.box.session.post(address, json={"chat_id": int(person.user), "text": send.title}) as answer:
        assert answer.status == 200


async def end(here: Stage, send: Send, **states: str) -> None:
    """Write down what became of everybody: `sent` unless said otherwise by the member's code."""
    async with here.database.write(COMMUNITY) as db:
        for each in await here.deliveries():
            state = states.get(each.chat, "sent")
            await db.execute(update(Delivery).where(Delivery.id == each.id).values(state=state))
        await db.execute(update(Campaign).where(Campaign.id == send.id).values(state="done"))


async def test_what_arrived_once_and_is_called_sent_is_fine(tools: Tools) -> None:
    async with stage(FAULT, tools, 1, 3) as here:
        send = await here.plan(people=here.on("telegram"))
        for each in here.on("telegram"):
            await post(here, send, each.id)
        await end(here, send)
        found = await here.judge()
        assert (found.planned, found.accepted, found.ok) == (3, 3, True), str(found)


async def test_lost_doubled_and_unexpected_messages_are_seen(tools: Tools) -> None:
    async with stage(FAULT, tools, 1, 3) as here:
        first, second, third = here.on("telegram")
        send = await here.plan(people=here.on("telegram"))
        await post(here, send, second.id)
        await post(here, send, second.id)
        await post(here, send, third.id)
        await end(here, send, **{third.user: "expired"})
        found = await here.judge()
        assert (found.lost, found.duplicated, found.most, found.unexpected) == (1, 1, 2, 1), str(found)
        assert len(found.problems) == 4
        assert first.id


async def test_open_rows_wrong_sums_and_what_logs_must_not_say_are_seen(tools: Tools, tmp_path: Any) -> None:
    async with stage(FAULT, tools, 1, 3) as here:
        send = await here.plan()
        bot = await here.bot({"TELEGRAM_BOT_TOKEN": "", "SLACK_BOT_TOKEN": ""}, ready=False)
        assert await bot.ended == 2
        bot.log.write_text(f'{bench_town.SLACK_TOKEN}\n{{"event": "x", "exception": "Traceback ... KeyError"}}\n')
        async with here.database.write(COMMUNITY) as db:
            await db.execute(update(Campaign).where(Campaign.id == send.id).values(audience=7))
        found = str(await here.judge())
        for words in ("a secret stands in", "a traceback in a log: x", "audience of 7", "are stuck", "still sending"):
            assert words in found, found
