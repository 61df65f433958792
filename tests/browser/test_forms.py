"""Forms in the page: an error and its correction on both sides, and a page that is reloaded while a form is open."""

from __future__ import annotations

from typing import Any

from playwright.async_api import expect

PASSED = "That moment has passed. Please choose a later one."


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
    await expect(form.get_by_text("Step 2")).to_be_visible()

    await player.page.reload()  # what the app knows stays open; the page begins anew
    await player.ready()
    await expect(form.get_by_text("Step 2")).to_be_visible()
    await form.get_by_label("Place").fill("Tunis, Hôtel “Exemple”")
    await form.get_by_label("Reply by").fill("2026-10-07T09:30")
    await form.get_by_role("button", name="Save").click()
    await expect(form.get_by_text("must be before the start, Tue, 6 Oct 2026, 09:30 (Brussels)")).to_be_visible()
    await form.get_by_label("Reply by").fill("2026-09-01T18:00")
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
