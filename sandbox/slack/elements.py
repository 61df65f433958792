"""Block Kit's interactive elements as tables of rules (platforms §3.2)."""

from __future__ import annotations

import re
from typing import Any

from sandbox.slack.shapes import (
    Findings,
    Rule,
    anything,
    fields,
    flag,
    many,
    number,
    one_of,
    plain,
    shape,
    string,
    text,
)

URL = string(3000, pattern=r"https?://\S+\Z")
ACTION_ID = string(255)
CONFIRM = shape(
    {"title": plain(100), "text": text(300), "confirm": plain(30), "deny": plain(30)},
    {"style": one_of("primary", "danger")},
)
PLACEHOLDER = plain(150)
DATE = string(10, pattern=r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])\Z")
TIME = string(5, pattern=r"([01]\d|2[0-3]):[0-5]\d\Z")
MOMENT = number(1_000_000_000, 9_999_999_999)
_IDS = many(string(255), 100)


def _option(rich: bool, link: bool = False) -> Rule:
    label = text(75) if rich else plain(75)
    return shape(
        {"text": label, "value": string(150)},
        {"description": text(75) if rich else plain(75), **({"url": URL} if link else {})},
    )


_CHOICE, _TICK = _option(False), _option(True)
_GROUP = shape({"label": plain(75), "options": many(_CHOICE, 100)}, {})
_COMMON = {"action_id": ACTION_ID, "confirm": CONFIRM, "focus_on_load": flag}
_SELECT = {**_COMMON, "placeholder": PLACEHOLDER}
_MULTI = {**_SELECT, "max_selected_items": number(1, 100)}
_STATIC: dict[str, Rule] = {"options": many(_CHOICE, 100), "option_groups": many(_GROUP, 100)}
_TYPED: dict[str, Rule] = {
    "action_id": ACTION_ID,
    "initial_value": string(3000, 0),
    "placeholder": PLACEHOLDER,
    "focus_on_load": flag,
    "dispatch_action_config": anything,
}
_LENGTHS = {"min_length": number(0, 3000), "max_length": number(1, 3000)}
_QUERY = {"min_query_length": number(0, 100)}
_URLED = {"response_url_enabled": flag, "default_to_current_conversation": flag, "filter": anything}

ELEMENTS: dict[str, tuple[dict[str, Rule], dict[str, Rule]]] = {
    "button": (
        {"text": plain(75)},
        {
            "action_id": ACTION_ID,
            "url": URL,
            "value": string(2000),
            "style": one_of("primary", "danger"),
            "confirm": CONFIRM,
            "accessibility_label": string(75),
        },
    ),
    "image": ({"alt_text": string(2000)}, {"image_url": URL, "slack_file": anything}),
    "overflow": ({"options": many(_option(False, True), 5)}, {"action_id": ACTION_ID, "confirm": CONFIRM}),
    "radio_buttons": ({"options": many(_TICK, 10)}, {**_COMMON, "initial_option": _TICK}),
    "checkboxes": ({"options": many(_TICK, 10)}, {**_COMMON, "initial_options": many(_TICK, 10)}),
    "static_select": ({}, {**_SELECT, **_STATIC, "initial_option": _CHOICE}),
    "multi_static_select": ({}, {**_MULTI, **_STATIC, "initial_options": many(_CHOICE, 100)}),
    "external_select": ({}, {**_SELECT, **_QUERY, "initial_option": _CHOICE}),
    "multi_external_select": ({}, {**_MULTI, **_QUERY, "initial_options": many(_CHOICE, 100)}),
    "users_select": ({}, {**_SELECT, "initial_user": string(255)}),
    "multi_users_select": ({}, {**_MULTI, "initial_users": _IDS}),
    "conversations_select": ({}, {**_SELECT, **_URLED, "initial_conversation": string(255)}),
    "multi_conversations_select": ({}, {**_MULTI, **_URLED, "initial_conversations": _IDS}),
    "channels_select": ({}, {**_SELECT, "response_url_enabled": flag, "initial_channel": string(255)}),
    "multi_channels_select": ({}, {**_MULTI, "initial_channels": _IDS}),
    "datepicker": ({}, {**_SELECT, "initial_date": DATE}),
    "timepicker": ({}, {**_SELECT, "initial_time": TIME, "timezone": string(100)}),
    "datetimepicker": ({}, {**_COMMON, "initial_date_time": MOMENT}),
    "plain_text_input": ({}, {**_TYPED, **_LENGTHS, "multiline": flag}),
    "email_text_input": ({}, _TYPED),
    "url_text_input": ({}, _TYPED),
    "number_input": ({"is_decimal_allowed": flag}, {**_TYPED, "min_value": string(20), "max_value": string(20)}),
    "rich_text_input": ({}, {**_TYPED, "initial_value": anything}),
    "file_input": ({}, {"action_id": ACTION_ID, "filetypes": many(string(20), 100), "max_files": number(1, 10)}),
}
_SELECTS = ("static_select", "external_select", "users_select", "conversations_select", "channels_select")
_MULTIS = tuple(f"multi_{each}" for each in _SELECTS)
_PICKED = ("checkboxes", "radio_buttons", "datepicker", "timepicker")
PLACES = {
    "accessory": frozenset(("button", "image", "overflow", *_SELECTS, *_MULTIS, *_PICKED)),
    "actions": frozenset(("button", "overflow", "datetimepicker", *_SELECTS, *_PICKED)),
    "input": frozenset(
        (
            *("plain_text_input", "email_text_input", "url_text_input", "number_input", "rich_text_input"),
            *("file_input", "datetimepicker", *_SELECTS, *_MULTIS, *_PICKED),
        )
    ),
}
"""Which elements may stand where."""


def element(where: str) -> Rule:
    """Demand an element that may stand in `where`: accessory, actions or input."""
    allowed = PLACES[where]

    def rule(findings: Findings, value: Any, place: str) -> None:
        kind = value.get("type") if isinstance(value, dict) else None
        if kind not in allowed:
            findings.add(f"unsupported type: {kind}", f"{place}/type")
            return
        needed, may = ELEMENTS[kind]
        fields(findings, value, place, needed, may)
        _unique(findings, value, place)
        _initial(findings, value, kind, place)
        if kind == "image" and ("image_url" in value) == ("slack_file" in value):
            findings.add("must provide either image_url or slack_file", place)
        if kind == "file_input" and findings.surface != "modal":
            findings.add("unsupported type: file_input", f"{place}/type")

    return rule


def _unique(findings: Findings, value: dict[str, Any], place: str) -> None:
    action = value.get("action_id")
    if isinstance(action, str):
        if action in findings.actions:
            findings.add(f'`action_id` "{action}" already exists in this block', f"{place}/action_id")
        findings.actions.add(action)
    if value.get("focus_on_load") is True:
        findings.focus += 1
        if findings.focus > 1:
            findings.add("only one element can set focus_on_load to true", place)


def _initial(findings: Findings, value: dict[str, Any], kind: str, place: str) -> None:
    """Check that options are there once, and that what is picked at first is one of them."""
    if kind.endswith("static_select") and ("options" in value) == ("option_groups" in value):
        findings.add("must provide either options or option_groups", place)
    options = value.get("options") or [
        option
        for group in value.get("option_groups") or []
        if isinstance(group, dict)
        for option in group.get("options") or []
    ]
    if "initial_option" in value and options and value["initial_option"] not in options:
        findings.add("initial_option must match one of the options", f"{place}/initial_option")
    for each in value.get("initial_options") or []:
        if options and each not in options:
            findings.add("initial_options must match the options", f"{place}/initial_options")
    low, high, first = value.get("min_length"), value.get("max_length"), value.get("initial_value")
    if isinstance(low, int) and isinstance(high, int) and low > high:
        findings.add("min_length must not exceed max_length", place)
    if isinstance(first, str) and isinstance(high, int) and len(first) > high:
        findings.add("initial_value must not exceed max_length", place)
    if kind == "timepicker" and "timezone" in value and not re.match(r"[A-Z]\w*(/[\w+-]+)*\Z", str(value["timezone"])):
        findings.add("invalid timezone", f"{place}/timezone")
