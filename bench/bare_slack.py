"""The baseline on Slack: slack-bolt's AsyncApp as its documentation writes it: ack first, one transaction, chat.update.

`python -m bench.bare_slack --api URL --database URL` connects to a sandbox by Socket Mode.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import signal
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.web.async_client import AsyncWebClient

from bench.bare_votes import Votes, text
from bench.report import Broken
from bench.town import APP_TOKEN, KEY, SIGNING_SECRET, SLACK_TOKEN, blocks

_ACTIONS = blocks()[1]


def build(
    votes: Votes, api: str, session: aiohttp.ClientSession, done: Callable[[str], None] = lambda _user: None
) -> AsyncApp:
    """Make the app with a shared session (tech §1.5); `done` hears whose press is answered."""
    client = AsyncWebClient(token=SLACK_TOKEN, base_url=f"{api}/api/", session=session)
    app = AsyncApp(client=client, signing_secret=SIGNING_SECRET)

    @app.action(re.compile(r"^rsvp:"))
    async def vote(ack: Callable[[], Awaitable[None]], body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        choice, where, user = body["actions"][0]["action_id"].split(":")[3], body["container"], body["user"]["id"]
        said = text(choice, await votes.vote(KEY, user, choice))
        section = {"type": "section", "text": {"type": "mrkdwn", "text": said}}
        await client.chat_update(
            channel=where["channel_id"], ts=where["message_ts"], text=said, blocks=[section, _ACTIONS]
        )
        done(user)

    return app


async def press(app: AsyncApp, body: bytes, headers: dict[str, str]) -> None:
    """Let the app take one raw request until it is acknowledged; the rest is told by `done`."""
    answer = await app.async_dispatch(AsyncBoltRequest(body=body.decode(), headers=dict(headers)))
    if answer.status != 200:
        raise Broken(f"the bare bolt app answered {answer.status}")


async def serve(api: str, database: str) -> None:
    """Stay connected until SIGTERM."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for each in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(each, stop.set)
    votes = Votes(database)
    await votes.create()
    async with aiohttp.ClientSession() as session:
        handler = AsyncSocketModeHandler(build(votes, api, session), APP_TOKEN)
        await handler.connect_async()
        print("ready", flush=True)
        await stop.wait()
        await handler.close_async()
    await votes.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--api", required=True)
    parser.add_argument("--database", required=True)
    given = parser.parse_args()
    asyncio.run(serve(given.api, given.database))
