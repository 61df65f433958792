"""Sends in organisers' hands: stopping, taking back, doubts, and presses of several people at once."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from chat.errors import UserError
from chat.message import Press
from chat.outbound import Reply
from storage.audit import AuditEntry
from storage.communities import Channel
from storage.deliveries import Campaign, Delivery
from storage.meetings import Invitation, Meeting
from storage.members import RoleGrant
from tests.handlers.sending import become, campaigns, card, invite, one, people, planned, second_organiser, settle
from tests.kinds import on_one


@pytest.fixture
async def meeting(town: Any) -> Meeting:
    return await planned(town)


async def test_an_organiser_stops_a_mistaken_send_and_takes_it_back(town: Any, meeting: Meeting, show: Any) -> None:
    """Conversation 6.12, with invitations in place of a webinar's reminder."""
    await people(town, slack=117, telegram=193)
    preview = show(await town.command(town.olivia, "meeting invite"))
    assert "312 people: 118 Slack, 194 Telegram" in preview.text
    (ask,) = await town.click(town.olivia, preview.button("Send to 312"))
    (planned,) = await town.submit(town.olivia, "count", ask.subject, {"count": "312"})
    assert show([planned]).labels == ["Undo", "Status"]
    key = planned.card.subject
    async with town.write() as db:  # called away, the two minutes pass
        await db.execute(update(Campaign).values(state="sending", held_until=None))
    await settle(town, key, "slack", "sent", 38)
    await settle(town, key, "telegram", "sent", 58)

    running = await card(town, key, show)
    assert "Sending: 96 of 312 sent, 216 waiting, unknown 0, failed 0." in running.text
    assert "Slack: sent 38, waiting 80, unknown 0, failed 0, skipped 0" in running.text
    assert "Stop sending" in running.labels

    await town.click(town.olivia, running.button("Stop sending"))
    await settle(town, key, "slack", "sent", 3)  # what was on its way
    await settle(town, key, "telegram", "sent", 2)
    stopped = await card(town, key, show)
    assert "Stopped by you. Sent 101 (Slack 41, Telegram 60), not sent 211." in stopped.text
    assert stopped.labels[:2] == ["Resume sending", "Take back"]

    asked = show(await town.click(town.olivia, stopped.button("Take back")))
    assert "Delete 101 messages? Some people may have read them." in asked.text
    assert asked.labels == ["Take back", "Leave them"]
    going = show(await town.click(town.olivia, asked.button("Take back")))
    assert "Taking back: 0 of 101 deleted." in going.text

    await settle(town, key, "slack", "cancelled", 41, "taken_back", "sent")
    await settle(town, key, "telegram", "cancelled", 59, "taken_back", "sent")
    await settle(town, key, "telegram", "sent", 1, "kept", "sent")
    await become(town, key, "taken_back")
    over = await card(town, key, show)
    assert (
        "Taken back: 100 deleted; 1 could not be and now reads “This message was sent by mistake. Please ignore it.”"
    ) in over.text
    assert "Telegram: sent 1, waiting 0, unknown 0, failed 0, skipped 134, deleted 59" in over.text
    assert over.labels == ["Who gets it", "Status", "Sends"]

    (notice,) = [each for each in await campaigns(town, "send_stopped") if each.details["what"] == "taken_back"]
    async with town.read() as db:
        team = (await db.scalars(select(Channel).where(Channel.purpose == "organisers"))).one()
        to = await db.scalars(select(Delivery.channel_id).where(Delivery.campaign_id == notice.id))
        assert list(to) == [team.id]
        acts = {each.act for each in await db.scalars(select(AuditEntry).where(AuditEntry.subject == key))}
    told = show([Reply(await town.draw("send_stopped", key, team, **notice.details))])
    assert told.text == ("Invitations for M6: Jobs and skills: stopped and taken back. Nothing more goes out from it.")
    assert told.labels == ["Sends"]
    assert acts == {"send_invitation", "stop_send", "take_back"}


async def test_taking_back_invitations_leaves_nobody_invited_who_did_not_reply(
    town: Any, meeting: Meeting, show: Any
) -> None:
    key = await invite(town, show)
    await settle(town, key, "slack", "sent", 1)
    await town.click(town.claire, Press("rsvp", meeting.key, "0", "yes"))
    await town.click(town.olivia, Press("stopsend", key))
    asked = show(await town.click(town.olivia, Press("takeback", key)))
    assert asked.text.splitlines()[1:] == [
        "Delete 1 message? Some people may have read it.",
        "The cards in the channels go, too.",
        "Whoever has not replied is no longer invited.",
    ]
    await town.click(town.olivia, asked.button("Take back"))
    async with town.read() as db:
        assert list(await db.scalars(select(Invitation.member_id))) == [town.claire.id]
        assert (await db.get_one(Meeting, meeting.id)).state == "inviting"
        states = {row.kind: row.state for row in await db.scalars(select(Campaign))}
    assert states["invitation"] == states["meeting_card"] == "taking_back"
    assert "1 person: 1 Telegram" in show(await town.command(town.olivia, "meeting invite")).text


async def test_stop_and_resume_hold_what_goes_along(town: Any, meeting: Meeting, show: Any) -> None:
    key = await invite(town, show)
    stopped = show(await town.click(town.olivia, Press("stopsend", key)))
    assert "Stopped by you. Sent 0, not sent 2." in stopped.text
    assert "Stopped. What was already on its way may still arrive." in stopped.text
    assert {each.state for each in await campaigns(town, "meeting_card")} == {"stopped"}
    going = show(await town.click(town.olivia, stopped.button("Resume sending")))
    assert "Sending: 0 of 2 sent, 2 waiting, unknown 0, failed 0." in going.text
    assert {each.state for each in await campaigns(town, "meeting_card")} == {"sending"}


async def test_two_organisers_press_at_once_and_one_counts(town: Any, meeting: Meeting, show: Any) -> None:
    await second_organiser(town)
    key = await invite(town, show)
    await town.click(town.olivia, Press("stopsend", key))
    late = show(await town.click(town.claire, Press("stopsend", key)))
    assert "Stopped by Olivia Organiser." in late.text
    assert "Olivia Organiser was quicker. This is how it stands now." in late.text
    again = show(await town.click(town.olivia, Press("stopsend", key)))
    assert "Already saved." in again.text

    asked = show(await town.click(town.claire, Press("takeback", key)))
    assert "Nothing has been sent. What waits will not be sent either." in asked.text
    await town.click(town.claire, asked.button("Take back"))
    second = show(await town.click(town.olivia, asked.button("Take back")))
    assert "Claire Exemple was quicker." in second.text
    assert "This card was out of date." in show(await town.click(town.olivia, Press("goon", key))).text
    assert len([each for each in await campaigns(town, "send_stopped") if each.details["what"] == "taken_back"]) == 1


@on_one
async def test_a_question_lives_ten_minutes_and_dies_with_any_change(town: Any, meeting: Meeting, show: Any) -> None:
    key = await invite(town, show)
    await settle(town, key, "slack", "sent", 1)
    await town.click(town.olivia, Press("stopsend", key))
    asked = show(await town.click(town.olivia, Press("takeback", key)))
    await settle(town, key, "telegram", "sent", 1)
    again = show(await town.click(town.olivia, asked.button("Take back")))
    assert "Delete 2 messages?" in again.text
    assert "This card was out of date." in again.text
    town.clock.advance(timedelta(minutes=11))
    assert "Delete 2 messages?" in show(await town.click(town.olivia, again.button("Take back"))).text
    for arg in ("", "x", "1.", "999999999999.1", "1.2.3"):
        assert "Delete 2" in show(await town.click(town.olivia, Press("takeyes", key, "", arg))).text
    left = show(await town.click(town.olivia, asked.button("Leave them")))
    assert "Stopped by you." in left.text
    assert (await one(town, key)).state == "stopped"


@on_one
async def test_of_a_stopped_send_the_unknown_is_neither_called_unsent_nor_deletable(
    town: Any, meeting: Meeting, show: Any
) -> None:
    await people(town, slack=2)
    key = await invite(town, show)
    await settle(town, key, "slack", "sent", 2)
    await settle(town, key, "telegram", "unknown", 1)
    stopped = show(await town.click(town.olivia, Press("stopsend", key)))
    assert "Sent 2 (Slack 2), not sent 1." in stopped.text
    assert "1 message may or may not have arrived: Telegram did not answer." in stopped.text
    assert stopped.labels[:2] == ["Resume sending", "Take back"]
    asked = show(await town.click(town.olivia, stopped.button("Take back")))
    assert "1 more message may or may not have arrived; it cannot be deleted." in asked.text


@on_one
async def test_before_taking_back_it_says_what_telegram_no_longer_deletes(
    town: Any, meeting: Meeting, show: Any
) -> None:
    key = await invite(town, show)
    await settle(town, key, "telegram", "sent", 1)
    await settle(town, key, "slack", "sent", 1)
    await become(town, key, "done")
    town.clock.advance(timedelta(hours=49))
    asked = show(await town.click(town.olivia, Press("takeback", key)))
    assert "Delete 2 messages?" in asked.text
    assert "1 Telegram copy can no longer be deleted; it will be edited." in asked.text


@on_one
async def test_undo_too_late_offers_to_stop(town: Any, meeting: Meeting, show: Any) -> None:
    key = await invite(town, show)
    late = show(await town.click(town.olivia, Press("undo", key)))
    assert "Sending has begun. You can stop it." in late.text
    assert "Stop sending" in late.labels
    await town.click(town.olivia, late.button("Stop sending"))
    assert (await one(town, key)).state == "stopped"


@on_one
async def test_messages_of_unknown_fate_are_sent_again_or_left(town: Any, meeting: Meeting, show: Any) -> None:
    await people(town, telegram=2)
    key = await invite(town, show)
    await settle(town, key, "slack", "sent", 1)
    await settle(town, key, "telegram", "unknown", 3)
    await become(town, key, "done")
    seen = await card(town, key, show)
    assert "3 messages may or may not have arrived: Telegram did not answer. Re-sending can make a copy." in seen.text
    assert seen.labels == ["Re-send to 3", "Leave as it is", "Take back", "Who gets it", "Status", "Sends"]
    again = show(await town.click(town.olivia, seen.button("Re-send to 3")))
    assert "3 messages go out again." in again.text
    assert "Sending: 1 of 4 sent, 3 waiting, unknown 0, failed 0." in again.text
    twice = show(await town.click(town.olivia, seen.button("Re-send to 3")))
    assert "This card was out of date." in twice.text

    await settle(town, key, "telegram", "unknown", 1)
    await settle(town, key, "telegram", "sent", 2)
    await become(town, key, "done")
    listed = show(await town.command(town.olivia, "deliveries"))
    assert "unknown: 1" in listed.text
    doubts = show(await town.click(town.olivia, listed.button("Unknown")))
    assert "Messages that may or may not have arrived" in doubts.text
    opened = show(await town.click(town.olivia, doubts.button("1 · Open")))
    left = show(await town.click(town.olivia, opened.button("Leave as it is")))
    assert "1 message may or may not have arrived; it is left as it is." in left.text
    assert "Re-send to 1" not in left.labels
    assert "unknown: 0" in show(await town.command(town.olivia, "deliveries")).text
    assert "This card was out of date." in show(await town.click(town.olivia, Press("leaveit", key))).text


@on_one
async def test_what_is_too_late_is_not_offered_again(town: Any, meeting: Meeting, show: Any) -> None:
    key = await invite(town, show)
    await settle(town, key, "telegram", "unknown", 1)
    await settle(town, key, "slack", "sent", 1)
    await become(town, key, "done")
    town.clock.set(meeting.starts_at + timedelta(minutes=1))
    seen = await card(town, key, show)
    assert "1 message may or may not have arrived; it is left as it is." in seen.text
    assert "Re-send to 1" not in seen.labels


@on_one
@pytest.mark.parametrize(
    "verb", ["stopsend", "goon", "takeback", "takeyes", "resend", "leaveit", "sendcard", "sendwho", "sends", "unreach"]
)
async def test_only_organisers_may(town: Any, meeting: Meeting, show: Any, verb: str) -> None:
    key = await invite(town, show)
    async with town.write() as db:
        db.add(RoleGrant(member_id=town.claire.id, role="moderator"))
    assert show(await town.click(town.claire, Press(verb, key))).text == "Only organisers can do that."
    assert (await one(town, key)).state == "sending"
    assert show(await town.command(town.claire, "deliveries")).text == "Only organisers can do that."
    if verb not in ("sends", "unreach"):
        async with town.write() as db:
            notice = Campaign(kind="alert", subject="dead", state="done", created_at=town.clock.now())
            db.add(notice)
        for other in (notice.key, "nosuchkey0"):
            with pytest.raises(UserError):
                await town.click(town.olivia, Press(verb, other))


@on_one
async def test_what_could_not_be_deleted_says_that_it_was_a_mistake(town: Any, show: Any) -> None:
    note = await town.draw("withdrawn_note", "meet000001", town.claire)
    assert show([Reply(note)]).text == "This message was sent by mistake. Please ignore it."
    assert show([Reply(note)], "fr").text == "Ce message a été envoyé par erreur. Merci de ne pas en tenir compte."


async def test_many_presses_at_once_have_one_effect(town: Any, meeting: Meeting, show: Any) -> None:
    await second_organiser(town)
    key = await invite(town, show)
    await settle(town, key, "slack", "sent", 1)
    both = (town.olivia, town.claire) * 4
    await asyncio.gather(*(town.click(each, Press("stopsend", key)) for each in both))
    asked = show(await town.click(town.olivia, Press("takeback", key)))
    await asyncio.gather(*(town.click(each, asked.button("Take back")) for each in both))
    async with town.read() as db:
        acts = list(await db.scalars(select(AuditEntry.act).where(AuditEntry.subject == key).order_by(AuditEntry.id)))
    assert acts == ["send_invitation", "stop_send", "take_back"]
    assert len(await campaigns(town, "send_stopped")) == 2
    assert (await one(town, key)).state == "taking_back"


async def test_re_sending_at_once_sends_each_message_once_more(town: Any, meeting: Meeting, show: Any) -> None:
    await second_organiser(town)
    key = await invite(town, show)
    await settle(town, key, "telegram", "unknown", 1)
    await settle(town, key, "slack", "sent", 1)
    await become(town, key, "done")
    press = (await card(town, key, show)).button("Re-send to 1")
    said = await asyncio.gather(*(town.click(each, press) for each in (town.olivia, town.claire) * 3))
    assert sum("1 message goes out again." in show(each).text for each in said) == 1
    async with town.read() as db:
        acts = list(await db.scalars(select(AuditEntry.act).where(AuditEntry.act == "resend_unknown")))
    assert len(acts) == 1
