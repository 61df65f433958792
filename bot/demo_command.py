"""What `convenor demo` prints: where to look, or the table of a played meeting."""

from __future__ import annotations

import asyncio
import json
import signal
import webbrowser
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bot import demo_world
from bot import play as scenarios
from bot.demo import running

COPRR = demo_world.EXAMPLES / "coprr.yaml"


async def show(community: Path, port: int, *, open_page: bool = False) -> int:
    """Run the demo until Ctrl+C or SIGTERM; give the exit code. `open_page` shows the page in the person's browser."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for each in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(each, stop.set)
    print("Starting the demo: a stand-in Slack and Telegram, and the bot.", flush=True)
    async with running(community, port=port) as demo:
        print(
            f"\n  Open this page        {demo.sandbox}/"
            f"\n  Plain transcript      {demo.sandbox}/control/screen.html"
            f"\n  From a script         curl -s {demo.sandbox}/control/say -d "
            """'{"person": "o01", "platform": "slack", "text": "/cop meeting status M6"}'"""
            f"\n  Ask the database      DATABASE_URL={demo.database_url} .venv/bin/convenor stats"
            "\n\n  It is Wed, 22 Apr 2026, 09:00 in Brussels; M6 is inviting. The page moves the clock."
            "\n  Nothing leaves this machine. Ctrl+C ends it.\n",
            flush=True,
        )
        if open_page and not await asyncio.to_thread(webbrowser.open, f"{demo.sandbox}/"):
            print("  No browser could be opened; open the page yourself.\n", flush=True)
        await stop.wait()
    return 0


async def play(community: Path, chosen: tuple[str, ...], *, as_json: bool) -> int:
    """Play scenarios and print the result; 0 only if every expected message arrived exactly once."""
    result = await scenarios.play(community, chosen or scenarios.SCENARIOS)
    if as_json:
        print(json.dumps(result, ensure_ascii=False))
        return 0 if result["ok"] else 1
    table = Table(title=f"Played in {result['seconds']} s")
    for column in ("message", "platform", "planned", "sent", "duplicated", "missing"):
        table.add_column(column, justify="left" if column in ("message", "platform") else "right")
    for kind, platforms in result["messages"].items():
        for platform, cell in sorted(platforms.items()):
            table.add_row(kind, platform, *(str(cell[each]) for each in ("planned", "sent", "duplicated", "missing")))
    console = Console()
    console.print(table)
    console.print("Every expected message arrived exactly once." if result["ok"] else "NOT every message arrived once.")
    return 0 if result["ok"] else 1
