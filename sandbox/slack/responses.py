"""response_url: five answers within thirty minutes to something a person did (platforms §3.3)."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from aiohttp import web

from sandbox.slack.door import Asked, Refused, answer
from sandbox.slack.messages import POST_MAX, content
from sandbox.slack.workspace import Post, Room, Team, fresh
from sandbox.suffering import suffer

if TYPE_CHECKING:
    from sandbox.slack import SlackSide

USES_MAX, SECONDS_MAX = 5, 1800.0
KEPT_MAX = 20_000


@dataclass(slots=True)
class Permit:
    """Be one response_url: where and to whom it answers, and the message it may replace."""

    team: Team
    room: Room
    user: str
    born: float
    message: str = ""
    uses: int = 0


class Responses:
    """Answer `/slack/response/{id}`."""

    def __init__(self, side: SlackSide) -> None:
        self._side = side
        self._permits: dict[str, Permit] = {}

    def make(self, team: Team, room: Room, user: str, message: str = "") -> str:
        """Give a new response_url."""
        while len(self._permits) >= KEPT_MAX:
            del self._permits[next(iter(self._permits))]
        id = fresh("r")
        self._permits[id] = Permit(team, room, user, time.monotonic(), message)
        return f"{self._side.base_url}/slack/response/{team.id}/{id}"

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Take one answer."""
        permit = self._permits.get(request.match_info["id"])
        if permit is None or time.monotonic() - permit.born > SECONDS_MAX or permit.uses >= USES_MAX:
            error = "used_url" if permit and permit.uses >= USES_MAX else "expired_url"
            self._side.write("response_url", 404, body={"error": error}, team=request.match_info["team"])
            return answer({"ok": False, "error": error}, 404)
        try:
            body = json.loads(await request.read())
        except ValueError:
            body = None
        if not isinstance(body, dict):
            return answer({"ok": False, "error": "invalid_payload"}, 400)
        asked = Asked(self._side, permit.team, "response_url", body, permit.room)
        asked.person, asked.message = self._side.person_id(permit.team, permit.user), permit.message
        fault = self._side.world.faults.take("slack", "response_url", permit.room.id, asked.person, permit.team.id)
        if fault is None:
            return await self._work(asked, permit)
        spoil = partial(self._side.door.spoil, asked, fault)
        return await suffer(fault, request, lambda: self._work(asked, permit), spoil)

    async def _work(self, asked: Asked, permit: Permit) -> web.StreamResponse:
        try:
            apply(asked, permit.room, permit.user, permit.message)
        except Refused as refused:
            self._side.note(asked, 400, asked.args | asked.noted | refused.answer)
            return answer(refused.answer, 400)
        permit.uses += 1
        self._side.note(asked, 200, asked.args | asked.noted)
        return answer({"ok": True})


def apply(asked: Asked, room: Room, user: str, message: str) -> None:
    """Do what a response asks: delete or replace the message it belongs to, else post, by default for one person."""
    now, team = asked.side.world.clock.now(), asked.team
    old = room.posts.get(message)
    if asked.flag("delete_original"):
        if old is None or not old.by_app:
            raise Refused("message_not_found")
        del room.posts[message]
        return
    text, blocks = content(asked, POST_MAX)
    if asked.flag("replace_original") and old is not None and old.by_app:
        old.text, old.blocks, old.edited = text, blocks, now
        return
    if asked.text("response_type") not in ("", "ephemeral", "in_channel"):
        raise Refused("invalid_arguments")
    alone = "" if asked.text("response_type") == "in_channel" else user
    post = Post(team.stamp(room, now), team.bot_user, text, now, blocks, by_app=True, only_for=alone)
    thread: Any = asked.text("thread_ts")
    post.thread = thread if thread in room.posts else ""
    room.posts[post.ts] = post
    asked.message = post.ts
