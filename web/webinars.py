"""Registering for a public webinar without a chat: the form at `/w/<token>`, then a page of one's own (domain 3.4).

No e-mail is ever sent, and the pages say so: the personal page shows the join link from the day before, and later the
recording. Its address is the only proof; like the form's token it is 192 random bits, of which we keep the SHA-256.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Literal
from urllib.parse import parse_qsl, urlsplit

import structlog
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from chat.language import LANGUAGES
from chat.text import Reader, Text, When, say
from handlers import _countries, _webinar_cards, _webinar_ics
from handlers import _webinar_registering as registering
from handlers._ics import one_line
from handlers._webinar_fields import TYPES
from scheduler import cards
from scheduler.clock import Clock
from storage import webinars
from storage.communities import Community, own_community
from storage.database import Database, Session
from storage.vault import Vault
from storage.webinars import CANCELLED, REGISTERED, NotOpen, Outsider, Registrant, Webinar
from web import _webinar_page as draw
from web._pages import language_of, not_here
from web.calendars import Pace

log = structlog.get_logger(__name__)

BODY_MAX = 8192
"""Bytes of a form that is read; ours are far smaller."""
SENT_PER_MINUTE = 20
"""Forms a minute from one address of the net; an office shares one."""
SEEN_PER_MINUTE = 120
_EMAIL = re.compile(r"[^\s@<>\"(),;:\\\[\]]{1,64}@[^\s@.<>\"(),;:\\\[\]]+(\.[^\s@.<>\"(),;:\\\[\]]+)+")


class WebinarPages:
    """Serve `/w/{token}`, `/w/r/{token}` and `/w/r/{token}/webinar.ics`."""

    def __init__(self, database: Database, clock: Clock, vault: Vault | None, sent: Pace | None = None) -> None:
        self._database, self._clock, self._vault = database, clock, vault
        self._sent, self._seen = sent or Pace(SENT_PER_MINUTE), Pace(SEEN_PER_MINUTE)

    def at(self, what: Literal["form", "own", "file"]) -> ASGIApp:
        """Give the application of one of the pages."""

        async def serve(scope: Scope, receive: Receive, send: Send) -> None:
            try:
                answer = await self._answer(Request(scope, receive), what)
            except Exception as error:  # its text could hold what must stay out of the log
                log.error("webinar_page_failed", error=type(error).__name__)
                answer = PlainTextResponse("", 503, {"Retry-After": "60"})
            await answer(scope, receive, send)

        return serve

    async def _answer(self, request: Request, what: str) -> Response:
        if request.method not in ("GET", "HEAD", "POST"):
            return PlainTextResponse("", 405, {"Allow": "GET, HEAD, POST"})
        given: dict[str, str] = {}
        reader = Reader(language=_language(request))
        pace = self._sent if request.method == "POST" else self._seen
        if seconds := pace.wait(_from(request)):
            return _page(say("we_p_head"), [draw.paragraph(say("we_p_busy"), reader)], reader, 429, seconds)
        if request.method == "POST":
            read = await _body(request)
            if read is None:
                return PlainTextResponse("", 413)
            given = read
        if what != "form":
            return await self._mine(request, given, what)
        return await self._form(request, given)

    async def _form(self, request: Request, given: Mapping[str, str]) -> Response:
        """Show the form, or take it."""
        async with self._database.read() as db:
            found = await webinars.by_token(db, str(request.path_params["token"]))
        if found is None or found.state == "draft":
            return not_here(request, "we_p_lost")
        now, language = self._clock.now(), _language(request)
        reader = Reader(language, found.zone)
        async with self._database.read(found.community_id) as db:
            webinar, community = await db.get_one(Webinar, found.id), await own_community(db)
            if request.method != "POST" or webinars.closed(webinar, now):
                return await self._shown(db, webinar, community, reader, now)
            if not _from_here(request, webinar) or not re.fullmatch(r"[\w-]{32}", given.get("token", "")):
                return await self._shown(db, webinar, community, reader, now, wrong={"form": say("we_p_expired")})
            values, wrong = _check(given, self._vault is not None)
            if wrong:
                return await self._shown(db, webinar, community, reader, now, values, wrong, given["token"])
        try:
            await self._register(webinar, values, given["token"], reader.language, now)
        except NotOpen:  # closed in the moment between
            return await self._form_again(webinar, reader, now)
        return RedirectResponse(f"r/{given['token']}{_asked(request)}", 303)

    async def _form_again(self, found: Webinar, reader: Reader, now: datetime) -> Response:
        async with self._database.read(found.community_id) as db:
            return await self._shown(db, await db.get_one(Webinar, found.id), await own_community(db), reader, now)

    async def _shown(
        self, db: Session, webinar: Webinar, community: Community, reader: Reader, now: datetime,
        values: Mapping[str, str] | None = None, wrong: Mapping[str, Text] | None = None, token: str = "",
    ) -> Response:  # fmt: skip
        """Draw the page of a webinar: what it is, the notices, and the form while one can register."""
        why = webinars.closed(webinar, now)
        parts = [
            *_head(webinar, community, reader),
            *(draw.paragraph(each, reader) for each in await _who(db, webinar)),
        ]
        if why:
            parts += [draw.paragraph(each, reader) for each in _closed(webinar, why)]
            return _page(webinar.title, [*parts, _recording(webinar, reader)], reader)
        parts.append(draw.box(_webinar_cards.notices(community), reader))
        if webinar.seats is not None and await webinars.taken(db, webinar) >= webinar.seats:
            parts.append(draw.paragraph(say("we_full"), reader))
        fresh = token or secrets.token_urlsafe(24)
        parts.append(draw.form(fresh, reader, values or {}, wrong or {}, email=self._vault is not None))
        if address := await _webinar_cards.telegram(db, webinars.OPENS + webinar.public_token):
            parts.append(draw.anchor(say("we_p_in_telegram"), address, reader))
        return _page(webinar.title, parts, reader, 422 if wrong else 200)

    async def _register(
        self, found: Webinar, values: Mapping[str, str], token: str, language: str, now: datetime
    ) -> None:
        async with self._database.write(found.community_id) as db:
            webinar = await webinars.lock(db, found.key)
            if webinar is None:
                raise NotOpen("cancelled")
            sealed, hashed = self._sealed(webinar, values.get("email", ""))
            told = Outsider(
                name=values["name"], organisation_type=values["organisation"], country=values["country"],
                language=language, consent_version=registering.consent_version(language), email=sealed,
                email_hash=hashed, token=token,
            )  # fmt: skip
            await webinars.register(db, webinar, told, now)
            await registering.follow(db, webinar, (), now)

    def _sealed(self, webinar: Webinar, address: str) -> tuple[str, str]:
        """Give the sealed address and its hash by the webinar's own key; the webinar's row is held."""
        if not address or self._vault is None:
            return "", ""
        if not webinar.email_key:
            webinar.email_key = self._vault.seal(secrets.token_hex(32))
        return self._vault.seal(address), webinars.email_hash(self._vault.unseal(webinar.email_key), address)

    async def _mine(self, request: Request, given: Mapping[str, str], what: str) -> Response:
        """Show somebody's own page, cancel, register again, or give the calendar file."""
        async with self._database.read() as db:
            row = await webinars.by_page(db, str(request.path_params["token"]))
        if row is None:
            return not_here(request, "we_p_lost")
        now = self._clock.now()
        if request.method == "POST":
            async with self._database.read(row.community_id) as db:
                ours = _from_here(request, await db.get_one(Webinar, row.webinar_id))
            if ours:
                await self._change(row, given.get("do", ""), now)
            return RedirectResponse(f"{request.path_params['token']}{_asked(request)}", 303)
        async with self._database.read(row.community_id) as db:
            webinar, community = await db.get_one(Webinar, row.webinar_id), await own_community(db)
            mine = await db.get_one(Registrant, row.id)
            reader = Reader(_language(request) if _asked(request) else mine.language, webinar.zone)
            if what == "file":
                content = _webinar_ics.publish(webinar, mine, community, reader, now)
                headers = {"Content-Disposition": f'attachment; filename="{_webinar_ics.FILE}"'}
                return Response(content, headers=headers, media_type="text/calendar; charset=utf-8")
            token = str(request.path_params["token"])
            telegram = await _webinar_cards.telegram(db, webinars.CONNECTS + token) if mine.member_id is None else ""
        return _page(webinar.title, _own(webinar, mine, community, reader, now, token, telegram), reader)

    async def _change(self, found: Registrant, do: str, now: datetime) -> None:
        async with self._database.write(found.community_id) as db:
            row = await db.get_one(Registrant, found.id)
            key = (await db.get_one(Webinar, row.webinar_id)).key
            webinar = await webinars.lock(db, key)
            if webinar is None or webinars.closed(webinar, now):
                return
            await db.refresh(row)
            if do == "cancel":
                await registering.follow(db, webinar, await webinars.cancel(db, row), now)
            elif do == "again" and row.state == CANCELLED:
                await registering.follow(db, webinar, await webinars.come_back(db, webinar, row, now), now)
            cards.touch_at_end(db, [registering.OWN], webinar.key)


def _own(
    webinar: Webinar, row: Registrant, community: Community, reader: Reader, now: datetime, token: str, telegram: str
) -> list[str]:
    """Draw a personal page by the state of the registration."""
    why = webinars.closed(webinar, now)
    standing = {REGISTERED: "we_p_done", CANCELLED: "we_p_off"}.get(row.state, "we_p_wait")
    parts = [*_head(webinar, community, reader), draw.paragraph((say(standing), "."), reader)]
    if why:
        parts += [draw.paragraph(each, reader) for each in _closed(webinar, why)]
        return [*parts, _recording(webinar, reader)]
    if row.state == CANCELLED:
        return [*parts, draw.action("again", say("we_p_again"), reader)]
    if row.state == REGISTERED:
        if _webinar_cards.shows_link(webinar, now):
            parts.append(draw.anchor(say("b_join"), webinar.join_link, reader))
        parts.append(draw.anchor(say("we_p_calendar"), f"{token}/{_webinar_ics.FILE}?lang={reader.language}", reader))
    else:
        parts.append(draw.paragraph(say("we_waiting"), reader))
    parts.append(draw.box([say("we_p_keep") if row.member_id is None else say("we_p_chat")], reader))
    if telegram:
        parts.append(draw.anchor(say("we_p_telegram"), telegram, reader))
    return [*parts, draw.action("cancel", say("we_p_cancel"), reader, plain=True)]


def _head(webinar: Webinar, community: Community, reader: Reader) -> list[str]:
    return [
        draw.paragraph((community.name, " · ", say("we_p_head")), reader),
        draw.written(webinar.title, "h1"),
        draw.paragraph(_webinar_cards.when(webinar), reader),
        draw.written(webinar.about),
        draw.paragraph(say("we_free"), reader),
        draw.paragraph(_webinar_cards.funding(community), reader),
    ]


async def _who(db: Session, webinar: Webinar) -> list[Text]:
    return await _webinar_cards.who(db, webinar)


def _closed(webinar: Webinar, why: str) -> list[Text]:
    if why == "early":
        return [say("we_early", when=When(webinar.opens_at, webinar.zone))]
    if why == "cancelled":
        return [say("we_cancelled")]
    return [say("we_over")] if _has_recording(webinar) else [say("we_over"), say("we_recording_comes")]


def _has_recording(webinar: Webinar) -> bool:
    return webinar.state in ("recording", "archived") and webinar.recording_link.startswith("https://")


def _recording(webinar: Webinar, reader: Reader) -> str:
    return draw.anchor(say("b_watch"), webinar.recording_link, reader) if _has_recording(webinar) else ""


def _check(given: Mapping[str, str], email: bool) -> tuple[dict[str, str], dict[str, Text]]:
    """Give clean values and what is wrong with them, by field."""
    values = {name: one_line(given.get(name, ""))[:300] for name in draw.FIELDS}
    wrong: dict[str, Text] = {}
    if not 2 <= len(values["name"]) <= 80:
        wrong["name"] = say("we_p_no_name")
    if values["organisation"] not in TYPES:
        wrong["organisation"] = say("we_p_no_organisation")
    if values["country"] not in _countries.names("en"):
        wrong["country"] = say("we_p_no_country")
    if not email:
        values["email"] = ""
    elif values["email"] and (len(values["email"]) > 254 or not _EMAIL.fullmatch(values["email"])):
        wrong["email"] = say("we_p_no_email")
    if values["agree"] != "yes":
        wrong["agree"] = say("we_p_no_agree")
    return values, wrong


def _from_here(request: Request, webinar: Webinar) -> bool:
    """Tell whether a form was sent from our own page: browsers say so themselves (Sec-Fetch-Site, else Origin)."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("origin")
    if origin is None:  # no browser of the last years
        return True
    return urlsplit(origin).netloc in {request.headers.get("host", ""), urlsplit(webinar.page_link).netloc} - {""}


async def _body(request: Request) -> dict[str, str] | None:
    """Read a small form; none for what is larger."""
    read = bytearray()
    async for chunk in request.stream():
        read += chunk
        if len(read) > BODY_MAX:
            return None
    try:
        return dict(parse_qsl(read.decode(), keep_blank_values=True, max_num_fields=20))
    except ValueError:
        return {}


def _from(request: Request) -> str:
    """Name the asker for pacing: a hash of the net address, kept in memory for a minute."""
    host = request.client.host if request.client else ""
    return hashlib.sha256(host.encode()).hexdigest()


def _language(request: Request) -> str:
    asked = request.query_params.get("lang", "")
    return asked if asked in LANGUAGES else language_of(request.headers)


def _asked(request: Request) -> str:
    asked = request.query_params.get("lang", "")
    return f"?lang={asked}" if asked in LANGUAGES else ""


def _page(title: Text, parts: list[str], reader: Reader, status: int = 200, retry: int = 0) -> Response:
    headers = {"Vary": "Accept-Language"} | ({"Retry-After": str(retry)} if retry else {})
    return HTMLResponse(draw.page(title, parts, reader), status, headers)
