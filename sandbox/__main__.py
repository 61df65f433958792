"""Run the sandbox by itself: `python -m sandbox --port 9000 --spec FILE`."""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import signal
import sys
from pathlib import Path
from typing import Any

from sandbox.errors import WrongCall
from sandbox.server import NotLoopback, Sandbox


async def serve(spec: dict[str, Any], host: str, port: int) -> None:
    """Serve until SIGINT or SIGTERM; the first line of standard output is the address."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for each in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(each, stop.set)
    async with Sandbox(spec, port, host) as box:
        # The people of a world stay: looking at thousands of them again and again would stop the platforms for 0.2 s,
        # and calls that came at a fair pace would be judged as if they had come at once.
        gc.freeze()
        print(box.url, flush=True)
        await stop.wait()


def main() -> int:
    """Read the arguments; 2 is wrong usage."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=9000)
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address; others are refused")
    parser.add_argument("--spec", type=Path, help="a world file (JSON)")
    given = parser.parse_args()
    try:
        spec = json.loads(given.spec.read_text(encoding="utf-8")) if given.spec else {}
        asyncio.run(serve(spec, given.host, given.port))
    except (OSError, OverflowError, ValueError, NotLoopback, WrongCall) as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
