"""A meeting moves, changes its place and is cancelled, as people on both platforms see it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from storage.deliveries import Campaign, Delivery
from storage.invitations import Invitation
from storage.meetings import Meeting


async def passed(people: Any, minutes: float) -> None:
    await people.run_until(await people.now() + timedelta(minutes=minutes))


async def test_a_move_is_undone_confirmed_and_answered_then_the_meeting_is_cancelled(town: Any) -> None:
    async with town() as people:
        await people.say("o01", "slack", "/cop meeting reschedule M6")
        opened = await people.modal("o01")
        assert opened["title"]["text"] == "Change the date"
        values = {"start": "2026-06-03T14:00", "reason": "The hall is taken."}
        done = await people.submit("o01", **values)
        assert done.get("closed"), done
        await people.see("o01", "slack", "Now: Wed, 3 Jun 2026, 14:00–16:30 (Brussels)")
        await people.press("o01", "slack", "/^msave:/")
        await people.see("o01", "slack", "Planned by")
        await people.press("o01", "slack", "Undo")
        await people.see("o01", "slack", "Undone. Nothing was sent.")
        await passed(people, 3)
        moved = select(func.count()).select_from(Delivery).join(Campaign, Campaign.id == Delivery.campaign_id)
        assert (await people.rows(moved.where(Campaign.kind == "reschedule")))[0][0] == 0

        await people.say("o01", "slack", "/cop meeting move M6")
        await people.modal("o01")
        await people.submit("o01", **values)
        await people.press("o01", "slack", "/^msave:/")
        await people.see("o01", "slack", "Planned by")
        before = (await people.rows(select(func.count()).where(Invitation.reply == "yes")))[0][0]
        await passed(people, 5)
        rows = await people.rows(
            select(Delivery.member_id, func.count())
            .join(Campaign, Campaign.id == Delivery.campaign_id)
            .where(Campaign.kind == "reschedule", Delivery.state == "sent")
            .group_by(Delivery.member_id)
        )
        assert {each[1] for each in rows} == {1}
        again = (await people.rows(select(func.count()).where(Invitation.reply == "reconfirm")))[0][0]
        card = await people.see("m15", "telegram", "New time for")
        assert "Now: Wed, 3 Jun 2026, 18:00–20:30 (Dhaka) · 14:00 Brussels" in card["text"]
        assert again <= before
        await people.press("m15", "telegram", "The new time suits me")
        await people.see("m15", "telegram", "You replied: Yes.")

        await people.say("o04", "telegram", "/meeting_cancel M6")
        await people.see("o04", "telegram", "Members will read this.")
        await people.say("o04", "telegram", "The speaker is ill.")
        await people.see("o04", "telegram", "They get:")
        await people.press("o04", "telegram", "Cancel the meeting")
        await people.see("o04", "telegram", "Planned by")
        await passed(people, 5)
        await people.see("m15", "telegram", "The speaker is ill.")
        assert (await people.rows(select(Meeting.state).where(Meeting.code == "M6")))[0][0] == "cancelled"
