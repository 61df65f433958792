"""The library: shelves by buttons, and search."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from chat.errors import UserError
from chat.message import Press
from chat.outbound import Ask, Edit, Invalid, Reply
from chat.people import Place
from storage import search
from storage.documents import Document, MemoReader
from storage.drafts import FormDraft
from storage.meetings import Meeting
from storage.members import Member
from tests.conftest import DEMO_NOW
from tests.kinds import on_one


async def put(town: Any, title: str, **columns: Any) -> Document:
    texts = columns.pop("texts", {"en": ""})
    shape = {"kind": "report", "state": "published", "published_at": DEMO_NOW - timedelta(days=1), "details": {}}
    async with town.write() as db:
        document = Document(title=title, **(shape | columns))
        db.add(document)
        await search.index(db, document, texts)
    return document


async def memo(town: Any, title: str, *readers: Member, **columns: Any) -> Document:
    made = await put(
        town, title, kind="memo", state="distributed", published_at=None, distributed_at=DEMO_NOW, **columns
    )
    async with town.write() as db:
        db.add_all([MemoReader(document_id=made.id, member_id=each.id, added_at=DEMO_NOW) for each in readers])
    return made


# Shelves


async def test_an_empty_library_says_what_will_stand_there_and_takes_resources(town: Any, show: Any) -> None:
    seen = show(await town.command(town.tahmina, "library"))
    assert seen.text == "Library\nNothing is here yet. Publications, your memos and what members share will stand here."
    assert seen.labels == ["Share a resource", "Home"]
    seen = show(await town.click(town.tahmina, seen.button("Share a resource")))
    for label, way in (("A link", "link"), ("A file", "file")):
        assert list(await town.click(town.tahmina, seen.button(label))) == [Ask("resource", way)]


async def test_everything_on_the_shelves_is_reached_by_buttons_and_leads_back(town: Any, show: Any) -> None:
    for n in range(7):
        await put(town, f"Report {n}", theme="Jobs and skills" if n else "Référence des compétences locales",
                  region="Western Balkans", published_at=DEMO_NOW - timedelta(days=n))  # fmt: skip
    seen = show(await town.command(town.tahmina, "library"))
    assert "7 documents" in seen.text
    assert seen.labels == [
        "Search", "Newest first", "By kind", "By theme", "By region", "By meeting", "By language", "By year",
        "Share a resource", "Home",
    ]  # fmt: skip
    seen = show(await town.click(town.tahmina, seen.button("By theme")))
    assert "1. Jobs and skills (6)\n2. Référence des compétences locales (1)" in seen.text
    assert seen.labels[:2] == ["1 · Jobs and skills", "2 · Référence des compé…"]
    seen = show(await town.click(town.tahmina, seen.button("1 · Jobs and skills")))
    assert "Library · Jobs and skills\n6 documents\n1. Report 1\nReport · Jobs and skills · Western" in seen.text
    assert "Page 1 of 2" in seen.text
    seen = show(await town.click(town.tahmina, seen.button("Next")))
    assert "1. Report 6" in seen.text
    seen = show(await town.click(town.tahmina, seen.button("1 · Report 6")))
    assert seen.text.startswith("Report 6\nReport · Thu, 16 Apr 2026\nTheme: Jobs and skills\nRegion: Western Balkans")
    answers = await town.click(town.tahmina, seen.button("Back"))
    assert isinstance(answers[0], Edit)
    assert "Page 2 of 2" in show(answers).text


@on_one
async def test_each_shelf_names_its_places_in_the_readers_words(town: Any, show: Any) -> None:
    async with town.write() as db:
        meeting = Meeting(
            code="M5", title="Counting what matters", theme="Measures", region="Cross-regional", zone="UTC",
            starts_at=DEMO_NOW, ends_at=DEMO_NOW, rsvp_deadline=DEMO_NOW, state="memo_issued",
        )  # fmt: skip
        db.add(meeting)
        await db.flush()
    await memo(town, "Simple shared measures", town.claire, meeting_id=meeting.id, texts={"fr": "", "ar": ""})
    wanted = {
        "kind": "1. Note interne (1)", "theme": "1. Measures (1)", "region": "1. Cross-regional (1)",
        "meeting": "1. M5 · Counting what matters (1)", "language": "1. العربية (1)\n2. Français (1)",
        "year": "1. 2026 (1)",
    }  # fmt: skip
    for by, line in wanted.items():
        seen = show(await town.click(town.claire, Press("libsh", by)), "fr")
        assert line in seen.text
        first = next(each for each in seen._buttons() if each.press.verb == "shelf")
        assert "Simple shared measures" in show(await town.click(town.claire, first), "fr").text
    assert "Rien ne peut encore être classé" in show(await town.click(town.tahmina, Press("libsh", "theme")), "fr").text


@pytest.mark.parametrize(
    "press",
    [Press("libsh", "members"), Press("shelf", "members", "0", "ab"), Press("ritem", "nothing"), Press("libget", "no"),
     Press("rok", "nothing"), Press("rno", "nothing"), Press("rgone", "nothing")],
)  # fmt: skip
@on_one
async def test_made_up_buttons_find_nothing(town: Any, press: Press) -> None:
    with pytest.raises(UserError, match="e_gone"):
        await town.click(town.tahmina, press)


@on_one
async def test_a_place_that_is_empty_now_shows_the_others(town: Any, show: Any) -> None:
    await put(town, "One", theme="Jobs")
    assert "1. Jobs (1)" in show(await town.click(town.tahmina, Press("shelf", "theme", "x", "00000000"))).text


# Search


async def test_words_find_documents_with_what_stands_around_them(town: Any, show: Any) -> None:
    text = "Many words before. Counselling before departure shapes what happens after arrival. Many words after."
    await put(town, "Return in practice", theme="Counselling", kind="policy_brief", texts={"en": text, "fr": ""})
    seen = show(await town.command(town.tahmina, 'find "before departure"'))
    assert seen.text == (
        '"before departure": 1 document\n1. Return in practice\nPolicy brief · Counselling · '
        f"Tue, 21 Apr 2026 · English, Français\n{text}"
    )
    assert seen.labels == ["1 · Return in practice", "Search", "Library"]
    seen = show(await town.click(town.tahmina, seen.button("1 · Return in practice")))
    assert "before departure" in show(await town.click(town.tahmina, seen.button("Back"))).text


async def test_the_next_page_keeps_the_words_until_the_next_search(town: Any, show: Any) -> None:
    for n in range(6):
        await put(town, f"تقرير الإدماج {n}", published_at=DEMO_NOW - timedelta(days=n))
    seen = show(await town.command(town.tahmina, "find إدماج"))
    assert [each in seen.text for each in ("6 documents", "الإدماج 4", "الإدماج 5")] == [True, True, False]
    more = seen.button("Next")
    assert "الإدماج 5" in show(await town.click(town.tahmina, more)).text
    with_claire = show(await town.click(town.claire, more))
    assert with_claire.text == "This search is over. Please search again."
    await town.command(town.tahmina, "find other words")
    assert show(await town.click(town.tahmina, more)).text == with_claire.text
    async with town.read() as db:
        assert [each.form for each in await db.scalars(select(FormDraft))] == ["library_found"]


@on_one
async def test_searching_by_button_asks_for_words(town: Any, show: Any) -> None:
    await put(town, "Guide")
    seen = show(await town.command(town.tahmina, "library"))
    for answers in (await town.click(town.tahmina, seen.button("Search")), await town.command(town.tahmina, "find")):
        assert list(answers) == [Ask("library_search")]
    (refused,) = await town.submit(town.tahmina, "library_search", "", {"words": "%_*"})
    assert isinstance(refused, Invalid)
    assert "1. Guide" in show(await town.submit(town.tahmina, "library_search", "", {"words": "guides"})).text


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("%%%", "Please give a word to look for, for example: counselling."),
        ("x", "“x” is too short to look for. Please give a word of two letters or more."),
        ("zebra", "zebra: nothing was found. Please try fewer or shorter words, or look by theme."),
        ("' OR 1=1--", "' OR 1=1--: nothing was found. Please try fewer or shorter words, or look by theme."),
    ],
)
@on_one
async def test_what_finds_nothing_says_what_to_do_next(town: Any, show: Any, typed: str, answer: str) -> None:
    await put(town, "Guide", theme="Jobs")
    seen = show(await town.command(town.tahmina, f"find {typed}"))
    assert seen.text == answer
    assert list(await town.click(town.tahmina, seen.button("Search"))) == [Ask("library_search")]


async def test_memos_show_only_to_their_readers_and_never_their_text(town: Any, show: Any) -> None:
    made = await memo(town, "Counting what matters", town.tahmina, texts={"en": "restricted sentence"})
    seen = show(await town.command(town.tahmina, "find counting"))
    assert "Memo · Wed, 22 Apr 2026 · English" in seen.text
    seen = show(await town.click(town.tahmina, seen.button("1 · Counting what matte…")))
    assert "A memo is internal. Please do not pass it on." in seen.text
    own = show(await town.click(town.tahmina, seen.button("Open")))
    assert "Counting what matters" in own.text
    assert "nothing was found" in show(await town.command(town.tahmina, "find restricted sentence")).text
    assert "nothing was found" in show(await town.command(town.claire, "find counting")).text
    for verb in ("ritem", "libget"):
        with pytest.raises(UserError, match="e_gone"):
            await town.click(town.claire, Press(verb, made.key))
    with pytest.raises(UserError, match="e_gone"):  # the file of a memo goes by the memo's own buttons
        await town.click(town.tahmina, Press("libget", made.key))


@on_one
async def test_what_is_under_embargo_or_withdrawn_is_gone_also_for_old_buttons(town: Any) -> None:
    for state in ("embargoed", "withdrawn", "in_approval"):
        made = await put(town, "Brief", state=state, link="https://example.org/brief")
        for who in (town.tahmina, town.olivia):
            for verb in ("ritem", "libget"):
                with pytest.raises(UserError, match="e_gone"):
                    await town.click(who, Press(verb, made.key))


@on_one
async def test_in_a_group_the_library_answers_in_private(town: Any) -> None:
    await put(town, "Guide")
    group = Place("slack", "T1", "C1", kind="group")
    for words in ("library", "find guide"):
        assert all(isinstance(each, Reply) and each.private for each in await town.command(town.claire, words, group))


@on_one
async def test_the_history_of_the_example_is_found(town: Any, show: Any) -> None:
    from storage.community_file import load_history
    from storage.history import take_in_history

    history = load_history(Path("examples/coprr-history.yaml"), [f"m{n:02}" for n in range(1, 25)])
    async with town.database.write() as db:
        db.scope(town.community.id)
        held = {each.code for each in await db.scalars(select(Member))}
        db.add_all([Member(code=f"m{n:02}", name=f"M {n}", zone="UTC") for n in range(1, 25) if f"m{n:02}" not in held])
        await db.flush()
        await take_in_history(db, history, current=False)
        assert await search.reindex(db) >= 5
    for words, title in (("starting again", "Starting again: what partners want from the community"),
                         ("M2 arrival", "From counselling room to arrival hall"),
                         ("western balkans referrals", "")):  # fmt: skip
        seen = show(await town.command(town.olivia, f"find {words}"))
        assert "1. " + title in seen.text
