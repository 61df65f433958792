"""What all pages share: headers that let a browser do no more than show them, and the page that says "not here"."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chat.language import DEFAULT, LANGUAGES, RTL
from chat.text import Reader, plain, say

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
}


class Secured:
    """Add the headers to every answer of an application, also to those that refuse; `also` replaces some of them."""

    def __init__(self, app: ASGIApp, also: Mapping[str, str] | None = None) -> None:
        self._app, self._headers = app, {**HEADERS, **(also or {})}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, with_headers)


class Pages:
    """Answer everything with "not here"; `more` is the key of a line that says what one can do."""

    def __init__(self, more: str = "cal_page_next") -> None:
        self._more = more

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        await not_here(Request(scope), self._more)(scope, receive, send)


def not_here(request: Request, more: str = "cal_page_next") -> Response:
    """Say that there is no such page, in the language the browser asks for; the same whatever the reason is.

    `more` is the key of a line that says what one can do.
    """
    reader = Reader(language=language_of(request.headers))
    title, text, last = (escape(plain(say(key), reader)) for key in ("cal_page_title", "cal_page", more))
    direction = "rtl" if reader.language in RTL else "ltr"
    return HTMLResponse(
        f'<!doctype html>\n<html lang="{reader.language}" dir="{direction}">\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{title}</title>\n'
        f"<h1>{title}</h1>\n<p>{text}</p>\n<p>{last}</p>\n</html>\n",
        status_code=404,
        headers={"Vary": "Accept-Language"},
    )


def language_of(headers: Headers) -> str:
    """Give the first of our languages that is asked for; browsers name the best one first."""
    for each in headers.get("accept-language", "")[:200].split(","):
        short = each.split(";")[0].strip().split("-")[0].lower()
        if short in LANGUAGES:
            return short
    return DEFAULT
