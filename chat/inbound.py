"""What people do: each with who, where, when and a key under which it is taken in only once."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from typing import Any, ClassVar, TypeAlias

from chat.message import Press
from chat.people import MessageRef, Person, Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """Be the common part: `key` is unique per bot (update or event id), `at` the person's time of the action (UTC).

    `handle` is what the adapter needs to answer (callback id, response address, trigger); nobody else reads it.
    """

    key: str
    by: Person
    where: Place
    at: datetime
    handle: dict[str, Any] = field(default_factory=dict)
    kind: ClassVar[str] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command(Inbound):
    """A command in words, without slash and prefix: `meeting new M6`; `typed` false means a menu or home button."""

    words: str
    kind: ClassVar[str] = "command"


@dataclass(frozen=True, slots=True, kw_only=True)
class Started(Inbound):
    """A person opened the bot, perhaps through a link with a one-time `payload`."""

    payload: str = ""
    kind: ClassVar[str] = "started"


@dataclass(frozen=True, slots=True, kw_only=True)
class Click(Inbound):
    """A press on a button; `data` is untrusted until `press` could read it (reliability L10)."""

    data: str
    message: MessageRef | None = None
    kind: ClassVar[str] = "click"

    @property
    def press(self) -> Press | None:
        """Give the meaning of the button, or nothing for data no button of ours contains."""
        return Press.parse(self.data)


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission(Inbound):
    """A page of a form was sent; `values` are raw strings by field id, a moment picked in a picker as `@<unix>`."""

    draft: str
    page: int
    values: dict[str, str]
    kind: ClassVar[str] = "submission"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said(Inbound):
    """Free text in a private chat; `text` is empty for voice, photos and stickers."""

    text: str
    kind: ClassVar[str] = "said"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped(Inbound):
    """A file sent in a private chat, with what was written beside it; its content stays with the platform.

    `file` is what the platform calls it, `size` in bytes is what the platform says, `media` its MIME type or "".
    """

    file: str
    name: str
    size: int
    media: str = ""
    text: str = ""
    kind: ClassVar[str] = "dropped"


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeOpened(Inbound):
    """A person opened our home screen (Slack App Home)."""

    kind: ClassVar[str] = "home"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reachable(Inbound):
    """A person blocked or unblocked us, or left the workspace."""

    reachable: bool
    reason: str = ""
    kind: ClassVar[str] = "reachable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved(Inbound):
    """A group has a new id (Telegram supergroup); `chat` is the new one."""

    chat: str
    kind: ClassVar[str] = "moved"


@dataclass(frozen=True, slots=True, kw_only=True)
class BotPlaced(Inbound):
    """We were added to or removed from a group or channel."""

    present: bool
    title: str = ""
    kind: ClassVar[str] = "placed"


AnyInbound: TypeAlias = (
    Command | Started | Click | Submission | Said | Dropped | HomeOpened | Reachable | Moved | BotPlaced
)
_KINDS: dict[str, type[Any]] = {
    each.kind: each
    for each in (Command, Started, Click, Submission, Said, Dropped, HomeOpened, Reachable, Moved, BotPlaced)
}


def to_json(inbound: AnyInbound) -> dict[str, Any]:
    """Write an inbound object as plain values for the inbox."""
    body = {each.name: getattr(inbound, each.name) for each in fields(inbound)}
    for name, value in body.items():  # not `asdict` of the whole: it copies what the platform gave, deep down
        if isinstance(value, Person | Place | MessageRef):
            body[name] = asdict(value)
    body["at"] = inbound.at.isoformat()
    body["kind"] = inbound.kind
    return body


def from_json(body: dict[str, Any]) -> AnyInbound:
    """Read back what `to_json` wrote."""
    values = dict(body)
    cls = _KINDS[values.pop("kind")]
    values["by"] = Person(**values["by"])
    values["where"] = Place(**values["where"])
    values["at"] = datetime.fromisoformat(values["at"])
    if values.get("message"):
        values["message"] = MessageRef(**values["message"])
    made: AnyInbound = cls(**values)
    return made
