"""Telegram's errors in our words (platforms §6, reliability §2.3 point 5)."""

from __future__ import annotations

import warnings
from collections.abc import Awaitable
from datetime import timedelta
from typing import TypeVar

from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
)

from bot.platforms.telegram._answers import AnswerLost, Flooded, NotDelivered, wait_of
from chat.errors import (
    AccountDead,
    Ambiguous,
    ChatMoved,
    MessageGone,
    NotSent,
    PlatformError,
    RateLimited,
    Rejected,
    Unreachable,
)

_T = TypeVar("_T")

# What Telegram says (lower case), and why the recipient cannot be reached; the first that fits counts.
_UNREACHABLE = (
    ("blocked by the user", "blocked"),
    ("deactivated", "deactivated"),
    ("initiate conversation", "not_started"),
    ("kicked", "kicked"),
    ("not a member", "kicked"),
    ("group chat was deleted", "kicked"),
)
_UNKNOWN_CHAT = ("chat not found", "user not found", "peer_id_invalid", "user_id_invalid")
_NO_RIGHT = ("not enough rights", "have no rights", "write_forbidden", "need administrator rights")
_GONE = (
    "message to edit not found",
    "message can't be edited",
    "message to delete not found",
    "message can't be deleted",
    "message_id_invalid",
    "message identifier is not specified",
)


def says(error: TelegramError, *words: str) -> bool:
    """Tell whether Telegram's explanation contains one of the words."""
    text = error.message.lower()
    return any(word in text for word in words)


def unchanged(error: TelegramError) -> bool:
    """Tell whether an edit failed only because nothing changed, which is a success."""
    return isinstance(error, BadRequest) and says(error, "message is not modified")


def too_late(error: TelegramError) -> bool:
    """Tell whether a press was answered too late, which is harmless."""
    return isinstance(error, BadRequest) and says(error, "query is too old", "query id is invalid", "query_id_invalid")


def classify(error: TelegramError, chat: str = "") -> PlatformError:
    """Give our error for Telegram's; `chat` is the destination, which a 429 is about.

    The order matters: `BadRequest` is a kind of `NetworkError` in PTB (platforms §4).
    """
    match error:
        case Flooded():
            return RateLimited(error.after, chat)
        case RetryAfter():
            return RateLimited(wait_of(_seconds(error)), chat)
        case ChatMigrated():
            return ChatMoved(str(error.new_chat_id))
        case InvalidToken():
            return AccountDead("token refused")
        case Conflict():
            return NotSent("conflict")
        case Forbidden() | BadRequest():
            return _refused(error, chat)
        case NetworkError() if isinstance(error.__cause__, NotDelivered):
            return NotSent(str(error.__cause__))
        case _ if isinstance(error.__cause__, AnswerLost):
            return Ambiguous(str(error.__cause__)[:60], strange=error.__cause__.strange)
        case _:  # the text of anything else could hold an address, and so the token
            return Ambiguous(type(error.__cause__ or error).__name__)


async def settle(call: Awaitable[_T], chat: str = "") -> _T:
    """Wait for a call of the Bot API. Raise the neutral errors only, without the library's in their trail."""
    try:
        return await call
    except PlatformError:
        raise
    except TelegramError as error:
        failure = classify(error, chat)
    except Exception as error:
        # The answer arrived and was no Telegram object: the request itself may well have been done.
        failure = Ambiguous(f"garbled: {type(error).__name__}")
    raise failure


def _refused(error: TelegramError, chat: str) -> PlatformError:
    if says(error, *_NO_RIGHT):
        return Rejected(error.message[:120])
    for words, reason in _UNREACHABLE:
        if says(error, words):
            return Unreachable(reason)
    if isinstance(error, Forbidden):
        return Unreachable(error.message[:120])
    if says(error, *_UNKNOWN_CHAT):
        return Unreachable("chat_not_found" if chat.startswith("-") else "not_started")
    if says(error, *_GONE):
        return MessageGone(error.message[:120])
    return Rejected(error.message[:120])


def _seconds(error: RetryAfter) -> float:
    with warnings.catch_warnings():  # an int today, a timedelta in a coming version
        warnings.simplefilter("ignore")
        after = error.retry_after
    return after.total_seconds() if isinstance(after, timedelta) else float(after)
