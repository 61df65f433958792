"""The page of a memo: looked at by anybody, opened once by one, closed to everyone who may not read (S28, S40-S42)."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select, update

import web
from bot.http import application
from chat.people import MessageRef
from scheduler import cards
from storage import memo_reading, memos, page_links
from storage.deliveries import CardCopy
from storage.documents import Document, MemoReader
from storage.members import Member, RoleGrant
from storage.page_links import PageSession
from tests.kinds import on_one
from tests.web.desk import PUBLIC, SAME, TITLE, Desk, nothing, pdf, shut

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
