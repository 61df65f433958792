"""How payloads reach the app: Socket Mode, up to ten connections, or signed HTTP; acknowledged within 3 s or lost."""

from __future__ import annotations

import asyncio
import hmac
import json
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import aiohttp
from aiohttp import web

from sandbox.slack.door import Asked, Refused, method
from sandbox.slack.workspace import Team, fresh
from sandbox.suffering import kill, swallow

if TYPE_CHECKING:
    from sandbox.slack import SlackSide

CONNECTIONS_MAX = 10
ACK_SECONDS = 3.0
PARTING_SECONDS = 1.0
Answer = dict[str, Any]


class NotAcknowledged(Exception):
    """Say that the app did not take a payload: `operation_timeout`, or `dispatch_failed` if nobody could be asked."""


@dataclass(eq=False, slots=True)
class Connection:
    """Be one open socket and what it still has to acknowledge; a silent one is in a black hole, for good."""

    socket: web.WebSocketResponse
    workspace: str = ""
    silent: bool = False
    waiting: dict[str, asyncio.Future[Answer]] = field(default_factory=dict)


class Transport:
    """Bring payloads to the app and its acknowledgments back."""

    def __init__(self, side: SlackSide) -> None:
        self._side = side
        self.ack_seconds = ACK_SECONDS
        self._tickets: dict[str, str] = {}
        self.connections: dict[str, list[Connection]] = {}
        self._turn = 0
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close every connection."""
        for each in [each for group in self.connections.values() for each in group]:
            await each.socket.close()
        if self._session:
            await self._session.close()
            self._session = None

    def ticket(self, app_token: str) -> str:
        """Make a one-time ticket for a socket."""
        ticket = uuid.uuid4().hex
        self._tickets[ticket] = app_token
        return ticket

    async def socket(self, request: web.Request) -> web.StreamResponse:
        """Hold one socket open: hello first, then payloads out and acknowledgments in."""
        app_token = self._tickets.pop(request.query.get("ticket", ""), None)
        if app_token is None:
            return web.Response(status=403, text="invalid ticket")
        team = self._side.by_app_token.get(app_token)
        workspace = team.id if team else ""
        if hole := self._side.world.faults.silences("slack", "socket", workspace):
            return await swallow(hole, request)
        # Pings are answered by hand, as a socket in a black hole must not answer any.
        socket = web.WebSocketResponse(max_msg_size=4 * 2**20, autoping=False)
        await socket.prepare(request)
        group = self.connections.setdefault(app_token, [])
        if len(group) >= CONNECTIONS_MAX:
            await socket.send_json({"type": "disconnect", "reason": "too_many_websockets", "debug_info": {}})
            await socket.close()
            return socket
        connection = Connection(socket, workspace)
        group.append(connection)
        hello = {
            "type": "hello",
            "num_connections": len(group),
            "debug_info": {"host": "sandbox", "approximate_connection_time": 18060},
            "connection_info": {"app_id": team.app_id if team else ""},
        }
        try:
            await socket.send_json(hello)
            async for message in socket:
                if self._silent(connection):
                    continue
                if message.type is aiohttp.WSMsgType.TEXT:
                    self._acknowledged(connection, message.data)
                elif message.type is aiohttp.WSMsgType.PING:
                    await socket.pong(message.data)
        finally:
            if connection in group:
                group.remove(connection)
            for future in connection.waiting.values():
                if not future.done():
                    future.set_exception(NotAcknowledged("dispatch_failed"))
        return socket

    def _silent(self, connection: Connection) -> bool:
        """Tell whether a connection has fallen into a black hole; it does not come out again."""
        if not connection.silent:
            hole = self._side.world.faults.silences("slack", "socket", connection.workspace)
            connection.silent = hole is not None
        return connection.silent

    def _acknowledged(self, connection: Connection, text: str) -> None:
        try:
            message = json.loads(text)
            future = connection.waiting.get(message["envelope_id"])
        except (ValueError, KeyError, TypeError):
            return
        if future is not None and not future.done():
            payload = message.get("payload")
            future.set_result(payload if isinstance(payload, dict) else {"text": payload} if payload else {})

    async def disconnect(self, team: Team, reason: str = "refresh_requested") -> int:
        """Ask every client to reconnect, as Slack does now and then; `warning` only announces it. Give how many.

        The old sockets get no payloads any more and are closed a second later, if the clients have not done so.
        """
        group = list(self.connections.get(team.app_token, ()))
        for each in group:
            if reason != "warning":
                self.connections[team.app_token].remove(each)
                self._side.later(self._part(each))
            if not self._silent(each):
                await each.socket.send_json({"type": "disconnect", "reason": reason, "debug_info": {"host": "sandbox"}})
        return len(group)

    async def _part(self, connection: Connection) -> None:
        try:
            await asyncio.sleep(PARTING_SECONDS)
        finally:
            await connection.socket.close()

    async def ping(self, team: Team) -> int:
        """Ping every client; give how many."""
        group = list(self.connections.get(team.app_token, ()))
        for each in group:
            if not self._silent(each):
                await each.socket.ping()
        return len(group)

    async def deliver(self, team: Team, kind: str, payload: Answer, attempt: int = 0, reason: str = "") -> Answer:
        """Bring one payload (`events_api`, `interactive`, `slash_commands`) to the app and give what it acknowledged.

        Raise `NotAcknowledged` after 3 real seconds, or at once if nobody listens or the app refuses.
        """
        way = "http" if team.request_url else "socket"
        fault = self._side.world.faults.take("slack", way, workspace=team.id)
        if fault is None:
            return await self._bring(team, kind, payload, attempt, reason)
        match fault.action:
            case "kill":
                taken = await self._bring(team, kind, payload, attempt, reason)
                kill(fault.pid)
                return taken
            case "delay":
                await asyncio.sleep(fault.seconds)
                return await self._bring(team, kind, payload, attempt, reason)
            case "black_hole":
                await asyncio.sleep(min(fault.seconds or self.ack_seconds, self.ack_seconds))
                raise NotAcknowledged("operation_timeout")
            case "cut_after" | "5xx_after":
                with suppress(NotAcknowledged):
                    await self._bring(team, kind, payload, attempt, reason)
        raise NotAcknowledged("dispatch_failed")

    async def _bring(self, team: Team, kind: str, payload: Answer, attempt: int, reason: str) -> Answer:
        if team.request_url:
            return await self._post(team, kind, payload, attempt, reason)
        group = self.connections.get(team.app_token)
        if not group:
            raise NotAcknowledged("dispatch_failed")
        self._turn += 1
        connection = group[self._turn % len(group)]
        id = str(uuid.uuid4())
        envelope: Answer = {"envelope_id": id, "type": kind, "payload": payload}
        envelope["accepts_response_payload"] = kind != "events_api"
        if kind == "events_api":
            envelope |= {"retry_attempt": attempt, "retry_reason": reason}
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        connection.waiting[id] = future
        try:
            if not self._silent(connection):
                await connection.socket.send_str(json.dumps(envelope))
            async with asyncio.timeout(self.ack_seconds):
                return await future
        except TimeoutError:
            raise NotAcknowledged("operation_timeout") from None
        except ConnectionError:
            raise NotAcknowledged("dispatch_failed") from None
        finally:
            del connection.waiting[id]
            if not future.cancel() and not future.cancelled():
                future.exception()  # seen, also when sending failed first

    async def _post(self, team: Team, kind: str, payload: Answer, attempt: int, reason: str) -> Answer:
        headers, stamp = {}, str(int(time.time()))
        if kind == "events_api":
            body, form = json.dumps(payload).encode(), "application/json"
            if attempt:
                headers = {"X-Slack-Retry-Num": str(attempt), "X-Slack-Retry-Reason": reason}
        else:
            fields = payload if kind == "slash_commands" else {"payload": json.dumps(payload)}
            body, form = urlencode(fields).encode(), "application/x-www-form-urlencoded"
        signed = hmac.new(team.signing_secret.encode(), f"v0:{stamp}:".encode() + body, sha256).hexdigest()
        headers |= {"Content-Type": form, "X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={signed}"}
        if self._session is None:
            self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        try:
            async with asyncio.timeout(self.ack_seconds):
                async with self._session.post(team.request_url, data=body, headers=headers) as response:
                    text = await response.text()
        except TimeoutError:
            raise NotAcknowledged("operation_timeout") from None
        except aiohttp.ClientError:
            raise NotAcknowledged("dispatch_failed") from None
        if not 200 <= response.status < 300:
            raise NotAcknowledged("no_retry" if response.headers.get("X-Slack-No-Retry") == "1" else "dispatch_failed")
        try:
            answer = json.loads(text) if text.strip() else {}
        except ValueError:
            answer = {"text": text}
        return answer if isinstance(answer, dict) else {}


@method("apps.connections.open", "tier2")
async def connections_open(asked: Asked) -> dict[str, Any]:
    """Give the address of a socket, valid once. Counted as tier 2: a client that restarts must get in again."""
    if not asked.team.app_token:
        raise Refused("not_allowed_token_type")
    address = asked.side.base_url.replace("http://", "ws://", 1)
    return {"url": f"{address}/socket?ticket={asked.side.transport.ticket(asked.team.app_token)}&app_id={fresh('')}"}
