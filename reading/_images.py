"""PNG and JPEG: the frame of the file is walked to its end, the picture itself is never unpacked."""

from __future__ import annotations

import re
import struct
import zlib

from reading._file import Kind, Read, Refused

SIDE_MAX = 12_000
DOTS_MAX = 40_000_000
"""Dots of a picture: unpacking more costs its readers' phones too much."""
_PNG = b"\x89PNG\r\n\x1a\n"
_TEXTS = (b"tEXt", b"zTXt", b"iTXt")
_MARKUP = re.compile(rb"<\s*(?:script|html|svg|iframe|body|img|!doctype|\?php|\?=)|javascript:", re.IGNORECASE)
_PREVIEWS_MAX = 8
_SIZES = frozenset({0xC0, 0xC1, 0xC2})
"""Baseline, extended and progressive: what browsers and phones show."""


def kind(content: bytes) -> Kind | None:
    """Tell a picture by its first bytes."""
    if content.startswith(_PNG):
        return "png"
    return "jpg" if content.startswith(b"\xff\xd8\xff") else None


def read(content: bytes, of: Kind) -> Read:
    """Read a picture: its size, and that nothing else is in the file. Raise `Refused`."""
    width, height = _png(content) if of == "png" else _jpeg(content)
    if not width or not height:
        raise Refused("broken")
    if width > SIDE_MAX or height > SIDE_MAX or width * height > DOTS_MAX:
        raise Refused("large")
    return Read(of)


def _png(content: bytes) -> tuple[int, int]:
    seen: set[bytes] = set()
    at, size = len(_PNG), (0, 0)
    while True:
        if at + 12 > len(content):
            raise Refused("broken")
        (length,) = struct.unpack_from(">I", content, at)
        name, body = content[at + 4 : at + 8], content[at + 8 : at + 8 + length]
        end = at + 12 + length
        if end > len(content) or not name.isalpha() or not name.isascii():
            raise Refused("broken")
        if zlib.crc32(name + body) != struct.unpack_from(">I", content, end - 4)[0]:
            raise Refused("broken")
        if not seen and (name != b"IHDR" or length != 13):
            raise Refused("broken")
        if name == b"IHDR":
            size = struct.unpack_from(">II", body)
        elif name in _TEXTS and _MARKUP.search(_unpacked(name, body)):
            raise Refused("polyglot")
        seen.add(name)
        at = end
        if name == b"IEND":
            break
    if at != len(content):
        raise Refused("polyglot")
    if b"IDAT" not in seen:
        raise Refused("broken")
    return size


def _unpacked(name: bytes, body: bytes) -> bytes:
    """Give the words of a text chunk; one that is packed is looked into, up to 100 kB."""
    if name == b"tEXt":
        return body
    packed = body.find(b"x")  # zlib streams begin with 0x78
    if packed < 0:
        return body
    try:
        return body + zlib.decompressobj().decompress(body[packed:], 100_000)
    except zlib.error:
        return body


def _jpeg(content: bytes) -> tuple[int, int]:
    """Walk the picture and those that phones put behind it (previews); nothing else may follow."""
    size, at = _one_jpeg(content, 0)
    for _ in range(_PREVIEWS_MAX):
        while at < len(content) and content[at] in b"\0\r\n ":
            at += 1
        if at == len(content):
            return size
        if content[at : at + 3] != b"\xff\xd8\xff":
            break
        _, at = _one_jpeg(content, at)
    raise Refused("polyglot")


def _one_jpeg(content: bytes, start: int) -> tuple[tuple[int, int], int]:
    """Give the size of the picture that begins there, and where it ends."""
    at, size = start + 2, (0, 0)
    while True:
        if at + 1 >= len(content) or content[at] != 0xFF:
            raise Refused("broken")
        marker = content[at + 1]
        if marker == 0xFF:  # filling
            at += 1
            continue
        if marker == 0xD9:
            return size, at + 2
        if at + 4 > len(content):
            raise Refused("broken")
        (length,) = struct.unpack_from(">H", content, at + 2)
        body = content[at + 4 : at + 2 + length]
        if length < 2 or at + 2 + length > len(content):
            raise Refused("broken")
        if marker in _SIZES:
            if len(body) < 6:
                raise Refused("broken")
            height, width = struct.unpack_from(">HH", body, 1)
            size = (width, height)
        elif (0xE0 <= marker <= 0xEF or marker == 0xFE) and _MARKUP.search(body):
            raise Refused("polyglot")
        at += 2 + length
        if marker == 0xDA:
            at = _scan(content, at)


def _scan(content: bytes, at: int) -> int:
    """Give where the next marker stands after packed dots."""
    while True:
        at = content.find(b"\xff", at)
        if at < 0 or at + 1 >= len(content):
            raise Refused("broken")
        if content[at + 1] == 0 or 0xD0 <= content[at + 1] <= 0xD7:
            at += 2
            continue
        return at
