"""The tables of `convenor deliveries`: what is of unknown fate, and who cannot be reached."""

from __future__ import annotations

from io import StringIO
from typing import Any

from rich.console import Console

from bot.commands import deliveries_table
from storage.deliveries import DELIVERY_STATES


def shown(deliveries: dict[str, Any]) -> str:
    written = StringIO()
    Console(file=written, width=120).print(*deliveries_table(deliveries), sep="\n\n")
    return written.getvalue()


def test_nothing_sent_is_one_sentence() -> None:
    assert shown({"campaigns": [], "unknown": [], "unreachable": []}).strip() == "Nothing was sent yet."


def test_a_stopped_send_its_unknown_messages_and_the_unreachable_are_shown() -> None:
    states = dict.fromkeys(DELIVERY_STATES, 0)
    about = {"kind": "invitation", "subject": "M6"}
    text = shown(
        {
            "campaigns": [
                about | {"state": "stopped", "audience": 9, "slack": states | {"sent": 3, "queued": 5},
                         "telegram": states | {"unknown": 1}}
            ],
            "unknown": [
                about | {"member": "m15", "channel": None, "platform": "telegram", "reason": "cut", "left": False},
                about | {"member": None, "channel": "C1", "platform": "slack", "reason": "crash", "left": True},
            ],
            "unreachable": [{"member": "m01", "platform": "slack", "reason": "blocked"}],
        }
    )  # fmt: skip
    rows = [" ".join(line.split()) for line in text.splitlines()]
    assert "kind about to platform waiting sent unknown failed is" in rows
    assert "invitation M6 9 slack 5 3 0 0 stopped" in rows
    assert "invitation M6 9 telegram 0 0 1 0 stopped" in rows
    assert "invitation M6 m15 telegram cut –" in rows
    assert "invitation M6 C1 slack crash left so" in rows
    assert "m01 slack blocked" in rows
