"""Our messages as Telegram wants them: text with entities and an inline keyboard; no parse mode, so no escaping.

Entities and keys are made as they are sent, without PTB's objects, which would cost more than all the rest.

Whatever a title contains stays literal text (reliability S23); lengths and offsets count UTF-16 units (platforms §2.4).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeAlias

from telegram import MessageEntity

from chat.message import AnyButton, LinkButton, Message, Row
from chat.text import Reader, Run, Text, plain, render

Raw: TypeAlias = dict[str, Any]
TEXT_MAX = 4096
CAPTION_MAX = 1024
TOAST_MAX = 200
LABEL_MAX = 64
"""Characters of a label; longer ones are cut by clients anyway (platforms §2.3)."""
ENTITIES_MAX = 100
MOMENT_FORMAT = "wDt"
"""Weekday, long date, short time, in the viewer's own zone and language (platforms §2.4)."""

_STYLES = {"primary": "success", "danger": "danger"}
_HALF = re.compile("[\ud800-\udfff]")
_ELLIPSIS = "…"


@dataclass(frozen=True, slots=True)
class Rendered:
    """Be a message ready for the Bot API."""

    text: str
    entities: tuple[Raw, ...]
    keyboard: list[list[Raw]] | None
    silent: bool
    protect: bool


def units(text: str) -> int:
    """Count UTF-16 units, in which Telegram measures."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def cut(text: str, room: int) -> str:
    """Shorten to `room` UTF-16 units, ending in an ellipsis; a character is never halved."""
    if units(text) <= room:
        return text
    kept, used = [], units(_ELLIPSIS)
    for each in text:
        used += units(each)
        if used > room:
            break
        kept.append(each)
    return "".join(kept) + _ELLIPSIS if room > 0 else ""


def compose(messages: Sequence[Message], reader: Reader, most: int = TEXT_MAX) -> Rendered:
    """Render one message, or several as the sections of one (the home screen), in at most `most` UTF-16 units."""
    runs: list[Run] = []
    for message in messages:
        room = most - sum(units(each.text) for each in runs)
        parts = _section(message, reader, room - 2 if runs else room)
        if runs and parts:
            runs.append(Run("\n\n"))
        runs += parts
    text, entities = write(runs)
    rows = [keys for message in messages for row in message.rows for keys in keyboard_rows(row, reader)]
    return Rendered(
        text=text if text.strip() else _ELLIPSIS,  # Telegram takes no empty message
        entities=entities if text.strip() else (),
        keyboard=rows or None,
        silent=all(each.silent for each in messages),
        protect=any(each.protect for each in messages),
    )


def caption(text: Text, reader: Reader) -> tuple[str, tuple[Raw, ...]]:
    """Render the caption of a file, at most 1,024 units."""
    return write(clip(_clean(render(text, reader)), CAPTION_MAX))


def note(texts: Iterable[Text], reader: Reader) -> str:
    """Render a callback answer, at most 200 characters."""
    return cut("\n".join(plain(each, reader) for each in texts).strip(), TOAST_MAX)


def _section(message: Message, reader: Reader, room: int) -> list[Run]:
    """Give the runs of one message; fine print gives way first when it is too long."""
    body = clip(_lines(message.lines, reader), room)
    fine = [replace(run, italic=True) for run in _lines(message.fine, reader)]
    left = room - sum(units(run.text) for run in body) - 2
    if not fine or left < 2:
        return body
    return [*body, Run("\n\n"), *clip(fine, left)]


def _lines(lines: Sequence[Text], reader: Reader) -> list[Run]:
    runs: list[Run] = []
    for index, line in enumerate(lines):
        if index:
            runs.append(Run("\n"))
        runs += _clean(render(line, reader))
    return runs


def _clean(runs: Sequence[Run]) -> list[Run]:
    """Drop what Telegram cannot carry: NUL and halves of surrogate pairs."""
    return [run if _whole(run.text) else replace(run, text=_mended(run.text)) for run in runs]


def _whole(text: str) -> bool:
    return "\0" not in text and (text.isascii() or _HALF.search(text) is None)


def _mended(text: str) -> str:
    return text.replace("\0", "").encode("utf-16", "replace").decode("utf-16")


def clip(runs: Sequence[Run], room: int) -> list[Run]:
    """Keep as many runs as fit into `room` UTF-16 units; the last one ends in an ellipsis."""
    if sum(units(run.text) for run in runs) <= room:
        return list(runs)
    kept: list[Run] = []
    for run in runs:
        size = units(run.text)
        if size >= room:  # keeps one unit for the ellipsis of a later run
            kept.append(replace(run, text=cut(run.text + _ELLIPSIS, room)))
            break
        kept.append(run)
        room -= size
    return [run for run in kept if run.text]


@dataclass(slots=True)
class _Stretch:
    """Be an entity that may still grow."""

    kind: str
    start: int
    end: int
    url: str | None = None
    instant: datetime | None = field(default=None)


def write(runs: Sequence[Run]) -> tuple[str, tuple[Raw, ...]]:
    """Join runs to a text and its entities; neighbours of the same style share one entity."""
    found: list[_Stretch] = []
    open_now: dict[str, _Stretch] = {}
    position = 0
    for run in runs:
        end = position + units(run.text)
        wanted = _wanted(run)
        for kind, (url, instant) in wanted.items():
            last = open_now.get(kind)
            if last and last.end == position and last.url == url and instant is None:
                last.end = end
            elif end > position:
                found.append(_Stretch(kind, position, end, url, instant))
                open_now[kind] = found[-1]
        position = end
    return "".join(run.text for run in runs), tuple(_entity(each) for each in found[:ENTITIES_MAX])


def _entity(stretch: _Stretch) -> Raw:
    made: Raw = {"type": stretch.kind, "offset": stretch.start, "length": stretch.end - stretch.start}
    if stretch.url is not None:
        made["url"] = stretch.url
    if stretch.instant is not None:
        made |= {"unix_time": int(stretch.instant.timestamp()), "date_time_format": MOMENT_FORMAT}
    return made


def _wanted(run: Run) -> dict[str, tuple[str | None, datetime | None]]:
    wanted: dict[str, tuple[str | None, datetime | None]] = {}
    if run.bold:
        wanted[MessageEntity.BOLD] = (None, None)
    if run.italic:
        wanted[MessageEntity.ITALIC] = (None, None)
    if run.hidden:
        wanted[MessageEntity.SPOILER] = (None, None)
    if run.url:
        wanted[MessageEntity.TEXT_LINK] = (run.url, None)
    if run.instant:
        wanted[MessageEntity.DATE_TIME] = (None, run.instant)
    return wanted


def per_row(labels: Sequence[str]) -> int:
    """Say how many buttons stand side by side (conversation §4.1); a scale or a calendar week stays whole."""
    longest = max(len(each) for each in labels)
    return 8 if longest <= 3 else 3 if longest <= 12 else 2 if longest <= 20 else 1


def keyboard_rows(row: Row, reader: Reader) -> list[list[Raw]]:
    """Break one of our rows into rows that fit a phone."""
    labels = [cut(plain(each.label, reader).strip(), LABEL_MAX) or _ELLIPSIS for each in row]
    width = per_row(labels)
    keys = [_key(each, label) for each, label in zip(row, labels, strict=True)]
    return [keys[start : start + width] for start in range(0, len(keys), width)]


def _key(button: AnyButton, label: str) -> Raw:
    made: Raw = {"text": label}
    made |= {"url": button.url} if isinstance(button, LinkButton) else {"callback_data": button.data}
    if button.style in _STYLES:
        made["style"] = _STYLES[button.style]
    return made
