from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from telegram import (
    Bot,
    BotCommand,
    CopyTextButton,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputFile,
    InputMediaDocument,
    InputMediaPhoto,
    LinkPreviewOptions,
    MessageEntity,
)
from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, RetryAfter

from sandbox import Sandbox

USER, OTHER, STRANGER, GROUP = 5006, 5015, 5022, -1001


def keyboard(*buttons: InlineKeyboardButton) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup([list(buttons)])


async def test_a_message_with_buttons_reaches_the_screen(bot: Bot, control) -> None:
    markup = keyboard(
        InlineKeyboardButton("Yes", callback_data="rsvp:M6::yes", api_kwargs={"style": "success"}),
        InlineKeyboardButton("Page", url="https://example.org/m6"),
        InlineKeyboardButton("Code", copy_text=CopyTextButton("1234")),
    )
    sent = await bot.send_message(
        USER,
        "<b>M6</b> &amp; more",
        parse_mode="HTML",
        reply_markup=markup,
        protect_content=True,
        disable_notification=True,
        link_preview_options=LinkPreviewOptions(is_disabled=True),
    )
    assert (sent.text, sent.entities[0].type, sent.has_protected_content) == ("M6 & more", "bold", True)
    chat = (await control.chats("m06"))[0]
    message = chat["messages"][0]
    assert (chat["kind"], chat["title"], message["from"], message["text"]) == (
        "private",
        "Convenor",
        "bot",
        "M6 & more",
    )
    assert message["buttons"] == [
        [
            {"label": "Yes", "data": "rsvp:M6::yes", "style": "success"},
            {"label": "Page", "url": "https://example.org/m6", "style": ""},
            {"label": "Code", "style": "", "copy": "1234"},
        ]
    ]
    assert (message["protect"], message["silent"], message["at"]) == (True, True, "2026-04-22T07:00:00+00:00")
    row = (await control.ledger())[-1]
    assert (row["method"], row["chat"], row["person"], row["message"], row["status"]) == (
        "sendMessage",
        "5006",
        "m06",
        str(sent.message_id),
        200,
    )
    assert row["body"]["text"] == "<b>M6</b> &amp; more"
    assert "token" not in str(await control.ledger())


async def test_times_are_entities_in_html_and_as_entities(bot: Bot, control) -> None:
    sent = await bot.send_message(
        USER, 'At <tg-time unix="1796140800" format="wDt">Monday</tg-time>', parse_mode="HTML"
    )
    entity = sent.entities[0].to_dict()
    assert (entity["type"], entity["unix_time"], entity["date_time_format"]) == ("date_time", 1796140800, "wDt")
    assert [(each["text"], each["shown"]) for each in (await control.chats("m06"))[0]["messages"]] == [
        ("At Monday", "At Tuesday, 1 December 2026, 17:00")
    ]
    raw = {"type": "date_time", "offset": 0, "length": 2, "unix_time": 1796140800, "date_time_format": "t"}
    sent = await bot.send_message(USER, "At", api_kwargs={"entities": [raw]})
    assert sent.entities[0].to_dict()["unix_time"] == 1796140800


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("<b>open", "Can't find end tag"),
        ("<b>x</i>", "Unmatched end tag"),
        ("x</b>", "Unexpected end tag"),
        ("<h1>x</h1>", "Unsupported start tag"),
        ("1 < 2", "Unsupported start tag"),
        ('<tg-time unix="soon">x</tg-time>', "tg-time"),
        ('<tg-time unix="1" format="q">x</tg-time>', "tg-time"),
        ('<a href="x" "y">x</a>', "Unexpected attribute"),
        ("<span>x</span>", "span"),
    ],
)
async def test_wrong_html_is_refused(bot: Bot, text: str, reason: str) -> None:
    with pytest.raises(BadRequest, match=r"(?i)can't parse entities.*" + reason):
        await bot.send_message(USER, text, parse_mode="HTML")


async def test_html_offsets_are_in_utf_16(bot: Bot) -> None:
    sent = await bot.send_message(USER, " 🎉 <b>ö🎉</b><a href='https://a.b/'>l</a> ", parse_mode="HTML")
    assert sent.text == "🎉 ö🎉l"
    assert [(entity.type, entity.offset, entity.length) for entity in sent.entities] == [
        ("bold", 3, 3),
        ("text_link", 6, 1),
    ]
    assert sent.parse_entities()[sent.entities[0]] == "ö🎉"


@pytest.mark.parametrize(
    ("entity", "reason"),
    [
        (MessageEntity("bold", 0, 9), "ends after the end"),
        (MessageEntity("bold", 1, 1), "middle of a UTF-16 symbol"),
        (MessageEntity("bold", 0, 0), "length"),
        (MessageEntity("marquee", 0, 2), "Unsupported type"),
        (MessageEntity("text_link", 0, 2), "url"),
    ],
)
async def test_wrong_entities_are_refused(bot: Bot, entity: MessageEntity, reason: str) -> None:
    with pytest.raises(BadRequest, match=f"(?i){reason}"):
        await bot.send_message(USER, "🎉x", entities=[entity])


async def test_markdown_is_refused_with_a_sentence(bot: Bot) -> None:
    with pytest.raises(BadRequest, match=r"(?i)does not support parse_mode MarkdownV2"):
        await bot.send_message(USER, "x", parse_mode="MarkdownV2")


async def test_length_is_judged_after_parsing(bot: Bot) -> None:
    assert (await bot.send_message(USER, f"<b>{'&amp;' * 4096}</b>", parse_mode="HTML")).text == "&" * 4096
    for text, reason in (("x" * 4097, "too long"), ("", "empty"), (" \n", "empty"), ("🎉" * 2049, "too long")):
        with pytest.raises(BadRequest, match=f"(?i){reason}"):
            await bot.send_message(USER, text)


async def test_buttons_are_checked(bot: Bot) -> None:
    wrong = [
        [[{"text": "x", "callback_data": "ü" * 33}]],
        [[{"text": "x", "callback_data": ""}]],
        [[{"text": "", "callback_data": "x"}]],
        [[{"text": "x"}]],
        [[{"text": "x", "callback_data": "x", "url": "https://a.b"}]],
        [[{"text": "x", "url": "javascript:alert(1)"}]],
        [[{"text": "x", "callback_data": "x", "style": "pink"}]],
        [[{"text": "x", "copy_text": {"text": ""}}]],
        [[{"text": "x", "callback_data": str(n)} for n in range(9)]],
        [[{"text": "x", "callback_data": str(n)}] for n in range(101)],
    ]
    for rows in wrong:
        with pytest.raises(BadRequest):
            await bot.send_message(USER, "x", api_kwargs={"reply_markup": {"inline_keyboard": rows}})
    rows = [[{"text": "x", "callback_data": "y" * 64}]]
    await bot.send_message(USER, "x", api_kwargs={"reply_markup": {"inline_keyboard": rows}})


async def test_a_parameter_no_method_has_is_refused(bot: Bot) -> None:
    with pytest.raises(BadRequest, match=r"(?i)no parameter colour"):
        await bot.send_message(USER, "x", api_kwargs={"colour": "red"})
    with pytest.raises(BadRequest, match=r"(?i)no method sendPigeon"):
        await bot.do_api_request("sendPigeon")


async def test_whom_the_bot_cannot_reach(bot: Bot, control) -> None:
    with pytest.raises(Forbidden, match="can't initiate conversation"):
        await bot.send_message(STRANGER, "x")
    with pytest.raises(BadRequest, match="Chat not found"):
        await bot.send_message(99, "x")
    await control.play("block", "m06")
    with pytest.raises(Forbidden, match="blocked by the user"):
        await bot.send_message(USER, "x")
    await control.play("block", "m15", how="deactivated")
    with pytest.raises(Forbidden, match="user is deactivated"):
        await bot.send_message(OTHER, "x")
    await control.play("unblock", "m06")
    assert await bot.send_message(USER, "x")
    await control.play("leave", "m06", chat=GROUP, who="bot")
    with pytest.raises(Forbidden, match="bot was kicked from the supergroup chat"):
        await bot.send_message(GROUP, "x")
    assert [row["status"] for row in await control.ledger()][-6:] == [403, 400, 403, 403, 200, 403]


async def test_a_wrong_token_is_unauthorized(sandbox: Sandbox, control) -> None:
    bot = Bot("1:wrong", f"{sandbox.url}/bot")
    with pytest.raises(InvalidToken):
        await bot.initialize()
    await bot.shutdown()
    assert (await control.ledger())[-1]["status"] == 401


async def test_a_migrated_group_tells_its_new_id(bot: Bot, control) -> None:
    await control.post("migrate", platform="telegram", chat=GROUP, to=-1009)
    with pytest.raises(ChatMigrated) as moved:
        await bot.send_message(GROUP, "x")
    assert moved.value.new_chat_id == -1009
    await bot.send_message(-1009, "there")
    kinds = [update.message.to_dict() for update in await bot.get_updates()]
    assert kinds[0]["migrate_to_chat_id"] == -1009
    assert kinds[1]["migrate_from_chat_id"] == GROUP
    assert [chat["chat"] for chat in await control.chats("m06")] == ["5006", "-1009"]


async def test_edits(bot: Bot, control) -> None:
    sent = await bot.send_message(USER, "one", reply_markup=keyboard(InlineKeyboardButton("A", callback_data="a")))
    edited = await bot.edit_message_text("two", USER, sent.message_id)
    assert (edited.text, edited.reply_markup) == ("two", None)
    with pytest.raises(BadRequest, match="is not modified"):
        await bot.edit_message_text("two", USER, sent.message_id)
    await bot.edit_message_reply_markup(
        USER, sent.message_id, reply_markup=keyboard(InlineKeyboardButton("B", callback_data="b"))
    )
    with pytest.raises(BadRequest, match="to edit not found"):
        await bot.edit_message_text("x", USER, 999)
    said = await control.play("say", "m06", text="mine")
    with pytest.raises(BadRequest, match="can't be edited"):
        await bot.edit_message_text("x", USER, int(said["message"]))
    message = (await control.chats("m06"))[0]["messages"][0]
    assert (message["text"], message["edited"], message["buttons"][0][0]["label"]) == ("two", True, "B")


async def test_deleting_ends_after_48_virtual_hours(bot: Bot, control) -> None:
    early, late = await bot.send_message(USER, "a"), await bot.send_message(USER, "b")
    await control.post("clock", advance=48 * 3600)
    assert await bot.delete_message(USER, early.message_id)
    with pytest.raises(BadRequest, match="to delete not found"):
        await bot.delete_message(USER, early.message_id)
    await control.post("clock", advance=1)
    with pytest.raises(BadRequest, match="can't be deleted for everyone"):
        await bot.delete_message(USER, late.message_id)


async def test_a_document_is_uploaded_once_and_sent_again_by_its_id(bot: Bot, control) -> None:
    first = await bot.send_document(USER, InputFile(b"%PDF memo", filename="memo.pdf"), caption="Memo")
    again = await bot.send_document(OTHER, first.document.file_id, protect_content=True)
    assert again.document.file_id == first.document.file_id
    assert await (await bot.get_file(first.document.file_id)).download_as_bytearray() == b"%PDF memo"
    message = (await control.chats("m15"))[0]["messages"][0]
    assert (message["document"], message["protect"]) == ("memo.pdf", True)
    with pytest.raises(BadRequest, match="non-empty"):
        await bot.send_document(USER, InputFile(b"", filename="x.txt"))
    with pytest.raises(BadRequest, match="caption is too long"):
        await bot.send_document(USER, first.document.file_id, caption="x" * 1025)
    with pytest.raises(BadRequest, match="file identifier"):
        await bot.send_document(USER, "made-up")


async def test_the_file_of_a_message_can_be_replaced_and_a_text_becomes_one(bot: Bot, control) -> None:
    memo = await bot.send_document(USER, InputFile(b"%PDF memo", filename="memo.pdf"), protect_content=True)
    text = await bot.send_message(USER, "Ready?", reply_markup=keyboard(InlineKeyboardButton("Yes", callback_data="y")))
    new = InputMediaDocument(b"gone", caption="Withdrawn", filename="gone.txt", disable_content_type_detection=True)
    edited = await bot.edit_message_media(new, USER, memo.message_id)
    assert (edited.document.file_name, edited.caption, edited.has_protected_content) == ("gone.txt", "Withdrawn", True)
    assert (await control.ledger())[-1]["body"]["has_protected_content"] is True
    again = InputMediaDocument(memo.document.file_id, caption="Memo")
    for id in (memo.message_id, text.message_id):
        edited = await bot.edit_message_media(again, USER, id)
        assert (edited.document.file_id, edited.caption, edited.text) == (memo.document.file_id, "Memo", None)
    with pytest.raises(BadRequest, match="not modified"):
        await bot.edit_message_media(again, USER, memo.message_id)
    with pytest.raises(BadRequest, match="no text in the message"):
        await bot.edit_message_text("x", USER, memo.message_id)
    with pytest.raises(BadRequest, match="file identifier"):
        await bot.edit_message_media(InputMediaDocument("made-up"), USER, memo.message_id)
    with pytest.raises(BadRequest, match="caption is too long"):
        await bot.edit_message_media(InputMediaDocument(memo.document.file_id, "x" * 1025), USER, memo.message_id)
    with pytest.raises(BadRequest, match="no media of type 'photo'"):
        await bot.edit_message_media(InputMediaPhoto(memo.document.file_id), USER, memo.message_id)


async def test_what_a_person_uploads_can_be_fetched(bot: Bot, control) -> None:
    await control.play("upload", "m06", name="list.csv", text="a,b", caption="for you")
    message = (await bot.get_updates())[0].message
    assert (message.caption, message.document.mime_type) == ("for you", "text/csv")
    assert await (await bot.get_file(message.document.file_id)).download_as_bytearray() == b"a,b"


async def test_topics_and_replies_must_exist(bot: Bot) -> None:
    with pytest.raises(BadRequest, match=r"(?i)message thread not found"):
        await bot.send_message(GROUP, "x", message_thread_id=1)
    with pytest.raises(BadRequest, match=r"(?i)replied not found"):
        await bot.send_message(GROUP, "x", reply_to_message_id=77)


async def test_private_chats_take_a_burst_of_three(bot: Bot, control) -> None:
    for n in range(3):
        await bot.send_message(USER, str(n))
    with pytest.raises(RetryAfter) as refused:
        await bot.send_message(USER, "too fast")
    assert refused.value.retry_after == timedelta(seconds=1)
    await bot.send_message(OTHER, "another chat is free")
    assert (await control.get("limits"))["breaches"] == {"telegram.private": 1}
    assert (await control.ledger())[-2]["status"] == 429


async def test_the_whole_bot_has_thirty_a_second_and_a_group_twenty_a_minute(bot: Bot, control) -> None:
    sent = [await bot.send_message(GROUP, str(n)) for n in range(20)]
    with pytest.raises(RetryAfter) as refused:
        await bot.send_message(GROUP, "x")
    assert refused.value.retry_after > timedelta(seconds=50)
    with pytest.raises(RetryAfter):
        await bot.edit_message_text("x", GROUP, sent[0].message_id)
    await control.post("limits", **{"telegram.group": {"count": 1000}, "telegram.bot": {"count": 25, "seconds": 30}})
    for n in range(25):
        await bot.send_message(GROUP, str(n))
    with pytest.raises(RetryAfter):
        await bot.send_message(USER, "x")
    await control.post("limits", enabled=False)
    await bot.send_message(USER, "x")


async def test_commands_profile_and_chats_can_be_asked(bot: Bot) -> None:
    await bot.set_my_commands([BotCommand("meetings", "My meetings")])
    assert (await bot.get_my_commands())[0].command == "meetings"
    with pytest.raises(BadRequest):
        await bot.set_my_commands([("Bad Name", "x")])
    await bot.set_my_name("Convenor")
    assert (await bot.get_chat(GROUP)).title == "COPRR"
    assert (await bot.get_chat_member(GROUP, USER)).status == "member"
    assert (await bot.get_chat_member(GROUP, STRANGER)).status == "left"
    assert (await bot.get_chat_member(GROUP, bot.id)).status == "member"
    assert await bot.send_chat_action(USER, "typing")
    assert (await bot.send_message(USER, "x")).date == datetime(2026, 4, 22, 7, tzinfo=UTC)
