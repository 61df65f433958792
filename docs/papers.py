"""The acts of the tour about papers: a memo, an announcement, the library, a publication, and an open webinar."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from life import later, shown, submit
from studio import PHONE, Studio, beside, picture
from trouble import until_seen

from bot.play._memo import UNPACED, unwritten
from bot.play._papers import TITLE, memo_paper

MEMO = {"clock": datetime(2026, 2, 9, 8, tzinfo=UTC), "current": False, "prepare": unwritten, "extra": UNPACED}
"""The world of the memo: M5 is held, its memo still to be written."""
PAST = {"clock": datetime(2026, 4, 7, 13, 2, tzinfo=UTC), "current": False}
OPENING = {"clock": datetime(2026, 5, 26, 7, 30, tzinfo=UTC), "current": False}
DISTRIBUTED = datetime(2026, 2, 23, 12, tzinfo=UTC)
"""The Monday after: some have their weekend on Friday and Saturday, and got it on Sunday."""
CORRECTED = datetime(2026, 3, 6, 9, tzinfo=UTC)
MEMBERS = {"slack": "C0MEMBERS", "telegram": "-1001000000001"}
NEWS = {"slack": "C0NEWS", "telegram": "-1001000000002"}
DESKTOP = {"width": 1000, "height": 780}
MOVES = (
    "The secretariat moves on 4 May. From that day our address is Rue Example 12, Brussels.\n"
    "Please send post that matters before 30 April to the old one."
)
BRIEF: tuple[dict[str, str], ...] = (
    {
        "kind": "policy_brief",
        "title": "Five questions for sustainable reintegration partnerships",
        "link": "https://example.org/brief",
        "approver": "Dana Director",
    },
    {"embargo": "2026-05-27T14:00", "to": "both", "channels": "all", "theme": "Partnerships"},
)
CHECKS = ("Funding line", "Emblem", "Views of the authors")


def paper(**options: Any) -> dict[str, str]:
    """Give a note as the file that somebody picks."""
    return {"name": "counting.pdf", "base64": base64.b64encode(memo_paper(**options)).decode()}


async def write_memo(studio: Studio) -> None:
    """Play a memo from its first file to its correction."""
    studio.cards = False
    studio.section("A memo")
    await check(studio)
    await approve(studio)
    await distribute(studio)
    await read(studio)
    await correct(studio)
    studio.cards = True


async def check(studio: Studio) -> None:
    """Hand in a file that names a delegate, then another one."""
    await studio.say("o04", "telegram", "/memo_new M5")
    await studio.say("o01", "slack", "/cop memo new M5")
    first = {"file": paper(slip=True), "language": "en", "title": TITLE, "approver": "Dana Director"}
    await submit(studio, "o01", first, {"to": "invited", "dm": "file", "keywords": "indicators"})
    await until_seen(studio, "o01", "slack", "page 1: “The delegate of the welfare")
    await studio.scene(
        "memo-checks",
        "A memo is handed in as a file; before approval each place is shown that may tell who spoke.",
        "o01",
        "o04",
    )
    await studio.tap("o01", "slack", "^mversion:")
    await submit(studio, "o01", {"file": paper(), "language": "en"})
    await until_seen(studio, "o01", "slack", "nothing that tells who spoke")


async def approve(studio: Studio) -> None:
    """Have the facts checked by two who spoke, then somebody else approves."""
    await studio.tap("o01", "slack", "^memo:")
    await studio.tap("o01", "slack", "^mspeak:")
    for name in ("Ayşe Örnek", "Awa Misaal"):
        await studio.tap("o01", "slack", name)
    await studio.tap("o01", "slack", "^memo:")
    await studio.tap("o01", "slack", "^mchan:")
    for place in ("Slack coprr-members", "Telegram COPRR members"):
        await studio.tap("o01", "slack", place)
        await studio.tap("o01", "slack", "^mchan:.*:card$")
    await studio.tap("o01", "slack", "^memo:")
    await studio.tap("o01", "slack", "^maskfc:.*:f$")
    await later(studio, MEMO["clock"] + timedelta(hours=2))
    await studio.tap("m12", "telegram", "^mdraft:")
    await studio.scene(
        "memo-facts",
        "Who spoke checks the facts before anybody else reads it: the file, right or a correction.",
        "m16",
        "m12",
    )
    for person, platform in (("m16", "slack"), ("m12", "telegram")):
        await studio.tap(person, platform, "^mfacts:")
    await later(studio, MEMO["clock"] + timedelta(hours=4))
    await studio.say("o04", "telegram", "/memo_status M5")
    await studio.scene(
        "memo-approval", "Somebody else than the author approves; the desk sees how far it is.", "o03", "o04"
    )
    await studio.tap("o03", "slack", "^mapprove:")
    await later(studio, MEMO["clock"] + timedelta(hours=6))


async def distribute(studio: Studio) -> None:
    """Choose the day, type the number, and let it go out."""
    await studio.say("o01", "slack", "/cop memo status M5")
    await studio.tap("o01", "slack", "^bprev:")
    await studio.tap("o01", "slack", "^mwhen:")
    await studio.tap("o01", "slack", "^mwhen:.*:date$")
    await submit(studio, "o01", {"at": "2026-02-20T10:00"})
    await until_seen(studio, "o01", "slack", "20 Feb 2026, 10:00")
    await studio.tap("o01", "slack", "^bprev:")
    await studio.tap("o01", "slack", r"^bsend:.*:m\.")
    await shown(studio, "o01")
    await studio.say("o04", "telegram", "/memo_status M5")
    await studio.scene(
        "memo-count", "Nothing leaves before the number of people is typed, and then there is Undo.", "o01", "o04"
    )
    await submit(studio, "o01", {"count": "24"})
    await later(studio, DISTRIBUTED)


async def read(studio: Studio) -> None:
    """Read it in the chats and on the page."""
    await studio.scene(
        "memo-card",
        "Everybody who was invited gets it in private, in their morning; Telegram shows the title on a tap.",
        "m01",
        "m15",
    )
    await studio.scene("memo-card-french-arabic", "The same in French and Arabic.", "m05", "m18")
    await studio.tap("m01", "slack", "^mopen:")
    link = await address(studio, "m01", r"http\S+/m/[\w-]+")
    await browse(
        studio,
        "memo-page",
        "A one-time link opens a page with the reader's name across it: the file, and one tap to confirm.",
        link,
        press="button",
    )
    for person, platform in (("m01", "slack"), ("m15", "telegram")):
        await studio.tap(person, platform, "^mread:")
    await later(studio, DISTRIBUTED + timedelta(days=8))
    await studio.tap("o01", "slack", "^mreport:")
    await studio.scene(
        "memo-report", "Organisers see totals; who has not confirmed is reminded in private.", "o01", "m13"
    )


async def correct(studio: Studio) -> None:
    """Replace it by a corrected version."""
    await later(studio, CORRECTED)
    await studio.tap("o01", "slack", "^mfix:")
    reason = "One figure on page 2 was of another year."
    await submit(
        studio, "o01", {"file": paper(edition=2), "language": "en", "reason": reason, "approver": "Dana Director"}
    )
    await studio.tap("o03", "slack", "^mfixok:")
    await later(studio, CORRECTED + timedelta(minutes=10))
    await studio.tap("o01", "slack", "^bprev:.*:mc$")
    await studio.tap("o01", "slack", r"^bsend:.*:mc\.")
    await submit(studio, "o01", {"count": "24"})
    await later(studio, CORRECTED + timedelta(minutes=20))
    await studio.scene("memo-corrected", "A correction takes the place of the old version in every chat.", "m01", "m13")


async def announce_and_share(studio: Studio) -> None:
    """Play an announcement, a search and a shared resource."""
    studio.cards = False
    await announce(studio)
    await share(studio)
    studio.cards = True


async def announce(studio: Studio) -> None:
    """Announce to people and channels."""
    studio.section("Announcements")
    await studio.say("o01", "slack", "/cop announce")
    await submit(
        studio,
        "o01",
        {"text": MOVES, "link1": "https://example.org/coprr/address"},
        {"to": "both", "channels": "members", "confirm": "yes"},
    )
    await studio.tap("o01", "slack", "^bprev:")
    await studio.say("o04", "telegram", "/announcements")
    await studio.tap("o04", "telegram", "1 · Open")
    await studio.scene(
        "announcement-preview", "Free text is seen first as people will get it, with who and where.", "o01", "o04"
    )
    await studio.tap("o01", "slack", "^bsend:")
    await later(studio, PAST["clock"] + timedelta(minutes=4))
    await later(studio, PAST["clock"] + timedelta(hours=22))
    await studio.tap("m15", "telegram", "^annread:")
    await studio.scene(
        "announcement", "One tap confirms the reading; links stand as buttons with their real host.", "m01", "m15"
    )


async def share(studio: Studio) -> None:
    """Search the library and share a resource."""
    studio.section("Library")
    await studio.say("m01", "slack", "/cop library")
    await studio.say("m15", "telegram", "/find monitoring")
    await studio.scene(
        "library", "Shelves and a search in all five languages, over what the asker may read.", "m01", "m15"
    )
    await studio.tap("m01", "slack", "^rshare:")
    await studio.tap("m01", "slack", "A link")
    resource = {"link": "https://example.org/handbook", "title": "Handbook on counselling", "language": "en"}
    await submit(studio, "m01", resource | {"line": "Ten questions to ask before a return."})
    await until_seen(studio, "o01", "slack", "A resource waits for your approval")
    await studio.say("m15", "telegram", "/library")
    await studio.tap("m15", "telegram", "^rshare:")
    await studio.scene(
        "resource", "Members share a link or a file; a moderator looks at it before others see it.", "o01", "m15"
    )


async def open_webinar(studio: Studio) -> None:
    """Play a webinar that is open to all, and the release of a publication."""
    studio.cards = False
    await register(studio)
    await publish(studio)
    studio.cards = True


async def register(studio: Studio) -> None:
    """Register members by a tap, and somebody from outside in Telegram and on the page."""
    studio.section("A webinar for everybody")
    visitor = {"zone": "Europe/Brussels", "language": "en", "group": "Visitors", "about": "Visitor"}
    await studio.demo.control("person", id="v01", name="Ada Outside", telegram={"user": 5900001}, **visitor)
    await studio.say("o01", "slack", "/cop webinar")
    await studio.tap("o01", "slack", "1 · Status")
    await studio.tap("o01", "slack", "^bprev:")
    await studio.tap("o01", "slack", "^bsend:")
    await later(studio, OPENING["clock"] + timedelta(hours=1))
    await studio.scene(
        "webinar-channel", "A public webinar stands in the channels; members register with one tap.", "m01", "m15",
        chat=NEWS,
    )  # fmt: skip
    link = await address(studio, "m15", r"start=(w_[\w-]+)", "telegram", NEWS["telegram"])
    await studio.tap("m05", "slack", "^webreg:", MEMBERS["slack"])
    await studio.demo.control("start", person="v01", platform="telegram", payload=link)
    await until_seen(studio, "v01", "telegram", "Your name")
    await studio.scene(
        "webinar-register",
        "One tap for a member, here in French; four questions for somebody from outside, after the notice.",
        "m05",
        "v01",
    )
    page = await address(studio, "m01", r"http\S+/w/[\w-]+", "slack", NEWS["slack"])
    await browse(
        studio, "webinar-page", "Who uses neither Slack nor Telegram registers on a page; no e-mail is needed.", page
    )


async def publish(studio: Studio) -> None:
    """Check, approve and release a policy brief."""
    studio.section("Publications")
    await studio.say("o01", "slack", "/cop publication")
    await studio.tap("o01", "slack", "New publication")
    await submit(studio, "o01", *BRIEF)
    for label in ("Internal review", "External review", "Visibility check", *CHECKS):
        await studio.tap("o01", "slack", label)
    await studio.say("o04", "telegram", "/publication")
    await studio.tap("o04", "telegram", "1 · Open")
    await studio.scene(
        "publication-check", "The visibility check is ticked point by point before anybody approves.", "o01", "o04"
    )
    await studio.tap("o01", "slack", "Nobody is named")
    await studio.tap("o01", "slack", "Ask for approval")
    await studio.tap("o03", "slack", "Approve")
    await studio.tap("o01", "slack", "^bprev:.*:p$")
    await studio.tap("o01", "slack", "^bsend:")
    await later(studio, OPENING["clock"] + timedelta(days=1, hours=4, minutes=40))
    await studio.scene(
        "publication", "It comes out at the minute the embargo ends, in private and in the channels.", "m01", "m15",
        chat=MEMBERS,
    )  # fmt: skip


async def address(studio: Studio, person: str, pattern: str, platform: str = "slack", chat: str = "") -> str:
    """Read the newest address that matches from somebody's screen: its group, if the pattern has one."""
    screen = await studio.demo.ask("screen", person=person, platform=platform)
    texts = []
    for each in screen["chats"]:
        if chat in ("", str(each["chat"])):
            for message in each["messages"]:
                urls = [known.get("url", "") for line in message.get("buttons", []) for known in line]
                texts += [message["text"], *urls]
    return str(re.findall(pattern, "\n".join(texts))[-1])


async def browse(studio: Studio, name: str, words: str, link: str, press: str = "") -> None:
    """Take pictures of one of our own web pages: wide in light and dark, and on two phones."""
    page = studio.page
    await page.set_viewport_size(DESKTOP)
    await page.emulate_media(color_scheme="light")
    await page.goto(link)
    if press:
        await page.locator(press).first.click()
    await studio.calm(page)
    for scheme, ending in (("light", ""), ("dark", "-dark")):
        await page.emulate_media(color_scheme=scheme)
        await studio.calm(page)
        studio.keep(name + ending, picture(await page.screenshot()))
    await page.set_viewport_size(PHONE)
    phones = []
    for scheme in ("light", "dark"):
        await page.emulate_media(color_scheme=scheme)
        await studio.calm(page)
        phones.append(picture(await page.screenshot()))
    studio.keep(f"{name}-phone", beside(phones))
    studio.shown.append((name, words))
    await page.goto(studio.demo.sandbox)
