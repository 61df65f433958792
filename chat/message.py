"""A message and its buttons, with the strictest platform's limits checked when they are made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from chat.text import Phrase, Text

LABEL_MAX = 24
"""Characters of a button label in every language (conversation §4.4); a test renders all of them."""
DATA_MAX = 64
"""Bytes of a button's data (Telegram `callback_data`, platforms §2.3)."""
URL_MAX = 2048
ROW_MAX = 8
BUTTONS_MAX = 60
"""Telegram takes 100 (platforms §2.3); Slack 25 a row, each row being a block of its own (§3.2)."""
LINES_MAX = 40

Style = Literal["default", "primary", "danger"]


@dataclass(frozen=True, slots=True)
class Press:
    """Be the meaning of a button: `verb:key:rev:arg`, always four fields; `rev` and `arg` may be empty (design §9)."""

    verb: str
    key: str = ""
    rev: str = ""
    arg: str = ""

    def __str__(self) -> str:
        return f"{self.verb}:{self.key}:{self.rev}:{self.arg}"

    @classmethod
    def parse(cls, data: str) -> Press | None:
        """Read button data; anything a client made up that is not four ASCII fields gives `None`."""
        parts = data.split(":")
        if len(parts) != 4 or not data.isascii() or len(data) > DATA_MAX or not parts[0]:
            return None
        return cls(*parts)


@dataclass(frozen=True, slots=True)
class Button:
    """Be a button that comes back to us as a `Click` with its `press`."""

    label: Text
    press: Press
    style: Style = "default"

    def __post_init__(self) -> None:
        data = str(self.press)
        if Press.parse(data) is None:
            raise ValueError(f"button data must be four ASCII fields of at most {DATA_MAX} bytes: {data!r}")

    @property
    def data(self) -> str:
        """Give the string the platform carries."""
        return str(self.press)


@dataclass(frozen=True, slots=True)
class LinkButton:
    """Be a button that opens an https page."""

    label: Text
    url: str
    style: Style = "default"

    def __post_init__(self) -> None:
        if not self.url.startswith(("https://", "http://127.0.0.1", "http://localhost")) or len(self.url) > URL_MAX:
            raise ValueError("a link button opens an https address of at most 2048 characters")


AnyButton: TypeAlias = Button | LinkButton
Row: TypeAlias = tuple[AnyButton, ...]


@dataclass(frozen=True, slots=True)
class Attachment:
    """Be a file that goes with a message: its key in our storage, the name readers see, bytes, MIME type."""

    file: str
    name: str
    size: int
    media: str = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Message:
    """Be what we say: lines, fine print and rows of buttons, in the order of conversation §4.1.

    `silent` asks for no sound, `protect` forbids forwarding where the platform can. With a `file` the words are its
    caption on Telegram (at most 1,024 characters); on Slack the file follows the message.
    """

    lines: tuple[Text, ...]
    rows: tuple[Row, ...] = ()
    fine: tuple[Text, ...] = ()
    silent: bool = False
    protect: bool = False
    file: Attachment | None = None

    def __post_init__(self) -> None:
        if not self.lines or len(self.lines) > LINES_MAX:
            raise ValueError(f"a message has 1 to {LINES_MAX} lines")
        if any(len(row) > ROW_MAX or not row for row in self.rows):
            raise ValueError(f"a row has 1 to {ROW_MAX} buttons")
        buttons = [button for row in self.rows for button in row]
        if len(buttons) > BUTTONS_MAX:
            raise ValueError(f"a message has at most {BUTTONS_MAX} buttons")
        presses = [button.data for button in buttons if isinstance(button, Button)]
        if len(presses) != len(set(presses)):
            raise ValueError("two buttons of one message mean the same")


def row(*buttons: AnyButton | None) -> Row:
    """Make a row, leaving out buttons that are not there; an empty row is left out by `rows`."""
    return tuple(button for button in buttons if button is not None)


def rows(*given: Row) -> tuple[Row, ...]:
    """Gather rows, leaving out empty ones."""
    return tuple(each for each in given if each)


def button(
    label: str, verb: str, key: str = "", rev: str | int = "", arg: str = "", style: Style = "default"
) -> Button:
    """Make a button whose label is the catalogue key `b_<label>`."""
    return Button(Phrase(f"b_{label}"), Press(verb, key, str(rev), arg), style)
