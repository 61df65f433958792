"""Publications: steps, the visibility check, files, approval by somebody else, and who gets nowhere."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from chat.errors import FieldError, UserError
from chat.form import Asking
from chat.message import Press
from chat.outbound import Ask, Edit, Invalid, Reply, Toast
from handlers._announcement_forms import AddressField
from scheduler.contract import Skip
from storage.deliveries import Campaign, Delivery
from storage.documents import Document, DocumentDecision
from storage.members import RoleGrant
from tests.handlers.publishing import (
    GIVEN,
    GROUP,
    approved,
    approver,
    asked,
    channel,
    checked,
    found,
    one,
    taken,
)
from tests.handlers.sending import second_organiser
from tests.kinds import on_one


@on_one
async def test_it_goes_from_idea_to_approval_by_taps_and_each_check_is_ticked(town: Any, show: Any) -> None:
    paul = await approver(town)
    card = show(await town.submit(town.olivia, "publication", "", GIVEN | {"approver": paul.key, "link": ""}))
    assert card.text.splitlines() == [
        "Policy brief: Five questions", "State: Idea", "By Olivia Organiser · to be approved by Paul Approver",
        "There is neither a link nor a file yet.",
    ]  # fmt: skip
    for label in ("Outline", "Draft", "Internal review"):
        card = show(await town.click(town.olivia, card.button(label)))
    back = show(await town.click(town.olivia, card.button("↩ Draft")))
    assert "State: Draft" in back.text
    for label in ("Internal review", "External review", "Visibility check"):
        card = show(await town.click(town.olivia, Press("pubst", (await one(town)).key, "", STEP[label])))
    assert "Ask for approval" not in card.labels
    with pytest.raises(UserError) as refused:
        await town.click(town.olivia, Press("pubask", (await one(town)).key))
    assert refused.value.text.key == "pu_checks_open"
    for label in ("Funding line", "Emblem", "Views of the authors", "Nobody is named"):
        card = show(await town.click(town.olivia, card.button(label)))
    assert "✓ No member is named." in card.text
    with pytest.raises(UserError) as refused:
        await town.click(town.olivia, card.button("Ask for approval"))
    assert refused.value.text.key == "pu_no_content"


STEP = {"Internal review": "3", "External review": "4", "Visibility check": "5"}


@on_one
async def test_steps_cannot_be_skipped_by_a_forged_press(town: Any, show: Any) -> None:
    paul = await approver(town)
    await town.submit(town.olivia, "publication", "", GIVEN | {"approver": paul.key})
    with pytest.raises(UserError):
        await town.click(town.olivia, Press("pubst", (await one(town)).key, "", "5"))
    assert (await one(town)).state == "draft"


@on_one
async def test_the_approver_is_asked_in_private_home_and_the_list_of_approvals(town: Any, show: Any) -> None:
    paul = await approver(town)
    card = await asked(town, show, paul)
    assert "Link: example.org (https://example.org/brief)" in card.text
    assert card.labels == ["Approve", "Return to author"]
    assert "Please approve: Five questions" in show(await town.command(paul, "approve")).text
    async with town.read() as db:
        (row,) = (
            await db.scalars(select(Delivery).join(Campaign).where(Campaign.kind == "publication_approval"))
        ).all()
    assert row.member_id == paul.id
    drawn = await town.draw("publication_approval", (await one(town)).key, paul)
    assert show([Reply(drawn)]).labels == ["Approve", "Return to author"]
    assert await town.draw("publication_approval", (await one(town)).key, town.tahmina) == Skip("no_right")
    assert "Please approve" not in show(await town.command(town.olivia, "approve")).text


@on_one
async def test_nobody_approves_what_they_wrote_or_changed(town: Any, show: Any) -> None:
    """The author, who changed the text, and who gave the file: each of them is refused."""
    refused = await town.submit(town.olivia, "publication", "", GIVEN | {"approver": town.olivia.key})
    assert isinstance(refused[0], Invalid)
    paul = await approver(town)
    await second_organiser(town)
    await asked(town, show, paul)
    document = await one(town)
    async with town.write() as db:
        db.add(RoleGrant(member_id=town.olivia.id, role="approver"))
    for who in (town.olivia,):
        with pytest.raises(UserError) as error:
            await town.click(who, Press("pubok", document.key, str(document.revision)))
        assert error.value.text.key == "pu_own"
    given = GIVEN | {"title": "Six questions", "approver": town.claire.key}
    same = await town.submit(town.claire, "publication", document.key, given)
    assert same == [Invalid(same[0].errors)]
    assert "approver" in same[0].errors
    await town.submit(town.claire, "publication", document.key, given | {"approver": paul.key})
    async with town.write() as db:
        (await db.get_one(Document, document.id)).state = "in_approval"
        db.add(RoleGrant(member_id=town.claire.id, role="approver"))
    now = await one(town)
    with pytest.raises(UserError) as error:
        await town.click(town.claire, Press("pubok", now.key, str(now.revision)))
    assert error.value.text.key == "pu_own"
    assert (await one(town)).state == "in_approval"


@on_one
async def test_an_approval_of_what_was_changed_is_refused_and_shows_how_it_stands(town: Any, show: Any) -> None:
    paul = await approver(town)
    old = await asked(town, show, paul)
    await town.submit(
        town.olivia, "publication", (await one(town)).key, GIVEN | {"approver": paul.key, "theme": "Return"}
    )
    answers = await town.click(paul, old.button("Approve"))
    assert isinstance(answers[-1], Toast)
    assert (await one(town)).state == "in_approval"
    await town.click(paul, show(answers).button("Approve"))
    assert (await one(town)).state == "approved"


@on_one
async def test_another_text_must_be_checked_and_approved_anew(town: Any, show: Any) -> None:
    paul = await approver(town)
    document = await approved(town, show, paul)
    other = GIVEN | {"approver": paul.key, "link": "https://example.org/other"}
    card = show(await town.submit(town.olivia, "publication", document.key, other))
    assert "State: Visibility check" in card.text
    assert "✓" not in card.text
    with pytest.raises(UserError):
        await town.click(town.olivia, Press("bprev", document.key, "", "p"))


@on_one
async def test_returned_with_a_reason_only_author_and_organisers_read(town: Any, show: Any) -> None:
    paul = await approver(town)
    card = await asked(town, show, paul)
    (ask,) = await town.click(paul, card.button("Return to author"))
    assert isinstance(ask, Ask)
    after = show(await town.submit(paul, "publication_return", ask.subject, {"reason": "CANARY: page three"}))
    assert "Returned by Paul Approver." in after.text
    key = (await one(town)).key
    async with town.read() as db:
        note = await db.scalar(select(DocumentDecision.note))
        told = await db.scalar(select(Delivery.member_id).join(Campaign).where(Campaign.kind == "publication_step"))
    assert "CANARY" not in note
    assert told == town.olivia.id
    news = show([Reply(await town.draw("publication_step", key, town.olivia))])
    assert "State: Draft" in news.text
    why = show(await town.click(town.olivia, news.button("Why returned")))
    assert "CANARY: page three" in why.text
    with pytest.raises(UserError):
        await town.click(paul, Press("pubwhy", key))


async def test_two_approvers_at_once_one_decision_counts(town: Any, show: Any) -> None:
    """One approves while another returns it, in parallel: one of them is told how it stands."""
    paul, petra = await approver(town), await approver(town, "o03", "Petra Approver", "U3")
    await asked(town, show, paul)
    document = await one(town)
    subject = f"{document.key}.{document.revision}"
    answers = await asyncio.gather(
        town.click(paul, Press("pubok", document.key, str(document.revision))),
        town.submit(petra, "publication_return", subject, {"reason": "Not yet."}),
    )
    async with town.read() as db:
        (decision,) = (await db.scalars(select(DocumentDecision))).all()
    assert (await one(town)).state == ("approved" if decision.kind == "approved" else "draft")
    assert sum(isinstance(each, Toast) for given in answers for each in given) == 1


@on_one
async def test_a_file_in_two_languages_is_handed_to_anybody_in_private_once_out(
    town: Any, show: Any, stranger: Any
) -> None:
    paul = await approver(town)
    await checked(town, show, paul, link="")
    document = await one(town)
    for file, language in (("F1", "en"), ("F2", "fr")):
        given = taken(town, file, f"Counselling {language}", f"brief-{language}.pdf")
        await town.submit(town.olivia, "publication_file", document.key, {"file": given, "language": language})
    card = show(await town.click(town.olivia, Press("pub", document.key)))
    assert "File in English: brief-en.pdf (version 1)" in card.text
    assert "File in Français: brief-fr.pdf (version 1)" in card.text
    given = taken(town, "F3", "Counselling once more", "better-en.pdf")
    card = show(await town.submit(town.olivia, "publication_file", document.key, {"file": given, "language": "en"}))
    assert "better-en.pdf (version 2)" in card.text
    assert "brief-fr.pdf (version 2)" in card.text
    async with town.write() as db:
        row = await db.get_one(Document, document.id)
        row.state, row.published_at = "published", town.clock.now()
    out = show([Edit(await town.draw("publication_public", document.key, await channel(town)))])
    assert out.labels == ["English", "Français"]
    (answer,) = await town.click(stranger, out.button("Français"), GROUP)
    assert isinstance(answer, Reply)
    assert answer.private
    assert answer.message.file.name == "brief-fr.pdf"
    (answer,) = await town.click(town.tahmina, Press("pubget", document.key))
    assert answer.message.file.name == "better-en.pdf"
    assert await found(town, town.tahmina, "counselling") == 1


@on_one
async def test_places_that_name_members_are_counted_at_the_visibility_check_and_never_quoted(
    town: Any, show: Any
) -> None:
    await checked(town, show, await approver(town))
    document = await one(town)
    given = taken(town, "F1", "As Tahmina Udaharon said, it works. Later Claire Exemple agreed.")
    card = show(await town.submit(town.olivia, "publication_file", document.key, {"file": given, "language": "en"}))
    assert "2 places name a member or an organisation. Please look." in card.text
    assert "Udaharon" not in card.text
    assert (await one(town)).details["named"] == {"en": 2}


@on_one
async def test_members_and_other_staff_get_nowhere(town: Any, show: Any) -> None:
    paul = await approver(town)
    document = await approved(town, show, paul)
    for verb in (
        "pub",
        "pubedit",
        "pubfile",
        "pubst",
        "pubvis",
        "pubask",
        "pubok",
        "pubno",
        "pubsee",
        "pubback",
        "pubrel",
    ):
        refused = show(await town.click(town.tahmina, Press(verb, document.key, str(document.revision)))).text
        assert "Five questions" not in refused
        assert refused
    for verb in ("pub", "pubedit", "pubfile", "pubst", "pubwhy"):
        with pytest.raises(UserError):
            await town.click(paul, Press(verb, document.key))
    assert "Five questions" not in show(await town.command(paul, "publication")).text
    assert "1. Policy brief: Five questions · Approved" in show(await town.command(town.olivia, "publication")).text


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "https://gov.uk@evil.org", "data:text/html,x", "tg://user?id=1"]
)
def test_a_link_that_hides_where_it_leads_is_refused(link: str) -> None:
    with pytest.raises(FieldError):
        AddressField(id="link", label="").read(link, Asking(datetime.now(UTC), "UTC", "en", {}))
