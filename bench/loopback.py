"""A stand-in for both platforms that only answers, as fast as it can, in a process of its own.

`python -m bench.loopback` prints its address. It keeps nothing but how often each method was called (`GET /counts`).
"""

from __future__ import annotations

import asyncio
import json
import re
import signal
from collections import Counter
from typing import Any

from bench.town import BOT_ID, TEAM

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_ME = {"id": BOT_ID, "is_bot": True, "first_name": "Convenor", "username": "bench_bot"}
_EDITED = {
    "message_id": 1,
    "date": 1_790_000_000,
    "chat": {"id": 5_000_001, "type": "private", "first_name": "A"},
    "from": _ME,
    "text": "Thank you. You replied: yes.",
}


def _answers() -> dict[str, bytes]:
    telegram = {"getMe": _ME, "setWebhook": True, "answerCallbackQuery": True, "editMessageText": _EDITED}
    slack: dict[str, dict[str, Any]] = {
        "auth.test": {"team_id": TEAM, "team": "Bench", "user_id": "U0CONVENOR", "user": "convenor", "bot_id": "B1"},
        "chat.update": {"channel": "D1", "ts": "1.1", "text": "Thank you."},
        "response": {},
    }
    bodies = {name: {"ok": True, "result": result} for name, result in telegram.items()}
    bodies |= {name: {"ok": True, **more} for name, more in slack.items()}
    return {name: _response(body) for name, body in bodies.items()}


def _response(body: Any) -> bytes:
    raw = json.dumps(body).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(raw), raw)


ANSWERS = _answers()
COUNTS: Counter[str] = Counter()


class Answerer(asyncio.Protocol):
    """Answer the requests of one connection in turn."""

    def __init__(self) -> None:
        self._read = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._read += data
        while (end := self._read.find(b"\r\n\r\n")) >= 0:
            found = _LENGTH.search(self._read, 0, end)
            whole = end + 4 + (int(found[1]) if found else 0)
            if len(self._read) < whole:
                return
            path = bytes(self._read[: self._read.find(b"\r\n")]).split(b" ")[1].decode()
            del self._read[:whole]
            self._transport.write(self._answer(path.partition("?")[0].rsplit("/", 1)[-1]))

    def _answer(self, name: str) -> bytes:
        if name == "counts":
            return _response(COUNTS)
        COUNTS[name] += 1
        return ANSWERS.get(name) or b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


async def serve() -> None:
    """Serve until SIGTERM or SIGINT."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(each, stop.set)
    server = await loop.create_server(Answerer, "127.0.0.1", 0, backlog=1024)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await stop.wait()
    server.close()


if __name__ == "__main__":
    asyncio.run(serve())
