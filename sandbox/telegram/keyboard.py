"""Keyboards under messages, checked as strictly as Telegram does (platforms §2.3)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from sandbox.telegram.errors import bad
from sandbox.telegram.params import Params

ROW_MAX, BUTTONS_MAX, DATA_MAX, COPY_MAX = 8, 100, 64, 256
DOES = ("callback_data", "url", "copy_text")
STYLES = {"danger", "success", "primary"}
OTHER_MARKUPS = ("keyboard", "remove_keyboard", "force_reply")

Keyboard = list[list[dict[str, Any]]]


def keyboard(params: Params, *, inline_only: bool = False) -> Keyboard:
    """Give the inline keyboard of a call, rows without buttons left out; raise `Refused` if it is wrong.

    Reply keyboards and force-reply are accepted for new messages and have no effect here.
    """
    markup = params.object("reply_markup")
    if not markup:
        return []
    if "inline_keyboard" not in markup:
        if inline_only or not any(key in markup for key in OTHER_MARKUPS):
            raise bad("inline keyboard expected")
        return []
    given = markup["inline_keyboard"]
    if not isinstance(given, list) or any(not isinstance(row, list) for row in given):
        raise bad("can't parse inline keyboard button: array of arrays expected")
    rows = [[check(button) for button in row] for row in given if row]
    if any(len(row) > ROW_MAX for row in rows):
        raise bad(f"a row of an inline keyboard has at most {ROW_MAX} buttons")
    if sum(map(len, rows)) > BUTTONS_MAX:
        raise bad("reply markup is too long")
    return rows


def check(button: Any) -> dict[str, Any]:
    """Check one button: a text, exactly one thing it does, and perhaps a style."""
    if not isinstance(button, dict):
        raise bad("can't parse inline keyboard button: an object expected")
    text, does = button.get("text"), [name for name in DOES if name in button]
    if not isinstance(text, str) or not text.strip():
        raise bad("can't parse inline keyboard button: button text must be non-empty")
    if strange := sorted(set(button) - {"text", "style", "icon_custom_emoji_id", *DOES}):
        raise bad(f"can't parse inline keyboard button: the sandbox does not know {', '.join(strange)}")
    if len(does) != 1:
        raise bad("can't parse inline keyboard button: exactly one of callback_data, url and copy_text expected")
    if button.get("style") is not None and str(button["style"]) not in STYLES:
        raise bad("can't parse inline keyboard button: invalid button style specified")
    value = button[does[0]]
    if does[0] == "callback_data" and (not isinstance(value, str) or not 1 <= len(value.encode()) <= DATA_MAX):
        raise bad("BUTTON_DATA_INVALID")
    if does[0] == "url" and not good_url(value):
        raise bad("inline keyboard button URL is invalid: Wrong HTTP URL")
    if does[0] == "copy_text":
        copied = value.get("text") if isinstance(value, dict) else None
        if not isinstance(copied, str) or not 1 <= len(copied) <= COPY_MAX:
            raise bad("BUTTON_COPY_TEXT_INVALID")
    return dict(button)


def good_url(url: Any) -> bool:
    """Tell whether a button may open this address."""
    if not isinstance(url, str) or len(url) > 2048 or any(letter.isspace() for letter in url):
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https", "tg"} and bool(parts.netloc)
