"""The door of the Web API: arguments, token, scopes, rate limits, faults, ledger; the methods are in other modules."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from aiohttp import web

from sandbox.faults import Fault
from sandbox.slack.workspace import Room, Team
from sandbox.suffering import suffer

if TYPE_CHECKING:
    from sandbox.slack import SlackSide

USUAL = {429: "ratelimited", 401: "invalid_auth", 0: "cut"}
"""The error code that goes with what a fault does, unless it names another; 5xx are `service_unavailable`."""
BODY_MAX = 60_000_000


class Refused(Exception):
    """Refuse a call with Slack's error code; `messages` go into `response_metadata`, `more` beside the error."""

    def __init__(self, error: str, messages: list[str] | None = None, **more: Any) -> None:
        super().__init__(error)
        self.answer: dict[str, Any] = {"ok": False, "error": error, **more}
        if messages:
            self.answer["response_metadata"] = {"messages": messages}


@dataclass(slots=True)
class Asked:
    """Be one call of a method: the workspace, the arguments, and what the ledger shall know of it."""

    side: SlackSide
    team: Team
    method: str
    args: dict[str, Any]
    room: Room | None = None
    person: str = ""
    message: str = ""
    noted: dict[str, Any] = field(default_factory=dict)

    def text(self, name: str, needed: bool = False) -> str:
        """Give an argument as text; raise `invalid_arguments` if it is needed and missing."""
        value = self.args.get(name)
        if value is None or value == "":
            if needed:
                raise Refused("invalid_arguments", [f"[ERROR] missing required field: {name}"])
            return ""
        if isinstance(value, (dict, list)):
            raise Refused("invalid_arguments", [f"[ERROR] must be a string: {name}"])
        return str(value)

    def flag(self, name: str, default: bool = False) -> bool:
        """Give an argument as true or false."""
        value = self.args.get(name)
        return default if value is None else str(value).lower() in ("1", "true")

    def count(self, name: str, default: int, most: int) -> int:
        """Give an argument as a number of 1 to `most`."""
        try:
            value = int(self.args.get(name) or default)
        except (TypeError, ValueError):
            value = 0
        if not 1 <= value <= most:
            raise Refused("invalid_limit" if name == "limit" else "invalid_arguments")
        return value

    def parsed(self, name: str, error: str = "invalid_arguments") -> Any:
        """Give an argument that is JSON, in a JSON body or as text in a form; `None` if it is not there."""
        value = self.args.get(name)
        if isinstance(value, str):
            if not value:
                return None
            try:
                value = self.args[name] = json.loads(value)
            except ValueError:
                raise Refused(error, [f"[ERROR] {name} is not valid JSON"]) from None
        return value

    def scope(self, *needed: str) -> None:
        """Raise `missing_scope` unless the app has all these scopes."""
        lacking = [each for each in needed if each not in self.team.scopes]
        if lacking:
            raise Refused("missing_scope", needed=",".join(lacking), provided=",".join(sorted(self.team.scopes)))


@dataclass(frozen=True, slots=True)
class Method:
    """Be a method of the API: what runs, which limits it counts under, which scopes it needs whatever it is asked."""

    run: Callable[[Asked], Awaitable[dict[str, Any]]]
    tier: str
    scopes: tuple[str, ...]


METHODS: dict[str, Method] = {}
Run = Callable[[Asked], Awaitable[dict[str, Any]]]


def method(name: str, tier: str, *scopes: str) -> Callable[[Run], Run]:
    """Make a function answer a method; `tier` is tier1 to tier4, special, or post (platforms §3.1)."""

    def add(run: Run) -> Run:
        METHODS[name] = Method(run, tier, scopes)
        return run

    return add


async def arguments(request: web.Request) -> dict[str, Any]:
    """Read the arguments from query string, form, multipart form or JSON body: the library uses all of them."""
    args: dict[str, Any] = dict(request.query)
    if request.content_type == "application/json":
        try:
            body = json.loads(await request.read() or b"{}")
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise Refused("invalid_json" if body is None else "json_not_object")
        args |= {name: value for name, value in body.items() if value is not None}
    elif request.content_type == "multipart/form-data":
        args |= {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    elif request.can_read_body:
        raw = await request.read()
        args |= parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True)
    return args


def answer(body: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """Make a JSON answer."""
    raw = json.dumps(body).encode()
    return web.Response(body=raw, status=status, headers=headers, content_type="application/json", charset="utf-8")


class Door:
    """Answer `/api/{method}`."""

    def __init__(self, side: SlackSide) -> None:
        self._side = side

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one call; what is wrong is refused in the order in which Slack looks."""
        side, name = self._side, request.match_info["method"]
        try:
            args = await arguments(request)
            team = self._team(request, args, name)
        except Refused as refused:
            side.write(name, 400, body=refused.answer)
            return answer(refused.answer)
        asked = Asked(side, team, name, args)
        side.aim(asked)
        fault = side.world.faults.take("slack", name, asked.room.id if asked.room else "", asked.person, team.id)
        if fault is None:
            return await self._work(asked)
        return await suffer(fault, request, lambda: self._work(asked), partial(self.spoil, asked, fault))

    def _team(self, request: web.Request, args: dict[str, Any], name: str) -> Team:
        """Find the workspace by its token; tokens never reach the methods or the ledger."""
        given = args.pop("token", "")
        header = request.headers.get("Authorization", "")
        token = header[7:].strip() if header[:7].lower() == "bearer " else given
        if not token:
            raise Refused("not_authed")
        app = name == "apps.connections.open"
        team = (self._side.by_app_token if app else self._side.by_token).get(token)
        if team is None:
            other = self._side.by_token if app else self._side.by_app_token
            raise Refused("not_allowed_token_type" if token in other else "invalid_auth")
        return team

    async def _work(self, asked: Asked) -> web.StreamResponse:
        """Do what is asked and write the ledger row."""
        found = METHODS.get(asked.method)
        headers = {"X-OAuth-Scopes": ",".join(sorted(asked.team.scopes))}
        try:
            if found is None:
                raise Refused("unknown_method", req_method=asked.method)
            wait = asked.side.world.limits.refuse(self._limits(asked, found.tier))
            if wait:
                return self.refuse(asked, 429, "ratelimited", wait)
            asked.scope(*found.scopes)
            body = {"ok": True, **await found.run(asked)}
            asked.side.note(asked, 200, asked.args | asked.noted)
        except Refused as refused:
            body = refused.answer
            asked.side.note(asked, 400, asked.args | asked.noted | body)
        return answer(body, headers=headers)

    def _limits(self, asked: Asked, tier: str) -> list[tuple[str, str]]:
        team, named = asked.team.id, asked.side.world.limits.named
        if tier == "post":
            channel = asked.room.id if asked.room else asked.text("channel")
            return [(named("slack.channel", team), f"{team}:{channel}"), (named("slack.workspace", team), team)]
        return [(named(f"slack.{tier}", team), f"{team}:{asked.method}")]

    def spoil(self, asked: Asked, fault: Fault, status: int, noted: bool) -> web.Response:
        """Answer a call as a fault wants it; see `suffer`."""
        error = fault.error or USUAL.get(status, "service_unavailable")
        return self.refuse(asked, status, error, fault.retry_after, noted=noted)

    def refuse(self, asked: Asked, status: int, error: str, wait: object = None, *, noted: bool = True) -> web.Response:
        """Answer a call that was not done: 429, another 4xx (HTTP 200, as Slack does), 5xx, or 0 for no answer."""
        body = {"ok": False, "error": error}
        if noted:
            asked.side.note(asked, status, asked.args | body)
        if status == 429:
            return answer(body, 429, {} if wait is None else {"Retry-After": str(wait)})
        return answer(body) if 400 <= status < 500 else web.Response(status=status or 502, text="Bad Gateway")
