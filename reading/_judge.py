"""What a file is, by its content; runs in the child."""

from __future__ import annotations

import io
import zipfile

from reading import _docx, _images, _plain
from reading._file import LIMIT, Read, Refused

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_LOCKED = "EncryptedPackage".encode("utf-16-le")
"""A stream of an office file that is sealed with a password."""
_HEAD = 1024
"""Readers of PDF look for its beginning in so many bytes."""
_SNIFFED = (b"<html", b"<!doctype", b"<script", b"<?php", b"<svg", b"<iframe", b"mime-version:")


def judge(content: bytes, ending: str = "") -> Read:
    """Read a file of any content. Raise `Refused`, or whatever a library makes of a broken one."""
    if not content.strip(b"\0 \t\r\n\xef\xbb\xbf"):
        raise Refused("empty")
    if len(content) > LIMIT:
        raise Refused("large")
    if content.startswith(_OLE):
        raise Refused("locked" if _LOCKED in content else "kind")
    pdf = content.startswith(b"%PDF-")
    packed = content.startswith(b"PK\x03\x04")
    if not pdf and b"%PDF-" in content[:_HEAD]:
        raise Refused("polyglot")
    if not packed and zipfile.is_zipfile(io.BytesIO(content)):
        raise Refused("polyglot")
    picture = _images.kind(content)
    if pdf or packed or picture:
        head = content[:_HEAD].lower()
        if any(each in head for each in _SNIFFED):
            raise Refused("polyglot")
    if pdf:
        from reading import _pdf  # its library takes longest to load

        return _pdf.read(content)
    if packed:
        return _docx.read(content)
    if picture:
        return _images.read(content, picture)
    return _plain.read(content, ending)
