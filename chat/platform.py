"""What a platform must be able to do; `bot/platforms/*` implement it, everybody else speaks only this."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from chat.inbound import AnyInbound
from chat.message import Message
from chat.outbound import Answer, SendFile
from chat.people import MessageRef, PeopleIn, Person, Place
from chat.text import Reader


@dataclass(frozen=True, slots=True)
class Limits:
    """Say how fast a platform may be used (platforms §2.2, §3.1); the sender stays inside them."""

    per_second: float
    """Messages a second for the whole bot or workspace."""
    per_minute: int = 0
    """Messages a minute for the whole bot or workspace; 0 = no such limit."""
    chat_interval: float = 1.0
    """Seconds between two messages to one private chat or channel."""
    group_per_minute: int = 0
    """Messages a minute to one group; 0 = no such limit."""
    edits_per_minute: int = 30
    """Edits a minute: per group on Telegram, per workspace on Slack (design §9)."""
    edit_delay: float = 2.0
    """Seconds one card waits for more changes before it is edited (conversation §4.1)."""
    lanes: int = 8
    """Requests in flight at once."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Be what the dispatcher decided: answers in order, and for whom they are rendered."""

    answers: tuple[Answer, ...]
    reader: Reader


class Receiver(Protocol):
    """Be the inside of the bot as an adapter sees it: the dispatcher."""

    async def accept(self, inbound: AnyInbound) -> bool:
        """Store the inbound durably; false means it was seen before. Commit happens before this returns."""

    async def accept_all(self, inbounds: Sequence[AnyInbound]) -> list[bool]:
        """Store several in one transaction, all or none; parallel to them, false for what was seen before.

        The same key twice in one call is new only the first time.
        """

    async def handle(self, inbound: AnyInbound) -> Outcome:
        """Do what is asked in one transaction and give the answers to perform."""

    async def performed(self, inbound: AnyInbound, outcome: Outcome, refs: Sequence[MessageRef | None]) -> None:
        """Learn which messages carry the answers (parallel to `outcome.answers`), so cards can follow the truth."""


class Shelf(Protocol):
    """Give adapters the files that go with messages, and remember what a platform calls those uploaded there."""

    def stream(self, file: str) -> AsyncIterator[bytes]:
        """Give the content of a file by our key, piece by piece. Raise `Rejected` if it is not to be had."""

    async def remote(self, file: str, platform: str, workspace: str) -> str:
        """Give what that bot or workspace calls the file, or "" before it was uploaded there."""

    async def uploaded(self, file: str, platform: str, workspace: str, remote: str) -> None:
        """Remember what that bot or workspace calls the file; "" forgets it."""

    async def followed(self, file: str, card: MessageRef, remote: str) -> None:
        """Remember what the platform calls the file that it shows behind a card."""

    async def unfollowed(self, card: MessageRef) -> None:
        """Forget the file behind a card."""

    async def followers(self, platform: str, workspace: str) -> dict[MessageRef, str]:
        """Give what the files behind cards are called, of one bot or workspace."""


class Platform(Protocol):
    """Be one connection to one platform."""

    name: str
    """`slack` or `telegram`."""
    workspace: str
    """Team id on Slack, bot id on Telegram; known after `start`."""
    limits: Limits
    command_pattern: str
    """How a command is written, with `{words}` and `{joined}`: `/cop {words}` or `/{joined}`."""
    forms: bool
    """Whether the platform has modal forms; else forms are asked as an interview."""
    finds: bool
    """Whether a post of ours can be looked up after a lost answer (`find`)."""

    async def start(self, receiver: Receiver) -> None:
        """Check the token, begin to take things in. Raise `AccountDead` for a wrong token."""

    async def stop(self) -> None:
        """Stop taking in, finish what is in hand, close."""

    async def check(self) -> list[str]:
        """Look for faults of tokens, scopes and settings; an empty list means all is well."""

    async def send(self, to: Place, message: Message, reader: Reader, delivery: str = "") -> MessageRef:
        """Send once, never again by itself. Raise the neutral errors of `chat.errors`."""

    async def find(self, to: Place, delivery: str, since: datetime) -> MessageRef | None:
        """Look for a post by the delivery id given to `send`, from a real moment on; `None` if it surely is not there.

        Raise `Rejected` when looking is not possible or not allowed there, the others to look again later.
        """

    async def edit(self, ref: MessageRef, message: Message, reader: Reader) -> None:
        """Edit a message; an unchanged one is a success."""

    async def upload(self, to: Place, file: SendFile, reader: Reader) -> MessageRef:
        """Send a file."""

    async def fetch(self, file: str, limit: int) -> bytes:
        """Give the content of a file somebody sent us, by the platform's name for it.

        Raise `Rejected` when it is larger than `limit` bytes or cannot be had, another neutral error to try later.
        """

    async def people_in(self, place: Place, known: Collection[str] = ()) -> PeopleIn:
        """Look up who is in a chat of several people, without bots and closed accounts as far as it is cheap to know.

        `known` are ids of people, which need no look of their own. Raise `Rejected` or `Unreachable` when it cannot be
        known there (a right is missing, we are not in it), the other errors to ask again later.
        """

    async def perform(self, inbound: AnyInbound, outcome: Outcome) -> list[MessageRef | None]:
        """Answer the person who acted; late interactions are harmless."""

    async def delete(self, ref: MessageRef) -> bool:
        """Delete one of our messages; false if the platform no longer lets us."""

    def start_link(self, payload: str) -> str:
        """Give the link by which a person opens the bot with a one-time payload, or "" if there is none."""

    def direct(self, person: Person) -> Place:
        """Give the private chat with a person."""
