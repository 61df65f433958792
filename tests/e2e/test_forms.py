"""Planning, sending and asking by form: modals in Slack, questions one by one in Telegram; Undo, nudge, feedback."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from storage.deliveries import Campaign, Delivery
from storage.feedback import FeedbackAnswer
from storage.invitations import Invitation
from storage.meetings import Meeting

BEFORE = datetime(2026, 4, 7, 13, 2, tzinfo=UTC)
ANSWERS = {"F1": "5", "F2": "4", "F3": "4", "F4": "b", "F5": "5", "F6": "y", "F7": "4"}


@pytest.fixture(scope="module")
async def people(town: Any) -> AsyncIterator[Any]:
    async with town(clock=BEFORE, current=False) as found:
        await found.demo.control("limits", enabled=False)
        yield found


def posts(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for row in rows if row["method"] in ("sendMessage", "chat.postMessage") and row["status"] == 200]


async def test_staff_see_what_comes_although_nobody_invites_them(people: Any) -> None:
    title = "Jobs, skills and community-based reintegration"
    await people.answer("o01", "slack", "/cop home", f"{title} · planned")
    await people.answer("o04", "telegram", "/home", f"{title} · planned")
    await people.answer("o02", "telegram", "/home", "No meeting is planned yet.")


async def test_a_meeting_is_planned_in_slack_by_a_modal_that_explains_its_errors(people: Any) -> None:
    await people.say("o01", "slack", "/cop meeting new")
    first = await people.modal("o01")
    assert first["title"]["text"] == "New meeting"
    values = {
        "format": "in_person", "theme": "Housing after return", "region:other": "North Africa", "length": "480",
        "zone": "Europe/Brussels",
    }  # fmt: skip
    done = await people.submit("o01", **values, start="2026-03-01T10:00")
    assert done["errors"] == {"start": "That moment has passed. Please choose a later one."}
    long = {"person": "o01", "platform": "slack", "force": True}
    done = await people.demo.control("submit", **long, values={"title": "x" * 500, "start": "2026-10-06T09:30"})
    assert done["errors"] == {"title": "That is 500 characters; at most 120 fit."}
    done = await people.submit("o01", title="")
    assert "errors" not in done, done
    second = await people.modal("o01")
    assert [each["block_id"] for each in second["inputs"]][:3] == ["passcode", "per_organisation", "guests"]
    await people.submit("o01")
    last = await people.modal("o01")
    assert [each["block_id"] for each in last["inputs"]] == [
        "link", "place", "seats", "seats_online", "deadline", "online_deadline", "audience",
    ]  # fmt: skip
    done = await people.submit("o01", deadline="2026-10-07T09:30")
    why = "The reply deadline must be before the start, Tue, 6 Oct 2026, 09:30 (Brussels)."
    assert done["errors"] == {"deadline": why}
    done = await people.submit("o01", deadline="2026-09-01T18:00")
    assert done["errors"] == {"place": "A meeting in person needs a place."}
    done = await people.submit("o01", place="Tunis, Hôtel “Exemple”", audience="all")
    assert done.get("closed"), done
    assert (await people.screen("o01", "slack"))["modal"] is None
    shown = await people.see("o01", "slack", "M7 is saved. Nothing has been sent.")
    assert "Tue, 6 Oct 2026, 09:30–17:30 (Brussels)" in shown["text"]
    assert "Please reply by: Tue, 1 Sept 2026, 18:00 (Brussels)" in shown["text"].replace("1 Sep ", "1 Sept ")


async def test_editing_shows_what_stands_and_changes_only_that(people: Any) -> None:
    await people.say("o01", "slack", "/cop meeting edit M7")
    opened = await people.modal("o01")
    shown = {each["block_id"]: each["value"] for each in opened["inputs"]}
    assert shown["theme"] == "Housing after return"
    assert opened["title"]["text"] == "Edit M7"
    await people.submit("o01", title="Housing")
    await people.submit("o01")
    done = await people.submit("o01")
    assert done.get("closed"), done
    await people.see("o01", "slack", "Housing\n")
    rows = await people.rows(select(Meeting.title, Meeting.theme, Meeting.place).where(Meeting.code == "M7"))
    assert tuple(rows[0]) == ("Housing", "Housing after return", "Tunis, Hôtel “Exemple”")


async def test_a_meeting_is_planned_in_telegram_question_by_question_even_across_a_restart(people: Any) -> None:
    def said(text: str, expected: str) -> Any:
        return people.answer("o04", "telegram", text, expected)

    async def tapped(button: str, expected: str) -> None:
        await people.press("o04", "telegram", button)
        await people.see("o04", "telegram", expected)

    await said("/meeting_new", "New meeting 1/6")
    await tapped("Hybrid", "Theme")
    await said("Work and skills", "Region")
    await tapped("Back", "Theme")
    await said("Work, skills & language", "Region")
    await said("Anatolia", "When does it start?")
    await people.demo.stop_bot()
    await people.demo.start_bot()
    await said("Wed 14 Oct 10:00", "Wed, 14 Oct 2026, 10:00 (Brussels)")
    await tapped("Edit", "When does it start?")
    await said("15 Oct 10:00", "Thu, 15 Oct 2026, 10:00 (Brussels)")
    await tapped("That is right", "How long does it last?")
    await tapped("1 h 30", "2. Theme: Work, skills & language")
    shown = await people.last("o04", "telegram")
    assert re.search(r"2\. Theme: Work, skills & language", shown["text"]), shown["text"]
    await tapped("Cancel", "Nothing was saved.")
    assert (await people.rows(select(func.count()).where(Meeting.theme.like("Work, skills%"))))[0][0] == 0
    await tapped("Continue", "2. Theme: Work, skills & language")
    number = re.search(r"(\d+)\. Place", (await people.last("o04", "telegram"))["text"])
    assert number
    await people.press("o04", "telegram", "Save")  # a hybrid meeting needs a place
    await people.toast("o04", "A meeting in person needs a place.")
    await tapped(f"{number[1]} · Edit", "Place")
    await tapped("Skip", "2. Theme: Work, skills & language")
    await tapped(f"{number[1]} · Edit", "Place")
    await said("İzmir", "2. Theme: Work, skills & language")
    await tapped("Save", "M8 is saved. Nothing has been sent.")
    rows = await people.rows(select(Meeting.theme, Meeting.place, Meeting.region).where(Meeting.code == "M8"))
    assert tuple(rows[0]) == ("Work, skills & language", "İzmir", "Anatolia")


async def test_a_preview_a_test_a_send_and_undo_leave_nobody_with_a_message(people: Any) -> None:
    await people.say("o04", "telegram", "/meeting_invite M8")
    await people.see("o04", "telegram", "24 people: 15 Slack, 9 Telegram")
    await people.press("o04", "telegram", "Send a test to me")
    await people.see("o04", "telegram", "This is a test. Only you see it; its buttons change nothing.")
    await people.press("o04", "telegram", "Yes, in the room")
    await people.toast("o04", "This was a test. Nothing is saved.")
    seen = (await people.ledger())[-1]["n"]
    await people.press("o04", "telegram", "/^send:/")
    await people.see("o04", "telegram", "Until then you can undo.")
    await people.demo.move(await people.now() + timedelta(minutes=1, seconds=50), cards=False)
    await people.press("o04", "telegram", "Undo")
    await people.see("o04", "telegram", "Undone. Nothing was sent.")
    await people.run_until(await people.now() + timedelta(hours=26))
    assert [row for row in posts(await people.ledger(seen)) if "skills & language" in str(row["body"])] == []
    rows = await people.rows(select(Meeting.state).where(Meeting.code == "M8"))
    assert rows[0][0] == "scheduled"
    of = select(Campaign.kind, Delivery.state).join(Campaign, Campaign.id == Delivery.campaign_id)
    states = {(kind, state) for kind, state in await people.rows(of) if kind != "report_checklist"}  # that is about M6
    assert {state for _, state in states} == {"cancelled"}
    invited = select(func.count()).where(Invitation.withdrawn.is_(False), Invitation.meeting_id == Meeting.id)
    assert (await people.rows(invited.where(Meeting.code == "M8")))[0][0] == 0


async def test_only_the_silent_are_reminded(people: Any) -> None:
    await people.send_invitations("M6")
    await people.run_until(await people.now() + timedelta(hours=26))
    for person in ("m01", "m03", "m10"):
        await people.press(person, "slack", "/^rsvp:.*:yes$/")
    for person in ("m13", "m15", "m22"):
        await people.press(person, "telegram", "/^rsvp:.*:yes$/")
    await people.press("m09", "slack", "/^rsvp:.*:no$/")
    await people.press("m14", "telegram", "/^rsvp:.*:maybe$/")
    await people.answer("o02", "telegram", "/home", "Jobs, skills and community-based reintegration · inviting")
    await people.answer("d01", "slack", "/cop meetings", "Jobs, skills and community-based reintegration")
    await people.see("m14", "telegram", "You replied: Maybe.")
    await people.see("m22", "telegram", "You replied: Yes.")
    await people.see("m09", "slack", "You replied: No.")
    await people.say("o01", "slack", "/cop meeting status M6")
    await people.see("o01", "slack", "Yes 6 · Maybe 1 · No 1 · No reply 16")
    await people.press("o01", "slack", "Remind 16")
    await people.see("o01", "slack", "16 people:")
    seen = (await people.ledger())[-1]["n"]
    await people.press("o01", "slack", "/^send:/")
    await people.see("o01", "slack", "you can undo")
    await people.run_until(await people.now() + timedelta(days=4))  # for some it is the weekend on Friday
    reminded = [row["person"] for row in posts(await people.ledger(seen)) if row["person"]]
    answered = {"m01", "m03", "m10", "m13", "m15", "m22", "m09", "m14"}
    assert len(reminded) == len(set(reminded)) == 16
    assert not set(reminded) & answered
    await people.see("m17", "slack", "A short reminder")


async def test_feedback_is_taken_in_both_ways_and_shown_as_totals_after_the_close(people: Any) -> None:
    """Six said yes; a modal in Slack, questions in Telegram; totals for organisers only, after the close, from five."""
    end = datetime(2026, 5, 20, 10, 30, tzinfo=UTC)
    await people.demo.move(end + timedelta(hours=2), cards=False)
    await people.demo.settle(cards=False)
    for person in ("m01", "m03", "m10"):
        await people.press(person, "slack", "Answer now")
        await people.modal(person)
        given = dict(ANSWERS)
        if person == "m01":
            with pytest.raises(RuntimeError, match="required"):
                await people.submit(person, **{key: given[key] for key in ("F1", "F2")})
            done = await people.submit(person, **given, F8="Write to the migrant Ali, +32 470 12 34 56")
            assert "personal data" in done["errors"]["F8"]
            given["F8"] = "More time for questions, please 🎉"
        done = await people.submit(person, **given)
        assert done.get("closed"), done
    for person in ("m13", "m15"):
        await people.press(person, "telegram", "Answer now")
        so_far = ""
        for value in ANSWERS.values():
            so_far += value
            await people.press(person, "telegram", rf"/^qs:[^:]+:\d+:{so_far}$/")
        await people.see(person, "telegram", "They cannot be changed after sending.")
        if person == "m15":
            await people.press(person, "telegram", "Back")
            await people.see(person, "telegram", "How was the technology?")
            await people.press(person, "telegram", rf"/^qs:[^:]+:\d+:{so_far}$/")
            await people.see(person, "telegram", "They cannot be changed after sending.")
        await people.press(person, "telegram", "/^qs:[^:]+:send:/")
        await people.see(person, "telegram", "Thank you. Your answers help us")
    for person in ("m01", "m03", "m10"):  # the card that asked turns into thanks
        await people.see(person, "slack", "Thank you. Your answers help us")
    answers = select(func.count()).where(FeedbackAnswer.meeting_id == Meeting.id, Meeting.code == "M6")
    assert (await people.rows(answers))[0][0] == 5
    await people.say("o01", "slack", "/cop feedback M6")
    shown = await people.see("o01", "slack", "Totals are shown after the close:")
    assert "5 or more people have answered the feedback questions so far; 6 were asked." in shown["text"]
    await people.answer("m13", "telegram", "/feedback M6", "No open questions. Thank you.")
    key = await people.key_of("M6")
    await people.forge("m13", "telegram", f"fbsum:{key}::")
    await people.toast("m13", "Only organisers can do that.")
    await people.demo.move(end + timedelta(days=8), cards=False)
    await people.press("m22", "telegram", "/^fbnow:/")
    await people.see("m22", "telegram", "These questions closed on")
    before = (await people.last("o01", "slack"))["id"]
    await people.say("o01", "slack", "/cop feedback M6")
    shown = await people.see("o01", "slack", "Found it useful (4 or 5): 5 of 5", after=before)
    await people.press("o01", "slack", "Comments")
    await people.see("o01", "slack", "More time for questions, please 🎉")
