"""The whole bot, with a card that carries a file and a button that gives it, for `bench.files_memory`."""

from __future__ import annotations

import asyncio
import sys

from bot import log
from bot.app import Bot, serve
from bot.settings import Settings
from chat.message import Message, Press, button
from chat.outbound import Reply
from handlers import _files
from handlers._feature import Answers, Context
from scheduler.contract import Drawing
from storage import files
from storage.database import Session

CARRIED, OFFERED, VERB = "bench_file", "bench_offer", "benchget"


async def _message(db: Session, key: str, words: str) -> Message:
    stored = await files.by_key(db, key)
    assert stored is not None
    return Message((words,), protect=True, file=_files.attachment(stored))


async def carried(db: Session, drawing: Drawing) -> Message:
    """Draw the message with the file."""
    return await _message(db, drawing.subject, "A restricted note is available.")


async def offered(db: Session, drawing: Drawing) -> Message:
    """Draw the card that offers it."""
    return Message(("A restricted note is available.",), rows=((button("yes", VERB, drawing.subject),),))


async def wanted(ctx: Context, press: Press) -> Answers:
    """Give a copy."""
    return [Reply(await _message(ctx.db, press.key, "Your copy."), private=True)]


def ready(bot: Bot) -> None:
    """Add to the running bot what only this measurement has."""
    bot.routes.cards.update({CARRIED: carried, OFFERED: offered})
    bot.routes.clicks[VERB] = ("member", wanted)


if __name__ == "__main__":
    log.set_up("WARNING")
    sys.exit(asyncio.run(serve(Settings(), ready=ready)))
