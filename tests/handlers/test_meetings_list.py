"""The lists of meetings: every state of a reply in words, hybrid modes, and pages."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chat.message import Press
from storage.meetings import Invitation, Meeting
from tests.kinds import on_one

pytestmark = on_one


async def invited(town: Any, *replies: dict[str, Any], **values: Any) -> list[Meeting]:
    """Plan one meeting for each reply of Tahmina, day after day."""
    now = town.clock.now()
    found = []
    async with town.write() as db:
        for number, reply in enumerate(replies, 1):
            start = now + timedelta(days=20 + number)
            meeting = Meeting(
                code=f"M{number}", title=f"Meeting {number}", starts_at=start, ends_at=start + timedelta(hours=2),
                zone="Europe/Brussels", rsvp_deadline=now + timedelta(days=10), format="hybrid", place="Vienna",
                **{"state": "inviting"} | values,
            )  # fmt: skip
            db.add(meeting)
            await db.flush()
            db.add(Invitation(meeting_id=meeting.id, member_id=town.tahmina.id, invited_at=now, **reply))
            found.append(meeting)
    return found


@pytest.mark.parametrize("words", ["my", "meetings"])
async def test_every_state_of_a_reply_is_said_in_words(town: Any, show: Any, words: str) -> None:
    now = town.clock.now()
    states: list[tuple[dict[str, Any], str, str]] = [
        ({}, "You: no reply yet", "Reply"),
        ({"reply": "yes", "mode": "room", "guests": 1}, "You: Yes, in the room · You bring 1 guest.", "Change reply"),
        ({"reply": "yes", "mode": "online"}, "You: Yes, online", "Change reply"),
        ({"reply": "waitlisted", "queued_at": now}, "You are on the waiting list.", "Change reply"),
        ({"reply": "waitlisted", "offer_until": now + timedelta(days=1)}, "A seat is free for you until", "Reply"),
        ({"reply": "asked"}, "You asked for a seat.", "Change reply"),
        ({"reply": "refused"}, "The organisers could not give you a seat.", "Change reply"),
        ({"reply": "reconfirm"}, "Please confirm the new time.", "Reply"),
        ({"reply": "delegated"}, "We wait for your colleague.", "Change reply"),
        ({"reply": "yes", "represents": town.claire.id}, "You come in the place of a colleague.", "Change reply"),
    ]
    await invited(town, *(each[0] for each in states))
    shown = show(await town.command(town.tahmina, words))
    lines = shown.text.splitlines()
    for number, (_, said, label) in enumerate(states, 1):
        at = lines.index(f"{number}. Meeting {number}")
        assert lines[at + 1].endswith("· Hybrid")
        assert lines[at + 2].startswith(said)
        opened = show(await town.click(town.tahmina, shown.button(f"{number} · {label}")))
        assert opened.text
    home = show(await town.command(town.tahmina, "home"))
    assert "Meeting 2 · You: Yes, in the room" in home.text


async def test_a_meeting_that_is_cancelled_has_no_button(town: Any, show: Any) -> None:
    await invited(town, {"reply": "waitlisted"}, state="cancelled")
    shown = show(await town.command(town.tahmina, "my"))
    assert "You: cancelled" in shown.text
    assert shown.labels == ["Home"]


async def test_long_lists_are_turned_page_by_page(town: Any, show: Any) -> None:
    await invited(town, *({"reply": "no"} for _ in range(12)))
    first = show(await town.command(town.tahmina, "my"))
    assert first.text.count("You: No") == 10
    assert "Back" not in first.labels
    second = show(await town.click(town.tahmina, first.button("Next")))
    assert "12. Meeting 12" in second.text
    assert second.labels == ["11 · Change reply", "12 · Change reply", "Back", "Home"]
    assert show(await town.click(town.tahmina, second.button("Back"))).text == first.text

    desk = show(await town.command(town.olivia, "meetings list"))
    older = show(await town.click(town.olivia, desk.button("Next")))
    assert "M1 · Meeting 1" in older.text
    assert "M1 · Status" in older.labels
    refused = show(await town.click(town.tahmina, Press("mtgpage", "", "1", "all")))
    assert "All meetings" not in refused.text
    assert "no reply" not in refused.text
