"""Control calls only Slack has: join a channel, close a modal, archive a channel, and what Slack does to sockets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from sandbox.control import answer, body_of
from sandbox.errors import WrongCall
from sandbox.people import Person
from sandbox.slack.workspace import Team
from sandbox.world import Call

if TYPE_CHECKING:
    from sandbox.slack import SlackSide


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
