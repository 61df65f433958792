"""Control calls only Slack has: join a channel, close a modal, archive a channel, and what Slack does to sockets."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from aiohttp import web

from sandbox.control import answer, body_of
from sandbox.errors import WrongCall
from sandbox.people import Person
from sandbox.slack.picks import suggest
from sandbox.slack.workspace import Team
from sandbox.world import Call

if TYPE_CHECKING:
    from sandbox.slack import SlackSide


SHOWN = {"pdf": "application/pdf", "ics": "text/calendar", "txt": "text/plain", "md": "text/plain", "csv": "text/csv"}
"""Kinds of files a page may show, by the end of their names; all others are only to be kept, never run."""


class Controls:
    """Answer `/control/slack/…`."""

    def __init__(self, side: SlackSide) -> None:
        self._side = side

    def routes(self) -> list[web.AbstractRouteDef]:
        """Give the routes."""
        return [
            web.post("/control/slack/join", self.join),
            web.post("/control/slack/close", self.close),
            web.post("/control/slack/archive", self.archive),
            web.post("/control/slack/socket", self.socket),
            web.post("/control/slack/options", self.options),
            web.get("/control/slack/file/{team}/{file}", self.file),
        ]

    def _person(self, call: Call) -> Person:
        person = self._side.world.people.named(call.get("person"))
        self._side.world.account(person, self._side.name)
        return person

    def _team(self, call: Call) -> Team:
        team = (
            self._side.teams.get(str(call.get("team")))
            if "team" in call
            else next(iter(self._side.teams.values()), None)
        )
        if team is None:
            raise WrongCall(f"there is no Slack team {call.get('team')!r}", 404)
        return team

    async def join(self, request: web.Request) -> web.Response:
        """Let `person` join `chat`."""
        call = await body_of(request)
        return answer({"ok": True, **await self._side.join(self._person(call), call)})

    async def close(self, request: web.Request) -> web.Response:
        """Let `person` close the modal in front."""
        call = await body_of(request)
        return answer({"ok": True, **await self._side.submit(self._person(call), {**call, "close": True})})

    async def archive(self, request: web.Request) -> web.Response:
        """Archive `chat` of `team`, or open it again with `"archived": false`."""
        call = await body_of(request)
        self._side.room(self._team(call), str(call.get("chat"))).archived = bool(call.get("archived", True))
        return answer({"ok": True})

    async def options(self, request: web.Request) -> web.Response:
        """Ask the app which options an `external_select` offers to `person` for what they typed (`query`)."""
        call = await body_of(request)
        return answer({"ok": True, **await suggest(self._side, self._person(call), call)})

    async def file(self, request: web.Request) -> web.Response:
        """Give the content of a file to a page of ours; with `download`, to be kept."""
        team = self._side.teams.get(request.match_info["team"])
        file = team.files.get(request.match_info["file"]) if team else None
        if file is None or file.content is None:
            raise WrongCall("there is no such file", 404)
        kind = SHOWN.get(file.name.rpartition(".")[2].lower(), "")
        way = "attachment" if not kind or "download" in request.query else "inline"
        headers = {
            "Content-Disposition": f"{way}; filename*=UTF-8''{quote(file.name)}",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        }
        if kind != "application/pdf":  # the viewer of PDF files does not work in a sandboxed document
            headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
        return web.Response(body=file.content, content_type=kind or "application/octet-stream", headers=headers)

    async def socket(self, request: web.Request) -> web.Response:
        """Do to the sockets of `team` what Slack does: `{"action": "disconnect" (with "reason") or "ping"}`."""
        call = await body_of(request)
        team, transport = self._team(call), self._side.transport
        match call.get("action"):
            case "disconnect":
                sockets = await transport.disconnect(team, str(call.get("reason") or "refresh_requested"))
            case "ping":
                sockets = await transport.ping(team)
            case "count":
                sockets = len(transport.connections.get(team.app_token, ()))
            case _:
                raise WrongCall('"action" is disconnect, ping or count')
        return answer({"ok": True, "sockets": sockets})
