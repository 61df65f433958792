"""Slack: Socket Mode or signed HTTP through slack-bolt, Block Kit, modals, App Home (platforms §3)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import structlog
from starlette.requests import Request
from starlette.responses import Response

from bot.platforms.slack import _events
from bot.platforms.slack._client import REQUEST_SECONDS, open_session, web_client
from bot.platforms.slack._errors import neutral, word
from bot.platforms.slack._fetch import Fetcher
from bot.platforms.slack._intake import FORM_PATIENCE, Intake
from bot.platforms.slack._parse import NAME, Self
from bot.platforms.slack._people import Census
from bot.platforms.slack._perform import Performer
from bot.platforms.slack._post import Poster
from bot.platforms.slack._socket import PATIENCE, OnTrouble, Sockets
from chat.errors import Ambiguous, MessageGone, NotSent, PlatformError, Rejected
from chat.inbound import AnyInbound
from chat.message import Message
from chat.outbound import SendFile
from chat.people import MessageRef, PeopleIn, Person, Place
from chat.platform import Limits, Outcome, Receiver, Shelf
from chat.text import Reader

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import aiohttp
    from slack_bolt.app.async_app import AsyncApp

log = structlog.get_logger(__name__)

SCOPES = (
    "app_mentions:read", "channels:read", "chat:write", "commands", "files:read", "files:write", "groups:read",
    "im:history", "im:write", "users:read",
)  # fmt: skip
"""Bot scopes we need; `docs/slack-manifest.yaml` asks for the same and two optional ones (platforms §3.8)."""


TRY_AGAIN = 0.5
"""Seconds before the second try to start; twice that before the third."""


def _real_time() -> datetime:
    return datetime.now(UTC)


def _limits(per_minute: int, lanes: int) -> Limits:
    if not per_minute:  # the delay in which changes of a card are gathered is no limit of Slack's, so it stays
        return Limits(per_second=100_000, chat_interval=0.0, edits_per_minute=0, edit_delay=2.0, lanes=lanes)
    return Limits(
        per_second=20, per_minute=per_minute, chat_interval=1.0, edits_per_minute=30, edit_delay=2.0, lanes=lanes
    )


class SlackPlatform:
    """Be one workspace. Socket Mode if there is an app token, else `events` takes signed HTTP.

    `now` dates what Slack sends without a time (commands, submissions). `request_seconds` is the longest wait for the
    answer to one call; `per_minute` bounds the posts of the workspace, 0 leaves all pacing out. A socket that is silent
    for about one and a half `socket_patience` is rebuilt. `on_trouble` is told of what we cannot mend: `dead` (the app
    token is refused, or the app was removed) and `alive` when it is over. The files of messages come from the `shelf`.

    Raises `ValueError` when neither an app token nor a signing secret is given: unsigned requests are never taken.
    """

    name = NAME
    command_pattern = "/cop {words}"
    forms = True
    finds = True

    def __init__(
        self,
        bot_token: str,
        app_token: str = "",
        signing_secret: str = "",
        api_url: str = "https://slack.com/api/",
        *,
        now: Callable[[], datetime] = _real_time,
        form_patience: float = FORM_PATIENCE,
        request_seconds: float = REQUEST_SECONDS,
        lanes: int = 8,
        per_minute: int = 300,
        socket_patience: float = PATIENCE,
        on_trouble: OnTrouble | None = None,
        shelf: Shelf | None = None,
    ) -> None:
        if not app_token and not signing_secret.strip():
            raise ValueError("SLACK_SIGNING_SECRET is empty: set it, or SLACK_APP_TOKEN for Socket Mode")
        self.workspace = ""
        self.limits = _limits(per_minute, lanes)
        self._request_seconds, self._patience, self._on_trouble = request_seconds, socket_patience, on_trouble
        self._token, self._app_token, self._secret, self._api_url = bot_token, app_token, signing_secret, api_url
        self._now, self._form_patience, self._shelf = now, form_patience, shelf
        self._session: aiohttp.ClientSession | None = None
        self._poster: Poster | None = None
        self._fetcher: Fetcher | None = None
        self._census: Census | None = None
        self._performer: Performer | None = None
        self._intake: Intake | None = None
        self._app: AsyncApp | None = None
        self._sockets: Sockets | None = None

    async def start(self, receiver: Receiver) -> None:
        """Check the token, begin to take things in.

        Raise `AccountDead` for a wrong token, another neutral error when Slack cannot be reached (three tries).
        """
        for left in (2, 1, 0):
            try:
                await self._begin(receiver)
                return
            except (NotSent, Ambiguous) as error:
                if not left:
                    raise
                log.warning("slack_not_reached", error=type(error).__name__, reason=error.reason, tries_left=left)
                await asyncio.sleep((3 - left) * TRY_AGAIN)

    async def _begin(self, receiver: Receiver) -> None:
        self._session = session = open_session(self._request_seconds)
        try:
            web = web_client(self._token, self._api_url, session)
            with neutral():
                answer = await web.auth_test()
                me = Self(word(answer.get("team_id")), word(answer.get("user_id")))
            self.workspace = me.workspace
            self._poster = Poster(web, session, me.workspace, self._shelf)
            self._census = Census(web, me.bot)
            self._fetcher = Fetcher(web, session, self._token, self._api_url)
            self._performer = Performer(self._poster, self.direct)
            self._intake = Intake(me, receiver, self._performer, self._now, self._form_patience, self._on_trouble)
            inner = web_client(None, self._api_url, session)
            self._app = self._intake.app(inner, str(answer.get("bot_id") or ""))
            if self._app_token:
                patience = self._patience
                self._sockets = Sockets(
                    self._app, inner, self._app_token,
                    patience=patience, pause=patience / 6, on_trouble=self._on_trouble,
                )  # fmt: skip
                await self._sockets.open()
        except BaseException:
            await self.stop()
            raise
        log.info("slack_started", workspace=self.workspace, mode="socket" if self._app_token else "http")

    async def stop(self) -> None:
        """Stop taking in, finish what is in hand (at most ten seconds), close."""
        sockets, self._sockets, self._app = self._sockets, None, None
        if sockets is not None:
            if self._intake is not None:
                await self._intake.acknowledged()
            await sockets.close()
        if self._intake is not None:
            await self._intake.drain()
        if self._poster is not None:
            await self._poster.close()
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def events(self, request: Request) -> Response:
        """Take `POST /slack/events`; 404 in Socket Mode, 503 while we are not running."""
        if self._app_token:
            return Response(status_code=404)
        if self._app is None:
            return Response(status_code=503)
        return await _events.receive(request, self._app, self._secret)

    @property
    def reading(self) -> bool:
        """Tell whether this process takes payloads in; with Socket Mode `connections` says by how many sockets."""
        return self._app is not None

    @property
    def last_heard(self) -> float | None:
        """Give the monotonic time of the last payload; `None` before the first."""
        return self._intake.heard if self._intake is not None else None

    async def connections(self) -> int:
        """Count the Socket Mode connections that are up; 0 with signed HTTP."""
        return await self._sockets.connected() if self._sockets is not None else 0

    async def check(self) -> list[str]:
        """Look for a wrong token, missing scopes and a wrong app token; an empty list means all is well."""
        found: list[str] = []
        async with self._some_session() as session:
            web = web_client(self._token, self._api_url, session)
            try:
                with neutral():
                    answer = await web.auth_test()
            except PlatformError as error:
                return [f"Slack: SLACK_BOT_TOKEN does not work ({error.reason or type(error).__name__})"]
            granted = {each.strip() for each in str(answer.headers.get("x-oauth-scopes") or "").split(",")}
            lacking = [each for each in SCOPES if each not in granted]
            if lacking:
                found.append(
                    f"Slack: scopes are missing: {', '.join(lacking)}; reinstall with docs/slack-manifest.yaml"
                )
            if self._app_token:
                try:
                    with neutral():
                        await web.apps_connections_open(app_token=self._app_token)
                except PlatformError as error:
                    found.append(f"Slack: SLACK_APP_TOKEN does not work ({error.reason or type(error).__name__})")
        if self._intake is not None and self._intake.dead:
            found.append(f"Slack: the app was removed or its token revoked ({self._intake.dead})")
        return found

    async def send(self, to: Place, message: Message, reader: Reader, delivery: str = "") -> MessageRef:
        """Post once, to a channel or to a person (`U…` or `D…`). Raise the errors of `chat.errors`."""
        return await self._posting().send(to, message, reader, delivery)

    async def find(self, to: Place, delivery: str, since: datetime) -> MessageRef | None:
        """Look a post up by its delivery id in the conversation's history (reliability §2.3 point 8)."""
        return await self._posting().find(to, delivery, since)

    async def edit(self, ref: MessageRef, message: Message, reader: Reader) -> None:
        """Edit a post of ours; an unchanged one is a success. Raise the errors of `chat.errors`."""
        await self._posting().edit(ref, message, reader)

    async def upload(self, to: Place, file: SendFile, reader: Reader) -> MessageRef:
        """Send a file; `Ambiguous` when Slack took it but does not show it."""
        return await self._posting().upload(to, file, reader)

    async def fetch(self, file: str, limit: int) -> bytes:
        """Give the content of a file somebody gave us, of at most `limit` bytes."""
        self._posting()
        assert self._fetcher is not None
        return await self._fetcher.fetch(file, limit)

    async def people_in(self, place: Place, known: Collection[str] = ()) -> PeopleIn:
        """List who is in a channel; needs `channels:read` or `groups:read`, and to be in a private one."""
        self._posting()
        assert self._census is not None
        return await self._census.people_in(place.chat, known)

    async def perform(self, inbound: AnyInbound, outcome: Outcome) -> list[MessageRef | None]:
        """Answer the person who acted; late interactions are harmless."""
        self._posting()
        assert self._performer is not None
        return await self._performer.perform(inbound, outcome)

    async def delete(self, ref: MessageRef) -> bool:
        """Delete a post of ours; false if it is gone or Slack no longer lets us."""
        try:
            await self._posting().delete(ref)
        except (MessageGone, Rejected):
            return False
        return True

    def start_link(self, payload: str) -> str:
        """Give nothing: Slack has no link that opens a bot with a payload (platforms §8)."""
        return ""

    def direct(self, person: Person) -> Place:
        """Give the private chat with a person; Slack takes the user id and answers with the chat's own."""
        return Place(NAME, self.workspace, person.user)

    def _posting(self) -> Poster:
        if self._poster is None or self._session is None:
            raise NotSent("not_started")
        return self._poster

    @asynccontextmanager
    async def _some_session(self) -> AsyncIterator[aiohttp.ClientSession]:
        if self._session is not None:
            yield self._session
            return
        async with open_session(self._request_seconds) as session:
            yield session


__all__ = ["SCOPES", "SlackPlatform"]
