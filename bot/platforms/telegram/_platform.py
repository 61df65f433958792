"""One bot on Telegram: starting, stopping, and the words of `chat.platform.Platform`."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from typing import Literal

import structlog
from starlette.requests import Request
from starlette.responses import Response
from telegram import BotCommand, BotCommandScope, User
from telegram import BotCommandScopeAllGroupChats as AllGroups
from telegram import BotCommandScopeAllPrivateChats as AllPrivate
from telegram import BotCommandScopeChat as OneChat

from bot.platforms.telegram._aiohttp_request import REQUEST_SECONDS, AiohttpRequest
from bot.platforms.telegram._bot import ALLOWED_UPDATES, QuietBot
from bot.platforms.telegram._check import findings
from bot.platforms.telegram._errors import settle
from bot.platforms.telegram._fetch import Fetcher
from bot.platforms.telegram._intake import PATIENCE, Intake
from bot.platforms.telegram._names import chat_of
from bot.platforms.telegram._parse import PLATFORM, Me
from bot.platforms.telegram._perform import HINT_SECONDS, Performer, direct
from bot.platforms.telegram._polling import STALLED, WAIT, Offsets, OnTrouble, Poller
from bot.platforms.telegram._sender import Sender
from bot.platforms.telegram._turn import EVERY, MayRead, Turn
from bot.platforms.telegram._webhook import PATH, Webhook
from chat.errors import AccountDead, Ambiguous, NotSent, PlatformError, RateLimited, Rejected
from chat.inbound import AnyInbound
from chat.language import DEFAULT
from chat.message import Message
from chat.outbound import SendFile
from chat.people import MessageRef, PeopleIn, Person, Place
from chat.platform import Limits, Outcome, Receiver, Shelf
from chat.text import Reader

log = structlog.get_logger(__name__)
DRAIN = 4.0
"""Seconds given at the end to what is in hand; what is cut off is done after the next start."""
START_TRIES = 5


def _now() -> datetime:
    return datetime.now(UTC)


def _limits(per_second: float, lanes: int) -> Limits:
    if not per_second:  # the delay in which changes of a card are gathered is no limit of Telegram's, so it stays
        return Limits(per_second=100_000, chat_interval=0.0, edits_per_minute=0, edit_delay=3.0, lanes=lanes)
    return Limits(
        per_second=per_second, chat_interval=1.0, group_per_minute=20, edits_per_minute=10, edit_delay=3.0, lanes=lanes
    )


class TelegramPlatform:
    """Be one bot. With `webhook_secret` Telegram brings updates to `public_url`, else we poll (design §4).

    `api_url` is a base such as `http://127.0.0.1:9000`. `now` is the clock presses are dated by, because Telegram
    gives no time for them. `poll_wait`, `stalled`, `back_off` and `hint_seconds` are seconds. `request_seconds` is the
    longest wait for the answer to one call; `per_second` bounds the messages of the bot, 0 leaves all pacing out.

    `patience` is the longest a press that is stored waits for its outcome before its spinner is stopped. `may_read` is
    asked before polling and every `read_every` seconds, because only one process may poll; it is not asked with a
    webhook. `on_trouble` is told of what we cannot mend: `conflict`, `dead`, and `alive` when it is over. The files of
    messages come from the `shelf`.
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
        request_seconds: float = REQUEST_SECONDS,
        lanes: int = 8,
        per_second: float = 30.0,
        patience: float = PATIENCE,
        may_read: MayRead | None = None,
        read_every: float = EVERY,
        on_trouble: OnTrouble | None = None,
        shelf: Shelf | None = None,
    ) -> None:
        if webhook_secret and not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", webhook_secret):
            raise ValueError("TELEGRAM_WEBHOOK_SECRET: 1 to 256 letters, digits, _ and -")
        if webhook_secret and not public_url:
            raise ValueError("TELEGRAM_WEBHOOK_SECRET needs PUBLIC_URL, the address Telegram reaches us at")
        self.workspace = ""
        self.username = ""
        self.limits = _limits(per_second, lanes)
        base = api_url.rstrip("/")
        well_formed = re.fullmatch(r"[A-Za-z0-9:_-]+", token) is not None
        self._token_fits = well_formed
        self._request = AiohttpRequest(
            connections=connections, seconds=request_seconds, proxy=base.startswith("https://")
        )
        self._bot = QuietBot(token if well_formed else "0:malformed", base, self._request)
        self._fetcher = Fetcher(self._bot, self._request, f"{base}/file/bot{token if well_formed else ''}")
        self._secret = webhook_secret
        self._hook_url = public_url.rstrip("/") + PATH
        self._offsets = offsets
        self._now = now
        self._poll_wait, self._stalled, self._back_off = poll_wait, stalled, back_off
        self._hint_seconds, self._patience = hint_seconds, patience
        self._turn, self._on_trouble = Turn(may_read, read_every), on_trouble
        self._shelf = shelf
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
        me = Me(self.workspace, self.username)
        self._intake = Intake(self._bot, me, receiver, performer, self._now, self._patience)
        if self._secret:
            self._webhook = Webhook(self._secret, self._intake.take)
        else:
            self._poller = Poller(
                self._bot, self.workspace, self._offsets, self._intake.take, turn=self._turn,
                wait=self._poll_wait, stalled=self._stalled, back_off=self._back_off, on_trouble=self._on_trouble,
            )  # fmt: skip
            self._polling = asyncio.create_task(self._poller.run(), name="telegram-polling")
        log.info("telegram_started", workspace=self.workspace, mode="webhook" if self._secret else "polling")

    async def stop(self) -> None:
        """Stop taking in, give what is in hand some seconds, close. Updates not asked for stay with Telegram."""
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
        if self._sender is not None:
            await self._sender.close()
        await self._request.shutdown()

    @property
    def reading(self) -> bool:
        """Tell whether this process takes updates in: by webhook, or because it is its turn to poll."""
        if self._webhook is not None:
            return True
        return self._poller is not None and self._poller.reading

    @property
    def last_heard(self) -> float | None:
        """Give the monotonic time of the last good poll, or of the last update by webhook; `None` before the first."""
        if self._poller is not None:
            return self._poller.heard
        return self._intake.heard if self._intake is not None else None

    async def webhook(self, request: Request) -> Response:
        """Answer `POST /telegram/webhook`; mount it when a webhook secret is set."""
        if self._webhook is None:
            return Response(status_code=503 if self._secret else 404)
        return await self._webhook(request)

    async def check(self, *, alone: bool = False) -> list[str]:
        """Look for a wrong token, others who take our updates, and settings of BotFather.

        `alone` says that no process of ours polls now: only then a short poll may look for a second poller.
        """
        await self._request.initialize()
        try:
            if not self._token_fits:
                raise AccountDead("token malformed")
            return await findings(self._bot, self._hook_url if self._secret else "", poll=alone and not self._secret)
        except AccountDead:
            return ["telegram: the token is refused; take TELEGRAM_BOT_TOKEN from BotFather"]
        except PlatformError as error:
            return [f"telegram: no answer ({error.reason or type(error).__name__})"]
        finally:
            if self._intake is None:
                await self._request.shutdown()

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

    async def fetch(self, file: str, limit: int) -> bytes:
        """Give the content of a file somebody sent, of at most `limit` bytes (Telegram gives bots 20 MB)."""
        return await self._fetcher.fetch(file, limit)

    async def people_in(self, place: Place, known: Collection[str] = ()) -> PeopleIn:
        """Count who is in a group or channel, without us: a bot cannot list them."""
        self._ready()
        asked = self._bot.call("getChatMemberCount", {"chat_id": chat_of(place.chat)})
        count = await settle(asked, place.chat)
        if type(count) is not int or count < 0:
            raise Ambiguous("garbled")
        return PeopleIn(max(count - 1, 0))

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
        if type(me.id) is not int or not isinstance(me.username, str | None):
            raise Ambiguous("garbled")
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
            self._sender = Sender(self._bot, self.workspace, self.limits.edits_per_minute, self._shelf)
            self._performer = Performer(self._sender, self.start_link, self._hint_seconds)
        return self._sender, self._performer
