"""Slack's mrkdwn: check its `<…>` tokens, and turn it into what a reader sees as plain text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from html import unescape
from zoneinfo import ZoneInfo

_TOKEN = re.compile(r"<([^<>\n]+)>")
_DATE = re.compile(r"!date\^(\d{1,12})\^([^^|]+)(?:\^(https?://[^|]+))?\|(.+)\Z", re.DOTALL)
_FIELD = re.compile(r"\{(\w+)\}")
_STYLES = tuple(
    re.compile(rf"(?<![\w{mark}]){mark}(\S|\S[^{mark}\n]*\S){mark}(?![\w{mark}])")
    for mark in (re.escape("*"), "_", "~", "`")
)
_BROADCASTS = ("!channel", "!here", "!everyone")
_PICTURES = {
    "date_num": "{0:%Y-%m-%d}",
    "date_slash": "{0:%d/%m/%Y}",
    "date": "{0:%B} {0.day}, {0:%Y}",
    "date_short": "{0:%b} {0.day}, {0:%Y}",
    "date_long": "{0:%A}, {0:%B} {0.day}, {0:%Y}",
    "date_pretty": "{0:%B} {0.day}, {0:%Y}",
    "date_short_pretty": "{0:%b} {0.day}, {0:%Y}",
    "date_long_pretty": "{0:%A}, {0:%B} {0.day}, {0:%Y}",
    "time": "{0:%H:%M}",
    "time_secs": "{0:%H:%M:%S}",
    "ago": "{0:%Y-%m-%d %H:%M}",
}


def faults(words: str) -> Iterator[str]:
    """Say what is wrong with the date tokens and special mentions of a text (platforms §3.5)."""
    for token in _TOKEN.findall(words):
        if not token.startswith("!"):
            continue
        name = token[1:].split("^")[0].split("|")[0]
        if name == "date":
            match = _DATE.match(token)
            pictures = _FIELD.findall(match[2]) if match else []
            if not pictures or any(each not in _PICTURES for each in pictures):
                yield "invalid date token: <!date^unix^format with {tokens}^link|fallback>"
        elif name not in ("channel", "here", "everyone", "subteam"):
            yield f"unknown special mention: <!{name[:40]}>"
    if "<!date" in words and len(_TOKEN.findall(words)) < words.count("<!date"):
        yield "invalid date token: not closed"


def broadcasts(words: str) -> bool:
    """Say whether a mrkdwn text rings everybody."""
    return "<!" in words and any(token.split("|")[0] in _BROADCASTS for token in _TOKEN.findall(words))


def show(words: str, zone: str, name_of: Callable[[str], str]) -> str:
    """Turn mrkdwn into what a reader in `zone` sees, without marks; `name_of` gives the name of a user or channel."""
    kept: list[str] = []

    def keep(match: re.Match[str]) -> str:
        kept.append(_token(match[1], zone, name_of))
        return f"\ue000{len(kept) - 1}\ue001"

    if "<" in words:
        words = _TOKEN.sub(keep, words)
    for style in _STYLES:
        words = style.sub(r"\1", words)
    if "&" in words:
        words = unescape(words)
    return re.sub("\ue000(\\d+)\ue001", lambda match: kept[int(match[1])], words) if kept else words


def _token(token: str, zone: str, name_of: Callable[[str], str]) -> str:
    body, _, label = token.partition("|")
    if token.startswith("!date"):
        match = _DATE.match(token)
        if not match:
            return f"<{token}>"
        moment = datetime.fromtimestamp(int(match[1]), ZoneInfo(zone))
        return _FIELD.sub(lambda part: _PICTURES.get(part[1], part[0]).format(moment), unescape(match[2]))
    if token.startswith("@"):
        return "@" + (unescape(label) or name_of(body[1:]))
    if token.startswith("#"):
        return "#" + (unescape(label) or name_of(body[1:]))
    if token.startswith("!"):
        return unescape(label) or "@" + body[1:]
    if re.match(r"(https?://|mailto:|tel:|slack://)", body):
        return unescape(label or body)
    return unescape(f"<{token}>")
