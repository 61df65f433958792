"""Messages with files: the card first, then the file behind it, and the card never twice (platforms §3.6)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.platforms.slack import _files
from chat.errors import Rejected
from chat.inbound import Said
from chat.message import Attachment, Message, button
from chat.outbound import Reply
from chat.people import MessageRef, Place
from chat.text import Reader

CONTENT = bytes(range(256)) * 3000
FILE = Attachment("aaaaaaaaaa", "Mémo “M6”.pdf", len(CONTENT), "application/pdf")
MEMO = Message(("Your memo.",), rows=((button("yes", "mread", "k"),),), protect=True, file=FILE)
READER = Reader()
CHANNEL = Place("slack", "T1", "C1", kind="group")


class MemoryShelf:
    def __init__(self) -> None:
        self.files = {FILE.file: CONTENT}
        self.pieces = 0
        self.behind: dict[MessageRef, str] = {}

    async def stream(self, file: str) -> AsyncIterator[bytes]:
        if file not in self.files:
            raise Rejected("file_gone")
        for at in range(0, len(self.files[file]), 100_000):
            await asyncio.sleep(0)
            self.pieces += 1
            yield self.files[file][at : at + 100_000]

    async def remote(self, file: str, platform: str, workspace: str) -> str:
        return ""

    async def uploaded(self, file: str, platform: str, workspace: str, remote: str) -> None:
        raise AssertionError("Slack has a file for each reader")

    async def followed(self, file: str, card: MessageRef, remote: str) -> None:
        self.behind[card] = remote

    async def unfollowed(self, card: MessageRef) -> None:
        self.behind.pop(card, None)

    async def followers(self, platform: str, workspace: str) -> dict[MessageRef, str]:
        return dict(self.behind)


@pytest.fixture
def shelf() -> MemoryShelf:
    return MemoryShelf()


@pytest.fixture
async def scene(playing: Any, shelf: MemoryShelf, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Any]:
    monkeypatch.setattr(_files, "PATIENCE", (0.05, 0.05))
    monkeypatch.setattr(_files, "SHARE_WAITS", (0.1, 0.2, 0.3))
    async with playing(options={"shelf": shelf}) as made:
        yield made


def fail(scene: Any, method: str, action: str, **more: Any) -> None:
    scene.box.world.faults.add({"platform": "slack", "method": method, "action": action, **more})


async def test_in_private_the_file_is_the_next_message(scene: Any) -> None:
    ref = await scene.platform.send(scene.place(), MEMO, READER)
    card, file = scene.dm("zofia")
    assert (card["id"], card["text"], file["document"]) == (ref.message, "Your memo.", FILE.name)
    assert card["buttons"]
    assert not file.get("thread")
    (kept,) = scene.box.side("slack").teams["T1"].files.values()
    assert kept.content == CONTENT


async def test_in_a_channel_it_stands_in_the_thread_of_the_card(scene: Any) -> None:
    ref = await scene.platform.send(CHANNEL, MEMO, READER)
    card, file = scene.screen("zofia")["C1"]
    assert (card["id"], file["document"], file["thread"]) == (ref.message, FILE.name, ref.message)


@pytest.mark.parametrize(
    ("method", "action"),
    [
        ("files.getUploadURLExternal", "5xx_before"),
        ("files.getUploadURLExternal", "cut_after"),
        ("files.completeUploadExternal", "cut_after"),
        ("files.completeUploadExternal", "5xx_before"),
        ("files.completeUploadExternal", "429"),
        ("files.info", "5xx_before"),
    ],
)
async def test_a_step_that_fails_once_is_mended(scene: Any, method: str, action: str) -> None:
    fail(scene, method, action, **({"retry_after": 1} if action == "429" else {}))
    await scene.platform.send(scene.place(), MEMO, READER)
    assert [each.get("document") or "card" for each in scene.dm("zofia")] == ["card", FILE.name]
    assert len(scene.calls("chat.postMessage")) == 1


@pytest.mark.parametrize("case", ["refused", "gone", "size", "never shared"])
async def test_a_file_that_cannot_follow_leaves_the_card_sent(
    scene: Any, shelf: MemoryShelf, case: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = FILE
    match case:
        case "refused":
            fail(scene, "files.getUploadURLExternal", "error_before", error="access_denied", count=None)
        case "gone":
            shelf.files.clear()
        case "size":
            file = Attachment(FILE.file, FILE.name, FILE.size + 1)
        case _:
            fail(scene, "files.completeUploadExternal", "answer_before", body={"ok": True, "files": []}, count=None)
    ref = await scene.platform.send(scene.place(), Message(("Your memo.",), file=file), READER)
    assert [each["id"] for each in scene.dm("zofia")] == [ref.message]
    said = capsys.readouterr().out
    assert "file_not_shared" in said
    assert FILE.name not in said
    assert len(scene.calls("chat.postMessage")) == 1


async def test_without_a_shelf_the_card_goes_alone(playing: Any) -> None:
    async with playing() as scene:
        await scene.platform.send(scene.place(), MEMO, READER)
        assert len(scene.dm("zofia")) == 1


async def test_a_card_does_not_wait_for_a_slow_file_and_the_file_still_follows(
    scene: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.platforms.slack._follow.WAIT", 0.02)
    fail(scene, "files.completeUploadExternal", "delay", seconds=0.3)
    await scene.platform.send(scene.place(), MEMO, READER)
    assert len(scene.dm("zofia")) == 1
    async with asyncio.timeout(5):
        while len(scene.dm("zofia")) < 2:
            await asyncio.sleep(0.02)


async def test_an_answer_with_a_file_goes_to_the_private_chat(scene: Any) -> None:
    scene.inside.answers = {Said: [Reply(MEMO)]}
    await scene.do("say", "zofia", text="send me the file")
    assert [each.get("document") for each in scene.dm("zofia")][-1] == FILE.name
    ref = scene.inside.done[0][1][0]
    assert ref.message == scene.dm("zofia")[-2]["id"]


async def test_an_edit_of_the_card_leaves_the_file_alone(scene: Any) -> None:
    ref = await scene.platform.send(scene.place(), MEMO, READER)
    await scene.platform.edit(ref, Message(("You confirmed reading.",), file=FILE), READER)
    assert scene.dm("zofia")[0]["text"] == "You confirmed reading."
    assert len(scene.calls("files.upload")) == 1


async def test_stopping_lets_a_file_go_that_is_under_way(
    scene: Any, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setattr("bot.platforms.slack._follow.WAIT", 0.02)
    monkeypatch.setattr("bot.platforms.slack._follow.STOP_SECONDS", 0.1)
    fail(scene, "files.getUploadURLExternal", "black_hole", count=None)
    await scene.platform.send(scene.place(), MEMO, READER)
    await scene.platform.stop()
    assert "file_not_shared" in capsys.readouterr().out


@pytest.mark.parametrize("place", [None, CHANNEL])
async def test_a_file_goes_with_its_card(scene: Any, place: Place | None) -> None:
    where = place or scene.place()
    edited = await scene.platform.send(where, MEMO, READER)
    deleted = await scene.platform.send(where, MEMO, READER)
    await scene.platform.edit(edited, Message(("This note was withdrawn.",)), READER)
    await scene.platform.delete(deleted)
    left = scene.screen("zofia")["C1"] if place else scene.dm("zofia")
    assert [each["text"] for each in left] == ["This note was withdrawn."]
    assert scene.box.side("slack").teams["T1"].files == {}
    await scene.platform.edit(edited, Message(("Again.",)), READER)
    assert len(scene.calls("files.delete")) == 2


async def test_after_a_restart_the_file_in_the_channel_goes_with_its_card_as_well(
    playing: Any, scene: Any, shelf: MemoryShelf
) -> None:
    ref = await scene.platform.send(CHANNEL, MEMO, READER)
    assert list(shelf.behind) == [ref]
    scene.platform._poster._followers._behind.clear()  # what a new process does not know
    await scene.platform.edit(ref, Message(("This note was withdrawn.",)), READER)
    assert [each["text"] for each in scene.screen("zofia")["C1"]] == ["This note was withdrawn."]
    assert shelf.behind == {}


async def test_a_card_withdrawn_at_once_gets_no_file(scene: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.platforms.slack._follow.WAIT", 0.02)
    fail(scene, "files.completeUploadExternal", "delay", seconds=0.2)
    ref = await scene.platform.send(scene.place(), MEMO, READER)
    await scene.platform.edit(ref, Message(("Withdrawn.",)), READER)
    await asyncio.sleep(0.4)
    assert [each["text"] for each in scene.dm("zofia")] == ["Withdrawn."]


async def test_a_file_that_cannot_be_deleted_leaves_the_edit_done(scene: Any, capsys: Any) -> None:
    ref = await scene.platform.send(scene.place(), MEMO, READER)
    fail(scene, "files.delete", "error_before", error="missing_scope")
    await scene.platform.edit(ref, Message(("Withdrawn.",)), READER)
    assert scene.dm("zofia")[0]["text"] == "Withdrawn."
    assert "file_not_withdrawn" in capsys.readouterr().out
