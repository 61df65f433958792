"""Answers of any shape: one of our errors, one request, no crash; for every method we call."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.platforms.slack._client import open_session, web_client
from bot.platforms.slack._errors import harmless, neutral, word
from bot.platforms.slack._post import Poster
from chat.errors import Ambiguous, NotSent, PlatformError, RateLimited, Unreachable
from chat.message import Message
from chat.outbound import Home, SendFile
from chat.people import MessageRef, Place
from chat.text import Reader
from tests.platforms.strange import BROKEN, GARBAGE, REFUSED, WAITS, Shape, of

DM, ROOM, READER = Place("slack", "T1", "U1"), Place("slack", "T1", "D1"), Reader()
REF, HELLO, FILE = MessageRef("slack", "T1", "D1", "1.2"), Message(("hello",)), SendFile("a.ics", b"x")
SINCE = datetime(2026, 4, 22, 7, 0, tzinfo=UTC)
CALLS = {
    "chat.postMessage": lambda it: it.poster.send(DM, HELLO, READER, "d1"),
    "chat.update": lambda it: it.poster.edit(REF, HELLO, READER),
    "chat.delete": lambda it: it.poster.delete(REF),
    "chat.postEphemeral": lambda it: it.poster.whisper(ROOM, "U1", HELLO, READER),
    "views.publish": lambda it: it.poster.home("U1", Home((HELLO,)), READER),
    "views.open": lambda it: it.poster.open_view("1.2.3", {"type": "modal"}),
    "views.update": lambda it: it.poster.update_view("V1", {"type": "modal"}),
    "response": lambda it: it.poster.respond(f"{it.url}response", HELLO, READER, replace=True),
    "conversations.history": lambda it: it.poster.find(ROOM, "d1", SINCE),
    "conversations.replies": lambda it: it.poster.find(Place("slack", "T1", "C1", "group", "1.1"), "d1", SINCE),
    "auth.test": lambda it: it.ask("auth_test", "team_id"),
    "apps.connections.open": lambda it: it.ask("apps_connections_open", "url", app_token="xapp-1"),
}
UNSEEN = {
    "conversations.open": lambda it: it.poster.room(DM),
    "files.getUploadURLExternal": lambda it: it.poster.upload(ROOM, FILE, READER),
    "upload": lambda it: it.poster.upload(ROOM, FILE, READER),
}
"""Calls whose effect nobody sees: begun again after a lost answer, so they are never ambiguous."""
WELL: dict[str, Any] = {
    "files.completeUploadExternal": {"ok": True, "files": []},
    "files.info": {"ok": True, "file": {"shares": {"private": {"D1": [{"ts": "5.6"}]}}}},
}


@dataclass
class Slack:
    """Be a Slack that answers one method as told, and the poster that speaks to it."""

    url: str = ""
    asked: list[str] = field(default_factory=list)
    shapes: dict[str, list[Shape]] = field(default_factory=dict)
    poster: Poster = None  # type: ignore[assignment]
    web: Any = None

    async def ask(self, name: str, key: str, **options: str) -> str:
        """Call as the adapter does at its start, and read the word it needs."""
        with neutral():
            answer = await getattr(self.web, name)(**options)
            return word(answer.get(key))

    async def answer(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        self.asked.append(method)
        if self.shapes.get(method):
            status, body, headers = self.shapes[method].pop(0)
            moved = {"Location": str(request.url)} if 300 <= status < 400 else {}
            return web.Response(status=status, body=body, headers={**headers, **moved})
        if method == "files.getUploadURLExternal":
            return web.json_response({"ok": True, "upload_url": f"{self.url}upload", "file_id": "F1"})
        return web.json_response(WELL.get(method, {"ok": True}))

    async def outcome(self, method: str, shape: Shape) -> object:
        """Call once under this answer; give the error or the result, and make sure that it was asked only once."""
        self.asked.clear()
        self.poster._rooms.clear()
        self.shapes[method] = [shape]
        try:
            found: object = await (CALLS | UNSEEN)[method](self)
        except PlatformError as error:
            found = error
        assert self.asked.count(method) == 1, self.asked
        return found


@pytest.fixture
async def slack(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Slack]:
    monkeypatch.setattr("bot.platforms.slack._client.BODY_MAX", 1_000_000)
    monkeypatch.setattr("bot.platforms.slack._files.SHARE_WAITS", (0.001, 0.001))
    it = Slack()
    app = web.Application(client_max_size=2**26)
    app.router.add_route("*", "/api/{method}", it.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    it.url = f"http://127.0.0.1:{runner.addresses[0][1]}/api/"
    async with open_session() as session:
        it.web = web_client("xoxb-1", it.url, session)
        it.poster = Poster(it.web, session, "T1")
        yield it
    await runner.cleanup()


@pytest.mark.parametrize("method", CALLS)
async def test_what_nobody_can_read_is_ambiguous(slack: Slack, method: str):
    for name, shape in {**GARBAGE, **BROKEN}.items():
        if method == "response" and name == "empty":
            continue  # a response address may answer with nothing
        error = await slack.outcome(method, shape)
        assert type(error) is Ambiguous, name
        assert not error.strange, name


@pytest.mark.parametrize("method", CALLS)
async def test_a_refusal_of_something_in_between_is_ambiguous_and_told_to_the_operator(slack: Slack, method: str):
    for name, shape in REFUSED.items():
        if method == "response" and shape[0] in (404, 410):
            continue  # these mean that the address came to its end
        error = await slack.outcome(method, shape)
        assert type(error) is Ambiguous, name
        assert (error.strange, error.reason) == (True, f"http_{shape[0]}"), name


@pytest.mark.parametrize("method", UNSEEN)
async def test_a_lost_answer_to_what_nobody_sees_means_to_begin_again(slack: Slack, method: str):
    for name, shape in {**GARBAGE, **BROKEN, **REFUSED}.items():
        found = await slack.outcome(method, shape)
        if method == "upload" and shape[0] == 200:
            assert isinstance(found, MessageRef)  # the bytes arrived; Slack's words about it are of no interest
        else:
            assert type(found) is NotSent, name
        assert slack.asked.count("files.completeUploadExternal") == int(isinstance(found, MessageRef))


@pytest.mark.parametrize(
    "body",
    [{}, {"channel": "D1"}, {"ts": "1.2"}, {"channel": 5, "ts": "1.2"}, {"channel": "D1", "ts": 1.2},
     {"channel": ["D1"], "ts": "1.2"}, {"channel": "", "ts": ""}, {"channel": None, "ts": None}],
)  # fmt: skip
async def test_without_a_message_to_point_at_it_is_not_called_sent(slack: Slack, body: dict[str, Any]):
    assert type(await slack.outcome("chat.postMessage", of(200, {"ok": True, **body}))) is Ambiguous


@pytest.mark.parametrize(
    "body",
    [{}, {"messages": None}, {"messages": {}}, {"messages": "x"}, {"messages": [], "has_more": True},
     {"messages": [], "has_more": True, "response_metadata": {"next_cursor": 5}},
     {"messages": [{"metadata": {"event_type": "convenor_delivery", "event_payload": {"id": "d1"}}}]}],
)  # fmt: skip
async def test_a_history_that_cannot_be_read_never_proves_that_a_post_is_absent(slack: Slack, body: dict[str, Any]):
    assert type(await slack.outcome("conversations.history", of(200, {"ok": True, **body}))) is Ambiguous


async def test_strange_messages_in_a_history_are_passed_over(slack: Slack):
    ours = {"ts": "7.8", "metadata": {"event_type": "convenor_delivery", "event_payload": {"id": "d1"}}}
    odd: list[Any] = [5, None, [], {"metadata": 5}, {"metadata": {"event_payload": []}}, {"metadata": {}}]
    others = [{**ours, "metadata": {**ours["metadata"], "event_type": "x"}}, {"ts": 5, "metadata": []}]  # type: ignore[dict-item]
    found = await slack.outcome("conversations.history", of(200, {"ok": True, "messages": [*odd, *others, ours]}))
    assert found == MessageRef("slack", "T1", "D1", "7.8")
    assert await slack.outcome("conversations.history", of(200, {"ok": True, "messages": [*odd, *others]})) is None


@pytest.mark.parametrize(("asked", "after"), WAITS)
async def test_a_wait_is_a_number_of_seconds_whatever_was_asked(slack: Slack, asked: Any, after: float):
    shape = of(429, {"ok": False, "error": "ratelimited"}, Retry_After="" if asked is None else str(asked))
    error = await slack.outcome("chat.postMessage", shape)
    assert type(error) is RateLimited
    assert error.after == (30 if asked is True else after or 30)


@pytest.mark.parametrize("code", ["a_new_code", "x" * 500, "Something went wrong", "ok"])
async def test_a_code_nobody_knows_is_ambiguous_and_told_to_the_operator(slack: Slack, code: str):
    error = await slack.outcome("chat.postMessage", of(200, {"ok": False, "error": code}))
    assert (type(error), error.reason, error.strange) == (Ambiguous, code[:60], True)


@pytest.mark.parametrize("code", ["fatal_error", "internal_error", "service_unavailable"])
async def test_a_failure_slack_tells_of_itself_is_ambiguous_and_nothing_strange(slack: Slack, code: str):
    error = await slack.outcome("chat.postMessage", of(200, {"ok": False, "error": code}))
    assert (type(error), error.reason, error.strange) == (Ambiguous, code, False)


@pytest.mark.parametrize("address", ["http://evil.example/x", "file:///etc/passwd", "http://[", "", None, 5, "x"])
async def test_bytes_go_to_slack_only(slack: Slack, address: Any):
    place = of(200, {"ok": True, "upload_url": address, "file_id": "F1"})
    assert isinstance(await slack.outcome("files.getUploadURLExternal", place), PlatformError)
    assert "upload" not in slack.asked


async def test_a_file_whose_sharing_is_unsure_is_looked_for_before_it_is_shared_again(slack: Slack):
    lost = of(502, b"")
    assert isinstance(await share(slack, lost, shared=True), MessageRef)
    assert slack.asked.count("files.completeUploadExternal") == 1
    slack.shapes["files.completeUploadExternal"] = [lost]
    assert isinstance(await share(slack, lost, shared=False), Ambiguous)
    assert slack.asked.count("files.completeUploadExternal") == 2
    assert slack.asked.count("files.getUploadURLExternal") == 1


async def share(slack: Slack, lost: Shape, *, shared: bool) -> object:
    """Upload with a lost answer to the last step; `shared` says whether the file can be seen all the same."""
    nowhere = of(200, {"ok": True, "file": {"shares": {}}})
    slack.asked.clear()
    slack.shapes["files.completeUploadExternal"] = [lost]
    slack.shapes["files.info"] = [] if shared else [nowhere] * 50
    try:
        return await slack.poster.upload(ROOM, FILE, READER)
    except PlatformError as error:
        return error


@pytest.mark.parametrize(
    "info",
    [{}, {"file": 5}, {"file": {"shares": []}}, {"file": {"shares": {"private": []}}},
     {"file": {"shares": {"private": {"D1": {}}}}}, {"file": {"shares": {"public": {"D1": [{"ts": 5}]}}}}],
)  # fmt: skip
async def test_strange_words_about_a_file_are_no_share(slack: Slack, info: dict[str, Any]):
    slack.shapes["files.info"] = [of(200, {"ok": True, **info})] * 50
    with pytest.raises(Ambiguous, match="not_shared"):
        await slack.poster.upload(ROOM, FILE, READER)


def test_what_harms_nobody_keeps_the_other_errors():
    for error in (Unreachable("x"), RateLimited(3)):
        with pytest.raises(type(error)), harmless():
            raise error


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["ok", "error", "channel", "ts", "id", "messages", "metadata", "event_payload", "file",
        "shares", "response_metadata", "next_cursor", "upload_url", "file_id", "url"]), inner, max_size=5),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    method=st.sampled_from(sorted(CALLS | UNSEEN)),
    status=st.sampled_from([200, 201, 302, 307, 400, 401, 403, 404, 413, 418, 429, 500, 503]),
    body=st.binary(max_size=40) | VALUES.map(lambda value: json.dumps(value).encode()),
    after=st.sampled_from(["", "0", "-1", "x", "1e9", "nan", "7"]),
)
async def test_any_answer_at_all_is_a_result_or_one_of_our_errors(slack: Slack, method, status, body, after):
    shape = (status, body, {"Content-Type": "application/json", "Retry-After": after})
    found = await slack.outcome(method, shape)
    assert isinstance(found, PlatformError) or status == 200
    if isinstance(found, RateLimited):
        assert 1 <= found.after <= 86_400
