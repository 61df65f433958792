from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, Update
from telegram.error import BadRequest, Conflict

from sandbox import Sandbox
from sandbox.telegram import TelegramSide

USER, GROUP = 5006, -1001
YES = InlineKeyboardMarkup([[InlineKeyboardButton("Yes", callback_data="rsvp:M6::yes")]])


def telegram(sandbox: Sandbox) -> TelegramSide:
    side = sandbox.side("telegram")
    assert isinstance(side, TelegramSide)
    return side


async def poll(bot: Bot, offset: int = 0) -> tuple[Update, ...]:
    return await bot.get_updates(offset=offset, timeout=5)


async def test_start_with_a_payload_opens_the_conversation(bot: Bot, control) -> None:
    await control.play("start", "m22", payload="join-abc_123")
    update = (await poll(bot))[0]
    assert (update.message.text, update.effective_user.id) == ("/start join-abc_123", 5022)
    assert [(entity.type, entity.length) for entity in update.message.entities] == [("bot_command", 6)]
    assert (update.effective_user.first_name, update.effective_user.language_code) == ("Kwame", "en")
    await bot.send_message(5022, "Welcome")
    status, answer = await control.try_post("start", person="m22", platform="telegram", payload="no blanks")
    assert (status, "payload" in answer["error"]) == (400, True)


async def test_who_has_not_started_cannot_write(control) -> None:
    status, answer = await control.try_post("say", person="m22", platform="telegram", text="hi")
    assert (status, answer) == (409, {"ok": False, "error": "m22 has not pressed Start; use start"})


async def test_an_update_stays_until_a_later_offset_confirms_it(bot: Bot, control) -> None:
    for text in ("one", "two", "three"):
        await control.play("say", "m06", text=text)
    first = await poll(bot)
    assert [update.message.text for update in first] == ["one", "two", "three"]
    assert await poll(bot) == first
    rest = await poll(bot, first[1].update_id + 1)
    assert [update.message.text for update in rest] == ["three"]
    assert [update.message.text for update in await bot.get_updates(limit=1)] == ["three"]
    assert await bot.get_updates(offset=rest[0].update_id + 1) == ()


async def test_a_long_poll_wakes_for_an_update(bot: Bot, control) -> None:
    waiting = asyncio.create_task(poll(bot))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    await control.play("say", "m06", text="awake")
    assert (await asyncio.wait_for(waiting, 1))[0].message.text == "awake"


async def test_a_second_poller_ends_the_first(bot: Bot) -> None:
    first = asyncio.create_task(poll(bot))
    await asyncio.sleep(0.05)
    second = asyncio.create_task(bot.get_updates(timeout=1))
    with pytest.raises(Conflict, match="other getUpdates"):
        await first
    assert await second == ()


async def test_in_a_group_the_bot_reads_only_what_is_meant_for_it(bot: Bot, control) -> None:
    sent = await bot.send_message(GROUP, "card")
    for text in ("chatter", "/meetings", "/meetings@other_bot", "ask @convenor_bot"):
        await control.play("say", "m06", chat=GROUP, text=text)
    await control.play("say", "m06", chat=GROUP, text="an answer", reply_to=sent.message_id)
    texts = [update.message.text for update in await poll(bot)]
    assert texts == ["/meetings", "ask @convenor_bot", "an answer"]
    seen = (await control.chats("m15"))[1]
    assert [(message["from"], message["text"]) for message in seen["messages"]][:2] == [
        ("bot", "card"),
        ("Lucía Ejemplo", "chatter"),
    ]
    status, answer = await control.try_post("say", person="m22", platform="telegram", chat=GROUP, text="x")
    assert (status, answer["error"]) == (409, "m22 is not a member of COPRR")


async def test_a_press_is_answered_once_and_the_note_is_on_the_screen(bot: Bot, control) -> None:
    await bot.send_message(GROUP, "M6?", reply_markup=YES)
    for_label = await control.play("press", "m06", button="Yes")
    await control.play("press", "m15", button="rsvp:M6::yes", chat=GROUP)
    presses = [update.callback_query for update in await poll(bot)]
    assert [(press.from_user.id, press.data, press.message.text) for press in presses] == [
        (5006, "rsvp:M6::yes", "M6?"),
        (5015, "rsvp:M6::yes", "M6?"),
    ]
    assert presses[0].id == for_label["callback"]
    await bot.answer_callback_query(presses[0].id, "Noted", show_alert=True)
    with pytest.raises(BadRequest, match="Query is too old"):
        await bot.answer_callback_query(presses[0].id)
    with pytest.raises(BadRequest):
        await bot.answer_callback_query(presses[1].id, "x" * 201)
    assert (await control.chats("m06"))[1]["toasts"] == [
        {"text": "Noted", "alert": True, "at": "2026-04-22T07:00:00+00:00"}
    ]
    assert (await control.chats("m15"))[1]["toasts"] == []


async def test_a_person_can_edit_what_they_wrote(bot: Bot, control) -> None:
    said = await control.play("say", "m06", text="/meetings")
    await control.play("say", "m06", text="/stop", edit=said["message"])
    first, second = await poll(bot)
    assert (first.message.text, second.edited_message.text) == ("/meetings", "/stop")
    status, _ = await control.try_post("say", person="m06", platform="telegram", text="x", edit=99)
    assert status == 404


async def test_a_press_of_what_is_not_there_needs_forging(bot: Bot, control) -> None:
    await bot.send_message(USER, "M6?", reply_markup=YES)
    status, answer = await control.try_post("press", person="m06", platform="telegram", button="No")
    assert (status, answer["error"]) == (404, "no message that m06 sees has a button 'No'")
    await control.play("press", "m06", button="admin:send:42", forge=True)
    assert (await poll(bot))[0].callback_query.data == "admin:send:42"


async def test_presses_expire_before_other_updates(sandbox: Sandbox, bot: Bot, control) -> None:
    telegram(sandbox).server.updates.press_life = 0.05
    await bot.send_message(USER, "M6?", reply_markup=YES)
    late = await control.play("press", "m06", button="Yes")
    await control.play("say", "m06", text="still here")
    await asyncio.sleep(0.1)
    assert [update.message.text for update in await poll(bot)] == ["still here"]
    with pytest.raises(BadRequest, match="Query is too old"):
        await bot.answer_callback_query(late["callback"])


async def test_blocking_joining_and_leaving_are_told(bot: Bot, control) -> None:
    await control.play("block", "m06")
    await control.play("start", "m06")
    await control.play("leave", "m15", chat=GROUP)
    await control.play("join", "m15", chat=GROUP)
    await control.play("leave", "m06", chat=GROUP, who="bot")
    blocked, back, start, left, joined, kicked = await poll(bot)
    assert (blocked.my_chat_member.new_chat_member.status, blocked.my_chat_member.chat.type) == ("kicked", "private")
    assert back.my_chat_member.new_chat_member.status == "member"
    assert start.message.text == "/start"
    assert left.message.left_chat_member.id == 5015
    assert joined.message.new_chat_members[0].id == 5015
    assert (kicked.my_chat_member.chat.id, kicked.my_chat_member.new_chat_member.status) == (GROUP, "kicked")


async def test_only_wanted_kinds_come(bot: Bot, control) -> None:
    await bot.get_updates(allowed_updates=["callback_query"])
    await control.play("say", "m06", text="not wanted")
    assert await bot.get_updates() == ()
    await bot.get_updates(allowed_updates=[])
    await control.play("say", "m06", text="wanted")
    assert len(await bot.get_updates()) == 1


@dataclass
class Receiver:
    """A webhook that keeps what it gets and answers with the next status of `answers`, then 200."""

    url: str = ""
    got: list[tuple[str, Update]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        update = Update.de_json(await request.json(), None)
        assert update is not None
        self.got.append((request.headers.get("X-Telegram-Bot-Api-Secret-Token", ""), update))
        return web.Response(status=self.answers.pop(0) if self.answers else 200)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/telegram/webhook", receiver.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/telegram/webhook"
    yield receiver
    await runner.cleanup()


async def until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.01)


async def test_a_webhook_gets_waiting_and_new_updates_with_its_secret(bot: Bot, control, receiver: Receiver) -> None:
    await control.play("say", "m06", text="before")
    await bot.set_webhook(receiver.url, secret_token="s3cret_")
    with pytest.raises(Conflict, match="webhook is active"):
        await bot.get_updates()
    await control.play("say", "m15", text="after")
    await until(lambda: len(receiver.got) == 2)
    assert {(secret, update.message.text) for secret, update in receiver.got} == {
        ("s3cret_", "before"),
        ("s3cret_", "after"),
    }
    assert "s3cret_" not in str(await control.ledger())
    info = await bot.get_webhook_info()
    assert (info.url, info.pending_update_count) == (receiver.url, 0)
    await bot.delete_webhook()
    await control.play("say", "m15", text="polled")
    assert [update.message.text for update in await bot.get_updates()] == ["polled"]


async def test_a_failing_webhook_gets_the_update_again_and_in_order(bot: Bot, control, receiver: Receiver) -> None:
    receiver.answers = [500, 500]
    await bot.set_webhook(receiver.url)
    await control.play("say", "m06", text="first")
    await control.play("say", "m06", text="second")
    await until(lambda: len(receiver.got) == 4)
    assert [update.message.text for _, update in receiver.got] == ["first", "first", "first", "second"]
    assert (await bot.get_webhook_info()).last_error_message.startswith("Wrong response from the webhook: 500")


async def test_a_webhook_elsewhere_is_refused(bot: Bot) -> None:
    for url in ("https://example.org/hook", "ftp://127.0.0.1/", "nonsense"):
        with pytest.raises(BadRequest, match="this machine only"):
            await bot.set_webhook(url)


async def test_five_hundred_presses_in_a_moment_all_arrive(sandbox: Sandbox, bot: Bot, control) -> None:
    await bot.send_message(GROUP, "M6?", reply_markup=YES)
    side, people = telegram(sandbox), sandbox.world.people
    for n in range(500):
        await side.press(people.named("m06" if n % 2 else "m15"), {"button": "Yes", "chat": GROUP})
    got, offset = 0, 0
    while batch := await bot.get_updates(offset=offset):
        got, offset = got + len(batch), batch[-1].update_id + 1
        await asyncio.gather(*(bot.answer_callback_query(update.callback_query.id, "ok") for update in batch[:20]))
    assert got == 500


async def test_every_way_of_giving_parameters_is_understood(sandbox: Sandbox) -> None:
    base = f"{sandbox.url}/bot7000000001:sandbox-telegram-token"
    async with aiohttp.ClientSession() as session:
        for call in (
            session.get(f"{base}/sendmessage", params={"chat_id": USER, "text": "query"}),
            session.post(f"{base}/sendMessage", data={"chat_id": USER, "text": "form"}),
            session.post(f"{base}/SENDMESSAGE", json={"chat_id": USER, "text": "json"}),
        ):
            async with call as answer:
                assert (await answer.json())["ok"] is True
        async with session.post(f"{base}/sendMessage", data=b"[", headers={"Content-Type": "application/json"}) as bad:
            assert (bad.status, (await bad.json())["error_code"]) == (400, 400)
