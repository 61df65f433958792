from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import aiohttp
import pytest
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup

from sandbox import NotLoopback, Sandbox

ROOT = Path(__file__).parents[2]


async def test_the_clock_stands_runs_and_moves(control) -> None:
    first = await control.get("clock")
    assert first == {"now": "2026-04-22T07:00:00+00:00", "rate": 0.0, "version": first["version"]}
    moved = await control.post("clock", advance=3600)
    assert (moved["now"], moved["version"]) == ("2026-04-22T08:00:00+00:00", first["version"] + 1)
    await control.post("clock", now="2026-05-01T10:00:00+02:00", rate=3600)
    await asyncio.sleep(0.02)
    assert "2026-05-01T08:01" < (await control.get("clock"))["now"] < "2026-05-01T12"


async def test_a_long_poll_of_the_clock_wakes_when_it_is_moved(control) -> None:
    version = (await control.get("clock"))["version"]
    assert (await control.get("clock", after=version, seconds=0.05))["version"] == version
    waiting = asyncio.create_task(control.get("clock", after=version))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    moved = await control.post("clock", now="2026-04-29T08:00:00+00:00")
    assert await asyncio.wait_for(waiting, 1) == moved
    assert await control.get("clock", after=version) == moved


@pytest.mark.parametrize(
    ("path", "body", "status", "sentence"),
    [
        ("clock", {}, 400, 'give "now" or "advance"'),
        ("clock", {"now": "tomorrow"}, 400, "no ISO instant"),
        ("clock", {"now": "2026-04-22T07:00:00"}, 400, "no offset"),
        ("clock", {"advance": "1h"}, 400, "are numbers"),
        ("clock", {"advance": 1e18}, 400, "end of time"),
        ("clock", {"rate": -1}, 400, "between 0"),
        ("say", {"person": "m99", "platform": "telegram", "text": "x"}, 404, "there is no person 'm99'"),
        ("say", {"platform": "telegram", "text": "x"}, 400, 'name the "person"'),
        ("say", {"person": "m06", "platform": "fax", "text": "x"}, 400, '"platform" is one of telegram'),
        ("say", {"person": "m06", "platform": "telegram"}, 400, 'give the "text"'),
        ("say", {"person": "m06", "platform": "telegram", "text": "x", "chat": 5}, 404, "no Telegram group 5"),
        ("say", {"person": "m06", "platform": "telegram", "text": "x", "reply_to": "x"}, 404, "no message x"),
        ("press", {"person": "m06", "platform": "telegram"}, 400, 'name the "button"'),
        ("upload", {"person": "m06", "platform": "telegram", "name": "a"}, 400, "give the content"),
        ("upload", {"person": "m06", "platform": "telegram", "name": "a", "base64": "%"}, 400, "no Base64"),
        ("submit", {"person": "m06", "platform": "telegram"}, 400, "telegram has no action 'submit'"),
        ("open", {"person": "m06", "platform": "telegram"}, 400, "telegram has no action 'open'"),
        ("dance", {"person": "m06", "platform": "telegram"}, 404, "there is no action 'dance'"),
        ("leave", {"person": "m06", "platform": "telegram"}, 400, 'name the "chat"'),
        ("limits", {"telegram.bot": {"count": 0}}, 400, "telegram.bot is"),
        ("limits", {"telegram.bot": {"speed": 1}}, 400, "telegram.bot is"),
        ("limits", {"fax": {"count": 1}}, 400, "no limit 'fax'"),
        ("faults", {"action": "explode"}, 400, '"action" is one of'),
        ("faults", {"action": "429", "count": "many"}, 400, "are numbers"),
        ("faults", {"action": "429", "when": "now"}, 400, "a fault has no when"),
        ("person", {"name": "nobody"}, 400, 'a person needs an "id"'),
        ("person", {"id": "m30", "telegram": {"user": 5006}}, 400, "Telegram user 5006 is m06 already"),
        ("person", {"id": "m30", "slack": {"team": "T0"}}, 400, '"slack" needs'),
        ("load", {"people": "all"}, 400, "a world is"),
        ("load", {"telegram": {}, "people": [{"id": 1}]}, 400, 'needs an "id"'),
    ],
)
async def test_a_wrong_call_gets_a_sentence(control, path: str, body: dict, status: int, sentence: str) -> None:
    got, answer = await control.try_post(path, **body)
    assert (got, answer["ok"]) == (status, False)
    assert sentence in answer["error"]


async def test_what_is_no_json_object_gets_a_sentence(sandbox: Sandbox, control) -> None:
    for raw in (b"{", b"[]", b"[" * 100_000, b"\xff"):
        async with control.session.post(f"{sandbox.url}/control/say", data=raw) as answer:
            assert answer.status == 400
            assert "JSON" in (await answer.json())["error"]
    async with control.session.get(f"{sandbox.url}/control/nothing") as answer:
        assert answer.status == 404
    async with control.session.get(f"{sandbox.url}/control/ledger?after=x") as answer:
        assert (await answer.json())["error"] == "'after' is a number"


async def test_people_can_be_listed_and_added(bot: Bot, control) -> None:
    assert [person["id"] for person in await control.get("people")] == ["m06", "m15", "m22"]
    added = await control.post("person", id="m30", name="Noor Maa", telegram={"user": 5030, "started": True})
    assert added["person"]["telegram"] == {"user": 5030, "started": True}
    await bot.send_message(5030, "Welcome")
    assert (await control.chats("m30"))[0]["messages"][0]["text"] == "Welcome"


async def test_a_person_without_an_account_there_is_refused(control) -> None:
    await control.post("person", id="m31", name="Slack only", slack={"team": "T0", "user": "U31"})
    status, answer = await control.try_post("say", person="m31", platform="telegram", text="x")
    assert (status, answer["error"]) == (409, "m31 is not on telegram")


async def test_loading_starts_afresh_but_the_ledger_goes_on(bot: Bot, control) -> None:
    await bot.send_message(5006, "old")
    rows = len(await control.ledger())
    await control.post(
        "load",
        clock="2026-06-01T00:00:00Z",
        telegram={"token": bot.token, "bot": {"id": bot.id}},
        people=[{"id": "m06", "name": "Lucía", "telegram": {"user": 5006, "started": True}}],
    )
    assert (await control.get("clock"))["now"] == "2026-06-01T00:00:00+00:00"
    assert (await control.chats("m06"))[0]["messages"] == []
    await bot.send_message(5006, "new")
    assert [row["n"] for row in await control.ledger(rows)] == [rows + 1]


async def test_waiting_for_the_ledger(bot: Bot, control) -> None:
    last = (await control.ledger())[-1]["n"]
    assert await control.get("wait", after=last, seconds=0.05) == []
    waiting = asyncio.create_task(control.get("wait", after=last))
    await asyncio.sleep(0.05)
    await bot.send_message(5006, "x")
    rows = await asyncio.wait_for(waiting, 1)
    assert [(row["n"], row["method"], row["platform"]) for row in rows] == [(last + 1, "sendMessage", "telegram")]


async def test_the_screen_of_all_platforms(control) -> None:
    seen = await control.get("screen", person="m06")
    assert (seen["person"], [chat["title"] for chat in seen["telegram"]["chats"]]) == ("m06", ["Convenor", "COPRR"])


async def test_the_transcript_is_readable_and_escaped(sandbox: Sandbox, bot: Bot, control) -> None:
    await bot.send_message(
        5006,
        "<script>alert(1)</script> M6",
        reply_markup=InlineKeyboardMarkup([[InlineKeyboardButton("Yes <3", callback_data="y")]]),
        protect_content=True,
    )
    await control.play("say", "m06", text="Merci & goodbye")
    press = await control.play("press", "m06", button="y")
    await bot.answer_callback_query(press["callback"], 'Noted "here"')
    async with control.session.get(f"{sandbox.url}/control/screen.html") as answer:
        page = await answer.text()
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "&lt;script&gt;alert(1)&lt;/script&gt; M6" in page
    assert "<script" not in page
    for part in ('id="m06"', 'href="#m15"', "Yes &lt;3", "Merci &amp; goodbye", "Noted &quot;here&quot;", "protected"):
        assert part in page
    async with control.session.get(f"{sandbox.url}/control/screen.html?person=m15") as answer:
        assert "Merci" not in await answer.text()
    async with control.session.get(f"{sandbox.url}/") as answer:
        assert 'href="/control/screen.html"' in await answer.text()


async def test_foreign_web_pages_and_names_are_refused(sandbox: Sandbox, control) -> None:
    for headers in ({"Origin": "https://evil.example"}, {"Host": "evil.example"}):
        async with control.session.get(f"{sandbox.url}/control/people", headers=headers) as answer:
            assert answer.status == 403
    async with control.session.get(f"{sandbox.url}/control/people", headers={"Origin": sandbox.url}) as answer:
        assert answer.status == 200


async def test_nonsense_gets_an_answer_and_the_server_lives(sandbox: Sandbox, bot: Bot, control) -> None:
    nonsense = [
        None,
        True,
        -1,
        0,
        1e308,
        float("inf"),
        "",
        "9" * 5000,
        "\ud800",
        [],
        [[]],
        {},
        {"a": {"b": []}},
        "\0",
        "[",
    ]
    base = f"{sandbox.url}/bot{bot.token}"
    sent = await bot.send_message(
        5006, "x", reply_markup=InlineKeyboardMarkup([[InlineKeyboardButton("Y", callback_data="y")]])
    )
    for junk in nonsense:
        for method in ("sendMessage", "editMessageText", "getUpdates", "answerCallbackQuery", "setWebhook", "getChat"):
            names = ("chat_id", "text", "entities", "reply_markup", "offset", "callback_query_id", "url", "parse_mode")
            for name in names:
                call = {"chat_id": 5006, "message_id": sent.message_id, "text": "x", name: junk}
                async with control.session.post(f"{base}/{method}", json=call) as answer:
                    assert answer.status != 500, (method, name, junk, await answer.text())
                    assert isinstance((await answer.json())["ok"], bool)
        for action in (
            "say",
            "press",
            "upload",
            "block",
            "start",
            "leave",
            "join",
            "migrate",
            "clock",
            "limits",
            "faults",
            "person",
        ):
            for name in ("text", "button", "chat", "message", "name", "payload", "who", "id", "now", "action", "count"):
                call = {"person": "m06", "platform": "telegram", "text": "x", "button": "Y", name: junk}
                status, answer = await control.try_post(action, **call)
                assert status != 500, (action, name, junk, answer)
    await bot.delete_webhook()
    async with control.session.delete(f"{sandbox.url}/control/faults"):
        pass
    for path in ("ledger", "people", "screen.html", "screen?person=m06"):
        async with control.session.get(f"{sandbox.url}/control/{path}") as answer:
            assert answer.status == 200


def test_only_this_machine_is_served() -> None:
    for host in ("0.0.0.0", "::", "192.0.2.1", "example.org"):
        with pytest.raises(NotLoopback, match=r"127\.0\.0\.1 only"):
            Sandbox({}, host=host)


async def test_it_runs_as_a_program(tmp_path: Path) -> None:
    spec = tmp_path / "world.json"
    spec.write_text('{"people": [{"id": "m06", "name": "Lucía"}]}', encoding="utf-8")
    run = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "sandbox", "--port", "0", "--spec", spec, cwd=ROOT, stdout=subprocess.PIPE
    )
    assert run.stdout is not None
    url = (await run.stdout.readline()).decode().strip()
    async with aiohttp.ClientSession() as session, session.get(f"{url}/control/people") as answer:
        assert [person["name"] for person in await answer.json()] == ["Lucía"]
    run.terminate()
    assert await asyncio.wait_for(run.wait(), 5) == 0
    wrong = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "sandbox", "--host", "0.0.0.0", cwd=ROOT, stderr=subprocess.PIPE
    )
    assert (await wrong.communicate())[1].decode().startswith("sandbox: the sandbox listens on 127.0.0.1 only")
    assert wrong.returncode == 2
