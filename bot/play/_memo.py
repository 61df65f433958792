"""Scenario `memo`: the memo of M5, from the first draft to its withdrawal.

Olivia writes it, the check finds a slip, two speakers confirm the facts, Dana approves, 24 people get it on 20 February
2026; 14 confirm, the others are reminded; a correction replaces it, then it is withdrawn. Expected is exact.
"""

from __future__ import annotations

import base64
import re
import tempfile
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
from sqlalchemy import delete, select

from bot import demo_world
from bot.demo import running
from bot.play._counting import count, exact, holding, per_member, same
from bot.play._papers import MENDED, SLIP, TITLE, memo_paper
from bot.play._player import UNPACED, Player
from storage.database import Session
from storage.documents import Acknowledgment, Document
from storage.meetings import Meeting

SPEAKERS = ("m16", "m12")
START = datetime(2026, 2, 9, 8, 0, tzinfo=UTC)
SEND_DAY = datetime(2026, 2, 20, 9, 0, tzinfo=UTC)

FIX_DAY = datetime(2026, 3, 6, 9, 0, tzinfo=UTC)
END = datetime(2026, 3, 9, 15, 0, tzinfo=UTC)
MEMBERS = {"slack": "C0MEMBERS", "telegram": "-1001000000001"}
CONFIRM = (("m03", "m05", "m14", "m16", "m09", "m23", "m24"), ("m06", "m12", "m17"), ("m18", "m19", "m21"))
"""Who confirms before the first reminder, and after it; m01 does so on the page."""

ACKNOWLEDGED = 14
ELSEWHERE = ("C0NEWS", "-1001000000002", "C0ORG", "-1001000000003")
"""Channels that nothing of a memo may reach: announcements, organisers."""
SENT, EDITED = ("sendMessage", "sendDocument"), ("editMessageText", "editMessageCaption", "editMessageMedia")
WRITTEN = (*SENT, *EDITED, "chat.postMessage", "chat.postEphemeral", "chat.update", "files.shared")
WITH_FILE = ("memo", "memo_again", "memo_corrected")


def given(**options: Any) -> dict[str, str]:
    """Give the note as a file that somebody picks."""
    return {"name": "counting.pdf", "base64": base64.b64encode(memo_paper(**options)).decode()}


async def unwritten(db: Session) -> None:
    """Take the memo of M5 away: the meeting is held, its memo is still to be written."""
    meeting = (await db.scalars(select(Meeting).where(Meeting.code == "M5"))).one()
    mine = select(Document.id).where(Document.meeting_id == meeting.id)
    await db.execute(delete(Acknowledgment).where(Acknowledgment.document_id.in_(mine)))
    await db.execute(delete(Document).where(Document.meeting_id == meeting.id))
    meeting.state = "held"


async def play_memo(community: Path, say: Callable[[str], None]) -> dict[str, Any]:
    """Play scenario `memo`; give its part of the result (design §9)."""
    file = demo_world.read_file(community)
    people = {each["id"]: each for each in (*file["staff"], *file["members"])}
    with tempfile.TemporaryDirectory() as beside:
        log = Path(beside) / "log"
        async with running(
            community, clock=START, current=False, prepare=unwritten, log_level="INFO", log_to=log, extra=UNPACED
        ) as demo:
            player = Player(demo, people, say)
            await demo.control("limits", enabled=False)
            say("Mon 9 Feb 2026: Olivia hands in the memo of M5; the check finds a slip, she hands in another file")
            await _write(player)
            say("Two speakers confirm the facts; Olivia may not approve what she wrote, Dana does")
            await _approve(player)
            say("The number is typed; on Fri 20 Feb it goes to the 24 who were invited, in each one's morning")
            await _distribute(player)
            say("14 confirm, one of them on the page; the silent are reminded; some have the file sent")
            await _read(player)
            say("Fri 6 Mar: a correction, approved anew, takes the place of the memo in every chat")
            await _correct(player)
            say("Mon 9 Mar: withdrawn; every card says so")
            await _withdraw(player)
            await demo.stop_bot()
            result = await count(demo, END)
            good = same(await per_member(demo), _expected(), say) and exact(result["messages"])
            good = _figures(result, say) and good
            good = _ledger(await demo.ask("ledger"), people, say) and good
            return result | {"ok": _secret(demo.folder, log, say) and good}


async def _write(player: Player) -> None:
    """Hand in a file, see what the check finds, hand in another one; name speakers and channels."""
    demo = player.demo
    await demo.control("say", person="o01", platform="slack", text="/cop memo new M5")
    first = {"file": given(slip=True), "language": "en", "title": TITLE, "approver": "Dana Director"}
    await player.fill("o01", first, {"to": "invited", "dm": "file", "keywords": "indicators"})
    await player.find("o01", r"(page 1: “The delegate of the welfare)")
    await player.press("o01", r"^mversion:")
    await player.fill("o01", {"file": given(), "language": "en"})
    await player.find("o01", r"(all parts there)")
    await player.press("o01", r"^memo:")
    await player.press("o01", r"^mspeak:")
    for name in ("Ayşe Örnek", "Awa Misaal"):
        await player.press("o01", name)
    await player.press("o01", r"^memo:")
    await player.press("o01", r"^mchan:")
    for name in ("coprr-members", "COPRR members"):
        await player.press("o01", name)
        await player.press("o01", r"^mchan:.*:card$")
    await player.press("o01", r"^memo:")
    await demo.settle(cards=False)


async def _approve(player: Player) -> None:
    demo = player.demo
    await player.press("o01", r"^maskfc:.*:f$")
    await player.run_until(START + timedelta(hours=2), cards=False)
    for person in SPEAKERS:
        await player.press(person, r"^mdraft:")
        await player.press(person, r"^mfacts:")
    await demo.settle(cards=False)
    await player.run_until(START + timedelta(hours=4), cards=False)
    _, data = await player.button("o03", r"^mapprove:")
    await demo.control("press", person="o01", platform="slack", button=data, forge=True)
    await player.find("o01", r"(I cannot find that here)")
    await player.press("o03", r"^mapprove:")
    await player.find("o01", r"(Approved by Dana Director)")
    await player.run_until(START + timedelta(hours=6), cards=False)


async def _distribute(player: Player) -> None:
    demo = player.demo
    await demo.control("say", person="o01", platform="slack", text="/cop memo status M5")
    await player.press("o01", r"^bprev:")
    await player.press("o01", r"^mwhen:")
    await player.press("o01", r"^mwhen:.*:date$")
    await player.fill("o01", {"at": "2026-02-20T10:00"})
    await player.find("o01", r"(20 Feb 2026, 10:00)")
    await player.press("o01", r"^bprev:")
    await player.press("o01", r"^bsend:.*:m\.")
    await player.fill("o01", {"count": "24"})
    await player.run_until(SEND_DAY + timedelta(hours=10), cards=False)


async def _read(player: Player) -> None:
    """Confirm as in the dataset, m01 on the page; who is not on the list gets nothing."""
    for person in ("d01", "o02"):  # both are in the members' channels and were not invited
        platform = "telegram" if person == "o02" else "slack"
        await player.press(person, r"^mget:", chat=MEMBERS[platform], platform=platform)
        await player.find(person, r"(I cannot find that here)", chat=MEMBERS[platform], platform=platform)
    await player.run_until(SEND_DAY + timedelta(days=4), cards=False)
    await _on_the_page(player, "m01")
    for person in CONFIRM[0]:
        await player.press(person, r"^mread:")
    await player.press("m10", r"^mget:")
    await player.press("m13", r"^mget:", chat=MEMBERS["telegram"])
    await player.run_until(SEND_DAY + timedelta(days=7), cards=False)
    for person in CONFIRM[1]:
        await player.press(person, r"^mread:")
    await player.run_until(SEND_DAY + timedelta(days=12), cards=False)
    for person in CONFIRM[2]:
        await player.press(person, r"^mread:")
    await player.run_until(FIX_DAY, cards=False)


async def _on_the_page(player: Player, person: str) -> None:
    """Open the one-time link with a program, as a browser would; looking at it does not use it up."""
    await player.press(person, r"^mopen:")
    link = await player.find(person, r"(http\S+/m/\S+)")
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser:
        for _ in range(2):
            async with browser.get(link) as answer:
                _must(answer.status == 200, "the link opens")
        async with browser.post(link) as answer:
            page, at = await answer.text(), str(answer.url)
        _must(answer.status == 200 and TITLE in page, "the page shows the memo")
        form = dict(re.findall(r'name="(form|version)" value="(\w+)"', page))
        async with browser.post(f"{at}/read", data=form) as answer:
            _must(answer.status == 200, "the page takes the confirmation")
        async with browser.get(f"{at}/file") as answer:
            copy = await answer.read()
        _must(copy.startswith(b"%PDF") and copy != memo_paper(), "the page gives a marked copy")
    async with aiohttp.ClientSession() as stranger:
        for ask in (stranger.get, stranger.post):
            async with ask(link) as answer:
                _must(answer.status == 404, "the link is used up")


def _must(good: bool, what: str) -> None:
    if not good:
        raise RuntimeError(f"not so: {what}")


async def _correct(player: Player) -> None:
    demo = player.demo
    await demo.control("say", person="o01", platform="slack", text="/cop memo status M5")
    await demo.settle(cards=False)
    await player.press("o01", r"^mreport:")
    await player.press("o01", r"^mfix:")
    reason = "One figure on page 2 was of another year."
    await player.fill(
        "o01", {"file": given(edition=2), "language": "en", "reason": reason, "approver": "Dana Director"}
    )
    await demo.settle(cards=False)
    await player.press("o03", r"^mfixok:")
    await player.run_until(FIX_DAY + timedelta(minutes=10), cards=False)
    await player.press("o01", r"^bprev:.*:mc$")
    await player.press("o01", r"^bsend:.*:mc\.")
    await player.fill("o01", {"count": "24"})
    await player.run_until(FIX_DAY + timedelta(minutes=13))
    for person in ("m24", "m06"):
        await player.find(person, r"(Replaced by version 3|Sustituida por la versión 3)")
    await player.run_until(FIX_DAY + timedelta(days=2), cards=False)
    for person in SPEAKERS:
        await player.press(person, r"^mread:.*:3$")


async def _withdraw(player: Player) -> None:
    demo = player.demo
    await player.run_until(END - timedelta(hours=6), cards=False)
    await demo.control("say", person="o01", platform="slack", text="/cop memo status M5")
    await demo.settle(cards=False)
    await player.press("o01", r"^mreport:")
    await demo.settle(cards=False)
    await player.press("o01", r"^mwith:.*:$")
    await player.press("o01", r"^mwith:.*:yes$")
    await player.fill("o01", {"reason": "The figures are being counted anew.", "count": "24"})
    await player.press("o01", r"^bprev:.*:mr$")
    await player.press("o01", r"^bsend:.*:mr\.")
    await player.run_until(END)
    for number in range(1, 25):
        await _over(player, f"m{number:02}")


async def _over(player: Player, person: str) -> None:
    """Check that no card of the memo can be used any more."""
    screen = str((await player.demo.ask("screen", person=person, platform=player.platform(person)))["chats"])
    for verb in ("mread:", "mget:", "mopen:"):
        _must(verb not in screen, f"{person} sees no {verb} after the withdrawal")


def _expected() -> dict[str, dict[str, int]]:
    """Say which messages each person gets, by kind: exactly these, and nothing else."""
    once = dict.fromkeys(("memo", "memo_corrected", "memo_withdrawn"), 1)
    people = {f"m{number:02}": dict(once) for number in range(1, 25)}
    for who, kinds in people.items():
        if who not in ("m01", *CONFIRM[0], *CONFIRM[1]):
            kinds["memo_again"] = 1 if who in CONFIRM[2] else 2
    for who in SPEAKERS:
        people[who]["facts_request"] = 1
    people["o01"] = {"memo_step": 2, "memo_fix_news": 1}
    people["o03"] = {"approval_request": 1, "memo_fix": 1}
    return people


def _figures(result: dict[str, Any], say: Callable[[str], None]) -> bool:
    """Check what is counted: a card in each members' channel, and what the statistics make of it."""
    found = {name: cell["sent"] for name, cell in result["messages"].get("memo_channel", {}).items()}
    held = next(each for each in result["meetings"] if each["key"] == "M5")
    if found == {"slack": 1, "telegram": 1} and held["acknowledged"] == ACKNOWLEDGED:
        return True
    say(f"NOT as expected: {found}, {held}")
    return False


def _ledger(rows: list[dict[str, Any]], people: dict[str, dict[str, Any]], say: Callable[[str], None]) -> bool:
    """Check each call: all protected on Telegram, one upload for a version, nothing outside the chats meant."""
    wrong = [each for each in rows if each["chat"] in ELSEWHERE and each["method"] in WRITTEN]
    telegram = [each for each in rows if each["platform"] == "telegram" and each["status"] == 200]
    for each in telegram:
        if each["method"] in SENT and str(each["body"].get("protect_content")).lower() != "true":
            wrong.append(each)
        if each["method"] in EDITED and not each["body"].get("has_protected_content"):
            wrong.append(each)
    documents = [each for each in telegram if each["method"] == "sendDocument"]
    uploads = [
        each["body"]["document"]["file_name"] for each in documents if isinstance(each["body"]["document"], dict)
    ]
    there = [who for who in people if who.startswith("m") and _on_telegram(people[who])]
    wanted = Counter({who: sum(_expected()[who].get(kind, 0) for kind in WITH_FILE) for who in there})
    wanted.update(["m12", "m13"])  # the draft for a speaker, the file on a tap
    shared = Counter(each["person"] for each in rows if each["method"] == "files.shared")
    good = not wrong and sorted(uploads) == ["note-m5-v2.pdf", "note-m5-v3.pdf"]
    good = good and Counter(each["person"] for each in documents) == wanted and shared == Counter(["m10", "m16"])
    if not good:
        say(f"NOT as expected: {wrong[:3]}, uploads {uploads}")
        say(f"NOT as expected: documents {Counter(each['person'] for each in documents)}, files {shared}")
    return good


def _on_telegram(person: dict[str, Any]) -> bool:
    return "telegram" in person["accounts"] and "slack" not in person["accounts"]


def _secret(folder: Path, log: Path, say: Callable[[str], None]) -> bool:
    """Check that nothing of the text stands anywhere: database, data folder, log."""
    text = [each.encode() for each in (SLIP, MENDED, "delegate of the welfare", "three questions in two places")]
    found = holding(folder, [*text, memo_paper()[400:480]])
    found += holding(log.parent, [*text, TITLE.encode(), b"/m/"])
    if found:
        say(f"NOT as expected: words of the memo are in {found}")
    return not found
