"""The playground as people use it: a whole demo, a real Chromium, and pages whose every request and error is noted."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, Locator, Page, async_playwright, expect

from bot.demo import Demo, running
from bot.demo_world import EXAMPLES

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WIDE = {"width": 1600, "height": 950}
PATIENCE_MS = 15_000
"""How long anything may take on a noisy machine before a test fails; nothing waits longer than it needs."""
BEGIN = """
if (location.protocol === "http:") {
  for (const [name, value] of [["convenor.tour", "-1"], ["convenor.drawer", "false"]]) {
    if (!sessionStorage.getItem(name)) sessionStorage.setItem(name, value);
  }
}
"""
"""No tour and no drawer at first: most tests want the clients."""
PRESS = """async (button, words) => {
  const pane = button.closest(".pane");
  const there = () => [...pane.querySelectorAll("article")].at(-1).textContent.includes(words);
  if (there()) throw new Error(`“${words}” stood there before the press`);
  const seen = new Promise((done) => {
    const watch = new MutationObserver(() => {
      if (!there()) return;
      watch.disconnect();
      requestAnimationFrame(() => done(performance.now()));
    });
    watch.observe(pane, { subtree: true, childList: true, characterData: true });
  });
  const began = performance.now();
  button.click();
  return (await seen) - began;
}"""

expect.set_options(timeout=PATIENCE_MS)


@dataclass(slots=True)
class Player:
    """Be somebody in front of an open page."""

    page: Page
    context: BrowserContext

    def side(self, platform: str) -> Locator:
        return self.page.locator(f"#pane-{platform}")

    def card(self, platform: str, words: str) -> Locator:
        """Give the newest message with these words in the open chat."""
        return self.side(platform).get_by_role("article").filter(has_text=words).last

    def button(self, platform: str, label: str) -> Locator:
        """Give the newest button with this label on a message of the open chat."""
        return self.side(platform).get_by_role("article").get_by_role("button", name=label, exact=True).last

    async def sees(self, platform: str, words: str) -> None:
        await expect(self.card(platform, words)).to_be_visible()

    async def write(self, platform: str, text: str) -> None:
        box = self.side(platform).get_by_role("textbox", name="Message").last
        await box.fill(text)
        await box.press("Enter")

    async def press(self, platform: str, label: str) -> None:
        await self.button(platform, label).click()

    async def timed(self, platform: str, label: str, words: str) -> float:
        """Press a button; give the milliseconds until a card with these words is drawn, measured in the page."""
        return float(await self.button(platform, label).evaluate(PRESS, words))

    async def chat(self, platform: str, title: str) -> None:
        """Open a chat by its title."""
        names = {"slack": "Slack channels", "telegram": "Telegram chats"}
        chats = self.side(platform).get_by_role("navigation", name=names[platform])
        await chats.get_by_role("button", name=title).click()

    async def ready(self) -> None:
        """Wait until both clients show what their people see."""
        for platform, frame in (("slack", ".sl-conv"), ("telegram", ".tg-conv")):
            await expect(self.side(platform).locator(frame)).to_be_attached()


Open = Callable[..., Awaitable[Player]]


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed here: the tests of the page need one (apt-get install chromium)")
    async with async_playwright() as playwright:
        found = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield found
        await found.close()


@pytest.fixture(scope="module")
async def demo(browser: Browser, request: pytest.FixtureRequest) -> AsyncIterator[Demo]:
    """Give the demo of a module, run with what the module names as `DEMO`."""
    async with running(EXAMPLES / "coprr.yaml", log_level="ERROR", **getattr(request.module, "DEMO", {})) as found:
        yield found


@pytest.fixture
async def open_page(browser: Browser, demo: Demo) -> AsyncIterator[Open]:
    """Give a way to open the page as somebody on each side: `await open_page("o01", "m15")`.

    After the test: no request left the sandbox, no script failed, nothing was complained about on the console.
    """
    opened: list[BrowserContext] = []
    wrong: list[str] = []
    ours = (f"{demo.sandbox}/", demo.sandbox.replace("http:", "ws:") + "/", "data:", "blob:")

    def asked(what: Any) -> None:
        if not what.url.startswith(ours):
            wrong.append(f"request to {what.url}")

    async def run(slack: str, telegram: str, **options: Any) -> Player:
        context = await browser.new_context(**{"viewport": WIDE, "locale": "en-GB", **options})
        opened.append(context)
        context.set_default_timeout(PATIENCE_MS)
        context.on("request", asked)
        context.on(
            "console", lambda said: said.type in ("error", "warning") and wrong.append(f"{said.type}: {said.text}")
        )
        context.on("weberror", lambda failed: wrong.append(f"script: {failed.error}"))
        context.on("dialog", lambda dialog: wrong.append(f"dialog: {dialog.message}"))
        await context.add_init_script(BEGIN)
        page = await context.new_page()
        page.on("websocket", asked)
        await page.goto(f"{demo.sandbox}/?slack={slack}&telegram={telegram}")
        player = Player(page, context)
        await player.ready()
        return player

    yield run
    for each in opened:
        await each.close()
    assert not wrong, "\n".join(wrong)


@pytest.fixture
def faults_of_access() -> Callable[..., Awaitable[list[str]]]:
    """Give a way to ask axe-core for the serious and critical faults of a page as it stands."""

    async def run(page: Page) -> list[str]:
        found = await Axe().run(page, options={"resultTypes": ["violations"]})
        return [
            f"{each['impact']}: {each['id']} ({each['help']}) at {node['target']}: {node['html'][:160]}"
            for each in found.response["violations"]
            if each["impact"] in ("serious", "critical")
            for node in each["nodes"]
        ]

    return run
