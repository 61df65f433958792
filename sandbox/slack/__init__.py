"""The Slack stand-in: Web API, Socket Mode, signed HTTP, modals and homes, and the people who use them.

Strict where the real one is (platforms §3): an app that works here sends nothing Slack would refuse. Known gaps:
group direct messages, attachments, options loaded from the app, scheduled messages, events of the app's own posts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Mapping
from typing import Any

from aiohttp import web

from sandbox.errors import WrongCall
from sandbox.people import Person
from sandbox.slack import actions, forms, picks, screen
from sandbox.slack import users as users  # with rooms, it answers methods by being imported
from sandbox.slack.controls import Controls
from sandbox.slack.door import Asked, Door
from sandbox.slack.events import Events
from sandbox.slack.files import download, receive
from sandbox.slack.responses import Responses
from sandbox.slack.transport import Transport
from sandbox.slack.views import Desk
from sandbox.slack.workspace import Room, Team
from sandbox.world import Call, ChatView, Done, Side, World

__all__ = ["SlackSide"]
NOTICES_MAX = 50


class SlackSide(Side):
    """Be Slack for one world; several workspaces are possible.

    World file: `"slack": {"teams": [...], "request_url", "retry_scale", "ack_seconds"}`; a team is `{"id", "name",
    "token", "app_token", "signing_secret", "bot_user", "scopes", "events", "request_url", "commands", "channels"}`, a
    channel `{"id", "name", "members", "bot", "private", "archived"}`. A person's Slack part may have `guest`,
    `single_channel_guest`, `external`, `home_team`, `stranger`, `deleted`, `admin`, `email`, `locale`, `channels`.
    """

    name = "slack"
    losses = ("deactivated", "not_found")

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.base_url = ""
        self.teams: dict[str, Team] = {}
        self.by_token: dict[str, Team] = {}
        self.by_app_token: dict[str, Team] = {}
        self.desks: dict[str, Desk] = {}
        self.notices: dict[tuple[str, str], list[dict[str, Any]]] = {}
        self.door, self.transport = Door(self), Transport(self)
        self.events, self.responses = Events(self), Responses(self)
        self._running: set[asyncio.Task[None]] = set()

    def load(self, spec: Mapping[str, Any]) -> None:
        """Start afresh; open sockets stay open, as the app's tokens may be the same."""
        part = spec.get(self.name) or {}
        self.events.retry_scale = float(part.get("retry_scale", 0.1))
        self.transport.ack_seconds = float(part.get("ack_seconds", 3.0))
        teams = [Team.of(each, str(part.get("request_url") or "")) for each in part.get("teams") or ()]
        self.teams = {team.id: team for team in teams}
        self.by_token = {team.token: team for team in teams}
        self.by_app_token = {team.app_token: team for team in teams if team.app_token}
        self.desks = {team.id: Desk(team) for team in teams}
        self.notices = {}
        for person in self.world.people:
            self.add(person)
        for each in part.get("teams") or ():
            for described in each.get("channels") or ():
                room = self.teams[each["id"]].rooms[str(described["id"])]
                room.members |= {self._member(each["id"], id) for id in described.get("members") or ()}

    def _member(self, team: str, id: str) -> str:
        person = self.world.people.get(id)
        if person is None or person.slack is None or person.slack.team != team:
            raise WrongCall(f"{id!r} is no person on Slack in {team}")
        return person.slack.user

    def add(self, person: Person) -> None:
        """Take note of a person: their workspace must be there; `channels` of their Slack part are joined."""
        if person.slack is None:
            return
        team = self.teams.get(person.slack.team)
        if team is None:
            raise WrongCall(f"{person.id}: there is no Slack team {person.slack.team!r}")
        if person.slack.traits.get("deleted"):
            team.deleted.add(person.slack.user)
        for id in person.slack.traits.get("channels") or ():
            self.room(team, id).members.add(person.slack.user)

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        """Give the API, the socket, the addresses for files and responses, and the control calls only Slack has."""
        return [
            web.route("*", "/api/{method}", self.door.handle),
            web.get("/socket", self.transport.socket),
            web.post("/slack/response/{team}/{id}", self.responses.handle),
            web.post("/slack/upload/{team}/{file}/{ticket}", self._receive),
            web.get("/slack/files/{team}/{file}", self._download),
            *Controls(self).routes(),
        ]

    async def _receive(self, request: web.Request) -> web.StreamResponse:
        return await receive(self, request)

    async def _download(self, request: web.Request) -> web.StreamResponse:
        return await download(self, request)

    async def close(self) -> None:
        """End redeliveries and shares under way, and every connection."""
        for task in list(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        await self.transport.close()

    async def cut(self) -> None:
        """Drop every socket."""
        for each in [each for group in self.transport.connections.values() for each in group]:
            await each.socket.close()

    def later(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something beside the request at hand."""
        task = asyncio.get_running_loop().create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    def team_of(self, person: Person) -> tuple[Team, str]:
        """Give the workspace and user id of a person who is on Slack."""
        assert person.slack is not None
        return self.teams[person.slack.team], person.slack.user

    def room(self, team: Team, id: str) -> Room:
        """Find a room by id or `#name`; raise `WrongCall` if there is none."""
        named = (each for each in team.channels.values() if id in (each.name, f"#{each.name}"))
        room = team.rooms.get(id) or next(named, None)
        if room is None:
            raise WrongCall(f"there is no channel {id!r} in {team.id}", 404)
        return room

    def person_id(self, team: Team, user: str) -> str:
        """Give our id of a user; empty for the app."""
        person = self.world.people.on_slack(team.id, user)
        return person.id if person else ""

    def name_of(self, team: Team, id: str) -> str:
        """Give the name of a user or channel as people see it."""
        if id == team.bot_user:
            return "Convenor"
        room, person = team.rooms.get(id), self.world.people.on_slack(team.id, id)
        return person.name if person else room.name if room else id

    def aim(self, asked: Asked) -> None:
        """Find out for faults, limits and ledger which room and person a call is about."""
        channel, team = asked.args.get("channel") or asked.args.get("channel_id"), asked.team
        if isinstance(channel, str) and channel:
            asked.room = team.rooms.get(channel)
            if asked.room is None and self.world.people.on_slack(team.id, channel):
                asked.room = team.dm(channel)
        if asked.room is not None and asked.room.user:
            asked.person = self.person_id(team, asked.room.user)
        elif isinstance(user := asked.args.get("user_id") or asked.args.get("user"), str):
            asked.person = self.person_id(team, user)

    def note(self, asked: Asked, status: int, body: Mapping[str, Any]) -> None:
        """Write the ledger row of a call."""
        chat, team = asked.room.id if asked.room else "", asked.team.id
        self.write(asked.method, status, chat=chat, person=asked.person, message=asked.message, body=body, team=team)

    def write(
        self,
        method: str,
        status: int,
        *,
        chat: str = "",
        person: str = "",
        message: str = "",
        body: Mapping[str, Any] | None = None,
        team: str = "",
    ) -> None:
        """Write a ledger row."""
        self.world.ledger.add(
            "slack", method, status, chat=chat, person=person, message=message, body=body, workspace=team
        )

    def notice(self, team: Team, user: str, room: str, text: str) -> None:
        """Show an error of Slack itself to one person, in a room or over everything."""
        kept = self.notices.setdefault((team.id, user), [])
        posts = team.rooms[room].posts if room in team.rooms else {}
        last = next(reversed(posts), "")  # the clock may stand still: only this tells what came before
        at = self.world.clock.now().isoformat()
        kept.append({"text": text, "alert": True, "at": at, "chat": room, "after": last})
        del kept[:-NOTICES_MAX]
        self.world.changes.note()

    def screen(self, person: Person) -> list[ChatView]:
        """Give the chats this person sees."""
        return screen.chats(self, person)

    def views(self, person: Person) -> Done:
        """Give the open modal, the home tab and Slack's own errors."""
        return screen.views(self, person)

    async def say(self, person: Person, call: Call) -> Done:
        """Write `text` to the app, in `chat`, or in the `thread` of a message; `/cop …` is the slash command."""
        return await actions.say(self, person, call)

    async def press(self, person: Person, call: Call) -> Done:
        """Press `button` (label, action_id or value), in an open modal, else a message, else the home.

        With `action` (and `block`), press or pick exactly that element, with `value` if it takes one.
        """
        return await (picks.pick if call.get("action") else actions.press)(self, person, call)

    async def submit(self, person: Person, call: Call) -> Done:
        """Fill the open modal with `values` and submit it (`force` skips the client's checks), or `close` it."""
        return await forms.submit(self, person, call)

    async def upload(self, person: Person, call: Call) -> Done:
        """Share a file: `name`, and `text` or `base64`; with the app, or in `chat`."""
        return await actions.upload(self, person, call)

    async def block(self, person: Person, call: Call) -> Done:
        """Deactivate the person's account."""
        return await actions.deactivate(self, person, True)

    def lose(self, person: Person, how: str) -> None:
        """Deactivate or forget an account; no event tells of it."""
        team, user = self.team_of(person)
        (team.missing if how == "not_found" else team.deleted).add(user)

    async def unblock(self, person: Person, call: Call) -> Done:
        """Activate the account again."""
        return await actions.deactivate(self, person, False)

    async def leave(self, person: Person, call: Call) -> Done:
        """Leave the channel `chat`."""
        return await actions.move(self, person, call, joins=False)

    async def join(self, person: Person, call: Call) -> Done:
        """Join the channel `chat`."""
        return await actions.move(self, person, call, joins=True)

    async def begin(self, person: Person, call: Call) -> Done:
        """Open the messages tab of the app, or with `chat` join that channel."""
        if call.get("chat"):
            return await self.join(person, call)
        return await actions.open_app(self, person, "messages")

    async def open_home(self, person: Person, call: Call) -> Done:
        """Open the home tab of the app."""
        return await actions.open_app(self, person, "home")
