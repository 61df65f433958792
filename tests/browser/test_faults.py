"""What can go wrong while the page is open: a platform is down, the bot is killed, the clock leaps."""

from __future__ import annotations

from typing import Any

from playwright.async_api import Locator, expect


async def faults(player: Any) -> Locator:
    await player.page.locator("#open-faults").click()
    drawer: Locator = player.page.locator(".drawer")
    await expect(drawer.get_by_role("tab", name="Faults")).to_have_attribute("aria-selected", "true")
    return drawer


async def test_telegram_is_down_for_a_while_and_what_was_pressed_and_written_is_answered_once(
    open_page: Any, demo: Any
) -> None:
    player = await open_page("o01", "m15")
    await player.write("telegram", "/meetings")
    await player.sees("telegram", "Jobs, skills and community-based reintegration")
    drawer = await faults(player)
    switch = drawer.get_by_role("switch", name="Telegram is down")
    await switch.click()
    await expect(switch).to_be_checked()
    await expect(player.side("telegram").get_by_text("Telegram is down: the bot cannot reach it.")).to_be_visible()
    await player.press("telegram", "1 · Reply")
    await expect(player.side("telegram").locator(".tg-key[aria-busy=true]")).to_be_visible()
    await player.write("telegram", "/settings")
    await player.write("slack", "/cop meeting status M6")  # the other side goes on
    await player.sees("slack", "Jobs, skills and community-based reintegration")
    await switch.click()
    await expect(switch).not_to_be_checked()
    await player.sees("telegram", "Quiet hours")
    await expect(player.button("telegram", "Maybe")).to_be_visible()
    await demo.settle()
    await expect(player.side("telegram").get_by_role("button", name="Maybe", exact=True)).to_have_count(1)
    await expect(player.side("telegram").get_by_text("Telegram is down")).to_have_count(0)
    answers = player.side("telegram").get_by_role("article").filter(has_text="Quiet hours")
    await expect(answers).to_have_count(1)


async def test_the_bot_is_killed_and_started_with_the_page_open_and_answers_once(open_page: Any, demo: Any) -> None:
    player = await open_page("o01", "m13")
    await player.write("telegram", "/meetings")
    await player.sees("telegram", "Jobs, skills and community-based reintegration")
    drawer = await faults(player)
    await drawer.get_by_role("button", name="Kill the bot").click()
    await expect(player.page.locator("#bot-down")).to_be_visible()
    await expect(drawer.get_by_text("The bot is down.")).to_be_visible()
    await player.write("telegram", "/settings")
    await drawer.get_by_role("button", name="Start the bot").click()
    await expect(drawer.get_by_text("The bot runs.")).to_be_visible()
    await expect(player.page.locator("#bot-down")).to_have_count(0)
    await player.sees("telegram", "Quiet hours")
    await demo.settle()
    await expect(player.side("telegram").get_by_role("article").filter(has_text="Quiet hours")).to_have_count(1)
    await player.write("slack", "/cop meetings")
    await player.sees("slack", "Jobs, skills and community-based reintegration")


async def test_the_clock_leaps_a_year_and_the_page_goes_on(open_page: Any) -> None:
    player = await open_page("o01", "m15")
    page = player.page
    await page.locator(".clockbox .face").click()
    await page.get_by_label("Date", exact=True).fill("2027-04-22")
    await page.get_by_role("button", name="Set the clock").click()
    await expect(page.locator("#clock-day")).to_have_text("Thu 22 April 2027")
    await expect(page.locator("ol.line")).to_contain_text("Nothing is planned")
    await player.write("slack", "/cop meetings")
    await player.sees("slack", "M6 · Jobs, skills and community-based reintegration")
