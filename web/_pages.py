"""What all pages share: headers that let a browser do no more than show them, and the page that says "not here"."""

from __future__ import annotations

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
    """Add the headers to every answer of an application, also to those that refuse."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, with_headers)


class Pages:
    """Answer everything with "not here"."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        await not_here(Request(scope))(scope, receive, send)


def not_here(request: Request) -> Response:
    """Say that there is no such page, in the language the browser asks for; the same whatever the reason is."""
    reader = Reader(language=_language(request.headers))
    title, text, more = (escape(plain(say(key), reader)) for key in ("cal_page_title", "cal_page", "cal_page_next"))
    direction = "rtl" if reader.language in RTL else "ltr"
    return HTMLResponse(
        f'<!doctype html>\n<html lang="{reader.language}" dir="{direction}">\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{title}</title>\n'
        f"<h1>{title}</h1>\n<p>{text}</p>\n<p>{more}</p>\n</html>\n",
        status_code=404,
        headers={"Vary": "Accept-Language"},
    )


def _language(headers: Headers) -> str:
    """Give the first of our languages that is asked for; browsers name the best one first."""
    for each in headers.get("accept-language", "")[:200].split(","):
        short = each.split(";")[0].strip().split("-")[0].lower()
        if short in LANGUAGES:
            return short
    return DEFAULT
