"""Joining by a one-time link, agreeing, stopping and starting again, on both platforms (domain 3.7)."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from bot.demo_world import EXAMPLES
from storage.members import Account, Consent, Member

NEW = {"m31": "Nora Neu", "m32": "Ömer Yeni", "m33": "نور", "m34": "Late Comer", "m35": "Two Homes"}
USED = "This link has been used or has expired. The organisers can give you a new one."


@pytest.fixture(scope="module")
async def people(town: Any, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Any]:
    """Run a demo with five people who are on the list and have no account yet, and their accounts in the world."""
    file = tmp_path_factory.mktemp("new") / "coprr.yaml"
    text = (EXAMPLES / "coprr.yaml").read_text(encoding="utf-8")
    entries = "".join(
        f"  - {{id: {code}, name: {name}, category: expert, country: BE, zone: Europe/Brussels, language: en}}\n"
        for code, name in NEW.items()
    )
    head, found, rest = text.partition("\nmeetings:")
    assert found
    file.write_text(f"{head.rstrip()}\n{entries}{found}{rest}", encoding="utf-8")
    async with town(community=file, current=False) as demo:
        for number, (code, name) in enumerate(NEW.items(), 1):
            accounts = {"telegram": {"user": 8000 + number}, "slack": {"team": "T0COPRR", "user": f"U0N{number}"}}
            await demo.demo.control("person", id=code, name=name, **accounts)
        await demo.demo.control("limits", enabled=False)
        yield demo


async def new_link(people: Any, code: str, name: str) -> tuple[str, str]:
    """Have Olivia make a link from the list of members; give the code and the Telegram payload of its address."""
    shown = await people.answer("o01", "slack", "/cop members", "cannot be written to yet")
    before = shown["id"]
    number = re.search(rf"(\d+)\. {re.escape(name)} · has not (?:joined|agreed) yet", shown["text"])
    assert number, shown["text"]
    await people.press("o01", "slack", f"{number[1]} · New link")
    shown = await people.see("o01", "slack", f"One-time link for {name}.", after=before)
    token = re.search(r"join ([\w-]{22,})", shown["text"])
    address = re.search(r"https://t\.me/convenor_demo_bot\?start=([\w-]+)", shown["text"])
    assert token
    assert address
    assert token[1] == address[1]
    return token[1], address[1]


async def state(people: Any, code: str) -> str:
    return str((await people.rows(select(Member.state).where(Member.code == code)))[0][0])


async def start(people: Any, person: str, payload: str = "") -> None:
    await people.demo.control("start", person=person, platform="telegram", payload=payload)


async def test_a_link_admits_once_asks_for_consent_and_refuses_everybody_else(people: Any) -> None:
    _, payload = await new_link(people, "m31", "Nora Neu")
    await start(people, "m15", payload)  # a member who got somebody else's link
    await people.see("m15", "telegram", USED)
    await start(people, "m31", payload)
    await people.see("m31", "telegram", "Welcome, Nora. I am the assistant of COPRR")
    assert await state(people, "m31") == "pending_consent"
    assert not await people.rows(select(Consent.id).join(Member).where(Member.code == "m31"))
    await start(people, "m32", payload)  # used already, by another account
    await people.see("m32", "telegram", USED)
    await people.press("m31", "telegram", "العربية")  # the consent card in another language, and back
    await people.see("m31", "telegram", "COPRR")
    await people.press("m31", "telegram", "English")
    await people.see("m31", "telegram", "Welcome, Nora.")
    await people.press("m31", "telegram", "I agree")
    await people.see("m31", "telegram", "Welcome to COPRR.")
    assert await state(people, "m31") == "active"
    await start(people, "m31", payload)
    await people.see("m31", "telegram", USED)
    await people.answer("m31", "telegram", "/home", "COPRR · Home")
    accounts = await people.rows(select(Account.user).join(Member).where(Member.code == "m31"))
    assert [each[0] for each in accounts] == ["8001"]


async def test_whoever_has_not_agreed_is_asked_whatever_they_do(people: Any) -> None:
    token, _ = await new_link(people, "m32", "Ömer Yeni")
    await people.answer("m32", "slack", "/cop home", "This assistant serves members")
    await people.answer("m32", "slack", f"/cop join {token}", "Welcome, Ömer.")
    for words in ("/cop my", "/cop meetings", "hello there"):
        before = (await people.last("m32", "slack"))["id"]
        await people.say("m32", "slack", words)
        await people.see("m32", "slack", "Do you agree to receive messages", after=before)
    await people.press("m32", "slack", "Not now")
    await people.see("m32", "slack", "Nothing more will be sent. Your invitation stays open until")
    await people.press("m32", "slack", "I agree")
    await people.see("m32", "slack", "Welcome to COPRR.")
    assert await state(people, "m32") == "active"


async def test_somebody_invited_who_presses_a_card_in_a_channel_is_asked_first(people: Any) -> None:
    _, payload = await new_link(people, "m33", "نور")
    await start(people, "m33", payload)
    await people.see("m33", "telegram", "Welcome, نور.")
    key = await people.key_of("M6")
    before = (await people.last("m33", "telegram"))["id"]
    await people.forge("m33", "telegram", f"rsvp:{key}:0:yes")
    await people.see("m33", "telegram", "Do you agree to receive messages", after=before)
    assert await state(people, "m33") == "pending_consent"


async def test_stop_is_one_step_and_nothing_is_sent_until_resume(people: Any) -> None:
    """A member of each platform stops before the invitations, one starts again; a third stops after theirs."""
    await people.answer("m13", "telegram", "/stop", "Messages are off, on all your accounts.")
    await people.answer("m01", "slack", "/cop stop", "Messages are off, on all your accounts.")
    await people.answer("m22", "telegram", "/stop", "Messages are off, on all your accounts.")
    await people.answer("m22", "telegram", "/resume", "Messages are on again.")
    await people.say("o01", "slack", "/cop meeting invite M6")
    shown = await people.see("o01", "slack", "Invitations for M6")
    assert "messages are off" in shown["text"]
    await people.press("o01", "slack", "/^send:/")
    await people.see("o01", "slack", "you can undo")
    seen = (await people.ledger())[-1]["n"]
    await people.answer("m14", "telegram", "/stop", "Messages are off")  # between confirming and sending
    await people.run_until(await people.now() + timedelta(hours=26))
    posts = [row for row in await people.ledger(seen) if row["method"] in ("sendMessage", "chat.postMessage")]
    invited = [row["person"] for row in posts if "invited to" in str(row["body"])]
    assert "m22" in invited
    assert "m15" in invited
    assert not {"m13", "m01", "m14"} & set(invited)
    assert len(invited) == len(set(invited))
    await people.answer("m13", "telegram", "/my", "You: no reply yet")
    await people.answer("m13", "telegram", "/resume", "What was sent meanwhile is not sent again.")
    consents = await people.rows(select(Consent.withdrawn_at).join(Member).where(Member.code == "m13"))
    assert sorted(each[0] is None for each in consents) == [False, True]


async def test_a_link_dies_after_seventy_two_hours_and_a_new_one_works(people: Any) -> None:
    _, late = await new_link(people, "m34", "Late Comer")
    await people.run_until(await people.now() + timedelta(hours=72, minutes=1))
    await start(people, "m34", late)
    await people.see("m34", "telegram", USED)
    assert await state(people, "m34") == "invited"
    token, _ = await new_link(people, "m34", "Late Comer")
    await people.run_until(await people.now() + timedelta(hours=71, minutes=50))
    await people.answer("m34", "slack", f"join {token}", "Welcome, Late.")
    await people.press("m34", "slack", "I agree")
    await people.see("m34", "slack", "Welcome to COPRR.")


async def test_blocking_and_coming_back_are_noticed(people: Any) -> None:
    await people.demo.control("block", person="m18", platform="telegram")

    async def known() -> bool | None:
        found = await people.rows(select(Account.reachable, Account.reason).join(Member).where(Member.code == "m18"))
        return True if tuple(found[0]) == wanted else None

    wanted: tuple[bool, str] = (False, "blocked")
    await people.until(known, "the block was not noted")
    await people.demo.control("unblock", person="m18", platform="telegram")
    wanted = (True, "")
    await people.until(known, "coming back was not noted")
