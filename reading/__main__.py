"""The child: its limits first, then the bytes from standard input, then one line of JSON."""

from __future__ import annotations

import json
import logging
import sys
import warnings
from dataclasses import asdict
from typing import Any

MEMORY = 400 * 2**20
"""Bytes of address space: a 20 MB file, what is made of it, and the libraries."""
CPU_SECONDS = 4
"""Of the processor, libraries included; the wall clock is the parent's."""


def limit() -> None:
    """Bound memory, time and files of this process; where the system cannot, the parent's clock still ends it."""
    try:
        import resource
    except ImportError:  # Windows
        return
    for what, most, beyond in (
        (resource.RLIMIT_AS, MEMORY, 0),
        (resource.RLIMIT_CPU, CPU_SECONDS, 1),  # at the first a signal that says why, at the second the end
        (resource.RLIMIT_FSIZE, 0, 0),
        (resource.RLIMIT_CORE, 0, 0),  # a dump would hold the text
    ):
        hard = resource.getrlimit(what)[1]
        bound = most + beyond if hard == resource.RLIM_INFINITY else min(most + beyond, hard)
        resource.setrlimit(what, (min(most, bound), bound))


def main() -> None:
    """Read one file and say what it is, or why it is refused."""
    limit()
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    from reading._file import LIMIT, Refused
    from reading._judge import judge

    said: dict[str, Any]
    try:
        content = sys.stdin.buffer.read(LIMIT + 1)
        said = asdict(judge(content, sys.argv[1] if len(sys.argv) > 1 else ""))
    except Refused as refused:
        said = {"why": refused.why}
    except (MemoryError, RecursionError):
        said = {"why": "bomb"}
    except Exception:
        said = {"why": "broken"}
    sys.stdout.write(json.dumps(said))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
