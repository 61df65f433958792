"""Registering on the page: no chat, no e-mail, one person once, and nothing that belongs to somebody else."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.fernet import Fernet, MultiFernet
from icalendar import Calendar
from sqlalchemy import select

import web
from bot.http import application
from scheduler.clock import MovableClock
from storage import Database, feeds, webinars
from storage.communities import Community, Connection
from storage.members import Account, Member
from storage.vault import Vault
from storage.webinars import CANCELLED, REGISTERED, WAITING, Registrant, Webinar
from tests.kinds import on_one
from web.webinars import SENT_PER_MINUTE

START = datetime(2026, 6, 25, 12, 0, tzinfo=UTC)
ADA = {"name": "Ada Lovelace", "organisation": "research", "country": "GB", "email": "", "agree": "yes"}


async def nothing() -> dict[str, Any]:
    return {"ok": True}


@dataclass
class Site:
    """A webinar that is open, and a browser."""

    database: Database
    clock: MovableClock
    http: httpx.AsyncClient
    vault: Vault
    token: str

    async def get(self, path: str = "", **headers: str) -> httpx.Response:
        return await self.http.get(path or f"/w/{self.token}", headers=headers)

    async def form(self) -> str:
        found = re.search(r'name="token" value="([\w-]{32})"', (await self.get()).text)
        assert found is not None
        return found[1]

    async def send(self, token: str = "", **values: str) -> httpx.Response:
        headers = {"sec-fetch-site": "same-origin"}
        given = ADA | {"token": token or await self.form()} | values
        return await self.http.post(f"/w/{self.token}", data=given, headers=headers)

    async def register(self, **values: str) -> str:
        """Register; give the path of the personal page."""
        answer = await self.send(**values)
        assert answer.status_code == 303, answer.text
        return f"/w/{answer.headers['location']}"

    async def do(self, page: str, what: str) -> httpx.Response:
        return await self.http.post(page, data={"do": what}, headers={"sec-fetch-site": "same-origin"})

    async def rows(self) -> list[Registrant]:
        async with self.database.read(1) as db:
            return list(await db.scalars(select(Registrant).order_by(Registrant.id)))

    async def change(self, **values: Any) -> None:
        async with self.database.write(1) as db:
            webinar = (await db.scalars(select(Webinar))).one()
            for name, value in values.items():
                setattr(webinar, name, value)


@pytest.fixture
async def site(database: Database, clock: MovableClock, tmp_path: Path) -> AsyncIterator[Site]:
    async with database.write() as db:
        db.add(
            Community(
                id=1, key="coprr", name="COPRR", zone="Europe/Brussels", controller_name="ICMPD",
                privacy_link="https://example.org/privacy",
                settings={"programme": {"funding_line": "Funded by the European Union"}},
            )
        )  # fmt: skip
        db.add(Connection(platform="telegram", workspace="700", name="convenor_bot"))
    async with database.write(1) as db:
        speaker = Member(code="m1", name="Tahmina Udaharon", zone="Asia/Dhaka")
        db.add(speaker)
        await db.flush()
        webinar = Webinar(
            title="After <return>", about="What & why", starts_at=START, ends_at=START + timedelta(minutes=75),
            zone="Europe/Brussels", state="open", opens_at=clock.now(), created_at=clock.now(),
            join_link="https://meet.example.org/w", speakers=[speaker.id],
        )  # fmt: skip
        db.add(webinar)
    vault = Vault(tmp_path / "files", MultiFernet([Fernet(Fernet.generate_key())]))
    app = application(nothing, [], web.routes(database, clock, vault))
    transport = httpx.ASGITransport(app=app, client=("192.0.2.1", 1))
    async with httpx.AsyncClient(transport=transport, base_url="https://bot.example") as http:
        yield Site(database, clock, http, vault, webinar.public_token)


@on_one
async def test_the_page_says_what_it_is_before_anybody_registers(site: Site) -> None:
    answer = await site.get()
    assert answer.status_code == 200
    for words in ("After &lt;return&gt;", "What &amp; why", "14:00", "Funded by the European Union", "recorded",
                  "ICMPD", "https://example.org/privacy", "We send no e-mail", "Tahmina Udaharon",
                  f"https://t.me/convenor_bot?start=w_{site.token}"):  # fmt: skip
        assert words in answer.text
    assert "meet.example.org" not in answer.text
    assert "<script" not in answer.text
    assert 'lang="en" dir="ltr"' in answer.text


@on_one
async def test_browsers_let_the_page_do_nothing_but_send_its_form(site: Site) -> None:
    answer = await site.get()
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "form-action 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "set-cookie" not in answer.headers
    lost = await site.get("/w/unknown-token-of-nobody")
    assert "form-action 'self'" in lost.headers["content-security-policy"]


@on_one
@pytest.mark.parametrize(("language", "word"), [("ar-SA,en;q=0.5", 'dir="rtl"'), ("fr-BE", 'lang="fr"')])
async def test_it_speaks_the_language_of_the_browser(site: Site, language: str, word: str) -> None:
    assert word in (await site.get(**{"accept-language": language})).text
    chosen = await site.get(f"/w/{site.token}?lang=es", **{"accept-language": language})
    assert '<html lang="es"' in chosen.text


async def test_registering_leads_to_a_page_of_ones_own(site: Site) -> None:
    page = await site.register(email=" Ada@Example.org ")
    [row] = await site.rows()
    assert (row.name, row.organisation_type, row.country, row.state) == ("Ada Lovelace", "research", "GB", REGISTERED)
    assert (row.member_id, row.channel_id) == (None, None)
    assert "example.org" not in row.email.lower()
    assert site.vault.unseal(row.email) == "Ada@Example.org"
    assert page.rpartition("/")[2] not in row.token_hash

    answer = await site.get(page)
    assert "You are registered" in answer.text
    assert "We send no e-mail" in answer.text
    assert f"https://t.me/convenor_bot?start=wr_{page.rpartition('/')[2]}" in answer.text
    assert "meet.example.org" not in answer.text
    site.clock.set(START - timedelta(hours=20))
    assert "https://meet.example.org/w" in (await site.get(page)).text


@on_one
async def test_the_calendar_file_of_the_page(site: Site) -> None:
    page = await site.register()
    answer = await site.get(f"{page}/webinar.ics")
    assert answer.headers["content-type"].startswith("text/calendar")
    [event] = Calendar.from_ical(answer.content).walk("VEVENT")
    assert event["dtstart"].dt == START
    assert b"METHOD:PUBLISH" in answer.content
    assert b"meet.example.org" not in answer.content
    assert (await site.get("/w/r/" + "x" * 32 + "/webinar.ics")).status_code == 404


@on_one
@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": "A"}, "name"), ({"name": "A" * 81}, "name"), ({"organisation": "pirates"}, "organisation"),
        ({"country": "Atlantis"}, "country"), ({"email": "no address"}, "email"), ({"agree": ""}, "agree"),
    ],
)  # fmt: skip
async def test_what_is_wrong_is_said_at_the_field_and_nothing_is_lost(
    site: Site, values: dict[str, str], field: str
) -> None:
    answer = await site.send(**values)
    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text
    assert f'id="{field}-wrong"' in answer.text
    if field != "name":
        assert 'value="Ada Lovelace"' in answer.text
    assert not await site.rows()


@on_one
async def test_what_people_type_stays_text(site: Site) -> None:
    answer = await site.send(name='"><script>alert(1)</script>', country="")
    assert "<script" not in answer.text
    assert "&quot;&gt;&lt;script&gt;" in answer.text


async def test_a_form_sent_twice_is_one_registration(site: Site) -> None:
    token = await site.form()
    answers = await asyncio.gather(*(site.send(token) for _ in range(3)))
    assert {each.headers["location"] for each in answers} == {f"r/{token}"}
    assert len(await site.rows()) == 1


async def test_one_address_counts_once_and_opens_nobody_elses_page(site: Site) -> None:
    first = await site.register(email="ada@example.org")
    second = await site.register(email="ADA@example.org", name="Somebody Else")
    async with site.database.read(1) as db:
        webinar = (await db.scalars(select(Webinar))).one()
        assert (await webinars.counts(db, webinar)).registered == 1
    await site.do(second, "cancel")
    assert "You are registered" in (await site.get(first)).text


async def test_the_page_waits_cancels_and_gives_the_seat_on(site: Site) -> None:
    await site.change(seats=1)
    first = await site.register()
    assert "All seats are taken" in (await site.get()).text
    second = await site.register(name="Grace Hopper")
    assert "waiting list" in (await site.get(second)).text
    assert [each.state for each in await site.rows()] == [REGISTERED, WAITING]

    gone = await site.do(first, "cancel")
    assert gone.status_code == 303
    assert [each.state for each in await site.rows()] == [CANCELLED, REGISTERED]
    assert "Your registration is cancelled" in (await site.get(first)).text
    await site.do(first, "again")
    assert [each.state for each in await site.rows()] == [WAITING, REGISTERED]


async def test_the_last_seats_are_never_given_twice(site: Site) -> None:
    await site.change(seats=3)
    tokens = [await site.form() for _ in range(8)]
    await asyncio.gather(*(site.send(each) for each in tokens))
    states = sorted(each.state for each in await site.rows())
    assert states == [REGISTERED] * 3 + [WAITING] * 5


@on_one
@pytest.mark.parametrize(
    "headers",
    [{"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}, {"origin": "https://evil.example"},
     {"origin": "null"}],
)  # fmt: skip
async def test_forms_of_other_sites_are_refused(site: Site, headers: dict[str, str]) -> None:
    token, page = await site.form(), await site.register()
    answer = await site.http.post(f"/w/{site.token}", data=ADA | {"token": token}, headers=headers)
    assert answer.status_code == 422
    await site.http.post(page, data={"do": "cancel"}, headers=headers)
    assert [each.state for each in await site.rows()] == [REGISTERED]
    ours = {"origin": "https://bot.example"}
    assert (await site.http.post(f"/w/{site.token}", data=ADA | {"token": token}, headers=ours)).status_code == 303


@on_one
async def test_too_many_forms_wait_and_large_ones_are_refused(site: Site) -> None:
    big = await site.send("t" * 32, name="A" * 9000)
    assert big.status_code == 413
    answers = [await site.send("t" * 32, name="") for _ in range(SENT_PER_MINUTE)]
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["retry-after"]) > 0
    assert (await site.get()).status_code == 200


@on_one
async def test_drafts_and_what_nobody_knows_look_the_same(site: Site) -> None:
    await site.change(state="draft")
    draft, unknown = await site.get(), await site.get("/w/" + "x" * 22)
    assert draft.status_code == unknown.status_code == 404
    assert draft.text == unknown.text
    assert (await site.get("/w/r/" + "x" * 32)).text == unknown.text


@on_one
async def test_before_and_after_there_is_no_form(site: Site) -> None:
    page = await site.register()
    await site.change(opens_at=site.clock.now() + timedelta(days=1))
    assert "Registration opens on" in (await site.get()).text
    assert (await site.send("t" * 32)).status_code == 200
    await site.change(state="cancelled")
    assert "has been cancelled" in (await site.get()).text
    assert "has been cancelled" in (await site.get(page)).text
    await site.change(state="recording", recording_link="https://video.example.org/w")
    assert "https://video.example.org/w" in (await site.get(page)).text
    assert "meet.example.org" not in (await site.get(page)).text
    assert len(await site.rows()) == 1


@on_one
async def test_a_seat_given_on_the_page_is_told_to_who_waits_in_chat(site: Site) -> None:
    from storage.deliveries import Delivery

    await site.change(seats=1)
    page = await site.register()
    async with site.database.write(1) as db:
        member = Member(code="m2", name="Claire", zone="Europe/Paris",
                        accounts=[Account(platform="slack", workspace="T1", user="U5")])  # fmt: skip
        db.add(member)
        await db.flush()
        webinar = (await db.scalars(select(Webinar))).one()
        await webinars.register(db, webinar, member, site.clock.now())
    await site.do(page, "cancel")
    async with site.database.read(1) as db:
        [told] = list(await db.scalars(select(Delivery)))
        assert told.member_id == member.id


@on_one
async def test_a_members_calendar_holds_the_webinars_they_registered_for(site: Site) -> None:
    async with site.database.write(1) as db:
        member = (await db.scalars(select(Member))).one()
        webinar = (await db.scalars(select(Webinar))).one()
        row = await webinars.register(db, webinar, member, site.clock.now())
        token = await feeds.issue(db, member, site.clock.now())
    [event] = Calendar.from_ical((await site.get(f"/calendar/{token}.ics")).content).walk("VEVENT")
    assert event["summary"] == "After <return>"
    async with site.database.write(1) as db:
        await webinars.cancel(db, await db.get_one(Registrant, row.id))
    assert not Calendar.from_ical((await site.get(f"/calendar/{token}.ics")).content).walk("VEVENT")
