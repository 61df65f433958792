"""Imported by a bot before it begins: drawing an invitation for a person named in the file `poison` kills it."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

from handlers import _cards

_drawn = _cards.invitation_text
_names = Path("poison").read_text(encoding="utf-8").split()


def _deadly(meeting: Any, member: Any, community: Any) -> Any:
    if member.code in _names:
        os.kill(os.getpid(), signal.SIGKILL)
    return _drawn(meeting, member, community)


_cards.invitation_text = _deadly
