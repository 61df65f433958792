from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from telegram import Bot

from sandbox import Sandbox
from sandbox.errors import WrongCall

STATIC = Path(__file__).parents[2] / "sandbox" / "playground" / "static"


@asynccontextmanager
async def live(sandbox: Sandbox) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """Open the page's socket."""
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{sandbox.url}/control/live") as socket:
        yield socket


async def pushed(socket: aiohttp.ClientWebSocketResponse) -> dict[str, Any]:
    return json.loads((await asyncio.wait_for(socket.receive(), 5)).data)


async def until(socket: aiohttp.ClientWebSocketResponse, good: Any) -> dict[str, Any]:
    while True:
        state = await pushed(socket)
        if state["type"] == "state" and good(state):
            return state


async def test_the_page_lets_nothing_foreign_in_and_nothing_out(sandbox: Sandbox, control) -> None:
    for path in ("/", "/static/app.js", "/static/tokens.css", "/static/nothing.js"):
        async with control.session.get(f"{sandbox.url}{path}") as answer:
            policy = answer.headers["Content-Security-Policy"]
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
        rules = dict(each.strip().split(" ", 1) for each in policy.split(";"))
        assert rules["default-src"] == "'none'"
        assert rules["script-src"] == rules["style-src"] == rules["frame-src"] == "'self'"
        assert "unsafe" not in policy


async def test_files_have_their_types_and_every_import_is_there(sandbox: Sandbox, control) -> None:
    types = {".js": "text/javascript", ".css": "text/css", ".html": "text/html", ".svg": "image/svg+xml"}
    for file in (each for each in STATIC.rglob("*") if each.suffix in types):
        path = file.relative_to(STATIC).as_posix()
        async with control.session.get(f"{sandbox.url}/static/{path}") as answer:
            assert (answer.status, answer.content_type) == (200, types[file.suffix]), path
            text = await answer.text()
        if file.suffix == ".js":
            for wanted in re.findall(r"""^(?:import|export)[^;"']*?from\s*["'](\.[^"']+)["']""", text, re.MULTILINE):
                assert (file.parent / wanted).resolve().is_file(), f"{path} imports {wanted}"


def test_the_page_writes_text_as_text_and_asks_nobody_else() -> None:
    for file in STATIC.rglob("*.js"):
        if file.parent.name != "vendor":
            text = file.read_text(encoding="utf-8")
            assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", text), file
            assert not re.search(
                r"(?:fetch|import|WebSocket)\(\s*[\"'`](?:https?|wss?):", text.replace("ws://${", "")
            ), file
            assert len(text.splitlines()) <= 400, file


@pytest.mark.parametrize(
    "path",
    [
        "../live.py", "..%2flive.py", "%2e%2e/live.py", "vendor/../../pages.py", "/etc/passwd", "vendor/LICENSE.htm",
        "vendor", "", "%00", "app.js%00.css", "a" * 5000 + ".js",
    ],
)  # fmt: skip
async def test_nothing_outside_the_page_is_served(sandbox: Sandbox, path: str) -> None:
    host, port = sandbox.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"GET /static/{path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
    answer = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    await writer.wait_closed()
    assert answer.split(b" ")[1] in (b"404", b"400")
    assert b"import" not in answer
    assert b"root:" not in answer


async def test_the_socket_tells_of_messages_presses_people_and_the_clock(sandbox: Sandbox, bot: Bot, control) -> None:
    async with live(sandbox) as socket:
        first = await pushed(socket)
        assert first["clock"]["now"] == "2026-04-22T07:00:00+00:00"
        await bot.send_message(5006, "Welcome")
        told = await until(socket, lambda state: state["ledger"] > first["ledger"])
        assert told["screens"] > first["screens"]
        await control.play("say", "m06", text="Merci")
        said = await until(socket, lambda state: state["screens"] > told["screens"])
        await control.post("person", id="v01", name="Vera Visitor", group="Visitors", telegram={"user": 5900001})
        assert (await until(socket, lambda state: state["people"] > said["people"]))["people"] == 4
        await control.post("clock", advance=365 * 86400)
        moved = await until(socket, lambda state: state["clock"]["version"] > said["clock"]["version"])
        assert moved["clock"]["now"] == "2027-04-22T07:00:00+00:00"
        await control.post("faults", platform="telegram", action="429", count=2)
        assert (await until(socket, lambda state: state["faults"]))["faults"][0]["count"] == 2


async def test_two_pages_are_told_of_the_same_and_a_ping_is_answered(sandbox: Sandbox, control) -> None:
    async with live(sandbox) as one, live(sandbox) as other:
        await pushed(one)
        await pushed(other)
        await one.send_str("ping")
        assert await pushed(one) == {"type": "pong"}
        await control.post("clock", advance=60)
        assert (await pushed(one))["clock"] == (await pushed(other))["clock"]


async def test_a_quiet_world_and_a_polling_bot_push_nothing(sandbox: Sandbox, bot: Bot, control) -> None:
    async with live(sandbox) as socket:
        await pushed(socket)
        await control.post("clock", rate=60)
        await pushed(socket)
        await bot.get_updates(timeout=0)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(socket.receive(), 1.3)


async def test_a_foreign_page_cannot_listen(sandbox: Sandbox, control) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await control.session.ws_connect(f"{sandbox.url}/control/live", origin="https://evil.example")


async def test_the_sandbox_ends_while_a_page_is_open() -> None:
    async with aiohttp.ClientSession() as session:
        async with Sandbox({}, sides=()) as box:
            socket = await session.ws_connect(f"{box.url}/control/live")
            await socket.receive()
        assert (await asyncio.wait_for(socket.receive(), 5)).type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)
        await socket.close()


async def test_without_a_bot_to_ask_the_page_knows_less(sandbox: Sandbox, control) -> None:
    assert await control.get("planned") == {"known": False, "next": None, "rows": [], "totals": {}, "kinds": []}
    assert await control.get("sent") == {"known": False, "sent": [], "cards": []}
    assert await control.get("bot") == {"state": "", "can": []}
    status, answer = await control.try_post("bot", action="kill")
    assert (status, answer["error"]) == (409, "this sandbox did not start the bot and cannot stop it")


async def test_hooks_tell_what_is_planned_and_turn_the_bot(sandbox: Sandbox, control) -> None:
    turned: list[str] = []

    async def planned() -> dict[str, Any]:
        if turned == ["kill"]:
            raise OSError
        return {"next": "2026-05-13T08:00:00+00:00", "rows": [], "totals": {}, "kinds": []}

    async def turn(action: str) -> None:
        turned.append(action)
        if action == "stop":
            raise WrongCall("it does not stop", 502)

    sandbox.hooks.planned, sandbox.hooks.bot = planned, turn
    sandbox.hooks.bot_state = lambda: "down" if turned == ["kill"] else "up"
    async with live(sandbox) as socket:
        assert (await pushed(socket))["bot"] == "up"
        assert (await control.get("planned"))["next"] == "2026-05-13T08:00:00+00:00"
        assert await control.post("bot", action="kill") == {"ok": True, "state": "down"}
        assert (await until(socket, lambda state: state["bot"] == "down"))["bot"] == "down"
        assert not (await control.get("planned"))["known"]
    assert (await control.try_post("bot", action="dance"))[0] == 400
    assert await control.try_post("bot", action="stop") == (502, {"ok": False, "error": "it does not stop"})


async def test_one_fault_can_be_dropped(sandbox: Sandbox, control) -> None:
    first = (await control.post("faults", action="429"))["id"]
    second = (await control.post("faults", action="5xx_before"))["id"]
    async with control.session.delete(f"{sandbox.url}/control/faults/{first}") as answer:
        assert answer.status == 200
    assert [each["id"] for each in await control.get("faults")] == [second]
    async with control.session.delete(f"{sandbox.url}/control/faults/{first}") as answer:
        assert answer.status == 404


async def test_a_platform_that_is_down_refuses_connections_until_it_is_up(sandbox: Sandbox, control) -> None:
    door = await sandbox.doors.make("telegram")
    url = f"{door}/bot7000000001:sandbox-telegram-token/getMe"
    async with aiohttp.ClientSession() as session:
        async with session.get(url) as answer:
            assert answer.status == 200
        for _ in range(2):
            assert (await control.post("outage", platform="telegram", down=True))["down"] == ["telegram"]
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.get(url)
        assert (await control.get("people"))[0]["id"] == "m06"
        assert (await control.post("outage", platform="telegram", down=False))["down"] == []
        async with session.get(url) as answer:
            assert answer.status == 200
    assert (await control.try_post("outage", platform=["x"]))[0] == 400
