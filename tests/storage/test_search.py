"""Search and shelves on both databases: what is found, in which order, by whom, and what is never found."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from storage import Database, search, shelves
from storage.communities import Community
from storage.documents import Document, DocumentFile, DocumentVersion, MemoReader
from storage.files import StoredFile
from storage.folding import fold
from storage.meetings import Meeting
from storage.members import Member
from storage.search import SearchEntry, find
from storage.search_entry import POSTGRESQL, SQLITE
from storage.shelves import Filters
from tests.kinds import on_one

NOW = datetime(2026, 4, 22, 7, 0, tzinfo=UTC)
ORGANISER = frozenset({"organiser"})
TEXTS = {
    "en": "Counselling before departure shapes the time after arrival. “Jobs, skills and community-based work” help.",
    "fr": "L'accueil après le retour : les communautés d'Œuvre sociale soutiennent la réintégration à l’arrivée.",
    "tr": "Gönüllü geri dönüş ve yeniden entegrasyon: İstanbul'daki toplulukların IŞIK tutan desteği önemlidir.",
    "ar": "دعم العودة الطوعية وإعادة الإدماج في المجتمعات المحلية بالتعاون مع السلطات، والمُساعَدة بعد الوصول.",
    "es": "El acompañamiento después del regreso ayuda a las comunidades locales y a la reintegración económica.",
}


class Shelf:
    """A community with two members and a way to put documents on its shelves."""

    def __init__(self, database: Database, community: Community, zofia: Member, omar: Member) -> None:
        self.database, self.community, self.zofia, self.omar = database, community, zofia, omar

    @classmethod
    async def build(cls, database: Database, key: str = "coprr") -> Shelf:
        async with database.write() as db:
            community = Community(key=key, name=key.upper(), zone="Europe/Brussels")
            db.add(community)
            await db.flush()
            db.scope(community.id)
            people = [Member(code=code, name=code, zone="Europe/Warsaw") for code in ("zofia", "omar")]
            db.add_all(people)
        return cls(database, community, *people)

    def write(self) -> Any:
        return self.database.write(self.community.id)

    async def put(self, title: str, texts: dict[str, str] | None = None, **columns: Any) -> Document:
        shape = {"kind": "report", "state": "published", "published_at": NOW - timedelta(days=1)}
        async with self.write() as db:
            document = Document(title=title, details={}, **(shape | columns))
            db.add(document)
            await search.index(db, document, {"en": ""} if texts is None else texts)
        return document

    async def memo(self, title: str, *readers: Member, **columns: Any) -> Document:
        shape = {"kind": "memo", "state": "distributed", "published_at": None, "distributed_at": NOW}
        memo = await self.put(title, {"en": "secret talk"}, **(shape | columns))
        async with self.write() as db:
            db.add_all([MemoReader(document_id=memo.id, member_id=each.id, added_at=NOW) for each in readers])
        return memo

    async def found(self, words: str, who: Member | None = None, roles: Any = frozenset(), **more: Any) -> list[str]:
        async with self.database.read(self.community.id) as db:
            result = await find(db, who or self.zofia, roles, words, NOW, **more)
        return [each.document.title for each in result.items]

    async def search(self, words: str, **more: Any) -> search.Found:
        async with self.database.read(self.community.id) as db:
            return await find(db, self.zofia, frozenset(), words, NOW, **more)


@pytest.fixture
async def shelf(database: Database) -> Shelf:
    return await Shelf.build(database)


async def test_words_and_phrases_are_found_in_texts_of_five_languages(shelf: Shelf) -> None:
    await shelf.put("Full", TEXTS)
    await shelf.put("Other", {"en": "Nothing of that: skills and jobs, work based on a community"})
    for words in (
        "COUNSEL departure", '"jobs skills and community based"', '"après le retour"', "oeuvre communaute",
        "toplulukların isik", "DÖNÜŞ ve", '"geri dönüş"', "اعاده ادماج", '"اعادة الادماج"', "مساعدة", "التعاون",
        "acompanamiento", "regreso",
    ):  # fmt: skip
        assert await shelf.found(words) == ["Full"], words
    assert await shelf.found('"skills and jobs"') == ["Other"]
    assert await shelf.found('"and jobs skills"') == []
    assert await shelf.found("counselling gardening") == []


async def test_a_hit_in_the_heading_comes_before_hits_in_a_text(shelf: Shelf) -> None:
    await shelf.put("A", {"en": "counselling " * 60}, published_at=NOW)
    await shelf.put("Counselling in practice", {"en": "Something long about other matters. " * 400})
    await shelf.put("B", {"en": "counselling once, and then much about other matters. " + "Matters. " * 300})
    assert await shelf.found("counselling") == ["Counselling in practice", "A", "B"]


async def test_a_document_in_several_languages_is_found_once_in_the_readers(shelf: Shelf) -> None:
    async with shelf.write() as db:
        (await db.get_one(Member, shelf.zofia.id)).language = shelf.zofia.language = "es"
    await shelf.put("Report", {"en": "Reintegration in English.", "es": "La reintegración en español."})
    result = await shelf.search("reintegra")
    assert [each.languages for each in result.items] == [("en", "es")]
    assert result.items[0].extract == ("La ", "reintegración", " en español.")
    assert result.total == 1


@pytest.mark.parametrize(
    "typed",
    ["' OR 1=1--", "100%", "a_b", '"', 'jobs"', "job*", "NEAR(jobs skills)", "jobs AND", "NOT jobs OR", "jobs)",
     "-jobs", "heading:jobs", "jobs & | !", "^jobs", "\x00jobs", "{jobs}", "jobs\\", "<->", ":*", "\ud800jobs"],
)  # fmt: skip
async def test_signs_of_query_languages_are_nothing_but_signs(shelf: Shelf, typed: str) -> None:
    await shelf.put("Jobs and skills")
    await shelf.put("Gardens")
    assert "Gardens" not in await shelf.found(typed)
    if fold(typed) == "jobs":
        assert await shelf.found(typed) == ["Jobs and skills"]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=60), st.text(max_size=60))
async def test_any_text_is_indexed_and_any_question_answered(shelf: Shelf, written: str, typed: str) -> None:
    document = await shelf.put("T", {"en": written})
    await shelf.found(typed)
    for word in [each for each in fold(written).split() if len(each) > 1][:2]:
        assert "T" in await shelf.found(word), word
    async with shelf.write() as db:
        await search.forget(db, document)


async def test_a_question_without_words_says_why(shelf: Shelf) -> None:
    assert (await shelf.search(" %_* ")).refused == "empty"
    assert (await shelf.search("x")).refused == "short"


async def test_memos_are_found_by_title_theme_and_keywords_by_their_readers_alone(shelf: Shelf) -> None:
    memo = await shelf.memo("Counting what matters", shelf.zofia, theme="Shared measures", keywords="indicators")
    for words in ("counting", "shared measures", "indicator"):
        assert await shelf.found(words) == ["Counting what matters"]
    assert await shelf.found("secret") == []
    async with shelf.database.read(shelf.community.id) as db:
        entry = (await db.scalars(select(SearchEntry).where(SearchEntry.document_id == memo.id))).one()
        assert (entry.body, entry.text) == ("", "")
    assert await shelf.found("counting", shelf.omar) == []
    assert await shelf.found("counting", shelf.omar, ORGANISER) == ["Counting what matters"]
    assert await shelf.found("counting", shelf.omar, frozenset({"moderator"})) == []


@pytest.mark.parametrize(
    ("columns", "roles"),
    [
        ({"state": "embargoed", "embargo_until": NOW + timedelta(days=1)}, ORGANISER),
        ({"state": "published", "embargo_until": NOW + timedelta(days=1)}, ORGANISER),
        ({"state": "withdrawn", "withdrawn_at": NOW}, ORGANISER),
        ({"state": "draft"}, ORGANISER),
        ({"kind": "resource", "state": "proposed"}, ORGANISER),
        ({"kind": "resource", "state": "refused"}, ORGANISER),
        ({"kind": "memo", "state": "approved"}, ORGANISER),
        ({"state": "published", "expires_at": NOW}, frozenset()),
    ],
)
@on_one
async def test_what_has_not_come_out_does_not_exist(shelf: Shelf, columns: dict[str, Any], roles: Any) -> None:
    await shelf.put("Policy brief", {"en": "recommendations"}, **columns)
    assert await shelf.found("policy", roles=roles) == await shelf.found("recommendations", roles=roles) == []
    async with shelf.database.read(shelf.community.id) as db:
        for by in shelves.SHELVES:
            assert await shelves.places(db, shelf.zofia, roles, NOW, by) == []


async def test_a_memo_whose_send_is_held_or_planned_is_not_there_yet(shelf: Shelf) -> None:
    await shelf.memo("Memo", shelf.zofia, distributed_at=NOW + timedelta(minutes=2))
    assert await shelf.found("memo") == []
    assert await shelf.found("memo", shelf.omar, ORGANISER) == ["Memo"]


async def test_memos_end_with_their_time_and_with_membership(shelf: Shelf) -> None:
    memo = await shelf.memo("Memo", shelf.zofia, expires_at=NOW + timedelta(days=1))
    assert await shelf.found("memo") == ["Memo"]
    async with shelf.write() as db:
        (await db.get_one(Document, memo.id)).expires_at = NOW
    assert await shelf.found("memo") == []
    assert await shelf.found("memo", shelf.omar, ORGANISER) == ["Memo"]
    shelf.zofia.state = "left"
    await shelf.put("Public memo")
    assert await shelf.found("memo") == []


async def test_a_community_finds_and_sees_nothing_of_another(database: Database, shelf: Shelf) -> None:
    other = await Shelf.build(database, "empathy")
    await other.put("Their report", {"en": "counselling"}, theme="Counselling", region="Asia")
    assert await other.found("counselling") == ["Their report"]
    assert await shelf.found("counselling", roles=ORGANISER) == []
    async with database.read(shelf.community.id) as db:
        for by in shelves.SHELVES:
            assert await shelves.places(db, shelf.zofia, ORGANISER, NOW, by) == []
        assert await shelves.standing(db, shelf.zofia, ORGANISER, NOW, Filters()) == ([], 0)
    async with database.read() as db:
        with pytest.raises(LookupError):
            await find(db, shelf.zofia, frozenset(), "counselling", NOW)


async def test_the_index_follows_every_change(shelf: Shelf) -> None:
    document = await shelf.put("Old title", {"en": "first words"})
    async with shelf.write() as db:
        document = await db.get_one(Document, document.id)
        document.title = "New title"
        await search.index(db, document, {"en": "second words"})
    assert (await shelf.found("old"), await shelf.found("first")) == ([], [])
    assert await shelf.found("new second") == ["New title"]
    async with shelf.write() as db:
        await db.delete(await db.get_one(Document, document.id))
    assert await shelf.found("second") == []
    await shelf.put("Again", {"en": "third"})  # an entry's number may come again on SQLite
    assert (await shelf.found("second"), await shelf.found("third")) == ([], ["Again"])
    async with shelf.write() as db:
        if shelf.database.sqlite:  # raises where index and table differ
            await db.execute(text("INSERT INTO search_words(search_words, rank) VALUES ('integrity-check', 1)"))


async def test_reindexing_finds_what_came_in_otherwise(shelf: Shelf) -> None:
    async with shelf.write() as db:
        meeting = Meeting(
            code="M1", title="Origin-country priorities", theme="Priorities", region="Western Balkans", zone="UTC",
            starts_at=NOW, ends_at=NOW, rsvp_deadline=NOW, state="memo_issued",
        )  # fmt: skip
        db.add(meeting)
        await db.flush()
        memo = Document(
            kind="memo", meeting_id=meeting.id, title="Starting again", state="acknowledged_closed", details={},
            distributed_at=NOW,
        )  # fmt: skip
        db.add(memo)
        db.add(Document(kind="report", title="Not out", state="draft", details={}))
        await db.flush()
        db.add(MemoReader(document_id=memo.id, member_id=shelf.zofia.id, added_at=NOW))
    gone = await shelf.put("Gone", {"en": "text"})
    kept = await shelf.put("Kept", {"en": "full text"})
    async with shelf.write() as db:
        (await db.get_one(Document, gone.id)).state = "withdrawn"
        (await db.get_one(Document, kept.id)).title = "Renamed"
    assert await shelf.found("starting") == []
    async with shelf.write() as db:
        assert await search.reindex(db) == 3
        assert await search.reindex(db) == 0
    for words in ("starting", "M1", "balkans priorities"):
        assert await shelf.found(words) == ["Starting again"]
    assert await shelf.found('renamed "full text"') == ["Renamed"]


async def test_a_memos_languages_are_those_of_its_current_files(shelf: Shelf) -> None:
    memo = await shelf.memo("Memo", shelf.zofia, version=2)
    async with shelf.write() as db:
        for number, languages in ((1, ("ar",)), (2, ("fr", "en"))):
            version = DocumentVersion(document_id=memo.id, number=number, created_at=NOW)
            db.add(version)
            await db.flush()
            for each in languages:
                stored = StoredFile(blob=f"{number}{each}", name="m.pdf", kind="pdf", size=1, sha256="", created_at=NOW)
                db.add(stored)
                await db.flush()
                db.add(DocumentFile(version_id=version.id, language=each, file_id=stored.id))
        await search.index(db, await db.get_one(Document, memo.id), {})
    assert [each.languages for each in (await shelf.search("memo")).items] == [("en", "fr")]


async def test_shelves_count_what_the_member_may_see(shelf: Shelf) -> None:
    await shelf.put("One", {"en": "", "fr": ""}, theme="Jobs", region="Asia", published_at=NOW - timedelta(days=400))
    await shelf.put("Two", {"fr": ""}, theme="Jobs", kind="policy_brief")
    await shelf.memo("Three", shelf.omar, theme="Health")

    async def places(by: str, who: Member) -> dict[str, int]:
        async with shelf.database.read(shelf.community.id) as db:
            return {each.value: each.count for each in await shelves.places(db, who, frozenset(), NOW, by)}

    assert await places("theme", shelf.zofia) == {"Jobs": 2}
    assert await places("theme", shelf.omar) == {"Health": 1, "Jobs": 2}
    assert await places("language", shelf.zofia) == {"en": 1, "fr": 2}
    assert await places("kind", shelf.omar) == {"memo": 1, "policy_brief": 1, "report": 1}
    assert await places("region", shelf.omar) == {"Asia": 1}
    assert await places("year", shelf.zofia) == {"2026": 1, "2025": 1}
    async with shelf.database.read(shelf.community.id) as db:
        for filters, titles in (
            (Filters(theme="Jobs"), ["Two", "One"]), (Filters(year=2025), ["One"]), (Filters(kind="memo"), []),
            (Filters(language="en"), ["One"]), (Filters(region="Asia", language="fr"), ["One"]),
        ):  # fmt: skip
            shown, total = await shelves.standing(db, shelf.zofia, frozenset(), NOW, filters)
            assert ([each.document.title for each in shown], total) == (titles, len(titles))
    assert await shelf.found("jobs", filters=Filters(kind="report")) == ["One"]


async def test_pages_hold_five_and_the_last_one_stays(shelf: Shelf) -> None:
    for n in range(7):
        await shelf.put(f"Report {n}", published_at=NOW - timedelta(days=n))
    first, second, beyond = [await shelf.search("report", page=page) for page in (0, 1, 9)]
    assert [each.document.title for each in first.items] == [f"Report {n}" for n in range(5)]
    assert [each.document.title for each in second.items] == ["Report 5", "Report 6"]
    assert (first.more, second.more, first.total) == (True, False, 7)
    assert (beyond.page, len(beyond.items), beyond.more) == (1, 2, False)


async def test_extracts_show_the_text_as_it_was_written(shelf: Shelf) -> None:
    far = "Word by word, l'été – an island; " * 3000
    await shelf.put("Long", {"en": f"{far} and here are “Jobs, skills & community-based” things in Łódź. {far}"})
    for words, hit in (('"jobs skills community"', "Jobs, skills & community"), ("lodz", "Łódź"), ("based", "based")):
        (item,) = (await shelf.search(words)).items
        assert item.extract is not None
        before, shown, after = item.extract
        assert (shown, before[:2], after[-2:]) == (hit, "… ", " …")
        assert len(before + shown + after) < 260
    assert (await shelf.search("long")).items[0].extract is None


async def test_a_page_costs_the_same_however_much_is_found(shelf: Shelf, asked: list[str]) -> None:
    costs = []
    for number in (1, 12):
        for n in range(number):
            await shelf.put(f"Report {number} {n}", {"en": f"words {number} in a text", "fr": "mots"})
        asked.clear()
        assert len((await shelf.search("words")).items) == min(number, 5)
        costs.append(len([each for each in asked if each.startswith("SELECT")]))
    assert costs[0] == costs[1] <= 6


async def test_a_text_beyond_all_measure_is_indexed_as_far_as_it_goes(shelf: Shelf) -> None:
    words = [f"w{n:06}ش" for n in range(200_000)]
    await shelf.put("Huge", {"en": " ".join(words)})
    assert await shelf.found(f"{words[0]} {words[20_000]}") == ["Huge"]
    assert await shelf.found(f'"{words[20_000]} {words[20_001]}"') == ["Huge"]


@pytest.mark.parametrize(("dialect", "statements"), [("sqlite", SQLITE), ("postgresql", POSTGRESQL)])
def test_the_migration_makes_the_index_of_the_models(
    monkeypatch: pytest.MonkeyPatch, dialect: str, statements: tuple[str, ...]
) -> None:
    migration = import_module("storage.migrations.versions.0007_search_index")
    done: list[str] = []
    bind = SimpleNamespace(dialect=SimpleNamespace(name=dialect))
    op = SimpleNamespace(get_bind=lambda: bind, execute=done.append, add_column=lambda *_: None)
    monkeypatch.setattr(migration, "op", op)
    migration.upgrade()
    assert tuple(done[: len(statements)]) == statements
