"""Looking for a post after a lost answer: there, surely absent, or not to be told (reliability §2.3 point 8)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from bot.platforms.slack import SCOPES, _find
from bot.platforms.slack._find import PAGES_MAX
from chat.errors import AccountDead, Ambiguous, NotSent, RateLimited, Rejected
from chat.message import Message
from chat.outbound import SendFile
from chat.people import Place
from chat.text import Reader

READER = Reader(zone="Europe/Warsaw", command_pattern="/cop {words}")
HELLO = Message(("hello",))
CHANNEL = Place("slack", "T1", "C1", "group")
HISTORY = (*SCOPES, "channels:history", "groups:history")


def now() -> datetime:
    return datetime.now(UTC)


def fault(scene: Any, method: str, action: str, **more: Any) -> None:
    scene.box.world.faults.add({"platform": "slack", "method": method, "action": action, **more})


async def test_a_post_whose_answer_was_lost_is_found_in_the_private_chat(scene: Any):
    since = now()
    fault(scene, "chat.postMessage", "5xx_after")
    with pytest.raises(Ambiguous):
        await scene.platform.send(scene.place(), HELLO, READER, "d-1")
    found = await scene.platform.find(scene.place(), "d-1", since)
    assert found is not None
    assert found.message == scene.dm("zofia")[0]["id"]
    await scene.platform.edit(found, Message(("changed",)), READER)
    assert scene.dm("zofia")[0]["text"] == "changed"


async def test_a_post_that_was_not_made_is_surely_absent(scene: Any):
    since = now()
    await scene.platform.send(scene.place(), HELLO, READER, "d-0")
    fault(scene, "chat.postMessage", "5xx_before")
    with pytest.raises(Ambiguous):
        await scene.platform.send(scene.place(), HELLO, READER, "d-1")
    assert await scene.platform.find(scene.place(), "d-1", since) is None
    assert await scene.platform.find(scene.place("U0OLIVIA"), "d-1", since) is None


async def test_the_private_chat_is_opened_once_for_many_look_ups(scene: Any):
    for number in range(3):
        await scene.platform.find(scene.place(), f"d-{number}", now())
    assert len(scene.calls("conversations.open")) == 1


async def test_only_posts_from_about_the_attempt_on_are_read(scene: Any):
    ref = await scene.platform.send(scene.place(), HELLO, READER, "d-1")
    at = datetime.fromtimestamp(float(ref.message), UTC)
    assert await scene.platform.find(scene.place(), "d-1", at + timedelta(days=300)) is None
    assert await scene.platform.find(scene.place(), "d-1", at + timedelta(seconds=30)) == ref  # our clock may be ahead


async def test_a_channel_can_be_looked_into_with_the_optional_scope(playing: Any):
    async with playing(scopes=list(HISTORY)) as scene:
        ref = await scene.platform.send(CHANNEL, HELLO, READER, "d-1")
        assert await scene.platform.find(CHANNEL, "d-1", now()) == ref


async def test_a_reply_in_a_thread_is_looked_for_in_the_thread(playing: Any):
    async with playing(scopes=list(HISTORY)) as scene:
        parent = await scene.platform.send(CHANNEL, HELLO, READER)
        thread = Place("slack", "T1", "C1", "group", parent.message)
        ref = await scene.platform.send(thread, HELLO, READER, "d-1")
        assert await scene.platform.find(thread, "d-1", now()) == ref
        assert await scene.platform.find(CHANNEL, "d-1", now()) is None


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        (CHANNEL, "missing_scope"),
        (Place("slack", "T1", "C9", "group"), "channel_not_found"),
        (Place("slack", "T1", "U0NOBODY"), "user_not_found"),
    ],
)
async def test_where_we_may_not_look_we_say_so(scene: Any, place: Place, reason: str):
    with pytest.raises(Rejected, match=reason):
        await scene.platform.find(place, "d-1", now())


async def test_a_channel_we_were_thrown_out_of_cannot_be_looked_into(playing: Any):
    async with playing(scopes=list(HISTORY), channels=[{"id": "C1", "name": "x", "bot": False}]) as scene:
        with pytest.raises(Rejected, match=r"not_in_channel|channel_not_found"):
            await scene.platform.find(CHANNEL, "d-1", now())


@pytest.mark.parametrize(
    ("action", "error"),
    [("429", RateLimited), ("5xx_before", Ambiguous), ("cut_before", Ambiguous), ("garbage", Ambiguous),
     ("unauthorized", AccountDead)],
)  # fmt: skip
async def test_trouble_while_looking_means_to_look_again(scene: Any, action: str, error: type[Exception]):
    ref = await scene.platform.send(scene.place(), HELLO, READER, "d-1")
    # A read whose line was cut is asked once more by the HTTP library, which harms nobody.
    fault(scene, "conversations.history", action, count=2 if action == "cut_before" else 1)
    with pytest.raises(error):
        await scene.platform.find(scene.place(), "d-1", now())
    assert await scene.platform.find(scene.place(), "d-1", now()) == ref


async def test_a_lost_answer_to_opening_the_chat_means_to_look_again(scene: Any):
    fault(scene, "conversations.open", "5xx_after")
    with pytest.raises(NotSent):
        await scene.platform.find(scene.place(), "d-1", now())
    assert await scene.platform.find(scene.place(), "d-1", now()) is None


async def test_all_pages_are_read(scene: Any, monkeypatch: pytest.MonkeyPatch):
    scene.box.world.limits.enabled = False
    monkeypatch.setattr("bot.platforms.slack._find.PAGE", 4)
    ref = await scene.platform.send(scene.place(), HELLO, READER, "d-1")
    for number in range(9):
        await scene.platform.send(scene.place(), HELLO, READER, f"other-{number}")
    assert await scene.platform.find(scene.place(), "d-1", now()) == ref
    assert len(scene.calls("conversations.history")) == 3


def page(more: bool, size: int = 15) -> dict[str, Any]:
    cursor = {"response_metadata": {"next_cursor": "bmV4dA=="}} if more else {}
    return {"ok": True, "messages": [{"ts": f"{number}.1", "text": "x"} for number in range(size)], **cursor}


async def test_an_app_that_may_read_fifteen_messages_a_minute_cannot_look_posts_up(scene: Any):
    fault(scene, "conversations.history", "answer_before", body=page(more=True))
    fault(scene, "conversations.history", "429", retry_after=60)
    with pytest.raises(Rejected, match="history_limited"):
        await scene.platform.find(scene.place(), "d-1", now())


async def test_with_a_clock_far_ahead_of_slacks_nothing_is_called_absent(scene: Any, monkeypatch: pytest.MonkeyPatch):
    """A post would look older than the attempt and be left out: sent again, it would arrive twice."""
    await scene.platform.send(scene.place(), HELLO, READER, "d-1")
    ahead = timedelta(minutes=5)
    monkeypatch.setattr(_find, "time", SimpleNamespace(time=lambda: (now() + ahead).timestamp()))
    with pytest.raises(Rejected, match="our_clock_is_ahead"):
        await scene.platform.find(scene.place(), "d-1", now() + ahead)
    monkeypatch.undo()
    assert await scene.platform.find(scene.place(), "d-2", now()) is None


async def test_a_history_without_end_is_not_read_for_ever(scene: Any):
    fault(scene, "conversations.history", "answer_before", body=page(more=True, size=100), count=100)
    with pytest.raises(Rejected, match="history_too_long"):
        await scene.platform.find(scene.place(), "d-1", now())
    assert len(scene.calls("conversations.history")) == PAGES_MAX


async def test_a_file_whose_sharing_was_answered_badly_arrives_once(scene: Any):
    for action in ("5xx_after", "cut_after", "garbage"):
        fault(scene, "files.completeUploadExternal", action)
        ref = await scene.platform.upload(scene.place(), SendFile(f"{action}.ics", b"BEGIN"), READER)
        assert ref.message == scene.dm("zofia")[-1]["id"]
    assert [each["document"] for each in scene.dm("zofia")] == ["5xx_after.ics", "cut_after.ics", "garbage.ics"]


async def test_a_file_that_was_not_shared_is_shared_again(scene: Any, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("bot.platforms.slack._files.SHARE_WAITS", (0.02, 0.08, 0.2))
    fault(scene, "files.completeUploadExternal", "5xx_before")
    await scene.platform.upload(scene.place(), SendFile("a.ics", b"BEGIN"), READER)
    assert [each["document"] for each in scene.dm("zofia")] == ["a.ics"]
    assert len(scene.calls("files.getUploadURLExternal")) == 1
