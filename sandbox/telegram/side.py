"""The Telegram side: the Bot API under its routes, people under control calls."""

from __future__ import annotations

import inspect
import json
import traceback
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from aiohttp import hdrs, web

from sandbox.errors import WrongCall
from sandbox.people import Person
from sandbox.suffering import suffer, swallow
from sandbox.telegram import basics, play, sending
from sandbox.telegram.errors import Refused, bad, spoilt
from sandbox.telegram.params import Params
from sandbox.telegram.screen import left, screen
from sandbox.telegram.server import METHODS, Method, Server, check_known
from sandbox.world import Call, ChatView, Done, Side, World

MODULES = (basics, sending)
"""Where the methods are; importing them fills `METHODS`."""
POLL = METHODS["getupdates"]
SHOWN_TYPES = {"application/pdf", "text/calendar", "text/plain", "image/png", "image/jpeg"}
"""Files a browser may show in a page; all others it saves."""


class TelegramSide(Side):
    """Stand in for `api.telegram.org` with one bot; `updates` and `chats` are open to tests."""

    name = "telegram"
    losses = ("blocked", "deactivated", "not_found")

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.server = Server(world)

    @property
    def workspace(self) -> str:
        """Give the bot's id, by which faults and ledger tell bots apart."""
        return str(self.server.bot.id)

    def load(self, spec: Mapping[str, Any]) -> None:
        """Start afresh; without a part for Telegram no token is right."""
        self.server.load(spec.get("telegram"))

    def add(self, person: Person) -> None:
        """Give a person who was described anew their new name in the chat they have."""
        if person.telegram and (chat := self.server.chats.by_id.get(person.telegram.user)):
            chat.person = person
            chat.started = chat.started or person.telegram.started

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        """Give the routes of the Bot API and of its files."""
        return [
            web.get("/bot{token}/{method}", self.call),
            web.post("/bot{token}/{method}", self.call),
            web.get("/file/bot{token}/{path:.+}", self.file),
            web.get("/telegram/file/{id}", self.open_file),
        ]

    async def close(self) -> None:
        """Stop delivering to a webhook."""
        await self.server.close()

    # -- the Bot API -------------------------------------------------------------------------------------------------

    async def call(self, request: web.Request) -> web.StreamResponse:
        """Answer a method of the Bot API."""
        server, name = self.server, request.match_info["method"]
        if request.match_info["token"] != server.bot.token or not server.bot.token:
            return self._refuse(name, Params(), Refused(401, "Unauthorized"))
        method = METHODS.get(name.lower())
        try:
            params = await Params.of(request)
        except Refused as refused:
            return self._refuse(name, Params(), refused)
        if method is None:
            return self._refuse(name, params, bad(f"the sandbox has no method {name}"))
        fault = None
        if self.world.faults:
            chat, person = self._where(params)
            fault = self.world.faults.take("telegram", method.name, chat, person, self.workspace)
        if fault is None:
            answer = await self._run(method, params)
            hole = self.world.faults.silences("telegram", "getUpdates", self.workspace) if method is POLL else None
            return answer if hole is None else await swallow(hole, request)

        def refuse(status: int, noted: bool) -> web.Response:
            wrong = spoilt(status, fault.error, fault.retry_after)
            return self._refuse(method.name, params, wrong) if noted else _refusal(wrong)

        return await suffer(fault, request, lambda: self._run(method, params), refuse)

    async def _run(self, method: Method, params: Params) -> web.Response:
        chat, person = self._where(params)
        try:
            check_known(method, params)
            result = method.run(self.server, params)
            if inspect.isawaitable(result):
                result = await result
        except Refused as refused:
            return self._refuse(method.name, params, refused)
        except Exception as error:  # a hole in the sandbox must not look like a dead server
            traceback.print_exc()
            return self._refuse(method.name, params, Refused(500, f"Internal Server Error: {type(error).__name__}"))
        if method is not POLL:
            message = str(result["message_id"]) if isinstance(result, dict) and "message_id" in result else ""
            self.world.ledger.add(
                "telegram",
                method.name,
                200,
                chat=chat,
                person=person,
                message=message or str(params.given.get("message_id") or ""),
                body=params.ledger(),
                workspace=self.workspace,
            )
        return _answer({"ok": True, "result": result}, 200)

    def _refuse(self, method: str, params: Params, refused: Refused) -> web.Response:
        chat, person = self._where(params)
        self.world.ledger.add(
            "telegram",
            method,
            refused.code,
            chat=chat,
            person=person,
            message=str(params.given.get("message_id") or ""),
            body={**params.ledger(), "error": refused.description},
            workspace=self.workspace,
        )
        return _refusal(refused)

    def _where(self, params: Params) -> tuple[str, str]:
        """Give chat and person of a call as the ledger and the faults name them."""
        given = params.given.get("chat_id")
        if given is None:
            query = self.server.queries.get(str(params.given.get("callback_query_id")))
            return (str(query.chat.id), query.person.id) if query else ("", "")
        person = self.server.person(str(given))
        return str(given), person.id if person else ""

    async def file(self, request: web.Request) -> web.Response:
        """Give the content of a file."""
        right = self.server.bot.token and request.match_info["token"] == self.server.bot.token
        file = self.server.paths.get(request.match_info["path"]) if right else None
        if file is None:
            status = 404 if right else 401
            return _answer({"ok": False, "error_code": status, "description": "Not Found"}, status)
        return web.Response(body=file.content, content_type="application/octet-stream")

    async def open_file(self, request: web.Request) -> web.Response:
        """Give a file to a page: shown if it is harmless, else to save. No script in it ever runs."""
        file = self.server.files.get(request.match_info["id"])
        if file is None:
            raise WrongCall("there is no such file", 404)
        shown = file.kind in SHOWN_TYPES
        how = "inline" if shown else "attachment"
        headers = {
            "Content-Type": file.kind if shown else "application/octet-stream",
            "Content-Disposition": f"{how}; filename*=UTF-8''{quote(file.name, safe='')}",
            "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        }
        return web.Response(body=file.content, headers=headers)

    # -- people ------------------------------------------------------------------------------------------------------

    def screen(self, person: Person) -> list[ChatView]:
        """Give the chats a person sees."""
        return screen(self.server, person)

    def views(self, person: Person) -> Done:
        """Give the groups a person has left."""
        return {"left": left(self.server, person)}

    async def say(self, person: Person, call: Call) -> Done:
        """Write a text."""
        return await play.say(self.server, person, call)

    async def press(self, person: Person, call: Call) -> Done:
        """Press a button."""
        return await play.press(self.server, person, call)

    async def upload(self, person: Person, call: Call) -> Done:
        """Send a file."""
        return await play.upload(self.server, person, call)

    async def block(self, person: Person, call: Call) -> Done:
        """Block the bot."""
        return await play.block(self.server, person, call)

    def lose(self, person: Person, how: str) -> None:
        """Make a person unreachable; no update tells of it."""
        self.server.chats.private(person).blocked = how

    async def unblock(self, person: Person, call: Call) -> Done:
        """Unblock the bot."""
        return await play.unblock(self.server, person, call)

    async def join(self, person: Person, call: Call) -> Done:
        """Join a group."""
        return await play.join(self.server, person, call)

    async def leave(self, person: Person, call: Call) -> Done:
        """Leave a group."""
        return await play.leave(self.server, person, call)

    async def begin(self, person: Person, call: Call) -> Done:
        """Press Start."""
        return await play.begin(self.server, person, call)

    async def migrate(self, call: Call) -> Done:
        """Turn a group into a supergroup."""
        return await play.migrate(self.server, call)


def _refusal(refused: Refused) -> web.Response:
    body: dict[str, Any] = {"ok": False, "error_code": refused.code, "description": refused.description}
    if refused.parameters:
        body["parameters"] = refused.parameters
    answer = _answer(body, refused.code or 500)
    if "retry_after" in refused.parameters:
        answer.headers["Retry-After"] = json.dumps(refused.parameters["retry_after"])
    return answer


def _answer(body: Mapping[str, Any], status: int) -> web.Response:
    return web.Response(body=json.dumps(body).encode(), status=status, headers={hdrs.CONTENT_TYPE: "application/json"})
