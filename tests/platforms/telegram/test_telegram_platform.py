from __future__ import annotations

import logging
from datetime import UTC, datetime

import pytest
import structlog

from chat.errors import Ambiguous, PlatformError, Rejected
from chat.inbound import Click
from chat.message import LinkButton, Message
from chat.outbound import SendFile, Toast
from chat.people import MessageRef, Person, Place
from chat.platform import Outcome, Platform
from chat.text import Bold, Reader

DM = Place("telegram", "123456", "7001")
EN = Reader()
REF = MessageRef("telegram", "123456", "7001", "480")


async def test_it_is_a_platform_that_knows_itself_after_the_start(platform):
    it: Platform = platform
    assert (it.name, it.workspace, it.command_pattern, it.forms) == ("telegram", "123456", "/{joined}", False)
    limits = it.limits
    assert (limits.per_second, limits.chat_interval, limits.group_per_minute) == (30, 1.0, 20)
    assert (limits.edits_per_minute, limits.edit_delay, limits.lanes) == (10, 3.0, 8)


async def test_a_message_is_sent_with_entities_and_without_previews(platform, api):
    message = Message(
        (Bold("M6 🌿"), "https://example.org"), rows=((LinkButton("Open", "https://example.org/x"),),),
        silent=True, protect=True,
    )  # fmt: skip
    ref = await platform.send(DM, message, EN, delivery="00000000-0000-0000-0000-000000000000")
    assert ref == MessageRef("telegram", "123456", "7001", str(api.message))
    assert api.of("sendMessage") == [
        {
            "chat_id": "7001",
            "text": "M6 🌿\nhttps://example.org",
            "entities": [{"type": "bold", "offset": 0, "length": 5}],
            "reply_markup": {"inline_keyboard": [[{"text": "Open", "url": "https://example.org/x"}]]},
            "link_preview_options": {"is_disabled": True},
            "disable_notification": "true",
            "protect_content": "true",
        }
    ]


async def test_a_plain_message_asks_for_nothing_special(platform, api):
    await platform.send(DM, Message(("Hello",)), EN)
    assert api.of("sendMessage") == [
        {"chat_id": "7001", "text": "Hello", "link_preview_options": {"is_disabled": True}}
    ]


async def test_deleting_tells_whether_it_was_possible(platform, api):
    assert await platform.delete(REF) is True
    api.will("deleteMessage", (400, "Bad Request: message can't be deleted for everyone"))
    assert await platform.delete(REF) is False
    api.will("deleteMessage", "cut")
    with pytest.raises(Ambiguous):
        await platform.delete(REF)


async def test_links_open_the_bot_with_a_payload(platform, make):
    assert platform.start_link("j-4fT9_x") == "https://t.me/ConvenorBot?start=j-4fT9_x"
    assert platform.start_link("") == "https://t.me/ConvenorBot"
    assert make().start_link("x") == ""
    for payload in ("a b", "x" * 65, "é"):
        with pytest.raises(ValueError, match="payload"):
            platform.start_link(payload)


async def test_the_private_chat_has_the_persons_id(platform):
    assert platform.direct(Person("telegram", "123456", "7001")) == DM


async def test_menus_are_set_by_place_and_language(platform, api):
    await platform.set_menu("private", "fr", [("my", "Mes réponses"), ("help", "Aide")])
    await platform.set_menu("group", "en", [("help", "x" * 300)])
    await platform.set_menu("private", "en", [("desk", "Organiser desk")], chat="7001")
    french, english, own = api.of("setMyCommands")
    assert (french["scope"]["type"], french["language_code"]) == ("all_private_chats", "fr")
    assert french["commands"][0] == {"command": "my", "description": "Mes réponses"}
    assert (english["scope"]["type"], english.get("language_code")) == ("all_group_chats", None)
    assert len(english["commands"][0]["description"]) == 256
    assert own["scope"] == {"type": "chat", "chat_id": 7001}


async def test_a_menu_telegram_refuses_is_told_in_our_words(platform, api):
    api.will("setMyCommands", (400, "Bad Request: BOT_COMMAND_INVALID"))
    with pytest.raises(Rejected):
        await platform.set_menu("private", "en", [("my", "Mine")])


async def test_presses_are_dated_by_the_clock_we_are_given(api, make, listener, payload, wait_until):
    api.updates = [payload("press_in_dm")]
    at = datetime(2026, 4, 22, 9, 30, tzinfo=UTC)
    await make(now=lambda: at).start(listener)
    await wait_until(lambda: listener.handled)
    assert listener.handled[0].at == at


async def test_no_log_line_at_any_level_holds_a_secret_or_a_text(
    api, make, listener, payload, token, caplog, wait_until
):
    caplog.set_level(logging.DEBUG)
    for name in ("telegram", "telegram.Bot", "telegram.request", "aiohttp", "asyncio"):
        logging.getLogger(name).setLevel(logging.DEBUG)
    hook = "hook-secret_0123456789"
    memo = Message(("very private memo",))  # not in the lines a traceback quotes
    with structlog.testing.capture_logs() as ours:
        api.will("getMe", "cut")
        api.will("getUpdates", (401, "Unauthorized"), "cut", b"<garbage>", (409, "Conflict"))
        api.updates = [payload("text_in_dm"), payload("press_in_dm")]
        platform = make()
        await platform.start(listener)
        await wait_until(lambda: len(listener.done) == 2)
        for trouble in ("cut", (502, "no"), b"[", (403, "Forbidden: bot was blocked by the user"), (400, "bad")):
            api.will("sendMessage", trouble)
            try:
                await platform.send(DM, memo, EN)
            except PlatformError:
                logging.getLogger("caller").exception("as a careless caller would")
        platform._request._connect = 0.001
        click = Click(key="u:1", by=Person("telegram", "123456", "7001"), where=DM, at=datetime.now(UTC),
                      handle={"callback": "c"}, data="a:::", message=REF)  # fmt: skip
        api.will("answerCallbackQuery", (400, "Bad Request: nope"))
        await platform.perform(click, Outcome((Toast("very private toast"),), EN))
        await platform.upload(DM, SendFile("a.md", b"very private file"), EN)
        await make(webhook_secret=hook, public_url="https://b.example.org").start(listener)
        with pytest.raises(PlatformError):
            await make(token=token + "x").start(listener)
        try:
            await make(api_url="http://127.0.0.1:9").start(listener)
        except PlatformError:
            logging.getLogger("caller").exception("as a careless caller would")
        await platform.stop()
    everything = caplog.text + repr(ours) + repr(platform._bot) + repr(platform)
    assert "telegram_started" in everything
    assert everything.count("Traceback") == 6
    for secret in (token, token.split(":")[1], hook, "very private", "نعم"):
        assert secret not in everything
    for name in ("telegram", "telegram.Bot", "telegram.request", "aiohttp", "asyncio"):
        logging.getLogger(name).setLevel(logging.NOTSET)
