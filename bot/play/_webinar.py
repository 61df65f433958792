"""Scenario `webinar`: the public webinar of June 2026, from its opening to the erasure of its guests.

Registration opens on 26 May in the channels of both platforms; members register with one tap, two people from outside
by the link into Telegram and by the page; one waits until another cancels. Expected is exact.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
from sqlalchemy import delete, select

from bot import demo_world
from bot.demo import Demo, running
from bot.play._counting import Messages, count, exact, holding, per_member, same
from bot.play._player import UNPACED, Player
from storage.communities import Channel
from storage.database import Database, Session
from storage.meetings import Meeting
from storage.members import GUEST, Member
from storage.timers import Timer
from storage.webinar_feedback import WebinarAnswer
from storage.webinars import WEB, Registrant, Webinar, WebinarQuestion

START = datetime(2026, 5, 25, 8, 0, tzinfo=UTC)
OPENS = datetime(2026, 5, 26, 8, 0, tzinfo=UTC)
DAY = datetime(2026, 6, 25, 12, 0, tzinfo=UTC)
OVER = datetime(2026, 6, 25, 14, 30, tzinfo=UTC)
RECORDED = datetime(2026, 6, 26, 8, 0, tzinfo=UTC)
COUNTED = datetime(2026, 7, 20, 12, 0, tzinfo=UTC)
END = datetime(2026, 7, 26, 12, 0, tzinfo=UTC)
SEATS = 9
CHANNELS = {
    ("slack", "members"): "C0MEMBERS", ("slack", "news"): "C0NEWS",
    ("telegram", "members"): "-1001000000001", ("telegram", "news"): "-1001000000002",
}  # fmt: skip
ONE_TAP = {
    "m01": "news",
    "m02": "members",
    "m03": "members",
    "m10": "news",
    "m06": "news",
    "m12": "members",
    "m14": "members",
}
CANCELS, WAITS, TWICE = "m02", "m24", "m10"
GRETA: dict[str, Any] = {
    "id": "greta", "name": "Greta Beispiel", "zone": "Europe/Vienna", "language": "en", "group": "Guests",
    "about": "From outside", "telegram": {"user": 5000808, "started": False},
}  # fmt: skip
WENDY = {"name": "Wendy Ejemplo", "organisation": "other", "country": "ES"}
QUESTIONS = ("How long do people stay in contact?", "Where are the figures?")
"""One without a name, one with it."""
THERE = ("m01", "m03", "m10", "m06", "m12", "greta")
LINK = "https://example.org/meet/w1"
FROM = {
    "C0MEMBERS": 2, "C0NEWS": 2, "-1001000000001": 2, "-1001000000002": 1,
    "": 1, str(WEB): 1,
}  # fmt: skip
"""Where people registered: channels, the link into Telegram, the page."""
LEFT = {"people": 8, "guests": 0, "questions": 0, "answers": 6}
"""What stays after thirty days: members who registered or cancelled, and answers without names."""
TOTALS = {"registered": 9, "attended": 6, "members": 7, "cancelled": 1}
SPEAKERS = ("m15", "m21")
FEEDBACK = {"F1": "5", "F2": "4", "F8": ""}


async def play_webinar(community: Path, say: Callable[[str], None]) -> dict[str, Any]:
    """Play scenario `webinar`; give its part of the result (design §9)."""
    file = demo_world.read_file(community)
    people = {each["id"]: each for each in (*file["staff"], *file["members"])}
    people["greta"] = {"accounts": {"telegram": {}}}
    async with running(
        community, clock=START, current=False, history=False, prepare=alone, log_level="ERROR", extra=UNPACED
    ) as demo:
        player = Player(demo, people, say)
        await demo.control("limits", enabled=False)
        say("Mon 25 May 2026: Olivia sets 9 seats and the link, and confirms the opening; it goes out on Tuesday")
        await _open(player)
        say("Members register with one tap, Greta from a link into Telegram, Wendy on the page; one waits")
        await _register(player)
        say("The clock runs to Thu 25 June: a week before, the link, an hour before; people check in and ask")
        await _live(player)
        say("Afterwards three questions, then the recording, when both speakers have agreed")
        await _after(player)
        say("The clock runs to July: the report; thirty days after it the guests are forgotten, totals stay")
        result = await count(demo, COUNTED)
        good = same(await per_member(demo), _expected(), say) and exact(result["messages"])
        good = _channels(result["messages"], say) and good
        good = _link_kept(await demo.ask("ledger"), say) and good
        await player.run_until(END)
        await demo.stop_bot()
        return result | {"ok": await _erased(demo, say) and good}


async def alone(db: Session) -> None:
    """Take the meeting of the file away: the webinar is what is played."""
    await db.execute(delete(Timer))
    await db.execute(delete(Meeting))


async def _open(player: Player) -> None:
    demo = player.demo
    await demo.control("say", person="o01", platform="slack", text="/cop webinar")
    await player.press("o01", r"^webst:")
    await player.press("o01", r"^webnew:")
    await player.fill("o01", {}, {"link": LINK, "seats": str(SEATS)})
    await demo.settle(cards=False)
    await player.find("o01", rf"({SEATS} seats)")
    await player.press("o01", r"^bprev:.*:w$")
    await player.press("o01", r"^bsend:.*:w\.")
    await player.run_until(OPENS + timedelta(minutes=5), cards=False)


async def _register(player: Player) -> None:
    demo = player.demo
    for person, where in ONE_TAP.items():
        await player.press(person, r"^webreg:", chat=CHANNELS[player.platform(person), where])
        await demo.settle(cards=False)
    await player.press(TWICE, r"^webreg:", chat="C0MEMBERS")
    link = await player.find("m06", r"start=(w_[\w-]+)", chat=CHANNELS["telegram", "news"])
    await demo.control("person", **GRETA)
    await demo.control("start", person="greta", platform="telegram", payload=link)
    await demo.settle(cards=False)
    await _from_outside(player)
    await _on_the_page(player)
    await player.press(WAITS, r"^webwait:", chat="C0MEMBERS")
    await player.find(WAITS, r"(You are on the waiting list)")
    await player.run_until(OPENS + timedelta(days=2), cards=False)
    await player.press(CANCELS, r"^webun:")
    await player.run_until(OPENS + timedelta(days=3))
    await player.find(WAITS, r"(You are registered)")
    if "Leave the waiting list" in str(await player.demo.ask("screen", person=WAITS, platform="slack")):
        raise RuntimeError(f"{WAITS} has a seat and still sees a card that says otherwise")


async def _from_outside(player: Player) -> None:
    """Answer the four questions to somebody whom nobody knows."""
    demo = player.demo
    for words, choice in (("Greta Beispiel", "Media"), ("Austria", r"^q:.*:3:0$")):
        await player.find("greta", r"(Your name|Country)")
        await demo.control("say", person="greta", platform="telegram", text=words)
        await player.press("greta", choice)
    await player.press("greta", r"^q:.*:send:$")
    await player.find("greta", r"(You are registered)")


async def _on_the_page(player: Player) -> None:
    """Register Wendy by the form, as a browser would; a form without consent is not taken."""
    link = await player.find("m01", r"(http\S+/w/[\w-]+)", chat="C0NEWS")
    told = dict(WENDY)
    async with aiohttp.ClientSession() as browser:
        async with browser.get(link) as answer:
            page = await answer.text()
        told["token"] = re.findall(r'name="token" value="([\w-]+)"', page)[0]
        async with browser.post(link, data=told) as answer:
            if answer.status != 422:
                raise RuntimeError("the page takes a form without consent")
        async with browser.post(link, data={**told, "agree": "yes"}) as answer:
            if answer.status != 200 or "/w/r/" not in str(answer.url):
                raise RuntimeError(f"the page does not take the form: {answer.status}")


async def _live(player: Player) -> None:
    """Check in, ask a question on each platform, let the moderator see and end them."""
    demo = player.demo
    await player.run_until(DAY - timedelta(minutes=5), cards=False)
    for person in THERE:
        await player.press(person, r"^webhere:")
    await player.run_until(DAY + timedelta(minutes=20), cards=False)
    await player.press("m01", r"^webask:")
    await player.fill("m01", {"text": QUESTIONS[0], "named": "no"})
    await player.press("greta", r"^webask:")
    await player.button("greta", r"^q:.*:stop:$")
    await demo.control("say", person="greta", platform="telegram", text=QUESTIONS[1])
    await player.press("greta", r"^q:.*:1:1$")
    await player.find("o02", rf"(1\. {re.escape(QUESTIONS[0])}\n)")
    await player.find("o02", rf"(2\. {re.escape(QUESTIONS[1])} · Greta Beispiel)")
    await player.press("o02", r"^webans:.*:\d+$")
    await player.find("o02", r"(1 question is done)")


async def _after(player: Player) -> None:
    """Ask for feedback, publish the recording when both speakers have agreed."""
    demo = player.demo
    await player.run_until(OVER, cards=False)
    for person in THERE:
        await player.give_feedback(person, "webfb", FEEDBACK)
    await player.run_until(RECORDED, cards=False)
    await demo.control("say", person="o01", platform="slack", text="/cop webinar")
    await player.press("o01", r"^webatt:")
    await player.press("o01", r"^webrec:")
    await player.fill("o01", {"link": "https://example.org/recordings/w1"})
    await player.run_until(RECORDED + timedelta(days=3), cards=False)
    for number, person in enumerate(SPEAKERS):
        if number:
            screen = await demo.ask("screen", person="o01", platform="slack")
            if "bprev:" in str(screen["chats"][0]["messages"][-1]):
                raise RuntimeError("the recording may be sent before every speaker has agreed")
        await player.press(person, r"^webagree:.*:yes$")
        await demo.settle(cards=False)
    await player.press("o01", r"^bprev:.*:wr$")
    await player.press("o01", r"^bsend:.*:wr\.")
    await player.run_until(COUNTED)


def _expected() -> dict[str, dict[str, int]]:
    """Say which messages each person gets, by kind: exactly these, and nothing else."""
    way = dict.fromkeys(("webinar_week", "webinar_link", "webinar_hour", "webinar_recording"), 1)
    people = {each: dict(way) for each in (*ONE_TAP, WAITS, GRETA["name"]) if each != CANCELS}
    people[WAITS]["webinar_registered"] = 1
    for each in THERE:
        people[GRETA["name"] if each == "greta" else each]["webinar_feedback"] = 1
    people |= {each: {"webinar_speaker": 1} for each in SPEAKERS}
    people["o02"] = {"webinar_questions": 1}
    return people


def _channels(messages: Messages, say: Callable[[str], None]) -> bool:
    """Check what the channels got: the card and the recording in four, the report in the organisers' two."""
    wanted = {"webinar_channel": 2, "webinar_recording_public": 2, "webinar_report": 1}
    found = {kind: {name: cell["sent"] for name, cell in messages.get(kind, {}).items()} for kind in wanted}
    if found == {kind: {"slack": number, "telegram": number} for kind, number in wanted.items()}:
        return True
    say(f"NOT as expected: {found}")
    return False


def _link_kept(rows: list[dict[str, Any]], say: Callable[[str], None]) -> bool:
    """Check that the link to join reached nobody but those registered and Olivia, who wrote it."""
    allowed = {*ONE_TAP, WAITS, "greta", "o01"} - {CANCELS}
    wrong = [each for each in rows if LINK in json.dumps(each["body"]) and each["person"] not in allowed]
    if wrong:
        say(f"NOT as expected: the link to join in {wrong[0]}")
    return not wrong


async def _erased(demo: Demo, say: Callable[[str], None]) -> bool:
    """Check that nothing of the guests is left thirty days later, while the totals are."""
    database = Database(demo.database_url)
    try:
        async with database.read() as db:
            found = (await db.scalars(select(Webinar))).one().totals
            chats = {str(each.id): each.chat for each in await db.scalars(select(Channel))}
            left = {
                "people": len((await db.scalars(select(Registrant.id))).all()),
                "guests": len((await db.scalars(select(Member.id).where(Member.state == GUEST))).all()),
                "questions": len((await db.scalars(select(WebinarQuestion.id))).all()),
                "answers": len((await db.scalars(select(WebinarAnswer.id))).all()),
            }
    finally:
        await database.close()
    totals = {name: found[name] for name in TOTALS}
    channels = {chats.get(number, number): many for number, many in found["channels"].items()}
    traces = holding(demo.folder, [each.encode() for each in (*QUESTIONS, GRETA["name"], WENDY["name"])])
    if (totals, channels, left, traces) == (TOTALS, FROM, LEFT, []):
        return True
    say(f"NOT as expected: {totals}, {channels}, {left}, {traces}")
    return False
