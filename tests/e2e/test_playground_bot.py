from __future__ import annotations

import asyncio
from typing import Any

import pytest


async def until(ask: Any, good: Any, seconds: float = 20) -> Any:
    async with asyncio.timeout(seconds):
        while not good(found := await ask()):
            await asyncio.sleep(0.05)
    return found


@pytest.mark.timeout(120)
async def test_the_bot_is_killed_and_started_from_the_page_and_takes_up_what_waited(town) -> None:
    async with town() as people:
        demo = people.demo
        planned = await until(lambda: demo.ask("planned"), lambda found: found["known"])
        assert planned["next"] == "2026-04-29T07:00:00+00:00"  # the question for the agenda
        await demo.control("bot", action="kill")
        assert (await demo.ask("bot"))["state"] == "down"
        assert not (await demo.ask("planned"))["known"]
        await demo.control("say", person="m15", platform="telegram", text="/meetings")
        assert (await demo.control("bot", action="start"))["state"] == "up"
        await people.see("m15", "telegram", "Coming meetings")
        assert (
            len([each for each in await people.messages("m15", "telegram") if "Coming meetings" in each["text"]]) == 1
        )


@pytest.mark.timeout(120)
async def test_both_platforms_go_down_and_come_back_and_the_answer_arrives_once(town) -> None:
    async with town() as people:
        demo = people.demo
        for platform in ("telegram", "slack"):
            await demo.control("outage", platform=platform, down=True)
        await demo.control("say", person="m15", platform="telegram", text="/meetings")
        await asyncio.sleep(0.3)
        for platform in ("telegram", "slack"):
            await demo.control("outage", platform=platform, down=False)
        await people.see("m15", "telegram", "Coming meetings")
        found = await demo.ask("ledger")
        assert len([each for each in found if each["person"] == "m15" and each["status"] == 200]) == 1

        async def help_again() -> list[dict[str, Any]]:
            await demo.control("say", person="o01", platform="slack", text="/cop help")
            return await people.messages("o01", "slack")

        await until(help_again, lambda messages: any("What I can do for you" in each["text"] for each in messages))
