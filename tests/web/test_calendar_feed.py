"""A personal calendar over HTTP: always the truth, never for anybody else, nothing in the log."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import pytest
from icalendar import Calendar

import web
from bot.http import HttpServer, application
from scheduler.clock import MovableClock
from storage import Database, feeds
from storage.communities import Community
from storage.meetings import Invitation, Meeting
from storage.members import Member
from tests.kinds import on_one
from web.calendars import PER_MINUTE, Pace


async def nothing() -> dict[str, Any]:
    return {"ok": True}


@dataclass
class Office:
    """Two communities with a meeting each; Claire is in the first, Ahmet in the second; both have a link."""

    database: Database
    clock: MovableClock
    http: httpx.AsyncClient
    tokens: dict[int, str]

    async def get(self, community: int = 1, method: str = "GET", **headers: str) -> httpx.Response:
        return await self.http.request(method, f"/calendar/{self.tokens[community]}.ics", headers=headers)

    async def change(self, table: type[Any], community: int = 1, **values: Any) -> None:
        async with self.database.write(community) as db:
            row = await db.get_one(table, community)
            for name, value in values.items():
                setattr(row, name, value)


def events(answer: httpx.Response) -> list[Any]:
    return list(Calendar.from_ical(answer.content).walk("VEVENT"))


@pytest.fixture
async def office(database: Database, clock: MovableClock) -> AsyncIterator[Office]:
    now, tokens = clock.now(), {}
    async with database.write() as db:
        for number, name in ((1, "Alpha"), (2, "Beta")):
            db.add(Community(id=number, key=name.lower(), name=name, zone="Europe/Brussels"))
    for number, name in ((1, "Claire"), (2, "Ahmet")):
        async with database.write(number) as db:
            member = Member(id=number, code="m1", name=name, zone="Europe/Paris", language="fr")
            start = now + timedelta(days=20)
            meeting = Meeting(
                id=number, code="M1", title=f"Meeting {number}", starts_at=start, ends_at=start + timedelta(hours=2),
                zone="Europe/Brussels", state="inviting", rsvp_deadline=start, join_link="https://meet.example.org/secret",
            )  # fmt: skip
            db.add_all([member, meeting])
            await db.flush()
            db.add(Invitation(id=number, meeting_id=number, member_id=number, invited_at=now))
            tokens[number] = await feeds.issue(db, member, now)
    app = application(nothing, [], web.routes(database, clock))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://bot") as http:
        yield Office(database, clock, http, tokens)


async def test_a_calendar_is_served_to_who_has_its_address(office: Office) -> None:
    answer = await office.get()
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert answer.headers["cache-control"] == "private, no-cache"
    assert "noindex" in answer.headers["x-robots-tag"]
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    calendar = Calendar.from_ical(answer.content)
    assert str(calendar["x-wr-calname"]) == "Alpha"
    assert b"REFRESH-INTERVAL;VALUE=DURATION:PT1H\r\nX-PUBLISHED-TTL:PT1H\r\n" in answer.content
    (event,) = events(answer)
    assert (str(event["summary"]), str(event["status"])) == ("Meeting 1", "TENTATIVE")
    assert "Vous n'avez pas encore répondu" in str(event["description"])


async def test_it_follows_the_truth_at_once(office: Office) -> None:
    await office.change(Invitation, reply="yes", replied_at=office.clock.now())
    (event,) = events(await office.get())
    assert str(event["status"]) == "CONFIRMED"
    assert b"secret" not in (await office.get()).content
    async with office.database.write(1) as db:
        meeting = await db.get_one(Meeting, 1)
        meeting.starts_at += timedelta(days=1)
        meeting.ends_at += timedelta(days=1)
        meeting.revision += 1
    (moved,) = events(await office.get())
    assert moved["uid"] == event["uid"]
    assert moved["sequence"] == event["sequence"] + 1
    assert moved["dtstart"].dt - event["dtstart"].dt == timedelta(days=1)
    office.clock.set(moved["dtstart"].dt - timedelta(hours=3))
    assert b"secret" in (await office.get()).content.replace(b"\r\n ", b"")
    await office.change(Meeting, state="cancelled", revision=2)
    (gone,) = events(await office.get())
    assert (str(gone["status"]), str(gone["summary"])) == ("CANCELLED", "Annulée : Meeting 1")
    assert b"secret" not in (await office.get()).content
    await office.change(Invitation, reply="no")
    assert events(await office.get()) == []


async def test_an_unchanged_calendar_is_not_sent_again(office: Office) -> None:
    first = await office.get()
    tag = first.headers["etag"]
    office.clock.set(office.clock.now() + timedelta(hours=1))
    again = await office.get()
    assert again.content != first.content  # its DTSTAMP is fresh
    assert again.headers["etag"] == tag
    for known in (tag, tag.removeprefix("W/"), f'"other", {tag}'):
        same = await office.get(**{"If-None-Match": known})
        assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
    assert (await office.get(**{"If-None-Match": '"other"'})).status_code == 200
    await office.change(Invitation, reply="maybe")
    other = await office.get(**{"If-None-Match": tag})
    assert other.status_code == 200
    assert other.headers["etag"] != tag


async def test_revoked_unknown_and_former_members_addresses_get_one_and_the_same_answer(office: Office) -> None:
    assert [str(each["summary"]) for each in events(await office.get(2))] == ["Meeting 2"]
    unknown = [await office.http.get(f"/calendar/{each}.ics") for each in ("x" * 32, "short", "é", "a.b", "%00")]
    unknown += [
        await office.http.get(each) for each in ("/calendar/", f"/calendar/{office.tokens[1]}", "/calendar/a/b")
    ]
    await office.change(Member, state="left")
    unknown.append(await office.get())
    await office.change(Member, state="erased")
    unknown.append(await office.get())
    async with office.database.write(2) as db:
        await feeds.revoke(db, await db.get_one(Member, 2), office.clock.now())
    unknown.append(await office.get(2))
    for answer in unknown:
        assert answer.status_code == 404
        assert answer.content == unknown[0].content
        assert answer.headers == unknown[0].headers
    assert unknown[0].headers["cache-control"] == "no-store"
    assert unknown[0].headers["content-security-policy"].startswith("default-src 'none'")


@on_one
async def test_the_page_speaks_the_language_of_the_browser(office: Office) -> None:
    async def page(languages: str) -> str:
        return (await office.http.get("/calendar/x.ics", headers={"Accept-Language": languages})).text

    assert '<html lang="en" dir="ltr">' in await page("de-DE,*;q=0.5")
    assert '<html lang="ar" dir="rtl">' in await page("de, ar-EG;q=0.8, fr;q=0.7")
    assert "Introuvable" in await page("fr-BE")


@on_one
async def test_only_reading_is_possible(office: Office) -> None:
    for method in ("POST", "PUT", "DELETE", "PROPFIND"):
        answer = await office.get(method=method)
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")
        assert "x-content-type-options" in answer.headers


def test_an_address_that_is_asked_too_often_waits_alone() -> None:
    now = [0.0]
    pace = Pace(seconds=lambda: now[0])
    assert [pace.wait("a") for _ in range(PER_MINUTE)] == [0] * PER_MINUTE
    now[0] = 20.0
    assert pace.wait("a") == 40
    assert pace.wait("b") == 0
    now[0] = 60.0
    assert pace.wait("a") == 0


@on_one
async def test_who_asks_too_often_is_told_when_to_come_back(office: Office) -> None:
    for token in (office.tokens[1], "x" * 32):
        for _ in range(PER_MINUTE):
            assert (await office.http.get(f"/calendar/{token}.ics")).status_code != 429
        answer = await office.http.get(f"/calendar/{token}.ics")
        assert answer.status_code == 429
        assert 0 < int(answer.headers["retry-after"]) <= 60


@on_one
async def test_no_log_names_an_address(
    office: Office, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    server = HttpServer(application(nothing, [], web.routes(office.database, office.clock)), "127.0.0.1", 0)
    port = await server.start()
    path = f"/calendar/{office.tokens[1]}.ics"
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as real:
            caplog.clear()
            logging.getLogger("httpx").disabled = logging.getLogger("httpcore").disabled = True  # those are ours here
            answer = await real.head(path)
            assert (answer.status_code, answer.content) == (200, b"")
            assert answer.headers["etag"]
            assert int(answer.headers["content-length"]) > 100
            await real.get(path)
            await real.get("/calendar/" + "x" * 32 + ".ics")

            async def broken(*_: Any) -> None:
                raise OSError(f"no database for {path}")

            monkeypatch.setattr(feeds, "find", broken)
            answer = await real.get(path)
            assert (answer.status_code, answer.content) == (503, b"")
    finally:
        await server.stop()
        logging.getLogger("httpx").disabled = logging.getLogger("httpcore").disabled = False
    seen = caplog.text + "".join(capfd.readouterr())
    assert "calendar_not_served" in seen
    assert office.tokens[1] not in seen
    assert feeds.fingerprint(office.tokens[1]) not in seen


def test_counting_forgets_the_oldest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.calendars.KNOWN_MAX", 3)
    pace = Pace(1)
    for name in ("a", "b", "c", "d"):
        assert pace.wait(name) == 0
    assert pace.wait("a") == 0
    assert pace.wait("d") > 0
