"""Files people give us to keep and links: what is taken, what is refused and with which words (S25, S33, S34)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet, MultiFernet
from sqlalchemy import select

import reading
from chat.errors import FieldError, FileWanted, UserError
from chat.inbound import Said
from chat.language import LANGUAGES
from chat.text import Reader, plain
from handlers import _files
from storage.files import StoredFile
from storage.vault import Vault
from tests.kinds import on_one

GIVEN = "F1|11|../Mémo.md"


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(tmp_path / "files", MultiFernet([Fernet(Fernet.generate_key())]))


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let reading give what a test wants: a result, or why it refuses."""

    def put(result: reading.Read | str) -> None:
        def instead(content: bytes, name: str = "") -> reading.Read:
            if isinstance(result, str):
                raise reading.Refused(result)  # type: ignore[arg-type]
            return result

        monkeypatch.setattr(reading, "read", instead)

    return put


def words(error: UserError, language: str = "en") -> str:
    return plain(error.text, Reader(language=language))


async def context(town: Any, db: Any) -> Any:
    return await town._context(db, Said(text="x", **town._common(town.olivia, None)))


@on_one
async def test_a_file_is_wanted_read_sealed_and_kept(town: Any) -> None:
    async with town.write() as db:
        ctx = await context(town, db)
        with pytest.raises(FileWanted) as wanted:
            await _files.take(ctx, GIVEN)
        assert (wanted.value.file, wanted.value.limit) == ("F1", _files.FIELD_LIMIT)
        town.files["F1"] = wanted.value.read("# Mémo CANARY".encode())  # what happens outside of the transaction
        taken = await _files.take(ctx, GIVEN)
        stored = await _files.keep(db, taken, town.olivia, town.clock.now())
    assert (taken.name, taken.kind, taken.pages, taken.text) == ("Mémo.md", "md", 1, ("# Mémo CANARY",))
    async with town.read() as db:
        (row,) = list(await db.scalars(select(StoredFile)))
    assert (row.key, row.created_by, row.size) == (stored.key, town.olivia.id, len("# Mémo CANARY".encode()))
    assert town.vault.content(row.blob).decode() == "# Mémo CANARY"
    path = next(town.vault._folder.glob("??/*"))
    assert b"CANARY" not in path.read_bytes()
    assert path.name == row.blob
    made = _files.attachment(row)
    assert (made.file, made.name, made.media) == (row.key, "Mémo.md", "text/markdown; charset=utf-8")


@on_one
async def test_a_refusal_names_the_file_of_its_language(town: Any) -> None:
    async with town.write() as db:
        ctx = await context(town, db)
        for file in ("F1", "F2"):
            town.files[file] = UserError(_files.refusal("locked", "a.pdf"))
        with pytest.raises(UserError) as found:
            await _files.take(ctx, GIVEN, "fr")
        assert words(found.value).startswith("Français: “a.pdf” is protected")
        with pytest.raises(UserError) as typed:
            await _files.take(ctx, "my file")
        assert words(typed.value) == "Please send the file itself in this chat."
        ctx.vault = None
        with pytest.raises(UserError) as bare:
            await _files.take(ctx, GIVEN)
        assert "no key file" in words(bare.value)


@pytest.mark.parametrize("why", sorted(reading._file.REASONS))
def test_each_refusal_says_what_happened_what_is_taken_and_what_to_do(why: Any, vault: Vault, read: Any) -> None:
    read(why)
    with pytest.raises(UserError) as found:
        _files.receive(vault, b"x", "a\u202e\r\nb" + "c" * 200 + ".pdf")
    english = words(found.value)
    assert "Nothing was saved. Please" in english
    assert "\u202e" not in english
    assert len(english) < 320
    assert len({words(found.value, each) for each in LANGUAGES}) == len(LANGUAGES)
    assert vault.blobs() == []


def test_plain_text_under_the_name_of_a_pdf_is_refused_as_no_pdf(vault: Vault) -> None:
    with pytest.raises(UserError) as found:
        _files.receive(vault, b"Just words.", "memo.pdf")
    assert words(found.value).startswith("“memo.pdf” is not a PDF, DOCX or MD file, whatever its name says.")
    assert vault.blobs() == []


def test_other_kinds_are_refused_whatever_the_name(vault: Vault, read: Any) -> None:
    read(reading.Read("png"))
    with pytest.raises(UserError) as found:
        _files.receive(vault, b"x", "memo.pdf")
    assert words(found.value).startswith("“memo.pdf” is not a PDF, DOCX or MD file")
    assert _files.receive(vault, b"x", "memo.pdf", reading.ENDINGS).name == "memo.png"


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../x.pdf", "x.pdf"),
        ("C:\\Users\\o\\Mémo été.docx", "Mémo été.pdf"),
        ('a"\r\nX: y.pdf', "a X y.pdf"),
        ("CON.pdf", "file CON.pdf"),
        ("nul", "file nul.pdf"),
        ("com1.txt.md", "file com1.pdf"),
        ("a\0b.pdf", "a b.pdf"),
        ("photo\u202egpj.exe", "photo gpj.pdf"),
        ("memo.pdf.exe", "memo.pdf"),
        ("memo v1.2", "memo v1.2.pdf"),
        (".pdf", "file.pdf"),
        ("..", "file.pdf"),
        ("", "file.pdf"),
        ("\ud800.pdf", "file.pdf"),
        ("<script>.pdf", "script.pdf"),
        ("-rf.pdf", "rf.pdf"),
        ("مذكرة.pdf", "مذكرة.pdf"),
    ],
)
def test_a_name_is_safe_everywhere(name: str, safe: str) -> None:
    assert _files.safe_name(name, "pdf") == safe


@pytest.mark.parametrize("name", ["x" * 300 + ".docx", "é" * 300, "😀" * 300, "مذكرة " * 60])
def test_a_long_name_is_cut(name: str) -> None:
    safe = _files.safe_name(name, "docx")
    assert safe.endswith(".docx")
    assert len(safe) <= 100
    assert len(safe.encode()) <= 200


@pytest.mark.parametrize(
    ("given", "link", "host"),
    [
        (" https://example.org/a?b=c#d ", "https://example.org/a?b=c#d", "example.org"),
        ("HTTPS://Example.ORG:443", "https://example.org", "example.org"),
        ("https://a.example.org:8443/x", "https://a.example.org:8443/x", "a.example.org"),
        ("https://аpple.com/x", "https://xn--pple-43d.com/x", "xn--pple-43d.com"),
        ("https://bücher.example/ü", "https://xn--bcher-kva.example/%C3%BC", "xn--bcher-kva.example"),
        ("https://ｅｘａｍｐｌｅ。org/", "https://example.org/", "example.org"),
        ("https://example.org/%41?q='a'", "https://example.org/%41?q=%27a%27", "example.org"),
    ],
)
def test_a_link_shows_where_it_leads(given: str, link: str, host: str) -> None:
    assert _files.clean_link(given) == link
    assert _files.host_of(link) == host
    assert _files.clean_link(link) == link


@pytest.mark.parametrize(
    "given",
    [
        "", "x", "http://example.org", "javascript:alert(1)", "data:text/html,x", "tg://resolve", "slack://open",
        "file:///etc/passwd", "//example.org", "https://", "https:///x", "https://localhost/", "https://host",
        "https://127.0.0.1/", "https://2130706433/", "https://0x7f000001/", "https://[::1]/", "https://169.254.169.254/",
        "https://a.local/", "https://gov.uk\\@evil.com", "<https://evil.com|https://gov.uk>", "https://evil.com|gov.uk",
        "https://a.org/ x", "https://a.org/\nx", "https://a.org/\u202ex", "https://a..org/", "https://-a.org/",
        "https://ex%61mple.org/", "https://a.org:99999/", "https://a.org:x/", "https://" + "a" * 64 + ".org/",
        "https://a.org/" + "x" * 500, "https://a.org/" + "é" * 100,
    ],
)  # fmt: skip
def test_a_link_that_is_none_or_leads_astray_is_refused(given: str) -> None:
    with pytest.raises(FieldError) as found:
        _files.clean_link(given)
    assert words(found.value).startswith("Please give a link to a web site that starts with https://")


def test_a_name_before_the_host_is_told() -> None:
    with pytest.raises(FieldError) as found:
        _files.clean_link("https://gov.uk@evil.example/")
    assert "https://evil.example/…" in words(found.value)
    assert _files.host_of("no link") == ""
