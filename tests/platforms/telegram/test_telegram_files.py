"""Messages with files: uploaded once, then named by id; captions and files follow the truth (platforms §2.5)."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.platforms.telegram._documents import Documents
from chat.errors import Ambiguous, NotSent, Rejected, Unreachable
from chat.message import Attachment, Message, button
from chat.outbound import Edit, Reply
from chat.people import Place
from chat.text import Reader
from sandbox.server import Sandbox

EN = Reader("en", "Europe/Brussels")
CONTENT = b"%PDF-1.7 " + bytes(range(256)) * 3000
FILE = Attachment("aaaaaaaaaa", "Mémo “M6”.pdf", len(CONTENT), "application/pdf")
OTHER = Attachment("bbbbbbbbbb", "other.pdf", 5, "application/pdf")
OPEN = ((button("yes", "mread", "k"),),)
PEOPLE = 12
MEMO = Message(("A restricted note is available.",), rows=OPEN, protect=True, file=FILE)


class MemoryShelf:
    """Be the shelf: two files in pieces, and what the platforms call them."""

    def __init__(self) -> None:
        self.files = {FILE.file: CONTENT, OTHER.file: b"other"}
        self.names: dict[str, str] = {}
        self.given: list[str] = []
        self.breaks = 0

    async def stream(self, file: str) -> AsyncIterator[bytes]:
        if file not in self.files:
            raise Rejected("file_gone")
        self.given.append(file)
        content = self.files[file]
        for at in range(0, len(content), 100_000):
            await asyncio.sleep(0.01)
            if self.breaks and at:
                self.breaks -= 1
                raise Rejected("file_broken")
            yield content[at : at + 100_000]

    async def remote(self, file: str, platform: str, workspace: str) -> str:
        return self.names.get(f"{file} {platform} {workspace}", "")

    async def uploaded(self, file: str, platform: str, workspace: str, remote: str) -> None:
        self.names[f"{file} {platform} {workspace}"] = remote


@pytest.fixture
def shelf() -> MemoryShelf:
    return MemoryShelf()


@pytest.fixture
async def box(token: str) -> AsyncIterator[Sandbox]:
    people = [{"id": f"m{n}", "name": f"M {n}", "telegram": {"user": n, "started": True}} for n in range(1, PEOPLE)]
    world = {"people": people, "telegram": {"token": token, "bot": {"id": 123456, "username": "ConvenorBot"}}}
    async with Sandbox(world, sides=("telegram",)) as found:
        yield found


@pytest.fixture
async def bot(box: Sandbox, make: Any, listener: Any, shelf: MemoryShelf) -> Any:
    platform = make(api_url=box.url, shelf=shelf)
    await platform.start(listener)
    return platform


def to(user: int) -> Place:
    return Place("telegram", "123456", str(user))


def calls(box: Sandbox, *methods: str) -> list[Any]:
    return [row for row in box.world.ledger.after(0) if row.method in methods]


def shown(box: Sandbox, user: int = 1) -> list[dict[str, Any]]:
    (chat,) = box.side("telegram").screen(box.world.people.named(f"m{user}"))
    return list(chat["messages"])  # type: ignore[arg-type]


async def test_many_lanes_upload_a_file_once(bot: Any, box: Sandbox, shelf: MemoryShelf) -> None:
    refs = await asyncio.gather(*(bot.send(to(n), MEMO, EN) for n in range(1, 9)))
    rows = calls(box, "sendDocument")
    assert len({each.chat for each in refs}) == len(rows) == 8
    uploads = [row for row in rows if isinstance(row.body["document"], dict)]
    assert [row.body["document"] for row in uploads] == [
        {"file_name": "Mémo “M6”.pdf", "mime_type": "application/pdf", "file_size": len(CONTENT)}
    ]
    assert shelf.given == [FILE.file]
    assert all(row.body["protect_content"] is True or row.body["protect_content"] == "true" for row in rows)
    assert all(row.body["disable_content_type_detection"] for row in rows)
    (message,) = shown(box, 5)
    assert (message["document"], message["text"], message["protect"]) == (
        FILE.name,
        "A restricted note is available.",
        True,
    )
    assert [[each["label"] for each in row] for row in message["buttons"]] == [["Yes"]]
    (kept,) = box.side("telegram").server.files.values()  # type: ignore[attr-defined]
    assert kept.content == CONTENT


async def test_after_a_restart_the_file_is_not_uploaded_again(
    bot: Any, box: Sandbox, shelf: MemoryShelf, make: Any, listener: Any
) -> None:
    await bot.send(to(1), MEMO, EN)
    await bot.stop()
    again = make(api_url=box.url, shelf=shelf)
    await again.start(listener)
    await again.send(to(2), MEMO, EN)
    assert shelf.given == [FILE.file]


async def test_a_name_telegram_has_forgotten_is_replaced(bot: Any, box: Sandbox, shelf: MemoryShelf) -> None:
    await bot.send(to(1), MEMO, EN)
    box.side("telegram").server.files.clear()  # type: ignore[attr-defined]
    await asyncio.gather(*(bot.send(to(n), MEMO, EN) for n in range(2, 6)))
    assert shelf.given == [FILE.file] * 2
    assert all(len(shown(box, n)) == 1 for n in range(1, 6))


async def test_who_cannot_be_reached_keeps_the_file_from_nobody(bot: Any, box: Sandbox) -> None:
    box.side("telegram").lose(box.world.people.named("m1"), "blocked")
    done = await asyncio.gather(*(bot.send(to(n), MEMO, EN) for n in range(1, 6)), return_exceptions=True)
    assert isinstance(done[0], Unreachable)
    assert all(len(shown(box, n)) == 1 for n in range(2, 6))


async def test_an_upload_goes_on_when_its_attempt_is_given_up(bot: Any, box: Sandbox, shelf: MemoryShelf) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.02):
            await bot.send(to(1), MEMO, EN)
    await bot.send(to(2), MEMO, EN)
    assert (len(shown(box, 1)), len(shown(box, 2)), shelf.given) == (1, 1, [FILE.file])


@pytest.mark.parametrize("case", ["gone", "broken", "shorter", "longer", "no shelf"])
async def test_a_file_that_is_not_to_be_had_is_refused_and_nothing_sent(
    case: str, bot: Any, box: Sandbox, shelf: MemoryShelf, make: Any, listener: Any
) -> None:
    size = {"shorter": len(CONTENT) + 1, "longer": len(CONTENT) - 1}.get(case, len(CONTENT))
    if case == "gone":
        shelf.files.clear()
    shelf.breaks = int(case == "broken")
    if case == "no shelf":
        await bot.stop()
        bot = make(api_url=box.url)
        await bot.start(listener)
    message = Message(("Words.",), file=Attachment(FILE.file, "a.pdf", size, "application/pdf"))
    with pytest.raises(Rejected):
        await bot.send(to(1), message, EN)
    assert not shown(box)


async def test_words_too_long_for_a_caption_go_first_and_only_once(bot: Any, box: Sandbox) -> None:
    long = Message(("x" * 1500,), rows=OPEN, protect=True, file=FILE)
    ref = await bot.send(to(1), long, EN)
    words, document = shown(box)
    assert (words["text"], words["protect"], words["buttons"]) == ("x" * 1500, True, [])
    assert (document["text"], document["protect"], document["id"]) == ("", True, ref.message)
    assert document["buttons"]


async def test_an_edit_changes_the_words_under_the_file(bot: Any, box: Sandbox, shelf: MemoryShelf) -> None:
    ref = await bot.send(to(1), MEMO, EN)
    read = Message(("You confirmed reading.",), protect=True, file=FILE)
    await bot.edit(ref, read, EN)
    await bot.edit(ref, read, EN)  # unchanged is a success
    (message,) = shown(box)
    assert (message["text"], message["document"], message["buttons"]) == ("You confirmed reading.", FILE.name, [])
    rows = calls(box, "editMessageCaption")
    assert [row.status for row in rows] == [200, 400]
    assert rows[0].body["has_protected_content"] is True
    assert shelf.given == [FILE.file]


async def test_another_version_takes_the_place_of_the_file(
    bot: Any, box: Sandbox, make: Any, listener: Any, shelf: MemoryShelf
) -> None:
    first, second = await bot.send(to(1), MEMO, EN), await bot.send(to(2), MEMO, EN)
    corrected = Message(("Version 2.",), rows=OPEN, protect=True, file=OTHER)
    await bot.edit(first, corrected, EN)
    await bot.stop()
    again = make(api_url=box.url, shelf=shelf)  # knows of no message what it shows
    await again.start(listener)
    await again.edit(second, corrected, EN)
    await again.edit(second, corrected, EN)
    for user in (1, 2):
        (message,) = shown(box, user)
        assert (message["text"], message["document"], message["protect"]) == ("Version 2.", "other.pdf", True)
    assert shelf.given == [FILE.file, OTHER.file]


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_withdrawn_memo_leaves_only_its_notice(
    restarted: bool, bot: Any, box: Sandbox, make: Any, listener: Any, shelf: MemoryShelf
) -> None:
    ref = await bot.send(to(1), MEMO, EN)
    if restarted:
        await bot.stop()
        bot = make(api_url=box.url, shelf=shelf)
        await bot.start(listener)
    for words in ("This note was withdrawn.", "It was withdrawn on Monday."):
        await bot.edit(ref, Message((words,)), EN)
        (message,) = shown(box)
        assert (message["text"], message["document"], message["protect"]) == (words, "message.txt", True)
        files = box.side("telegram").server.files.values()  # type: ignore[attr-defined]
        assert [each.content for each in files][-1].decode() == words
    await bot.edit(ref, MEMO, EN)  # and back again
    assert shown(box)[0]["document"] == FILE.name


async def test_a_pressed_text_turns_into_a_message_with_a_file(
    bot: Any, box: Sandbox, listener: Any, wait_until: Any
) -> None:
    await bot.send(to(1), Message(("Ready?",), rows=OPEN), EN)
    listener.answers = lambda inbound: [Edit(MEMO)]
    await box.side("telegram").press(box.world.people.named("m1"), {"button": "Yes"})
    await wait_until(lambda: listener.done)
    (message,) = shown(box)
    assert (message["text"], message["document"]) == ("A restricted note is available.", FILE.name)


async def test_a_private_copy_goes_to_who_asked_in_a_group(
    bot: Any, box: Sandbox, listener: Any, wait_until: Any
) -> None:
    await bot.send(to(1), Message(("Ready?",), rows=OPEN), EN)
    listener.answers = lambda inbound: [Reply(MEMO, private=True)]
    await box.side("telegram").press(box.world.people.named("m1"), {"button": "Yes"})
    await wait_until(lambda: listener.done)
    assert shown(box)[-1]["document"] == FILE.name
    assert listener.done[0][1][0].message == shown(box)[-1]["id"]


async def test_a_lost_answer_to_an_upload_stays_one(api: Any, make: Any, listener: Any, shelf: MemoryShelf) -> None:
    platform = make(shelf=shelf)
    await platform.start(listener)
    api.will("sendDocument", "cut")
    with pytest.raises(Ambiguous):
        await platform.send(to(1), MEMO, EN)
    await platform.send(to(1), MEMO, EN)
    assert len(api.of("sendDocument")) == 2


async def test_words_are_not_said_again_when_the_file_comes_later(
    api: Any, make: Any, listener: Any, shelf: MemoryShelf
) -> None:
    platform = make(shelf=shelf)
    await platform.start(listener)
    api.will("sendDocument", (429, "Too Many Requests", {"retry_after": 1}))
    long = Message(("x" * 1500,), rows=OPEN, protect=True, file=FILE)
    with pytest.raises(NotSent):
        await platform.send(to(1), long, EN)
    await platform.send(to(1), long, EN)
    assert len(api.of("sendMessage")) == 1
    await platform.send(to(1), long, EN)  # but again when it is sent again
    assert len(api.of("sendMessage")) == 2


async def test_a_name_cannot_break_out_of_the_form(api: Any, make: Any, listener: Any, shelf: MemoryShelf) -> None:
    platform = make(shelf=shelf)
    await platform.start(listener)
    evil = Attachment(FILE.file, 'a"\r\nX-Evil: 1\r\n\r\n.pdf', len(CONTENT), "text/html\r\nX: y")
    await platform.send(to(1), Message(('words"\r\n--',), protect=True, file=evil), EN)
    name, content = api.of("sendDocument")[0]["document"]
    assert (name, content) == ("aX-Evil: 1.pdf", CONTENT)


async def test_who_asked_for_a_name_just_before_it_was_known_does_not_upload_again() -> None:
    gate, asked = asyncio.Event(), itertools.count()
    shelf: Any = MemoryShelf()

    async def remote(*_where: str) -> str:
        if next(asked) == 0:
            await gate.wait()
        return ""

    async def known(name: str) -> Any:
        return name

    async def fresh(pieces: AsyncIterator[bytes]) -> Any:
        assert [each async for each in pieces]
        return {"document": {"file_id": "F1"}}

    shelf.remote = remote
    documents = Documents(shelf, "W")
    late = asyncio.create_task(documents.put(FILE, known, fresh))
    await asyncio.sleep(0)
    await documents.put(FILE, known, fresh)
    gate.set()
    assert await late == "F1"
    assert shelf.given == [FILE.file]
