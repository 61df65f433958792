"""What the playground draws a Telegram app from."""

from __future__ import annotations

from typing import Any

import aiohttp
from telegram import (
    Bot,
    BotCommand,
    BotCommandScopeAllGroupChats,
    BotCommandScopeAllPrivateChats,
    BotCommandScopeChat,
    CopyTextButton,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
)

from sandbox import Sandbox

USER, OTHER, GROUP = 5006, 5015, -1001


async def test_an_app_knows_whose_a_message_is_and_what_is_answered(bot: Bot, control) -> None:
    await control.play("say", "m06", text="Hello bot", chat=GROUP)
    await control.play("say", "m15", text="Hello Lucía", chat=GROUP, reply_to=1)
    await bot.send_message(GROUP, "Hello all")
    for person, expected in (("m06", ["own", "other", "bot"]), ("m15", ["other", "own", "bot"])):
        group = (await control.chats(person))[1]
        assert [each["who"] for each in group["messages"]] == expected
        assert group["messages"][1]["reply"] == {"id": "1", "by": "Lucía Ejemplo", "text": "Hello bot"}
        assert (group["members"], group["standing"], group["username"]) == (3, "member", "convenor_bot")


async def test_the_menu_is_the_narrowest_one_in_the_persons_language(bot: Bot, control) -> None:
    async def menu(person: str, chat: int) -> list[str]:
        return [each["command"] for each in (await control.chats(person))[chat]["commands"]]

    assert await menu("m06", 0) == []
    await bot.set_my_commands([BotCommand("home", "Home")], BotCommandScopeAllPrivateChats())
    await bot.set_my_commands([BotCommand("inicio", "Inicio")], BotCommandScopeAllPrivateChats(), language_code="es")
    await bot.set_my_commands([BotCommand("meetings", "Meetings")], BotCommandScopeAllGroupChats())
    assert (await menu("m06", 0), await menu("m15", 0), await menu("m15", 1)) == (["inicio"], ["home"], ["meetings"])
    await bot.set_my_commands([BotCommand("sends", "Sends")], BotCommandScopeChat(OTHER))
    assert await menu("m15", 0) == ["sends"]


async def test_a_press_waits_on_the_screen_until_the_bot_answers_it(bot: Bot, control) -> None:
    keys = [
        [InlineKeyboardButton("Yes", callback_data="y"), InlineKeyboardButton("4", copy_text=CopyTextButton("4821"))]
    ]
    await bot.send_message(USER, "M6?", reply_markup=InlineKeyboardMarkup(keys))
    assert (await control.chats("m06"))[0]["messages"][0]["buttons"][0][1]["copy"] == "4821"
    pressed = await control.play("press", "m06", button="y")
    waiting = (await control.chats("m06"))[0]
    assert (waiting["pending"], waiting["toasted"]) == ([pressed["callback"]], 0)
    assert (await control.chats("m15"))[0]["pending"] == []
    await bot.answer_callback_query(pressed["callback"], "Saved")
    answered = (await control.chats("m06"))[0]
    assert (answered["pending"], answered["toasted"]) == ([], 1)


async def test_an_app_shows_what_the_bot_is_for_before_start_and_who_blocked_it(bot: Bot, control) -> None:
    await bot.set_my_description("Meetings of COPRR")
    await bot.set_my_description("Reuniones de COPRR", language_code="es")
    new = (await control.chats("m22"))[0]
    assert (new["started"], new["blocked"], new["about"]) == (False, False, "Meetings of COPRR")
    assert (await control.chats("m06"))[0]["about"] == "Reuniones de COPRR"
    await control.play("block", "m06")
    assert (await control.chats("m06"))[0]["blocked"] is True


async def test_a_group_that_was_left_can_be_found_again(control) -> None:
    async def gone() -> list[dict[str, str]]:
        return (await control.get("screen", person="m06", platform="telegram"))["left"]

    assert await gone() == []
    await control.play("leave", "m06", chat=GROUP)
    assert (await gone(), len(await control.chats("m06"))) == ([{"chat": str(GROUP), "title": "COPRR"}], 1)
    await control.play("join", "m06", chat=GROUP)
    group = (await control.chats("m06"))[1]
    assert (await gone(), group["messages"][-1]["service"], group["messages"][-1]["text"]) == (
        [],
        True,
        "joined the group",
    )


async def test_a_person_writes_in_a_topic(sandbox: Sandbox, bot: Bot, control) -> None:
    chat: dict[str, Any] = {"id": -1002, "title": "Forum", "members": ["m06"], "topics": {"7": "Meeting 6"}}
    sandbox.side("telegram").load({"telegram": {"token": bot.token, "chats": [chat]}})
    await control.play("say", "m06", chat=-1002, text="/help", thread="7")
    await bot.send_message(-1002, "Here", message_thread_id=7)
    forum = (await control.chats("m06"))[1]
    assert forum["topics"] == [{"id": "7", "title": "Meeting 6"}]
    assert [each["thread"] for each in forum["messages"]] == ["7", "7"]
    status, answer = await control.try_post(
        "say", person="m06", platform="telegram", chat=-1002, text="/help", thread="8"
    )
    assert (status, answer["error"]) == (404, "there is no topic 8 in Forum")


async def test_a_page_opens_a_file_and_nothing_in_it_runs(sandbox: Sandbox, bot: Bot, control) -> None:
    await bot.send_document(USER, b"%PDF-1.7", filename="Año.pdf")
    await bot.send_document(USER, b"<script>alert(1)</script>", filename="page.html")
    shown, saved = [each["file"] for each in (await control.chats("m06"))[0]["messages"]]
    assert (shown["name"], shown["mime"], shown["size"]) == ("Año.pdf", "application/pdf", 8)
    async with aiohttp.ClientSession() as session:
        async with session.get(sandbox.url + shown["url"]) as answer:
            assert (answer.content_type, await answer.read()) == ("application/pdf", b"%PDF-1.7")
            assert answer.headers["Content-Disposition"] == "inline; filename*=UTF-8''A%C3%B1o.pdf"
        async with session.get(sandbox.url + saved["url"]) as answer:
            assert answer.content_type == "application/octet-stream"
            assert answer.headers["Content-Disposition"].startswith("attachment")
        async with session.get(f"{sandbox.url}/telegram/file/none") as answer:
            assert answer.status == 404
