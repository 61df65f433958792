"""A message as Block Kit: sections of lines, one context of fine print, one actions block a row (conversation §4.1)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, TypeAlias

from bot.platforms.slack._mrkdwn import escape, fit, mrkdwn
from chat.language import RTL
from chat.message import AnyButton, Button, Message, Row
from chat.outbound import Home
from chat.text import RLM, Reader, Text, plain, render

Block: TypeAlias = dict[str, Any]

SECTION_MAX = 3000
BLOCKS_MAX = 12
HOME_MAX = 60
ROWS_MAX = 6
ELEMENTS_MAX = 25
LABEL_CUT = 75
PUSH_MAX = 1000
URL_PREFIX = "url:"
"""Begins the action id of a button that only opens a page; its presses are acknowledged and nothing more."""
EVENT_TYPE = "convenor_delivery"


def text_of(message: Message, reader: Reader) -> str:
    """Give the first two lines as plain text: what a push message shows and a screen reader reads."""
    words = "\n".join(plain(line, reader) for line in message.lines[:2])
    words = words if len(words) <= PUSH_MAX else words[: PUSH_MAX - 1] + "…"
    return (RLM if reader.language in RTL else "") + escape(words)


def mrkdwn_object(text: str) -> Block:
    """Make a mrkdwn text object in which bare words make no links or mentions."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def plain_object(text: Text, reader: Reader, most: int) -> Block:
    """Make a plain text object of at most `most` characters; colons make no emoji."""
    words = plain(text, reader).strip() or "–"
    return {"type": "plain_text", "text": words if len(words) <= most else words[: most - 1] + "…", "emoji": False}


def blocks_of(message: Message, reader: Reader, prefix: str = "", most: int = BLOCKS_MAX) -> list[Block]:
    """Lay a message out in at most `most` blocks; block ids begin with `prefix`.

    Rows are put together when there are too many of them; lines that still do not fit are cut with an ellipsis.
    """
    rows = _gather(message.rows, min(ROWS_MAX, most - 2))
    fine = _fine(message, reader)
    sections = _sections(message, reader, max(1, most - len(rows) - len(fine)))
    blocks = [
        *({"type": "section", "block_id": f"{prefix}s{index}", "text": mrkdwn_object(text)}
          for index, text in enumerate(sections)),
        *({**block, "block_id": f"{prefix}f"} for block in fine),
    ]  # fmt: skip
    links = 0
    for index, each in enumerate(rows):
        elements = []
        for one in each:
            links += not isinstance(one, Button)
            elements.append(_button(one, reader, f"{URL_PREFIX}{links}"))
        blocks.append({"type": "actions", "block_id": f"{prefix}r{index}", "elements": elements})
    return blocks


def home_view(home: Home, reader: Reader) -> Block:
    """Lay the home screen out, a divider between sections, in at most 60 blocks (conversation §3)."""
    blocks: list[Block] = []
    for index, section in enumerate(home.sections):
        part = blocks_of(section, reader, f"h{index}")
        if blocks:
            part.insert(0, {"type": "divider", "block_id": f"h{index}d"})
        if len(blocks) + len(part) > HOME_MAX:
            break
        blocks += part
    return {"type": "home", "blocks": blocks}


def payload_of(message: Message, reader: Reader) -> dict[str, Any]:
    """Give what every way of saying a message needs: `text` and `blocks`."""
    return {"text": text_of(message, reader), "blocks": blocks_of(message, reader)}


def metadata_of(delivery: str) -> dict[str, Any]:
    """Mark a post with our delivery id, so that it can be found after a lost answer (reliability §2.3 point 8)."""
    return {"event_type": EVENT_TYPE, "event_payload": {"id": delivery}}


def _sections(message: Message, reader: Reader, most: int) -> list[str]:
    pieces = [piece for line in message.lines for piece in fit(render(line, reader), SECTION_MAX)]
    sections: list[str] = []
    for piece in pieces:
        if sections and len(sections[-1]) + 1 + len(piece) <= SECTION_MAX:
            sections[-1] += "\n" + piece
        else:
            sections.append(piece)
    if len(sections) > most:
        sections = [*sections[: most - 1], "…"]
    return [each if each.strip() else "–" for each in sections]


def _fine(message: Message, reader: Reader) -> list[Block]:
    if not message.fine:
        return []
    runs = [mrkdwn(render(line, reader)) for line in message.fine]
    text = "\n".join(runs)
    if len(text) > SECTION_MAX:
        text = fit(render(message.fine[0], reader), SECTION_MAX - 2)[0] + " …"
    return [{"type": "context", "elements": [mrkdwn_object(text)]}] if text.strip() else []


def _gather(rows: Sequence[Row], most: int) -> list[Row]:
    """Put neighbouring rows together, the shortest first, until at most `most` remain or none has room for another."""
    gathered = list(rows)
    while len(gathered) > most:
        sizes = [len(one) + len(two) for one, two in pairwise(gathered)]
        at = min(range(len(sizes)), key=lambda index: sizes[index])
        if sizes[at] > ELEMENTS_MAX:
            break
        gathered[at : at + 2] = [(*gathered[at], *gathered[at + 1])]
    return gathered


def _button(button: AnyButton, reader: Reader, link_id: str) -> Block:
    element: Block = {"type": "button", "text": plain_object(button.label, reader, LABEL_CUT)}
    if isinstance(button, Button):
        element["action_id"] = button.data
    else:
        element |= {"action_id": link_id, "url": button.url}
    if button.style != "default":
        element["style"] = button.style
    return element
