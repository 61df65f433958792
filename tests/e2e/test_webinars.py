"""A public webinar on both platforms: opened in the channels, registered for by members and by people from outside."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from storage.members import Member
from storage.webinars import Registrant, Webinar

BEFORE = datetime(2026, 5, 26, 7, 30, tzinfo=UTC)
OPENS = datetime(2026, 5, 26, 8, 0, tzinfo=UTC)


async def test_a_webinar_is_opened_and_people_register_from_everywhere(town: Any) -> None:
    async with town(clock=BEFORE, current=False) as people:
        await people.demo.control("person", id="x1", name="Ada Outside", telegram={"user": 8101})
        await people.demo.control("limits", enabled=False)
        await people.answer("o01", "slack", "/cop webinar", "Draft: nobody has been told.")
        await people.press("o01", "slack", "1 · Status")
        await people.see("o01", "slack", "Speakers: Tahmina Udaharon, Chiara Esempio")
        await people.press("o01", "slack", "Preview")
        await people.see("o01", "slack", "coprr-news (Slack)")
        await people.press("o01", "slack", "Send")
        await people.see("o01", "slack", "Opening")
        await people.run_until(OPENS)

        card = await people.see("m01", "slack", "After return", "C0NEWS")
        assert "Funded by the European Union" in card["text"]
        payload = re.search(
            r"t\.me/\w+\?start=(w_[\w-]+)",
            (await people.see("m15", "telegram", "After return", "-1001000000001"))["text"],
        )
        assert payload is not None
        await people.press("m05", "slack", "Register", "C0MEMBERS")
        await people.see("m05", "slack", "Votre inscription")
        await people.press("m15", "telegram", "Register", "-1001000000001")
        await people.see("m15", "telegram", "You are registered for")

        await people.demo.control("start", person="x1", platform="telegram", payload=payload[1])
        await people.see("x1", "telegram", "Your name")
        await people.answer("x1", "telegram", "Ada Outside", "Type of organisation")
        await people.press("x1", "telegram", "Media")
        await people.see("x1", "telegram", "Country")
        await people.answer("x1", "telegram", "Belgium", "Do you agree")
        await people.press("x1", "telegram", "I agree")
        await people.press("x1", "telegram", "Register")
        await people.see("x1", "telegram", "You are registered for")

        found = await people.rows(
            select(Member.code, Registrant.channel_id).join(Member, Member.id == Registrant.member_id)
        )
        assert len(found) == 3
        assert sum(channel is None for _, channel in found) == 1
        [(state,)] = await people.rows(select(Webinar.state))
        assert state == "open"
