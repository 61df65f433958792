"""The world: clock, people, ledger, limits, faults, and the sides, each of which stands in for one platform."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from random import Random
from typing import Any, TypeAlias, TypedDict

from aiohttp import web

from sandbox.changes import Changes
from sandbox.clock import VirtualClock
from sandbox.errors import WrongCall
from sandbox.faults import Faults
from sandbox.ledger import Ledger
from sandbox.limits import Limits
from sandbox.people import People, Person

Call: TypeAlias = Mapping[str, Any]
"""The JSON body of a control call, `person` and `platform` included."""
Done: TypeAlias = dict[str, Any]
"""What a control call answers besides `{"ok": true}`, such as the ids of what was made."""


class ButtonView(TypedDict, total=False):
    """Show a button: `label`, then `data` or `url`, and `style` (empty = plain)."""

    label: str
    data: str
    url: str
    style: str


MessageView = TypedDict(
    "MessageView",
    {
        "id": str,
        "from": str,
        "text": str,
        "entities": list[dict[str, Any]],
        "buttons": list[list[ButtonView]],
        "edited": bool,
        "at": str,
        "protect": bool,
        "document": str,
        "silent": bool,
    },
    total=False,
)
"""Show a message as its reader sees it; `from` is "bot" or a name, `at` virtual time (ISO), `document` a file name.

`text` is plain, without markup; `entities` is the platform's own formatting, for who wants to draw it.
"""


class ToastView(TypedDict):
    """Show a short note that went to this person alone."""

    text: str
    alert: bool
    at: str


class ChatView(TypedDict):
    """Show a chat: `kind` is "private", "group" or "channel"; messages oldest first, the last 1,000."""

    chat: str
    title: str
    kind: str
    messages: list[MessageView]
    toasts: list[ToastView]


class Side:
    """Be one platform. A subclass answers the platform's API under its routes and plays people in control calls.

    Every action gets the person (who has an account on this platform, checked before) and the whole call;
    it raises `WrongCall` with a sentence when the call makes no sense. What a platform lacks, it leaves as it is here.
    """

    name: str = ""
    losses: tuple[str, ...] = ()
    """The ways in which a person can become unreachable without the bot hearing of it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.base_url = ""
        """Address of the server, without a slash at its end; known from `start` on."""

    def load(self, spec: Mapping[str, Any]) -> None:
        """Start afresh from a world file; `world.people` is filled already, `spec.get(self.name)` is this side's."""

    def add(self, person: Person) -> None:
        """Take note of a person who was added or described anew."""

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        """Give the routes this side answers, such as `web.post("/api/{method}", ...)`."""
        return ()

    async def start(self) -> None:
        """Begin what runs beside the requests."""

    async def close(self) -> None:
        """End what `start` began and close every connection."""

    async def cut(self) -> None:
        """Drop the connections the platform keeps open to the bot, as when it goes down."""

    def screen(self, person: Person) -> list[ChatView]:
        """Give the chats this person sees, their conversation with the bot first, then groups and channels."""
        return []

    def views(self, person: Person) -> Done:
        """Give what is open besides chats (`{"modal": ..., "home": ...}`); it is merged into the screen's answer."""
        return {}

    async def say(self, person: Person, call: Call) -> Done:
        """Write `text` to the bot in private, or in `chat`."""
        raise self._lacks("say")

    async def press(self, person: Person, call: Call) -> Done:
        """Press `button` (label or data) of `message`, by default of the newest message that has it."""
        raise self._lacks("press")

    async def submit(self, person: Person, call: Call) -> Done:
        """Submit the open modal with `values`."""
        raise self._lacks("submit")

    async def upload(self, person: Person, call: Call) -> Done:
        """Send a file: `name`, and `text` or `base64` for the content."""
        raise self._lacks("upload")

    async def block(self, person: Person, call: Call) -> Done:
        """Make the person unreachable."""
        raise self._lacks("block")

    def lose(self, person: Person, how: str) -> None:
        """Make the person unreachable in one of the ways of `losses`; the bot finds out when it writes to them."""
        raise self._lacks("unreachable")

    async def unblock(self, person: Person, call: Call) -> Done:
        """Make the person reachable again."""
        raise self._lacks("unblock")

    async def leave(self, person: Person, call: Call) -> Done:
        """Leave `chat`."""
        raise self._lacks("leave")

    async def join(self, person: Person, call: Call) -> Done:
        """Join `chat`."""
        raise self._lacks("join")

    async def begin(self, person: Person, call: Call) -> Done:
        """Open the conversation with the bot (Telegram's Start, with `payload`). Control: `start`."""
        raise self._lacks("start")

    async def open_home(self, person: Person, call: Call) -> Done:
        """Open the bot's home tab. Control: `open`."""
        raise self._lacks("open")

    async def migrate(self, call: Call) -> Done:
        """Turn the group `chat` into one with another id. The only action without a person."""
        raise self._lacks("migrate")

    def _lacks(self, action: str) -> WrongCall:
        return WrongCall(f"{self.name} has no action {action!r}")


class World:
    """Hold everything. `load` starts afresh, but the ledger goes on: its numbers never repeat."""

    def __init__(self) -> None:
        self.changes = Changes()
        self.clock = VirtualClock(changed=self.changes.note)
        self.people = People()
        self.ledger = Ledger(self.clock, changed=self.changes.note)
        self.limits = Limits()
        self.faults = Faults()
        self.sides: dict[str, Side] = {}

    def mount(self, side: Side) -> None:
        """Add a platform."""
        self.sides[side.name] = side

    def load(self, spec: Mapping[str, Any]) -> None:
        """Start afresh from a world file; raise `WrongCall` naming what is wrong in it.

        `{"clock": iso, "people": [{"id", "name", "zone", "language", "telegram": {"user": 5001, "started": true},
        "slack": {"team": "T0", "user": "U01"}}], "telegram": {"token", "bot": {"id", "username", "name"}, "chats":
        [{"id": -100, "type": "supergroup", "title", "members": ["m15"], "admins": [], "topics": [], "bot": true}]},
        "slack": {...}}`. Limits stay as they are, faults and everything said are forgotten.
        """
        if not isinstance(spec, Mapping) or not isinstance(spec.get("people", []), list):
            raise WrongCall('a world is {"people": [...], "clock": iso, "telegram": {...}, "slack": {...}}')
        people = [Person.of(each) for each in spec.get("people", [])]
        at = instant(spec["clock"]) if spec.get("clock") else None
        self.people.clear()
        self.faults.clear()
        for person in people:
            self.people.add(person)
        for side in self.sides.values():
            side.load(spec)
        if at:
            self.clock.set(at)

    def add(self, spec: Mapping[str, Any]) -> Person:
        """Add a person, or describe one anew."""
        person = Person.of(spec)
        self.people.add(person)
        for side in self.sides.values():
            side.add(person)
        return person

    def lose(self, platform: object, share: float, seed: int, ways: Sequence[str]) -> dict[str, str]:
        """Make a random share of a platform's people unreachable, in turn in these ways; tell whom and how."""
        side = self.side(platform)
        if not ways or set(ways) - set(side.losses):
            raise WrongCall(f'"how" is a list out of {", ".join(side.losses)}')
        there = [person for person in self.people if getattr(person, side.name, None)]
        lost = Random(seed).sample(there, round(share * len(there)))
        told = {person.id: ways[at % len(ways)] for at, person in enumerate(lost)}
        for person in lost:
            side.lose(person, told[person.id])
        return told

    def side(self, platform: object) -> Side:
        """Give the side a control call names; raise `WrongCall` if there is none."""
        side = self.sides.get(platform) if isinstance(platform, str) else None
        if side is None:
            raise WrongCall(f'"platform" is one of {", ".join(sorted(self.sides)) or "none yet"}')
        return side

    def account(self, person: Person, platform: str) -> None:
        """Raise `WrongCall` (409) if the person has no account on this platform."""
        if getattr(person, platform, None) is None:
            raise WrongCall(f"{person.id} is not on {platform}", 409)


def instant(text: object) -> datetime:
    """Read an ISO instant with its offset as aware UTC; raise `WrongCall` if it is none."""
    try:
        at = datetime.fromisoformat(str(text))
    except ValueError:
        raise WrongCall(f"{text!r} is no ISO instant, such as 2026-04-22T07:00:00+00:00") from None
    if at.tzinfo is None:
        raise WrongCall(f"{text!r} has no offset; write 2026-04-22T07:00:00+00:00")
    return at.astimezone(UTC)
