"""A file from a person's device into the vault and to readers on both platforms; a hostile one stops at the door."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bot.keys import make_key_file
from storage.documents import Document
from storage.files import PlatformFile, StoredFile
from tests.reading.making import page_pdf, plain_pdf

HOSTILE = page_pdf(more="/OpenAction << /S /JavaScript /JS (app.alert\\(1\\)) >>")


@pytest.fixture(scope="module")
async def people(town: Any, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Any]:
    key: Path = tmp_path_factory.mktemp("key") / "convenor.key"
    make_key_file(key)
    async with town(current=False, webhooks=True, extra={"CONVENOR_SECRET_KEY_FILE": str(key)}) as found:
        await found.demo.control("limits", enabled=False)
        yield found


def sent(name: str, content: bytes) -> dict[str, str]:
    return {"name": name, "base64": base64.b64encode(content).decode()}


async def test_a_resource_with_a_file_reaches_readers_on_both_platforms(people: Any) -> None:
    await people.say("o01", "slack", "/cop library")
    await people.press("o01", "slack", "Share a resource")
    await people.press("o01", "slack", "A file")
    await people.modal("o01")
    values = {"title": "Reception in practice", "line": "How towns do it.", "language": "en"}
    bad = await people.submit("o01", **values, file=sent("guide.pdf", HOSTILE))
    assert "parts that can run or load something" in str(bad)
    assert await people.rows(select(StoredFile.id)) == []
    await people.submit("o01", **values, file=sent("../CON.pdf", plain_pdf()))
    await people.until(_some(people, select(StoredFile.name)), "the file was not kept")
    assert await people.rows(select(StoredFile.name, StoredFile.pages)) == [("file CON.pdf", 2)]
    (kept,) = Path(people.demo.environment["CONVENOR_DATA_DIR"]).glob("files/??/*")
    assert b"Page 1 of the memo" not in kept.read_bytes()
    await people.press("o04", "slack", "/^rok:/")
    await people.until(_some(people, select(Document.id).where(Document.state == "shared")), "nothing was shared")
    for who, platform in (("m15", "telegram"), ("m18", "telegram"), ("m01", "slack")):
        await people.say(
            who, platform, "/cop find reception practice" if platform == "slack" else "/find reception practice"
        )
        await people.press(who, platform, "/^ritem:/")
        await people.press(who, platform, "/^libget:/")
        await people.until(_document(people, who, platform), f"{who} has no file")
    uploads = [row["body"] for row in await people.ledger() if row["method"] == "sendDocument"]
    assert [isinstance(each["document"], dict) for each in uploads] == [True, False]
    assert len(await people.rows(select(PlatformFile.remote))) == 1
    (shared,) = [row for row in await people.ledger() if row["method"] == "files.shared"]
    assert shared["body"]["files"] == ["file CON.pdf"]


def _some(people: Any, statement: Any) -> Any:
    async def look() -> Any:
        return await people.rows(statement) or None

    return look


def _document(people: Any, who: str, platform: str) -> Any:
    async def look() -> Any:
        return (await people.last(who, platform)).get("document") or None

    return look
