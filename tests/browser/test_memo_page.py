"""The page of a memo in a real browser: opened, read, confirmed and closed by keyboard; nothing blocks anybody."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from cryptography.fernet import Fernet, MultiFernet
from playwright.async_api import Browser, Page, expect

from bot.http import HttpServer, application
from scheduler.clock import MovableClock
from storage import Database
from storage.vault import Vault
from tests.kinds import on_one
from tests.web.desk import TITLE, Desk, furnish, nothing

PHONE = {"width": 390, "height": 844}


@pytest.fixture
async def served(database: Database, clock: MovableClock, tmp_path: Path) -> AsyncIterator[tuple[Desk, str]]:
    """Give a memo whose pages are served, and their address."""
    vault = Vault(tmp_path / "files", MultiFernet([Fernet(Fernet.generate_key())]))
    server = HttpServer(application(nothing, []), "127.0.0.1", 0)
    address = f"http://127.0.0.1:{await server.start()}"
    desk = await furnish(database, clock, vault, address)
    server._server.config.app.routes.extend(desk.app.routes)  # type: ignore[union-attr]
    yield desk, address
    await server.stop()


@on_one
@pytest.mark.parametrize(
    ("code", "language", "look"), [("femke", "en-GB", "light"), ("rana", "ar-EG", "dark"), ("ayse", "tr-TR", "light")]
)
async def test_a_memo_is_read_on_a_phone_by_keyboard(
    served: tuple[Desk, str], browser: Browser, code: str, language: str, look: str,
    faults_of_access: Callable[[Page], Awaitable[list[str]]],
) -> None:  # fmt: skip
    desk, address = served
    context = await browser.new_context(viewport=PHONE, locale=language, color_scheme=look)  # type: ignore[arg-type]
    page = await context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("request", lambda asked: asked.url.startswith(address) or said.append(asked.url))
    await page.goto(address + await desk.link(code))
    assert await faults_of_access(page) == []
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text(TITLE)
    assert await faults_of_access(page) == []
    assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert await page.evaluate("document.documentElement.dir") == ("rtl" if code == "rana" else "ltr")
    async with page.expect_download() as waited:
        await page.locator(".files a").first.click()
    assert (await waited.value).suggested_filename == "Memo 5.pdf"
    await page.locator(".ask button").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status")).to_be_visible()
    assert await faults_of_access(page) == []
    assert await page.evaluate("document.cookie") == ""
    assert said == []
    await page.locator(".rail form button").last.click()
    await expect(page.locator(".one h1")).to_be_visible()
    assert await faults_of_access(page) == []
    await context.close()
