"""A form with one file in it, streamed: of a file of any size only a piece is in memory."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import AsyncIterator
from typing import Any

from chat.errors import PlatformError, Rejected

_MEDIA = re.compile(r"[\w.+-]+/[\w.+-]+(?:; ?charset=[\w-]+)?")


class Multipart:
    """Be the body of one request: `fields`, nested ones as JSON, then the file under `part` with `size` bytes.

    `name` is a safe file name. What goes wrong with the pieces on the way is kept in `broken`: such a request is cut
    off before its end, so nobody can have carried it out.
    """

    def __init__(
        self, fields: dict[str, Any], part: str, name: str, media: str, size: int, pieces: AsyncIterator[bytes]
    ) -> None:
        boundary = secrets.token_hex(16)
        head = "".join(
            f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{_text(value)}\r\n'
            for key, value in fields.items()
        )
        kind = media if _MEDIA.fullmatch(media) else "application/octet-stream"
        # Telegram reads `filename="…"` in UTF-8, not RFC 5987.
        head += f'--{boundary}\r\nContent-Disposition: form-data; name="{part}"; filename="{name}"\r\n'
        self._head = f"{head}Content-Type: {kind}\r\n\r\n".encode()
        self._tail = f"\r\n--{boundary}--\r\n".encode()
        self._size, self._pieces, self._first = size, pieces, b""
        self.headers = {
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "Content-Length": str(len(self._head) + size + len(self._tail)),
        }
        self.broken: PlatformError | None = None

    async def begin(self) -> None:
        """Get the first piece, before anything is sent. Raise `Rejected` when there is none."""
        self._first = await anext(self._pieces, b"")

    async def body(self) -> AsyncIterator[bytes]:
        """Give the bytes of the request; an end before `size` bytes breaks it off."""
        left = self._size
        try:
            yield self._head
            piece = self._first
            while piece:
                left -= len(piece)
                if left < 0:
                    break
                yield piece
                piece = await anext(self._pieces, b"")
            if left:
                raise Rejected("file_size")
        except PlatformError as error:
            self.broken = error
            raise
        yield self._tail


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
