"""A memo between author, speakers and approver: factual check, four eyes, versions, in any order of presses."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from chat.errors import UserError
from chat.message import Press
from chat.outbound import Ask, Invalid, Reply
from handlers import _asks
from scheduler.contract import Skip
from storage import memos
from storage.members import Account, Member, RoleGrant
from tests.handlers.memoing import Desk, build_desk, file
from tests.kinds import on_one


@pytest.fixture
async def desk(town: Any, show: Any) -> Desk:
    """Give a meeting held on Thu, 22 Jan 2026, and somebody else who may approve."""
    return await build_desk(town, show)


async def test_a_memo_without_speakers_goes_straight_to_its_approver(town: Any, desk: Desk) -> None:
    await desk.write()
    card = await desk.card()
    assert "Start the factual check" not in card.labels
    seen = await desk.press("Send for approval")
    assert "waits for approval" in seen.text
    assert await desk.sent("approval_request") == [("o02", "v1.2")]
    asked = desk.show([Reply(await town.draw("approval_request", desk.key, desk.dana))])
    assert "Olivia Organiser asks you to approve “Counting what matters”, version 1, by Sun, 15 Feb 2026" in asked.text
    assert asked.labels == ["Approve", "Return to author", "Open", "Checks"]
    assert "No factual check was made." in asked.text
    seen = desk.show(await town.click(desk.dana, asked.button("Approve")))
    assert "Approved by you, Mon, 2 Feb 2026, 11:00 (Brussels)." in seen.text
    assert (await desk.document()).state == "approved"
    assert await desk.sent("memo_step") == [("o01", "approved-v1.3")]
    news = desk.show([Reply(await town.draw("memo_step", desk.key, town.olivia, what="approved", by=desk.dana.id))])
    assert "Dana Approves approved it." in news.text
    assert "Preview" in news.labels
    seen = await desk.card()
    assert "Approved by Dana Approves" in seen.text
    assert "New file" not in seen.labels  # what is approved stays as it is


async def test_the_author_cannot_approve(town: Any, desk: Desk) -> None:
    refused = await town.submit(
        town.olivia, "memo", desk.meeting.key,
        {"file": file(town), "language": "en", "title": "Mine", "approver": town.olivia.key, "to": "invited",
         "dm": "card"},
    )  # fmt: skip
    assert isinstance(refused[0], Invalid)
    assert refused[0].errors["approver"].key == "f_same_person"
    await desk.write()
    await desk.press("Send for approval")
    async with town.write() as db:
        db.add(RoleGrant(member_id=town.olivia.id, role="approver"))
    document = await desk.document()
    seen = desk.show(await town.click(town.olivia, Press("mapprove", desk.key, str(document.revision), "1")))
    assert "You wrote a part of it" in seen.text
    assert "Approve" not in seen.labels
    assert (await desk.document()).state == "in_approval"


async def test_who_gives_a_new_file_has_written_it_too(town: Any, desk: Desk) -> None:
    await desk.write()
    async with town.write() as db:
        db.add(RoleGrant(member_id=desk.dana.id, role="organiser"))
    with pytest.raises(UserError) as refused:
        await town.submit(desk.dana, "memo_version", desk.key, {"file": file(town, "F2"), "language": "en"})
    assert refused.value.text.key == "f_same_person"


async def test_an_approval_of_an_older_version_is_refused(town: Any, desk: Desk) -> None:
    await desk.write()
    await desk.press("Send for approval")
    old = (await desk.card(desk.dana)).button("Approve")
    give_back = (await desk.card(desk.dana)).button("Return to author")
    seen = desk.show(
        await town.submit(town.olivia, "memo_version", desk.key, {"file": file(town, "F2"), "language": "en"})
    )
    assert "Check before approval" in seen.text
    assert (await desk.document()).state == "draft"
    for button in (old, give_back):
        seen = desk.show(await town.click(desk.dana, button))
        assert "Version 2 replaced this." in seen.text
    await desk.press("Send for approval")
    seen = desk.show(await town.click(desk.dana, old))
    assert "Version 2 replaced this." in seen.text
    assert (await desk.document()).state == "in_approval"
    seen = desk.show(await town.click(desk.dana, seen.button("Approve")))
    assert "Approved by you" in seen.text


async def test_a_language_added_meanwhile_has_to_be_looked_at(town: Any, desk: Desk) -> None:
    await desk.write()
    await desk.press("Send for approval")
    old = (await desk.card(desk.dana)).button("Approve")
    (asked,) = await town.click(town.olivia, (await desk.card()).button("Add a language"))
    french = {"file": file(town, "F2", text="La déléguée de la France a dit oui."), "language": "fr"}
    seen = desk.show(await town.submit(town.olivia, asked.form, asked.subject, french))
    assert "page 2: “La déléguée de la France”" in seen.text
    assert "page 2: “The delegate of Bangladesh said”" in seen.text
    seen = desk.show(await town.click(desk.dana, old))
    assert "Something about it changed meanwhile." in seen.text
    assert (await desk.document()).state == "in_approval"
    with pytest.raises(UserError) as refused:
        await town.submit(town.olivia, asked.form, asked.subject, french | {"file": file(town, "F3")})
    assert refused.value.text.key == "mm_has_language"
    (shown,) = await town.click(town.olivia, Press("mdraft", desk.key, "", "fr"))
    (other,) = await town.click(town.olivia, Press("mdraft", desk.key, "", "en"))
    assert shown.message.file.file != other.message.file.file
    assert shown.message.protect


async def test_a_memo_comes_back_with_the_reason(town: Any, desk: Desk) -> None:
    await desk.write()
    await desk.press("Send for approval")
    (asked,) = await town.click(desk.dana, (await desk.card(desk.dana)).button("Return to author"))
    assert isinstance(asked, Ask)
    seen = desk.show(await town.submit(desk.dana, asked.form, asked.subject, {"text": "Page two tells who spoke."}))
    assert "Returned by you" in seen.text
    assert await desk.sent("memo_step") == [("o01", "returned-v1.3")]
    card = await desk.card()
    assert "returned to the author" in card.text
    assert "mm_todo_returned" in await desk.tasks()
    seen = desk.show(await town.click(town.olivia, card.button("Notes")))
    assert "Dana Approves, version 1" in seen.text
    assert "Page two tells who spoke." in seen.text
    await desk.press("Send for approval")
    assert await desk.sent("approval_request") == [("o02", "v1.2"), ("o02", "v1.4")]


@on_one
async def test_a_reason_that_names_a_migrant_is_not_kept(town: Any, desk: Desk) -> None:
    await desk.write()
    await desk.press("Send for approval")
    revision = (await desk.document()).revision
    answers = await town.submit(
        desk.dana, "memo_return", f"{desk.key}.1.{revision}", {"text": "The migrant Ahmed called, passport no A1234567"}
    )
    assert isinstance(answers[0], Invalid)
    assert (await desk.document()).state == "in_approval"


async def test_the_second_of_two_approvers_is_told(town: Any, desk: Desk) -> None:
    await desk.write()
    await desk.press("Send for approval")
    async with town.write() as db:
        other = Member(code="o03", name="Piet Second", staff=True, zone="Europe/Brussels", joined_at=town.clock.now())
        other.accounts = [Account(platform="slack", workspace="T1", user="U3", chat="DU3")]
        db.add(other)
        await db.flush()
        db.add(RoleGrant(member_id=other.id, role="approver"))
    seen = desk.show(await town.command(other, "approve"))
    assert "1 thing waits for your approval" in seen.text
    assert "Approve the memo of M5, version 1" in seen.text
    theirs = desk.show(await town.click(other, seen.button("1 · Open")))
    await desk.press("Approve", desk.dana)
    seen = desk.show(await town.click(other, theirs.button("Approve")))
    assert "Dana Approves was quicker: approved." in seen.text
    assert "Nothing waits for your approval." in desk.show(await town.command(other, "approve")).text
    assert "Nothing waits for your approval." in desk.show(await town.command(town.olivia, "approve")).text


async def test_speakers_check_the_facts_and_then_the_approver_gets_it(town: Any, desk: Desk) -> None:
    await desk.write()
    await desk.choose(town.tahmina, town.claire)
    seen = await desk.press("Start the factual check")
    assert "Factual check until Mon, 9 Feb 2026" in seen.text
    assert "Tahmina Udaharon: no answer yet" in seen.text
    assert sorted(await desk.sent("facts_request")) == [("m05", "v1.4"), ("m15", "v1.4")]
    card = await town.draw("facts_request", desk.key, town.tahmina)
    asked = desk.show([Reply(card)])
    assert card.protect
    assert asked.text.startswith("Please check the facts in a restricted note: meeting of Thu, 22 Jan 2026.")
    (shown,) = await town.click(town.tahmina, asked.button("Open"))
    assert shown.private
    assert shown.message.file.name == "note-m5-v1.pdf"  # a notification shows it: no title
    seen = desk.show(await town.click(town.tahmina, asked.button("Facts are right")))
    assert "You said that the facts are right." in seen.text
    assert (await desk.document()).state == "factual_check"
    async with town.read() as db:
        assert [each.line.key for each in await _asks.waiting(db, town.claire, town.clock.now())] == ["mm_facts_wait"]
        assert await _asks.waiting(db, town.tahmina, town.clock.now()) == []
    await town.click(town.claire, asked.button("Facts are right"))
    assert (await desk.document()).state == "in_approval"
    assert len(await desk.sent("approval_request")) == 1
    with pytest.raises(UserError):  # the check is over, so the draft is theirs no more
        await town.click(town.tahmina, Press("mdraft", desk.key))


async def test_a_correction_reaches_the_author(town: Any, desk: Desk) -> None:
    await desk.write()
    await desk.choose(town.tahmina, town.claire)
    await desk.press("Start the factual check")
    (asked,) = await town.click(town.tahmina, Press("mfactno", desk.key, "", "1"))
    seen = desk.show(await town.submit(town.tahmina, asked.form, asked.subject, {"text": "It was 12, not 21."}))
    assert "You sent a correction." in seen.text
    assert await desk.sent("memo_step") == [("o01", f"wrong-v1.4-{town.tahmina.id}")]
    assert "mm_todo_facts" in await desk.tasks()
    seen = await desk.press("Notes")
    assert "It was 12, not 21." in seen.text
    town.clock.set(datetime(2026, 2, 9, 18, tzinfo=UTC))
    assert await town.work("memo.facts") == 2
    assert (await desk.document()).state == "factual_check"  # not handed on with an open correction
    assert ("o01", "stuck-v1.4") in await desk.sent("memo_step")
    await town.submit(town.olivia, "memo_version", desk.key, {"file": file(town, "F2"), "language": "en"})
    seen = desk.show(await town.click(town.claire, Press("mfacts", desk.key, "", "1")))
    assert "Version 2 replaced this." in seen.text


async def test_silent_speakers_are_reminded_once_and_then_it_goes_on(town: Any, desk: Desk) -> None:
    await desk.write()
    await desk.choose(town.tahmina, town.claire)
    await desk.press("Start the factual check")
    await town.click(town.claire, Press("mfacts", desk.key, "", "1"))
    town.clock.set(datetime(2026, 2, 5, 9, tzinfo=UTC))
    assert await town.work("memo.facts") == 1
    assert ("m15", "v1.4-again") in await desk.sent("facts_request")
    assert ("m05", "v1.4-again") not in await desk.sent("facts_request")
    assert isinstance(await town.draw("facts_request", desk.key, town.claire), Skip)
    town.clock.set(datetime(2026, 2, 9, 17, 30, tzinfo=UTC))
    await town.work("memo.facts")
    assert (await desk.document()).state == "in_approval"
    assert ("o01", "checked-v1.5") in await desk.sent("memo_step")


@on_one
async def test_the_check_can_be_skipped(town: Any, desk: Desk) -> None:
    await desk.write()
    await desk.choose(town.tahmina)
    await desk.press("Start the factual check")
    await desk.press("Send for approval")
    assert (await desk.document()).state == "in_approval"
    seen = desk.show(await town.click(town.tahmina, Press("mfacts", desk.key, "", "1")))
    assert "The factual check is over." in seen.text


async def test_an_author_takes_it_back_from_its_approver(town: Any, desk: Desk) -> None:
    await desk.write()
    await desk.press("Send for approval")
    button = (await desk.card(desk.dana)).button("Approve")
    seen = await desk.press("Back to draft")
    assert "Send for approval" in seen.labels
    seen = desk.show(await town.click(desk.dana, button))
    assert "“Counting what matters” is with its author." in seen.text
    assert "Approve" not in seen.labels
    await desk.press("Send for approval")
    seen = desk.show(await town.click(desk.dana, button))
    assert "Something about it changed meanwhile." in seen.text
    assert (await desk.document()).state == "in_approval"
    assert len(await desk.sent("approval_request")) == 2


@on_one
async def test_who_lost_the_right_approves_no_more(town: Any, desk: Desk) -> None:
    await desk.write()
    await desk.press("Send for approval")
    button = (await desk.card(desk.dana)).button("Approve")
    async with town.write() as db:
        for each in await db.scalars(select(RoleGrant).where(RoleGrant.member_id == desk.dana.id)):
            each.until = town.clock.now()
    assert "Counting" not in desk.show(await town.click(desk.dana, button)).text
    assert (await desk.document()).state == "in_approval"
    async with town.read() as db:
        document = await desk.document()
        assert await memos.may_read(db, document, desk.dana, frozenset(), town.clock.now())
