"""files.*: the three steps of an upload, shared some moments after it is completed (platforms §3.6)."""

from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING, Any

from aiohttp import web

from sandbox.slack.door import Asked, Refused, method
from sandbox.slack.messages import target
from sandbox.slack.workspace import File, Post, Room, Team, fresh

if TYPE_CHECKING:
    from sandbox.slack import SlackSide

FILE_MAX = 50_000_000
SHARE_SECONDS = 0.05
"""Real seconds between completing an upload and its message: Slack looks for malware meanwhile."""


@method("files.getUploadURLExternal", "tier4", "files:write")
async def upload_url(asked: Asked) -> dict[str, Any]:
    """Give an address to send the bytes to, and the file's id."""
    name, length = asked.text("filename", needed=True), asked.count("length", 0, FILE_MAX)
    file = File(fresh("F"), name, length, asked.team.bot_user, ticket=fresh("up"))
    asked.team.files[file.id] = file
    asked.message = file.id
    return {
        "upload_url": f"{asked.side.base_url}/slack/upload/{asked.team.id}/{file.id}/{file.ticket}",
        "file_id": file.id,
    }


async def receive(side: SlackSide, request: web.Request) -> web.Response:
    """Take the bytes of a file at the address given for it, once."""
    team = side.teams.get(request.match_info["team"])
    file = team.files.get(request.match_info["file"]) if team else None
    if team is None or file is None or not file.ticket or file.ticket != request.match_info["ticket"]:
        return web.Response(status=404, text="no such upload")
    if request.content_type == "multipart/form-data":
        parts = [each for each in (await request.post()).values() if isinstance(each, web.FileField)]
        content = parts[0].file.read() if parts else b""
    else:
        content = await request.read()
    if len(content) != file.length:
        return web.Response(status=400, text=f"expected {file.length} bytes, got {len(content)}")
    # The same content, sent to many people, is in memory once.
    file.content, file.ticket = team.contents.setdefault(hashlib.sha256(content).digest(), content), ""
    body = {"filename": file.name, "length": file.length}
    side.write("files.upload", 200, message=file.id, body=body, team=request.match_info["team"])
    return web.Response(text=f"OK - {file.length}")


@method("files.completeUploadExternal", "tier4", "files:write")
async def complete(asked: Asked) -> dict[str, Any]:
    """Finish uploads and share them; the message follows a little later, so `shares` is still empty here."""
    wanted, team = asked.parsed("files"), asked.team
    if not isinstance(wanted, list) or not wanted or not all(isinstance(each, dict) for each in wanted):
        raise Refused("invalid_arguments", ["[ERROR] files must be a list of {id, title}"])
    files = []
    for each in wanted:
        file = team.files.get(str(each.get("id")))
        if file is None or file.content is None:
            raise Refused("file_not_found")
        file.title = str(each.get("title") or file.name)
        files.append(file)
    ids = asked.text("channels") or asked.text("channel_id")
    rooms = []
    for id in filter(None, (part.strip() for part in ids.split(","))):
        if id not in team.rooms:
            raise Refused("channel_not_found")
        asked.args["channel"] = id
        rooms.append(target(asked))
    asked.message = files[0].id
    if rooms:
        side, comment, thread = asked.side, asked.text("initial_comment"), asked.text("thread_ts")
        side.later(_share(side, team, rooms, files, comment, thread))
    return {"files": [team.file(file) for file in files]}


async def _share(side: SlackSide, team: Team, rooms: list[Room], files: list[File], comment: str, thread: str) -> None:
    await asyncio.sleep(SHARE_SECONDS)
    files = [file for file in files if file.id in team.files]  # what was deleted meanwhile is not shown
    for room in rooms if files else ():
        share(side, team, room, Post("", team.bot_user, comment, side.world.clock.now(), by_app=True), files, thread)


def share(side: SlackSide, team: Team, room: Room, post: Post, files: list[File], thread: str = "") -> Post:
    """Put a message with files into a room."""
    post.ts, post.files = team.stamp(room, post.at), [file.id for file in files]
    if thread in room.posts:
        post.thread = thread
        room.posts[thread].replies += 1
    room.posts[post.ts] = post
    for file in files:
        file.shares[room.id] = post.ts
    body = {"files": [file.name for file in files], "text": post.text, "thread_ts": post.thread}
    person = side.person_id(team, room.user) if room.user else ""
    side.write("files.shared", 200, chat=room.id, person=person, message=post.ts, body=body, team=team.id)
    return post


@method("files.info", "tier4", "files:read")
async def file_info(asked: Asked) -> dict[str, Any]:
    """Describe a file, with where it was shared by now."""
    file = asked.team.files.get(asked.text("file", needed=True))
    if file is None:
        raise Refused("file_not_found")
    asked.message = file.id
    shown = asked.team.file(file)
    shown["url_private"] = shown["url_private_download"] = address(asked.side, asked.team, file)
    return {"file": shown}


@method("files.delete", "tier3", "files:write")
async def delete_file(asked: Asked) -> dict[str, Any]:
    """Delete a file of the app's; the messages that only showed it go with it."""
    file = asked.team.files.get(asked.text("file", needed=True))
    if file is None:
        raise Refused("file_not_found")
    if file.user != asked.team.bot_user:
        raise Refused("cant_delete_file")
    asked.message = file.id
    del asked.team.files[file.id]
    for room_id, ts in file.shares.items():
        room = asked.team.rooms[room_id]
        post = room.posts[ts]
        post.files.remove(file.id)
        if not post.files and not post.text:
            del room.posts[ts]
            if post.thread in room.posts:
                room.posts[post.thread].replies -= 1
    return {}


def address(side: SlackSide, team: Team, file: File) -> str:
    """Give the address of a file's content, for who has the app's token."""
    return f"{side.base_url}/slack/files/{team.id}/{file.id}"


async def download(side: SlackSide, request: web.Request) -> web.Response:
    """Give the content of a file to the app, by its token."""
    team = side.teams.get(request.match_info["team"])
    file = team.files.get(request.match_info["file"]) if team else None
    if team is None or file is None or file.content is None:
        return web.Response(status=404)
    if request.headers.get("Authorization") != f"Bearer {team.token}" or "files:read" not in team.scopes:
        return web.Response(status=403)
    return web.Response(body=file.content, content_type="application/octet-stream")
