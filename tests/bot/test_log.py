from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator

import pytest
import structlog

from bot.log import Redact, close, learn, set_up

TOKEN = "7000000001:AAFakeTokenForATestOnly_0123456789abc"


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[[], str]]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield lambda: capsys.readouterr().err
    root.handlers[:] = before
    root.setLevel(level)
    structlog.reset_defaults()


def test_a_token_never_reaches_a_log_whoever_logs_it(lines: Callable[[], str]) -> None:
    set_up("DEBUG", "json", ["a-signing-secret"])
    logging.getLogger("some.library").info("GET https://api.telegram.org/bot%s/getMe", TOKEN)
    structlog.get_logger("ours").info("sent", url=f"https://x/bot{TOKEN}/y", secret="a-signing-secret")
    try:
        raise RuntimeError(f"failed with xoxb-123-abc and {TOKEN}")
    except RuntimeError:
        logging.getLogger("some.library").exception("trouble")
        structlog.get_logger("ours").exception("trouble")
    text = lines()
    assert "AAFakeToken" not in text
    assert "xoxb-123" not in text
    assert "a-signing-secret" not in text
    assert text.count("[secret]") >= 4


def test_our_own_events_are_one_json_object_a_line(lines: Callable[[], str]) -> None:
    set_up("INFO", "json")
    structlog.get_logger("ours").info("press_saved", meeting="8f3k2a9q1c", n=3)
    event = json.loads(lines())
    assert (event["event"], event["meeting"], event["n"], event["level"]) == ("press_saved", "8f3k2a9q1c", 3, "info")


def test_a_database_password_in_an_address_is_hidden() -> None:
    assert Redact().clean("postgresql://convenor:hunter2@db/x") == "postgresql://[secret]@db/x"


def test_libraries_that_log_bodies_are_held_at_warning(lines: Callable[[], str]) -> None:
    set_up("DEBUG", "console")
    assert all(
        logging.getLogger(name).getEffectiveLevel() >= logging.WARNING for name in ("httpx", "slack_bolt", "slack_sdk")
    )


def test_secrets_learned_later_are_hidden_too(lines: Callable[[], str]) -> None:
    set_up("INFO", "json", ["the-first-secret"])
    learn(["north-signing-secret", "x"])
    structlog.get_logger("ours").info("odd", first="the-first-secret", second="north-signing-secret", third="x")
    assert json.loads(lines())["second"] == "[secret]"


def test_a_stream_that_takes_nothing_loses_lines_and_raises_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(io.StringIO):
        def write(self, _text: str) -> int:
            raise OSError(28, "No space left on device")

    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    try:
        for stream in (Full(), None):
            monkeypatch.setattr("sys.stderr", stream)
            set_up("INFO", "console")
            structlog.get_logger("ours").warning("lost")
            logging.getLogger("some.library").error("lost", exc_info=ValueError("x"))
            close()
    finally:
        root.handlers[:], root.level = before, level
        structlog.reset_defaults()
