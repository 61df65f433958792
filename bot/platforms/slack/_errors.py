"""What Slack's failures mean to us (platforms §6, reliability §2.3 point 5)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError

from chat.errors import (
    AccountDead,
    Ambiguous,
    MessageGone,
    NotSent,
    PlatformError,
    RateLimited,
    Rejected,
    Unreachable,
)

WAIT = 30.0
"""Seconds to wait after 429 without a number; Slack counts by the minute (platforms §3.1)."""
WAIT_MAX = 86_400.0
"""Longest wait after 429 that is believed, seconds."""
LIMITED = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})
NOT_PROCESSED = frozenset({"request_timeout", "team_added_to_org"})
NOBODY_THERE = frozenset(
    [
        "user_not_found",
        "users_not_found",
        "user_disabled",
        "user_not_visible",
        "cannot_dm_bot",
        "cant_dm_bot",
        "not_in_channel",
        "channel_not_found",
        "is_archived",
        "user_not_in_channel",
    ]
)
DEAD = frozenset(
    [
        "invalid_auth",
        "account_inactive",
        "token_revoked",
        "token_expired",
        "not_authed",
        "team_access_not_granted",
        "app_uninstalled",
    ]
)
GONE = frozenset(["message_not_found", "cant_update_message", "cant_delete_message", "edit_window_closed"])
UNSURE = frozenset(["fatal_error", "internal_error", "service_unavailable"])
"""Slack says itself that some of the request may have been carried out (reliability §2.3 point 5)."""
LATE = frozenset(
    ["trigger_expired", "trigger_exchanged", "expired_trigger_id", "invalid_trigger_id", "expired_url", "used_url"]
)
"""An interaction that came to an end; the reason of the `Rejected` we raise."""
REFUSED = LATE | frozenset(
    [
        "messages_tab_disabled",
        "no_permission",
        "missing_scope",
        "ekm_access_denied",
        "org_login_required",
        "access_denied",
        "not_allowed_token_type",
        "two_factor_setup_required",
        "accesslimited",
        "enterprise_is_restricted",
        "team_not_found",
        "method_deprecated",
        "deprecated_endpoint",
        "invalid_blocks",
        "invalid_blocks_format",
        "msg_too_long",
        "msg_blocks_too_long",
        "no_text",
        "invalid_arguments",
        "invalid_args",
        "invalid_arg_name",
        "invalid_array_arg",
        "invalid_charset",
        "invalid_form_data",
        "invalid_post_type",
        "missing_post_type",
        "missing_argument",
        "too_many_attachments",
        "too_many_contact_cards",
        "attachment_payload_limit_exceeded",
        "channel_type_not_supported",
        "duplicate_channel_not_found",
        "duplicate_message_not_found",
        "invalid_cursor",
        "invalid_limit",
        "invalid_thread_ts",
        "invalid_ts_latest",
        "invalid_ts_oldest",
        "invalid_metadata_format",
        "invalid_metadata_schema",
        "metadata_too_large",
        "metadata_must_be_sent_from_app",
        "invalid_json",
        "json_not_object",
        "block_mismatch",
        "view_too_large",
        "hash_conflict",
        "push_limit_reached",
        "not_found",
        "duplicate_external_id",
        "as_user_not_supported",
        "thread_not_found",
        "cannot_reply_to_message",
        "method_not_supported",
        "method_not_supported_for_channel_type",
        "unknown_method",
        "file_not_found",
        "file_deleted",
        "invalid_channel",
        "compliance_exports_prevent_deletion",
        "posting_to_general_channel_denied",
        "message_too_long",
    ]
)


def meaning(code: str, status: int = 200, after: str = "") -> PlatformError:
    """Give the neutral error of an answer: Slack's error code, the HTTP status and the `Retry-After` header.

    A code nobody has told us about is ambiguous: some of the request may have been carried out.
    """
    if status == 429 or code in LIMITED:
        return RateLimited(wait_of(after))
    if code in NOT_PROCESSED:
        return NotSent(code)
    if code in DEAD:
        return AccountDead(code)
    if code in NOBODY_THERE:
        return Unreachable(code)
    if code in GONE:
        return MessageGone(code)
    if code in REFUSED or code.startswith("restricted_action"):
        return Rejected(code)
    if code:
        return Ambiguous(code[:60], strange=code not in UNSURE)
    return Ambiguous(f"http_{status}", strange=300 <= status < 500)


def wait_of(after: str) -> float:
    """Give the seconds of a `Retry-After`: at least 1 and at most a day, 30 where there is no number."""
    try:
        seconds = float(after)
    except ValueError:
        return WAIT
    return min(max(seconds, 1.0), WAIT_MAX) if math.isfinite(seconds) else WAIT


def word(value: object) -> str:
    """Give an id of an answer. Raise `Ambiguous` when it is missing or no text."""
    if isinstance(value, str) and value:
        return value
    raise Ambiguous("garbled")


@contextmanager
def neutral() -> Iterator[None]:
    """Turn whatever goes wrong inside the block into the errors of `chat.errors`; nothing is tried again.

    The block holds the call and the reading of its answer, nothing of ours that could fail by itself.
    """
    try:
        yield
    except PlatformError:
        raise
    except SlackApiError as error:
        raise _answered(error.response) from None
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL) as error:
        raise NotSent(type(error).__name__) from None
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise Ambiguous(type(error).__name__) from None
    except Exception as error:  # the answer arrived and is nothing we know: the request may well have been done
        raise Ambiguous(f"garbled: {type(error).__name__}") from None


@contextmanager
def harmless() -> Iterator[None]:
    """Be `neutral` for a call that nobody sees: a lost answer only means to begin again."""
    try:
        with neutral():
            yield
    except Ambiguous as error:
        raise NotSent(error.reason) from None


def _answered(response: Any) -> PlatformError:
    """Read a refused answer; no member of it is trusted to be there or to have the right type."""
    body, status = getattr(response, "data", None), getattr(response, "status_code", 0)
    code = body.get("error") if isinstance(body, dict) else ""
    return meaning(code if isinstance(code, str) else "", status, str(response.headers.get("Retry-After", "")))
