"""What the commands of `convenor` do; `bot.cli` reads their options and prints what they give."""

from __future__ import annotations

from bot.commands._database import CommandError, reading
from bot.commands._links import JoinLinkFor, make_links
from bot.commands._loading import fill_demo, import_file, initialise, migrate
from bot.commands._memo import NewMemo, add_memo
from bot.commands._resuming import resume
from bot.commands._showing import audit_table, deliveries_table, stats_table

__all__ = [
    "CommandError", "JoinLinkFor", "NewMemo", "add_memo", "audit_table", "deliveries_table", "fill_demo",
    "import_file", "initialise",
    "make_links", "migrate", "reading", "resume", "stats_table",
]  # fmt: skip
