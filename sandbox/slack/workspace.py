"""What a stand-in workspace holds: rooms with posts, files, views, and the app that is installed in it."""

from __future__ import annotations

import itertools
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sandbox.errors import WrongCall

SCOPES = (
    "commands,chat:write,im:write,im:history,files:write,files:read,users:read,"
    "channels:read,groups:read,app_mentions:read"
)
"""What the app may do unless the world file says otherwise (platforms §3.8)."""
EVENTS = frozenset(
    (
        *("app_home_opened", "app_mention", "message.im", "message.channels", "message.groups"),
        *("member_joined_channel", "member_left_channel", "user_change"),
    )
)
"""What the app listens to unless the world file says otherwise; the scopes must allow it as well."""
_counter = itertools.count(1)


def fresh(prefix: str) -> str:
    """Make an id that was not there before, such as `V0000001A`."""
    return f"{prefix}{next(_counter):08X}"


@dataclass(slots=True)
class Post:
    """Be a message; `only_for` makes it ephemeral, `by_app` ours, `files` are ids, `thread` the parent's ts."""

    ts: str
    user: str
    text: str
    at: datetime
    blocks: list[dict[str, Any]] = field(default_factory=list)
    by_app: bool = False
    thread: str = ""
    edited: datetime | None = None
    metadata: dict[str, Any] | None = None
    only_for: str = ""
    files: list[str] = field(default_factory=list)
    reactions: list[str] = field(default_factory=list)
    replies: int = 0
    arrived: float = field(default_factory=time.time)
    """When it came, by the real clock."""


@dataclass(slots=True)
class Room:
    """Be a channel, or, with `user`, the direct messages between the app and that user."""

    id: str
    name: str = ""
    user: str = ""
    private: bool = False
    archived: bool = False
    members: set[str] = field(default_factory=set)
    posts: dict[str, Post] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """Give the word scopes and events use: im, groups or channels."""
        return "im" if self.user else "groups" if self.private else "channels"


@dataclass(slots=True)
class File:
    """Be a file; `shares` fills some time after the upload is completed."""

    id: str
    name: str
    length: int
    user: str
    ticket: str = ""
    content: bytes | None = None
    title: str = ""
    shares: dict[str, str] = field(default_factory=dict)


@dataclass
class Team:
    """Be a workspace with our app in it."""

    id: str
    name: str
    token: str
    app_token: str
    signing_secret: str
    bot_user: str
    scopes: frozenset[str]
    events: frozenset[str]
    request_url: str
    commands: frozenset[str]
    rooms: dict[str, Room] = field(default_factory=dict)
    channels: dict[str, Room] = field(default_factory=dict)
    direct: dict[str, Room] = field(default_factory=dict)
    files: dict[str, File] = field(default_factory=dict)
    contents: dict[bytes, bytes] = field(default_factory=dict)
    """Contents of files by their SHA-256."""
    deleted: set[str] = field(default_factory=set)
    missing: set[str] = field(default_factory=set)
    """Users the workspace does not know any more, as when somebody left and their account was removed."""
    last: int = 0

    @property
    def app_id(self) -> str:
        """Give the app's id."""
        return f"A{self.id[1:]}"

    @property
    def bot_id(self) -> str:
        """Give the bot's id, which is not its user id."""
        return f"B{self.id[1:]}"

    @classmethod
    def of(cls, spec: Mapping[str, Any], request_url: str) -> Team:
        """Read a workspace of a world file; raise `WrongCall` naming what is missing."""
        for name in ("id", "token"):
            if not isinstance(spec.get(name), str) or not spec[name]:
                raise WrongCall(f'a Slack team needs "{name}"')
        team = cls(
            spec["id"],
            str(spec.get("name") or spec["id"]),
            spec["token"],
            str(spec.get("app_token") or ""),
            str(spec.get("signing_secret") or ""),
            str(spec.get("bot_user") or "U0BOT"),
            frozenset(SCOPES.split(",") if spec.get("scopes") is None else spec["scopes"]),
            frozenset(EVENTS if spec.get("events") is None else spec["events"]),
            str(spec.get("request_url") or request_url),
            frozenset(spec.get("commands") or ("/cop",)),
        )
        for each in spec.get("channels") or ():
            if not isinstance(each, Mapping) or not each.get("id"):
                raise WrongCall(f'{team.id}: a channel needs an "id"')
            room = Room(str(each["id"]), str(each.get("name") or each["id"]), private=bool(each.get("private")))
            room.archived = bool(each.get("archived"))
            if each.get("bot", True):
                room.members.add(team.bot_user)
            team.channels[room.id] = team.rooms[room.id] = room
        return team

    def dm(self, user: str) -> Room:
        """Give the direct messages with a user; they are there as soon as somebody needs them."""
        room = self.direct.get(user)
        if room is None:
            room = Room(f"D{self.id[1:]}{user[1:]}", user=user, members={user, self.bot_user})
            self.direct[user] = self.rooms[room.id] = room
        return room

    def seen_by(self, user: str) -> list[Room]:
        """Give the rooms a user can look into, the direct messages with the app first."""
        rooms = [room for room in self.channels.values() if user in room.members]
        return [self.direct[user], *rooms] if user in self.direct else rooms

    def stamp(self, room: Room, now: datetime) -> str:
        """Make the next ts: virtual time, unique in the room and rising as long as the clock is not set back."""
        micros = int(now.timestamp() * 1_000_000)
        if micros <= self.last < micros + 60_000_000:
            micros = self.last + 1
        while (ts := f"{micros // 1_000_000}.{micros % 1_000_000:06d}") in room.posts:
            micros += 1
        self.last = micros
        return ts

    def payload(self, room: Room, post: Post) -> dict[str, Any]:
        """Give a post as the API and events show it."""
        shown: dict[str, Any] = {
            "type": "message",
            "user": post.user,
            "text": post.text,
            "ts": post.ts,
            "team": self.id,
        }
        if post.by_app:
            shown |= {"bot_id": self.bot_id, "app_id": self.app_id}
        if post.blocks:
            shown["blocks"] = post.blocks
        if post.thread:
            shown["thread_ts"] = post.thread
            if post.thread in room.posts:
                shown["parent_user_id"] = room.posts[post.thread].user
        elif post.replies:
            shown |= {"thread_ts": post.ts, "reply_count": post.replies}
        if post.edited:
            shown["edited"] = {"user": post.user, "ts": f"{post.edited.timestamp():.6f}"}
        if post.files:
            shown["files"] = [self.file(self.files[each]) for each in post.files]
        if post.reactions:
            shown["reactions"] = [{"name": each, "users": [self.bot_user], "count": 1} for each in post.reactions]
        return shown

    def file(self, file: File) -> dict[str, Any]:
        """Give a file as the API shows it; `shares` tells where it can be seen by now."""
        shares: dict[str, dict[str, Any]] = {}
        for room_id, ts in file.shares.items():
            kind = "public" if self.rooms[room_id].kind == "channels" else "private"
            shares.setdefault(kind, {})[room_id] = [{"ts": ts, "channel_name": self.rooms[room_id].name}]
        return {
            "id": file.id,
            "name": file.name,
            "title": file.title or file.name,
            "size": file.length,
            "user": file.user,
            "mode": "hosted",
            "filetype": file.name.rpartition(".")[2].lower(),
            "permalink": f"https://{self.id.lower()}.slack.com/files/{file.user}/{file.id}/{file.name}",
            "channels": [each for each in file.shares if self.rooms[each].kind == "channels"],
            "groups": [each for each in file.shares if self.rooms[each].kind == "groups"],
            "ims": [each for each in file.shares if self.rooms[each].user],
            "shares": shares,
        }
