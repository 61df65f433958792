"""The main job through the real libraries, on both platforms and by all four transports."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

BEFORE = datetime(2026, 4, 7, 13, 2, tzinfo=UTC)
MEMBERS_SLACK, MEMBERS_TELEGRAM = "C0MEMBERS", "-1001000000001"

OWN_LANGUAGE = (
    ("m05", "slack", "Bonjour Claire, nous avons le plaisir de vous inviter"),
    ("m18", "telegram", "يسرّنا دعوتكم"),
    ("m06", "telegram", "Hola, Lucía: nos complace invitarle"),
    ("m16", "slack", "Merhaba Ayşe, sizi"),
)


async def invite(people: Any) -> None:
    await people.say("o01", "slack", "/cop meeting invite M6")
    await people.see("o01", "slack", "24 people")
    await people.press("o01", "slack", "/^send:/")
    await people.see("o01", "slack", "you can undo")
    due = await people.demo.move(BEFORE + timedelta(minutes=2, seconds=1), cards=False)
    while due is not None and due < datetime(2026, 4, 8, 12, 30, tzinfo=UTC):
        due = await people.demo.move(due, cards=False)


@pytest.mark.parametrize("webhooks", [False, True], ids=["socket-and-polling", "signed-http-and-webhook"])
async def test_an_organiser_invites_in_slack_a_member_answers_in_telegram_and_both_cards_change(
    town: Any, webhooks: bool
) -> None:
    async with town(clock=BEFORE, current=False, webhooks=webhooks) as people:
        await invite(people)
        for person, platform, words in OWN_LANGUAGE:
            await people.see(person, platform, words)
        await people.see("m15", "telegram", "Wed, 20 May 2026, 14:00–16:30 (Dhaka) · 10:00 Brussels")
        await people.press("m15", "telegram", "Yes")
        card = await people.see("m15", "telegram", "You replied: Yes.")
        assert card["edited"]
        await people.see("m15", "telegram", "Yes 1 · Maybe 0 · No 0", chat=MEMBERS_TELEGRAM)
        await people.see("m01", "slack", "Yes 1 · Maybe 0 · No 0", chat=MEMBERS_SLACK)
        await people.press("m01", "slack", "No", chat=MEMBERS_SLACK)
        await people.see("m01", "slack", "You replied: No.")
        await people.see("m15", "telegram", "Yes 1 · Maybe 0 · No 1", chat=MEMBERS_TELEGRAM)
