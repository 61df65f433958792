"""Take pictures of the page: wide in light and dark, on a phone, and the frames of an animated one."""

from __future__ import annotations

import asyncio
import io
import json
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw
from playwright.async_api import Page

from bot.demo import Demo

WHOLE = {"width": 1440, "height": 900}
PANES = {"width": 1180, "height": 880}
PHONE = {"width": 390, "height": 780}
FILM_WIDTH = 930
COLOURS, EXACT = 224, 96
"""Colours of a picture, and how many of them are kept exactly: the page has few, and the files stay small."""
KEEP = """(all) => {
  sessionStorage.clear();
  Object.entries(all).forEach(([name, value]) => sessionStorage.setItem(name, value));
}"""
GAP, GROUND = 16, "#b9b4a6"


Do = Callable[[Page], Awaitable[Any]]


@dataclass(slots=True)
class Studio:
    """Take pictures of a demo. `shown` keeps what `tour.md` says: section or picture, and its sentence."""

    page: Page
    film: Page
    folder: Path
    demo: Demo = field(init=False)
    shown: list[tuple[str, str]] = field(default_factory=list)
    frames: list[tuple[Image.Image, int]] = field(default_factory=list)
    cards: bool = True
    """Whether to wait for the edits of older cards too; of many they take long."""

    async def say(self, person: str, platform: str, text: str) -> None:
        """Write to the bot in private, and wait until it has answered."""
        await self.demo.control("say", person=person, platform=platform, text=text)
        await self.demo.settle(cards=self.cards)

    async def tap(self, person: str, platform: str, wanted: str, chat: str = "") -> None:
        """Press the newest button whose data or label matches, and wait until the bot has done what it asks."""
        deadline = time.monotonic() + 15
        while True:
            screen = await self.demo.ask("screen", person=person, platform=platform)
            for each in screen["chats"]:
                if str(each["chat"]) != chat if chat else each["kind"] != "private":
                    continue
                for message in reversed(each["messages"]):
                    for known in (known for line in message.get("buttons", []) for known in line):
                        if re.search(wanted, known.get("data", "")) or known["label"] == wanted:
                            where = {"person": person, "platform": platform, "chat": each["chat"]}
                            await self.demo.control("press", **where, message=message["id"], button=known["data"])
                            await self.demo.settle(cards=self.cards)
                            return
            if time.monotonic() > deadline:
                raise RuntimeError(f"{person} sees no button {wanted!r} on {platform}")
            await asyncio.sleep(0.05)

    async def both(self, slack: str, telegram: str, command: str) -> None:
        """Ask the same on both platforms."""
        await self.say(slack, "slack", f"/cop {command}")
        await self.say(telegram, "telegram", "/" + re.sub(r" (?=[a-z])", "_", command))

    async def run_until(self, end: datetime) -> None:
        """Move the clock from one due moment to the next, up to `end`."""
        due = await self.demo.settle(cards=False)
        while due is not None and due <= end:
            due = await self.demo.move(due, cards=False)
        await self.demo.move(end)

    def section(self, title: str) -> None:
        """Begin a section of the tour."""
        self.shown.append(("", title))

    async def open(self, slack: str, telegram: str, size: Any, chat: dict[str, str] | None = None, **kept: Any) -> None:
        """Open the page afresh as two people."""
        page = self.page
        await page.set_viewport_size(size)
        await page.emulate_media(color_scheme="light")
        chats = {
            f"{platform} {who}": chat[platform] for platform, who in (("slack", slack), ("telegram", telegram)) if chat
        }
        stored = {"convenor.tour": -1, "convenor.drawer": False, "convenor.selected": chats, **kept}
        await page.evaluate(
            KEEP,
            {key: json.dumps(value) for key, value in stored.items()},
        )
        await page.goto(f"{self.demo.sandbox}/?slack={slack}&telegram={telegram}")
        for frame in (".sl-conv", ".tg-conv", ".per"):
            await page.locator(frame).first.wait_for(state="attached")
        await self.calm(page)

    async def calm(self, page: Page) -> None:
        """Wait until nothing is loaded and everything is drawn."""
        await page.wait_for_load_state("networkidle")
        await page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")

    async def scene(
        self,
        name: str,
        words: str,
        slack: str,
        telegram: str,
        *,
        chat: dict[str, str] | None = None,
        do: Do | None = None,
    ) -> None:
        """Take a picture of both clients: wide in light and dark, and on a phone."""
        page = self.page
        await self.open(slack, telegram, PANES, chat)
        if do:
            await do(page)
            await self.calm(page)
        for scheme, ending in (("light", ""), ("dark", "-dark")):
            await page.emulate_media(color_scheme=scheme)
            self.keep(name + ending, picture(await page.locator(".main").screenshot()))
        await page.set_viewport_size(PHONE)
        phones = []
        for side, scheme in (("Slack", "light"), ("Telegram", "dark")):
            await page.emulate_media(color_scheme=scheme)
            await page.locator(".tabs button", has_text=side).click()
            await self.calm(page)
            phones.append(picture(await page.screenshot()))
        self.keep(f"{name}-phone", beside(phones))
        self.shown.append((name, words))

    async def whole(self, name: str, words: str, do: Do | None = None, *, dark: bool = False, **kept: Any) -> None:
        """Take a picture of the whole page, in light and, if asked, in dark."""
        await self.open("o01", "m15", WHOLE, **kept)
        if do:
            await do(self.page)
            await self.calm(self.page)
        self.keep(name, picture(await self.page.screenshot()))
        if dark:
            await self.page.emulate_media(color_scheme="dark")
            self.keep(f"{name}-dark", picture(await self.page.screenshot()))
        self.shown.append((name, words))

    def keep(self, name: str, image: Image.Image) -> None:
        """Write a picture with few colours."""
        few(image, palette_of(image)).save(self.folder / f"{name}.png", optimize=True)

    async def frame(self, milliseconds: int) -> None:
        """Add what the film's page shows to the animated picture."""
        await self.calm(self.film)
        await self.film.wait_for_timeout(600)  # the line of what is planned follows a little later
        image = picture(await self.film.screenshot())
        height = round(image.height * FILM_WIDTH / image.width)
        self.frames.append((image.resize((FILM_WIDTH, height), Image.Resampling.LANCZOS), milliseconds))

    def join(self) -> None:
        """Join the frames to an animated PNG with one palette for all."""
        width, height = self.frames[0][0].size
        wall = Image.new("RGB", (width, height * len(self.frames)))
        for n, (image, _) in enumerate(self.frames):
            wall.paste(image, (0, n * height))
        palette = palette_of(wall)
        flat = [few(image, palette) for image, _ in self.frames]
        durations = [milliseconds for _, milliseconds in self.frames]
        flat[0].save(
            self.folder / "tour.png", save_all=True, append_images=flat[1:], duration=durations, loop=0, optimize=True
        )

    def write(self, file: Path) -> None:
        """Write the tour: each picture with its sentence."""
        lines = [HEAD]
        for name, words in self.shown:
            if not name:
                lines.append(f"\n## {words}\n")
                continue
            others = [
                f"[{label}](pictures/{name}-{ending}.png)"
                for ending, label in (("dark", "dark"), ("phone", "on a phone"))
                if (self.folder / f"{name}-{ending}.png").exists()
            ]
            lines.append(
                f"{words}{' Also ' + ' and '.join(others) + '.' if others else ''}\n\n![{words}](pictures/{name}.png)\n"
            )
        file.write_text("\n".join(lines), encoding="utf-8")


HEAD = """# Tour

Every picture is a screenshot of `make demo`, made by `docs/screenshots.py`: Slack at the left, Telegram at the right.

![One meeting in a minute: Olivia invites in Slack, Tahmina answers in Telegram, the clock runs on.](pictures/tour.png)
"""


def picture(data: bytes) -> Image.Image:
    """Read a screenshot."""
    return Image.open(io.BytesIO(data)).convert("RGB")


def palette_of(image: Image.Image) -> Image.Image:
    """Give a palette: the commonest colours as they are, so that no ground is off, and a choice of the rest."""
    counted = sorted(image.getcolors(image.width * image.height) or [], reverse=True)[:EXACT]
    rest = image.quantize(COLOURS - len(counted), dither=Image.Dither.NONE).getpalette() or []
    palette = Image.new("P", (1, 1))
    palette.putpalette([part for _, colour in counted for part in colour] + rest)
    return palette


def few(image: Image.Image, palette: Image.Image) -> Image.Image:
    """Draw a picture with the colours of a palette."""
    return image.quantize(palette=palette, dither=Image.Dither.NONE)


def beside(images: list[Image.Image]) -> Image.Image:
    """Put pictures side by side."""
    width = sum(each.width for each in images) + GAP * (len(images) + 1)
    sheet = Image.new("RGB", (width, max(each.height for each in images) + 2 * GAP), GROUND)
    draw, left = ImageDraw.Draw(sheet), GAP
    for each in images:
        sheet.paste(each, (left, GAP))
        draw.rectangle((left - 1, GAP - 1, left + each.width, GAP + each.height), outline="#6f6a5c")
        left += each.width + GAP
    return sheet
