"""The parameters of a Bot API call: query string, form, multipart or JSON, nested objects also as JSON text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from aiohttp import BodyPartReader, MultipartReader, hdrs, web

from sandbox.telegram.errors import Refused, bad

BODY_MAX = 60 * 2**20
"""Bytes of a form: Telegram takes files of 50 MB."""


@dataclass(frozen=True, slots=True)
class Upload:
    """Be a file that came with the call."""

    name: str
    kind: str
    content: bytes


@dataclass(slots=True)
class Params:
    """Read parameters by type; raise `Refused` (400) naming the one that is wrong."""

    given: dict[str, Any] = field(default_factory=dict)
    files: dict[str, Upload] = field(default_factory=dict)
    noted: dict[str, Any] = field(default_factory=dict)
    """What the ledger shall know beside the parameters."""

    @classmethod
    async def of(cls, request: web.Request) -> Params:
        """Read a request; raise `Refused` (400, 413) if its body cannot be read."""
        params = cls(dict(request.query))
        if request.method != "POST" or not request.can_read_body:
            return params
        try:
            if request.content_type == "application/json":
                body = json.loads(await request.read())
                if not isinstance(body, dict):
                    raise bad("can't parse JSON object")
                params.given.update(body)
                return params
            if request.content_type.startswith("multipart/"):
                await params._read_parts(await request.multipart())
                return params
            for name, value in (await request.post()).items():
                assert isinstance(value, str)
                params.given[name] = value
        except web.HTTPRequestEntityTooLarge:
            raise Refused(413, "Request Entity Too Large") from None
        except (ValueError, RecursionError):
            raise bad("can't parse the body of the request") from None
        return params

    async def _read_parts(self, parts: MultipartReader) -> None:
        """Read a form with files; raise `Refused` (413) when it is too large, `ValueError` when it is cut off."""
        left = BODY_MAX
        async for part in parts:
            if not isinstance(part, BodyPartReader) or not part.name:
                raise ValueError("a part without a name")
            content = bytearray()
            while chunk := await part.read_chunk(65_536):
                content += chunk
                if len(content) > left:
                    raise Refused(413, "Request Entity Too Large")
            left -= len(content)
            if part.filename is None:
                self.given[part.name] = content.decode()
            else:
                kind = part.headers.get(hdrs.CONTENT_TYPE, "application/octet-stream")
                self.files[part.name] = Upload(part.filename, kind, bytes(content))

    def text(self, name: str, default: str = "") -> str:
        """Give a text."""
        value = self.given.get(name)
        if value is None:
            return default
        if isinstance(value, bool | dict | list):
            raise bad(f'parameter "{name}" must be a String')
        text = str(value)
        if not text.isascii():
            try:
                text.encode()
            except UnicodeEncodeError:
                raise bad("strings must be encoded in UTF-8") from None
        return text

    def number(self, name: str, default: int | None = None) -> int:
        """Give a whole number; without a default it must be there."""
        value = self.given.get(name)
        if value is None or value == "":
            if default is None:
                raise bad(f'parameter "{name}" is required')
            return default
        try:
            if isinstance(value, bool | float | dict | list):
                raise ValueError(name)
            return int(value)
        except ValueError:
            raise bad(f'parameter "{name}" must be an Integer') from None

    def flag(self, name: str) -> bool:
        """Give a truth value; absent is false."""
        value = self.given.get(name)
        if isinstance(value, bool) or value is None:
            return bool(value)
        if str(value).lower() in {"true", "1", "yes", "t", "y"}:
            return True
        if str(value).lower() in {"false", "0", "no", "f", "n", ""}:
            return False
        raise bad(f'parameter "{name}" must be a Boolean')

    def nested(self, name: str) -> Any:
        """Give an object or array, decoded; `None` if absent."""
        value = self.given.get(name)
        if not isinstance(value, str):
            return value
        if not value:
            return None
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            raise bad(f"can't parse {name} JSON object") from None

    def object(self, name: str) -> Mapping[str, Any] | None:
        """Give an object, decoded; `None` if absent."""
        value = self.nested(name)
        if value is not None and not isinstance(value, dict):
            raise bad(f"object expected as {name.replace('_', ' ')}")
        return value

    def array(self, name: str) -> list[Any] | None:
        """Give an array, decoded; `None` if absent."""
        value = self.nested(name)
        if value is not None and not isinstance(value, list):
            raise bad(f"array expected as {name.replace('_', ' ')}")
        return value

    def ledger(self) -> dict[str, Any]:
        """Give everything as the ledger keeps it: objects decoded, files as name, type and size."""
        body: dict[str, Any] = {}
        for name, value in self.given.items():
            if isinstance(value, str) and value[:1] in {"{", "["} and name not in {"text", "caption"}:
                with suppress(ValueError, RecursionError):
                    value = json.loads(value)
            body[name] = value
        for name, file in self.files.items():
            body[name] = {"file_name": file.name, "mime_type": file.kind, "file_size": len(file.content)}
        return body | self.noted
