"""The forms for delegates, needs and questions on both platforms' ways: a modal's pages, or questions one by one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from bot.dialogue import answer
from bot.routes import Routes
from chat.inbound import Click, Said, Submission
from chat.message import Button, Press
from chat.outbound import Answer, Erase, Invalid, Open
from chat.people import MessageRef
from chat.text import Reader, plain
from handlers import features
from storage import needs, questions
from storage.delegations import Delegation
from storage.drafts import FormDraft
from storage.meetings import Invitation, Meeting
from storage.members import Account, Member
from tests.kinds import on_one

pytestmark = on_one


@pytest.fixture
async def meeting(town: Any) -> Meeting:
    """Give a meeting in person to which Tahmina (Telegram) and Claire (Slack) come; Eero is Claire's colleague."""
    async with town.write() as db:
        made = Meeting(
            code="M3", title="Jobs and skills", format="in_person", starts_at=datetime(2026, 5, 20, 8, tzinfo=UTC),
            ends_at=datetime(2026, 5, 20, 16, tzinfo=UTC), zone="Europe/Brussels", state="inviting", revision=3,
            rsvp_deadline=datetime(2026, 5, 6, 16, tzinfo=UTC), place="Room 5",
        )  # fmt: skip
        home = town.claire.organisation_id
        eero = Member(code="m30", name="Eero Esimerkki", organisation_id=home, zone="Europe/Helsinki")
        eero.accounts = [Account(platform="telegram", workspace="700", user="30")]
        db.add_all([made, eero])
        await db.flush()
        for member in (town.tahmina, town.claire):
            db.add(Invitation(meeting_id=made.id, member_id=member.id, reply="yes"))
    return made


async def act(town: Any, who: Member, kind: type[Any], **what: Any) -> Sequence[Answer]:
    """Do what the dispatcher does: modals for Slack, an interview for Telegram."""
    common = town._common(who, None)
    if kind is Click:
        place = common["where"]
        what["message"] = MessageRef(place.platform, place.workspace, place.chat, "m1")
    async with town.write() as db:
        ctx = await town._context(db, kind(**what, **common))
        return await answer(ctx, Routes.of(features()), forms=who.accounts[0].platform == "slack")


async def tap(town: Any, who: Member, pressed: Press | Button) -> Sequence[Answer]:
    return await act(town, who, Click, data=str(pressed.press if isinstance(pressed, Button) else pressed))


async def drafts_of(town: Any) -> list[FormDraft]:
    async with town.read() as db:
        return list(await db.scalars(select(FormDraft)))


async def test_needs_are_asked_one_by_one_and_no_answer_is_kept_on_the_way(
    town: Any, meeting: Meeting, show: Any
) -> None:
    seen = show(await tap(town, town.tahmina, Press("needs", meeting.key)), platform="telegram")
    assert "Answering is optional and only the organisers see it." in seen.text
    assert "May the organisers keep your answers until Wed, 3 Jun 2026?" in seen.text
    for label in ("I agree", "Yes", "Halal"):
        seen = show(await tap(town, town.tahmina, seen.button(label)))
        assert all(each.values == {} for each in await drafts_of(town))
    if "Save" in seen.labels:  # a review on the way
        seen = show(await tap(town, town.tahmina, seen.button("Save")))
    assert "Saved. Only the organisers see it." in seen.text
    seen = show(await tap(town, town.tahmina, seen.button("Access help")))
    assert "Which help do you need to take part?" in seen.text
    answers = await act(town, town.tahmina, Said, text="A ramp")
    assert any(isinstance(each, Erase) for each in answers), "what was typed is deleted from the chat"
    assert "ramp" not in show(answers).text
    assert await drafts_of(town) == []
    async with town.read() as db:
        row = await needs.find(db, meeting, town.tahmina)
    assert row is not None
    assert (row.visa_letter, row.diet, row.access) == (True, "halal", "A ramp")


async def test_needs_in_a_modal_fit_one_page_and_need_the_tick(town: Any, meeting: Meeting, show: Any) -> None:
    (opened,) = await tap(town, town.claire, Press("needs", meeting.key))
    assert isinstance(opened, Open)
    assert (len(opened.form.pages), opened.values) == (1, {})
    values = {"consent": "", "visa": "y", "diet": "", "diet_other": "No nuts", "access": "", "emergency": ""}
    (refused,) = await act(town, town.claire, Submission, draft=opened.draft, page=0, values=values)
    assert isinstance(refused, Invalid)
    assert set(refused.errors) == {"consent"}
    long = values | {"consent": "y", "access": "x" * 301}
    (refused,) = await act(town, town.claire, Submission, draft=opened.draft, page=0, values=long)
    assert isinstance(refused, Invalid)
    assert set(refused.errors) == {"access"}
    good = values | {"consent": "y"}
    seen = show(await act(town, town.claire, Submission, draft=opened.draft, page=0, values=good))
    assert "Saved. Only the organisers see it." in seen.text
    async with town.read() as db:
        assert await needs.totals(db, meeting) == {"other": 1}


async def test_a_delegate_is_named_in_a_modal(town: Any, meeting: Meeting, show: Any) -> None:
    (opened,) = await tap(town, town.claire, Press("deleg", meeting.key))
    assert isinstance(opened, Open)
    assert [each.label for each in opened.form.fields[0].options] == ["Eero Esimerkki"]  # type: ignore[attr-defined]
    for values, field in (({"who": "Eero Esimerkki"}, "told"), ({"who": "1", "told": "yes"}, "who")):
        (refused,) = await act(town, town.claire, Submission, draft=opened.draft, page=0, values=values)
        assert isinstance(refused, Invalid)
        assert set(refused.errors) == {field}
    values = {"who": "eero esimerkki", "told": "yes"}
    seen = show(await act(town, town.claire, Submission, draft=opened.draft, page=0, values=values))
    assert seen.text.startswith("Waiting for Eero Esimerkki.")
    assert await drafts_of(town) == []


async def test_a_delegate_is_named_question_by_question(town: Any, meeting: Meeting, show: Any) -> None:
    seen = show(await tap(town, town.tahmina, Press("deleg", meeting.key)), platform="telegram")
    assert "Who comes in your place?" in seen.text
    assert "Eero Esimerkki" in seen.labels
    seen = show(await act(town, town.tahmina, Said, text="+358 40 123 4567"))
    assert "Please write a name of 2 to 80 letters." in seen.text
    seen = show(await act(town, town.tahmina, Said, text="Claire Exemple"))  # invited for herself: said at the end
    (told,) = await tap(town, town.tahmina, seen.button("I have told them"))
    assert "Claire Exemple is invited already" in plain(told.text, Reader())
    assert "Who comes in your place?" in show(await tap(town, town.tahmina, seen.button("Back"))).text
    seen = show(await act(town, town.tahmina, Said, text="Nina Neu"))
    assert seen.text.startswith("Waiting for Nina Neu.")
    async with town.read() as db:
        assert [each.name for each in await db.scalars(select(Delegation))] == ["Nina Neu"]


async def test_a_question_is_typed_and_deleted_from_the_chat(town: Any, meeting: Meeting, show: Any) -> None:
    seen = show(await tap(town, town.tahmina, Press("agendaq", meeting.key)))
    assert "Your question or example" in seen.text
    for bad, said in (("?", "at least 3"), ("x" * 601, "at most 600"), ("Call amina@example.org", "")):
        answers = await act(town, town.tahmina, Said, text=bad)
        assert isinstance(answers[0], Erase)
        assert said in show(answers).text
        async with town.read() as db:
            assert await questions.bodies(db, meeting) == []
    answers = await act(town, town.tahmina, Said, text="What works for small firms?")
    assert "Passed on without your name." in show(answers).text
    async with town.read() as db:
        assert await questions.bodies(db, meeting) == ["What works for small firms?"]
