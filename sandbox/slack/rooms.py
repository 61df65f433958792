"""conversations.* and users.conversations: what the app can read about channels and messages."""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Sequence
from typing import Any

from sandbox.slack.door import Asked, Refused, method
from sandbox.slack.workspace import Room, Team

DAY = 86_400.0
KINDS = {"public_channel": "channels", "private_channel": "groups", "im": "im", "mpim": "mpim"}


def page(asked: Asked, items: Sequence[Any], default: int = 100, most: int = 1000) -> tuple[list[Any], dict[str, Any]]:
    """Cut one page out of a list by `limit` and `cursor`; give it and what the answer says about the next."""
    limit, start, cursor = asked.count("limit", default, most), 0, asked.text("cursor")
    if cursor:
        try:
            start = int(base64.b64decode(cursor.encode(), validate=True))
        except (ValueError, binascii.Error):
            raise Refused("invalid_cursor") from None
    end = start + limit
    following = base64.b64encode(str(end).encode()).decode() if end < len(items) else ""
    return list(items[start:end]), {"response_metadata": {"next_cursor": following}}


def seen(asked: Asked, need: str, member: bool = False) -> Room:
    """Find the room a call reads, if the app may: `need` is `read` or `history`, by the kind of room."""
    team, room = asked.team, asked.team.rooms.get(asked.text("channel", needed=True))
    if room is None or (room.private and team.bot_user not in room.members):
        raise Refused("channel_not_found")
    asked.scope(f"{room.kind}:{need}")
    if member and team.bot_user not in room.members:
        raise Refused("not_in_channel")
    asked.room = room
    return room


def channel(team: Team, room: Room) -> dict[str, Any]:
    """Show a room as the API does."""
    if room.user:
        return {"id": room.id, "is_im": True, "user": room.user, "is_user_deleted": room.user in team.deleted}
    return {
        "id": room.id,
        "name": room.name,
        "name_normalized": room.name,
        "is_channel": True,
        "is_im": False,
        "is_mpim": False,
        "is_private": room.private,
        "is_archived": room.archived,
        "is_member": team.bot_user in room.members,
        "num_members": len(room.members),
        "topic": {"value": ""},
        "purpose": {"value": ""},
    }


def _listed(asked: Asked) -> list[Room]:
    kinds = [each.strip() for each in (asked.text("types") or "public_channel").split(",")]
    if any(each not in KINDS for each in kinds):
        raise Refused("invalid_types")
    asked.scope(*(f"{KINDS[each]}:read" for each in kinds))
    wanted, team = {KINDS[each] for each in kinds}, asked.team
    return [
        room
        for room in team.rooms.values()
        if room.kind in wanted
        and not (room.private and team.bot_user not in room.members)
        and not (asked.flag("exclude_archived") and room.archived)
    ]


@method("conversations.open", "tier3", "im:write")
async def open_room(asked: Asked) -> dict[str, Any]:
    """Open the direct messages with one person."""
    team, users = asked.team, [each.strip() for each in asked.text("users").split(",") if each.strip()]
    if not users:
        room = team.rooms.get(asked.text("channel", needed=True))
        if room is None or not room.user:
            raise Refused("channel_not_found")
    elif len(users) > 1:
        raise Refused("invalid_arguments", ["[ERROR] the sandbox has no group direct messages"])
    elif users[0] == team.bot_user:
        raise Refused("cannot_dm_bot")
    elif users[0] in team.missing or not asked.side.world.people.on_slack(team.id, users[0]):
        raise Refused("user_not_found")
    elif users[0] in team.deleted:
        raise Refused("user_disabled")
    else:
        room = team.dm(users[0])
    asked.room = room
    shown = channel(team, room) if asked.flag("return_im") else {"id": room.id}
    return {"channel": shown, "no_op": bool(room.posts), "already_open": bool(room.posts)}


@method("conversations.info", "tier3")
async def info(asked: Asked) -> dict[str, Any]:
    """Describe one room."""
    return {"channel": channel(asked.team, seen(asked, "read"))}


@method("conversations.list", "tier2")
async def list_rooms(asked: Asked) -> dict[str, Any]:
    """List the rooms the app can see, of the kinds asked for."""
    rooms, more = page(asked, _listed(asked))
    return {"channels": [channel(asked.team, room) for room in rooms], **more}


@method("users.conversations", "tier2")
async def rooms_of(asked: Asked) -> dict[str, Any]:
    """List the rooms a user, by default the app itself, is a member of."""
    user = asked.text("user") or asked.team.bot_user
    rooms, more = page(asked, [room for room in _listed(asked) if user in room.members])
    return {"channels": [channel(asked.team, room) for room in rooms], **more}


@method("conversations.members", "tier4")
async def members(asked: Asked) -> dict[str, Any]:
    """List the members of a room."""
    shown, more = page(asked, sorted(seen(asked, "read").members))
    return {"members": shown, **more}


@method("conversations.history", "tier3")
async def history(asked: Asked) -> dict[str, Any]:
    """Give the messages of a room, newest first, without replies and without what only one person sees."""
    room = seen(asked, "history", member=True)
    return _messages(asked, room, [post.ts for post in room.posts.values() if not post.thread], newest_first=True)


@method("conversations.replies", "tier3")
async def replies(asked: Asked) -> dict[str, Any]:
    """Give a message and the replies in its thread, oldest first."""
    room, ts = seen(asked, "history", member=True), asked.text("ts", needed=True)
    if ts not in room.posts:
        raise Refused("thread_not_found")
    return _messages(asked, room, [post.ts for post in room.posts.values() if ts in (post.ts, post.thread)], False)


def _messages(asked: Asked, room: Room, stamps: list[str], newest_first: bool) -> dict[str, Any]:
    try:
        oldest, latest = float(asked.text("oldest") or 0), float(asked.text("latest") or "inf")
    except ValueError:
        raise Refused("invalid_ts_oldest") from None
    inside = asked.flag("inclusive")
    # Who lost an answer knows the real moment of the attempt only; with a moved clock the stamps say nothing about it.
    real = abs(oldest - time.time()) < DAY < abs(oldest - asked.side.world.clock.stamp())
    stamps = [ts for ts in stamps if not real or room.posts[ts].arrived > oldest]
    oldest = 0.0 if real else oldest
    chosen = [
        room.posts[ts]
        for ts in sorted(stamps, key=float, reverse=newest_first)
        if not room.posts[ts].only_for and (oldest <= float(ts) <= latest if inside else oldest < float(ts) < latest)
    ]
    posts, more = page(asked, chosen, 100, 999)
    with_metadata, messages = asked.flag("include_all_metadata"), []
    for post in posts:
        shown = asked.team.payload(room, post)
        if post.metadata is not None and with_metadata:
            shown["metadata"] = post.metadata
        messages.append(shown)
    has_more = bool(more["response_metadata"]["next_cursor"])
    return {"messages": messages, "has_more": has_more, **(more if has_more else {})}
