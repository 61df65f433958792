"""Block Kit: which blocks, modals and homes Slack would take (platforms §3.2)."""

from __future__ import annotations

import json
from typing import Any

from sandbox.slack.elements import URL, element
from sandbox.slack.mrkdwn import broadcasts
from sandbox.slack.shapes import Findings, Rule, anything, fields, flag, many, plain, string, text

MESSAGE_BLOCKS, VIEW_BLOCKS = 50, 100
VIEW_BYTES = 250_000
_IMAGE = {"image_url": URL, "slack_file": anything, "title": plain(2000)}
_CONTEXT_TEXT, _CONTEXT_IMAGE = text(3000), element("accessory")


def _context(findings: Findings, value: Any, place: str) -> None:
    if isinstance(value, dict) and value.get("type") == "image":
        _CONTEXT_IMAGE(findings, value, place)
    else:
        _CONTEXT_TEXT(findings, value, place)


def _rich(findings: Findings, value: Any, place: str) -> None:
    kinds = ("rich_text_section", "rich_text_list", "rich_text_preformatted", "rich_text_quote")
    if not isinstance(value, dict) or value.get("type") not in kinds:
        findings.add("unsupported type in rich_text", place)
    elif not isinstance(value.get("elements"), list):
        findings.add("missing required field: elements", place)


_BLOCKS: dict[str, tuple[dict[str, Rule], dict[str, Rule]]] = {
    "section": (
        {},
        {"text": text(3000), "fields": many(text(2000), 10), "accessory": element("accessory"), "expand": flag},
    ),
    "header": ({"text": plain(150)}, {}),
    "divider": ({}, {}),
    "context": ({"elements": many(_context, 10)}, {}),
    "actions": ({"elements": many(element("actions"), 25)}, {}),
    "image": ({"alt_text": string(2000)}, _IMAGE),
    "input": (
        {"label": plain(2000), "element": element("input")},
        {"hint": plain(2000), "optional": flag, "dispatch_action": flag},
    ),
    "markdown": ({"text": string(12_000)}, {}),
    "rich_text": ({"elements": many(_rich, 100)}, {}),
}
_MESSAGE_ONLY = frozenset(("markdown",))
_BLOCK_ID = {"block_id": string(255, 0)}
_TABLES = {kind: (needed, {**may, **_BLOCK_ID}) for kind, (needed, may) in _BLOCKS.items()}


def _block(findings: Findings, value: Any, place: str) -> None:
    kind = value.get("type") if isinstance(value, dict) else None
    table = _TABLES.get(kind) if isinstance(kind, str) else None
    if table is None or (findings.surface != "message" and kind in _MESSAGE_ONLY):
        findings.add(f"unsupported type: {kind}", f"{place}/type")
        return
    findings.actions = set()
    fields(findings, value, place, *table)
    if kind == "section" and not value.get("text") and not value.get("fields"):
        findings.add("must provide text or fields", place)
    if kind == "image" and ("image_url" in value) == ("slack_file" in value):
        findings.add("must provide either image_url or slack_file", place)
    if kind == "input":
        findings.inputs += 1
    block_id = value.get("block_id")
    if block_id:
        if block_id in findings.blocks:
            findings.add(f'`block_id` "{block_id}" already exists', f"{place}/block_id")
        findings.blocks.add(block_id)


_MESSAGE_RULE, _VIEW_RULE = many(_block, MESSAGE_BLOCKS, 0), many(_block, VIEW_BLOCKS, 0)


def check_blocks(blocks: Any) -> list[str]:
    """Give the faults of a message's blocks; an empty list means Slack takes them."""
    findings = Findings("message")
    _MESSAGE_RULE(findings, blocks, "/blocks")
    return findings.messages


_VIEW_TEXTS: dict[str, Rule] = {
    "callback_id": string(255),
    "external_id": string(255),
    "private_metadata": string(3000, 0),
}
_MODAL: dict[str, Rule] = {
    **_VIEW_TEXTS,
    "close": plain(24),
    "submit": plain(24),
    "clear_on_close": flag,
    "notify_on_close": flag,
    "submit_disabled": flag,
}


def check_view(view: Any, surface: str) -> list[str]:
    """Give the faults of a view for `modal` or `home`."""
    findings = Findings(surface)
    if not isinstance(view, dict) or view.get("type") != surface:
        findings.add(f"must be a view of type {surface}", "/view/type")
        return findings.messages
    needed: dict[str, Rule] = {"blocks": _VIEW_RULE}
    if surface == "modal":
        needed["title"] = plain(24)
    fields(findings, view, "/view", needed, _MODAL if surface == "modal" else _VIEW_TEXTS)
    if surface == "modal" and findings.inputs and not view.get("submit"):
        findings.add("submit is required when an input block is within the blocks array", "/view")
    if len(json.dumps(view)) > VIEW_BYTES:
        findings.add(f"must be less than {VIEW_BYTES} bytes", "/view")
    return findings.messages


def with_ids(blocks: list[dict[str, Any]], fresh: Any) -> list[dict[str, Any]]:
    """Give every block a block_id and every element an action_id, as Slack does; `fresh()` makes new ones."""
    for block in blocks:
        if not block.get("block_id"):
            block["block_id"] = fresh()
        for each in elements(block):
            if each.get("type") != "image":
                each.setdefault("action_id", fresh())
    return blocks


def elements(block: dict[str, Any]) -> list[dict[str, Any]]:
    """Give the interactive elements of one block."""
    found = block.get("elements", []) if block["type"] == "actions" else [block.get("accessory"), block.get("element")]
    return [each for each in found if each]


def rings(blocks: list[dict[str, Any]]) -> bool:
    """Say whether any mrkdwn of these blocks rings everybody."""
    return "<!" in json.dumps(blocks) and any(
        broadcasts(each["text"]) for block in blocks for each in texts(block) if each["type"] == "mrkdwn"
    )


def texts(block: dict[str, Any]) -> list[dict[str, Any]]:
    """Give the text objects of one block in reading order, without those of buttons."""
    kind = block["type"]
    if kind in ("section", "header"):
        return [each for each in (block.get("text"), *block.get("fields", ())) if each]
    if kind == "context":
        return [each for each in block["elements"] if each["type"] != "image"]
    if kind == "input":
        return [each for each in (block["label"], block.get("hint")) if each]
    if kind == "markdown":
        return [{"type": "mrkdwn", "text": block["text"]}]
    return []
