"""The shelf: files that go with messages, from database and vault, and what the platforms call them."""

from __future__ import annotations

from collections.abc import AsyncIterator

from sqlalchemy import delete, select

from chat.errors import Rejected
from chat.people import MessageRef
from storage import files
from storage.database import Database
from storage.files import PlatformFile
from storage.sharing import add_once
from storage.vault import Broken, Vault

WHERE_MAX = 64


class FileShelf:
    """Be the `Shelf` of the running bot; without a vault there are no files."""

    def __init__(self, database: Database, vault: Vault | None) -> None:
        self._database, self._vault = database, vault

    async def stream(self, file: str) -> AsyncIterator[bytes]:
        """Give the content of a file by our key. Raise `Rejected` if it is not to be had."""
        if self._vault is None:
            raise Rejected("no_vault")
        async with self._database.read() as db:
            stored = await files.by_key(db, file)
        if stored is None:
            raise Rejected("file_gone")
        try:
            async for piece in self._vault.stream(stored.blob):
                yield piece
        except Broken:
            raise Rejected("file_broken") from None

    async def remote(self, file: str, platform: str, workspace: str) -> str:
        """Give what that bot or workspace calls the file, "" if it is not there or not known."""
        asked = select(PlatformFile.remote).join(files.StoredFile, files.StoredFile.id == PlatformFile.file_id)
        asked = asked.where(
            files.StoredFile.key == file, PlatformFile.platform == platform, PlatformFile.workspace == workspace
        )
        async with self._database.read() as db:
            return await db.scalar(asked) or ""

    async def uploaded(self, file: str, platform: str, workspace: str, remote: str) -> None:
        """Remember what that bot or workspace calls the file; "" forgets it. A file that is gone is nothing."""
        async with self._database.read() as db:
            stored = await files.by_key(db, file)
        if stored is None or len(workspace) > WHERE_MAX:
            return
        there = {"file_id": stored.id, "platform": platform, "workspace": workspace}
        async with self._database.write(stored.community_id) as db:
            await db.execute(delete(PlatformFile).filter_by(**there))
            if remote:
                row = {**there, "remote": remote[:200], "community_id": stored.community_id}
                await add_once(db, PlatformFile, row)

    async def followed(self, file: str, card: MessageRef, remote: str) -> None:
        """Remember what the platform calls the file that it shows behind a card."""
        await self.uploaded(file, card.platform, _where(card), remote)

    async def unfollowed(self, card: MessageRef) -> None:
        """Forget the file behind a card."""
        async with self._database.write() as db:
            await db.execute(delete(PlatformFile).filter_by(platform=card.platform, workspace=_where(card)))

    async def followers(self, platform: str, workspace: str) -> dict[MessageRef, str]:
        """Give what the files behind cards are called, of one bot or workspace."""
        asked = select(PlatformFile.workspace, PlatformFile.remote).where(
            PlatformFile.platform == platform, PlatformFile.workspace.startswith(f"{workspace} ", autoescape=True)
        )
        async with self._database.read() as db:
            rows = [(where.split(" "), remote) for where, remote in await db.execute(asked)]
        return {
            MessageRef(platform, workspace, where[1], where[2]): remote for where, remote in rows if len(where) == 3
        }


def _where(card: MessageRef) -> str:
    """Name a card where else a bot or workspace is named: a file has one place there, behind a card as many."""
    return f"{card.workspace} {card.chat} {card.message}"
