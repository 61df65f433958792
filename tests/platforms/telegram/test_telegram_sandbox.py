"""The adapter on the sandbox: the real library, strict limits, people who press and block."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, datetime

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route

from chat.errors import AccountDead, Ambiguous, ChatMoved, MessageGone, RateLimited, Rejected, Unreachable
from chat.inbound import BotPlaced, Click, Command, Dropped, Moved, Reachable, Said, Started
from chat.message import Button, LinkButton, Message, Press
from chat.outbound import Edit, Reply, SendFile, Toast
from chat.people import Place
from chat.text import Bold, Link, Reader, When
from sandbox.server import Sandbox

GROUP = -1001000000001
OLD_GROUP = -500
PRIVATE = Place("telegram", "123456", "7001")
WORLD = {
    "clock": "2026-04-22T07:00:00+00:00",
    "people": [
        {"id": "m01", "name": "Amina Rahman", "telegram": {"user": 7001, "started": True}},
        {"id": "m02", "name": "ليلى حداد 🌿", "language": "ar", "telegram": {"user": 7002}},
    ],
    "telegram": {
        "token": "", "bot": {"id": 123456, "username": "ConvenorBot", "name": "Convenor"},
        "chats": [
            {"id": GROUP, "type": "supergroup", "title": "COPRR members", "members": ["m01", "m02"]},
            {"id": OLD_GROUP, "type": "group", "title": "Old", "members": ["m01"]},
        ],
    },
}  # fmt: skip
EN = Reader("en", "Europe/Brussels")
CARD = Message(
    (Bold("M6 </b> <!channel> 🌿"), ("When: ", When(datetime(2026, 5, 20, 8, tzinfo=UTC), "Asia/Dhaka")),
     Link("Agenda", "https://example.org/a")),
    rows=((Button("Yes", Press("rsvp", "k", "1", "yes"), "primary"), Button("No", Press("rsvp", "k", "1", "no"))),
          (LinkButton("Open", "https://example.org"),)),
    fine=("Chatham House Rule.",),
)  # fmt: skip
DONE = Message((Bold("You replied: Yes."),), rows=((Button("Change reply", Press("chg", "k")),),))


@pytest.fixture
async def box(token):
    async with Sandbox({**WORLD, "telegram": {**WORLD["telegram"], "token": token}}, sides=("telegram",)) as found:
        yield found


@pytest.fixture
async def bot(box, make, listener):
    platform = make(api_url=box.url)
    await platform.start(listener)
    return platform


@pytest.fixture
def play(box):
    """Play a person: `await play("m01", "say", text="hi")`."""

    async def act(person, action, **call):
        side = box.side("telegram")
        return await getattr(side, action)(box.world.people.named(person), call)

    return act


@pytest.fixture
def seen(box):
    """Read what a person sees in a chat: texts of the bot, and toasts."""

    def read(person, chat="", what="messages"):
        views = box.side("telegram").screen(box.world.people.named(person))
        view = next(each for each in views if not chat or each["chat"] == str(chat))
        if what == "toasts":
            return [each["text"] for each in view["toasts"]]
        return [each for each in view["messages"] if each["from"] == "bot"]

    return read


async def test_a_card_arrives_is_pressed_and_turns(bot, listener, play, seen, wait_until):
    await bot.send(PRIVATE, CARD, EN)
    shown = seen("m01")[0]
    assert shown["text"].startswith("M6 </b> <!channel> 🌿\nWhen: Wed")
    assert shown["entities"][0]["length"] == len("M6 </b> <!channel> 🌿") + 1
    assert [[key["label"] for key in row] for row in shown["buttons"]] == [["Yes", "No"], ["Open"]]
    listener.answers = lambda inbound: [Edit(DONE), Toast("Saved")]
    await play("m01", "press", button="Yes")
    await wait_until(lambda: listener.done)
    assert [each["text"] for each in seen("m01")] == ["You replied: Yes."]
    assert seen("m01", what="toasts") == ["Saved"]
    assert isinstance(listener.handled[0], Click)


async def test_what_people_do_comes_in_as_what_it_is(bot, listener, play, wait_until):
    await play("m02", "begin", payload="j-4fT9_x")
    await play("m02", "say", text="/meeting_new M6")
    await play("m02", "say", text="نعم")
    await play("m02", "upload", name="a.csv", text="x")
    await play("m02", "block")
    await play("m02", "unblock")
    await play("m01", "leave", chat=GROUP, who="bot")
    await play("m01", "join", chat=GROUP, who="bot")
    await wait_until(lambda: len(listener.done) == 8)
    kinds = [type(each) for each in listener.handled]
    assert kinds == [Started, Command, Said, Dropped, Reachable, Reachable, BotPlaced, BotPlaced]
    assert listener.handled[0].payload == "j-4fT9_x"
    assert listener.handled[0].by.language == "ar"


async def test_a_press_in_a_group_never_shows_a_private_answer_there(bot, listener, play, seen, wait_until):
    await bot.send(Place("telegram", "123456", str(GROUP), "group"), CARD, EN)
    listener.answers = lambda inbound: [Reply(DONE, private=True)]
    await play("m01", "press", button="Yes", chat=GROUP)
    await wait_until(lambda: len(listener.done) == 1)
    assert [each["text"] for each in seen("m01")] == ["You replied: Yes."]
    assert seen("m01", GROUP, "toasts") == ["I answered you in private."]
    await play("m02", "press", button="No", chat=GROUP)
    await wait_until(lambda: len(listener.done) == 2)
    assert all("You replied" not in each["text"] for each in seen("m02", GROUP))


async def test_unreachable_people_are_told_apart(bot, play):
    with pytest.raises(Unreachable, match="not_started"):
        await bot.send(Place("telegram", "123456", "7002"), CARD, EN)
    await play("m01", "block")
    with pytest.raises(Unreachable, match="blocked"):
        await bot.send(PRIVATE, CARD, EN)
    await play("m01", "block", how="deactivated")
    with pytest.raises(Unreachable, match="deactivated"):
        await bot.send(PRIVATE, CARD, EN)
    await play("m01", "leave", chat=GROUP, who="bot")
    with pytest.raises(Unreachable, match="kicked"):
        await bot.send(Place("telegram", "123456", str(GROUP), "group"), CARD, EN)


async def test_a_group_that_moves_is_told_twice_and_refuses_its_old_id(bot, box, listener, wait_until):
    moved = await box.side("telegram").migrate({"chat": OLD_GROUP})
    await wait_until(lambda: len(listener.handled) == 2)
    assert {(type(each), each.where.chat, each.chat) for each in listener.handled} == {
        (Moved, str(OLD_GROUP), moved["chat"])
    }
    with pytest.raises(ChatMoved) as caught:
        await bot.send(Place("telegram", "123456", str(OLD_GROUP), "group"), CARD, EN)
    assert caught.value.chat == moved["chat"]


async def test_editing_deleting_and_files(bot, seen):
    ref = await bot.send(PRIVATE, CARD, EN)
    await bot.edit(ref, DONE, EN)
    await bot.edit(ref, DONE, EN)
    assert await bot.delete(ref)
    assert not await bot.delete(ref)
    with pytest.raises(MessageGone):
        await bot.edit(ref, CARD, EN)
    file = SendFile("Agenda – été.ics", b"BEGIN:VCALENDAR", Bold("M6"))
    await bot.upload(PRIVATE, file, EN)
    await bot.upload(PRIVATE, file, EN)
    assert [each["document"] for each in seen("m01")] == ["Agenda – été.ics"] * 2


async def test_a_file_somebody_sends_is_fetched_by_its_id_and_within_its_limit(bot, listener, play, wait_until):
    await play("m01", "upload", name="list.csv", text="Name,Duration", caption="/my list")
    await wait_until(lambda: listener.done)
    dropped = listener.handled[0]
    assert (dropped.name, dropped.size, dropped.media, dropped.text) == ("list.csv", 13, "text/csv", "/my list")
    assert await bot.fetch(dropped.file, 13) == b"Name,Duration"
    with pytest.raises(Rejected, match="file_too_large"):
        await bot.fetch(dropped.file, 12)
    with pytest.raises(Rejected):
        await bot.fetch("made-up", 100)


async def test_the_sandboxs_pace_is_a_rate_limit_with_a_wait(bot):
    async def burst():
        for _ in range(40):
            await bot.send(PRIVATE, CARD, EN)

    with pytest.raises(RateLimited) as caught:
        await burst()
    assert caught.value.after >= 1


@pytest.mark.parametrize(
    ("action", "error"),
    [("429", RateLimited), ("unauthorized", AccountDead)]
    + [(each, Ambiguous) for each in ("5xx_before", "5xx_after", "cut_before", "cut_after", "garbage")],
)
async def test_faults_of_the_line_have_their_own_errors(bot, box, action, error):
    box.world.faults.add({"platform": "telegram", "method": "sendMessage", "action": action})
    with pytest.raises(error):
        await bot.send(PRIVATE, CARD, EN)
    await bot.send(PRIVATE, CARD, EN)


async def test_a_wrong_token_is_refused(box, make, listener):
    with pytest.raises(AccountDead):
        await make(api_url=box.url, token="123456:wrong").start(listener)


async def test_menus_and_checks_pass_the_strict_server(bot):
    await bot.set_menu("private", "ar", [("my", "ردودي")])
    await bot.set_menu("group", "en", [("help", "Help")])
    assert await bot.check() == []


async def test_updates_come_by_webhook_too(box, make, listener, play, seen, wait_until):
    server = uvicorn.Server(uvicorn.Config(Starlette(), log_config=None, access_log=False, lifespan="off", port=0))
    server.capture_signals = contextlib.nullcontext
    serving = asyncio.create_task(server.serve())
    await wait_until(lambda: server.started)
    address = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    platform = make(api_url=box.url, webhook_secret="s3cret_-", public_url=address)
    server.config.loaded_app = Starlette(routes=[Route("/telegram/webhook", platform.webhook, methods=["POST"])])
    await platform.start(listener)
    listener.answers = lambda inbound: [Reply(DONE)]
    await play("m01", "say", text="/my")
    await wait_until(lambda: listener.done)
    assert [each["text"] for each in seen("m01")] == ["You replied: Yes."]
    await platform.stop()
    server.should_exit = True
    await serving


async def test_two_bots_with_one_token_bear_each_other_until_one_is_gone(box, make, listener, play, wait_until):
    told = []

    def telling(name):
        async def on_trouble(kind, _reason):
            told.append((name, kind))

        return on_trouble

    bots = [make(api_url=box.url, back_off=0.005, poll_wait=5, on_trouble=telling(name)) for name in "ab"]
    for each in bots:
        await each.start(listener)
    await wait_until(lambda: len(told) == 2)
    await asyncio.sleep(1)
    assert sorted(told) == [("a", "conflict"), ("b", "conflict")]
    await bots[0].stop()
    await wait_until(lambda: ("b", "alive") in told, seconds=10)
    await play("m01", "say", text="/my")
    await wait_until(lambda: listener.done)
    assert len(listener.handled) == 1
