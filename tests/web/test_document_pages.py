"""What the page of a memo says and hands out, to whom and how often, and what stays of it (S28, S40-S42)."""

from __future__ import annotations

import logging
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.fernet import Fernet, MultiFernet
from sqlalchemy import select
from starlette.requests import ClientDisconnect

import web
from bot.http import HttpServer, application
from storage import page_links
from storage.documents import Document, DocumentVersion
from storage.files import StoredFile
from storage.meetings import Meeting
from storage.members import Member
from storage.page_links import PageLink, PageSession
from storage.vault import Vault
from tests.kinds import on_one
from tests.web.desk import PUBLIC, SAME, TITLE, Desk, Reading, closed, nothing, words
from web._document_copy import Copies, CopyResponse, Prepared, disposition
from web.calendars import PER_MINUTE

ALWAYS = {
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
}


# What a page says, and what it does not


@on_one
async def test_every_answer_forbids_frames_scripts_caches_referrers_and_indexing(desk: Desk) -> None:
    mine = await desk.opened()
    link, form = await desk.link(), await mine.form()
    answers = [
        await mine.page(), await mine.file(), await mine.send("read", form), await mine.send("read", {}),
        await desk.browser().get(link), await desk.browser().post(link, headers=SAME), await closed(desk),
        await mine.http.request("PUT", mine.path), await mine.http.get(f"{mine.path}/read"),
    ]  # fmt: skip
    assert [each.status_code for each in answers] == [200, 200, 303, 403, 200, 303, 404, 405, 405]
    for each in answers:
        assert {name: each.headers[name] for name in ALWAYS} == ALWAYS
        assert "noindex" in each.headers["x-robots-tag"]
        assert "<script" not in each.text
        assert " style=" not in each.text
    style = await desk.browser().get((await mine.page()).text.split('rel="stylesheet" href="')[1].split('"')[0])
    assert style.headers["content-type"] == "text/css; charset=utf-8"
    assert "immutable" in style.headers["cache-control"]
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "TRACE"):
        assert (await mine.http.request(method, mine.path)).headers["allow"] == "GET, HEAD"


@on_one
async def test_a_host_that_is_made_up_stands_nowhere(desk: Desk) -> None:
    spoof = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http"}
    http = desk.browser()
    looked = await http.get(await desk.link(), headers=spoof)
    opened = await http.post(await desk.link(), headers=spoof | SAME)
    page = await desk.browser().get(
        opened.headers["location"], headers=spoof | {"Cookie": opened.headers["set-cookie"].split(";")[0]}
    )
    for each in (looked, opened, page):
        assert each.status_code < 400
        assert "evil" not in each.text + str(each.headers)
    assert opened.headers["location"].startswith("/m/d/")


@on_one
async def test_names_and_titles_are_text(desk: Desk) -> None:
    bad = '</title><script>alert(1)</script>"><img src=x onerror=alert(1)>'
    await desk.change(Document, 1, title=bad[:120], theme=bad[:120])
    await desk.change(Meeting, 1, title=bad)
    await desk.change(Member, desk.people["femke"], name=bad)
    await desk.change(DocumentVersion, 1, reason=bad, number=2)
    await desk.change(Document, 1, version=2)
    page = (await (await desk.opened()).page()).text
    assert "<script" not in page
    assert "<img" not in page
    assert page.count("&lt;script&gt;") >= 5
    assert page.count("</title>") == 1


@on_one
async def test_the_link_speaks_the_language_of_the_browser_and_the_page_that_of_its_reader(desk: Desk) -> None:
    looked = await desk.browser().get(await desk.link("rana"), headers={"Accept-Language": "fr-BE, en;q=0.5"})
    assert '<html lang="fr" dir="ltr">' in looked.text
    page = (await (await desk.opened("rana")).page()).text
    assert '<html lang="ar" dir="rtl">' in page
    assert f"<bdi>{TITLE}</bdi>" in page
    assert "اطّلعت عليها" in page
    assert '<html lang="tr"' in (await (await desk.opened("ayse")).page()).text


# Files


@on_one
async def test_a_pdf_carries_its_readers_name_on_every_page(desk: Desk) -> None:
    kept = {name for name, _ in desk.vault.blobs()}
    for code, name in (("ayse", "Ayşe Işıkoğlu"), ("rana", "رنا المثال")):
        answer = await (await desk.opened(code)).file()
        assert answer.headers["content-type"] == "application/pdf"
        assert (
            answer.headers["content-disposition"]
            == "attachment; filename=\"Memo 5.pdf\"; filename*=UTF-8''Memo%205.pdf"
        )
        assert int(answer.headers["content-length"]) == len(answer.content)
        pages = words(answer.content)
        assert len(pages) == 2
        for each in pages:
            assert name in each
            assert "CANARY-7" in each
    assert {name for name, _ in desk.vault.blobs()} == kept
    assert [what for _, what, _ in await desk.log()] == ["downloaded", "downloaded"]


@on_one
async def test_other_files_go_as_they_are_under_a_name_with_the_readers_in_it(desk: Desk) -> None:
    mine = await desk.opened("rana")
    answer = await mine.file("fr")
    assert answer.content == b"# Note\n\nCANARY-7"
    assert answer.headers["content-type"] == "text/markdown; charset=utf-8"
    name = answer.headers["content-disposition"]
    assert name.startswith("attachment; filename=\"Note 5 (___ ______).md\"; filename*=UTF-8''Note%205%20%28%D8%B1")
    assert (await mine.file("xx")).headers["content-type"] == "application/pdf"
    assert "Français" in (await mine.page()).text


@pytest.mark.parametrize(
    "name",
    ["../../x.pdf", 'a"\r\nX-Evil: y.pdf', "CON.pdf", "n" * 300 + ".pdf", "a\0b.pdf", "مذكرة %22;.pdf", "a\\b'.pdf"],
)
def test_no_name_breaks_out_of_its_header(name: str) -> None:
    written = disposition(name)
    assert written.isascii()
    assert written.isprintable()
    assert written.count('"') == 2
    assert "\\" not in written
    assert "/" not in written


@on_one
async def test_a_file_that_cannot_be_read_is_said_so_and_not_noted(desk: Desk) -> None:
    mine = await desk.opened()
    await desk.change(StoredFile, 1, blob="0" * 32)
    answer = await mine.file()
    assert answer.status_code == 503
    assert "The file cannot be opened now" in answer.text
    assert f'href="{mine.path}"' in answer.text
    await desk.change(StoredFile, 1, blob=desk.vault.keep(b"%PDF-1.7 broken"))
    assert (await mine.file()).status_code == 503  # never without its reader's name
    assert await desk.log() == []
    desk.app = application(nothing, [], web.routes(desk.database, desk.clock, None, PUBLIC))
    bare = Reading(desk.browser(), mine.path, mine.cookie)
    bare.http.headers["Cookie"] = mine.cookie.split(";")[0]
    assert (await bare.page()).status_code == 200
    assert (await bare.file("fr")).status_code == 503


async def test_a_copy_is_gone_when_its_reader_hangs_up(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "files", MultiFernet([Fernet(Fernet.generate_key())]))
    copies = Copies(vault)
    kept = vault.keep(b"the file itself")
    for blob, passing in ((vault.keep(b"x" * 600_000), True), (kept, False)):
        sent: list[Any] = []

        async def send(message: Any, sent: list[Any] = sent) -> None:
            sent.append(message)
            if message["type"] == "http.response.body":
                raise OSError("gone")

        answer = CopyResponse(copies, Prepared(blob, 600_000, passing=passing), "a.pdf", "pdf")
        with pytest.raises(ClientDisconnect):
            await answer({"type": "http", "asgi": {"spec_version": "2.4"}}, send, send)  # type: ignore[arg-type]
        assert len(sent) == 2
    assert [name for name, _ in vault.blobs()] == [kept]


@on_one
async def test_looking_with_head_changes_nothing(desk: Desk) -> None:
    mine = await desk.opened()
    for path in (mine.path, f"{mine.path}/file"):
        assert (await mine.http.head(path)).status_code == 200
    assert await desk.log() == []


# Too often, trouble, and what is kept


@on_one
async def test_who_asks_too_often_waits(desk: Desk) -> None:
    path, mine = await desk.link(), await desk.opened()
    for _ in range(PER_MINUTE):
        assert (await desk.browser().get(path)).status_code == 200
    late = await desk.browser().post(path, headers=SAME)
    assert late.status_code == 429
    assert 0 < int(late.headers["retry-after"]) <= 60
    files = [(await mine.file("fr")).status_code for _ in range(11)]
    assert files == [200] * 10 + [429]
    guesses = [(await desk.browser().get(f"/m/{n:032}")).status_code for n in range(61)]
    assert guesses == [404] * 60 + [429]
    assert (await mine.page()).status_code == 200


@on_one
async def test_no_log_names_a_reader_a_title_or_a_token(
    desk: Desk, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    for each in ("httpx", "httpcore.http11", "httpcore.connection"):  # those are ours here
        monkeypatch.setattr(logging.getLogger(each), "disabled", True)
    server = HttpServer(desk.app, "127.0.0.1", 0)
    port = await server.start()
    path = await desk.link()
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as real:
            caplog.clear()
            opened = await real.post(path, headers=SAME)
            token = opened.headers["set-cookie"].split(";")[0].split("=")[1]
            own = {"Cookie": f"__Secure-memo={token}"}
            assert TITLE in (await real.get(opened.headers["location"], headers=own)).text
            got = await real.get(f"{opened.headers['location']}/file", headers=own)
            assert "Femke" in words(got.content)[0]

            async def broken(*_: Any) -> None:
                raise OSError(f"no database for {path} {token} Femke")

            monkeypatch.setattr(page_links, "session", broken)
            answer = await real.get(opened.headers["location"], headers=own)
            assert answer.status_code == 503
            assert "no database" not in answer.text
    finally:
        await server.stop()
    seen = caplog.text + "".join(capfd.readouterr())
    assert "memo_page_failed" in seen
    for secret in (path.removeprefix("/m/"), token, page_links.fingerprint(token), TITLE, "Femke", "CANARY"):
        assert secret not in seen


@on_one
async def test_links_and_sessions_that_are_over_go_and_the_log_stays_two_years(desk: Desk) -> None:
    mine = await desk.opened()
    await mine.page()
    start = desk.clock.now()

    async def left(after: timedelta) -> list[int]:
        async with desk.write() as db:
            for rule in (page_links.old_links, page_links.old_sessions, page_links.old_entries):
                await db.execute(rule(start + after))
            tables: list[Any] = [PageLink.id, PageSession.id, page_links.AccessEntry.id]
            return [len((await db.scalars(select(each))).all()) for each in tables]

    assert await left(timedelta(hours=24)) == [1, 1, 1]
    assert await left(timedelta(hours=25)) == [0, 0, 1]
    assert await left(timedelta(days=729)) == [0, 0, 1]
    assert await left(timedelta(days=731)) == [0, 0, 0]
