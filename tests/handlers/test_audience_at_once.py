"""Two organisers at one audience: no tap is lost, on both databases."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from chat.message import Press
from storage.meetings import Meeting
from storage.members import Member


async def test_taps_of_two_organisers_at_once_are_all_kept(town: Any) -> None:
    now, languages = town.clock.now(), ("ar", "es", "tr")
    async with town.write() as db:
        db.add_all([Member(code=each, name=each, language=each, zone="UTC") for each in languages])
        meeting = Meeting(
            code="M6", title="Jobs", zone="UTC", starts_at=now + timedelta(days=9), ends_at=now + timedelta(days=10),
            rsvp_deadline=now + timedelta(days=8), state="scheduled",
        )  # fmt: skip
        db.add(meeting)
    taps = [Press("aud", meeting.key, rev, each) for rev in ("l", "xl") for each in languages]
    await asyncio.gather(*(town.click(town.olivia, each) for each in taps))
    async with town.read() as db:
        kept = (await db.get_one(Meeting, meeting.id)).audience
    assert (set(kept["languages"]), set(kept["not"]["languages"])) == (set(languages), set(languages))
