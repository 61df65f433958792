"""A memo that was sent to three readers, and a browser that opens its page; for the tests of the page."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
from fpdf import FPDF

import web
from bot.http import application
from scheduler.clock import MovableClock
from storage import Database, memo_reading, memos, page_links
from storage.communities import Community
from storage.documents import Document, lock
from storage.files import StoredFile
from storage.meetings import Meeting
from storage.members import Member, RoleGrant
from storage.memos import Plan
from storage.vault import Vault

PUBLIC = "https://memos.example.org"
TITLE = "Counting what matters: simple shared measures"
SAME = {"Sec-Fetch-Site": "same-origin"}
PEOPLE = {
    "author": ("Olivia Organiser", "en"), "approver": ("Antoine Approver", "fr"), "femke": ("Femke Voorbeeld", "en"),
    "rana": ("رنا المثال", "ar"), "ayse": ("Ayşe Işıkoğlu", "tr"), "stranger": ("Sam Stranger", "es"),
}  # fmt: skip


async def nothing() -> dict[str, Any]:
    return {"ok": True}


def pdf(pages: int = 2, words: str = "The text of the memo, CANARY-7.") -> bytes:
    """Make a small PDF."""
    made = FPDF()
    made.set_font("helvetica", size=12)
    for _ in range(pages):
        made.add_page()
        made.multi_cell(0, 8, words)
    return bytes(made.output())


@dataclass
class Desk:
    """Be a community with a memo; `http` is a browser without cookies of its own."""

    database: Database
    clock: MovableClock
    vault: Vault
    app: Any
    people: dict[str, int] = field(default_factory=dict)
    key: str = ""

    def browser(self, base: str = PUBLIC, **options: Any) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app=self.app)
        return httpx.AsyncClient(transport=transport, base_url=base, **options)

    def write(self) -> Any:
        return self.database.write(1)

    async def member(self, db: Any, code: str) -> Member:
        found: Member = await db.get_one(Member, self.people[code])
        return found

    async def document(self, db: Any) -> Document:
        found = await lock(db, self.key)
        assert found is not None
        return found

    async def link(self, code: str = "femke") -> str:
        """Give the path of a fresh link from the chat."""
        async with self.write() as db:
            token = await page_links.issue(db, await self.document(db), await self.member(db, code), self.clock.now())
        return f"/m/{token}"

    async def opened(self, code: str = "femke", **options: Any) -> Reading:
        """Open the memo in a fresh browser."""
        http = self.browser(**options)
        answer = await http.post(await self.link(code), headers=SAME)
        assert answer.status_code == 303, answer.status_code
        return Reading(http, answer.headers["location"], answer.headers["set-cookie"])

    async def store(self, db: Any, content: bytes, name: str, kind: str, pages: int | None = 2) -> StoredFile:
        stored = StoredFile(
            blob=self.vault.keep(content), name=name, kind=kind, size=len(content), sha256="", pages=pages,
            created_at=self.clock.now(), created_by=self.people["author"],
        )  # fmt: skip
        db.add(stored)
        await db.flush()
        return stored

    async def change(self, table: type[Any], row: int, **values: Any) -> None:
        async with self.write() as db:
            found = await db.get_one(table, row)
            for name, value in values.items():
                setattr(found, name, value)

    async def log(self) -> list[tuple[int | None, str, int]]:
        async with self.database.read(1) as db:
            from sqlalchemy import select

            found = await db.scalars(select(page_links.AccessEntry).order_by(page_links.AccessEntry.id))
            return [(each.member_id, each.what, each.version) for each in found]


@dataclass
class Reading:
    """Be a browser on the page of a memo."""

    http: httpx.AsyncClient
    path: str
    cookie: str

    async def page(self) -> httpx.Response:
        return await self.http.get(self.path)

    async def file(self, language: str = "") -> httpx.Response:
        return await self.http.get(f"{self.path}/file", params={"language": language} if language else {})

    async def form(self) -> dict[str, str]:
        """Give the hidden fields of the page's first form."""
        return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', (await self.page()).text))

    async def send(self, what: str = "read", given: dict[str, str] | None = None, **headers: str) -> httpx.Response:
        data = await self.form() if given is None else given
        return await self.http.post(f"{self.path}/{what}", data=data, headers={**SAME, **headers})


async def furnish(database: Database, clock: MovableClock, vault: Vault | None, public: str = PUBLIC) -> Desk:
    """Make the community, its people and a memo that has just been sent."""
    assert vault is not None
    app = application(nothing, [], web.routes(database, clock, vault, public))
    desk, now = Desk(database, clock, vault, app), clock.now()
    settings = {"programme": {"funding_line": "Funded by the European Union"}}
    async with database.write() as db:
        db.add(Community(id=1, key="alpha", name="COPRR", zone="Europe/Brussels", settings=settings))
    async with database.write(1) as db:
        for n, (code, (name, language)) in enumerate(PEOPLE.items(), 1):
            db.add(Member(id=n, code=code, name=name, zone="Europe/Brussels", language=language))
            desk.people[code] = n
        start = now - timedelta(days=20)
        meeting = Meeting(
            id=1, code="M5", title="What counts as reintegration?", starts_at=start, state="held", theme="Measuring",
            ends_at=start + timedelta(hours=2), zone="Europe/Brussels", rsvp_deadline=start,
        )  # fmt: skip
        db.add(meeting)
        await db.flush()
        db.add(RoleGrant(member_id=desk.people["author"], role="organiser"))
        author, approver = await desk.member(db, "author"), await desk.member(db, "approver")
        plan = Plan(
            meeting=meeting, title=TITLE, author=author, approver=approver, language="en",
            file=await desk.store(db, pdf(), "Memo 5.pdf", "pdf"),
        )  # fmt: skip
        document = await memos.create(db, plan, now)
        desk.key = document.key
        document.theme = "Measuring reintegration together"
        french = await desk.store(db, b"# Note\n\nCANARY-7", "Note 5.md", "md", None)
        await memos.add_language(db, desk.key, author, "fr", french, "", 1)
        document.state = "approved"
        readers = [await desk.member(db, each) for each in ("femke", "rana", "ayse")]
        until = now + timedelta(days=10)
        await memo_reading.distribute(db, desk.key, readers, now, until, now + timedelta(days=60), now)
    return desk


def words(content: bytes) -> list[str]:
    """Give the text of each page of a PDF."""
    from pypdf import PdfReader

    return [each.extract_text() for each in PdfReader(io.BytesIO(content)).pages]


async def closed(desk: Desk) -> Any:
    """Give the page of something that does not exist."""
    return await desk.browser().get(f"/m/{'x' * 32}")


async def shut(desk: Desk, answer: Any) -> bool:
    """Tell whether an answer is the page of something that does not exist, in every bit."""
    none = await closed(desk)
    return bool((answer.status_code, answer.content, answer.headers) == (none.status_code, none.content, none.headers))
