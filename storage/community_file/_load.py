"""Load whole files: the parts are read one by one, then what must hold between them is checked."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

from storage.community_file._connections import read_connection
from storage.community_file._meetings import read_current, read_meeting
from storage.community_file._people import read_channel, read_community, read_person, zone_of
from storage.community_file._reading import Block, FileError, Value, open_file
from storage.community_file._shape import CommunityFile, HistoryFile
from storage.community_file._webinars import read_webinar

T = TypeVar("T")


def load(path: Path, telegram_bot: str = "") -> CommunityFile:
    """Read and check a community file. Raise `FileError` with every mistake, by line and field.

    `telegram_bot` is the id of the bot whose token is set; accounts and channels of a file that names none are its.
    """
    root, problems = open_file(path)
    block = root.block()
    head = block.field("community", required=True)
    if head is None:
        raise FileError(path.name, problems)
    community, consented = read_community(head)
    connections = _each(block, "connections", read_connection)
    homes = _homes(block, telegram_bot)
    channels = _each(block, "channels", lambda value: read_channel(value, community.language, homes))
    staff = _each(block, "staff", lambda value: read_person(value, community, homes, staff=True, consented=consented))
    members = _each(
        block, "members", lambda value: read_person(value, community, homes, staff=False, consented=consented)
    )
    people = [*staff, *members]
    codes = [person.id for _, person in members]
    meetings = _each(block, "meetings", lambda value: read_meeting(value, community.zone, codes))
    for value, meeting in meetings:
        if meeting.invited is not None and meeting.state in ("draft", "scheduled"):
            value.complain("before the invitations are sent, `invited` is `all` or {categories: [...]}")
    webinars = _each(
        block, "webinars", lambda value: read_webinar(value, community.zone, [each.id for _, each in people])
    )
    block.field("templates")  # allowed, taken in by a later version
    _once(((value, each.name) for value, each in connections), "this name")
    _once(((value, each.platform, each.workspace) for value, each in connections), "this connection")
    _once(((value, channel.platform, channel.workspace, channel.chat) for value, channel in channels), "this channel")
    _once(((value, person.id) for value, person in people), "this id")
    _once(((value, meeting.id) for value, meeting in meetings), "this id")
    _once(((value, webinar.id) for value, webinar in webinars), "this id")
    _once(
        (
            (value, account.platform, account.workspace, account.user)
            for value, person in people
            for account in person.accounts
            if account.user
        ),
        "this account",
    )
    block.finish()
    if problems:
        raise FileError(path.name, problems)
    return CommunityFile(
        community=community,
        channels=tuple(channel for _, channel in channels),
        people=tuple(person for _, person in people),
        meetings=tuple(meeting for _, meeting in meetings),
        connections=tuple(each for _, each in connections),
        webinars=tuple(each for _, each in webinars),
    )


def is_history(path: Path) -> bool:
    """Tell whether a file is a history: it names its community instead of describing it. Raise `FileError`."""
    root, _ = open_file(path)
    return root.named and any(
        key.value == "community" and not Value(node, "", []).named for key, node in root.node.value
    )


def load_history(path: Path, members: Iterable[str]) -> HistoryFile:
    """Read and check a history file: past meetings of a community whose members' ids are given. Raise `FileError`."""
    root, problems = open_file(path)
    block, codes = root.block(), list(members)
    community = block.text("community", required=True)
    zone = zone_of(block, "UTC")
    meetings = _each(block, "meetings", lambda value: read_meeting(value, zone, codes))
    current = _each(block, "current", lambda value: read_current(value, zone, codes))
    _once(((value, meeting.id) for value, meeting in meetings), "this id")
    block.finish()
    if problems:
        raise FileError(path.name, problems)
    return HistoryFile(
        community=community,
        meetings=tuple(meeting for _, meeting in meetings),
        current=tuple(each for _, each in current),
    )


def _each(block: Block, name: str, read: Callable[[Value], T]) -> list[tuple[Value, T]]:
    return [(value, read(value)) for value in block.items(name)]


def _homes(block: Block, telegram_bot: str) -> dict[str, str]:
    """Find the only Slack team and the only Telegram bot of a file; its channels and connections name them."""
    named: dict[str, set[str]] = {"slack": set(), "telegram": set()}
    for value in (*block.items("channels"), *block.items("connections")):
        if value.named:
            fields = value.block()
            named.get(fields.text("platform"), set()).add(fields.text("workspace"))
    homes = {platform: (found - {""}).pop() for platform, found in named.items() if len(found - {""}) == 1}
    if telegram_bot:
        homes.setdefault("telegram", telegram_bot)
    return homes


def _once(entries: Iterable[tuple[Value, *tuple[str, ...]]], what: str) -> None:
    seen: dict[tuple[str, ...], Value] = {}
    for value, *key in entries:
        first = seen.setdefault(tuple(key), value)
        if first is not value and all(key):
            value.complain(f"{what} ({' '.join(key)}) stands in {first.path} already")
