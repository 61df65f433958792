"""Pages and files over HTTP for people: personal calendars first. They know no platform and no one's chat."""

from __future__ import annotations

from starlette.routing import Route

from scheduler.clock import Clock
from storage.database import Database
from web._pages import Pages, Secured
from web.calendars import Calendars


def routes(database: Database, clock: Clock) -> list[Route]:
    """Give the routes of all pages, for the program's own HTTP server."""
    return [
        Route("/calendar/{token}.ics", Secured(Calendars(database, clock))),
        Route("/calendar/{rest:path}", Secured(Pages())),
    ]


__all__ = ["routes"]
