from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from chat.message import Press
from chat.people import Person, Place
from handlers import _waiting
from storage.audit import AuditEntry
from storage.deliveries import Campaign
from storage.meetings import Invitation, Meeting
from storage.members import Consent, Member, give_consent
from tests.kinds import on_one


async def invite(town: Any, code: str, member: Member, reply: str, seats: int | None = None) -> Meeting:
    now = town.clock.now()
    async with town.write() as db:
        meeting = Meeting(
            code=code, title=f"Jobs and skills {code}", starts_at=now + timedelta(days=28), format="in_person",
            ends_at=now + timedelta(days=28, hours=2), zone="Europe/Brussels", state="inviting", seats=seats,
            rsvp_deadline=now + timedelta(days=14),
        )  # fmt: skip
        db.add(meeting)
        await db.flush()
        db.add(
            Invitation(
                meeting_id=meeting.id, member_id=member.id, invited_at=now, reply=reply, replied_at=now,
                queued_at=now if reply == "waitlisted" else None,
            )
        )  # fmt: skip
    return meeting


@on_one
async def test_the_notice_names_controller_data_purpose_rights_and_contact(
    town: Any, stranger: Person, show: Any
) -> None:
    for who in (town.tahmina, stranger):
        shown = show(await town.command(who, "privacy"), platform="telegram")
        lines = shown.text.splitlines()
        assert lines[1] == "Who is responsible: ICMPD, for COPRR."
        assert "stop at any time: /stop" in shown.text
        assert "coprr@example.org" in lines[5]
        assert lines[6] == "Full text: https://example.org/privacy"
    assert "Stop" not in shown.labels


@on_one
async def test_a_community_adds_its_own_lines_in_the_readers_language(town: Any, show: Any) -> None:
    async with town.database.write() as db:
        community = await db.merge(town.community)
        community.settings = {"privacy": {"en": "Legal basis: consent.", "fr": "Base légale : consentement."}}
    assert "Base légale" in show(await town.command(town.claire, "privacy"), "fr").text
    assert "Legal basis" in show(await town.command(town.tahmina, "privacy")).text


@pytest.mark.parametrize("way", ["command", "button"])
async def test_stop_works_in_one_step_and_withdraws_consent(town: Any, show: Any, way: str) -> None:
    async with town.write() as db:
        give_consent(db, await db.merge(town.tahmina), town.clock.now() - timedelta(days=1), "v1")
    if way == "command":
        answers = await town.command(town.tahmina, "stop")
    else:
        answers = await town.click(town.tahmina, show(await town.command(town.tahmina, "privacy")).button("Stop"))
    shown = show(answers, platform="telegram")
    assert shown.text == "Messages are off, on all your accounts. Your replies stay; /my still shows them."
    assert shown.labels[0] == "Start again"
    assert (await town.reload(town.tahmina)).state == "stopped"
    async with town.read() as db:
        assert (await db.scalars(select(Consent))).one().withdrawn_at == town.clock.now()
        assert [each.act for each in await db.scalars(select(AuditEntry))] == ["stop"]


async def test_start_again_records_a_new_consent(town: Any, show: Any) -> None:
    stopped = show(await town.command(town.tahmina, "/stop"))
    shown = show(await town.click(town.tahmina, stopped.button("Start again")))
    assert shown.text.startswith("Messages are on again.")
    assert (await town.reload(town.tahmina)).state == "active"
    async with town.read() as db:
        assert (await db.scalars(select(Consent))).one().withdrawn_at is None
    assert show(await town.command(town.tahmina, "resume")).text == "Messages are on."


@on_one
async def test_who_stops_keeps_the_seats_and_can_give_them_up(town: Any, show: Any) -> None:
    await invite(town, "M6", town.tahmina, "yes")
    shown = show(await town.command(town.tahmina, "stop"), platform="telegram")
    assert shown.text == (
        "Messages are off, on all your accounts. Your Yes to “Jobs and skills M6” stays; /my still shows it."
    )
    assert shown.labels == ["Start again", "Give up my seats", "My replies", "My data and privacy"]
    given = show(await town.click(town.tahmina, shown.button("Give up my seats")))
    assert given.text == "Your reply to 1 meeting is now No."
    assert show(await town.command(town.tahmina, "stop")).labels[:2] == ["Start again", "My replies"]

    for code in ("M7", "M8"):
        await invite(town, code, town.tahmina, "yes")
    again = show(await town.command(town.tahmina, "stop"), platform="telegram")
    assert "Your Yes to 2 meetings stays; /my still shows them." in again.text


@on_one
async def test_who_starts_again_is_offered_the_seat_that_became_free_meanwhile(town: Any, show: Any) -> None:
    meeting = await invite(town, "M6", town.tahmina, "waitlisted", seats=1)
    shown = show(await town.command(town.tahmina, "stop"))
    assert "Your replies stay" in shown.text
    assert "Give up my seats" in shown.labels
    async with town.write() as db:
        await _waiting.settle(db, await db.get_one(Meeting, meeting.id), town.clock.now())
        assert (await db.scalars(select(Invitation))).one().offer_until is None

    await town.click(town.tahmina, shown.button("Start again"))

    async with town.read() as db:
        assert (await db.scalars(select(Invitation))).one().offer_until > town.clock.now()
        assert [each.kind for each in await db.scalars(select(Campaign))] == ["waitlist_offer"]


@on_one
async def test_a_stopped_member_sees_it_on_home(town: Any, show: Any) -> None:
    await town.command(town.tahmina, "stop")
    home = show(await town.command(town.tahmina, "home"))
    assert "Messages are off." in home.text
    assert home.labels[0] == "Start again"


@on_one
async def test_stop_typed_in_a_group_is_answered_in_private(town: Any) -> None:
    answers = await town.command(town.claire, "stop", Place("slack", "T1", "C1", "group"))
    assert answers[0].private


@on_one
async def test_strangers_have_nothing_to_stop(town: Any, stranger: Person, show: Any) -> None:
    for words in ("stop", "resume"):
        assert show(await town.command(stranger, words)).text.startswith("This assistant serves members")


@on_one
async def test_language_is_chosen_by_button_or_word_and_answered_in_it(town: Any, stranger: Person, show: Any) -> None:
    shown = show(await town.command(town.tahmina, "language"))
    assert shown.labels == ["English", "Français", "Türkçe", "العربية", "Español"]
    assert "Français" in show(await town.click(town.tahmina, shown.button("Français"))).text
    assert (await town.reload(town.tahmina)).language == "fr"
    await town.command(town.tahmina, "dil turkce")
    assert (await town.reload(town.tahmina)).language == "tr"
    assert "Español" in show(await town.click(stranger, Press("lang", "", "", "es"))).text
    assert "cannot find" in show(await town.click(stranger, Press("lang", "", "", "xx"))).text


@on_one
async def test_settings_show_what_is_kept(town: Any, show: Any) -> None:
    shown = show(await town.command(town.tahmina, "settings"))
    assert "Time zone: Dhaka" in shown.text
    assert "Quiet hours: 20:00–08:00, and your weekend: Fri, Sat" in shown.text
    assert "Messages come to: Telegram" in shown.text


@on_one
@pytest.mark.parametrize(
    ("typed", "zone"),
    [("Istanbul", "Europe/Istanbul"), ("bruxelles", "Europe/Brussels"), ("Europe/Berlin", "Europe/Berlin")],
)
async def test_a_zone_is_typed_as_a_city_in_any_language(town: Any, show: Any, typed: str, zone: str) -> None:
    await town.command(town.tahmina, f"zone {typed}")
    assert (await town.reload(town.tahmina)).zone == zone


@on_one
async def test_zones_of_the_country_are_offered_and_made_up_ones_refused(town: Any, show: Any) -> None:
    async with town.write() as db:
        (await db.merge(town.tahmina)).country = "ES"
    shown = show(await town.command(town.tahmina, "zone"))
    assert "Madrid" in shown.labels
    await town.click(town.tahmina, shown.button("Madrid"))
    assert (await town.reload(town.tahmina)).zone == "Europe/Madrid"
    assert "I do not know a time zone" in show(await town.command(town.tahmina, "zone Atlantis")).text
    assert "cannot find" in show(await town.click(town.tahmina, Press("zone", "", "", "Mars/Base"))).text
