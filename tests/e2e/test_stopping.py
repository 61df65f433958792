"""A mistaken send, stopped and taken back; messages of unknown fate; a refused key: as organisers meet them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from chat.language import LANGUAGES
from chat.text import Reader, plain, say
from storage.deliveries import Campaign, Delivery
from storage.meetings import Invitation, Meeting

BEFORE = datetime(2026, 4, 7, 13, 2, tzinfo=UTC)
DUE = datetime(2026, 4, 8, 12, 0, tzinfo=UTC)
SENDS = ("sendMessage", "chat.postMessage")
TELEGRAM = ("m06", "m08", "m12", "m13", "m14", "m15", "m18", "m22", "m23")
SLACK = tuple(f"m{n:02}" for n in range(1, 25) if f"m{n:02}" not in TELEGRAM)
MISTAKE = {plain(say("withdrawn_note"), Reader(language=each)) for each in LANGUAGES}
ORGANISERS = {"slack": "C0ORG", "telegram": "-1001000000003"}


@pytest.fixture(scope="module")
async def people(town: Any, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Any]:
    log = tmp_path_factory.mktemp("log") / "bot.log"
    async with town(clock=BEFORE, current=False, log_to=log, extra={"CONVENOR_PROBE_SECONDS": "1"}) as found:
        yield found


async def fault(people: Any, **rule: Any) -> None:
    await people.demo.control("faults", **rule)


async def no_faults(people: Any) -> None:
    async with people.demo.session.delete(f"{people.demo.sandbox}/control/faults") as answer:
        assert answer.status == 200


async def states(people: Any, kind: str = "invitation") -> Counter[str]:
    """Count the rows of the newest send of a kind by state."""
    newest = select(func.max(Campaign.id)).where(Campaign.kind == kind).scalar_subquery()
    found = await people.rows(
        select(Delivery.state, func.count()).where(Delivery.campaign_id == newest).group_by("state")
    )
    return Counter({str(state): number for state, number in found})


async def becomes(people: Any, wanted: Any, complaint: str) -> Counter[str]:
    async def look() -> Counter[str] | None:
        found = await states(people)
        return found if wanted(found) else None

    async def what() -> str:
        return str(await states(people))

    found: Counter[str] = await people.until(look, complaint, what)
    return found


async def test_a_mistaken_send_is_stopped_and_taken_back(people: Any) -> None:
    """Conversation 6.12 with invitations: 24 people, stopped on the way, one message cannot be deleted."""
    await people.send_invitations("M6")
    for method in SENDS:
        await fault(people, method=method, action="delay", seconds=3, count=None)
    await people.demo.control("clock", now=DUE.isoformat())
    await becomes(people, lambda found: found["sent"] >= 1, "nothing was sent")
    await people.press("o01", "slack", "Stop sending")
    await no_faults(people)
    card = await people.see("o01", "slack", "Stopped by you.")
    found = await becomes(people, lambda found: not found["sending"], "something stays on its way")
    assert found["queued"] >= 24 - 16 - 8, found  # at most the lanes of both platforms were under way
    assert found["sent"] + found["queued"] == 24
    await people.demo.settle(cards=False)
    assert await states(people) == found, "something left after the stop"
    sent = found["sent"]
    card = await people.see("o01", "slack", f"Sent {sent} (")
    numbers = re.search(r"Sent (\d+) \((.*?)\), not sent (\d+)\.", card["text"])
    assert numbers, card["text"]
    assert (int(numbers[1]), int(numbers[3])) == (sent, 24 - sent)

    await people.press("o01", "slack", "Take back")
    await people.see("o01", "slack", f"Delete {sent} message")
    of = select(Delivery.chat).where(Delivery.platform == "telegram", Delivery.member_id.is_not(None))
    chat = (await people.rows(of.where(Delivery.state == "sent")))[0][0]
    error = "Bad Request: message can't be deleted for everyone"
    await fault(people, method="deleteMessage", match={"chat": chat}, action="error_before", error=error, status=400)
    await people.press("o01", "slack", "Take back")

    async def over() -> bool | None:
        query = select(Campaign.state).where(Campaign.kind.in_(("invitation", "meeting_card")))
        return True if {state for (state,) in await people.rows(query)} == {"taken_back"} else None

    await people.until(over, "it was not taken back")
    await people.see("o01", "slack", f"Taken back: {sent - 1} deleted; 1 could not be and now reads")
    await people.demo.settle()
    shown = [
        each for name, them in (("slack", SLACK), ("telegram", TELEGRAM)) for each in await private(people, name, them)
    ]
    assert not [each for each in shown if "rsvp:" in str(each.get("buttons"))]
    assert [each["text"] in MISTAKE for each in shown].count(True) == 1
    assert not await people.rows(select(Invitation.id).join(Meeting).where(Meeting.code == "M6"))
    assert (await people.rows(select(Meeting.state).where(Meeting.code == "M6")))[0][0] == "scheduled"
    for platform, chat in ORGANISERS.items():
        notice = await people.see("o04", platform, "stopped and taken back.", chat=chat)
        assert "Olivia" not in notice["text"]
    await people.press("o04", "telegram", "Sends", chat=ORGANISERS["telegram"])  # names and lists come in private
    await people.see("o04", "telegram", "taken back · sent")


async def private(people: Any, platform: str, codes: tuple[str, ...]) -> list[dict[str, Any]]:
    """Give the messages members see in private."""
    return [each for code in codes for each in await people.messages(code, platform)]


async def test_of_unknown_fate_and_sent_again(people: Any) -> None:
    """The send is done anew; Telegram takes one message and does not say so."""
    await people.demo.settle()
    await people.send_invitations("M6")
    await fault(people, platform="telegram", method="sendMessage", match={"person": "m15"}, action="cut_after")
    await people.demo.move(DUE + timedelta(days=1), cards=False)
    assert await states(people) == {"sent": 23, "unknown": 1}
    await people.see("o01", "slack", "1 message may or may not have arrived: Telegram did not answer.")
    await people.answer("o04", "telegram", "/deliveries", "unknown: 1")  # a second organiser, on the other platform
    await people.press("o04", "telegram", "Unknown")
    await people.see("o04", "telegram", "Messages that may or may not have arrived")
    await people.press("o04", "telegram", "1 · Open")
    await people.press("o04", "telegram", "Re-send to 1")
    await people.toast("o04", "1 message goes out again.")
    await becomes(people, lambda found: found == {"sent": 24}, "it was not sent again")
    for person, platform in (("o01", "slack"), ("o04", "telegram")):
        await people.see(person, platform, "Sent 24 of 24.")
    assert len([each for each in await people.messages("m15", "telegram") if "you are invited" in each["text"]]) == 2


async def test_when_telegram_refuses_our_key_slack_says_so(people: Any) -> None:
    await people.say("o01", "slack", "/cop meeting nudge M6")
    await people.press("o01", "slack", "/^send:/")
    await people.see("o01", "slack", "Reminder to reply for M6")
    await fault(people, platform="telegram", method="sendMessage", action="unauthorized", count=None)
    await people.demo.control("clock", now=(DUE + timedelta(days=7)).isoformat())
    alert = await people.see("o01", "slack", "Telegram refuses our key since", chat=ORGANISERS["slack"])
    assert "Slack is not affected." in alert["text"]
    await people.press("o01", "slack", "Sends", chat=ORGANISERS["slack"])
    await people.see("o01", "slack", "nothing is lost.")
    await no_faults(people)
    await people.see("o01", "slack", "Telegram works again. What waited goes out now.", chat=ORGANISERS["slack"])
    await people.demo.settle(cards=False)
    assert set(await states(people, "rsvp_nudge")) == {"sent"}


async def test_no_log_holds_a_name_of_those_it_went_to(people: Any) -> None:
    await people.demo.stop_bot()
    log = Path(people.demo.log_to).read_text(encoding="utf-8")
    assert "Traceback" not in log
    assert "Tahmina" not in log
