from __future__ import annotations

import asyncio
import time

import pytest

from chat.errors import AccountDead, NotSent
from chat.inbound import Command, Started
from chat.message import Message
from chat.outbound import Reply, Toast


async def test_updates_are_committed_before_the_offset_moves(api, make, listener, payload, offsets, wait_until):
    first, second = payload("command_in_dm"), payload("start_alone")
    api.updates = [first, second]
    await make().start(listener)
    await wait_until(lambda: offsets.kept and len(listener.handled) == 2)
    assert listener.log == [
        f"accepted u:{first['update_id']}", f"accepted u:{second['update_id']}", f"saved {second['update_id'] + 1}",
    ]  # fmt: skip
    assert [type(each) for each in listener.handled] == [Command, Started]


async def test_a_restart_goes_on_where_the_last_run_stopped(api, make, listener, payload, offsets, wait_until):
    api.updates = [payload("command_in_dm")]
    platform = make()
    await platform.start(listener)
    await wait_until(lambda: offsets.kept and listener.done)
    await platform.stop()
    api.calls.clear()
    await make().start(listener)
    await wait_until(lambda: api.of("getUpdates"))
    assert int(api.of("getUpdates")[0]["offset"]) == api.updates[0]["update_id"] + 1
    assert len(listener.handled) == 1


async def test_an_update_that_comes_twice_is_handled_once(api, make, listener, payload, offsets, wait_until):
    api.updates = [payload("command_in_dm")]
    platform = make()
    await platform.start(listener)
    await wait_until(lambda: offsets.kept and listener.done)
    await platform.stop()
    offsets.kept.clear()  # killed between the commit and the offset
    await make().start(listener)
    await wait_until(lambda: offsets.kept)
    assert len(listener.handled) == 1


async def test_what_could_not_be_stored_is_asked_for_again(api, make, listener, payload, offsets, wait_until):
    listener.failures = 2
    api.updates = [payload("command_in_dm"), payload("start_alone")]
    await make().start(listener)
    await wait_until(lambda: offsets.kept and len(listener.handled) == 2)
    assert len(listener.handled) == 2
    assert [int(each["offset"]) for each in api.of("getUpdates")[:3]] == [0, 0, 0]


async def test_a_batch_is_stored_at_once_and_begun_in_its_order(api, make, listener, payload, offsets, wait_until):
    bodies = [payload("command_in_dm") | {"update_id": number} for number in range(100)]
    api.updates = [*bodies[:50], payload("anonymous_admin_command") | {"update_id": 49_000}, *bodies[50:], bodies[7]]
    await make().start(listener)
    await wait_until(lambda: len(listener.done) == 100)
    assert listener.batches[0] == 101
    assert [each.key for each in listener.handled] == [f"u:{number}" for number in range(100)]


async def test_of_a_batch_that_could_not_be_stored_nothing_is_begun(api, make, listener, payload, offsets, wait_until):
    api.updates = [payload("command_in_dm") | {"update_id": number} for number in range(5)]
    listener.failures = 1
    listener.gate = asyncio.Event()
    await make(back_off=0.3).start(listener)
    await wait_until(lambda: listener.batches == [5])
    assert not listener.handled
    assert not offsets.kept
    listener.gate.set()
    await wait_until(lambda: len(listener.done) == 5)


async def test_a_slow_handler_holds_up_neither_intake_nor_offset(api, make, listener, payload, offsets, wait_until):
    listener.gate = asyncio.Event()
    api.updates = [payload("command_in_dm"), payload("press_in_group")]
    await make().start(listener)
    await wait_until(lambda: len(listener.handled) == 2 and offsets.kept)
    assert not listener.done
    listener.gate.set()
    await wait_until(lambda: len(listener.done) == 2)


async def test_intake_waits_while_too_much_is_in_hand(api, make, listener, payload, monkeypatch, wait_until):
    monkeypatch.setattr("bot.platforms.telegram._intake.IN_HAND_MAX", 2)
    listener.gate = asyncio.Event()
    api.updates = [payload("command_in_dm") | {"update_id": number} for number in range(5)]
    await make().start(listener)
    await wait_until(lambda: len(listener.handled) == 2)
    await asyncio.sleep(0.05)
    assert len(listener.accepted) == 2
    listener.gate.set()
    await wait_until(lambda: len(listener.done) == 5)
    assert [each.key for each in listener.handled] == [f"u:{number}" for number in range(5)]


async def test_stopping_waits_for_what_is_in_hand(api, make, listener, payload, wait_until):
    listener.gate = asyncio.Event()
    listener.answers = lambda inbound: [Reply(Message(("done",)))]
    api.updates = [payload("command_in_dm")]
    platform = make(poll_wait=20)
    await platform.start(listener)
    await wait_until(lambda: listener.handled)
    stopping = asyncio.create_task(platform.stop())
    await asyncio.sleep(0.05)
    assert not stopping.done()
    listener.gate.set()
    await stopping
    assert api.of("sendMessage")
    assert listener.done


async def test_stopping_gives_up_a_waiting_poll_at_once(make, listener, api, wait_until):
    platform = make(poll_wait=20)
    await platform.start(listener)
    await wait_until(lambda: api.of("getUpdates"))
    started = time.monotonic()
    await platform.stop()
    assert time.monotonic() - started < 1


async def test_a_wedged_poll_is_given_up_and_asked_again(api, make, listener, payload, wait_until):
    api.will("getUpdates", "hang")
    api.updates = [payload("command_in_dm")]
    await make(stalled=0.1).start(listener)
    await wait_until(lambda: listener.handled)
    assert len(api.of("getUpdates")) >= 2


@pytest.mark.parametrize(
    "trouble",
    ["cut", (502, "Bad Gateway"), (409, "Conflict: terminated by other getUpdates request"), b"garbage",
     (401, "Unauthorized"), (429, "Too Many Requests", {"retry_after": 0.01})],
)  # fmt: skip
async def test_trouble_never_ends_the_polling(api, make, listener, payload, trouble, wait_until):
    api.will("getUpdates", trouble)
    api.updates = [payload("command_in_dm")]
    await make().start(listener)
    await wait_until(lambda: listener.handled)


async def test_an_update_nobody_can_read_does_not_hold_up_the_next(api, make, listener, payload, wait_until):
    broken = {"update_id": 880000, "message": {"message_id": "x", "chat": 5}}
    api.updates = [broken, payload("command_in_dm")]
    await make().start(listener)
    await wait_until(lambda: listener.handled)
    assert len(listener.accepted) == 1


async def test_polling_takes_the_webhook_away_but_never_drops_what_waits(platform, api):
    call = api.of("deleteWebhook")[0]
    assert call.get("drop_pending_updates") == "false"


async def test_every_kind_of_update_is_asked_for_by_name(platform, api, wait_until):
    await wait_until(lambda: api.of("getUpdates"))
    asked = api.of("getUpdates")[0]
    assert set(asked["allowed_updates"]) == {
        "message", "channel_post", "callback_query", "my_chat_member", "chat_member",
    }  # fmt: skip
    assert int(asked["timeout"]) <= 50


async def test_a_wrong_token_is_found_at_the_start(make, listener):
    with pytest.raises(AccountDead):
        await make(token="123456:wrong").start(listener)
    with pytest.raises(AccountDead):
        await make(token="no token\nat all").start(listener)


async def test_telegram_may_be_away_for_a_moment_at_the_start(api, make, listener):
    api.will("getMe", "cut", (502, "Bad Gateway"))
    platform = make()
    await platform.start(listener)
    assert platform.workspace == "123456"


async def test_without_telegram_the_start_fails_in_our_words(make, listener):
    with pytest.raises(NotSent):
        await make(api_url="http://127.0.0.1:9").start(listener)


async def test_a_handler_that_fails_still_stops_the_spinner(api, make, listener, payload, wait_until):
    def fail(_inbound):
        raise RuntimeError("a bug")

    listener.answers = fail
    api.updates = [payload("press_in_dm")]
    await make().start(listener)
    await wait_until(lambda: api.of("answerCallbackQuery"))


async def test_a_press_is_answered_and_reported(api, make, listener, payload, wait_until):
    listener.answers = lambda inbound: [Toast("Saved")]
    api.updates = [payload("press_in_dm")]
    await make().start(listener)
    await wait_until(lambda: listener.done)
    assert api.of("answerCallbackQuery") == [{"callback_query_id": "30061234567890123", "text": "Saved"}]
    assert listener.done[0][1] == [None]
