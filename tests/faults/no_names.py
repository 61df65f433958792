"""Imported by a bot before it begins: while the file `no-names` is there, no name of a machine resolves."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

_resolved = socket.getaddrinfo


def _unresolved(*args: Any, **kwargs: Any) -> Any:
    if Path("no-names").exists():
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    return _resolved(*args, **kwargs)


socket.getaddrinfo = _unresolved
