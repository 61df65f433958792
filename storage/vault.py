"""The vault: files and small texts that are readable only with the installation's keys (reliability §5.8, design §9).

A file is sealed with a key of its own in pieces of AES-GCM, so that any length is read and written with little memory
and nothing can be cut off, swapped or reordered; that key stands at the file's head, sealed by the newest key of the
installation. Small texts are sealed by Fernet. The folder is local; another place needs the same few methods.
"""

from __future__ import annotations

import asyncio
import os
import re
import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.fernet import InvalidToken, MultiFernet
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MAGIC = b"CNVF1\n"
PIECE = 256 * 1024
"""Bytes of content in one sealed piece."""
_TAG = 16
_BLOB = re.compile(r"[0-9a-f]{32}")


class Broken(Exception):
    """A file or text cannot be read: it is missing, damaged, or sealed with a key that is not here."""


class Vault:
    """Keep files in a folder under random names; all methods but `stream` block and belong into a thread."""

    def __init__(self, folder: Path, keys: MultiFernet) -> None:
        self._folder, self._keys = folder, keys

    def keep(self, content: bytes) -> str:
        """Seal a file and give its random name; it is whole on disk when this returns."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        blob, key = secrets.token_hex(16), AESGCM.generate_key(256)
        head = self._keys.encrypt(key)
        path = self._path(blob)
        path.parent.mkdir(exist_ok=True, mode=0o700)
        part = path.with_suffix(".part")
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(MAGIC + len(head).to_bytes(2, "big") + head)
            cipher, count = AESGCM(key), max(1, -(-len(content) // PIECE))
            for number in range(count):
                piece = content[number * PIECE : (number + 1) * PIECE]
                file.write(cipher.encrypt(_nonce(number), piece, _last(number + 1 == count)))
            file.flush()
            os.fsync(file.fileno())
        part.rename(path)
        return blob

    def pieces(self, blob: str) -> Iterator[bytes]:
        """Give the content piece by piece. Raise `Broken`."""
        try:
            with self._path(blob).open("rb") as file:
                cipher, number = AESGCM(self._key(file)), 0
                sealed = file.read(PIECE + _TAG)
                while True:
                    following = file.read(PIECE + _TAG)
                    yield cipher.decrypt(_nonce(number), sealed, _last(not following))
                    if not following:
                        return
                    sealed, number = following, number + 1
        except (OSError, InvalidTag, InvalidToken, ValueError) as error:
            raise Broken(type(error).__name__) from None

    def content(self, blob: str) -> bytes:
        """Give the whole content. Raise `Broken`."""
        return b"".join(self.pieces(blob))

    async def stream(self, blob: str) -> AsyncIterator[bytes]:
        """Give the content piece by piece without holding up the event loop. Raise `Broken`."""
        pieces = self.pieces(blob)
        while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
            yield piece

    def remove(self, blob: str) -> None:
        """Delete a file, also one half written; one that is not there is no fault."""
        path = self._path(blob)
        for each in (path, path.with_suffix(".part")):
            each.unlink(missing_ok=True)

    def blobs(self) -> list[tuple[str, float]]:
        """Give every file's name and age mark (seconds of real time since 1970), also of those half written."""
        found = []
        for path in self._folder.glob("??/*"):
            try:
                found.append((path.stem, path.stat().st_mtime))
            except OSError:
                continue
        return found

    def seal(self, text: str) -> str:
        """Seal a small text; "" stays "". Never log what it was."""
        return self._keys.encrypt(text.encode()).decode() if text else ""

    def unseal(self, sealed: str) -> str:
        """Read a sealed text. Raise `Broken`."""
        try:
            return self._keys.decrypt(sealed.encode()).decode() if sealed else ""
        except InvalidToken:
            raise Broken("InvalidToken") from None

    def _path(self, blob: str) -> Path:
        if not _BLOB.fullmatch(blob):
            raise Broken("name")
        return self._folder / blob[:2] / blob

    def _key(self, file: BinaryIO) -> bytes:
        if file.read(len(MAGIC)) != MAGIC:
            raise ValueError("no sealed file")
        return self._keys.decrypt(file.read(int.from_bytes(file.read(2), "big")))


def _nonce(number: int) -> bytes:
    """Count: a key seals one file once, so the pieces' numbers never come twice under it."""
    return number.to_bytes(12, "big")


def _last(end: bool) -> bytes:
    """Mark the last piece, so that a file cut off at a border of pieces is not taken for a whole one."""
    return b"last" if end else b"more"
