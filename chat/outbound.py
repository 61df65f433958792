"""What we answer to the person who acted; said only after the transaction is committed (design §1.4)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from chat.form import Form
from chat.message import Message
from chat.people import MessageRef
from chat.text import Text

TOAST_MAX = 200
"""Characters of a callback answer (platforms §2.3)."""


@dataclass(frozen=True, slots=True)
class Card:
    """Name a message as a copy of a card, so that it follows the truth: `kind` and the key of its subject."""

    kind: str
    subject: str


@dataclass(frozen=True, slots=True)
class Reply:
    """Say something where the person acted; `private` moves it to their private chat and leaves a hint in a group."""

    message: Message
    private: bool = False
    card: Card | None = None


@dataclass(frozen=True, slots=True)
class Edit:
    """Turn the pressed message into this one, or another of ours: `on`, which is left alone if it is gone."""

    message: Message
    card: Card | None = None
    on: MessageRef | None = None


@dataclass(frozen=True, slots=True)
class Toast:
    """Show a short note to the presser alone."""

    text: Text
    alert: bool = False


@dataclass(frozen=True, slots=True)
class Ask:
    """Open a form; the dispatcher turns it into a modal (`Open`) or an interview."""

    form: str
    subject: str = ""
    values: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Open:
    """Show page `page` of a form as a modal; `values` fill it in, `draft` comes back with the submission."""

    form: Form
    draft: str
    page: int = 0
    values: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Invalid:
    """Refuse a submitted page: field id to explanation; the key `""` is about the form as a whole."""

    errors: dict[str, Text]


@dataclass(frozen=True, slots=True)
class SendFile:
    """Hand over a file in the person's private chat."""

    name: str
    content: bytes
    caption: Text = ""


@dataclass(frozen=True, slots=True)
class Home:
    """Publish the person's home screen, made of messages as sections."""

    sections: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Erase:
    """Delete the message the person just wrote, where the platform lets us (typed comments of a feedback form)."""


Answer: TypeAlias = Reply | Edit | Toast | Ask | Open | Invalid | SendFile | Home | Erase
