"""The page of a memo: looked at by anybody, opened once by one, closed to everyone who may not read (S28, S40-S42)."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.fernet import Fernet, MultiFernet
from sqlalchemy import delete, select, update
from starlette.requests import ClientDisconnect

import web
from bot.http import HttpServer, application
from chat.people import MessageRef
from scheduler import cards
from scheduler.clock import MovableClock
from storage import Database, memo_reading, memos, page_links
from storage.deliveries import CardCopy
from storage.documents import Document, DocumentVersion, MemoReader
from storage.files import StoredFile
from storage.meetings import Meeting
from storage.members import Member, RoleGrant
from storage.page_links import PageLink, PageSession
from storage.vault import Vault
from tests.kinds import on_one
from tests.web.desk import PUBLIC, SAME, TITLE, Desk, Reading, furnish, nothing, pdf, words
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


@pytest.fixture
async def desk(database: Database, clock: MovableClock, tmp_path: Path) -> Desk:
    vault = Vault(tmp_path / "files", MultiFernet([Fernet(Fernet.generate_key())]))
    return await furnish(database, clock, vault)


async def closed(desk: Desk) -> Any:
    """Give the page of something that does not exist."""
    return await desk.browser().get(f"/m/{'x' * 32}")


async def shut(desk: Desk, answer: Any) -> bool:
    """Tell whether an answer is the page of something that does not exist, in every bit."""
    none = await closed(desk)
    return bool((answer.status_code, answer.content, answer.headers) == (none.status_code, none.content, none.headers))


# Opening


async def test_a_link_that_was_looked_at_many_times_still_opens_once(desk: Desk) -> None:
    path, http = await desk.link(), desk.browser()
    for method in ("GET", "GET", "HEAD", "GET", "GET", "GET"):
        looked = await http.request(method, path, headers={"User-Agent": "TelegramBot (like TwitterBot)"})
        assert looked.status_code == 200
        assert not looked.cookies
    for secret in (TITLE, "Femke", "Measuring", "COPRR", desk.key, "og:"):
        assert secret not in looked.text
    assert await desk.log() == []
    opened = await http.post(path, headers=SAME)
    assert (opened.status_code, opened.headers["location"]) == (303, f"/m/d/{desk.key}")
    page = await http.get(opened.headers["location"])
    assert page.status_code == 200
    assert TITLE in page.text
    assert await desk.log() == [(desk.people["femke"], "opened", 1)]
    for method in ("GET", "POST"):
        assert await shut(desk, await desk.browser().request(method, path, headers=SAME))
    await http.get(opened.headers["location"])
    assert len(await desk.log()) == 1


async def test_of_two_who_open_a_link_at_once_one_gets_in(desk: Desk) -> None:
    path = await desk.link()
    answers = await asyncio.gather(*(desk.browser().post(path, headers=SAME) for _ in range(6)))
    assert sorted(each.status_code for each in answers) == [303, 404, 404, 404, 404, 404]
    async with desk.database.read(1) as db:
        assert len((await db.scalars(select(PageSession.id))).all()) == 1


@on_one
async def test_links_that_open_nothing_all_get_the_same_page(desk: Desk) -> None:
    path, http = await desk.link(), desk.browser()
    token = path.removeprefix("/m/")
    made_up = [
        "", "/", "/m/", "/m/x", f"/m/{token[:-1]}", f"/m/{token}x", f"/m/{token.swapcase()}", f"/m/{'é' * 32}",
        f"/m/{page_links.fingerprint(token)}", "/m/%00", "/m/../m/x", "/m/..%2f..%2fetc%2fpasswd", f"/m/{token}/",
        f"/m/d/{desk.key}", f"/m/d/{desk.key}/file", "/m/d/none", "/m/d/%00", "/m/d/..%2f", f"/m/d/{desk.key}%00/file",
        f"/m/d/{desk.key.upper()}", f"/m/d/{desk.key}/../../x", "/m/d/' OR 1=1--",
    ]  # fmt: skip
    for each in made_up[2:]:
        assert await shut(desk, await http.get(each)), each
    desk.clock.set(desk.clock.now() + timedelta(minutes=15))
    assert await shut(desk, await http.get(path))
    assert await shut(desk, await http.post(path, headers=SAME))
    assert await desk.log() == []


@on_one
async def test_a_cookie_is_for_one_document_in_one_browser_and_out_of_reach_of_scripts(desk: Desk) -> None:
    mine = await desk.opened()
    for each in ("httponly", "samesite=strict", "secure", f"path=/m/d/{desk.key}", "max-age=28800"):
        assert each in mine.cookie.lower()
    assert mine.cookie.startswith("__Secure-memo=")
    assert await shut(desk, await desk.browser().get(mine.path))
    token = mine.cookie.split(";")[0].split("=")[1]
    async with desk.write() as db:
        other = Document(kind="memo", title="Another", state="distributed", distributed_at=desk.clock.now())
        db.add(other)
        await db.flush()
        db.add(MemoReader(document_id=other.id, member_id=desk.people["femke"], added_at=desk.clock.now()))
        assert (await db.scalars(select(PageSession.token_hash))).all() == [page_links.fingerprint(token)]
    forged = {"Cookie": f"__Secure-memo={token}"}
    assert (await desk.browser().get(mine.path, headers=forged)).status_code == 200
    assert await shut(desk, await desk.browser().get(f"/m/d/{other.key}", headers=forged))
    assert await shut(desk, await desk.browser().get(f"/m/d/{other.key}/file", headers=forged))
    for wrong in (token[:-1], token.swapcase(), page_links.fingerprint(token), "", "x" * 5000):
        answer = await desk.browser().get(mine.path, headers={"Cookie": f"__Secure-memo={wrong}"})
        assert await shut(desk, answer), wrong


@on_one
async def test_without_https_the_cookie_still_works_and_addresses_follow_the_setting(desk: Desk) -> None:
    public = "http://127.0.0.1:8080/convenor/"
    desk.app = application(nothing, [], web.routes(desk.database, desk.clock, desk.vault, public))
    answer = await desk.browser("http://127.0.0.1").post(await desk.link(), headers=SAME)
    assert answer.headers["location"] == f"/convenor/m/d/{desk.key}"
    cookie = answer.headers["set-cookie"].lower()
    assert cookie.startswith("memo=")
    assert "secure" not in cookie
    assert f"path=/convenor/m/d/{desk.key}" in cookie


# How long it lasts, and who may


@on_one
async def test_a_page_closes_after_half_an_hour_without_use_and_after_eight_hours(desk: Desk) -> None:
    idle, used = await desk.opened(), await desk.opened()
    for _ in range(19):  # 7 h 55 min
        desk.clock.set(desk.clock.now() + timedelta(minutes=25))
        assert (await used.page()).status_code == 200
    assert await shut(desk, await idle.page())
    desk.clock.set(desk.clock.now() + timedelta(minutes=5))
    answer = await desk.browser().get(used.path, headers={"Cookie": used.cookie.split(";")[0]})
    assert await shut(desk, answer)
    assert "open it again from the chat" in answer.text


async def leave(desk: Desk) -> None:
    await desk.change(Member, desk.people["femke"], state="left")


async def unlist(desk: Desk) -> None:
    async with desk.write() as db:
        await db.execute(delete(MemoReader).where(MemoReader.member_id == desk.people["femke"]))


async def withdraw(desk: Desk) -> None:
    async with desk.write() as db:
        await memo_reading.withdraw(db, desk.key, "A figure is wrong.", desk.clock.now())


async def withdraw_alone(desk: Desk) -> None:
    await desk.change(Document, 1, state="withdrawn")


async def expire(desk: Desk) -> None:
    await desk.change(Document, 1, expires_at=desk.clock.now())


async def end_all(desk: Desk) -> None:
    async with desk.write() as db:
        await page_links.end(db, await desk.document(db))


@on_one
@pytest.mark.parametrize("happens", [leave, unlist, withdraw, withdraw_alone, expire, end_all])
async def test_who_may_not_read_any_more_sees_what_does_not_exist(desk: Desk, happens: Any) -> None:
    mine, link = await desk.opened(), await desk.link()
    form = await mine.form()
    await happens(desk)
    assert await shut(desk, await mine.page())
    assert await shut(desk, await mine.file())
    assert await shut(desk, await mine.send("read", form))
    assert await shut(desk, await desk.browser().get(link))
    assert await shut(desk, await desk.browser().post(link, headers=SAME))
    async with desk.database.read(1) as db:
        member = await db.get_one(Member, desk.people["femke"])
        assert await memo_reading.acknowledged(db, await db.get_one(Document, 1), member) is None


@on_one
async def test_an_organiser_who_is_one_no_more_is_out_at_the_next_request(desk: Desk) -> None:
    await desk.change(Document, 1, expires_at=desk.clock.now())
    theirs = await desk.opened("author")
    page = (await theirs.page()).text
    assert "The time to read this memo is over" in page
    assert "I have read it" not in page  # they are not on its list
    async with desk.write() as db:
        await db.execute(update(RoleGrant).values(until=desk.clock.now()))
    assert await shut(desk, await theirs.page())


@on_one
async def test_before_the_moment_of_its_send_readers_do_not_get_in(desk: Desk) -> None:
    await desk.change(Document, 1, distributed_at=desk.clock.now() + timedelta(minutes=1))
    assert await shut(desk, await desk.browser().post(await desk.link(), headers=SAME))
    assert "has not been sent" in (await (await desk.opened("author")).page()).text


@on_one
async def test_leaving_ends_the_session(desk: Desk) -> None:
    mine = await desk.opened()
    answer = await mine.send("close")
    assert answer.status_code == 303
    assert await shut(desk, await mine.http.get(answer.headers["location"]))
    assert await shut(desk, await mine.page())


@on_one
async def test_links_and_sessions_of_one_person_or_document_can_be_ended(desk: Desk) -> None:
    mine, others = await desk.opened(), await desk.opened("ayse")
    async with desk.write() as db:
        await page_links.end_member(db, await desk.member(db, "femke"))
    assert await shut(desk, await mine.page())
    assert (await others.page()).status_code == 200
    async with desk.write() as db:
        await page_links.end(db, await desk.document(db), await desk.member(db, "ayse"))
    assert await shut(desk, await others.page())


# Reading


@on_one
async def test_reading_is_confirmed_for_the_version_on_the_page_and_cards_follow(desk: Desk) -> None:
    mine = await desk.opened()
    async with desk.write() as db:
        ref = MessageRef("telegram", "1", "5", "9")
        await cards.note(db, "memo", desk.key, ref, member=await desk.member(db, "femke"))
    assert "Please confirm by" in (await mine.page()).text
    form = await mine.form()
    assert (await mine.send("read", form)).headers["location"] == mine.path
    page = (await mine.page()).text
    assert "You confirmed version 1" in page
    assert 'value="1"' not in page
    async with desk.database.read(1) as db:
        assert (await db.scalars(select(CardCopy.wanted))).all() == [1]
    async with desk.write() as db:
        author, stored = await desk.member(db, "author"), await desk.store(db, pdf(), "Memo.pdf", "pdf")
        await memos.new_version(
            db, desk.key, author, "en", stored, "", desk.clock.now(), reason="Page 2 <counts> people.",
            states=("distributed",),
        )  # fmt: skip
    page = (await mine.page()).text
    assert "Page 2 &lt;counts&gt; people." in page
    assert "You confirmed version 1. Please read this one as well." in page
    await mine.send("read", {**form, "version": "7"})
    await mine.send("read", {**form, "version": "x"})
    await mine.send("read", form)  # a page that was open when the correction came
    assert "Please read this one as well" in (await mine.page()).text
    assert await desk.log() == [(desk.people["femke"], "opened", 1), (desk.people["femke"], "opened", 2)]


@on_one
@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "", "Origin": PUBLIC}, {"Origin": "https://evil.example"},
        {"Origin": f"{PUBLIC}.evil.example"},
        {"Origin": PUBLIC.replace("https", "http")}, {"Origin": "https://bot", "Host": "bot"},
    ],
)  # fmt: skip
async def test_forms_from_elsewhere_do_nothing(desk: Desk, headers: dict[str, str]) -> None:
    mine, link = await desk.opened(), await desk.link()
    form, own = await mine.form(), {"Cookie": mine.cookie.split(";")[0]}
    assert (await desk.browser().post(link, headers=headers)).status_code == 403
    for what in ("read", "close"):
        answer = await desk.browser().post(f"{mine.path}/{what}", data=form, headers=headers | own)
        assert (answer.status_code, answer.content) == (403, b"")
    assert "I have read it" in (await mine.page()).text
    assert (await desk.browser().post(link, headers={"Origin": PUBLIC})).status_code == 303


@on_one
async def test_a_form_needs_what_its_own_page_carries(desk: Desk) -> None:
    mine, other = await desk.opened(), await desk.opened("ayse")
    form = await mine.form()
    wrong: list[dict[str, str]] = [
        {}, {**form, "form": ""}, {**form, "form": "none"}, {**form, "form": (await other.form())["form"]},
        {**form, "form": "é"}, {**form, "padding": "x" * 3000},
    ]  # fmt: skip
    for given in wrong:
        assert (await mine.send("read", given)).status_code == 403
    assert "I have read it" in (await mine.page()).text
    null = await desk.browser().post(
        f"{mine.path}/read", data=form, headers={"Cookie": mine.cookie.split(";")[0], "Origin": "null"}
    )  # what an old browser sends where no referrer is given
    assert null.status_code == 303


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
