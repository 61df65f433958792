"""The side of the bot: it starts the child, gives it the bytes, and believes little of what it says."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, cast

from reading._file import ENDINGS, LIMIT, REASONS, Kind, Read, Refused, Why

SECONDS = 8.0
"""Longest time one file may take, of the wall clock."""
ANSWER_MAX = 16_000_000
"""Bytes of the child's answer that are looked at."""
_ROOT = Path(__file__).resolve().parent.parent
_KEPT = ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT")
"""All the child gets of our environment: no token, no key, no address of a database."""


def read(content: bytes, name: str = "", *, seconds: float = SECONDS) -> Read:
    """Read a file; it blocks and belongs into a thread. Raise `Refused`.

    `name` is what its giver calls it: a name never makes a file what it is not, but it may say that a text is no
    document of ours (`page.html`, `list.csv`). At most `seconds` of the wall clock.
    """
    if not content:
        raise Refused("empty")
    if len(content) > LIMIT:
        raise Refused("large")
    late = threading.Event()
    with _child(name) as child:

        def end() -> None:
            late.set()
            child.kill()

        timer = threading.Timer(seconds, end)
        feeding = threading.Thread(target=_feed, args=(child.stdin, content), daemon=True)
        timer.start()
        feeding.start()
        try:
            assert child.stdout is not None
            answer = child.stdout.read(ANSWER_MAX + 1)
        finally:
            if late.is_set() or not _ended(child):
                child.kill()
            child.wait()
            timer.cancel()
            timer.join()
            feeding.join()
    return _believe(answer, late=late.is_set(), code=child.returncode)


def _child(name: str) -> subprocess.Popen[bytes]:
    given = {each: os.environ[each] for each in _KEPT if each in os.environ}
    ending = "".join(each for each in name.rpartition(".")[2][:12] if each.isascii() and each.isalnum())
    return subprocess.Popen(  # noqa: S603 - our own interpreter and module, the name's ending cut to letters and digits
        [sys.executable, "-B", "-E", "-s", "-X", "utf8", "-m", "reading", ending or "-"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        cwd=_ROOT, env=given, close_fds=True, start_new_session=True,
    )  # fmt: skip


def _feed(pipe: IO[bytes] | None, content: bytes) -> None:
    assert pipe is not None
    with contextlib.suppress(OSError):  # the child has seen enough, or is gone
        pipe.write(content)
    with contextlib.suppress(OSError):
        pipe.close()


def _ended(child: subprocess.Popen[bytes]) -> bool:
    try:
        child.wait(0.5)
    except subprocess.TimeoutExpired:
        return False
    return True


def _believe(answer: bytes, *, late: bool, code: int) -> Read:
    """Check every member of the child's answer: something hostile may have taken it over. Raise `Refused`."""
    if late:
        raise Refused("slow")
    if len(answer) > ANSWER_MAX:
        raise Refused("bomb")
    if not answer:
        # Ended by its own limits, or by a fault of a library: no answer is a refusal as well.
        raise Refused("slow" if code == -getattr(signal, "SIGXCPU", 0) and code else "broken")
    try:
        found = json.loads(answer)
    except (ValueError, RecursionError):
        raise Refused("broken") from None
    if not isinstance(found, dict):
        raise Refused("broken")
    why = found.get("why")
    if isinstance(why, str):
        raise Refused(cast(Why, why) if why in REASONS else "broken")
    kind, pages, text, words = found.get("kind"), found.get("pages"), found.get("text"), found.get("words")
    good = (
        kind in ENDINGS
        and (pages is None or (type(pages) is int and 0 < pages <= 1_000_000))
        and isinstance(text, list)
        and all(isinstance(each, str) for each in text)
        and type(words) is int
        and words >= 0
    )
    if not good:
        raise Refused("broken")
    assert isinstance(text, list)
    assert isinstance(words, int)
    return Read(cast(Kind, kind), pages, tuple(text), words)
