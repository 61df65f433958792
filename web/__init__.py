"""Pages and files over HTTP for people: personal calendars first. They know no platform and no one's chat."""

from __future__ import annotations

from starlette.routing import Route

from scheduler.clock import Clock
from storage.database import Database
from storage.vault import Vault
from web import _document_page, _webinar_page
from web._pages import Pages, Secured
from web.calendars import Calendars
from web.documents import DocumentPages
from web.webinars import WebinarPages


def routes(database: Database, clock: Clock, vault: Vault | None = None, public_url: str = "") -> list[Route]:
    """Give the routes of all pages, for the program's own HTTP server; `public_url` is where people reach it."""
    memos = DocumentPages(database, clock, vault, public_url)
    webinars = WebinarPages(database, clock, vault)
    return [
        *(
            Route(path, Secured(memos.at(what), _document_page.HEADERS))
            for path, what in (
                (f"/m/{_document_page.STYLE_NAME}", "style"),
                ("/m/d/{key}/file", "file"),
                ("/m/d/{key}/read", "read"),
                ("/m/d/{key}/close", "close"),
                ("/m/d/{key}", "note"),
                ("/m/{token}", "link"),
                ("/m/{rest:path}", "nothing"),
            )
        ),
        Route("/calendar/{token}.ics", Secured(Calendars(database, clock))),
        Route("/calendar/{rest:path}", Secured(Pages())),
        Route("/w/r/{token}/webinar.ics", Secured(webinars.at("file"), _webinar_page.HEADERS)),
        Route("/w/r/{token}", Secured(webinars.at("own"), _webinar_page.HEADERS)),
        Route("/w/{token}", Secured(webinars.at("form"), _webinar_page.HEADERS)),
        Route("/w/{rest:path}", Secured(Pages("we_p_lost"))),
    ]


__all__ = ["routes"]
