"""Announcements: written, shown first, sent to people and channels, corrected everywhere, withdrawn."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from chat.errors import FieldError, UserError
from chat.form import Asking
from chat.message import LinkButton, Press
from chat.outbound import Edit
from handlers import _announcing
from handlers._announcement_forms import AddressField
from scheduler.contract import Skip
from storage.announcements import Announcement, AnnouncementRead
from storage.communities import Channel
from storage.deliveries import Campaign, CardCopy, Delivery
from storage.members import Member
from tests.handlers.sending import planned
from tests.kinds import on_one

GIVEN = {"text": "The library has moved.\nPlease look.", "to": "both", "channels": "none", "confirm": "no"}


async def written(town: Any, show: Any, **more: str) -> Any:
    """Submit the form and give what Olivia then sees."""
    return show(await town.submit(town.olivia, "announce", "", GIVEN | more))


async def sent(town: Any, show: Any, **more: str) -> Announcement:
    """Write, preview and confirm; give the row."""
    draft = await written(town, show, **more)
    preview = show(await town.click(town.olivia, draft.button("Preview")))
    send = next(each for each in preview._buttons() if str(each.press).startswith("bsend"))
    await town.click(town.olivia, send)
    async with town.read() as db:
        return (await db.scalars(select(Announcement))).one()


async def rows_of(town: Any) -> list[tuple[str, str, str]]:
    async with town.read() as db:
        query = select(Campaign.kind, Delivery.platform, Delivery.state).join(Delivery)
        return sorted(tuple(each) for each in await db.execute(query))


async def drawn(town: Any, show: Any, found: Announcement, to: Member | Channel, **how: str) -> Any:
    kind = "announcement" if isinstance(to, Member) else "announcement_channel"
    made = await town.draw(kind, found.key, to)
    assert not isinstance(made, Skip)
    return show([Edit(made)], **how)


@on_one
async def test_a_draft_shows_words_audience_and_time_and_nothing_was_sent(town: Any, show: Any) -> None:
    draft = await written(town, show, channels="members", link1="https://example.org/library")
    assert draft.text.splitlines() == [
        "Draft of an announcement", "The library has moved.", "Please look.",
        "Link: example.org (https://example.org/library)", "All members",
        "Goes to the channels: coprr (Slack), COPRR (Telegram)", "Goes out as soon as you confirm.",
        "Nothing was sent.",
    ]  # fmt: skip
    assert draft.labels == ["Preview", "Who is it for", "Edit", "Another language", "Discard draft"]
    assert await rows_of(town) == []


@on_one
async def test_people_and_channels_get_it_each_in_their_language(town: Any, show: Any) -> None:
    draft = await written(town, show, channels="members", link1="https://example.org/library")
    key = draft.button("Preview").press.key
    await town.submit(town.olivia, "announce_language", key, {"language": "fr", "text": "La bibliothèque a déménagé."})
    preview = show(await town.click(town.olivia, Press("bprev", key, "", "a")))
    assert "2 people: 1 Slack, 1 Telegram" in preview.text
    assert "No text of their own" not in preview.text
    await town.click(town.olivia, preview.button("Send to 2"))
    assert await rows_of(town) == [
        ("announcement", "slack", "queued"), ("announcement", "telegram", "queued"),
        ("announcement_channel", "slack", "queued"), ("announcement_channel", "telegram", "queued"),
    ]  # fmt: skip
    async with town.read() as db:
        found = (await db.scalars(select(Announcement))).one()
        channel = (await db.scalars(select(Channel).where(Channel.purpose == "members"))).first()
    assert (await drawn(town, show, found, town.claire, language="fr")).text.splitlines() == [
        "L'équipe organisatrice de COPRR", "La bibliothèque a déménagé.",
    ]  # fmt: skip
    english = await drawn(town, show, found, channel)
    assert english.text.splitlines() == ["The organisers of COPRR", "The library has moved.", "Please look."]
    (link,) = english._buttons()
    assert isinstance(link, LinkButton)
    assert english.labels == ["example.org"]


@on_one
async def test_who_has_no_text_of_their_own_is_named_by_language_before_it_goes(town: Any, show: Any) -> None:
    draft = await written(town, show)
    preview = show(await town.click(town.olivia, draft.button("Preview")))
    assert "No text of their own: Français 1. They get it in English." in preview.text


@on_one
async def test_the_audience_is_chosen_by_taps(town: Any, show: Any) -> None:
    draft = await written(town, show)
    card = show(await town.click(town.olivia, draft.button("Who is it for")))
    assert card.text.splitlines()[0] == "Who is it for: The library has moved. Please look."
    await town.click(town.olivia, Press("aud", draft.button("Preview").press.key, "l", "fr"))
    preview = show(await town.click(town.olivia, draft.button("Preview")))
    assert "1 person: 1 Slack" in preview.text
    await town.click(town.olivia, preview.button("Send to 1"))
    again = show(await town.click(town.olivia, draft.button("Who is it for")))
    assert "This announcement was sent already." in again.text


@on_one
async def test_a_correction_changes_every_copy_and_sends_nothing_new(town: Any, show: Any) -> None:
    found = await sent(town, show, channels="members")
    before = await rows_of(town)
    async with town.write() as db:
        for number, kind in enumerate(("announcement", "announcement_channel")):
            db.add(
                CardCopy(kind=kind, subject=found.key, platform="slack", workspace="T1", chat="C", message=str(number))
            )
    report = show(await town.submit(town.olivia, "announce", found.key, GIVEN | {"text": "The library stays."}))
    assert "Every copy shows the new text; nobody gets a new message." in report.text
    assert await rows_of(town) == before
    async with town.read() as db:
        assert all(each.wanted > each.shown for each in await db.scalars(select(CardCopy)))
    shown = (await drawn(town, show, found, town.tahmina)).text.splitlines()
    assert shown[1] == "The library stays."
    assert shown[2].startswith("Corrected: ")


@on_one
async def test_withdrawing_asks_first_then_every_copy_says_so_and_what_waits_stays(town: Any, show: Any) -> None:
    found = await sent(town, show)
    asked = show(await town.click(town.olivia, Press("annback", found.key)))
    assert asked.labels == ["Withdraw", "Leave it"]
    assert "withdrawn" in show(await town.click(town.olivia, asked.button("Withdraw"))).text
    assert await town.draw("announcement", found.key, town.tahmina) == Skip("gone")
    redrawn = await town.draw("announcement", found.key, town.tahmina, first=False)
    assert "This message was withdrawn." in show([Edit(redrawn)]).text
    with pytest.raises(UserError):
        await town.submit(town.olivia, "announce", found.key, GIVEN)


async def test_reading_is_confirmed_once_by_those_it_is_for_and_organisers_see_who_is_silent(
    town: Any, show: Any
) -> None:
    found = await sent(town, show, confirm="yes")
    card = await drawn(town, show, found, town.tahmina)
    for _ in range(2):
        after = show(await town.click(town.tahmina, card.button("I have read it")))
    assert after.text.startswith("You confirmed reading on ")
    assert after.labels == []
    async with town.read() as db:
        assert len((await db.scalars(select(AnnouncementRead))).all()) == 1
    report = show(await town.click(town.olivia, Press("ann", found.key)))
    assert "Confirmed by 1 of 2." in report.text
    names = show(await town.click(town.olivia, report.button("Show names")))
    assert "Claire Exemple" in names.text
    assert "Tahmina" not in names.text
    home = show(await town.home(town.claire), language="fr")
    assert "Merci de confirmer la lecture" in home.text


@on_one
async def test_what_is_bound_to_a_meeting_goes_out_on_its_day_and_moves_with_it(town: Any, show: Any) -> None:
    meeting = await planned(town)
    async with town.write() as db:
        (await db.get_one(type(meeting), meeting.id)).state = "inviting"
    found = await sent(town, show, meeting=meeting.key, days="-3")

    async def dues() -> set[datetime]:
        async with town.read() as db:
            return set(await db.scalars(select(Delivery.due_at).where(Delivery.state == "queued")))

    first = min(await dues())
    assert datetime(2026, 5, 17, 8, tzinfo=UTC) <= first < datetime(2026, 5, 19, tzinfo=UTC)  # the 17th is a Sunday
    async with town.write() as db:
        row = await db.get_one(type(meeting), meeting.id)
        row.starts_at, row.ends_at = row.starts_at + timedelta(days=7), row.ends_at + timedelta(days=7)
        await _announcing.follow(db, row, town.clock.now())
    assert min(await dues()) == first + timedelta(days=7)
    async with town.read() as db:
        assert (await db.get_one(Announcement, found.id)).state == "sent"


@on_one
async def test_undo_makes_it_a_draft_again(town: Any, show: Any) -> None:
    draft = await written(town, show)
    preview = show(await town.click(town.olivia, draft.button("Preview")))
    progress = show(await town.click(town.olivia, preview.button("Send to 2")))
    assert progress.text.splitlines()[0] == "Announcement: The library has moved. Please look."
    await town.click(town.olivia, progress.button("Undo"))
    again = show(await town.click(town.olivia, draft.button("Preview")))
    assert "2 people" in again.text


@on_one
async def test_only_organisers_write_and_nobody_else_can_confirm_or_look(town: Any, show: Any) -> None:
    found = await sent(town, show, confirm="yes")
    assert "Only organisers" in show(await town.command(town.tahmina, "announce")).text
    assert "Only organisers" in show(await town.click(town.tahmina, Press("ann", found.key))).text
    with pytest.raises(UserError):
        await town.click(town.olivia, Press("annread", found.key))
    with pytest.raises(UserError):
        await town.click(town.tahmina, Press("annread", "aaaaaaaaaa"))


@pytest.mark.parametrize(
    "link",
    ["javascript:alert(1)", "http://example.org", "https://gov.uk@evil.org", "https://127.0.0.1/x", "tg://user?id=1"],
)
def test_links_that_hide_where_they_lead_are_refused(link: str) -> None:
    with pytest.raises(FieldError):
        AddressField(id="link1", label="").read(link, Asking(datetime.now(UTC), "UTC", "en", {}))


def test_a_look_alike_host_is_shown_as_it_really_is() -> None:
    asking = Asking(datetime.now(UTC), "UTC", "en", {})
    assert AddressField(id="link1", label="").read("https://ехample.org/a", asking).startswith("https://xn--")
