"""The child that reads: without our secrets, bounded in memory and time; whatever becomes of it, we go on."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
import zlib
from typing import Any

import pytest

import reading
from reading import _parent
from tests.reading.making import page_pdf, plain_pdf, stream

PYTHON = [sys.executable, "-c"]
FONT = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
TEXT = "/Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >>"


@pytest.fixture
def instead(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let the child be another program; give what it was started with."""
    seen: dict[str, Any] = {}
    real = subprocess.Popen

    def put(program: str) -> dict[str, Any]:
        def start(command: list[str], **how: Any) -> Any:
            seen.update(how, command=command)
            return real([*PYTHON, program], **how)

        monkeypatch.setattr(_parent.subprocess, "Popen", start)
        return seen

    return put


def why(content: bytes = b"Words.", **how: Any) -> str:
    with pytest.raises(reading.Refused) as found:
        reading.read(content, "a.md", **how)
    return found.value.why


def test_it_gets_none_of_our_secrets(monkeypatch: pytest.MonkeyPatch, instead: Any) -> None:
    for name in ("TELEGRAM_BOT_TOKEN", "DATABASE_URL", "SECRET_KEY_FILE", "PYTHONPATH", "HOME"):
        monkeypatch.setenv(name, "CANARY")
    seen = instead("")
    assert why() == "broken"
    assert "CANARY" not in str(seen["env"])
    assert set(seen["env"]) <= {"PATH", "LD_LIBRARY_PATH", "SYSTEMROOT"}
    assert "Words" not in str(seen["command"])


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        ("import os; os.abort()", "broken"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "broken"),
        ("print('no json')", "broken"),
        ("print('[]')", "broken"),
        ("print('[' * 100000)", "broken"),
        ('print(\'{"why": "sudo"}\')', "broken"),
        ('print(\'{"why": "locked"}\')', "locked"),
        ('print(\'{"kind": "exe", "pages": 1, "text": [], "words": 0}\')', "broken"),
        ('print(\'{"kind": "pdf", "pages": -1, "text": [1], "words": "x"}\')', "broken"),
        ("import sys\nwhile True: sys.stdout.write('x' * 100000)", "bomb"),
    ],
)
def test_whatever_it_says_is_judged(instead: Any, program: str, expected: str) -> None:
    instead(program)
    assert why(b"x" * 5_000_000) == expected


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        ("import time; time.sleep(60)", "slow"),
        ("while True: pass", "slow"),
        ("import os; os.close(1)\nwhile True: pass", "broken or slow"),
    ],
)
def test_it_ends_in_time_and_leaves_nothing_behind(instead: Any, program: str, expected: str) -> None:
    instead(program)
    before, started = threading.active_count(), time.monotonic()
    assert why(b"x" * 5_000_000, seconds=0.7) in expected
    assert time.monotonic() - started < 5
    assert threading.active_count() == before


@pytest.mark.skipif(sys.platform != "linux", reason="limits of memory are those of Linux")
@pytest.mark.parametrize(
    ("program", "expected"),
    [
        ("x = bytearray(2**30)", "MemoryError"),
        ("open('/tmp/convenor-child', 'w').write('x' * 100000)", "OSError"),
    ],
)
def test_its_limits_hold(program: str, expected: str) -> None:
    tried = f"try:\n    {program}\nexcept BaseException as error:\n    print(type(error).__name__)"
    whole = f"from reading.__main__ import limit\nlimit()\n{tried}"
    done = subprocess.run([*PYTHON, whole], cwd=_parent._ROOT, capture_output=True, text=True, timeout=20, check=False)
    assert (done.stdout.strip() or f"signal {-done.returncode}") in (expected, "signal 25")


def test_a_page_that_takes_for_ever_is_given_up() -> None:
    packed = zlib.compress(b"q 1 0 0 1 0 0 cm BT /F1 12 Tf (x) Tj ET Q\n" * 700_000)
    assert len(packed) < 200_000
    content = page_pdf(stream(packed, "/Filter /FlateDecode"), FONT, page=TEXT)
    started = time.monotonic()
    assert why(content) in ("slow", "bomb")
    assert time.monotonic() - started < 9.5


def test_bytes_that_unpack_to_gigabytes_are_not_unpacked() -> None:
    packed = zlib.compress(zlib.compress(bytes(300_000_000)))
    content = page_pdf(stream(packed, "/Filter [/FlateDecode /FlateDecode]"), FONT, page=TEXT)
    assert why(content) == "bomb"


def test_many_at_once_do_not_disturb_each_other() -> None:
    found: list[Any] = []
    threads = [
        threading.Thread(target=lambda: found.append(reading.read(plain_pdf(), "a.pdf").pages)) for _ in range(3)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert found == [2, 2, 2]
