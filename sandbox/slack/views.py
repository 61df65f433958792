"""views.*: modals in a stack of at most three, the home tab, and the triggers that allow to open them."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from sandbox.slack.blocks import check_view, elements, with_ids
from sandbox.slack.door import Asked, Refused, method
from sandbox.slack.workspace import Team, fresh

if TYPE_CHECKING:
    from sandbox.slack import SlackSide

STACK_MAX = 3
TRIGGER_SECONDS = 3.0
View = dict[str, Any]


@dataclass(slots=True)
class Trigger:
    """Be the right to show a person something, for three real seconds and once."""

    user: str
    born: float
    used: bool = False


class Desk:
    """Keep what is open before each person of one workspace: a stack of modals, and the home tab."""

    def __init__(self, team: Team) -> None:
        self.team = team
        self.stacks: dict[str, list[View]] = {}
        self.homes: dict[str, View] = {}
        self._triggers: dict[str, Trigger] = {}

    def trigger(self, user: str) -> str:
        """Make a trigger_id for something this person just did."""
        if len(self._triggers) > 5_000:
            limit = time.monotonic() - 60
            self._triggers = {key: each for key, each in self._triggers.items() if each.born > limit}
        id = f"{fresh('')}.{self.team.id}.{time.time_ns():x}"
        self._triggers[id] = Trigger(user, time.monotonic())
        return id

    def exchange(self, id: str) -> str:
        """Use a trigger up and give its person; raise what Slack says if it is unknown, late or used."""
        trigger = self._triggers.get(id)
        if trigger is None:
            raise Refused("invalid_trigger_id")
        if trigger.used:
            raise Refused("trigger_exchanged")
        if time.monotonic() - trigger.born > TRIGGER_SECONDS:
            raise Refused("trigger_expired")
        trigger.used = True
        return trigger.user

    def top(self, user: str) -> View | None:
        """Give the modal in front of a person."""
        stack = self.stacks.get(user)
        return stack[-1] if stack else None

    def find(self, view_id: str, external_id: str) -> tuple[str, View]:
        """Find an open view by one of its ids."""
        for user, stack in self.stacks.items():
            for view in stack:
                if (view_id and view["id"] == view_id) or (external_id and view["external_id"] == external_id):
                    return user, view
        for user, view in self.homes.items():
            if view_id and view["id"] == view_id:
                return user, view
        raise Refused("not_found")

    def make(self, view: View, old: View | None = None, under: View | None = None) -> View:
        """Make a shown view of a given one; `old` is the one it replaces, `under` the one below it in the stack."""
        id = old["id"] if old else fresh("V")
        blocks = with_ids(view["blocks"], lambda: fresh("b"))
        shown: View = {
            "id": id,
            "team_id": self.team.id,
            "type": view["type"],
            "title": view.get("title"),
            "submit": view.get("submit"),
            "close": view.get("close"),
            "blocks": blocks,
            "private_metadata": view.get("private_metadata", ""),
            "callback_id": view.get("callback_id", ""),
            "external_id": view.get("external_id", ""),
            "clear_on_close": view.get("clear_on_close", False),
            "notify_on_close": view.get("notify_on_close", False),
            "previous_view_id": old["previous_view_id"] if old else under["id"] if under else None,
            "root_view_id": old["root_view_id"] if old else under["root_view_id"] if under else id,
            "app_id": self.team.app_id,
            "app_installed_team_id": self.team.id,
            "bot_id": self.team.bot_id,
        }
        shown["state"] = {"values": state(blocks, old["state"]["values"] if old else {})}
        basis = json.dumps([blocks, fresh("")]).encode()
        shown["hash"] = f"{int(time.time())}.{sha256(basis).hexdigest()[:8]}"
        return shown

    def open(self, user: str, view: View) -> View:
        """Show a modal; one that was open before is gone."""
        shown = self.make(view)
        self.stacks[user] = [shown]
        return shown

    def push(self, user: str, view: View) -> View:
        """Put a modal on top of the open one."""
        stack = self.stacks.get(user) or []
        if not stack:
            raise Refused("not_found")
        if len(stack) >= STACK_MAX:
            raise Refused("push_limit_reached")
        shown = self.make(view, under=stack[-1])
        stack.append(shown)
        return shown

    def replace(self, old: View, view: View) -> View:
        """Change an open view in its place; it keeps its id."""
        shown = self.make(view, old)
        old.clear()
        old |= shown
        return old


def state(blocks: list[dict[str, Any]], kept: dict[str, Any]) -> dict[str, Any]:
    """Give the state values of fresh blocks: what was filled in before under the same ids, else the initial values."""
    values: dict[str, Any] = {}
    for block in blocks:
        for each in elements(block):
            value = initial(each)
            if value is not None:
                before = kept.get(block["block_id"], {}).get(each["action_id"])
                same = before is not None and before["type"] == each["type"]
                values.setdefault(block["block_id"], {})[each["action_id"]] = before if same else value
    return values


_STATES = {
    "static_select": ("selected_option", "initial_option"),
    "external_select": ("selected_option", "initial_option"),
    "radio_buttons": ("selected_option", "initial_option"),
    "checkboxes": ("selected_options", "initial_options"),
    "multi_static_select": ("selected_options", "initial_options"),
    "multi_external_select": ("selected_options", "initial_options"),
    "users_select": ("selected_user", "initial_user"),
    "multi_users_select": ("selected_users", "initial_users"),
    "conversations_select": ("selected_conversation", "initial_conversation"),
    "multi_conversations_select": ("selected_conversations", "initial_conversations"),
    "channels_select": ("selected_channel", "initial_channel"),
    "multi_channels_select": ("selected_channels", "initial_channels"),
    "datepicker": ("selected_date", "initial_date"),
    "timepicker": ("selected_time", "initial_time"),
    "datetimepicker": ("selected_date_time", "initial_date_time"),
}


def field(kind: str) -> str:
    """Give the name under which the state keeps what was picked or typed; empty if the element keeps nothing."""
    if kind in _STATES:
        return _STATES[kind][0]
    if kind == "file_input":
        return "files"
    return "value" if kind.endswith("_input") else ""


def initial(element: dict[str, Any]) -> dict[str, Any] | None:
    """Give the state of an untouched element; `None` if it keeps none."""
    kind = element["type"]
    name = field(kind)
    if not name:
        return None
    first = element.get(_STATES[kind][1] if kind in _STATES else "initial_value")
    return {"type": kind, name: first if first is not None else [] if name.endswith("s") else None}


def checked(asked: Asked, surface: str) -> View:
    """Read and judge the view of a call."""
    view = asked.parsed("view")
    wrong = check_view(view, surface)
    if wrong:
        raise Refused("invalid_arguments", wrong)
    assert isinstance(view, dict)
    return view


def _external(desk: Desk, view: View) -> None:
    wanted = view.get("external_id")
    if wanted and any(each["external_id"] == wanted for stack in desk.stacks.values() for each in stack):
        raise Refused("duplicate_external_id")


def _hash(asked: Asked, view: View) -> None:
    if asked.text("hash") and asked.text("hash") != view["hash"]:
        raise Refused("hash_conflict")


@method("views.open", "tier4")
async def open_view(asked: Asked) -> dict[str, Any]:
    """Open a modal for the person of a trigger."""
    desk = asked.side.desks[asked.team.id]
    view = checked(asked, "modal")
    _external(desk, view)
    user = desk.exchange(asked.text("trigger_id", needed=True))
    return _shown(asked, user, desk.open(user, view))


@method("views.push", "tier4")
async def push_view(asked: Asked) -> dict[str, Any]:
    """Put a modal on top of the open one; three are the most."""
    desk = asked.side.desks[asked.team.id]
    view = checked(asked, "modal")
    _external(desk, view)
    user = desk.exchange(asked.text("trigger_id", needed=True))
    return _shown(asked, user, desk.push(user, view))


@method("views.update", "tier4")
async def update_view(asked: Asked) -> dict[str, Any]:
    """Change an open modal or home."""
    desk = asked.side.desks[asked.team.id]
    given = asked.parsed("view")
    view = checked(asked, "home" if isinstance(given, dict) and given.get("type") == "home" else "modal")
    user, old = desk.find(asked.text("view_id"), asked.text("external_id"))
    _hash(asked, old)
    return _shown(asked, user, desk.replace(old, view))


@method("views.publish", "tier4")
async def publish_view(asked: Asked) -> dict[str, Any]:
    """Show a home tab to a person."""
    desk, user = asked.side.desks[asked.team.id], asked.text("user_id", needed=True)
    view = checked(asked, "home")
    if not asked.side.world.people.on_slack(asked.team.id, user):
        raise Refused("user_not_found")
    old = desk.homes.get(user)
    if old:
        _hash(asked, old)
    desk.homes[user] = desk.replace(old, view) if old else desk.make(view)
    return _shown(asked, user, desk.homes[user])


def _shown(asked: Asked, user: str, view: View) -> dict[str, Any]:
    asked.person, asked.message = asked.side.person_id(asked.team, user), view["id"]
    return {"view": view}


def applied(side: SlackSide, team: Team, user: str, given: Any, action: str, view: View) -> list[str]:
    """Apply `response_action` update or push of an acknowledgment; give what is wrong with its view."""
    wrong = check_view(given, "modal")
    if wrong:
        return wrong
    desk = side.desks[team.id]
    if action == "push":
        try:
            desk.push(user, given)
        except Refused as refused:
            return [str(refused)]
    else:
        desk.replace(view, given)
    return []
