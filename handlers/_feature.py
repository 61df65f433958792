"""What a feature is: handlers for commands, presses, forms, timers and cards, gathered in one object per module.

A handler gets a `Context` (one transaction, already scoped to the community) and returns answers; it never speaks to a
platform. Whoever may not use it never reaches it: the dispatcher checks `who` by account id at every press.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeAlias, TypeVar, cast

from chat.errors import FileWanted, UserError
from chat.form import Form
from chat.inbound import AnyInbound
from chat.message import Button, Message, Press
from chat.outbound import Answer
from chat.text import Reader, Text
from scheduler.contract import Drawing, Skip
from storage.communities import Community
from storage.database import Session
from storage.members import Account, Member
from storage.timers import Timer
from storage.vault import Vault

T = TypeVar("T")
Who = Literal["anyone", "member", "moderator", "organiser", "staff"]
"""`anyone` strangers too; `member` anybody admitted who has agreed (staff included); `moderator` as `member`, but the
handler itself asks who leads the meeting (`handlers/_moderating.py`); `organiser` the role of that community (admins
too); `staff` any staff role."""

Where = Literal["dm", "slack", "any"]
"""`dm`: answered in private wherever it is typed; `slack`: answered where typed on platforms with private answers, else
in private; `any`: may be answered in a group."""


@dataclass(slots=True)
class Context:
    """Be the circumstances of one act: transaction, community, who, when; `member` is None for a stranger."""

    db: Session
    community: Community
    member: Member | None
    account: Account | None
    roles: frozenset[str]
    now: datetime
    inbound: AnyInbound
    reader: Reader
    start_link: Callable[[str, str], str] = field(default=lambda _platform, _payload: "")
    """`start_link("telegram", payload)` gives the address that opens the bot there, or ""."""
    page_link: Callable[[str], str] = field(default=lambda _path: "")
    """`page_link("/calendar/x.ics")` gives the address of one of our pages, or "" where nobody can open them."""
    vault: Vault | None = None
    """Where files are kept and texts that quote them are sealed; ask for it by `ctx.safe`."""
    files: Mapping[str, object] = field(default_factory=dict)
    """What was read from files somebody sent, by the platform's name for the file; a `UserError` if it was refused."""

    @property
    def me(self) -> Member:
        """Give the acting member. Raise `LookupError` for a stranger (a handler for `anyone` must look first)."""
        if self.member is None:
            raise LookupError("no member")
        return self.member

    @property
    def safe(self) -> Vault:
        """Give the vault. Raise `LookupError` where there is none (an installation without its key file)."""
        if self.vault is None:
            raise LookupError("no vault")
        return self.vault

    def file(self, file: str, limit: int, read: Callable[[bytes], T]) -> T:
        """Give what `read` makes of a file somebody sent, of at most `limit` bytes.

        Call it before anything else is done: the first time it raises `FileWanted`, and the whole act is done again
        when the content is there. `read` runs outside of the transaction, in a thread, and may raise `UserError`.
        """
        if file not in self.files:
            raise FileWanted(file, limit, read)
        found = self.files[file]
        if isinstance(found, UserError):
            raise found
        return cast(T, found)

    @property
    def organiser(self) -> bool:
        """Tell whether the actor may organise this community."""
        return bool(self.roles & {"organiser", "admin"})


Answers: TypeAlias = Sequence[Answer]
CommandHandler: TypeAlias = Callable[[Context, str], Awaitable[Answers]]
ClickHandler: TypeAlias = Callable[[Context, Press], Awaitable[Answers]]
FormBuilder: TypeAlias = Callable[[Context, str], Awaitable[Form]]
SubmissionHandler: TypeAlias = Callable[[Context, str, dict[str, str]], Awaitable[Answers]]
EventHandler: TypeAlias = Callable[[Context, Any], Awaitable[Answers]]
TimerHandler: TypeAlias = Callable[[Session, Timer, datetime], Awaitable[None]]
CardComposer: TypeAlias = Callable[[Session, Drawing], Awaitable[Message | Skip]]
F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Waiting:
    """Be one thing that waits for somebody: a line, the button that opens it, until when; shown by Home and digests."""

    line: Text
    button: Button | None = None
    by: datetime | None = None
    """Deadline (UTC): the nearest stands first; none = last."""
    kind: str = ""
    """Message kind of the card that asks the same, so that a digest can stand for it: `invitation`, `topic_poll`."""


WaitingFinder: TypeAlias = Callable[[Session, Member, datetime], Awaitable[Sequence[Waiting]]]
TodoFinder: TypeAlias = Callable[[Session, datetime], Awaitable[Sequence[Waiting]]]


@dataclass(frozen=True, slots=True)
class CommandRoute:
    """Be one command: its words, other words for it, who may use it and where it is answered."""

    words: str
    aliases: tuple[str, ...]
    who: Who
    where: Where
    menu: bool
    """Whether it stands in the short menus (Telegram's command list, help's first lines)."""
    handler: CommandHandler

    @property
    def help_key(self) -> str:
        """Give the catalogue key of its one-line help: `h_meeting_new`."""
        return "h_" + self.words.replace(" ", "_")


@dataclass(slots=True)
class Feature:
    """Gather the handlers of one feature; each module in `handlers/` ends with one named `feature`."""

    name: str
    commands: list[CommandRoute] = field(default_factory=list)
    clicks: dict[str, tuple[Who, ClickHandler]] = field(default_factory=dict)
    forms: dict[str, tuple[Who, FormBuilder]] = field(default_factory=dict)
    submissions: dict[str, SubmissionHandler] = field(default_factory=dict)
    events: dict[str, EventHandler] = field(default_factory=dict)
    timers: dict[str, TimerHandler] = field(default_factory=dict)
    cards: dict[str, CardComposer] = field(default_factory=dict)
    waits: list[WaitingFinder] = field(default_factory=list)
    todos: list[TodoFinder] = field(default_factory=list)

    def waiting(self, finder: WaitingFinder) -> WaitingFinder:
        """Say what waits for a member in this feature's matters, in a question or two."""
        self.waits.append(finder)
        return finder

    def todo(self, finder: TodoFinder) -> TodoFinder:
        """Say what organisers have to do in this feature's matters: unsent, unanswered, to be decided."""
        self.todos.append(finder)
        return finder

    def command(
        self, words: str, *aliases: str, who: Who = "member", where: Where = "dm", menu: bool = False
    ) -> Callable[[CommandHandler], CommandHandler]:
        """Answer a command; the handler gets what follows the words."""

        def register(handler: CommandHandler) -> CommandHandler:
            self.commands.append(CommandRoute(words, aliases, who, where, menu, handler))
            return handler

        return register

    def click(self, verb: str, who: Who = "member") -> Callable[[ClickHandler], ClickHandler]:
        """Answer presses on buttons with this verb (at most eight letters)."""

        def register(handler: ClickHandler) -> ClickHandler:
            self.clicks[verb] = (who, handler)
            return handler

        return register

    def form(self, key: str, who: Who = "member") -> Callable[[FormBuilder], FormBuilder]:
        """Build a form for a subject; it is built anew for every page, also after a restart."""

        def register(builder: FormBuilder) -> FormBuilder:
            self.forms[key] = (who, builder)
            return builder

        return register

    def submission(self, key: str) -> Callable[[SubmissionHandler], SubmissionHandler]:
        """Take a complete form: subject and clean values; may return `[Invalid(...)]`."""

        def register(handler: SubmissionHandler) -> SubmissionHandler:
            self.submissions[key] = handler
            return handler

        return register

    def on(self, kind: str) -> Callable[[EventHandler], EventHandler]:
        """Answer an inbound kind that is neither command, press nor form: `started`, `said`, `home`, `placed`."""

        def register(handler: EventHandler) -> EventHandler:
            self.events[kind] = handler
            return handler

        return register

    def timer(self, kind: str) -> Callable[[TimerHandler], TimerHandler]:
        """Do due work of this kind, in one transaction of its own, scoped to the timer's community."""

        def register(handler: TimerHandler) -> TimerHandler:
            self.timers[kind] = handler
            return handler

        return register

    def card(self, *kinds: str) -> Callable[[CardComposer], CardComposer]:
        """Draw a message of these kinds from the truth, for its first sending and for every edit."""

        def register(composer: CardComposer) -> CardComposer:
            for kind in kinds:
                self.cards[kind] = composer
            return composer

        return register
