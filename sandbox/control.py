"""The control interface: play people, move the clock, set limits and faults, read what everybody sees."""

from __future__ import annotations

import json
import re
import traceback
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any

from aiohttp import web

from sandbox.errors import WrongCall
from sandbox.world import Call, Done, Side, World, instant

ACTIONS = {
    "say": "say",
    "press": "press",
    "submit": "submit",
    "upload": "upload",
    "block": "block",
    "unblock": "unblock",
    "join": "join",
    "leave": "leave",
    "start": "begin",
    "open": "open_home",
}
"""Actions of people: the word of the control interface, and the method of `Side` behind it."""
ANSWER_MAX = 25.0
OURS = re.compile(r"(?:127(?:\.[0-9]{1,3}){3}|localhost|\[::1\])(?::[0-9]+)?")
"""Host headers of this machine: a name that somebody else points at us (DNS rebinding) is not among them."""


def answer(body: Mapping[str, Any] | list[Any], status: int = 200) -> web.Response:
    """Answer JSON."""
    return web.Response(text=json.dumps(body), status=status, content_type="application/json")


@web.middleware
async def forgiving(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Turn a wrong control call into a sentence with its 4xx status; refuse what a foreign web page sends."""
    try:
        ours = f"http://{request.host}"
        if not OURS.fullmatch(request.host) or request.headers.get("Origin", ours) != ours:
            raise WrongCall("the sandbox answers programs and its own pages on this machine only", 403)
        return await handler(request)
    except WrongCall as wrong:
        return answer({"ok": False, "error": wrong.sentence}, wrong.status)
    except web.HTTPException:
        raise
    except Exception as error:  # a hole in the sandbox is a clear answer and a trace on standard error
        traceback.print_exc()
        return answer({"ok": False, "error": f"the sandbox failed: {type(error).__name__}"}, 500)


async def body_of(request: web.Request) -> Call:
    """Read the JSON object a control call carries; raise `WrongCall` if it is none."""
    try:
        body = json.loads(await request.read() or b"{}")
    except (ValueError, RecursionError):
        raise WrongCall("the body is no JSON") from None
    if not isinstance(body, dict):
        raise WrongCall("the body is a JSON object")
    return body


def number(request: web.Request, name: str, default: float) -> float:
    """Read a number of the query string; raise `WrongCall` if it is none."""
    given = request.query.get(name)
    if not given:
        return default
    try:
        value = float(given)
    except ValueError:
        raise WrongCall(f"{name!r} is a number") from None
    if not 0 <= value < 2**53:
        raise WrongCall(f"{name!r} is 0 or more")
    return value


class Control:
    """Answer everything under `/control/`."""

    def __init__(self, world: World) -> None:
        self.world = world

    def routes(self) -> list[web.AbstractRouteDef]:
        """Give the routes of the control interface."""
        return [
            web.get("/control/clock", self.clock),
            web.post("/control/clock", self.set_clock),
            web.get("/control/people", self.people),
            web.get("/control/screen", self.screen),
            web.get("/control/ledger", self.ledger),
            web.get("/control/wait", self.wait),
            web.get("/control/limits", self.limits),
            web.post("/control/limits", self.set_limits),
            web.get("/control/faults", self.faults),
            web.post("/control/faults", self.add_fault),
            web.delete("/control/faults", self.clear_faults),
            web.post("/control/load", self.load),
            web.post("/control/person", self.person),
            web.post("/control/migrate", self.migrate),
            web.post("/control/unreachable", self.unreachable),
            web.post("/control/{action}", self.act),
            web.route("*", "/control/{rest:.*}", self.unknown),
        ]

    async def unknown(self, request: web.Request) -> web.Response:
        """Say that there is no such control call."""
        raise WrongCall(f"there is no {request.method} {request.path}", 404)

    async def clock(self, request: web.Request) -> web.Response:
        """Tell the time; with `after`, hold the answer until the clock was moved, at most 25 s."""
        if "after" in request.query:
            await self.world.clock.wait(int(number(request, "after", 0)), number(request, "seconds", ANSWER_MAX))
        return answer(self.world.clock.view())

    async def set_clock(self, request: web.Request) -> web.Response:
        """Move the clock: `{"now": iso}` or `{"advance": seconds}`, and `{"rate": 0 or more}`."""
        body, clock = await body_of(request), self.world.clock
        rate, advance = body.get("rate"), body.get("advance")
        if not {"now", "advance", "rate"} & set(body) or ("now" in body and "advance" in body):
            raise WrongCall('give "now" or "advance" (seconds), "rate", or one of the two and "rate"')
        for value in (rate, advance):
            if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
                raise WrongCall('"advance" and "rate" are numbers')
        if rate is not None and not 0 <= rate <= 100_000:
            raise WrongCall('"rate" is between 0 (stand still) and 100000')
        try:
            at = instant(body["now"]) if "now" in body else clock.now() + timedelta(seconds=advance or 0)
            clock.set(at, rate)
        except (OverflowError, ValueError):
            raise WrongCall("that is beyond the end of time") from None
        return answer(clock.view())

    async def people(self, request: web.Request) -> web.Response:
        """List everybody."""
        return answer([person.view() for person in self.world.people])

    async def screen(self, request: web.Request) -> web.Response:
        """Show what a person sees on a platform; without `platform`, on each of theirs."""
        person = self.world.people.named(request.query.get("person"))
        if platform := request.query.get("platform"):
            side = self.world.side(platform)
            self.world.account(person, side.name)
            return answer({"person": person.id, "platform": side.name, **seen(side, person.id)})
        sides = [side for name, side in self.world.sides.items() if getattr(person, name, None)]
        return answer({"person": person.id, **{side.name: seen(side, person.id) for side in sides}})

    async def ledger(self, request: web.Request) -> web.Response:
        """Give the rows after `after`, at most 10,000 of them."""
        return answer([row.view() for row in self.world.ledger.after(int(number(request, "after", 0)))])

    async def wait(self, request: web.Request) -> web.Response:
        """Give the rows after `after` as soon as there is one, or nothing after `seconds` (at most 25)."""
        after, seconds = int(number(request, "after", 0)), number(request, "seconds", ANSWER_MAX)
        return answer([row.view() for row in await self.world.ledger.wait(after, seconds)])

    async def limits(self, request: web.Request) -> web.Response:
        """Show the limits and how often each was broken."""
        return answer(self.world.limits.view())

    async def set_limits(self, request: web.Request) -> web.Response:
        """Change limits, or switch them all off or on."""
        self.world.limits.change(await body_of(request))
        return answer(self.world.limits.view())

    async def faults(self, request: web.Request) -> web.Response:
        """List the faults."""
        return answer(self.world.faults.view())

    async def add_fault(self, request: web.Request) -> web.Response:
        """Add a fault."""
        return answer({"ok": True, "id": self.world.faults.add(await body_of(request)).id})

    async def clear_faults(self, request: web.Request) -> web.Response:
        """Forget all faults."""
        self.world.faults.clear()
        return answer({"ok": True})

    async def load(self, request: web.Request) -> web.Response:
        """Start afresh from a world file."""
        self.world.load(await body_of(request))
        return answer({"ok": True, "people": len(self.world.people)})

    async def person(self, request: web.Request) -> web.Response:
        """Add a person, or describe one anew."""
        return answer({"ok": True, "person": self.world.add(await body_of(request)).view()})

    async def migrate(self, request: web.Request) -> web.Response:
        """Turn a group into a supergroup with another id."""
        body = await body_of(request)
        return answer({"ok": True, **await self.world.side(body.get("platform", "telegram")).migrate(body)})

    async def unreachable(self, request: web.Request) -> web.Response:
        """Lose people without a word to the bot: `{"platform", "share": 0.3, "seed": 1, "how": ["blocked", ...]}`."""
        body = await body_of(request)
        share, seed = body.get("share", 0.3), body.get("seed", 1)
        if not isinstance(share, int | float) or not 0 <= share <= 1 or not isinstance(seed, int):
            raise WrongCall('"share" is 0 to 1, "seed" a whole number')
        ways = body.get("how") or list(self.world.side(body.get("platform")).losses)
        if not isinstance(ways, list) or not all(isinstance(each, str) for each in ways):
            raise WrongCall('"how" is a list of words')
        return answer({"ok": True, "people": self.world.lose(body.get("platform"), share, seed, ways)})

    async def act(self, request: web.Request) -> web.Response:
        """Play a person."""
        action = request.match_info["action"]
        if action not in ACTIONS:
            raise WrongCall(f"there is no action {action!r}; there are {', '.join(sorted(ACTIONS))}", 404)
        body = await body_of(request)
        person, side = self.world.people.named(body.get("person")), self.world.side(body.get("platform"))
        self.world.account(person, side.name)
        play: Callable[..., Awaitable[Done]] = getattr(side, ACTIONS[action])
        return answer({"ok": True, **await play(person, body)})


def seen(side: Side, person: str) -> dict[str, Any]:
    """Gather the screen of a person on one side: chats, and what is open besides."""
    who = side.world.people.named(person)
    return {"chats": side.screen(who), **side.views(who)}
