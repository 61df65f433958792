"""A webinar that is planned and opened by its form: for the tests of registration."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from chat.people import Place
from storage import webinars
from storage.webinars import Webinar
from tests.handlers.conftest import SLACK_TEAM, Town

START = datetime(2026, 6, 25, 12, 0, tzinfo=UTC)  # a Thursday, 14:00 in Brussels
GROUP = Place("slack", SLACK_TEAM, "C1", "group")
PLAN = {
    "title": "After return: what makes reintegration last?", "start": START.isoformat(), "length": "75",
    "zone": "Europe/Brussels", "about": "What lasts.", "speakers": "Tahmina Udaharon", "moderator": "", "link": "",
    "seats": "", "opens": "", "channels": "all", "tell": "no", "number": "no",
}  # fmt: skip


async def every(town: Town, table: Any) -> list[Any]:
    async with town.read() as db:
        return list(await db.scalars(select(table).order_by(table.id)))


async def newest(town: Town) -> Webinar:
    return (await every(town, Webinar))[-1]


async def plan(town: Town, **values: str) -> Webinar:
    await town.submit(town.olivia, "webplan", "", PLAN | values)
    return await newest(town)


async def plan_and_open(town: Town, **values: Any) -> Webinar:
    webinar = await plan(town, **values)
    async with town.write() as db:
        row = await webinars.lock(db, webinar.key)
        assert row is not None
        row.state, row.opens_at = "open", town.clock.now()
    return await newest(town)
