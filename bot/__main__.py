"""`python -m bot` is the same as `convenor`."""

from __future__ import annotations

from bot.cli import main

main()
