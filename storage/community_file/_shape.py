"""What a community file says, checked and in our words; times are aware UTC."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class AccountEntry:
    """An account; a Telegram account's `workspace` is the bot's id, "" where the file does not say which bot."""

    platform: str
    workspace: str
    user: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CommunityEntry:
    """The community itself; `settings` holds programme, targets, no-send dates, cap and schedule."""

    key: str
    name: str
    zone: str
    language: str
    organiser_contact: str
    controller_name: str
    privacy_link: str
    public_contact: str
    settings: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionEntry:
    """A further bot or workspace; `tokens` maps a purpose (`bot`, `app`, `signing`, `webhook`) to a variable's name."""

    platform: str
    name: str
    workspace: str
    tokens: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelEntry:
    """A chat of several people."""

    platform: str
    workspace: str
    chat: str
    purpose: str
    title: str
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonEntry:
    """A member or one of the staff; `consented` means their agreement is on record outside the chat."""

    id: str
    name: str
    staff: bool
    roles: tuple[str, ...]
    category: str
    organisation: str
    country: str
    zone: str
    language: str
    weekend: str
    accounts: tuple[AccountEntry, ...]
    consented: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoEntry:
    """A memo that was distributed, and who acknowledged it how many days later."""

    title: str
    distributed: datetime
    acknowledged: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class MeetingEntry:
    """A meeting; the last fields tell its past and are empty for one that lies ahead.

    `invited`: None for all members, else their ids. `ratings` are anonymous and in no order of people. `more` and
    `details` hold only what is written, so that what the file does not say is left to the chat; `moderator` is an id.
    """

    id: str
    kind: str
    title: str
    theme: str
    region: str
    format: str
    starts_at: datetime
    ends_at: datetime
    zone: str
    place: str
    link: str
    passcode: str
    agenda_link: str
    deadline: datetime
    state: str
    announce: bool
    chatham_house: bool
    invited: tuple[str, ...] | None
    categories: tuple[str, ...]
    invited_at: datetime | None
    more: dict[str, Any] = field(default_factory=dict)
    """Columns: `seats`, `seats_online`, `per_organisation` (None = any number), `guests`, `online_deadline`,
    `schedule`."""
    details: dict[str, str] = field(default_factory=dict)
    moderator: str | None = None
    replies: dict[str, str] = field(default_factory=dict)
    attendance: dict[str, str] = field(default_factory=dict)
    answered: tuple[str, ...] = ()
    ratings: tuple[dict[str, str], ...] = ()
    memo: MemoEntry | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WebinarEntry:
    """A public webinar as a plan; `channels` are purposes, people are ids, `seats` None is any number."""

    id: str
    title: str
    about: str
    starts_at: datetime
    ends_at: datetime
    zone: str
    opens_at: datetime
    link: str
    seats: int | None
    speakers: tuple[str, ...]
    moderator: str
    channels: tuple[str, ...]
    show_number: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CommunityFile:
    """A whole community file; `meetings` without a past unless the file carries one."""

    community: CommunityEntry
    channels: tuple[ChannelEntry, ...]
    people: tuple[PersonEntry, ...]
    meetings: tuple[MeetingEntry, ...]
    connections: tuple[ConnectionEntry, ...] = ()
    webinars: tuple[WebinarEntry, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryFile:
    """Past meetings of a community, and how far the current one has come (`current`)."""

    community: str
    meetings: tuple[MeetingEntry, ...]
    current: tuple[CurrentEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentEntry:
    """Replies to a meeting that is still inviting; `cancelled` codes are not possible here."""

    meeting: str
    invited_at: datetime
    replies: dict[str, str]
