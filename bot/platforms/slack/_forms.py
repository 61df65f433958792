"""A page of a form as a modal view, and what may be answered to a submitted one (platforms §3.2, conversation §5)."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from bot.platforms.slack._mrkdwn import fit
from bot.platforms.slack._render import SECTION_MAX, Block, mrkdwn_object, plain_object
from chat.form import (
    TITLE_MAX,
    Asking,
    ChoiceField,
    Field,
    FileField,
    MomentField,
    NumberField,
    Option,
    TextField,
    UrlField,
)
from chat.outbound import Invalid, Open
from chat.text import Reader, Text, plain, render, say, zone_city

ACTION = "v"
"""The action id of every input of ours; the field is told by the block id."""
OTHER = ":other"
"""Ends the block id of the line in which something else than the options may be written."""
CALLBACK = "convenor_form"
RADIO_MAX = 5
SCALE_MAX = 10
HINT_MAX = 2000
TEXT_LIMIT = 3000
OPTION_LABEL, OPTION_VALUE = 75, 150


def view_of(ask: Open, reader: Reader) -> Block:
    """Lay one page of a form out as a modal; `private_metadata` holds the draft's key and the page, nothing else."""
    fields = ask.form.pages[ask.page]
    last = ask.page == len(ask.form.pages) - 1
    blocks: list[Block] = []
    if ask.form.intro is not None:
        for text in fit(render(ask.form.intro, reader), SECTION_MAX):
            blocks.append({"type": "section", "text": mrkdwn_object(text)})
    for each in fields:
        blocks += _inputs(each, ask.values.get(each.id, ""), reader)
    if not blocks:
        blocks.append({"type": "section", "text": mrkdwn_object(plain(ask.form.title, reader))})
    return {
        "type": "modal",
        "callback_id": CALLBACK,
        "title": plain_object(ask.form.title, reader, TITLE_MAX),
        "submit": plain_object(ask.form.submit if last else say("b_next"), reader, TITLE_MAX),
        "close": plain_object(say("b_cancel_form"), reader, TITLE_MAX),
        "private_metadata": json.dumps({"draft": ask.draft, "page": ask.page}),
        "blocks": blocks,
    }


def notice(title: str, lines: tuple[Text, ...], reader: Reader) -> Block:
    """Make a view that only says something, for a form whose work takes longer than Slack waits."""
    text = "\n".join(part for line in lines for part in fit(render(line, reader), SECTION_MAX))
    return {
        "type": "modal",
        "callback_id": CALLBACK,
        "title": plain_object(title or say("one_moment"), reader, TITLE_MAX),
        "close": plain_object(say("b_done"), reader, TITLE_MAX),
        "blocks": [{"type": "section", "text": mrkdwn_object(text[:SECTION_MAX] or "–")}],
    }


def refused(invalid: Invalid, inputs: list[str], title: str, reader: Reader) -> dict[str, Any]:
    """Answer a submission with its errors under the fields; what belongs to no field stands under the first one."""
    errors: dict[str, str] = {}
    for field, text in invalid.errors.items():
        block = field if field in inputs else (inputs[0] if inputs else "")
        words = plain(text, reader)
        errors[block] = f"{errors[block]} {words}" if block in errors else words
    if "" in errors:
        return {"response_action": "update", "view": notice(title, tuple(invalid.errors.values()), reader)}
    return {"response_action": "errors", "errors": {block: words[:HINT_MAX] for block, words in errors.items()}}


def _inputs(field: Field, value: str, reader: Reader) -> list[Block]:
    label: Text = field.label
    if isinstance(field, MomentField):
        label = say("your_time_in", label=label, city=zone_city(reader.zone, reader))
    typed = isinstance(field, ChoiceField) and field.other
    block: Block = {
        "type": "input",
        "block_id": field.id,
        "label": plain_object(label, reader, HINT_MAX),
        "element": _element(field, value, reader),
        "optional": not field.required or typed,
    }
    if field.hint is not None:
        block["hint"] = plain_object(field.hint, reader, HINT_MAX)
    if not typed:
        return [block]
    own = value if isinstance(field, ChoiceField) and all(value != each.value for each in field.options) else ""
    element: Block = {"type": "plain_text_input", "action_id": ACTION, "max_length": 120}
    if own:
        known = Asking(datetime.fromtimestamp(0, UTC), reader.zone, reader.language, {})
        element["initial_value"] = plain(field.show(own, known), reader)[:120]
    return [
        block,
        {
            "type": "input",
            "block_id": field.id + OTHER,
            "label": plain_object(say("b_other"), reader, HINT_MAX),
            "element": element,
            "optional": True,
        },
    ]


def _element(field: Field, value: str, reader: Reader) -> Block:
    match field:
        case ChoiceField():
            return _choice(field, value, reader)
        case MomentField():
            moment = _moment(value)
            return {"type": "datetimepicker", "action_id": ACTION} | ({"initial_date_time": moment} if moment else {})
        case NumberField():
            number = {
                "type": "number_input",
                "action_id": ACTION,
                "is_decimal_allowed": False,
                "min_value": str(field.min),
                "max_value": str(field.max),
            }
            return number | _initial(value, 20)
        case FileField():
            return {"type": "file_input", "action_id": ACTION, "filetypes": list(field.endings), "max_files": 1}
        case UrlField():
            return {"type": "url_text_input", "action_id": ACTION} | _initial(value, TEXT_LIMIT)
        case TextField():
            most = min(field.max, TEXT_LIMIT)
            written: Block = {
                "type": "plain_text_input",
                "action_id": ACTION,
                "multiline": field.long,
                "max_length": most,
            }
            if field.min:
                written["min_length"] = min(field.min, most)
            return written | _initial(value, most)
        case _:
            return {"type": "plain_text_input", "action_id": ACTION} | _initial(value, TEXT_LIMIT)


def _choice(field: ChoiceField, value: str, reader: Reader) -> Block:
    few = len(field.options) <= (SCALE_MAX if field.scale else RADIO_MAX)
    options = {each.value: _option(each, reader) for each in field.options}
    element: Block = {
        "type": "radio_buttons" if few else "static_select",
        "action_id": ACTION,
        "options": list(options.values()),
    }
    if value in options:
        element["initial_option"] = options[value]
    return element


def _option(option: Option, reader: Reader) -> Block:
    return {"text": plain_object(option.label, reader, OPTION_LABEL), "value": option.value[:OPTION_VALUE]}


def _initial(value: str, most: int) -> Block:
    return {"initial_value": value[:most]} if value else {}


def _moment(value: str) -> int:
    """Read a kept moment (ISO 8601) or a picked one (`@<unix>`) as Unix seconds; 0 for anything else."""
    if value.startswith("@") and value[1:].isdigit():
        return int(value[1:])
    try:
        return int(datetime.fromisoformat(value).timestamp())
    except ValueError:
        return 0
