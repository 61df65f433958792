"""A press under load: its spinner stops soon, once, without a word; what was to be said is said when it is true."""

from __future__ import annotations

import asyncio

import pytest

from chat.message import Message
from chat.outbound import Edit, Reply, Toast
from chat.people import MessageRef

CARD = Message(("You replied: Yes.",))
EMPTY = {"callback_query_id": "30061234567890123"}
NOT_STARTED = (403, "Forbidden: bot can't initiate conversation with a user")


@pytest.fixture
def slow(make, listener):
    """Give a bot whose inside is busy until the gate is opened, and which waits a twentieth of a second for it."""

    async def begin(**options):
        listener.gate = asyncio.Event()
        platform = make(**{"patience": 0.05, **options})
        await platform.start(listener)
        return platform

    return begin


async def test_a_press_that_takes_long_is_acknowledged_without_words_and_its_card_turns_later(
    slow, api, listener, payload, wait_until
):
    listener.answers = lambda inbound: [Edit(CARD), Toast("Saved")]
    api.updates = [payload("press_in_dm")]
    await slow()
    await wait_until(lambda: api.of("answerCallbackQuery"))
    assert len(listener.accepted) == 1
    assert not api.of("editMessageText")
    listener.gate.set()
    await wait_until(lambda: listener.done)
    assert api.of("answerCallbackQuery") == [EMPTY]
    assert [each["text"] for each in api.of("editMessageText", "sendMessage")] == ["You replied: Yes."]
    assert listener.done[0][1][0] == listener.handled[0].message


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ([Toast("Saved")], ["Saved"]),
        ([Edit(CARD), Toast("Replies are closed.", alert=True)], ["Replies are closed.", "You replied: Yes."]),
        ([Reply(CARD), Toast("Saved")], ["You replied: Yes."]),
        ([Toast("one"), Toast("two", alert=True)], ["one\ntwo"]),
        ([], []),
    ],
)
async def test_words_that_came_too_late_for_a_note_are_said_in_private_unless_the_card_says_them(
    slow, api, listener, payload, wait_until, answers, said
):
    listener.answers = lambda inbound: answers
    api.updates = [payload("press_in_dm")]
    await slow()
    await wait_until(lambda: api.of("answerCallbackQuery"))
    listener.gate.set()
    await wait_until(lambda: listener.done)
    assert [each["text"] for each in api.of("sendMessage", "editMessageText")] == said
    assert len(api.of("answerCallbackQuery")) == 1
    assert len(listener.done[0][1]) == len(answers)


async def test_a_late_note_to_a_press_in_a_group_goes_to_the_private_chat(slow, api, listener, payload, wait_until):
    listener.answers = lambda inbound: [Toast("You replied: Yes.")]
    api.updates = [payload("press_in_group")]
    await slow()
    await wait_until(lambda: api.of("answerCallbackQuery"))
    listener.gate.set()
    await wait_until(lambda: listener.done)
    press = listener.handled[0]
    assert [each["chat_id"] for each in api.of("sendMessage")] == [press.by.user] != [press.where.chat]


async def test_who_cannot_be_written_to_is_shown_the_way_when_an_answer_waits_there(
    slow, api, listener, payload, wait_until
):
    api.will("sendMessage", NOT_STARTED)
    listener.answers = lambda inbound: [Reply(CARD, private=True)]
    api.updates = [payload("press_in_group")]
    await slow()
    await wait_until(lambda: api.of("answerCallbackQuery"))
    listener.gate.set()
    await wait_until(lambda: len(api.of("sendMessage")) == 2)
    assert api.of("sendMessage")[1]["text"] == "Please open our private chat first."
    assert api.of("answerCallbackQuery") == [{k: v for k, v in api.of("answerCallbackQuery")[0].items() if k[0] == "c"}]


async def test_a_press_done_in_time_is_answered_with_its_words(slow, api, listener, payload, wait_until):
    listener.answers = lambda inbound: [Edit(CARD), Toast("Saved")]
    api.updates = [payload("press_in_dm")]
    await slow(patience=1.0)
    listener.gate.set()
    await wait_until(lambda: listener.done)
    assert api.of("answerCallbackQuery") == [{**EMPTY, "text": "Saved"}]


async def test_nothing_is_acknowledged_before_it_is_stored(slow, api, listener, payload, wait_until):
    listener.storing = 0.3
    api.updates = [payload("press_in_dm")]
    await slow()
    await asyncio.sleep(0.2)
    assert not api.of("answerCallbackQuery")
    await wait_until(lambda: api.of("answerCallbackQuery"))  # at once: its patience was over before
    assert len(listener.accepted) == 1
    listener.gate.set()
    await wait_until(lambda: listener.done)
    assert len(api.of("answerCallbackQuery")) == 1


async def test_a_handler_that_fails_late_does_not_answer_twice(slow, api, listener, payload, wait_until):
    def fail(_inbound):
        raise RuntimeError("a bug")

    listener.answers = fail
    api.updates = [payload("press_in_dm")]
    await slow()
    await wait_until(lambda: api.of("answerCallbackQuery"))
    listener.gate.set()
    await wait_until(lambda: listener.done)
    assert api.of("answerCallbackQuery") == [EMPTY]


async def test_a_command_is_not_acknowledged(slow, api, listener, payload, wait_until):
    api.updates = [payload("command_in_dm")]
    await slow()
    await asyncio.sleep(0.15)
    listener.gate.set()
    await wait_until(lambda: listener.done)
    assert not api.of("answerCallbackQuery")


async def test_five_hundred_presses_on_a_group_card_are_acknowledged_once_each_with_few_edits(
    slow, api, listener, payload, wait_until
):
    press = payload("press_in_group")
    api.updates = [
        press | {"update_id": number, "callback_query": press["callback_query"] | {"id": str(number)}}
        for number in range(500)
    ]
    listener.answers = lambda inbound: [Edit(Message((f"{len(listener.handled)} yes",)))]
    platform = await slow()
    platform._ready()[0]._freshest._interval = 0.1
    await wait_until(lambda: len(api.of("answerCallbackQuery")) == 500, seconds=20)
    assert not api.of("editMessageText")
    listener.gate.set()
    await wait_until(lambda: len(listener.done) == 500, seconds=20)
    assert {each["callback_query_id"] for each in api.of("answerCallbackQuery")} == {str(n) for n in range(500)}
    assert len(api.of("answerCallbackQuery")) == 500
    assert len(api.of("editMessageText")) <= 10
    assert api.of("editMessageText")[-1]["text"] == "500 yes"
    assert all(isinstance(refs[0], MessageRef) for _, refs in listener.done)


async def test_in_a_crowd_presses_are_acknowledged_as_soon_as_they_are_stored(slow, api, listener, payload, wait_until):
    press = payload("press_in_group")
    api.updates = [
        press | {"update_id": number, "callback_query": press["callback_query"] | {"id": str(number)}}
        for number in range(300)
    ]
    await slow(patience=600)
    await wait_until(lambda: len(api.of("answerCallbackQuery")) >= 200, seconds=20)
    assert len(listener.accepted) == 300
    listener.gate.set()
    await wait_until(lambda: len(listener.done) == 300)
    answered = [each["callback_query_id"] for each in api.of("answerCallbackQuery")]
    assert len(answered) == len(set(answered)) == 300
