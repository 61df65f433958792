"""Press or pick exactly one element, named by its ids, as a page does: every kind of element, on every surface."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sandbox.errors import WrongCall
from sandbox.people import Person
from sandbox.slack.actions import active, describe, place, press_message, press_view, stamped
from sandbox.slack.blocks import elements
from sandbox.slack.forms import fill, value_of
from sandbox.slack.views import View, field
from sandbox.slack.workspace import Post, Room, Team
from sandbox.world import Call, Done

if TYPE_CHECKING:
    from sandbox.slack import SlackSide

Place = tuple[list[dict[str, Any]], Room | None, Post | None, View | None]
"""The blocks of a surface, and the message (with its room) or the view it is."""


def _surface(side: SlackSide, team: Team, user: str, call: Call) -> Place:
    """Find the message or view a call names: `message` (in `chat`), or `view` by its id."""
    desk, wanted = side.desks[team.id], str(call.get("view") or "")
    if wanted:
        for view in (desk.top(user), desk.homes.get(user)):
            if view and view["id"] == wanted:
                return view["blocks"], None, None, view
        raise WrongCall("that view is not open any more", 409)
    room = place(side, team, user, call)
    post = room.posts.get(str(call.get("message") or ""))
    if post is None or not post.by_app or post.only_for not in ("", user):
        raise WrongCall("that message is not there any more", 409)
    return post.blocks, room, post, None


def _element(blocks: list[dict[str, Any]], call: Call) -> tuple[dict[str, Any], dict[str, Any]]:
    for block in blocks:
        if call.get("block") in (None, block["block_id"]):
            for each in elements(block):
                if each.get("action_id") == call.get("action"):
                    return block, each
    raise WrongCall("that is not offered any more", 409)


async def pick(side: SlackSide, person: Person, call: Call) -> Done:
    """Press or pick the element `action` in `block` of `message` (and `chat`) or `view`.

    `value` is what was picked or typed; `values` fills the inputs of a modal first, as Slack sends what stands there.
    """
    team, user = active(side, person)
    blocks, room, post, view = _surface(side, team, user, call)
    block, element = _element(blocks, call)
    if block["type"] == "input" and not block.get("dispatch_action"):
        raise WrongCall("this input is sent with its form", 409)
    if view is not None and isinstance(values := call.get("values"), Mapping):
        fill(side, person, team, view, values)
    name, given = field(element["type"]), call.get("value")
    if element["type"] == "overflow":
        option = next((each for each in element["options"] if each["value"] == given), None)
        if option is None:
            raise WrongCall(f"{given!r} is not offered")
        action = describe(side, (block, element, option))
    elif name:
        action = stamped(side, block, element) | {name: value_of(side, person, team, element, given)}
    else:
        action = describe(side, (block, element, None))
    if view is not None:
        return await press_view(side, team, user, view, action)
    assert room is not None
    assert post is not None
    return await press_message(side, team, user, room, post, action)


async def suggest(side: SlackSide, person: Person, call: Call) -> Done:
    """Ask the app for the options of an external select; `options` is empty if it has none or does not answer."""
    team, user = active(side, person)
    blocks, room, post, view = _surface(side, team, user, call)
    block, element = _element(blocks, call)
    payload = side.events.base(team, user, trigger=False) | {
        "type": "block_suggestion",
        "action_id": element["action_id"],
        "block_id": block["block_id"],
        "value": str(call.get("query") or ""),
    }
    if view is not None:
        payload |= {"view": view, "container": {"type": "view", "view_id": view["id"]}}
    elif room is not None and post is not None:
        where = {"type": "message", "message_ts": post.ts, "channel_id": room.id}
        payload |= {"message": team.payload(room, post), "container": where, "channel": {"id": room.id}}
    answer, ms = await side.events.ask(team, user, room.id if room else "", "interactive", payload)
    groups = [group.get("options") or [] for group in (answer or {}).get("option_groups") or ()]
    options = (answer or {}).get("options") or [option for group in groups for option in group]
    return {"options": options, "ms": ms}
