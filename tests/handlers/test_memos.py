"""A memo from its file to a draft: checks, channels, who sees what, what is due when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from chat.errors import UserError
from chat.message import Message, Press
from chat.outbound import Answer, Ask, Edit, Reply
from chat.people import Place
from handlers import _memo_dates
from handlers._files import Taken
from scheduler.contract import Skip
from storage import memos
from storage.communities import Channel
from storage.database import Base
from storage.deliveries import Delivery
from storage.documents import Document, DocumentVersion
from storage.meetings import Meeting
from storage.members import Member
from tests.handlers.memoing import Desk, build_desk, file
from tests.kinds import on_one


@pytest.fixture
async def desk(town: Any, show: Any) -> Desk:
    """Give a meeting held on Thu, 22 Jan 2026, and somebody else who may approve."""
    return await build_desk(town, show)


def messages(answers: Sequence[Answer]) -> list[Message]:
    return [each.message for each in answers if isinstance(each, Reply | Edit)]


async def test_a_memo_begins_with_its_meeting_and_a_form(town: Any, desk: Desk) -> None:
    (asked,) = await town.command(town.olivia, "memo new")
    assert isinstance(asked, Ask)
    assert (asked.form, asked.subject, asked.values["title"]) == ("memo", desk.meeting.key, "Simple shared measures")
    assert asked.values["dm"] == "card"  # there are no pages to link to
    assert (await town.click(town.olivia, Press("mnew", desk.meeting.key)))[0] == asked


async def test_the_checks_name_the_places_and_nothing_is_sent(town: Any, desk: Desk) -> None:
    seen = await desk.write()
    assert "page 2: “The delegate of Bangladesh said”" in seen.text
    assert "Ms Udaharon" in seen.text
    assert "3 pages · 2 places that may tell who spoke · all parts there" in seen.text
    assert seen.labels == ["New file", "Continue"]
    assert all(each.protect for each in messages(seen.answers))
    async with town.read() as db:
        assert list(await db.scalars(select(Delivery))) == []


@on_one
async def test_length_and_missing_parts_are_told(town: Any, desk: Desk) -> None:
    town.files.clear()
    long = file(town, "F2", text="Much", pages=9)
    town.files["F2"] = Taken(**{**_fields(town.files["F2"]), "text": ("Purpose\nNext steps",)})
    seen = await desk.write(file=long)
    assert "9 pages, and 2 to 4 are usual" in seen.text
    assert "missing: main points, lessons, open questions, resources" in seen.text
    scan = file(town, "F3", pages=3)
    town.files["F3"] = Taken(**{**_fields(town.files["F3"]), "text": ("",)})
    seen = desk.show(await town.submit(town.olivia, "memo_version", desk.key, {"file": scan, "language": "en"}))
    assert "No text could be read in it" in seen.text


def _fields(taken: Taken) -> dict[str, Any]:
    return {name: getattr(taken, name) for name in Taken.__slots__}


async def test_no_clear_column_holds_a_word_of_the_text(town: Any, desk: Desk) -> None:
    await desk.write()
    await desk.choose(town.tahmina)
    await desk.press("Start the factual check")
    await town.submit(town.tahmina, "memo_facts", f"{desk.key}.1", {"text": "CANARY-42 is wrong"})
    async with town.read() as db:
        for table in Base.metadata.sorted_tables:
            rows = repr((await db.execute(text(f'SELECT * FROM "{table.name}"'))).all())
            assert "CANARY-42" not in rows, table.name
            assert "delegate of Bangladesh" not in rows, table.name
        assert (await db.scalars(select(DocumentVersion.findings))).one()


async def test_only_those_it_concerns_see_anything(town: Any, desk: Desk, stranger: Any) -> None:
    await desk.write()
    await desk.choose(town.tahmina)
    for press in (
        Press("memo", desk.key), Press("mdraft", desk.key), Press("mfacts", desk.key, "", "1"),
        Press("mfactno", desk.key, "", "1"), Press("memo", "nosuchkey1"),
    ):  # fmt: skip
        with pytest.raises(UserError) as refused:
            await town.click(town.claire, press)
        assert refused.value.text.key == "e_gone"
    with pytest.raises(UserError):  # a speaker sees it during the check alone
        await town.click(town.tahmina, Press("mdraft", desk.key))
    for verb in ("mapprove", "mtext", "mversion", "mspeak", "mchan", "maskfc", "mplan"):
        seen = desk.show(await town.click(town.claire, Press(verb, desk.key, "1", "1")))
        assert "Counting" not in seen.text
    assert "Counting" not in desk.show(await town.click(stranger, Press("memo", desk.key))).text
    assert isinstance(await town.draw("memo_status", desk.key, town.claire), Skip)
    assert isinstance(await town.draw("approval_request", desk.key, town.claire), Skip)
    assert isinstance(await town.draw("facts_request", desk.key, town.claire), Skip)


@on_one
async def test_from_a_group_it_is_answered_in_private(town: Any, desk: Desk) -> None:
    await desk.write()
    group = Place("slack", "T1", "C1", "group")
    for press in (Press("memo", desk.key), Press("mtext", desk.key), Press("mchan", desk.key)):
        answers = await town.click(town.olivia, press, group)
        assert all(each.private for each in answers if isinstance(each, Reply))
        assert not any(isinstance(each, Edit) for each in answers)


async def test_a_channel_gets_the_file_only_after_a_warning(town: Any, desk: Desk) -> None:
    await desk.write()
    seen = await desk.press("Channels")
    assert [each for each in seen.labels if each != "Back"] == ["Slack coprr", "Telegram COPRR"]  # no organisers' one
    seen = desk.show(await town.click(town.olivia, seen.button("Telegram COPRR")))
    assert "A link" not in seen.labels
    seen = desk.show(await town.click(town.olivia, seen.button("The file")))
    assert "Bots cannot list a group's members" in seen.text
    assert (await desk.document()).targets["channels"] == {}
    seen = desk.show(await town.click(town.olivia, seen.button("Allow the file here")))
    assert "In Telegram COPRR: the file itself" in seen.text
    async with town.write() as db:
        public = Channel(platform="slack", workspace="T1", chat="C5", purpose="announcements", title="news")
        db.add(public)
    with pytest.raises(UserError):
        await town.click(town.olivia, Press("mchan", desk.key, str(public.id), "card"))
    assert list((await desk.document()).targets["channels"].values()) == ["file"]


@on_one
async def test_title_approver_and_readers_change_before_approval(town: Any, desk: Desk) -> None:
    await desk.write()
    (asked,) = await town.click(town.olivia, (await desk.card()).button("Edit"))
    assert asked.values["approver"] == desk.dana.key
    seen = desk.show(
        await town.submit(town.olivia, "memo_plan", desk.key, {**asked.values, "title": "Better", "to": "attended"})
    )
    assert "Memo of M5: Better" in seen.text
    assert "To: Those who took part, 2 people" in seen.text
    await desk.press("Send for approval")
    seen = desk.show(await town.submit(town.olivia, "memo_plan", desk.key, {**asked.values, "title": "Late"}))
    assert "That is not possible now." in seen.text
    assert (await desk.document()).title == "Better"


@on_one
async def test_a_name_in_the_title_is_told(town: Any, desk: Desk) -> None:
    seen = await desk.write(title="What Ms Udaharon said")
    assert "title: “What Ms Udaharon said” may tell who spoke" in seen.text
    values = (await town.click(town.olivia, Press("mplan", desk.key)))[0].values
    seen = desk.show(await town.submit(town.olivia, "memo_plan", desk.key, {**values, "title": "By Udaharon"}))
    assert "title: “By Udaharon” may tell who spoke" in seen.text


async def test_a_meeting_has_one_memo(town: Any, desk: Desk) -> None:
    await desk.write()
    seen = desk.show(await town.click(town.olivia, Press("mnew", desk.meeting.key)))
    assert "Memo of M5: Counting what matters · draft" in seen.text
    seen = await desk.write(title="Sent twice")
    assert "Counting what matters" in seen.text
    async with town.read() as db:
        assert len(list(await db.scalars(select(Document)))) == 1
    seen = desk.show(await town.command(town.olivia, "memo status"))
    assert "Send for approval" in seen.labels


@on_one
async def test_before_the_meeting_there_is_no_memo(town: Any, desk: Desk) -> None:
    async with town.write() as db:
        (await db.get_one(Meeting, desk.meeting.id)).state = "inviting"
    with pytest.raises(UserError) as refused:
        await town.click(town.olivia, Press("mnew", desk.meeting.key))
    assert refused.value.text.key == "mm_too_early"


@on_one
async def test_without_a_second_person_nothing_begins(town: Any, desk: Desk) -> None:
    async with town.write() as db:
        (await db.get_one(Member, desk.dana.id)).state = "left"
    with pytest.raises(UserError) as refused:
        await town.command(town.olivia, "memo new M5")
    assert refused.value.text.key == "mm_no_approver"


async def test_what_is_due_after_the_meeting_is_told_while_it_is_missing(town: Any, desk: Desk) -> None:
    town.clock.set(datetime(2026, 1, 22, 15, tzinfo=UTC))
    async with town.write() as db:
        await _memo_dates.arm(db, await db.get_one(Meeting, desk.meeting.id))
    assert await desk.tasks() == []
    town.clock.set(datetime(2026, 2, 1, 9, tzinfo=UTC))
    assert await town.work("memo.due") == 1
    assert await desk.sent("memo_due") == [("o01", "draft")]
    assert "mm_todo_write" in await desk.tasks()
    card = desk.show([Reply(await town.draw("memo_due", desk.meeting.key, town.olivia, slot="draft"))])
    assert "The memo of M5 is due: 10 days after the meeting." in card.text
    await desk.write()
    assert isinstance(await town.draw("memo_due", desk.meeting.key, town.olivia, slot="draft"), Skip)
    await desk.choose(town.tahmina)
    town.clock.set(datetime(2026, 2, 6, 9, tzinfo=UTC))
    assert await town.work("memo.due") == 1
    assert await desk.sent("memo_due") == [("o01", "draft"), ("o01", "facts")]
    await desk.press("Send for approval")
    town.clock.set(datetime(2026, 2, 15, 9, tzinfo=UTC))
    await town.work("memo.due")
    assert await desk.sent("memo_due") == [("o01", "draft"), ("o01", "facts")]
    assert [name for _, name in await desk.sent("approval_request")] == ["v1.3", "v1.3-again"]
    town.clock.advance(timedelta(days=1))
    assert "mm_todo_in_approval" in await desk.tasks()


@on_one
async def test_the_list_of_a_memo_can_be_chosen_by_taps(town: Any, show: Any, desk: Desk) -> None:
    await desk.write()
    async with town.read() as db:
        document = (await db.scalars(select(Document))).one()
    card = show(await town.click(town.olivia, Press("aud", document.key)))
    assert card.text.startswith(f"Who gets the memo: {document.title}")
    assert "Now it goes to: Everybody invited." in card.text
    await town.click(town.olivia, Press("aud", document.key, "l", "fr"))
    async with town.read() as db:
        changed = await db.get_one(Document, document.id)
        assert changed.audience == {"to": "spec", "spec": {"languages": ["fr"]}}
        assert [each.name for each in await memos.list_of(db, changed, town.clock.now())] == ["Claire Exemple"]
    assert "a chosen list" in show(await town.click(town.olivia, Press("memo", document.key))).text
