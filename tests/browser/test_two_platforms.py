"""One meeting on two platforms, played in the page: invite, answer, remind, forms, several people, and how fast."""

from __future__ import annotations

import statistics
from datetime import UTC, datetime
from typing import Any

from playwright.async_api import expect

DEMO = {"clock": datetime(2026, 4, 7, 13, 2, tzinfo=UTC), "current": False}
PRESS_MS = 300
PASSED = "That moment has passed. Please choose a later one."
NOISE = 3
"""A press is to take 300 ms at the median; the assertion allows for a machine that does other things besides."""


async def test_an_organiser_invites_in_slack_a_member_answers_in_telegram_and_both_cards_change(open_page: Any) -> None:
    player = await open_page("o01", "m15")
    await player.write("slack", "/cop meeting invite M6")
    await player.sees("slack", "24 people")
    await player.press("slack", "Send to 24")
    await player.sees("slack", "you can undo")
    await player.page.locator("#to-next").click()
    await player.sees("telegram", "Wed, 20 May 2026, 14:00–16:30 (Dhaka) · 10:00 Brussels")
    await player.chat("slack", "coprr-members")
    await player.sees("slack", "Yes 0")
    await player.press("telegram", "Yes")
    await player.sees("telegram", "You replied: Yes.")
    await player.sees("slack", "Yes 1 · Maybe 0 · No 0")
    await player.chat("telegram", "COPRR members")
    await player.sees("telegram", "Yes 1 · Maybe 0 · No 0")
    await expect(player.page.locator("ol.line")).to_contain_text("One week to go, M6")


async def test_two_pages_are_two_people_and_each_sees_what_the_other_does(open_page: Any) -> None:
    olivia = await open_page("o01", "m15")
    elin = await open_page("m01", "m22")
    await olivia.chat("slack", "coprr-members")
    await elin.chat("slack", "coprr-members")
    await elin.press("slack", "No")
    await olivia.sees("slack", "Yes 1 · Maybe 0 · No 1")
    await elin.sees("slack", "Yes 1 · Maybe 0 · No 1")
    await expect(olivia.page.locator(".pane-head .as").first).to_have_text("Slack, as Olivia Organiser")
    await expect(elin.page.locator(".pane-head .as").first).to_have_text("Slack, as Elin Exempel")
    await expect(elin.page.locator("#clock-time")).to_have_text("06:00")
    await olivia.page.locator("#plus-hour").click()
    await expect(elin.page.locator("#clock-time")).to_have_text("07:00")


async def test_a_press_changes_its_card_quickly(open_page: Any, record_property: Any) -> None:
    player = await open_page("o01", "m15")
    await player.sees("telegram", "You replied: Yes.")
    taken: list[float] = []
    for _ in range(4):
        taken.append(await player.timed("telegram", "Change reply", "Maybe"))
        taken.append(await player.timed("telegram", "Maybe", "You replied: Maybe."))
        taken.append(await player.timed("telegram", "Yes", "You replied: Yes."))
    median = statistics.median(taken)
    figures = f"press to changed card: median {median:.0f} ms of {len(taken)}, slowest {max(taken):.0f} ms"
    record_property("press_to_card_ms", f"{median:.0f}")
    print(figures)
    assert median <= PRESS_MS * NOISE, figures


async def test_the_clock_runs_a_reminder(open_page: Any) -> None:
    player = await open_page("o01", "m15")
    await player.page.locator(".stop", has_text="One week to go, M6").click()
    await player.sees("telegram", "One week to go")
    await expect(player.page.locator("#clock-day")).to_contain_text("13 May 2026")
    onwards = player.page.locator("#to-next")
    await expect(onwards).to_have_accessible_name("To the next message, Fri 15 May, 09:00")  # what is missing
    await onwards.click()
    await expect(onwards).to_have_accessible_name("To the next message, Tue 19 May, 06:00")  # 10:00 in Dhaka
    await onwards.click()
    await player.sees("telegram", "Tomorrow:")


async def test_a_form_in_slack_names_each_error_and_takes_the_correction(open_page: Any) -> None:
    player = await open_page("o01", "o04")
    await player.write("slack", "/cop meeting new")
    form = player.side("slack").get_by_role("dialog", name="New meeting")
    await form.get_by_role("button", name="Next").click()
    await expect(form.get_by_text("Please complete this required field.")).to_have_count(4)
    await form.get_by_label("In person").check()
    await form.get_by_label("Theme").fill("Housing after return")
    await form.get_by_label("Something else").fill("North Africa")
    start = form.get_by_label("When does it start?")
    await start.fill("2026-03-01T10:00")
    await form.get_by_label("How long does it last?").select_option("A day (8 h)")
    await form.get_by_role("button", name="Next").click()
    await expect(form.get_by_text(PASSED)).to_be_visible()
    await expect(start).to_be_focused()
    await expect(start).to_have_attribute("aria-invalid", "true")
    await start.fill("2026-10-06T09:30")
    await form.get_by_role("button", name="Next").click()
    await expect(form.get_by_label("Passcode")).to_be_visible()
    await form.get_by_role("button", name="Next").click()
    await expect(form.get_by_label("Reply by (")).to_be_visible()

    await player.page.reload()  # what the app knows stays open; the page begins anew
    await player.ready()
    await expect(form.get_by_label("Reply by (")).to_be_visible()
    await form.get_by_label("Place").fill("Tunis, Hôtel “Exemple”")
    await form.get_by_label("Reply by (").fill("2026-10-07T09:30")
    await form.get_by_role("button", name="Save").click()
    await expect(form.get_by_text("must be before the start, Tue, 6 Oct 2026, 09:30 (Brussels)")).to_be_visible()
    await form.get_by_label("Reply by (").fill("2026-09-01T18:00")
    await form.get_by_role("button", name="Save").click()
    await player.sees("slack", "M7 is saved. Nothing has been sent.")
    await expect(form).to_have_count(0)


async def test_questions_in_telegram_name_the_error_take_the_correction_and_outlive_a_reload(open_page: Any) -> None:
    player = await open_page("o01", "o04")
    await player.write("telegram", "/meeting_new")
    await player.press("telegram", "Hybrid")
    await player.sees("telegram", "Theme")
    await player.write("telegram", "Work, skills & language")
    await player.sees("telegram", "Region")
    await player.write("telegram", "Anatolia")
    await player.sees("telegram", "When does it start?")
    await player.write("telegram", "after lunch, or so")
    await player.sees("telegram", "I could not read a date. For example: 20 May 10:00.")

    await player.page.reload()
    await player.ready()
    await player.sees("telegram", "I could not read a date.")
    await player.write("telegram", "15 Oct 10:00")
    await player.sees("telegram", "Thu, 15 Oct 2026, 10:00 (Brussels)")
    await player.press("telegram", "That is right")
    await player.press("telegram", "1 h 30")
    await player.sees("telegram", "2. Theme: Work, skills & language")
    await player.press("telegram", "Save")  # a hybrid meeting needs a place
    alert = player.side("telegram").get_by_role("alertdialog")
    await expect(alert).to_contain_text("A meeting in person needs a place.")
    await alert.get_by_role("button", name="OK").click()
    await player.press("telegram", "Cancel")
    await player.sees("telegram", "Nothing was saved.")
