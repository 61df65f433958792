"""Make the pictures of the tour from the running page: `.venv/bin/python docs/screenshots.py [folder]`.

It plays one meeting online, from planning to feedback, one in person with few seats (life.py), a hybrid one that is
cancelled (further.py), papers and a webinar (papers.py), and a send that goes wrong (trouble.py), and looks at both
platforms in light, dark and on a phone; writes `docs/pictures/*.png`, the animated `tour.png`, and `docs/tour.md`.
Needs Chromium; takes about twelve minutes.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from further import ask_more, take_part
from life import live_on, vote_on
from papers import MEMO, OPENING, announce_and_share, open_webinar, write_memo
from playwright.async_api import Page, async_playwright
from studio import Studio
from trouble import go_wrong

from bot.demo import running
from bot.demo_world import EXAMPLES

HERE = Path(__file__).resolve().parent
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--lang=en-GB",
)
START = datetime(2026, 4, 7, 13, 2, tzinfo=UTC)
FILM = {"width": 1240, "height": 775}
YES = {"slack": ("m01", "m05", "m10", "m16", "m20"), "telegram": ("m06", "m13")}
"""Who says yes besides Tahmina, m15."""
ANSWERS = {"F1": "5", "F2": "4", "F3": "4", "F4": "b", "F5": "5", "F6": "y", "F7": "4"}
MEMBERS = {"slack": "C0MEMBERS", "telegram": "-1001000000001"}
FILM_BEGINS = """if (location.protocol === "http:") {
  sessionStorage.setItem("convenor.tour", "-1");
  sessionStorage.setItem("convenor.drawer", "false");
}"""


async def take(folder: Path) -> Studio:
    """Run the demo and a browser, and take all pictures."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        raise SystemExit("The pictures need Chromium; none is installed here.")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=found, args=list(ARGUMENTS))
        page, film = await browser.new_page(locale="en-GB"), await browser.new_page(locale="en-GB", viewport=FILM)
        await film.add_init_script(FILM_BEGINS)
        studio = Studio(page, film, folder)
        past = {"clock": START, "current": False}
        acts: tuple[tuple[dict[str, Any], Any], ...] = (
            ({}, look_around),
            (past, tell),
            (past, live_on),
            (past, vote_on),
            (past, take_part),
            (past, ask_more),
            (MEMO, write_memo),
            (past, announce_and_share),
            (OPENING, open_webinar),
            (past, go_wrong),
        )
        for options, play in acts:
            async with running(EXAMPLES / "coprr.yaml", **options) as studio.demo:
                await studio.demo.control("limits", enabled=False)
                for each in (page, film):
                    await each.goto(f"{studio.demo.sandbox}/?slack=o01&telegram=m15")
                await play(studio)
        await browser.close()
    return studio


async def tell(studio: Studio) -> None:
    """Play the meeting, and stop for pictures."""
    await begin(studio)
    await invite(studio)
    await answer(studio)
    await look_after(studio)
    await remind(studio)
    await ask_back(studio)
    await break_things(studio)


async def look_around(studio: Studio) -> None:
    """Show the page as it opens."""
    studio.section("The page")
    await studio.say("o01", "slack", "/cop meeting status M6")
    await studio.say("m15", "telegram", "/meetings")
    await studio.whole(
        "page",
        "People at the left, both clients, the clock and what is planned above, a tour of six steps.",
        dark=True,
        **{"convenor.tour": 0, "convenor.drawer": True},
    )
    await studio.scene("page-panes", "On a narrower screen the two clients, on a phone one at a time.", "o01", "m15")


async def begin(studio: Studio) -> None:
    """Show the planning of a meeting."""
    await studio.frame(2000)
    studio.section("Planning")
    await studio.say("o01", "slack", "/cop meeting new")
    await studio.say("o04", "telegram", "/meeting_new")
    await studio.tap("o04", "telegram", "Hybrid")
    for text in ("Work, skills & language", "Anatolia", "after lunch"):
        await studio.say("o04", "telegram", text)

    async def press_next(page: Page) -> None:
        await page.locator("#pane-slack").get_by_role("button", name="Next").click()
        await page.get_by_text("Please complete this required field.").first.wait_for()

    await studio.scene(
        "meeting-form",
        "A meeting is planned by a form: a dialog in Slack, question by question in Telegram; errors stand in place.",
        "o01",
        "o04",
        do=press_next,
    )
    await studio.demo.control("submit", person="o01", platform="slack", close=True)
    await studio.say("o04", "telegram", "15 Oct 10:00")
    await studio.tap("o04", "telegram", "That is right")
    await studio.tap("o04", "telegram", "1 h 30")
    await studio.say("o01", "slack", "/cop desk")
    await studio.scene(
        "desk",
        "The organiser's desk in Slack; in Telegram the answers of a form are looked over before they are saved.",
        "o01",
        "o04",
    )
    await studio.tap("o04", "telegram", "Cancel")


async def invite(studio: Studio) -> None:
    """Preview, send, undo; then the invitation as members see it."""
    film = studio.film
    studio.section("Inviting")
    box = film.locator("#pane-slack").get_by_role("textbox", name="Message").last
    await box.fill("/cop meeting invite M6")
    await studio.frame(1600)
    await box.press("Enter")
    await film.get_by_role("button", name="Send to 24").wait_for()
    await studio.frame(2600)
    await studio.say("o04", "telegram", "/meeting_invite M6")
    await studio.scene("preview", "Before anything is sent: who gets it, on which platform, from when.", "o01", "o04")
    await studio.say("o04", "slack", "/cop meeting invite M6")
    await studio.tap("o04", "slack", "Who gets it")
    await studio.tap("o04", "telegram", "Who gets it")
    await studio.scene("who", "Everybody's own moment of the message.", "o04", "o04")
    await film.get_by_role("button", name="Send to 24").last.click()
    await film.get_by_role("article").get_by_role("button", name="Undo").wait_for()
    await studio.demo.settle()
    await studio.frame(2000)
    await studio.scene("undo", "After sending there are two minutes, or more, for Undo.", "o01", "o04")
    await film.locator("#to-next").click()
    await film.locator("#pane-telegram").get_by_role("button", name="Yes").wait_for()
    await studio.demo.settle()
    await studio.frame(2600)
    await studio.run_until(datetime(2026, 4, 8, 12, 30, tzinfo=UTC))
    await studio.scene("invitation", "The invitation in a private chat, in the reader's own time.", "m01", "m15")
    await studio.scene(
        "invitation-french-arabic", "The same in French, and in Arabic from right to left.", "m05", "m18"
    )
    await studio.scene("invitation-turkish-spanish", "And in Turkish and Spanish.", "m16", "m06")


async def answer(studio: Studio) -> None:
    """Answer, and look at what changes."""
    film = studio.film
    studio.section("Answering")
    await film.locator("#pane-telegram").get_by_role("button", name="Yes").click()
    await film.get_by_role("article").filter(has_text="You replied: Yes.").wait_for()
    await studio.demo.settle()
    await studio.frame(2400)
    for platform, people in YES.items():
        for person in people:
            await studio.tap(person, platform, "^rsvp:.*:yes$")
    await studio.tap("m03", "slack", r"^rsvp:.*:maybe$")
    await studio.tap("m22", "telegram", r"^rsvp:.*:no$")
    await studio.scene("receipt", "After the press the same card is the receipt.", "m01", "m15")
    await studio.scene("receipt-maybe-no", "Maybe in Slack, No in Telegram; both can be changed.", "m03", "m22")
    await film.locator("#pane-slack").get_by_role("button", name="coprr-members").click()
    await studio.frame(2200)
    await studio.tap("m01", "slack", "Details")
    await studio.tap("m15", "telegram", "Details")
    await studio.scene("details", "The details of the meeting.", "m01", "m15")
    await studio.scene(
        "channel",
        "The card in the members' channels counts both platforms together and names nobody.",
        "m01",
        "m15",
        chat=MEMBERS,
    )
    await studio.both("o01", "o04", "meeting status M6")
    await studio.scene(
        "status", "The state of a meeting for organisers: a card that follows the replies.", "o01", "o04"
    )
    await studio.both("o01", "o04", "meeting roster M6")
    await studio.scene("roster", "Who said what, in private only.", "o01", "o04")
    await studio.both("o01", "o04", "meeting nudge M6")
    await studio.scene("nudge", "A reminder to those without a reply, with the same preview.", "o01", "o04")


async def look_after(studio: Studio) -> None:
    """Show the screens of a member, and joining."""
    studio.section("Looking after oneself")

    async def open_home(page: Page) -> None:
        await page.locator("#pane-slack").get_by_role("tab", name="Home").click()
        await page.locator(".sl-home .sl-blocks").wait_for()
        await studio.demo.settle()

    await studio.say("m15", "telegram", "/home")
    await studio.scene("home", "Home: the tab of the app in Slack, a message in Telegram.", "m01", "m15", do=open_home)
    for name, words in (
        ("meetings", "Coming meetings with one's own reply."),
        ("my", "One's own replies."),
        ("help", "All words, by what one wants to do."),
        ("settings", "Language, time zone, quiet hours."),
        ("language", "The choice of a language."),
        ("privacy", "What is kept, and what one can ask for."),
        ("stop", "No more messages, at once."),
        ("resume", "And messages again."),
        ("about", "The programme and its contact."),
    ):
        await studio.both("m01", "m13", name)
        await studio.scene(name, words, "m01", "m13")
    studio.section("Joining")
    visitor = {"zone": "Africa/Nairobi", "language": "en", "group": "Visitors", "about": "Visitor"}
    await studio.demo.control("person", id="v01", name="Vera Visitor", telegram={"user": 5900001}, **visitor)
    await studio.both("o01", "o04", "members")
    await studio.scene(
        "members", "The members, how they can be reached, and links for those who have not joined.", "o01", "o04"
    )
    await studio.demo.control("start", person="v01", platform="telegram")
    await studio.demo.settle()
    await studio.say("m01", "slack", "/cop join abc123")
    await studio.scene("join", "A code that is not good any more, and what a stranger is told.", "m01", "v01")

    async def new_visitor(page: Page) -> None:
        await page.get_by_role("button", name="New visitor").click()

    await studio.whole("visitor", "A newcomer is made in the page and can be played like everybody else.", new_visitor)


async def remind(studio: Studio) -> None:
    """Run the clock through the reminders."""
    studio.section("Reminding")
    for name, at, words in (
        ("reminder-week", datetime(2026, 5, 13, 9, tzinfo=UTC), "One week before, at ten in the reader's own morning."),
        ("reminder-day", datetime(2026, 5, 19, 9, tzinfo=UTC), "One day before, with the link to take part."),
        ("reminder-hour", datetime(2026, 5, 20, 7, 5, tzinfo=UTC), "One hour before."),
    ):
        await studio.run_until(at)
        await studio.scene(name, words, "m01", "m15")
        if name == "reminder-day":
            await studio.frame(2400)


async def ask_back(studio: Studio) -> None:
    """Ask for feedback, and show what comes of it."""
    studio.section("Asking back")
    await studio.run_until(datetime(2026, 5, 21, 12, tzinfo=UTC))
    await studio.scene("feedback", "After the meeting those who took part are asked a few questions.", "m01", "m15")
    await studio.frame(2000)
    await studio.tap("m01", "slack", "^fbnow:")
    await studio.tap("m15", "telegram", "^fbnow:")
    await studio.scene("feedback-form", "A form in Slack, one question at a time in Telegram.", "m01", "m15")
    await studio.demo.control("submit", person="m01", platform="slack", values=ANSWERS)
    so_far = ""
    for value in ANSWERS.values():
        so_far += value
        await studio.tap("m15", "telegram", rf"^qs:[^:]+:\d+:{so_far}$")
    await studio.scene(
        "feedback-review", "Thanks in Slack; the answers once more before they are sent in Telegram.", "m01", "m15"
    )
    await studio.tap("m15", "telegram", "^qs:[^:]+:send:")
    for person in ("m05", "m10", "m16", "m20"):
        await studio.tap(person, "slack", "^fbnow:")
        await studio.demo.control("submit", person=person, platform="slack", values=ANSWERS)
    await studio.demo.settle()
    await studio.run_until(datetime(2026, 5, 29, 12, tzinfo=UTC))
    await studio.both("o01", "o04", "feedback M6")
    await studio.scene("results", "Totals from five answers on, without names.", "o01", "o04")
    await studio.film.locator("#pane-slack .sl-side").get_by_role("button", name="Convenor").click()
    await studio.frame(2600)


async def break_things(studio: Studio) -> None:
    """Show what was sent, and the switches."""
    studio.section("Behind the scenes")

    async def raw(page: Page) -> None:
        await page.locator(".drawer .entry").first.click()

    await studio.whole(
        "sent",
        "Every message with its raw request; planned, sent, and none twice.",
        raw,
        dark=True,
        **{"convenor.drawer": True},
    )

    async def faults(page: Page) -> None:
        await page.locator("#open-faults").click()
        await page.locator("#fault-telegram").click()
        await page.get_by_text("Telegram is down: the bot cannot reach it.").wait_for()
        await page.locator("#bot-kill").click()
        await page.locator("#bot-down").wait_for()

    await studio.whole(
        "faults",
        "Telegram is down and the bot is killed; both come back with a press, and nothing is lost.",
        faults,
        dark=True,
    )
    await studio.demo.control("outage", platform="telegram", down=False)
    await studio.demo.act("start")


def make(folder: Path) -> None:
    """Replace the pictures in a folder, and the tour beside it, once all of them are made."""
    with tempfile.TemporaryDirectory() as name:
        made = Path(name)
        studio = asyncio.run(take(made))
        studio.join()
        studio.write(folder.parent / "tour.md")
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("*.png"):
            old.unlink()
        for new in made.glob("*.png"):
            shutil.copyfile(new, folder / new.name)
    pictures = {each.name: each.stat().st_size / 2**20 for each in folder.glob("*.png")}
    print(f"{len(pictures)} pictures, {sum(pictures.values()):.1f} MB; tour.png {pictures['tour.png']:.2f} MB")


if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "pictures")
