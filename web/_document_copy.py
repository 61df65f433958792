"""One reader's copy of a file: a PDF with their name across every page, anything else with it in the file's name.

A copy is made in a child process, two at a time, and waits sealed in the vault while it is sent, so that many readers
with slow lines cost little memory and nothing stands readable on the disk.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import quote

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

import reading
from handlers import _files
from reading import stamping
from storage.files import StoredFile
from storage.members import Member
from storage.vault import Broken, Vault

AT_ONCE = 2
"""Copies that are made at the same time: each takes a processor and twice the file's size."""
NAME_MAX, READER_MAX = 50, 40
"""Characters of a file's name, and of its reader's name in it."""


class NoCopy(Exception):
    """There is no copy now: the file cannot be read, or nothing could be written on it."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """Be a copy that can be sent: where it lies in the vault, how long it is, and whether it goes again after that."""

    blob: str
    size: int
    passing: bool


class Copies:
    """Make readers' copies from the vault."""

    def __init__(self, vault: Vault) -> None:
        self.vault = vault
        self._room = asyncio.Semaphore(AT_ONCE)

    async def prepare(self, file: StoredFile, member: Member, day: str) -> Prepared:
        """Make a copy of a file. Raise `NoCopy`; a PDF never goes out without its reader's name."""
        try:
            if file.kind != "pdf":
                await asyncio.to_thread(self._first, file.blob)
                return Prepared(file.blob, file.size, passing=False)
            async with self._room:
                return await asyncio.to_thread(self._stamped, file.blob, lines(member, day))
        except (Broken, stamping.NotStamped, OSError) as error:
            raise NoCopy(type(error).__name__) from None

    def _first(self, blob: str) -> None:
        """Find out whether a file can be read before its first byte is sent."""
        next(self.vault.pieces(blob))

    def _stamped(self, blob: str, across: tuple[str, str]) -> Prepared:
        made = stamping.stamp(self.vault.pieces(blob), across)
        return Prepared(self.vault.keep(made), len(made), passing=True)

    def forget(self, copy: Prepared) -> None:
        """Delete a copy that was made for one sending; it blocks."""
        if copy.passing:
            self.vault.remove(copy.blob)


class CopyResponse(StreamingResponse):
    """Send a copy piece by piece and delete it after that, however the sending ends."""

    def __init__(self, copies: Copies, copy: Prepared, name: str, kind: str) -> None:
        headers = {"Content-Length": str(copy.size), "Content-Disposition": disposition(name)}
        media = reading.MEDIA.get(kind, "application/octet-stream")
        super().__init__(_stream(copies.vault, copy.blob), headers=headers, media_type=media)
        self._copies, self._copy = copies, copy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            with suppress(OSError):
                self._copies.forget(self._copy)


async def _stream(vault: Vault, blob: str) -> AsyncIterator[bytes]:
    async for piece in vault.stream(blob):
        yield piece


def lines(member: Member, day: str) -> tuple[str, str]:
    """Give what stands across a copy: the reader's name and the day, or their code where the name cannot be drawn."""
    return f"{' '.join(member.name.split())[:80]} · {day}", f"{member.code} · {day}"


def name_of(file: StoredFile, member: Member) -> str:
    """Give the name a copy is saved under; one that carries no name within carries it there."""
    safe = _files.safe_name(file.name, file.kind)
    if file.kind == "pdf":
        return safe
    reader = _files.safe_name(member.name, "md").removesuffix(".md")[:READER_MAX].strip()
    bare = safe.removesuffix(f".{file.kind}")[:NAME_MAX]
    return _files.safe_name(f"{bare} ({reader or member.code}).{file.kind}", file.kind)


def disposition(name: str) -> str:
    """Write a Content-Disposition header that no name can break out of (RFC 6266, reliability S33)."""
    plain = "".join(each if each.isascii() and (each.isalnum() or each in " .-_()") else "_" for each in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
