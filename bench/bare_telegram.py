"""The baseline on Telegram: python-telegram-bot, one handler, one transaction, two calls; nothing durable before it.

PTB's own HTTP layer would be four times slower (tech §3), so it gets our aiohttp one: the baseline is the faster one.
`python -m bench.bare_telegram --api URL --database URL` polls a sandbox.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal

from telegram import InlineKeyboardButton, InlineKeyboardMarkup, Update
from telegram.ext import Application, CallbackQueryHandler

from bench.bare_votes import Votes, text
from bench.town import KEY, TELEGRAM_TOKEN, data
from bot.platforms.telegram._aiohttp_request import AiohttpRequest

KEYBOARD = InlineKeyboardMarkup(
    [[InlineKeyboardButton(each.title(), callback_data=data(each)) for each in ("yes", "maybe", "no")]]
)


def build(votes: Votes, api: str, *, polling: bool = False) -> Application:
    """Make the application; `polling` handles up to 16 updates at once, as they come from `getUpdates`."""

    async def vote(update: Update, _context: object) -> None:
        query = update.callback_query
        assert query is not None
        assert query.data is not None
        choice = query.data.split(":")[3]
        counts = await votes.vote(KEY, str(query.from_user.id), choice)
        await query.answer(f"You replied: {choice}")
        await query.edit_message_text(text(choice, counts), reply_markup=KEYBOARD)

    builder = Application.builder().token(TELEGRAM_TOKEN).base_url(f"{api}/bot").base_file_url(f"{api}/file/bot")
    builder = builder.request(AiohttpRequest()).get_updates_request(AiohttpRequest(seconds=60)).job_queue(None)
    app = builder.concurrent_updates(16).build() if polling else builder.updater(None).build()
    app.add_handler(CallbackQueryHandler(vote, pattern=r"^rsvp:"))
    return app


async def press(app: Application, body: bytes) -> None:
    """Handle one raw update to its end."""
    await app.process_update(Update.de_json(json.loads(body), app.bot))


async def serve(api: str, database: str) -> None:
    """Poll until SIGTERM."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for each in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(each, stop.set)
    votes = Votes(database)
    await votes.create()
    app = build(votes, api, polling=True)
    async with app:
        await app.start()
        assert app.updater is not None
        await app.updater.start_polling(allowed_updates=Update.ALL_TYPES)
        print("ready", flush=True)
        await stop.wait()
        await app.updater.stop()
        await app.stop()
    await votes.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--api", required=True)
    parser.add_argument("--database", required=True)
    given = parser.parse_args()
    asyncio.run(serve(given.api, given.database))
