"""The page of a memo: opened once by a link from the chat, then by a cookie, for one document and one browser.

Whether the reader may still read is asked at every request. Whoever may not, or has a link or cookie that is used up,
over or made up, gets one and the same page. What is logged names nobody and no token.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from chat.text import Reader, When
from handlers import _memo_card, _webinar_cards
from scheduler.clock import Clock
from storage import memo_reading, memos, page_links
from storage.communities import own_community
from storage.database import Database, Session
from storage.documents import READABLE, Document
from storage.files import StoredFile
from storage.meetings import Meeting
from storage.members import Member, roles_of
from storage.page_links import AT_MOST, Found
from storage.vault import Vault
from web import _document_page as draw
from web._document_copy import Copies, CopyResponse, NoCopy, lines, name_of
from web._pages import language_of
from web.calendars import Pace

log = structlog.get_logger(__name__)

COOKIE = "memo"
BODY_MAX = 2_000
BODY_SECONDS = 10
LOST_PER_MINUTE = 60
"""Requests with nothing that opens anything, from one net address."""
FILES_PER_MINUTE = 10
_KEY = re.compile(r"[a-z0-9]{1,12}")


@dataclass(frozen=True, slots=True)
class Visit:
    """Be a request of somebody who may read: their session, who they are, and what they have come for."""

    found: Found
    document: Document
    member: Member


class DocumentPages:
    """Serve the pages of memos; `public_url` is the address of the installation, never taken from a request."""

    def __init__(self, database: Database, clock: Clock, vault: Vault | None, public_url: str = "") -> None:
        self._database, self._clock = database, clock
        self._copies = Copies(vault) if vault is not None else None
        parts = urlsplit(public_url)
        self._origin = f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""
        self._base, self._secure = parts.path.rstrip("/"), parts.scheme == "https"
        self._cookie = f"__Secure-{COOKIE}" if self._secure else COOKIE
        self._links, self._uses = Pace(), Pace()
        self._lost, self._files = Pace(LOST_PER_MINUTE), Pace(FILES_PER_MINUTE)

    def at(self, what: str) -> ASGIApp:
        """Give what serves `link`, `note`, `file`, `read`, `close`, or `nothing`."""
        serve: Callable[[Request], Awaitable[Response]] = getattr(self, f"_{what}")
        allowed = {"link": ("GET", "HEAD", "POST"), "read": ("POST",), "close": ("POST",)}.get(what, ("GET", "HEAD"))

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            request = Request(scope, receive)
            if request.method not in allowed:
                answer: Response = PlainTextResponse("", 405, {"Allow": ", ".join(allowed)})
            else:
                try:
                    answer = await serve(request)
                except ClientDisconnect:
                    return
                except Exception as error:  # its text could hold what must stay out of the log
                    log.error("memo_page_failed", error=type(error).__name__)
                    answer = self._trouble(request, "no_open", 503, 60)
            await answer(scope, receive, send)

        return app

    async def _style(self, _request: Request) -> Response:
        headers = {"Cache-Control": "public, max-age=31536000, immutable"}
        return Response(draw.STYLE, headers=headers, media_type="text/css; charset=utf-8")

    async def _nothing(self, request: Request) -> Response:
        return self._closed(request)

    async def _link(self, request: Request) -> Response:
        """Show that there is something to open, as often as anybody looks; open it once, by POST (S28)."""
        token, now = str(request.path_params["token"]), self._clock.now()
        if seconds := self._links.wait(page_links.fingerprint(token)):
            return self._busy(request, seconds)
        if request.method == "POST":
            return await self._opened(request, token, now)
        async with self._database.read() as db:
            link = await page_links.look(db, token, now)
            if link is None or await self._may(db, link, now) is None:
                return self._closed(request)
        return _page(draw.locked(_asking(request), self._base), 200, public=True)

    async def _opened(self, request: Request, token: str, now: datetime) -> Response:
        await _body(request)
        if not self._ours(request):
            return PlainTextResponse("", 403)
        async with self._database.write() as db:
            link = await page_links.look(db, token, now)
            visit = await self._may(db, link, now) if link is not None else None
            made = await page_links.redeem(db, visit.found, now) if visit is not None else None
            if visit is None or made is None:
                return self._closed(request)
        answer = RedirectResponse(self._address(visit.document), 303)
        answer.set_cookie(
            self._cookie, made, max_age=int(AT_MOST.total_seconds()), path=self._address(visit.document),
            secure=self._secure, httponly=True, samesite="strict",
        )  # fmt: skip
        return answer

    async def _note(self, request: Request) -> Response:
        """Show a memo to its reader; the access log has it, once for each session and version."""
        now, token = self._clock.now(), request.cookies.get(self._cookie, "")
        if seconds := self._paced(self._uses, token):
            return self._busy(request, seconds)
        looking = request.method == "HEAD"
        async with self._database.read() if looking else self._database.write() as db:
            visit = await self._visit(db, request, token, now, use=not looking)
            if visit is None:
                return self._closed(request)
            if not looking:
                await page_links.note_opened(db, visit.document, visit.member, visit.found, now)
            shown = await self._shown(db, visit, token, now)
        return _page(draw.note(shown))

    async def _file(self, request: Request) -> Response:
        """Send the reader's copy in the language asked for, else in theirs; the access log has it."""
        now, token = self._clock.now(), request.cookies.get(self._cookie, "")
        if seconds := self._paced(self._uses, token):
            return self._busy(request, seconds)
        async with self._database.read() as db:
            visit = await self._visit(db, request, token, now)
            if visit is None:
                return self._closed(request)
            file = await _chosen(db, visit, request.query_params.get("language", ""))
        reader, back = _reader(visit.member), self._address(visit.document)
        if file is None or self._copies is None:
            return _page(draw.trouble(reader, self._base, "no_open", back), 503)
        if request.method == "HEAD":
            return Response(headers={"Content-Disposition": f'attachment; filename="memo.{file.kind}"'})
        if seconds := self._paced(self._files, token):
            return self._busy(request, seconds, reader, back)
        try:
            copy = await self._copies.prepare(file, visit.member, _day(visit.member, now))
        except NoCopy as error:
            log.error("memo_copy_failed", error=str(error))
            return _page(draw.trouble(reader, self._base, "no_open", back), 503)
        answer = CopyResponse(self._copies, copy, name_of(file, visit.member), file.kind)
        try:
            async with (
                self._database.write() as db
            ):  # making a copy takes a while: they may have been removed meanwhile
                visit = await self._visit(db, request, token, self._clock.now(), use=True)
                if visit is not None:
                    await page_links.note(db, visit.document, visit.member, "downloaded", now)
        except BaseException:
            await asyncio.to_thread(self._copies.forget, copy)
            raise
        if visit is None:
            await asyncio.to_thread(self._copies.forget, copy)
            return self._closed(request)
        return answer

    async def _read(self, request: Request) -> Response:
        """Take "I have read it" of the version that stood on the page; the cards in the chat follow."""
        given, token, now = await self._given(request), request.cookies.get(self._cookie, ""), self._clock.now()
        if given is None:
            return PlainTextResponse("", 403)
        if seconds := self._paced(self._uses, token):
            return self._busy(request, seconds)
        async with self._database.write() as db:
            visit = await self._visit(db, request, token, now, use=True)
            if visit is None:
                return self._closed(request)
            version = given.get("version", "")
            number = int(version) if re.fullmatch(r"[0-9]{1,6}", version) else 0
            if await memo_reading.acknowledge(db, visit.document, visit.member, now, number) is not None:
                await _memo_card.follow(db, visit.document, member=visit.member)
        return RedirectResponse(self._address(visit.document), 303)

    async def _close(self, request: Request) -> Response:
        """End the session, for whoever leaves a computer that others use."""
        given, token, now = await self._given(request), request.cookies.get(self._cookie, ""), self._clock.now()
        if given is None:
            return PlainTextResponse("", 403)
        key = str(request.path_params["key"])
        async with self._database.write() as db:
            found = await page_links.session(db, key, token, now) if _KEY.fullmatch(key) else None
            if found is not None:
                await page_links.close(db, found)
        return RedirectResponse(f"{self._base}/m/d/closed", 303)

    async def _may(self, db: Session, found: Found, now: datetime) -> Visit | None:
        """Find out who has come and whether they may read now; from here on the session is scoped (S01)."""
        db.scope(found.community_id)
        document, member = await db.get(Document, found.document_id), await db.get(Member, found.member_id)
        if document is None or member is None or document.state == "withdrawn":
            return None
        roles = await roles_of(db, member, now)
        early = document.state in READABLE and not memo_reading.issued(document, now) and not roles & memos.ORGANISE
        allowed = not early and await memos.may_read(db, document, member, roles, now)
        return Visit(found, document, member) if allowed else None

    async def _visit(
        self, db: Session, request: Request, token: str, now: datetime, *, use: bool = False
    ) -> Visit | None:
        """Give who has come with a cookie, in an unscoped transaction; `use` keeps the session open."""
        key = str(request.path_params["key"])
        found = await page_links.session(db, key, token, now) if _KEY.fullmatch(key) else None
        visit = await self._may(db, found, now) if found is not None else None
        if visit is not None and use and not await page_links.touch(db, visit.found, now):
            return None
        return visit

    async def _shown(self, db: Session, visit: Visit, token: str, now: datetime) -> draw.Note:
        document, member, community = visit.document, visit.member, await own_community(db)
        files = await memos.files_of(db, document)
        first = await memos.file_for(db, document, member.language)
        listed = await memo_reading.listed(db, document, member)
        return draw.Note(
            document=document, version=await memos.version_of(db, document, document.version),
            meeting=await db.get(Meeting, document.meeting_id) if document.meeting_id else None,
            community=community, member=member, reader=_reader(member),
            files=dict(sorted(files.items(), key=lambda each: first is None or each[1].id != first.id)),
            asked=listed and memo_reading.issued(document, now) and not memo_reading.expired(document, now),
            said=await memo_reading.acknowledged(db, document, member), state=_state(document, now),
            opened=When(now, community.zone, part="inside"), line=lines(member, _day(member, now))[0],
            form=_proof(token), funding=_webinar_cards.funding(community), base=self._base,
        )  # fmt: skip

    def _ours(self, request: Request) -> bool:
        """Tell whether a form may have been sent from our own pages (S41).

        Browsers say so themselves (Sec-Fetch-Site); old ones name the origin, but "null" where no referrer is given.
        """
        site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
        if site is not None:
            return site == "same-origin"
        return origin in (None, "null") or (bool(self._origin) and origin == self._origin)

    async def _given(self, request: Request) -> Mapping[str, str] | None:
        """Read a form that was sent from a page of this very session; none for any other."""
        given = await _body(request)
        proof = _proof(request.cookies.get(self._cookie, ""))
        known = hmac.compare_digest(given.get("form", "").encode(), proof.encode())
        return given if known and self._ours(request) else None

    def _address(self, document: Document) -> str:
        return f"{self._base}/m/d/{document.key}"

    def _paced(self, pace: Pace, token: str) -> int:
        known = page_links.fingerprint(token)
        return pace.wait(known) if known else 0

    def _closed(self, request: Request) -> Response:
        host = request.client.host if request.client else ""
        if seconds := self._lost.wait(hashlib.sha256(host.encode()).hexdigest()):
            return self._busy(request, seconds)
        return _page(draw.closed(_asking(request), self._base), 404, public=True)

    def _busy(self, request: Request, seconds: int, reader: Reader | None = None, back: str = "") -> Response:
        if reader is None:
            return self._trouble(request, "busy", 429, seconds)
        return _page(draw.trouble(reader, self._base, "busy", back), 429, seconds)

    def _trouble(self, request: Request, name: str, status: int, seconds: int) -> Response:
        return _page(draw.trouble(_asking(request), self._base, name), status, seconds, public=True)


async def _chosen(db: Session, visit: Visit, language: str) -> StoredFile | None:
    files = await memos.files_of(db, visit.document)
    return files.get(language) or await memos.file_for(db, visit.document, visit.member.language)


def _state(document: Document, now: datetime) -> str:
    if not memo_reading.issued(document, now):
        return "not_sent"
    return "expired" if memo_reading.expired(document, now) else ""


def _proof(token: str) -> str:
    """Derive what a form carries from the cookie, which no other page can read: nothing else need be kept."""
    return hashlib.sha256(f"form {token}".encode()).hexdigest()[:40] if token else "none"


def _day(member: Member, now: datetime) -> str:
    """Write a day so that it reads the same in both directions of writing."""
    return f"{now.astimezone(ZoneInfo(member.zone)):%Y.%m.%d}"


def _reader(member: Member) -> Reader:
    return Reader(member.language, member.zone, member.country)


def _asking(request: Request) -> Reader:
    return Reader(language_of(request.headers))


def _page(html: str, status: int = 200, retry: int = 0, *, public: bool = False) -> Response:
    headers = {"Vary": "Accept-Language"} if public else {}
    return HTMLResponse(html, status, headers | ({"Retry-After": str(retry)} if retry else {}))


async def _body(request: Request) -> dict[str, str]:
    """Read a small form; what is larger, slower or something else counts as an empty one."""
    read = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                read += chunk
                if len(read) > BODY_MAX:
                    return {}
        return dict(parse_qsl(read.decode(), keep_blank_values=True, max_num_fields=10))
    except (TimeoutError, ValueError):
        return {}
