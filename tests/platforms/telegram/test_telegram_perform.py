from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from chat.inbound import Click, Command, Said
from chat.message import Button, Message, Press
from chat.outbound import Edit, Erase, Home, Reply, SendFile, Toast
from chat.people import MessageRef, Person, Place
from chat.platform import Outcome
from chat.text import Bold, Reader, When, say

AMINA = Person("telegram", "123456", "7001")
DM = Place("telegram", "123456", "7001")
GROUP = Place("telegram", "123456", "-100123", "group")
NOW = datetime(2026, 4, 22, 7, 0, tzinfo=UTC)
CARD = Message((Bold("M6"),), rows=((Button("Yes", Press("rsvp", "k", "1", "yes")),),))
NOT_STARTED = (403, "Forbidden: bot can't initiate conversation with a user")
SLOW = (429, "Too Many Requests", {"retry_after": 1})


def click(where=DM, message="480"):
    ref = MessageRef("telegram", "123456", where.chat, message) if message else None
    return Click(key="u:1", by=AMINA, where=where, at=NOW, handle={"callback": "c1"}, data="a:::", message=ref)


def command(where=DM):
    handle = {"chat": where.chat, "message": "501"}
    return Command(key="u:2", by=AMINA, where=where, at=NOW, handle=handle, words="my")


async def perform(platform, inbound, *answers, reader=Reader()):  # noqa: B008 - a frozen value
    return await platform.perform(inbound, Outcome(tuple(answers), reader))


async def test_a_press_edits_its_card_after_the_toast(platform, api):
    refs = await perform(platform, click(), Edit(CARD), Toast("Saved", alert=True))
    assert refs == [MessageRef("telegram", "123456", "7001", "480"), None]
    assert api.names[-2:] == ["answerCallbackQuery", "editMessageText"]
    assert api.of("answerCallbackQuery") == [{"callback_query_id": "c1", "text": "Saved", "show_alert": "true"}]
    edit = api.of("editMessageText")[0]
    assert (edit["chat_id"], edit["message_id"], edit["text"]) == ("7001", "480", "M6")
    assert edit["reply_markup"]["inline_keyboard"][0][0]["callback_data"] == "rsvp:k:1:yes"


async def test_every_press_is_answered_exactly_once_even_without_words(platform, api):
    await perform(platform, click())
    await perform(platform, click(), Reply(CARD))
    await perform(platform, click(), Toast("one"), Toast("two"))
    assert [each.get("text") for each in api.of("answerCallbackQuery")] == [None, None, "one\ntwo"]


async def test_a_late_press_is_applied_and_the_answer_is_ignored(platform, api):
    api.will(
        "answerCallbackQuery",
        (400, "Bad Request: query is too old and response timeout expired or query ID is invalid"),
    )
    assert await perform(platform, click(), Edit(CARD), Toast("Saved")) != [None, None]
    assert len(api.of("answerCallbackQuery")) == 1
    assert len(api.of("editMessageText")) == 1


async def test_a_replayed_press_without_its_handle_still_edits(platform, api):
    old = Click(key="u:1", by=AMINA, where=DM, at=NOW, data="a:::",
                message=MessageRef("telegram", "123456", "7001", "480"))  # fmt: skip
    assert await perform(platform, old, Edit(CARD), Toast("Saved")) == [old.message, None]
    assert not api.of("answerCallbackQuery")


@pytest.mark.parametrize("trouble", ["message to edit not found", "message can't be edited"])
async def test_a_card_that_cannot_be_edited_is_sent_anew(platform, api, trouble):
    api.will("editMessageText", (400, f"Bad Request: {trouble}"))
    refs = await perform(platform, click(), Edit(CARD))
    assert refs == [MessageRef("telegram", "123456", "7001", str(api.message))]
    assert api.of("sendMessage")[0]["text"] == "M6"


async def test_an_unchanged_card_is_left_as_it_is(platform, api):
    api.will("editMessageText", (400, "Bad Request: message is not modified"))
    assert await perform(platform, click(), Edit(CARD)) == [MessageRef("telegram", "123456", "7001", "480")]
    assert not api.of("sendMessage")


async def test_an_edit_without_a_message_becomes_a_new_one(platform, api):
    refs = await perform(platform, click(message=None), Edit(CARD))
    assert refs[0].message == str(api.message)


async def test_a_command_in_private_is_answered_there(platform, api):
    refs = await perform(platform, command(), Reply(CARD, private=True), Reply(Message(("b",))))
    assert [each["chat_id"] for each in api.of("sendMessage")] == ["7001", "7001"]
    assert len({each.message for each in refs}) == 2


async def test_a_private_answer_to_a_group_command_goes_to_the_private_chat(platform, api):
    refs = await perform(platform, command(GROUP), Reply(CARD, private=True))
    assert [each["chat_id"] for each in api.of("sendMessage")] == ["7001"]
    assert refs[0].chat == "7001"


async def test_a_public_answer_stays_in_the_group_and_in_its_topic(platform, api):
    topic = Place("telegram", "123456", "-100123", "group", "77")
    await perform(platform, command(topic), Reply(CARD))
    sent = api.of("sendMessage")[0]
    assert (sent["chat_id"], sent["message_thread_id"]) == ("-100123", "77")


async def test_a_topic_that_is_gone_falls_back_to_general(platform, api):
    api.will("sendMessage", (400, "Bad Request: message thread not found"))
    topic = Place("telegram", "123456", "-100123", "group", "77")
    await perform(platform, command(topic), Reply(CARD))
    assert [each.get("message_thread_id") for each in api.of("sendMessage")] == ["77", None]


async def test_who_never_started_the_bot_is_shown_the_way_and_the_hint_goes_again(make, listener, api, wait_until):
    platform = make(hint_seconds=0.05)
    await platform.start(listener)
    api.will("sendMessage", NOT_STARTED)
    assert await perform(platform, command(GROUP), Reply(CARD, private=True)) == [None]
    private, hint = api.of("sendMessage")
    assert (private["chat_id"], hint["chat_id"]) == ("7001", "-100123")
    assert hint["text"] == "Please open our private chat first."
    key = hint["reply_markup"]["inline_keyboard"][0][0]
    assert key == {"text": "Open private chat", "url": "https://t.me/ConvenorBot?start=hello"}
    await wait_until(lambda: api.of("deleteMessage"))
    assert api.of("deleteMessage") == [{"chat_id": "-100123", "message_id": str(api.message)}]


async def test_a_hint_that_still_stands_is_taken_back_at_the_end(platform, api):
    api.will("sendMessage", NOT_STARTED)
    await perform(platform, command(GROUP), Reply(CARD, private=True))
    await platform.stop()
    assert api.of("deleteMessage")


async def test_a_press_in_a_group_by_a_stranger_to_the_private_chat_opens_it(platform, api):
    api.will("sendMessage", (400, "Bad Request: chat not found"))
    assert await perform(platform, click(GROUP), Reply(CARD, private=True)) == [None]
    assert api.of("answerCallbackQuery") == [{"callback_query_id": "c1", "url": "https://t.me/ConvenorBot?start=hello"}]
    assert len(api.of("sendMessage")) == 1  # the group sees nothing


async def test_where_no_address_can_be_opened_the_way_is_shown_in_the_group(platform, api):
    api.will("sendMessage", NOT_STARTED)
    api.will("answerCallbackQuery", (400, "Bad Request: URL_INVALID"))
    await perform(platform, click(GROUP), Reply(CARD, private=True), Toast("Saved"))
    assert api.of("answerCallbackQuery")[1]["text"] == "Saved\nPlease open our private chat first."
    assert api.of("sendMessage")[1]["chat_id"] == "-100123"


async def test_a_press_in_a_group_is_told_that_the_answer_is_private(platform, api):
    await perform(platform, click(GROUP), Reply(CARD, private=True))
    assert api.of("answerCallbackQuery")[0]["text"] == "I answered you in private."


async def test_a_private_answer_that_failed_is_not_called_given(platform, api):
    api.will("sendMessage", (400, "Bad Request: message is too long"))
    assert await perform(platform, click(GROUP), Reply(CARD, private=True)) == [None]
    assert "text" not in api.of("answerCallbackQuery")[0]


async def test_a_file_goes_to_the_private_chat_and_is_uploaded_once(platform, api):
    file = SendFile("Agenda – été.ics", b"BEGIN:VCALENDAR\r\n", Bold("M6"))
    refs = await perform(platform, command(GROUP), file)
    again = await perform(platform, command(), file, SendFile("other.ics", file.content))
    first, second, third = api.of("sendDocument")
    assert first["document"] == ("Agenda – été.ics", b"BEGIN:VCALENDAR\r\n")
    assert first["caption"] == "M6"
    assert second["document"].startswith("F")
    assert third["document"][0] == "other.ics"
    assert [refs[0].chat, again[0].chat] == ["7001", "7001"]


async def test_a_file_telegram_forgot_is_uploaded_again(platform, api):
    file = SendFile("a.ics", b"x")
    await platform.upload(DM, file, Reader())
    api.will("sendDocument", (400, "Bad Request: wrong file identifier/HTTP URL specified"))
    await platform.upload(DM, file, Reader())
    assert [isinstance(each["document"], tuple) for each in api.of("sendDocument")] == [True, False, True]


@pytest.mark.parametrize(
    ("given", "sent"),
    [("../../etc/passwd", "passwd"), ('a"\r\nX: y.pdf', "aX: y.pdf"), ("\0", "file"), ("..", "file"),
     ("x" * 300 + ".pdf", "x" * 96 + ".pdf"), ("C:\\temp\\b.md", "b.md")],
)  # fmt: skip
async def test_a_file_name_cannot_break_out(platform, api, given, sent):
    await platform.upload(DM, SendFile(given, b"x"), Reader())
    assert api.of("sendDocument")[0]["document"] == (sent, b"x")


async def test_the_home_screen_is_one_message(platform, api):
    refs = await perform(platform, command(), Home((CARD, Message(("Nothing waits.",)))))
    assert api.of("sendMessage")[0]["text"] == "M6\n\nNothing waits."
    assert len(refs) == 1


async def test_what_a_person_wrote_can_be_erased(platform, api):
    said = Said(key="u:3", by=AMINA, where=DM, at=NOW, handle={"chat": "7001", "message": "501"}, text="x")
    await perform(platform, said, Erase())
    assert api.of("deleteMessage") == [{"chat_id": "7001", "message_id": "501"}]
    api.will("deleteMessage", (400, "Bad Request: message can't be deleted"))
    assert await perform(platform, said, Erase(), Reply(CARD)) != [None, None]


async def test_a_toast_after_typing_is_a_message(platform, api):
    await perform(platform, command(), Toast(say("t_saved")))
    assert api.of("sendMessage")[0]["text"] == "Already saved."


async def test_after_a_rate_limit_it_waits_and_tries_once_more(platform, api):
    api.will("sendMessage", SLOW)
    assert (await perform(platform, command(), Reply(CARD)))[0] is not None
    assert len(api.of("sendMessage")) == 2


async def test_trouble_with_one_answer_does_not_keep_back_the_next(platform, api):
    api.will("sendMessage", (400, "Bad Request: message is too long"))
    refs = await perform(platform, command(), Reply(CARD), Reply(Message(("second",))))
    assert refs[0] is None
    assert refs[1] is not None


async def test_an_answer_that_cannot_be_drawn_still_stops_the_spinner(platform, api):
    broken = Reply(Message((When(NOW, "No/Such_Zone"),)), private=True)
    refs = await perform(platform, click(GROUP), broken, Reply(Message(("second",))))
    assert refs[0] is None
    assert len(api.of("answerCallbackQuery")) == 1


async def test_a_lost_answer_is_not_sent_twice_but_an_edit_is(platform, api):
    api.will("sendMessage", "cut")
    assert await perform(platform, command(), Reply(CARD)) == [None]
    assert len(api.of("sendMessage")) == 1
    api.will("editMessageText", "cut")
    assert await perform(platform, click(), Edit(CARD)) == [click().message]
    assert len(api.of("editMessageText")) == 2


async def test_an_answer_follows_a_group_that_moved(platform, api):
    api.will("sendMessage", (400, "Bad Request: upgraded", {"migrate_to_chat_id": -100999}))
    refs = await perform(platform, command(GROUP), Reply(CARD))
    assert refs[0].chat == "-100999"


async def test_many_presses_on_a_group_card_end_on_the_last_state_in_few_edits(platform, api):
    async def press(number):
        card = Message((f"{number} yes",))
        return await perform(platform, click(GROUP), Edit(card), Toast("Saved"))

    platform._ready()[0]._freshest._interval = 0.1
    refs = await asyncio.gather(*(press(number) for number in range(40)))
    assert all(each[0] == click(GROUP).message for each in refs)
    assert len(api.of("answerCallbackQuery")) == 40
    edits = [each["text"] for each in api.of("editMessageText")]
    assert edits[-1] == "39 yes"
    assert len(edits) <= 3


async def test_a_nameless_command_is_asked_to_come_in_private(api, make, listener, payload, wait_until):
    api.updates = [payload("anonymous_admin_command")]
    await make().start(listener)
    await wait_until(lambda: api.of("sendMessage"))
    sent = api.of("sendMessage")[0]
    assert sent["chat_id"] == "-1001234567890"
    assert sent["text"] == "I cannot see who is asking. Please write to me in private."
    assert not listener.accepted


async def test_an_edit_may_be_of_another_message_and_is_let_be_if_that_is_gone(platform, api):
    said = Said(key="u:3", by=AMINA, where=DM, at=NOW, handle={"chat": "7001", "message": "501"}, text="x")
    former = Edit(Message(("Theme",)), on=MessageRef("telegram", "123456", "7001", "480"))
    assert await perform(platform, said, former) == [None]
    (edit,) = api.of("editMessageText")
    assert (edit["message_id"], edit["text"]) == ("480", "Theme")
    assert not edit.get("reply_markup", {}).get("inline_keyboard")
    api.will("editMessageText", (400, "Bad Request: message to edit not found"))
    assert await perform(platform, said, former) == [None]
    assert "sendMessage" not in api.names
