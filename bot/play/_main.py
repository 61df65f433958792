"""Scenario `main`: one online meeting from the invitations to the feedback.

Olivia invites to M6 in Slack on 7 April 2026, the members answer as design §9 says, the clock runs to the meeting and
past it, those who said yes give feedback.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bot import demo_world
from bot.demo import running
from bot.play._counting import Messages, count
from bot.play._player import Player

START = datetime(2026, 4, 7, 13, 2, tzinfo=UTC)
ANSWERS_AT = datetime(2026, 4, 8, 13, 0, tzinfo=UTC)
END = datetime(2026, 5, 21, 12, 0, tzinfo=UTC)
YES = ("m01", "m03", "m05", "m06", "m10", "m13", "m16", "m20", "m22")
NO = ("m09", "m19")
MAYBE = ("m24",)
EXPECTED = {
    "invitation": {"slack": 15, "telegram": 9},
    "reminder_7d": {"slack": 6, "telegram": 3},
    "reminder_1d": {"slack": 6, "telegram": 3},
    "reminder_1h": {"slack": 6, "telegram": 3},
    "feedback_request": {"slack": 6, "telegram": 3},
}


async def play_main(community: Path, say: Callable[[str], None]) -> dict[str, Any]:
    """Play scenario `main`; give its part of the result (design §9)."""
    file = demo_world.read_file(community)
    people = {each["id"]: each for each in (*file["staff"], *file["members"])}
    async with running(community, clock=START, current=False, log_level="ERROR") as demo:
        player = Player(demo, people, say)
        say("Tue 7 Apr, 15:02 Brussels: Olivia asks for the preview of M6 and confirms")
        await demo.control("say", person="o01", platform="slack", text="/cop meeting invite M6")
        await player.press("o01", r"^send:")
        await demo.settle()
        await demo.move(START + timedelta(minutes=2, seconds=1))
        say("Wed 8 Apr: invitations go out at 10:00 in each zone")
        await player.run_until(ANSWERS_AT)
        say("24 people answer or stay silent: 9 yes, 2 no, 1 maybe, 12 silent")
        for choice, members in (("yes", YES), ("no", NO), ("maybe", MAYBE)):
            for person in members:
                await player.press(person, rf"^rsvp:[^:]+:[^:]*:{choice}$")
        await demo.settle()
        say("The clock runs to Thu 21 May, past the reminders and the meeting")
        await player.run_until(END, cards=False)
        say("Those who took part give feedback")
        for person in YES:
            await player.give_feedback(person)
        await demo.settle(cards=False)
        await demo.stop_bot()
        say("Counting what the database says against what arrived")
        result = await count(demo, END)
        result["ok"] = complete(result["messages"])
        return result


def complete(messages: Messages) -> bool:
    """Tell whether every expected message arrived exactly once and nothing else was planned of these kinds."""
    for kind, platforms in EXPECTED.items():
        for platform, number in platforms.items():
            cell = messages.get(kind, {}).get(platform, {})
            if (cell.get("planned"), cell.get("sent"), cell.get("duplicated"), cell.get("missing")) != (
                number, number, 0, 0,
            ):  # fmt: skip
                return False
    return all(
        cell["sent"] == cell["planned"] and not cell["duplicated"]
        for platforms in messages.values()
        for cell in platforms.values()
    )
