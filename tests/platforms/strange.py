"""Answers of any shape: what proxies, broken servers and future versions may send instead of what is documented."""

from __future__ import annotations

import json
from typing import Any

JSON = "application/json"
Shape = tuple[int, bytes, dict[str, str]]


def of(status: int, body: Any, kind: str = JSON, **headers: str) -> Shape:
    """Make a shape; what is no bytes becomes JSON."""
    payload = body if isinstance(body, bytes) else json.dumps(body).encode()
    return status, payload, {"Content-Type": kind, **{name.replace("_", "-"): value for name, value in headers.items()}}


GARBAGE: dict[str, Shape] = {
    "html": of(200, b"<html>all is well</html>", "text/html"),
    "html called json": of(200, b"<html>all is well</html>"),
    "truncated": of(200, b'{"ok": true, "result": {"message_id": 1'),
    "a list": of(200, [1, 2]),
    "a text": of(200, "ok"),
    "null": of(200, None),
    "a number": of(200, 7),
    "true": of(200, True),
    "too deep": of(200, b"[" * 100_000),
    "no UTF-8": of(200, b"\xff\xfe{}\x80"),
    "UTF-16": of(200, "<ok>".encode("utf-16"), "application/json; charset=utf-16"),
    "an unknown character set": of(200, b"<ok>", "text/plain; charset=klingon"),
    "no text encoding": of(200, b"<ok>", "text/plain; charset=rot13"),
    "empty": of(200, b"", "text/plain"),
    "no content": (204, b"", {}),
    "an object of nothing": of(200, {}),
    "ok missing": of(200, {"result": {"message_id": 5}, "ts": "1.2", "channel": "D1"}),
    "ok a text": of(200, {"ok": "true", "result": {"message_id": 5}, "ts": "1.2", "channel": "D1"}),
    "ok false, no reason": of(200, {"ok": False}),
    "ok false, reason a number": of(200, {"ok": False, "error": 5, "description": 5, "error_code": "x"}),
    "ok false, reason an object": of(200, {"ok": False, "error": {"code": "x"}, "description": []}),
    "not gzip": of(200, b'{"ok": true}', Content_Encoding="gzip"),
    "very long": of(200, b'{"ok": true, "result": "' + b"x" * 3_000_000),
}
"""Nobody can tell from these whether the request was carried out."""

REFUSED: dict[str, Shape] = {
    f"{each} {name}": of(each, body, kind)
    for each in (300, 301, 302, 303, 304, 307, 308, 400, 401, 402, 403, 404, 405, 407, 409, 410, 418, 451, 499)
    for name, body, kind in (("empty", b"", "text/plain"), ("a page", b"<h1>nginx</h1>", "text/html"), ("[]", [], JSON))
}
"""Redirections, which are never followed, and refusals that are not the platform's own words.

They come from something in between, so they are no verdict about token or recipient.
"""

BROKEN: dict[str, Shape] = {
    f"{each} {name}": of(each, body, kind)
    for each in (500, 502, 503, 504, 520, 599)
    for name, body, kind in (
        ("empty", b"", "text/plain"),
        ("an object", {"ok": False}, JSON),
        ("ok", {"ok": True}, JSON),
    )
}
"""Trouble of the server, after which nobody knows."""

WAITS: tuple[tuple[Any, float], ...] = (
    (None, 0), (0, 1), (-5, 1), (7, 7), (1.5, 1.5), ("7", 7), ("soon", 0), ("²", 0), (True, 1), ([], 0), ({}, 0),
    (86_400, 86_400), (10**30, 86_400), (float("nan"), 0), (float("inf"), 0), ("1e400", 0),
)  # fmt: skip
"""What a platform may ask us to wait, and what we make of it; 0 = what we wait without a number."""
