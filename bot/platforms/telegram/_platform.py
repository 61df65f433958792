"""One bot on Telegram: starting, stopping, and the words of `chat.platform.Platform`."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import urlsplit

import structlog
from starlette.requests import Request
from starlette.responses import Response
from telegram import BotCommand, BotCommandScope, User
from telegram import BotCommandScopeAllGroupChats as AllGroups
from telegram import BotCommandScopeAllPrivateChats as AllPrivate
from telegram import BotCommandScopeChat as OneChat

from bot.platforms.telegram._aiohttp_request import AiohttpRequest
from bot.platforms.telegram._bot import ALLOWED_UPDATES, QuietBot
from bot.platforms.telegram._errors import settle
from bot.platforms.telegram._intake import Intake
from bot.platforms.telegram._parse import PLATFORM, Me
from bot.platforms.telegram._perform import HINT_SECONDS, Performer, direct
from bot.platforms.telegram._polling import STALLED, WAIT, Offsets, Poller
from bot.platforms.telegram._sender import Sender
from bot.platforms.telegram._webhook import PATH, Webhook
from chat.errors import AccountDead, Ambiguous, NotSent, PlatformError, RateLimited, Rejected
from chat.inbound import AnyInbound
from chat.language import DEFAULT
from chat.message import Message
from chat.outbound import SendFile
from chat.people import MessageRef, Person, Place
from chat.platform import Limits, Outcome, Receiver
from chat.text import Reader

log = structlog.get_logger(__name__)
DRAIN = 10.0
"""Seconds given at the end to what is in hand."""
START_TRIES = 5


def _now() -> datetime:
    return datetime.now(UTC)


class TelegramPlatform:
    """Be one bot. With `webhook_secret` Telegram brings updates to `public_url`, else we poll (design §4).

    `api_url` is a base such as `http://127.0.0.1:9000`. `now` is the clock presses are dated by, because Telegram
    gives no time for them. `poll_wait`, `stalled`, `back_off` and `hint_seconds` are seconds.
    """

    name = PLATFORM
    command_pattern = "/{joined}"
    forms = False
    finds = False

    def __init__(
        self,
        token: str,
        api_url: str = "https://api.telegram.org",
        webhook_secret: str = "",
        public_url: str = "",
        *,
        offsets: Offsets,
        now: Callable[[], datetime] = _now,
        connections: int = 64,
        poll_wait: int = WAIT,
        stalled: float = STALLED,
        back_off: float = 1.0,
        hint_seconds: float = HINT_SECONDS,
    ) -> None:
        if webhook_secret and not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", webhook_secret):
            raise ValueError("TELEGRAM_WEBHOOK_SECRET: 1 to 256 letters, digits, _ and -")
        if webhook_secret and not public_url:
            raise ValueError("TELEGRAM_WEBHOOK_SECRET needs PUBLIC_URL, the address Telegram reaches us at")
        self.workspace = ""
        self.username = ""
        self.limits = Limits(
            per_second=30, chat_interval=1.0, group_per_minute=20, edits_per_minute=10, edit_delay=3.0, lanes=8
        )
        base = api_url.rstrip("/")
        well_formed = re.fullmatch(r"[A-Za-z0-9:_-]+", token) is not None
        self._token_fits = well_formed
        self._request = AiohttpRequest(connections=connections, proxy=base.startswith("https://"))
        self._bot = QuietBot(
            token if well_formed else "0:malformed",
            base_url=f"{base}/bot",
            base_file_url=f"{base}/file/bot",
            request=self._request,
            get_updates_request=self._request,
        )
        self._secret = webhook_secret
        self._hook_url = public_url.rstrip("/") + PATH
        self._offsets = offsets
        self._now = now
        self._poll_wait, self._stalled, self._back_off = poll_wait, stalled, back_off
        self._hint_seconds = hint_seconds
        self._sender: Sender | None = None
        self._performer: Performer | None = None
        self._intake: Intake | None = None
        self._poller: Poller | None = None
        self._polling: asyncio.Task[None] | None = None
        self._webhook: Webhook | None = None

    async def start(self, receiver: Receiver) -> None:
        """Check the token and begin to take things in.

        Raise `AccountDead` for a wrong token, another neutral error when Telegram cannot be reached (five tries).
        """
        await self._request.initialize()
        try:
            await self._patiently()
        except BaseException:
            await self._request.shutdown()
            raise
        performer = self._ready()[1]
        self._intake = Intake(self._bot, Me(self.workspace, self.username), receiver, performer, self._now)
        if self._secret:
            self._webhook = Webhook(self._secret, self._intake.take)
        else:
            self._poller = Poller(
                self._bot, self.workspace, self._offsets, self._intake.take,
                wait=self._poll_wait, stalled=self._stalled, back_off=self._back_off,
            )  # fmt: skip
            self._polling = asyncio.create_task(self._poller.run(), name="telegram-polling")
        log.info("telegram_started", workspace=self.workspace, mode="webhook" if self._secret else "polling")

    async def stop(self) -> None:
        """Stop taking in, give what is in hand ten seconds, close. Updates not asked for stay with Telegram."""
        if self._webhook is not None:
            self._webhook.close()
        if self._poller is not None and self._polling is not None:
            self._poller.stop()
            await asyncio.wait({self._polling}, timeout=DRAIN)
            self._polling.cancel()
            await asyncio.gather(self._polling, return_exceptions=True)
        if self._intake is not None:
            await self._intake.finish(DRAIN)
        if self._performer is not None:
            await self._performer.close()
        await self._request.shutdown()

    async def webhook(self, request: Request) -> Response:
        """Answer `POST /telegram/webhook`; mount it when a webhook secret is set."""
        if self._webhook is None:
            return Response(status_code=503 if self._secret else 404)
        return await self._webhook(request)

    async def check(self) -> list[str]:
        """Look for a wrong token, polling and webhook in each other's way, and settings of BotFather."""
        await self._request.initialize()
        try:
            me = await self._me()
            hook = await settle(self._bot.get_webhook_info())
        except AccountDead:
            return ["telegram: the token is refused; take TELEGRAM_BOT_TOKEN from BotFather"]
        except PlatformError as error:
            return [f"telegram: no answer ({error.reason or type(error).__name__})"]
        finally:
            if self._intake is None:
                await self._request.shutdown()
        found = []
        if not self._secret and hook.url:
            host = urlsplit(hook.url).hostname
            found.append(f"telegram: a webhook at {host} gets the updates; it is removed when the bot starts polling")
        if self._secret and hook.url != self._hook_url:
            found.append("telegram: the webhook is not set to PUBLIC_URL; it is set when the bot starts")
        if self._secret and hook.last_error_message:
            found.append(f"telegram: the webhook fails: {hook.last_error_message[:120]}")
        if me.can_read_all_group_messages:
            found.append("telegram: privacy mode is off, the bot gets every group message; BotFather, /setprivacy")
        if me.can_join_groups is False:
            found.append("telegram: the bot cannot be added to groups; BotFather, /setjoingroups")
        return found

    async def send(self, to: Place, message: Message, reader: Reader, delivery: str = "") -> MessageRef:
        """Send once. `delivery` stays here: the Bot API has no key that would prevent a copy (reliability L2)."""
        return await self._ready()[0].send(to, (message,), reader)

    async def find(self, to: Place, delivery: str, since: datetime) -> MessageRef | None:
        """Never find anything: a bot cannot read what it sent (reliability L2). Raise `Rejected`."""
        raise Rejected("no_look_up")

    async def edit(self, ref: MessageRef, message: Message, reader: Reader) -> None:
        """Edit a message; an unchanged one is a success, and so is one overtaken by a newer edit."""
        await self._ready()[0].edit(ref, message, reader)

    async def upload(self, to: Place, file: SendFile, reader: Reader) -> MessageRef:
        """Send a file of at most 50 MB."""
        return await self._ready()[0].upload(to, file, reader)

    async def perform(self, inbound: AnyInbound, outcome: Outcome) -> list[MessageRef | None]:
        """Answer the person who acted; late presses are harmless."""
        return await self._ready()[1].perform(inbound, outcome)

    async def delete(self, ref: MessageRef) -> bool:
        """Delete one of our messages; false after 48 hours or when it is gone."""
        return await self._ready()[0].delete(ref)

    def start_link(self, payload: str) -> str:
        """Give `https://t.me/<bot>?start=<payload>`; "" before `start`. Raise `ValueError` for a payload that Telegram
        would drop: it takes up to 64 letters, digits, `_` and `-`.
        """
        if not re.fullmatch(r"[A-Za-z0-9_-]{0,64}", payload):
            raise ValueError("a start payload has at most 64 letters, digits, _ and -")
        if not self.username:
            return ""
        return f"https://t.me/{self.username}" + (f"?start={payload}" if payload else "")

    def direct(self, person: Person) -> Place:
        """Give the private chat with a person."""
        return direct(person)

    async def set_menu(
        self, scope: Literal["private", "group"], language: str, commands: Sequence[tuple[str, str]], chat: str = ""
    ) -> None:
        """Set the command menu of one language, `(name, description)` each; only a convenience, never access control.

        English is set for everybody whose language we do not speak; `chat` narrows it to one chat (organisers).
        """
        where: BotCommandScope = AllGroups() if scope == "group" else AllPrivate()
        if chat:
            where = OneChat(int(chat))
        menu = [BotCommand(name, text[:256]) for name, text in commands[:100] if text]
        code = None if language == DEFAULT else language
        await settle(self._bot.set_my_commands(menu, scope=where, language_code=code))

    async def _begin(self) -> None:
        await self._me()
        if self._secret:
            await settle(
                self._bot.set_webhook(self._hook_url, secret_token=self._secret, allowed_updates=list(ALLOWED_UPDATES))
            )
        else:
            # Without it getUpdates is refused; what waits is kept, presses live only 150 s (platforms §1.3).
            await settle(self._bot.delete_webhook(drop_pending_updates=False))

    async def _me(self) -> User:
        if not self._token_fits:
            raise AccountDead("token malformed")
        me = await settle(self._bot.get_me())
        self.workspace, self.username = str(me.id), me.username or ""
        return me

    async def _patiently(self) -> None:
        for left in range(START_TRIES, 0, -1):
            try:
                await self._begin()
                return
            except (NotSent, Ambiguous) as error:
                if left == 1:
                    raise
                pause = error.after if isinstance(error, RateLimited) else self._back_off * (START_TRIES - left + 1)
                log.warning("telegram_not_reached", error=type(error).__name__, reason=error.reason, tries_left=left)
                await asyncio.sleep(min(pause, 10.0))

    def _ready(self) -> tuple[Sender, Performer]:
        if self._sender is None or self._performer is None:
            if not self.workspace:
                raise NotSent("not started")
            self._sender = Sender(self._bot, self.workspace, self.limits.edits_per_minute)
            self._performer = Performer(self._sender, self.start_link, self._hint_seconds)
        return self._sender, self._performer
