"""The shelf gives adapters the files of messages and remembers what platforms call them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet, MultiFernet
from sqlalchemy import select

from bot.shelf import FileShelf
from chat.errors import Rejected
from chat.people import MessageRef
from storage.communities import Community
from storage.database import Database
from storage.files import PlatformFile, StoredFile
from storage.vault import PIECE, Vault

CONTENT = bytes(range(256)) * 4096


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(tmp_path / "files", MultiFernet([Fernet(Fernet.generate_key())]))


@pytest.fixture
async def key(database: Database, clock: Any, vault: Vault) -> str:
    async with database.write() as db:
        db.add(community := Community(key="c", name="C", zone="Europe/Brussels"))
        await db.flush()
    async with database.write(community.id) as db:
        stored = StoredFile(
            blob=vault.keep(CONTENT), name="a.pdf", kind="pdf", size=len(CONTENT), sha256="", created_at=clock.now()
        )
        db.add(stored)
    return stored.key


async def test_content_comes_in_pieces(database: Database, vault: Vault, key: str) -> None:
    pieces = [each async for each in FileShelf(database, vault).stream(key)]
    assert b"".join(pieces) == CONTENT
    assert max(map(len, pieces)) <= PIECE


async def test_what_is_not_to_be_had_is_refused(database: Database, vault: Vault, key: str, tmp_path: Path) -> None:
    async def tried(shelf: FileShelf, file: str) -> str:
        with pytest.raises(Rejected) as found:
            async for _ in shelf.stream(file):
                pass
        return found.value.reason

    assert await tried(FileShelf(database, None), key) == "no_vault"
    assert await tried(FileShelf(database, vault), "zzzzzzzzzz") == "file_gone"
    other = Vault(tmp_path / "files", MultiFernet([Fernet(Fernet.generate_key())]))
    assert await tried(FileShelf(database, other), key) == "file_broken"
    for path in (tmp_path / "files").glob("??/*"):
        path.write_bytes(path.read_bytes()[:-1])
    assert await tried(FileShelf(database, vault), key) == "file_broken"


async def test_each_bot_has_its_own_name_for_a_file(database: Database, vault: Vault, key: str) -> None:
    shelf = FileShelf(database, vault)
    assert await shelf.remote(key, "telegram", "7") == ""
    await shelf.uploaded(key, "telegram", "7", "F7")
    await shelf.uploaded(key, "telegram", "8", "F8")
    await shelf.uploaded(key, "telegram", "7", "F7b")
    assert [await shelf.remote(key, "telegram", bot) for bot in ("7", "8", "9")] == ["F7b", "F8", ""]
    await shelf.uploaded(key, "telegram", "7", "")
    await shelf.uploaded("zzzzzzzzzz", "telegram", "7", "F")
    assert [await shelf.remote(key, "telegram", bot) for bot in ("7", "8")] == ["", "F8"]


async def test_two_processes_may_note_the_same_file_at_once(database: Database, vault: Vault, key: str) -> None:
    shelf = FileShelf(database, vault)
    await asyncio.gather(*(shelf.uploaded(key, "telegram", "7", f"F{n}") for n in range(6)))
    async with database.read() as db:
        rows = list(await db.scalars(select(PlatformFile)))
    assert len(rows) == 1
    assert await shelf.remote(key, "telegram", "7") == rows[0].remote


async def test_files_behind_cards_are_known_by_their_card(database: Database, vault: Vault, key: str) -> None:
    shelf = FileShelf(database, vault)
    cards = [MessageRef("slack", "T1", "C1", "1776841200.000001"), MessageRef("slack", "T1", "C2", "1776841200.000002")]
    for number, card in enumerate([*cards, MessageRef("slack", "T11", "C1", "1776841200.000003")]):
        await shelf.followed(key, card, f"F{number}")
    await shelf.uploaded(key, "slack", "T1", "F9")
    await shelf.followed(key, MessageRef("slack", "T1", "C" * 60, "1776841200.000004"), "F8")  # too long to be kept
    assert await shelf.followers("slack", "T1") == {cards[0]: "F0", cards[1]: "F1"}
    await shelf.unfollowed(cards[0])
    assert await shelf.followers("slack", "T1") == {cards[1]: "F1"}
    assert await shelf.remote(key, "slack", "T1") == "F9"
