"""chat.* and reactions.*: what the app posts, changes and deletes, with the refusals of the real API."""

from __future__ import annotations

from typing import Any

from sandbox.slack.blocks import check_blocks, rings, with_ids
from sandbox.slack.door import Asked, Refused, method
from sandbox.slack.mrkdwn import broadcasts, faults
from sandbox.slack.workspace import Post, Room, fresh

POST_MAX, UPDATE_MAX = 40_000, 4_000


def content(asked: Asked, most: int) -> tuple[str, list[dict[str, Any]]]:
    """Read and judge text and blocks of a message; note a broadcast for the ledger."""
    text, blocks = asked.text("text"), asked.parsed("blocks", "invalid_blocks_format")
    if blocks is not None and not isinstance(blocks, list):
        raise Refused("invalid_blocks_format")
    if asked.parsed("attachments"):
        raise Refused("invalid_arguments", ["[ERROR] the sandbox takes blocks, not attachments"])
    if not text.strip() and not blocks:
        raise Refused("no_text")
    if len(text) > most:
        raise Refused("msg_too_long")
    mrkdwn = asked.flag("mrkdwn", True) and "<" in text
    wrong = [f"[ERROR] {fault} [json-pointer:/text]" for fault in faults(text)] if mrkdwn else []
    if wrong:
        raise Refused("invalid_arguments", wrong)
    if blocks:
        wrong = check_blocks(blocks)
        if wrong:
            raise Refused("invalid_blocks", wrong, errors=wrong)
        with_ids(blocks, lambda: fresh("b"))
    if (mrkdwn and broadcasts(text)) or (blocks and rings(blocks)):
        asked.noted["broadcast"] = True
    return text, blocks or []


def metadata(asked: Asked) -> dict[str, Any] | None:
    """Read the metadata of a message: an event type and a flat payload (platforms §3.5)."""
    given = asked.parsed("metadata", "invalid_metadata_format")
    if not given:
        return None
    if (
        not isinstance(given, dict)
        or set(given) - {"event_type", "event_payload", "entities"}
        or not isinstance(given.get("event_type"), str)
        or not given["event_type"]
        or not isinstance(given.get("event_payload"), dict)
    ):
        raise Refused("invalid_metadata_format")
    return given


def target(asked: Asked, name: str = "channel") -> Room:
    """Find the room a post goes to: `U…` reaches the direct messages; raise what Slack says if it can't."""
    team, channel = asked.team, asked.text(name, needed=True)
    room = team.rooms.get(channel)
    if channel[:1] in "UW" and room is None:
        if channel == team.bot_user:
            raise Refused("cannot_dm_bot")
        if channel in team.missing or not asked.side.world.people.on_slack(team.id, channel):
            raise Refused("user_not_found")
        room = team.dm(channel)
    if room is None or (room.private and team.bot_user not in room.members):
        raise Refused("channel_not_found")
    if room.user in team.missing:
        raise Refused("channel_not_found")
    if room.user and room.user in team.deleted:
        raise Refused("user_disabled")
    if room.archived:
        raise Refused("is_archived")
    if team.bot_user not in room.members and "chat:write.public" not in team.scopes:
        raise Refused("not_in_channel")
    asked.room = room
    return room


def own(asked: Asked, refusal: str) -> tuple[Room, Post]:
    """Find a message of the app by channel id and ts."""
    room, ts = asked.team.rooms.get(asked.text("channel", needed=True)), asked.text("ts", needed=True)
    if room is None or (room.private and asked.team.bot_user not in room.members):
        raise Refused("channel_not_found")
    post = room.posts.get(ts)
    if post is None or post.only_for:
        raise Refused("message_not_found")
    if not post.by_app:
        raise Refused(refusal)
    asked.room, asked.message = room, ts
    return room, post


def put(asked: Asked, room: Room, post: Post) -> None:
    """Put a post into a room, and into its thread."""
    if post.thread:
        parent = room.posts.get(post.thread)
        if parent is None or parent.thread or parent.only_for:
            raise Refused("thread_not_found")
        if not post.only_for:
            parent.replies += 1
    room.posts[post.ts] = post
    asked.room, asked.message = room, post.ts


@method("chat.postMessage", "post", "chat:write")
async def post_message(asked: Asked) -> dict[str, Any]:
    """Post to a channel, to direct messages, or to a person."""
    room, team = target(asked), asked.team
    text, blocks = content(asked, POST_MAX)
    now = asked.side.world.clock.now()
    post = Post(team.stamp(room, now), team.bot_user, text, now, blocks, by_app=True, metadata=metadata(asked))
    post.thread = asked.text("thread_ts")
    put(asked, room, post)
    return {"channel": room.id, "ts": post.ts, "message": team.payload(room, post)}


@method("chat.postEphemeral", "tier4", "chat:write")
async def post_ephemeral(asked: Asked) -> dict[str, Any]:
    """Post what only one member of the channel sees; it can't be changed by `chat.update`."""
    room, team, user = target(asked), asked.team, asked.text("user", needed=True)
    if user not in room.members:
        known = asked.side.world.people.on_slack(team.id, user)
        raise Refused("user_not_in_channel" if known else "user_not_found")
    text, blocks = content(asked, POST_MAX)
    now = asked.side.world.clock.now()
    post = Post(team.stamp(room, now), team.bot_user, text, now, blocks, by_app=True, only_for=user)
    post.thread = asked.text("thread_ts")
    put(asked, room, post)
    asked.person = asked.side.person_id(team, user)
    return {"message_ts": post.ts}


@method("chat.update", "tier3", "chat:write")
async def update(asked: Asked) -> dict[str, Any]:
    """Change a message of the app; text without blocks removes the blocks."""
    room, post = own(asked, "cant_update_message")
    text, blocks = content(asked, UPDATE_MAX)
    if asked.args.get("metadata"):
        post.metadata = metadata(asked)
    post.text, post.blocks, post.edited = text, blocks, asked.side.world.clock.now()
    message = asked.team.payload(room, post)
    return {"channel": room.id, "ts": post.ts, "text": text, "message": message}


@method("chat.delete", "tier3", "chat:write")
async def delete(asked: Asked) -> dict[str, Any]:
    """Delete a message of the app."""
    room, post = own(asked, "cant_delete_message")
    del room.posts[post.ts]
    if post.thread and (parent := room.posts.get(post.thread)):
        parent.replies -= 1
    return {"channel": room.id, "ts": post.ts}


@method("chat.getPermalink", "special")
async def permalink(asked: Asked) -> dict[str, Any]:
    """Give the address of a message."""
    room, ts = asked.team.rooms.get(asked.text("channel", needed=True)), asked.text("message_ts", needed=True)
    if room is None:
        raise Refused("channel_not_found")
    if ts not in room.posts:
        raise Refused("message_not_found")
    address = f"https://{asked.team.id.lower()}.slack.com/archives/{room.id}/p{ts.replace('.', '')}"
    return {"channel": room.id, "permalink": address}


@method("reactions.add", "tier3", "reactions:write")
async def react(asked: Asked) -> dict[str, Any]:
    """Put an emoji under a message."""
    room, name = asked.team.rooms.get(asked.text("channel", needed=True)), asked.text("name", needed=True)
    post = room.posts.get(asked.text("timestamp", needed=True)) if room else None
    if room is None or post is None:
        raise Refused("channel_not_found" if room is None else "message_not_found")
    if name in post.reactions:
        raise Refused("already_reacted")
    post.reactions.append(name)
    asked.message = post.ts
    return {}
