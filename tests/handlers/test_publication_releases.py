"""Releases of publications: an embargo that never breaks, what is undone or stopped in time, withdrawal."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from chat.errors import FieldError, UserError
from chat.form import Asking, MomentField
from chat.message import LinkButton, Press
from chat.outbound import Ask, Edit, Invalid
from scheduler.contract import Skip
from storage import search
from storage.communities import Community
from storage.deliveries import Campaign, CardCopy, Delivery
from storage.documents import Document
from tests.handlers.publishing import (
    EMBARGO,
    GIVEN,
    GROUP,
    LINK,
    approved,
    approver,
    asked,
    channel,
    confirmed,
    found,
    gone,
    one,
    released,
    rows_of,
    taken,
)
from tests.handlers.sending import second_organiser
from tests.kinds import on_one


@on_one
async def test_under_embargo_nothing_of_it_exists_for_members(town: Any, show: Any) -> None:
    paul = await approver(town)
    document = await approved(town, show, paul, embargo=EMBARGO.isoformat())
    given = taken(town, "F1", "The text of the brief about counselling centres.")
    async with town.write() as db:  # the file first, so that there is one to be asked for
        (await db.get_one(Document, document.id)).state = "visibility_check"
    await town.submit(town.olivia, "publication_file", document.key, {"file": given, "language": "en"})
    async with town.write() as db:
        (await db.get_one(Document, document.id)).state = "embargoed"
    await confirmed(town, show, document)
    for moment in (town.clock.now(), EMBARGO - timedelta(seconds=1)):
        town.clock.set(moment)
        await town.work("publication.release")
        assert await gone(town.click(town.tahmina, Press("pubget", document.key)))
        assert await gone(town.click(town.tahmina, Press("pubget", document.key), GROUP))
        assert await gone(town.click(town.tahmina, Press("ritem", document.key)))
        assert await gone(town.click(town.tahmina, Press("libget", document.key)))
        assert await town.draw("publication_out", document.key, town.tahmina) == Skip("embargo")
        assert await town.draw("publication_public", document.key, await channel(town)) == Skip("embargo")
        assert await found(town, town.tahmina, "questions") == 0
        assert "Five questions" not in show(await town.click(town.tahmina, Press("shelf", "all"))).text
        assert "Five questions" not in show(await town.home(town.tahmina)).text
    assert (await one(town)).state == "embargoed"
    assert {due for _, _, due in await rows_of(town)} >= {EMBARGO}
    assert min(due for _, _, due in await rows_of(town)) == EMBARGO


@on_one
async def test_at_the_embargo_moment_it_is_out_everywhere_at_once(town: Any, show: Any) -> None:
    paul = await approver(town)
    document = await approved(town, show, paul, embargo=EMBARGO.isoformat())
    async with town.write() as db:  # what was sent a moment before is not written anew
        db.add(
            CardCopy(
                kind="publication_out", subject=document.key, platform="slack", workspace="T1", chat="C", message="1"
            )
        )
    out = await released(town, show, document)
    assert (out.state, out.published_at) == ("disseminated", EMBARGO)
    async with town.read() as db:
        copy = (await db.scalars(select(CardCopy).where(CardCopy.kind == "publication_out"))).one()
    assert copy.wanted == copy.shown
    member = show([Edit(await town.draw("publication_out", out.key, town.tahmina))])
    assert member.text.splitlines() == [
        "New publication: “Five questions”.", f"Read it here: {LINK}", "Policy brief · Thu, 25 Jun 2026",
    ]  # fmt: skip
    assert member.labels == ["Read it", "Library"]
    public = show([Edit(await town.draw("publication_public", out.key, await channel(town)))])
    (read,) = public._buttons()
    assert isinstance(read, LinkButton)
    assert read.url == LINK
    assert await found(town, town.tahmina, "counselling") == 1
    assert "Five questions" in show(await town.click(town.tahmina, Press("ritem", out.key))).text


@on_one
async def test_the_card_goes_out_even_if_the_timer_is_late_and_never_early(town: Any, show: Any) -> None:
    """Sending and publishing are two pieces of work at one moment: either may come first."""
    paul = await approver(town)
    document = await approved(town, show, paul, embargo=EMBARGO.isoformat())
    await confirmed(town, show, document)
    town.clock.set(EMBARGO)
    first = await town.draw("publication_out", document.key, town.tahmina)
    assert not isinstance(first, Skip)
    await town.work("publication.release")
    assert await town.draw("publication_out", document.key, town.tahmina, first=False) == first


@on_one
async def test_the_funding_line_stands_on_it_once_the_community_names_one(town: Any, show: Any) -> None:
    async with town.write() as db:
        community = await db.get_one(Community, town.community.id)
        community.settings = {**community.settings, "programme": {"funding_line": "Funded by the European Union"}}
    document = await released(town, show, await approved(town, show, await approver(town)))
    for kind, to in (("publication_out", town.claire), ("publication_public", await channel(town))):
        text = show([Edit(await town.draw(kind, document.key, to))]).text
        assert "Funded by the European Union" in text
        assert text == text.strip()


def moment(text: str, zone: str) -> datetime:
    asking = Asking(datetime(2026, 3, 1, tzinfo=UTC), zone, "en", {})
    return datetime.fromisoformat(MomentField(id="embargo", label="", future=False).clean(text, asking))


@on_one
async def test_an_embargo_typed_in_tokyo_is_shown_in_the_hosts_zone(town: Any, show: Any) -> None:
    paul = await approver(town)
    until = moment("2026-06-25 21:00", "Asia/Tokyo")
    assert until == EMBARGO
    card = await asked(town, show, paul, embargo=until.isoformat())
    line = next(each for each in card.text.splitlines() if each.startswith("Embargo until"))
    assert line == "Embargo until Thu, 25 Jun 2026, 14:00 (Brussels): nobody sees it before."
    with pytest.raises(FieldError):
        moment("2026-03-29 02:30", "Europe/Brussels")


@on_one
async def test_an_embargo_moved_later_needs_no_new_approval_and_an_earlier_one_does(town: Any, show: Any) -> None:
    paul = await approver(town)
    document = await approved(town, show, paul, embargo=EMBARGO.isoformat())
    given = GIVEN | {"approver": paul.key}
    later, sooner = EMBARGO + timedelta(days=2), EMBARGO - timedelta(days=2)
    await town.submit(town.olivia, "publication", document.key, given | {"embargo": later.isoformat()})
    assert (await one(town)).state == "embargoed"
    await confirmed(town, show, await one(town))
    assert min(due for _, _, due in await rows_of(town)) == later
    (refused,) = await town.submit(town.olivia, "publication", document.key, given | {"embargo": sooner.isoformat()})
    assert isinstance(refused, Invalid)
    assert (await one(town)).embargo_until == later
    status = show(await town.click(town.olivia, Press("pub", document.key)))
    progress = show(await town.click(town.olivia, status.button("Sends")))
    await town.click(town.olivia, progress.button("Undo"))
    await town.submit(town.olivia, "publication", document.key, given | {"embargo": sooner.isoformat()})
    assert (await one(town)).state == "visibility_check"


@on_one
async def test_while_a_release_is_planned_nothing_changes(town: Any, show: Any) -> None:
    paul = await approver(town)
    document = await approved(town, show, paul, embargo=EMBARGO.isoformat())
    await confirmed(town, show, document)
    given = taken(town, "F1", "Another text")
    (refused,) = await town.submit(town.olivia, "publication", document.key, GIVEN | {"approver": paul.key})
    assert isinstance(refused, Invalid)
    acts = (
        town.submit(town.olivia, "publication_file", document.key, {"file": given, "language": "en"}),
        town.click(town.olivia, Press("pubedit", document.key)),
        town.click(town.olivia, Press("pubfile", document.key)),
        town.click(town.olivia, Press("pubrel", document.key)),
    )  # fmt: skip
    for act in acts:
        with pytest.raises(UserError) as error:
            await act
        assert error.value.text.key == "pu_undo_first"
    again = show(await town.click(town.olivia, Press("aud", document.key)))
    assert "Its release is planned." in again.text
    with pytest.raises(UserError) as error:
        await town.click(town.olivia, Press("bprev", document.key, "", "p"))
    assert error.value.text.key == "pu_released"


@on_one
async def test_undo_before_its_moment_leaves_it_approved_and_nothing_comes_out(town: Any, show: Any) -> None:
    document = await approved(town, show, await approver(town), embargo=EMBARGO.isoformat())
    progress = await confirmed(town, show, document)
    await town.click(town.olivia, progress.button("Undo"))
    town.clock.set(EMBARGO + timedelta(days=1))
    assert await town.work("publication.release") == 0
    assert (await one(town)).state == "embargoed"
    assert await town.draw("publication_out", document.key, town.tahmina) == Skip("embargo")
    assert await found(town, town.tahmina, "questions") == 0
    assert (await released(town, show, await one(town))).state == "disseminated"


@on_one
async def test_a_stopped_release_publishes_nothing_until_it_goes_on(town: Any, show: Any) -> None:
    document = await approved(town, show, await approver(town), embargo=EMBARGO.isoformat())
    progress = await confirmed(town, show, document)
    async with town.write() as db:
        for each in await db.scalars(select(Campaign)):
            each.state = "stopped" if each.kind.startswith("publication_out") else each.state
    town.clock.set(EMBARGO)
    await town.work("publication.release")
    assert (await one(town)).state == "embargoed"
    assert await gone(town.click(town.tahmina, Press("pubget", document.key)))
    async with town.write() as db:
        for each in await db.scalars(select(Campaign).where(Campaign.state == "stopped")):
            each.state = "sending"
    town.clock.set(EMBARGO + timedelta(minutes=1))
    await town.work("publication.release")
    assert (await one(town)).state == "disseminated"
    assert progress.labels


@on_one
async def test_taken_back_it_stays_published_and_can_be_sent_again(town: Any, show: Any) -> None:
    document = await released(town, show, await approved(town, show, await approver(town)))
    async with town.write() as db:
        for each in await db.scalars(select(Campaign)):
            each.state = "done"
        for row in await db.scalars(select(Delivery).where(Delivery.state == "queued")):
            row.state, row.sent_at = "sent", town.clock.now()
    status = show(await town.click(town.olivia, Press("pub", document.key)))
    card = show(await town.click(town.olivia, status.button("Sends")))
    question = show(await town.click(town.olivia, card.button("Take back")))
    sure = next(each for each in question._buttons() if each.press.verb == "takeyes")
    await town.click(town.olivia, sure)
    assert (await one(town)).state == "published"
    again = show(await town.click(town.olivia, Press("bprev", document.key, "", "p")))
    assert any(each.startswith("Send to") for each in again.labels)


@on_one
async def test_withdrawn_every_card_says_so_and_nobody_finds_it(town: Any, show: Any) -> None:
    document = await released(town, show, await approved(town, show, await approver(town)))
    async with town.write() as db:
        for number, kind in enumerate(("publication_out", "publication_public")):
            db.add(
                CardCopy(
                    kind=kind, subject=document.key, platform="slack", workspace="T1", chat="C", message=str(number)
                )
            )
    (ask,) = await town.click(town.olivia, Press("pubback", document.key))
    assert isinstance(ask, Ask)
    status = show(await town.submit(town.olivia, "publication_withdraw", document.key, {"reason": "Wrong figures"}))
    assert "Why it was withdrawn: Wrong figures" in status.text
    async with town.read() as db:
        assert all(each.wanted > each.shown for each in await db.scalars(select(CardCopy)))
        assert (await db.scalars(select(search.SearchEntry))).all() == []
        assert set(
            await db.scalars(
                select(Campaign.state).where(
                    Campaign.subject == document.key, Campaign.kind.in_(("publication_out", "publication_public"))
                )
            )
        ) == {"stopped"}
    for kind, to in (("publication_out", town.tahmina), ("publication_public", await channel(town))):
        assert await town.draw(kind, document.key, to) == Skip("gone")
        card = show([Edit(await town.draw(kind, document.key, to, first=False))])
        assert card.text == "The publication “Five questions” was withdrawn."
        assert not any(isinstance(each, LinkButton) for each in card._buttons())
    assert await found(town, town.tahmina, "questions") == 0
    assert await gone(town.click(town.tahmina, Press("pubget", document.key)))
    assert await gone(town.click(town.tahmina, Press("ritem", document.key)))


@on_one
async def test_it_can_be_published_without_messages_and_called_off_before(town: Any, show: Any) -> None:
    document = await approved(town, show, await approver(town), embargo=EMBARGO.isoformat(), to="none", channels="none")
    status = show(await town.click(town.olivia, Press("pub", document.key)))
    question = show(await town.click(town.olivia, status.button("Without messages")))
    planned = show(await town.click(town.olivia, question.button("Publish in the library")))
    assert "nobody gets a message" in planned.text
    called_off = show(await town.click(town.olivia, planned.button("Call off the release")))
    town.clock.set(EMBARGO)
    assert await town.work("publication.release") == 0
    question = show(await town.click(town.olivia, called_off.button("Without messages")))
    await town.click(town.olivia, question.button("Publish in the library"))
    await town.work("publication.release")
    assert (await one(town)).state == "published"
    assert await found(town, town.tahmina, "questions") == 1
    assert await rows_of(town) == []


async def test_two_organisers_confirm_a_release_at_once_and_it_goes_out_once(town: Any, show: Any) -> None:
    document = await approved(town, show, await approver(town))
    await second_organiser(town)
    sends = []
    for who in (town.olivia, town.claire):
        preview = show(await town.click(who, Press("bprev", document.key, "", "p")))
        sends.append(next(each for each in preview._buttons() if str(each.press).startswith("bsend")))
    await asyncio.gather(
        town.click(town.olivia, sends[0]), town.click(town.claire, sends[1]), return_exceptions=True
    )  # fmt: skip
    async with town.read() as db:
        kinds = sorted(
            await db.scalars(
                select(Campaign.kind).where(Campaign.kind.like("publication%"), Campaign.subject == document.key)
            )
        )
        members = list(
            await db.scalars(select(Delivery.member_id).join(Campaign).where(Campaign.kind == "publication_out"))
        )
    assert kinds.count("publication_out") == 1
    assert len(members) == len(set(members))
