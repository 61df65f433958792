"""How a person fills a modal, what Slack's client checks before it is sent, and what the app's answer does to it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sandbox.errors import WrongCall
from sandbox.people import Person
from sandbox.slack.actions import active, taken
from sandbox.slack.views import View, applied, field
from sandbox.slack.workspace import Team
from sandbox.world import Call, Done

if TYPE_CHECKING:
    from sandbox.slack import SlackSide

FILE_MAX = 10_000_000
"""Bytes of a file given in a modal."""
_PATTERNS = {
    "email_text_input": r"[^@\s]+@[^@\s]+\.[^@\s]+\Z",
    "url_text_input": r"https?://\S+\Z",
    "number_input": r"-?\d+(\.\d+)?\Z",
    "datepicker": r"\d{4}-\d\d-\d\d\Z",
    "timepicker": r"\d\d:\d\d\Z",
}


async def submit(side: SlackSide, person: Person, call: Call) -> Done:
    """Fill and submit the modal in front, or close it.

    Give `errors` (the modal stays), `view` (it was updated, pushed, or one below is in front now), or `closed`;
    `error` if the app did not answer in time.
    """
    team, user = active(side, person)
    view = side.desks[team.id].top(user)
    if view is None:
        raise WrongCall(f"{person.id} has no modal open", 409)
    if call.get("close"):
        return await _close(side, team, user, view)
    values = call.get("values") or {}
    if not isinstance(values, Mapping):
        raise WrongCall('"values" is {block_id, action_id or label: value}')
    fill(side, person, team, view, values)
    wrong = _client(view)
    if wrong and not call.get("force"):
        raise WrongCall("; ".join(wrong), 422)
    payload = side.events.base(team, user) | {"type": "view_submission", "view": view, "response_urls": []}
    answer, ms = await side.events.ask(team, user, "", "interactive", payload)
    if answer is None:
        return {"error": side.notices[team.id, user][-1]["text"], "acked": False, "ms": ms}
    done = _apply(side, team, user, view, answer)
    status = 400 if "error" in done else 200
    side.write("views.ack", status, person=person.id, message=view["id"], body=answer, team=team.id)
    return {"acked": True, "ms": ms, **done}


def _apply(side: SlackSide, team: Team, user: str, view: View, answer: dict[str, Any]) -> Done:
    action = answer.get("response_action")
    stack = side.desks[team.id].stacks.get(user, [])
    if action == "errors":
        errors = answer.get("errors")
        known = {block["block_id"] for block in view["blocks"] if block["type"] == "input"}
        good = isinstance(errors, dict) and errors and all(isinstance(each, str) for each in errors.values())
        if not good or set(errors or ()) - known:
            return _broken(side, team, user, "errors must name block_ids of input blocks")
        return {"errors": errors}
    if action in ("update", "push"):
        wrong = applied(side, team, user, answer.get("view"), action, view)
        if wrong:
            return _broken(side, team, user, "; ".join(wrong))
        return {"view": side.desks[team.id].top(user)}
    if action == "clear":
        stack.clear()
    elif action is None:
        if view in stack:
            stack.remove(view)
    else:
        return _broken(side, team, user, f"unknown response_action {action!r}")
    return {"closed": True, "view": stack[-1] if stack else None}


def _broken(side: SlackSide, team: Team, user: str, why: str) -> Done:
    side.notice(team, user, "", "We had some trouble connecting. Try again?")
    return {"error": why}


async def _close(side: SlackSide, team: Team, user: str, view: View) -> Done:
    stack = side.desks[team.id].stacks[user]
    if view["clear_on_close"]:
        stack.clear()
    else:
        stack.remove(view)
    done: Done = {"closed": True, "view": stack[-1] if stack else None}
    if view["notify_on_close"]:
        payload = side.events.base(team, user, trigger=False) | {"type": "view_closed", "view": view}
        payload["is_cleared"] = bool(view["clear_on_close"])
        answer, done["ms"] = await side.events.ask(team, user, "", "interactive", payload)
        done["acked"] = answer is not None
    return done


def fill(side: SlackSide, person: Person, team: Team, view: View, values: Mapping[str, Any]) -> None:
    """Put values into the inputs of a view by block id, action id or label; raise `WrongCall` for an unknown one."""
    inputs = [block for block in view["blocks"] if block["type"] == "input"]
    for key, value in values.items():
        for block in inputs:
            element = block["element"]
            if key in (block["block_id"], element["action_id"], block["label"]["text"]):
                kept = view["state"]["values"].setdefault(block["block_id"], {})
                name = field(element["type"])
                kept[element["action_id"]] = {
                    "type": element["type"],
                    name: value_of(side, person, team, element, value),
                }
                break
        else:
            known = ", ".join(f"{each['block_id']} ({each['label']['text']})" for each in inputs)
            raise WrongCall(f"the modal has no input {key!r}; it has {known}")


def value_of(side: SlackSide, person: Person, team: Team, element: dict[str, Any], value: Any) -> Any:
    """Give what the state of an element keeps for what a person picked or typed there."""
    kind = element["type"]
    name = field(kind)
    if kind == "file_input":
        given = value if isinstance(value, list) else [] if value in (None, "") else [value]
        user = side.team_of(person)[1]
        return [team.file(taken(team, user, each)) for each in given]
    if name.endswith("s"):
        each = value if isinstance(value, list) else [] if value in (None, "") else [value]
        return [_pick(side, team, element, one) for one in each]
    if value is None or value == "":
        return None
    if name != "value" and kind not in ("datepicker", "timepicker", "datetimepicker"):
        return _pick(side, team, element, value)
    if kind == "datetimepicker":
        return _moment(person, value)
    return str(value)


def _moment(person: Person, value: Any) -> int:
    """Read a Unix time or an ISO time; one without offset is meant in the person's zone, as the picker shows it."""
    if isinstance(value, int):
        return value
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        raise WrongCall(f"{value!r} is no Unix or ISO time") from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(person.zone))).timestamp())


def _pick(side: SlackSide, team: Team, element: dict[str, Any], value: Any) -> Any:
    kind = element["type"]
    if "users_select" in kind:
        person = side.world.people.get(str(value))
        return person.slack.user if person and person.slack else str(value)
    if "conversations_select" in kind or "channels_select" in kind:
        return side.room(team, str(value)).id
    if "external_select" in kind and isinstance(value, Mapping) and "text" in value and "value" in value:
        return dict(value)  # an option the app offered before
    groups = [group["options"] for group in element.get("option_groups") or ()]
    options = element.get("options") or [option for group in groups for option in group]
    for option in options:
        if str(value) in (option["text"]["text"], option["value"]):
            return option
    raise WrongCall(f"{value!r} is not offered; there are {', '.join(each['text']['text'] for each in options)}")


def _client(view: View) -> list[str]:
    """Say what Slack's client would not let pass: empty required inputs, lengths, forms of addresses and numbers."""
    wrong = []
    for block in view["blocks"]:
        if block["type"] != "input":
            continue
        element, label = block["element"], block["label"]["text"]
        kept = view["state"]["values"].get(block["block_id"], {}).get(element["action_id"], {})
        value = kept.get(field(element["type"]))
        if value in (None, "", []):
            if not block.get("optional"):
                wrong.append(f"{label}: required")
            continue
        if isinstance(value, str):
            low, high = element.get("min_length", 0), element.get("max_length", 3000)
            if not low <= len(value) <= high:
                wrong.append(f"{label}: {low} to {high} characters, not {len(value)}")
            pattern = _PATTERNS.get(element["type"])
            if pattern and not re.match(pattern, value):
                wrong.append(f"{label}: {value!r} is not in the right form")
            wrong += _bounds(element, label, value)
        if element["type"] == "file_input":
            wrong += _files(element, label, value)
        limit = element.get("max_selected_items")
        if isinstance(value, list) and limit and len(value) > limit:
            wrong.append(f"{label}: at most {limit}")
    return wrong


def _files(element: dict[str, Any], label: str, files: list[dict[str, Any]]) -> list[str]:
    """Say what the client would not take: too many files, other endings, more than 10 MB."""
    endings, most = element.get("filetypes"), element.get("max_files", 10)
    wrong = [f"{label}: at most {most} files"] if len(files) > most else []
    wrong += [f"{label}: {each['name']} is not taken" for each in files if endings and each["filetype"] not in endings]
    return wrong + [f"{label}: {each['name']} is too large" for each in files if each["size"] > FILE_MAX]


def _bounds(element: dict[str, Any], label: str, value: str) -> list[str]:
    if element["type"] != "number_input" or not re.match(_PATTERNS["number_input"], value):
        return []
    low, high = element.get("min_value"), element.get("max_value")
    if "." in value and not element["is_decimal_allowed"]:
        return [f"{label}: no decimals"]
    if (low is not None and float(value) < float(low)) or (high is not None and float(value) > float(high)):
        return [f"{label}: between {low} and {high}"]
    return []
