"""Preview, confirm, undo and progress of invitations and nudges."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from chat.message import Press
from chat.outbound import Ask, Card, Edit, Invalid, Reply
from chat.text import Reader, plain
from storage.audit import AuditEntry
from storage.deliveries import Campaign, Delivery
from storage.meetings import Invitation, Meeting
from storage.members import Account, Member
from storage.timers import Timer
from tests.handlers.sending import planned
from tests.kinds import on_one


@pytest.fixture
async def meeting(town: Any) -> Meeting:
    """Give a planned meeting on Wed, 20 May 2026, 10:00 in Brussels."""
    return await planned(town)


async def add_members(town: Any, number: int, **values: Any) -> None:
    async with town.write() as db:
        for n in range(number):
            member = Member(code=f"x{n:03}", name=f"Extra {n:03}", zone="Europe/Brussels", category="expert", **values)
            member.accounts = [Account(platform="slack", workspace="T1", user=f"UX{n}", chat=f"DX{n}")]
            db.add(member)


async def sent(town: Any, meeting: Meeting, show: Any) -> Any:
    """Preview and confirm; give the answers of the confirmation."""
    preview = show(await town.command(town.olivia, "meeting invite"))
    return await town.click(town.olivia, preview.button("Send to 2"))


async def rows(town: Any, kind: str) -> list[Delivery]:
    async with town.read() as db:
        query = select(Delivery).join(Campaign, Campaign.id == Delivery.campaign_id).where(Campaign.kind == kind)
        return list(await db.scalars(query.order_by(Delivery.due_at, Delivery.id)))


async def state(town: Any, meeting: Meeting) -> str:
    async with town.read() as db:
        return (await db.get_one(Meeting, meeting.id)).state


@on_one
async def test_the_preview_says_who_where_when_in_which_languages(town: Any, meeting: Meeting, show: Any) -> None:
    await add_members(town, 1, state="paused")
    async with town.write() as db:
        db.add(Member(code="y1", name="No Chat", zone="UTC"))
        db.add(Member(code="y2", name="Not Joined", zone="UTC", state="invited"))

    seen = show(await town.command(town.olivia, "meeting invite"))

    assert seen.text.splitlines()[:10] == [
        "Invitations for M6: Jobs and skills",
        "2 people: 1 Slack, 1 Telegram",
        "Languages: Français 1, English 1",
        "First: Wed, 22 Apr 2026, 10:00 (Brussels)",
        "Last: Thu, 23 Apr 2026, 06:00 (Brussels)",
        "2 people are not reached: paused 1, has no account here 1",
        "1 person has not joined yet.",
        "A card with counts goes to: coprr (Slack), COPRR (Telegram)",
        "They get:",
        "Hello Olivia, you are invited to “Jobs and skills” (COPRR).",
    ]
    assert seen.labels == ["Send a test to me", "Who gets it", "Edit", "Schedule", "Send to 2", "Cancel"]
    assert "meeting preview" not in seen.text
    assert await rows(town, "invitation") == []


@on_one
async def test_who_gets_it_lists_names_moments_and_reasons(town: Any, meeting: Meeting, show: Any) -> None:
    async with town.write() as db:
        db.add(Member(code="y1", name="No Chat", zone="UTC"))
    preview = show(await town.command(town.olivia, "meeting preview M6"))
    seen = show(await town.click(town.olivia, preview.button("Who gets it")))
    assert seen.text.splitlines()[1:] == [
        "1. Claire Exemple · Slack · Wed, 22 Apr 2026, 10:00 (Brussels)",
        "2. Tahmina Udaharon · Telegram · Thu, 23 Apr 2026, 06:00 (Brussels)",
        "3. No Chat · has no account here",
    ]
    again = show(await town.click(town.olivia, seen.button("Preview")))
    assert "Send to 2" in again.labels


@on_one
async def test_a_test_reaches_the_organiser_alone_and_its_buttons_do_nothing(
    town: Any, meeting: Meeting, show: Any
) -> None:
    preview = show(await town.command(town.olivia, "meeting invite"))
    answers = await town.click(town.olivia, preview.button("Send a test to me"))
    seen = show(answers)
    assert answers[0].private
    assert "This is a test." in seen.text
    (toast,) = await town.click(town.olivia, seen.button("Yes"))
    assert plain(toast.text, Reader()) == "This was a test. Nothing is saved."
    assert await rows(town, "invitation") == []


async def test_confirming_plans_every_message_and_leaves_time_to_undo(town: Any, meeting: Meeting, show: Any) -> None:
    answers = await sent(town, meeting, show)

    seen = show(answers)
    assert isinstance(answers[0], Edit)
    assert answers[0].card is not None
    assert answers[0].card.kind == "progress"
    assert "Planned by Olivia Organiser. First message: Wed, 22 Apr 2026, 10:00 (Brussels)." in seen.text
    assert seen.labels == ["Undo", "Status"]
    invited = await rows(town, "invitation")
    assert [(each.platform, each.due_at.isoformat()) for each in invited] == [
        ("slack", "2026-04-22T08:00:00+00:00"),
        ("telegram", "2026-04-23T04:00:00+00:00"),
    ]
    assert {each.chat for each in await rows(town, "meeting_card")} == {"C1", "-1001"}
    assert await state(town, meeting) == "inviting"
    async with town.read() as db:
        assert len(list(await db.scalars(select(Invitation)))) == 2
        assert {each.act for each in await db.scalars(select(AuditEntry))} == {"send_invitation"}
        timers = {(each.kind, each.slot) for each in await db.scalars(select(Timer))}
    assert ("reminder", "reminder_1h") in timers
    assert ("fbask", "") in timers


async def test_undo_takes_everything_back(town: Any, meeting: Meeting, show: Any) -> None:
    seen = show(await sent(town, meeting, show))

    undone = show(await town.click(town.olivia, seen.button("Undo")))

    assert "Undone. Nothing was sent." in undone.text
    assert await state(town, meeting) == "scheduled"
    assert {each.state for each in [*await rows(town, "invitation"), *await rows(town, "meeting_card")]} == {
        "cancelled"
    }
    async with town.read() as db:
        assert list(await db.scalars(select(Invitation))) == []
        assert set(await db.scalars(select(Timer.slot))) == {"poll_open", "checklist"}  # those of a draft
    again = show(await town.click(town.olivia, seen.button("Undo")))
    assert "Undone." in again.text
    town.clock.advance(timedelta(minutes=1))
    resent = show(await sent(town, meeting, show))
    assert "Planned by" in resent.text
    assert [each.state for each in await rows(town, "invitation")].count("queued") == 2


@on_one
async def test_undo_comes_too_late_once_sending_has_begun(town: Any, meeting: Meeting, show: Any) -> None:
    seen = show(await sent(town, meeting, show))
    async with town.write() as db:
        await db.execute(update(Campaign).values(state="sending"))
    answers = await town.click(town.olivia, seen.button("Undo"))
    assert "Sending has begun" in show(answers).text
    assert await state(town, meeting) == "inviting"


async def test_a_second_press_on_send_changes_nothing(town: Any, meeting: Meeting, show: Any) -> None:
    preview = show(await town.command(town.olivia, "meeting invite"))
    send = preview.button("Send to 2")
    (first,) = await town.click(town.olivia, send)
    (second,) = await town.click(town.olivia, send)
    assert first.card == second.card
    assert len(await rows(town, "invitation")) == 2


@on_one
async def test_a_preview_dies_after_ten_minutes_and_with_any_change(town: Any, meeting: Meeting, show: Any) -> None:
    send = show(await town.command(town.olivia, "meeting invite")).button("Send to 2")
    town.clock.advance(timedelta(minutes=11))
    assert "Something changed since this preview." in show(await town.click(town.olivia, send)).text

    send = show(await town.command(town.olivia, "meeting invite")).button("Send to 2")
    async with town.write() as db:
        (await db.get_one(Meeting, meeting.id)).title = "Other words"
    changed = show(await town.click(town.olivia, send))
    assert "Something changed since this preview." in changed.text
    assert changed.labels == ["Preview"]

    send = show(await town.command(town.olivia, "meeting invite")).button("Send to 2")
    await add_members(town, 1)
    assert "Something changed" in show(await town.click(town.olivia, send)).text
    assert await rows(town, "invitation") == []


@on_one
async def test_another_organisers_send_is_named(town: Any, meeting: Meeting, show: Any) -> None:
    async with town.write() as db:
        from storage.members import RoleGrant

        db.add(RoleGrant(member_id=town.claire.id, role="organiser"))
    send = show(await town.command(town.olivia, "meeting invite")).button("Send to 2")
    await town.click(town.claire, send)
    seen = show(await town.click(town.olivia, send))
    assert seen.text == "Claire Exemple started this at 09:00 (Brussels). One send is enough."


@on_one
async def test_from_fifty_people_on_the_number_is_typed(town: Any, meeting: Meeting, show: Any) -> None:
    await add_members(town, 48)
    send = show(await town.command(town.olivia, "meeting invite")).button("Send to 50")
    (ask,) = await town.click(town.olivia, send)
    assert isinstance(ask, Ask)
    assert (ask.form, len(ask.subject) <= 40) == ("count", True)

    (refused,) = await town.submit(town.olivia, "count", ask.subject, {"count": "49"})
    assert isinstance(refused, Invalid)
    assert plain(refused.errors["count"], Reader()) == "You typed 49; this goes to 50. Nothing was sent."
    assert await rows(town, "invitation") == []

    (reply,) = await town.submit(town.olivia, "count", ask.subject, {"count": "50"})
    assert isinstance(reply, Reply)
    assert reply.card is not None
    assert len(await rows(town, "invitation")) == 50


@on_one
async def test_members_cannot_press_send(town: Any, meeting: Meeting, show: Any) -> None:
    send = show(await town.command(town.olivia, "meeting invite")).button("Send to 2")
    assert show(await town.click(town.claire, send)).text == "Only organisers can do that."
    assert await rows(town, "invitation") == []


@on_one
@pytest.mark.parametrize("arg", ["", "x", "i.abc.1", "z.0123456789abcdef.1", "i.0123456789abcdef.999999999999"])
async def test_made_up_confirmations_are_refused(town: Any, meeting: Meeting, arg: str) -> None:
    from chat.errors import UserError

    with pytest.raises(UserError):
        await town.click(town.olivia, Press("send", meeting.key, "", arg))


async def test_progress_adds_up_to_the_audience(town: Any, meeting: Meeting, show: Any) -> None:
    async with town.write() as db:
        db.add(Member(code="y1", name="No Chat", zone="UTC"))
    answers = await sent(town, meeting, show)
    async with town.write() as db:
        await db.execute(update(Campaign).values(state="sending"))
        await db.execute(update(Delivery).where(Delivery.platform == "slack").values(state="sent"))
        campaign = (await db.scalars(select(Campaign).where(Campaign.kind == "invitation"))).one()
    town.clock.advance(timedelta(hours=2))
    assert answers[0].card == Card("progress", campaign.key)
    seen = show([Reply(await town.draw("progress", campaign.key, town.olivia, first=False))])
    assert "Sending: 1 of 3 sent, 1 waiting, unknown 0, failed 1." in seen.text
    assert "Slack: sent 1, waiting 0, unknown 0, failed 0, skipped 0" in seen.text
    assert "Telegram: sent 0, waiting 1, unknown 0, failed 0, skipped 0" in seen.text
    assert "Why not: has no account here 1" in seen.text


async def test_a_nudge_goes_to_the_silent_only(town: Any, meeting: Meeting, show: Any) -> None:
    await sent(town, meeting, show)
    await town.click(town.claire, Press("rsvp", meeting.key, "0", "yes"))
    town.clock.set(datetime(2026, 4, 27, 9, tzinfo=UTC))
    status = show(await town.command(town.olivia, "meeting status"))
    assert "Yes 1 · Maybe 0 · No 0 · No reply 1" in status.text

    preview = show(await town.click(town.olivia, status.button("Remind 1")))
    assert preview.text.startswith("Reminder to reply for M6: Jobs and skills\n1 person: 1 Telegram")
    assert "A card with counts" not in preview.text
    done = show(await town.click(town.olivia, preview.button("Send to 1")))

    assert "Planned by" in done.text
    (nudge,) = await rows(town, "rsvp_nudge")
    assert (nudge.member_id, nudge.expires_at) == (town.tahmina.id, meeting.rsvp_deadline)
    async with town.read() as db:
        nudges = await db.scalars(select(Campaign).where(Campaign.kind == "rsvp_nudge"))
        assert {each.occurrence for each in nudges} == {"r0-1"}


@on_one
async def test_somebody_who_joins_later_is_invited_later(town: Any, meeting: Meeting, show: Any) -> None:
    await sent(town, meeting, show)
    nothing = show(await town.command(town.olivia, "meeting invite"))
    assert "Everybody is invited." in nothing.text
    assert "Reminder a week before · Yes · nobody at the moment\nWed, 13 May 2026, 10:00 (Brussels)" in nothing.text
    assert nothing.labels[-2:] == ["For one person", "Status"]
    await add_members(town, 1)
    preview = show(await town.command(town.olivia, "meeting invite"))
    assert "1 person: 1 Slack" in preview.text
    assert "A card with counts" not in preview.text
    await town.click(town.olivia, preview.button("Send to 1"))
    assert len(await rows(town, "invitation")) == 3
    assert len(await rows(town, "meeting_card")) == 2


@on_one
async def test_an_audience_of_one_category_gets_no_channel_card(town: Any, meeting: Meeting, show: Any) -> None:
    async with town.write() as db:
        (await db.get_one(Meeting, meeting.id)).audience = {"categories": ["country_of_origin"]}
    seen = show(await town.command(town.olivia, "meeting invite"))
    assert "1 person: 1 Telegram" in seen.text
    assert "A card with counts" not in seen.text


@on_one
async def test_names_stand_in_the_roster_and_only_in_private(town: Any, meeting: Meeting, show: Any) -> None:
    from chat.people import Place

    await sent(town, meeting, show)
    await town.click(town.tahmina, Press("rsvp", meeting.key, "0", "maybe"))
    seen = show(await town.command(town.olivia, "meeting roster"))
    assert seen.text.splitlines()[1:] == ["1. Tahmina Udaharon · Maybe", "2. Claire Exemple · no reply yet"]
    organisers = Place("slack", "T1", "C9", "group")
    (answer,) = await town.click(town.olivia, Press("roster", meeting.key, "0"), organisers)
    assert isinstance(answer, Reply)
    assert answer.private


@on_one
async def test_the_status_follows_and_says_what_comes_next(town: Any, meeting: Meeting, show: Any) -> None:
    await sent(town, meeting, show)
    answers = await town.command(town.olivia, "meeting status")
    seen = show(answers)
    assert answers[0].card == Card("status", meeting.key)
    assert "EU Member States: yes 0 of 1" in seen.text
    assert "Next message: Wed, 22 Apr 2026" in seen.text
    assert seen.labels == ["Remind 2", "Show names", "Edit", "Change the date", "More"]
    more = show(await town.click(town.olivia, seen.button("More")))
    assert more.labels[-7:] == [
        "Preview", "Answer for someone", "Cancel the meeting", "Schedule", "Audience", "Balance", "Questions",
    ]  # fmt: skip
